"""The theme lexicon: a table that a clerk edits in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalpkg.params import ParamsError, reference

COLUMNS = ("code", "label", "lead_departments", "seeds")
_SEPARATORS = re.compile(r"[;；、,，\s]+")


@dataclass(frozen=True)
class Theme:
    """A theme: its code and label, the departments in charge of it, the words that speak of it."""

    code: str
    label: str
    departments: tuple[str, ...]
    seeds: tuple[str, ...]


def read(root: Path, name: str) -> dict[str, Theme]:
    """Read a theme lexicon, themes by code in the order of the file.

    Columns code, label, lead_departments and seeds; several departments or words are separated by ; 、 or a comma.

    Raises
    ------
    ParamsError
        The file is missing, a column is missing, a code is empty or written twice, a theme has no words.
    """
    path = reference(root, name)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise ParamsError(f"{name} 是空的；应有列 {'、'.join(COLUMNS)}") from None
    absent = [column for column in COLUMNS if column not in table]
    if absent:
        raise ParamsError(f"{name}：缺少列 {'、'.join(absent)}；应有 {'、'.join(COLUMNS)}")
    themes = [_theme(row, line, name) for line, row in enumerate(table.to_dict("records"), start=2)]
    codes = [theme.code for theme in themes]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ParamsError(f"{name}：问题代码写了两次：{'、'.join(twice)}；每类问题只写一行")
    return {theme.code: theme for theme in themes}


def _theme(row: Mapping[object, str], line: int, name: str) -> Theme:
    code, label = row["code"].strip(), row["label"].strip()
    seeds = _several(row["seeds"])
    if not code or not label or not seeds:
        raise ParamsError(f"{name} 第 {line} 行：code、label 和 seeds（至少一个词）都要填写")
    return Theme(code, label, _several(row["lead_departments"]), seeds)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in _SEPARATORS.split(cell) if part))
