"""What a forest figure shows: estimates with intervals on one scale; `layout` says where it goes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.fragment import MINUS

STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 25.0)
MOST_TICKS = 6
PLACES = ((60, 20), (15, 10), (5, 5), (0, 2))  # with more places than the first, every so many are numbered
WIDEST = 4.0  # times the median interval; wider ones are cut


class Head(NamedTuple):
    """Words over a column: a bold line and a quiet one."""

    title: str
    sub: str = ""


NOTHING = Head("")


@dataclass(frozen=True)
class Axis:
    """A linear scale in data units with the values to be numbered."""

    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str = ""  # after the last number
    lead: str = ""  # before the first number
    signed: bool = False  # with a plus before what is above zero

    def labels(self) -> list[str]:
        """Return the numbers of the scale; the last one carries the unit."""
        texts = [
            f"{'+' if self.signed and tick > 0 else ''}{tick:g}".replace("-", MINUS) for tick in self.ticks
        ]
        gap = " " if self.unit.isalpha() else ""
        texts[-1] = f"{texts[-1]}{gap}{self.unit}"
        return [f"{self.lead}{texts[0]}", *texts[1:]]


@dataclass(frozen=True)
class Side:
    """What a row shows in the second panel, in the units of that panel; NaN = not drawn.

    Lines and sign are those of a `Row`. The `value` stands in a column of its own, on the page and on the phone.
    """

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    family_low: float = math.nan
    family_high: float = math.nan
    tick: float = math.nan
    state: str = "unsure"  # a key of marks.MARKS
    value: str = ""
    bold: bool = False
    ink: str = "ink2"  # colour of the value


@dataclass(frozen=True)
class Second:
    """A panel right of the estimates, with a scale of its own; `bars` runs from `low` to `high` without a point."""

    axis: Axis
    head: Head = NOTHING
    bars: bool = False
    width: float = 140.0  # px, where it holds estimates
    numbers: tuple[str, ...] = ()  # every number beside it of a figure in parts, so that its parts align


@dataclass(frozen=True)
class Row:
    """One line of the figure, already worded; numbers in data units, NaN = not drawn.

    `low`, `high` are the thick line, `family_low`, `family_high` the thin one (all rows compared at once), `side` what
    stands in the second panel.
    """

    label: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    family_low: float = math.nan
    family_high: float = math.nan
    state: str = "estimate"  # a key of marks.MARKS, or "listed": named, but neither drawn nor judged
    value: str = ""
    note: str = ""  # words in place of the interval
    phone: str = ""  # words left of the value on the phone, where columns have no room
    tick: float = math.nan
    bar: float = math.nan
    bar_text: str = ""
    cells: tuple[str, ...] = ()
    bold: bool = False
    ink: str = "ink"  # colour of the name
    wash: str = ""  # colour of the ground of the whole row
    side: Side = Side()


@dataclass(frozen=True)
class Forest:
    """A figure of rows on one scale.

    `bar` adds a small plain bar (0-100) before the scale; `value` gives the number a column of its own, else
    it follows the interval; `columns` are words to the right, one per entry of `Row.cells`. `second` adds a panel
    with a scale of its own for the `side` of each row; beside bars there is no room for the numbers of the first panel,
    which then stand in the table. `signed` repeats the sign of each row before its name.
    """

    rows: tuple[Row, ...]
    axis: Axis
    panel: Head = NOTHING
    value: Head | None = None
    bar: Head | None = None
    columns: tuple[Head, ...] = ()
    second: Second | None = None
    signed: bool = False
    names: str = ""  # over the names
    labels: tuple[str, ...] = ()  # every name of a figure in parts, so that its parts align
    group: str = ""
    headed: bool = True
    reference: float = math.nan
    reference_label: str = ""
    phone_label: str = ""
    phone_unit: str = ""  # after each value on the phone
    zero: bool = False
    ground: str = ""  # colour of bars from zero to the estimate: "track" for shares
    register: tuple[float, ...] = ()  # counted values, drawn as plain bars from zero
    row_height: float = 34.0

    @property
    def sides(self) -> tuple[Side, ...]:
        """What stands in the second panel."""
        return tuple(row.side for row in self.rows)

    def array(self, field: str) -> np.ndarray:
        """Return one field of all rows."""
        return array(self.rows, field)


def array(items: Iterable[Row | Side], field: str) -> np.ndarray:
    """Return one field of all rows, or of what they show in the second panel."""
    return np.array([getattr(item, field) for item in items])


def axis(values: ArrayLike, *, zero: bool = False, unit: str = "", span: float = 0.0) -> Axis:
    """Choose a round scale within 0 to 100 that holds all `values`.

    `zero` makes it start at zero; it covers at least `span`, so that a small difference does not look large.

    Examples
    --------
    >>> axis([61.8, 82.1]).ticks
    (60.0, 65.0, 70.0, 75.0, 80.0, 85.0)
    >>> axis([3.9, 37.1], zero=True).ticks
    (0.0, 10.0, 20.0, 30.0, 40.0)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return Axis(0.0, 100.0, (0.0, 50.0, 100.0), unit)
    low, high = (0.0 if zero else float(finite.min())), float(finite.max())
    width = max(high - low, span)
    low = min(max((low + high - width) / 2, 0.0), 100.0 - width)
    high = low + width
    step = next((s for s in STEPS if _last(high, s) - _first(low, s) < MOST_TICKS), STEPS[-1])
    first, last = _first(low, step), max(_last(high, step), _first(low, step) + 1)
    ticks = tuple(step * number for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks, unit)


def differences(values: ArrayLike, *, signed: bool = False) -> Axis:
    """Choose a round scale that holds zero and all `values`, whatever their sign.

    Examples
    --------
    >>> differences([-3.4, 1.2]).labels()
    ['−4', '−2', '0', '2']
    >>> differences([0.3]).ticks
    (0.0, 0.1, 0.2, 0.3)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    if low == high:
        return Axis(-1.0, 1.0, (-1.0, 0.0, 1.0), signed=signed)
    steps = (0.1, 0.2, *STEPS, 50.0, 100.0)
    step = next((s for s in steps if _last(high, s) - _first(low, s) < MOST_TICKS), (high - low) / 2)
    ticks = tuple(round(step * at, 9) for at in range(_first(low, step), _last(high, step) + 1))
    return Axis(ticks[0], ticks[-1], ticks, signed=signed)


def places(ranked: int) -> Axis:
    """Return the scale of `ranked` places: each takes one unit, so that a set of one place still has width.

    Examples
    --------
    >>> places(34).ticks, places(12).ticks, places(2).ticks
    ((1.0, 10.0, 20.0, 34.0), (1.0, 5.0, 12.0), (1.0, 2.0))
    """
    step = next(step for size, step in PLACES if ranked > size)
    inner = range(step, ranked - round(0.15 * ranked), step)
    ticks = (1.0, *(float(place) for place in inner if place > 1), float(ranked))
    return Axis(0.5, ranked + 0.5, ticks, lead="第")


def _first(low: float, step: float) -> int:
    return math.floor(low / step + 1e-9)


def _last(high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9)


def endpoints(rows: Iterable[Row | Side]) -> np.ndarray:
    """Return every number that the scale of a panel has to hold.

    An interval several times as wide as the usual one is cut at the edge of the figure (and drawn as cut), or a single
    group of 30 would press all others into a corner.
    """
    numbers = [(r.estimate, r.low, r.high, r.family_low, r.family_high, r.tick) for r in rows]
    estimate, low, high, family_low, family_high, tick = np.array(numbers).reshape(-1, 6).T
    reach = np.fmax(estimate - low, high - estimate)
    known = reach[np.isfinite(reach)]
    most = WIDEST * np.median(known) if len(known) else np.inf
    lowest = np.fmax(np.fmin(low, family_low), estimate - most)
    highest = np.fmin(np.fmax(high, family_high), estimate + most)
    return np.concatenate([estimate, lowest, highest, tick])


def headed(forests: dict[str, Forest]) -> dict[str, Forest]:
    """Print the heads of the columns over the first part only."""
    return {name: replace(forest, headed=not at) for at, (name, forest) in enumerate(forests.items())}
