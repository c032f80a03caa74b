"""Means and covariances of answers with gaps, for many sets of weights at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 1e-8  # added to unit variances, so that items which determine each other can still be inverted
NOTHING = 1e-10  # a variance that cancellation alone can leave of an item that is constant under some weights
CHUNK = 1000  # sets of weights per pass: bounds memory at any number of draws
ITERATIONS = 2000


@dataclass(frozen=True)
class Moments:
    """Second moments about zero of ``(1, answers)`` under each set of weights.

    `cross` is (q+1, q+1, draws) with ``cross[0, 0] = 1``, so row 0 holds the means; `change` is the largest
    change that the last iteration made (0 where nobody left a gap).
    """

    cross: np.ndarray
    change: float

    @property
    def covariance(self) -> np.ndarray:
        """Covariances (draws, q, q), divided by the sum of weights; a variance within rounding of 0 is 0."""
        mean = self.cross[0, 1:]
        covariance: np.ndarray = np.moveaxis(self.cross[1:, 1:] - mean[:, None] * mean[None], -1, 0)
        variance = np.einsum("dii->di", covariance)
        variance[variance < NOTHING] = 0.0
        return covariance


@dataclass(frozen=True)
class _Pattern:
    """Respondents `rows` (n_g,) who left out the same items `unseen` (m,) and answered `seen` (o,)."""

    rows: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray


def moments(
    values: np.ndarray, weights: np.ndarray, *, start: Moments | None = None, tolerance: float = 1e-9
) -> Moments:
    """Estimate means and covariances from all answers given, by EM under each set of weights.

    A respondent who skipped some items counts with those answered: the skipped ones are replaced, in every
    set of weights anew, by their regression on the answered ones, and the residual covariance of that
    regression is added. Consistent where gaps depend on answers given (missing at random) and regressions
    among items are linear with constant spread. Without gaps it is the weighted covariance, by one matrix product.

    Parameters
    ----------
    values
        (n, q) answers, NaN = not answered; of variance about one (the tolerance counts in these units).
    weights
        (n, draws) weights >= 0, one column per set.
    start
        Moments of one set of weights to start from.
    tolerance
        Largest change of any moment at which the iteration stops.

    Returns
    -------
    Moments

    Notes
    -----
    Maximum likelihood under normality; Dempster, Laird & Rubin (1977), JRSS B 39:1; Little & Rubin (2002),
    *Statistical Analysis with Missing Data*, section 11.2. Weights as pseudo-likelihood.

    Examples
    --------
    >>> full = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    >>> moments(full, np.ones((3, 1))).cross[0, :, 0].tolist()
    [1.0, 1.0, 1.0]
    """
    parts = [
        _fit(values, part, start, tolerance)
        for part in np.split(weights, range(CHUNK, weights.shape[1], CHUNK), 1)
    ]
    return Moments(
        np.concatenate([part.cross for part in parts], axis=-1), max(part.change for part in parts)
    )


def _fit(values: np.ndarray, weights: np.ndarray, start: Moments | None, tolerance: float) -> Moments:
    design = np.column_stack([np.ones(len(values)), np.nan_to_num(values)])
    patterns = _patterns(values)
    observed = _cross(design, weights)
    cross, change = observed / observed[0, 0], 0.0
    if patterns and start is not None:
        cross = np.repeat(start.cross, weights.shape[1], axis=-1)
    for _ in range(ITERATIONS if patterns else 0):
        completed = _complete(observed.copy(), Moments(cross, 0.0), design, weights, patterns)
        change = float(np.abs(completed - cross).max())
        cross = completed
        if change < tolerance:
            break
    return Moments(cross, change)


def _patterns(values: np.ndarray) -> list[_Pattern]:
    """Group the respondents with gaps by which items they left out."""
    gaps = np.isnan(values)
    kinds, kind = np.unique(gaps, axis=0, return_inverse=True)
    return [
        _Pattern(np.flatnonzero(kind.ravel() == i), np.flatnonzero(~gap), np.flatnonzero(gap))
        for i, gap in enumerate(kinds)
        if gap.any()
    ]


def _cross(design: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of products (q+1, q+1, draws): all pairs and all draws in one matrix product."""
    upper, lower = np.triu_indices(design.shape[1])
    sums = (design[:, upper] * design[:, lower]).T @ weights
    cross = np.empty((design.shape[1], design.shape[1], weights.shape[1]))
    cross[upper, lower] = cross[lower, upper] = sums
    return cross


def _complete(
    cross: np.ndarray, current: Moments, design: np.ndarray, weights: np.ndarray, patterns: list[_Pattern]
) -> np.ndarray:
    """Add to the answered part `cross` what the skipped items are expected to contribute (E- and M-step)."""
    mean, covariance = current.cross[0, 1:], current.covariance
    covariance[:, range(len(mean)), range(len(mean))] += RIDGE
    precision = np.moveaxis(np.linalg.inv(covariance), 0, -1)
    for pattern in patterns:
        share = weights[pattern.rows]
        slopes, residual = _regression(precision, pattern)
        constant = mean[pattern.unseen] - np.einsum("mod,od->md", slopes, mean[pattern.seen])
        coefficients = np.concatenate([constant[:, None], slopes], axis=1)
        _add(cross, pattern, design[pattern.rows], share, coefficients, residual * share.sum(axis=0))
    cross /= cross[0, 0].copy()
    return cross


def _regression(precision: np.ndarray, pattern: _Pattern) -> tuple[np.ndarray, np.ndarray]:
    """Regress the skipped items on the answered: slopes (m, o, draws), residual covariance (m, m, draws).

    Both are blocks of the precision matrix K: -K_mm^-1 K_mo and K_mm^-1, by Gauss-Jordan elimination.
    """
    m, draws = len(pattern.unseen), precision.shape[-1]
    identity = np.broadcast_to(np.eye(m)[..., None], (m, m, draws))
    own = precision[pattern.unseen]
    table = np.concatenate([own[:, pattern.unseen], own[:, pattern.seen], identity], axis=1)
    for i in range(m):
        table[i] /= table[i, i].copy()
        others = np.arange(m) != i
        table[others] -= table[others, i, None] * table[i]
    return -table[:, m:-m], table[:, -m:]


def _add(
    cross: np.ndarray,
    pattern: _Pattern,
    design: np.ndarray,
    weights: np.ndarray,
    coefficients: np.ndarray,
    residual: np.ndarray,
) -> None:
    """Add one pattern's expected products of skipped items with all items to `cross`, in place."""
    m, draws = len(pattern.unseen), weights.shape[1]
    known, unknown = np.r_[0, pattern.seen + 1], pattern.unseen + 1
    answered = design[:, known]
    expected = np.tensordot(answered, coefficients, axes=(1, 1))
    weighted = expected * weights[:, None]
    across = (answered.T @ weighted.reshape(-1, m * draws)).reshape(len(known), m, draws)
    cross[np.ix_(known, unknown)] += across
    cross[np.ix_(unknown, known)] += across.swapaxes(0, 1)
    cross[np.ix_(unknown, unknown)] += np.einsum("iad,ibd->abd", weighted, expected) + residual
