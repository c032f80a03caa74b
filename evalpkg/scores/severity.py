"""Department scores freed of how strict the firms are that rated them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate

Floats = NDArray[np.float64]

CHUNK = 20_000  # rows taken at once: what is needed beside the ratings stays small at a million firms
NAMED = 6  # departments listed of each part in a message


class ScoresError(estimate.EstimateError):
    """Ratings that cannot be compared; ``str()`` is one Chinese line."""


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Hold the two-way fit of n respondents and d departments.

    Attributes
    ----------
    theta : ndarray, shape (d,)
        Departments, sum zero.
    person : ndarray, shape (n,)
        Level of each respondent: mean of its ratings less the mean theta of what it rated; NaN without a rating.
    influence : ndarray, shape (n, d)
        Weighted linearised values of `theta`, for `estimate.covariance`.
    """

    theta: Floats
    person: Floats
    influence: Floats


def severity_adjusted(ratings: ArrayLike | pd.DataFrame, *, design: Design | None = None) -> Estimate:
    r"""Compare departments by what the same respondent gave to each of them.

    y_ij = theta_j + a_i + e_ij with sum theta = 0: a respondent's severity a_i is free, so a department that
    meets strict raters is not blamed for them. With weights w_i, m_ij = 1 where i rated j, n_i = sum_j m_ij:
    L = diag(sum_i w_i m_ij) - M' diag(w_i / n_i) M, b_j = sum_i w_i m_ij (y_ij - ybar_i), theta = L+ b, and
    the influence of i is L+ times its weighted within residuals.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n, d)
        NaN = not rated. Column names serve in messages. Respondents with fewer than two ratings tell nothing
        about differences and change nothing.
    design : Design, optional
        Equal weights and respondents as clusters where omitted.

    Returns
    -------
    Estimate
        d differences from the mean of the departments, in the units of the ratings; they sum to zero. `cov`
        is the clustered sandwich of the within residuals, calibration included (`estimate.covariance`),
        singular along (1, ..., 1), and NaN for a department whose raters are one cluster; `n` raters with two
        ratings or more, `df` clusters minus strata among them; `interval`, also of a contrast, uses the effective ones
        (`estimate.small_sample`).

    Raises
    ------
    ScoresError
        A department that nobody rated, or departments in parts without a common rater, both named; a rating
        that is not finite; rows that do not match the design.

    Notes
    -----
    The within estimator of two-way classifications (Abowd, Kramarz & Margolis 1999, Econometrica 67:251), with
    the respondent swept out, so that d x d systems replace dummies. Checked against weighted least squares
    with both sets of dummies (1e-8).

    Examples
    --------
    The second firm is one point stricter; it alone met department 3:

    >>> severity_adjusted([[5, 4, np.nan], [4, 3, 1]]).estimate.round(3)
    array([ 1.333,  0.333, -1.667])
    """
    y = _checked(ratings)
    design = Design(np.ones(len(y))) if design is None else design
    return estimated(adjust(y, design, _names(ratings, y.shape[1])), y, design)


def adjust(y: NDArray[np.floating], design: Design, names: list[str]) -> Adjusted:
    """Fit departments and respondents; see `severity_adjusted` for arguments (checked) and errors."""
    if len(y) != design.n:
        raise ScoresError(f"评分有 {len(y)} 行而设计有 {design.n} 份答卷：必须逐行对应；请用同一批答卷")
    laplacian, b = _normal_equations(y, design.weights)
    _check_connected(laplacian, names, (~np.isnan(y)).any(axis=0))
    inverse = _pseudo_inverse(laplacian)
    theta = inverse @ b
    theta -= theta.mean()
    influence, person = _linearised(y, design.weights, theta, inverse)
    return Adjusted(theta=theta, person=person, influence=influence)


def estimated(fit: Adjusted, y: NDArray[np.floating], design: Design) -> Estimate:
    """Give the departments of a fit with their covariance."""
    cov = estimate.covariance(fit.influence, design)
    most, n = _support(y, _informative(y, design), design)
    cov[most < 1, :] = cov[:, most < 1] = np.nan
    influence = estimate.Influence(((fit.influence, design),), np.eye(len(most)), most)
    return Estimate(estimate=fit.theta, cov=cov, n=n, df=most, influence=influence)


def parts(y: NDArray[np.floating], weights: Floats) -> list[NDArray[np.intp]]:
    """Group departments (columns) that are linked by common raters, the largest group first.

    Examples
    --------
    >>> y = np.array([[1, 2, np.nan], [np.nan, np.nan, 3]])
    >>> [part.tolist() for part in parts(y, np.ones(2))]
    [[0, 1], [2]]
    """
    return _parts(_normal_equations(y, weights)[0])


def _checked(ratings: ArrayLike | pd.DataFrame) -> NDArray[np.floating]:
    try:
        given = ratings.to_numpy(float, na_value=np.nan) if isinstance(ratings, pd.DataFrame) else ratings
        y = np.asarray(given)
        # float32 is kept: it is widened chunk by chunk
        y = y if np.issubdtype(y.dtype, np.floating) else y.astype(float)
    except (TypeError, ValueError) as error:
        raise ScoresError("评分里有不是数的内容：只能是数或空值；请先按题目字典转成分值") from error
    if y.ndim != 2 or y.size == 0:
        raise ScoresError(f"评分的形状是 {y.shape}：应为答卷 × 部门的二维表，两边都不为空；请核对传入的表")
    bad = [start + at for start, part in _chunks(y) for at in np.flatnonzero(np.isinf(part).any(axis=1))[:1]]
    if bad:
        raise ScoresError(f"评分第 {bad[0] + 1} 行有无穷大：只能是有限数或空值；请检查计分")
    return y


def _names(ratings: ArrayLike | pd.DataFrame, d: int) -> list[str]:
    named = ratings.columns if isinstance(ratings, pd.DataFrame) else range(1, d + 1)
    return [str(name) for name in named]


def _chunks(y: NDArray[np.floating]) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(y), CHUNK):
        yield start, y[start : start + CHUNK].astype(float)


def _within(part: Floats) -> tuple[Floats, Floats, Floats]:
    """Return indicators m, the deviations from each respondent's mean (0 where not rated), and the means."""
    m = (~np.isnan(part)).astype(float)
    y = np.where(m > 0, part, 0.0)
    count = m.sum(axis=1)
    mean = np.divide(y.sum(axis=1), count, out=np.full(len(y), np.nan), where=count > 0)
    return m, m * (y - np.where(count > 0, mean, 0.0)[:, None]), mean


def _normal_equations(y: NDArray[np.floating], weights: Floats) -> tuple[Floats, Floats]:
    d = y.shape[1]
    laplacian, b = np.zeros((d, d)), np.zeros(d)
    for start, part in _chunks(y):
        m, deviation, _ = _within(part)
        w = weights[start : start + len(m)]
        laplacian += np.diag(w @ m) - m.T @ (m * (w / np.maximum(m.sum(axis=1), 1))[:, None])
        b += w @ deviation
    return laplacian, b


def _linearised(
    y: NDArray[np.floating], weights: Floats, theta: Floats, inverse: Floats
) -> tuple[Floats, Floats]:
    influence, person = np.empty(y.shape), np.empty(len(y))
    for start, part in _chunks(y):
        rows = slice(start, start + len(part))
        _, residual, person[rows] = _within(part - theta)
        influence[rows] = (weights[rows, None] * residual) @ inverse
    return influence, person


def _pseudo_inverse(laplacian: Floats) -> Floats:
    # connected: the null space is (1, ..., 1) exactly, so it is filled before inverting and taken out after
    d = len(laplacian)
    fill = max(np.trace(laplacian), np.finfo(float).tiny) / d**2
    inverse: Floats = np.linalg.inv(laplacian + fill) - 1 / (fill * d**2)
    return inverse


def _parts(laplacian: Floats) -> list[NDArray[np.intp]]:
    # firms that rated one department alone cancel on the diagonal; off it nothing is left but common raters
    linked = (laplacian < 0) & ~np.eye(len(laplacian), dtype=bool)
    count, label = connected_components(linked, directed=False)
    return sorted((np.flatnonzero(label == part) for part in range(count)), key=lambda part: -len(part))


def _check_connected(laplacian: Floats, names: list[str], rated: NDArray[np.bool_]) -> None:
    unrated = [name for name, any_ in zip(names, rated, strict=True) if not any_]
    if unrated:
        raise ScoresError(f"部门 {listed(unrated)}：没有企业打分；每个部门至少要有一家；请先去掉这些列")
    groups = _parts(laplacian)
    if len(groups) > 1:
        shown = "｜".join(listed([names[j] for j in group]) for group in groups)
        raise ScoresError(
            f"评分：部门分成互不相连的 {len(groups)} 组（{shown}）；"
            "各组之间要有同时评过两边的企业，分数才能比较；请分组计算，或去掉孤立的部门"
        )


def listed(names: list[str]) -> str:
    """Name the first few departments of many.

    >>> listed(list("abcdefgh"))
    'a、b、c、d、e、f 等 8 个'
    """
    return "、".join(names[:NAMED]) + (f" 等 {len(names)} 个" if len(names) > NAMED else "")


def _informative(y: NDArray[np.floating], design: Design) -> NDArray[np.bool_]:
    """Which respondents have a positive weight and two ratings or more, (n,) bool."""
    counts = np.concatenate([(~np.isnan(part)).sum(axis=1) for _, part in _chunks(y)])
    informative: NDArray[np.bool_] = (counts >= 2) & (design.weights > 0)
    return informative


def _support(
    y: NDArray[np.floating], informative: NDArray[np.bool_], design: Design
) -> tuple[Floats, NDArray[np.int64]]:
    """Clusters minus strata, and raters, by department; column by column, for n x d flags would be large."""
    df, n = np.zeros(y.shape[1]), np.zeros(y.shape[1], dtype=np.int64)
    for j in range(y.shape[1]):
        raters = informative & ~np.isnan(y[:, j])
        clusters = design.cluster_totals(raters[:, None].astype(float))[:, 0] > 0
        df[j] = clusters.sum() - len(np.unique(design.stratum_of_cluster[clusters]))
        n[j] = raters.sum()
    return df, n
