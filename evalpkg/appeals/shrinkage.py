"""Shares of small groups, drawn towards the mean of all groups as far as chance alone would spread them; plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, betaln

Floats = NDArray[np.float64]
MEANS, WEIGHTS = 80, 40  # points at which mean and shrinkage are tried


@dataclass(frozen=True, eq=False)
class Shrunken:
    """Hold posterior shares of k groups.

    Attributes
    ----------
    estimate, std_error : ndarray, shape (k,)
    alpha, beta : ndarray, shape (k,)
        Parameters of the beta distribution with these two moments.
    mean : float
        Mean of the groups.
    """

    estimate: Floats
    std_error: Floats
    alpha: Floats
    beta: Floats
    mean: float

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper limits, (k,) each."""
        tail = (1 - level) / 2
        return betaincinv(self.alpha, self.beta, tail), betaincinv(self.alpha, self.beta, 1 - tail)


def shrunken(successes: ArrayLike, n: ArrayLike) -> Shrunken:
    """Estimate the shares of k groups together by a beta-binomial model.

    x_i ~ Binomial(n_i, p_i), p_i ~ Beta(m M, (1 - m) M). Instead of plugging in one m and M (the likelihood is often largest at
    M = infinity, and the intervals are then far too short), both are averaged over, with m uniform on (0, 1) and the
    shrinkage h / (h + M) uniform on (0, 1), h the harmonic mean of the n_i (Christiansen & Morris 1997; Daniels 1999).

    Parameters
    ----------
    successes, n : array_like, shape (k,)
        n of at least 1.

    Returns
    -------
    Shrunken

    Examples
    --------
    >>> found = shrunken([1, 18, 30, 9], [1, 20, 40, 12])
    >>> bool(found.estimate[0] < 0.9)  # one of one is not 100%
    True
    """
    x, size = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    if not len(x):
        none = np.empty(0)
        return Shrunken(none, none, none, none, float("nan"))
    share = (np.arange(MEANS) + 0.5) / MEANS
    weight = (np.arange(WEIGHTS) + 0.5) / WEIGHTS
    prior = len(size) / np.sum(1 / size) * (1 - weight) / weight
    m, strength = (part.ravel() for part in np.meshgrid(share, prior, indexing="ij"))
    chance = _posterior(x, size, m, strength)
    kept = chance > 1e-7 * chance.max()
    chance, m, strength = chance[kept] / chance[kept].sum(), m[kept], strength[kept]
    centre, spread = _moments(x, size, m, strength, chance)
    total = centre * (1 - centre) / spread - 1
    return Shrunken(centre, np.sqrt(spread), centre * total, (1 - centre) * total, float(chance @ m))


def _posterior(x: Floats, n: Floats, m: Floats, strength: Floats) -> Floats:
    """Probability of each pair of mean and strength, not yet adding up to 1, (points,)."""
    a, b = m * strength, (1 - m) * strength
    pairs, times = np.unique(np.column_stack([x, n]), axis=0, return_counts=True)
    logs = np.zeros(len(m))
    for (found, size), count in zip(pairs, times, strict=True):
        logs += count * (betaln(a + found, b + size - found) - betaln(a, b))
    return np.asarray(np.exp(logs - logs.max()))


def _moments(x: Floats, n: Floats, m: Floats, strength: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of each share over all pairs of mean and strength, (k,) each."""
    a, b = m * strength + x[:, None], (1 - m) * strength + (n - x)[:, None]
    centre = a / (a + b)
    within = centre * (1 - centre) / (a + b + 1)
    mean = centre @ chance
    return mean, within @ chance + (centre**2) @ chance - mean**2
