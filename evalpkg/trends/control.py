"""How sure many changes are at once: Holm, Benjamini & Hochberg, and limits of all at once; plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from evalpkg.complaints.differences import false_discovery
from evalpkg.estimate import Estimate

Floats = NDArray[np.float64]

FEW = (
    200  # degrees of freedom; below this draws from the estimated covariance are not trusted (as in `ranks`)
)
LARGE = 1e10  # scipy's t takes no infinite degrees of freedom
RISING, FALLING, NO = "rising", "falling", "no"


@dataclass(frozen=True, eq=False)
class Judged:
    """Hold what is said of k changes that are judged together; NaN and "" where one is not judged.

    Attributes
    ----------
    p, q : ndarray, shape (k,)
        Of no change: by itself, and as the family takes it.
    low, high : ndarray, shape (k,)
        Limits that leave 0 out exactly where the family says that there is a change.
    direction : ndarray of str, shape (k,)
        "rising", "falling", "no".
    """

    p: Floats
    q: Floats
    low: Floats
    high: Floats
    direction: NDArray[np.str_]


def holm(est: Estimate, level: float) -> Judged:
    """Judge a declared family: the chance of any false change is at most 1 - level (Holm 1979).

    The limits of each are those at the level at which it was judged, so that they touch 0 exactly where it is not sure.

    Examples
    --------
    >>> est = Estimate(np.array([3.0, 2.2, 0.1]), np.eye(3), n=np.array([9, 9, 9]), df=np.inf)
    >>> found = holm(est, 0.95)
    >>> found.q.round(3), found.direction
    (array([0.008, 0.056, 0.92 ]), array(['rising', 'no', 'no'], dtype='<U7'))
    """
    p = p_values(est)
    tested = np.flatnonzero(np.isfinite(p))
    order, m = tested[np.argsort(p[tested], kind="stable")], len(tested)
    q, levels = np.full_like(p, np.nan), np.full_like(p, np.nan)
    left = m - np.arange(m)
    q[order] = np.minimum(np.maximum.accumulate(p[order] * left), 1.0)
    fallen = int((q[order] <= 1 - level).sum())
    levels[order] = 1 - (1 - level) / np.maximum(left, m - fallen)
    return _judged(est, p, q, levels, 1 - level)


def false_discoveries(est: Estimate, level: float) -> Judged:
    """Judge what was not declared: at most 1 - level of the changes found are expected to be none.

    Benjamini & Hochberg (1995); limits by Benjamini & Yekutieli (2005).
    """
    p = p_values(est)
    q, rate = false_discovery(p), 1 - level
    m, found = np.isfinite(p).sum(), (q <= rate).sum()
    rank = np.where(q <= rate, found, np.minimum(found + 1, m))
    return _judged(est, p, q, np.where(np.isfinite(p), 1 - rate * rank / max(m, 1), np.nan), rate)


def all_at_once(est: Estimate, level: float, *, draws: int = 10_000, seed: int = 0) -> Judged:
    """Judge changes by limits that hold all true ones together: the band of a figure.

    Max-t (Hothorn, Bretz & Westfall 2008). With degrees of freedom under 200 the estimated covariance cannot be drawn
    from (38 chambers give it rank 37), and Bonferroni's quantile of t with each one's own stands in, as in `ranks.tiers`.
    """
    p = p_values(est)
    tested = np.isfinite(p)
    m = int(tested.sum())
    if not m or est.df[tested].min() < FEW:
        levels = np.where(tested, 1 - (1 - level) / max(m, 1), np.nan)
        return _judged(est, p, np.minimum(p * m, 1.0), levels, 1 - level)
    largest = _maxima(est.cov[np.ix_(tested, tested)], draws, seed)
    t = np.abs(est.estimate) / np.where(tested, est.std_error, np.nan)
    critical = float(np.partition(largest, at := ceil(round(level * draws, 9)) - 1)[at])
    beyond = 1 - np.searchsorted(np.sort(largest), t, side="left") / draws
    q = np.where(tested, beyond, np.nan)
    low, high = (est.estimate + sign * critical * est.std_error for sign in (-1, 1))
    blank = np.where(tested, 0.0, np.nan)
    return Judged(p, q, low + blank, high + blank, _direction(est, t > critical))


def p_values(est: Estimate) -> Floats:
    """Two-sided p-values of no change, (k,); NaN without a standard error."""
    se = np.where(est.std_error > 0, est.std_error, np.nan)
    df = np.clip(np.nan_to_num(est.df, nan=1.0), 1.0, LARGE)
    return np.asarray(2 * stdtr(df, -np.abs(est.estimate / se)))


def limits(est: Estimate, levels: float | Floats) -> tuple[Floats, Floats]:
    """Give limits, each at a level of its own."""
    df = np.clip(np.nan_to_num(est.df, nan=1.0), 1.0, LARGE)
    known = np.isfinite(np.broadcast_to(np.asarray(levels, dtype=float), est.estimate.shape))
    half = stdtrit(df, (1 + np.where(known, levels, 0.5)) / 2) * np.where(known, est.std_error, np.nan)
    return est.estimate - half, est.estimate + half


def _judged(est: Estimate, p: Floats, q: Floats, levels: Floats, rate: float) -> Judged:
    low, high = limits(est, levels)
    return Judged(p, q, low, high, _direction(est, q <= rate))


def _direction(est: Estimate, sure: NDArray[np.bool_]) -> NDArray[np.str_]:
    return np.select([sure & (est.estimate > 0), sure & (est.estimate < 0)], [RISING, FALLING], NO)


def _maxima(cov: Floats, draws: int, seed: int) -> Floats:
    """Draw the largest |Z_j| / sd_j of jointly normal Z."""
    values, vectors = np.linalg.eigh(cov)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    noise = np.random.default_rng(seed).standard_normal((len(cov), draws))
    return np.asarray(np.abs(root @ noise / np.sqrt(np.diagonal(cov))[:, None]).max(axis=0))
