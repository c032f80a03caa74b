"""Raking over cells of equal categories, and the report on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalpkg import estimate
from evalpkg.estimate.calibration import Fit, Floats, proportional_fit
from evalpkg.weights.categories import Margins, WeightsError
from evalpkg.weights.margins import Margin, Prepared, prepare

TOLERANCE, SWEEPS = 1e-10, 1000


@dataclass(frozen=True, eq=False)
class RakingReport:
    """Hold what raking did.

    Attributes
    ----------
    table : DataFrame
        Per margin and category: population, sample and weighted share (per cent), deviation (weighted minus
        population, percentage points), respondents.
    design_effect : float
        Kish design effect of the final weights.
    effective_n : float
        Respondents over `design_effect`.
    smallest, largest : float
        Final weights relative to their mean.
    iterations : int
        Sweeps over all margins.
    trimmed : int
        Weights lowered by trimming.
    untrimmed_design_effect : float
        Kish design effect before trimming.
    """

    table: pd.DataFrame
    design_effect: float
    effective_n: float
    smallest: float
    largest: float
    iterations: int
    trimmed: int
    untrimmed_design_effect: float


def rake(
    sample: pd.DataFrame,
    margins: Margins,
    base: ArrayLike | None = None,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = SWEEPS,
) -> Floats:
    """Give weights that reproduce the population totals of every margin.

    Rows of equal categories get one common factor, so rows are collapsed to cells, iterative proportional
    fitting runs on the cells, and the factors are expanded to rows again: w_i = base_i prod_m f_m(category).

    Parameters
    ----------
    sample : DataFrame, n rows
        Categories; no missing values in the columns that the margins use.
    margins : mapping
        {column or tuple of columns: Series of population totals indexed by category}; a MultiIndex for a
        tuple. All margins must have the same total (a relative difference up to 1e-6 is scaled
        away, to the first).
    base : array_like, shape (n,), optional
        Weights before raking; equal ones where omitted.
    tolerance : float
        Largest relative deviation of any category from its population total.
    max_iterations : int
        Sweeps over all margins after which raking is given up.

    Returns
    -------
    ndarray, shape (n,)
        Weights; their sum is the population total.

    Raises
    ------
    WeightsError
        Missing column or value; respondents in a category that the population lacks or where it is empty; a
        population category without respondents; margins of different totals; no convergence.

    Notes
    -----
    Deming & Stephan (1940); Deville, Saerndal & Sautory (1993). Checked against R survey 4.1-1 `rake`
    (epsilon 1e-12) to 1e-8 relative.

    Examples
    --------
    >>> sample = pd.DataFrame({"size": ["S", "S", "L"], "place": ["east", "west", "west"]})
    >>> margins = {"size": pd.Series({"S": 80, "L": 20}), "place": pd.Series({"east": 50, "west": 50})}
    >>> rake(sample, margins).round(6)
    array([50., 30., 20.])
    """
    prepared = prepare(sample, margins, base)
    raked, fit = _rake(prepared, tolerance, max_iterations)
    if not fit.deviation <= tolerance:  # a tolerance that is no number is never met
        raise WeightsError(_unconverged(prepared.margins, fit))
    return raked


def report(
    sample: pd.DataFrame, margins: Margins, weights: ArrayLike, base: ArrayLike | None = None
) -> RakingReport:
    """Compare population, sample and weighted sample, and say what the weights cost.

    Parameters
    ----------
    sample, margins, base
        As given to `rake`.
    weights : array_like, shape (n,)
        Final weights, raked and perhaps trimmed.

    Returns
    -------
    RakingReport

    Raises
    ------
    WeightsError
        As `rake`.

    Examples
    --------
    >>> sample = pd.DataFrame({"size": ["S", "S", "S", "L"]})
    >>> margins = {"size": pd.Series({"S": 90, "L": 10})}
    >>> report(sample, margins, rake(sample, margins)).table.round(1)
      margin category  population  sample  weighted  deviation  respondents
    0   size        S        90.0    75.0      90.0        0.0            3
    1   size        L        10.0    25.0      10.0        0.0            1
    """
    prepared = prepare(sample, margins, base)
    raked, fit = _rake(prepared, TOLERANCE, SWEEPS)
    final = np.asarray(weights, dtype=float)
    return RakingReport(
        table=pd.concat([_compare(margin, final) for margin in prepared.margins], ignore_index=True),
        design_effect=estimate.design_effect(final),
        effective_n=estimate.effective_sample_size(final),
        smallest=float(final.min() / final.mean()),
        largest=float(final.max() / final.mean()),
        iterations=fit.iterations,
        trimmed=int((final < raked * (1 - 1e-9)).sum()),
        untrimmed_design_effect=estimate.design_effect(raked),
    )


def _rake(prepared: Prepared, tolerance: float, max_iterations: int) -> tuple[Floats, Fit]:
    cells = prepared.cells
    fit = proportional_fit(
        prepared.start[:, None],
        cells.margins,
        [margin.totals[:, None] for margin in prepared.margins],
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    return cells.base * fit.factors[:, 0][cells.cell], fit


def _compare(margin: Margin, weights: Floats) -> pd.DataFrame:
    population, sample, weighted = (
        100 * sums / sums.sum() for sums in (margin.totals, margin.respondents, margin.sums(weights))
    )
    return pd.DataFrame(
        {
            "margin": margin.name,
            "category": margin.categories,
            "population": population,
            "sample": sample,
            "weighted": weighted,
            "deviation": weighted - population,
            "respondents": margin.respondents,
        }
    )


def _unconverged(margins: Sequence[Margin], fit: Fit) -> str:
    margin = margins[fit.worst[0]]
    place = f"边际“{margin.name}”的类别“{margin.categories[fit.worst[1]]}”"
    return (
        f"加权在 {fit.iterations} 次迭代后仍未收敛：{place}相差 {100 * fit.deviation:.2g}%；"
        "请用 collapse 规则合并人数少的类别，或减少边际"
    )
