"""Cost of running a round: what the runner adds to plain scripts, two notebooks at a time, size of pages.

    python benchmarks/report.py [--root WORKSPACE] [--round 2022H2] [--repeat 3]

CPU seconds are user + system of a process and of all its children; wall seconds only compare `jobs`. Each figure is
the smallest of the repeats: other load on the machine can only add.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat

from evalpkg import synthetic
from evalpkg.report import notebooks

CHECKOUT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def measured(command: Sequence[str], env: dict[str, str]) -> tuple[float, float]:
    """Run a command and return its CPU and wall seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, env=env, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def best(command: Sequence[str], env: dict[str, str], repeat: int) -> tuple[float, float]:
    """Run a command several times and return the smallest CPU and wall seconds."""
    runs = [measured(command, env) for _ in range(repeat)]
    return min(cpu for cpu, _ in runs), min(wall for _, wall in runs)


def script(path: Path, round_id: str, folder: Path) -> Path:
    """Write the code cells of a notebook as a script that shows nothing."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = [cell.source for cell in cells]
    lines.insert(1, f"round_id = {round_id!r}")
    target = folder / f"{path.stem}.py"
    target.write_text("\n".join(lines), encoding="utf-8")
    return target


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path)
    parser.add_argument("--round", default="2022H2")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = options.root or folder / "workspace"
        if not options.root:
            synthetic.write(root, [options.round])
        report(root.resolve(), options.round, options.repeat, folder)


def report(root: Path, round_id: str, repeat: int, folder: Path) -> None:
    env = {**os.environ, **ONE_THREAD, "EVALPKG_ROOT": str(root), "PYTHONPATH": str(CHECKOUT)}
    found = notebooks.find(root)
    plain = []
    for item in found:
        cpu, _ = best([sys.executable, str(script(item.path, round_id, folder))], env, repeat)
        plain.append(cpu)
        print(f"{item.stem:<16} as a script          {cpu:6.2f} CPU-s")
    run = [
        sys.executable,
        "-m",
        "evalpkg.cli",
        "run",
        round_id,
        "--root",
        str(root),
        "--out",
        str(folder / "out"),
    ]
    cpu, two = best([*run, "--jobs", "2"], env, repeat)
    _, one = best([*run, "--jobs", "1"], env, repeat)
    print(f"{'all':<16} as scripts          {sum(plain):6.2f} CPU-s")
    print(f"{'all':<16} evalpkg run         {cpu:6.2f} CPU-s")
    print(f"{'a notebook':<16} added by the runner {(cpu - sum(plain)) / len(found):6.2f} CPU-s")
    print(f"{'wall':<16} one at a time       {one:6.2f} s")
    print(f"{'wall':<16} two at a time       {two:6.2f} s = {two / one:.2f} x one at a time")
    for path in sorted((folder / "out" / round_id).glob("*.html")):
        print(f"{path.name:<28} {path.stat().st_size / 1000:7.1f} kB")


if __name__ == "__main__":
    main()
