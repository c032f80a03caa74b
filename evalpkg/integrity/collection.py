"""How the answers differ by the way they were collected, and what the published figure owes to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]

COVARIATES = {"district": "县（区）", "size": "规模", "industry": "行业"}
OTHER, UNKNOWN = "other", "不详"
SMALL = 1e-8  # relative length of what a mode's combination has outside the row space of the regression


@dataclass(frozen=True)
class Standardised:
    """Means as they would be if everybody had answered by each mode.

    `value` (m,), `influence` (n, m) its weighted influence functions.
    """

    value: Floats
    influence: Floats


def modes(survey: Survey) -> estimate.Result | None:
    """Give mean overall satisfaction by mode of collection, as it is and adjusted for who answered by which.

    Weighted regression of overall satisfaction on mode, district, size and industry (those that were asked); the
    adjusted mean of a mode is the regression's mean over all enterprises, each given that mode (g-computation).

    Returns
    -------
    Result or None
        A row a mode with at least k answers, most answers first: keys `group`, `label`; the mean as it is in
        `estimate, std_error, conf_low, conf_high, n`; `adjusted, adjusted_low, adjusted_high`. Smaller modes
        together are the row ``other`` if they reach k, else they are not listed. `extra`: `mode_adjusted`,
        `mode_adjusted_low`, `mode_adjusted_high`: the published overall minus what it would be had
        everybody answered by the largest mode; `reference`, its label; `adjusted_for`; `notes`. None without an
        outcome or a mode item, or where fewer than two modes can be listed: there is nothing to compare.

    Notes
    -----
    Source: Robins (1986), Graubard & Korn (1999, predictive margins). Influence of the adjusted mean of mode m:
    w_i [e_i x_i' (X'WX)^+ c_m + (z_i - zbar)' b_z / sum w], c_m the mode beside the population's mean of the other
    columns. A covariate is left out, and named, where a mode cannot be told apart from it (a mode used in one district
    alone). The adjustment removes differences in district, size and industry, not those in who agrees to be phoned.
    """
    item = survey.codebook.one("outcome")
    if item is None or item.code not in survey.responses or "mode" not in survey.responses:
        return None
    values = item.to100(survey.responses[item.code])
    answered = ~np.isnan(values) & (survey.design.weights > 0)
    group, listed, notes = _groups(survey, answered)
    if len(listed) < 2:
        return None
    adjusted, covariates = _adjusted(survey, values, answered, group)
    notes += tuple(
        f"填报方式与{COVARIATES[c]}分不开，没有按{COVARIATES[c]}调整" for c in COVARIATES
        if c in survey.responses and c not in covariates
    )  # fmt: skip
    return _result(survey, item, values, group, listed, adjusted, covariates, notes)


def _groups(survey: Survey, answered: NDArray[np.bool_]) -> tuple[pd.Series, list[str], tuple[str, ...]]:
    """Mode of every respondent with the small ones put together, the modes to list, and what to say of it."""
    mode = survey.responses["mode"].fillna(OTHER).astype("str")
    count = mode[answered].value_counts()
    small = [name for name in count.index if name == OTHER or count[name] < survey.round.k]
    group = mode.where(~mode.isin(small), OTHER)
    count = group[answered].value_counts()
    listed = [str(name) for name in count.index if count[name] >= survey.round.k]
    listed.sort(key=lambda name: (name == OTHER, -count[name], name))
    hidden = OTHER in count.index and OTHER not in listed
    return group, listed, (f"不足 {survey.round.k} 家的填报方式不单列",) if hidden else ()


def _adjusted(
    survey: Survey, values: Floats, answered: NDArray[np.bool_], group: pd.Series
) -> tuple[Standardised, list[str]]:
    """Standardise over as many covariates as leave every mode identified."""
    covariates = [column for column in COVARIATES if column in survey.responses]
    weights = np.where(answered, survey.design.weights, 0.0)
    y = np.where(answered, values, 0.0)
    dummies = _dummies(group)
    kept: list[str] = []
    best = standardised(y, weights, dummies, _columns(survey, kept))
    assert best is not None  # without covariates every mode is its own mean
    for column in covariates:
        found = standardised(y, weights, dummies, _columns(survey, [*kept, column]))
        if found is not None:
            best, kept = found, [*kept, column]
    return best, kept


def _columns(survey: Survey, covariates: list[str]) -> Floats:
    parts = [_dummies(survey.responses[column].fillna(UNKNOWN))[:, 1:] for column in covariates]
    return np.column_stack([np.zeros((survey.n, 0)), *parts])


def _dummies(labels: pd.Series) -> Floats:
    return pd.get_dummies(labels.astype("str"), dtype=float).sort_index(axis=1).to_numpy()


def standardised(y: Floats, weights: Floats, modes: Floats, others: Floats) -> Standardised | None:
    """Give the mean outcome over everybody under each mode, from a weighted regression.

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Weight 0 = outside.
    modes : ndarray, shape (n, m)
        One column a mode, each row has one 1.
    others : ndarray, shape (n, q)
        Covariates; columns that repeat one another do no harm.

    Returns
    -------
    Standardised or None
        None where a mode cannot be told apart from the covariates. A mode nobody used (weight 0) is NaN-free: it has
        value 0 and influence 0, and must not be listed.

    Examples
    --------
    >>> y, w = np.array([4.0, 6, 5, 9]), np.ones(4)
    >>> modes, size = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]), np.array([[0.0], [1], [0], [1]])
    >>> standardised(y, w, modes, size).value.round(6)
    array([5., 7.])
    """
    total = weights.sum()
    x = np.column_stack([modes, others])
    moment = x.T @ (weights[:, None] * x) / total
    inverse = np.linalg.pinv(moment, rcond=1e-10, hermitian=True)
    mean = weights @ others / total
    used = (weights @ modes) > 0
    combination = np.vstack([np.diag(used.astype(float)), np.tile(mean[:, None], modes.shape[1]) * used])
    outside = np.abs(moment @ inverse @ combination - combination).max(axis=0)
    if (outside > SMALL * np.maximum(np.abs(combination).max(axis=0), 1)).any():
        return None
    coefficient = inverse @ (x.T @ (weights * y)) / total
    residual = weights * (y - x @ coefficient) / total
    spread = weights * ((others - mean) @ coefficient[modes.shape[1] :]) / total
    influence = residual[:, None] * (x @ inverse @ combination) + spread[:, None] * used
    return Standardised(coefficient @ combination, influence)


def _result(
    survey: Survey,
    item: Item,
    values: Floats,
    group: pd.Series,
    listed: list[str],
    adjusted: Standardised,
    covariates: list[str],
    notes: tuple[str, ...],
) -> estimate.Result:
    level = survey.round.level
    within = np.column_stack([np.where(group == name, values, np.nan) for name in listed])
    raw, overall = estimate.mean(within, survey.design), estimate.mean(values, survey.design)
    lines = _lines(survey, values, group, listed, adjusted, raw, overall)
    low, high = lines.interval(level)
    m = len(listed)
    mode_item = survey.codebook.one("mode")
    options = {} if mode_item is None else mode_item.options
    labels = [("其他方式" if name == OTHER else options.get(name, name)) for name in listed]
    table = estimate.tidy(pd.DataFrame({"group": listed, "label": labels}), raw, level)
    table = table.assign(adjusted=lines.estimate[:m], adjusted_low=low[:m], adjusted_high=high[:m])
    against = np.zeros(m + 1)
    against[0], against[m] = -1, 1  # the largest mode comes first, the published overall last
    extra = {
        "cov": raw.cov,
        "adjusted_cov": lines.cov[:m, :m],
        **estimate.compared("mode_adjusted", lines, against, level),
        "reference": labels[0],
        "adjusted_for": tuple(COVARIATES[column] for column in covariates),
        "notes": notes,
    }
    return estimate.Result(table, "modes", "分", f"回答了“{item.label}”的企业", survey.n, extra)


def _lines(
    survey: Survey,
    values: Floats,
    group: pd.Series,
    listed: list[str],
    adjusted: Standardised,
    raw: estimate.Estimate,
    overall: estimate.Estimate,
) -> estimate.Estimate:
    """Join the adjusted means of the listed modes with the published overall, with their joint covariance."""
    order = [sorted(set(group)).index(name) for name in listed]
    inside = ~np.isnan(values) & (survey.design.weights > 0)
    weights = np.where(inside, survey.design.weights, 0.0)
    published = weights * np.where(inside, values - overall.estimate[0], 0.0) / weights.sum()
    influence = np.column_stack([adjusted.influence[:, order], published])
    return estimate.Estimate(
        estimate=np.r_[adjusted.value[order], overall.estimate],
        cov=estimate.covariance(influence, survey.design),
        n=np.r_[raw.n, overall.n],
        df=np.r_[raw.df, overall.df],
    )
