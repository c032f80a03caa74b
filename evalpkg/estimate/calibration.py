"""The cells that raking works on, and iterative proportional fitting over them (plain arrays)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DENSE = 1_000_000  # up to here a table of all numbers is cheaper than hashing


@dataclass(frozen=True, eq=False)
class Calibration:
    """Rows of equal categories collapsed to C cells, for q margins with p categories in all.

    Attributes
    ----------
    cell : ndarray, shape (n,), int
        Cell of each row.
    margins : tuple of ndarray, each (K, C)
        1 where the cell belongs to the category, one array per margin.
    base : ndarray, shape (n,)
        Weights before raking.
    """

    cell: Ints
    margins: tuple[Floats, ...]
    base: Floats

    @property
    def n_cells(self) -> int:
        """Number of cells that hold a respondent."""
        return int(self.margins[0].shape[1])

    def totals(self, values: Floats) -> Floats:
        """Sum the rows (n, k) of each cell to (C, k)."""
        order = np.argsort(self.cell, kind="stable")
        starts = np.searchsorted(self.cell[order], np.arange(self.n_cells))
        return np.add.reduceat(values[order], starts, axis=0)


@dataclass(frozen=True, eq=False)
class Fit:
    """The outcome of proportional fitting.

    Attributes
    ----------
    factors : ndarray, shape (C, b)
        What each cell's weights are to be multiplied by.
    iterations : int
        Sweeps over all margins.
    deviation : float
        Largest relative deviation of a category met in the last sweep.
    worst : tuple of int
        (margin, category) of that deviation.
    """

    factors: Floats
    iterations: int
    deviation: float
    worst: tuple[int, int]


def calibration_cells(frame: pd.DataFrame, base: Floats | None = None) -> Calibration:
    """Collapse the rows of a frame of categories (no missing values) to its cells.

    Examples
    --------
    >>> calibration_cells(pd.DataFrame({"size": ["S", "L", "S"]})).cell
    array([0, 1, 0])
    """
    codes = [pd.factorize(frame[column])[0] for column in frame.columns]
    sizes = [int(code.max()) + 1 for code in codes]
    return collapse_cells(codes, sizes, np.ones(len(frame)) if base is None else base)


def collapse_cells(codes: Sequence[Ints], sizes: Sequence[int], base: Floats) -> Calibration:
    """Collapse rows given by the category number of each margin (q arrays of length n)."""
    cell, possible = np.zeros(len(base), dtype=np.int64), 1
    for code, size in zip(codes, sizes, strict=True):
        if possible * size > DENSE:  # renumbered on the way, so the product of many margins cannot overflow
            cell = _renumber(cell)
            possible = int(cell.max()) + 1
        cell, possible = cell * size + code, possible * size
    cell = _renumber(cell)
    first = np.empty(int(cell.max()) + 1, dtype=np.int64)
    first[cell] = np.arange(len(cell))
    margins = tuple(_indicators(code[first], size) for code, size in zip(codes, sizes, strict=True))
    return Calibration(cell=cell, margins=margins, base=base)


def proportional_fit(
    cells: Floats,
    margins: Sequence[Floats],
    targets: Sequence[Floats],
    *,
    tolerance: float,
    max_iterations: int,
) -> Fit:
    """Scale cell totals until every margin meets its targets (Deming & Stephan 1940).

    Parameters
    ----------
    cells : ndarray, shape (C, b)
        Cell totals, b problems side by side.
    margins : sequence of ndarray, each (K, C)
        Which cells belong to each category.
    targets : sequence of ndarray, each (K, b)
        Population totals; a category without cells (total 0) is left as it is.
    tolerance : float
        Largest relative deviation allowed in any category.
    max_iterations : int
        Sweeps after which to stop; `Fit.deviation` tells whether it was enough.
    """
    factors = np.ones_like(cells)
    sweeps, deviation, worst = 0, np.inf, (0, 0)
    while sweeps < max_iterations and deviation > tolerance:
        factors, deviation, worst = _sweep(cells, factors, margins, targets)
        sweeps += 1
    return Fit(factors=factors, iterations=sweeps, deviation=deviation, worst=worst)


def _sweep(
    cells: Floats, factors: Floats, margins: Sequence[Floats], targets: Sequence[Floats]
) -> tuple[Floats, float, tuple[int, int]]:
    deviation, worst = 0.0, (0, 0)
    for number, (margin, target) in enumerate(zip(margins, targets, strict=True)):
        reached = margin @ (cells * factors)
        ratio = np.divide(target, reached, out=np.ones_like(reached), where=reached > 0)
        # nothing can be made of an empty cell; its factor could grow beyond all numbers
        factors = np.where(cells > 0, factors * (margin.T @ ratio), factors)
        off = np.where(np.isfinite(reached), np.abs(ratio - 1), np.inf).max(axis=1)
        if off.max() > deviation:
            deviation, worst = float(off.max()), (number, int(off.argmax()))
    return factors, deviation, worst


def _renumber(cell: Ints) -> Ints:
    if cell.max() > DENSE:
        return pd.factorize(cell)[0]
    occupied = np.bincount(cell) > 0
    numbers: Ints = np.cumsum(occupied) - 1
    return numbers[cell]


def _indicators(codes: Ints, size: int) -> Floats:
    belongs: Floats = (np.arange(size)[:, None] == codes).astype(float)
    return belongs
