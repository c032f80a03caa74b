"""Complaints that many hand in almost word for word, and what the themes come to if each such campaign counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from evalpkg import estimate
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.copies import copies
from evalpkg.complaints.features import match_keys

if TYPE_CHECKING:
    from evalpkg.survey import Survey

FIRST = 3  # themes whose order is watched
SHARED = 0.5  # of the respondents of two copied sentences, for both to be of one campaign
PLACES = ("chamber", "district")


def campaigns(said: Coded | None) -> estimate.Result | None:
    """Show groups of respondents who wrote nearly the same, and the themes with each group counted as one respondent.

    Returns
    -------
    Result or None
        A row per campaign of at least k respondents, the largest first: `campaign` (1, 2, ...), `theme` and `label` (what most of it
        complains of), `n` and `count` (all respondents, those in it; a share would have no interval that tells anything),
        `chamber` and `district` (where most of it comes from, if that is k respondents and half of it, else ""),
        `from_one` ("yes", "no": whether such a chamber exists). The text itself stays in the house. `extra`: `sensitivity`, a row per
        theme: `theme`, `label`, the share as published (`estimate`, ..., `n`, `count`), `once` with each campaign counted
        once, `once_count` (voices) and `once_n`; `few_themes`, how many themes smaller groups touch; `same_first`, 1 where the
        first three themes keep their order, else 0; `notes`, Chinese
        sentences on that order. None where nobody complains.

    Notes
    -----
    Alike are sentences of 20 characters and more by `copies`; sentences that the same respondents copy are one campaign.
    Counted once means that the m members share one voice: each counts 1/m for the theme, so that the campaign weighs as much as
    its members on average, and all stay in the denominator, for they are enterprises that answered everything else. To keep one and
    drop the others would need a choice of which, and would take enterprises out of the sample that are in the city. Members
    who name the theme in words of their own besides count in full. Groups under k count in full.
    """
    if said is None or said.complaints(said.survey).empty:
        return None
    survey, complaints = said.survey, said.complaints(said.survey).reset_index(drop=True)
    group = alike(complaints)
    size = complaints.groupby(group)["rid"].nunique().drop(-1, errors="ignore")
    large = size[size >= survey.round.k].sort_values(ascending=False, kind="stable")
    number = np.zeros(len(complaints), dtype=int)
    for new, old in enumerate(large.index, start=1):
        number[group == old] = new
    few = set(complaints.loc[(group >= 0) & (number == 0), "theme"])
    counted = complaints.assign(campaign=number)
    sensitivity = _sensitivity(said, counted)
    now, then = _first(sensitivity, survey.round.k)
    notes = [_order(now, then)] if len(large) else []
    notes += [f"不足 {survey.round.k} 家的近似意见另有一些，涉及 {len(few)} 类问题，照常计数"] if few else []
    extra = {
        "sensitivity": sensitivity,
        "few_themes": len(few),
        "same_first": int(now == then),
        "notes": tuple(note for note in notes if note),
    }
    return estimate.Result(_table(said, counted), "campaigns", "%", "全部有效答卷的企业", survey.n, extra)


def alike(complaints: pd.DataFrame) -> np.ndarray:
    """Give pieces of remarks the number of the campaign they belong to, (n,), -1 where nobody else wrote the like.

    Sentences of one copied text are copied by nearly the same respondents: groups that share half of theirs are one campaign.
    """
    group = copies(match_keys(complaints["text"].tolist()), complaints["rid"].tolist())
    inside = group >= 0
    if not inside.any():
        return group
    who = pd.factorize(complaints["rid"])[0]
    member = sparse.csr_array(
        (np.ones(int(inside.sum())), (who[inside], group[inside])), shape=(who.max() + 1, group.max() + 1)
    ).astype(bool)
    both = sparse.coo_array(member.T.astype(int) @ member.astype(int))
    size = np.asarray(member.sum(axis=0)).ravel()
    union = size[both.row] + size[both.col] - both.data
    linked = both.data >= SHARED * union
    links = sparse.coo_array(
        (np.ones(int(linked.sum())), (both.row[linked], both.col[linked])), shape=both.shape
    )
    campaign = connected_components(links, directed=False)[1]
    return np.where(inside, campaign[group], -1)


def _table(said: Coded, counted: pd.DataFrame) -> pd.DataFrame:
    """Give a row per campaign; `counted` are pieces with the number of their `campaign`, 0 for none."""
    numbers = sorted(set(counted["campaign"]) - {0})
    members = [counted[counted["campaign"] == number] for number in numbers]
    themes = [_main(part, list(said.labels)) for part in members]
    table = pd.DataFrame(
        {"campaign": pd.Series(numbers, dtype=int), "theme": pd.Series(themes, dtype=object)}
    )
    table["label"] = pd.Series([said.labels[theme] for theme in themes], dtype=object)
    table["n"] = said.survey.n
    table["count"] = pd.Series([part["rid"].nunique() for part in members], dtype=int)
    for place in PLACES:
        table[place] = pd.Series([_place(said.survey, part["rid"], place) for part in members], dtype=object)
    return table.assign(from_one=np.where(table["chamber"] != "", "yes", "no"))


def _main(part: pd.DataFrame, order: list[str]) -> str:
    """Return the theme that most members name in the copied sentences, other complaints only where there is none."""
    named = part.groupby("theme")["rid"].nunique()
    return str(min(named.index, key=lambda theme: (theme == REST, -named[theme], order.index(theme))))


def _place(survey: Survey, rids: pd.Series, column: str) -> str:
    """Name the chamber or district of most members, "" where that is not half of them or fewer than k."""
    if column not in survey.responses:
        return ""
    members = survey.responses[column][survey.responses.index.isin(rids)]
    counted = members.value_counts()
    if counted.empty or counted.iloc[0] < max(survey.round.k, len(members) / 2):
        return ""
    item, code = survey.codebook.one(column), counted.index[0]
    return item.options.get(code, str(code)) if item else str(code)


def _sensitivity(said: Coded, counted: pd.DataFrame) -> pd.DataFrame:
    """Give the share of each theme as it is, and with the members of a campaign sharing one voice."""
    survey, present = said.survey, set(counted["theme"])
    codes = [code for code in said.labels if code in present]
    holds = said.holds(survey, codes)
    voice = _voice(survey, counted, codes)
    keys = pd.DataFrame({"theme": codes, "label": [said.labels[code] for code in codes]})
    shares = estimate.share(holds, survey.design)
    count = holds.sum(axis=0).astype(int)
    table = estimate.tidy(keys, shares, survey.round.level, factor=100.0, count=count)
    once = estimate.mean(holds * voice, survey.design).estimate
    table = table.assign(once=100 * once, once_count=np.round((holds * voice).sum(axis=0)), once_n=survey.n)
    order = np.lexsort([-table["estimate"], table["theme"] == REST])
    return table.loc[order].reset_index(drop=True)


def _voice(survey: Survey, counted: pd.DataFrame, codes: list[str]) -> np.ndarray:
    """Return what each respondent counts for each theme, (n, k): 1, or a part of the one voice of a campaign."""
    # a respondent's own words come before a campaign (0 sorts first), the larger campaign before the smaller
    first = counted.groupby(["rid", "theme"], as_index=False)["campaign"].min()
    shared = first[first["campaign"] > 0]
    members = shared.groupby(["theme", "campaign"])["rid"].transform("size")
    voice = np.ones((survey.n, len(codes)))
    rows = survey.responses.index.get_indexer(shared["rid"])
    voice[rows, pd.Index(codes).get_indexer(shared["theme"])] = 1 / members
    return voice


def _first(table: pd.DataFrame, k: int) -> tuple[list[str], list[str]]:
    """Name the first themes as they are and counted once; those that fewer than k name are not spoken of."""
    told = table[(table["theme"] != REST) & (table["count"] >= k) & (table["once_count"] >= k)]
    return told.nlargest(FIRST, "estimate")["label"].tolist(), told.nlargest(FIRST, "once")["label"].tolist()


def _order(now: list[str], then: list[str]) -> str:
    """Say whether the first themes stay in their order."""
    if not now:
        return ""
    if now == then:
        return f"每批只按一家计，前 {len(now)} 类的先后不变"
    return f"每批只按一家计，前 {len(now)} 类由{'、'.join(now)}变为{'、'.join(then)}"
