"""Direct estimates of department x group cells: the severity-adjusted scores of each group's own firms (plain arrays)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.estimate import Design
from evalpkg.scores.severity import adjust, parts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST = 3  # departments of a group that are compared: the error of one cannot be told from two


@dataclass(frozen=True, eq=False)
class DirectCells:
    """Hold the direct estimates of J departments in G groups.

    Attributes
    ----------
    theta : ndarray, shape (J, G)
        Departments within a group, from the zero of that group (the mean of those that have an estimate there);
        NaN where there is none. A department has two estimates or none, and so has a group: a
        single one would be compared with itself.
    variance : ndarray, shape (J, G)
        Sampling variance about the zero of the group, by the variance function; NaN where `theta` is.
    n : ndarray, shape (J, G), int
        Raters.
    weight : ndarray, shape (J, G)
        Sum of the raters' weights.
    cut_off : ndarray, shape (G,), bool
        Groups in which some departments have raters enough but none in common with the others.
    """

    theta: Floats
    variance: Floats
    n: Ints
    weight: Floats
    cut_off: Bools

    @property
    def usable(self) -> Bools:
        """Where there is a direct estimate, (J, G) bool."""
        return np.isfinite(self.theta)


def direct_cells(ratings: Floats, group: Ints, groups: int, design: Design, k: int) -> DirectCells:
    r"""Score the departments within each group by what the same firms gave to each of them.

    Within a group theta solves the severity-adjusted normal equations over the departments that at least k of its
    firms rated; ratings of the other departments are left out altogether, so that no number rests on them.
    The linearised variance V_jg of a few clusters is too unsteady to weigh cells by. The variance function
    D_jg = f s2_j q_jg stands in: q_jg the quasi-variance that independent ratings of variance 1 would have with
    these weights and these raters, s2_j the weighted residual variance of department j over all groups,
    f = sum df V / e over sum df s2, e_jg what V_jg would be expected to be for independent ratings of variance 1 (the
    residuals of few clusters are too small), df clusters - 1. So the level of the errors is design-based,
    with the clusters in it, and their pattern over the cells is the model's.

    Parameters
    ----------
    ratings : ndarray, shape (n, J)
        NaN = not rated.
    group : ndarray, shape (n,), int
        Group of each respondent from 0, -1 for none.
    groups : int
        Number of groups G.
    design : Design
    k : int
        Fewest raters of a direct estimate, each of whom rated another such department as well.

    Returns
    -------
    DirectCells
        Variances are 0 where all residuals are (constant ratings), NaN where no cell has two clusters.

    Notes
    -----
    Variance functions: Wolter (2007, ch. 7). Expectation of the linearised form: Bell & McCaffrey (2002). Quasi-variances:
    Firth & de Menezes (2004, Biometrika 91:65).

    Examples
    --------
    The second group is two points stricter and likes the third department better, against the others, than the first:

    >>> ratings = np.array([[5.0, 4, 3], [4, 3, 3], [5, 3, 3], [3, 2, 3], [2, 1, 2], [3, 1, 2]])
    >>> cells = direct_cells(ratings, np.array([0, 0, 0, 1, 1, 1]), 2, Design(np.ones(6)), 2)
    >>> cells.theta.round(2)
    array([[ 1.   ,  0.56],
           [-0.33, -0.78],
           [-0.67,  0.22]])
    """
    inside = group[:, None] == np.arange(groups)
    y = np.where((design.weights > 0)[:, None], ratings, np.nan)
    m = ~np.isnan(y)
    fits = [_within_group(np.where(member[:, None], y, np.nan), design, k) for member in inside.T]
    theta, variance = (np.full((y.shape[1], groups), np.nan) for _ in range(2))
    unit = _unit_variance(fits, y.shape[1])
    factor = _factor(fits, unit)
    for g, fit in enumerate(fits):
        theta[fit.used, g], variance[fit.used, g] = fit.theta, factor * unit[fit.used] * fit.quasi
    comparable = _comparable(np.isfinite(theta))
    return DirectCells(
        theta=np.where(comparable, theta, np.nan),
        variance=np.where(comparable, variance, np.nan),
        n=m.T.astype(np.int64) @ inside,
        weight=(design.weights[:, None] * m).T @ inside,
        cut_off=np.array([fit.cut_off for fit in fits]),
    )


@dataclass(frozen=True, eq=False)
class _Group:
    """Fit of one group: arrays (j,) of the departments `used`.

    `linearised` variance, the one `expected` of independent ratings of variance 1, their `quasi`-variance, `df`
    clusters - 1, weighted sum of `squares` of the residuals and of the `weight` behind it.
    """

    used: NDArray[np.intp]
    theta: Floats
    linearised: Floats
    expected: Floats
    quasi: Floats
    df: Floats
    squares: Floats
    weight: Floats
    cut_off: bool


def _within_group(y: Floats, design: Design, k: int) -> _Group:
    """Fit one group; `y` (n, J) is NaN outside it."""
    used = _enough(y, k)
    linked = parts(y[:, used], design.weights) if len(used) else []
    if len(linked) > 1:  # what has no common rater cannot be compared: the largest part stays
        used = used[np.sort(linked[0])]
    if len(used) < FEWEST:
        none = np.zeros(0)
        return _Group(used[:0], none, none, none, none, none, none, none, len(linked) > 1)
    y = y[:, used]
    fit = adjust(y, design, [str(j) for j in used])
    m = ~np.isnan(y)
    m &= (m.sum(axis=1) > 1)[:, None]  # who rated one department compares nothing
    w = design.weights[:, None] * m
    residual = np.where(m, y - fit.theta - fit.person[:, None], 0.0)
    true, expected = _of_independent(m, design)
    return _Group(
        used=used,
        theta=fit.theta,
        linearised=np.diagonal(estimate.covariance(fit.influence, design)),
        expected=expected,
        quasi=_quasi(true),
        df=(design.cluster_totals(w) > 0).sum(axis=0) - 1.0,
        squares=(w * residual**2).sum(axis=0),
        weight=w.sum(axis=0),
        cut_off=len(linked) > 1,
    )


def _enough(y: Floats, k: int) -> NDArray[np.intp]:
    """Return the departments with k raters each of whom rated another of them as well."""
    used = np.arange(y.shape[1])
    while len(used):
        m = ~np.isnan(y[:, used])
        enough = m[m.sum(axis=1) > 1].sum(axis=0) >= k
        if enough.all():
            break
        used = used[enough]
    return used


def _of_independent(m: Bools, design: Design) -> tuple[Floats, Floats]:
    """Return what independent ratings of variance 1 lead to: the true variance of theta and its linearised form, (j,).

    With L_c = sum_{i in c} w_i C_i, K_c = sum_{i in c} w_i^2 C_i, C_i = diag(m_i) - m_i m_i'/n_i, and P the inverse of
    L = sum L_c: the truth is P K P; the residual score of a cluster is s_c - L_c P s, var s_c = K_c.
    """
    rows = np.flatnonzero(m.any(axis=1))
    rows = rows[np.argsort(design.cluster_codes[rows], kind="stable")]
    w, rated, code = design.weights[rows], m[rows].astype(float), design.cluster_codes[rows]
    cuts = np.flatnonzero(np.diff(code)) + 1
    clusters = list(zip(np.split(rated, cuts), np.split(w, cuts), strict=True))
    first = [_laplacian(part, weight) for part, weight in clusters]
    second = [_laplacian(part, weight**2) for part, weight in clusters]
    inverse = np.linalg.pinv(sum(first), rcond=1e-10, hermitian=True)
    truth = inverse @ sum(second) @ inverse
    linearised = np.diagonal(truth).copy()
    for L, K in zip(first, second, strict=True):
        pulled, own = inverse @ L, inverse @ K @ inverse
        linearised += (pulled * (pulled @ truth - 2 * own)).sum(axis=1)
    # `covariance` makes up for one degree of freedom over all the clusters of the design
    return np.diagonal(truth), linearised * design.n_clusters / max(design.df, 1)


def _laplacian(m: Floats, w: Floats) -> Floats:
    laplacian: Floats = np.diag(w @ m) - m.T @ (m * (w / m.sum(axis=1))[:, None])
    return laplacian


def _quasi(variance: Floats) -> Floats:
    """Return variances whose pairwise sums are those of the differences, from variances about the mean of j >= 3.

    Errors about a common zero share that zero's error; a fit with effects of groups takes it out.
    """
    j = len(variance)
    quasi: Floats = (j * variance - variance.sum() / (j - 1)) / (j - 2)
    return quasi


def _unit_variance(fits: list[_Group], departments: int) -> Floats:
    """Residual variance of a rating of each department, over all groups, (J,)."""
    squares, weight = np.zeros(departments), np.zeros(departments)
    for fit in fits:
        squares[fit.used] += fit.squares
        weight[fit.used] += fit.weight
    unit: Floats = np.divide(squares, weight, out=np.full(departments, np.nan), where=weight > 0)
    return unit


def _factor(fits: list[_Group], unit: Floats) -> float:
    """Return the factor that makes smoothed and linearised variances agree over all cells of two clusters or more."""
    found, divisor = 0.0, 0.0
    for fit in fits:
        known = (fit.df >= 1) & np.isfinite(fit.linearised) & (fit.expected > 0)
        found += float((fit.df * fit.linearised / np.where(known, fit.expected, 1.0))[known].sum())
        divisor += float((fit.df * unit[fit.used])[known].sum())
    if divisor > 0:
        return found / divisor
    return 0.0 if (unit == 0).any() else np.nan


def _comparable(usable: Bools) -> Bools:
    """Leave out estimates that stand alone in their department or their group, until none does."""
    kept = usable
    while True:
        alone = kept & ((kept.sum(axis=1, keepdims=True) < 2) | (kept.sum(axis=0) < 2))
        if not alone.any():
            return kept
        kept = kept & ~alone
