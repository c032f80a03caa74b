"""Tables that people edit in a spreadsheet and save as CSV: decoded strictly, blank rows passed over."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from evalpkg.params import ParamsError


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
