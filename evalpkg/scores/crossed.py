"""Ratings taken apart into what comes from respondents, from departments, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalpkg.scores import mixed_equations as equations
from evalpkg.scores.mixed_equations import Floats, Ints, Point, Statistics
from evalpkg.scores.severity import ScoresError

START = 0.3  # ratio of a factor's variance to the residual one at which the search begins
STEP = 3.0  # the largest step in the logarithm of a ratio
CLOSE = 1e-12  # squared Newton decrement, in units of -2 log likelihood, at which it has arrived
NOTHING = 1e-9  # a ratio is 0 when all ratings of a level together learn less than this from it
BEYOND = 1e6  # a ratio above this says that nothing is left for the residual
SINGULAR = 1e-9  # the least curvature assumed; where there is information it is half the number of levels
ITERATIONS = 100
LARGEST = 6000  # levels beside the largest factor's: their square matrix is held six times


@dataclass(frozen=True, eq=False)
class Factor:
    """Hold one random factor with q levels.

    Attributes
    ----------
    levels : ndarray, shape (q,)
        Labels, sorted.
    variance : float
        Of the effects, in squared units of the ratings.
    effects : ndarray, shape (q,)
        Best linear unbiased predictions (shrunken), in units of the ratings.
    conditional_variance : ndarray, shape (q,)
        Variance of each effect given the data, with fixed effects taken as known (as lme4 prints it).
    """

    levels: NDArray[Any]
    variance: float
    effects: Floats
    conditional_variance: Floats


@dataclass(frozen=True, eq=False)
class Crossed:
    """Hold a fit of y = x'b + respondent + department (+ further factors) + error.

    Attributes
    ----------
    fixed : ndarray, shape (1 + k,)
        Intercept, then the coefficients of the k fixed columns.
    fixed_cov : ndarray, shape (1 + k, 1 + k)
    respondents, departments : Factor
    residual : float
        Residual variance.
    reml : float
        -2 log restricted likelihood at the optimum, constants as in lme4.
    converged : bool
    iterations : int
    reliability : float
        Generalisability of the differences between departments, see `crossed`; 0 where their variance is 0.
    further : dict of Factor
        Random factors beside the two, by the names they were given.
    """

    fixed: Floats
    fixed_cov: Floats
    respondents: Factor
    departments: Factor
    residual: float
    reml: float
    converged: bool
    iterations: int
    reliability: float
    further: dict[str, Factor]

    @property
    def intercept(self) -> float:
        """First fixed effect."""
        return float(self.fixed[0])

    @property
    def shares(self) -> dict[str, float]:
        """Share of one rating's variance that is the respondent's severity, the department's, the rest; sum 1."""
        factors = {"respondents": self.respondents, "departments": self.departments, **self.further}
        parts = {name: factor.variance for name, factor in factors.items()} | {"residual": self.residual}
        return {name: part / sum(parts.values()) for name, part in parts.items()}


def crossed(
    y: ArrayLike,
    respondent: ArrayLike,
    department: ArrayLike,
    *,
    fixed: ArrayLike | None = None,
    further: Mapping[str, ArrayLike] | None = None,
) -> Crossed:
    r"""Fit crossed random effects of respondents and departments by REML.

    The likelihood is profiled over fixed effects and residual variance and maximised over the logarithms of the
    variance ratios by average-information Newton steps; a variance may be exactly 0. Unlike
    `severity_adjusted` it uses respondents with one rating, and it shrinks: it serves for variance components
    and reliability, not for the published scores.

    Parameters
    ----------
    y : array_like, shape (n,)
        Ratings, finite.
    respondent, department : array_like, shape (n,)
        Labels.
    fixed : array_like, shape (n, k), optional
        Further fixed columns beside the intercept.
    further : mapping of str to array_like, shape (n,), optional
        Labels of random factors beside the two, for instance the pair of district and department.

    Returns
    -------
    Crossed
        `reliability` is 1 - v/(2 s2), s2 the department variance and v the mean over pairs of departments of the
        prediction error variance of their difference; with every respondent rating every department it is
        s2/(s2 + residual/respondents), the coefficient of generalisability.

    Raises
    ------
    ScoresError
        Different lengths, a value that is not finite, a missing label, a factor with one level or as many as
        ratings, collinear fixed columns, ratings without any spread, more than 6,000 levels beside those of the largest
        factor, a further factor named like a part of the model.

    Notes
    -----
    Henderson (1975); Bates, Maechler, Bolker & Walker (2015, Journal of Statistical Software 67:1); Gilmour,
    Thompson & Cullis (1995, Biometrics 51:1440); reliability: Cronbach et al. (1972), Brennan (2001,
    *Generalizability Theory*), for unbalanced data Cullis, Smith & Coombes (2006, JABES 11:381). Checked against
    R lme4 1.1-31: InstEval with two and three factors, Penicillin.

    Examples
    --------
    >>> fit = crossed([5, 4, 4, 2, 3, 1, 4, 4, 2], np.repeat([1, 2, 3], 3), ["a", "b", "c"] * 3)
    >>> fit.converged, round(fit.reliability, 3), fit.departments.effects.round(2)
    (True, 0.75, array([ 0.33,  0.33, -0.67]))
    """
    values, x = _columns(y, fixed)
    named = _named({"答卷": respondent, "部门": department}, further or {})
    labels = [_coded(column, len(values), name) for name, column in named.items()]
    order = sorted(range(len(labels)), key=lambda k: -len(labels[k][1]))[
        :1
    ]  # the factor with most levels first
    order += [k for k in range(len(labels)) if k not in order]
    codes, levels = zip(*(labels[k] for k in order), strict=True)
    if (beside := sum(map(len, levels[1:]))) > LARGEST:
        raise ScoresError(f"除最大的一边外共有 {beside} 个答卷、部门等：最多 {LARGEST} 个；请分组计算")
    centre = values.mean()
    data = equations.statistics(values - centre, x, codes, [len(of) for of in levels])
    _check_spread(data, centre)
    best, converged, iterations = _maximise(data)
    given = equations.conditional_variances(data, best)
    factors = [_factor(best, order.index(k), label[1], given) for k, label in enumerate(labels)]
    return Crossed(
        fixed=best.beta + np.where(np.arange(x.shape[1]) == 0, centre, 0.0),
        fixed_cov=best.beta_cov,
        respondents=factors[0],
        departments=factors[1],
        residual=best.residual,
        reml=best.criterion,
        converged=converged,
        iterations=iterations,
        reliability=_reliability(best, order.index(1)),
        further=dict(zip(further or {}, factors[2:], strict=True)),
    )


def crossed_table(ratings: ArrayLike | pd.DataFrame) -> Crossed:
    """Fit `crossed` to a table (n, d) of ratings, NaN = not rated; levels are row numbers and columns.

    Examples
    --------
    >>> crossed_table([[5, 4, 4], [2, 3, 1], [4, np.nan, 2]]).departments.levels
    array([0, 1, 2])
    """
    table = ratings if isinstance(ratings, pd.DataFrame) else pd.DataFrame(np.asarray(ratings, dtype=float))
    y = table.to_numpy(dtype=float, na_value=np.nan)
    rows, columns = np.nonzero(~np.isnan(y))
    return crossed(y[rows, columns], rows, table.columns.to_numpy()[columns])


def _columns(y: ArrayLike, fixed: ArrayLike | None) -> tuple[Floats, Floats]:
    values = np.asarray(y, dtype=float)
    if values.ndim != 1 or len(values) < 3:
        raise ScoresError(f"评分的形状是 {values.shape}：应为一列，至少 3 个；请核对传入的列")
    more = np.empty((len(values), 0)) if fixed is None else np.asarray(fixed, dtype=float)
    more = more[:, None] if more.ndim == 1 else more
    if len(more) != len(values):
        raise ScoresError(f"固定效应有 {len(more)} 行而评分有 {len(values)} 个：必须逐行对应；请核对")
    x = np.column_stack([np.ones(len(values)), more])
    if not (np.isfinite(values).all() and np.isfinite(x).all()):
        raise ScoresError("评分或固定效应里有空值或无穷大：只能是有限数；请先去掉没有打分的行")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ScoresError("固定效应的列互相可以推出（或全为同一个数）：各列必须独立；请去掉多余的列")
    return values, x


def _named(two: dict[str, ArrayLike], further: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    taken = {*two, "respondents", "departments", "residual"} & set(further)
    if taken:
        raise ScoresError(f"随机因子名 {'、'.join(sorted(taken))} 已有所指：不能重名；请换一个名字")
    return {**two, **further}


def _coded(labels: ArrayLike, n: int, name: str) -> tuple[Ints, NDArray[Any]]:
    codes, levels = pd.factorize(np.asarray(labels), sort=True)
    if len(codes) != n:
        raise ScoresError(f"{name}有 {len(codes)} 行而评分有 {n} 个：必须逐行对应；请用同一张长表")
    if (codes < 0).any():
        raise ScoresError(f"{name}有空值：每个评分都要有{name}；请先补上或去掉这些行")
    if not 2 <= len(levels) < n:
        raise ScoresError(
            f"{name}有 {len(levels)} 个而评分有 {n} 个：至少要有 2 个，且有重复评分，差异才能分解；请补充数据"
        )
    return codes, np.asarray(levels)


def _check_spread(data: Statistics, centre: float) -> None:
    form = data.products
    unexplained = form[-1, -1] - form[:-1, -1] @ np.linalg.solve(form[:-1, :-1], form[:-1, -1])
    if unexplained <= 1e-20 * data.n * max(centre**2, form[-1, -1] / data.n):
        raise ScoresError("评分没有任何差异：无法分解成企业、部门和其余的部分；请检查评分列")


def _maximise(data: Statistics) -> tuple[Point, bool, int]:
    """Return the best point, whether the search arrived there, and the number of steps."""
    mean_size = data.mean_size
    point = equations.evaluate(data, np.full(len(mean_size), START))
    for iteration in range(ITERATIONS):
        free = point.ratios > 0
        gradient = (point.ratios * point.gradient)[free]  # in the logarithms
        hessian = (np.outer(point.ratios, point.ratios) * point.hessian)[np.ix_(free, free)]
        direction = _newton(gradient, hessian)
        if -gradient @ direction < CLOSE:
            return point, bool((point.gradient[~free] >= 0).all()), iteration
        step = np.zeros(len(mean_size))
        step[free] = direction * min(1.0, STEP / np.abs(direction).max())
        point = _improved(data, point, step, mean_size)
        if (point.ratios > BEYOND).any():
            break
    return point, False, iteration + 1


def _newton(gradient: Floats, hessian: Floats) -> Floats:
    # a perfect fit makes the information singular across the way that leads to it
    values, vectors = np.linalg.eigh(hessian)
    direction: Floats = -vectors @ ((vectors.T @ gradient) / np.maximum(values, SINGULAR))
    return direction


def _improved(data: Statistics, point: Point, step: Floats, mean_size: Floats) -> Point:
    """Go along a step in the logarithms, halved until the criterion falls (within its rounding)."""
    slack = 1e-13 * abs(point.criterion)
    for _ in range(30):
        ratios = point.ratios * np.exp(step)
        ratios[ratios * mean_size < NOTHING] = 0
        new = equations.evaluate(data, ratios)
        if new.criterion <= point.criterion + slack:
            return new
        step = step / 2
    return point


def _factor(best: Point, k: int, levels: NDArray[Any], given: list[Floats]) -> Factor:
    return Factor(
        levels=levels,
        variance=best.residual * best.ratios[k],
        effects=best.ratios[k] * best.scores[k],
        conditional_variance=best.residual * given[k],
    )


def _reliability(best: Point, which: int) -> float:
    """Return 1 - v/(2 s2) of one factor; v from the mean diagonal and the mean of all entries of PEV / s2."""
    ratio, scores = best.ratios[which], best.scores[which]
    if ratio == 0:
        return 0.0
    # PEV / s2 = I - l Z'PZ, so 1 - v/(2 s2) = l q/(q-1) (tr Z'PZ / q - 1'Z'PZ 1 / q^2)
    trace = best.gradient[which] + scores @ scores / best.residual
    # ones over all levels of one factor add up to the intercept, which P annihilates
    return float(ratio * trace / (len(scores) - 1))
