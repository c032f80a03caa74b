"""What goes with overall satisfaction, and how sure the first place is."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints
from evalpkg.fragment import Fragment, Record, confidence, known, listing, not_asked, number, score

NOTE = "各方面对总体满意度差别的解释份额"


def drivers(
    result: Protected | None, *, no: int = 1, title: str = "什么最要紧", note: str = NOTE, id: str = "drivers"
) -> Fragment:
    """Draw each driver's share of the explained variance.

    Parameters
    ----------
    result
        Columns label, estimate, conf_low, conf_high (percentage points of variance) and p_first (%), the
        probability that the driver is the most important one.
    """
    if result is None:
        return not_asked("总体满意度和各方面的评价")
    rows = rows_of(frame.require(result))
    forest = Forest(
        rows,
        axis(endpoints(rows), zero=True),
        panel=Head("能解释满意度差别的份额（%）与 95% 区间"),
        columns=(Head("排第一的把握"),),
        zero=True,
        row_height=34.0,
    )
    says = f"{NOTE}与 95% 区间，从大到小：{listing([f'{row.label} {row.value}' for row in rows], 8)}。"
    total = result.extra.get("r2")
    base = f"各项份额相加等于总解释力 {score(total)}%；" if known(total) else ""
    caption = frame.caption(no, title, note)
    return frame.figure(id, [frame.part(forest, says)], caption, base + frame.base_of(result))


def rows_of(result: Protected) -> tuple[Row, ...]:
    """Return one row per driver with the confidence that it comes first."""
    return tuple(_row(record) for record in frame.records(result))


def _row(record: Record) -> Row:
    first = number(record, "p_first")
    phone = f"排第一 {confidence(first)}" if known(first) else ""
    return frame.row(record, cells=(confidence(first),), phone=phone)
