"""How far a run has come, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalpkg.report import Step


@contextmanager
def progress() -> Iterator[Callable[[Step], None]]:
    """Show progress on stderr: a bar on a terminal, a line a notebook elsewhere."""
    if not sys.stderr.isatty():
        yield _say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def listen(step: Step) -> None:
            if step.round_id not in tasks:
                tasks[step.round_id] = bar.add_task(step.round_id, total=step.total)
            bar.update(tasks[step.round_id], completed=step.done, description=f"{step.round_id} {step.name}")

        yield listen


def _say(step: Step) -> None:
    news = f"{step.name} 完成" if step.name else "开始"
    print(f"{step.round_id} {step.done}/{step.total} {news}", file=sys.stderr, flush=True)
