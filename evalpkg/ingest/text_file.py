"""A CSV file as lines of text: decoded strictly, its separator found, nothing put up with in silence."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from evalpkg.ingest.problems import InputRefused, Problem

WIDEST = 2_000  # columns
SEPARATORS = (",", ";", "\t")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_QUOTED = re.compile('"[^"]*"')
_LONE_FEED = re.compile(r"(?<!\r)\n")


def read_text(path: Path) -> tuple[list[list[str]], list[Problem]]:
    """Read a CSV file.

    Returns
    -------
    list of list of str, list of Problem
        Every line, also empty ones; warnings.

    Raises
    ------
    InputRefused
        Another encoding than UTF-8 (with or without a mark), UTF-16 with a mark, or GB18030; NUL characters; quotes that do not
        pair; a single column.
    """
    text = _decoded(path)
    if "\x00" in text:
        raise refused("E-NUL", path.name, "文件里有不可见的空字符（NUL）；请重新导出")
    problems = []
    bare = _QUOTED.sub("", text)  # a cell may hold a line of its own
    ends = [bool(_LONE_RETURN.search(bare)), bool(_LONE_FEED.search(bare)), "\r\n" in bare]
    if sum(ends) > 1:
        problems.append(
            Problem("W-EOL", path.name, "换行符有几种混在一起，已都按换行读；请对照原表看行数对不对")
        )
    separator = _separator(text)
    if text[: text.find("\n")].count(separator) >= WIDEST:  # before a million cells are made of it
        raise refused("E-TOOWIDE", path.name, f"列数超过 {WIDEST}；请只导出问卷的列")
    try:
        one: dict[str, str] = {}  # most cells are one of a few words: each is held once
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = [[one.setdefault(cell, cell) for cell in row] for row in reader]
    except csv.Error:
        raise refused("E-CSV", path.name, "引号不成对，读不出完整的行；请重新导出") from None
    if rows and max(map(len, rows[:10])) == 1 and re.search("[，；]", text[:2_000]):
        raise refused(
            "E-HEADER",
            path.name,
            "只有一列：列与列之间要用英文逗号、分号或制表符，不能用中文标点；请重新导出为 CSV",
        )
    return rows, problems


def _decoded(path: Path) -> str:
    """Decode strictly in the order BOM, UTF-8, GB18030: GB18030 text never passes as UTF-8, the reverse may."""
    raw = path.read_bytes()
    for mark, encoding in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"", "utf-8-sig"),
        (b"", "gb18030"),
    ):
        if not raw.startswith(mark):
            continue
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and _garbled(text):
            break
        return text
    raise refused(
        "E-ENCODING", path.name, "文字编码认不出，不是 UTF-8 也不是 GB18030；请在 Excel 里另存为“CSV UTF-8”"
    )


def _garbled(text: str) -> bool:
    """Tell whether bytes of another encoding passed as GB18030: UTF-16 leaves NULs, Big5 signs for private use or rare ones."""
    head = text[:20_000]
    odd = sum("\ue000" <= c <= "\uf8ff" or "\u3100" <= c <= "\u312f" or c == "\x00" for c in head)
    rare = sum("\u3400" <= c <= "\u4dbf" for c in head)
    return bool(odd) or rare * 50 > len(head)


def _separator(text: str) -> str:
    """Return the separator that the first line holds most of."""
    first = text.lstrip().split("\n", 1)[0]
    return max(SEPARATORS, key=first.count)


def refused(code: str, file: str, message: str) -> InputRefused:
    """Make a refusal of one problem that concerns a whole file."""
    return InputRefused([Problem(code, file, message)])
