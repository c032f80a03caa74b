"""The file that keeps the ids of themes, and the names that people gave them, from round to round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from evalpkg.complaints import lexicon
from evalpkg.ingest import spreadsheet
from evalpkg.params import ROUND_ID, ParamsError

FILE = "themes_registry.csv"
COLUMNS = ("id", "name", "since", "status", "parent", "evidence", "note")
OF_PEOPLE = ("name", "note")  # never overwritten by a program
STATUSES = ("persists", "changed", "split", "merged", "new", "gone")
_ID = re.compile(r"[\w\-]+")
Line = tuple[int, dict[str, str]]  # number of the line in a spreadsheet, cells by column


def read(root: Path, name: str = "themes.csv") -> pd.DataFrame:
    """Read the registry of a workspace; where there is none, that of its lexicon.

    Parameters
    ----------
    root
        Folder of the workspace; the file is data/reference/themes_registry.csv in it. That of the package is of no use to
        another workspace, so it is not looked for.
    name
        File name of the theme lexicon, `Round.lexicon`.

    Returns
    -------
    DataFrame
        A row an id, columns `COLUMNS` and any that people added, all text. A theme of the lexicon has its code as id, a
        group of other complaints that of the round and the number it was found with, N2022H2-8, until a person gives it
        another, T001.

    Raises
    ------
    ParamsError
        The file cannot be decoded or read as a table; a column is missing; an id is missing, malformed, reserved or
        stands twice; an unknown status; a round that is none; a parent that is not there, or a circle of parents.
    """
    path = path_of(root)
    if not path.is_file():
        return of_lexicon(lexicon.read(root, name))
    lines = _lines(path)
    _check(lines)
    return pd.DataFrame(
        [cells for _, cells in lines], columns=list(lines[0][1]) if lines else list(COLUMNS), dtype=str
    )


def of_lexicon(themes: Mapping[str, lexicon.Theme]) -> pd.DataFrame:
    """Register the themes of a lexicon, of which no round has been seen.

    >>> of_lexicon({"FIN": lexicon.Theme("FIN", "融资难", (), ("贷款",))}).iloc[0, :4].tolist()
    ['FIN', '融资难', '', '']
    """
    rows = [{"id": theme.code, "name": theme.label} for theme in themes.values()]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=str).fillna("")


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a registry, all of it or nothing, and keep what people wrote in the file that is there.

    Names and notes of the file win, and so does every column that people added; rows that the new table does not know
    stay. The order is that of the new table.

    Raises
    ------
    ParamsError
        The file that is there, or the new table, is faulty as in `read`; nothing has been written then.
    """
    new = (
        table.reindex(columns=[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)])
        .fillna("")
        .astype(str)
    )
    _check(list(enumerate(_records(new), start=2)))
    if path.is_file():
        lines = _lines(path)
        _check(lines)
        new = _kept(new, [cells for _, cells in lines])
    spreadsheet.write(path, new)


def path_of(root: Path) -> Path:
    """Say where a workspace keeps its registry."""
    return root / "data" / "reference" / FILE


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(column): str(cell) for column, cell in row.items()} for row in table.to_dict("records")]


def _kept(new: pd.DataFrame, old: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Put the columns of people from the rows of the file into a new table, and the rows that it lacks behind it."""
    added = [column for column in (old[0] if old else ()) if column not in COLUMNS]
    rows: dict[str, dict[str, str]] = {str(row["id"]): row for row in _records(new)}
    for cells in old:
        row = rows.setdefault(cells["id"], dict(cells))
        row.update({column: cells[column] for column in added})
        row.update({column: cells[column] for column in OF_PEOPLE if cells[column]})
    columns = [*new.columns, *(column for column in added if column not in new)]
    return pd.DataFrame(list(rows.values()), columns=columns, dtype=str).fillna("")


def _lines(path: Path) -> list[Line]:
    """Return the rows that are not blank, cells by column."""
    return spreadsheet.lines(path, FILE, COLUMNS)


def _check(lines: Sequence[Line]) -> None:
    for number, cells in lines:
        _check_line(f"{FILE} 第 {number} 行", cells)
    ids = [cells["id"] for _, cells in lines]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        places = "、".join(str(number) for number, cells in lines if cells["id"] == twice[0])
        raise ParamsError(f"{FILE} 第 {places} 行：id {twice[0]} 写了两次；每个 id 只能有一行；请合成一行")
    _check_parents(lines)


def _check_line(where: str, cells: Mapping[str, str]) -> None:
    if not _ID.fullmatch(cells["id"]):
        raise ParamsError(f"{where}：id “{cells['id']}”写法不对；只能用文字、数字、- 和 _，例如 T001；请改正")
    if cells["id"] in lexicon.RESERVED:
        raise ParamsError(
            f"{where}：id {cells['id']} 留给哪类都不属于的意见；其他写法都可以；请换一个，例如 T001"
        )
    if cells["status"] not in ("", *STATUSES):
        raise ParamsError(
            f"{where}：status “{cells['status']}”不认识；只能是 {'、'.join(STATUSES)} 或留空；请改正"
        )
    if cells["since"] and not ROUND_ID.fullmatch(cells["since"]):
        raise ParamsError(f"{where}：since “{cells['since']}”不是轮次；应写成 2022H2 这样，或留空；请改正")


def _check_parents(lines: Sequence[Line]) -> None:
    """Refuse a parent that is not there, and themes that descend from themselves."""
    parent = {cells["id"]: cells["parent"] for _, cells in lines}
    for number, cells in lines:
        if cells["parent"] and cells["parent"] not in parent:
            raise ParamsError(
                f"{FILE} 第 {number} 行：parent {cells['parent']} 不在表里；只能是表里的 id 或留空；请改正或补上那一行"
            )
    for number, cells in lines:
        circle = lineage(cells["id"], parent)
        if circle and circle[-1] == cells["id"]:
            said = " → ".join([cells["id"], *circle])
            raise ParamsError(
                f"{FILE} 第 {number} 行：parent 绕成了圈（{said}）；一类问题不能出自它自己；请把其中一个 parent 留空"
            )


def lineage(one: str, parent: Mapping[str, str]) -> list[str]:
    """List parent, grandparent, ... of an id, up to the first that stands a second time.

    >>> lineage("A", {"A": "B", "B": "C", "C": ""})
    ['B', 'C']
    >>> lineage("A", {"A": "B", "B": "A"})
    ['B', 'A']
    """
    line: list[str] = []
    at = parent.get(one, "")
    while at and at not in line:
        line.append(at)
        at = parent.get(at, "")
    return line
