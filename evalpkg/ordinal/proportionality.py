"""Brant's test: whether a column shifts every cut between levels alike, as the model says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from evalpkg import estimate
from evalpkg.estimate import Design
from evalpkg.ordinal.model import OrdinalFit
from evalpkg.ordinal.newton import maximise
from evalpkg.ordinal.rows import prepare
from evalpkg.ordinal.sample import Floats, OrdinalError, Sample


@dataclass(frozen=True, eq=False)
class BrantTest:
    """Hold the test of proportionality.

    Attributes
    ----------
    statistic, p_value : float
        Of all columns together: Wald's statistic W and its p-value.
    df : int
        (K - 2) p, the number of equalities tested.
    table : DataFrame
        A row per column: `column`, `statistic`, `df` (K - 2), `p_value`.
    coef : ndarray, shape (K - 1, p)
        Log odds ratios of y > level, one logit for each level but the highest.
    """

    statistic: float
    df: int
    p_value: float
    table: pd.DataFrame
    coef: Floats


def brant(fit: OrdinalFit) -> BrantTest:
    r"""Test whether each column has the same coefficient at every cut between levels.

    A binary logit of y > k is fitted for each of the K - 1 cuts; W = (Db)'(D V D')^{-1} Db, D the differences
    to the first cut. With a design V is the covariance of the joint influence functions of all cuts (clusters,
    strata, raking), and (v - d + 1) / (v d) W is compared with F(d, v - d + 1), v the design's degrees of
    freedom. Without a design V is Brant's (1990), Cov(b_k, b_l) = I_k^{-1} X'W_kl X I_l^{-1},
    w_kl = P(y > l) - P(y > k) P(y > l) for k < l, and W with chi-squared.

    Parameters
    ----------
    fit : OrdinalFit
        Three levels or more.

    Returns
    -------
    BrantTest

    Raises
    ------
    OrdinalError
        Two levels; columns that separate the respondents at a cut; more equalities than degrees of freedom.

    Notes
    -----
    Brant (1990); F for few clusters: Korn & Graubard (1990). A small p-value says the odds ratio differs from
    level to level, not that an average effect is wrong; with thousands of respondents it is nearly always small.
    Checked against R (`tests/reference/ordinal.R`: glm and the formula).

    Examples
    --------
    >>> from evalpkg import ordinal
    >>> model = ordinal.fit([1, 2, 2, 1, 3, 3, 2, 3, 1, 3], [0, 0, 1, 1, 1, 2, 2, 2, 2, 0])
    >>> test = ordinal.brant(model)
    >>> round(test.statistic, 3), test.df, round(test.p_value, 3)
    (0.042, 1, 0.838)
    """
    sample, p = fit.sample, len(fit.names)
    if len(fit.levels) < 3:
        raise OrdinalError(
            "比例优势检验：因变量只有两档：至少要有三档才有可比的系数；两档的模型不需要这个检验"
        )
    cuts = [_cut(sample, k) for k in range(len(fit.levels) - 1)]
    coef = np.array([cut.coef for cut in cuts])
    cov = _model_cov(sample, cuts) if sample.design is None else _design_cov(sample, sample.design, cuts)
    each = [_wald(coef[:, [j]], _of_columns(cov, [j], p), fit.df) for j in range(p)]
    overall = _wald(coef, cov, fit.df)
    table = pd.DataFrame(
        {
            "column": fit.names,
            "statistic": [test.statistic for test in each],
            "df": [test.df for test in each],
            "p_value": [test.p_value for test in each],
        }
    )
    return BrantTest(overall.statistic, overall.df, overall.p_value, table=table, coef=coef / cuts[0].scale)


@dataclass(frozen=True, eq=False)
class _Cut:
    """A logit of y > k on m rows: `z` (m, p+1) standardised columns and 1; `probability` (m,) of y > k."""

    above: Floats
    z: Floats
    coef: Floats
    scale: Floats
    probability: Floats
    inverse: Floats


@dataclass(frozen=True)
class _Wald:
    statistic: float
    df: int
    p_value: float


def _cut(sample: Sample, k: int) -> _Cut:
    above = sample.level > k
    rows = prepare(sample.x, above.astype(int), sample.weights, sample.names)
    best = maximise(rows, sample.names, where=f"比例优势检验（“{sample.levels[k + 1]}”及以上）")
    z = np.column_stack([(sample.x - rows.centre) / rows.scale, np.ones(len(sample.x))])
    probability = expit(z @ np.append(best.coef, -best.thresholds))
    flip = np.append(np.ones(len(best.coef)), -1.0)  # an intercept is minus the threshold
    return _Cut(
        above=above.astype(float),
        z=z,
        coef=best.coef,
        scale=rows.scale,
        probability=probability,
        inverse=flip[:, None] * best.inverse * flip,
    )


def _design_cov(sample: Sample, design: Design, cuts: list[_Cut]) -> Floats:
    """Give the joint sandwich (cuts x p square) of the coefficients, cut by cut."""
    influence = [
        (sample.weights * (cut.above - cut.probability))[:, None] * (cut.z @ cut.inverse[:, :-1])
        for cut in cuts
    ]
    return estimate.covariance(sample.spread(np.hstack(influence)), design)


def _model_cov(sample: Sample, cuts: list[_Cut]) -> Floats:
    """Give Brant's covariance (cuts x p square): P(y > k and y > l) = P(y > l) for k < l."""
    blocks = [[np.empty(0)] * len(cuts) for _ in cuts]
    for k, low in enumerate(cuts):
        for j, high in enumerate(cuts[k:], start=k):
            joint = sample.weights * high.probability * (1 - low.probability)
            middle = (low.z * joint[:, None]).T @ high.z
            blocks[k][j] = (low.inverse @ middle @ high.inverse)[:-1, :-1]
            blocks[j][k] = blocks[k][j].T
    return np.block(blocks)


def _of_columns(cov: Floats, columns: list[int], p: int) -> Floats:
    places = np.flatnonzero(np.isin(np.arange(len(cov)) % p, columns))
    return cov[np.ix_(places, places)]


def _wald(coef: Floats, cov: Floats, design_df: float) -> _Wald:
    """Test that all rows of coef (cuts, p) are equal; cov is of its rows laid end to end."""
    cuts, p = coef.shape
    df = (cuts - 1) * p
    if design_df < df:
        raise OrdinalError(
            f"比例优势检验：要检验 {df} 个等式而设计只有 {design_df:g} 个自由度：等式不能多于自由度；"
            "请合并相邻的档或减少自变量"
        )
    contrast = np.kron(np.column_stack([-np.ones(cuts - 1), np.eye(cuts - 1)]), np.eye(p))
    gap = contrast @ coef.ravel()
    statistic = float(gap @ np.linalg.solve(contrast @ cov @ contrast.T, gap))
    if np.isinf(design_df):
        return _Wald(statistic, df, float(stats.chi2.sf(statistic, df)))
    left = design_df - df + 1
    return _Wald(statistic, df, float(stats.f.sf(statistic * left / (design_df * df), df, left)))
