"""CPU time of changes over ten rounds of a thousand respondents, beside reading them.

    python benchmarks/trends.py

The rounds are the demo's 2022H2, each with the respondents of another draw under its own name; one BLAS thread.
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import time
from dataclasses import replace
from datetime import date

import numpy as np

from evalpkg import complaints, params, survey, trends

ROUNDS = [f"{year}H{half}" for year in range(2018, 2023) for half in (1, 2)]


def drawn(opened: survey.Survey, name: str, seed: int) -> survey.Survey:
    """Return the survey under another name, with respondents drawn anew."""
    rng = np.random.default_rng(seed)
    kept = survey.restricted(opened, rng.random(opened.n) < 0.98)
    year, half = int(name[:4]), int(name[-1])
    period = params.Period(start=date(year, 6 * half - 5, 1), end=date(year, 6 * half, 30))
    return replace(kept, round=kept.round.model_copy(update={"id": name, "period": period}))


def main() -> None:
    opened = survey.open("2022H2")
    rounds = [drawn(opened, name, seed) for seed, name in enumerate(ROUNDS)]
    past = trends.History(rounds[-1], complaints.History(tuple(rounds[:-1])))
    total = 0.0
    for analysis in (trends.course, trends.changes, trends.departments, trends.districts):
        start = time.process_time()
        analysis(past)
        spent = time.process_time() - start
        total += spent
        print(f"{analysis.__name__:<12} {spent:5.2f} s CPU")
    print(f"{len(rounds)} rounds of {opened.n:,} respondents: {total:.2f} s CPU (aim: 5)")


if __name__ == "__main__":
    main()
