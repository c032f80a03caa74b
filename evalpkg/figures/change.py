"""Better, the same, worse: the only stacked bar, with every share printed."""

from __future__ import annotations

from itertools import accumulate

from evalpkg.disclosure import Protected
from evalpkg.figures import fonts, frame
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.forest import Row
from evalpkg.figures.layout import NAME, PHONE, SMALL, TEXT, WIDE
from evalpkg.figures.shares import shares
from evalpkg.fragment import Fragment, known, listing, not_asked, share

COLOURS = {3: ("dn", "track", "up"), 5: ("dn", "dnI", "track", "upI", "up")}
ON = {"dn": "paper", "dnI": "ink", "track": "ink", "upI": "ink", "up": "paper"}  # words on each colour
TOP, HEIGHT = 26.0, 28.0


def change(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "比上半年好了还是差了",
    note: str = "",
    id: str = "change",
) -> Fragment:
    """Draw the shares of three or five ordered answers as one bar, the worst at the left.

    Parameters
    ----------
    result
        Columns label, estimate (%); rows from best to worst, as the analysis gives them.
    """
    if result is None:
        return not_asked("半年来的变化")
    rows = [frame.row(record) for record in reversed(frame.records(frame.require(result)))]
    if len(rows) not in COLOURS or not all(known(row.estimate) for row in rows):
        # A bar with one part withheld would still show its length: list the shares instead.
        return shares(result, no=no, title=title, note=note, id=id)
    says = f"{title}：{listing([f'{row.label} {share(row.estimate)}' for row in rows])}。"
    bar = frame.Part(_bar(rows, WIDE), _bar(rows, PHONE), says)
    return frame.figure(id, [bar], frame.caption(no, title, note), frame.base_of(result))


def _bar(rows: list[Row], width: float) -> Canvas:
    """Draw one bar over the whole width; a share that does not fit its part stands under it."""
    canvas = Canvas(width, TOP + HEIGHT + 20)
    total = sum(row.estimate for row in rows)
    ends = [width * end / total for end in accumulate(row.estimate for row in rows)]
    for row, colour, left, right in zip(rows, COLOURS[len(rows)], [0.0, *ends], ends, strict=False):
        canvas.box(left, TOP, right - left - (0 if right == ends[-1] else 1), HEIGHT, colour=colour)
        words, middle = share(row.estimate), (left + right) / 2
        size = TEXT if fonts.width(words, TEXT, bold=True) < right - left else SMALL
        inside = fonts.width(words, size, bold=True) < right - left
        at = min(max(middle, 20.0), width - 20)
        y, ink = (TOP + HEIGHT / 2, ON[colour]) if inside else (TOP + HEIGHT + 10, "ink")
        canvas.text(at, y, words, size=size, bold=True, colour=ink, anchor="center")
    _names(canvas, rows, [0.0, *ends])
    return canvas


def _names(canvas: Canvas, rows: list[Row], edges: list[float]) -> None:
    """Name the first part at the left end, the last at the right end, and between them what has room."""
    free, last = 0.0, canvas.width - fonts.width(rows[-1].label, NAME) - 12
    canvas.text(canvas.width, 12, rows[-1].label, size=NAME, anchor="right")
    for row, left, right in zip(rows[:-1], edges, edges[1:], strict=False):
        size = fonts.width(row.label, NAME)
        start = 0.0 if left == 0 else (left + right - size) / 2
        if start >= free and start + size <= last:
            canvas.text(start, 12, row.label, size=NAME)
            free = start + size + 12
