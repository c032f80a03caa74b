"""Run every scenario and write the table: `PYTHONPATH=tests python -m validation --write METHODS.md`."""

import argparse
import fnmatch
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import simulation, table

RUNS = 1_000


def main() -> None:
    """Simulate, print the table and, with --write, put it into a file between its markers."""
    parser = argparse.ArgumentParser(prog="validation", description=__doc__)
    parser.add_argument("--write", type=Path, help="file with the markers that hold the table")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="*", help="scenarios, as a pattern: ranks_*")
    chosen = parser.parse_args()
    if chosen.write:
        table.replaced(chosen.write.read_text(encoding="utf-8"), "")  # refuse before the long part
    keys = [key for key in simulation.SCENARIOS if fnmatch.fnmatch(key, chosen.only)]
    found = _simulate(keys, chosen.runs, chosen.workers)
    text = table.markdown({key: found[key] for key in keys})
    sys.stdout.write(text + "\n")
    if chosen.write:
        old = chosen.write.read_text(encoding="utf-8")
        chosen.write.write_text(table.replaced(old, text), encoding="utf-8")


def _simulate(keys: list[str], runs: int, workers: int) -> dict[str, list[simulation.Outcome]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    found = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("scenarios", total=len(keys))
        for key, outcomes in simulation.run(keys, runs, workers):
            found[key] = outcomes
            progress.advance(task)
    return found


if __name__ == "__main__":
    main()
