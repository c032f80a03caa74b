"""Made-up answers to an outcome and drivers, and R2 the plain way: least squares on the answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np


def r2_of(data: np.ndarray, chosen: tuple[int, ...], weights: np.ndarray | None = None) -> float:
    """R2 of column 0 on some of the others, by weighted least squares with an intercept."""
    root = np.sqrt(np.ones(len(data)) if weights is None else weights)
    y, ones = data[:, 0] * root, root[:, None]
    x = np.column_stack([ones, data[:, list(chosen)] * root[:, None]])
    null, full = (np.sum((y - m @ np.linalg.lstsq(m, y, rcond=None)[0]) ** 2) for m in (ones, x))
    return 1 - full / null


def over_all_orders(
    data: np.ndarray,
    weights: np.ndarray | None = None,
    groups: Sequence[Sequence[int]] | None = None,
    always: Sequence[int] = (),
) -> np.ndarray:
    """LMG as it is defined: the gain in R2 of each driver (or group), averaged over all orders of entry."""
    free = [j for j in range(data.shape[1] - 1) if j not in always]
    parts = [[j] for j in free] if groups is None else groups
    gains = np.zeros(len(parts))
    orders = list(permutations(range(len(parts))))
    for order in orders:
        inside = [j + 1 for j in always]
        before = r2_of(data, tuple(inside), weights)
        for part in order:
            inside += [j + 1 for j in parts[part]]
            after = r2_of(data, tuple(inside), weights)
            gains[part] += after - before
            before = after
    return gains / len(orders)


def answers(n: int, p: int, seed: int, noise: float = 1.0) -> np.ndarray:
    """Correlated answers, outcome first."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    y = x @ np.linspace(0.2, 1.0, p) + noise * rng.normal(size=n)
    return np.column_stack([y, x])
