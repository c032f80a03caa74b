"""What a coder filled in on one sheet, and what is wrong with it; a text is compared, never quoted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evalpkg.complaints.coding import REST
from evalpkg.complaints.hand.sampling import Drawn
from evalpkg.complaints.hand.workbook import ID, TEXT, THEMES, Grid
from evalpkg.ingest import Problem

NONE, NO_PROBLEM = "NONE", "不是具体问题"  # code and label of a remark without a complaint
LISTED = 10  # numbers of rows that a message names
NUMBER = re.compile(r"(\d{4}H[12])-(\d{3,})")
Marks = frozenset[str]


@dataclass(frozen=True)
class Filled:
    """Hold the codes of one sheet by rid, blank rows left out, and its faults."""

    marks: dict[Hashable, Marks]
    problems: list[Problem]


@dataclass(frozen=True)
class Row:
    """One line of a sheet: its number, text and what was filled in, by column."""

    line: int
    id: str
    text: str
    given: dict[int, str]

    def says(self, text: str) -> bool:
        """Whether it holds this remark; blanks and line ends aside, which programs change."""
        return "".join(self.text.split()) == "".join(text.split())


def framed(grid: Grid, round_id: str) -> list[Problem]:
    """List what makes a sheet unreadable as a whole: columns missing, numbers of another round."""
    head = grid.rows[0] if grid.rows else []
    lacking = [title for title in (ID, TEXT, *THEMES) if head.count(title) != 1]
    if lacking:
        fault = f"第 1 行要有列 {'、'.join(lacking)}，各一列；请放回 evalpkg code-sheet 写出的表头"
        return [Problem("E-HEADER", grid.whole, fault)]
    rounds = {found[1] for row in rows(grid) if (found := NUMBER.fullmatch(row.id))} - {round_id}
    if rounds:
        fault = f"里面有 {'、'.join(sorted(rounds))} 的编号，而本轮是 {round_id}；请放回本轮的编码表"
        return [Problem("E-ROUND", grid.whole, fault)]
    return []


def rows(grid: Grid) -> list[Row]:
    """Read the lines of a sheet in which a number, a text or a theme stands."""
    head = grid.rows[0]
    number, text, themes = head.index(ID), head.index(TEXT), [head.index(title) for title in THEMES]
    found = [
        Row(line, cells[number], cells[text], {column: cells[column] for column in themes if cells[column]})
        for line, cells in enumerate(grid.rows[1:], start=2)
    ]
    return [row for row in found if row.id or row.text or row.given]


def highest(grid: Grid) -> int:
    """Give the highest number on a sheet: as many were drawn."""
    numbers = [NUMBER.fullmatch(row.id) for row in rows(grid)]
    return max((int(found[2]) for found in numbers if found), default=0)


def filled(grid: Grid, drawn: Drawn, texts: Mapping[Hashable, str], codes: Mapping[str, str]) -> Filled:
    """Read the codes of one sheet, and list all that is wrong with its rows.

    Parameters
    ----------
    grid
        As `framed` lets it pass.
    drawn
    texts
        What the sheet must show, by rid.
    codes
        Code of every label that may be filled in.
    """
    by_id = {number: rid for rid, number in drawn.sample["id"].items()}
    marks, problems = {}, _rows_amiss(grid, by_id)
    for row in rows(grid):
        if (rid := by_id.get(row.id)) is None:
            continue
        if not row.says(texts[rid]):
            fault = "原文与编号对不上（只排序了几列，或改过原文）；请用 --out 再写一份空表，照它改回这一行"
            problems.append(Problem("E-TEXT", grid.place(row.line, grid.rows[0].index(TEXT)), fault))
        problems += _labels_amiss(grid, row, codes)
        if row.given:
            marks[rid] = named(codes.get(_plain(label), REST) for label in row.given.values())
    return Filled(marks, problems)


def named(codes: Iterable[str]) -> Marks:
    """Keep what counts: other complaints only where there is no theme.

    >>> sorted(named(["FIN", "OTHER"])), sorted(named(["OTHER"]))
    (['FIN'], ['OTHER'])
    """
    given = frozenset(codes)
    return given - {REST} or given


def listing(ids: Sequence[str]) -> str:
    """Name the first rows and count the others.

    >>> listing([f"2022H2-{number:03d}" for number in range(1, 13)])
    '2022H2-001、002、003、004、005、006、007、008、009、010 等 12 行'
    """
    first, *more = ids[:LISTED]
    whole = "、".join([first, *(number.rpartition("-")[2] for number in more)])
    return f"{whole} 等 {len(ids)} 行" if len(ids) > LISTED else whole


def _rows_amiss(grid: Grid, by_id: Mapping[str, Hashable]) -> list[Problem]:
    """List rows that were added, copied or lost."""
    column, seen = grid.rows[0].index(ID), Counter(row.id for row in rows(grid))
    problems = []
    for row in rows(grid):
        if row.id not in by_id:
            fault = (
                "这个编号不在抽样里；请删去这一行"
                if row.id
                else "这一行没有编号；请补上原来的编号，多出来的行就删去"
            )
            problems.append(Problem("E-ADDED", grid.place(row.line, column), fault))
    twice = sorted(number for number, times in seen.items() if times > 1 and number in by_id)
    if twice:
        fault = f"编号写了两次：{listing(twice)}；每个编号只留一行"
        problems.append(Problem("E-TWICE", grid.whole, fault))
    lost = [number for number in by_id if number not in seen]
    if lost:
        fault = f"少了编号 {listing(lost)}；请用 --out 再写一份空表，从里面补上这些行"
        problems.append(Problem("E-LOST", grid.whole, fault))
    return problems


def _labels_amiss(grid: Grid, row: Row, codes: Mapping[str, str]) -> list[Problem]:
    allowed = f"只能填“类别”表里的 {len(codes)} 种（{'、'.join(codes)}）；请从下拉列表里选"
    problems = [
        Problem("E-LABEL", grid.place(row.line, column), allowed)
        for column, label in row.given.items()
        if _plain(label) not in codes
    ]
    given = {codes.get(_plain(label)) for label in row.given.values()}
    if NONE in given and len(given) > 1:
        fault = f"选了“{NO_PROBLEM}”，又选了别的类；二者只能留一个"
        problems.append(Problem("E-BOTH", grid.place(row.line, min(row.given)), fault))
    return problems


def _plain(label: str) -> str:
    return "".join(unicodedata.normalize("NFKC", label).split())
