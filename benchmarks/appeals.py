"""A register of 100,000 appeals: read, masked, counted, followed, compared by department.

Run from the project's folder: `python -m benchmarks.appeals` (a minute; one thread).
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import csv
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from evalpkg import appeals, params
from evalpkg.synthetic import appeals as demo
from evalpkg.synthetic import round_files, world
from evalpkg.synthetic.remarks import Pen, sentence

Found = TypeVar("Found")
ANALYSES = (
    appeals.overview, appeals.durations, appeals.curve, appeals.satisfaction, appeals.departments, appeals.themes, appeals.repeats,
)  # fmt: skip
N = 100_000
ROUND = "2022H2"
COUNTIES = ("LC", "XG", "CH", "JX", "LL", "YS", "MJ", "XA", "LCH", "SX", "RY", "YY", "LN", "YC", "YB")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        round_ = _round(Path(folder))
        register = timed("read, with personal data masked", lambda: appeals.register(round_))
        for analysis in ANALYSES:
            timed(analysis.__name__, partial(analysis, register))
        timed("groups by channel", lambda: appeals.groups(register, "channel"))


def timed(name: str, run: Callable[[], Found]) -> Found:
    start = time.process_time()
    found = run()
    print(f"{name:35s}{time.process_time() - start:7.2f} s")
    return found


def _round(root: Path) -> params.Round:
    """Write a register of many appeals into a workspace of its own."""
    (root / "params").mkdir()
    for name in ("_defaults", ROUND):
        path = params.bundle() / "params" / f"{name}.yaml"
        (root / "params" / path.name).write_bytes(path.read_bytes())
    round_ = params.load(ROUND, root)
    round_.raw.mkdir(parents=True)
    with (round_.raw / "appeals.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(demo.FIELDS)
        sheet.writerows(_rows(round_))
    return round_


def _rows(round_: params.Round) -> list[list[object]]:
    rng = np.random.default_rng(0)
    pen = Pen(round_files.material(round_.root), ROUND, rng)
    texts = [sentence(pen, theme) for theme in rng.choice(world.THEMES, N)]
    day, took = rng.integers(0, 184, N), np.exp(rng.normal(np.log(11), 0.95, N)).astype(int)
    return [_row(at, texts[at], int(day[at]), int(took[at]), rng) for at in range(N)]


def _row(at: int, text: str, day: int, took: int, rng: np.random.Generator) -> list[object]:
    submitted = date(2022, 7, 1) + timedelta(days=day)
    done = day + took < 184
    outcome = list(demo.OUTCOMES)[int(rng.integers(4))] if done else ""
    closed = submitted + timedelta(days=took) if done else ""
    state = ["closed" if done else "in_progress", submitted, submitted + timedelta(days=21), closed, outcome]
    who = [
        list(demo.CHANNELS)[at % 6],
        COUNTIES[at % len(COUNTIES)],
        "S",
        f"D{1 + at % 35:02d}",
        "FIN",
        "human",
    ]
    return [f"AP-{submitted:%Y%m}-{at:05d}", submitted, *who, text, *state, 0, "", "", "false"]


if __name__ == "__main__":
    main()
