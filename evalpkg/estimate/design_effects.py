"""How much wider a variance is than that of a simple random sample of the same size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design
from evalpkg.estimate.means import mean, numeric_columns


def design_effects(y: ArrayLike, design: Design, *, finite: bool = False) -> Floats:
    """Give the design effect of the mean of each column: its variance over that of a simple random sample.

    The simple random sample has variance s^2 / n, s^2 = n/(n - 1) sum w (y - ybar)^2 / sum w. Unlike the Kish
    number of `design_effect` it holds what clusters, strata and raking do to this very variable.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        NaN = outside the domain.
    design : Design
    finite : bool
        Compare with a sample drawn without replacement from sum w enterprises (R's ``deff=TRUE``; weights must
        then add up to the population), not with one drawn with replacement (``deff="replace"``).

    Returns
    -------
    ndarray, shape (k,)
        NaN without a standard error or where nobody differs.

    Notes
    -----
    Kish (1965). Checked against R survey 4.1-1 ``svymean(deff = TRUE)`` (1e-9).

    Examples
    --------
    >>> design_effects([1.0, 1.0, 3.0, 3.0], Design([1, 1, 1, 1], clusters=["a", "a", "b", "b"])).round(3)
    array([3.])
    """
    columns = numeric_columns(y, design)
    result = mean(columns, design)
    inside = ~np.isnan(columns) & (design.weights > 0)[:, None]
    w = np.where(inside, design.weights[:, None], 0.0)
    size = np.maximum(w.sum(axis=0), np.finfo(float).tiny)
    squares = w * np.square(np.where(inside, columns - result.estimate, 0.0))
    simple = squares.sum(axis=0) / size / np.maximum(result.n - 1, 1)
    if finite:
        simple = simple * (1 - result.n / size)
    effects: Floats = np.divide(
        result.std_error**2, simple, out=np.full(len(simple), np.nan), where=simple > 0
    )
    return effects
