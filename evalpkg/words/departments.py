"""Tiers and rank sets in words; never a bare place."""

from __future__ import annotations

import math

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import ROLES, TIERS, Fragment, escape, known, ranked, score
from evalpkg.words.finding import LISTED, SURE, UNSURE, Finding

QUESTION = "哪些部门明显高于、低于平均"
SHORT = {"above": "高于", "below": "低于"}


def departments(result: Protected | None) -> Finding:
    """How many departments are clearly above or below the average; where none is ranked, how they are rated."""
    if result is None:
        why = "问卷没有问各部门，或没有企业给部门打分。所以这里不列，也不能与别的轮次比较。"
        return Finding("各部门评价怎样", ("本轮没有部门评价",), why, "")
    return _tiers(result) if ranked(result.table) else _listed(result)


def _tiers(result: Protected) -> Finding:
    tiers = result.table["tier"]
    judged, above, below = ((tiers != "").sum(), (tiers == "above").sum(), (tiers == "below").sum())
    width = result.extra.get("rank_width")
    parts = (f"{above} 个明显高于平均，" if above else "", f"{below} 个明显低于平均，" if below else "")
    claimed = [tier for tier, many in (("above", above), ("below", below)) if many]
    rest = judged - above - below
    if (result.table.loc[tiers != "", "std_error"] == 0).all():
        alike = (f"{judged} 个部门的得分一样，", "分不出高下")
        return Finding(
            QUESTION, alike, "各家企业给各部门打的分全都一样，没有高下可分；请核对收集过程。", UNSURE
        )
    if rest == judged:
        clauses: tuple[str, ...] = (f"{judged} 个部门", "都与平均分不出高下")
    elif rest:
        clauses = (f"{judged} 个部门里，", *filter(None, parts), f"其余 {rest} 个分不出高下")
    else:
        clauses = (f"{judged} 个部门里，", *filter(None, parts))
        clauses = (*clauses[:-1], clauses[-1].removesuffix("，"))
    return Finding(QUESTION, clauses, _width(width, claimed), SURE if rest < judged else UNSURE)


def _width(width: float | None, claimed: list[str]) -> str:
    """Say how little a place would mean, by the mean width of the rank sets."""
    if width is None or not known(width):
        return "分不出高下，就不排先后。"
    tiers = "或".join(SHORT[tier] for tier in claimed)
    but = f"，“明显{tiers}平均”有依据" if tiers else ""
    return f"分不出高下，就不排先后：名次区间平均宽 {width:.0f} 位，说谁排第几没有依据{but}。"


def roles(result: Protected | None) -> Fragment:
    """Say which role groups are clearly above or below the average as a whole; nothing where none is."""
    frame = None if result is None else result.extra.get("by_role")
    rows = frame.to_dict("records") if isinstance(frame, pd.DataFrame) and "tier" in frame else []
    said = [
        f"{ROLES.get(row['role'], row['role'])} {row['departments']:.0f} 个部门平均 {score(row['estimate'])} 分，"
        f"{TIERS[row['tier']]}"
        for row in rows
        if row["tier"] in SHORT and row["shown"] == "yes"
    ]
    return Fragment(f"<p>分组看：{escape('；'.join(said))}。</p>" if said else "")


def _listed(result: Protected) -> Finding:
    rated = result.table[(result.table["shown"] == "yes") & (result.table["support"] != "listed")]
    roles = result.extra["by_role"]
    parts = "，".join(
        f"{ROLES.get(r['role'], r['role'])} {score(r['estimate'])} 分"
        for _, r in roles.iterrows()
        if r["shown"] == "yes"
    )
    notes = "".join(f"{note}。" for note in result.extra.get("notes", ()))
    if rated.empty:
        none = ("打分的企业太少，", "各部门只列不排")
        return Finding("各部门评价怎样", none, "没有可以公布的得分。", LISTED)
    if not known(_mean(result)) or len(rated) < 2:
        one = (f"只有 {len(rated)} 个部门", "打分的企业够多，", "不作比较")
        return Finding("各部门评价怎样", one, notes, LISTED)
    widths, scores = rated["conf_high"] - rated["conf_low"], rated["estimate"]
    clauses = (f"{len(rated)} 个部门平均 {score(_mean(result))} 分，", "按职能列出，不排名次")
    detail = (
        f"{parts}。得分相差最多 {score(scores.max() - scores.min())} 分，而单个部门的 95% 区间平均宽 "
        f"{score(widths.mean())} 分：相邻的部门多半分不出先后，所以不排名次。"
    )
    return Finding("各部门评价怎样", clauses, detail + notes, LISTED)


def _mean(result: Protected) -> float:
    mean = result.extra["mean"]
    if isinstance(mean, pd.DataFrame):
        return float(mean["estimate"].iloc[0]) if len(mean) else math.nan
    return float(mean)
