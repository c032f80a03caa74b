"""Measures: how far each department rose beyond those without one, and its course before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from evalpkg.disclosure import Protected
from evalpkg.figures import draw, fonts, frame, marks
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.departments import DRESS
from evalpkg.figures.forest import Forest, Head, Row, differences, endpoints
from evalpkg.figures.layout import NAME, PHONE, SMALL, TEXT, WIDE, Panel
from evalpkg.fragment import ABSENT, Fragment, Record, known, listing, nothing, number, signed
from evalpkg.measures import reading

NONE = "还没有登记的措施，所以这里不列。"
NOT_YET = "还没有一项措施有判断，所以不画前后的变化。"
MOST = 5  # measures on the leaders' page
PER_ROW = 3
GAP, HEIGHT = 26.0, 200.0  # px between panels, and of one
TOP, FOOT, SCALE = 74.0, 40.0, 30.0  # px of a panel: over the drawing, under it, for its numbers
BESIDE = 6.0  # px by which the bar of the others stands left of the point
ROLE = {"baseline": "基期", "source": "起因", "judge": "评估"}


def measures(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各项措施：部门得分多升了多少",
    note: str = "以没有措施的部门为对照",
    id: str = "measures",
) -> Fragment:
    """Draw a row a measure: the rise of its departments beyond that of departments without one, against zero.

    Parameters
    ----------
    result
        As `measures.judged` gives it: label, department_label, main, estimate, conf_low, conf_high (thick line), family_low,
        family_high (thin line, all measures of a round at once), verdict, direction, reason.
    """
    if result is None:
        return nothing(NONE)
    rows = _rows(result)
    forest = Forest(
        rows,
        differences(endpoints(rows), signed=True),
        panel=Head("比没有措施的部门多升（分）与 95% 区间"),
        value=Head("多升"),
        columns=(Head("结论"),),
        reference=0.0,
        signed=True,
        row_height=38.0,
    )
    base = frame.base_of(result, *frame.notes_of(result))
    return frame.figure(id, [frame.part(forest, _says(title, rows))], frame.caption(no, title, note), base)


def summary_measures(result: Protected | None, *, most: int = MOST, id: str = "summary-measures") -> Fragment:
    """Draw the measures for the leaders' page: first what is established, then what is open, at most `most`."""
    if result is None:
        return nothing(NONE)
    due = [row for row in _sorted(result) if reading.outcome(row) != reading.PENDING]
    if not due:
        return nothing(NOT_YET)
    rows = tuple(_row(row, str(row["label"])) for row in due)
    if len(rows) > most:
        rows = (*rows[: most - 1], Row(f"另有 {len(rows) - most + 1} 项", state="listed", cells=("",)))
    forest = Forest(
        rows,
        differences(endpoints(rows), signed=True),
        value=Head(""),
        reference=0.0,
        reference_label="变差（分）变好" if any(known(row.estimate) for row in rows) else "",
        signed=True,
        row_height=26.0,
    )
    return frame.small(id, draw.summary(forest), _says("措施是否见效", rows))


def measure_signs(result: Protected | None) -> tuple[str, ...]:
    """Return the signs that the figure of measures uses, for its legend."""
    rows = () if result is None else _rows(result)
    states = {row.state for row in rows}
    used = {
        "family": any(known(row.family_low) for row in rows),
        "sure": bool(states & set(marks.SURE)),
        "unsure": "unsure" in states,
        "reference": any(known(row.estimate) for row in rows),
    }
    return tuple(name for name, is_used in used.items() if is_used)


def _rows(result: Protected) -> tuple[Row, ...]:
    return tuple(
        _row(record, f"{record['department_label']}：{record['label']}") for record in _sorted(result)
    )


def _sorted(result: Protected) -> list[Record]:
    """Return a row a measure: first what is established, then what is open, what cannot be judged, what is not due."""
    kinds = reading.by_outcome(reading.main_rows(frame.records(frame.require(result))))
    return [row for found in kinds.values() for row in found]


def _row(record: Record, label: str) -> Row:
    """Word a measure; one without a verdict says why in place of its interval."""
    said = reading.outcome(record)
    state = reading.STATES.get(said)
    if state is None or not known(number(record, "estimate")):
        return Row(label, state="listed", value=ABSENT, note=reading.why(record), cells=(said,))
    row = Row(
        label,
        number(record, "estimate"),
        low=number(record, "conf_low"),
        high=number(record, "conf_high"),
        family_low=number(record, "family_low"),
        family_high=number(record, "family_high"),
        state=state,
        value=signed(number(record, "estimate")),
        cells=(said,),
        phone=said,
    )
    dress: dict[str, Any] = DRESS.get(state, {})
    return replace(row, **dress)


def _says(title: str, rows: Sequence[Row]) -> str:
    told = [f"{row.label} {row.value}，{row.cells[0]}" for row in rows if known(row.estimate)]
    rest = sum(not known(row.estimate) for row in rows)
    said = f"{title}（分）：{listing(told, 8)}" if told else f"{title}：还没有一项可以判断"
    return f"{said}{f'；其余 {rest} 项没有判断' if told and rest else ''}。"


# --- before and after -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """One measure through the rounds: rows of the panel, its verdict, and the scale that all panels share."""

    rows: Sequence[Record]
    verdict: Record
    span: tuple[float, float]
    first: float
    last: float

    @property
    def state(self) -> str:
        """The sign of its verdict."""
        return reading.STATES.get(reading.outcome(self.verdict), "unsure")

    @property
    def name(self) -> str:
        """Its departments."""
        return str(self.rows[0]["department_label"])


def measure_events(
    panel: Protected | None,
    result: Protected | None,
    *,
    no: int = 2,
    title: str = "实施前后各轮",
    note: str = "没有措施的部门同期变化＝0，基期平均也＝0；粗条：没有措施的部门里中间九成；竖虚线：实施日",
    id: str = "measure-events",
) -> Fragment:
    """Draw each judged measure round by round, beside where the departments without one lie.

    Parameters
    ----------
    panel, result
        As `measures.panel` and `measures.judged` give them.
    """
    if panel is None or result is None:
        return nothing(NOT_YET if result is not None else NONE)
    courses = _courses(frame.records(frame.require(panel)), frame.records(frame.require(result)))
    chunks = [courses[at : at + PER_ROW] for at in range(0, len(courses), PER_ROW)]
    parts = [frame.Part(_wide(chunk), _phone(chunk), _course_says(chunk)) for chunk in chunks]
    return frame.figure(id, parts, frame.caption(no, title, note), frame.base_of(panel))


def _courses(rows: Sequence[Record], verdicts: Sequence[Record]) -> list[Course]:
    numbers = [
        number(row, name)
        for row in rows
        for name in ("estimate", "conf_low", "conf_high", "band_low", "band_high")
        if known(number(row, name))
    ]
    scale = differences(numbers)
    times = [_middle(str(row["round"])) for row in rows]
    of = {str(row["measure"]): row for row in reading.main_rows(verdicts)}
    names = list(dict.fromkeys(str(row["measure"]) for row in rows))
    return [
        Course([row for row in rows if row["measure"] == name], of[name.split("、")[0]], (scale.low, scale.high), min(times), max(times))
        for name in names
    ]  # fmt: skip


def _middle(round_id: str) -> float:
    """Return the middle of a half-year, in years.

    >>> _middle("2022H1"), _middle("2022H2")
    (2022.25, 2022.75)
    """
    return int(round_id[:4]) + (0.25 if round_id.endswith("1") else 0.75)


def _year(day: str) -> float:
    found = date.fromisoformat(day)
    return found.year + (found - date(found.year, 1, 1)).days / 365.25


def _wide(courses: Sequence[Course]) -> Canvas:
    canvas, width = Canvas(WIDE, HEIGHT), (WIDE - GAP * (PER_ROW - 1)) / PER_ROW
    for at, course in enumerate(courses):
        _draw(canvas, course, at * (width + GAP), 0.0, width)
    return canvas


def _phone(courses: Sequence[Course]) -> Canvas:
    canvas = Canvas(PHONE, HEIGHT * len(courses))
    for at, course in enumerate(courses):
        _draw(canvas, course, 0.0, at * HEIGHT, PHONE)
    return canvas


def _draw(canvas: Canvas, course: Course, left: float, top: float, width: float) -> None:
    scale = differences(course.span, signed=True)
    up = Panel(top + HEIGHT - FOOT, top + TOP, scale)
    across = Panel(left + SCALE + 14, left + width - 14, differences([0.0, 1.0]))
    length = max(course.last - course.first, 0.5)

    def x(year: float) -> float:
        return across.left + (year - course.first) / length * (across.right - across.left)

    _head(canvas, course, left, top, width)
    for tick, label in zip(up(scale.ticks), scale.labels(), strict=True):
        canvas.rows([tick], left + SCALE, left + width, colour="mid" if label == "0" else "rule", width=1)
        canvas.text(left + SCALE - 4, float(tick), label, size=SMALL, colour="ink3", anchor="right")
    begins = min(max(x(_year(str(course.verdict["effective"]))), left + SCALE), left + width)
    canvas.columns([begins], [top + TOP - 14], [top + HEIGHT - FOOT], colour="ink", dashed=True)
    canvas.text(begins, top + TOP - 20, "实施", size=SMALL, colour="ink3", anchor="center")
    _points(canvas, course, [x(_middle(str(row["round"]))) for row in course.rows], up)
    for row in course.rows:
        _foot(canvas, row, x(_middle(str(row["round"]))), top + HEIGHT - FOOT)


def _head(canvas: Canvas, course: Course, left: float, top: float, width: float) -> None:
    """Print sign, departments and rise, and below them the measure."""
    sure = course.state in marks.SURE
    ink = str(DRESS.get(course.state, {}).get("ink", "ink"))
    canvas.rows([top + 1], left, left + width, colour="ink" if sure else "rule", width=1)
    marks.estimates(canvas, [left + 6], [top + 14], [course.state])
    value = signed(number(course.verdict, "estimate"))
    room = width - 24 - fonts.width(value, TEXT, bold=True)
    size, lines = fonts.fit(course.name, NAME, room, lines=1)
    canvas.text(left + 18, top + 14, lines[0], size=size, bold=sure, colour=ink)
    canvas.text(left + width, top + 14, value, bold=sure, colour=ink if sure else "ink2", anchor="right")
    _, title = fonts.fit(str(course.verdict["label"]), SMALL, width, lines=1)
    canvas.text(left, top + 32, title[0], size=SMALL, colour="ink3")


def _points(canvas: Canvas, course: Course, x: Sequence[float], up: Panel) -> None:
    def y(name: str) -> list[float]:
        return [float(up(number(row, name))) for row in course.rows]

    canvas.columns(
        [at - BESIDE for at in x], y("band_high"), y("band_low"), colour="midI", width=marks.PLACES
    )
    canvas.curve([at + BESIDE / 2 for at in x], y("estimate"), colour="midI")
    states = [course.state if row["phase"] == "judge" else "estimate" for row in course.rows]
    for at, high, low, state in zip(x, y("conf_high"), y("conf_low"), states, strict=True):
        line = marks.MARKS[state].interval
        canvas.columns([at + BESIDE / 2], [high], [low], colour=line, width=marks.THICK)
    marks.estimates(canvas, [at + BESIDE / 2 for at in x], y("estimate"), states)


def _foot(canvas: Canvas, row: Record, x: float, bottom: float) -> None:
    judges = row["phase"] == "judge"
    half = f"{str(row['round'])[2:4]}{'上' if str(row['round']).endswith('1') else '下'}"
    ink = "ink" if judges else "ink3"
    canvas.text(x, bottom + 12, half, size=SMALL, colour=ink, bold=judges, anchor="center")
    canvas.text(
        x, bottom + 28, ROLE.get(str(row["phase"]), ""), size=SMALL, colour=ink, bold=judges, anchor="center"
    )


def _course_says(courses: Sequence[Course]) -> str:
    said = [
        f"{course.name}在 {reading.half(str(course.verdict['judge']), ' ')}半年比基期多升"
        f" {signed(number(course.verdict, 'estimate'))} 分，{reading.outcome(course.verdict)}"
        for course in courses
    ]
    return f"实施前后各轮：{'；'.join(said)}。"
