"""Let great-tables build a table and keep of it what the page's own style dresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
from great_tables import GT

from evalpkg.fragment import ABSENT, Fragment, Record, clauses, escape, plain, too_few
from evalpkg.tables.columns import Column

GROUP = "group"  # machine name of the column that holds the group heads


def table(
    id: str,
    columns: Sequence[Column],
    caption: tuple[str, str],
    base: str,
    *,
    rows: Sequence[Record] = (),
    groups: Sequence[str] | None = None,
    folded: str = "",
    close: bool = False,
) -> Fragment:
    """Build one table.

    Parameters
    ----------
    id
        Id in the page, after `tbl-`.
    columns
        The first one heads the rows; a column without a single value is left out.
    caption, base
        Bold title and quiet note above; the line on the denominator below.
    rows
        Of the result: those that are only listed are quiet.
    groups
        Head of the group that each row belongs to.
    folded
        Line that unfolds a long table; empty shows it at once.
    close
        Let the page set a table of many like columns closely, its washed cells as a heat table.
    """
    columns = [column for column in columns if column.left or any(cell != ABSENT for cell in column.cells)]
    quiet = [bool(too_few(row)) for row in rows]
    slim = _slim(_great_table(columns, groups), f"tbl-{id}", columns, quiet, caption, close=close)
    body = f'<div class="t">{slim}<p class="base">{escape(base)}</p></div>'
    return Fragment(f"<details><summary>{escape(folded)}</summary>{body}</details>" if folded else body)


def _great_table(columns: Sequence[Column], groups: Sequence[str] | None) -> str:
    names = [f"c{at}" for at in range(len(columns))]
    words = pd.DataFrame(
        {name: [plain(cell) for cell in column.cells] for name, column in zip(names, columns, strict=True)}
    )
    if groups is not None:
        words[GROUP] = [plain(group) for group in groups]
    heads: dict[str, Any] = {name: plain(column.head) for name, column in zip(names, columns, strict=True)}
    # The id is fixed, or each run would have other bytes; _slim replaces it.
    built = GT(words, id="t", groupname_col=None if groups is None else GROUP).cols_label(heads)
    return str(built.as_raw_html())


def _slim(
    source: str,
    id: str,
    columns: Sequence[Column],
    quiet: Sequence[bool],
    caption: tuple[str, str],
    *,
    close: bool,
) -> str:
    """Drop 10 kB of style and attributes a table; give cells the classes that the page knows."""
    root = ET.fromstring(source[source.index("<table") : source.index("</table>") + len("</table>")])
    root.attrib = {"class": "gt_table heat" if close else "gt_table", "id": id}
    for row in root.iterfind("thead/tr"):
        _dress(row, columns)
    for row in (row for row in root.iterfind("tbody/tr") if _is_group(row)):
        row[0].attrib = {"class": "gt_group_heading", "colspan": str(len(columns)), "scope": "colgroup"}
        row.attrib = {"class": "g"}
    for at, row in enumerate(row for row in root.iterfind("tbody/tr") if row.get("class") != "g"):
        _dress(row, columns, at)
        if at < len(quiet) and quiet[at]:
            row.set("class", "q")
    _strip(root)
    root.insert(0, _caption(*caption))
    return ET.tostring(root, encoding="unicode", method="html")


def _is_group(row: ET.Element) -> bool:
    return "gt_group_heading_row" in row.get("class", "")


def _dress(row: ET.Element, columns: Sequence[Column], at: int | None = None) -> None:
    """Give the cells of the head, or of row `at`, the classes, signs and bold face of their columns."""
    row.attrib = {}
    for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
        scope = {"scope": "col"} if cell.tag == "th" else {}
        if place == 0 and cell.tag == "td":  # names its row
            cell.tag, scope = "th", {"scope": "row"}
        side = "gt_left" if column.left else "gt_right"
        own = column.marks[at] if at is not None and column.marks else ""
        cell.attrib = {"class": " ".join(f"{side} {column.css} {own}".split()), **scope}
        if column.bold and cell.tag == "td":
            ET.SubElement(cell, "b").text, cell.text = cell.text, None
        if at is not None and column.pictures:
            _put(cell, column.pictures[at])


def _put(cell: ET.Element, picture: str) -> None:
    """Put a drawing of our own before the words of a cell."""
    if picture:
        drawing = ET.fromstring(picture)
        drawing.tail, cell.text = cell.text, None
        cell.insert(0, drawing)


def _caption(title: str, note: str) -> ET.Element:
    caption = ET.Element("caption")
    bold = ET.SubElement(caption, "b")
    bold.text, bold.tail = plain(title), " " if note else None
    for clause in clauses(note):
        ET.SubElement(caption, "span", {"class": "c"}).text = plain(clause)
    return caption


def _strip(root: ET.Element) -> None:
    """Drop the blanks between tags."""
    for node in root.iter():
        node.text = node.text if node.text and node.text.strip() else None
        node.tail = node.tail if node.tail and node.tail.strip() else None
