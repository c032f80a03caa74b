"""Weighted least squares with a design-based covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.means import Estimate, domain_df, numeric_columns
from evalpkg.estimate.variance import covariance

COLLINEAR = 1e-9  # what is left of a column of unit length when the columns before it are taken out


def regression(y: ArrayLike, x: ArrayLike, design: Design) -> Estimate:
    r"""Regress an outcome on p columns and an intercept.

    b = (X'WX)^-1 X'Wy, linearised by z_i = w_i e_i (X'WX)^-1 x_i with e the residuals; see `covariance`, which
    takes clusters, strata and raking into account.

    Parameters
    ----------
    y : array_like, shape (n,)
        Outcome.
    x : array_like or DataFrame, shape (n,) or (n, p)
        Regressors, without the intercept; categories as columns of 0 and 1, one of them left out.
    design : Design

    Returns
    -------
    Estimate
        p + 1 coefficients, the intercept first. Rows with NaN in `y` or in any column of `x` are outside the
        domain. `df` is clusters minus strata minus p, as R's svyglm has it; intervals are linearised with few
        clusters too.

    Raises
    ------
    EstimateError
        As `mean`; more than one outcome; no complete row; a column that the others determine.

    Notes
    -----
    Fuller (1975), Binder (1983). Checked against R survey 4.1-1 svyglm, gaussian (1e-9).

    Examples
    --------
    >>> fit = regression([1.0, 3.0, 5.0, 7.0], [0, 1, 2, 3], Design([1, 1, 2, 1]))
    >>> fit.estimate.round(6) + 0.0
    array([1., 2.])
    """
    outcome = numeric_columns(y, design)
    if outcome.shape[1] != 1:
        raise EstimateError(f"回归的结果变量有 {outcome.shape[1]} 列：只能是一列；请逐列回归")
    regressors = numeric_columns(x, design)
    complete = ~np.isnan(np.hstack([outcome, regressors])).any(axis=1) & (design.weights > 0)
    if not complete.any():
        raise EstimateError("回归没有一份完整的答卷：结果与各自变量都要有值；请减少自变量")
    root = np.sqrt(design.weights[complete])[:, None]
    columns = np.hstack([np.ones((complete.sum(), 1)), regressors[complete]])
    q, r = _decomposed(root * columns, _names(x))
    coefficients = solve_triangular(r, q.T @ (root * outcome[complete]))[:, 0]
    residual = outcome[complete, 0] - columns @ coefficients
    influence = np.zeros((design.n, columns.shape[1]))
    influence[complete] = root * residual[:, None] * solve_triangular(r, q.T).T
    df = domain_df(complete[:, None], design) - regressors.shape[1]
    cov = covariance(influence, design)
    return Estimate(coefficients, cov if df[0] >= 1 else np.full_like(cov, np.nan), complete.sum(), df[0])


def _decomposed(x: Floats, names: list[str]) -> tuple[Floats, Floats]:
    """Factor x = q r; refuse a column that those before it determine."""
    length = np.sqrt((x**2).sum(axis=0))
    scale = np.where(length > 0, length, 1.0)
    q, r = np.linalg.qr(x / scale)
    left = np.zeros(x.shape[1])
    left[: len(r)] = np.abs(np.diagonal(r))
    determined = np.flatnonzero(left < COLLINEAR)
    if len(determined):
        raise EstimateError(
            f"回归的自变量“{names[determined[0]]}”可由其余自变量（或常数项）完全推出：系数无法确定；请去掉这一列"
        )
    return q, r * scale


def _names(x: ArrayLike) -> list[str]:
    if isinstance(x, pd.DataFrame):
        return ["常数项", *map(str, x.columns)]
    columns = 1 if np.ndim(x) == 1 else np.shape(x)[1]
    return ["常数项", *(f"第 {j + 1} 列" for j in range(columns))]
