"""What enterprises complain of in their own words, how far that is sure, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evalpkg.complaints import reading
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    Record,
    count,
    interval,
    known,
    listing,
    number,
    records,
    share,
    signed,
)
from evalpkg.words.drivers import COUNTS
from evalpkg.words.finding import LONGEST_CLAUSE, SURE, UNSURE, Finding, base_of
from evalpkg.words.outlook import first_of

THEMES = "企业自己写了什么"
HEADS = {1: "写得最多", 2: "居前两位", 3: "居前三"}


def themes(
    result: Protected | None,
    rising: Protected | None = None,
    calibrated: Protected | None = None,
    *,
    course: Protected | None = None,
) -> Finding:
    """Say which themes come first and which are raised more or less often than before, as far as both are sure.

    Parameters
    ----------
    result, rising, calibrated
        As `figures.complaints`; without the last two, which theme is the first.
    course
        Shares round by round: whether the same themes came first in the round before.
    """
    if result is None:
        return Finding(
            THEMES, ("没有可以归类的意见",), "问卷没有问，没有人写，或所写的语言不在问题词表里。", ""
        )
    if rising is None and calibrated is None:
        finding = first_of(result, THEMES, "意见建议", "写得最多")
        return replace(finding, detail=_wrote(result, "，") + finding.detail)
    rows = reading.levels(rows_of(result), rows_of(calibrated))
    named = [row for row in rows if row["theme"] != REST and reading.is_told(row, "estimate")]
    if not named:
        return Finding(THEMES, ("各类人数都太少，", "不单独公布"), f"{base_of(result)}。", UNSURE)
    by_machine = calibrated is None
    size = reading.head(rows) or int(by_machine and number(result.extra, "lead_low") > 0)
    still = by_machine and size > 0 and _came_first(rows_of(course), named[:size])
    moved = {theme: row for theme, row in reading.changes(rows, rows_of(rising)).items() if theme != REST}
    up, down = reading.sure(moved, "rising"), reading.sure(moved, "falling")
    first, moves = _places(named, size, still=still), _moves(up, down) if moved else ()
    clauses = (*first[:-1], f"{first[-1]}；", *moves) if moves else first
    changed = _changed(moved, up, down) + _within(rising) + _writing(rising)
    corrected = "" if by_machine else "占比已用人工复核校正。"
    detail = f"{_wrote(result, '。')}{_told(named, size)}{changed}{base_of(result)}。{corrected}"
    return Finding(THEMES, clauses, detail, SURE if size or up or down else UNSURE)


def _wrote(result: Protected, end: str) -> str:
    writers = result.extra.get("writers")
    return f"{count(result.total)} 家企业中 {count(writers)} 家写了意见{end}" if writers else ""


def _came_first(course: list[Record], named: list[Record]) -> bool:
    """Tell whether in the round before these themes surely came first, too."""
    rounds = list(dict.fromkeys(str(row["round"]) for row in course))
    before = [row for row in course if len(rounds) > 1 and str(row["round"]) == rounds[-2]]
    told = [row for row in before if row["theme"] != REST and reading.is_told(row, "estimate")]
    ordered = sorted(told, key=lambda row: number(row, "estimate"), reverse=True)
    size = len(named)
    same = {row["theme"] for row in ordered[:size]} == {row["theme"] for row in named}
    return same and reading.leads(ordered, size)


def _places(named: list[Record], size: int, *, still: bool) -> tuple[str, ...]:
    names = [row["label"] for row in named]
    if size:
        return packed(names[:size], ("仍" if still else "") + HEADS[size])
    if len(names) == 1:
        return packed(names, "有人提到")
    return (*packed(names[:3], "写得较多，"), "先后还分不出")


def _moves(up: list[Record], down: list[Record]) -> tuple[str, ...]:
    """Name what surely moved; where nothing did, say so."""
    if not up and not down:
        return ("没有一类可以认定增减",)
    more = packed([_first_of(up)], "明显增多" + ("，" if down else "")) if up else ()
    return (*more, *(packed([_first_of(down)], "明显减少") if down else ()))


def _first_of(rows: list[Record]) -> str:
    """Name the largest change and say how many there are."""
    many = COUNTS[len(rows)] if len(rows) < len(COUNTS) else f" {len(rows)} "
    return rows[0]["label"] if len(rows) == 1 else f"{rows[0]['label']}等{many}类"


def packed(names: Sequence[str], ending: str) -> tuple[str, ...]:
    """Lay names and what is said of them out in clauses that fit a phone; the last name stays with what is said.

    Examples
    --------
    >>> packed(["融资难", "用工难"], "居前两位")
    ('融资难、用工难居前两位',)
    >>> packed(["融资难", "拖欠账款", "用工难"], "居前三")
    ('融资难、拖欠账款、', '用工难居前三')
    """
    parts = [*(f"{name}、" for name in names[:-1]), names[-1] + ending]
    if len(parts[-1]) > LONGEST_CLAUSE:
        parts[-1:] = [names[-1], ending]
    clauses = [""]
    for part in parts:
        if clauses[-1] and len(clauses[-1] + part) > LONGEST_CLAUSE:
            clauses.append("")
        clauses[-1] += part
    return tuple(clauses)


def _told(named: list[Record], size: int) -> str:
    shown = named[: size or min(3, len(named))]
    levels = "、".join(
        f"{r['label']} {share(number(r, 'estimate'))}（{interval(number(r, 'conf_low'), number(r, 'conf_high'))}）"
        for r in shown
    )
    if size > 1:
        return f"{levels}，{'三' if size == 3 else '两'}类的区间都高于其余各类。"
    return f"{levels}，高于其余各类。" if size else f"{levels}；前几类的区间重叠，不分先后。"


def _changed(moved: dict[str, Record], up: list[Record], down: list[Record]) -> str:
    if not moved:
        return ""
    against = reading.since(moved.values())
    said = [f"可以认定{verb}的有{_by(rows)}" for verb, rows in (("增多", up), ("减少", down)) if rows]
    if not said:
        return f"比{against}，各类的增减都尚不能认定。"
    rest = len(moved) - len(up) - len(down)
    open_ = f"；其余 {rest} 类尚不能认定" if rest else ""
    return f"比{against}（百分点），{'，'.join(said)}{open_}。"


def _within(rising: Protected | None) -> str:
    """Name what surely moved in a group of enterprises."""
    rows = reading.within(rows_of(rising))
    said = [f"{row['group_label']}的{_by_how_much(row)}" for row in rows]
    return f"分组看，可以认定的还有{listing(said, 3)}。" if said else ""


def _writing(rising: Protected | None) -> str:
    """Say whether more enterprises wrote anything at all: then all themes may seem to grow."""
    found = None if rising is None else rising.extra.get("writing")
    if rising is None or not isinstance(found, pd.DataFrame):
        return ""
    rows = [row for row in records(found, rising.extra) if row.get("direction") in reading.MOVED]
    said = [f"写意见的企业本身也明显{reading.MOVED[row['direction']]}{_points(row)}" for row in rows]
    return f"{said[0]}，看各类增减时要想到这一点。" if said else ""


def _points(row: Record) -> str:
    found = number(row, "difference")
    return f"（{signed(found)} 个百分点）" if known(found) else ""


def _by(rows: list[Record]) -> str:
    return listing([_by_how_much(row) for row in rows], 4)


def _by_how_much(row: Record) -> str:
    """Write a change; of one whose size would tell of fewer than k before, that there were few."""
    found = number(row, "difference")
    return f"{row['label']} {signed(found)}" if known(found) else f"{row['label']}（以前很少）"


def rows_of(result: Protected | None) -> list[Record]:
    """Return the rows of a result; none of what was not asked."""
    return [] if result is None else records(result.table, result.extra)


def notes_of(result: Protected) -> str:
    """Return what the analysis left out and what limits it."""
    return "".join(f"{note}。" for name in ("left_out", "notes") for note in result.extra.get(name, ()))
