"""Fit the proportional-odds model and say how sure its coefficients are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate
from evalpkg.ordinal import effects
from evalpkg.ordinal.likelihood import scores
from evalpkg.ordinal.newton import Optimum, maximise
from evalpkg.ordinal.rows import Rows, prepare
from evalpkg.ordinal.sample import Floats, OrdinalError, Sample, read


@dataclass(frozen=True, eq=False)
class OrdinalFit:
    """Hold a fitted proportional-odds model: logit P(y <= k) = threshold_k - x'coef.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Log odds ratio of a higher level per unit of the column.
    thresholds : ndarray, shape (K - 1,)
        Increasing.
    cov : ndarray, shape (p + K - 1, p + K - 1)
        Coefficients, then thresholds: the design-based sandwich, without a design the inverse information.
    loglik : float
        Sum of w log P(y), in the units of the weights.
    inverse_information : ndarray, as `cov`
        What `cov` would be were the weights numbers of identical independent respondents.
    names : tuple of str, length p
    levels : tuple, length K
        Lowest first.
    n, dropped : int
        Respondents used; rows left out for a missing value or weight 0.
    df : float
        Clusters minus strata among those used; infinite without a design.
    sample : Sample
        What the model was fitted to.
    influence : ndarray, shape (n, p + K - 1), or None without a design
        w times inverse information times score, zero for rows left out: what `cov` is computed from.
    """

    coef: Floats
    thresholds: Floats
    cov: Floats
    loglik: float
    inverse_information: Floats
    names: tuple[str, ...]
    levels: tuple[Any, ...]
    n: int
    dropped: int
    df: float
    sample: Sample = field(repr=False)
    influence: Floats | None = field(repr=False)

    @property
    def std_error(self) -> Floats:
        """Standard errors, coefficients then thresholds."""
        return np.sqrt(np.diagonal(self.cov))

    @property
    def estimate(self) -> Estimate:
        """Coefficients, then thresholds, as an `Estimate`; intervals by t with `df`."""
        return Estimate(
            np.append(self.coef, self.thresholds), self.cov, n=np.array(self.n), df=np.array(self.df)
        )

    def marginal_effects(self, at_least: object, *, factors: Sequence[str | Sequence[str]] = ()) -> Estimate:
        r"""Average the effect of each column on P(y >= at_least) over the population.

        For a column taken as a number the mean over i, by weight, of b_j f(x_i'b - threshold), f the logistic
        density: percentage points (as shares) per unit. For a 0/1 column of `factors` the mean of
        P(column is 1) - P(column is 0), the other columns of the same factor set to 0 in both.

        Parameters
        ----------
        at_least : level
            A level other than the lowest.
        factors : sequence of str or of sequences of str
            Columns of 0 and 1: a name for a column by itself, several names for those of one factor.

        Returns
        -------
        Estimate
            p effects in the order of `names`. With a design their covariance has two sources, the
            coefficients and the respondents over whom is averaged (their influence functions are added);
            without one it is that of the coefficients alone, given the respondents.

        Raises
        ------
        OrdinalError
            Not a level, or the lowest; a factor that is not a column of 0 and 1.

        Notes
        -----
        Delta method; Graubard & Korn (1999) for averages over a design. Checked against numerical
        derivatives, replicate weights and R (`tests/reference/ordinal.R`).

        Examples
        --------
        >>> model = fit([1, 2, 2, 1, 3, 3, 2, 3], [0, 0, 1, 1, 1, 2, 2, 2])
        >>> model.marginal_effects(3).estimate.round(3)
        array([0.282])
        """
        level = self.sample.place(at_least)
        parts = effects.average(self.sample, self.coef, self.thresholds, level, factors)
        if self.influence is None or self.sample.design is None:
            cov = parts.jacobian @ self.cov @ parts.jacobian.T
        else:
            rows = self.sample.spread(parts.deviations) + self.influence @ parts.jacobian.T
            cov = estimate.covariance(rows, self.sample.design)
        return Estimate(parts.average, cov, n=np.array(self.n), df=np.array(self.df))


def fit(y: ArrayLike | pd.Series, x: ArrayLike | pd.DataFrame, *, design: Design | None = None) -> OrdinalFit:
    r"""Fit a weighted proportional-odds model.

    logit P(y_i <= k) = threshold_k - x_i'b, maximising sum_i w_i log P(y_i). With a design the covariance is
    that of the influence functions w_i I^{-1} s_i (s the score, I the weighted information) over clusters and
    strata, after raking of their residuals, see `estimate.covariance`; without one it is I^{-1}.

    Parameters
    ----------
    y : array_like or Series, shape (n,)
        Numbers, or an ordered categorical; two levels or more.
    x : array_like or DataFrame, shape (n,) or (n, p)
        Numbers, true or false; no intercept.
    design : Design, optional
        Of the same n rows.

    Returns
    -------
    OrdinalFit
        Rows with a missing value or weight 0 are outside the domain: they have no influence but their
        clusters still count in the design, as for a domain mean. `n` and `dropped` state how many.

    Raises
    ------
    OrdinalError
        Rows that do not match; text; one level or a level without respondents; a constant column, or
        columns that determine each other; columns that separate the levels (named); a single cluster.

    Notes
    -----
    McCullagh (1980); pseudo-likelihood and its sandwich: Binder (1983). Newton with the analytic
    information; equal rows are collapsed where there are many.
    Checked against R: MASS::polr and ordinal::clm (1e-8), survey::svyolr (1e-4, the precision of its search).

    Examples
    --------
    >>> model = fit([1, 2, 2, 1, 3, 3, 2, 3], [0, 0, 1, 1, 1, 2, 2, 2])
    >>> model.coef.round(3), model.thresholds.round(3)
    (array([1.585]), array([0.293, 2.503]))
    """
    sample = read(y, x, design)
    rows = prepare(sample.x, sample.level, sample.weights, sample.names)
    best = maximise(rows, sample.names)
    p = len(sample.names)
    parameters = rows.transform @ np.append(best.coef, best.thresholds)
    inverse = rows.transform @ best.inverse @ rows.transform.T
    influence = None if design is None else _influence(sample, rows, best)
    return OrdinalFit(
        coef=parameters[:p],
        thresholds=parameters[p:],
        cov=inverse if design is None or influence is None else estimate.covariance(influence, design),
        loglik=best.loglik,
        inverse_information=inverse,
        names=sample.names,
        levels=sample.levels,
        n=len(sample.x),
        dropped=int((~sample.used).sum()),
        df=np.inf if design is None else _domain_df(sample, design),
        sample=sample,
        influence=influence,
    )


def _influence(sample: Sample, rows: Rows, best: Optimum) -> Floats:
    z = (sample.x - rows.centre) / rows.scale
    score = scores(z, sample.level, best.coef, best.thresholds)
    return sample.spread(sample.weights[:, None] * (score @ (best.inverse @ rows.transform.T)))


def _domain_df(sample: Sample, design: Design) -> float:
    # the mean of a constant where respondents are used counts the clusters and strata they lie in
    df = float(estimate.mean(np.where(sample.used, 0.0, np.nan), design).df[0])
    if df < 1:
        raise OrdinalError(
            "有序模型：可用的答卷都在一个抽样群里：至少要有两个群才能估计误差；请改用企业作为抽样单位"
        )
    return df
