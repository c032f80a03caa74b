"""Plain bars from zero for counted figures: no interval, for nothing was sampled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalpkg.figures import fonts
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.layout import NAME, PHONE, SUMMARY, TEXT, WIDE
from evalpkg.fragment import Record, count, known, number, whole

ROW, SMALL_ROW = 30.0, 23.0  # px, of a row on its page and on the leaders' page
HIGH = 14.0  # of a bar
FULL = 100.0


@dataclass(frozen=True)
class Bar:
    """One counted step: its share of the whole (per cent, NaN = not shown), its words, whether it is the key one."""

    label: str
    share: float
    counted: str
    said: str
    key: bool = False


def bar(record: Record, unit: str = "件", *, key: bool = False, whole_step: bool = False) -> Bar:
    """Word one row of a counted result; below k only that is said."""
    if record.get("shown") != "yes":
        return Bar(record["label"], float("nan"), f"不足 {record['k']} {unit}", "", key)
    share = number(record, "estimate")
    said = "" if whole_step or not known(share) else whole(share)
    return Bar(record["label"], share, f"{count(number(record, 'count'))} {unit}", said, key)


def draw(bars: Iterable[Bar], width: float, row_height: float = ROW) -> Canvas:
    """Draw the bars one under the other: name, bar on its track, count, share."""
    rows = list(bars)
    canvas = Canvas(width, row_height * len(rows) + 4)
    left = max((fonts.width(row.label, NAME, bold=True) for row in rows), default=0.0) + 12
    counts = max((fonts.width(row.counted, TEXT, bold=True) for row in rows), default=0.0) + 10
    shares = max((fonts.width(row.said, TEXT, bold=True) for row in rows), default=0.0) + 8
    right = width - counts - shares
    for at, row in enumerate(rows):
        middle = row_height * (at + 0.5)
        colour = "ink" if row.counted and known(row.share) else "ink3"
        canvas.text(0, middle, row.label, size=NAME, bold=row.key)
        canvas.box(left, middle - HIGH / 2, right - left, HIGH, colour="track")
        if known(row.share):
            filled = (right - left) * min(row.share, FULL) / FULL
            canvas.box(left, middle - HIGH / 2, filled, HIGH, colour="ink2" if row.key else "midI")
        canvas.text(right + 10, middle, row.counted, size=TEXT, bold=row.key, colour=colour)
        canvas.text(width, middle, row.said, size=TEXT, bold=row.key, colour="ink2", anchor="right")
    return canvas


def forms(bars: list[Bar]) -> tuple[Canvas, Canvas]:
    """Draw the form of the page and that of the phone."""
    return draw(bars, WIDE), draw(bars, PHONE)


def small(bars: list[Bar]) -> Canvas:
    """Draw the form of the leaders' page."""
    return draw(bars, SUMMARY, SMALL_ROW)
