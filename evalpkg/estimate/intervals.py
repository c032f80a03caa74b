"""Confidence limits from a point, its standard error and degrees of freedom (plain arrays)."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit

from evalpkg.estimate.calibration import Floats


def quantile(level: float, df: Floats) -> Floats:
    """Give the two-sided t quantile; the normal one for infinite df, NaN below one degree of freedom."""
    p = (1 + level) / 2
    t = stdtrit(np.where(np.isfinite(df) & (df > 0), df, 1.0), p)
    return np.where(np.isposinf(df), ndtri(p), np.where(df >= 1, t, np.nan))


def symmetric(estimate: Floats, std_error: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Give estimate -+ t std_error."""
    return estimate - t * std_error, estimate + t * std_error


def on_logit(share: Floats, std_error: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Give limits of shares strictly between 0 and 1 by the delta method on the logit."""
    half = t * std_error / (share * (1 - share))
    return expit(logit(share) - half), expit(logit(share) + half)


def wilson(share: Floats, n: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Give Wilson's (1927) score limits for n (effective) observations."""
    centre = share + t**2 / (2 * n)
    half = t * np.sqrt(share * (1 - share) / n + t**2 / (4 * n**2))
    low, high = (centre - half) / (1 + t**2 / n), (centre + half) / (1 + t**2 / n)
    # exact at the ends, where rounding could leave -1e-18 or 1 + 1e-16
    return np.where(share <= 0, 0.0, low), np.where(share >= 1, 1.0, high)
