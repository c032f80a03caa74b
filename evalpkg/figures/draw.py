"""Draw a forest figure: each step adds one kind of thing, from the ground up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalpkg.figures import fonts, layout, marks
from evalpkg.figures.canvas import Anchor, Canvas
from evalpkg.figures.forest import Forest, Head, Row, Side, array
from evalpkg.figures.layout import NAME, SMALL, TEXT, Layout, Panel
from evalpkg.fragment import ABSENT, known

TOUCH = 0.01  # px, between pieces of one line


def wide(forest: Forest) -> Canvas:
    """Draw the 760 px form."""
    place = layout.wide(forest)
    canvas = _body(forest, place)
    if forest.headed:
        _heads(canvas, forest, place)
    _scale(canvas, forest, place)
    return canvas


def phone(forest: Forest) -> Canvas:
    """Draw the 358 px form, two lines a row."""
    place = layout.phone(forest)
    canvas = _body(forest, place)
    if forest.group:
        _reference_label(canvas, forest, place, layout.BAND / 2)
    elif forest.headed:
        _heads(canvas, forest, place)
    _scale(canvas, forest, place)
    return canvas


def summary(forest: Forest) -> Canvas:
    """Draw the 344 px form, without grid and scale numbers."""
    place = layout.summary(forest)
    canvas = _body(forest, place)
    canvas.text(place.left, place.head_y, forest.panel.title, colour="ink3")
    _reference_label(canvas, forest, place, place.head_y)
    return canvas


def _body(forest: Forest, place: Layout) -> Canvas:
    canvas = Canvas(place.width, place.height)
    _band(canvas, forest, place)
    _washes(canvas, forest, place)
    if place.ruled:
        _grid(canvas, forest, place)
    _grounds(canvas, forest, place)
    _lines(canvas, forest, place)
    _second(canvas, forest, place)
    _signs(canvas, forest, place)
    _names(canvas, forest, place)
    _values(canvas, forest, place)
    _cells(canvas, forest, place)
    return canvas


def _band(canvas: Canvas, forest: Forest, place: Layout) -> None:
    if forest.group:
        canvas.box(0, place.group_y, place.width, layout.BAND, colour="track")
        canvas.text(layout.EDGE, place.group_y + layout.BAND / 2, forest.group, size=NAME, bold=True)


def _washes(canvas: Canvas, forest: Forest, place: Layout) -> None:
    """Put a ground under every row of which something may be claimed."""
    for row, top in zip(forest.rows, place.tops(forest), strict=True):
        if row.wash:
            canvas.box(0, top, place.width, place.row, colour=row.wash)


def _grid(canvas: Canvas, forest: Forest, place: Layout) -> None:
    """Draw the grid beside intervals only: never through a name, a note or a second line of words."""
    tops = place.tops(forest)[np.isfinite(forest.array("estimate"))]
    at = place([tick for tick in forest.axis.ticks if not (forest.zero and tick == 0)])
    if place.second:
        at = np.r_[at, place.second([tick for tick in place.second.axis.ticks if tick != 0])]
    x, y = (grid.ravel() for grid in np.meshgrid(at, tops, indexing="ij"))
    canvas.columns(*_joined(x, y + place.grid[0], y + place.grid[1]), colour="rule")


def _joined(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join pieces of vertical lines that touch; returns their x, tops and bottoms."""
    apart = (x[1:] != x[:-1]) | (top[1:] > bottom[:-1] + TOUCH)
    first, last = np.r_[len(x) > 0, apart][: len(x)], np.r_[apart, len(x) > 0][: len(x)]
    return x[first], top[first], bottom[last]


def _grounds(canvas: Canvas, forest: Forest, place: Layout) -> None:
    y = place.tops(forest) + place.mark
    if forest.ground:
        marks.bars(
            canvas, place.left, place(forest.array("estimate")), y, height=marks.TRACK, colour=forest.ground
        )
    if forest.register:
        marks.bars(canvas, place.left, place(forest.register), y, height=marks.TRACK, colour="midI")
    if place.bar_x:
        _, left, right = place.bar_x
        end = left + forest.array("bar") / 100 * (right - left)
        marks.bars(canvas, left, end, y, height=marks.REGISTER, colour="midI")


def _lines(canvas: Canvas, forest: Forest, place: Layout) -> None:
    tops = place.tops(forest)
    if forest.zero and len(tops):
        start, end = tops + 2, tops + place.row - 2
        if place.ruled:
            start, end = _whole(forest, place)
        canvas.columns(place.left, start, end, colour="mid")
    if np.isfinite(forest.reference):
        marks.reference(canvas, float(place(forest.reference)), *_reference_pieces(forest, place))
    _intervals(canvas, place.panel, forest.rows, place.tops(forest) + place.mark)


def _whole(forest: Forest, place: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return the top and the end of a line past all rows."""
    return np.array([place.first - 4]), place.tops(forest)[-1:] + place.grid[1] + 4


def _intervals(canvas: Canvas, panel: Panel, items: Sequence[Row | Side], y: np.ndarray) -> None:
    """Draw the intervals; one that the scale does not hold ends in an arrow head at the edge."""
    low, high, states = array(items, "low"), array(items, "high"), array(items, "state")
    thin_low, thin_high = array(items, "family_low"), array(items, "family_high")
    marks.families(canvas, y, panel.inside(thin_low), panel.inside(thin_high), states)
    marks.intervals(canvas, y, panel.inside(low), panel.inside(high), states)
    low, high = np.fmin(low, thin_low), np.fmax(high, thin_high)
    marks.cuts(canvas, panel.left, y[low < panel.axis.low], "left")
    marks.cuts(canvas, panel.right, y[high > panel.axis.high], "right")


def _second(canvas: Canvas, forest: Forest, place: Layout) -> None:
    """Draw the second panel: bars, or estimates with their lines against zero; on the phone only signs and numbers."""
    sides, tops = forest.sides, place.tops(forest)
    y = tops + place.mark
    if place.second and forest.second and forest.second.bars:
        low, high = place.second(array(sides, "low")), place.second(array(sides, "high"))
        marks.rank_sets(canvas, y, low, high, array(sides, "state"))
    elif place.second:
        if place.second.axis.low <= 0 <= place.second.axis.high and len(tops):
            canvas.columns(float(place.second(0.0)), *_whole(forest, place), colour="mid")
        _intervals(canvas, place.second, sides, y)
        _estimates(canvas, place.second, sides, y)
    if place.side_sign_x is not None:
        told = np.where(array(sides, "value") != "", place.side_sign_x, np.nan)
        marks.estimates(canvas, told, tops + place.text, array(sides, "state"))
    for side, top in zip(sides, tops, strict=True):
        if place.side_x is not None:
            canvas.text(
                place.side_x, top + place.text, side.value, bold=side.bold, colour=side.ink, anchor="right"
            )


def _reference_pieces(forest: Forest, place: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return where the dashed line runs: from its head down, not through words in place of an interval."""
    tops = place.tops(forest)[np.isfinite(forest.array("estimate"))]
    start, end = tops + place.grid[0], tops + place.grid[1]
    if place.phone_x is not None:
        return start - 2, end
    head = place.group_y if forest.group else place.first - 4
    start, end = np.r_[head, start], np.r_[place.first, end]
    _, start, end = _joined(np.zeros(len(start)), start, end)
    return start, end


def _signs(canvas: Canvas, forest: Forest, place: Layout) -> None:
    _estimates(canvas, place.panel, forest.rows, place.tops(forest) + place.mark)
    if place.sign_x is not None:
        y = place.tops(forest) + place.text
        marks.estimates(canvas, np.full(len(y), place.sign_x), y, forest.array("state"))


def _estimates(canvas: Canvas, panel: Panel, items: Sequence[Row | Side], y: np.ndarray) -> None:
    marks.ticks(canvas, panel(array(items, "tick")), y)
    marks.estimates(canvas, panel(array(items, "estimate")), y, array(items, "state"))


def _names(canvas: Canvas, forest: Forest, place: Layout) -> None:
    for row, top in zip(forest.rows, place.tops(forest), strict=True):
        size, lines = fonts.fit(row.label, NAME, place.name_room, lines=place.name_lines)
        middle = top + place.text - 7 * (len(lines) - 1)
        if place.sign_x is not None and row.note:
            canvas.text(place.sign_x, top + place.text, ABSENT, colour="ink3", anchor="center")
        for number, line in enumerate(lines):
            canvas.text(
                place.name_x, middle + 14 * number, line, size=size, bold=row.bold, colour=_ink(row, row.ink)
            )


def _values(canvas: Canvas, forest: Forest, place: Layout) -> None:
    """Print each number in its column or after its interval; words in place of an interval, at the left."""
    for row, top in zip(forest.rows, place.tops(forest), strict=True):
        clear = 5 if forest.zero else 0  # of the zero line
        canvas.text(place.left + clear, top + place.mark, row.note, size=TEXT, colour="ink3")
        if place.value_x is not None:
            size, bold = (NAME, not row.note) if place.ruled else (TEXT, row.bold)
            x, y = place.value_x, top + place.text
            words = row.value + (forest.phone_unit if place.phone_x and known(row.estimate) else "")
            canvas.text(x, y, words, size=size, bold=bold, colour=_ink(row, "ink"), anchor="right")
        elif not row.note and not (forest.second and forest.second.bars):
            canvas.text(
                _after(row, place),
                top + place.mark,
                row.value,
                size=TEXT,
                bold=row.bold,
                halo=(row.wash or "paper") if place.ruled else "",
            )


def _after(row: Row, place: Layout) -> float:
    """Return where a value follows its interval, past a tick that would stand in the number."""
    end, tick = (
        float(x) for x in place.inside([np.nanmax([row.high, row.estimate, place.axis.low]), row.tick])
    )
    start = end + 8
    return tick + 8 if start - 6 < tick < start + fonts.width(row.value, TEXT) + 4 else start


def _cells(canvas: Canvas, forest: Forest, place: Layout) -> None:
    for row, top in zip(forest.rows, place.tops(forest), strict=True):
        if place.bar_x:
            canvas.text(
                place.bar_x[0], top + place.text, row.bar_text, colour=_ink(row, "ink2"), anchor="right"
            )
        for x, words in zip(place.cells_x, row.cells if place.cells_x else (), strict=True):
            canvas.text(x, top + place.text, words, colour=_ink(row, "ink2"), anchor="right")
        if place.phone_x is not None:
            canvas.text(place.phone_x, top + place.text, row.phone, colour=_ink(row, "ink2"), anchor="right")


def _ink(row: Row, usual: str) -> str:
    return "ink3" if row.note else usual


def _heads(canvas: Canvas, forest: Forest, place: Layout) -> None:
    """Print the words over the columns; the reference line is named once, over itself."""
    bar = place.bar_x[0] - 24 if place.bar_x else 0.0
    placed: list[tuple[float, Head | None, Anchor]] = [
        (0.0, Head(forest.names), "left"),
        (bar, forest.bar, "left"),
        (place.left if not place.phone_x else 0.0, forest.panel, "left"),
    ]
    if place.second and place.side_x is None:
        placed.append((place.second.left, forest.second.head if forest.second else None, "left"))
    elif place.side_x is not None:
        placed.append((place.side_x, forest.second.head if forest.second else None, "right"))
    if place.value_x is not None:
        placed.append((place.value_x, forest.value, "right"))
    placed += [(x, head, "right") for x, head in zip(place.cells_x, forest.columns, strict=False)]
    for x, head, anchor in placed:
        if head:
            canvas.text(x, place.head_y, head.title, bold=True, anchor=anchor)
            canvas.text(x, place.head_y + 18, head.sub, size=SMALL, colour="ink3", anchor=anchor)
    _reference_label(canvas, forest, place, place.head_y + 18)


def _reference_label(canvas: Canvas, forest: Forest, place: Layout, y: float) -> None:
    label = forest.phone_label if place.phone_x and forest.phone_label else forest.reference_label
    if label and np.isfinite(forest.reference):
        half = fonts.width(label, TEXT) / 2
        free = fonts.width(forest.group, NAME, bold=True) + 20 if place.phone_x and forest.group else 0.0
        x = max(min(float(place(forest.reference)), place.width - half - 4), free + half)
        canvas.text(x, y, label, anchor="center")


def _scale(canvas: Canvas, forest: Forest, place: Layout) -> None:
    on_head = bool(forest.group) and place.phone_x is None
    colour, halo = ("ink2", "track") if on_head else ("ink3", "")  # ink3 is too pale on the grey head
    for panel in (place.panel, place.second):
        for tick, label in zip(panel(panel.axis.ticks), panel.axis.labels(), strict=True) if panel else ():
            canvas.text(float(tick), place.scale_y, label, colour=colour, anchor="center", halo=halo)
