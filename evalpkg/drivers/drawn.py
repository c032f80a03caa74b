"""Estimates with their bootstrap replicates, and what these say: errors, intervals, who is first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

SMALLEST_SHARE = 1e-6  # keeps the logit finite in replicates where a driver happens to be constant


@dataclass(frozen=True, eq=False)
class Drawn:
    """Hold k estimates and their replicates.

    Attributes
    ----------
    point : ndarray, shape (k,)
    all_draws : ndarray, shape (draws, k)
        Rows with NaN are replicates in which the outcome does not vary.

    Examples
    --------
    >>> found = Drawn(np.array([0.4, 0.2]), np.array([[0.5, 0.1], [0.3, 0.3], [0.4, 0.2]]))
    >>> found.std_error.round(2).tolist(), found.first(0.95, np.inf).round(2).tolist()
    ([0.1, 0.1], [1.0, 0.0])
    """

    point: np.ndarray
    all_draws: np.ndarray

    @property
    def draws(self) -> np.ndarray:
        """Replicates without a gap."""
        kept: np.ndarray = self.all_draws[~np.isnan(self.all_draws).any(axis=1)]
        return kept

    @property
    def std_error(self) -> np.ndarray:
        """Standard deviations of the replicates, (k,)."""
        return np.asarray(self.draws.std(axis=0, ddof=1))

    @property
    def logits(self) -> tuple[np.ndarray, np.ndarray]:
        """Points and replicates of shares on the logit."""
        return logit(self.point), logit(self.draws)

    def around(self, level: float, df: float) -> np.ndarray:
        """Give the replicates moved to the points and spread by what t exceeds the normal, (draws, k).

        A bootstrapped share is too large on average, and few clusters make the replicates too much alike: what is counted in
        them agrees with the intervals only after both are mended.
        """
        draws = self.draws
        wider = _t(level, df) / _t(level, np.inf)
        moved: np.ndarray = self.point + wider * (draws - draws.mean(axis=0))
        return moved

    def first(self, level: float, df: float) -> np.ndarray:
        """How often each is the largest in the replicates around the points, (k,), 0 to 1."""
        draws = self.around(level, df)
        return np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws)

    def interval(self, level: float, df: float) -> tuple[np.ndarray, np.ndarray]:
        """Give point -+ t times the standard error, (k,) each."""
        spread = _t(level, df) * self.std_error
        return self.point - spread, self.point + spread

    def share_interval(self, level: float, df: float) -> tuple[np.ndarray, np.ndarray]:
        """Give limits (k,), (k,) symmetric on the logit: they stay between nothing and all of the variance."""
        point, draws = self.logits
        spread = _t(level, df) * draws.std(axis=0, ddof=1)
        return special.expit(point - spread), special.expit(point + spread)


def logit(share: np.ndarray) -> np.ndarray:
    """Log odds of shares, kept finite."""
    inside: np.ndarray = special.logit(np.clip(share, SMALLEST_SHARE, 1 - SMALLEST_SHARE))
    return inside


def _t(level: float, df: float) -> float:
    return float(stats.t.ppf(0.5 + level / 2, df))
