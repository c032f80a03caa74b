"""Families of comparisons between estimates: their statistics, their joint noise, what is rejected (plain arrays)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
Noise = NDArray[np.float32]
Bools = NDArray[np.bool_]

FEW = 200  # degrees of freedom; below this draws from the estimated covariance are not trusted
ROUNDING = 1e-12  # relative to the variances it is made of; a smaller variance of a difference is 0
TOLERANCE = 1e-8  # asymmetry and negative eigenvalues that rounding leaves, relative to the largest entry
MOST = 2**29  # comparisons times draws that are held at once, 2 GiB


class RanksError(Exception):
    """Scores that cannot be ranked; the text is one Chinese line."""

    exit_code = 70


@dataclass(frozen=True, eq=False)
class Scores:
    """Estimates in falling order, so that what is drawn does not depend on the order they came in.

    Attributes
    ----------
    order : ndarray, shape (p,), int
        Where each stood.
    theta : ndarray, shape (p,)
        Falling; ties as they came.
    cov : ndarray, shape (p, p)
    freedom : ndarray, shape (p, p)
        Degrees of freedom of each difference, the fewer of its two scores (a cautious choice); of each score by itself
        on the diagonal; infinite where large.
    level : float
    """

    order: NDArray[np.int64]
    theta: Floats
    cov: Floats
    freedom: Floats
    level: float

    @property
    def df(self) -> float:
        """The fewest degrees of freedom."""
        return float(self.freedom.min())

    @property
    def few(self) -> bool:
        """Whether the covariance rests on too few clusters to draw from it."""
        return self.df < FEW


def scores(theta: ArrayLike, cov: ArrayLike, df: ArrayLike | None, level: float, draws: int) -> Scores:
    """Check estimates and put them in falling order; see `rank_sets`."""
    try:
        values, matrix = np.asarray(theta, dtype=float), np.asarray(cov, dtype=float)
    except (TypeError, ValueError) as error:
        raise RanksError("得分或协方差矩阵里有不是数的内容：只能是有限数；请用估计的结果") from error
    _check_shapes(values, matrix)
    _check_finite(values, matrix)
    _check_covariance(matrix)
    _check_options(level, draws)
    order = np.argsort(-values, kind="stable")
    symmetric = ((matrix + matrix.T) / 2)[np.ix_(order, order)]
    freedom = _freedom(df, len(values))[np.ix_(order, order)]
    return Scores(order, values[order], symmetric, freedom, level)


def _check_shapes(theta: Floats, cov: Floats) -> None:
    if theta.ndim != 1 or len(theta) < 2:
        raise RanksError(
            f"要排名的得分形状是 {theta.shape}：至少要有两个部门；请检查有多少部门达到最低评分家数"
        )
    if cov.shape != (len(theta), len(theta)):
        raise RanksError(
            f"有 {len(theta)} 个得分而协方差矩阵是 {cov.shape}：必须行列都与得分一一对应；请用同一次估计的结果"
        )


def _check_finite(theta: Floats, cov: Floats) -> None:
    if not np.isfinite(theta).all():
        place = int(np.flatnonzero(~np.isfinite(theta))[0]) + 1
        raise RanksError(f"第 {place} 个得分不是有限数：没有得分的部门不能排名；请先去掉这些部门")
    if not np.isfinite(cov).all():
        row, column = np.argwhere(~np.isfinite(cov))[0] + 1
        raise RanksError(
            f"协方差矩阵第 {row} 行第 {column} 列不是有限数：没有抽样误差的得分不能排名；请先去掉这些部门"
        )


def _check_covariance(cov: Floats) -> None:
    largest = np.abs(cov).max()
    if np.abs(cov - cov.T).max() > TOLERANCE * largest:
        row, column = np.unravel_index(np.abs(cov - cov.T).argmax(), cov.shape)
        raise RanksError(
            f"协方差矩阵第 {row + 1} 行第 {column + 1} 列与对称位置不相等：必须对称；请检查矩阵是怎样算出的"
        )
    if np.linalg.eigvalsh(cov)[0] < -TOLERANCE * largest:
        raise RanksError("协方差矩阵有负的特征值：不是协方差；请检查矩阵是怎样算出的")


def _check_options(level: float, draws: int) -> None:
    if not 0 < level < 1:
        raise RanksError(f"置信水平是 {level}：只能在 0 与 1 之间；例如 0.95")
    if draws * (1 - level) < 1:  # no draw would lie beyond the quantile
        raise RanksError(
            f"抽样次数是 {draws}：在 {level:g} 的置信水平下至少要 {ceil(round(1 / (1 - level), 6))} 次；例如 10000"
        )


def _freedom(df: ArrayLike | None, p: int) -> Floats:
    given = np.asarray(np.inf if df is None else df, dtype=float)
    if given.shape not in ((), (p,)):
        raise RanksError(
            f"有 {p} 个得分而自由度的形状是 {given.shape}：只能是一个数，或每个得分各一个；请核对"
        )
    if not (given > 0).all():
        raise RanksError(f"自由度是 {given.min():g}：必须大于 0，抽样单位至少要有两个；请检查抽样设计")
    each = np.broadcast_to(given, p)
    return np.asarray(np.minimum.outer(each, each))


def studentised(differences: Floats, variance: Floats, size: Floats, value: float) -> tuple[Floats, Floats]:
    """Divide differences by their standard errors.

    Parameters
    ----------
    differences, variance : ndarray, shape (m,)
    size : ndarray, shape (m,)
        Sum of the variances that each variance is a difference of: what it may be compared with.
    value : float
        Largest score: differences within its rounding are none.

    Returns
    -------
    t, sd : ndarray, shape (m,)
        A difference without variance is known: t is infinite, or 0 where there is no difference.
    """
    sd = np.sqrt(np.where(variance > ROUNDING * size, variance, 0.0))
    known = np.where(np.abs(differences) > ROUNDING * value, np.copysign(np.inf, differences), 0.0)
    return np.where(sd > 0, differences / np.where(sd > 0, sd, 1.0), known), sd


def noise(rows: Floats, scores: Scores, sd: Floats, draws: int, seed: int) -> Noise:
    """Draw the studentised noise of m contrasts jointly: normal, or multivariate t where df is finite.

    Parameters
    ----------
    rows : ndarray, shape (m, p)
        Contrasts: each row sums to zero.
    scores : Scores
        For their covariance and its degrees of freedom.
    sd : ndarray, shape (m,)
        Standard errors of the contrasts; a row of zeros is drawn where it is 0.

    Returns
    -------
    ndarray, shape (m, draws), float32
        Its rounding (1e-7) is far below the error of the draws (1e-2).
    """
    if len(rows) * draws > MOST:
        raise RanksError(
            f"{len(rows)} 个比较抽 {draws} 次装不进内存：最多 {MOST // len(rows)} 次；请减少 draws 或部门数"
        )
    scaled = (rows @ _root(scores.cov)) / np.where(sd > 0, sd, 1.0)[:, None]
    scaled[sd == 0] = 0
    rng, draws = np.random.default_rng(seed), int(draws)
    drawn = rng.standard_normal((len(scores.cov), draws), dtype=np.float32)
    if np.isfinite(scores.df):
        drawn /= np.sqrt(rng.chisquare(scores.df, draws) / scores.df).astype(np.float32)
    return np.asarray(scaled.astype(np.float32) @ drawn)


def _root(cov: Floats) -> Floats:
    # what all scores share cancels in a contrast; the symmetric root does not depend on the basis of eigenvectors
    centred = cov - cov.mean(axis=0)
    centred -= centred.mean(axis=1)[:, None]
    values, vectors = np.linalg.eigh(centred)
    root: Floats = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def quantile(maxima: Noise, level: float) -> float:
    """Give the smallest draw that at least `level` of the draws do not exceed."""
    at = ceil(round(level * len(maxima), 9)) - 1
    return float(np.partition(maxima, at)[at])


def stepdown(t: Floats, drawn: Noise, level: float) -> Bools:
    """Reject one-sided comparisons until nothing new falls.

    Every comparison is in the family in both directions; only the direction given (t >= 0) can be rejected.

    Parameters
    ----------
    t : ndarray, shape (m,)
        Not negative.
    drawn : ndarray, shape (m, draws)
        Their joint noise.

    Returns
    -------
    ndarray of bool, shape (m,)
    """
    opposite = -drawn.min(axis=0)  # the other direction of each comparison never leaves the family
    active = np.ones(len(t), dtype=bool)
    maxima = np.maximum(opposite, drawn.max(axis=0))
    while (fallen := active & (t > quantile(maxima, level))).any():
        active &= ~fallen
        maxima = drawn[active].max(axis=0, initial=-np.inf)
        np.maximum(maxima, opposite, out=maxima)
    return ~active


def holm(t: Floats, df: Floats, level: float) -> Bools:
    """Reject one-sided comparisons by Holm (1979) with p-values of the t distribution.

    Parameters
    ----------
    t : ndarray, shape (m,)
        Not negative; the m opposite directions are counted in the family, which has 2 m members.
    df : ndarray, shape (m,)

    Returns
    -------
    ndarray of bool, shape (m,)
    """
    p = stdtr(df, -t)
    order = np.argsort(p, kind="stable")
    falls = p[order] <= (1 - level) / (2 * len(t) - np.arange(len(t)))
    rejected = np.zeros(len(t), dtype=bool)
    rejected[order] = np.logical_and.accumulate(falls)
    return rejected
