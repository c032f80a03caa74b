"""Which respondents people code by hand: a stratified sample whose inclusion probabilities are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.complaints.coding import REST, Coded

QUIET = "QUIET"  # stratum of those who wrote, but in whose words the machine finds no complaint
EASE = (
    0.5  # rows of that stratum relative to its size: a full-match grammar is seldom wrong about 无 and 点赞
)
LEAST = 3  # rows of a stratum: enough to see how it errs
POWER = 0.75  # of a stratum's weight, to which its rows are proportional
COLUMNS = ("stratum", "probability", "id")
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class SheetError(Exception):
    """A coding workbook cannot be written or used; the text is one Chinese line."""

    exit_code = 64


@dataclass(frozen=True)
class Drawn:
    """Hold who was drawn.

    `table` has a row a respondent who wrote anything (index rid): `stratum`, `probability` of being drawn (0 to 1) and `id`,
    the number on the sheet, "" for those who were not drawn. It tells the machine's answer: coders must not see it.
    """

    table: pd.DataFrame

    @property
    def sample(self) -> pd.DataFrame:
        """Rows of those who were drawn, in the order of the sheet."""
        return self.table[self.table["id"] != ""].sort_values("id")


def draw(said: Coded, n: int) -> Drawn:
    """Draw n respondents with all they wrote, small themes more often than their share.

    The unit is the respondent, not the remark, for that is what the headline counts: a remark that is coded tells only a
    part of what its author names, while the machine's error that matters is whether the respondent names a theme in any of
    them. Those who wrote nothing name no theme, for people as for the machine; they are not drawn.

    Strata: the rarest theme that the machine finds with a respondent; other complaints; no complaint. Rows go by
    the power .75 of a stratum's weight (Bankier 1988): by the weight itself shares are best, by its root their relative errors;
    the root leaves the largest strata so few rows that frequent themes get wider limits than without a machine.
    Within a stratum the chance is proportional to the survey weight, so that every row stands for as many enterprises and
    unequal weights cost no precision; see `selected`.

    Parameters
    ----------
    said
    n
        Respondents wanted; all who wrote, where they are fewer.

    Returns
    -------
    Drawn
        The same for the same round, answers, lexicon and n; rows in random order, numbered from 001.

    Raises
    ------
    SheetError
        Nobody wrote, or n is too small for the number of strata.
    """
    survey = said.survey
    strata = stratified(said)
    if strata.empty:
        raise SheetError(f"{survey.round.id}：没有企业写意见，没有可以编码的内容；请先核对答卷里的开放题")
    weights = survey.design.weights[survey.responses.index.get_indexer(strata.index)]
    rng = np.random.default_rng(survey.round.seed_for("coding"))
    # whoever has no weight counts nothing, yet a chance of 0 would have no inverse
    taken, probability = selected(strata.to_numpy(), np.maximum(weights, 1e-9 * weights.max()), n, rng)
    ids = np.full(len(strata), "", dtype=object)
    size = int(taken.sum())
    width = max(3, len(str(size)))
    ids[taken] = [f"{survey.round.id}-{number + 1:0{width}d}" for number in rng.permutation(size)]
    return Drawn(strata.to_frame("stratum").assign(probability=probability, id=ids))


def stratified(said: Coded) -> pd.Series:
    """Give the stratum of everybody who wrote (index rid), see `rarest`."""
    survey, codes = said.survey, [*said.lexicon, REST]
    named = pd.DataFrame(said.holds(survey, codes), index=survey.responses.index, columns=codes)
    return rarest(named.loc[named.index.isin(survey.remarks["rid"])])


def rarest(named: pd.DataFrame) -> pd.Series:
    """Give the rarest theme that is found with each respondent, QUIET where none is.

    >>> rarest(pd.DataFrame({"FIN": [1, 1, 0], "TAX": [0, 1, 0]})).tolist()
    ['FIN', 'TAX', 'QUIET']
    """
    order = named.sum().sort_values(kind="stable").index
    found = named[order].idxmax(axis=1) if len(named) else pd.Series(dtype=object)
    return found.where(named.any(axis=1), QUIET).rename("stratum")


def selected(
    strata: NDArray[np.object_], weights: Floats, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Floats]:
    """Select about n of N rows, stratum by stratum, with chances proportional to their weights.

    Systematic selection in random order (Goodman & Kish 1950; Hartley & Rao 1962): the chances are exact, and heavy rows whose
    chance would pass 1 are taken for sure.

    Parameters
    ----------
    strata, weights
        (N,) each; weights are positive.

    Returns
    -------
    taken, probability : ndarray, shape (N,)

    Raises
    ------
    SheetError
        n is less than three rows a stratum.

    Examples
    --------
    >>> strata, weights = np.array(["a"] * 4 + ["b"] * 2), np.array([1.0, 1.0, 1.0, 7.0, 2.0, 2.0])
    >>> taken, probability = selected(strata, weights, 5, np.random.default_rng(0))
    >>> probability.round(2).tolist(), int(taken.sum())
    ([0.67, 0.67, 0.67, 1.0, 1.0, 1.0], 5)
    """
    names, member = np.unique(strata, return_inverse=True)
    size = np.bincount(member)
    least = int(np.minimum(size, LEAST).sum())
    if n < least:
        raise SheetError(
            f"要编码的企业数是 {n}：本轮按机器归类分成 {len(names)} 层，每层至少 {LEAST} 家，"
            f"至少要 {least} 家；请加大 --n"
        )
    ease = np.where(names == QUIET, EASE, 1.0)
    rows = allotted(ease * np.bincount(member, weights) ** POWER, size, n)
    taken, probability = np.zeros(len(strata), dtype=bool), np.zeros(len(strata))
    for stratum, count in enumerate(rows):
        inside = np.flatnonzero(member == stratum)
        probability[inside] = chances(weights[inside], int(count))
        taken[inside[_systematic(probability[inside], rng)]] = True
    return taken, probability


def allotted(measure: Floats, size: Ints, n: int) -> Ints:
    """Share n rows out over strata in proportion to a measure, at least three and at most all of each.

    >>> allotted(np.array([1.0, 3.0, 96.0]), np.array([10, 10, 50]), 40)
    array([ 3,  3, 34])
    """
    least = np.minimum(size, LEAST)
    if n >= size.sum():
        return size.copy()
    low, high = 0.0, float((size / measure).max())
    for _ in range(100):  # the factor at which the limited shares add up to n
        factor = (low + high) / 2
        low, high = (low, factor) if np.clip(factor * measure, least, size).sum() >= n else (factor, high)
    shares = np.clip(high * measure, least, size)
    rows = np.floor(shares + 1e-9).astype(np.intp)
    largest = np.argsort(-(shares - rows), kind="stable")
    rows[[place for place in largest if rows[place] < size[place]][: max(n - int(rows.sum()), 0)]] += 1
    return rows


def chances(weights: Floats, n: int) -> Floats:
    """Give chances of selection proportional to weights that add up to n; 1 for rows that would pass it.

    >>> chances(np.array([1.0, 1.0, 8.0]), 2)
    array([0.5, 0.5, 1. ])
    """
    sure = np.zeros(len(weights), dtype=bool)
    if n >= len(weights):
        return np.ones(len(weights))
    while True:
        chance = np.where(sure, 1.0, (n - sure.sum()) * weights / weights[~sure].sum())
        passing = ~sure & (chance >= 1)
        if not passing.any():
            return chance
        sure |= passing


def _systematic(chance: Floats, rng: np.random.Generator) -> Ints:
    """Give the rows that are selected: sure ones, and of the others each with its chance, as many as the chances add up to."""
    open_ = rng.permutation(np.flatnonzero(chance < 1))
    ends = np.cumsum(chance[open_])
    steps = rng.random() + np.arange(int(np.rint(ends[-1])) if len(ends) else 0)
    # the last end is a whole number but for rounding
    picked = open_[np.minimum(np.searchsorted(ends, steps, side="right"), len(open_) - 1)]
    return np.concatenate([np.flatnonzero(chance >= 1), picked])
