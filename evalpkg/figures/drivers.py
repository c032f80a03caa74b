"""What goes with overall satisfaction, and how sure the first places are."""

from __future__ import annotations

from dataclasses import replace

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints
from evalpkg.fragment import (
    ABSENT,
    Fragment,
    Record,
    confidence,
    known,
    listing,
    not_asked,
    nothing,
    number,
    places,
    score,
)
from evalpkg.ranks import leading

NOTE = "各方面对总体满意度差别的解释份额"
TICKS = "短竖线：扣除打分松紧之后的份额"


def drivers(
    result: Protected | None, *, no: int = 1, title: str = "什么最要紧", note: str = NOTE, id: str = "drivers"
) -> Fragment:
    """Draw each driver's share of the explained variance.

    Parameters
    ----------
    result
        Columns label, estimate, conf_low, conf_high (percentage points of variance); where known also p_first (%), the
        probability that the driver is the most important one, rank_low and rank_high (the places it may have), and
        halo (the share when the respondent's own level is taken out), drawn as a tick.
    """
    if result is None:
        return not_asked("总体满意度和各方面的评价")
    records = frame.records(frame.require(result))
    if not records:
        return nothing(f"{'；'.join(result.extra.get('notes', ())) or '没有可以分析的方面'}。")
    rows = rows_of(result, ticks=True)
    forest = Forest(
        rows,
        axis(endpoints(rows), zero=True),
        panel=Head("能解释满意度差别的份额（%）与 95% 区间", _ticked(rows)),
        columns=_columns(records),
        zero=True,
        row_height=34.0,
    )
    total = result.extra.get("r2")
    base = f"各项份额相加等于总解释力 {score(total)}%；" if known(total) else ""
    caption = frame.caption(no, title, note)
    base += frame.base_of(result, *result.extra.get("left_out", ()))
    return frame.figure(id, [frame.part(forest, _says(rows, records))], caption, base)


def rows_of(result: Protected, *, ticks: bool = False) -> tuple[Row, ...]:
    """Return one row per driver with its rank set and the confidence that it comes first.

    `ticks` adds the share when the respondent's own level is taken out. Those that surely come first are bold.
    """
    records = frame.records(result)
    first, kinds = leading([number(row, "rank_high") for row in records]), _kinds(records)
    rows = [_row(record, kinds, bold=at < first) for at, record in enumerate(records)]
    if not ticks:
        return tuple(rows)
    halo = [number(record, "halo") for record in records]
    return tuple(
        row if row.state == "listed" else replace(row, tick=at) for row, at in zip(rows, halo, strict=True)
    )


def _kinds(records: list[Record]) -> list[str]:
    """Name the columns that some row has."""
    return [name for name in WORDS if any(known(number(record, name)) for record in records)]


def _row(record: Record, kinds: list[str], *, bold: bool) -> Row:
    first, place = number(record, "p_first"), _places(record)
    phone = place if place != ABSENT else f"排第一 {confidence(first)}" if known(first) else ""
    cells = {"rank_low": place.removeprefix("第 ").removesuffix(" 名"), "p_first": confidence(first)}
    return frame.row(record, cells=tuple(cells[name] for name in kinds), phone=phone, bold=bold)


def _places(record: Record) -> str:
    return places(number(record, "rank_low"), number(record, "rank_high"))


WORDS = {"rank_low": Head("名次区间"), "p_first": Head("排第一的把握")}


def _columns(records: list[Record]) -> tuple[Head, ...]:
    return tuple(WORDS[name] for name in _kinds(records))


def _ticked(rows: tuple[Row, ...]) -> str:
    return TICKS if any(known(row.tick) for row in rows) else ""


def _says(rows: tuple[Row, ...], records: list[Record]) -> str:
    named = [
        f"{row.label} {row.value}" + (f"（{place}）" if (place := _places(record)) != ABSENT else "")
        for row, record in zip(rows, records, strict=True)
    ]
    return f"{NOTE}与 95% 区间，从大到小：{listing(named, 8)}。"
