"""Small multiples over rounds: each panel one item, all of one span, so that only slopes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalpkg.complaints.reading import half, is_told
from evalpkg.disclosure import Protected
from evalpkg.figures import fonts, frame, marks
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.layout import NAME, PHONE, SMALL, SUMMARY, TEXT, WIDE
from evalpkg.fragment import Fragment, Record, known, nothing, number, score, signed

NO_ROUNDS = "本轮没有可以画出走势的题目。"
GROUPS = {"总体与营商环境": ("overall", "environment", "recommend"), "服务方面": ("driver",)}
STATES = {"rising": "higher", "falling": "lower", "no": "unsure"}
INKS = {"higher": "up", "lower": "dn"}
LEAST_SPAN = 12.0  # points that every panel covers, so that a small change does not look large
HEAD, PLOT, FOOT = 34.0, 62.0, 24.0  # px of a panel: name and change, lines, names of the rounds
COLUMN_GAP, ROW_GAP, TITLE = 24.0, 12.0, 28.0
MARGIN, VALUE = 12.0, 44.0  # px beside the first point, and for the number after the last
DOT = 6.0
BROKEN = "题目改过"


@dataclass(frozen=True, eq=False)
class Panel:
    """One item over R rounds: places in half-years, levels with limits (NaN where not drawn), how the last is judged.

    `cut` is the place of the vertical line before which the item was another, NaN where there is none; `why` says what changed.
    """

    label: str
    place: np.ndarray
    level: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rounds: tuple[str, ...]
    state: str
    change: str
    cut: float = np.nan
    why: str = BROKEN

    @property
    def ends(self) -> np.ndarray:
        """All numbers that the panel has to hold."""
        ends = np.concatenate([self.level, self.low, self.high])
        return np.asarray(ends[np.isfinite(ends)])


def multiples(
    course: Protected | None,
    changes: Protected | None = None,
    *,
    no: int = 1,
    title: str = "各轮走势",
    note: str = "右上角为变化（分）。各图刻度相同、各自居中：只比陡缓，不比高低",
    id: str = "multiples",
) -> Fragment:
    """Draw overall satisfaction, environments and service dimensions over all rounds.

    Parameters
    ----------
    course
        A row per item and round: item, label, kind, round, estimate, conf_low, conf_high; `reason` where the item was another
        in that round: it is not drawn, and a dotted line stands before the first that may be joined.
    changes
        A row per item: estimate (change), direction ("rising", "falling", "no", ""), reason. None in the first round.
    """
    if course is None:
        return nothing(NO_ROUNDS)
    rows = frame.records(frame.require(course))
    judged = {} if changes is None else {row["item"]: row for row in frame.records(frame.require(changes))}
    groups = {name: _panels(rows, judged, kinds) for name, kinds in GROUPS.items()}
    panels = [panel for found in groups.values() for panel in found]
    if not panels:
        return nothing(NO_ROUNDS)
    span = max([LEAST_SPAN, *(float(np.ptp(panel.ends)) for panel in panels)])
    scale = (min(panel.place.min() for panel in panels), max(panel.place.max() for panel in panels), span)
    parts = [
        frame.Part(_grid(name, found, scale, WIDE, 3), _grid(name, found, scale, PHONE, 2), _says(found))
        for name, found in groups.items()
        if found
    ]
    base = frame.base_of(course, *(frame.notes_of(course)))
    return frame.figure(id, parts, frame.caption(no, title, note), base)


def multiple_signs(course: Protected | None, changes: Protected | None = None) -> tuple[str, ...]:
    """Return the signs that the figure uses, for its legend."""
    if course is None:
        return ()
    judged = [] if changes is None else frame.records(frame.require(changes))
    states = {STATES.get(str(row.get("direction", "")), "") for row in judged}
    sure = ("sure",) if states & set(INKS) else ()
    return ("estimate", *sure, *(("unsure",) if "unsure" in states else ()))


def summary_trend(
    course: Protected | None, changes: Protected | None = None, *, id: str = "summary-trend"
) -> Fragment:
    """Draw overall satisfaction over the rounds, for the leaders' page."""
    rows = [] if course is None else frame.records(frame.require(course))
    judged = {} if changes is None else {row["item"]: row for row in frame.records(frame.require(changes))}
    panels = _panels(rows, judged, ("overall",))
    if not panels:
        return nothing(NO_ROUNDS)
    panel, canvas = panels[0], Canvas(SUMMARY, 112.0)
    span = max(LEAST_SPAN / 2, float(np.ptp(panel.ends)))
    first, last = panel.place.min(), panel.place.max()
    x = 30 + (panel.place - first) / max(last - first, 1) * (SUMMARY - 60)
    _line(canvas, panel, x, 28.0, 48.0, span)
    tops = _heights(panel, panel.high, 28.0, 48.0, span)
    for at, name in enumerate(panel.rounds):
        is_last = at == len(x) - 1
        canvas.text(
            x[at], 102, _short(name), bold=is_last, colour="ink" if is_last else "ink3", anchor="center"
        )
        if known(panel.level[at]):
            size = 18.0 if is_last else TEXT
            canvas.text(
                x[at], max(tops[at] - 12, 9), score(panel.level[at]), size=size, bold=is_last,
                colour="ink" if is_last else "ink2", anchor="center",
            )  # fmt: skip
    return frame.small(id, canvas, _says([panel]))


def _panels(rows: Sequence[Record], judged: dict[str, Record], kinds: Sequence[str]) -> list[Panel]:
    items = dict.fromkeys(row["item"] for row in rows if row["kind"] in kinds)
    found = [_panel([row for row in rows if row["item"] == item], judged.get(item)) for item in items]
    return [panel for panel in found if len(panel.ends) and known(panel.level[-1])]


def _panel(rows: Sequence[Record], change: Record | None) -> Panel:
    told = np.array([is_told(row, "estimate") and not row.get("reason") for row in rows])
    place = np.array([_place(str(row["round"])) for row in rows], dtype=float)
    levels = [
        np.where(told, [number(row, name) for row in rows], np.nan)
        for name in ("estimate", "conf_low", "conf_high")
    ]
    whys = [str(row["reason"]) for row in rows if row.get("reason")]
    others = np.flatnonzero([bool(row.get("reason")) for row in rows])
    cut = place[others[-1] : others[-1] + 2].mean() if len(others) and others[-1] < len(rows) - 1 else np.nan
    direction = "" if change is None else str(change.get("direction", ""))
    by = signed(number(change, "estimate")) if direction and change is not None else ""
    return Panel(
        label=rows[0]["label"],
        place=place,
        level=levels[0],
        low=levels[1],
        high=levels[2],
        rounds=tuple(str(row["round"]) for row in rows),
        state=STATES.get(direction, "estimate"),
        change=by,
        cut=float(cut),
        why=whys[-1] if whys else BROKEN,
    )


def _place(round_id: str) -> int:
    """Return the number of a half-year, so that a round that is missing leaves a gap."""
    return 2 * int(round_id[:4]) + int(round_id[-1]) - 1


def _short(round_id: str) -> str:
    """Name a round under an axis.

    >>> _short("2022H2")
    '2022下'
    """
    return f"{round_id[:4]}{'上' if round_id.endswith('1') else '下'}"


def _grid(
    name: str, panels: Sequence[Panel], scale: tuple[float, float, float], width: float, columns: int
) -> Canvas:
    """Lay the panels of one group out, `columns` side by side."""
    gap = COLUMN_GAP if columns > 2 else 16.0
    size = (width - gap * (columns - 1)) / columns
    height = HEAD + PLOT + FOOT
    lines = -(-len(panels) // columns)
    canvas = Canvas(width, TITLE + lines * (height + ROW_GAP) - ROW_GAP)
    canvas.text(0, 12, name, size=NAME, bold=True)
    for at, panel in enumerate(panels):
        _draw(
            canvas,
            panel,
            (at % columns) * (size + gap),
            TITLE + (at // columns) * (height + ROW_GAP),
            size,
            scale,
        )
    return canvas


def _draw(
    canvas: Canvas, panel: Panel, left: float, top: float, width: float, scale: tuple[float, float, float]
) -> None:
    sure = panel.state in INKS
    ink = INKS.get(panel.state, "ink")
    canvas.box(left, top, width, 1.5 if sure else 1.0, colour="ink" if sure else "rule")
    if panel.change:
        marks.estimates(canvas, [left + 6], [top + 15], [panel.state])
        canvas.text(
            left + width, top + 15, panel.change, bold=sure, colour=ink if sure else "ink2", anchor="right"
        )
    room = width - 20 - fonts.width(panel.change, TEXT, bold=True) - 8
    size, words = fonts.fit(panel.label, NAME, room, lines=1)
    canvas.text(left + (18 if panel.change else 0), top + 15, words[0], size=size, bold=sure)
    first, last, span = scale
    x = left + MARGIN + (panel.place - first) / max(last - first, 1) * (width - MARGIN - VALUE)
    _line(canvas, panel, x, top + HEAD, PLOT, span)
    _cut(canvas, panel, left, top + HEAD, x)
    y = _heights(panel, panel.level, top + HEAD, PLOT, span)
    canvas.text(x[-1] + 9, y[-1], score(panel.level[-1]), bold=True, colour=ink)
    shown = np.flatnonzero(np.isfinite(panel.level))
    if len(shown) > 1:
        at = shown[0]
        above = _heights(panel, panel.high, top + HEAD, PLOT, span)[at] - 8
        canvas.text(x[at] - 6, max(above, top + HEAD), score(panel.level[at]), size=SMALL, colour="ink3")
    for at in {0, len(x) - 1}:
        canvas.text(
            x[at],
            top + HEAD + PLOT + 14,
            _short(panel.rounds[at]),
            size=SMALL,
            colour="ink3",
            anchor="center" if at else "left",
        )


def _cut(canvas: Canvas, panel: Panel, left: float, top: float, x: np.ndarray) -> None:
    """Draw where the item became another."""
    if not np.isfinite(panel.cut):
        return
    at = float(np.interp(panel.cut, panel.place, x))
    canvas.columns(at, top, top + PLOT, colour="ink3", dashed=True)
    canvas.text(
        max(left, at - 8 - fonts.width(panel.why, SMALL)),
        top + PLOT / 2,
        panel.why,
        size=SMALL,
        colour="ink3",
    )


def _heights(panel: Panel, values: np.ndarray, top: float, height: float, span: float) -> np.ndarray:
    """Return px of values, the panel's own middle in the middle."""
    middle = (panel.ends.min() + panel.ends.max()) / 2
    return np.asarray(top + height / 2 - (values - middle) / span * (height - 8))


def _line(canvas: Canvas, panel: Panel, x: np.ndarray, top: float, height: float, span: float) -> None:
    """Draw points with vertical intervals; a line joins what follows each other half-year by half-year."""

    def y(values: np.ndarray) -> np.ndarray:
        return _heights(panel, values, top, height, span)

    for run in _runs(panel):
        canvas.curve(x[run], y(panel.level[run]), colour="midI")
    marks.course(canvas, x, y(panel.level), y(panel.low), y(panel.high), panel.state, dot=DOT)


def _runs(panel: Panel) -> list[np.ndarray]:
    """Return the stretches without a gap: neither a missing half-year nor an item that was another."""
    shown = np.flatnonzero(np.isfinite(panel.level))
    breaks = np.flatnonzero(np.diff(panel.place[shown]) > 1) + 1
    return np.split(shown, breaks)


def _says(panels: Sequence[Panel]) -> str:
    """Say in one sentence what the panels show."""
    sure = {"higher": "升可以认定", "lower": "降可以认定", "unsure": "尚不能认定"}
    said = []
    for panel in panels:
        told = [f"{half(r)} {score(v)}" for r, v in zip(panel.rounds, panel.level, strict=True) if known(v)]
        change = f"，变化 {panel.change}，{sure[panel.state]}" if panel.change else ""
        broken = f"（以前{panel.why}，不画）" if np.isfinite(panel.cut) else ""
        said.append(f"{panel.label}{broken}：{'，'.join(told)}{change}")
    return "；".join(said) + "。"
