"""Figures of the leaders' page, 344 px on screen, phone and paper; the answer above is their caption."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.figures import draw, frame
from evalpkg.figures.departments import by_score, dressed, mean_of
from evalpkg.figures.drivers import rows_of as driver_rows
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints
from evalpkg.figures.scores import LEAST_SPAN
from evalpkg.figures.shares import rows_of as share_rows
from evalpkg.figures.shares import says as say_shares
from evalpkg.fragment import (
    NO_DEPARTMENTS,
    NO_REMARKS,
    ROLES,
    Fragment,
    Record,
    known,
    listing,
    not_asked,
    nothing,
    number,
    ranked,
    score,
    variants,
)

ROW = 24.0
SUMMARY_SIGNS = ("estimate", "family", "sure", "unsure")  # of the page, for its legend


def summary_overall(
    overall: Protected | None, groups: Protected | None = None, *, id: str = "summary-overall"
) -> Fragment:
    """Draw the overall score, and beneath it the scores of groups of enterprises."""
    if overall is None:
        return not_asked("总体满意度")
    first = replace(frame.row(frame.records(frame.require(overall))[0]), label="全体企业", bold=True)
    others = [] if groups is None else [frame.row(record) for record in frame.records(frame.require(groups))]
    return _scores(id, [first, *others], first.estimate, "", "总体满意度（分）")


def summary_departments(
    scores: Protected | None, *, most: int = 5, id: str = "summary-departments"
) -> Fragment:
    """Draw departments surely above or below the mean, at most `most`; where there is none, the role groups.

    Those shown are the ones farthest from the mean, more of them from below; how many are left out is said. The dashed
    line is the mean.
    """
    roles = None if scores is None else frame.require(scores).extra.get("by_role")
    if scores is None or not isinstance(roles, pd.DataFrame):
        return nothing(NO_DEPARTMENTS)
    average = mean_of(scores)
    label = f"各部门平均 {score(average)}" if known(average) else ""
    shown, left_out = _sure(scores, most)
    if shown:
        return _scores(id, shown, average, label, f"另有 {left_out} 个" if left_out else "", signed=True)
    named = [{**record, "label": _role(record)} for record in frame.records(replace(scores, table=roles))]
    rows = [frame.row(record, **dressed(record)) for record in named]
    return _scores(id, rows, average, label, "")


def _sure(scores: Protected, most: int) -> tuple[list[Row], int]:
    """Return rows of the departments above, then of those below, and how many found no room."""
    records = by_score(frame.records(scores)) if ranked(scores.table) else []
    above = [record for record in records if record.get("tier") == "above"]
    below = [record for record in records if record.get("tier") == "below"]
    low = min(len(below), max(most - len(above), (most + 1) // 2))
    chosen = [*above[: most - low], *below[len(below) - low :]]
    rows = [_department(record) for record in chosen]
    return rows, len(above) + len(below) - len(chosen)


def _department(record: Record) -> Row:
    low, high = number(record, "family_low"), number(record, "family_high")
    return replace(frame.row(record, **dressed(record)), family_low=low, family_high=high, wash="")


def summary_sample(
    sensitivity: Protected | None,
    headlines: Protected | None = None,
    modes: Protected | None = None,
    *,
    id: str = "summary-sample",
) -> Fragment:
    """Draw the published score (first row) against the same score computed otherwise, see `fragment.variants`."""
    if sensitivity is None:
        return not_asked("总体满意度")
    others = [None if other is None else frame.require(other) for other in (headlines, modes)]
    rows = [frame.row(record) for record in variants(frame.require(sensitivity), *others)]
    rows[0] = replace(rows[0], label=f"公布值：{rows[0].label}", bold=True)
    return _scores(id, rows, rows[0].estimate, "", "总体满意度（分）")


def summary_urgent(result: Protected | None, *, top: int = 5, id: str = "summary-urgent") -> Fragment:
    """Draw the difficulties most often named as the most urgent."""
    return _shares(id, result, top, "企业最急的事", "选为最急的企业 %")


def summary_difficulties(
    result: Protected | None, *, top: int = 5, id: str = "summary-difficulties"
) -> Fragment:
    """Draw the difficulties most often ticked."""
    return _shares(id, result, top, "企业遇到的困难", "遇到的企业 %")


def summary_themes(result: Protected | None, *, top: int = 5, id: str = "summary-themes") -> Fragment:
    """Draw the themes most often raised in remarks."""
    if result is None:
        return nothing(NO_REMARKS)
    return _shares(id, result, top, "意见反映的问题", "提到的企业 %")


def summary_appeals(result: Protected | None, *, id: str = "summary-appeals") -> Fragment:
    """Draw what became of appeals: raised, solved, satisfied."""
    return _shares(id, result, None, "诉求的办理", "占回答该题的企业 %")


def summary_drivers(result: Protected | None, *, top: int = 4, id: str = "summary-drivers") -> Fragment:
    """Draw the drivers that go most with overall satisfaction."""
    if result is None:
        return not_asked("总体满意度和各方面的评价")
    rows = driver_rows(frame.require(result))[:top]
    forest = Forest(
        rows, axis(endpoints(rows), zero=True), panel=Head("解释份额 %"), zero=True, row_height=ROW
    )
    says = f"对总体满意度差别的解释份额，居前的是{listing([f'{row.label} {row.value}' for row in rows])}。"
    return frame.small(id, draw.summary(forest), says)


def _scores(
    id: str,
    rows: list[Row],
    reference: float,
    label: str,
    head: str,
    *,
    signed: bool = False,
) -> Fragment:
    forest = Forest(
        tuple(rows),
        axis([*endpoints(rows), reference], span=LEAST_SPAN),
        panel=Head(head),
        value=Head(""),
        reference=reference,
        reference_label=label,
        signed=signed,
        row_height=ROW,
    )
    says = f"{head or label}与 95% 区间：{listing([f'{row.label} {row.value}' for row in rows], 8)}。"
    return frame.small(id, draw.summary(forest), says)


def _shares(id: str, result: Protected | None, top: int | None, what: str, head: str) -> Fragment:
    if result is None:
        return not_asked(what)
    rows = share_rows(frame.require(result))[:top]
    forest = Forest(
        rows, axis(endpoints(rows), zero=True), panel=Head(head), ground="track", zero=True, row_height=ROW
    )
    return frame.small(id, draw.summary(forest), say_shares(what, rows))


def _role(record: Record) -> str:
    return ROLES.get(str(record.get("role", "")), str(record["label"]))
