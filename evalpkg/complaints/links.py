"""What is written beside what is ticked, and which enterprises write of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.complaints.coding import REST, Coded, holds
from evalpkg.complaints.departments import named
from evalpkg.complaints.differences import Differences, Floats, design_based, joined
from evalpkg.complaints.groups import divided
from evalpkg.estimate.means import mean_influence
from evalpkg.groups import MOST, Group

if TYPE_CHECKING:
    from evalpkg.survey import Survey

DEPARTMENT = "department"
# signs of the logarithms of the shares who do both, only tick, only write, neither, in the log odds ratio
CELLS = (1, -1, -1, 1)


@dataclass(frozen=True, eq=False)
class Part:
    """Hold who names each of k themes within a group and outside it, (n, k) each, NaN where a respondent is not there."""

    code: str
    label: str
    own: Floats
    rest: Floats


def beside(said: Coded | None) -> estimate.Result | None:
    """Put the themes that respondents write of beside the difficulties that they tick.

    Returns
    -------
    Result or None
        A row per theme, most ticked first, those without an option last: `theme`, `label`; `ticked`, per cent of those who
        answered; `wrote`, of all respondents; `wrote_of_ticked`, `ticked_of_wrote`; each with `_low`, `_high`,
        `_count`, `_n` (of a share of few all but `_count` and `_n` is NaN). `odds`, `odds_low`, `odds_high`: how many times the odds of
        writing of it are those among who did not tick, NaN where one of the four cells is under k. `n`: who answered,
        of themes without an option all respondents. `extra`: `notes`. None where no difficulties were asked, or nothing is coded.

    Notes
    -----
    Theme and option belong together where they have the same code. The log odds ratio's error is that of the four cells'
    shares, by the delta method, with the design's covariance; its limits are symmetric on the logarithm.
    """
    if said is None:
        return None
    survey, ticks = said.survey, _ticks(said)
    if ticks.empty or ticks.isna().all(axis=None):
        return None
    present = {*said.lexicon, *said.complaints(survey)["theme"]}
    codes = [code for code in said.labels if code in present]
    written = said.holds(survey, codes)
    ticked = ticks.reindex(columns=codes).to_numpy(dtype=float)
    parts = {
        "ticked": ticked,
        "wrote": written,
        "wrote_of_ticked": np.where(ticked == 1, written, np.nan),
        "ticked_of_wrote": np.where(written == 1, ticked, np.nan),
    }
    table = pd.DataFrame({"theme": codes, "label": [said.labels[code] for code in codes]})
    asked = ~np.isnan(ticked).all(axis=0)
    for name, y in parts.items():
        table = table.assign(**_share(survey, name, y))
    table = table.assign(**_odds(survey, ticked, written), n=np.where(asked, table["ticked_n"], survey.n))
    order = table.assign(last=~asked).sort_values(
        ["last", "ticked", "wrote"], ascending=[True, False, False], kind="stable"
    )
    without = [said.labels[code] for code in np.array(codes)[~asked] if code != REST]
    notes = (f"问卷没有列出、只能写的：{'、'.join(without)}",) if without else ()
    base = "勾选占回答了该题的企业，写到占全部企业"
    return estimate.Result(
        order.drop(columns="last").reset_index(drop=True), "beside", "%", base, survey.n, {"notes": notes}
    )


def _ticks(said: Coded) -> pd.DataFrame:
    """Return who ticked each theme that is also an option of the difficulties, 0, 1 or NaN; a column per theme."""
    item, responses = said.survey.codebook.one("difficulty"), said.survey.responses
    if item is None:
        return pd.DataFrame(index=responses.index)
    codes = [code for code in said.lexicon if code in item.options and code != item.exclusive]
    columns = {code: responses[f"{item.code}.{code}"] for code in codes if f"{item.code}.{code}" in responses}
    return pd.DataFrame(columns, index=responses.index).astype(float)


def _share(survey: Survey, name: str, y: Floats) -> dict[str, np.ndarray]:
    """Give the shares of the columns of y in per cent, under a name."""
    share, count = estimate.share(y, survey.design), np.nansum(y, axis=0).astype(int)
    low, high = share.interval(survey.round.level)
    few = (share.n < survey.round.k) | (count < survey.round.k)
    limits = {f"{name}_{end}": np.where(few, np.nan, 100 * x) for end, x in (("low", low), ("high", high))}
    return {name: 100 * share.estimate, **limits, f"{name}_count": count, f"{name}_n": share.n}


def _odds(survey: Survey, ticked: Floats, written: Floats) -> dict[str, np.ndarray]:
    """Give the odds ratio of ticking and writing of each theme with its limits."""
    cells = [ticked * written, ticked * (1 - written), (1 - ticked) * written, (1 - ticked) * (1 - written)]
    k, signs = ticked.shape[1], np.array(CELLS)
    enough = np.min([np.nansum(cell, axis=0) for cell in cells], axis=0) >= survey.round.k
    shares = estimate.share(np.hstack(cells), survey.design)
    of = np.where(np.tile(enough, 4), shares.estimate, np.nan).reshape(4, k)
    centre, half = np.full(k, np.nan), np.full(k, np.nan)
    if enough.any():
        slopes = [np.diag(np.nan_to_num(sign / row)) for sign, row in zip(signs, of, strict=True)]
        along = estimate.contrast(shares, np.hstack(slopes)[enough])
        centre[enough] = (signs @ np.log(of))[enough]
        half[enough] = along.interval(survey.round.level)[1] - along.estimate
    return {"odds": np.exp(centre), "odds_low": np.exp(centre - half), "odds_high": np.exp(centre + half)}


def by(said: Coded | None, column: str, groups: Mapping[str, str] | None = None) -> estimate.Result | None:
    """Give the share of each theme within groups of enterprises, and where it differs from the other enterprises.

    Parameters
    ----------
    said
    column
        ``"size"``, ``"district"`` (by their kind where there are more than four), ``"industry"``, ``"mode"``; or ``"department"``: the
        themes of complaints that name one of the four departments named by most.
    groups
        Category to the name of its group, where categories are to be taken together.

    Returns
    -------
    Result or None
        A row per group and theme: `group`, `group_label`, `theme`, `label`; the share in the group (`estimate`,
        `std_error`, `conf_low`, `conf_high`, `n`, `count`); `difference` from the others in percentage points with
        `difference_low`, `difference_high` for all tested rows at once (Bonferroni); `differs`: "more", "less", "no" (where
        these leave 0 out). Differences from which a share of fewer than k could be reckoned back are NaN, and so are all
        numbers of a theme that fewer than k of the group do not name. Empty where fewer than two groups are large enough.
        `extra`: `tested`, `left_out` and `notes` (tuples of Chinese sentences). None where not asked.

    Raises
    ------
    ParamsError
        As `groups.divided`.

    Notes
    -----
    Significance as in `rising`: `differences.design_based`; tested are rows that k respondents name inside or outside.
    """
    if said is None:
        return None
    survey, codes = said.survey, _most_named(said)
    if column == DEPARTMENT:
        parts, left_out = _departments(said, codes)
        base, notes = "意见里点名该部门的企业", tuple[str, ...]()
    else:
        division = divided(survey, column, groups)
        if column not in survey.responses or survey.responses[column].isna().all():
            return None
        parts = _parts(said, codes, column, division.groups)
        left_out, notes = division.left_out, division.notes
        base = "该组全部有效答卷的企业"
    if len(parts) < 2:
        parts, notes = [], (*notes, "家数足够的组不到两个，无从比较")
    table, tested = _compared(survey, codes, said.labels, parts)
    extra = {"tested": tested, "left_out": left_out, "notes": notes}
    return estimate.Result(table, f"themes_by_{column}", "%", base, survey.n, extra)


def _most_named(said: Coded) -> list[str]:
    """Return the themes that somebody names now, most named first, other complaints last."""
    codes = [code for code in said.labels if code in set(said.complaints(said.survey)["theme"])]
    count = dict(zip(codes, said.holds(said.survey, codes).sum(axis=0), strict=True))
    return sorted(codes, key=lambda code: (code == REST, -count[code]))


def _parts(said: Coded, codes: list[str], column: str, groups: Sequence[Group]) -> list[Part]:
    survey, written = said.survey, said.holds(said.survey, codes)
    known = survey.responses[column].notna().to_numpy(dtype=bool)
    inside = [group.inside(survey.responses) for group in groups]
    return [
        Part(
            group.code,
            group.label,
            np.where(own[:, None], written, np.nan),
            np.where((known & ~own)[:, None], written, np.nan),
        )
        for group, own in zip(groups, inside, strict=True)
    ]


def _departments(said: Coded, codes: list[str]) -> tuple[list[Part], tuple[str, ...]]:
    """Return the complaints that name each of the departments most often named, and those that name another."""
    survey, complaints = said.survey, said.complaints(said.survey)
    pairs = pd.DataFrame(
        [(at, code) for at, text in complaints["text"].items() for code in named(text, said.aliases)],
        columns=["piece", "department"],
    )
    pairs = pairs.assign(rid=complaints["rid"].reindex(pairs["piece"]).to_numpy())
    people = pairs.groupby("department")["rid"].nunique()
    enough = people[people >= survey.round.k].sort_values(ascending=False, kind="stable").head(MOST)
    short = dict(zip(survey.codebook.departments["code"], survey.codebook.departments["short"], strict=True))

    def of(chosen: pd.Series) -> Floats:
        said_of = complaints.loc[pairs.loc[chosen, "piece"].unique()]
        inside = survey.responses.index.isin(said_of["rid"])
        return np.where(inside[:, None], holds(survey, said_of, codes), np.nan)

    parts = [
        Part(code, short[code], of(pairs["department"] == code), of(pairs["department"] != code))
        for code in enough.index
    ]
    if len(people) == len(parts):
        return parts, ()
    return parts, (f"只列点名最多的部门，最多 {MOST} 个，每个至少有 {survey.round.k} 家点名",)


def _compared(
    survey: Survey, codes: list[str], labels: dict[str, str], parts: Sequence[Part]
) -> tuple[pd.DataFrame, int]:
    """Return a row per part and theme, and how many of them are tested."""
    k, level = survey.round.k, survey.round.level
    names = pd.DataFrame(
        {"group": [part.code for part in parts], "group_label": [part.label for part in parts]}
    )
    themes = pd.DataFrame({"theme": codes, "label": [labels[code] for code in codes]})
    keys = names.merge(themes, how="cross")
    own = np.hstack([np.zeros((survey.n, 0)), *(part.own for part in parts)])
    count = np.nansum(own, axis=0).astype(int)
    outside = np.concatenate([np.zeros(0), *(np.nansum(part.rest, axis=0) for part in parts)])
    table = estimate.tidy(keys, estimate.share(own, survey.design), level, factor=100.0, count=count)
    found = joined([_apart(survey, part) for part in parts])
    tested = count + outside >= k
    low, high = found.interval(1 - (1 - level) / max(int(tested.sum()), 1))
    table = table.assign(difference=found.difference, difference_low=low, difference_high=high)
    shares = ["estimate", "std_error", "conf_low", "conf_high"]
    differences = ["difference", "difference_low", "difference_high"]
    nearly_all = table["n"] - table["count"] < k
    few = pd.Series(np.minimum(count, outside) < k)
    table[differences] = (100 * table[differences]).mask(few | nearly_all)
    table[shares] = table[shares].mask(nearly_all)
    more, less = tested & (low > 0) & (count >= k), tested & (high < 0) & (outside >= k)
    return table.assign(differs=np.select([more, less], ["more", "less"], "no")), int(tested.sum())


def _apart(survey: Survey, part: Part) -> Differences:
    """Compare the shares of a part with those of the rest; the same respondents may stand in both."""
    own, rest = estimate.share(part.own, survey.design), estimate.share(part.rest, survey.design)
    assert own.n_effective is not None and rest.n_effective is not None
    apart = mean_influence(part.own, survey.design) - mean_influence(part.rest, survey.design)
    variance = np.diagonal(estimate.covariance(apart, survey.design))
    weight = np.hypot(_weight(survey, part.own), _weight(survey, part.rest))
    lacks = estimate.small_sample(weight, survey.design)
    one, other = own.estimate, rest.estimate
    expected = one * (1 - one) / own.n_effective + other * (1 - other) / rest.n_effective
    variance, df = lacks.inflation[0] * variance, float(lacks.df[0])
    return design_based(one, other, own.n_effective, rest.n_effective, variance, expected, df)


def _weight(survey: Survey, y: Floats) -> Floats:
    """Return each respondent's part of the weight of a domain (n, k), which is that of its first column, (n,)."""
    weight = np.where(np.isnan(y[:, 0]), 0.0, survey.design.weights)
    return np.asarray(weight / max(weight.sum(), np.finfo(float).tiny))
