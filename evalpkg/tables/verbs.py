"""The tables of the report, one function each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment, count, join, not_asked, nothing, score
from evalpkg.ingest.problems import LISTED, accounted
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption


class Problem(Protocol):
    """A fault found when a file was read; its words never quote an answer."""

    @property
    def code(self) -> str:
        """Short name of the kind of fault."""

    @property
    def place(self) -> str:
        """File, sheet, cell."""

    @property
    def message(self) -> str:
        """What is allowed there."""


def shares(
    result: Protected | None,
    *,
    no: int = 1,
    title: str,
    note: str = "",
    id: str = "shares",
    folded: str = "",
) -> Fragment:
    """List shares of enterprises with their intervals."""
    if result is None:
        return not_asked(f"“{title}”")
    rows = make.records(result)
    columns = make.shares("回答", "占企业 %", rows)
    return table(id, columns, caption(no, title, note), base_of(result), rows=rows, folded=folded)


def scores(
    result: Protected | None,
    *,
    no: int = 1,
    title: str,
    note: str = "",
    id: str = "scores",
    folded: str = "",
) -> Fragment:
    """List mean scores (0-100) with their intervals."""
    if result is None:
        return not_asked(f"“{title}”")
    rows = make.records(result)
    columns = [
        make.labels("项目", rows),
        *make.estimates("得分", rows),
        make.numbers("家数", rows, "n", count, "opt"),
    ]
    return table(id, columns, caption(no, title, note), base_of(result), rows=rows, folded=folded)


def composition(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "样本与全体企业的构成",
    note: str = "占比 %",
    folded: str = "",
) -> Fragment:
    """List shares of the categories in the population, in the sample, and in the weighted sample."""
    if result is None:
        return nothing("本轮没有加权，所以不比较样本与全体企业的构成。")
    rows = make.records(result)
    columns = [
        make.labels("类别", rows),
        make.numbers("全体", rows, "population", score, bold=True),
        make.numbers("加权后", rows, "weighted", score),
        make.numbers("加权前", rows, "sample", score),
        make.numbers("答卷", rows, "n", count, "opt"),
    ]
    groups = [str(row.get("margin", "")) for row in rows]
    return table(
        "composition",
        columns,
        caption(no, title, note),
        base_of(result),
        rows=rows,
        groups=groups,
        folded=folded,
    )


def fieldwork(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "发放、回收与有效",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List questionnaires issued, returned and valid, with their rates; the id is the name of the result."""
    if result is None:
        return nothing(f"没有登记“{title}”。")
    rows = make.records(result)
    if all(row["shown"] == "hidden" for row in rows):
        return Fragment("") if folded else nothing(f"“{title}”每一行都不足 {rows[0]['k']} 份，不公布。")
    valid = make.numbers("有效", rows, "valid", count)
    few = [f"不足 {row['k']}" if row["shown"] == "hidden" else cell
           for row, cell in zip(rows, valid.cells, strict=True)]  # fmt: skip
    columns = [
        make.labels("商会" if result.name == "chambers" else "渠道", rows),
        make.numbers("发放", rows, "issued", count, "opt"),
        make.numbers("回收", rows, "returned", count),
        make.rates("回收率", rows, "returned", "issued"),
        replace(valid, cells=few),
        make.rates("有效率", rows, "valid", "returned", "opt"),
    ]
    base = "回收率：回收占发放的百分比；有效率：有效占回收的百分比。"
    return table(result.name, columns, caption(no, title, note), base, rows=rows, folded=folded)


def problems(
    found: Iterable[Problem],
    counts: Mapping[str, int] | None = None,
    *,
    no: int = 0,
    title: str = "读入数据时发现的问题",
    note: str = "",
    folded: str = "读入数据时发现的问题",
) -> Fragment:
    """List what was wrong in the files, under what became of the forms; problems need no gate, for they quote no answer."""
    rows = sorted(found, key=lambda row: not row.code.startswith("E-"))  # what refuses a file comes first
    told = Fragment("") if counts is None else Fragment(f"<p>{accounted(counts)}。</p>")
    if not rows:
        return join(told, Fragment('<p class="none">读入数据时没有发现问题。</p>'))
    shown = rows[:LISTED]
    columns = [
        Column("位置", [row.place for row in shown], left=True),
        Column("问题", [row.message for row in shown], left=True),
        Column("代码", [row.code for row in shown], left=True),
    ]
    rest = f"，只列前 {count(LISTED)} 处" if len(rows) > LISTED else ""
    listed = table(
        "problems", columns, caption(no, title, note), f"共 {count(len(rows))} 处{rest}。", folded=folded
    )
    return join(told, listed)
