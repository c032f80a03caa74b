"""The line 读图 that ends a page: only the signs that the page really uses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evalpkg.figures import marks
from evalpkg.figures.canvas import Canvas
from evalpkg.fragment import Fragment, escape

MIDDLE = 8.0
HEIGHT = 16.0


def legend(*signs: str, tick: str = "对照值", reference: str = "基准") -> Fragment:
    """Explain the named signs in the order given.

    Parameters
    ----------
    signs
        Of estimate, family, few, share, ranks, region, reference, tick, register, count, curve, listed, cut, sure, moved,
        unsure.
    tick, reference
        What the short vertical ticks and the dashed line stand for on this page.

    Raises
    ------
    KeyError
        An unknown sign.
    """
    if not signs:
        return Fragment("")
    words = {
        name: said.format(tick=escape(tick), reference=escape(reference))
        for name, (_, _, said) in SIGNS.items()
    }
    items = "".join(f'<span class="k">{_picture(name)}{words[name]}</span>' for name in signs)
    return Fragment(f'<p class="read"><b>读图</b>{items}</p>')


def _picture(name: str) -> str:
    width, draw, _ = SIGNS[name]
    canvas = Canvas(width, HEIGHT)
    draw(canvas)
    return canvas.svg("", f"sign-{name}").replace('role="img" aria-label=""', 'aria-hidden="true"', 1)


def _estimate(canvas: Canvas) -> None:
    marks.intervals(canvas, [MIDDLE], [0], [canvas.width], ["estimate"])
    marks.estimates(canvas, [canvas.width / 2], [MIDDLE], ["estimate"])


def _few(canvas: Canvas) -> None:
    marks.intervals(canvas, [MIDDLE], [0], [canvas.width], ["few"])
    marks.estimates(canvas, [canvas.width / 2], [MIDDLE], ["few"])


def _family(canvas: Canvas) -> None:
    marks.families(canvas, [MIDDLE], [0], [canvas.width], ["unsure"])
    marks.intervals(canvas, [MIDDLE], [8], [canvas.width - 8], ["unsure"])


def _ranks(canvas: Canvas) -> None:
    marks.rank_sets(canvas, [MIDDLE], [0], [canvas.width], ["unsure"])


def _region(canvas: Canvas) -> None:
    turn = np.linspace(0, 2 * np.pi, 49)
    canvas.curve(14 + 12 * np.cos(turn), MIDDLE + 6 * np.sin(turn), colour="midI", width=1.25)


def _share(canvas: Canvas) -> None:
    marks.bars(canvas, 0, [24], [MIDDLE], height=marks.TRACK, colour="track")
    marks.intervals(canvas, [MIDDLE], [14], [34], ["estimate"])
    marks.estimates(canvas, [24], [MIDDLE], ["estimate"])


def _reference(canvas: Canvas) -> None:
    marks.reference(canvas, canvas.width / 2, [1], [HEIGHT - 1])


def _tick(canvas: Canvas) -> None:
    marks.ticks(canvas, [canvas.width / 2], [MIDDLE])


def _register(canvas: Canvas) -> None:
    marks.bars(canvas, 0, [canvas.width], [MIDDLE], height=marks.REGISTER, colour="midI")


def _count(canvas: Canvas) -> None:
    canvas.box(0, MIDDLE - 6, canvas.width, 12, colour="midI")


def _curve(canvas: Canvas) -> None:
    canvas.curve([0, 10, 10, 20, 20, 28], [3, 3, 8, 8, 13, 13], colour="ink2", width=2.5)


def _listed(canvas: Canvas) -> None:
    canvas.text(canvas.width / 2, MIDDLE, "—", colour="ink3", anchor="center")


def _cut(canvas: Canvas) -> None:
    marks.cuts(canvas, canvas.width, [MIDDLE], "right")


def _unsure(canvas: Canvas) -> None:
    marks.estimates(canvas, [canvas.width / 2], [MIDDLE], ["unsure"])


def _sure(canvas: Canvas) -> None:
    marks.estimates(canvas, [7, 21], [MIDDLE, MIDDLE], ["higher", "lower"])


def _moved(canvas: Canvas) -> None:
    marks.estimates(canvas, [7, 21], [MIDDLE, MIDDLE], ["more", "fewer"])


SIGNS: dict[str, tuple[float, Callable[[Canvas], None], str]] = {
    "estimate": (28.0, _estimate, "估计值与 95% 区间"),
    "family": (36.0, _family, "细线：各项同时比较时的区间，判断以此为准"),
    "ranks": (28.0, _ranks, "粗条：名次可能在的范围，条上不画点"),
    "region": (28.0, _region, "椭圆：95% 区域"),
    "share": (36.0, _share, "占比（从零画起）与 95% 区间"),
    "few": (28.0, _few, "断线：只有 30 至 59 家"),
    "sure": (28.0, _sure, "实心：可以认定"),
    "moved": (28.0, _moved, "实心：增多（橙）、减少（蓝）可以认定"),
    "unsure": (12.0, _unsure, "空心：尚不能认定"),
    "reference": (8.0, _reference, "虚线：{reference}"),
    "tick": (8.0, _tick, "短竖线：{tick}"),
    "register": (28.0, _register, "条：全体企业的实数，非抽样"),
    "count": (28.0, _count, "条：登记的实数，非抽样；深色是关键的一项"),
    "curve": (28.0, _curve, "梯线：还没有办结的占比；两条细线是它的 95% 区间"),
    "cut": (10.0, _cut, "箭头：区间超出图幅"),
    "listed": (14.0, _listed, "家数太少，只列不排"),
}
