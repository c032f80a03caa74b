"""Weighted least squares with many columns and few clusters: influence functions from bias-reduced residuals."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from evalpkg.estimate.design import Design
from evalpkg.estimate.freedom import small_sample
from evalpkg.estimate.means import Estimate
from evalpkg.estimate.variance import covariance

COLLINEAR = 1e-8  # of a column of unit length, left by the columns before it; below it says nothing new
NOTHING = 1e-9  # of a cluster's residual variance, below which a direction of it is fitted exactly


def clustered_regression(y: np.ndarray, x: np.ndarray, design: Design) -> Estimate:
    r"""Regress an outcome on columns that nothing is linearly dependent in, by the survey's weights.

    The clusters' residuals e_g are replaced by A_g e_g, A_g such that the variance is unbiased where errors are
    independent and alike (CR2); then linearised as in `estimate.regression`, with raking, and with the small-sample
    form of it (`estimate.small_sample`). `estimate.regression` takes the number of columns from the degrees of
    freedom, as R's svyglm does, and nothing is left with 38 chambers and 40 columns.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
        With the intercept; no gaps where `y` has none. Rows with NaN in `y` are outside the domain.
    design : Design

    Returns
    -------
    Estimate
        p coefficients; `cov` with the small-sample widening, `df` effective (Satterthwaite), 1 at least.

    Notes
    -----
    Bell & McCaffrey (2002); Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36:672.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> found = clustered_regression(np.array([1.0, 3.0, 5.0, 9.0]), x, Design(np.ones(4)))
    >>> found.estimate.round(6).tolist()
    [2.0, 5.0]
    """
    inside = ~np.isnan(y) & (design.weights > 0)
    weights = design.weights[inside] / design.weights[inside].mean()
    root = np.sqrt(weights)
    q, r = np.linalg.qr(root[:, None] * x[inside])
    outcome = root * y[inside]
    coefficients = solve_triangular(r, q.T @ outcome)
    residual = adjusted(outcome - q @ (q.T @ outcome), q, weights, design.cluster_codes[inside])
    influence, alike = np.zeros((2, design.n, x.shape[1]))
    influence[inside] = residual[:, None] * solve_triangular(r, q.T).T
    alike[inside] = root[:, None] * solve_triangular(r, q.T).T
    lacks = small_sample(alike, design)
    widen = np.sqrt(lacks.inflation)
    cov = covariance(influence, design) * np.outer(widen, widen)
    return Estimate(coefficients, cov, np.full(x.shape[1], inside.sum()), np.maximum(lacks.df, 1.0))


def adjusted(residual: np.ndarray, q: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Multiply each cluster's residuals by its CR2 matrix.

    Parameters
    ----------
    residual : ndarray, shape (m,)
        sqrt(w) e.
    q : ndarray, shape (m, p)
        Orthonormal basis of the columns times sqrt(w).
    weights : ndarray, shape (m,)
    clusters : ndarray, shape (m,), int

    Notes
    -----
    Errors of equal variance: residuals have covariance B = (I - H) W (I - H), and A_g = D (D B_gg D)^(-1/2) D with
    D = W_g^(1/2), so that A_g B_gg A_g = W_g. A direction of a cluster that is fitted exactly is left at zero.
    """
    middle = q.T @ (weights[:, None] * q)
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order])) + 1
    found = np.empty(len(residual))
    for rows in np.split(order, starts):
        found[rows] = _matrix(q[rows], weights[rows], middle) @ residual[rows]
    return found


def _matrix(q: np.ndarray, weights: np.ndarray, middle: np.ndarray) -> np.ndarray:
    crossed = (q @ q.T) * weights
    b = np.diag(weights) - crossed - crossed.T + q @ middle @ q.T
    root = np.sqrt(weights)
    values, vectors = np.linalg.eigh(root[:, None] * b * root)
    kept = values > NOTHING * (weights**2).max()
    inverse = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    matrix: np.ndarray = root[:, None] * inverse * root
    return matrix


def independent_columns(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Tell which columns (n, p) say something that those before them do not, (p,) bool.

    Examples
    --------
    >>> independent_columns(np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]), np.ones(3)).tolist()
    [True, True, False]
    """
    scaled = np.sqrt(weights)[:, None] * columns
    length = np.sqrt((scaled**2).sum(axis=0))
    basis = np.zeros((len(columns), 0))
    kept = np.zeros(columns.shape[1], dtype=bool)
    for j in np.flatnonzero(length > 0):
        unit = scaled[:, j] / length[j]
        for _ in range(2):  # once more, for what rounding left
            unit = unit - basis @ (basis.T @ unit)
        left = float(np.sqrt(unit @ unit))
        if left > COLLINEAR:
            kept[j], basis = True, np.column_stack([basis, unit / left])
    return kept
