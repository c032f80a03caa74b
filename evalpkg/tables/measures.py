"""The ledger of measures with what can be said of each: before, after, the difference and what it is held against."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    Fragment,
    Record,
    count,
    known,
    nothing,
    number,
    score,
    share,
    sign,
    signed,
)
from evalpkg.fragment import interval as between
from evalpkg.measures import reading
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption

NONE = "还没有登记的措施，所以这里不列。"
NO_OTHERS = "无对照"
MARKS = {reading.EFFECTIVE: ("above", "up"), reading.WORSE: ("below", "dn")}
HOW = (
    "部门得分的差：后减前，再减没有措施的部门同期的变化；判断以同一轮各项措施一起比的区间为准",
    "占比的差是百分点；对照部门一列是家数和它们同期的平均变化",
    "没有部门可以对照的题（满意度、困难）最多是“尚不能区分”",
)


def measures(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "措施台账",
    note: str = "每项措施由实施后第一个完整的半年评估",
    folded: str = "",
) -> Fragment:
    """List every measure and target: judging round, before, after, difference with interval, what it is held against, verdict."""
    if result is None:
        return nothing(NONE)
    rows = make.records(result)
    columns = [
        _targets(rows),
        Column("评估", [reading.half(str(row["judge"])) or ABSENT for row in rows], "opt"),
        Column("基期", [_baseline(row) for row in rows], "opt", left=True),
        Column("前", [score(number(row, "before")) for row in rows], "opt"),
        Column("后", [score(number(row, "after")) for row in rows], "opt"),
        Column("差", [signed(number(row, "estimate")) for row in rows], marks=_marks(rows)),
        Column("95% 区间", [reading.why(row) or _pair(row, "conf") for row in rows], "ci"),
        Column("一起比的区间", [_pair(row, "family") for row in rows], "opt ci"),
        Column("对照部门", [_held_against(row) for row in rows], "opt"),
        Column("结论", [reading.outcome(row) for row in rows], marks=_marks(rows)),
    ]
    foot = base_of(result, *HOW, *result.extra.get("notes", ()))
    heads = {row["measure"]: _head(row) for row in reading.main_rows(rows)}
    groups = [heads[row["measure"]] for row in rows]
    return table("measures", columns, caption(no, title, note), foot, groups=groups, folded=folded)


def measure_tests(result: Protected | None, *, no: int = 2, folded: str = "怎样检验的") -> Fragment:
    """List the tests of the measures that were judged: both p-values, and what they rest on."""
    tested = [] if result is None else [row for row in make.records(result) if known(number(row, "p"))]
    if result is None or not tested:
        return Fragment("")
    columns = [
        Column("措施", [f"{row['measure']}　{row['department_label']}" for row in tested], left=True),
        Column("评估", [reading.half(str(row["judge"])) for row in tested], left=True),
        Column("p", [_chance(number(row, "p")) for row in tested]),
        Column("一起比的 p", [share(number(row, "p_family")) for row in tested], bold=True),
        Column("置换 p", [share(number(row, "p_permutation")) for row in tested], "opt"),
        Column("对照部门", [count(number(row, "controls")) for row in tested], "opt"),
        Column("自由度", [count(number(row, "df")) for row in tested], "opt"),
    ]
    foot = base_of(result, P_SAYS, *_permutation(tested))
    return table("measure-tests", columns, caption(no, "各项措施的检验", ""), foot, folded=folded)


P_SAYS = "p：若措施毫无作用，仅凭偶然出现这么大差别的机会；低于 5% 才可以认定"


def _permutation(rows: list[Record]) -> tuple[str, ...]:
    """Say how small a permutation p can get at all: with one treated department it alone can hardly convince."""
    most = max(number(row, "controls") for row in rows)
    return (
        f"置换 p：逐个假定是别的部门实施了措施，{most:.0f} 个对照部门时最小也有 {share(100 / (most + 1))}",
    )


def _head(row: Record) -> str:
    """Name a measure over its targets."""
    ended = f"，{row['ended']} 停止" if row["ended"] else ""
    where = f"，{row['coverage']}" if row["coverage"] else ""
    joint = f"；与 {row['together']} 同时实施，合在一起判断" if row["together"] else ""
    return f"{row['measure']}　{row['label']}（{row['department_label']}，{row['effective']} 实施{ended}{where}{joint}）"


def _targets(rows: list[Record]) -> Column:
    found = [MARKS.get(reading.outcome(row)) for row in rows]
    pictures = [sign(mark[0]) if mark else sign("blank") for mark in found] if any(found) else []
    return Column("目标题", [_target(row) for row in rows], left=True, marks=_marks(rows), pictures=pictures)


def _target(row: Record) -> str:
    return f"{row['target_label']}（%）" if row["kind"] == "share" else str(row["target_label"])


def _marks(rows: list[Record]) -> list[str]:
    return [MARKS.get(reading.outcome(row), ("", ""))[1] for row in rows]


def _baseline(row: Record) -> str:
    return "、".join(reading.halves(str(row["baseline"]))) or ABSENT


def _pair(row: Record, name: str) -> str:
    return between(number(row, f"{name}_low"), number(row, f"{name}_high"))


def _held_against(row: Record) -> str:
    if not known(number(row, "estimate")):
        return ABSENT
    others = number(row, "controls")
    return f"{others:.0f} 个 {signed(number(row, 'control_change'))}" if known(others) else NO_OTHERS


def _chance(p: float) -> str:
    """Print a p of per cent; none is 0.

    >>> _chance(0.02), _chance(4.96)
    ('<0.1%', '5.0%')
    """
    return "<0.1%" if p < 0.1 else share(p)
