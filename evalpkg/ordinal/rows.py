"""The rows a model is computed from: equal rows together, sorted by level, columns standardised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalpkg.ordinal.sample import Floats, Ints, OrdinalError

COLLAPSE_FROM = 10_000  # rows from which looking for equal ones can cost less than it saves
PROBE, MANY = 1_000, 0.2  # equal rows are sought if at most a fifth of a thousand rows differ
COLLINEAR = 1e-9  # share of a column's variance that the others must leave


@dataclass(frozen=True, eq=False)
class Rows:
    """Standardised rows, those of a level side by side.

    Attributes
    ----------
    z : ndarray, shape (m, p)
        (x - centre) / scale: weighted mean 0, variance 1.
    weights : ndarray, shape (m,)
    starts : ndarray, shape (K + 1,), int
        Rows of level k are starts[k]:starts[k + 1].
    centre, scale : ndarray, shape (p,)
    """

    z: Floats
    weights: Floats
    starts: Ints
    centre: Floats
    scale: Floats

    @property
    def counts(self) -> Ints:
        """Number of rows of each level, (K,)."""
        return np.diff(self.starts)

    @property
    def transform(self) -> Floats:
        """Matrix (q, q) from standardised parameters, coefficients first, to those of `x`.

        x'b = (centre + scale z)'b, so b = b_z / scale, and each threshold moves by centre'b.
        """
        p, q = len(self.scale), len(self.scale) + len(self.starts) - 2
        matrix = np.eye(q)
        matrix[:p, :p] = np.diag(1 / self.scale)
        matrix[p:, :p] = self.centre / self.scale
        return matrix


def prepare(x: Floats, level: Ints, weights: Floats, names: tuple[str, ...]) -> Rows:
    """Arrange rows for fitting; a constant column or one that others make up is refused by name."""
    x, level, weights = _collapsed(x, level, weights)
    order = np.argsort(level, kind="stable")
    z, weights = x[order], weights[order]
    centre, scale = _standardise(z, weights, names)
    _check_rank(z, weights, names)
    starts = np.concatenate([[0], np.cumsum(np.bincount(level))])
    return Rows(z=z, weights=weights, starts=starts, centre=centre, scale=scale)


def _collapsed(x: Floats, level: Ints, weights: Floats) -> tuple[Floats, Ints, Floats]:
    if len(x) < COLLAPSE_FROM:
        return x, level, weights
    probe = slice(None, None, len(x) // PROBE)
    seen = pd.DataFrame(x[probe]).assign(level=level[probe])
    if len(seen.drop_duplicates()) > MANY * len(seen):
        return x, level, weights
    frame = pd.DataFrame(x).assign(level=level)
    pattern = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()
    first = np.flatnonzero(~pd.Series(pattern).duplicated().to_numpy())  # groups are numbered as they appear
    return x[first], level[first], np.asarray(np.bincount(pattern, weights=weights), dtype=float)


def _standardise(z: Floats, weights: Floats, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Standardise z in place and give centre and scale."""
    same = z.max(axis=0) == z.min(axis=0)
    if same.any():
        name = names[int(same.argmax())]
        raise OrdinalError(f"有序模型：列“{name}”的取值全都相同：常数列没有系数可估；请删去这一列")
    total = weights.sum()
    centre: Floats = weights @ z / total
    z -= centre
    scale: Floats = np.sqrt(weights @ z**2 / total)
    z /= scale
    return centre, scale


def _check_rank(z: Floats, weights: Floats, names: tuple[str, ...]) -> None:
    correlation = (z * weights[:, None]).T @ z / weights.sum()
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < COLLINEAR:
        involved = "、".join(names[j] for j in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-3))
        raise OrdinalError(
            f"有序模型：列“{involved}”互相决定（完全共线）：每一列都要有其他列说不出的信息；"
            "请删去其中一列（一组 0/1 列要留出一个基准类）"
        )
