"""A drawing surface in CSS pixels, y downwards, that matplotlib fills and `svg.compact` writes out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
import seaborn
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from evalpkg.figures import fonts, svg
from evalpkg.figures.palette import COLOURS
from evalpkg.fragment import plain

DPI = 72  # one point is one pixel
BASELINE = 0.36  # ems from the middle of a line of Chinese text down to its baseline
Anchor = Literal["left", "center", "right"]


class Canvas:
    """Draw marks and words at pixel positions.

    Everything is drawn in the order of the calls. Positions are px from the top left corner; colours are
    names of the palette.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._texts: dict[str, svg.Words] = {}
        with matplotlib.rc_context(style()):
            self._figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, frameon=False)
            self._axes = self._figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 13,
        colour: str = "ink",
        bold: bool = False,
        anchor: Anchor = "left",
        halo: str = "",
    ) -> None:
        """Print one line of words whose middle is at height `y`; a halo of that colour keeps lines off it."""
        words = plain(words)
        if not words:
            return
        name = f"words{len(self._texts)}"
        self._texts[name] = svg.Words(words, halo)
        self._axes.text(
            x,
            y + BASELINE * size,
            fonts.covered(words),
            gid=name,
            parse_math=False,
            color=COLOURS[colour],
            ha=anchor,
            va="baseline",
            fontproperties=FontProperties(
                fname=str(fonts.SANS), size=size, weight="bold" if bold else "normal"
            ),
        )

    def rows(
        self,
        y: ArrayLike,
        low: ArrayLike,
        high: ArrayLike,
        *,
        colour: str,
        width: float,
        dashed: bool = False,
    ) -> None:
        """Draw horizontal lines from `low` to `high` at heights `y`; NaN draws nothing."""
        y, low, high = _finite(y, low, high)
        if len(y):
            self._axes.hlines(y, low, high, **_line(colour, width, (1.6, 1.1) if dashed else None))

    def columns(
        self,
        x: ArrayLike,
        top: ArrayLike,
        bottom: ArrayLike,
        *,
        colour: str,
        width: float = 1,
        dashed: bool = False,
    ) -> None:
        """Draw vertical lines from `top` to `bottom` at positions `x`; NaN draws nothing."""
        x, top, bottom = _finite(x, top, bottom)
        if len(x):
            self._axes.vlines(x, top, bottom, **_line(colour, width, (3, 2) if dashed else None))

    def curve(
        self, x: ArrayLike, y: ArrayLike, *, colour: str, width: float = 1, dashed: bool = False
    ) -> None:
        """Draw one line through the positions in turn; closed where it ends as it began."""
        x, y = _finite(x, y)
        if len(x) > 1:
            style = "solid" if not dashed else (0, (3, 2))
            self._axes.plot(
                x, y, color=COLOURS[colour], lw=width, ls=style, solid_capstyle="butt", dash_capstyle="butt",
                clip_on=False,
            )  # fmt: skip

    def box(self, x: float, y: float, width: float, height: float, *, colour: str) -> None:
        """Fill a rectangle; one without extent is left out."""
        if width > 0 and height > 0:
            self._axes.add_patch(
                Rectangle((x, y), width, height, fc=COLOURS[colour], ec="none", clip_on=False)
            )

    def points(
        self, x: ArrayLike, y: ArrayLike, *, marker: str, size: float, fill: str, edge: str, line: float
    ) -> None:
        """Put markers of `size` px (edge line not counted) at the positions; NaN draws nothing."""
        x, y = _finite(x, y)
        if len(x):
            self._axes.plot(
                x,
                y,
                ls="none",
                marker=marker,
                ms=size,
                mfc=COLOURS[fill],
                mec=COLOURS[edge],
                mew=line,
                clip_on=False,
            )

    def svg(self, label: str, prefix: str) -> str:
        """Return the drawing as inline SVG; the same calls give the same bytes."""
        target = io.BytesIO()
        with matplotlib.rc_context(style()):
            self._figure.savefig(target, format="svg", metadata={"Date": None})
        return svg.compact(target.getvalue(), self._texts, label, prefix)


def style() -> dict[str, object]:
    """Return the settings that a drawing needs, for use within `rc_context` only."""
    return {
        **seaborn.axes_style("white"),
        "svg.fonttype": "none",
        "svg.hashsalt": "evalpkg",
        "path.simplify": False,
    }


def _line(colour: str, width: float, dash: tuple[float, float] | None) -> dict[str, Any]:
    """Say how a line is drawn; `dash` in widths of the line."""
    style = "solid" if dash is None else (0, dash)
    return {
        "color": COLOURS[colour],
        "lw": width,
        "linestyles": [style],
        "capstyle": "butt",
        "clip_on": False,
    }


def _finite(*values: ArrayLike) -> Sequence[np.ndarray]:
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))
    keep = np.all([np.isfinite(array) for array in arrays], axis=0)
    return [np.atleast_1d(array)[np.atleast_1d(keep)] for array in arrays]
