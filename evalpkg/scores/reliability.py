"""How much of the differences between scores is true and how much is sampling error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri

from evalpkg.scores.comparable import Comparable
from evalpkg.scores.crossed import crossed_table
from evalpkg.scores.severity import ScoresError

PARTS = {
    "respondents": "企业打分宽严不同",
    "departments": "部门之间不同",
    "residual": "其余（企业对这个部门的看法）",
}


@dataclass(frozen=True)
class Reliability:
    """Hold the share of true differences in the variance of scores, 0 to 1, with its interval."""

    estimate: float
    low: float
    high: float


def reliability(theta: ArrayLike, cov: ArrayLike, *, df: float = np.inf, level: float = 0.95) -> Reliability:
    """Give the reliability of a table of scores as a whole.

    1 - v / s2, s2 the variance of the d scores (divisor d - 1), v the mean error variance of a difference, halved:
    v = mean_jj S - mean_jk S over pairs j != k. s2 estimates true variance + v, also with unequal and correlated
    errors. With every respondent rating every department and equal weights it is 1 - MS(residual) /
    MS(departments): Hoyt's (1941) and Cronbach's alpha with departments in the place of persons, and the
    coefficient of generalisability s2 / (s2 + residual / raters).

    Parameters
    ----------
    theta : array_like, shape (d,)
        Scores of two departments or more, finite.
    cov : array_like, shape (d, d)
    df : float
        Degrees of freedom of `cov`.
    level : float

    Returns
    -------
    Reliability
        Negative values are set to 0. Interval of Feldt (1965): (1 - r_hat) / (1 - r) ~ F(df, d - 1), true scores
        taken as normal. Scores that do not differ have reliability 0.

    Raises
    ------
    ScoresError
        Fewer than two scores, shapes that differ, values that are not finite.

    Notes
    -----
    Cronbach, Gleser, Nanda & Rajaratnam (1972), Brennan (2001, *Generalizability Theory*); error by differences
    for unbalanced data as Cullis, Smith & Coombes (2006), but from the design-based covariance, so that weights
    and clusters count.

    Examples
    --------
    >>> reliability([80.0, 84.0, 88.0], np.eye(3) * 4.0).estimate
    0.75
    """
    scores, s = np.asarray(theta, dtype=float), np.asarray(cov, dtype=float)
    d = len(scores)
    if scores.ndim != 1 or d < 2 or s.shape != (d, d):
        raise ScoresError(
            f"得分的形状是 {scores.shape}、协方差是 {s.shape}：至少两个得分，行列一一对应；请核对"
        )
    if not (np.isfinite(scores).all() and np.isfinite(s).all()):
        raise ScoresError("得分或协方差里有空值：只能是有限数；请先去掉没有得分或没有误差的部门")
    error = np.trace(s) / d - (s.sum() - np.trace(s)) / (d * (d - 1))
    spread = scores.var(ddof=1)
    # rounding in the mean leaves a trace of variance in equal scores
    unexplained = error / spread if spread > 1e-24 * max(np.square(scores).max(), 1e-300) else np.inf
    alpha = (1 - level) / 2
    low, high = (_quantile(df, d - 1, p) for p in (alpha, 1 - alpha))
    return Reliability(*(float(max(0.0, 1 - unexplained / f)) for f in (1.0, low, high)))


def _quantile(df1: float, df2: float, p: float) -> float:
    return float(fdtri(min(df1, 1e10), df2, p))


def of_table(scores: Comparable, y: NDArray[np.float64], level: float) -> dict[str, Any]:
    """Give df, reliability and, where it can be fitted, the parts of variance of a round's scores.

    Parameters
    ----------
    scores : Comparable
        d departments.
    y : ndarray, shape (n, d)
        Ratings on 0-100, NaN = not rated.
    """
    here = scores.ranked
    numbers = dict.fromkeys(("df", "reliability", "reliability_low", "reliability_high"), np.nan)
    if here.sum() >= 2:
        cov = scores.theta.cov[np.ix_(here, here)]
        df = scores.pooled_df
        found = reliability(scores.theta.estimate[here], cov, df=df, level=level)
        numbers = dict(zip(numbers, (df, found.estimate, found.low, found.high), strict=True))
    return numbers | variance(y[:, here])


def variance(y: NDArray[np.float64]) -> dict[str, pd.DataFrame]:
    """Give the per cent of one rating's variance by where it comes from, {} where it cannot be told.

    Unweighted: it describes the ratings that were made, not the population.
    """
    try:
        fit = crossed_table(y)
    except ScoresError:  # constant ratings, one department, nobody who rated two
        return {}
    if not fit.converged:
        return {}
    raters = int((~np.isnan(y)).any(axis=1).sum())
    parts = {"part": list(PARTS), "label": list(PARTS.values())}
    return {
        "variance": pd.DataFrame({**parts, "estimate": [100 * fit.shares[p] for p in PARTS], "n": raters})
    }
