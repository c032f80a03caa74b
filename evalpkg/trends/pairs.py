"""Columns of numbers of this round against those of one earlier round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from evalpkg import estimate
from evalpkg.estimate import Estimate, Part
from evalpkg.estimate.means import mean_influence
from evalpkg.trends import mix
from evalpkg.trends.items import Column, columns
from evalpkg.trends.past import Published

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """Hold k columns of this round against those of an earlier one.

    Attributes
    ----------
    found : Estimate
        3 k numbers: k ratings, k compositions, k totals, see `mix.split`; compositions are NaN where only tables are left.
    levels, sizes, counts : ndarray, shape (2, k)
        Means, respondents, and those who have the attribute (of a share), in this round and in the earlier one.
    """

    found: Estimate
    levels: Floats
    sizes: Floats
    counts: Floats

    def part(self, which: int) -> Estimate:
        """Give the k ratings (0), compositions (1) or totals (2)."""
        k = self.levels.shape[1]
        return estimate.contrast(self.found, np.eye(3 * k)[which * k : (which + 1) * k])


def of_columns(survey: Survey, before: Survey, now: Sequence[Column]) -> Pair:
    """Compare columns with those of the same key in an earlier round that is opened."""
    then = {column.key: column for column in columns(before)}
    return of_values(survey, before, [c.y for c in now], [then[c.key].y for c in now])


def of_values(survey: Survey, before: Survey, now: Sequence[Floats], then: Sequence[Floats]) -> Pair:
    """Compare k columns of numbers, (n,) each with NaN = not asked, with k of an earlier round; an empty domain gives NaN."""
    rounds, cells = (survey, before), mix.cells(survey, before)
    weights = (survey.design.weights, before.design.weights)
    k = len(now)
    numbers, levels = np.full((3, k), np.nan), np.full((2, k), np.nan)
    sizes, counts = np.zeros((2, k)), np.zeros((2, k))
    influence = [np.zeros((one.n, 3 * k)) for one in rounds]
    for at, pair in enumerate(zip(now, then, strict=True)):
        inside = (_inside(pair[0], weights[0]), _inside(pair[1], weights[1]))
        sizes[:, at] = [here.sum() for here in inside]
        counts[:, at] = [(y[here] > 0).sum() for y, here in zip(pair, inside, strict=True)]
        if not sizes[:, at].all():
            continue
        found = mix.split(*pair, weights, cells.within(inside))
        numbers[:, at] = found.rating, found.composition, found.total
        levels[:, at] = [
            np.average(y[h], weights=w[h]) for y, w, h in zip(pair, weights, inside, strict=True)
        ]
        for side, z in zip(influence, found.influence, strict=True):
            side[:, [at, at + k]], side[:, at + 2 * k] = z, z.sum(axis=1)
    return Pair(
        together(rounds, numbers.ravel(), np.tile(sizes.min(axis=0), 3), influence), levels, sizes, counts
    )


def together(rounds: Sequence[Survey], numbers: Floats, n: Floats, influence: Sequence[Floats]) -> Estimate:
    """Give numbers that rounds make together with their covariance, see `estimate.over_rounds`."""
    parts = [
        Part(z, one.design, estimate.recurring(one.design, one.responses.index, at))
        for at, (one, z) in enumerate(zip(rounds, influence, strict=True))
    ]
    return estimate.over_rounds(numbers, n, parts)


def of_tables(survey: Survey, before: Published, now: Sequence[Column]) -> Pair:
    """Compare columns with published levels: rounds taken as independent, the mix unknown, errors as the intervals state.

    The printed interval knows of few chambers, the printed standard error does not. Chambers that recur make the true error
    of a change smaller than this. How many degrees of freedom stand behind a printed interval is not known; those of this
    round serve.
    """
    y = np.column_stack([column.y for column in now])
    means, k = estimate.mean(y, survey.design), len(now)
    lacks = estimate.small_sample(mean_influence(y, survey.design), survey.design)
    rows = before.table.loc[[column.key for column in now]]
    old, low, high = (rows[name].to_numpy(dtype=float) for name in ("estimate", "conf_low", "conf_high"))
    error = (high - low) / 2 / t.ppf((1 + before.round.level) / 2, lacks.df)
    variance = np.diagonal(means.cov) * lacks.inflation + error**2
    unknown = np.full(k, np.nan)
    cov = np.diag(np.concatenate([variance, unknown, variance]))
    cov[k : 2 * k], cov[:, k : 2 * k] = np.nan, np.nan
    sizes = np.array([means.n, rows["n"].to_numpy(dtype=float)])
    n, df = np.tile(sizes.min(axis=0).astype(int), 3), np.tile(lacks.df, 3)
    change = means.estimate - old
    known = "count" in rows
    counts = np.array([(y > 0).sum(axis=0), rows["count"].to_numpy(dtype=float) if known else unknown])
    found = Estimate(np.concatenate([change, unknown, change]), cov, n=n, df=df)
    return Pair(found, np.array([means.estimate, old]), sizes, counts)


def _inside(y: Floats, weights: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(y) & (weights > 0))
