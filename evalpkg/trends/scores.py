"""Scores of departments in two rounds, freed of who rated them and of who was asked; plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.estimate import Estimate
from evalpkg.estimate.means import mean_influence
from evalpkg.scores.comparable import Comparable, comparable
from evalpkg.trends import mix
from evalpkg.trends.pairs import together

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NAMES = ("change", "own", "composition", "total")


@dataclass(frozen=True, eq=False)
class Moved:
    """Hold d departments in two rounds.

    Attributes
    ----------
    found : Estimate
        4 d + 1 numbers: d changes of the score, d changes against the mean of the departments, d compositions, d changes of the
        raw mean, and the change that all departments share. change = own + shared, total = change + composition.
    score, raw : ndarray, shape (2, d)
        Adjusted score and raw mean, this round first.
    n : ndarray, shape (2, d)
        Raters.
    both : ndarray of bool, shape (d,)
        Enough raters in both rounds: the departments whose mean the others are compared with.
    adjusted : bool
        Whether severity could be taken out in both rounds.
    """

    found: Estimate
    score: Floats
    raw: Floats
    n: Floats
    both: Bools
    adjusted: bool

    def part(self, name: str) -> Estimate:
        """Give d numbers by their name, or the one that is "shared"."""
        d, rows = len(self.both), np.eye(4 * len(self.both) + 1)
        at = 4 * d if name == "shared" else NAMES.index(name) * d
        return estimate.contrast(self.found, rows[at : at + (1 if name == "shared" else d)])


@dataclass(frozen=True, eq=False)
class _Wave:
    """One round: theta (d,) around the mean of the departments of both rounds, psi (n, d), persons' levels (n,), raw means."""

    survey: Survey
    y: Floats
    theta: Floats
    psi: Floats
    person: Floats
    raw: Estimate


def moved(now: Survey, before: Survey, y: tuple[Floats, Floats], labels: list[str]) -> Moved:
    r"""Compare the scores of d departments between two rounds.

    In each round y_ij = theta_j + a_i + e_ij (`scores.severity_adjusted`), theta around the mean of the departments that have
    enough raters in both. The normal equations give raw mean_j = theta_j + A_j exactly, A_j the mean level of j's raters. With L the
    mean level of all raters, in cells of size by mode, L = sum p_c L_c: change of the raw mean = change of theta [own] +
    sum (p1 + p2)/2 (L2 - L1) [shared] + (change of A_j - L, and what Kitagawa gives to the mix of L) [composition].

    Parameters
    ----------
    now, before
        The rounds.
    y : tuple of ndarray, each (n, d)
        Ratings on 0-100 of the same departments, NaN = not rated.
    labels
        Of the departments.

    Notes
    -----
    Where departments have too few common raters for severity to be taken out, the raw mean is split by Kitagawa's rule
    among the raters of each department, and `own` is the change against the mean of those.
    """
    rounds = (now, before)
    raw = [estimate.mean(values, one.design) for values, one in zip(y, rounds, strict=True)]
    least = now.round.min_raters
    fits = [comparable(v, one.design, r, least, labels) for v, one, r in zip(y, rounds, raw, strict=True)]
    enough = fits[0].ranked & fits[1].ranked
    if not (fits[0].adjusted and fits[1].adjusted and enough.any()):
        return _plain(rounds, y, raw, enough)
    waves = [_wave(*given, enough) for given in zip(rounds, y, fits, raw, strict=True)]
    return _adjusted(waves, enough)


def _wave(survey: Survey, y: Floats, fit: Comparable, raw: Estimate, both: Bools) -> _Wave:
    """Centre a fit on the mean of the departments of both rounds."""
    reference = both / both.sum()
    theta = fit.theta.estimate - np.nan_to_num(fit.theta.estimate) @ reference
    psi = fit.influence - (fit.influence @ reference)[:, None]
    rates = ~np.isnan(y) & np.isfinite(theta) & (survey.design.weights > 0)[:, None]
    count = rates.sum(axis=1)
    left = np.where(rates, y - np.where(np.isfinite(theta), theta, 0.0), 0.0).sum(axis=1)
    person = np.divide(left, count, out=np.full(len(y), np.nan), where=count > 0)
    return _Wave(survey, np.where(rates, y, np.nan), theta, psi, person, raw)


def _adjusted(waves: list[_Wave], both: Bools) -> Moved:
    now, before = waves
    rounds = (now.survey, before.survey)
    inside = (~np.isnan(now.person), ~np.isnan(before.person))
    weights = (now.survey.design.weights, before.survey.design.weights)
    split = mix.split(now.person, before.person, weights, mix.cells(*rounds).within(inside))
    own = now.theta - before.theta
    total = now.raw.estimate - before.raw.estimate
    change = own + split.rating
    numbers = np.concatenate([change, own, total - change, total, [split.rating]])
    influence = [
        _influence(wave, split.influence[at][:, 0], split.on_values[at][:, 0], sign)
        for at, (wave, sign) in enumerate(zip(waves, (1.0, -1.0), strict=True))
    ]
    n = np.array([now.raw.n, before.raw.n])
    behind = np.append(np.tile(n.min(axis=0), 4), min(here.sum() for here in inside))
    level = np.array(
        [np.average(w.person[i], weights=g[i]) for w, i, g in zip(waves, inside, weights, strict=True)]
    )
    score = np.array([now.theta, before.theta]) + level[:, None]
    found = together(rounds, numbers, behind, influence)
    return Moved(found, score, np.array([now.raw.estimate, before.raw.estimate]), n, both, adjusted=True)


def _influence(wave: _Wave, shared: Floats, on_person: Floats, sign: float) -> Floats:
    """Influence functions (n, 4 d + 1) of what one round adds to change, own, composition, total, shared.

    A person's level is an estimate: it moves by -(mean psi of what the person rated).
    """
    rated = ~np.isnan(wave.y)
    met = (on_person / np.maximum(rated.sum(axis=1), 1)) @ rated
    level = (shared - wave.psi @ met)[:, None]
    own = sign * np.where(np.isfinite(wave.theta), wave.psi, 0.0)
    total = sign * mean_influence(wave.y, wave.survey.design)
    return np.hstack([own + level, own, total - own - level, total, level])


def _plain(
    rounds: tuple[Survey, Survey], y: tuple[Floats, Floats], raw: list[Estimate], enough: Bools
) -> Moved:
    """Compare raw means, each with the mix of its own raters."""
    d = y[0].shape[1]
    cells, weights = mix.cells(*rounds), (rounds[0].design.weights, rounds[1].design.weights)
    numbers, influence = np.full((4, d), np.nan), [np.zeros((len(values), 4, d)) for values in y]
    for j in range(d):
        pair = (y[0][:, j], y[1][:, j])
        inside = tuple(~np.isnan(v) & (w > 0) for v, w in zip(pair, weights, strict=True))
        if not all(here.any() for here in inside):
            continue
        found = mix.split(*pair, weights, cells.within((inside[0], inside[1])))
        numbers[[0, 2, 3], j] = found.rating, found.composition, found.total
        for side, z in zip(influence, found.influence, strict=True):
            side[:, 0, j], side[:, 2, j], side[:, 3, j] = z[:, 0], z[:, 1], z.sum(axis=1)
    reference = enough / max(enough.sum(), 1)
    shared = float(np.nan_to_num(numbers[0]) @ reference) if enough.any() else np.nan
    numbers[1] = numbers[0] - shared
    parts = []
    for side in influence:
        level = side[:, 0] @ reference
        side[:, 1] = side[:, 0] - level[:, None]
        parts.append(np.hstack([side.reshape(len(side), 4 * d), level[:, None]]))
    n = np.array([raw[0].n, raw[1].n])
    behind = np.append(np.tile(n.min(axis=0), 4), n[:, enough].max(initial=0))
    found_ = together(rounds, np.append(numbers.ravel(), shared), behind, parts)
    levels = np.array([raw[0].estimate, raw[1].estimate])
    return Moved(found_, levels, levels, n, enough, adjusted=False)
