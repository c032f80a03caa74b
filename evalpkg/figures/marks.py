"""The visual grammar: filled = established, hollow = not distinguishable, thick line = 95% interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.figures.canvas import Canvas

THICK = 3.0  # px, 95% interval
THIN = 1.0  # px, interval when all rows are compared at once
PLACES = 7.0  # px, bar of a rank set
TICK = (1.5, 14.0)  # px, width and height of a comparison value
TRACK = 10.0  # px, ground of a share
REGISTER = 8.0  # px, bar of counted (not sampled) figures


@dataclass(frozen=True)
class Mark:
    """How an estimate of one state is drawn: sizes in px, colours by name."""

    marker: str
    size: float
    fill: str
    edge: str
    line: float
    interval: str
    broken: bool = False


# A filled mark has an edge of paper, so that it stands off its own interval; its size is what is seen inside.
MARKS = {
    "estimate": Mark("o", 10.0, "mid", "paper", 1.0, "midI"),
    "few": Mark("o", 9.5, "paper", "mid", 1.75, "midI", broken=True),
    "unsure": Mark("o", 9.5, "paper", "mid", 1.75, "midI"),
    "higher": Mark("^", 11.0, "up", "paper", 1.0, "upI"),
    "lower": Mark("v", 11.0, "dn", "paper", 1.0, "dnI"),
    # Of complaints: the shape is the direction of the number, the colour says that more of them is worse.
    "more": Mark("^", 11.0, "dn", "paper", 1.0, "dnI"),
    "fewer": Mark("v", 11.0, "up", "paper", 1.0, "upI"),
}
SURE = ("higher", "lower", "more", "fewer")
MARKS |= {f"few-{state}": replace(MARKS[state], broken=True) for state in SURE}


def intervals(canvas: Canvas, y: ArrayLike, low: ArrayLike, high: ArrayLike, states: ArrayLike) -> None:
    """Draw 95% intervals (px positions), each in the colour of its state; other states are not drawn."""
    _by_state(canvas, y, low, high, states, THICK, breaks=True)


def course(
    canvas: Canvas, x: ArrayLike, level: ArrayLike, low: ArrayLike, high: ArrayLike, state: str, *, dot: float
) -> None:
    """Draw levels of one round after the other with upright intervals (px positions), the last in the sign of its state."""
    x, level, low, high = (np.asarray(values, dtype=float) for values in (x, level, low, high))
    last = np.arange(len(x)) == len(x) - 1
    for of, colour in ((~last, "midI"), (last, MARKS[state].interval)):
        canvas.columns(x[of], high[of], low[of], colour=colour, width=THICK)
    canvas.points(x[~last], level[~last], marker="o", size=dot, fill="mid", edge="mid", line=0)
    estimates(canvas, x[last], level[last], [state])


def families(canvas: Canvas, y: ArrayLike, low: ArrayLike, high: ArrayLike, states: ArrayLike) -> None:
    """Draw the thin lines that alone decide: intervals when all rows are compared at once (px positions)."""
    _by_state(canvas, y, low, high, states, THIN)


def rank_sets(canvas: Canvas, y: ArrayLike, low: ArrayLike, high: ArrayLike, states: ArrayLike) -> None:
    """Draw rank sets as bars without a point: no place inside is more credible (px positions)."""
    _by_state(canvas, y, low, high, states, PLACES)


def _by_state(
    canvas: Canvas,
    y: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    states: ArrayLike,
    width: float,
    *,
    breaks: bool = False,
) -> None:
    y, low, high = (np.asarray(values, dtype=float) for values in (y, low, high))
    for state, mark in MARKS.items():
        of = np.asarray(states) == state
        dashed = breaks and mark.broken
        canvas.rows(y[of], low[of], high[of], colour=mark.interval, width=width, dashed=dashed)


def estimates(canvas: Canvas, x: ArrayLike, y: ArrayLike, states: ArrayLike) -> None:
    """Put the sign of its state at each estimate (px positions); other states are not drawn."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    for state, mark in MARKS.items():
        of = np.asarray(states) == state
        canvas.points(
            x[of], y[of], marker=mark.marker, size=mark.size, fill=mark.fill, edge=mark.edge, line=mark.line
        )


def cuts(canvas: Canvas, x: float, y: ArrayLike, side: Literal["left", "right"]) -> None:
    """Mark intervals that go on beyond the edge of the figure with a small arrow head."""
    marker, inwards = ("<", 3.0) if side == "left" else (">", -3.0)
    canvas.points(x + inwards, y, marker=marker, size=6, fill="midI", edge="midI", line=1)


def ticks(canvas: Canvas, x: ArrayLike, y: ArrayLike) -> None:
    """Draw short vertical ticks: values to compare with."""
    half = TICK[1] / 2
    canvas.columns(x, np.asarray(y) - half, np.asarray(y) + half, colour="ink", width=TICK[0])


def bars(canvas: Canvas, left: float, right: ArrayLike, y: ArrayLike, *, height: float, colour: str) -> None:
    """Draw plain bars from `left`, for counted figures (`midI`) or as the ground of a share (`track`)."""
    canvas.rows(y, left, right, colour=colour, width=height)


def reference(canvas: Canvas, x: float, tops: ArrayLike, bottoms: ArrayLike) -> None:
    """Draw the dashed line that everything is compared with."""
    canvas.columns(x, tops, bottoms, colour="ink", dashed=True)
