"""Where departments and roles stand: tiers and places, never a bare rank."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import ranks
from evalpkg.estimate import Estimate
from evalpkg.params import Round
from evalpkg.scores.comparable import Comparable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Columns = dict[str, NDArray[np.generic]]


def standing(scores: Comparable, roles: pd.Series, round_: Round) -> Columns:
    """Give the columns that say where each department stands.

    Returns
    -------
    dict
        family_low, family_high: simultaneous interval of each difference from the mean, drawn at the score; tier
        from it; tier_role, the same against the mean of the ranked departments of its role; rank_low, rank_high:
        simultaneous rank set, 1 = highest. NaN and "" where a department is not ranked or nothing can be compared.
    """
    blank = np.full(len(scores.ranked), np.nan)
    columns: Columns = {name: blank.copy() for name in ("family_low", "family_high", "rank_low", "rank_high")}
    columns |= {name: np.full(len(blank), "", dtype=object) for name in ("tier", "tier_role")}
    if scores.ranked.sum() >= 2:
        for name, values in _of_ranked(scores, roles, round_).items():
            columns[name][scores.ranked] = values
    order = ("family_low", "family_high", "tier", "tier_role", "rank_low", "rank_high")
    return {name: columns[name] for name in order}


def _of_ranked(scores: Comparable, roles: pd.Series, round_: Round) -> Columns:
    here = scores.ranked
    theta, cov = scores.theta.estimate[here], scores.theta.cov[np.ix_(here, here)]
    own = scores.theta.df[here]

    def seed(task: str) -> int:
        return round_.seed_for(f"scores {task}")

    overall = ranks.tiers(theta, cov, df=own, level=round_.level, seed=seed("tiers"))
    sets = ranks.rank_sets(theta, cov, df=scores.pooled_df, level=round_.level, seed=seed("ranks"))
    # the mean of the ranked is zero, so that interval and rounding of the difference are those of theta
    middle = theta + scores.level.estimate - overall.difference
    columns: Columns = {
        "family_low": middle + overall.low,
        "family_high": middle + overall.high,
        "tier": overall.tier,
        "rank_low": sets.lower,
        "rank_high": sets.upper,
    }
    groups = roles.to_numpy()[here]
    if pd.Series(groups).duplicated().any():
        within = ranks.tiers(
            theta, cov, df=own, level=round_.level, seed=seed("tiers by role"), groups=groups
        )
        columns["tier_role"] = within.tier
    return columns


def by_role(scores: Comparable, roles: pd.Series, rated: Bools, round_: Round) -> pd.DataFrame:
    """Compare the mean of each role's ranked departments with the mean of all ranked departments.

    Parameters
    ----------
    rated : ndarray, shape (n, d), bool

    Returns
    -------
    DataFrame
        A row per role: role, departments (ranked), estimate (mean of their scores), std_error, conf_low, conf_high
        (of the difference from the mean of all, drawn at the score), family_low, family_high (the same for all
        roles at once, Bonferroni), tier, n (respondents who rated any of them). NaN and "" where a role has no
        ranked department, or no other role has one.
    """
    members = {role: scores.ranked & (roles == role).to_numpy() for role in roles.unique()}
    filled = [role for role, group in members.items() if group.any()]
    table = _counted(members, rated).set_index("role")
    table.loc[filled, "estimate"] = [scores.score[members[role]].mean() for role in filled]
    if len(filled) >= 2:
        rows = np.array([members[role] / members[role].sum() for role in filled])
        compared = _differences(scores.combine(rows), round_.level)
        lines = ["conf_low", "conf_high", "family_low", "family_high"]
        compared[lines] += scores.level.estimate[0]
        table.update(compared.set_axis(filled))
    return table.reset_index()


def mean_of_ranked(scores: Comparable, rated: Bools, level: float) -> pd.DataFrame:
    """Give what an average enterprise gives an average ranked department, as one row like those of `by_role`."""
    table = _counted({"all": scores.ranked}, rated)
    if scores.ranked.sum() < 2:
        return table
    low, high = scores.level.interval(level)
    return table.assign(
        estimate=scores.level.estimate, std_error=scores.level.std_error, conf_low=low, conf_high=high
    )


def _counted(members: Mapping[str, Bools], rated: Bools) -> pd.DataFrame:
    """Count ranked departments and the respondents who rated any; the other columns are empty."""
    table = pd.DataFrame({"role": list(members), "departments": [group.sum() for group in members.values()]})
    numbers = ("estimate", "std_error", "conf_low", "conf_high", "family_low", "family_high")
    blank = table.assign(**dict.fromkeys(numbers, np.nan), tier="")
    return blank.assign(n=[int(rated[:, group].any(axis=1).sum()) for group in members.values()])


def _differences(est: Estimate, level: float) -> pd.DataFrame:
    """Intervals of each difference by itself and of all at once, and what follows."""
    low, high = est.interval(level)
    family_low, family_high = est.interval(1 - (1 - level) / len(est.estimate))
    return pd.DataFrame(
        {
            "std_error": est.std_error,
            "conf_low": low,
            "conf_high": high,
            "family_low": family_low,
            "family_high": family_high,
            "tier": np.select([family_low > 0, family_high < 0], ["above", "below"], "same"),
        }
    )
