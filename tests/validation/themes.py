"""Shares of themes that a machine finds in remarks, and those that coding two hundred respondents by hand corrects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.complaints.hand import sampling
from evalpkg.complaints.hand.phases import Phases, two_phase

from .drivers import SHARES, designed
from .scenario import LEVEL, Floats, Row, Scenario, within

FIRMS, CODED = 1_000, 200
WROTE, COMPLAIN = 0.8, 0.85  # of the respondents; of those who wrote
COMMON, RARE = [0], [1, 2]
LEVELS = np.array([0.10, 0.015, 0.015, 0.05, *[0.04] * 12])  # true shares of the population
BY_SIZE = np.array([1.15, 0.95, 0.8, 0.7])  # themes are more frequent in one size class than in another
CHAMBER_SD = 0.5  # log sd of a theme's frequency between chambers
FAIR = (0.65, 0.60)  # precision and recall of a classifier whose errors nearly balance
LOPSIDED = (0.35, 0.80)  # of one that finds 2.3 times what there is; the demo's worst themes are worse


def drawn(rng: np.random.Generator, groups: int, precision: float, recall: float) -> Phases:
    """Draw a round, let the machine read it, and code some by hand without error; other complaints are the last column."""
    design, size, chamber = designed(rng, FIRMS, groups)
    wrote = rng.random(FIRMS) < WROTE
    complain = wrote & (rng.random(FIRMS) < COMPLAIN)
    by_size = (BY_SIZE / (SHARES @ BY_SIZE))[size][:, None]
    spread = CHAMBER_SD if groups else 0.0
    often = np.exp(rng.normal(-(spread**2) / 2, spread, (int(chamber.max()) + 1, len(LEVELS))))[chamber]
    level = LEVELS / (WROTE * COMPLAIN)
    chance, false_alarm = np.minimum(level * by_size * often, 1), level * recall * (1 - precision) / precision
    true = (rng.random(chance.shape) < chance) & complain[:, None]
    alarm = (rng.random(true.shape) < false_alarm) & complain[:, None]
    found = np.where(true, rng.random(true.shape) < recall, alarm)
    machine, hand = (
        np.column_stack([part, complain & ~part.any(axis=1)]).astype(float) for part in (found, true)
    )
    return coded_by_hand(rng, design, wrote, machine, hand)


def coded_by_hand(
    rng: np.random.Generator, design: estimate.Design, wrote: np.ndarray, machine: Floats, true: Floats
) -> Phases:
    """Draw those whom people code, as `sampling.draw` does."""
    strata = sampling.rarest(pd.DataFrame(machine[wrote]).rename(columns=str))
    taken, chance = sampling.selected(strata.to_numpy(), design.weights[wrote], CODED, rng)
    stratum, probability, hand = np.full(FIRMS, -1), np.zeros(FIRMS), np.full(true.shape, np.nan)
    stratum[wrote], probability[wrote] = pd.factorize(strata, sort=True)[0], chance
    rows = np.flatnonzero(wrote)[taken]
    hand[rows] = true[rows]
    return Phases(machine, hand, stratum, probability, design)


def once(rng: np.random.Generator, groups: int, precision: float, recall: float) -> Sequence[float]:
    """Draw one round; check corrected shares and those of the machine alone."""
    phases = drawn(rng, groups, precision, recall)
    corrected = two_phase(phases).both.interval(LEVEL)
    alone = estimate.share(phases.machine, phases.design).interval(LEVEL)
    return [covered(limits, themes) for limits in (corrected, alone) for themes in (COMMON, RARE)]


def covered(limits: tuple[Floats, Floats], themes: list[int]) -> float:
    """Give the share of some themes whose true level lies between their limits."""
    low, high = (limit[themes] for limit in limits)
    return within(low, high, LEVELS[themes])


def rows(classifier: str) -> tuple[Row, ...]:
    """Name the statements on a classifier."""
    return (
        Row(f"themes of 10% of firms, 200 coded by hand, {classifier}", "interval"),
        Row(f"themes of 1.5% of firms, 200 coded by hand, {classifier}", "interval"),
        Row(f"control: themes of 10% by machine alone, {classifier}", "control"),
        Row(f"control: themes of 1.5% by machine alone, {classifier}", "control"),
    )


BALANCED = "precision .65, recall .60"
SCENARIOS = (
    # of rare themes the machine's interval is so wide that a bias of 8% does not show: no control
    Scenario("themes_firms", "1,000 firms", rows(BALANCED)[:3], lambda rng: once(rng, 0, *FAIR)[:3]),
    Scenario("themes_38", "38 unequal chambers", rows(BALANCED)[:3], lambda rng: once(rng, 38, *FAIR)[:3]),
    Scenario(
        "themes_lopsided_38",
        "38 unequal chambers",
        rows("precision .35, recall .80"),
        lambda rng: once(rng, 38, *LOPSIDED),
    ),
)
