"""A few treated units against untreated ones whose changes are known with unequal errors; plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]

SMALLEST = 1e-12  # squared points: what an error of zero is taken for
MOST = 500_000  # assignments that are enumerated; with more there is no permutation test


@dataclass(frozen=True, eq=False)
class Untreated:
    """How N untreated units changed.

    Attributes
    ----------
    centre : float
        Their mean change, each weighted by the inverse of its variance.
    weights : ndarray, shape (N,)
        Sum to one.
    between : float
        Variance by which units truly wander, tau^2.
    scale : float
        Variance of the standardised changes: 1 where tau^2 > 0; below 1 where the changes spread less than their errors say.
    mean_variance : float
        Variance of `centre`, before `scale`.
    """

    centre: float
    weights: Floats
    between: float
    scale: float
    mean_variance: float

    @property
    def df(self) -> int:
        """Degrees of freedom of the spread, N - 1."""
        return len(self.weights) - 1


@dataclass(frozen=True)
class Contrast:
    """What the treated changed beyond the untreated; `p` two-sided with `df`, `p_permutation` NaN where not enumerated."""

    difference: float
    std_error: float
    df: int
    p: float
    p_permutation: float
    untreated: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Limits at `level`: difference -+ t_df std_error."""
        half = float(stdtrit(self.df, (1 + level) / 2)) * self.std_error if self.df > 0 else np.nan
        return self.difference - half, self.difference + half


def contrast(treated: ArrayLike, treated_error: ArrayLike, change: ArrayLike, error: ArrayLike) -> Contrast:
    r"""Compare the mean change of m treated units with the changes of N untreated ones.

    change_j ~ N(mu, scale (s_j^2 + tau^2)), s_j the sampling error of the change of unit j. tau^2 solves
    sum_j (change_j - mu)^2 / (s_j^2 + tau^2) = N - 1 (Paule & Mandel 1982); where already tau^2 = 0 gives less, scale
    is that sum over N - 1. difference = mean of the treated - mu, with variance
    scale (sum_i (s_i^2 + tau^2) / m^2 + 1 / sum_j 1 / (s_j^2 + tau^2)), t with N - 1 degrees of freedom.

    Parameters
    ----------
    treated, treated_error : array_like, shape (m,)
        Changes and their standard errors.
    change, error : array_like, shape (N,)
        Of the untreated.

    Returns
    -------
    Contrast
        NaN p where the untreated do not differ at all.

    Notes
    -----
    With equal errors this is the two-sample t test whose spread comes from the untreated alone (Conley & Taber 2011,
    REStat 93:113, in its normal form). A treated unit with few raters has a larger s_i: without it a noisy department would
    be called effective too easily. The permutation test enumerates which m of the N + m units were treated, by the mean
    of the standardised changes.

    Examples
    --------
    >>> found = contrast([5.0], [1.0], [1.0, -1.0, 0.0], [1.0, 1.0, 1.0])
    >>> round(found.difference, 3), round(found.std_error, 3), found.df, found.p_permutation
    (5.0, 1.155, 2, 0.25)
    """
    own, own_error, rest, rest_error = (
        np.atleast_1d(np.asarray(x, dtype=float)) for x in (treated, treated_error, change, error)
    )
    spread = untreated(rest, rest_error)
    m = len(own)
    own_variance = float((own_error**2 + spread.between).sum()) / m**2
    std_error = float(np.sqrt(spread.scale * (own_variance + spread.mean_variance)))
    difference = float(own.mean()) - spread.centre
    p = 2 * float(stdtr(spread.df, -abs(difference) / std_error)) if std_error > 0 else np.nan
    by_chance = permuted(np.r_[own, rest], np.r_[own_error, rest_error], m)
    return Contrast(difference, std_error, spread.df, p, by_chance, spread.centre)


def untreated(change: ArrayLike, error: ArrayLike) -> Untreated:
    """Describe how N >= 2 units changed, (N,) changes and their standard errors; see `contrast`."""
    x, s2 = np.asarray(change, dtype=float), np.maximum(np.asarray(error, dtype=float) ** 2, SMALLEST)
    n = len(x)

    def excess(between: float) -> float:
        return _chi_square(x, s2 + between) - (n - 1)

    # at twice the plain variance the sum is at most half of what it should be
    between = float(brentq(excess, 0.0, 2 * x.var(ddof=1))) if excess(0.0) > 0 else 0.0
    precision = 1 / (s2 + between)
    weights = precision / precision.sum()
    scale = _chi_square(x, s2 + between) / (n - 1)
    return Untreated(float(weights @ x), weights, between, scale, float(1 / precision.sum()))


def _chi_square(x: Floats, variance: Floats) -> float:
    weights = 1 / variance
    centre = weights @ x / weights.sum()
    return float(((x - centre) ** 2 * weights).sum())


def permuted(change: ArrayLike, error: ArrayLike, m: int) -> float:
    """Return the share of all choices of m units whose standardised changes lie as far out as those of the first m.

    Standardised on all N + m units, whoever was treated, so that each choice is judged by one and the same measure.

    Examples
    --------
    >>> permuted([9.0, 0.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0], 1)
    0.25
    """
    x, s = np.asarray(change, dtype=float), np.asarray(error, dtype=float)
    if comb(len(x), m) > MOST:
        return float("nan")
    spread = untreated(x, s)
    z = (x - spread.centre) / np.sqrt(np.maximum(s**2, SMALLEST) + spread.between)
    chosen = np.fromiter(chain.from_iterable(combinations(range(len(x)), m)), dtype=np.intp).reshape(-1, m)
    found = np.abs(z[chosen].sum(axis=1))
    return float((found >= found[0] - 1e-9).mean())  # the first choice is the one that happened


def holm(p: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Adjust p-values for being looked at together (Holm 1979).

    Returns
    -------
    adjusted, levels : ndarray, shape (k,)
        Adjusted p-values, and the level at which the interval of each leaves 0 out exactly where its adjusted p is at most
        1 - level.

    Examples
    --------
    >>> [values.round(4).tolist() for values in holm([0.01, 0.3, 0.02])]
    [[0.03, 0.3, 0.04], [0.9833, 0.95, 0.975]]
    """
    given = np.asarray(p, dtype=float)
    k, order = len(given), np.argsort(given, kind="stable")
    steps = np.empty(k)
    steps[order] = np.arange(k, 0, -1)
    adjusted = np.empty(k)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * np.arange(k, 0, -1)), 1.0)
    sure = adjusted <= 1 - level
    # of those that are not sure, all are held against the step at which the procedure stopped
    steps[~sure] = (~sure).sum()
    return adjusted, 1 - (1 - level) / steps
