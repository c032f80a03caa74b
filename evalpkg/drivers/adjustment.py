"""Adjusted differences in overall satisfaction: like enterprises compared, several differences in one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evalpkg import estimate
from evalpkg.drivers import level as levels
from evalpkg.drivers.importance import DriversError
from evalpkg.drivers.sample import about

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

PLACES = {"size": "规模", "district": "县（区）", "industry": "行业"}
SMALLEST = (
    10  # respondents; a smaller class stands with the largest one, from which the others are taken to differ
)
LEVEL = "打分松紧（对各部门打分扣除部门平均分后的均值）"


@dataclass(frozen=True, eq=False)
class Controls:
    """What enterprises are made alike in: columns (n, q) without gaps, and their names for the reader."""

    columns: pd.DataFrame
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Differences:
    """Hold the adjusted differences of `kept` columns, those `determined` by columns before them, and rows taking part."""

    estimate: estimate.Estimate
    kept: list[str]
    determined: list[str]
    dropped: list[str]
    rows: np.ndarray


def outcome(survey: Survey) -> tuple[Item, np.ndarray] | None:
    """Give the item of overall satisfaction and its answers on 0-100; None where nobody was asked or answered.

    Raises
    ------
    DriversError
        All who answered say the same.
    """
    item = survey.codebook.one("outcome")
    if item is None or item.code not in survey.responses:
        return None
    values = np.asarray(item.to100(survey.responses[item.code]), dtype=float)
    given = values[~np.isnan(values) & (survey.design.weights > 0)]
    if not len(given):
        return None
    if given.min() == given.max():
        raise DriversError(
            f"相差多少：所有企业对“{item.label}”的回答都相同，没有差别可以比较；请检查这一题的数据"
        )
    return item, values


def controls(survey: Survey) -> Controls:
    """Collect size, district, industry and the respondent's own level, as far as they were asked."""
    parts, names = [], []
    for column, name in PLACES.items():
        if column in survey.responses:
            parts.append(_dummies(survey.responses[column], column))
            names += [name] if parts[-1].shape[1] else []
    own = level(survey)
    if own is not None:
        parts.append(own)
        names.append(LEVEL)
    columns = pd.concat([pd.DataFrame(index=survey.responses.index), *parts], axis=1)
    return Controls(columns, tuple(names))


def level(survey: Survey) -> pd.DataFrame | None:
    """Give each respondent's own level over departments as columns without gaps.

    Returns
    -------
    DataFrame or None
        `level` (the weighted mean where nothing was rated) and, where somebody rated nothing, `unrated` (0 or 1). None where
        there are no ratings.
    """
    found = levels.of_respondents(survey)
    if found is None:
        return None
    rated, weights = ~np.isnan(found.value), np.where(np.isnan(found.value), 0.0, survey.design.weights)
    middle = (weights * np.nan_to_num(found.value)).sum() / max(weights.sum(), np.finfo(float).tiny)
    table = pd.DataFrame({"level": np.where(rated, found.value, middle)}, index=survey.responses.index)
    return table if rated.all() else table.assign(unrated=(~rated).astype(float))


def differences(
    survey: Survey, values: np.ndarray, wanted: pd.DataFrame, others: Sequence[pd.DataFrame]
) -> Differences:
    """Compare on all `wanted` columns at once, made alike in the `others`.

    Parameters
    ----------
    survey
    values : ndarray, shape (n,)
        Outcome, NaN = takes no part.
    wanted, others : DataFrame, n rows
        Of numbers without gaps where `values` has none. A wanted column that the intercept or wanted ones before it
        determine is left out, a control that wanted columns determine likewise.

    Raises
    ------
    DriversError
        Too few respondents for so many columns.
    """
    x = pd.concat([wanted, *others], axis=1)
    table = np.column_stack([np.ones(len(x)), x.to_numpy(dtype=float)])
    rows = ~np.isnan(values) & ~np.isnan(table).any(axis=1) & (survey.design.weights > 0)
    kept = estimate.independent_columns(table[rows], survey.design.weights[rows])
    if rows.sum() < 2 * kept.sum():
        raise DriversError(
            f"相差多少：可比的企业{about(int(rows.sum()), survey.round.k)} 家，而要同时考虑 {int(kept.sum())} 个方面，至少要有其两倍；"
            "请补充问卷，或减少要比较的主题"
        )
    found = estimate.clustered_regression(np.where(rows, values, np.nan), table[:, kept], survey.design)
    of, use = list(wanted.columns), kept[1 : 1 + wanted.shape[1]]
    pick = np.eye(kept.sum())[1 : 1 + use.sum()]
    return Differences(
        estimate=estimate.contrast(found, pick) if use.any() else found,
        kept=[name for name, in_ in zip(of, use, strict=True) if in_],
        determined=[name for name, in_ in zip(of, use, strict=True) if not in_],
        dropped=[
            str(name) for name, in_ in zip(x.columns[len(of) :], kept[1 + len(of) :], strict=True) if not in_
        ],
        rows=rows,
    )


def effects(keys: pd.DataFrame, found: estimate.Estimate, level: float) -> pd.DataFrame:
    """Put differences beside their keys with the interval of each and of all at once (Bonferroni), and what is sure.

    Examples
    --------
    >>> found = estimate.Estimate([-4.0, 1.0], np.eye(2), np.array([500, 500]), np.array([30.0, 30.0]))
    >>> effects(pd.DataFrame({"theme": ["FIN", "LAB"]}), found, 0.95)["sure"].tolist()
    ['down', 'no']
    """
    table = estimate.tidy(keys, found, level)
    half = stats.t.ppf(1 - (1 - level) / 2 / max(len(keys), 1), found.df) * found.std_error
    low, high = found.estimate - half, found.estimate + half
    return table.assign(
        family_low=low, family_high=high, sure=np.select([low > 0, high < 0], ["up", "down"], "no")
    )


def empty(key: str) -> pd.DataFrame:
    """Give the columns of `effects`, of no rows."""
    nothing = estimate.Estimate(np.zeros(1), np.ones((1, 1)), np.ones(1, int), np.ones(1))
    return effects(pd.DataFrame({key: [""], "label": [""]}), nothing, 0.95).assign(count=0).iloc[:0]


def _dummies(column: pd.Series, name: str) -> pd.DataFrame:
    """Columns of 0 and 1 for every class but the largest, with which the smallest classes stand."""
    filled = column.astype(object).where(column.notna(), "(空)")
    counts = filled.value_counts()
    own = [code for code in counts.index[1:] if counts[code] >= SMALLEST]
    return pd.DataFrame(
        {f"{name}={code}": (filled == code).astype(float) for code in own}, index=column.index
    )
