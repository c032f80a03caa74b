"""Departments by role: contact, score with interval, discontent; listed, never ranked."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints, headed
from evalpkg.figures.scores import LEAST_SPAN
from evalpkg.fragment import (
    ABSENT,
    ROLES,
    Fragment,
    Record,
    known,
    not_asked,
    number,
    score,
    secondary,
    too_few,
    whole,
)

SUBJECT = "对各部门的评价"


def departments(
    scores: Protected | None,
    *,
    no: int = 1,
    title: str = "各部门得分与 95% 区间",
    note: str = "按职能分组，次序不是名次",
    id: str = "departments",
) -> Fragment:
    """Draw one part per role group, rows in the given order.

    Parameters
    ----------
    scores
        Columns label, role, contact (%), n raters, estimate, conf_low, conf_high, unhappy (%), support
        ("full", "few": broken and hollow, "listed": named only); `extra["mean"]`, a number or a frame of
        one row, is the dashed line.
    no, title, note, id
        Number and words of the caption; id in the page.

    Raises
    ------
    TypeError
        `scores` has not passed the disclosure gate.
    """
    if scores is None:
        return not_asked(SUBJECT)
    groups = by_role(frame.records(frame.require(scores)))
    rows = {role: tuple(map(_row, group)) for role, group in groups.items()}
    average = mean_of(scores)
    parts = [frame.part(forest, _says(role, forest)) for role, forest in _forests(rows, average).items()]
    base = f"{frame.base_of(scores, '得分的分母')}不满意：打分低于中间档的企业占打分企业的百分比。"
    return frame.figure(id, parts, frame.caption(no, title, note), base)


def by_role(records: list[Record]) -> dict[str, list[Record]]:
    """Group rows by the Chinese name of their role, in the order of the page."""
    groups: dict[str, list[Record]] = {name: [] for name in ROLES.values()}
    for record in records:
        role = str(record.get("role", ""))
        groups.setdefault(ROLES.get(role, role or "各部门"), []).append(record)
    return {name: group for name, group in groups.items() if group}


def mean_of(scores: Protected) -> float:
    """Return the mean of the departments that the analysis gave, else of the scores shown."""
    given = scores.extra.get("mean")
    if isinstance(given, pd.DataFrame):
        given = given["estimate"].iloc[0] if len(given) else math.nan
    if given is not None and known(given):
        return float(given)
    shown = [row.estimate for row in map(_row, frame.records(scores)) if known(row.estimate)]
    return sum(shown) / len(shown) if shown else math.nan


def _row(record: Record) -> Row:
    contact, unhappy = secondary(record, "contact", whole), secondary(record, "unhappy", score)
    return frame.row(
        record,
        unit="家打分",
        cells=(unhappy if not too_few(record) else ABSENT,),
        phone=f"打过交道 {contact}" if contact != ABSENT else "",
        bar=number(record, "contact"),
        bar_text=contact.removesuffix("%"),
    )


def _forests(rows: dict[str, tuple[Row, ...]], average: float) -> dict[str, Forest]:
    """Return one forest per role group; all share one scale, one width of names and one head."""
    every = [row for group in rows.values() for row in group]
    judged = sum(row.state != "listed" for row in every)
    common = Forest(
        (),
        axis(endpoints(every), unit="分", span=LEAST_SPAN),
        names="部门",
        labels=tuple(row.label for row in every),
        bar=Head("打过交道", "占企业 %"),
        panel=Head("得分（0—100）与 95% 区间"),
        value=Head("得分"),
        columns=(Head("不满意", "占打分企业 %"),),
        reference=average,
        reference_label=f"{judged} 部门平均 {score(average)}",
        phone_label=f"平均 {score(average)}",
        row_height=24.0,
    )
    return headed(
        {role: replace(common, rows=rows[role], group=f"{role}\u3000{len(rows[role])} 个") for role in rows}
    )


def _says(role: str, forest: Forest) -> str:
    shown = [row.estimate for row in forest.rows if known(row.estimate)]
    span = f"得分在 {score(min(shown))} 至 {score(max(shown))} 分之间" if shown else "没有可以公布的得分"
    mean = f"各部门平均 {score(forest.reference)} 分"
    return f"{role} {len(forest.rows)} 个部门的得分与 95% 区间：{span}，{mean}，数字见明细表。"
