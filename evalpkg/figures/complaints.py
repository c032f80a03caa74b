"""Complaints, the most frequent first: how many enterprises raise each theme, and whether more do than before."""

from __future__ import annotations

from dataclasses import replace

from evalpkg.complaints import reading
from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, Second, Side, axis, differences, endpoints
from evalpkg.figures.shares import says as say_shares
from evalpkg.fragment import (
    NO_REMARKS,
    Fragment,
    Record,
    known,
    listing,
    nothing,
    number,
    signed,
)

STATES = {"rising": "more", "falling": "fewer"}
# The name stays black: it is not the level that is good or bad.
WASHES = {"more": "dnW", "fewer": "upW"}
INKS = {"more": "dn", "fewer": "up"}
LEVEL = "提到的企业（%）与 95% 区间"
TICK = "短竖线：上一轮"


def complaints(
    themes: Protected | None,
    rising: Protected | None = None,
    *,
    calibrated: Protected | None = None,
    no: int = 1,
    title: str = "",
    note: str = "一家企业可提几件事，合计可超过 100%",
    id: str = "complaints",
) -> Fragment:
    """Draw the share of enterprises that raise each theme, and in a panel of its own by how much it changed.

    Parameters
    ----------
    themes
        Columns theme, label, estimate, conf_low, conf_high (%), other complaints last.
    rising
        Of all enterprises (group "all"): theme, difference, difference_low, difference_high (percentage points against
        the rounds before; family_low, family_high where the interval of all at once is known), last (share of the round
        before, a tick), direction ("rising", "falling", "no"). None in the first round: the levels alone are drawn.
    calibrated
        Levels that coding by hand corrects; they then stand in place of the machine's, without ticks, for the round
        before has only the machine's.
    no, title, note, id
        Words of the caption; id in the page.
    """
    if themes is None:
        return nothing(NO_REMARKS)
    rows, moved = _read(themes, rising, calibrated)
    drawn = tuple(_row(record, moved.get(record["theme"])) for record in rows)
    forest = Forest(
        drawn,
        axis(endpoints(drawn), zero=True, unit="%"),
        panel=Head(LEVEL, TICK if any(known(row.tick) for row in drawn) else ""),
        zero=True,
        phone_unit="%",
        row_height=28.0,
    )
    if moved:
        forest = replace(forest, second=_second(drawn, moved))
    title = title or ("各类问题：多少企业提到，多了还是少了" if moved else "各类问题：多少企业提到")
    part = frame.part(forest, _says(title, drawn))
    corrected = "占比已用人工复核校正，增减按机器归类" if calibrated is not None else ""
    base = frame.base_of(themes, corrected, *(frame.notes_of(rising) if rising is not None else ()))
    return frame.figure(id, [part], frame.caption(no, title, note), base)


def complaint_signs(
    themes: Protected | None, rising: Protected | None = None, calibrated: Protected | None = None
) -> tuple[str, ...]:
    """Return the signs that the figure of complaints uses, for its legend."""
    if themes is None:
        return ()
    rows, moved = _read(themes, rising, calibrated)
    drawn = [_row(record, moved.get(record["theme"])) for record in rows]
    states = {row.side.state for row in drawn if row.side.value}
    used = {
        "estimate": True,
        "family": any(known(row.side.family_low) for row in drawn),
        "moved": bool(states - {"unsure", "few"}),
        "unsure": bool(states & {"unsure", "few"}),
        "few": any(record.get("support") == "few" for record in rows),
        "tick": any(known(row.tick) for row in drawn),
    }
    return tuple(name for name, is_used in used.items() if is_used)


def _read(
    themes: Protected, rising: Protected | None, calibrated: Protected | None
) -> tuple[list[Record], dict[str, Record]]:
    """Return the rows with their levels, and what is known of their changes; levels by hand have none to be a tick."""
    by_hand = [] if calibrated is None else frame.records(frame.require(calibrated))
    rows = reading.levels(frame.records(frame.require(themes)), by_hand)
    found = [] if rising is None else frame.records(frame.require(rising))
    moved = reading.changes(rows, found)
    if by_hand:
        moved = {theme: {**row, "last": None} for theme, row in moved.items()}
    return rows, moved


def _row(record: Record, change: Record | None) -> Row:
    if change is None:
        return frame.row(record)
    state = STATES.get(str(change.get("direction", "no")), "")
    side = _side(change, state, few=record.get("support") == "few")
    return frame.row(
        record, tick=number(change, "last"), bold=bool(state), wash=WASHES.get(state, ""), side=side
    )


def _side(change: Record, state: str, *, few: bool) -> Side:
    """Return how a change is drawn in its own panel: filled and coloured only where it is sure."""
    return Side(
        estimate=number(change, "difference"),
        low=number(change, "difference_low"),
        high=number(change, "difference_high"),
        family_low=number(change, "family_low"),
        family_high=number(change, "family_high"),
        state=(f"few-{state}" if state else "few") if few else state or "unsure",
        value=by_how_much(change),
        bold=bool(state),
        ink=INKS.get(state, "ink2"),
    )


def by_how_much(change: Record) -> str:
    """Write a change; of one whose size would tell of fewer than k before, the direction alone."""
    found = number(change, "difference")
    return signed(found) if known(found) else reading.MOVED[str(change["direction"])]


def _second(rows: tuple[Row, ...], moved: dict[str, Record]) -> Second:
    sides = [row.side for row in rows]
    scale = differences(endpoints(sides), signed=True)
    return Second(scale, Head(f"比{reading.since(moved.values())}（百分点）"))


def _says(title: str, rows: tuple[Row, ...]) -> str:
    """Say the levels, and name the changes that are sure."""
    sure = [f"{row.label} {row.side.value}" for row in rows if row.side.bold]
    drawn = sum(bool(row.side.value) for row in rows)
    said = say_shares(title, rows)
    if not drawn:
        return said
    moves = f"可以认定的增减（百分点）有{listing(sure, 8)}" if sure else "没有一类的增减可以认定"
    rest = f"；其余 {drawn - len(sure)} 类尚不能认定" if sure and drawn > len(sure) else ""
    return f"{said}{moves}{rest}。"
