"""Where the parts of a forest figure go, in px: page 760 wide, phone 358, summary column 344."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.figures import fonts
from evalpkg.figures.forest import Axis, Forest, Head

WIDE, PHONE, SUMMARY = 760.0, 358.0, 344.0
NAME, TEXT, SMALL = 14.0, 13.0, 12.0
BAND = 24.0  # grey group head, and a line of scale numbers
EDGE = 8.0  # words inside the grey head, and names under it
GAP = 4.0  # under a group; the page puts 8 more between two
LABELS_WIDE, LABELS_SUMMARY = 250.0, 150.0  # px that names may take before they are wrapped
VALUE_ROOM = 56.0  # a value that follows its interval
SIGN = 20.0  # px that a sign before the name takes
BARS = 568.0, 744.0  # second panel of bars
BETWEEN = 28.0  # px between the two panels


@dataclass(frozen=True)
class Panel:
    """A scale laid from `left` to `right`, in px."""

    left: float
    right: float
    axis: Axis

    def __call__(self, values: ArrayLike) -> np.ndarray:
        """Return the px position of data values."""
        share = (np.asarray(values, dtype=float) - self.axis.low) / (self.axis.high - self.axis.low)
        return np.asarray(self.left + share * (self.right - self.left))

    def inside(self, values: ArrayLike) -> np.ndarray:
        """Return the px position of data values, those off the scale at its edge."""
        return np.asarray(np.clip(self(values), self.left, self.right))


@dataclass(frozen=True)
class Layout:
    """Positions in px: `*_y` from the top of the figure; `text`, `mark` and `grid` from the top of a row."""

    width: float
    height: float
    first: float
    row: float
    text: float
    mark: float
    grid: tuple[float, float]
    left: float
    right: float
    axis: Axis
    name_x: float
    name_room: float
    name_lines: int
    head_y: float
    group_y: float
    scale_y: float
    value_x: float | None = None
    cells_x: tuple[float, ...] = ()
    bar_x: tuple[float, float, float] | None = None  # right edge of its number, bar at 0, bar at 100
    phone_x: float | None = None
    sign_x: float | None = None  # middle of the sign before a name
    second: Panel | None = None
    side_x: float | None = None  # right edge of the numbers of the second panel
    side_sign_x: float | None = None  # middle of their signs, where they stand without their panel
    ruled: bool = True  # has a grid and scale numbers

    @property
    def panel(self) -> Panel:
        """The panel of the estimates."""
        return Panel(self.left, self.right, self.axis)

    def __call__(self, values: ArrayLike) -> np.ndarray:
        """Return the px position of estimates."""
        return self.panel(values)

    def inside(self, values: ArrayLike) -> np.ndarray:
        """Return the px position of estimates, those off the scale at its edge."""
        return self.panel.inside(values)

    def tops(self, forest: Forest) -> np.ndarray:
        """Return the top of each row."""
        return np.asarray(self.first + self.row * np.arange(len(forest.rows)))


def wide(forest: Forest) -> Layout:
    """Place a figure of 760 px: name, bar, scale, columns, one line a row."""
    edge = EDGE if forest.group or forest.second else 0.0
    name = edge + (SIGN if forest.signed else 0)
    room = min(_widest(_labels(forest), NAME, bold=True), LABELS_WIDE)
    bar_x, left = None, name + room + 20
    if forest.bar:
        start = max(name + room + 48, 168.0)
        bar_x, left = (start - 6, start, start + 64), start + 94
    rights, used = _columns(forest, WIDE - edge)
    right = WIDE - edge - used - (20 if used else 0) - (0 if forest.value else VALUE_ROOM)
    right -= max(fonts.width(forest.axis.labels()[-1], TEXT) / 2 if not used else 0, 0)
    second, right = _second(forest, right)
    heads = _head_height(forest)
    first = heads + (BAND + 4 if forest.group else 4)
    bottom = first + forest.row_height * len(forest.rows)
    return Layout(
        width=WIDE,
        height=bottom + (GAP if forest.group else BAND + 4),
        first=first,
        row=forest.row_height,
        text=forest.row_height / 2,
        mark=forest.row_height / 2,
        grid=(0, forest.row_height),
        left=left,
        right=right,
        axis=forest.axis,
        name_x=name,
        name_room=room,
        name_lines=2,
        head_y=10,
        group_y=heads,
        scale_y=heads + BAND / 2 if forest.group else bottom + 16,
        value_x=rights[0] if forest.value else None,
        cells_x=tuple(rights[1:] if forest.value else rights),
        bar_x=bar_x,
        sign_x=_sign(forest, edge),
        second=second,
        side_x=WIDE - EDGE if forest.second and not forest.second.bars else None,
    )


def phone(forest: Forest) -> Layout:
    """Place a figure of 358 px: name, words and value above, interval below, two lines a row."""
    edge = EDGE + (8 if forest.zero else 0)
    name = edge + (SIGN if forest.signed else 0)
    value = max(_widest([row.value + forest.phone_unit for row in forest.rows], NAME, bold=True), 28.0)
    words = _widest([row.phone for row in forest.rows], TEXT)
    beside = forest.second is not None and not forest.second.bars
    side = _side_room(forest) + SIGN if beside else 0.0
    room = PHONE - name - EDGE - value - (words + 12 if words else 0) - (side + 12 if side else 0) - 12
    lines = max((len(fonts.fit(row.label, NAME, room)[1]) for row in forest.rows), default=1)
    extra = 14.0 * (lines - 1)
    heads = 0.0 if forest.group else _head_height(forest)
    first = heads + (2 * BAND + 2 if forest.group else 4)
    bottom = first + (40 + extra) * len(forest.rows)
    return Layout(
        width=PHONE,
        height=bottom + (GAP if forest.group else BAND + 4),
        first=first,
        row=40 + extra,
        text=13 + extra / 2,
        mark=30 + extra,
        grid=(23 + extra, 37 + extra),
        left=10.0 if forest.zero else 18.0,
        right=PHONE - 22,
        axis=forest.axis,
        name_x=name,
        name_room=room,
        name_lines=lines,
        head_y=10,
        group_y=0,
        scale_y=BAND * 1.5 + 1 if forest.group else bottom + 14,
        value_x=PHONE - 6 - (side + 12 if side else 0),
        phone_x=PHONE - 6 - (side + 12 if side else 0) - value - 10,
        sign_x=_sign(forest, edge),
        side_x=PHONE - 6 if side else None,
        side_sign_x=PHONE - 6 - side + 6 if side else None,
    )


def summary(forest: Forest) -> Layout:
    """Place a figure of 344 px: name, scale without numbers, value; the same on screen, phone and paper."""
    room = min(_widest(_labels(forest), NAME, bold=True), LABELS_SUMMARY)
    lines = max((len(fonts.fit(row.label, NAME, room)[1]) for row in forest.rows), default=1)
    row = max(forest.row_height, 30.0 if lines > 1 else 0.0)
    heads = 26.0 if forest.panel.title or forest.reference_label else 0.0
    bottom = heads + row * len(forest.rows)
    value = _widest([row.value for row in forest.rows], NAME, bold=True) + 12
    name = SIGN if forest.signed else 0.0
    return Layout(
        width=SUMMARY,
        height=bottom + 8,
        first=heads,
        row=row,
        text=row / 2,
        mark=row / 2,
        grid=(0, row),
        left=name + room + 16,
        right=SUMMARY - value - 2,
        axis=forest.axis,
        name_x=name,
        name_room=room,
        name_lines=lines,
        head_y=10,
        group_y=0,
        scale_y=0,
        value_x=SUMMARY if forest.value else None,
        sign_x=_sign(forest, 0.0),
        ruled=False,
    )


def _second(forest: Forest, right: float) -> tuple[Panel | None, float]:
    """Return the second panel, and where the first one ends beside it."""
    if forest.second is None:
        return None, right
    if forest.second.bars:
        return Panel(*BARS, forest.second.axis), BARS[0] - 48
    end = WIDE - EDGE - _side_room(forest) - 16
    start = end - forest.second.width
    return Panel(start, end, forest.second.axis), start - BETWEEN - VALUE_ROOM


def _side_room(forest: Forest) -> float:
    numbers = forest.second.numbers if forest.second else ()
    return _widest([*numbers, *(side.value for side in forest.sides)], TEXT, bold=True)


def _sign(forest: Forest, edge: float) -> float | None:
    return edge + 6 if forest.signed else None


def _widest(texts: list[str], size: float, *, bold: bool = False) -> float:
    return max((fonts.width(text, size, bold=bold) for text in texts), default=0.0)


def _labels(forest: Forest) -> list[str]:
    return [*forest.labels, *(row.label for row in forest.rows)]


def _columns(forest: Forest, edge: float) -> tuple[list[float], float]:
    """Return the right edges of the columns, from the left one, and the width they take together."""
    heads = [*([forest.value] if forest.value else []), *forest.columns]
    texts = [[row.value for row in forest.rows]] if forest.value else []
    texts += [[row.cells[i] for row in forest.rows] for i in range(len(forest.columns))]
    sizes = [
        max(_head_width(head), _widest(column, TEXT, bold=True))
        for head, column in zip(heads, texts, strict=True)
    ]
    rights = [edge - sum(sizes[i + 1 :]) - 20 * (len(sizes) - 1 - i) for i in range(len(sizes))]
    return rights, sum(sizes) + 20 * max(len(sizes) - 1, 0)


def _head_width(head: Head) -> float:
    return max(fonts.width(head.title, TEXT, bold=True), fonts.width(head.sub, SMALL))


def _head_height(forest: Forest) -> float:
    if not forest.headed:
        return 0.0
    second = forest.second.head if forest.second else None
    heads = [forest.panel, forest.value, forest.bar, second, *forest.columns, Head(forest.names)]
    if forest.reference_label or any(head and head.sub for head in heads):
        return 40.0
    return 24.0 if any(head and head.title for head in heads) else 0.0
