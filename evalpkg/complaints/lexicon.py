"""The theme lexicon: a table that a clerk edits in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalpkg.complaints.features import STOP
from evalpkg.ingest.spreadsheet import grid
from evalpkg.params import ParamsError, reference
from evalpkg.text import clean, fold

COLUMNS = ("code", "label", "lead_departments", "seeds")
RESERVED = ("OTHER", "其他")  # what belongs to no theme: code and label
_SEPARATORS = re.compile(r"[;；、,，\s]+")


@dataclass(frozen=True)
class Theme:
    """A theme: its code and label, the departments in charge of it, the words that speak of it."""

    code: str
    label: str
    departments: tuple[str, ...]
    seeds: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """A theme and the line of the file that it stands on."""

    number: int
    theme: Theme


def read(root: Path, name: str) -> dict[str, Theme]:
    """Read a theme lexicon, themes by code in the order of the file.

    Columns code, label, lead_departments and seeds; several departments or words are separated by ; 、 or a comma in
    quotes. UTF-8 and what Excel saves in China (GB18030) are read; blank rows and empty words are passed over.

    Raises
    ------
    ParamsError
        The file or a column is missing; a row without code, label or words; a code or a label that stands twice or is
        that of other complaints; a word that stands in two themes, or that tells nothing: marks, one character of grammar.
    """
    path = reference(root, name)
    filled = grid(path, name)
    if not filled:
        raise ParamsError(f"{name} 是空的；应有列 {'、'.join(COLUMNS)}")
    header, *rows = filled
    place = _places(header[1], name)
    lines = [_line(number, cells, place, len(header[1]), name) for number, cells in rows]
    if not lines:
        raise ParamsError(f"{name} 里没有一类问题；请每类问题写一行")
    _check_once(lines, name)
    _check_words(lines, name)
    return {line.theme.code: line.theme for line in lines}


def _places(header: Sequence[str], name: str) -> dict[str, int]:
    """Return the column number of each column."""
    names = [cell.strip().lower() for cell in header]
    absent = [column for column in COLUMNS if column not in names]
    if absent:
        raise ParamsError(f"{name}：缺少列 {'、'.join(absent)}；应有 {'、'.join(COLUMNS)}")
    twice = [column for column in COLUMNS if names.count(column) > 1]
    if twice:
        raise ParamsError(f"{name}：列 {twice[0]} 有两个；请删去一个")
    return {column: names.index(column) for column in COLUMNS}


def _line(number: int, cells: Sequence[str], place: dict[str, int], width: int, name: str) -> _Line:
    where = f"{name} 第 {number} 行"
    if any(map(str.strip, cells[width:])):
        raise ParamsError(f"{where}：格子比表头多；词与词之间请用分号“;”，不要用逗号")
    code, label, departments, seeds = (
        cells[place[column]].strip() if place[column] < len(cells) else "" for column in COLUMNS
    )
    words = _several(seeds)
    if not code or not label or not words:
        raise ParamsError(f"{where}：code、label 和 seeds（至少一个词）都要填写")
    if code in RESERVED or label in RESERVED:
        raise ParamsError(
            f"{where}：{RESERVED[0]} 和“{RESERVED[1]}”留给哪类都不属于的意见；请换一个代码或名称"
        )
    return _Line(number, Theme(code, label, _several(departments), words))


def _several(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in _SEPARATORS.split(cell) if part))


def _check_once(lines: Sequence[_Line], name: str) -> None:
    """Refuse codes and labels that stand twice."""
    for said, field in (("问题代码", "code"), ("问题名称", "label")):
        values = [getattr(line.theme, field) for line in lines]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ParamsError(f"{name}：{said}写了两次：{'、'.join(twice)}；每类问题只写一行")


def _check_words(lines: Sequence[_Line], name: str) -> None:
    """Refuse words that tell nothing, and words that speak for two themes."""
    owner: dict[str, _Line] = {}
    for line in lines:
        for word in line.theme.seeds:
            key = fold(clean(word))
            if not any(map(str.isalnum, key)):
                raise ParamsError(f"{name} 第 {line.number} 行：“{word}”里没有字，认不出问题；请删去")
            if key in STOP:
                raise ParamsError(
                    f"{name} 第 {line.number} 行：“{word}”是虚词，几乎每条意见都有；请删去，或写成完整的词"
                )
            first = owner.setdefault(key, line)
            if first is not line:
                raise ParamsError(
                    f"{name} 第 {first.number} 行（{first.theme.label}）和第 {line.number} 行（{line.theme.label}）"
                    f"都有“{word}”；一个词只能属于一类问题，请留下一处，或写成更长的词"
                )
