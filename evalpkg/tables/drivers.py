"""What goes with satisfaction: importance, performance and verdict, and how both hold when computed otherwise."""

from __future__ import annotations

from collections.abc import Callable

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    Fragment,
    Record,
    interval,
    known,
    not_asked,
    nothing,
    number,
    places,
    score,
    secondary,
    share,
    sign,
    signed,
    to_fix,
    too_few,
)
from evalpkg.ranks import leading
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.effects import names, written
from evalpkg.tables.frame import base_of, caption

SUBJECT = "总体满意度和各方面的评价"
ZONES = {"fix": "先改", "watch": "下轮再看", "keep": "保持", "later": "暂不列入"}
UNSURE = 5.0  # per cent; from here it is said that a driver may be one to begin with
WAYS = {
    "complete": "只用全部答完的",
    "unweighted": "不加权",
    "unflagged": "去掉有疑点的答卷",
    "johnson": "Johnson 算法",
    "halo": "扣除打分松紧",
}
DIFFERS = {"more": ("▲", "hi"), "less": ("▼", "lo")}
VERDICTS = (
    "先改：重要而做得差的把握不低于 95%；下轮再看：把握过半而不到 95%；保持：重要且做得好；其余暂不列入"
)


def drivers(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各方面的重要性、得分与把握",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List each driver's share of the explained variance, its places, its own score, and whether to begin with it.

    The verdict is that of the column `zone`; a driver that may be one to begin with, but not surely, has a hollow sign.
    """
    if result is None:
        return not_asked(SUBJECT)
    rows = make.records(result)
    if not rows:
        return Fragment("") if folded else nothing(_why(result))
    judged = any(row.get("zone") in ZONES for row in rows)
    columns = [_labels(rows), *make.estimates("重要性 %", rows), *_beside(rows)]
    if judged:
        verdicts = [ABSENT if too_few(row) else ZONES.get(str(row.get("zone", "")), ABSENT) for row in rows]
        columns.append(Column("结论", verdicts, "nw", left=True))
    more = (*_explained(rows), *([VERDICTS] if judged else []), *result.extra.get("left_out", ()))
    foot = base_of(result, *more, *result.extra.get("notes", ()))
    return table("drivers", columns, caption(no, title, note), foot, rows=rows, folded=folded)


def _why(result: Protected) -> str:
    return f"{'；'.join(result.extra.get('notes', ())) or '没有可以分析的方面，所以这里不列'}。"


def _beside(rows: list[Record]) -> list[Column]:
    """Return places, own score and the confidence that it is one to begin with."""
    return [
        _shown("名次区间", rows, lambda row: places(number(row, "rank_low"), number(row, "rank_high")), "opt ci"),
        _shown("得分", rows, lambda row: score(number(row, "score")), "opt", bold=True),
        _shown("得分的 95% 区间", rows, lambda r: interval(number(r, "score_low"), number(r, "score_high")), "opt ci"),
        _shown("先改的把握", rows, to_fix, "opt"),
    ]  # fmt: skip


def what_if(
    result: Protected | None,
    *,
    no: int = 2,
    title: str = "不够满意的企业打分高一档，总体满意度相应高多少",
    note: str = "相关，不是承诺",
    folded: str = "",
) -> Fragment:
    """List who is dissatisfied with each driver and what goes with one step more of theirs."""
    if result is None:
        return not_asked(SUBJECT)
    rows = make.records(result)
    if not rows:
        return Fragment("") if folded else nothing(_why(result))
    controlled = result.extra.get("controlled") == "yes"
    columns = [
        names("方面", rows),
        Column("不够满意的企业", [_dissatisfied(row) for row in rows], "opt"),
        *written("相应高（分）", rows, "family", "同时比较的 95% 区间"),
    ]
    if controlled:
        columns.append(make.numbers("不扣除松紧", rows, "plain", signed, "opt"))
    said = "已扣除各家企业打分的松紧" if controlled else "没有扣除各家企业打分的松紧"
    foot = base_of(
        result,
        "不够满意：没有打到“满意”（五档中的第四档）",
        f"相应高的分数{said}",
        *result.extra.get("notes", ()),
    )
    return table("what-if", columns, caption(no, title, note), foot, rows=rows, folded=folded)


def driver_sensitivity(
    result: Protected | None,
    *,
    no: int = 3,
    title: str = "换一种算法，份额变不变",
    note: str = "解释份额 %",
    folded: str = "",
) -> Fragment:
    """List the shares as published and as other ways of computing give them; a way without numbers has no column."""
    if result is None:
        return Fragment("") if folded else not_asked(SUBJECT)
    rows = make.records(result)
    if not rows:
        return Fragment("") if folded else nothing(_why(result))
    columns = [
        make.labels("方面", rows),
        make.numbers("公布值", rows, "estimate", score, bold=True),
        *(make.numbers(head, rows, way, score) for way, head in WAYS.items()),
    ]
    foot = base_of(result, "各列几乎出自同一批企业，只比数值，不作检验", *result.extra.get("notes", ()))
    return table("driver-sensitivity", columns, caption(no, title, note), foot, rows=rows, folded=folded)


def drivers_by(
    result: Protected | None,
    *,
    no: int = 4,
    title: str,
    note: str = "占各方面合计解释份额的百分比",
    id: str = "drivers-by",
    folded: str = "",
) -> Fragment:
    """List each driver's part of what all explain, group by group; only cells that surely differ are washed."""
    rows = [] if result is None else make.records(result)
    if result is None or not rows:
        why = "；".join((*result.extra.get("left_out", ()), *result.extra.get("notes", ()))) if result else ""
        return Fragment("") if folded else nothing(f"没有“{title}”：{why or '问卷没有问这一分组'}。")
    groups = {str(row["group"]): str(row.get("group_label", row["group"])) for row in rows}
    items = list({row["label"]: None for row in rows})
    cells = {(str(row["group"]), row["label"]): row for row in rows}
    columns = [Column("方面", items, left=True)]
    columns += [
        _group(name, [cells.get((code, item), {}) for item in items]) for code, name in groups.items()
    ]
    read = "▲▼ 加底色：与其余企业相比可以认定更要紧、较不要紧的；其余的格不宜比较高低"
    foot = base_of(result, read, *result.extra.get("left_out", ()), *result.extra.get("notes", ()))
    return table(id, columns, caption(no, title, note), foot, folded=folded, close=True)


def _group(head: str, cells: list[Record]) -> Column:
    marks = [DIFFERS.get(str(cell.get("differs", "")), ("", ""))[1] for cell in cells]
    return Column(head, [_part(cell) for cell in cells], marks=marks)


def _part(cell: Record) -> str:
    name = "relative" if "relative" in cell else "estimate"
    if cell.get("shown", "hidden") == "hidden" or not known(number(cell, name)):
        return ABSENT
    return DIFFERS.get(str(cell.get("differs", "")), ("", ""))[0] + score(number(cell, name))


def _labels(rows: list[Record]) -> Column:
    """Return the names: a filled sign where one is to begin, a hollow one where that is open."""
    signs = [_sign(row) for row in rows] if any(row.get("zone") in ZONES for row in rows) else []
    marks = ["dn" if row.get("zone") == "fix" and not too_few(row) else "" for row in rows]
    return Column("方面", [row["label"] for row in rows], left=True, marks=marks, pictures=signs)


def _sign(row: Record) -> str:
    if row.get("zone") == "fix" and not too_few(row):
        return sign("below", "可以认定要先改")
    if row.get("zone") in ZONES and not too_few(row) and number(row, "p_fix") >= UNSURE:
        return sign("same", "尚不能认定要先改")
    return sign("blank")


def _shown(
    head: str, rows: list[Record], write: Callable[[Record], str], css: str = "", *, bold: bool = False
) -> Column:
    """Return a column that only rows with enough respondents have."""
    return Column(head, [ABSENT if too_few(row) else write(row) for row in rows], css, bold=bold)


def _dissatisfied(row: Record) -> str:
    return ABSENT if too_few(row) else secondary(row, "dissatisfied", share)


def _explained(rows: list[Record]) -> list[str]:
    if not any(known(number(row, "rank_low")) for row in rows):
        return []
    first = leading([number(row, "rank_high") for row in rows])
    sure = f"，前 {first} 位是哪几项可以认定" if first > 1 else ""
    return [f"名次区间是各方面同时比较的{sure}"]
