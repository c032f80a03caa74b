"""The equations of two crossed random factors: sufficient statistics, the REML criterion, its derivatives.

V = I + l_0 Z_0 Z_0' + l_1 Z_1 Z_1' with l the ratios of the factors' variances to the residual one. Factor 0 (more
levels) has a diagonal Z_0'Z_0 and is eliminated in closed form; factor 1 leaves a dense system of its own size. All
n-vectors are spanned by X, y and the indicators, so after `statistics` nothing has n rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Hold what the data say, for n ratings, q_0 and q_1 levels and p columns of X (y is column p).

    Attributes
    ----------
    counts : csr_array, shape (q_0, q_1)
        Z_0'Z_1, ratings by pair of levels.
    size : tuple of ndarray, (q_0,) and (q_1,)
        Ratings by level.
    sums : tuple of ndarray, (q_0, p + 1) and (q_1, p + 1)
        Sums of [X y] by level.
    products : ndarray, shape (p + 1, p + 1)
        [X y]'[X y].
    n : int
    """

    counts: sparse.csr_array
    size: tuple[Floats, Floats]
    sums: tuple[Floats, Floats]
    products: Floats
    n: int

    @property
    def df(self) -> int:
        """Observations less fixed effects."""
        return self.n - len(self.products) + 1


@dataclass(frozen=True, eq=False)
class Point:
    """Hold the fit at one pair of variance ratios.

    Attributes
    ----------
    ratios : ndarray, shape (2,)
    criterion : float
        -2 log REML, profiled over the residual variance.
    gradient : ndarray, shape (2,)
        Of the criterion in the ratios.
    hessian : ndarray, shape (2, 2)
        Average-information form, positive semidefinite.
    residual : float
        Residual variance.
    beta, beta_cov : ndarray, (p,), (p, p)
    scores : tuple of ndarray
        Z_k'Py; times the ratio they are the predicted effects.
    inverse : ndarray, shape (q_1, q_1)
        (I + l_1 Z_1' V_0^-1 Z_1)^-1.
    fixed_part : tuple of ndarray, (q_0, p), (q_1, p)
        Z_k' V^-1 X.
    """

    ratios: Floats
    criterion: float
    gradient: Floats
    hessian: Floats
    residual: float
    beta: Floats
    beta_cov: Floats
    scores: tuple[Floats, Floats]
    inverse: Floats
    fixed_part: tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class _Solver:
    """Apply V^-1 to what is given by its sums over the levels."""

    counts: sparse.csr_array
    ratios: Floats
    diagonal: Floats  # I + l_0 Z_0'Z_0
    schur: Floats  # Z_1' V_0^-1 Z_1
    factor: tuple[Floats, bool]  # Cholesky of I + l_1 schur

    def scores(self, over_0: Floats, over_1: Floats) -> tuple[Floats, Floats]:
        """Return Z_0'V^-1 v and Z_1'V^-1 v from Z_0'v (q_0, k) and Z_1'v (q_1, k)."""
        scaled = over_0 / self.diagonal[:, None]
        right = linalg.cho_solve(self.factor, over_1 - self.ratios[0] * (self.counts.T @ scaled))
        return scaled - self.ratios[1] * (self.counts @ right) / self.diagonal[:, None], right

    def form(self, plain: Floats, sums: tuple[Floats, Floats], scores: tuple[Floats, Floats]) -> Floats:
        """Return u'V^-1 v from u'v, the sums of u and the scores of v."""
        pairs = zip(self.ratios, sums, scores, strict=True)
        inner: Floats = plain - sum(ratio * of_u.T @ of_v for ratio, of_u, of_v in pairs)
        return inner


def statistics(y: Floats, x: Floats, codes: tuple[Ints, Ints], levels: tuple[int, int]) -> Statistics:
    """Collapse n ratings; codes of the two factors are 0..levels-1, the first factor has more levels."""
    data = np.column_stack([x, y])
    ones = np.ones(len(y))
    indicators = [
        sparse.csr_array((ones, (code, np.arange(len(y)))), shape=(q, len(y)))
        for code, q in zip(codes, levels, strict=True)
    ]
    sizes = [np.bincount(code, minlength=q).astype(float) for code, q in zip(codes, levels, strict=True)]
    return Statistics(
        counts=sparse.csr_array(indicators[0] @ indicators[1].T),
        size=(sizes[0], sizes[1]),
        sums=(indicators[0] @ data, indicators[1] @ data),
        products=data.T @ data,
        n=len(y),
    )


def evaluate(data: Statistics, ratios: Floats) -> Point:
    """Fit fixed effects and residual variance at given ratios (not negative; 0 is allowed).

    With P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1 and Q = y'Py, the criterion is log|V| + log|X'V^-1 X| +
    (n-p)(1 + log(2 pi Q/(n-p))), its gradient tr(Z_k'PZ_k) - (n-p) |Z_k'Py|^2 / Q. In the second derivatives
    tr(P V_k P V_l) is replaced by what it is on average, (n-p) y'P V_k P V_l P y / Q (Gilmour, Thompson &
    Cullis 1995).
    """
    solver = _solver(data, ratios)
    scores = solver.scores(*data.sums)
    form = solver.form(data.products, data.sums, scores)
    root = linalg.cholesky(form[:-1, :-1], lower=True)
    beta = linalg.cho_solve((root, True), form[:-1, -1])
    beta_cov = linalg.cho_solve((root, True), np.eye(len(beta)))
    q = float(form[-1, -1] - form[:-1, -1] @ beta)
    of_y = tuple(score[:, -1] - score[:, :-1] @ beta for score in scores)
    of_x = tuple(score[:, :-1] for score in scores)
    inverse = _inverse(solver.factor[0])
    determinant = np.log(solver.diagonal).sum() + 2 * np.log(np.diagonal(solver.factor[0])).sum()
    squares = np.array([score @ score for score in of_y])
    return Point(
        ratios=ratios,
        criterion=float(
            determinant
            + 2 * np.log(np.diagonal(root)).sum()
            + data.df * (1 + np.log(2 * np.pi * q / data.df))
        ),
        gradient=_traces(data, solver, inverse, of_x, beta_cov) - data.df * squares / q,
        hessian=data.df
        / q
        * (_information(data, solver, of_y, of_x, beta_cov) - np.outer(squares, squares) / q),
        residual=q / data.df,
        beta=beta,
        beta_cov=beta_cov * q / data.df,
        scores=(of_y[0], of_y[1]),
        inverse=inverse,
        fixed_part=(of_x[0], of_x[1]),
    )


def _solver(data: Statistics, ratios: Floats) -> _Solver:
    diagonal = 1 + ratios[0] * data.size[0]
    schur = np.diag(data.size[1]) - ratios[0] * _crossed(data.counts, 1 / diagonal)
    factor = linalg.cho_factor(np.eye(len(schur)) + ratios[1] * schur, lower=True)
    return _Solver(data.counts, ratios, diagonal, schur, factor)


def _crossed(counts: sparse.csr_array, diagonal: Floats) -> Floats:
    """Return C' diag C, dense."""
    weighted = sparse.csr_array(
        (counts.data * np.repeat(diagonal, np.diff(counts.indptr)), counts.indices, counts.indptr),
        counts.shape,
    )
    product: Floats = (counts.T @ weighted).toarray()
    return product


def _inverse(factor: Floats) -> Floats:
    lower = linalg.lapack.dpotri(factor, lower=True)[0]
    lower = np.tril(lower)
    inverse: Floats = lower + np.tril(lower, -1).T
    return inverse


def _traces(
    data: Statistics, solver: _Solver, inverse: Floats, of_x: tuple[Floats, ...], m: Floats
) -> Floats:
    """Return tr(Z_k'PZ_k) of both factors."""
    squared = _crossed(data.counts, solver.diagonal**-2)
    plain = [
        (data.size[0] / solver.diagonal).sum() - solver.ratios[1] * (inverse * squared).sum(),
        (inverse * solver.schur).sum(),
    ]
    return np.array([trace - (m * (x.T @ x)).sum() for trace, x in zip(plain, of_x, strict=True)])


def _information(
    data: Statistics, solver: _Solver, of_y: tuple[Floats, ...], of_x: tuple[Floats, ...], m: Floats
) -> Floats:
    """Return y'P V_k P V_l P y, (2, 2), from the working variates V_k P y = Z_k (Z_k'Py)."""
    (e0, e1), (n0, n1), c = of_y, data.size, data.counts
    sums = np.column_stack([n0 * e0, c @ e1]), np.column_stack([c.T @ e0, n1 * e1])
    cross = e0 @ (c @ e1)
    plain = np.array([[e0 @ (n0 * e0), cross], [cross, e1 @ (n1 * e1)]])
    form = solver.form(plain, sums, solver.scores(*sums))
    with_x = np.column_stack([x.T @ e for x, e in zip(of_x, of_y, strict=True)])
    information: Floats = form - with_x.T @ m @ with_x
    return information
