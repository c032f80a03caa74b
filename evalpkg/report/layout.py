"""Where the cells of a notebook stand on its page: main column, margin beside it, or the whole width."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import unquote

UNSEEN = {"parameters", "injected-parameters", "hide"}
# What fills the page's width by itself: titles, and the sections that have a grid of their own.
HEADING = re.compile(r"^#{1,3} |<h[123][\s>]", re.MULTILINE)
SECTION = re.compile(r"\s*<section\b")
ANCHOR = re.compile(r'<a class="anchor-link".*?</a>', re.DOTALL)
NOTE_TITLE = re.compile(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", re.DOTALL)
NOTHING = re.compile(r'(<h2>[^<]*</h2>)?(\s*<p class="none">[^<]*</p>\s*)+')
NOTE_START = re.compile(r'(?=<p class="h">)')


def visible(cells: Iterable[Any]) -> list[Any]:
    """Keep the cells that a reader may see: prose, and code that has something to show."""
    return [cell for cell in cells if not UNSEEN & tags(cell) and content(cell).strip()]


def tags(cell: Any) -> set[str]:
    """Tags of a cell."""
    return set(cell.metadata.get("tags", []))


def content(cell: Any) -> str:
    """Return what a cell puts on the page: the source of prose, the HTML (or SVG, Markdown, image) of code."""
    if cell.cell_type == "markdown":
        return str(cell.source)
    if cell.cell_type != "code":
        return ""
    return "\n".join(_shown(output) for output in cell.outputs)


def _shown(output: Any) -> str:
    data = output.get("data", {})
    kinds = ("text/html", "text/markdown", "image/svg+xml", "image/png")
    return next(("".join(data[kind]) for kind in kinds if kind in data), "")


def kind(cell: Any) -> str:
    """Tell ``"note"`` (margin), ``"wide"`` or ``"main"`` apart.

    A title spans the page unless the same output holds a figure: then it belongs to the figure's column.
    """
    if "margin" in tags(cell):
        return "note"
    text = content(cell)
    titled = HEADING.search(text) and "<figure" not in text
    return "wide" if "wide" in tags(cell) or titled or SECTION.match(text) else "main"


def place(cells: Iterable[Any]) -> list[dict[str, list[Any]]]:
    """Group cells into the rows of a page.

    Returns
    -------
    list of dict
        ``{"wide": [cell]}``, or ``{"main": run, "note": run}``: main cells and the notes beside them.

    Notes
    -----
    Notes stand beside the run of main cells before them; main cells after notes begin a new row. Notes on what was
    not asked are left out.
    """
    rows: list[dict[str, list[Any]]] = []
    for name, run in groupby(cells, kind):
        if name == "wide":
            rows.extend({"wide": [cell]} for cell in run)
        elif name == "note" and rows and silent(next(iter(rows[-1].values()))):
            continue
        elif name == "note" and rows and "main" in rows[-1]:
            rows[-1]["note"] = list(run)
        else:
            rows.append({name: list(run)})
    return rows


def marked(cells: Iterable[Any]) -> list[Any]:
    """Write into each cell's metadata (``page``) what the template opens before it and closes after it."""
    placed = []
    for row in place(visible(cells)):
        members = [cell for run in row.values() for cell in run]
        for name, run in row.items():
            for cell in run:
                cell.metadata["page"] = {
                    "opens": ["row"] * (cell is members[0]) + [name] * (cell is run[0]),
                    "closes": [name] * (cell is run[-1]) + ["row"] * (cell is members[-1]),
                    "note": name == "note",
                }
        placed += members
    return placed


def silent(cells: Iterable[Any]) -> bool:
    """Tell whether all that cells have to say is that there is nothing to show: notes on it would explain nothing."""
    return all(NOTHING.fullmatch(content(cell).strip()) for cell in cells)


def notes(html: str) -> str:
    """Split the prose of a margin cell into notes, one for each title.

    Titles become bold lines: beside a figure they would break the order of the page's headings.

    >>> notes("<h4>A</h4><p>a</p>")
    '<div class="note"><p class="h">A</p><p>a</p></div>'
    """
    flat = NOTE_TITLE.sub(r'<p class="h">\1</p>', html)
    return "".join(f'<div class="note">{part}</div>' for part in NOTE_START.split(flat) if part.strip())


def readable_ids(html: str) -> str:
    """Undo the per-cent encoding that nbconvert gives to heading ids, and drop its paragraph signs.

    >>> readable_ids('<h2 id="%E8%A1%A8-1">表 1<a class="anchor-link" href="#%E8%A1%A8-1">¶</a></h2>')
    '<h2 id="表-1">表 1</h2>'
    """
    html = ANCHOR.sub("", html)
    return re.sub(r'\bid="([^"]*%[^"]*)"', lambda found: f'id="{unquote(found[1])}"', html)
