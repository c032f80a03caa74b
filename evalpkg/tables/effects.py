"""Differences and effects as a table: a sure one is coloured, bold and signed, all others are plain."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    Fragment,
    Record,
    count,
    known,
    not_asked,
    number,
    sign,
    signed,
    too_few,
)
from evalpkg.fragment import interval as between
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption, reason

SURE = {"up": ("above", "up", "可以认定较高"), "down": ("below", "dn", "可以认定较低")}
DECIDES = "判断以各项同时比较的区间为准：不含 0 才可以认定"


def effects(
    result: Protected | None,
    *,
    no: int = 1,
    title: str,
    note: str = "",
    id: str = "effects",
    column: str = "相差（分）",
    rows_head: str = "项目",
    folded: str = "",
) -> Fragment:
    """List effects with their own interval and that of all at once.

    `column` and `rows_head` head the numbers, with their unit, and the names.
    """
    if result is None:
        return Fragment("") if folded else not_asked(f"“{title}”")
    rows = make.records(result)
    notes = (*result.extra.get("left_out", ()), *result.extra.get("notes", ()))
    if not rows:
        return reason(notes, "没有足够的企业可以比较", folded)
    columns = [
        names(rows_head, rows),
        *written(column, rows, "conf", "95% 区间"),
        Column("同时比较的区间", [_pair(row, "family") for row in rows], "opt ci"),
        make.numbers("家数", rows, "n", count, "opt"),
    ]
    controls = result.extra.get("controls", ())
    adjusted = f"已按{'、'.join(controls)}调整" if controls else ""
    foot = base_of(result, DECIDES, adjusted, *notes)
    return table(id, columns, caption(no, title, note), foot, rows=rows, folded=folded)


def names(head: str, rows: list[Record]) -> Column:
    """Return the names of the rows, those of sure effects coloured and with their sign."""
    judged = [_judged(row) for row in rows]
    signs = [sign(found[0], found[2]) if found else sign("blank") for found in judged]
    pictures = signs if any(judged) else []
    return Column(head, [row["label"] for row in rows], left=True, marks=_marks(rows), pictures=pictures)


def written(column: str, rows: list[Record], limits: str, head: str) -> list[Column]:
    """Return the effects and one interval of them; words in its place where a row is only listed."""
    cells = [ABSENT if too_few(row) else signed(number(row, "estimate")) for row in rows]
    return [
        Column(column, cells, marks=_marks(rows)),
        Column(head, [too_few(row) or _pair(row, limits) for row in rows], "ci"),
    ]


def _pair(row: Record, name: str) -> str:
    low, high = number(row, f"{name}_low"), number(row, f"{name}_high")
    return ABSENT if too_few(row) or not (known(low) and known(high)) else between(low, high)


def _judged(row: Record) -> tuple[str, str, str] | None:
    if too_few(row) or not known(number(row, "estimate")):
        return None
    return SURE.get(str(row.get("sure", "no")))


def _marks(rows: list[Record]) -> list[str]:
    return [judged[1] if (judged := _judged(row)) else "" for row in rows]


def odds(result: Protected | None, *, no: int = 1, folded: str = "") -> Fragment:
    """List how many percentage points more are satisfied per step on each driver."""
    return effects(
        result,
        no=no,
        title="打分高一档，满意的企业多多少",
        note="其余各项相同；相关，不是承诺",
        id="odds",
        column="多（个百分点）",
        rows_head="方面",
        folded=folded,
    )
