"""Kaplan-Meier with censoring, its quantiles and restricted mean, and log-rank tests; plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.multitest import multipletests

Floats = NDArray[np.float64]
TOUCH = 1e-9  # a curve this near to a level runs on it


@dataclass(frozen=True, eq=False)
class Curve:
    """Hold a Kaplan-Meier curve.

    Attributes
    ----------
    days : ndarray, shape (m,)
        Days on which something ended, ascending.
    at_risk, ended : ndarray, shape (m,)
        Cases still open on that day, and cases that ended.
    surviving, std_error, low, high : ndarray, shape (m,)
        Share still open after that day, Greenwood's standard error, pointwise interval on the log-log scale.
    n : int
        Cases.
    last : float
        Longest time that a case was followed.
    """

    days: Floats
    at_risk: Floats
    ended: Floats
    surviving: Floats
    std_error: Floats
    low: Floats
    high: Floats
    n: int
    last: float


@dataclass(frozen=True)
class Time:
    """A time and its interval, in days; NaN where the curve does not come so far down."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class RestrictedMean:
    """The mean time up to a horizon, in days."""

    estimate: float
    std_error: float
    horizon: float


def kaplan_meier(days: ArrayLike, ended: ArrayLike, level: float = 0.95) -> Curve:
    """Estimate the share still open over time; cases not ended are censored (Kaplan & Meier 1958).

    statsmodels computes the curve and Greenwood's variance; the interval is S^exp(+-z se / (S log S)), as
    ``conf.type = "log-log"`` of R's survival.

    Parameters
    ----------
    days : array_like, shape (n,)
        Days to the end, or to where the case was last seen open.
    ended : array_like of bool, shape (n,)
    level
        Confidence level of the pointwise interval.

    Examples
    --------
    >>> curve = kaplan_meier([3, 5, 5, 8], [True, True, False, True])
    >>> curve.days.tolist(), curve.surviving.round(2).tolist()
    ([3.0, 5.0, 8.0], [0.75, 0.5, 0.0])
    """
    time, end = np.asarray(days, dtype=float), np.asarray(ended, dtype=bool)
    last = float(time.max()) if len(time) else 0.0
    if not end.any():
        none = np.empty(0)
        return Curve(none, none, none, none, none, none, none, len(time), last)
    found = SurvfuncRight(time, end)
    held = found.n_events > 0
    survive = found.surv_prob[held]
    # Greenwood's sum is infinite at the very end, where the curve is 0 and has no interval.
    error = np.where(survive > 0, found.surv_prob_se[held], 0.0)
    low, high = _log_log(survive, error, level)
    return Curve(
        found.surv_times[held], found.n_risk[held], found.n_events[held], survive, error, low, high,
        len(time), last,
    )  # fmt: skip


def _log_log(survive: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
    inner = (survive > 0) & (survive < 1)
    share = np.where(inner, survive, 0.5)
    width = norm.ppf((1 + level) / 2) * error / (share * np.log(share))  # negative
    low, high = share ** np.exp(-width), share ** np.exp(width)
    return np.where(inner, low, survive), np.where(inner, high, survive)


def quantile(curve: Curve, share: float = 0.5) -> Time:
    """Return the day by which a share of the cases has ended, and where its interval crosses (Brookmeyer & Crowley 1982).

    A curve that runs exactly on the level for a while is read in the middle, as R does.

    Examples
    --------
    >>> quantile(kaplan_meier([3, 5, 6, 8], [True] * 4)).estimate
    5.5
    """
    edges = (_crosses(curve.days, side, 1 - share) for side in (curve.surviving, curve.low, curve.high))
    return Time(*edges)


def _crosses(days: Floats, survive: Floats, level: float) -> float:
    reached = np.flatnonzero(survive <= level + TOUCH)
    if not len(reached):
        return float("nan")
    first = reached[0]
    on_it = abs(survive[first] - level) <= TOUCH
    below = np.flatnonzero(survive < level - TOUCH)
    return float((days[first] + days[below[0]]) / 2 if on_it and len(below) else days[first])


def restricted_mean(curve: Curve, horizon: float) -> RestrictedMean:
    """Return the area under the curve up to a horizon; a case still open then counts as the horizon.

    Its variance is sum (area from t to the horizon)^2 d / (r (r - d)) over the days t with an end (Klein & Moeschberger 2003,
    4.5); d ended of r at risk.

    Examples
    --------
    >>> round(restricted_mean(kaplan_meier([3, 5, 8], [True] * 3), 6).estimate, 2)
    4.67
    """
    held = curve.days < horizon
    days, survive = curve.days[held], curve.surviving[held]
    areas = np.diff(np.r_[days, horizon]) * survive
    first = float(days[0]) if len(days) else horizon
    rest = areas[::-1].cumsum()[::-1]
    risk, ended = curve.at_risk[held], curve.ended[held]
    left = risk - ended
    terms = np.divide(rest**2 * ended, risk * left, out=np.zeros_like(rest), where=left > 0)
    return RestrictedMean(first + float(areas.sum()), float(np.sqrt(terms.sum())), horizon)


def log_rank(days: ArrayLike, ended: ArrayLike, group: ArrayLike) -> float:
    """Return the p-value of the log-rank test that all groups end equally fast; 1 where nothing can be compared.

    Examples
    --------
    >>> round(log_rank([1, 2, 3, 10, 11, 12], [True] * 6, [0, 0, 0, 1, 1, 1]), 3)
    0.025
    """
    group = np.asarray(group)
    if len(np.unique(group)) < 2 or not np.any(ended):
        return 1.0
    with np.errstate(all="ignore"):
        try:
            p = float(survdiff(np.asarray(days, float), np.asarray(ended, int), group)[1])
        except np.linalg.LinAlgError:  # a group without anybody at risk when something ended
            return 1.0
    return p if np.isfinite(p) else 1.0


def holm(p: Sequence[float]) -> Floats:
    """Adjust p-values for being looked at together (Holm 1979).

    Examples
    --------
    >>> holm([0.01, 0.04]).tolist()
    [0.02, 0.04]
    """
    return np.asarray(multipletests(p, method="holm")[1], dtype=float) if len(p) else np.empty(0)
