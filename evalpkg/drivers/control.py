"""Moments with a control that is measured with error: the error is taken out of them, not left to the drivers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalpkg.drivers.sample import Sample, fitted

STRONG = 10**0.5  # standard errors; as a first-stage F of 10 (Staiger & Stock 1997)
MOST_LOST = 0.05  # of the replicates


@dataclass(frozen=True, eq=False)
class Controlled:
    """Hold covariances of the standardised outcome, p drivers and the control, in this order.

    Attributes
    ----------
    plain : ndarray, shape (1 + draws, p + 2, p + 2)
        As measured; the survey's own weights first, then the replicates'.
    corrected : ndarray, shape (1 + draws, p + 2, p + 2)
        The same without the error of the control.
    possible : ndarray, shape (1 + draws,)
        False where what is left is no covariance: the error exceeds what the control shows beside the others.
    strength : float
        The part of what the control shows beside the drivers that is no error (its partial reliability), in standard
        errors: the square root of a first-stage F.
    change : float
        As `Moments.change`, of the survey's own weights.
    """

    plain: np.ndarray
    corrected: np.ndarray
    possible: np.ndarray
    strength: float
    change: float

    @property
    def separable(self) -> bool:
        """Whether drivers and control can be told apart."""
        lost = 1 - self.possible[1:].mean()
        return bool(self.possible[0] and lost <= MOST_LOST and self.strength >= STRONG)

    @property
    def reliability(self) -> float:
        """Part of the control's variance that is not error."""
        return float(self.corrected[0, -1, -1] / self.plain[0, -1, -1])


def beside(read: Sample, value: np.ndarray, weights: np.ndarray, inside: np.ndarray) -> Sample:
    """Add a control (n,) as the last column; only respondents `inside` (n,) stay in use."""
    used = read.used & inside
    share = np.where(used & ~np.isnan(value), weights, 0.0)
    share /= share.sum()
    centre = share @ np.nan_to_num(value)
    scale = np.sqrt(share @ np.nan_to_num(value - centre) ** 2)
    return replace(
        read,
        answers=np.column_stack([read.answers, value]),
        centre=np.append(read.centre, centre),
        scale=np.append(read.scale, scale),
        used=used,
    )


def controlled(
    read: Sample, error: np.ndarray, weights: np.ndarray, replicates: np.ndarray
) -> Controlled | None:
    r"""Give moments with and without the error of the control, the last column of `read`.

    With h = L + u, u independent of all else and of variance error_i, cov(h, .) = cov(L, .) and var(L) = var(h) -
    mean(error): the errors-in-variables estimator, to which two-stage least squares over split halves leads when
    moments are averaged over all splits.

    Parameters
    ----------
    read
        See `beside`.
    error : ndarray, shape (n,)
        NaN where not known: such respondents count with the others' mean error.
    weights, replicates : ndarray, shape (n,), (n, draws)

    Returns
    -------
    Controlled or None
        None where the control does not vary.

    Notes
    -----
    Fuller (1987), *Measurement Error Models*, section 2.2.
    """
    if read.scale[-1] <= 1e-9:
        return None
    point, draws = fitted(read, weights, replicates)
    plain = np.concatenate([point.covariance, draws.covariance])
    noise = _mean_error(read, error, np.column_stack([weights, replicates]))
    corrected = plain.copy()
    corrected[:, -1, -1] -= noise
    beside_drivers = _left(plain[:, 1:, 1:])
    possible = (_left(plain) > noise) & (plain[:, 0, 0] > 0)
    # as a part: the variance itself rises and falls with the chambers drawn, and no estimate hangs on that
    part = 1 - noise / np.maximum(beside_drivers, np.finfo(float).tiny)
    spread = part[1:].std(ddof=1)
    strength = part[0] / spread if spread > 0 else np.inf
    return Controlled(plain, corrected, possible, float(strength), point.change)


def _mean_error(read: Sample, error: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Weighted mean error of those in use, in units of the standardised control, under each set of weights."""
    known = read.used & ~np.isnan(error)
    share = sets[known]
    mean = error[known] @ share / np.maximum(share.sum(axis=0), np.finfo(float).tiny)
    return np.asarray(mean / read.scale[-1] ** 2)


def _left(covariance: np.ndarray) -> np.ndarray:
    """Variance of the last that the others leave, (draws,)."""
    others, across = covariance[:, :-1, :-1], covariance[:, :-1, -1:]
    inverse = np.linalg.pinv(others, rcond=1e-8, hermitian=True)
    explained = (across.swapaxes(1, 2) @ inverse @ across)[:, 0, 0]
    left: np.ndarray = covariance[:, -1, -1] - explained
    return left
