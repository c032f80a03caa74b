"""What a linearised variance from few clusters lacks, and how many degrees of freedom it really has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag
from scipy.sparse import csr_array

from evalpkg.estimate.calibration import Calibration, Floats
from evalpkg.estimate.design import Design

MANY = 1_000  # effective clusters; from here on raking takes next to nothing out of a variance
NONE_LEFT = 1e-9  # of the variance: raking fixes the estimate, there is nothing to widen


@dataclass(frozen=True, eq=False)
class SmallSample:
    """Hold what the linearised variances of k estimates lack.

    Attributes
    ----------
    inflation : ndarray, shape (k,)
        True variance over the expected linearised one; 1 where the design is not raked.
    df : ndarray, shape (k,)
        Effective degrees of freedom; 0 where at most one cluster has influence.
    """

    inflation: Floats
    df: Floats


@dataclass(frozen=True, eq=False)
class Influence:
    """Hold the influence functions of k estimates, and the combinations of them that are wanted.

    Attributes
    ----------
    parts : tuple of (ndarray of shape (n, k_b), Design)
        Side by side, one for each design; k = sum of k_b.
    loadings : ndarray, shape (m, k)
        The identity for the estimates themselves.
    most : ndarray, shape (k,)
        Degrees of freedom that the weights allow, whatever was answered under the largest of them.
    """

    parts: tuple[tuple[Floats, Design], ...]
    loadings: Floats
    most: Floats

    def combine(self, matrix: Floats) -> Influence:
        """Give further linear combinations (rows of the matrix)."""
        return replace(self, loadings=matrix @ self.loadings)

    def beside(self, other: Influence) -> Influence:
        """Give both, of the same respondents."""
        most = np.concatenate([self.most, other.most])
        return Influence(self.parts + other.parts, block_diag(self.loadings, other.loadings), most)

    @cached_property
    def lacks(self) -> SmallSample:
        """What the linearised variances of the m combinations lack; of several designs the most."""
        inflation, at = np.zeros(len(self.loadings)), 0
        df = np.where(self.loadings != 0, self.most, np.inf).min(axis=1)
        for z, design in self.parts:
            found = small_sample(z @ self.loadings[:, at : (at := at + z.shape[1])].T, design)
            has = found.df > 0
            inflation = np.where(has, np.maximum(inflation, found.inflation), inflation)
            df = np.where(has, np.minimum(df, found.df), df)
        return SmallSample(np.where(inflation > 0, inflation, 1.0), np.where(np.isfinite(df), df, 0.0))


def small_sample(influence: ArrayLike, design: Design) -> SmallSample:
    """Give what the linearised variances of estimates lack, from their influence functions.

    Working model: respondents are independent with variances v_i = z_i^2. A cluster is then expected to add v_c, the
    sum of v_i in it, and a variance of unequal parts has (sum v_c)^2 / sum v_c^2 degrees of freedom, at most
    clusters minus strata (Satterthwaite 1946). After raking the cluster totals are those of residuals r = z - w X (X'BX)^-1 X'B
    (z/w), with covariance P = D + U K U' (D diagonal, v_c): chambers that lie within districts lose most of what they
    differ by to a margin of districts, while the formula still divides by clusters - 1. Its expectation is
    (tr P - 1'P1/G) G/(G-1), the inflation sum v over that, the degrees of freedom (tr P)^2 / tr(P P).

    Parameters
    ----------
    influence : array_like, shape (n,) or (n, k)
        As for `covariance`, zero outside the domain.
    design : Design
        In strata the inflation is 1.

    Returns
    -------
    SmallSample

    Notes
    -----
    The expectation of a quadratic form and its Satterthwaite degrees of freedom, as Bell & McCaffrey (2002) use them for
    regressions. Checked against the G x G matrices and by simulated coverage.

    Examples
    --------
    >>> found = small_sample([[1.0, 3.0], [-1.0, -1.0], [1.0, -2.0], [-1.0, 0.0]], Design([1, 1, 1, 1]))
    >>> found.df.round(2), found.inflation
    (array([3., 2.]), array([1., 1.]))
    """
    z = np.asarray(influence, dtype=float)
    columns = z.T if z.ndim == 2 else z[None]
    plain = np.array([_satterthwaite(column, design) for column in columns])  # one at a time: z may be large
    if design.cells is None or design.n_strata > 1 or (plain > MANY).all():
        return SmallSample(np.ones(len(columns)), plain)
    quadratic = _quadratic_form(design, design.cells)
    found = [
        quadratic(np.square(z)) if most > 0 else (1.0, 0.0) for z, most in zip(columns, plain, strict=True)
    ]
    inflation, df = np.array(found).reshape(-1, 2).T
    return SmallSample(inflation, np.minimum(df, [_most(column, design) for column in columns]))


def _satterthwaite(z: Floats, design: Design) -> float:
    added = design.cluster_totals(np.square(z)[:, None])[:, 0]
    most = _most(z, design)
    return float(min(added.sum() ** 2 / np.square(added).sum(), most)) if most > 0 else 0.0


def _most(z: Floats, design: Design) -> int:
    """Clusters minus strata where there is influence."""
    has = design.cluster_totals(np.square(z)[:, None])[:, 0] > 0
    return int(has.sum()) - len(np.unique(design.stratum_of_cluster[has]))


def _quadratic_form(design: Design, cells: Calibration) -> Callable[[Floats], tuple[float, float]]:
    """Return the function that gives inflation and degrees of freedom for variances v (n,) of the respondents.

    Row i of M = B/w X (X'BX)^-1 is ratio_i times a row of `solved`, one a cell: sums by cluster and cell suffice.
    """
    groups, weights = design.n_clusters, design.weights
    x = np.concatenate(cells.margins).T
    ratio = np.divide(cells.base, weights, out=np.zeros_like(weights), where=weights > 0)
    base = np.bincount(cells.cell, weights=cells.base, minlength=cells.n_cells)
    solved = x @ np.linalg.pinv(x.T @ (base[:, None] * x), hermitian=True)

    def by_cluster(values: Floats) -> csr_array:
        return csr_array((values, (design.cluster_codes, cells.cell)), shape=(groups, cells.n_cells))

    a = by_cluster(weights) @ x
    aa, a_sum = a.T @ a, a.sum(axis=0)

    def found(v: Floats) -> tuple[float, float]:
        # U = [a b], K = [[inner, -I], [-I, 0]]: what is needed of U K U' block by block, for a is the same for every v
        d = design.cluster_totals(v[:, None])[:, 0]
        inner = solved.T @ (np.bincount(cells.cell, weights=ratio**2 * v, minlength=len(x))[:, None] * solved)
        b = by_cluster(ratio * v) @ solved
        ab, across = a.T @ b, inner @ aa
        trace = d.sum() + np.trace(across) - 2 * np.trace(ab)
        on_diagonal = (a * (a @ inner - 2 * b)).sum(axis=1)
        upper = across - ab.T
        squares = (upper * upper.T).sum() - 2 * ((inner @ ab - b.T @ b) * aa).sum() + (ab * ab.T).sum()
        square = d @ d + 2 * d @ on_diagonal + squares
        one = a_sum @ (inner @ a_sum - 2 * b.sum(axis=0))
        expected = (trace - (d.sum() + one) / groups) * groups / (groups - 1)
        if expected <= NONE_LEFT * v.sum():
            return 1.0, 1.0
        return float(v.sum() / expected), max(float(trace**2 / square), 1.0)

    return found
