"""What a driver analysis rests on: the answers, who takes part, and their moments under every set of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.drivers.importance import DriversError
from evalpkg.drivers.incomplete import Moments, moments

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

REPLICATE_TOLERANCE = 1e-4  # of a moment; a replicate's own spread is some hundred times larger


@dataclass(frozen=True, eq=False)
class Sample:
    """Hold the answers of n respondents to an outcome and p drivers.

    Attributes
    ----------
    outcome : Item
    items : tuple of Item, (p,)
        The drivers that can be analysed.
    left_out : tuple of str
        A Chinese sentence on each driver that cannot.
    answers : ndarray, shape (n, 1 + p)
        On 0-100, NaN = not answered, outcome first.
    centre, scale : ndarray, shape (1 + p,)
        Weighted mean and standard deviation over the answers given.
    used : ndarray of bool, shape (n,)
        Who answered anything of these.
    """

    outcome: Item
    items: tuple[Item, ...]
    left_out: tuple[str, ...]
    answers: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    used: np.ndarray

    @property
    def standardised(self) -> np.ndarray:
        """Answers of weighted mean 0 and variance 1, (n, 1 + p)."""
        values: np.ndarray = (self.answers - self.centre) / self.scale
        return values

    @property
    def whole(self) -> np.ndarray:
        """Who answered the outcome and every driver, (n,) bool."""
        whole: np.ndarray = ~np.isnan(self.answers).any(axis=1)
        return whole


def read(
    survey: Survey,
    items: Sequence[Item] | None = None,
    *,
    outcome: Item | None = None,
    outcome_values: np.ndarray | None = None,
) -> Sample | None:
    """Read the answers of a survey.

    Parameters
    ----------
    survey
    items
        Drivers; the items of role ``driver`` where omitted.
    outcome
        The item of role ``outcome`` where omitted.
    outcome_values
        (n,) values of the outcome on 0-100, where it is no column of the responses (the rating of a department).

    Returns
    -------
    Sample or None
        None when the survey has no such items or nobody answered them.

    Raises
    ------
    DriversError
        Too few respondents, no usable driver, or an outcome on which all agree.
    """
    outcome = survey.codebook.one("outcome") if outcome is None else outcome
    chosen = survey.codebook.by_role("driver") if items is None else items
    asked = [item for item in chosen if item.code in survey.responses]
    values = _outcome(survey, outcome, outcome_values)
    if outcome is None or values is None or not asked:
        return None
    answers = pd.DataFrame({item.code: item.to100(survey.responses[item.code]) for item in asked})
    if np.isnan(values).all() or answers.isna().all(axis=None):
        return None
    faults = {item.code: _fault(answers[item.code], values) for item in asked}
    kept = tuple(item for item in asked if not faults[item.code])
    left_out = tuple(f"“{item.label}”未列入：{faults[item.code]}" for item in asked if faults[item.code])
    if not kept:
        raise DriversError(f"影响因素：没有一项可以分析（{'；'.join(left_out)}）；请检查这些题目的数据")
    table = np.column_stack([values, answers[[item.code for item in kept]].to_numpy()])
    _check(table, outcome, survey.round.k)
    centre, scale = _spread(table, survey.design.weights)
    return Sample(outcome, kept, left_out, table, centre, scale, ~np.isnan(table).all(axis=1))


def replicates(survey: Survey) -> np.ndarray:
    """Draw the cluster bootstrap's weights, (n, draws): the same for every analysis of a round's drivers."""
    return estimate.replicate_weights(survey.design, survey.round.draws, survey.round.seed_for("drivers"))


def fitted(sample: Sample, weights: np.ndarray, replicates: np.ndarray) -> tuple[Moments, Moments]:
    """Give moments of the standardised answers under the survey's weights (n,) and under each replicate's."""
    values = sample.standardised[sample.used]
    point = moments(values, weights[sample.used, None])
    drawn = moments(values, replicates[sample.used], start=point, tolerance=REPLICATE_TOLERANCE)
    return point, drawn


def about(count: int, k: int) -> str:
    """Word a number of respondents for a sentence that is published: no exact count, none below k.

    >>> about(4, 10), about(23, 10)
    ('不足 10', '约 25')
    """
    return f"不足 {k}" if count < k else f"约 {5 * round(count / 5)}"


def _outcome(survey: Survey, outcome: Item | None, values: np.ndarray | None) -> np.ndarray | None:
    if values is not None:
        return np.asarray(values, dtype=float)
    if outcome is None or outcome.code not in survey.responses:
        return None
    return np.asarray(outcome.to100(survey.responses[outcome.code]), dtype=float)


def _fault(driver: pd.Series, outcome: np.ndarray) -> str:
    if driver.notna().sum() == 0:
        return "没有企业回答这一项"
    if driver.min() == driver.max():
        return "所有企业的打分都相同，无从比较"
    if driver[~np.isnan(outcome)].nunique() < 2:
        return "同时回答这一项和总体满意度的企业太少"
    return ""


def _check(values: np.ndarray, outcome: Item, k: int) -> None:
    size, p = int((~np.isnan(values).all(axis=1)).sum()), values.shape[1] - 1
    if len(np.unique(values[~np.isnan(values[:, 0]), 0])) < 2:
        raise DriversError(
            f"影响因素：所有企业对“{outcome.label}”的回答都相同，没有差别可以解释；请检查这一题的数据"
        )
    if size <= p + 1:
        raise DriversError(
            f"影响因素：作答的企业{about(size, k)} 家，要分析 {p} 项因素至少要 {p + 2} 家；请减少因素或补充问卷"
        )


def _spread(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of every column over the answers given."""
    given = np.where(np.isnan(values), 0.0, weights[:, None])
    given = given / given.sum(axis=0)
    centre = (given * np.nan_to_num(values)).sum(axis=0)
    scale = np.sqrt((given * np.nan_to_num(values - centre) ** 2).sum(axis=0))
    return centre, scale
