"""Estimation, scores, ranks and models: CPU time and memory beside other ways of doing it.

    python benchmarks/statistics.py [raking] [rank_sets] [severity] [crossed] [ordinal] [memory]
                                    [--data InstEval.csv]

All sections where none is named. A line is one task: our seconds of CPU (median of several runs, one BLAS thread),
those of a peer, how many times as long the peer takes, and by how much its result differs from ours. Peers that are not
installed are skipped with a line: weightipy (`pip install evalpkg[bench]`), R with survey, lme4 and MASS.
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

# This file has the name of a module of the standard library: its folder must be searched last.
_HERE = str(Path(__file__).resolve().parent)
sys.path = [*(p for p in sys.path if str(Path(p or ".").resolve()) != _HERE), _HERE]

import argparse
import importlib.util
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import raking as rakes
from statsmodels.miscmodels.ordinal_model import OrderedModel

from evalpkg import ordinal
from evalpkg.estimate import Design, mean
from evalpkg.ranks import rank_sets
from evalpkg.scores import crossed, severity_adjusted

DEPARTMENTS, RATED = 35, 14  # of which a firm rates 14 on average
GIB = 2**30

R_CPU = """
cpu <- function(task, runs) median(replicate(runs, { t <- system.time(result <<- task()); t[[1]] + t[[2]] }))
done <- function(seconds, values) { write.csv(data.frame(v = values), "out.csv", row.names = FALSE); cat(seconds) }
"""


@dataclass(frozen=True)
class Measured:
    """CPU seconds of a task and the numbers it gave."""

    seconds: float
    values: np.ndarray


def cpu(task: Callable[[], np.ndarray], runs: int) -> Measured:
    """Measure the median CPU time of a task."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        values = task()
        times.append(time.process_time() - start)
    return Measured(float(np.median(times)), values)


def in_r(package: str, script: str, tables: Mapping[str, pd.DataFrame]) -> Measured | str:
    """Run an R script beside tables written as CSV; a sentence where R or the package is not there."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            table.to_csv(Path(folder, f"{name}.csv"), index=False)
        code = f"suppressMessages(library({package}))\n{R_CPU}\n{script}"
        run = subprocess.run(["Rscript", "-e", code], cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            return (run.stderr.strip().splitlines() or ["Rscript failed"])[-1]
        return Measured(float(run.stdout.split()[-1]), pd.read_csv(Path(folder, "out.csv"))["v"].to_numpy())


def line(task: str, ours: Measured, peer: str, theirs: Measured | str, aim: str = "") -> None:
    """Print one comparison."""
    start = f"{task:34} {ours.seconds:9.4f} s   {peer:26}"
    if isinstance(theirs, str):
        print(f"{start} skipped: {theirs}")
        return
    off = np.abs(theirs.values - ours.values).max()
    ratio = theirs.seconds / ours.seconds
    print(f"{start} {theirs.seconds:9.3f} s {ratio:9.1f} x   differs by {off:.0e}   {aim}")


# --- raking --------------------------------------------------------------------------------------------


def raking(options: argparse.Namespace) -> None:
    """Raw columns of text to weights by three margins; aim at 100,000 rows: weightipy 8 x, R 50 x ours."""
    if not importlib.util.find_spec("weightipy"):
        print("weightipy is not installed: pip install evalpkg[bench]")
    if shutil.which("Rscript") is None:
        print("Rscript is not installed")
    for rows in rakes.ROWS:
        rakes.compare(rows, "text from a file")


# --- department scores ---------------------------------------------------------------------------------


def ratings(firms: int, seed: int = 0) -> np.ndarray:
    """Draw scores 1-5 (firms, departments), NaN where a firm did not deal with the department."""
    rng = np.random.default_rng(seed)
    scores = np.empty((firms, DEPARTMENTS))
    effect = rng.normal(0, 0.25, DEPARTMENTS)
    for start in range(0, firms, 50_000):  # in parts: the table itself is what memory should hold
        part = scores[start : start + 50_000]
        latent = rng.normal(3.9, 0.55, (len(part), 1)) + effect + rng.normal(0, 0.75, part.shape)
        part[:] = np.clip(np.rint(latent), 1, 5)
        part[rng.random(part.shape) > RATED / DEPARTMENTS] = np.nan
    return scores


def design(firms: int, clusters: int | None = None, seed: int = 1) -> Design:
    rng = np.random.default_rng(seed)
    groups = None if clusters is None else rng.integers(0, clusters, firms)
    return Design(rng.uniform(0.5, 2, firms), clusters=groups)


def ranked(y: np.ndarray, given: Design, *, adjusted: bool) -> np.ndarray:
    est = severity_adjusted(y, design=given) if adjusted else mean(y, given)
    sets = rank_sets(est.estimate, est.cov, df=float(est.df.min()))
    return np.concatenate([sets.lower, sets.upper])


def rank_sets_(options: argparse.Namespace) -> None:
    """Weighted means with their covariance, simultaneous and marginal rank sets."""
    y = ratings(1000)
    for clusters, how in ((None, "firms drawn singly"), (38, "38 chambers")):
        given = design(1000, clusters)
        for adjusted in (False, True):
            ours = cpu(partial(ranked, y, given, adjusted=adjusted), 7)
            what = "adjusted scores" if adjusted else "means"
            print(
                f"{f'{DEPARTMENTS} {what} + rank sets, n 1,000, {how}':60} {ours.seconds:9.4f} s   aim < 0.2 s"
            )


R_SEVERITY = """
d <- read.csv("long.csv"); d$department <- factor(d$department)
t <- cpu(function() lmer(y ~ 0 + department + (1 | firm), data = d), 5)
b <- fixef(result); done(t, b - mean(b))
"""


def long(y: np.ndarray) -> pd.DataFrame:
    firm, department = np.nonzero(~np.isnan(y))
    return pd.DataFrame({"y": y[firm, department], "firm": firm, "department": department})


def severity(options: argparse.Namespace) -> None:
    """Scores adjusted for the severity of respondents (theirs: random respondents, so results differ)."""
    y = ratings(1200)
    given = Design(np.ones(1200))
    ours = cpu(lambda: severity_adjusted(y, design=given).estimate, 15)
    theirs = in_r("lme4", R_SEVERITY, {"long": long(y)})
    line(f"severity_adjusted, 1,200 x {DEPARTMENTS}", ours, "lme4::lmer, random firms", theirs, "aim 10 x")


R_CROSSED = """
if (file.exists("data.csv")) d <- read.csv("data.csv") else { data(InstEval); d <- InstEval }
d$s <- factor(d$s); d$d <- factor(d$d)
t <- cpu(function() lmer(y ~ 1 + (1 | s) + (1 | d), data = d), 3)
done(t, REMLcrit(result))
"""
R_DATA = 'data(InstEval); done(0, 0); write.csv(InstEval[, c("s", "d", "y")], "TARGET", row.names = FALSE)'


def crossed_(options: argparse.Namespace) -> None:
    """Crossed random effects by REML on 73,421 ratings of 1,128 lecturers by 2,972 students (lme4's InstEval)."""
    with tempfile.TemporaryDirectory() as folder:
        path = options.data or Path(folder, "InstEval.csv")
        if options.data is None:
            written = in_r("lme4", R_DATA.replace("TARGET", str(path)), {})
            if isinstance(written, str):
                print(f"crossed: no data without R and lme4 ({written}); give it by --data, columns s, d, y")
                return
        table = pd.read_csv(path)
    ours = cpu(lambda: np.array([crossed(table["y"], table["s"], table["d"]).reml]), 3)
    theirs = in_r("lme4", R_CROSSED, {"data": table[["s", "d", "y"]]})
    line(f"crossed, {len(table):,} ratings", ours, "lme4::lmer", theirs, "aim 1 x")


# --- proportional odds ---------------------------------------------------------------------------------

R_POLR = """
d <- read.csv("data.csv"); d$y <- factor(d$y)
t <- cpu(function() polr(y ~ ., data = d, Hess = TRUE), 3)
done(t, c(coef(result), result$zeta))
"""


def ordinal_(options: argparse.Namespace) -> None:
    """Proportional odds of five levels on 12 continuous columns, with standard errors."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(100_000, 12)), columns=[f"x{j}" for j in range(12)])
    y = np.searchsorted([-1.5, -0.5, 0.8, 2], x @ np.linspace(-0.5, 0.8, 12) + rng.logistic(size=100_000))

    def ours() -> np.ndarray:
        model = ordinal.fit(y, x)
        return np.append(model.coef, model.thresholds)

    def statsmodels() -> np.ndarray:
        model = OrderedModel(y, x, distr="logit")
        found = model.fit(method="bfgs", maxiter=1000, disp=False).params
        return np.append(found[:12], model.transform_threshold_params(found)[1:-1])

    fitted, task = cpu(ours, 9), "ordinal.fit, 100,000 x 12"
    line(task, fitted, "statsmodels OrderedModel", cpu(statsmodels, 1), "aim 30 x")
    line(task, fitted, "R MASS::polr", in_r("MASS", R_POLR, {"data": x.assign(y=y)}), "aim 10 x")
    given = design(100_000, 300)
    clustered = cpu(lambda: ordinal.fit(y, x, design=given).coef, 5)
    print(f"{'the same, weighted, 300 clusters':34} {clustered.seconds:9.4f} s")


# --- memory --------------------------------------------------------------------------------------------


def peak() -> float:
    """Return the peak memory of this process so far, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def raked(firms: int, clusters: int | None) -> Design:
    """Draw weights that are raked to three margins of 15, 12 and 5 categories, as a survey's are."""
    rng = np.random.default_rng(2)
    margins = pd.DataFrame({name: rng.integers(0, q, firms) for name, q in (("a", 15), ("b", 12), ("c", 5))})
    plain = design(firms, clusters)
    return Design(
        plain.weights, base_weights=plain.weights, calibration=margins, clusters=plain.cluster_codes
    )


MILLION: dict[str, Callable[[int], Design]] = {
    "firms drawn singly": design,
    "firms drawn singly, raked": partial(raked, clusters=None),
    "300 clusters, raked": partial(raked, clusters=300),
}


def memory(options: argparse.Namespace) -> None:
    """Peak memory of a process that scores and ranks a million respondents."""
    for how in MILLION:  # a process each: a peak is never given back
        subprocess.run([sys.executable, __file__, "--million", how], check=True)


def million(how: str) -> None:
    rows = 1_000_000
    y = ratings(rows)
    given = MILLION[how](rows)
    print(f"{f'{rows:,} x {DEPARTMENTS} ratings drawn, {how}':60} {peak():6.2f} GiB peak")
    estimates = []
    for name, estimated in (("mean", mean), ("severity_adjusted", severity_adjusted)):
        start = time.process_time()
        estimates.append(estimated(y, design=given))
        print(f"{name:60} {peak():6.2f} GiB peak {time.process_time() - start:6.2f} s")
    for scores in estimates:
        scores.interval()
        rank_sets(scores.estimate, scores.cov, df=float(scores.df.min()))
    print(f"{'both with intervals and rank sets':60} {peak():6.2f} GiB peak            aim 1.5 GiB")


SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "raking": raking,
    "rank_sets": rank_sets_,
    "severity": severity,
    "crossed": crossed_,
    "ordinal": ordinal_,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--data", type=Path, help="InstEval as CSV with columns s, d, y (else R writes it)")
    parser.add_argument("--million", choices=MILLION, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: choose from {', '.join(SECTIONS)}")
    if options.million:
        million(options.million)
        return
    for name in options.sections or SECTIONS:
        print(f"-- {name}: {SECTIONS[name].__doc__}", flush=True)  # before what a child prints
        SECTIONS[name](options)


if __name__ == "__main__":
    main()
