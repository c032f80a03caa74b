"""CPU time and memory of reading a round, beside pandas with openpyxl; of a large CSV; of refusals.

Run from the project's folder: `python -m benchmarks.reading` (a minute; one thread). openpyxl is in no extra: where it is absent the
comparison is left out.
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import csv
import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import xlsxwriter

from evalpkg import ingest
from evalpkg.codebook import Codebook, Item, Scale
from evalpkg.ingest import InputRefused

ROOT = Path(__file__).parents[1]


def cpu(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def peak() -> float:
    """Most memory so far in MB; of this program alone, where the system tells: ru_maxrss is handed on by the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def form(items: int) -> Codebook:
    """Return a questionnaire of scores, two of five items of one department each."""
    scale = Scale(1, 5, {"很差": 1.0, "差": 2.0, "一般": 3.0, "好": 4.0, "很好": 5.0})
    made = [
        Item(f"D{i}", f"第{i}项的办理情况", f"项{i}", "score", "driver", scale=scale)
        for i in range(items - 1)
    ]
    made.append(Item("J1", "您的意见", "意见", "text", "remark"))
    return Codebook("bench", "bench", {item.code: item for item in made}, pd.DataFrame(), {})


def rows(n: int, items: int, seed: int = 0) -> list[list[str]]:
    """Return n forms under a header, as a platform writes them."""
    rng = np.random.default_rng(seed)
    marks = np.array(["很差", "差", "一般", "好", "很好"])[rng.integers(0, 5, (n, items - 1))]
    header = ["序号", *(f"{i + 1}、第{i}项的办理情况" for i in range(items - 1)), f"{items}、您的意见"]
    return [header, *([str(i), *marks[i], "贷款难" if i % 3 else "无"] for i in range(n))]


def small(folder: Path) -> None:
    path, grid = folder / "answers.xlsx", rows(1_000, 150)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(grid):
            sheet.write_row(i, 0, row)
    own = min(cpu(lambda: ingest.read_file(path, form(150))) for _ in range(3))
    print(f"1,000 x 150 .xlsx, read and validated: {own:.2f} CPU-s")
    if importlib.util.find_spec("openpyxl"):
        peer = cpu(lambda: pd.read_excel(path, engine="openpyxl", dtype=str))
        print(f"pandas with openpyxl, read alone: {peer:.2f} CPU-s, {peer / own:.1f} times as long")


def large(folder: Path) -> None:
    path, grid = folder / "answers.csv", rows(100_000, 80)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(grid)
    subprocess.run([sys.executable, "-m", "benchmarks.reading", str(path)], check=True, cwd=ROOT)


def one(path: Path) -> None:
    """Read one large file in this process, so that its peak memory is its own."""
    before = peak()
    seconds = cpu(lambda: ingest.read_file(path, form(80)))
    print(f"100,000 x 80 .csv: {seconds:.1f} CPU-s, peak {peak():.0f} MB ({before:.0f} MB before it)")


def refusals(folder: Path) -> None:
    wide = folder / "wide.csv"
    wide.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n1\n", encoding="utf-8")

    def refused() -> None:
        try:
            ingest.read_file(wide, form(5))
        except InputRefused:
            return
        raise AssertionError("read")

    print(f"a million columns refused: {cpu(refused):.2f} CPU-s, peak {peak():.0f} MB")


def main() -> None:
    with TemporaryDirectory() as folder:
        small(Path(folder))
        refusals(Path(folder))
        large(Path(folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(Path(sys.argv[1]))
    else:
        main()
