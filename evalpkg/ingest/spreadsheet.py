"""Tables that people edit in a spreadsheet and save as CSV: decoded strictly, blank rows passed over, written whole or not."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from evalpkg.params import ParamsError

READABLE = 0o644


def grid(path: Path, name: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the number of its line in a spreadsheet.

    Parameters
    ----------
    path
    name
        What the file is called in an error.

    Raises
    ------
    ParamsError
        Neither UTF-8 nor GB18030; quotes that do not pair.
    """
    try:
        rows = list(csv.reader(io.StringIO(_decoded(path.read_bytes(), name), newline=""), strict=True))
    except csv.Error:
        raise ParamsError(f"{name}：引号不成对，读不出完整的行；请在表格软件里打开检查，再存为 CSV") from None
    return [(number, row) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]


def _decoded(raw: bytes, name: str) -> str:
    """Decode strictly, UTF-8 first: GB18030 text never passes as UTF-8, the reverse may."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise ParamsError(f"{name}：文字编码不是 UTF-8 也不是 GB18030；请在 Excel 里另存为“CSV UTF-8”")


def lines(path: Path, name: str, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Return the rows that are not blank, stripped cells by column, each with the number of its line.

    Parameters
    ----------
    path, name
        As for `grid`.
    columns
        That must be there; others of people's own stay.

    Raises
    ------
    ParamsError
        As `grid`; the file is empty, a column is absent or stands twice, a row has more cells than the header.
    """
    filled = grid(path, name)
    if not filled:
        raise ParamsError(f"{name} 是空的；应有列 {'、'.join(columns)}；不需要它时请删去这个文件")
    header = [cell.strip() for cell in filled[0][1]]
    absent = [column for column in columns if column not in header]
    if absent:
        raise ParamsError(f"{name}：缺少列 {'、'.join(absent)}；应有 {'、'.join(columns)}；请在第一行补上")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise ParamsError(f"{name}：列 {twice[0] or '（空）'} 有两个；每列只能有一个；请删去一个")
    wide = next((number for number, row in filled[1:] if any(map(str.strip, row[len(header) :]))), None)
    if wide:
        raise ParamsError(f"{name} 第 {wide} 行：格子比表头多；里面有逗号的文字要放在引号里；请检查这一行")
    return [
        (
            number,
            {column: cell.strip() for column, cell in zip_longest(header, row[: len(header)], fillvalue="")},
        )
        for number, row in filled[1:]
    ]


def write(path: Path, table: pd.DataFrame) -> None:
    """Write all of a table or nothing, with the mark of UTF-8, without which Excel shows Chinese as other signs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            table.to_csv(file, index=False, lineterminator="\n")
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(path.stat().st_mode if path.exists() else READABLE)  # a draft is its owner's alone
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
