"""Find room for names beside their points, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evalpkg.figures.canvas import Anchor

NEAR, FAR = 10.0, (30.0, 48.0)  # px from a point to its name; from FAR on a thin line leads there
LINE = 15.0  # px, height that a name takes
TOUCHED, CROSSED, LATER = 40.0, 3.0, 1.0  # what an overlap, a line through the name, a later choice cost
AROUND = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
ROUNDS = 3


class Box(NamedTuple):
    """A rectangle in px."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Place:
    """Where a name goes: its middle height, the side that is held, whether a line leads to it."""

    x: float
    y: float
    anchor: Anchor
    box: Box
    far: bool


def place(
    points: Sequence[tuple[float, float]],
    widths: Sequence[float],
    frame: Box,
    taken: Sequence[Box],
    lines: np.ndarray,
) -> list[Place]:
    """Choose a place for each name, the first ones first, then again with all others in view.

    Parameters
    ----------
    points, widths
        Position of each point and width of its name, px.
    frame
        No name leaves it.
    taken
        Boxes of other words and of signs; a name may cover none, if there is another way.
    lines : ndarray, shape (k, 2)
        Points of lines that should not run through a name.

    Examples
    --------
    >>> found = place([(50, 50), (60, 50)], [30, 30], Box(0, 0, 200, 100), [], np.empty((0, 2)))
    >>> [(round(p.x), p.anchor, p.far) for p in found]
    [(40, 'right', False), (70, 'left', False)]
    """
    signs = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    options = [_options(point, width, frame) for point, width in zip(points, widths, strict=True)]
    chosen: list[Place | None] = [None] * len(points)
    for _ in range(ROUNDS):
        for at, places in enumerate(options):
            others = [other.box for o, other in enumerate(chosen) if other and o != at]
            costs = [_cost(p, [*taken, *signs, *others], lines) + LATER * n for n, p in enumerate(places)]
            chosen[at] = places[int(np.argmin(costs))]
    return [found for found in chosen if found]


def _options(point: tuple[float, float], width: float, frame: Box) -> list[Place]:
    """List the places around a point that lie in the frame, the best first; the last resort may leave it."""
    around = [(reach, side) for reach in (NEAR, *FAR) for side in AROUND]
    places = [_at(point, width, side, reach) for reach, side in around]
    inside = [p for p in places if _holds(frame, p.box)]
    return inside or [_pushed(places[0], width, frame)]


def _at(point: tuple[float, float], width: float, side: tuple[int, int], reach: float) -> Place:
    across, down = side
    slant = 0.7 if across and down else 1.0
    x = point[0] + across * reach * slant
    y = point[1] + down * (reach * slant + (LINE / 2 - 2 if down else 0))
    anchor: Anchor = "left" if across > 0 else "right" if across < 0 else "center"
    return Place(x, y, anchor, _box(x, y, width, anchor), reach > NEAR)


def _box(x: float, y: float, width: float, anchor: Anchor) -> Box:
    left = x - {"left": 0.0, "center": width / 2, "right": width}[anchor]
    return Box(left, y - LINE / 2, left + width, y + LINE / 2)


def _pushed(found: Place, width: float, frame: Box) -> Place:
    x = max(frame.left, min(found.box.left, frame.right - width))
    return Place(x, found.y, "left", _box(x, found.y, width, "left"), far=False)


def _holds(frame: Box, box: Box) -> bool:
    return (
        frame.left <= box.left
        and box.right <= frame.right
        and frame.top <= box.top
        and box.bottom <= frame.bottom
    )


def _cost(found: Place, boxes: Sequence[Box], lines: np.ndarray) -> float:
    box, b = found.box, np.array(boxes).reshape(-1, 4)
    wide = np.minimum(box.right, b[:, 2]) - np.maximum(box.left, b[:, 0])
    high = np.minimum(box.bottom, b[:, 3]) - np.maximum(box.top, b[:, 1])
    covered = (np.clip(wide, 0, None) * np.clip(high, 0, None)).sum()
    x, y = lines.reshape(-1, 2).T
    crossed = ((x > box.left) & (x < box.right) & (y > box.top) & (y < box.bottom)).sum()
    return float((TOUCHED * np.sqrt(covered)) + CROSSED * min(crossed, 6))
