"""All pairs of departments as one family of comparisons (plain arrays)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalpkg.ranks import family
from evalpkg.ranks.family import Floats, Noise, Scores

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The m = p(p-1)/2 pairs of p departments.

    Attributes
    ----------
    first, second : ndarray, shape (m,), int
        first < second: with scores in falling order, the first of a pair is not lower.
    scores : Scores
        In falling order.
    sizes, variances : ndarray, shape (m,)
        S_jj + S_kk, and S_jj + S_kk - 2 S_jk.
    """

    first: Ints
    second: Ints
    scores: Scores
    sizes: Floats
    variances: Floats

    def differences(self, theta: Floats) -> tuple[Floats, Floats]:
        """Give t, shape (..., m), of scores (..., p), and the standard errors (m,)."""
        largest = float(np.abs(theta).max())
        apart = theta[..., self.first] - theta[..., self.second]
        return family.studentised(apart, self.variances, self.sizes, largest)

    def noise(self, sd: Floats, draws: int, seed: int) -> Noise:
        """Draw the studentised noise of the pairs jointly, (m, draws)."""
        each = np.arange(len(self.first))
        rows = np.zeros((len(each), len(self.scores.cov)))
        rows[each, self.first], rows[each, self.second] = 1, -1
        return family.noise(rows, self.scores, sd, draws, seed)

    @property
    def df(self) -> Floats:
        """Degrees of freedom of each difference, (m,)."""
        return self.scores.freedom[self.first, self.second]

    @property
    def of(self) -> Ints:
        """Pairs that each department is in, (p, p - 1): row j in the order of the others."""
        p = len(self.scores.cov)
        table = np.zeros((p, p), dtype=np.int64)
        table[self.first, self.second] = table[self.second, self.first] = np.arange(len(self.first))
        return table[~np.eye(p, dtype=bool)].reshape(p, p - 1)


def pairs(scores: Scores) -> Pairs:
    """List the pairs of departments with these scores."""
    first, second = np.triu_indices(len(scores.cov), 1)
    own = np.diagonal(scores.cov)
    sizes = own[first] + own[second]
    return Pairs(first, second, scores, sizes, sizes - 2 * scores.cov[first, second])
