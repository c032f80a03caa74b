"""What a forest figure shows: estimates with intervals on one scale; `layout` says where it goes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 25.0)
MOST_TICKS = 6
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
    unit: str = ""

    def labels(self) -> list[str]:
        """Return the numbers of the scale; the last one carries the unit."""
        texts = [f"{tick:g}" for tick in self.ticks]
        gap = " " if self.unit.isalpha() else ""
        return [*texts[:-1], f"{texts[-1]}{gap}{self.unit}"]


@dataclass(frozen=True)
class Row:
    """One line of the figure, already worded; numbers in data units, NaN = not drawn."""

    label: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    state: str = "estimate"  # a key of marks.MARKS, or "listed": named, but neither drawn nor judged
    value: str = ""
    note: str = ""  # words in place of the interval
    phone: str = ""  # words left of the value on the phone, where columns have no room
    tick: float = math.nan
    bar: float = math.nan
    bar_text: str = ""
    cells: tuple[str, ...] = ()
    bold: bool = False


@dataclass(frozen=True)
class Forest:
    """A figure of rows on one scale.

    `bar` adds a small plain bar (0-100) before the scale; `value` gives the number a column of its own, else
    it follows the interval; `columns` are words to the right, one per entry of `Row.cells`.
    """

    rows: tuple[Row, ...]
    axis: Axis
    panel: Head = NOTHING
    value: Head | None = None
    bar: Head | None = None
    columns: tuple[Head, ...] = ()
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

    def array(self, field: str) -> np.ndarray:
        """Return one field of all rows."""
        return np.array([getattr(row, field) for row in self.rows])


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


def _first(low: float, step: float) -> int:
    return math.floor(low / step + 1e-9)


def _last(high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9)


def endpoints(rows: Iterable[Row]) -> np.ndarray:
    """Return every number that the scale has to hold.

    An interval several times as wide as the usual one is cut at the edge of the figure (and drawn as cut), or a single
    group of 30 would press all others into a corner.
    """
    estimate, low, high, tick = np.array([(r.estimate, r.low, r.high, r.tick) for r in rows]).reshape(-1, 4).T
    reach = np.fmax(estimate - low, high - estimate)
    known = reach[np.isfinite(reach)]
    most = WIDEST * np.median(known) if len(known) else np.inf
    return np.concatenate([estimate, np.fmax(low, estimate - most), np.fmin(high, estimate + most), tick])


def headed(forests: dict[str, Forest]) -> dict[str, Forest]:
    """Print the heads of the columns over the first part only."""
    return {name: replace(forest, headed=not at) for at, (name, forest) in enumerate(forests.items())}
