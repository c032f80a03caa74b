r"""The log-likelihood of the proportional-odds model, its gradient and its information (plain arrays).

With u = theta_y - z'b, l = theta_{y-1} - z'b, d = u - l, the logistic F splits:
F(u) - F(l) = F(u) F(-l) (1 - exp(-d)), so log P(y) = log F(u) + log F(-l) + log(1 - exp(-d)): no difference of
nearly equal numbers, and every derivative is one of a logistic function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from evalpkg.ordinal.rows import Rows
from evalpkg.ordinal.sample import Floats, Ints


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters and what they give each row: `not_above` = F(u), `not_below` = F(-l), both (m,)."""

    coef: Floats
    thresholds: Floats
    not_above: Floats
    not_below: Floats
    loglik: float


def evaluate(parameters: Floats, rows: Rows) -> Point | None:
    """Evaluate the log-likelihood; None where thresholds are not in order."""
    p = rows.z.shape[1]
    coef, thresholds = parameters[:p], parameters[p:]
    gaps = np.diff(thresholds)
    if not (gaps > 0).all():
        return None
    eta = rows.z @ coef
    above, below = limits(eta, np.repeat(np.arange(len(rows.counts)), rows.counts), thresholds)
    with np.errstate(divide="ignore"):  # a row given probability 0: the step is halved
        loglik = rows.weights @ np.log(above * below) + _level_weights(rows)[1:-1] @ np.log(-np.expm1(-gaps))
    return Point(coef, thresholds, above, below, float(loglik))


def limits(eta: Floats, level: Ints, thresholds: Floats) -> tuple[Floats, Floats]:
    """Give F(theta_y - eta) and F(eta - theta_{y-1}) of each row; theta is -+inf beyond the ends."""
    upper, lower = np.append(thresholds, np.inf), np.insert(thresholds, 0, -np.inf)
    return expit(upper[level] - eta), expit(eta - lower[level])


def gradient(point: Point, rows: Rows) -> Floats:
    """Give the gradient (q,), coefficients first."""
    slopes = (rows.weights * (point.not_above - point.not_below)) @ rows.z
    up = _by_level(rows.weights * (1 - point.not_above), rows)
    down = _by_level(rows.weights * (1 - point.not_below), rows)
    return np.append(slopes, _on_thresholds(up, -down) + _gap_slopes(point.thresholds, _level_weights(rows)))


def information(point: Point, rows: Rows) -> Floats:
    """Give the information (q, q): minus the second derivatives."""
    above = rows.weights * point.not_above * (1 - point.not_above)
    below = rows.weights * point.not_below * (1 - point.not_below)
    z, p = rows.z, rows.z.shape[1]
    matrix = np.zeros((p + len(point.thresholds),) * 2)
    matrix[:p, :p] = (z * (above + below)[:, None]).T @ z
    blocks = [slice(*pair) for pair in zip(rows.starts[:-1], rows.starts[1:], strict=True)]
    ups, downs = (np.array([v[block] @ z[block] for block in blocks]) for v in (above, below))
    matrix[p:, :p] = -_on_thresholds(ups, downs)
    matrix[:p, p:] = matrix[p:, :p].T
    diagonal = _on_thresholds(_by_level(above, rows), _by_level(below, rows))
    matrix[p:, p:] = np.diag(diagonal) + _gap_curvature(point.thresholds, _level_weights(rows))
    return matrix


def scores(z: Floats, level: Ints, coef: Floats, thresholds: Floats) -> Floats:
    """Give each row's derivatives of log P(y), (m, q), coefficients first; sums to the gradient."""
    above, below = limits(z @ coef, level, thresholds)
    matrix = np.zeros((len(z), len(coef) + len(thresholds)))
    matrix[:, : len(coef)] = z * (above - below)[:, None]
    slopes = np.append(np.insert(_gap_slope(thresholds), 0, 0.0), 0.0)[level]
    upper, lower = np.flatnonzero(level < len(thresholds)), np.flatnonzero(level > 0)
    matrix[upper, len(coef) + level[upper]] = (1 - above + slopes)[upper]
    matrix[lower, len(coef) + level[lower] - 1] = -(1 - below + slopes)[lower]
    return matrix


def _by_level(values: Floats, rows: Rows) -> Floats:
    return np.asarray(np.add.reduceat(values, rows.starts[:-1]))


def _level_weights(rows: Rows) -> Floats:
    return _by_level(rows.weights, rows)


def _on_thresholds(upper: Floats, lower: Floats) -> Floats:
    # threshold k lies above level k and below level k + 1
    both: Floats = upper[:-1] + lower[1:]
    return both


def _gap_slope(thresholds: Floats) -> Floats:
    """Give 1 / (exp(d) - 1), the derivative of log(1 - exp(-d)), without overflow."""
    gaps = np.diff(thresholds)
    slope: Floats = np.exp(-gaps) / -np.expm1(-gaps)
    return slope


def _gap_slopes(thresholds: Floats, weights: Floats) -> Floats:
    slopes = weights[1:-1] * _gap_slope(thresholds)
    total = np.zeros(len(thresholds))
    total[1:] += slopes
    total[:-1] -= slopes
    return total


def _gap_curvature(thresholds: Floats, weights: Floats) -> Floats:
    between = np.diff(np.eye(len(thresholds)), axis=0)  # (K-2, K-1): row k takes theta_{k+1} - theta_k
    gaps = np.diff(thresholds)
    curvature = weights[1:-1] * np.exp(-gaps) / np.expm1(-gaps) ** 2
    matrix: Floats = (between.T * curvature) @ between
    return matrix
