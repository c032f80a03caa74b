"""How wide rank sets would be for many possible outcomes of one survey: what planning needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.ranks import family
from evalpkg.ranks.family import Floats, RanksError
from evalpkg.ranks.pairs import pairs


def mean_widths(
    theta: ArrayLike,
    cov: ArrayLike,
    *,
    df: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Floats:
    """Give the mean width of the simultaneous rank sets of each outcome.

    A pair that is told apart takes a place from each of the two: width = p - 2 (pairs told apart) / p. The
    noise is drawn once for all outcomes.

    Parameters
    ----------
    theta : array_like, shape (m, p)
        Outcomes, a row each.
    cov, df, level, draws, seed
        As `rank_sets`; those of every outcome.

    Returns
    -------
    ndarray, shape (m,)
        In places, 1 to p.

    Raises
    ------
    RanksError
        As `rank_sets`; outcomes that are no table.

    Examples
    --------
    >>> mean_widths([[3.0, 2.9, 1.0], [3.0, 2.0, 1.0]], np.diag([0.01, 0.01, 0.01])).round(2)
    array([1.67, 1.  ])
    """
    outcomes = np.asarray(theta, dtype=float)
    if outcomes.ndim != 2 or not outcomes.size:
        raise RanksError(f"设想的得分形状是 {outcomes.shape}：必须是二维表，一行一种结果；请检查得分")
    scores = family.scores(outcomes.mean(axis=0), cov, df, level, draws)
    all_ = pairs(scores)
    t, sd = all_.differences(outcomes[:, scores.order])
    if scores.few:
        apart = [family.holm(np.abs(row), all_.df, level).sum() for row in t]
    else:
        drawn = all_.noise(sd, draws, seed)
        turned = np.where(t < 0, -1, 1).astype(np.float32)  # towards the higher of each pair
        apart = [
            family.stepdown(np.abs(row), sign[:, None] * drawn, level).sum()
            for row, sign in zip(t, turned, strict=True)
        ]
    p = len(scores.cov)
    return np.asarray(p - 2 * np.array(apart) / p)
