"""CPU time and memory of relative importance.

Run from the project's folder: `python -m benchmarks.drivers` (a minute; one thread).
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import time
import tracemalloc
from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np

from evalpkg.drivers import johnson, lmg
from evalpkg.drivers.incomplete import moments

FIRMS, DRAWS = 1000, 1000


def answers(p: int, seed: int = 0) -> np.ndarray:
    """Return standardised answers (firms, p+1) with a halo, outcome first."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(FIRMS, p)) + 0.7 * rng.normal(size=(FIRMS, 1))
    data = np.column_stack([x @ np.linspace(0.1, 1, p) + rng.normal(size=FIRMS), x])
    return (data - data.mean(axis=0)) / data.std(axis=0)


def replicates(draws: int, seed: int = 0) -> np.ndarray:
    """Return bootstrap weights (firms, draws)."""
    counts = np.random.default_rng(seed).multinomial(FIRMS, np.full(FIRMS, 1 / FIRMS), size=draws)
    return counts.T.astype(float)


def gaps(values: np.ndarray, share: float) -> np.ndarray:
    return np.where(np.random.default_rng(1).random(values.shape) < share, np.nan, values)


def by_least_squares(covariance: np.ndarray) -> np.ndarray:
    """LMG the plain way: a linear system for every subset of drivers."""
    p = len(covariance) - 1
    r2 = {(): 0.0}
    for size in range(1, p + 1):
        for s in combinations(range(1, p + 1), size):
            y = covariance[0, list(s)]
            r2[s] = y @ np.linalg.solve(covariance[np.ix_(s, s)], y) / covariance[0, 0]
    shares = np.zeros(p)
    for s, value in r2.items():
        for j in range(1, p + 1):
            if j not in s:
                gain = r2[tuple(sorted((*s, j)))] - value
                shares[j - 1] += gain / (p * comb(p - 1, len(s)))
    return shares


def cpu(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the best CPU time of a task in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return min(times)


def peak(task: Callable[[], object]) -> float:
    """Return the peak memory a task allocates, MB."""
    tracemalloc.start()
    task()
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top / 1e6


def main() -> None:
    print(f"{'what':58} {'CPU s':>8} {'peak MB':>8}   aim")
    for p, draws, aim in ((10, DRAWS, "0.3 s"), (15, DRAWS, "10 s"), (20, 1, "0.5 s, 200 MB")):
        covariance = moments(answers(p), replicates(draws)).covariance

        def task(given: np.ndarray = covariance) -> np.ndarray:
            return lmg(given)

        print(f"{f'lmg, {p} drivers, {draws} bootstraps':58} {cpu(task):8.3f} {peak(task):8.1f}   {aim}")
    ten = np.cov(answers(10).T)
    print(f"{'lmg, 10 drivers, one matrix':58} {cpu(lambda: lmg(ten)):8.4f}")
    plain = cpu(lambda: by_least_squares(ten))
    print(f"{'  the same by a linear system per subset':58} {plain:8.4f}")
    assert np.allclose(by_least_squares(ten), lmg(ten), atol=1e-12)
    batch = moments(answers(10), replicates(DRAWS)).covariance
    print(f"{f'johnson, 10 drivers, {DRAWS} bootstraps':58} {cpu(lambda: johnson(batch)):8.3f}")
    weights = replicates(DRAWS)
    for share in (0.0, 0.05, 0.2):
        values = gaps(answers(9), share)
        start = moments(values, np.ones((FIRMS, 1)))

        def fit(values: np.ndarray = values, start: object = start) -> object:
            return moments(values, weights, start=start, tolerance=1e-4)  # type: ignore[arg-type]

        name = f"moments, {FIRMS} firms, 10 items, {share:.0%} gaps, {DRAWS} bootstraps"
        print(f"{name:58} {cpu(fit, 1):8.3f} {peak(fit):8.1f}")


if __name__ == "__main__":
    main()
