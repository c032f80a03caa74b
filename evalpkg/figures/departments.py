"""Departments by role: contact, score with both intervals, rank set; a tier where one is established."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, Second, Side, axis, endpoints, headed, places
from evalpkg.figures.scores import LEAST_SPAN
from evalpkg.fragment import (
    ABSENT,
    NO_DEPARTMENTS,
    ROLES,
    Fragment,
    Record,
    known,
    nothing,
    number,
    ranked,
    score,
    secondary,
    too_few,
    whole,
)
from evalpkg.fragment import places as between

STATES = {"above": "higher", "below": "lower", "same": "unsure"}
HALF = 0.5  # of the room that a place takes on the scale of places
DRESS = {
    "higher": {"ink": "up", "wash": "upW", "bold": True},
    "lower": {"ink": "dn", "wash": "dnW", "bold": True},
}


def departments(
    scores: Protected | None,
    *,
    no: int = 1,
    title: str = "",
    note: str = "",
    id: str = "departments",
) -> Fragment:
    """Draw one part per role group.

    Parameters
    ----------
    scores
        Columns label, role, contact (%), n raters, estimate, conf_low, conf_high (thick line), support ("full",
        "few": broken, "listed": named only); with family_low, family_high (thin line), tier ("above", "same",
        "below"), rank_low and rank_high the groups are sorted by score and a second panel shows the rank sets,
        else rows stay in the given order with unhappy (%). `extra["mean"]`, a number or a frame of one row, is
        the dashed line.
    no, title, note, id
        Number and words of the caption; id in the page.

    Raises
    ------
    TypeError
        `scores` has not passed the disclosure gate.
    """
    if scores is None:
        return nothing(NO_DEPARTMENTS)
    tiered = ranked(frame.require(scores).table)
    groups = by_role(by_score(frame.records(scores)) if tiered else frame.records(scores))
    rows = {role: tuple(map(_row, group)) for role, group in groups.items()}
    average = mean_of(scores)
    parts = [frame.part(forest, _says(role, forest)) for role, forest in _forests(rows, average).items()]
    base = frame.base_of(scores, what="得分的分母")
    if not tiered:
        base += "不满意：打分低于中间档的企业占打分企业的百分比。"
    usual = TIERED if tiered else LISTED
    return frame.figure(id, parts, frame.caption(no, title or usual.title, note or usual.sub), base)


TIERED = Head("各部门得分、档次与名次区间", "按职能分组，组内按得分排列；次序本身不是名次")
LISTED = Head("各部门得分与 95% 区间", "按职能分组，次序不是名次")


def by_score(records: list[Record]) -> list[Record]:
    """Sort rows by their score, those without one last."""
    return sorted(records, key=lambda record: -math.inf if too_few(record) else _score(record), reverse=True)


def _score(record: Record) -> float:
    estimate = number(record, "estimate")
    return estimate if known(estimate) else -math.inf


def signs_of(scores: Protected | None) -> tuple[str, ...]:
    """Return the signs that the figure of departments uses, for its legend."""
    if scores is None:
        return ()
    rows = [_row(record) for record in frame.records(frame.require(scores))]
    states = {row.state for row in rows}
    usual = ("estimate", "family", "sure", "unsure", "ranks") if ranked(scores.table) else ("estimate",)
    few = any(state.startswith("few") for state in states)
    return (*usual, *(["few"] if few else []), *(["listed"] if "listed" in states else []), "reference")


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


def dressed(record: Record) -> dict[str, Any]:
    """Return the state of a row by its tier, and how its name and its ground are coloured."""
    state = STATES.get(str(record.get("tier", "")), "")
    if not state:
        return {}
    few = record.get("support") == "few"
    drawn = ("few" if state == "unsure" else f"few-{state}") if few else state
    return {"state": drawn, **DRESS.get(state, {})}


def _row(record: Record) -> Row:
    contact, unhappy = secondary(record, "contact", whole), secondary(record, "unhappy", score)
    judged = dressed(record)
    first, last = number(record, "rank_low"), number(record, "rank_high")
    place = between(first, last)
    listed = bool(too_few(record))
    phone = f"打过交道 {contact}" if contact != ABSENT else ""
    return frame.row(
        record,
        unit="家打分",
        cells=(unhappy if not listed else ABSENT,),
        phone=place if judged else phone,
        bar=number(record, "contact"),
        bar_text=contact.removesuffix("%"),
        # A rank set is drawn from the beginning of its first place to the end of its last.
        side=Side(low=first - HALF, high=last + HALF, state=judged["state"])
        if judged and not listed
        else Side(),
        **{name: number(record, name) for name in ("family_low", "family_high") if judged},
        **judged,
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
    scale = _places(every)
    if scale is not None:
        panel, names = Head("得分（校正后，0—100）与 95% 区间"), "部门与档次"
        common = replace(common, second=scale, panel=panel, names=names, signed=True)
        common = replace(common, value=None, columns=())
    return headed(
        {role: replace(common, rows=rows[role], group=f"{role}\u3000{len(rows[role])} 个") for role in rows}
    )


def _places(rows: list[Row]) -> Second | None:
    """Return the panel of places, as many as departments are ranked; None where none is."""
    last = [row.side.high - HALF for row in rows if known(row.side.high)]
    if not last:
        return None
    return Second(places(max(len(last), round(max(last)))), Head("名次区间（95%，同时）"), bars=True)


def _says(role: str, forest: Forest) -> str:
    shown = [row.estimate for row in forest.rows if known(row.estimate)]
    span = f"得分在 {score(min(shown))} 至 {score(max(shown))} 分之间" if shown else "没有可以公布的得分"
    mean = f"各部门平均 {score(forest.reference)} 分"
    sets = "、名次区间" if forest.second else ""
    return f"{role} {len(forest.rows)} 个部门的得分与 95% 区间{sets}：{span}，{mean}{_sure(forest)}，数字见明细表。"


def _sure(forest: Forest) -> str:
    """Name those of whom a tier is established."""
    words = {"higher": "明显高于平均", "lower": "明显低于平均"}
    named = {
        says: "、".join(row.label for row in forest.rows if row.state.removeprefix("few-") == state)
        for state, says in words.items()
    }
    return "".join(f"，{says}的有{names}" for says, names in named.items() if names)
