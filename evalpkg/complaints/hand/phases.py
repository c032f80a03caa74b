"""Shares from a machine that reads everybody and people who read some: numbers on plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate

PRIOR = 2.0  # respondents added to what was coded, with the variance of one error and one hit (cf. Agresti & Coull 1998)
MOST = 0.25  # variance of a code that is as often 0 as 1
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Phases:
    """A sample, all of it read by machine, a part of it by people too.

    Attributes
    ----------
    machine : ndarray, shape (n, k)
        Whether the machine finds theme j with respondent i, 0 or 1.
    hand : ndarray, shape (n, k)
        What people find, 0 to 1; NaN for respondents whom nobody coded.
    stratum : ndarray, shape (n,), int
        From 0; -1 for respondents who wrote nothing: they name no theme for sure.
    probability : ndarray, shape (n,)
        Of being drawn for coding; 0 in stratum -1.
    design : Design
        Of all n.
    """

    machine: Floats
    hand: Floats
    stratum: Ints
    probability: Floats
    design: Design

    @cached_property
    def coded(self) -> NDArray[np.bool_]:
        """Who was coded, (n,)."""
        return np.asarray((self.stratum >= 0) & ~np.isnan(self.hand).any(axis=1))

    @cached_property
    def drawn(self) -> NDArray[np.bool_]:
        """Who was coded by chance, not for sure, (n,)."""
        return np.asarray(self.coded & (self.probability < 1))

    @cached_property
    def known(self) -> Floats:
        """Codes by hand, 0 where there are none, (n, k)."""
        return np.where(self.coded[:, None], self.hand, 0.0)

    @cached_property
    def weights(self) -> Floats:
        """Share of all enterprises that each respondent of the survey stands for, (n,)."""
        return np.asarray(self.design.weights / self.design.weights.sum())

    @cached_property
    def expanded(self) -> Floats:
        """Share of all enterprises that each respondent coded by chance stands for, (n,), 0 for others."""
        return np.divide(self.weights, self.probability, out=np.zeros_like(self.weights), where=self.drawn)

    @cached_property
    def spread(self) -> Floats:
        """What an error variance of 1 at a respondent coded by chance adds to that of the share, (n,)."""
        return np.asarray((1 - self.probability) * self.expanded**2)

    def sums(self, values: Floats) -> Floats:
        """Sum the rows (n, k) of each stratum to (H, k)."""
        inside = self.stratum >= 0
        sums = np.zeros((self.stratum.max(initial=-1) + 1, values.shape[1]))
        np.add.at(sums, self.stratum[inside], values[inside])
        return sums

    def means(self, values: Floats) -> Floats:
        """Mean of those of each stratum who were coded by chance, given to all of its rows (n, k)."""
        weight = self.sums(self.expanded[:, None])
        means = self.sums(self.expanded[:, None] * values) / np.where(weight > 0, weight, 1)
        return np.where(self.stratum[:, None] >= 0, means[self.stratum], 0.0)

    def within(self, values: Floats) -> Floats:
        """Deviations from the stratum's mean of those who were coded by chance, (n, k), 0 for others."""
        return np.where(self.drawn[:, None], values - self.means(values), 0.0)


@dataclass(frozen=True, eq=False)
class Shares:
    """Hold k shares by machine and hand together, by hand alone, and the weight that the machine was given, (k,)."""

    both: Estimate
    alone: Estimate
    power: Floats


def two_phase(phases: Phases) -> Shares:
    """Estimate shares from a machine's reading of all and people's reading of some.

    theta = sum_i w_i [lambda x_i + (y_i - lambda x_i) R_i / pi_i] / sum w: machine x, hand y, R_i = 1 if coded, with probability
    pi_i. Whatever the machine does, theta is unbiased; lambda, the regression of y on x within strata, limited to 0..1,
    makes it no wider than without x (power tuning). Stratum means are ratios, so that weights that changed since
    the draw do no harm. Variance = what the survey would have if all were coded by hand + what coding some adds:
    cluster totals of p_i = lambda x_i + a_h + R_i e_i / pi_i hold both, raked and clustered as the design is; the second part,
    sum_h sum_i (1 - pi_i) (w_i e_i / pi_i)^2, is then replaced by one whose error variances are shrunk. A stratum that shows
    no error among ten respondents has some all the same: its variance is that of its own rows and of `PRIOR` more with the
    variance of all strata in which the machine says the same of the theme, and these too get `PRIOR` rows of variance 1/4.

    Parameters
    ----------
    phases

    Returns
    -------
    Shares
        `both`: limits symmetric on the logit, t with the degrees of freedom that the clusters and the coded respondents have
        under the working model of `estimate.small_sample`. `alone`: the share by hand (lambda = 0), with the interval
        that as many coded respondents would give if drawn without the machine's strata.

    Notes
    -----
    Saerndal, Swensson & Wretman (1992, ch. 9: two-phase sampling, difference estimator); Angelopoulos et al. (2023a, Science
    382; 2023b, PPI++: power tuning). In simulated rounds (`tests/validation/themes.py`) degrees of freedom
    from the realised residuals cover rare themes too often (.99) with limits 1.7 times as wide; without `PRIOR` coverage is lower by
    one point.
    """
    power = tuned(phases)
    read = power * phases.machine
    error = phases.within(phases.known - read)
    share, predicted = _expanded(phases, read, error)
    variance = error_variance(phases, error)
    first = np.maximum(_survey_variance(phases, predicted, share) - phases.spread @ error**2, 0)
    second = phases.spread @ variance
    lacks = estimate.small_sample(np.sqrt(_working(phases, share, variance)), phases.design)
    alone, _ = _expanded(phases, np.zeros_like(read), phases.within(phases.known))

    def made(share: Floats, added: Floats) -> Estimate:
        return Estimate(
            np.clip(share, 0, 1), np.diag((first + added) * lacks.inflation), n=np.full(len(share), phases.design.n),
            df=np.maximum(lacks.df, 1), scale="logit", n_effective=np.full(len(share), _effective(phases)),
        )  # fmt: skip

    return Shares(made(share, second), made(alone, _without_strata(phases, alone)), power)


def tuned(phases: Phases) -> Floats:
    """Give the weight of the machine that makes the variance of each share smallest, from 0 to 1, (k,).

    0 where the machine says the same of everybody within each stratum: there the strata use all that it knows.
    """
    y, x = phases.within(phases.known), phases.within(phases.machine)
    count = phases.sums(phases.drawn[:, None].astype(float))[:, 0]
    spread = phases.spread * _of_rows(phases, (count / np.maximum(count - 1, 1))[:, None])[:, 0]
    together, own = spread @ (x * y), spread @ x**2
    return np.asarray(np.clip(np.divide(together, own, out=np.zeros_like(own), where=own > 0), 0, 1))


def error_variance(phases: Phases, error: Floats) -> Floats:
    """Give the variance within its stratum of the error of each respondent coded by chance, (n, k), see `two_phase`."""
    squares = phases.sums(error**2)
    count = phases.sums(phases.drawn[:, None].astype(float))
    freedom = np.maximum(count - 1, 0)
    open_ = ((phases.stratum >= 0) & (phases.probability < 1)).astype(float)[:, None]
    says = phases.sums(open_ * phases.machine) > 0.5 * phases.sums(open_)
    pooled = np.zeros_like(squares)
    for answer in (False, True):
        alike = (says == answer) & (count > 0)
        total = (squares * alike).sum(axis=0) + PRIOR * MOST
        pooled += (says == answer) * total / ((freedom * alike).sum(axis=0) + PRIOR)
    shrunk = (squares + PRIOR * pooled) / (freedom + PRIOR)
    return np.where(phases.drawn[:, None], _of_rows(phases, shrunk), 0.0)


def _expanded(phases: Phases, read: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Give shares (k,) and the values whose weighted means they are, (n, k): codes by hand where they are sure."""
    fitted = read + phases.means(phases.known - read)
    scaled = np.divide(
        error, phases.probability[:, None], out=np.zeros_like(error), where=phases.drawn[:, None]
    )
    sure = (phases.stratum < 0) | (phases.coded & ~phases.drawn)
    values = np.where(sure[:, None], phases.known, fitted + scaled)
    return phases.weights @ values, values


def _survey_variance(phases: Phases, values: Floats, share: Floats) -> Floats:
    influence = phases.weights[:, None] * (values - share)
    return np.asarray(np.diagonal(estimate.covariance(influence, phases.design)))


def _working(phases: Phases, share: Floats, variance: Floats) -> Floats:
    """Variance that each respondent is expected to add, (n, k): as a member of the survey, and as one who was coded."""
    n = phases.design.n
    level = (np.clip(share, 0, 1) * n + 0.5) / (n + 1)  # of a share of 0, too, something is expected
    return phases.weights[:, None] ** 2 * level * (1 - level) + phases.spread[:, None] * variance


def _without_strata(phases: Phases, share: Floats) -> Floats:
    """Variance that coding adds where as many were drawn from all who wrote, as often as they weigh."""
    wrote = phases.stratum >= 0
    weights, m = phases.weights[wrote], int(phases.coded.sum())
    whole = weights.sum()
    p = np.clip(share / whole, 0, 1)
    left = max(1 - m * (weights @ weights) / whole**2, 0.0)
    return np.asarray(whole**2 * left * (m * p * (1 - p) + PRIOR * MOST) / (m + PRIOR) / m)


def _effective(phases: Phases) -> float:
    """Respondents of a simple sample of all enterprises that the coded are worth, for shares of 0 and 1 (Kish)."""
    weight = np.where(phases.drawn, phases.expanded, phases.weights)[phases.coded]
    return float(weight.sum() / (weight @ weight))


def _of_rows(phases: Phases, values: Floats) -> Floats:
    """Give each row (n, k) the value of its stratum (H, k), 0 outside."""
    return np.where(phases.stratum[:, None] >= 0, values[phases.stratum], 0.0)
