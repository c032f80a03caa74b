"""Problems as a person at a terminal reads them: a table; a line each where a program reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from evalpkg.ingest.problems import LISTED, Problem, in_order, lines, more

HEADINGS = ("位置", "问题", "代码")


def show(problems: Sequence[Problem], stream: TextIO) -> None:
    """Print the first fifty problems, those that refuse before the others, and count the rest.

    >>> import sys
    >>> show([Problem("W-GATE", "全部答卷", "请核对"), Problem("E-RANGE", "a.csv 单元格 C5", "应填 0 到 10")], sys.stdout)
    a.csv 单元格 C5：应填 0 到 10（E-RANGE）
    全部答卷：请核对（W-GATE）
    """
    if problems and stream.isatty():
        _table(in_order(problems), stream)
        return
    for line in lines(list(problems)):
        print(line, file=stream)


def _table(problems: list[Problem], stream: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, share in zip(HEADINGS, (2, 5, None), strict=True):
        table.add_column(heading, ratio=share, overflow="fold", no_wrap=share is None)
    for one in problems[:LISTED]:
        style = "bold red" if one.refuses else ""
        table.add_row(Text(_plain(one.place)), Text(_plain(one.message)), Text(one.code, style=style))
    console.print(table)
    for line in more(len(problems) - LISTED):
        console.print(line, soft_wrap=True)


def _plain(text: str) -> str:
    """Leave out what a terminal would obey: a file or a sheet may bear any name."""
    return "".join(sign for sign in text if sign.isprintable())
