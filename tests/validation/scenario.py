"""What is simulated: a scenario draws one sample and checks one or more statements against the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalpkg.estimate import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["interval", "joint", "control", "gain"]

LEVEL = 0.95
INSIDE = (0.93, 0.97)  # where an interval at .95 must cover
JOINT = 0.94  # what a simultaneous statement at .95 must reach; it may be more
GAIN = 0.75  # mean squared error of shrunken over direct estimates that is still called a gain


@dataclass(frozen=True)
class Row:
    """One statement that is checked.

    `kind`: "interval" must cover within `INSIDE`, "joint" (simultaneous or cautious by construction) at least
    `JOINT`, a "control" must fail, a "gain" is a ratio of mean squared errors and must be below `GAIN`.
    """

    label: str
    kind: Kind


@dataclass(frozen=True)
class Scenario:
    """Draw a sample with `once(rng)`; it returns a number from 0 to 1 per row: the share of true values covered."""

    key: str
    clusters: str
    rows: tuple[Row, ...]
    once: Callable[[np.random.Generator], Sequence[float]]


def covered(estimate: Estimate, truth: Floats | float) -> float:
    """Give the share of true values within their own intervals.

    >>> covered(Estimate(np.array([1.0, 9.0]), np.eye(2), np.array([5, 5]), np.inf), np.array([0.0, 0.0]))
    0.5
    """
    low, high = estimate.interval(LEVEL)
    return within(low, high, truth)


def within(low: Floats, high: Floats, truth: Floats | float) -> float:
    """Give the share of true values from `low` to `high`."""
    return float(np.mean((low <= truth) & (truth <= high)))


def differences(p: int) -> Floats:
    """Give the contrasts of all pairs of p, (p (p - 1) / 2, p).

    >>> differences(3)
    array([[ 1., -1.,  0.],
           [ 1.,  0., -1.],
           [ 0.,  1., -1.]])
    """
    first, second = np.triu_indices(p, 1)
    identity = np.eye(p)
    return np.asarray(identity[first] - identity[second])
