"""How far policies reach enterprises, stage by stage."""

from __future__ import annotations

import pandas as pd

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.fragment import ABSENT, STAGES, Fragment, Record, interval, less, not_asked, number, share
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption


def funnel(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各项政策走到哪一步",
    note: str = "占全部企业的百分比",
    id: str = "funnel",
    folded: str = "",
) -> Fragment:
    """List the share of all enterprises at each stage, and the step that loses most; by size where the rows are."""
    if result is None:
        return Fragment("") if folded else not_asked("政策的知晓和享受")
    rows = make.records(result)
    by_size = any("size" in row for row in rows)
    ways: dict[tuple[str, str], dict[str, Record]] = {}
    for row in rows:
        key = row["label"], str(row.get("size_label", ""))
        ways.setdefault(key, {})[STAGES.get(str(row.get("stage", "")), str(row.get("stage_label", "")))] = row
    stages = list(dict.fromkeys(stage for way in ways.values() for stage in way))
    lost = _losses(result.extra.get("lost"))
    last = [way.get(stages[-1], {}) if stages else {} for way in ways.values()]
    columns = [
        Column("企业规模" if by_size else "政策", [size if by_size else name for name, size in ways], left=True),
        *(_stage(stage, [way.get(stage, {}) for way in ways.values()], last=stage == stages[-1]) for stage in stages),
        Column("最后一步的 95% 区间", [_interval(row) for row in last], "opt ci"),
    ]  # fmt: skip
    if lost and not by_size:
        columns.append(Column("多卡在哪一步", [lost.get(name, ABSENT) for name, _ in ways], "opt", left=True))
    groups = [name for name, _ in ways] if by_size else None
    foot = base_of(result, "后一步的企业都在前一步之中；不符合条件不算流失", *result.extra.get("notes", ()))
    return table(id, columns, caption(no, title, note), foot, groups=groups, folded=folded)


def _stage(head: str, cells: list[Record], *, last: bool) -> Column:
    return Column(head, [_written(cell) for cell in cells], bold=last)


def _written(cell: Record) -> str:
    if cell.get("shown", "hidden") == "hidden" or cell.get("support") == "listed":
        return ABSENT
    return less(number(cell, "bound")) if cell["shown"] == "below" else share(number(cell, "estimate"))


def _interval(cell: Record) -> str:
    shown = cell.get("shown") == "yes" and cell.get("support") != "listed"
    return interval(number(cell, "conf_low"), number(cell, "conf_high")) if shown else ABSENT


def _losses(lost: object) -> dict[str, str]:
    """Return by policy the step that loses most; one that is not surely the largest is said to be possible."""
    if not isinstance(lost, pd.DataFrame):
        return {}
    rows = [row for row in fragment.records(lost, {}) if row.get("shown", "yes") == "yes"]
    return {
        row["label"]: ("" if number(row, "lead_low") > 0 else "可能是") + str(row.get("stage_label", ""))
        for row in rows
    }
