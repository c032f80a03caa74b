"""Replicate weights: the sample drawn again from itself, cluster by cluster."""

from __future__ import annotations

import numpy as np

from evalpkg.estimate.calibration import Calibration, Floats, proportional_fit
from evalpkg.estimate.design import Design, EstimateError

TOLERANCE, SWEEPS = 1e-8, 200  # far below the noise of a draw


def replicate_weights(design: Design, draws: int, seed: int) -> Floats:
    """Draw bootstrap weights by the rescaling bootstrap of Rao & Wu.

    In a stratum of n_h clusters n_h - 1 are drawn with replacement; with multiplicity r_c the weights become
    w (1 - l + l r_c n_h / (n_h - 1)), l = sqrt(1 - n_h/N_h) (1 without `fpc`). A raked design is raked again
    in every replicate, to the totals of the final weights; a category that no drawn cluster reaches is left
    out of that replicate and its total spread over the margin's others.

    Parameters
    ----------
    design : Design
    draws : int
        Number of replicates.
    seed : int

    Returns
    -------
    ndarray, shape (n, draws)
        Take deviations of replicate estimates from the full-sample estimate.

    Raises
    ------
    EstimateError
        A single cluster: nothing can be drawn again.

    Notes
    -----
    Rao & Wu (1988), Rao, Wu & Yue (1992).

    Examples
    --------
    >>> replicate_weights(Design([1, 1, 1]), draws=2, seed=1).sum(axis=0)
    array([3., 3.])
    """
    if design.n_clusters < 2:
        raise EstimateError("只有一个抽样群：至少要有两个才能重抽；请改用企业作为抽样单位")
    multipliers = _multipliers(design, draws, np.random.default_rng(seed))
    weights = design.weights[:, None] * multipliers[design.cluster_codes]
    if design.cells is None:
        return weights
    return weights * _raking_factors(weights, design.weights, design.cells)


def _multipliers(design: Design, draws: int, rng: np.random.Generator) -> Floats:
    multipliers = np.ones((design.n_clusters, draws))
    for code, count in enumerate(design.clusters_per_stratum):
        if count < 2:  # its population has this one cluster: taken in every replicate
            continue
        drawn = rng.multinomial(count - 1, np.full(count, 1 / count), size=draws).T
        part = np.sqrt(design.unsampled[code])
        multipliers[design.stratum_of_cluster == code] = 1 - part + part * drawn * count / (count - 1)
    return multipliers


def _raking_factors(weights: Floats, final: Floats, cells: Calibration) -> Floats:
    totals = cells.totals(weights)
    wanted = cells.totals(final[:, None])
    targets = [_reachable(margin @ wanted, margin @ totals) for margin in cells.margins]
    fit = proportional_fit(totals, cells.margins, targets, tolerance=TOLERANCE, max_iterations=SWEEPS)
    return fit.factors[cells.cell]


def _reachable(target: Floats, reached: Floats) -> Floats:
    kept = np.where(reached > 0, target, 0.0)
    spread: Floats = kept * (target.sum() / kept.sum(axis=0))
    return spread
