"""The map of importance and performance: what matters and is done badly comes first, where that is sure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalpkg.disclosure import Protected
from evalpkg.figures import fonts, frame, marks
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.forest import axis
from evalpkg.figures.layout import PHONE, SMALL, TEXT, WIDE, Panel
from evalpkg.figures.placing import LINE, Box, Place, place
from evalpkg.fragment import (
    Fragment,
    Record,
    known,
    listing,
    not_asked,
    nothing,
    number,
    score,
    to_fix,
    too_few,
)

NOTE = "椭圆为 95% 区域；名称后的百分数是落在“先改”区的把握"
UP, ACROSS = "有多重要：解释份额（%）↑", "做得怎样：企业打分 →"
FIX = ("先改这里：重要而做得差", "先改：重要而做得差", "先改这里", "先改")
KEEP = ("保持：重要且做得好", "重要且做得好", "保持")
LEAST = 5.0  # per cent of confidence from which it stands beside a name
HEAD, FOOT, STRIP = 42.0, 44.0, 26.0  # px over the frame, under it, and for the words in its upper corners
STEPS = 48  # pieces of an ellipse: no corner is seen
NO_SCORES = "没有各方面的得分，所以不画重要性与得分的图"
ALONE = "可以分析的只有一个方面，没有相对的位置，所以不画重要性与得分的图。"


@dataclass(frozen=True)
class Point:
    """One driver: share and score, its 95% region (half widths and correlation), how it is named."""

    label: str
    x: float
    y: float
    half_x: float
    half_y: float
    r: float
    fix: bool
    sure: str  # confidence that it is one to begin with, "" where negligible

    @property
    def name(self) -> str:
        """The words beside the point."""
        return f"{self.label} {self.sure}" if self.sure else self.label

    def outline(self) -> np.ndarray:
        """Return the region's line above zero, (k, 2); nothing where its size is not known.

        In direction ``a`` the height is ``y + half_y cos(a - b)`` with ``cos b`` the correlation, so that the part above zero
        is one arc around ``b``.
        """
        if not (self.half_x > 0 and self.half_y > 0 and math.isfinite(self.half_x + self.half_y + self.r)):
            return np.empty((0, 2))
        r = min(max(self.r, -1.0), 1.0)
        reach = math.acos(max(-1.0, min(1.0, -self.y / self.half_y)))
        a = math.acos(r) + np.linspace(-reach, reach, STEPS + 1)
        height = r * np.cos(a) + math.sqrt(1 - r**2) * np.sin(a)
        return np.column_stack([self.x + self.half_x * np.cos(a), self.y + self.half_y * height])


@dataclass(frozen=True)
class Map:
    """The points on their two scales, laid out in px, with the means that part the four zones."""

    points: tuple[Point, ...]
    across: Panel
    up: Panel
    mean_x: float
    mean_y: float
    width: float
    size: float

    @property
    def inside(self) -> Box:
        """The frame, px."""
        return Box(self.across.left, HEAD, self.across.right, self.up.left)

    def at(self, outline: np.ndarray) -> np.ndarray:
        """Return px positions of data (k, 2), those off a scale at its end."""
        box, x, y = self.inside, self.across(outline[:, 0]), self.up(outline[:, 1])
        return np.column_stack([np.clip(x, box.left, box.right), np.clip(y, box.top, box.bottom)])

    @property
    def divided(self) -> bool:
        """Whether the means are known."""
        return known(self.mean_x) and known(self.mean_y)


def importance_performance(
    result: Protected | None,
    *,
    no: int = 2,
    title: str = "重要性与表现",
    note: str = NOTE,
    id: str = "importance-performance",
) -> Fragment:
    """Draw each driver by its own score and its share of the explained variance.

    Parameters
    ----------
    result
        Columns label, estimate (share, %), score (0-100), p_fix (%), zone ("fix" is drawn as established); ellipse_sd_x,
        ellipse_sd_y, ellipse_r with `extra["ellipse_t"]` make the 95% regions; `extra["mean_score"]` and
        `extra["mean_share"]` part the zones. What is not known is not drawn.
    """
    if result is None:
        return not_asked("总体满意度和各方面的评价")
    records = frame.records(frame.require(result))
    t = result.extra.get("ellipse_t", math.nan)
    points = tuple(_point(r, t) for r in records if not too_few(r) and _located(r))
    if not points:
        return nothing(f"{'；'.join(result.extra.get('notes', ())) or NO_SCORES}。")
    if len(records) < 2:
        return nothing(ALONE)
    means = float(result.extra.get("mean_score", math.nan)), float(result.extra.get("mean_share", math.nan))
    wide, phone = (_draw(_map(points, means, *form)) for form in ((WIDE, 420.0, TEXT), (PHONE, 320.0, SMALL)))
    without = [r["label"] for r in records if too_few(r) or not _located(r)]
    left_out = f"没有画出（人数太少或没有得分）：{listing(without)}；" if without else ""
    caption = frame.caption(no, title, note)
    return frame.figure(
        id, [frame.Part(wide, phone, _says(title, records))], caption, left_out + frame.base_of(result)
    )


def _located(record: Record) -> bool:
    return known(number(record, "estimate")) and known(number(record, "score"))


def _point(record: Record, t: float) -> Point:
    half_x, half_y = (t * number(record, f"ellipse_sd_{end}") for end in ("x", "y"))
    shown = number(record, "p_fix") >= LEAST
    return Point(
        record["label"], number(record, "score"), number(record, "estimate"), half_x, half_y,
        number(record, "ellipse_r"), record.get("zone") == "fix", to_fix(record) if shown else "",
    )  # fmt: skip


def _map(
    points: tuple[Point, ...], means: tuple[float, float], width: float, height: float, size: float
) -> Map:
    """Choose scales that hold every region, and lay them out: the vertical one runs from the foot of the frame up."""
    reach = np.vstack([[[p.x, p.y] for p in points], *(p.outline() for p in points)])
    across, up = axis([*reach[:, 0], means[0]]), axis([*reach[:, 1], means[1]], zero=True)
    left = 8 + max(fonts.width(label, TEXT) for label in up.labels())
    return Map(
        points=points,
        across=Panel(left, width - 10, across),
        up=Panel(HEAD + height, HEAD + STRIP, up),
        mean_x=means[0],
        mean_y=means[1],
        width=width,
        size=size,
    )


def _draw(at: Map) -> Canvas:
    canvas = Canvas(at.width, at.inside.bottom + FOOT)
    if at.divided:
        _zones(canvas, at)
    _scales(canvas, at)
    for point in at.points:
        line = at.at(point.outline())
        colour, width = ("dnI", 2.0) if point.fix else ("midI", 1.25)
        canvas.curve(line[:, 0], line[:, 1], colour=colour, width=width)
    taken = _corners(canvas, at)
    states = ["lower" if point.fix else "unsure" for point in at.points]
    x, y = at.across([p.x for p in at.points]), at.up([p.y for p in at.points])
    places = _places(at, list(zip(x.tolist(), y.tolist(), strict=True)), taken)
    for point, found, px, py in zip(at.points, places, x, y, strict=True):
        _name(canvas, at, point, found, (float(px), float(py)))
    marks.estimates(canvas, x, y, states)
    return canvas


def _zones(canvas: Canvas, at: Map) -> None:
    """Wash the zone to begin with and draw the means that part the zones."""
    box, x, y = at.inside, float(at.across(at.mean_x)), float(at.up(at.mean_y))
    canvas.box(box.left, box.top, x - box.left, y - box.top, colour="dnW")
    marks.reference(canvas, x, [box.top], [box.bottom])
    canvas.curve([box.left, box.right], [y, y], colour="ink", dashed=True)


def _scales(canvas: Canvas, at: Map) -> None:
    box = at.inside
    canvas.columns(box.left, box.top, box.bottom, colour="midI")
    canvas.rows([box.bottom], box.left, box.right, colour="midI", width=1)
    for tick, label in zip(at.across.axis.ticks, at.across.axis.labels(), strict=True):
        x = float(at.across(tick))
        canvas.columns(x, box.bottom, box.bottom + 4, colour="midI")
        canvas.text(x, box.bottom + 14, label, size=at.size, colour="ink3", anchor="center")
    for tick, label in zip(at.up.axis.ticks, at.up.axis.labels(), strict=True):
        canvas.rows([float(at.up(tick))], box.left - 4, box.left, colour="midI", width=1)
        canvas.text(box.left - 7, float(at.up(tick)), label, size=at.size, colour="ink3", anchor="right")
    canvas.text(0, 10, UP, bold=True)
    canvas.text(box.right, box.bottom + 34, ACROSS, bold=True, anchor="right")
    if at.divided:
        x = float(at.across(at.mean_x))
        label = f"平均 {score(at.mean_x)}"
        half = fonts.width(label, at.size) / 2
        canvas.text(min(x, box.right - half), box.top - 11, label, size=at.size, anchor="center")


def _corners(canvas: Canvas, at: Map) -> list[Box]:
    """Say what the four zones mean, in their corners, and return where those words stand."""
    if not at.divided:
        return []
    box, x, y = at.inside, float(at.across(at.mean_x)), float(at.up(at.mean_y))
    top, bottom = box.top + 14, box.bottom - 13
    words = [
        (box.left + 8, top, _fitting(FIX, x - box.left - 12, at.size), "left", "dn", "dnW"),
        (box.right - 6, top, _fitting(KEEP, box.right - x - 12, at.size), "right", "ink3", "paper"),
        (box.left + 8, bottom, _fitting(("次要而做得差",), x - box.left - 12, at.size), "left", "ink3", "paper"),
        (box.right - 6, bottom, _fitting(("次要且做得好",), box.right - x - 12, at.size), "right", "ink3", "paper"),
        (box.right - 6, y - 10, f"平均 {score(at.mean_y)}", "right", "ink", "paper"),
    ]  # fmt: skip
    taken = []
    for left, middle, said, anchor, colour, halo in words:
        wide = fonts.width(said, at.size, bold=colour == "dn")
        canvas.text(
            left, middle, said, size=at.size, colour=colour, bold=colour == "dn",
            anchor="left" if anchor == "left" else "right", halo=halo,
        )  # fmt: skip
        start = left if anchor == "left" else left - wide
        taken.append(Box(start, middle - LINE / 2, start + wide, middle + LINE / 2))
    return taken


def _fitting(ways: tuple[str, ...], room: float, size: float) -> str:
    """Return the fullest way to say it that has room; nothing where none has."""
    return next((said for said in ways if fonts.width(said, size, bold=True) <= room), "")


def _places(at: Map, points: list[tuple[float, float]], taken: list[Box]) -> list[Place]:
    widths = [fonts.width(p.name, at.size, bold=p.fix) for p in at.points]
    lines = [at.at(p.outline()) for p in at.points]
    if at.divided:
        x, y, box = float(at.across(at.mean_x)), float(at.up(at.mean_y)), at.inside
        lines.append(np.column_stack([np.full(120, x), np.linspace(box.top, box.bottom, 120)]))
        lines.append(np.column_stack([np.linspace(box.left, box.right, 120), np.full(120, y)]))
    order = sorted(range(len(points)), key=lambda i: (not at.points[i].fix, -at.points[i].y))
    inner = Box(at.inside.left + 3, at.inside.top + 3, at.inside.right - 3, at.inside.bottom - 2)
    found = place([points[i] for i in order], [widths[i] for i in order], inner, taken, np.vstack(lines))
    return [found[order.index(i)] for i in range(len(points))]


def _name(canvas: Canvas, at: Map, point: Point, found: Place, sign: tuple[float, float]) -> None:
    """Print a name where it has room; from afar a thin line leads to its sign."""
    if found.far:
        edge = min(max(sign[0], found.box.left), found.box.right)
        end = found.box.bottom if found.box.bottom < sign[1] else found.box.top
        end = found.y if found.box.top <= sign[1] <= found.box.bottom else end
        canvas.curve([sign[0], edge], [sign[1], end], colour="midI")
    washed = at.divided and sign[0] < at.across(at.mean_x) and sign[1] < at.up(at.mean_y)
    canvas.text(
        found.x, found.y, point.name, size=at.size, bold=point.fix, colour="dn" if point.fix else "ink",
        anchor=found.anchor, halo="dnW" if washed else "paper",
    )  # fmt: skip


def _says(title: str, records: list[Record]) -> str:
    """Name those to begin with and those of which it is not sure, each with its confidence."""
    shown = [record for record in records if not too_few(record) and _located(record)]
    fix = [_sure(record) for record in shown if record.get("zone") == "fix"]
    open_ = [_sure(r) for r in shown if r.get("zone") != "fix" and number(r, "p_fix") >= LEAST]
    first = f"可以认定重要而做得差、要先改的有{listing(fix, 9)}" if fix else "没有哪一项可以认定要先改"
    rest = f"；尚不能认定的有{listing(open_, 9)}" if open_ else ""
    return f"{title}：{len(shown)} 个方面按企业打分和解释份额的位置，{first}{rest}。"


def _sure(record: Record) -> str:
    return (
        f"{record['label']}（份额 {score(number(record, 'estimate'))}%，得分 {score(number(record, 'score'))}，"
        f"把握 {to_fix(record)}）"
    )
