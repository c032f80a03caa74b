"""Rank sets, best and worst sets and tiers of severity-adjusted scores: near-ties and all equal, few and many clusters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import rankdata

from evalpkg import estimate, ranks
from evalpkg.estimate import Design, Estimate
from evalpkg.scores.comparable import Comparable, comparable
from evalpkg.scores.severity import adjust

from . import worlds
from .scenario import LEVEL, Floats, Ints, Row, Scenario, within

TAU = 5
REPLICATES = 300
DEPARTMENTS = 35
KINDS = ("near-ties", "groups of ties", "all equal")
CLUSTERS = {15: "15 equal chambers", 38: "38 unequal chambers", 0: "1,000 firms"}


def possible(theta: Floats) -> tuple[Ints, Ints]:
    """Give the places each of p may truly take: 1 + how many are strictly better, p - how many are strictly worse.

    >>> possible(np.array([3.0, 2.0, 2.0, 1.0]))
    (array([1, 2, 2, 4]), array([1, 3, 3, 4]))
    """
    better = (theta[None, :] > theta[:, None]).sum(axis=1)
    worse = (theta[None, :] < theta[:, None]).sum(axis=1)
    return 1 + better, len(theta) - worse


@cache
def city(kind: str, chambers: int) -> worlds.World:
    """Build a city whose departments are as near to each other as in the demo, all equal, or tied in groups far apart."""
    means = {
        "near-ties": worlds.demo_means(),
        "all equal": np.full(DEPARTMENTS, 81.0),
        "groups of ties": np.repeat([72.0, 78.0, 81.0, 84.0, 88.0], DEPARTMENTS // 5),
    }
    return worlds.build(means[kind], chambers=chambers, even=chambers == 15)


@cache
def truth(kind: str, chambers: int) -> Floats:
    """Work out the departments' true differences from their mean; ties are exact."""
    city_scores = worlds.if_all_rated(city(kind, chambers))[:-1]
    return np.asarray((city_scores - city_scores.mean()).round(9))


def once(rng: np.random.Generator, kind: str, chambers: int) -> Sequence[float]:
    """Draw one round; check all that is published of its places."""
    sample, true = worlds.draw(city(kind, chambers), rng), truth(kind, chambers)
    scored, lowest, highest = compared(sample), *possible(true)
    theta = scored.theta
    sets = ranks.rank_sets(theta.estimate, theta.cov, df=scored.pooled_df, level=LEVEL)
    tiers = ranks.tiers(theta.estimate, theta.cov, df=theta.df, level=LEVEL)
    alone = (sets.marginal_lower <= lowest) & (highest <= sets.marginal_upper)
    held = (
        _all(sets.lower, sets.upper, lowest, highest),
        float(alone.mean()),
        float(sets.best(TAU)[lowest <= TAU].all()),
        float(sets.worst(TAU)[highest > DEPARTMENTS - TAU].all()),
        float(within(tiers.low, tiers.high, true) == 1),
    )
    if chambers and kind != "all equal":
        return held
    lower, upper = _drawn(scored.linearised) if chambers else _percentiles(sample, int(rng.integers(2**31)))
    return *held, _all(lower, upper, lowest, highest)


def compared(sample: worlds.Sample) -> Comparable:
    """Compare departments as `scores.departments` does, with however few raters."""
    raw, labels = estimate.mean(sample.departments, sample.design), [""] * DEPARTMENTS
    return comparable(sample.departments, sample.design, raw, 2, labels)


def _all(lower: Floats | Ints, upper: Floats | Ints, lowest: Ints, highest: Ints) -> float:
    return float(((lower <= lowest) & (highest <= upper)).all())


def _drawn(scored: Estimate) -> tuple[Ints, Ints]:
    """Give rank sets from normal draws as if the covariance rested on many clusters."""
    sets = ranks.rank_sets(scored.estimate, scored.cov, df=None, level=LEVEL)
    return sets.lower, sets.upper


def _percentiles(sample: worlds.Sample, seed: int) -> tuple[Floats, Floats]:
    """Give the middle 95% of each department's rank over bootstrap replicates of the scores (one linear step each)."""
    fit = adjust(sample.departments, sample.design, [""] * DEPARTMENTS)
    multiplicity = estimate.replicate_weights(Design(np.ones(len(fit.influence))), REPLICATES, seed)
    theta = fit.theta + (multiplicity - 1).T @ fit.influence
    places = rankdata(-theta, axis=1)
    low, high = np.quantile(places, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def _rows(kind: str, control: str) -> tuple[Row, ...]:
    rows = (
        Row(f"rank sets, all 35 at once, {kind}", "joint"),
        Row(f"marginal rank sets, one at a time, {kind}", "joint"),
        Row(f"{TAU}-best set, {kind}", "joint"),
        Row(f"{TAU}-worst set, {kind}", "joint"),
        Row(f"tiers, all 35 at once, {kind}", "joint"),
    )
    return (*rows, Row(f"control: {control}, {kind}", "control")) if control else rows


def _scenario(kind: str, chambers: int) -> Scenario:
    # draws from a poor covariance go wrong where there is much to reject wrongly: where all are equal
    few = "rank sets from normal draws" if kind == "all equal" else ""
    rows = _rows(kind, few if chambers else "percentile bootstrap of ranks")
    key = f"ranks_{kind.replace(' ', '_')}_{chambers or worlds.FIRMS}"
    return Scenario(key, CLUSTERS[chambers], rows, lambda rng: once(rng, kind, chambers))


SCENARIOS = tuple(_scenario(kind, chambers) for chambers in CLUSTERS for kind in KINDS)
