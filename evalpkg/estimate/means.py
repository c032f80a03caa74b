"""Means and shares in domains, and differences of them, with their joint covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from evalpkg.estimate import intervals
from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.few_clusters import FEW, FewClusters, few_clusters
from evalpkg.estimate.freedom import Influence
from evalpkg.estimate.variance import covariance

SMALL = 1_000  # effective clusters of a raked domain; from here on its linearised form is trusted


@dataclass(frozen=True, eq=False)
class Estimate:
    """Hold k estimates with their joint covariance.

    Attributes
    ----------
    estimate : ndarray, shape (k,)
        NaN for an empty domain.
    cov : ndarray, shape (k, k)
        Linearised covariance; rows and columns of a domain with members in a single cluster are NaN.
    n : ndarray, shape (k,), int
        Respondents of positive weight in the domain.
    df : ndarray, shape (k,)
        Clusters minus strata, both counted where the domain has members (Korn & Graubard 1999).
    scale : {"identity", "logit"}
        Where `interval` is symmetric.
    n_effective : ndarray, shape (k,), optional
        Kish effective size of the domain, for shares at 0 or 1; a single cluster counts as one observation.
    few : FewClusters, optional
        What `interval` uses in place of `cov` for domains of fewer than 30 clusters, where nothing was raked.
    influence : Influence, optional
        Where it is given, `interval` uses the small-sample form of `cov`.
    """

    estimate: Floats
    cov: Floats
    n: NDArray[np.int64]
    df: Floats
    scale: Literal["identity", "logit"] = "identity"
    n_effective: Floats | None = None
    few: FewClusters | None = None
    influence: Influence | None = None

    def __post_init__(self) -> None:
        k = len(np.atleast_1d(self.estimate))
        object.__setattr__(self, "estimate", np.atleast_1d(np.asarray(self.estimate, dtype=float)))
        object.__setattr__(self, "cov", np.asarray(self.cov, dtype=float).reshape(k, k))
        object.__setattr__(self, "n", np.broadcast_to(np.asarray(self.n, dtype=int), k))
        object.__setattr__(self, "df", np.broadcast_to(np.asarray(self.df, dtype=float), k))

    @property
    def std_error(self) -> Floats:
        """Linearised standard errors, (k,); NaN where `cov` is."""
        return np.sqrt(np.maximum(np.diagonal(self.cov), 0))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Give the lower and upper confidence limits.

        The t distribution with `df` degrees of freedom. Domains of fewer than 30 clusters use the CR2
        variance with Satterthwaite degrees of freedom instead (Bell & McCaffrey 2002). Where the design is
        raked no CR2 is established: there, and for whatever else knows its `influence`, the linearised
        variance is widened by what it lacks, with effective degrees of freedom (`small_sample`), unless 1,000
        clusters of like weight make that superfluous. A stratified design keeps the linearised form with its
        few degrees of freedom. Shares are symmetric on the logit; at 0 or 1, or without a standard error,
        Wilson's interval with the effective size stands in, so that a share always has one of positive width.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        low, high : ndarray, shape (k,)
            NaN where there is no standard error (means) or no respondent (shares).

        Examples
        --------
        >>> low, high = mean([1.0, 2.0, 3.0], Design([1, 1, 1])).interval(0.95)
        >>> low.round(3), high.round(3)
        (array([-0.484]), array([4.484]))
        """
        if not 0 < level < 1:
            raise EstimateError(f"置信水平是 {level}：只能在 0 与 1 之间；例如 0.95")
        std_error, df = self._for_intervals()
        t = intervals.quantile(level, df)
        if self.scale == "identity":
            return intervals.symmetric(self.estimate, std_error, t)
        return self._share_limits(std_error, t, ndtri((1 + level) / 2))

    def _for_intervals(self) -> tuple[Floats, Floats]:
        std_error, df = self.std_error, self.df
        if self.few is not None:
            use = self.few.applies & np.isfinite(std_error)
            std_error = np.where(use, np.sqrt(self.few.variance), std_error)
            df = np.where(use, self.few.df, df)
        if self.influence is not None:
            lacks = self.influence.lacks
            std_error = std_error * np.sqrt(lacks.inflation)
            df = np.where(lacks.df > 0, lacks.df, df)
        return std_error, df

    def _share_limits(self, std_error: Floats, t: Floats, z: float) -> tuple[Floats, Floats]:
        p = self.estimate
        n = np.maximum(self.n if self.n_effective is None else self.n_effective, 1)
        # below a ten-thousandth of the binomial error a standard error tells nothing but rounding
        regular = (p > 0) & (p < 1) & (std_error > 1e-4 * np.sqrt(p * (1 - p) / n))
        safe = np.where(regular, p, 0.5)
        inner = intervals.on_logit(safe, np.where(regular, std_error, 1.0), t)
        outer = intervals.wilson(p, n, np.where(np.isfinite(t), t, z))
        low, high = (np.where(regular, a, b) for a, b in zip(inner, outer, strict=True))
        return low, high


def mean(y: ArrayLike, design: Design) -> Estimate:
    """Estimate the weighted mean of each column in its domain.

    ybar_j = sum w m_j y_j / sum w m_j, m_j = 1 where y_j is not NaN; linearised by
    z_j = w m_j (y_j - ybar_j) / sum w m_j, see `covariance`.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        NaN = outside the domain (not rated, not asked).
    design : Design

    Returns
    -------
    Estimate
        k means in the units of `y`. An empty domain gives NaN; a domain within one cluster (one respondent,
        where respondents are the clusters) gives a mean with NaN standard error.

    Raises
    ------
    EstimateError
        Rows that do not match the design, text or infinite values.

    Notes
    -----
    Checked against R survey 4.1-1: svymean, svyby (1e-9), after calibrate (1e-8).

    Examples
    --------
    >>> ratings = [[4.0, float("nan")], [2.0, 5.0], [3.0, 1.0]]
    >>> mean(ratings, Design([1, 1, 2])).estimate.round(3)
    array([3.   , 2.333])
    """
    return _domain_means(numeric_columns(y, design), design, "identity")


def share(y: ArrayLike, design: Design) -> Estimate:
    """Estimate the weighted share of ones in each column.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        0, 1 or NaN = outside the domain.
    design : Design

    Returns
    -------
    Estimate
        k shares from 0 to 1; `interval` stays within 0 and 1, see `Estimate.interval`.

    Raises
    ------
    EstimateError
        As `mean`, and a value other than 0, 1, NaN.

    Examples
    --------
    >>> result = share([0, 0, 0, 0], Design([1, 1, 1, 1]))
    >>> low, high = result.interval(0.95)
    >>> result.estimate, low, high.round(2)
    (array([0.]), array([0.]), array([0.72]))
    """
    columns = numeric_columns(y, design)
    odd = ~np.isnan(columns) & (columns != 0) & (columns != 1)
    if odd.any():
        row, column = np.argwhere(odd)[0]
        raise EstimateError(
            f"第 {row + 1} 行第 {column + 1} 列的取值不是 0 或 1：占比只能由 0、1 和空值计算；请先转成是否"
        )
    return _domain_means(columns, design, "logit")


def contrast(estimate: Estimate, matrix: ArrayLike) -> Estimate:
    """Combine estimates linearly: differences, averages.

    Parameters
    ----------
    estimate : Estimate
        k estimates.
    matrix : array_like, shape (k,) or (m, k)
        One combination per row.

    Returns
    -------
    Estimate
        m combinations L theta with covariance L V L'; `n` and `df` are the smallest among the estimates that
        a row uses (a cautious choice: the clusters of the others add none). Symmetric intervals.

    Raises
    ------
    EstimateError
        A matrix of another width, not finite, or with an empty row.

    Examples
    --------
    >>> both = mean([[1.0, 3.0], [2.0, 5.0], [3.0, 4.0]], Design([1, 1, 1]))
    >>> contrast(both, [-1, 1]).estimate
    array([2.])
    """
    rows = _check_matrix(matrix, len(estimate.estimate))
    used = rows != 0
    unknown = used @ np.isnan(estimate.estimate)
    uncertain = used @ np.isnan(np.diagonal(estimate.cov))
    cov = rows @ np.nan_to_num(estimate.cov) @ rows.T
    cov[uncertain, :] = cov[:, uncertain] = np.nan
    return Estimate(
        estimate=np.where(unknown, np.nan, rows @ np.nan_to_num(estimate.estimate)),
        cov=cov,
        n=np.where(used, estimate.n, np.iinfo(int).max).min(axis=1),
        df=np.where(used, estimate.df, np.inf).min(axis=1),
        few=None if estimate.few is None else estimate.few.combine(rows),
        influence=None if estimate.influence is None else estimate.influence.combine(rows),
    )


def numeric_columns(y: ArrayLike, design: Design) -> Floats:
    """Give y as (n, k) floats, NaN = outside the domain; refuse what is no number or does not match the design."""
    try:
        if isinstance(y, pd.Series | pd.DataFrame):
            y = y.to_numpy(dtype=float, na_value=np.nan)  # pd.NA is outside the domain as NaN is
        columns = np.asarray(y, dtype=float)
    except (TypeError, ValueError) as error:
        raise EstimateError("取值里有不是数的内容：只能是数或空值；请先按题目字典转成分值") from error
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or len(columns) != design.n:
        raise EstimateError(
            f"取值的形状是 {columns.shape} 而设计有 {design.n} 份答卷：必须逐行对应；请用同一批答卷"
        )
    if np.isinf(columns).any():
        row, column = np.argwhere(np.isinf(columns))[0]
        raise EstimateError(
            f"第 {row + 1} 行第 {column + 1} 列的取值是无穷大：只能是有限数或空值；请检查计分"
        )
    return columns


def mean_influence(y: Floats, design: Design) -> Floats:
    """Give the influence functions w m (y - ybar) / sum w m of domain means, (n, k), 0 outside the domain."""
    y, weights = domain(y, design)
    divisor = np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
    y -= np.einsum("ij,ij->j", weights, y) / divisor  # in place: y is a copy, and may be large
    y *= weights
    y /= divisor
    return y


def domain(y: Floats, design: Design) -> tuple[Floats, Floats]:
    """Give values and weights, both (n, k) and 0 outside the domain."""
    inside = ~np.isnan(y) & (design.weights > 0)[:, None]
    return np.where(inside, y, 0.0), np.where(inside, design.weights[:, None], 0.0)


def _domain_means(y: Floats, design: Design, scale: Literal["identity", "logit"]) -> Estimate:
    centre, n_effective, size = _moments(y, design)
    inside = ~np.isnan(y) & (design.weights > 0)[:, None]
    df = domain_df(inside, design)
    z = mean_influence(y, design)
    cov = covariance(z, design)
    cov[df < 1, :] = cov[:, df < 1] = np.nan
    return Estimate(
        estimate=np.where(inside.any(axis=0), centre, np.nan),
        cov=cov,
        n=inside.sum(axis=0),
        df=df,
        scale=scale,
        n_effective=np.where(df < 1, 1.0, n_effective),
        few=few_clusters(*domain(y, design), centre, design) if _is_few(df, design) else None,
        # kept only where it is called for: it is as large as the ratings
        influence=Influence(((z, design),), np.eye(len(size)), size) if _is_small(size, design) else None,
    )


def _moments(given: Floats, design: Design) -> tuple[Floats, Floats, Floats]:
    """Give weighted means, Kish effective respondents and effective clusters of the domains, (k,) each."""
    y, weights = domain(given, design)
    total = weights.sum(axis=0)
    centre = np.einsum("ij,ij->j", weights, y) / np.where(total > 0, total, 1.0)
    np.square(weights, out=weights)  # in place, for it may be large
    squares = design.cluster_totals(weights)
    respondents = total**2 / np.maximum(weights.sum(axis=0), 1e-300)
    clusters = squares.sum(axis=0) ** 2 / np.maximum(np.einsum("ij,ij->j", squares, squares), 1e-300)
    return centre, respondents, np.maximum(clusters, 1.0)


def domain_df(inside: NDArray[np.bool_], design: Design) -> Floats:
    """Give clusters minus strata, both counted where the domain (n, k) has members, (k,)."""
    clusters = design.cluster_totals(inside.astype(float)) > 0
    strata = np.zeros((design.n_strata, inside.shape[1]))
    np.add.at(strata, design.stratum_of_cluster, clusters)
    df: Floats = clusters.sum(axis=0) - (strata > 0).sum(axis=0)
    return df


def _is_few(df: Floats, design: Design) -> bool:
    # CR2 is established for clusters alone, neither within strata nor after raking
    return design.n_strata == 1 and design.calibration is None and bool((df + 1 < FEW).any())


def _is_small(size: Floats, design: Design) -> bool:
    # few clusters, or weights that make few of many, after raking; strata keep the linearised form
    return design.n_strata == 1 and design.calibration is not None and bool((size < SMALL).any())


def _check_matrix(matrix: ArrayLike, k: int) -> Floats:
    rows = np.atleast_2d(np.asarray(matrix, dtype=float))
    if rows.ndim != 2 or rows.shape[1] != k:
        raise EstimateError(
            f"对比矩阵的形状是 {rows.shape} 而有 {k} 个估计值：每行要有 {k} 个系数；请核对列数"
        )
    if not np.isfinite(rows).all() or not rows.any(axis=1).all():
        raise EstimateError("对比矩阵有空行或不是有限数的系数：每行至少一个非零系数；请核对矩阵")
    return rows
