"""Run scenarios: run r of a scenario depends on its key and r alone, whatever the number of processes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from . import areas, differences, drivers, means, measures, places, published, rounds, themes
from .scenario import GAIN, INSIDE, JOINT, Floats, Row, Scenario

SCENARIOS = {
    scenario.key: scenario
    for module in (means, differences, places, published, areas, drivers, themes, rounds, measures)
    for scenario in module.SCENARIOS
}
CHUNK = 50  # runs a process does at a time


@dataclass(frozen=True)
class Outcome:
    """What came of one row: `rate` (mean over runs), its Monte Carlo standard error, CPU seconds of the scenario."""

    row: Row
    clusters: str
    runs: int
    rate: float
    error: float
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the row is as it should be: covers, or fails where it is a control."""
        return {
            "interval": INSIDE[0] <= self.rate <= INSIDE[1],
            "joint": self.rate >= JOINT,
            "control": self.rate < INSIDE[0],
            "gain": self.rate < GAIN,
        }[self.row.kind]


def simulate(key: str, first: int, count: int) -> tuple[Floats, float]:
    """Do `count` runs of a scenario from run `first`; return (count, rows) and CPU seconds."""
    start, scenario = time.process_time(), SCENARIOS[key]
    name = zlib.crc32(key.encode())
    values = [scenario.once(np.random.default_rng([name, run])) for run in range(first, first + count)]
    return np.array(values, dtype=float), time.process_time() - start


def run(keys: Iterable[str], runs: int, workers: int = 2) -> Iterator[tuple[str, list[Outcome]]]:
    """Run scenarios in parallel; yield the outcomes of each as it is complete."""
    done: dict[str, list[tuple[Floats, float]]] = {}
    chunks = [(key, first) for key in keys for first in range(0, runs, CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        jobs = {pool.submit(simulate, key, first, min(CHUNK, runs - first)): key for key, first in chunks}
        for job in as_completed(jobs):
            parts = done.setdefault(jobs[job], [])
            parts.append(job.result())
            if sum(len(values) for values, _ in parts) == runs:
                yield jobs[job], outcomes(SCENARIOS[jobs[job]], parts)


def outcomes(scenario: Scenario, parts: list[tuple[Floats, float]]) -> list[Outcome]:
    """Summarise the runs of one scenario row by row."""
    values = np.concatenate([values for values, _ in parts])
    seconds, runs = sum(spent for _, spent in parts), len(values)
    # runs come back in any order; a mean in fixed order is the same to the last digit
    values = np.sort(values, axis=0)
    rates, errors = values.mean(axis=0), values.std(axis=0) / np.sqrt(runs)
    return [
        Outcome(row, scenario.clusters, runs, float(rate), float(error), seconds)
        for row, rate, error in zip(scenario.rows, rates, errors, strict=True)
    ]
