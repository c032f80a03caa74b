"""Small areas that borrow strength from each other: the area-level model of Fay & Herriot (plain arrays)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr, solve_triangular
from scipy.optimize import brentq

from evalpkg.estimate import EstimateError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

POINTS = 24  # places where the likelihood is looked at before the best of them is refined


@dataclass(frozen=True, eq=False)
class Departures:
    """Predicted combinations of the areas' departures u from the model, and their mean squared errors, (k,)."""

    estimate: Floats
    mse: Floats


@dataclass(frozen=True, eq=False)
class FayHerriot:
    """Hold the fit of m areas.

    Attributes
    ----------
    estimate, mse : ndarray, shape (m,)
        Empirical best linear unbiased predictions and their estimated mean squared errors.
    gamma : ndarray, shape (m,)
        Weight of the direct estimate, A / (A + D); 0 for an area without one.
    synthetic : ndarray, shape (m,)
        x'b, what the model alone says.
    residual : ndarray, shape (m,)
        y - x'b; 0 for an area without a direct estimate.
    beta, beta_cov : ndarray, shapes (p,) and (p, p)
        0 for columns of `x` that repeat earlier ones.
    A : float
        Variance between areas that `x` does not explain, above 0.
    adjusted : bool
        The plain REML estimate was 0 and the adjusted likelihood stands in.
    precision : ndarray, shape (m,)
        1 / (A + D); 0 for an area without a direct estimate.
    basis, basis_cov : ndarray, shapes (m, r) and (r, r)
        `x` in r independent columns, and the covariance of their coefficients.
    """

    estimate: Floats
    mse: Floats
    gamma: Floats
    synthetic: Floats
    residual: Floats
    beta: Floats
    beta_cov: Floats
    A: float
    adjusted: bool
    precision: Floats
    basis: Floats
    basis_cov: Floats

    @property
    def std_error(self) -> Floats:
        """Square root of `mse`, (m,)."""
        return np.sqrt(self.mse)

    def departures(self, combinations: ArrayLike) -> Departures:
        """Predict linear combinations of the u_i, areas' departures from x'b.

        C u^ with u^_i = gamma_i (y_i - x_i'b); MSE = A CC' - A^2 C P C' + 2 C diag(g3) C', P = W - W X (X'WX)^-1 X'W.

        Parameters
        ----------
        combinations : array_like, shape (k, m)
            One combination per row; the identity gives the departures themselves.

        Examples
        --------
        >>> fit = fay_herriot([3.0, 1.0, 4.0, 0.0, 2.0], [0.2] * 5, np.ones((5, 1)))
        >>> fit.departures([1, -1, 0, 0, 0]).estimate.round(2), (fit.estimate[0] - fit.estimate[1]).round(2)
        (array([1.84]), np.float64(1.84))
        """
        c = np.atleast_2d(np.asarray(combinations, dtype=float))
        if c.shape[1] != len(self.estimate):
            raise EstimateError(
                f"小域组合的形状是 {c.shape} 而有 {len(self.estimate)} 个小域：每行要有一样多的系数；请核对列数"
            )
        weighted = c * self.precision
        crossed = weighted @ self.basis
        explained = np.einsum("ij,ij->i", weighted, c) - np.einsum(
            "ij,jk,ik->i", crossed, self.basis_cov, crossed
        )
        mse = self.A * (c**2).sum(axis=1) - self.A**2 * explained + 2 * c**2 @ _g3(self.A, self.precision)
        return Departures(c @ (self.gamma * self.residual), mse)


def fay_herriot(y: ArrayLike, D: ArrayLike, x: ArrayLike) -> FayHerriot:
    r"""Combine direct estimates of small areas with what a regression says of them.

    y_i ~ N(theta_i, D_i), theta_i ~ N(x_i'b, A), all independent; theta^_i = g_i y_i + (1 - g_i) x_i'b with
    g_i = A / (A + D_i). A maximises the restricted likelihood, the fixed point of the scoring step
    A += (y'PPy - tr P) / tr PP; where that is 0, it maximises A times the restricted likelihood (Li & Lahiri),
    so that no direct estimate is ignored. MSE_i = g_i D_i + g2 + 2 g3,
    g2 = (1 - g_i)^2 x_i'(X'WX)^-1 x_i for the estimation of b, g3 = D_i^2 / (A + D_i)^3 * 2 / sum (A + D)^-2 for A's.

    Parameters
    ----------
    y : array_like, shape (m,)
        Direct estimates; NaN = none.
    D : array_like, shape (m,)
        Their sampling variances, taken as known; NaN or infinite = the direct estimate is not usable.
    x : array_like, shape (m, p)
        What the areas are (a constant among it, if wanted). Columns may repeat each other (full sets of dummies).

    Returns
    -------
    FayHerriot
        Areas without a usable direct estimate get x'b with the error A + x'(X'WX)^-1 x.

    Raises
    ------
    EstimateError
        Shapes that differ, a variance that is not positive, an infinite value, too few areas (at least three more
        than independent columns of x), an area without a direct estimate that no other area resembles in x.

    Notes
    -----
    Fay & Herriot (1979, JASA 74:269); Prasad & Rao (1990, JASA 85:163) and Datta & Lahiri (2000, Statistica
    Sinica 10:613) for the mean squared error; Li & Lahiri (2010, J. Multivariate Analysis 101:882). The adjusted A
    is biased upwards, so there the stated error is too large rather than too small. Checked against R
    metafor 3.8-1 (A, b, predictions and g1 + g2, 1e-8) and against dense matrices.

    Examples
    --------
    Ten against four with equal errors: each is drawn a little towards the mean of all.

    >>> fit = fay_herriot([10.0, 4.0, 9.0, 5.0, 8.0, np.nan], [1.0] * 6, np.ones((6, 1)))
    >>> round(fit.A, 2), fit.estimate.round(2)
    (5.7, array([9.58, 4.48, 8.73, 5.33, 7.88, 7.2 ]))
    """
    direct, variance, columns, usable = _checked(y, D, x)
    basis, back = _independent(columns, usable)
    inside = _Inside(direct[usable], variance[usable], basis[usable])
    if usable.sum() - basis.shape[1] < 3:
        raise EstimateError(
            f"小域估计：{usable.sum()} 个小域有直接估计，解释变量占 {basis.shape[1]} 个自由度："
            "小域要至少多出 3 个；请减少解释变量，或合并分组"
        )
    A = _maximum(inside, inside.score)
    adjusted = A == 0
    if adjusted:
        A = _maximum(inside, lambda a: inside.score(a) + 1 / a)
    return _fitted(A, adjusted, direct, variance, usable, basis, back)


def _fitted(
    A: float, adjusted: bool, y: Floats, D: Floats, usable: Bools, basis: Floats, back: Floats
) -> FayHerriot:
    precision = np.zeros(len(y))
    precision[usable] = 1 / (A + D[usable])
    cov = _inverse((basis.T * precision) @ basis)
    filled = np.where(usable, y, 0.0)
    coefficients = cov @ (basis.T @ (precision * filled))
    synthetic = basis @ coefficients
    gamma = A * precision
    residual = np.where(usable, filled - synthetic, 0.0)
    g2 = (1 - gamma) ** 2 * np.einsum("ij,jk,ik->i", basis, cov, basis)
    return FayHerriot(
        estimate=synthetic + gamma * residual,
        mse=A * (1 - gamma) + g2 + 2 * _g3(A, precision),
        gamma=gamma,
        synthetic=synthetic,
        residual=residual,
        beta=back @ coefficients,
        beta_cov=back @ cov @ back.T,
        A=A,
        adjusted=adjusted,
        precision=precision,
        basis=basis,
        basis_cov=cov,
    )


def _g3(A: float, precision: Floats) -> Floats:
    """Give D^2 / (A + D)^3 times the asymptotic variance of A; 0 without a direct estimate."""
    slope = np.where(precision > 0, (1 - A * precision) ** 2 * precision, 0.0)
    variance: Floats = slope * 2 / (precision**2).sum()
    return variance


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=float)


@dataclass(frozen=True, eq=False)
class _Inside:
    """The areas with a direct estimate: y (m,), D (m,) and the independent columns (m, r)."""

    y: Floats
    D: Floats
    basis: Floats

    def _pieces(self, A: float) -> tuple[Floats, Floats, Floats, Floats]:
        w = 1 / (A + self.D)
        information = (self.basis.T * w) @ self.basis
        cov = _inverse(information)
        residual = self.y - self.basis @ (cov @ (self.basis.T @ (w * self.y)))
        return w, information, cov, residual

    def log_likelihood(self, A: float) -> float:
        w, information, _, residual = self._pieces(A)
        return float(np.log(w).sum() - np.linalg.slogdet(information)[1] - w @ residual**2) / 2

    def score(self, A: float) -> float:
        """Give half of y'PPy - tr P, the derivative of the restricted log-likelihood."""
        w, _, cov, residual = self._pieces(A)
        trace = w.sum() - np.trace(cov @ ((self.basis.T * w**2) @ self.basis))
        return float(w**2 @ residual**2 - trace) / 2


def _maximum(inside: _Inside, score: Callable[[float], float]) -> float:
    """Return the best A: 0, or the zero of the score beside the highest of a row of places.

    A single run of scoring steps could end at a lower of two maxima, or go back and forth about 0.
    """
    free = len(inside.y) - inside.basis.shape[1]
    plain = inside.y - inside.basis @ (inside.basis.T @ inside.y)
    # beyond this the score is negative: RSS / (A + D)^2 is less than (m - r) / (A + D) can be
    upper = 2.1 * max(inside.D.max(), 2 * plain @ plain / free)
    lowest = 1e-8 * upper
    places = np.geomspace(lowest, upper, POINTS)
    values = np.array([inside.log_likelihood(a) for a in places])
    at = int(values.argmax())
    rising = [a for a in places[: at + 1] if score(a) > 0]
    if not rising:
        return 0.0
    left, right = rising[-1], places[min(at + 1, POINTS - 1)]
    while score(right) > 0:
        right *= 2
    return float(brentq(score, left, right, xtol=1e-14 * upper, rtol=1e-14))


def _independent(x: Floats, usable: Bools) -> tuple[Floats, Floats]:
    """Express `x` in independent columns, orthonormal over the usable areas, and map coefficients back to x's."""
    if not usable.any():
        raise EstimateError("小域估计：没有一个小域有直接估计；至少要有几个；请合并分组后再算")
    _, r, order = qr(x[usable], mode="economic", pivoting=True)
    size = np.abs(np.diagonal(r))
    rank = int((size > max(x.shape) * np.finfo(float).eps * size[0]).sum())
    upper, repeated = r[:rank, :rank], r[:rank, rank:]
    basis = solve_triangular(upper, x[:, order[:rank]].T, trans="T").T
    _check_estimable(x[:, order[rank:]], basis @ repeated, x)
    back = np.zeros((x.shape[1], rank))
    back[order[:rank]] = solve_triangular(upper, np.eye(rank))
    return basis, back


def _check_estimable(repeats: Floats, expected: Floats, x: Floats) -> None:
    off = np.abs(repeats - expected).max(axis=1, initial=0.0) > 1e-8 * np.abs(x).max()
    if off.any():
        raise EstimateError(
            f"小域估计：第 {np.flatnonzero(off)[0] + 1} 个小域没有直接估计，解释变量又与其余小域都不同："
            "模型说不出它的值；请去掉这个小域，或减少解释变量"
        )


def _checked(y: ArrayLike, D: ArrayLike, x: ArrayLike) -> tuple[Floats, Floats, Floats, Bools]:
    direct, variance, columns = (np.asarray(values, dtype=float) for values in (y, D, x))
    m = len(direct) if direct.ndim == 1 else -1
    if columns.ndim != 2 or variance.shape != (m,) or len(columns) != m or columns.size == 0:
        raise EstimateError(
            f"小域估计的形状是 y {direct.shape}、D {variance.shape}、x {columns.shape}："
            "应为 (m,)、(m,)、(m, p)；请核对每个小域一行"
        )
    if not np.isfinite(columns).all() or np.isinf(direct).any():
        raise EstimateError("小域估计：解释变量和直接估计只能是有限数（直接估计可以空缺）；请检查计算")
    usable = np.isfinite(direct) & np.isfinite(variance)
    bad = np.flatnonzero(usable & (variance <= 0))
    if len(bad):
        raise EstimateError(
            f"小域估计：第 {bad[0] + 1} 个小域的抽样方差是 {variance[bad[0]]:g}：必须大于 0；"
            "请用平滑后的方差，或把这个小域当作没有直接估计"
        )
    return direct, variance, columns, usable
