"""What enterprises that dealt with a department think of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalpkg import estimate

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

ROLES = ("regulator", "service", "utility", "judiciary")  # the order of the page


def departments(survey: Survey) -> estimate.Result | None:
    """Give contact, score and discontent of every department, listed by role (not ranked).

    Only respondents who dealt with a department rate it: "not dealt with" is missing, never zero.

    Parameters
    ----------
    survey : Survey
        Uses `ratings` and `contact` (respondents x departments) and the ``rating`` and ``gate`` items.

    Returns
    -------
    Result or None
        A row per department, by role, then in the order of the codebook: keys `department` (code), `label`,
        `role`; mean score of its raters on 0-100 as `estimate`, `std_error`, `conf_low`, `conf_high`, `n`
        raters; `contact` (per cent that dealt with it, of the `contact_n` who said whether they did) and
        `contact_count`; `unhappy` (per cent of raters below the middle of the scale) and `unhappy_count`.
        A department that nobody rated has n = 0 and NaN.
        `extra`: `cov` (d, d), covariance of the scores in the order of the rows; `by_role`, a frame with a
        row per role: the simple mean over its departments that have `min_raters` raters, `departments` (how
        many those are) and `n` (respondents who rated any); `mean`, the same as one row over all roles.
        None when the survey rates no departments.

    Notes
    -----
    Means of departments are contrasts on the full covariance, for the same firms rate several departments.
    """
    items = _listed(survey)
    ratings = survey.ratings.reindex(columns=[item.department for item in items]).to_numpy(dtype=float)
    if np.isnan(ratings).all():
        return None
    score = estimate.mean(_to100(ratings, items), survey.design)
    table = estimate.tidy(_keys(survey, items), score, survey.round.level)
    table = table.assign(**_contact(survey, items, ratings), **_unhappy(survey, items, ratings))
    extra = {"cov": score.cov, **_means(survey, table, score, ratings)}
    total = len(survey.responses)
    return estimate.Result(table, "departments", "分", "打过交道并打分的企业", total, extra)


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


def _means(
    survey: Survey, table: pd.DataFrame, score: estimate.Estimate, ratings: np.ndarray
) -> dict[str, Any]:
    """Average the departments that have enough raters, by role and over all."""
    enough = (table["n"] >= survey.round.min_raters).to_numpy()
    members = {role: enough & (table["role"] == role).to_numpy() for role in table["role"].unique()}
    return {
        "by_role": _averages(survey, members, score, ratings),
        "mean": _averages(survey, {"all": enough}, score, ratings),
    }


def _averages(
    survey: Survey, members: dict[str, np.ndarray], score: estimate.Estimate, ratings: np.ndarray
) -> pd.DataFrame:
    """Return a row per group of departments with their simple mean, NaN for an empty group."""
    chosen = np.array(list(members.values()))
    filled = chosen.any(axis=1)
    keys = pd.DataFrame({"role": list(members), "departments": chosen.sum(axis=1)})
    averages = estimate.contrast(score, chosen[filled] / chosen[filled].sum(axis=1, keepdims=True))
    table = estimate.tidy(keys.loc[np.flatnonzero(filled)], averages, survey.round.level)
    raters = [(~np.isnan(ratings[:, group])).any(axis=1).sum() for group in chosen]
    return keys.merge(table, how="left", on=["role", "departments"]).assign(n=raters)
