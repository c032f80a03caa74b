"""What enterprises that dealt with a department think of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.scores.comparable import Comparable, comparable
from evalpkg.scores.reliability import of_table
from evalpkg.scores.standing import by_role, mean_of_ranked, standing

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

ROLES = ("regulator", "service", "utility", "judiciary")  # the order of the page


def departments(survey: Survey) -> estimate.Result | None:
    """Give contact, score, standing and discontent of every department, listed by role.

    Only respondents who dealt with a department rate it: "not dealt with" is missing, never zero.

    Parameters
    ----------
    survey : Survey
        Uses `ratings` and `contact` (respondents x departments) and the ``rating`` and ``gate`` items.

    Returns
    -------
    Result or None
        None when the survey rates no departments. A row per department, by role, then in the order of the
        codebook; scores on 0-100:

        - `department` (code), `label`, `role`
        - `estimate`: level + theta, what an average enterprise would give it, severity of the raters taken out
          (`severity_adjusted`); `std_error`, `conf_low`, `conf_high` are of theta, the difference from the mean
          of the ranked departments, drawn at the score; `n` raters
        - `raw`, `raw_low`, `raw_high`: weighted mean of its raters with its own interval
        - `contact` (per cent that dealt with it, of the `contact_n` who said whether they did), `contact_count`;
          `unhappy` (per cent of raters below the middle of the scale), `unhappy_count`
        - `family_low`, `family_high`, `tier`, `tier_role`, `rank_low`, `rank_high`: see `standing`; departments
          with fewer than `min_raters` raters are listed without
        - `selection_low`, `selection_high`: score -+ (1 - contact share) `selection.delta`, how far enterprises
          that had no contact could move it

        A department that nobody rated has n = 0 and NaN.
        `extra`: `cov` (d, d) of theta, widened by `estimate.small_sample`; `df` the degrees of freedom of the
        mean error variance, which rank sets use; `mean` and `by_role`, frames
        (see `standing`); `ranked`, how many; `rank_width`, mean number of places in a rank set; `reliability`
        with `reliability_low`, `reliability_high`; `variance`, a frame with the per cent of one rating's variance
        due to respondents, departments and the rest, left out where it cannot be fitted; `adjusted`, False where
        raw scores had to serve; `notes`, tuple of Chinese sentences. NaN where fewer than two are ranked.

    Notes
    -----
    All comparisons are contrasts on the full covariance, for the same firms rate several departments.
    """
    items = _listed(survey)
    ratings = survey.ratings.reindex(columns=[item.department for item in items]).to_numpy(dtype=float)
    if np.isnan(ratings).all():
        return None
    keys, y = _keys(survey, items), _to100(ratings, items)
    raw = estimate.mean(y, survey.design)
    scores = comparable(y, survey.design, raw, survey.round.min_raters, keys["label"].tolist())
    table = keys.assign(**_score(scores, raw, survey.round.level))
    table = table.assign(**_contact(survey, items, ratings), **_unhappy(survey, items, ratings))
    table = table.assign(**standing(scores, keys["role"], survey.round))
    table = table.assign(**_selection(table, survey.round.selection.delta))
    extra = _beside(survey, scores, table, y)
    return estimate.Result(table, "departments", "分", "打过交道并打分的企业", len(survey.responses), extra)


def _score(scores: Comparable, raw: estimate.Estimate, level: float) -> dict[str, np.ndarray]:
    low, high = scores.theta.interval(level)
    raw_low, raw_high = raw.interval(level)
    return {
        "estimate": scores.score,
        "std_error": scores.theta.std_error,
        "conf_low": scores.level.estimate + low,
        "conf_high": scores.level.estimate + high,
        "n": raw.n,
        "raw": raw.estimate,
        "raw_low": raw_low,
        "raw_high": raw_high,
    }


def _selection(table: pd.DataFrame, delta: float) -> dict[str, pd.Series]:
    away = delta * (1 - table["contact"] / 100)
    return {"selection_low": table["estimate"] - away, "selection_high": table["estimate"] + away}


def _beside(survey: Survey, scores: Comparable, table: pd.DataFrame, y: np.ndarray) -> dict[str, Any]:
    """Collect what stands beside the table."""
    rated, round_ = ~np.isnan(y), survey.round
    return {
        "cov": scores.theta.cov,
        "mean": mean_of_ranked(scores, rated, round_.level),
        "by_role": by_role(scores, table["role"], rated, round_),
        "ranked": int(scores.ranked.sum()),
        "rank_width": float((table["rank_high"] - table["rank_low"] + 1).mean()),
        "adjusted": scores.adjusted,
        **of_table(scores, y, round_.level),
        "notes": (*scores.notes, *_too_few(scores, survey)),
    }


def _too_few(scores: Comparable, survey: Survey) -> tuple[str, ...]:
    """Say why nothing is compared."""
    if scores.ranked.sum() >= 2:
        return ()
    return (f"打分达到 {survey.round.min_raters} 家的部门不足两个，只列不比",)


def _listed(survey: Survey) -> list[Item]:
    """Return the rating items, by role of their department, then in the order of the codebook."""
    role = _roles(survey)
    place = {name: at for at, name in enumerate(ROLES)}
    items = [item for item in survey.codebook.by_role("rating") if item.department]
    return sorted(items, key=lambda item: place.get(role.get(item.department, ""), len(ROLES)))


def _roles(survey: Survey) -> dict[str, str]:
    table = survey.codebook.departments
    return dict(zip(table["code"], table["role"], strict=True))


def _keys(survey: Survey, items: list[Item]) -> pd.DataFrame:
    role = _roles(survey)
    return pd.DataFrame(
        {
            "department": [item.department for item in items],
            "label": [item.label for item in items],
            "role": [role.get(item.department, "") for item in items],
        }
    )


def _to100(ratings: np.ndarray, items: list[Item]) -> np.ndarray:
    """Put every department's column on 0-100 by its own scale."""
    columns = zip(ratings.T, items, strict=True)
    return np.column_stack([item.to100(x) for x, item in columns])


def _contact(survey: Survey, items: list[Item], ratings: np.ndarray) -> dict[str, np.ndarray]:
    """Per cent that dealt with each department; where the survey did not ask, the per cent that rated it."""
    asked = {item.department for item in survey.codebook.by_role("gate")}
    answers = survey.contact.reindex(columns=[item.department for item in items]).to_numpy(dtype=float)
    dealt = np.where(np.isnan(answers), np.nan, (answers > 0).astype(float))
    unknown = np.isnan(dealt).all(axis=0) & np.array([item.department not in asked for item in items])
    dealt[:, unknown] = ~np.isnan(ratings[:, unknown])
    return _share(survey, "contact", dealt) | {"contact_n": (~np.isnan(dealt)).sum(axis=0)}


def _unhappy(survey: Survey, items: list[Item], ratings: np.ndarray) -> dict[str, np.ndarray]:
    """Per cent of raters below the middle of the scale: the two lowest of five levels."""
    middle = np.array([(i.scale.low + i.scale.high) / 2 if i.scale else 50.0 for i in items])
    below = np.where(np.isnan(ratings), np.nan, (ratings < middle).astype(float))
    return _share(survey, "unhappy", below)


def _share(survey: Survey, name: str, y: np.ndarray) -> dict[str, np.ndarray]:
    """Weighted per cent of ones in each column of `y` (n, d) and how many respondents they are."""
    shares = estimate.share(y, survey.design)
    return {name: 100 * shares.estimate, f"{name}_count": np.nansum(y, axis=0).astype(int)}
