"""Changes as tables: items, departments, districts; what may be compared; what others found."""

from __future__ import annotations

from collections.abc import Sequence

from evalpkg.complaints.reading import half
from evalpkg.disclosure import Protected
from evalpkg.fragment import ABSENT, Fragment, Record, interval, known, number, score, signed, too_few
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption, reason

NOTHING = "没有以前的轮次可比，所以这里不列。"
GROUPS = {
    "overall": "总体与营商环境", "environment": "总体与营商环境", "recommend": "总体与营商环境", "net": "总体与营商环境",
    "driver": "服务方面", "difficulty": "困难（%）", "urgent": "最急的困难（%）",
}  # fmt: skip
WORSE = ("difficulty", "urgent")
MOVES = {"rising": ("▲", "up"), "falling": ("▼", "dn")}
WORSE_MOVES = {"rising": ("▲", "dn"), "falling": ("▼", "up")}
SAME_MIX = (
    "变化按两期相同的样本构成（规模 × 填报方式）计算，所以与两期直接相减略有出入，差的部分列在“样本构成”"
)
FAMILIES = "▲▼ 是控制误报后可以认定的：总体和五大环境用 Holm，其余用 Benjamini-Hochberg"


def trends(
    changes: Protected | None, *, no: int = 1, title: str = "各项变化明细", note: str = "", folded: str = ""
) -> Fragment:
    """List level before and now, the change with the interval that decides, and what the mix of respondents did."""
    if changes is None:
        return reason((), NOTHING.removesuffix("。"), folded)
    rows = make.records(changes)
    columns = [
        make.labels("项目", rows),
        *_levels(rows),
        _moved(rows),
        *_limits(rows, "95% 区间", "conf", "同时比较的区间", "family"),
        Column("样本构成", [signed(number(row, "composition")) for row in rows], "opt"),
        Column(
            "比哪一轮", [half(row["against"]) if row["against"] else ABSENT for row in rows], "opt", left=True
        ),
    ]
    groups = [GROUPS[row["kind"]] for row in rows]
    foot = base_of(changes, SAME_MIX, FAMILIES, *changes.extra.get("notes", ()))
    return table("trends", columns, caption(no, title, note), foot, groups=groups, folded=folded)


def trend_departments(
    changes: Protected | None, *, no: int = 2, title: str = "各部门变化明细", note: str = "", folded: str = ""
) -> Fragment:
    """List the change of each department, what of it stands against the mean of departments, and what other raters did."""
    if changes is None:
        return reason((), "没有一轮的部门评价可以比较", folded)
    rows = make.by_role(make.records(changes))
    own = Column(
        "比平均多升降",
        [signed(number(row, "own")) for row in rows],
        "opt",
        marks=_marks(rows, "own_direction"),
    )
    columns = [
        make.labels("部门", rows),
        *_levels(rows),
        _moved(rows),
        *_limits(rows, "95% 区间", "conf", "同时比较的区间", "family"),
        own,
        *_limits(rows, "", "", "其同时区间", "own_family")[-1:],
        Column("打分企业变了", [signed(number(row, "composition")) for row in rows], "opt"),
    ]
    foot = base_of(changes, *_about_departments(changes), *changes.extra.get("notes", ()))
    return table("trend-departments", columns, caption(no, title, note), foot, folded=folded)


def _about_departments(changes: Protected) -> list[str]:
    return [
        f"上期：{half(str(changes.extra['against']))}",
        "得分已扣除打分松紧；变化按相同的样本构成计算，判断以同时比较的区间为准",
        "比平均多升降：减去各部门共同的变化；打分企业变了：原始平均分的变化里，因来打分的企业不同而来的部分",
    ]


def trend_districts(
    changes: Protected | None,
    *,
    no: int = 3,
    title: str = "各县（区）总体满意度的变化",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List the change of overall satisfaction in each district."""
    if changes is None:
        return reason((), "没有一轮的县（区）可以比较", folded)
    rows = make.records(changes)
    names = [f"{row['label']}（含原{row['of']}）" if row["of"] else row["label"] for row in rows]
    columns = [
        Column("县（区）", names, left=True),
        *_levels(rows),
        _moved(rows),
        *_limits(rows, "95% 区间", "conf", "同时比较的区间", "family"),
    ]
    foot = base_of(
        changes, f"上期：{half(str(changes.extra['against']))}", SAME_MIX, *changes.extra.get("notes", ())
    )
    return table("trend-districts", columns, caption(no, title, note), foot, folded=folded)


def comparability(
    result: Protected | None,
    *,
    no: int = 4,
    title: str = "哪些题目前后可比",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List items by the rounds in which they were the same."""
    if result is None:
        return reason((), "各轮问卷没有登记过改动", folded)
    rows = make.records(result)
    columns = [
        make.labels("项目", rows),
        *(
            Column(head, [str(row[name]) or ABSENT for row in rows], left=True)
            for name, head in SPELLED.items()
        ),
    ]
    return table("comparability", columns, caption(no, title, note), base_of(result), folded=folded)


SPELLED = {"since": "从哪一轮起可比", "reason": "以前为什么不可比"}


def benchmarks(
    result: Protected | None, *, no: int = 5, title: str = "外面的数", note: str = "", folded: str = ""
) -> Fragment:
    """List published figures of other surveys, with the warning that they cannot be compared point by point."""
    if result is None:
        return reason((), "没有登记外面的数（data/reference/benchmarks.csv）", folded)
    rows = make.records(result)
    columns = [
        make.labels("项目", rows),
        Column("谁的", [str(row["survey"]) for row in rows], left=True),
        Column("年份", [f"{number(row, 'year'):.0f}" for row in rows]),
        Column(
            "数值",
            [f"{score(number(row, 'estimate'))}{'%' if row['unit'] == '%' else ''}" for row in rows],
            bold=True,
        ),
        Column(
            "样本（家）",
            [f"{number(row, 'sample'):,.0f}" if number(row, "sample") > 0 else ABSENT for row in rows],
            "opt",
        ),
        Column("出处", [str(row["source"]) for row in rows], "opt", left=True),
    ]
    return table("benchmarks", columns, caption(no, title, note), str(result.extra["warning"]), folded=folded)


def _levels(rows: Sequence[Record]) -> list[Column]:
    return [
        Column(head, [_level(row, name) for row in rows], "opt" if name == "before" else "")
        for name, head in (("before", "上期"), ("now", "本期"))
    ]


def _level(row: Record, name: str) -> str:
    bound = number(row, f"{name}_bound")
    return f"<{score(bound)}" if known(bound) else score(number(row, name))


def _moved(rows: Sequence[Record]) -> Column:
    """Return the change, signed and in its colour where it is sure."""
    cells = [f"{_move(row)[0]}{signed(number(row, 'estimate'))}" for row in rows]
    return Column("变化", cells, marks=_marks(rows, "direction"))


def _marks(rows: Sequence[Record], name: str) -> list[str]:
    return [_move(row, name)[1] for row in rows]


def _move(row: Record, name: str = "direction") -> tuple[str, str]:
    return (WORSE_MOVES if row.get("kind") in WORSE else MOVES).get(str(row.get(name, "")), ("", ""))


def _limits(rows: Sequence[Record], head: str, plain: str, family_head: str, family: str) -> list[Column]:
    """Return the interval by itself and the one that decides; in place of the latter why there is none."""
    one = [interval(number(row, f"{plain}_low"), number(row, f"{plain}_high")) for row in rows]
    other = [
        _why(row) or interval(number(row, f"{family}_low"), number(row, f"{family}_high")) for row in rows
    ]
    return [Column(head, one, "opt ci"), Column(family_head, other, "ci")]


def _why(row: Record) -> str:
    return str(row.get("reason", "")) or (too_few(row) if row.get("shown") == "hidden" else "")
