"""Whether columns separate the levels, so that the likelihood has no maximum."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from evalpkg.ordinal.rows import Rows
from evalpkg.ordinal.sample import Floats, OrdinalError

STRICT = 1e-5  # of a direction whose largest entry is 1; the solver's own tolerance is 1e-7


def check_separation(rows: Rows, names: tuple[str, ...], where: str) -> None:
    """Raise if the likelihood grows without end in some direction, naming as few columns as make one."""
    growth, p = _growth(rows), rows.z.shape[1]
    direction = _direction(growth, np.ones(growth.shape[1]))
    if direction is None:
        return
    free = np.append((np.abs(direction[:p]) > STRICT).astype(float), np.ones(growth.shape[1] - p))
    for column in [j for j in np.argsort(np.abs(direction[:p])) if free[j]]:  # least moved, first spared
        free[column] = 0
        free[column] = float(_direction(growth, free) is None)
    columns = "、".join(names[j] for j in np.flatnonzero(free[:p]))
    raise OrdinalError(
        f"{where}：列“{columns}”把一部分答卷的档完全分开，系数无穷大：每种取值都要有不同档的答卷；"
        "请合并这一列的类别或因变量的档，或删去这一列"
    )


def _direction(growth: sparse.csr_array, free: Floats) -> Floats | None:
    """Give a direction (q,) in which no row's probability falls and some rise, within -free..free; or None.

    log P(y) = log F(u) + log F(-l) + log(1 - exp(-d)) grows with u, with -l and with d. A direction (b, t) is one
    of ascent without end if t_y - z'b >= 0 for all rows below the top and z'b - t_{y-1} >= 0 for all above the
    bottom, one of them > 0 (Albert & Anderson 1984, for ordered levels). Found by a linear programme that
    maximises their sum.
    """
    found = linprog(
        -np.asarray(growth.sum(axis=0)).ravel(),
        A_ub=-growth,
        b_ub=np.zeros(growth.shape[0]),
        bounds=np.column_stack([-free, free]),
        method="highs",
    )
    if found.x is None or (growth @ found.x).max() < STRICT:
        return None
    return np.asarray(found.x)


def _growth(rows: Rows) -> sparse.csr_array:
    """Give the matrix of d(u) and d(-l) of all rows by direction."""
    level = np.repeat(np.arange(len(rows.counts)), rows.counts)
    top = len(rows.counts) - 1
    upper = np.flatnonzero(level < top)
    lower = np.flatnonzero(level > 0)
    above = sparse.hstack([-rows.z[upper], _indicators(level[upper], top)])
    below = sparse.hstack([rows.z[lower], -_indicators(level[lower] - 1, top)])
    return sparse.csr_array(sparse.vstack([above, below]))


def _indicators(codes: np.ndarray, size: int) -> sparse.csr_array:
    shape = (len(codes), size)
    return sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=shape)
