"""Maximum likelihood by Newton's method with step-halving (plain arrays)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import logit

from evalpkg.ordinal.likelihood import Point, evaluate, gradient, information
from evalpkg.ordinal.rows import Rows
from evalpkg.ordinal.sample import Floats, OrdinalError
from evalpkg.ordinal.separation import check_separation

STEPS, HALVINGS = 60, 30
CONVERGED = 1e-8  # of the largest step; convergence is quadratic, so what is left is its square
SUSPECT = 1e8  # variance of one observation's worth of a parameter; a finite estimate stays far below


@dataclass(frozen=True, eq=False)
class Optimum:
    """The maximum, in standardised units: `coef` (p,), `thresholds` (K-1,), `inverse` information (q, q)."""

    coef: Floats
    thresholds: Floats
    inverse: Floats
    loglik: float


def maximise(rows: Rows, names: tuple[str, ...], *, where: str = "有序模型") -> Optimum:
    """Maximise the likelihood; columns that separate the levels are named, `where` begins the message."""
    point = _climb(rows)
    inverse = None if point is None else _inverse(information(point, rows))
    total = rows.weights.sum()
    if inverse is None or np.diagonal(inverse).max() * total > SUSPECT:
        check_separation(rows, names, where)
    if point is None or inverse is None:
        raise OrdinalError(f"{where}：迭代 {STEPS} 步仍不收敛：自变量或权数的数量级相差过大；请检查极端取值")
    return Optimum(point.coef, point.thresholds, inverse, point.loglik)


def _climb(rows: Rows) -> Point | None:
    point = evaluate(_start(rows), rows)
    for _ in range(STEPS):
        inverse = None if point is None else _inverse(information(point, rows))
        if point is None or inverse is None:
            return None
        step = inverse @ gradient(point, rows)
        point = _accepted(point, step, rows)
        if np.abs(step).max() < CONVERGED:
            return point
    return None


def _start(rows: Rows) -> Floats:
    """Give the estimate without columns: logits of the cumulative shares."""
    weights = np.add.reduceat(rows.weights, rows.starts[:-1])
    return np.append(np.zeros(rows.z.shape[1]), logit(np.cumsum(weights)[:-1] / weights.sum()))


def _accepted(point: Point, step: Floats, rows: Rows) -> Point | None:
    here = np.append(point.coef, point.thresholds)
    least = point.loglik - 1e-12 * abs(point.loglik)  # rounding of the sum
    for halving in range(HALVINGS):
        new = evaluate(here + step / 2**halving, rows)
        if new is not None and new.loglik >= least:
            return new
    return None


def _inverse(matrix: Floats) -> Floats | None:
    try:
        factor = linalg.cho_factor(matrix)
    except linalg.LinAlgError:
        return None
    inverse: Floats = linalg.cho_solve(factor, np.eye(len(matrix)))
    return inverse
