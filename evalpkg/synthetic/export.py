"""Write a round as the survey platform exports it: one sheet of text answers (问卷星 "按选项文本")."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import xlsxwriter

from evalpkg.codebook import Codebook, Item

from .world import BLANK, NO_CONTACT, REFUSED, SKIP, UNKNOWN

META = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")
TOKENS = {SKIP: "(跳过)", BLANK: "(空)", UNKNOWN: "不了解", REFUSED: "不便透露", NO_CONTACT: "未打交道"}
WRITTEN = datetime(2020, 1, 1)  # a fixed date in the file's properties: the same bytes each time


def questions(codebook: Codebook) -> list[tuple[str, list[Item]]]:
    """Questions in printed order with their rows; the text of "other" has no column of its own."""
    hidden = {item.other for item in codebook.items.values() if item.other}
    asked: dict[str, list[Item]] = {}
    for item in codebook.items.values():
        if item.code not in hidden:
            asked.setdefault(item.parent or item.code, []).append(item)
    return list(asked.items())


def header(codebook: Codebook) -> list[str]:
    """Column titles: `1、title`; a matrix carries its title on the first row only."""
    names = list(META)
    for number, (_, rows) in enumerate(questions(codebook), start=1):
        for place, item in enumerate(rows):
            title = f"{item.title}—{item.row}" if item.row and not place else item.row or item.title
            names.append(f"{number}、{title}")
    return names


def labels(item: Item, codes: np.ndarray) -> list[Any]:
    """Turn codes into what the export prints: option or scale labels, numbers for 0-10 scores."""
    by_value: dict[Any, Any] = dict(item.options)
    if item.type in ("score", "ordinal") and item.scale:
        by_value |= {str(int(value)): label for label, value in item.scale.labels.items()}
        by_value |= item.options
    by_value |= {str(code): token for code, token in TOKENS.items()}
    return [by_value.get(str(code), code) for code in codes.tolist()]


def multiple(
    item: Item, ticks: np.ndarray, skipped: np.ndarray, blank: np.ndarray, other: Sequence[str]
) -> list[str]:
    """Join ticked options with ┋; the option "other" carries its text in 〖〗."""
    names = list(item.options.values())
    position = list(item.options).index("OTH") if item.other else -1
    cells = []
    for row, line in enumerate(ticks):
        parts = [
            names[i] + (f"〖{other[row]}〗" if i == position and other[row] else "")
            for i in np.flatnonzero(line)
        ]
        cells.append(TOKENS[SKIP] if skipped[row] else TOKENS[BLANK] if blank[row] else "┋".join(parts))
    return cells


def workbook(columns: list[str], data: Sequence[Sequence[Any]]) -> bytes:
    """Write one sheet; text stays text (no formulas, links or numbers are guessed)."""
    buffer = io.BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"created": WRITTEN})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, columns)
    for row, values in enumerate(zip(*data, strict=True), start=1):
        for place, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, place, value)
            else:
                sheet.write_number(row, place, value)
    book.close()
    return buffer.getvalue()
