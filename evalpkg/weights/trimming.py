"""Cap large weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.estimate.calibration import Floats
from evalpkg.weights.categories import WeightsError


def trim(weights: ArrayLike, ratio: float) -> Floats:
    """Cap weights at `ratio` times their mean and spread the excess over the others in proportion.

    The total is kept; margins are no longer met exactly (`report` shows by how much).

    Parameters
    ----------
    weights : array_like, shape (n,)
    ratio : float
        Largest weight allowed, in units of the mean weight; above 1.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    WeightsError
        A ratio of 1 or less, or so low that the weights above zero cannot carry the total.

    Notes
    -----
    Potter (1990). R survey's `trimWeights` spreads the excess by addition; here in proportion, so that
    weights which raking made equal stay equal and none overtakes another.

    Examples
    --------
    >>> trim([1, 1, 1, 1, 6], ratio=2)
    array([1.5, 1.5, 1.5, 1.5, 4. ])
    """
    w = np.array(weights, dtype=float)
    cap = _cap(w, ratio)
    trimmed = w.copy()
    while (trimmed > cap * (1 + 1e-12)).any():
        capped = trimmed >= cap * (1 - 1e-12)
        trimmed[~capped] *= (w.sum() - capped.sum() * cap) / trimmed[~capped].sum()
        trimmed[capped] = cap
    return trimmed


def _cap(weights: Floats, ratio: float) -> float:
    if not ratio > 1:
        raise WeightsError(
            f"截尾倍数是 {ratio}：必须大于 1（权数最多为平均权数的几倍）；请修改参数 trim，例如 5"
        )
    cap = float(ratio * weights.mean())
    if np.count_nonzero(weights) * cap <= weights.sum():
        raise WeightsError(f"截尾倍数 {ratio} 太小：非零权数都到上限也凑不足总数；请调大参数 trim")
    return cap
