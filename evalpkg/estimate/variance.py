"""The linearised covariance of anything that has an influence function."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from evalpkg.estimate.calibration import Calibration, Floats
from evalpkg.estimate.design import Design, EstimateError

BLOCK = 65_536  # rows at a time: a table of a million respondents is not copied


def covariance(influence: ArrayLike, design: Design) -> Floats:
    r"""Give the design-based covariance of k estimates from their influence functions.

    With cluster totals z_hc of the influence in stratum h, n_h clusters sampled of N_h:
    V = sum_h (1 - n_h/N_h) n_h/(n_h - 1) sum_c (z_hc - zbar_h)(z_hc - zbar_h)'. For a raked design z is
    replaced by w (u - x'b), u = z/w, b the regression on the margins fitted with the base weights.

    Parameters
    ----------
    influence : array_like, shape (n,) or (n, k)
        Weighted linearised values z_i, for a mean w_i (y_i - ybar) / sum w; zero outside the domain.
    design : Design

    Returns
    -------
    ndarray, shape (k, k)
        All NaN where the design has a single cluster.

    Raises
    ------
    EstimateError
        Rows that do not match the design, or a value that is not finite.

    Notes
    -----
    Woodruff (1971), Binder (1983); raking: Deville & Saerndal (1992), Deville, Saerndal & Sautory (1993).
    Checked against R survey 4.1-1 to 1e-9 (unraked) and 1e-8 (calibrated).

    Examples
    --------
    >>> covariance([-0.5, 0.0, 0.5], Design([1, 1, 1]))
    array([[0.75]])
    """
    return between_clusters(residuals(influence, design), design)


def residuals(influence: ArrayLike, design: Design) -> Floats:
    """Give what raking leaves of influence functions, (n, k); unchanged where the design is not raked."""
    z = _check_influence(influence, design)
    return z if design.cells is None else _calibration_residuals(z, design.weights, design.cells)


def between_clusters(z: Floats, design: Design) -> Floats:
    """Give the covariance (k, k) of totals over linearised values z (n, k) of the sampled clusters."""
    return _between_clusters(design.cluster_totals(z), design)


def _check_influence(influence: ArrayLike, design: Design) -> Floats:
    z = np.asarray(influence, dtype=float)
    z = z[:, None] if z.ndim == 1 else z
    if z.ndim != 2 or len(z) != design.n:
        raise EstimateError(
            f"影响函数的形状是 {z.shape} 而设计有 {design.n} 份答卷：必须逐行对应；请用同一批答卷计算"
        )
    if not np.isfinite(z).all():
        row, column = np.argwhere(~np.isfinite(z))[0]
        raise EstimateError(
            f"影响函数第 {row + 1} 行第 {column + 1} 列不是有限数：域外的答卷应为 0；请检查这一列的计算"
        )
    return z


def _calibration_residuals(z: Floats, weights: Floats, cells: Calibration) -> Floats:
    # margins are constant within a cell, so the regression needs cell means only
    u = np.divide(z, weights[:, None], out=np.zeros_like(z), where=weights[:, None] > 0)
    base = cells.totals(cells.base[:, None])
    rows = (cells.cell, np.arange(len(z)))
    sums = csr_array((cells.base, rows), shape=(len(base), len(z))) @ u  # a product, for it copies nothing
    means = np.divide(sums, base, out=np.zeros_like(sums), where=base > 0)
    x = np.concatenate(cells.margins).T
    b: Floats = np.linalg.lstsq(np.sqrt(base) * x, np.sqrt(base) * means, rcond=None)[0]
    fitted = x @ b
    for start in range(0, len(u), BLOCK):
        part = slice(start, start + BLOCK)
        u[part] = weights[part, None] * (u[part] - fitted[cells.cell[part]])
    return u


def _between_clusters(totals: Floats, design: Design) -> Floats:
    if design.n_clusters < 2:
        return np.full((totals.shape[1], totals.shape[1]), np.nan)
    count, stratum = design.clusters_per_stratum, design.stratum_of_cluster
    sums = np.zeros((design.n_strata, totals.shape[1]))
    np.add.at(sums, stratum, totals)
    centre = sums / count[:, None]
    # a stratum of one cluster is here only when that cluster is its whole population: no sampling error
    factor = np.divide(design.unsampled * count, count - 1, out=np.zeros(len(count)), where=count > 1)
    cov = np.zeros((totals.shape[1],) * 2)
    for start in range(0, len(totals), BLOCK):
        part = stratum[start : start + BLOCK]
        scaled = np.sqrt(factor)[part][:, None] * (totals[start : start + BLOCK] - centre[part])
        cov += scaled.T @ scaled
    return cov
