"""Raking 100,000 responses by three margins: CPU time beside other ways of doing it.

Prints seconds of CPU time (best of several runs, from raw columns of text to weights) and the ratio to ours.
weightipy and R with survey are timed where they are installed; for R `survey::rake` alone counts, without
reading and without `svydesign`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from evalpkg.weights import rake

ROWS, TOLERANCE = 100_000, 1e-10

R_SCRIPT = """
suppressMessages(library(survey))
d <- read.csv("sample.csv", stringsAsFactors = TRUE)
margins <- lapply(names(d), function(v) { m <- read.csv(paste0(v, ".csv")); names(m) <- c(v, "Freq"); m })
design <- svydesign(id = ~1, weights = rep(1, nrow(d)), data = d)
best <- Inf
for (i in 1:3) {
  t <- system.time(r <- rake(design, list(~district, ~size, ~industry), margins,
                             control = list(epsilon = 1e-12, maxit = 500)))
  best <- min(best, t[["user.self"]] + t[["sys.self"]])
}
cat(best, "\\n")
write.csv(data.frame(w = weights(r)), "weights.csv", row.names = FALSE)
"""


def problem(rows: int) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Draw a sample from a register in which size, industry and district go together.

    Shares as in the demo rounds: 72% of the register are sole traders (G), 35% of the respondents.
    """
    rng = np.random.default_rng(0)
    size = rng.choice(5, 40 * rows, p=[0.002, 0.008, 0.07, 0.20, 0.72])
    industry = (rng.poisson(1 + size) + rng.integers(0, 3, len(size))) % 8
    district = (rng.poisson(3 + size + industry / 2)) % 15
    register = pd.DataFrame({"district": district, "size": size, "industry": industry})
    answers = np.array([0.04, 0.10, 0.23, 0.28, 0.35])[size] / np.bincount(size)[size]
    answers *= rng.uniform(0.3, 3, 15)[district] * rng.uniform(0.3, 3, 8)[industry]
    drawn = rng.choice(len(size), rows, replace=False, p=answers / answers.sum(), shuffle=False)
    return register.iloc[drawn].reset_index(drop=True).astype(str), {
        column: register[column].astype(str).value_counts().sort_index().astype(float) for column in register
    }


def plain(sample: pd.DataFrame, margins: dict[str, pd.Series]) -> np.ndarray:
    """Rake row by row with pandas, as textbooks do."""
    w, deviation = pd.Series(1.0, index=sample.index), 1.0
    while deviation > TOLERANCE:
        deviation = 0.0
        for column, totals in margins.items():
            ratio = totals / w.groupby(sample[column]).sum()
            w *= sample[column].map(ratio)
            deviation = max(deviation, float((ratio - 1).abs().max()))
    return w.to_numpy()


def with_weightipy(sample: pd.DataFrame, margins: dict[str, pd.Series]) -> np.ndarray:
    import weightipy

    targets = {c: {k: 100 * x / t.sum() for k, x in t.items()} for c, t in margins.items()}
    done = weightipy.weight_dataframe(sample.copy(), weightipy.scheme_from_dict(targets), "w")
    return done["w"].to_numpy()


def with_r(sample: pd.DataFrame, margins: dict[str, pd.Series]) -> tuple[float, np.ndarray] | None:
    """Return the CPU time that R states and its weights; None without R and survey."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        sample.to_csv(Path(folder, "sample.csv"), index=False)
        for column, totals in margins.items():
            totals.rename("Freq").rename_axis(column).to_csv(Path(folder, f"{column}.csv"))
        run = subprocess.run(
            ["Rscript", "-e", R_SCRIPT], cwd=folder, capture_output=True, text=True, check=False
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


def main() -> None:
    sample, margins = problem(ROWS)
    ours, weights = cpu(lambda: rake(sample, margins), runs=7)
    rows = [("evalpkg.weights.rake", ours, weights)]
    rows.append(("pandas, row by row", *cpu(lambda: plain(sample, margins), runs=2)))
    if importlib.util.find_spec("weightipy"):
        rows.append(("weightipy", *cpu(lambda: with_weightipy(sample, margins), runs=3)))
    if (r := with_r(sample, margins)) is not None:
        rows.append(("R survey::rake", *r))
    print(f"{ROWS:,} responses, margins of {', '.join(str(len(t)) for t in margins.values())} categories")
    for name, seconds, w in rows:
        off = np.abs(w / w.sum() * weights.sum() / weights - 1).max()
        print(f"{name:22} {seconds:8.3f} s CPU {seconds / ours:7.1f} x   weights differ by {off:.0e}")


if __name__ == "__main__":
    main()
