"""Totals over the population."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.estimate.design import Design
from evalpkg.estimate.means import Estimate, domain_df, numeric_columns
from evalpkg.estimate.variance import covariance


def total(y: ArrayLike, design: Design) -> Estimate:
    """Estimate the population total of each column: sum w y over its domain, linearised by z = w y.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        NaN = outside the domain, adds nothing.
    design : Design
        Its weights must add up to the population, not to the sample.

    Returns
    -------
    Estimate
        k totals, 0 for an empty domain; symmetric intervals with t. NaN standard error in a single cluster.

    Raises
    ------
    EstimateError
        As `mean`.

    Notes
    -----
    Checked against R survey 4.1-1 svytotal (1e-9).

    Examples
    --------
    >>> total([3, 5, float("nan")], Design([10, 20, 10])).estimate
    array([130.])
    """
    columns = numeric_columns(y, design)
    inside = ~np.isnan(columns) & (design.weights > 0)[:, None]
    z = design.weights[:, None] * np.where(inside, columns, 0.0)
    cov, df = covariance(z, design), domain_df(inside, design)
    cov[df < 1, :] = cov[:, df < 1] = np.nan
    return Estimate(estimate=z.sum(axis=0), cov=cov, n=inside.sum(axis=0), df=df)
