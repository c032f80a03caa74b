"""Departments within districts, sizes or industries: cells too small to stand alone borrow from each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import false_discovery_control, norm

from evalpkg import estimate
from evalpkg.scores.departments import _keys, _listed, _to100
from evalpkg.scores.direct_cells import DirectCells, direct_cells
from evalpkg.scores.fay_herriot import fay_herriot

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_GROUPS = 3
OWN_LEVEL = (
    "每格已扣除打分企业自身的宽严，也就扣除了这一组对所有部门的总体高低：比的是同一批企业眼中"
    "这个部门与其他部门之差，是否与全市不同；一组的总体高低另列"
)


def cells(survey: Survey, column: str, *, scores: estimate.Result | None = None) -> estimate.Result | None:
    r"""Score every department in each group of one column, small cells drawn towards the department's score.

    The direct estimate of a cell is the severity-adjusted score of the department among the group's own firms
    (`direct_cells`). Fay & Herriot's model with effects of departments and groups shrinks its departure
    from both (`fay_herriot`). The departures are centred, so that the cells of a department average to its
    city-wide score by the weights of their raters, and added to that score.

    Parameters
    ----------
    survey : Survey
        Uses `ratings`, `responses[column]`, `design` and the ``rating`` items.
    column : str
        Column of ``survey.responses``: ``"district"``, ``"size"``, ``"industry"``.
    scores : Result, optional
        Result of `departments`: its estimates are the city-wide scores. The weighted means where omitted.

    Returns
    -------
    Result or None
        A row per department and group: `department`, `label`, `role`, `group`, `group_label`; `estimate` on 0-100, at
        the severity of the whole city; `std_error`, `conf_low`, `conf_high` of its difference to the city-wide score,
        drawn at the estimate; `direct` with `direct_low`, `direct_high`; `shrinkage`, the weight of the direct
        estimate; `source`; `differs`: "above" or "below" the city-wide score by the Benjamini-Hochberg
        rule over all cells with a direct estimate, else "same"; `n`. A cell of fewer than k raters has source
        "synthetic": nothing of its own answers enters, `direct` is NaN and `n` counts the raters of the department.
        `extra`: `A`, variance between cells; `between`, mean shrinkage of the cells with a direct estimate; `tests`, how
        many those are; `groups`, the level of each group (what its firms give to the average department) with its
        interval and n; `notes`.
        None where there is nothing to compare: no ratings or no such column, fewer than three groups, too
        few cells with k raters, all ratings alike, a single cluster.

    Notes
    -----
    Raw means of cells were refused: the cells of a district share its firms and so one error, their
    severity, while the model's errors are independent. What is left once the firms' levels are taken out is nearly
    independent between cells and treated as such. Levels of groups take the city-wide scores as known.
    """
    data = _data(survey, column, scores)
    if data is None:
        return None
    direct = direct_cells(data.ratings, data.group, len(data.groups), survey.design, survey.round.k)
    found = _departures(direct)
    if found is None:
        return None
    table = data.keys.merge(data.groups.rename(columns={"label": "group_label"}), how="cross")
    table = table.assign(**_numbers(data.city, found, survey.round.level), n=_raters(direct))
    extra = {
        "A": found.A,
        "between": float(found.shrinkage[direct.usable].mean()),
        "tests": int(direct.usable.sum()),
        "groups": _levels(survey, data),
        "notes": _notes(survey, data, direct, found),
    }
    return estimate.Result(table, f"cells_{column}", "分", "打过交道并打分的企业", survey.n, extra)


# --- what is compared ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Data:
    """Ratings (n, J) on 0-100, group (n,) from 0 with -1 for none, city-wide scores (J,), keys of both."""

    ratings: Floats
    group: Ints
    city: Floats
    keys: pd.DataFrame
    groups: pd.DataFrame
    left_out: list[str]


def _data(survey: Survey, column: str, scores: estimate.Result | None) -> _Data | None:
    groups = _groups(survey, column)
    items = _listed(survey)
    if len(groups) < FEWEST_GROUPS or not items:
        return None
    departments = [item.department for item in items]
    ratings = _to100(survey.ratings.reindex(columns=departments).to_numpy(dtype=float), items)
    if scores is None:
        city = estimate.mean(ratings, survey.design).estimate
    else:
        city = scores.table.set_index("department")["estimate"].reindex(departments).to_numpy(dtype=float)
    known = np.isfinite(city)
    keys = _keys(survey, items)
    place = {code: at for at, code in enumerate(groups["group"])}
    group = survey.responses[column].map(place).fillna(-1).to_numpy(dtype=np.int64)
    left_out = keys.loc[~known, "label"].tolist()
    return _Data(ratings[:, known], group, city[known], keys[known], groups, left_out)


def _groups(survey: Survey, column: str) -> pd.DataFrame:
    """Return code and label of the groups somebody is in, in the order of the questionnaire."""
    present = set(survey.responses[column].dropna()) if column in survey.responses else set()
    item = survey.codebook.one(column)
    labels = {} if item is None else {**item.options, **{group: group for group in item.groups.values()}}
    codes = [*(code for code in labels if code in present), *sorted(present - set(labels))]
    return pd.DataFrame({"group": codes, "label": [labels.get(code, str(code)) for code in codes]})


# --- departures from the city-wide score -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Departures:
    """Cells less the city-wide score of their department, all (J, G): shrunken with its MSE, direct with its variance."""

    shrunken: Floats
    mse: Floats
    direct: Floats
    variance: Floats
    shrinkage: Floats
    A: float
    adjusted: bool


def _departures(direct: DirectCells) -> _Departures | None:
    """Shrink the direct estimates; None where they are too few or without a variance."""
    usable, shape = direct.usable, direct.theta.shape
    department, group = np.nonzero(usable)
    x = np.hstack([np.eye(shape[0])[department], np.eye(shape[1])[group]])
    D = direct.variance[usable]
    if not len(D) or not (D > 0).all() or len(D) < np.linalg.matrix_rank(x) + 3:
        return None
    fit = fay_herriot(direct.theta[usable], D, x)
    centre = _centring(direct.weight)
    against_city = np.eye(usable.size) - np.repeat(centre, shape[1], axis=0)
    known = usable.ravel()
    shrunken = fit.departures(against_city[:, known])
    # of a cell without a direct estimate the model knows the spread A alone
    unknown = fit.A * (against_city[:, ~known] ** 2).sum(axis=1)
    predicted = fit.gamma * fit.residual
    return _Departures(
        shrunken=shrunken.estimate.reshape(shape),
        mse=(shrunken.mse + unknown).reshape(shape),
        direct=_placed(fit.residual, usable, np.nan) - (centre[:, known] @ predicted)[:, None],
        variance=_placed(D, usable, np.nan),
        shrinkage=_placed(fit.gamma, usable, 0.0),
        A=fit.A,
        adjusted=fit.adjusted,
    )


def _centring(weight: Floats) -> Floats:
    """Return each department's weighted mean as a combination of all cells, (J, J * G)."""
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    centre: Floats = (np.eye(len(weight))[:, :, None] * share).reshape(len(weight), -1)
    return centre


def _placed(values: Floats, where: NDArray[np.bool_], otherwise: float) -> Floats:
    placed = np.full(where.shape, otherwise)
    placed[where] = values
    return placed


# --- the table -------------------------------------------------------------------------------------------


def _numbers(city: Floats, found: _Departures, level: float) -> dict[str, Any]:
    z = float(ndtri((1 + level) / 2))
    score, direct = city[:, None] + found.shrunken, city[:, None] + found.direct
    error, spread = np.sqrt(found.mse), np.sqrt(found.variance)
    columns = {
        "estimate": score,
        "std_error": error,
        "conf_low": score - z * error,
        "conf_high": score + z * error,
        "direct": direct,
        "direct_low": direct - z * spread,
        "direct_high": direct + z * spread,
        "shrinkage": found.shrinkage,
        "source": np.where(np.isnan(direct), "synthetic", "direct"),
        "differs": _differs(found, 1 - level),
    }
    return {name: values.ravel() for name, values in columns.items()}


def _differs(found: _Departures, rate: float) -> NDArray[np.str_]:
    """Compare with the city-wide score, the share of false discoveries among all cells held at `rate`."""
    tested = np.isfinite(found.direct)
    p = 2 * norm.sf(np.abs(found.shrunken[tested]) / np.sqrt(found.mse[tested]))
    sure = np.zeros(tested.shape, dtype=bool)
    sure[tested] = false_discovery_control(p, method="bh") <= rate
    return np.where(sure, np.where(found.shrunken > 0, "above", "below"), "same")


def _raters(direct: DirectCells) -> Ints:
    """Return who stands behind each number: the cell's raters, those of the department where nothing of the cell enters."""
    everyone = direct.n.sum(axis=1, keepdims=True)
    return np.where(direct.usable, direct.n, everyone).ravel()


def _levels(survey: Survey, data: _Data) -> pd.DataFrame:
    """Return the level of each group: what its firms give to the average of the departments, with its interval.

    `differs` compares it with the level of all firms, by Bonferroni over the groups.
    """
    above = data.ratings - data.city
    rated = ~np.isnan(above)
    person = np.nansum(above, axis=1) / np.maximum(rated.sum(axis=1), 1)
    person = np.where(rated.any(axis=1), person + data.city.mean(), np.nan)
    many = len(data.groups)
    within = np.where(data.group[:, None] == np.arange(many), person[:, None], np.nan)
    every = estimate.mean(np.column_stack([within, person]), survey.design)
    levels = estimate.contrast(every, np.eye(many, many + 1))
    apart = estimate.contrast(every, np.column_stack([np.eye(many), -np.ones(many)]))
    low, high = apart.interval(1 - (1 - survey.round.level) / many)
    differs = np.select([low > 0, high < 0], ["above", "below"], "same")
    return estimate.tidy(data.groups, levels, survey.round.level).assign(differs=differs)


def _notes(survey: Survey, data: _Data, direct: DirectCells, found: _Departures) -> tuple[str, ...]:
    """Say what the numbers are and what was done instead where the data did not suffice."""
    notes = [OWN_LEVEL]
    few = int((~direct.usable).sum())
    if few:
        notes.append(
            f"{few} 格可比的打分企业不足 {survey.round.k} 家：只列由全市得分推算的数，其中不含这一格自己的打分"
        )
    if found.adjusted:
        notes.append("各格之间没有测出抽样误差以外的差别：各格几乎就是该部门在全市的得分")
    if direct.cut_off.any():
        names = "、".join(data.groups.loc[direct.cut_off, "label"])
        notes.append(f"{names}：有的部门与其他部门没有共同的打分企业，无法相比，按推算列出")
    if data.left_out:
        notes.append(f"{'、'.join(data.left_out)}：全市没有得分，不列")
    return tuple(notes)
