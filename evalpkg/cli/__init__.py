"""Command line: demo, new, run, check, plan, themes, comparability, code-sheet, version."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from evalpkg.cli.failures import INTERRUPTED, explain, fail
from evalpkg.cli.progress import progress
from evalpkg.cli.verbs import app

__all__ = ["explain", "fail", "main", "progress"]


def main(arguments: Sequence[str] | None = None) -> Any:
    """Run the command line; the console script ``evalpkg``."""
    # Before numpy is imported: two BLAS threads cost more on small matrices than they save.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="replace"
            )  # a terminal that cannot print Chinese must not crash the run
    try:
        code = _call(arguments)
    except Exception as error:  # noqa: BLE001 - a clerk gets a line, never a traceback that may quote an answer
        if type(error).__name__ == "InputRefused" and sys.stderr.isatty():
            return _refuse(error)
        return fail(*explain(error))
    if code == INTERRUPTED:
        return fail("已中断，没有发布任何内容，旧报告未动", INTERRUPTED)
    raise SystemExit(code if isinstance(code, int) else 0)


def _refuse(refusal: Any) -> Any:
    """Show on a terminal why a file is refused, whatever the command was."""
    from evalpkg import ingest

    ingest.show(refusal.problems, sys.stderr)
    raise SystemExit(explain(refusal)[1])


def _call(arguments: Sequence[str] | None) -> Any:
    """Let typer find and call the command, and leave the errors to us."""
    command = typer.main.get_command(app)
    return command(None if arguments is None else list(arguments), standalone_mode=False)
