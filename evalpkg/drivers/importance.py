"""Relative importance of drivers: how the explained variance of the outcome divides among them."""

from __future__ import annotations

import math

import numpy as np

LARGEST = 20  # drivers; 2^20 subsets are half a second, each further driver doubles time and memory
TOLERANCE = 1e-10  # part of a driver's variance left by the others, below which it holds nothing of its own
CACHE = 1 << 18  # subsets x replicates per pass: two megabytes stay in a core's second-level cache


class DriversError(ValueError):
    """The drivers cannot be analysed; the text is one line for the reader of the report."""


def lmg(moments: np.ndarray) -> np.ndarray:
    r"""Divide R2 among the drivers by averaging over all orders of entry (LMG, the Shapley value of R2).

    With ``v(S)`` the R2 of the outcome on the drivers in ``S``,

    .. math:: \mathrm{lmg}_j = \sum_{S \not\ni j} \frac{|S|!\,(p-|S|-1)!}{p!}\,[v(S \cup j) - v(S)].

    Exact: a branch tree over all ``2^p`` subsets. A driver that is constant or wholly determined by those
    before it adds nothing, so collinear drivers need no special care.

    Parameters
    ----------
    moments
        (..., p+1, p+1) covariance or correlation matrices, outcome first; any scale, weighted or not.

    Returns
    -------
    ndarray
        (..., p) shares of the outcome's variance (0..1) that sum to R2; NaN where the outcome does not vary.

    Raises
    ------
    DriversError
        Not square matrices of 1 to 20 drivers, or entries that are not finite.

    Notes
    -----
    Lindeman, Merenda & Gold (1980), *Introduction to Bivariate and Multivariate Analysis*, p. 119; Groemping
    (2007), The American Statistician 61:139. Checked against R relaimpo 2.2-7, plain and weighted, to 1e-10.

    Examples
    --------
    Two uncorrelated drivers keep their squared correlations with the outcome:

    >>> lmg(np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]])).round(2).tolist()
    [0.36, 0.09]
    """
    stack, lead = _correlations(moments)
    p, draws = stack.shape[0] - 1, stack.shape[-1]
    width = max(1, CACHE >> p)
    parts = [_shapley(_explained(stack[..., i : i + width]), p) for i in range(0, draws, width)]
    return np.concatenate([*parts, np.empty((p, 0))], axis=1).T.reshape(*lead, p)


def johnson(moments: np.ndarray) -> np.ndarray:
    r"""Divide R2 among the drivers by Johnson's relative weights.

    With ``R`` the correlations among the drivers, ``r`` those with the outcome, ``L = R^{1/2}`` symmetric,

    .. math:: \varepsilon_j = \sum_k L_{jk}^2 \, (L^{-1} r)_k^2 .

    Parameters
    ----------
    moments
        (..., p+1, p+1) covariance or correlation matrices, outcome first.

    Returns
    -------
    ndarray
        (..., p) shares of the outcome's variance (0..1) that sum to R2; NaN where the outcome does not vary.

    Raises
    ------
    DriversError
        As for `lmg`.

    Notes
    -----
    Johnson (2000), Multivariate Behavioral Research 35:1; the same numbers as Genizi (1993). Checked against
    R relaimpo 2.2-7 (``genizi``) to 1e-10.

    Examples
    --------
    >>> johnson(np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]])).round(2).tolist()
    [0.36, 0.09]
    """
    stack, lead = _correlations(moments)
    matrices = np.moveaxis(stack, -1, 0)
    values, vectors = np.linalg.eigh(matrices[:, :-1, :-1])
    # Directions that the drivers do not span carry no weight: a generalised inverse square root.
    kept = values > TOLERANCE
    root = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=kept)
    loadings = (vectors * root[:, None, :]) @ vectors.swapaxes(1, 2)
    projected = (vectors.swapaxes(1, 2) @ matrices[:, :-1, -1:]) * inverse[:, :, None]
    weights: np.ndarray = loadings**2 @ (vectors @ projected) ** 2
    return weights[..., 0].reshape(*lead, -1)


def _correlations(moments: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return correlations (p+1, p+1, draws), outcome LAST; the row of a constant driver is zero."""
    given = np.asarray(moments, dtype=float)
    _check(given)
    size, lead = given.shape[-1], given.shape[:-2]
    stack = np.moveaxis(given.reshape(-1, size, size), 0, -1)
    order = np.r_[1:size, 0]
    stack = np.ascontiguousarray(stack[order][:, order])
    scale = np.sqrt(np.einsum("iid->id", stack))
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    inverse[-1, inverse[-1] == 0] = np.nan
    stack *= inverse[:, None]
    stack *= inverse[None]
    return stack, lead


def _check(moments: np.ndarray) -> None:
    if moments.ndim < 2 or moments.shape[-1] != moments.shape[-2] or moments.shape[-1] < 2:
        raise DriversError("影响因素：协方差应为方阵（第一行是总体满意度，其后每行一项因素），至少含一项因素")
    if moments.shape[-1] - 1 > LARGEST:
        raise DriversError(
            f"影响因素：有 {moments.shape[-1] - 1} 项，最多 {LARGEST} 项；"
            "请在问卷说明中减少 role 为 driver 的题目"
        )
    if not np.isfinite(moments).all() or (np.einsum("...ii->...i", moments) < 0).any():
        raise DriversError("影响因素：协方差含缺失、无穷或负的方差；请先处理缺项再计算")


def _explained(correlations: np.ndarray) -> np.ndarray:
    """Return the R2 of every subset of drivers (2^p, draws); bit j of a subset's number stands for driver j.

    Drivers are settled one after the other. Settling makes two branches of each, one without the driver (its
    row and column dropped) and one given it (Schur complement), so matrices shrink as branches double: about
    twelve operations a subset in all. Only upper triangles are kept, as a list of rows.
    """
    size, draws = correlations.shape[0], correlations.shape[-1]
    rows = [correlations[i, i:] for i in range(size)]
    for _ in range(size - 1):
        rows = _branch(rows)
    return 1.0 - rows[0].reshape(-1, draws)


def _branch(rows: list[np.ndarray]) -> list[np.ndarray]:
    """Settle the first driver: branches without it, then branches given it, along the last axis."""
    first, rest = rows[0], rows[1:]
    pivot, n = first[0], first.shape[-1]
    inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > TOLERANCE)
    settled = []
    for i, row in enumerate(rest, start=1):
        both = np.empty((len(row), 2 * n))
        both[:, :n] = row
        np.multiply(first[i:], first[i] * inverse, out=both[:, n:])
        np.subtract(row, both[:, n:], out=both[:, n:])
        settled.append(both)
    return settled


def _shapley(explained: np.ndarray, p: int) -> np.ndarray:
    """Return the Shapley values (p, draws) of a game given as (2^p, draws); `explained` is used up.

    With w(s) = s!(p-s-1)!/p!, the gains w(|S|) [v(S+j) - v(S)] add up to the sum of (w(|T|-1) + w(|T|)) v(T)
    over all T that hold j, less the sum of w(|S|) v(S) over all S, which is the same for every j. So: weight
    once; then, driver by driver, sum the upper half and fold it onto the lower.
    """
    size = np.bitwise_count(np.arange(len(explained), dtype=np.uint32))
    entering = np.array([1.0 / (p * math.comb(p - 1, s)) if s < p else 0.0 for s in range(p + 1)])
    staying = entering + np.r_[0.0, entering[:-1]]
    common = entering[size] @ explained
    explained *= staying[size][:, None]
    shares: np.ndarray = np.empty((p, explained.shape[1]))
    for j in reversed(range(p)):
        lower, upper = np.split(explained, 2)
        shares[j] = upper.sum(axis=0)
        explained = np.add(lower, upper, out=lower)
    shares -= common
    return shares
