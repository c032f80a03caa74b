"""Drivers that the data cannot tell apart, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalpkg.drivers.importance import TOLERANCE

INSEPARABLE = 5.0  # variance inflation factor of both of a pair ...
ALIKE = 0.7  # ... and their correlation, from which their coefficients stand for each other


def inflation(covariance: np.ndarray) -> np.ndarray:
    """Give the variance inflation factor of each of p drivers, inf where the others determine it.

    1/(1 - R2 of the driver on the others), the diagonal of the inverse correlation matrix (Marquardt 1970).

    Examples
    --------
    >>> inflation(np.array([[1.0, 0.6], [0.6, 1.0]])).round(4).tolist()
    [1.5625, 1.5625]
    """
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    kept = values > max(TOLERANCE, 1e-7)
    factor: np.ndarray = (vectors[:, kept] ** 2 / values[kept]).sum(axis=1)
    factor[tied(covariance)] = np.inf
    return factor


def tied(covariance: np.ndarray) -> np.ndarray:
    """Find the drivers that are linear combinations of others, by the directions in which drivers do not vary."""
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    empty = vectors[:, values <= max(TOLERANCE, 1e-7)]
    return np.flatnonzero((np.abs(empty) > 1e-3).any(axis=1))


def notes(covariance: np.ndarray, labels: Sequence[str]) -> tuple[str, ...]:
    """Name the drivers that cannot be told apart: exactly, and pair by pair."""
    same = tied(covariance)
    said = []
    if len(same):
        names = "”“".join(labels[j] for j in same)
        said.append(f"“{names}”可以由彼此完全推出，数据分不开各自的作用，份额按平均分摊")
    said += [
        f"“{labels[i]}”与“{labels[j]}”的打分几乎同高同低（相关系数 {r:.2f}），本轮数据分不开这两项各自的分量"
        for i, j, r in _pairs(covariance)
        if i not in same and j not in same
    ]
    return tuple(said)


def _pairs(covariance: np.ndarray) -> list[tuple[int, int, float]]:
    scale = np.sqrt(np.diagonal(covariance))
    r, factor = covariance / np.outer(scale, scale), inflation(covariance)
    return [
        (i, j, float(r[i, j]))
        for i in range(len(r))
        for j in range(i + 1, len(r))
        if abs(r[i, j]) >= ALIKE and min(factor[i], factor[j]) >= INSEPARABLE
    ]
