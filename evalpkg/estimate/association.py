"""Whether two categories of the respondents go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import null_space
from scipy.stats import f as f_distribution

from evalpkg.estimate.calibration import Floats, Ints
from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.means import mean

FIXED = 1e-9  # summed design effects below this are rounding: raking to the crossed margin leaves no error


@dataclass(frozen=True)
class Association:
    """Hold a test of independence.

    Attributes
    ----------
    statistic : float
        Pearson's X^2 of the weighted table over its mean design effect; F where the two are independent.
    df_numerator, df_denominator : float
        Its degrees of freedom.
    p_value : float
    n : int
        Respondents with both answers.
    """

    statistic: float
    df_numerator: float
    df_denominator: float
    p_value: float
    n: int


def independence(a: ArrayLike, b: ArrayLike, design: Design) -> Association:
    """Test whether two categorical variables are independent in the population (Rao & Scott).

    X^2 = n sum (p_rc - p_r p_c)^2 / (p_r p_c) of the weighted shares is divided by tr D, D the design effects of
    the contrasts that measure interaction; (tr D)^2 / tr(D^2) and that times clusters minus strata are the degrees
    of freedom.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Categories; a missing value in either leaves the respondent out.
    design : Design

    Raises
    ------
    EstimateError
        Fewer than two categories on a side, an empty cell, a single cluster, a table that raking fixes.

    Notes
    -----
    Rao & Scott (1984), Thomas & Rao (1987). Checked against R survey 4.1-1 svychisq, statistic "F" (1e-9).

    Examples
    --------
    >>> better, size = ["y", "y", "n", "n", "y", "n"], ["L", "L", "S", "S", "S", "L"]
    >>> round(independence(better, size, Design([1, 1, 1, 1, 1, 1])).p_value, 2)
    0.49
    """
    row, rows = _numbered(a, design)
    column, columns = _numbered(b, design)
    known = (row >= 0) & (column >= 0) & (design.weights > 0)
    cell = np.where(known, row * columns + column, -1)
    indicators = np.where(known[:, None], cell[:, None] == np.arange(rows * columns), np.nan)
    shares = mean(indicators, design)
    _check_table(shares.estimate, shares.df, rows, columns)
    effects = _effects(shares.estimate, shares.cov * shares.n[0], rows, columns)
    trace, square = np.trace(effects), np.trace(effects @ effects)
    if trace < FIXED:
        raise EstimateError("加权已经固定了这张交叉表：没有可检验的误差；请换一个没有用来加权的题目")
    statistic = float(shares.n[0] * _pearson(shares.estimate.reshape(rows, columns)) / trace)
    first = float(trace**2 / square)
    second = first * float(shares.df[0])
    p_value = float(f_distribution.sf(statistic, first, second))
    return Association(statistic, first, second, p_value, int(shares.n[0]))


def _numbered(labels: ArrayLike, design: Design) -> tuple[Ints, int]:
    codes, found = pd.factorize(pd.Series(np.asarray(labels)), sort=True)
    if len(codes) != design.n:
        raise EstimateError(f"类别有 {len(codes)} 个而设计有 {design.n} 份答卷：必须逐行对应；请用同一批答卷")
    return codes, len(found)


def _check_table(shares: Floats, df: Floats, rows: int, columns: int) -> None:
    if rows < 2 or columns < 2:
        raise EstimateError(f"交叉表是 {rows} 行 {columns} 列：两边都至少要有两类；请检查答案或合并规则")
    if not (shares > 0).all():
        raise EstimateError("交叉表里有一格没有答卷：每格都要有人才能检验；请合并人数少的类别")
    if df[0] < 1:
        raise EstimateError("只有一个抽样群：至少要有两个才能检验；请改用企业作为抽样单位")


def _effects(shares: Floats, unit: Floats, rows: int, columns: int) -> Floats:
    """Design effects of interaction: what remains of log cells beside rows and columns; `unit` is n times cov."""
    main = np.hstack(
        [np.kron(np.eye(rows), np.ones((columns, 1))), np.kron(np.ones((rows, 1)), np.eye(columns))]
    )
    interaction = null_space(main.T) / shares[:, None]
    effects: Floats = np.linalg.solve(
        interaction.T @ (shares[:, None] * interaction), interaction.T @ unit @ interaction
    )
    return effects


def _pearson(table: Floats) -> float:
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    return float((np.square(table - expected) / expected).sum())
