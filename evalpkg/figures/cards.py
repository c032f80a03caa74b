"""One card a theme: its course, its share and its change, in which words, among whom, and who is concerned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from evalpkg.complaints import reading
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Protected
from evalpkg.figures import frame, marks
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.complaints import INKS, STATES, by_how_much
from evalpkg.fragment import (
    NO_REMARKS,
    Fragment,
    Record,
    escape,
    interval,
    known,
    listing,
    nothing,
    number,
    share,
    sign,
)

FIRST = 3  # themes that have a card whatever became of them
WIDTH, HEIGHT, MARGIN = 120.0, 44.0, 7.0  # px of a course; the margin holds half a sign
LEAST_SPAN = 6.0  # percentage points that the courses cover, so that a small change does not look large
DOT = 5.0
# Signs of a change in a line of words; the shape is the direction of the number, the colour says good or bad.
SIGN = '<svg class="m" aria-hidden="true" width="12" height="12" viewBox="0 0 12 12"><path d="{}" style="fill:var(--{})"/></svg>'
SIGNS = {
    "more": SIGN.format("M6 1l5 9.5H1Z", "dn,#a84a00"),
    "fewer": SIGN.format("M6 11L1 1.5h10Z", "up,#0b4f8a"),
}


class Course(NamedTuple):
    """Shares of one theme over the rounds, oldest first, with their intervals; NaN where they may not be told."""

    rounds: tuple[str, ...]
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    state: str  # of the last one


def cards(
    themes: Protected | None,
    rising: Protected | None = None,
    course: Protected | None = None,
    by: Protected | Sequence[Protected | None] | None = None,
    registry: Protected | None = None,
    *,
    calibrated: Protected | None = None,
    most: int = 6,
) -> Fragment:
    """Describe the first three themes and those whose change is sure, at most `most`.

    Parameters
    ----------
    themes, rising, calibrated
        As `figures.complaints`; also words and departments, as the analysis names them.
    course
        A row per theme and round: round, estimate, conf_low, conf_high. All cards have one scale, each centred.
    by
        Themes by group: group_label, theme, differs ("more", "less", "no"); one table or several.
    registry
        What became of each theme since the round before: id, label, status, parent.

    Notes
    -----
    No remark is quoted: what a card says passed the gate, the words are used by k respondents of the theme at least.
    """
    if themes is None:
        return nothing(NO_REMARKS)
    by_hand = _records(calibrated)
    rows = reading.levels(frame.records(frame.require(themes)), by_hand)
    moved = reading.changes(rows, _records(rising))
    chosen, left_out = _chosen(rows, moved, most)
    if not chosen:
        return nothing("各类问题提到的企业都太少，不列卡片。")
    courses = _courses(chosen, moved, _records(course))
    span = max([LEAST_SPAN, *(float(np.ptp(_ends(found))) for found in courses.values())])
    groups = [row for result in _several(by) for row in _records(result)]
    statuses = reading.statuses(_records(registry))
    made = [
        _card(
            row,
            moved.get(row["theme"]),
            _drawing(row["label"], courses.get(row["theme"]), span, f"card-{at}"),
            {
                "常见词": row.get("words"),
                "集中在": _among(row["theme"], groups),
                "涉及部门": row.get("departments"),
                "与以前比": statuses.get(row["theme"]),
            },
        )
        for at, row in enumerate(chosen)
    ]
    more = f'<p class="sub">另有 {left_out} 类的增减可以认定，见明细表。</p>' if left_out else ""
    return Fragment(f'<section class="cards">{"".join(made)}</section>{more}')


def _records(result: Protected | None) -> list[Record]:
    return [] if result is None else frame.records(frame.require(result))


def _several(by: Protected | Sequence[Protected | None] | None) -> Iterable[Protected | None]:
    return by if isinstance(by, Sequence) else (by,)


def _chosen(rows: list[Record], moved: dict[str, Record], most: int) -> tuple[list[Record], int]:
    """Return those that get a card, in the order of the figure, and how many sure changes found no room."""
    told = [row for row in rows if reading.is_told(row, "estimate") and row["theme"] != REST]
    first = [row["theme"] for row in told[: min(FIRST, most)]]
    sure = reading.sure(moved, *STATES)
    others = [row["theme"] for row in sure if row["theme"] not in (*first, REST)]
    kept = {*first, *others[: most - len(first)]}
    return [row for row in told if row["theme"] in kept], len(others) - (len(kept) - len(first))


def _among(theme: str, groups: list[Record]) -> str:
    """Name the groups that surely raise a theme more often than the others."""
    found = [row for row in groups if row.get("theme") == theme and row.get("differs") == "more"]
    names = [str(row.get("group_label", row.get("group", ""))) for row in found if reading.is_told(row)]
    return listing(names, 5) if names else ""


def _card(row: Record, change: Record | None, drawing: str, facts: dict[str, object]) -> str:
    state = STATES.get(str(change.get("direction", "no")), "") if change else ""
    tone = f" {INKS[state]}" if state else ""
    told = {head: said for head, said in facts.items() if isinstance(said, str) and said}
    listed = "".join(f"<dt>{head}</dt><dd>{escape(said)}</dd>" for head, said in told.items())
    low, high = number(row, "conf_low"), number(row, "conf_high")
    between = f'<span class="ci">（{interval(low, high)}）</span>' if known(low) and known(high) else ""
    return (
        f'<article class="card{tone}"><header><h3>{escape(row["label"])}</h3>{drawing}</header>'
        f'<p class="big"><b>{share(number(row, "estimate"))}</b>{between}{_changed(change, state)}</p>'
        f"<dl>{listed}</dl></article>"
    )


def _changed(change: Record | None, state: str) -> str:
    """Write the change with its sign; one that is not sure says so."""
    if change is None:
        return ""
    by, is_number = by_how_much(change), known(number(change, "difference"))
    if not state:
        return f'<span class="chg">{sign("same")} {by}，尚不能认定</span>'
    said = f"{by} 个百分点" if is_number else f"{by}，以前很少"
    return f'<span class="chg {INKS[state]}">{SIGNS[state]} {said}</span>'


def _courses(chosen: list[Record], moved: dict[str, Record], rounds: list[Record]) -> dict[str, Course]:
    """Return the course of each theme that has one: two rounds at least of which the share may be told."""
    found = {}
    for row in chosen:
        points = [point for point in rounds if point["theme"] == row["theme"]]
        told = [reading.is_told(point, "estimate") for point in points]
        if sum(told) < 2 or not told[-1]:
            continue
        change = moved.get(row["theme"])
        state = STATES.get(str(change.get("direction", "no")), "unsure") if change else "estimate"
        levels, low, high = (
            np.array([number(p, name) if tell else np.nan for p, tell in zip(points, told, strict=True)])
            for name in ("estimate", "conf_low", "conf_high")
        )
        found[row["theme"]] = Course(tuple(str(p["round"]) for p in points), levels, low, high, state)
    return found


def _ends(course: Course) -> np.ndarray:
    ends = np.concatenate([course.share, course.low, course.high])
    return np.asarray(ends[np.isfinite(ends)])


def _drawing(label: str, course: Course | None, span: float, prefix: str) -> str:
    """Draw one course around its own middle, on the scale that all cards share; a round without a share is a gap."""
    if course is None:
        return ""
    canvas = Canvas(WIDTH, HEIGHT)
    middle = (_ends(course).min() + _ends(course).max()) / 2
    x = np.linspace(MARGIN, WIDTH - MARGIN, len(course.share))

    def y(values: np.ndarray) -> np.ndarray:
        return np.asarray(HEIGHT / 2 - (values - middle) / span * (HEIGHT - 2 * MARGIN))

    canvas.curve(x, y(course.share), colour="midI")
    marks.course(canvas, x, y(course.share), y(course.low), y(course.high), course.state, dot=DOT)
    return canvas.svg(_says(label, course), prefix)


def _says(label: str, course: Course) -> str:
    told = [
        f"{reading.half(name)} {share(value)}"
        for name, value in zip(course.rounds, course.share, strict=True)
        if np.isfinite(value)
    ]
    return f"{label}各轮占企业的百分比：{'，'.join(told)}。"
