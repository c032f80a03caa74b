"""Shares of themes in groups of one round after the other, and how the last differ from those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.complaints.differences import Differences, Floats, design_based, joined
from evalpkg.estimate.means import mean_influence
from evalpkg.estimate.variance import residuals
from evalpkg.groups import Group

if TYPE_CHECKING:
    from evalpkg.survey import Survey


@dataclass(frozen=True, eq=False)
class Wave:
    """Hold the shares of one round in m = g k columns: k themes in the first group, then in the second, ...

    Attributes
    ----------
    survey : Survey
    share : Estimate
        m shares; NaN where nobody is in the group.
    count : ndarray, shape (m,)
        Respondents who name the theme.
    z : ndarray, shape (n, m)
        Influence functions of the shares, as raking leaves them.
    inflation, df : ndarray, shape (g,)
        What the linearised variance of a share in the group lacks, whatever the theme.
    """

    survey: Survey
    share: estimate.Estimate
    count: Floats
    z: Floats
    inflation: Floats
    df: Floats

    @property
    def kish(self) -> Floats:
        """Effective respondents of each column under the weights, (m,)."""
        assert self.share.n_effective is not None
        return self.share.n_effective


@dataclass(frozen=True, eq=False)
class Change:
    """Hold the differences of m shares from the mean of those before.

    Attributes
    ----------
    found : Differences
        One is now, other is the mean before; NaN where the group was too small in every round before.
    counts, n : ndarray, shape (R, m)
        Respondents who named the theme, and of the group, in each round before; 0 where it does not count.
    counted : ndarray of bool, shape (R, m)
        Which rounds count.
    """

    found: Differences
    counts: Floats
    n: Floats
    counted: NDArray[np.bool_]


def wave(survey: Survey, named: Floats, groups: Sequence[Group]) -> Wave:
    """Estimate who names what (n, k) within each of g groups."""
    inside = (
        np.column_stack([group.inside(survey.responses) for group in groups])
        & (survey.design.weights > 0)[:, None]
    )
    y = np.where(inside[:, :, None], named[:, None, :], np.nan).reshape(survey.n, -1)
    weight = np.where(inside, survey.design.weights[:, None], 0.0)
    lacks = estimate.small_sample(weight / np.maximum(weight.sum(axis=0), 1e-300), survey.design)
    return Wave(
        survey=survey,
        share=estimate.share(y, survey.design),
        count=np.nansum(y, axis=0),
        z=residuals(mean_influence(y, survey.design), survey.design),
        inflation=lacks.inflation,
        df=lacks.df,
    )


def change(now: Wave, before: Sequence[Wave], least: int) -> Change:
    """Compare the shares of a round with the mean of those of the rounds before.

    Parameters
    ----------
    now, before
        Of the same themes and groups.
    least
        Respondents of a group without which a round before does not count.

    Notes
    -----
    The rounds' influence functions stand one below the other, in clusters that recur by their name.
    """
    n = np.array([one.share.n for one in before])
    counted = n >= least
    rounds = counted.sum(axis=0)
    part = np.where(counted, 1 / np.maximum(rounds, 1), 0.0)
    shares = np.where(counted, [one.share.estimate for one in before], 0.0)
    mean = np.where(rounds > 0, (part * shares).sum(axis=0), np.nan)
    kish = np.where(counted, [one.kish for one in before], 1.0)
    apart = np.vstack([now.z, *(-own * one.z for own, one in zip(part, before, strict=True))])
    variance = np.diagonal(estimate.covariance(apart, _together([now, *before]))).copy()
    own = now.share.estimate
    expected = own * (1 - own) / now.kish + (part**2 * shares * (1 - shares) / kish).sum(axis=0)
    worth = 1 / np.where(rounds > 0, (part**2 / kish).sum(axis=0), np.nan)
    k = len(own) // len(now.df)
    blocks = []
    for group, at in enumerate(range(0, len(own), k)):
        block = slice(at, at + k)
        used = [now, *(one for one, is_used in zip(before, counted[:, at], strict=True) if is_used)]
        inflation = max(one.inflation[group] for one in used)
        df = min(one.df[group] for one in used)
        blocks.append(
            design_based(
                own[block],
                mean[block],
                now.kish[block],
                worth[block],
                inflation * variance[block],
                expected[block],
                df,
            )
        )
    counts = np.where(counted, [one.count for one in before], 0.0)
    return Change(joined(blocks), counts, np.where(counted, n, 0), counted)


def _together(waves: Sequence[Wave]) -> estimate.Design:
    """Build the design of all rounds: a chamber is one cluster in all of them, a respondent who came alone in his round only."""
    labels = [
        estimate.recurring(one.survey.design, one.survey.responses.index, at) for at, one in enumerate(waves)
    ]
    weights = np.concatenate([one.survey.design.weights for one in waves])
    return estimate.Design(weights, clusters=np.concatenate(labels))
