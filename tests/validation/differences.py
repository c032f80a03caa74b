"""Differences of all pairs of departments, raw and severity-adjusted, where harsh firms meet regulators more often."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from evalpkg import estimate
from evalpkg.synthetic import world

from . import worlds
from .means import PAIRS
from .places import compared
from .scenario import Floats, Row, Scenario, covered

EVERY = 7  # of 595 pairs one in seven is followed up: each has a small-sample form of its own
ADJUSTED = Row("severity-adjusted differences of pairs", "interval")
RAW = Row("control: raw differences of all pairs", "control")


@cache
def city(confounded: bool, chambers: int, linear: bool) -> worlds.World:
    """Build the demo's city; where confounded, severity decides whom a firm meets."""
    harsh = worlds.CONFOUNDED if confounded else world.HARSH_CONTACT
    return worlds.build(worlds.demo_means(), chambers=chambers, harsh=harsh, linear=linear)


@cache
def truth(confounded: bool, chambers: int, linear: bool) -> Floats:
    """Work out the differences that the city would show if every firm rated every department."""
    return np.asarray(PAIRS @ worlds.if_all_rated(city(confounded, chambers, linear))[:-1])


def once(rng: np.random.Generator, confounded: bool, chambers: int, linear: bool = False) -> Sequence[float]:
    """Draw one round; check adjusted differences and, where severity confounds, raw ones."""
    sample = worlds.draw(city(confounded, chambers, linear), rng)
    true = truth(confounded, chambers, linear)
    held = covered(compared(sample).combine(PAIRS[::EVERY]), true[::EVERY])
    if not confounded:
        return (held,)
    raw = estimate.mean(sample.departments, sample.design)
    return held, covered(estimate.contrast(raw, PAIRS), true)


SCENARIOS = (
    Scenario(
        "differences_demo",
        "38 unequal chambers",
        (Row(f"{ADJUSTED.label}, the demo's confounding", "interval"),),
        lambda rng: once(rng, False, 38),
    ),
    Scenario(
        "differences_firms",
        "1,000 firms",
        (Row(f"{ADJUSTED.label}, strong confounding", "interval"), RAW),
        lambda rng: once(rng, True, 0),
    ),
    Scenario(
        "differences_38",
        "38 unequal chambers",
        (Row(f"{ADJUSTED.label}, strong confounding", "interval"), RAW),
        lambda rng: once(rng, True, 38),
    ),
    Scenario(
        "differences_linear",
        "38 unequal chambers",
        (Row(f"{ADJUSTED.label}, strong confounding, scores on a line", "interval"), RAW),
        lambda rng: once(rng, True, 38, linear=True),
    ),
)
