"""Means, shares, domains and raw differences after raking, and what goes wrong without weights, clusters or firms as unit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.special import stdtrit

from evalpkg import estimate
from evalpkg.estimate import Design, Estimate

from . import worlds
from .scenario import LEVEL, Floats, Ints, Row, Scenario, covered, differences

FEW_RATERS = 0.0255  # contact rate of the first department: about 30 of 1,000 firms then rate it
REPLICATES = 200
PAIRS = differences(35)

HOLD = (
    Row("raked mean", "interval"),
    Row("raked share of the best score, on the logit", "interval"),
    Row("means of 35 departments among their contacts", "interval"),
    Row("the same, a department rated by about 30 firms", "interval"),
    Row("raw differences of all pairs among their contacts", "interval"),
    Row("mean of all 14,000 ratings", "interval"),
)
UNWEIGHTED = Row("control: raked mean without the weights", "control")
UNCLUSTERED = Row("control: mean of all ratings, firms of a chamber as independent", "control")
IID = Row("control: mean of all ratings, ratings as independent", "control")


@cache
def city(chambers: int, even: bool) -> worlds.World:
    """Build the demo's city with one department that few firms meet."""
    rates = worlds.reference()["synthetic_contact_rate"].to_numpy(dtype=float).copy()
    rates[0] = FEW_RATERS
    return worlds.build(worlds.demo_means(), chambers=chambers, even=even, rates=rates)


@cache
def truth(chambers: int, even: bool) -> dict[str, Floats]:
    """Work out every true value that `once` checks."""
    made = city(chambers, even)
    contacts, rates = worlds.among_contacts(made)[:-1], worlds.contact_rates(made)[:-1]
    return {
        "overall": worlds.if_all_rated(made)[-1:],
        "best": np.array([worlds.satisfied(made)]),
        "departments": contacts,
        "pairs": PAIRS @ contacts,
        "ratings": np.array([rates @ contacts / rates.sum()]),
    }


def once(rng: np.random.Generator, chambers: int, even: bool) -> Sequence[float]:
    """Draw one round and check all statements."""
    sample, true = worlds.draw(city(chambers, even), rng), truth(chambers, even)
    overall, departments = sample.overall, estimate.mean(sample.departments, sample.design)
    low, high = departments.interval(LEVEL)
    inside = (low <= true["departments"]) & (true["departments"] <= high)
    firms = np.arange(len(overall))
    return (
        covered(estimate.mean(overall, sample.design), true["overall"]),
        covered(estimate.share((overall == worlds.BEST).astype(float), sample.design), true["best"]),
        float(inside[1:].mean()),
        float(inside[0]),
        covered(estimate.contrast(departments, PAIRS), true["pairs"]),
        covered(of_all_ratings(sample, sample.design.cluster_codes), true["ratings"]),
        covered(of_all_ratings(sample, firms), true["ratings"])
        if chambers
        else _unweighted(overall, true["overall"]),
        covered(of_all_ratings(sample, None), true["ratings"]),
    )


def _unweighted(y: Floats, truth: Floats) -> float:
    return covered(estimate.mean(y, Design(np.ones(len(y)))), truth)


def of_all_ratings(sample: worlds.Sample, clusters: Ints | None) -> Estimate:
    """Estimate the mean of all ratings, a row a rating; `clusters` (n,) says which firms were drawn together."""
    firm, department = np.nonzero(~np.isnan(sample.departments))
    design = Design(sample.design.weights[firm], clusters=None if clusters is None else clusters[firm])
    return estimate.mean(sample.departments[firm, department], design)


# --- replicate weights ------------------------------------------------------------------------------------


def replicated(rng: np.random.Generator, chambers: int) -> Sequence[float]:
    """Check the interval of the raked mean from the spread of Rao-Wu replicates."""
    sample, true = worlds.draw(city(chambers, False), rng), truth(chambers, False)["overall"][0]
    design, y = sample.design, sample.overall
    weights = estimate.replicate_weights(design, REPLICATES, int(rng.integers(2**31)))
    means = y @ weights / weights.sum(axis=0)
    centre = float(y @ design.weights / design.weights.sum())
    # deviations are taken from the full sample, not from the mean of the replicates
    error = np.sqrt(np.mean((means - centre) ** 2))
    return (float(abs(centre - true) <= stdtrit(design.df, (1 + LEVEL) / 2) * error),)


SCENARIOS = (
    Scenario("means_firms", "1,000 firms", (*HOLD, UNWEIGHTED, IID), lambda rng: once(rng, 0, True)),
    Scenario("means_38", "38 unequal chambers", (*HOLD, UNCLUSTERED, IID), lambda rng: once(rng, 38, False)),
    Scenario("means_15", "15 equal chambers", (*HOLD, UNCLUSTERED, IID), lambda rng: once(rng, 15, True)),
    Scenario(
        "replicates_38",
        "38 unequal chambers",
        (Row("raked mean, 200 Rao-Wu replicates raked again", "interval"),),
        lambda rng: replicated(rng, 38),
    ),
)
