"""The equations of crossed random factors: sufficient statistics, the REML criterion, its derivatives.

V = I + sum of l_k Z_k Z_k' with l_k the ratios of the factors' variances to the residual one. Factor 0 (most levels)
has a diagonal Z_0'Z_0 and is eliminated in closed form; the others, side by side in one Z with L = diag(l), leave a
dense system of their own size. All n-vectors are spanned by X, y and the indicators, so after `statistics` nothing
has n rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Hold what the data say, for n ratings, q_0 levels of factor 0, q of all others, p columns of X (y is column p).

    Attributes
    ----------
    factor : ndarray of int, shape (q,)
        Which factor (1, 2, ...) a level of the others belongs to; grouped, ascending.
    counts : csr_array, shape (q_0, q)
        Z_0'Z, ratings by pair of levels.
    gram : csr_array, shape (q, q)
        Z'Z; diagonal with one other factor.
    size : ndarray, shape (q_0,)
        Ratings by level of factor 0.
    sums : tuple of ndarray, (q_0, p + 1) and (q, p + 1)
        Sums of [X y] by level.
    products : ndarray, shape (p + 1, p + 1)
        [X y]'[X y].
    n : int
    """

    factor: Ints
    counts: sparse.csr_array
    gram: sparse.csr_array
    size: Floats
    sums: tuple[Floats, Floats]
    products: Floats
    n: int

    @property
    def df(self) -> int:
        """Observations less fixed effects."""
        return self.n - len(self.products) + 1

    @property
    def mean_size(self) -> Floats:
        """Mean ratings a level, by factor."""
        return np.append(self.n / len(self.size), self.n / np.bincount(self.factor)[1:])

    def by_factor(self, over_levels: Floats) -> Floats:
        """Add up (q,) over the levels of each other factor."""
        totals: Floats = np.bincount(self.factor, over_levels)[1:].astype(float)
        return totals


@dataclass(frozen=True, eq=False)
class Point:
    """Hold the fit at given variance ratios of the K factors.

    Attributes
    ----------
    ratios : ndarray, shape (K,)
    criterion : float
        -2 log REML, profiled over the residual variance.
    gradient : ndarray, shape (K,)
        Of the criterion in the ratios.
    hessian : ndarray, shape (K, K)
        Average-information form, positive semidefinite.
    residual : float
        Residual variance.
    beta, beta_cov : ndarray, (p,), (p, p)
    scores : list of K ndarrays
        Z_k'Py; times the ratio they are the predicted effects.
    spread : ndarray, shape (q, q)
        Covariance of the effects of all factors but 0, given data and fixed effects, in units of the residual
        variance.
    """

    ratios: Floats
    criterion: float
    gradient: Floats
    hessian: Floats
    residual: float
    beta: Floats
    beta_cov: Floats
    scores: list[Floats]
    spread: Floats


@dataclass(frozen=True, eq=False)
class _Solver:
    """Apply V^-1 to what is given by its sums over the levels."""

    counts: sparse.csr_array
    ratio: float  # of factor 0
    ratios: Floats  # of each other level
    diagonal: Floats  # I + l_0 Z_0'Z_0
    schur: Floats  # S = Z' V_0^-1 Z
    log_determinant: float  # of V
    spread: Floats  # L^1/2 (I + L^1/2 S L^1/2)^-1 L^1/2
    shrink: Floats  # (I + S L)^-1

    def scores(self, over_0: Floats, over: Floats) -> tuple[Floats, Floats]:
        """Return Z_0'V^-1 v and Z'V^-1 v from Z_0'v (q_0, k) and Z'v (q, k)."""
        scaled = over_0 / self.diagonal[:, None]
        right = self.shrink @ (over - self.ratio * (self.counts.T @ scaled))
        return scaled - self.counts @ (self.ratios[:, None] * right) / self.diagonal[:, None], right

    def form(self, plain: Floats, sums: tuple[Floats, Floats], scores: tuple[Floats, Floats]) -> Floats:
        """Return u'V^-1 v from u'v, the sums of u and the scores of v."""
        inner: Floats = (
            plain - self.ratio * sums[0].T @ scores[0] - (sums[1] * self.ratios[:, None]).T @ scores[1]
        )
        return inner


def statistics(y: Floats, x: Floats, codes: Sequence[Ints], levels: Sequence[int]) -> Statistics:
    """Collapse n ratings; codes of each factor are 0..levels-1, the first factor has most levels."""
    data = np.column_stack([x, y])
    indicators = [
        sparse.csr_array((np.ones(len(y)), (code, np.arange(len(y)))), shape=(q, len(y)))
        for code, q in zip(codes, levels, strict=True)
    ]
    others = sparse.csr_array(sparse.vstack(indicators[1:]))
    return Statistics(
        factor=np.repeat(np.arange(1, len(levels)), levels[1:]),
        counts=sparse.csr_array(indicators[0] @ others.T),
        gram=sparse.csr_array(others @ others.T),
        size=np.bincount(codes[0], minlength=levels[0]).astype(float),
        sums=(indicators[0] @ data, others @ data),
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
    of_y = [score[:, -1] - score[:, :-1] @ beta for score in scores]
    of_x = [score[:, :-1] for score in scores]
    squares = np.append(of_y[0] @ of_y[0], data.by_factor(of_y[1] ** 2))
    return Point(
        ratios=ratios,
        criterion=float(
            solver.log_determinant
            + 2 * np.log(np.diagonal(root)).sum()
            + data.df * (1 + np.log(2 * np.pi * q / data.df))
        ),
        gradient=_traces(data, solver, of_x, beta_cov) - data.df * squares / q,
        hessian=data.df
        / q
        * (_information(data, solver, of_y, of_x, beta_cov) - np.outer(squares, squares) / q),
        residual=q / data.df,
        beta=beta,
        beta_cov=beta_cov * q / data.df,
        scores=[of_y[0], *_blocks(data, of_y[1])],
        spread=solver.spread,
    )


def conditional_variances(data: Statistics, point: Point) -> list[Floats]:
    """Return the variance of each effect given data and fixed effects, by factor, in units of the residual one."""
    ratio = point.ratios[0]
    diagonal = 1 + ratio * data.size
    around = np.asarray(data.counts.multiply(data.counts @ point.spread).sum(axis=1)).ravel()
    first = ratio / diagonal + ratio**2 * around / diagonal**2
    return [first, *_blocks(data, np.diagonal(point.spread))]


def _solver(data: Statistics, ratios: Floats) -> _Solver:
    first, others = float(ratios[0]), ratios[data.factor]
    diagonal = 1 + first * data.size
    schur = data.gram.toarray() - first * _crossed(data.counts, 1 / diagonal)
    root = np.sqrt(others)
    lower = linalg.cholesky(np.eye(len(schur)) + root[:, None] * schur * root, lower=True)
    middle = _inverse(lower)
    spread = root[:, None] * middle * root
    # (I + S L)^-1 is L^-1/2 middle L^1/2 where L is positive: nothing cancels there
    positive = root > 0
    shrink = np.eye(len(schur))
    shrink[positive] = middle[positive] * root / root[positive, None]
    shrink[~positive] -= schur[~positive] @ spread
    return _Solver(
        counts=data.counts,
        ratio=first,
        ratios=others,
        diagonal=diagonal,
        schur=schur,
        log_determinant=float(np.log(diagonal).sum() + 2 * np.log(np.diagonal(lower)).sum()),
        spread=spread,
        shrink=shrink,
    )


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


def _blocks(data: Statistics, over_levels: Floats) -> list[Floats]:
    """Take (q,) apart by factor."""
    return np.split(over_levels, np.flatnonzero(np.diff(data.factor)) + 1)


def _traces(data: Statistics, solver: _Solver, of_x: list[Floats], m: Floats) -> Floats:
    """Return tr(Z_k'PZ_k) of all factors."""
    squared = _crossed(data.counts, solver.diagonal**-2)
    first = (data.size / solver.diagonal).sum() - (solver.spread * squared).sum()
    others = (solver.shrink * solver.schur).sum(axis=1)  # diagonal of (I + S L)^-1 S
    by_fixed = [((x @ m) * x).sum(axis=1) for x in of_x]
    return np.append(first - by_fixed[0].sum(), data.by_factor(others - by_fixed[1]))


def _information(
    data: Statistics, solver: _Solver, of_y: list[Floats], of_x: list[Floats], m: Floats
) -> Floats:
    """Return y'P V_k P V_l P y, (K, K), from the working variates V_k P y = Z_k (Z_k'Py)."""
    first, c = of_y[0], data.counts
    others = np.where(data.factor[:, None] == np.unique(data.factor), of_y[1][:, None], 0.0)
    sums = (
        np.column_stack([data.size * first, c @ others]),
        np.column_stack([c.T @ first, data.gram @ others]),
    )
    plain = np.vstack([first @ sums[0], others.T @ sums[1]])
    form = solver.form(plain, sums, solver.scores(*sums))
    with_x = np.column_stack([of_x[0].T @ first, of_x[1].T @ others])
    information: Floats = form - with_x.T @ m @ with_x
    return information
