"""Departments: the three tier boxes, and the table behind the figure."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    NO_DEPARTMENTS,
    ROLES,
    TIERS,
    Fragment,
    Record,
    count,
    escape,
    interval,
    known,
    listing,
    nothing,
    number,
    places,
    ranked,
    score,
    sign,
    too_few,
    whole,
)
from evalpkg.params import Selection
from evalpkg.tables import columns as make
from evalpkg.tables import drawings
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption

UNHAPPY = "不满意：打分低于中间档的企业占打分企业的百分比"
BOXES = {"above": "up", "same": "mid", "below": "dn"}
DRAWN = "区间图（虚线为平均）"
MOST_NAMES = 6  # in the middle box; with more it counts them by role
WITHIN = {"above": "高于同组", "same": "分不出", "below": "低于同组"}


def tiers(scores: Protected | None) -> Fragment:
    """Name the departments above, at and below the average in three boxes; the order in a box is not a rank."""
    if scores is None:  # the page says above and in the figure's place why there is nothing
        return Fragment("")
    rows = make.by_role(make.records(scores))
    if not ranked(scores.table):
        return Fragment("")
    boxes = "".join(_box(tier, [row for row in rows if row.get("tier") == tier]) for tier in BOXES)
    alone = [row["label"] for row in rows if row.get("tier") not in BOXES]
    left = f'<p class="base">{_left_out(alone, scores)}</p>' if alone else ""
    return Fragment(f'<section class="tiers" aria-label="各部门的档次">{boxes}</section>{left}')


def _box(tier: str, rows: list[Record]) -> str:
    head = f'<header>{sign(tier)}{TIERS[tier]}<b class="n">{len(rows)}</b></header>'
    names = [row["label"] for row in rows]
    if tier == "same" and len(rows) > MOST_NAMES:
        roles = [ROLES.get(str(row.get("role", "")), "其他") for row in rows]
        names = [f"{role} {roles.count(role)}" for role in dict.fromkeys(roles)]
    words = " ".join(f"<span>{escape(name)}</span>" for name in names) or "没有"
    return f'<div class="tier {BOXES[tier]}">{head}<p>{words}</p></div>'


def _left_out(names: list[str], scores: Protected) -> str:
    return escape(f"另有打分不足 {scores.extra['min_raters']} 家的部门，只列不排：{listing(names)}。")


def departments(
    scores: Protected | None,
    *,
    no: int = 1,
    title: str = "部门得分明细",
    note: str = "",
    folded: str = "",
    selection: Selection | None = None,
) -> Fragment:
    """List score, intervals, rank set, contact and discontent of each department, by role.

    `selection` words what was assumed of enterprises that did not deal with a department; without it the column of
    the bound is left out.
    """
    if scores is None:
        return nothing(NO_DEPARTMENTS)
    rows = make.by_role(make.records(scores))
    tiered = ranked(scores.table)
    usual = "区间单列一栏；名次只给区间，组内次序不是名次" if tiered else "按职能分组，次序不是名次"
    rows = _sorted(rows) if tiered else rows
    columns = _ranked_columns(scores, rows, selection) if tiered else _plain_columns(rows)
    foot = base_of(scores, "家数取整到 5", UNHAPPY, *(_explained(scores, selection) if tiered else ()))
    head = _heads(scores)
    groups = [head(str(row.get("role", ""))) for row in rows]
    about = caption(no, title, note or usual)
    return table("departments", columns, about, foot, rows=rows, groups=groups, folded=folded)


def _sorted(rows: list[Record]) -> list[Record]:
    """Sort by score within each role, those that are only listed last."""

    def place(row: Record) -> tuple[bool, float]:
        estimate = number(row, "estimate")
        return bool(too_few(row)), -estimate if known(estimate) else math.inf

    return make.by_role(sorted(rows, key=place))


def _plain_columns(rows: list[Record]) -> list[Column]:
    return [
        make.labels("部门", rows),
        *make.estimates("得分", rows, "家打分"),
        make.beside("打过交道", rows, "contact", whole),
        make.numbers("打分家数", rows, "n", count, "opt"),
        make.discontent(rows),
    ]


def _ranked_columns(scores: Protected, rows: list[Record], selection: Selection | None) -> list[Column]:
    adjusted = bool(scores.extra.get("adjusted", True))
    drawn = drawings.intervals(rows, _mean(scores))
    columns = [
        _names(rows),
        make.estimates("校正得分" if adjusted else "得分", rows)[0],
        _judged(
            "95% 区间", rows, lambda row: interval(number(row, "conf_low"), number(row, "conf_high")), "ci"
        ),
        Column(DRAWN, [too_few(row, "家打分") for row in rows], "opt", left=True, pictures=drawn),
        _judged("名次区间", rows, lambda row: places(number(row, "rank_low"), number(row, "rank_high"))),
        _judged("与同组比", rows, lambda row: WITHIN.get(str(row.get("tier_role", "")), ABSENT)),
    ]
    if adjusted:
        columns.append(_judged("原始分", rows, lambda row: score(number(row, "raw"))))
    columns += [
        make.beside("打过交道", rows, "contact", whole),
        make.numbers("打分家数", rows, "n", count, "opt"),
        make.discontent(rows),
    ]
    if selection is not None:
        columns.append(_judged("若都来打分", rows, _bound))
    return columns


def _bound(row: Record) -> str:
    return interval(number(row, "selection_low"), number(row, "selection_high"))


def _names(rows: list[Record]) -> Column:
    """Return the names, each with its sign; the names of a sure tier are in its colour."""
    tiers = [str(row.get("tier", "")) for row in rows]
    signs = [sign(tier, TIERS[tier]) if tier in TIERS else sign("listed", "只列不排") for tier in tiers]
    marks = [BOXES[tier] if tier in ("above", "below") else "" for tier in tiers]
    return Column("部门", [row["label"] for row in rows], left=True, marks=marks, pictures=signs)


def _judged(head: str, rows: list[Record], write: Callable[[Record], str], css: str = "opt ci") -> Column:
    """Return a column that only departments with enough raters have."""
    return Column(head, [ABSENT if too_few(row) else write(row) for row in rows], css)


def _mean(scores: Protected) -> float:
    mean = scores.extra.get("mean")
    if isinstance(mean, pd.DataFrame):
        return float(mean["estimate"].iloc[0]) if len(mean) else math.nan
    return math.nan if mean is None else float(mean)


def _heads(scores: Protected) -> Callable[[str], str]:
    """Return what stands over a role group: its name, mean with interval, and how it stands to the others."""
    roles = scores.extra.get("by_role")
    rows = {} if roles is None else {str(row["role"]): row for row in roles.to_dict("records")}

    def head(role: str) -> str:
        name, row = ROLES.get(role, "各部门"), rows.get(role)
        if row is None or not known(row["estimate"]):
            return name
        verdict = {"above": "，明显高于全体平均", "below": "，明显低于全体平均"}.get(
            str(row.get("tier", "")), ""
        )
        return f"{name}\u3000平均 {score(row['estimate'])}（{interval(row['conf_low'], row['conf_high'])}）{verdict}"

    return head


def _explained(scores: Protected, selection: Selection | None) -> list[str]:
    """Say what the columns of the ranked departments mean, and how far the table can be trusted."""
    extra, said = scores.extra, []
    if extra.get("adjusted", True):
        said.append("校正得分：扣除各家企业打分的松紧之后，一家普通企业会给的分；原始分没有扣除")
    said.append("区间和名次都是各部门相互比较的")
    mean = extra.get("mean")
    if isinstance(mean, pd.DataFrame) and len(mean) and "conf_low" in mean:
        row = mean.iloc[0]
        ends = interval(row["conf_low"], row["conf_high"])
        said.append(
            f"{row['departments']:.0f} 个部门平均 {score(row['estimate'])} 分，自身的 95% 区间 {ends}"
        )
    if known(extra.get("reliability")):
        said.append(
            f"部门得分的差别里约 {whole(100 * extra['reliability'])} 是真差别，其余是抽样误差（表的信度）"
        )
    if selection is not None:
        said.append(
            f"若都来打分：没打过交道的企业若也打分，与打过交道的最多相差 {selection.delta:g} 分时的范围"
            f"（依据：{selection.reason}）"
        )
    return [*said, *extra.get("notes", ())]
