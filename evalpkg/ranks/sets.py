"""Confidence sets for ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.ranks import family
from evalpkg.ranks.family import Bools, RanksError, Scores
from evalpkg.ranks.pairs import Ints, Pairs, pairs


@dataclass(frozen=True, eq=False)
class RankSets:
    """Hold the places that each of p departments may have; 1 is the highest score.

    Attributes
    ----------
    lower, upper : ndarray, shape (p,), int
        With probability `level` all p true ranks lie within [lower, upper] together.
    marginal_lower, marginal_upper : ndarray, shape (p,), int
        The same for one department that was named beforehand; never wider.
    level : float

    Examples
    --------
    >>> sets = rank_sets([3.0, 2.9, 1.0], np.diag([0.01, 0.01, 0.01]))
    >>> sets.lower, sets.upper, sets.width
    (array([1, 1, 3]), array([2, 2, 3]), array([2, 2, 1]))
    """

    lower: Ints
    upper: Ints
    marginal_lower: Ints
    marginal_upper: Ints
    level: float

    @property
    def width(self) -> Ints:
        """Places that the simultaneous set of each department holds, (p,)."""
        return self.upper - self.lower + 1

    def best(self, tau: int) -> Bools:
        """Tell which departments may be among the tau best, (p,) bool.

        With probability `level` all that truly are, are in. Nothing more is assumed than in the simultaneous
        sets, off which it is read.
        """
        return np.asarray(self.lower <= self._places(tau))

    def worst(self, tau: int) -> Bools:
        """Tell which departments may be among the tau worst, (p,) bool."""
        return np.asarray(self.upper >= len(self.upper) - self._places(tau) + 1)

    def _places(self, tau: int) -> int:
        if not 1 <= tau <= len(self.lower) or tau != int(tau):
            raise RanksError(f"名次个数是 {tau}：只能从 1 到部门数 {len(self.lower)}；例如 3")
        return int(tau)


def rank_sets(
    theta: ArrayLike,
    cov: ArrayLike,
    *,
    df: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> RankSets:
    r"""Give the ranks that p departments may have, all together and each by itself.

    T_jk = (theta_j - theta_k) / sqrt(S_jj + S_kk - 2 S_jk) for all ordered pairs, or those with j. Pairs with T
    above the `level` quantile of the largest (Z_j - Z_k) / sd_jk of the pairs still active, Z ~ N(0, S), are
    rejected and leave the family, until nothing new falls. Then lower_j = 1 + #{k surely better} and
    upper_j = p - #{k surely worse}.

    Parameters
    ----------
    theta : array_like, shape (p,)
        Scores, higher is better. Departments with too few raters are left out beforehand.
    cov : array_like, shape (p, p)
        Their covariance.
    df : float or array_like of shape (p,), optional
        Degrees of freedom of `cov`, or of each score (a pair has the fewer of its two); None = large. With
        finite df Z is multivariate t. Below 200 the estimated covariance is too poor to draw from at all: Holm
        over the same pairs with one-sided p-values of t_df.
    level : float
        Between 0 and 1.
    draws : int
        Of the joint distribution.
    seed : int

    Returns
    -------
    RankSets
        The order in which departments are given does not matter, ties aside.

    Raises
    ------
    RanksError
        Fewer than two departments, shapes that differ, values that are not finite, a matrix that is no
        covariance, df, level or draws out of range.

    Notes
    -----
    Mogstad, Romano, Shaikh & Wilhelm (2024, Review of Economic Studies), stepdown after Romano & Wolf (2005);
    Holm (1979). A difference with variance 0 is taken as known; if it is 0 too, the pair is a tie. Checked
    against a plain double loop over pairs and by simulated coverage at 15, 38 and 1,000 clusters.

    Examples
    --------
    >>> sd = np.array([0.06, 0.05, 0.08, 0.06, 0.05, 0.07])
    >>> cov = np.outer(sd, sd) * (0.3 + 0.7 * np.eye(6))
    >>> sets = rank_sets([8.60, 8.45, 8.40, 8.10, 7.90, 7.85], cov)
    >>> sets.lower, sets.upper
    (array([1, 1, 1, 4, 5, 5]), array([3, 3, 3, 4, 6, 6]))
    >>> sets.best(2)
    array([ True,  True,  True, False, False, False])
    """
    scores = family.scores(theta, cov, df, level, draws)
    all_ = pairs(scores)
    rejects = _rule(scores, all_, draws, seed)
    p = len(scores.cov)
    beats = np.zeros((p, p), dtype=bool)
    beats[all_.first, all_.second] = rejects(np.arange(len(all_.first)))
    alone = np.array([rejects(own) for own in all_.of])  # row j: what the family of j by itself rejects
    above = np.tri(p, p - 1, k=-1, dtype=bool)  # of the others in row j, those with a higher score
    back = np.argsort(scores.order)
    return RankSets(
        lower=(1 + beats.sum(axis=0))[back],
        upper=(p - beats.sum(axis=1))[back],
        marginal_lower=(1 + (alone & above).sum(axis=1))[back],
        marginal_upper=(p - (alone & ~above).sum(axis=1))[back],
        level=level,
    )


def _rule(scores: Scores, all_: Pairs, draws: int, seed: int) -> Callable[[Ints], Bools]:
    """Return the function that tells which pairs of a family (m,) are rejected."""
    t, sd = all_.differences(scores.theta)
    if scores.few:
        df = all_.df
        return lambda members: family.holm(t[members], df[members], scores.level)
    drawn = all_.noise(sd, draws, seed)
    return lambda members: family.stepdown(t[members], drawn[members], scores.level)
