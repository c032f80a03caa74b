"""Differences of two rare shares: how many respondents they are worth, whether they are sure, and their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]

STEPS = 40  # halvings of a bracket of width 2: limits are exact to 1e-11
LARGE = 1e10  # scipy's t takes no infinite degrees of freedom


@dataclass(frozen=True, eq=False)
class Differences:
    """Hold m differences of two shares, each worth so many independent respondents.

    Attributes
    ----------
    one, other : ndarray, shape (m,)
        Shares from 0 to 1; `difference` is one minus other.
    n_one, n_other : ndarray, shape (m,)
        Effective numbers of respondents.
    df : ndarray, shape (m,)
        Degrees of freedom of the design effect.

    Notes
    -----
    The likelihood of two binomials with effective numbers is a likelihood-ratio test divided by the design effect (Rao & Scott
    1984); its signed root is compared with t. Both p-values and limits come from it, so that a difference is sure at a level
    exactly where its limits at that level leave 0 out. Linearised limits (difference -+ t s.e.) are wrong here: a theme that
    three respondents name has a standard error that is too small when few name it and too large when many do.
    """

    one: Floats
    other: Floats
    n_one: Floats
    n_other: Floats
    df: Floats

    @property
    def difference(self) -> Floats:
        """One minus other, (m,)."""
        return self.one - self.other

    @property
    def p(self) -> Floats:
        """Two-sided p-values of no difference, (m,); NaN where a share is."""
        return np.asarray(2 * stdtr(self._df, -np.abs(self._root(np.zeros_like(self.one)))))

    def interval(self, level: float | Floats) -> tuple[Floats, Floats]:
        """Give the limits outside which the profile likelihood is refused at a level (one, or one a row)."""
        critical = stdtrit(
            self._df, (1 + np.broadcast_to(np.asarray(level, dtype=float), self.one.shape)) / 2
        )
        return self._limit(critical, -1.0), self._limit(critical, 1.0)

    @property
    def _df(self) -> Floats:
        return np.minimum(self.df, LARGE)

    def _limit(self, critical: Floats, end: float) -> Floats:
        inner, outer = self.difference.copy(), np.full_like(self.one, end)
        for _ in range(STEPS):
            middle = (inner + outer) / 2
            kept = np.abs(self._root(middle)) <= critical
            inner, outer = np.where(kept, middle, inner), np.where(kept, outer, middle)
        return np.where(np.isnan(self.n_one + self.n_other + self.difference), np.nan, inner)

    def _root(self, delta: Floats) -> Floats:
        """Signed root of the likelihood ratio against a true difference delta, (m,)."""
        one = constrained(self.one, self.other, self.n_one, self.n_other, delta)
        ratio = self.n_one * _divergence(self.one, one) + self.n_other * _divergence(self.other, one - delta)
        return np.asarray(np.sign(self.difference - delta) * np.sqrt(2 * np.maximum(ratio, 0.0)))


def constrained(one: Floats, other: Floats, n_one: Floats, n_other: Floats, delta: Floats) -> Floats:
    """Give the likeliest first share of two binomials whose shares differ by delta (Miettinen & Nurminen 1985).

    Examples
    --------
    >>> x = np.array([0.3]), np.array([0.1]), np.array([100.0]), np.array([300.0])
    >>> constrained(*x, np.array([0.0])).round(6), constrained(*x, np.array([0.2])).round(6)
    (array([0.15]), array([0.3]))
    """
    theta = n_other / n_one
    a = 1 + theta
    b = -(1 + theta + one + theta * other + delta * (theta + 2))
    c = delta**2 + delta * (2 * one + theta + 1) + one + theta * other
    d = -one * delta * (1 + delta)
    v = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = np.copysign(np.sqrt(np.maximum(b**2 / (9 * a**2) - c / (3 * a), 0.0)), v)
    cosine = np.divide(v, u**3, out=np.ones_like(v), where=np.abs(u) > 1e-12)
    w = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3
    root = 2 * u * np.cos(w) - b / (3 * a)
    return np.asarray(np.clip(root, np.maximum(0.0, delta), np.minimum(1.0, 1.0 + delta)))


def design_based(
    one: Floats, other: Floats, n_one: Floats, n_other: Floats, variance: Floats, expected: Floats, df: float
) -> Differences:
    """Give the differences of m shares in one group of respondents, with their design effect.

    Parameters
    ----------
    one, other : ndarray, shape (m,)
        Shares from 0 to 1, a theme each.
    n_one, n_other : ndarray, shape (m,)
        Kish's effective numbers of respondents: what unequal weights leave.
    variance : ndarray, shape (m,)
        Design-based variances of the differences.
    expected : ndarray, shape (m,)
        The variances that unequal weights alone would give.
    df : float
        Degrees of freedom of one variance.

    Notes
    -----
    The design effect beyond weights is variance over expected: of all themes together (a generalised variance function, Wolter
    2007, chapter 7), or of the theme itself where that is larger - a theme that one chamber writes of is clustered as no other
    is -, and at least 1. A variance of a single rare theme has two or three degrees of freedom and would leave nothing sure; the
    themes together have so many times more.
    """
    known = np.isfinite(variance) & np.isfinite(expected)
    if not known.any():
        none = np.full_like(n_one, np.nan)
        return Differences(one, other, none, none, np.ones_like(one))
    varies = known & (expected > 0)  # where all or none name a theme, it tells nothing of the design effect
    together = variance[varies].sum() / expected[varies].sum() if varies.any() else 1.0
    own = np.divide(variance, expected, out=np.ones_like(variance), where=varies)
    effect = np.maximum(np.maximum(own, together), 1.0)
    freedom = np.full_like(one, max(df, 1.0) * max(int(varies.sum()), 1))
    return Differences(one, other, n_one / effect, n_other / effect, freedom)


def joined(parts: Sequence[Differences]) -> Differences:
    """Put differences of several groups below each other."""
    names = [field.name for field in fields(Differences)]
    return Differences(
        **{name: np.concatenate([[], *(getattr(part, name) for part in parts)]) for name in names}
    )


def false_discovery(p: Floats) -> Floats:
    """Give the false discovery rate at which each p-value would be refused (Benjamini & Hochberg 1995).

    Parameters
    ----------
    p : ndarray, shape (m,)
        NaN = not tested.

    Examples
    --------
    >>> false_discovery(np.array([0.01, 0.04, np.nan, 0.03, 0.5])).round(3)
    array([0.04 , 0.053,   nan, 0.053, 0.5  ])
    """
    q, tested = np.full_like(p, np.nan), np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.minimum(q, 1.0)


def _divergence(seen: Floats, true: Floats) -> Floats:
    """Log likelihood lost per respondent: seen log(seen / true) + (1 - seen) log((1 - seen) / (1 - true))."""
    return _part(seen, true) + _part(1 - seen, 1 - true)


def _part(seen: Floats, true: Floats) -> Floats:
    positive = seen > 0
    ratio = np.divide(seen, true, out=np.full_like(seen, np.inf), where=true > 0)
    return np.where(positive, seen * np.log(np.where(positive, ratio, 1.0)), 0.0)
