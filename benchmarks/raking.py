"""Raking 1,000, 100,000 and 1,000,000 responses by three margins: CPU time beside other ways of doing it.

Prints seconds of CPU time (best of several runs, from raw columns to weights) and the ratio to ours. Columns are
text as a CSV file gives it (equal cells are one object), whole numbers, and text of which every cell is an object
of its own, as `astype(str)` makes it. weightipy and R with survey are timed where they are installed; for R
`survey::rake` alone counts, without reading and without `svydesign`.

    python benchmarks/raking.py [ROWS ...]
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy

import importlib.util
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from evalpkg.weights import rake

ROWS, REGISTER, TOLERANCE = (1_000, 100_000, 1_000_000), 4_000_000, 1e-10

R_SCRIPT = """
suppressMessages(library(survey))
d <- read.csv("sample.csv", stringsAsFactors = TRUE)
margins <- lapply(names(d), function(v) { m <- read.csv(paste0(v, ".csv")); names(m) <- c(v, "Freq"); m })
design <- svydesign(id = ~1, weights = rep(1, nrow(d)), data = d)
best <- Inf
for (i in 1:RUNS) {
  t <- system.time(r <- rake(design, list(~district, ~size, ~industry), margins,
                             control = list(epsilon = 1e-12, maxit = 500)))
  best <- min(best, t[["user.self"]] + t[["sys.self"]])
}
cat(best, "\\n")
write.csv(data.frame(w = weights(r)), "weights.csv", row.names = FALSE)
"""


def problem(rows: int) -> tuple[pd.DataFrame, dict[Hashable, pd.Series]]:
    """Draw a sample, in whole numbers, from a register in which size, industry and district go together.

    Shares as in the demo rounds: 72% of the register are sole traders (G), 35% of the respondents.
    """
    rng = np.random.default_rng(0)
    size = rng.choice(5, REGISTER, p=[0.002, 0.008, 0.07, 0.20, 0.72])
    industry = (rng.poisson(1 + size) + rng.integers(0, 3, len(size))) % 8
    district = (rng.poisson(3 + size + industry / 2)) % 15
    register = pd.DataFrame({"district": district, "size": size, "industry": industry})
    answers = np.array([0.04, 0.10, 0.23, 0.28, 0.35])[size] / np.bincount(size)[size]
    answers *= rng.uniform(0.3, 3, 15)[district] * rng.uniform(0.3, 3, 8)[industry]
    drawn = rng.choice(len(size), rows, replace=False, p=answers / answers.sum(), shuffle=False)
    sample = register.iloc[drawn].reset_index(drop=True)
    return sample, {
        column: register[column].value_counts().sort_index().astype(float)[np.unique(sample[column])]
        for column in register
    }


def columns(sample: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Give the same sample as another kind of columns."""
    if kind == "whole numbers":
        return sample
    if kind == "text from a file":
        return pd.read_csv(io.StringIO(sample.to_csv(index=False)), dtype=str)
    return sample.astype(str)


def plain(sample: pd.DataFrame, margins: dict[Hashable, pd.Series]) -> np.ndarray:
    """Rake row by row with pandas, as textbooks do."""
    w, deviation = pd.Series(1.0, index=sample.index), 1.0
    while deviation > TOLERANCE:
        deviation = 0.0
        for column, totals in margins.items():
            ratio = totals / w.groupby(sample[column]).sum()
            w *= sample[column].map(ratio)
            deviation = max(deviation, float((ratio - 1).abs().max()))
    return w.to_numpy()


def with_weightipy(sample: pd.DataFrame, margins: dict[Hashable, pd.Series]) -> np.ndarray:
    import weightipy  # type: ignore[import-not-found, unused-ignore]

    targets = {c: {k: 100 * x / t.sum() for k, x in t.items()} for c, t in margins.items()}
    done = weightipy.weight_dataframe(sample.copy(), weightipy.scheme_from_dict(targets), "w")
    return np.asarray(done["w"], dtype=float)


def with_r(
    sample: pd.DataFrame, margins: dict[Hashable, pd.Series], runs: int
) -> tuple[float, np.ndarray] | None:
    """Return the CPU time that R states and its weights; None without R and survey."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        sample.to_csv(Path(folder, "sample.csv"), index=False)
        for column, totals in margins.items():
            totals.rename("Freq").rename_axis(str(column)).to_csv(Path(folder, f"{column}.csv"))
        run = subprocess.run(
            ["Rscript", "-e", f"RUNS <- {runs}{R_SCRIPT}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            return None
        return float(run.stdout.split()[-1]), pd.read_csv(Path(folder, "weights.csv"))["w"].to_numpy()


def cpu(call: Callable[[], np.ndarray], runs: int) -> tuple[float, np.ndarray]:
    """Return the smallest CPU time of several runs, and the result."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        result = call()
        times.append(time.process_time() - start)
    return min(times), result


def compare(rows: int, kind: str) -> None:
    """Print the CPU time of everybody on one problem."""
    numbers, totals = problem(rows)
    sample = columns(numbers, kind)
    named = kind != "whole numbers"
    margins = {c: t.rename(index=str) if named else t for c, t in totals.items()}
    few = 2 if rows > 200_000 else 5
    ours, weights = cpu(lambda: rake(sample, margins), runs=5 * few)
    timed = [("evalpkg.weights.rake", ours, weights)]
    timed.append(("pandas, row by row", *cpu(lambda: plain(sample, margins), runs=1)))
    if importlib.util.find_spec("weightipy"):
        timed.append(("weightipy", *cpu(lambda: with_weightipy(sample, margins), runs=few)))
    if kind == "text from a file" and (r := with_r(sample, margins, runs=1 if few == 2 else 3)) is not None:
        timed.append(("R survey::rake", *r))
    print(
        f"{rows:,} responses, {kind}, margins of {', '.join(str(len(t)) for t in margins.values())} categories"
    )
    for name, seconds, w in timed:
        off = np.abs(w / w.sum() * weights.sum() / weights - 1).max()
        print(f"  {name:22} {seconds:8.4f} s CPU {seconds / ours:7.1f} x   weights differ by {off:.0e}")


def main() -> None:
    for rows in [int(argument) for argument in sys.argv[1:]] or ROWS:
        for kind in ("text from a file", "whole numbers", "text, every cell its own"):
            compare(rows, kind)


if __name__ == "__main__":
    main()
