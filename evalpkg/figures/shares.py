"""Shares of enterprises, largest first as the analysis gave them: a bar from zero, an interval, a number."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints
from evalpkg.fragment import NO_REMARKS, Fragment, known, listing, not_asked, nothing, number, share


def shares(
    result: Protected | None,
    *,
    no: int = 1,
    title: str,
    note: str = "",
    head: str = "选择的企业",
    ticks: Protected | None = None,
    id: str = "shares",
) -> Fragment:
    """Draw one row per attribute, in the given order.

    Parameters
    ----------
    result
        Columns label, estimate, conf_low, conf_high in per cent.
    head
        Words over the scale: what the per cent are of.
    ticks
        A second set of shares, matched by label, shown as short vertical ticks.
    """
    if result is None:
        return not_asked(f"“{title}”")
    rows = rows_of(frame.require(result), ticks)
    forest = Forest(
        rows,
        axis(endpoints(rows), zero=True, unit="%"),
        panel=Head(f"{head}（%）与 95% 区间"),
        ground="track",
        zero=True,
        phone_unit="%",
        row_height=28.0,
    )
    part = frame.part(forest, says(title, rows))
    return frame.figure(id, [part], frame.caption(no, title, note), frame.base_of(result))


def difficulties(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "企业遇到哪些困难",
    note: str = "可选多项，合计超过 100%",
    ticks: Protected | None = None,
) -> Fragment:
    """Draw the share of enterprises that ticked each difficulty."""
    return shares(result, no=no, title=title, note=note, ticks=ticks, id="difficulties")


def urgent(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "最急的一件事",
    note: str = "",
    ticks: Protected | None = None,
) -> Fragment:
    """Draw the share of enterprises that named each difficulty as the most urgent."""
    return shares(result, no=no, title=title, note=note, ticks=ticks, id="urgent")


def themes(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "意见集中在哪些问题",
    note: str = "一家企业可提几件事，合计可超过 100%",
    ticks: Protected | None = None,
) -> Fragment:
    """Draw the share of enterprises whose remarks name each theme."""
    if result is None:
        return nothing(NO_REMARKS)
    return shares(result, no=no, title=title, note=note, head="提到的企业", ticks=ticks, id="themes")


def rows_of(result: Protected, ticks: Protected | None = None) -> tuple[Row, ...]:
    """Return one row per share; `ticks` adds the value to compare with."""
    compared = (
        {} if ticks is None else {record["label"]: record for record in frame.records(frame.require(ticks))}
    )
    return tuple(
        frame.row(record, tick=number(compared.get(record["label"], {}), "estimate"))
        for record in frame.records(result)
    )


def says(title: str, rows: tuple[Row, ...]) -> str:
    """Say in one sentence what the figure shows."""
    named = [
        f"{row.label} {share(row.estimate) if known(row.estimate) else row.value or '不公布'}" for row in rows
    ]
    return f"{title}（占企业的百分比与 95% 区间）：{listing(named, 8)}。"
