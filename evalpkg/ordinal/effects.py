"""Average marginal effects on the probability of reaching a level, and what their covariance needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from evalpkg.ordinal.sample import Floats, OrdinalError, Sample


@dataclass(frozen=True, eq=False)
class Effects:
    """Averages over m respondents.

    Attributes
    ----------
    average : ndarray, shape (p,)
    jacobian : ndarray, shape (p, q)
        Derivatives by coefficients, then thresholds.
    deviations : ndarray, shape (m, p)
        w (effect on the respondent - average) / sum w: the influence of who is averaged over.
    """

    average: Floats
    jacobian: Floats
    deviations: Floats


@dataclass(frozen=True, eq=False)
class _Reached:
    """P(y above a level) = F(x'coef - threshold) of m respondents, `share` (m,) of whom is averaged.

    `place` is the threshold's number among the q parameters, coefficients first.
    """

    x: Floats
    coef: Floats
    threshold: float
    place: int
    q: int
    share: Floats


def average(
    sample: Sample, coef: Floats, thresholds: Floats, level: int, factors: Sequence[str | Sequence[str]]
) -> Effects:
    """Average the effect of each column on P(y >= level number `level`, 1..K-1); see `OrdinalFit`."""
    reached = _Reached(
        x=sample.x,
        coef=coef,
        threshold=float(thresholds[level - 1]),
        place=len(coef) + level - 1,
        q=len(coef) + len(thresholds),
        share=sample.weights / sample.weights.sum(),
    )
    effect, jacobian = _slopes(reached)
    for group in factors:
        columns = _columns(sample, [group] if isinstance(group, str) else list(group))
        for column in columns:
            effect[:, column], jacobian[column] = _difference(reached, column, columns)
    mean: Floats = reached.share @ effect
    return Effects(mean, jacobian, reached.share[:, None] * (effect - mean))


def _slopes(at: _Reached) -> tuple[Floats, Floats]:
    """Give b_j f(x'b - t) by respondent (m, p) and the derivatives (p, q) of its mean."""
    above = expit(at.x @ at.coef - at.threshold)
    density = above * (1 - above)
    bend = at.share * density * (1 - 2 * above)
    p = len(at.coef)
    jacobian = np.zeros((p, at.q))
    jacobian[:, :p] = np.outer(at.coef, bend @ at.x) + at.share @ density * np.eye(p)
    jacobian[:, at.place] = -at.coef * bend.sum()
    return np.outer(density, at.coef), jacobian


def _difference(at: _Reached, column: int, factor: list[int]) -> tuple[Floats, Floats]:
    """Give P(column is 1) - P(column is 0), the rest of its factor 0, (m,), and the derivatives (q,)."""
    others = np.delete(np.arange(len(at.coef)), factor)
    without = at.x[:, others] @ at.coef[others] - at.threshold
    high, low = expit(without + at.coef[column]), expit(without)
    steeper = at.share * (high * (1 - high) - low * (1 - low))
    jacobian = np.zeros(at.q)
    jacobian[others] = steeper @ at.x[:, others]
    jacobian[column] = at.share @ (high * (1 - high))
    jacobian[at.place] = -steeper.sum()
    return high - low, jacobian


def _columns(sample: Sample, names: list[str]) -> list[int]:
    for name in names:
        if name not in sample.names:
            raise OrdinalError(
                f"边际效应：没有列“{name}”：只能是 {'、'.join(sample.names)} 之一；请核对 factors 里的列名"
            )
    columns = [sample.names.index(name) for name in names]
    for name, column in zip(names, columns, strict=True):
        if not np.isin(sample.x[:, column], (0, 1)).all():
            raise OrdinalError(
                f"边际效应：列“{name}”有 0 和 1 以外的取值：factors 里只能是 0/1 列；请从 factors 里去掉它"
            )
    if (sample.x[:, columns].sum(axis=1) > 1).any():
        raise OrdinalError(
            f"边际效应：列“{'、'.join(names)}”在同一份答卷上同时为 1：一个因素的各列至多一列为 1；请分开写成几个因素"
        )
    return columns
