"""How far policies reach enterprises: four shares of all, stage by stage, one row a policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.figures import fonts, frame, marks
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.forest import Axis, Row, axis, endpoints
from evalpkg.figures.layout import NAME, PHONE, SMALL, TEXT, WIDE, Panel
from evalpkg.fragment import (
    ABSENT,
    STAGES,
    Fragment,
    K,
    Record,
    known,
    listing,
    not_asked,
    nothing,
    number,
    share,
)

NOTE = "占全部企业的百分比；流失按走到这一步的企业计；看不见的 95% 区间比圆点还窄"
GAP, HEAD, FOOT = 22.0, 26.0, 26.0


@dataclass(frozen=True)
class Line:
    """One policy: its stages as rows of the grammar, and in words the step that loses most."""

    label: str
    stages: tuple[Row, ...]
    lost: str = ""


@dataclass(frozen=True)
class Form:
    """How a figure of this kind is laid out, px: names beside the panels, or above them on the phone."""

    width: float
    row: float
    left: float
    value_y: float
    mark_y: float

    def panels(self, scale: Axis, count: int) -> list[Panel]:
        """Return one scale per stage, side by side."""
        wide = (self.width - 6 - self.left - GAP * (count - 1)) / max(count, 1)
        starts = [self.left + at * (wide + GAP) for at in range(count)]
        return [Panel(start, start + wide, scale) for start in starts]


PAGE = Form(WIDE, 54.0, 212.0, value_y=15, mark_y=36)
SMALL_PAGE = Form(PHONE, 86.0, 2.0, value_y=53, mark_y=71)
NAMES = 100.0  # px from which names stand beside the panels


def funnel(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "政策走到企业手里还剩多少",
    note: str = NOTE,
    id: str = "funnel",
) -> Fragment:
    """Draw, policy by policy, the shares of all enterprises that reached each stage.

    Parameters
    ----------
    result
        A row per policy and stage: label, stage, stage_label, estimate, conf_low, conf_high (%), the stages in order.
        `extra["lost"]`, a row a policy: stage_label, estimate (% of those before it) and lead_low, the step that loses most
        and whether that is sure; `extra["basis"]`, among whom the losses are counted, stands below with the notes.
    """
    if result is None:
        return not_asked("政策的知晓和享受")
    records = frame.records(frame.require(result))
    lines = lines_of(records, result.extra.get("lost"))
    if not lines:
        return nothing(f"{'；'.join(frame.notes_of(result)) or '没有可以画出的政策'}。")
    heads = tuple(dict.fromkeys(map(_stage_name, records)))
    part = frame.Part(_draw(lines, heads, PAGE), _draw(lines, heads, SMALL_PAGE), _says(title, lines))
    told = result.extra.get("basis", ""), _dashes(result, records)
    base = frame.base_of(result, "后一步的企业都在前一步之中", *told, *frame.notes_of(result))
    return frame.figure(id, [part], frame.caption(no, title, note), base)


def _dashes(result: Protected, records: Iterable[Record]) -> str:
    """Say why a stage has no number."""
    if not any(record.get("shown") == "hidden" for record in records):
        return ""
    return f"“—”：与前后的步相差不足 {result.extra.get('k', K)} 家，不公布"


def _stage_name(record: Record) -> str:
    return STAGES.get(str(record.get("stage", "")), str(record.get("stage_label", "")))


def lines_of(records: Iterable[Record], lost: object = None) -> list[Line]:
    """Bring the stages of each policy together, in the order in which they came."""
    policies: dict[str, list[Row]] = {}
    for record in records:
        policies.setdefault(record["label"], []).append(_stage(record))
    losses = {} if not isinstance(lost, pd.DataFrame) else {
        row["label"]: _lost(row) for row in fragment.records(lost, {}) if row.get("shown", "yes") == "yes"
    }  # fmt: skip
    return [Line(label, tuple(stages), losses.get(label, "")) for label, stages in policies.items()]


def _stage(record: Record) -> Row:
    made = frame.row(record)
    return made if made.note or not known(made.estimate) else frame.row(record, value=share(made.estimate))


def _lost(row: Record) -> str:
    """Say on which step most are lost, as far as that is sure, and how many of those before it."""
    sure = number(row, "lead_low") > 0
    return f"流失{'' if sure else '可能'}最多：{row.get('stage_label', '')} {share(number(row, 'estimate'))}"


def _draw(lines: list[Line], heads: tuple[str, ...], form: Form) -> Canvas:
    bottom = HEAD + form.row * len(lines)
    canvas = Canvas(form.width, bottom + FOOT)
    panels = form.panels(_scale(lines), len(heads))
    _heads(canvas, heads, panels, bottom)
    for at, line in enumerate(lines):
        top = HEAD + form.row * at
        canvas.rows([top], 0, form.width, colour="rule", width=1)
        _name(canvas, line, top, form)
        for panel, row in zip(panels, line.stages, strict=False):
            _cell(canvas, panel, row, top, form, last=row is line.stages[-1])
    return canvas


def _scale(lines: list[Line]) -> Axis:
    """Return the scale from zero that all panels share, numbered at its ends."""
    high = axis(endpoints(row for line in lines for row in line.stages), zero=True).high
    return Axis(0.0, high, (0.0, high), unit="%")


def _heads(canvas: Canvas, heads: tuple[str, ...], panels: list[Panel], bottom: float) -> None:
    """Name the stages, each with an arrow to the next, and number the ends of each scale."""
    for at, (panel, head) in enumerate(zip(panels, heads, strict=True)):
        size, words = fonts.fit(head, TEXT, panel.right - panel.left, lines=1)
        canvas.text(panel.left, 10, words[0], size=size, bold=True)
        if at + 1 < len(heads):
            canvas.text(panel.right + GAP / 2, 10, "→", colour="ink3", anchor="center")
        first, last = panel.axis.labels()
        canvas.text(panel.left, bottom + 13, first, size=SMALL, colour="ink3")
        canvas.text(panel.right, bottom + 13, last, size=SMALL, colour="ink3", anchor="right")


def _name(canvas: Canvas, line: Line, top: float, form: Form) -> None:
    """Print the policy and under it, quietly, the step that loses most."""
    beside = form.left > NAMES
    room = (form.left if beside else form.width) - 16
    size, words = fonts.fit(line.label, NAME, room, lines=2 if beside else 1)
    y = top + 15
    for piece in words:
        canvas.text(0, y, piece, size=size, bold=True)
        y += 15
    size, words = fonts.fit(line.lost, TEXT, room, lines=1)
    canvas.text(0, y + (3 if y < top + 45 else 0), words[0], size=size, colour="ink2")


def _cell(canvas: Canvas, panel: Panel, row: Row, top: float, form: Form, *, last: bool) -> None:
    y = [top + form.mark_y]
    canvas.columns(panel.left, y[0] - 9, y[0] + 9, colour="mid")
    canvas.columns(panel.right, y[0] - 7, y[0] + 7, colour="rule")
    marks.bars(canvas, panel.left, panel([row.estimate]), y, height=marks.TRACK, colour="track")
    marks.intervals(canvas, y, panel.inside([row.low]), panel.inside([row.high]), [row.state])
    marks.estimates(canvas, panel([row.estimate]), y, [row.state])
    value = row.value or ABSENT
    ink = "ink3" if row.note else "ink"
    canvas.text(panel.left, top + form.value_y, value, size=NAME if last else TEXT, bold=last, colour=ink)


def _says(title: str, lines: list[Line]) -> str:
    named = [f"{line.label} {'、'.join(row.value or ABSENT for row in line.stages)}" for line in lines]
    return f"{title}，各项政策依次走到每一步的企业占比：{listing(named, 6).replace('、', '，')}。"
