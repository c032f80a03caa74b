"""Medians and other quantiles, with limits by inverting the interval of a share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalpkg.estimate import intervals
from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.means import Estimate, mean, numeric_columns

ROUNDING = 1e-12  # a cumulated share that misses p by less than this has reached it


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Hold q quantiles of one variable in its domain.

    Attributes
    ----------
    estimate : ndarray, shape (q,)
        NaN for an empty domain.
    values, cumulative : ndarray, shape (m,)
        Distinct values in rising order, and the weighted share at or below each.
    at_or_below : Estimate
        The weighted share at or below each quantile, q means of zeros and ones.
    """

    estimate: Floats
    values: Floats
    cumulative: Floats
    at_or_below: Estimate

    @property
    def n(self) -> NDArray[np.int64]:
        """Respondents in the domain, (q,)."""
        return self.at_or_below.n

    @property
    def df(self) -> Floats:
        """Degrees of freedom of the shares that are inverted, (q,)."""
        return self.at_or_below.df

    @property
    def std_error(self) -> Floats:
        """Half the length of the 95% limits over their t quantile, (q,); linearised, NaN without limits."""
        plain = replace(self.at_or_below, few=None, influence=None)
        low, high = self._inverted(plain, 0.95)
        return np.where(plain.std_error >= 0, (high - low) / (2 * intervals.quantile(0.95, self.df)), np.nan)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Give the lower and upper confidence limits, values that somebody answered; as `Estimate.interval`."""
        return self._inverted(self.at_or_below, level)

    def _inverted(self, share: Estimate, level: float) -> tuple[Floats, Floats]:
        low, high = share.interval(level)
        # near the ends the symmetric limits of a share leave 0-1, those on the logit never do
        inside = (low >= 0) & (high <= 1)
        limits = zip((low, high), replace(share, scale="logit").interval(level), strict=True)
        low, high = (
            _smallest_reaching(np.where(inside, plain, logit), self.values, self.cumulative)
            for plain, logit in limits
        )
        return low, high


def quantile(y: ArrayLike, probs: ArrayLike, design: Design) -> Quantiles:
    """Estimate weighted quantiles of one variable.

    The quantile of p is the smallest value whose weighted cumulative share reaches p (the inverse of the
    distribution function; type 1 of Hyndman & Fan 1996, R survey's default ``qrule="math"``). Its limits are the
    quantiles of the limits of the share at or below it: symmetric ones, as R's ``interval.type="mean"``; where
    those leave 0-1, limits on the logit.

    Parameters
    ----------
    y : array_like, shape (n,)
        NaN = outside the domain.
    probs : array_like, shape (q,) or scalar
        Between 0 and 1, both excluded.
    design : Design

    Returns
    -------
    Quantiles
        q quantiles in the units of `y`, NaN for an empty domain.

    Raises
    ------
    EstimateError
        As `mean`; more than one column; a probability outside 0-1.

    Notes
    -----
    Woodruff (1952). Checked against R survey 4.1-1 svyquantile (1e-9).

    Examples
    --------
    >>> days = [3, 5, 8, 9, 30]
    >>> quantile(days, [0.25, 0.5], Design([1, 1, 1, 1, 1])).estimate
    array([5., 8.])
    """
    column = numeric_columns(y, design)
    if column.shape[1] != 1:
        raise EstimateError(f"分位数只能对一列数计算，而取值有 {column.shape[1]} 列：只能是一列；请逐列计算")
    wanted = _check_probs(probs)
    rated = ~np.isnan(column[:, 0]) & (design.weights > 0)
    values, place = np.unique(column[rated, 0], return_inverse=True)
    held = np.bincount(place, weights=design.weights[rated], minlength=len(values)).astype(float)
    cumulative: Floats = np.cumsum(held) / max(held.sum(), np.finfo(float).tiny)
    found = _smallest_reaching(wanted, values, cumulative)
    reached = np.where(rated[:, None], column <= found, np.nan)
    return Quantiles(found, values, cumulative, mean(reached, design))


def _smallest_reaching(share: Floats, values: Floats, cumulative: Floats) -> Floats:
    place = np.searchsorted(cumulative, share - ROUNDING)
    known = np.isfinite(share) & (len(values) > 0)
    return np.append(values, np.nan)[np.where(known, np.minimum(place, len(values) - 1), len(values))]


def _check_probs(probs: ArrayLike) -> Floats:
    wanted = np.atleast_1d(np.asarray(probs, dtype=float))
    if wanted.ndim != 1 or not ((wanted > 0) & (wanted < 1)).all():
        raise EstimateError("分位数的概率不对：只能在 0 与 1 之间（不含两端）；例如中位数写 0.5")
    return wanted
