"""Scores that may be compared: each department against the mean of departments, at the level of an average firm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate
from evalpkg.scores import severity

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Comparable:
    """Hold d departments in the order of the columns.

    Attributes
    ----------
    theta : Estimate
        d differences from the mean of the ranked departments (of all, where fewer than two are ranked); NaN for
        a department that nobody rated or that has no rater in common with the others.
    level : Estimate
        One number: what an average enterprise gives an average one of those departments.
    ranked : ndarray, shape (d,), bool
        Enough raters and a standard error.
    own_df : ndarray, shape (d,)
        Clusters minus strata among the raters of each; `theta.df` is the smallest that a difference rests on.
    adjusted : bool
        Whether respondents' severity has been taken out; False where departments have too few common raters.
    notes : tuple of str
        What the reader must know, in Chinese.
    """

    theta: Estimate
    level: Estimate
    ranked: Bools
    own_df: Floats
    adjusted: bool
    notes: tuple[str, ...]

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
        return _unadjusted(raw, enough, notes + _why_not(y, design, rated, labels))
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
    return Comparable(_centred(theta, reference), level, ranked, theta.df, adjusted=True, notes=notes)


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
    return Estimate(value, estimate.covariance(influence, design), n=plain.n, df=plain.df)


def _unadjusted(raw: Estimate, enough: Bools, notes: tuple[str, ...]) -> Comparable:
    ranked = enough & np.isfinite(raw.std_error)
    if (raw.n > 0).sum() < 2:  # nothing to compare with: the score stands by itself
        nothing = Estimate(np.zeros(1), np.zeros((1, 1)), n=np.zeros(1, dtype=int), df=np.zeros(1))
        return Comparable(raw, nothing, ranked, raw.df, adjusted=False, notes=notes)
    reference = _reference(raw, ranked)
    level = estimate.contrast(raw, reference)
    return Comparable(_centred(raw, reference), level, ranked, raw.df, adjusted=False, notes=notes)


def _reference(est: Estimate, ranked: Bools) -> Floats:
    """Weights of the mean that departments are compared with, (d,): the ranked, or else all there are."""
    choices = (ranked, np.isfinite(est.std_error), np.isfinite(est.estimate))
    members = next(members for members in choices if members.sum() >= 2)
    weights: Floats = members / members.sum()
    return weights


def _centred(est: Estimate, reference: Floats) -> Estimate:
    centred = estimate.contrast(est, np.eye(len(reference)) - reference)
    return replace(centred, n=est.n)


def _embedded(est: Estimate, columns: Bools) -> Estimate:
    """Put an estimate of some departments among all, NaN elsewhere."""
    d, at = len(columns), np.flatnonzero(columns)
    values, cov = np.full(d, np.nan), np.full((d, d), np.nan)
    n, df = np.zeros(d, dtype=int), np.zeros(d)
    values[at], cov[np.ix_(at, at)], n[at], df[at] = est.estimate, est.cov, est.n, est.df
    return Estimate(values, cov, n=n, df=df)
