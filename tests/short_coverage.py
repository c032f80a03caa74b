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


def check(key: str, runs: int = RUNS) -> None:
    """Simulate a scenario: its statements must cover, its controls must fail."""
    values, _ = simulation.simulate(key, 0, runs)
    for row, column in zip(simulation.SCENARIOS[key].rows, values.T, strict=True):
        assert_as_it_should_be(row, column)


def assert_as_it_should_be(row: Row, values: np.ndarray) -> None:
    """Compare the mean over runs with its band, wider by what chance may do in so few runs."""
    rate, runs = values.mean(), len(values)
    yes_or_no = np.isin(values, (0, 1)).all()

    def slack(p: float) -> float:
        return SURE * float(np.sqrt(p * (1 - p) / runs if yes_or_no else values.var() / runs))

    if row.kind == "interval":
        assert INSIDE[0] - slack(INSIDE[0]) <= rate <= INSIDE[1] + slack(INSIDE[1]), (
            f"{row.label}: {rate:.3f}"
        )
    elif row.kind == "joint":
        assert rate >= JOINT - slack(JOINT), f"{row.label}: {rate:.3f}"
    elif row.kind == "control":
        assert rate < INSIDE[0] - slack(INSIDE[0]), f"{row.label} does not fail: {rate:.3f}"
    else:
        assert rate < 0.6, f"{row.label}: {rate:.3f}"  # "mean squared error about halves"
