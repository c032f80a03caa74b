"""What regression to the mean alone would give: who acts after a bad round gets better without doing anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def regression(
    score: ArrayLike, error: ArrayLike, treated: ArrayLike, earlier: Sequence[ArrayLike] = ()
) -> float:
    r"""Expect the change of departments that were low in one round, relative to the others, if nothing was done.

    y_jt = a_j + b_jt + e_jt with a_j lasting, b_jt of the round alone, e_jt its sampling error. Var(a) is the mean
    covariance with the earlier rounds (at least 0), Var(b) what is left of the variance after Var(a) and the mean error
    variance (at least 0). A score y is followed on average by mean + Var(a) / (Var(a) + Var(b) + s^2) (y - mean). Without an
    earlier round all that is not error is taken to last.

    Parameters
    ----------
    score, error : array_like, shape (d,)
        All departments in the round that made some of them act, with standard errors.
    treated : array_like of bool, shape (d,)
        Those that acted.
    earlier : sequence of array_like, shape (d,), optional
        Scores in other rounds before anything was done; NaN = not seen.

    Returns
    -------
    float
        Expected change of the treated less that of the others, in the units of the scores; NaN with fewer than three
        others.

    Notes
    -----
    Galton's regression with the shrinkage of an empirical Bayes estimate (Morris 1983, JASA 78:47). The variances are those
    of all departments: without the low ones that acted, the others spread too little and would seem to return too far.

    Examples
    --------
    Scores that last wholly do not return:

    >>> scores = [60.0, 70.0, 75.0, 80.0, 85.0, 90.0]
    >>> abs(round(regression(scores, [0.0] * 6, [True] + [False] * 5, [scores]), 9))
    0.0
    """
    y, s, acted = (
        np.asarray(score, dtype=float),
        np.asarray(error, dtype=float),
        np.asarray(treated, dtype=bool),
    )
    if (~acted).sum() < 3:
        return float("nan")
    spread = max(float(y.var(ddof=1)) - float((s**2).mean()), 0.0)
    shared = [_covariance(y, np.asarray(other, dtype=float)) for other in earlier]
    lasting = max(float(np.mean(shared)), 0.0) if shared else spread
    total = lasting + max(spread - lasting, 0.0) + s**2
    kept = np.divide(lasting, total, out=np.ones_like(total), where=total > 0)
    expected = (kept - 1) * (y - y.mean())
    return float(expected[acted].mean() - expected[~acted].mean())


def _covariance(x: np.ndarray, y: np.ndarray) -> float:
    known = np.isfinite(y)
    return float(np.cov(x[known], y[known])[0, 1]) if known.sum() > 2 else 0.0
