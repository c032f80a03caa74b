"""CPU time and memory of relative importance.

Run from the project's folder: `python -m benchmarks.drivers` (half a minute; one thread). R relaimpo is measured beside
it where Rscript has that package.
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import shutil
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np

from evalpkg.drivers import johnson, last, lmg
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


def by_systems(covariance: np.ndarray) -> np.ndarray:
    """LMG with a linear system of moments for every subset of drivers."""
    cov = covariance

    def r2(s: tuple[int, ...]) -> float:
        y = cov[0, list(s)]
        return float(y @ np.linalg.solve(cov[np.ix_(s, s)], y) / cov[0, 0])

    return averaged(r2, len(cov) - 1)


def by_least_squares(data: np.ndarray) -> np.ndarray:
    """LMG the plain way: a regression on the answers for every subset of drivers."""
    centred = data - data.mean(axis=0)
    y = centred[:, 0]

    def r2(s: tuple[int, ...]) -> float:
        x = centred[:, list(s)]
        return float(1 - np.sum((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2) / (y @ y))

    return averaged(r2, data.shape[1] - 1)


def averaged(r2_of: Callable[[tuple[int, ...]], float], p: int) -> np.ndarray:
    """Average the gains in R2 over all subsets."""
    r2 = {(): 0.0}
    for size in range(1, p + 1):
        r2.update({s: r2_of(s) for s in combinations(range(1, p + 1), size)})
    shares = np.zeros(p)
    for s, value in r2.items():
        for j in range(1, p + 1):
            if j not in s:
                gain = r2[tuple(sorted((*s, j)))] - value
                shares[j - 1] += gain / (p * comb(p - 1, len(s)))
    return shares


RELAIMPO = """
suppressMessages(library(relaimpo))
covariance <- as.matrix(read.csv(file("stdin"), header = FALSE))
start <- proc.time()
shares <- calc.relimp(covariance, type = "lmg")@lmg
spent <- (proc.time() - start)[["user.self"]]
cat(spent, sprintf("%.15g", shares))
"""


def by_relaimpo(covariance: np.ndarray) -> tuple[float, np.ndarray] | None:
    """CPU time of R relaimpo for one matrix and its shares; None where R or the package is missing."""
    if shutil.which("Rscript") is None:
        return None
    rows = "\n".join(",".join(map(repr, row)) for row in covariance.tolist())
    ran = subprocess.run(["Rscript", "-e", RELAIMPO], input=rows, capture_output=True, text=True, check=False)
    if ran.returncode:
        return None
    spent, *shares = map(float, ran.stdout.split())
    return spent, np.array(shares)


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
    data = answers(10)
    ten = np.cov(data.T)
    ours = cpu(lambda: lmg(ten))
    print(f"{'lmg, 10 drivers, one matrix':58} {ours:8.4f}")
    for name, task_, result in (
        ("a linear system per subset", lambda: by_systems(ten), by_systems(ten)),
        ("least squares on the answers per subset", lambda: by_least_squares(data), by_least_squares(data)),
    ):
        assert np.allclose(result, lmg(ten), atol=1e-12)
        plain = cpu(task_)
        print(f"{f'  the same by {name}':58} {plain:8.4f} {plain / ours:8.0f} times")
    relaimpo = by_relaimpo(ten)
    if relaimpo is None:
        print("  R relaimpo is not installed: not compared")
    else:
        assert np.allclose(relaimpo[1], lmg(ten), atol=1e-10)
        print(f"{'  the same by R relaimpo':58} {relaimpo[0]:8.4f} {relaimpo[0] / ours:8.0f} times")
    batch = moments(answers(10), replicates(DRAWS)).covariance
    print(f"{f'johnson, 10 drivers, {DRAWS} bootstraps':58} {cpu(lambda: johnson(batch)):8.3f}")
    pairs = [(2 * j, 2 * j + 1) for j in range(5)]
    print(
        f"{f'lmg, 10 drivers in 5 groups, {DRAWS} bootstraps':58} {cpu(lambda: lmg(batch, groups=pairs)):8.3f}"
    )
    print(f"{f'lmg, 8 drivers given 2, {DRAWS} bootstraps':58} {cpu(lambda: lmg(batch, always=(0, 1))):8.3f}")
    print(f"{f'last, 10 drivers, {DRAWS} bootstraps':58} {cpu(lambda: last(batch)):8.3f}")
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
