"""Coverage in few runs: the verdict on each row, with a band as wide as chance makes it."""

from __future__ import annotations

import numpy as np
from scipy import stats
from validation import simulation
from validation.scenario import INSIDE, JOINT, Row

RUNS = 200
SURE = float(
    stats.norm.ppf(0.9995)
)  # a band that a method of exactly .93, .94 or .97 leaves once in 1,000 tests


def faults(key: str, runs: int = RUNS) -> list[str]:
    """Simulate a scenario and name the statements that do not cover and the controls that do not fail."""
    values, _ = simulation.simulate(key, 0, runs)
    rows = zip(simulation.SCENARIOS[key].rows, values.T, strict=True)
    return [f"{row.label}: {column.mean():.3f}" for row, column in rows if not as_it_should_be(row, column)]


def as_it_should_be(row: Row, values: np.ndarray) -> bool:
    """Compare the mean over runs with its band, wider by what chance may do in so few runs."""
    rate, runs = float(values.mean()), len(values)
    yes_or_no = np.isin(values, (0, 1)).all()

    def slack(p: float) -> float:
        return SURE * float(np.sqrt(p * (1 - p) / runs if yes_or_no else values.var() / runs))

    if row.kind == "interval":
        return INSIDE[0] - slack(INSIDE[0]) <= rate <= INSIDE[1] + slack(INSIDE[1])
    if row.kind == "joint":
        return rate >= JOINT - slack(JOINT)
    if row.kind == "control":
        return rate < INSIDE[0] - slack(INSIDE[0])
    return rate < 0.6  # "mean squared error about halves"
