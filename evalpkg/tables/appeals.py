"""The platform's register and the ledger of problems as tables; counts of appeals, not of enterprises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    NO_LEDGER,
    NO_REGISTER,
    Fragment,
    Record,
    count,
    known,
    less,
    nothing,
    number,
    score,
)
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import caption

COUNTED = "登记数据，非抽样；件数取整到 5"
FAST = {"slower": "明显慢", "faster": "明显快"}
STAGES = {"instructed": "批示", "adopted": "采纳", "resolved": "解决"}


def register(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "诉求办理的各项数目",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List what became of the appeals of a half-year, each step with its count and share."""
    if result is None:
        return _none(NO_REGISTER, folded)
    base = f"分母：{result.base}，逾期的两行是其中有时限的；截至 {result.extra['day']}；{COUNTED}。"
    return _counted("register", "到观察日为止", result, caption(no, title, note), base, folded)


def register_satisfaction(
    result: Protected | None, *, no: int = 1, title: str = "回访和满意度", note: str = "", folded: str = ""
) -> Fragment:
    """List who was asked, who answered and who was satisfied, with the bounds that silence leaves."""
    if result is None:
        return _none(NO_REGISTER, folded)
    base = f"各行的分母见“占谁的”一列；满意：5 分里打 4 分以上；{COUNTED}。"
    whom = ["办结的", "回访的", "答了的", "办结的", "办结的"]
    extra = Column("占谁的", whom, "opt", left=True)
    return _counted("register-satisfaction", "回访", result, caption(no, title, note), base, folded, extra)


def _counted(
    id: str,
    head: str,
    result: Protected,
    words: tuple[str, str],
    base: str,
    folded: str,
    *more: Column,
) -> Fragment:
    rows = make.records(result)
    columns = [
        make.labels(head, rows),
        Column("件数", [_count(row) for row in rows]),
        Column("占 %", [_share(row) for row in rows], bold=True),
        *more,
    ]
    return table(id, columns, words, base, folded=folded)


def register_days(
    *results: Protected | None, no: int = 1, title: str = "办理天数", note: str = "", folded: str = ""
) -> Fragment:
    """List medians and means of days: by half-year, then by the groups of further results."""
    found = [result for result in results if result is not None]
    if not found:
        return _none(NO_REGISTER, folded)
    rows = [row for result in found for row in make.records(result)]
    groups = [_about(result) for result in found for _ in range(len(result.table))]
    columns = [
        make.labels("哪些诉求", rows),
        Column("中位", [_day(row, "estimate") for row in rows], bold=True),
        Column("95% 区间", [_span(row, "conf_low", "conf_high") for row in rows], "ci"),
        Column("中间一半", [_span(row, "q25", "q75") for row in rows], "opt ci"),
        Column("90 天内平均", [_day(row, "mean") for row in rows], "opt"),
        Column("只看已办结", [_day(row, "closed_only") for row in rows], "opt"),
        Column("与其余比", [_compared(row) for row in rows], left=True),
        Column("件数", [_n(row) for row in rows], "opt"),
    ]
    base = (
        f"{found[0].base}；天数从收到算起；“只看已办结”的中位数偏短，因为慢的还没有办完；"
        "90 天内平均：90 天还没有办结的按 90 天计；与其余比：对数秩检验，各组一起判断。"
    )
    return table("register-days", columns, caption(no, title, note), base, groups=groups, folded=folded)


def _about(result: Protected) -> str:
    heads = {"register_by_channel": "按渠道", "register_by_level": "按层级", "register_by_size": "按规模",
             "register_by_category": "按问题", "register_days": "按半年"}  # fmt: skip
    return heads.get(result.name, "")


def register_departments(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各部门办理诉求的情况",
    note: str = "按承办件数排列，次序不是名次",
    folded: str = "",
) -> Fragment:
    """List what each department received, closed and solved, and how long it took."""
    if result is None:
        return _none(NO_REGISTER, folded)
    rows = make.records(result)
    columns = [
        make.labels("部门", rows),
        Column("承办", [_n(row) for row in rows]),
        Column("办结", [_part(row, "ended") for row in rows], "opt"),
        Column("真正解决", [_count(row) for row in rows], "opt"),
        Column("真正解决 %", [_own(row) for row in rows], bold=True),
        Column("95% 区间", [_between(row) for row in rows], "ci opt"),
        Column("逾期", [_part(row, "late") for row in rows], "opt"),
        Column("中位天数", [_day(row, "median") for row in rows]),
        Column("天数的区间", [_span(row, "median_low", "median_high") for row in rows], "ci opt"),
        Column("快慢", [_compared(row) for row in rows], "opt", left=True),
    ]
    k = result.extra["k"]
    base = (
        f"分母：{result.base}；{result.extra['since']}以来各轮合计，各以当轮的观察日为准；真正解决 % 向各部门平均靠拢；"
        f"{COUNTED}；“不足”：不到 {k} 件的数不公布；不足 {2 * k} 件的部门不列中位天数。"
    )
    return table("register-departments", columns, caption(no, title, note), base, folded=folded)


def register_themes(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "诉求说的是什么",
    note: str = "按正文归类",
    folded: str = "",
) -> Fragment:
    """List the themes of appeals, and how many of each were truly solved."""
    if result is None:
        return _none(NO_REGISTER, folded)
    rows = make.records(result)
    columns = [
        make.labels("问题", rows),
        Column("件数", [_count(row) for row in rows]),
        Column("占 %", [_share(row) for row in rows], bold=True),
        Column("其中真正解决", _unless_all_few([_part(row, "solved") for row in rows], rows), "opt"),
    ]
    return table("register-themes", columns, caption(no, title, note), f"分母：{result.base}；{COUNTED}。", folded=folded)  # fmt: skip


def coverage(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "平台企业与全市企业",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List the enterprises of the platform beside those of the city."""
    if result is None:
        return _none("没有登记平台有多少企业，所以这里不列。", folded)
    rows = make.records(result)
    columns = [
        make.labels("与谁比", rows),
        Column("平台企业", [count(number(result.extra, "enterprises"))] * len(rows)),
        make.numbers("在册", rows, "n", count),
        Column("占 %", [_share(row) for row in rows], bold=True),
    ]
    base = f"平台企业：{result.extra['asof']}，{result.extra['source']}；平台企业不是抽样，台账不与问卷合并。"
    return table("coverage", columns, caption(no, title, note), base, folded=folded)


def loop(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "提出的问题走到了哪一步",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List how far problems came by the half-year in which they were raised and by where."""
    if result is None:
        return _none(NO_LEDGER, folded)
    parts = {"按提出的半年": result.extra.get("rounds"), "按提出的场合": result.extra.get("sources")}
    found = {
        head: make.records(replace(result, table=part))
        for head, part in parts.items()
        if isinstance(part, pd.DataFrame)
    }
    rows = [row for part in found.values() for row in part]
    columns = [
        make.labels("哪些问题", rows),
        Column("提出", [_n(row, "个") for row in rows]),
        *(Column(label, [_part(row, stage, "个") for row in rows]) for stage, label in STAGES.items()),
    ]
    groups = [head for head, part in found.items() for _ in part]
    base = f"{result.base}；登记数据，非抽样；个数取整到 5；近来提出的还在路上，不宜与以前的相比。"
    return table("loop", columns, caption(no, title, note), base, groups=groups, folded=folded)  # fmt: skip


def _unless_all_few(cells: list[str], rows: Sequence[Record]) -> list[str]:
    """Leave a column out that would say of every row only that it is too few."""
    few = all(cell == ABSENT or cell == f"不足 {row['k']}" for cell, row in zip(cells, rows, strict=True))
    return [ABSENT] * len(cells) if few else cells


def _none(sentence: str, folded: str) -> Fragment:
    return Fragment("") if folded else nothing(sentence)


def _n(row: Record, unit: str = "件") -> str:
    return f"不足 {row['k']} {unit}" if row["shown"] == "hidden" else count(number(row, "n"))


def _count(row: Record) -> str:
    """Write a count; under k only that it is fewer, of too few not even that."""
    if row["shown"] == "hidden":
        return ABSENT
    return f"不足 {row['k']}" if row["shown"] == "below" else count(number(row, "count"))


def _part(row: Record, name: str, unit: str = "") -> str:
    """Write the count of a second share of the row; the gate leaves 0 where it is under k."""
    if row["shown"] == "hidden" or number(row, f"{name}_n") == 0:
        return ABSENT
    few = not known(number(row, name))
    return f"不足 {row['k']} {unit}".rstrip() if few else count(number(row, f"{name}_count"))


def _share(row: Record) -> str:
    if row["shown"] == "hidden":
        return ABSENT
    return less(number(row, "bound")) if row["shown"] == "below" else score(number(row, "estimate"))


def _own(row: Record) -> str:
    """Write the share of a department; a bound of half or more, as small ones have, tells nothing."""
    return _share(row) if row["shown"] == "yes" else ABSENT


def _between(row: Record) -> str:
    low, high = number(row, "conf_low"), number(row, "conf_high")
    return f"{score(low)} 至 {score(high)}" if known(low) and known(high) else ABSENT


def _day(row: Record, name: str) -> str:
    return f"{number(row, name):.0f}" if known(number(row, name)) else ABSENT


def _span(row: Record, low: str, high: str) -> str:
    """Write an interval of days; one without an upper end says so."""
    first, last = number(row, low), number(row, high)
    if not known(first):
        return ABSENT
    return f"{first:.0f} 至 {last:.0f}" if known(last) else f"{first:.0f} 以上"


def _compared(row: Record) -> str:
    said: Sequence[str] = [words for name, words in FAST.items() if row.get(name) is True]
    return said[0] if said and row["shown"] != "hidden" else ("分不出" if known(number(row, "p")) else ABSENT)
