"""Differences and effects around zero: filled only where the interval of all at once leaves zero out."""

from __future__ import annotations

from typing import Any

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.departments import DRESS
from evalpkg.figures.forest import Forest, Head, Row, differences, endpoints
from evalpkg.fragment import (
    ABSENT,
    Fragment,
    Record,
    count,
    known,
    listing,
    not_asked,
    nothing,
    number,
    signed,
    too_few,
)

STATES = {"up": "higher", "down": "lower", "no": "unsure"}


def effects(
    result: Protected | None,
    *,
    no: int = 1,
    title: str,
    note: str = "",
    id: str = "effects",
    head: str = "总体满意度相差（分）与 95% 区间",
    column: str = "相差",
    tick: str = "",
    tick_says: str = "",
) -> Fragment:
    """Draw one row per effect against zero.

    Parameters
    ----------
    result
        Columns label, estimate, conf_low, conf_high (thick line), family_low, family_high (thin line, all at once), sure
        ("up", "down", "no"), n. `extra["controls"]`, `["left_out"]` and `["notes"]` stand below the drawing; of no rows these
        are all that is said.
    title, note, id
        Words of the caption; id in the page.
    head, column
        Words over the scale, with the unit, and over the numbers.
    tick, tick_says
        Column that is drawn as a short vertical tick, and what it stands for.
    """
    if result is None:
        return not_asked(f"“{title}”")
    records = frame.records(frame.require(result))
    if not records:
        return nothing(f"{'；'.join(frame.notes_of(result)) or NONE}。")
    rows = tuple(_row(record, tick) for record in records)
    forest = Forest(
        rows,
        differences(endpoints(rows)),
        panel=Head(
            head, f"短竖线：{tick_says}" if tick_says and any(known(row.tick) for row in rows) else ""
        ),
        value=Head(column),
        columns=(Head("家数"),),
        reference=0.0,
        signed=True,
        row_height=28.0,
    )
    part = frame.part(forest, _says(title, rows))
    base = frame.base_of(result, _adjusted(result), *frame.notes_of(result))
    return frame.figure(id, [part], frame.caption(no, title, note), base)


NONE = "没有足够的企业可以比较，所以这里不列"


def _adjusted(result: Protected) -> str:
    """Say what a model took out; it does not make enterprises the same."""
    controls = result.extra.get("controls", ())
    return f"已按{'、'.join(controls)}调整" if controls else ""


def _row(record: Record, tick: str) -> Row:
    estimate = number(record, "estimate")
    listed = bool(too_few(record)) or not known(estimate)
    n = number(record, "n")
    return frame.row(
        record,
        cells=(ABSENT if record.get("shown") == "hidden" else count(n),),
        phone="" if listed else f"{count(n)} 家",
        tick=number(record, tick) if tick and not listed else float("nan"),
        **({} if too_few(record) else {"value": signed(estimate)}),
        **({} if listed else _judged(record)),
    )


def _judged(record: Record) -> dict[str, Any]:
    """Return thin line, sign and dress of a row, by what the analysis found sure."""
    state = STATES.get(str(record.get("sure", "no")), "unsure")
    few = record.get("support") == "few"
    drawn = ("few" if state == "unsure" else f"few-{state}") if few else state
    family = {name: number(record, name) for name in ("family_low", "family_high")}
    return {"state": drawn, **family, **DRESS.get(state, {})}


def _says(title: str, rows: tuple[Row, ...]) -> str:
    """Name those that are sure with their value, and say how many are not."""
    sure = [f"{row.label} {row.value}" for row in rows if row.state.endswith(("higher", "lower"))]
    drawn = sum(known(row.estimate) for row in rows)
    said = f"可以认定的有{listing(sure, 8)}" if sure else "没有一项可以认定"
    rest = f"；其余 {drawn - len(sure)} 项尚不能认定" if sure and drawn > len(sure) else ""
    return f"{title}，与零相比：{said}{rest}。"
