"""Scores that may be compared: each department against the mean of departments, at the level of an average firm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate
from evalpkg.estimate.means import mean_influence
from evalpkg.scores import severity

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Comparable:
    """Hold d departments in the order of the columns.

    Attributes
    ----------
    linearised : Estimate
        `theta` with its plain linearised covariance.
    theta : Estimate
        d differences from the mean of the ranked departments (of all, where fewer than two are ranked); NaN for
        a department that nobody rated or that has no rater in common with the others. Covariance and degrees of
        freedom are those of `estimate.small_sample`.
    level : Estimate
        One number: what an average enterprise gives an average one of those departments.
    ranked : ndarray, shape (d,), bool
        Enough raters and a standard error.
    influence : ndarray, shape (n, d)
        Of `theta`, 0 where a department has none.
    design : Design
    adjusted : bool
        Whether respondents' severity has been taken out; False where departments have too few common raters.
    notes : tuple of str
        What the reader must know, in Chinese.
    """

    linearised: Estimate
    theta: Estimate
    level: Estimate
    ranked: Bools
    influence: Floats
    design: Design
    adjusted: bool
    notes: tuple[str, ...]

    def combine(self, rows: Floats) -> Estimate:
        """Give linear combinations of the differences (m, d), each with the small-sample form of its own."""
        combined = estimate.contrast(self.linearised, rows)
        return _widened(combined, self.influence @ rows.T, self.design)

    @property
    def pooled_df(self) -> float:
        """Degrees of freedom of the mean error variance of the ranked departments, each taken in its own units."""
        variance = np.diagonal(self.theta.cov)[self.ranked]
        squares = np.square(self.influence[:, self.ranked]) / np.where(variance > 0, variance, 1.0)
        df = estimate.small_sample(np.sqrt(squares.sum(axis=1)), self.design).df[0]
        return float(df if df > 0 else self.theta.df[self.ranked].min())

    @property
    def score(self) -> Floats:
        """Level plus difference, (d,)."""
        return self.theta.estimate + self.level.estimate


def comparable(y: Floats, design: Design, raw: Estimate, min_raters: int, labels: list[str]) -> Comparable:
    """Take severity out of the scores where common raters allow it, else centre the raw ones.

    Parameters
    ----------
    y : ndarray, shape (n, d)
        Ratings on 0-100, NaN = not rated; at least one is.
    design : Design
    raw : Estimate
        Weighted means of the columns of `y`.
    min_raters : int
        Departments with fewer are not ranked.
    labels : list of str
        For the notes.

    Notes
    -----
    theta: `severity_adjusted`, less its mean over the ranked. Level: weighted mean over respondents of their mean
    rating less the mean theta of what they rated, so that it does not depend on whom they happened to meet.
    """
    rated, enough = raw.n > 0, raw.n >= min_raters
    linked = _largest_part(y, design, enough)
    notes = _note(labels, ~rated, "没有企业打分")
    if linked.sum() < 2 or (enough & ~linked).any():
        return _unadjusted(y, design, raw, enough, notes + _why_not(y, design, rated, labels))
    apart = _note(labels, rated & ~linked, "与其他部门没有共同的评分企业，不给调整后得分")
    names = [label for label, here in zip(labels, linked, strict=True) if here]
    fit = severity.adjust(y[:, linked], design, names)
    return _adjusted(fit, y[:, linked], design, linked, enough, notes + apart)


def _largest_part(y: Floats, design: Design, enough: Bools) -> Bools:
    """Which departments are in the part that has most with enough raters, then most of all."""
    groups = severity.parts(y, design.weights)
    largest = max(groups, key=lambda group: (enough[group].sum(), len(group)))
    return np.isin(np.arange(y.shape[1]), largest)


def _note(labels: list[str], which: Bools, what: str) -> tuple[str, ...]:
    names = [label for label, here in zip(labels, which, strict=True) if here]
    return (f"{severity.listed(names)}{what}",) if names else ()


def _why_not(y: Floats, design: Design, rated: Bools, labels: list[str]) -> tuple[str, ...]:
    if rated.sum() < 2:
        return ()
    names = [label for label, here in zip(labels, rated, strict=True) if here]
    groups = severity.parts(y[:, rated], design.weights)
    shown = "｜".join(severity.listed([names[j] for j in group]) for group in groups)
    return (f"部门分成 {len(groups)} 组（{shown}），组与组之间没有共同的评分企业，改用原始得分比较",)


def _adjusted(
    fit: severity.Adjusted, own: Floats, design: Design, linked: Bools, enough: Bools, notes: tuple[str, ...]
) -> Comparable:
    theta = _embedded(severity.estimated(fit, own, design), linked)
    ranked = enough & np.isfinite(theta.std_error)
    reference = _reference(theta, ranked)
    level = _level(own, design, fit, reference[linked])
    influence = np.zeros((design.n, len(linked)))
    influence[:, linked] = fit.influence
    return _compared(theta, influence, design, reference, level, ranked, adjusted=True, notes=notes)


def _compared(
    est: Estimate, influence: Floats, design: Design, reference: Floats, level: Estimate, ranked: Bools,
    *, adjusted: bool, notes: tuple[str, ...],
) -> Comparable:  # fmt: skip
    """Centre estimates on the reference departments; each keeps the degrees of freedom of its own difference."""
    centred = estimate.contrast(est, np.eye(len(reference)) - reference)
    influence = influence - (influence @ reference)[:, None]
    linearised = replace(centred, n=est.n, df=est.df, few=None, influence=None)
    theta = _widened(linearised, influence, design)
    return Comparable(linearised, theta, level, ranked, influence, design, adjusted=adjusted, notes=notes)


def _widened(est: Estimate, influence: Floats, design: Design) -> Estimate:
    """Give what raking and few clusters take from the linearised covariance back to it; correlations stay."""
    lacks = estimate.small_sample(influence, design)
    wider = np.sqrt(lacks.inflation)
    # ratings that fit exactly leave no influence: then the degrees of freedom are those of the clusters
    df = np.where(lacks.df > 0, lacks.df, est.df)
    return replace(est, cov=est.cov * np.outer(wider, wider), df=df)


def _level(own: Floats, design: Design, fit: severity.Adjusted, reference: Floats) -> Estimate:
    """Weighted mean of the respondents' levels, at the mean of the reference departments.

    z_i = w_i (a_i - level) / W + (reference - c)'psi_i, c the weighted mean of what respondents rated
    (1/n_i each), psi_i the influence of theta.
    """
    plain = estimate.mean(fit.person, design)
    rates = np.isfinite(fit.person)
    share = np.where(rates, design.weights, 0.0) / design.weights[rates].sum()
    rated = ~np.isnan(own)
    met = share @ (rated / np.maximum(rated.sum(axis=1, keepdims=True), 1))
    deviation = np.where(rates, fit.person - plain.estimate, 0.0)
    influence = share * deviation + fit.influence @ (reference - met)
    value = plain.estimate + reference @ fit.theta
    level = Estimate(value, estimate.covariance(influence, design), n=plain.n, df=plain.df)
    return _widened(level, influence[:, None], design)


def _unadjusted(
    y: Floats, design: Design, raw: Estimate, enough: Bools, notes: tuple[str, ...]
) -> Comparable:
    ranked = enough & np.isfinite(raw.std_error)
    influence = mean_influence(y, design)
    if (raw.n > 0).sum() < 2:  # nothing to compare with: the score stands by itself
        nothing = Estimate(np.zeros(1), np.zeros((1, 1)), n=np.zeros(1, dtype=int), df=np.zeros(1))
        return Comparable(raw, raw, nothing, ranked, influence, design, adjusted=False, notes=notes)
    reference = _reference(raw, ranked)
    level = estimate.contrast(raw, reference)
    return _compared(raw, influence, design, reference, level, ranked, adjusted=False, notes=notes)


def _reference(est: Estimate, ranked: Bools) -> Floats:
    """Weights of the mean that departments are compared with, (d,): the ranked, or else all there are."""
    choices = (ranked, np.isfinite(est.std_error), np.isfinite(est.estimate))
    members = next(members for members in choices if members.sum() >= 2)
    weights: Floats = members / members.sum()
    return weights


def _embedded(est: Estimate, columns: Bools) -> Estimate:
    """Put an estimate of some departments among all, NaN elsewhere."""
    d, at = len(columns), np.flatnonzero(columns)
    values, cov = np.full(d, np.nan), np.full((d, d), np.nan)
    n, df = np.zeros(d, dtype=int), np.zeros(d)
    values[at], cov[np.ix_(at, at)], n[at], df[at] = est.estimate, est.cov, est.n, est.df
    return Estimate(values, cov, n=n, df=df)
