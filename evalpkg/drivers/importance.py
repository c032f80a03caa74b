"""Relative importance of drivers: how the explained variance of the outcome divides among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np

LARGEST = 20  # drivers or groups; 2^20 subsets are half a second, each further one doubles time and memory
TOLERANCE = 1e-10  # part of a driver's variance left by the others, below which it holds nothing of its own
CACHE = 1 << 18  # subsets x replicates per pass: two megabytes stay in a core's second-level cache


class DriversError(ValueError):
    """The drivers cannot be analysed; the text is one line for the reader of the report."""


def lmg(
    moments: np.ndarray, *, groups: Sequence[Sequence[int]] | None = None, always: Sequence[int] = ()
) -> np.ndarray:
    r"""Divide R2 among the drivers by averaging over all orders of entry (LMG, the Shapley value of R2).

    With ``v(S)`` the R2 of the outcome on the drivers in ``S`` and in `always`,

    .. math:: \mathrm{lmg}_j = \sum_{S \not\ni j} \frac{|S|!\,(p-|S|-1)!}{p!}\,[v(S \cup j) - v(S)].

    Exact: a branch tree over all ``2^p`` subsets. A driver that is constant or wholly determined by those
    before it adds nothing, so collinear drivers need no special care.

    Parameters
    ----------
    moments
        (..., p+1, p+1) covariance or correlation matrices, outcome first; any scale, weighted or not.
    groups
        Numbers 0..p-1 of the drivers that enter together, a sequence per group: every driver that is not in
        `always` in exactly one. Each driver by itself where omitted.
    always
        Numbers of drivers that are in the model before any other enters (controls); they get no share.

    Returns
    -------
    ndarray
        (..., g) shares of the outcome's variance (0..1), one a group in the order given, or one a driver not in
        `always` in the order of their numbers. They sum to R2 less the R2 of `always` by itself; NaN where the
        outcome does not vary.

    Raises
    ------
    DriversError
        Not square matrices with a driver, or entries that are not finite; more than 20 free drivers or groups;
        groups that are empty, overlap or miss a driver; a number that is no driver's.

    Notes
    -----
    Lindeman, Merenda & Gold (1980), *Introduction to Bivariate and Multivariate Analysis*, p. 119; Groemping
    (2007), The American Statistician 61:139. Checked against R relaimpo 2.2-7, plain, weighted and grouped,
    to 1e-10; `always` against least squares over all orders.

    Examples
    --------
    Two uncorrelated drivers keep their squared correlations with the outcome, entering as one they add up:

    >>> moments = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]])
    >>> lmg(moments).round(2).tolist(), lmg(moments, groups=[[0, 1]]).round(2).tolist()
    ([0.36, 0.09], [0.45])
    """
    stack, lead = _correlations(moments)
    parts = _partition(len(stack) - 1, groups, always)
    order = [int(number) for number in chain(always, *parts)] + [len(stack) - 1]
    if order != sorted(order):
        stack = stack[order][:, order]
    sizes, draws = [len(part) for part in parts], stack.shape[-1]
    width = max(1, CACHE >> len(parts))
    batches = (stack[..., i : i + width] for i in range(0, draws, width))
    shares = [_shapley(_explained(batch, len(always), sizes), len(parts)) for batch in batches]
    return np.concatenate([*shares, np.empty((len(parts), 0))], axis=1).T.reshape(*lead, len(parts))


def first(moments: np.ndarray) -> np.ndarray:
    """Give the R2 of every driver by itself: its squared correlation with the outcome.

    `moments` and errors as `lmg`. Returns (..., p) shares of the outcome's variance (0..1); they sum to R2 only where
    drivers are uncorrelated. Checked against R relaimpo 2.2-7 (``first``) to 1e-10.

    Examples
    --------
    >>> first(np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]])).round(2).tolist()
    [0.36, 0.09]
    """
    stack, lead = _correlations(moments)
    return (stack[:-1, -1] ** 2).T.reshape(*lead, -1)


def last(moments: np.ndarray) -> np.ndarray:
    """Give what every driver adds to R2 when all the others are in already.

    `moments` and errors as `lmg`. Returns (..., p) shares of the outcome's variance (0..1), 0 for a driver that the others
    determine. Checked against R relaimpo 2.2-7 (``last``) to 1e-10.

    Examples
    --------
    >>> last(np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]])).round(2).tolist()
    [0.27, 0.0]
    """
    _check(np.asarray(moments, dtype=float))
    p = np.shape(moments)[-1] - 1
    added = [lmg(moments, always=[*range(j), *range(j + 1, p)]) for j in range(p)]
    return np.concatenate(added, axis=-1)


def johnson(moments: np.ndarray) -> np.ndarray:
    r"""Divide R2 among the drivers by Johnson's relative weights.

    With ``R`` the correlations among the drivers, ``r`` those with the outcome, ``L = R^{1/2}`` symmetric,

    .. math:: \varepsilon_j = \sum_k L_{jk}^2 \, (L^{-1} r)_k^2 .

    `moments` and errors as `lmg`. Returns (..., p) shares of the outcome's variance (0..1) that sum to R2; NaN where the
    outcome does not vary.

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
    if not np.isfinite(moments).all() or (np.einsum("...ii->...i", moments) < 0).any():
        raise DriversError("影响因素：协方差含缺失、无穷或负的方差；请先处理缺项再计算")


def _partition(p: int, groups: Sequence[Sequence[int]] | None, always: Sequence[int]) -> list[Sequence[int]]:
    """Check groups and controls and return the groups, each free driver by itself where none are given."""
    chosen = list(chain(always, *(groups or [])))
    wrong = [number for number in chosen if number not in range(p)]
    if wrong:
        raise DriversError(
            f"影响因素：没有编号为 {wrong[0]} 的一项，编号只能是 0 到 {p - 1}；请核对 groups 和 always"
        )
    twice = sorted(number for number in set(chosen) if chosen.count(number) > 1)
    if twice:
        raise DriversError(
            f"影响因素：编号 {twice[0]} 出现了两次，每项只能在一组或 always 里出现一次；请去掉重复的"
        )
    rest = [number for number in range(p) if number not in chosen]
    parts: list[Sequence[int]] = [[number] for number in rest] if groups is None else list(groups)
    _check_parts(parts, [] if groups is None else rest, "项" if groups is None else "组")
    return parts


def _check_parts(parts: Sequence[Sequence[int]], missed: list[int], unit: str) -> None:
    if missed:
        raise DriversError(
            f"影响因素：编号 {missed[0]} 不在任何一组，每项都要在一组或 always 里；请补上这一项"
        )
    empty = [number for number, part in enumerate(parts, start=1) if not len(part)]
    if empty:
        raise DriversError(f"影响因素：第 {empty[0]} 组是空的，每组至少要有一项；请去掉空组")
    if len(parts) > LARGEST:
        raise DriversError(
            f"影响因素：有 {len(parts)} {unit}，最多 {LARGEST} {unit}；请减少 role 为 driver 的题目，"
            "把题目分成较少的组（groups），或改用 Johnson 相对权重（johnson）"
        )


def _explained(correlations: np.ndarray, always: int, sizes: list[int]) -> np.ndarray:
    """Return the R2 of every subset of groups (2^g, draws); bit j of a subset's number stands for group j.

    The first `always` drivers are settled for good. Then groups are settled one after the other. Settling makes
    two branches of each, one without the group (its rows dropped) and one given it (their Schur complement), so
    the branches double while the matrices shrink: some twelve operations a subset, all on the contiguous last
    axis. Rows are kept from the diagonal on; the outcome comes last.
    """
    size, draws = correlations.shape[0], correlations.shape[-1]
    rows = [correlations[i, i:] for i in range(size)]
    for _ in range(always):
        rows = _settle(rows, [np.empty_like(row) for row in rows[1:]])
    for members in sizes:
        rows = _branch(rows, members)
    return 1.0 - rows[0].reshape(-1, draws)


def _branch(rows: list[np.ndarray], members: int) -> list[np.ndarray]:
    """Settle the first drivers together: branches without them, then branches given them, on the last axis."""
    n = rows[0].shape[-1]
    both = [np.empty((len(row), 2 * n)) for row in rows[members:]]
    for whole, row in zip(both, rows[members:], strict=True):
        whole[:, :n] = row
    for _ in range(members - 1):
        rows = _settle(rows, [np.empty_like(row) for row in rows[1:]])
    _settle(rows, [whole[:, n:] for whole in both])
    return both


def _settle(rows: list[np.ndarray], into: list[np.ndarray]) -> list[np.ndarray]:
    """Write the Schur complement by the first driver; one that holds nothing of its own changes nothing."""
    first_row, pivot = rows[0], rows[0][0]
    inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > TOLERANCE)
    for i, (row, out) in enumerate(zip(rows[1:], into, strict=True), start=1):
        np.multiply(first_row[i:], first_row[i] * inverse, out=out)
        np.subtract(row, out, out=out)
    return into


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
