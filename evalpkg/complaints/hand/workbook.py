"""The coding workbook as a file: its sheets, what they look like, and its cells as text."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evalpkg.ingest import InputRefused, Problem
from evalpkg.ingest.sheet import LARGEST, column_letters
from evalpkg.ingest.workbook import UNPACKED

GUIDE, LIST, CODERS, SETTLED = "说明", "类别", ("编码员甲", "编码员乙"), "复核"
ID, TEXT, NOTE = "编号", "意见原文", "备注"
THEMES = (
    "问题一",
    "问题二",
    "问题三",
    "问题四",
)  # of 1,000 respondents a handful name four, next to none more
HEAD = (ID, TEXT, *THEMES, NOTE)
WIDTHS = (13, 64, *[16] * len(THEMES), 20)
A_LINE, LINE_HEIGHT, HIGHEST = 30, 16.0, 400.0  # Chinese characters of a line of text; points
LONGEST = 5_000  # characters of a remark that are shown; a cell holds 32,767
CUT = "……（太长，后面略去）"
WRITTEN = datetime(2000, 1, 1)  # a fixed date: the same sample gives the same bytes
HOW_TO = """\
这份表做什么用：机器给意见归了类，会认错。两个人另行归类一部分，就能算出机器错了多少，把占比和区间校正过来。
谁来填：两个人各填一张（编码员甲、编码员乙），互不商量，不看对方的，也不看机器归类的结果。
一行是一家企业写的全部意见，个人信息已经遮去。先读完一行，再归类。
归类看它说的是什么事，不看用了哪个词。每类大致包括什么，见“类别”表。
在“问题一”到“问题四”里从下拉列表选：最主要的放在“问题一”，还有别的问题再往后填；同一类只填一次。
超过四类的，填最主要的四类。
说“没有困难”“贷款不难”之类，不算提到这个问题。
写了具体问题，但哪一类都不合适：选“其他”。
没写具体问题（无、表扬、口号、看不懂）：只在“问题一”选“不是具体问题”。
每一行的“问题一”都要填。拿不准也要选最接近的一类，可以在“备注”里写一句。
“备注”只给自己看，程序不读；不要写企业或个人的名字。
不要增加、删去或打乱行，不要改编号和原文（这些格子已锁定）。
填完放回原处，运行 evalpkg code-sheet {round} --check：填错的格子、两个人不一致的编号，都会列出来。
不一致的，由第三个人在“复核”表里定，只填这些行；没有复核的，取两个人的平均。一致系数低于 0.67，说明类别的口径不清，要先统一口径再重做。
表里是企业的原话：只在内部使用，不外传，不提交到 git。"""


@dataclass(frozen=True)
class Grid:
    """One sheet as text: `rows` from line 1 of the sheet, `place` says where a cell is."""

    file: str
    name: str
    rows: list[list[str]]

    def place(self, line: int, column: int) -> str:
        """Name a cell as Excel does; line counted from 1, column from 0."""
        return f"{self.file} 工作表 {self.name} 单元格 {column_letters(column)}{line}"

    @property
    def whole(self) -> str:
        """Name the sheet."""
        return f"{self.file} 工作表 {self.name}"


def compose(round_id: str, rows: Sequence[tuple[str, str]], themes: Sequence[tuple[str, str]]) -> bytes:
    """Make the workbook: instructions, list of themes, a sheet a coder, a sheet for what a third person settles.

    Remarks are written as strings, marked as text, so that none of them is ever a formula or a link.

    Parameters
    ----------
    round_id
    rows
        Number and text of each respondent.
    themes
        Label of each theme and what it holds.
    """
    import xlsxwriter

    memory = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(memory, options) as book:
        book.set_properties({"title": f"意见编码表 {round_id}", "created": WRITTEN})
        _write_guide(book, round_id)
        _write_list(book, themes)
        for name in (*CODERS, SETTLED):
            _write_rows(book, name, rows, len(themes))
    return memory.getvalue()


def shown(text: str) -> str:
    """Give the part of a remark that a cell shows."""
    return text if len(text) <= LONGEST else text[:LONGEST] + CUT


def _write_guide(book: Any, round_id: str) -> None:
    sheet = book.add_worksheet(GUIDE)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 4, wrapped)
    sheet.set_column(1, 1, 100, wrapped)
    sheet.write_string(0, 1, f"意见编码表 {round_id}", book.add_format({"bold": True, "font_size": 14}))
    for number, line in enumerate(HOW_TO.format(round=round_id).splitlines(), start=1):
        sheet.write_number(number, 0, number, wrapped)
        sheet.write_string(number, 1, line, wrapped)
        sheet.set_row(number, _height(line, 50))
    sheet.protect()


def _write_list(book: Any, themes: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(LIST)
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(("类别", "大致包括")):
        sheet.write_string(0, column, title, _heading(book))
    for line, cells in enumerate(themes, start=1):
        for column, text in enumerate(cells):
            sheet.write_string(line, column, text, wrapped)
    sheet.protect()


def _write_rows(book: Any, name: str, rows: Sequence[tuple[str, str]], themes: int) -> None:
    sheet = book.add_worksheet(name)
    fixed = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True, "border": 4})
    open_ = book.add_format({"text_wrap": True, "valign": "top", "locked": False, "border": 4})
    for column, (title, width) in enumerate(zip(HEAD, WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, _heading(book))
    for line, cells in enumerate(rows, start=1):
        sheet.set_row(line, _height(cells[1], A_LINE))
        for column in range(len(HEAD)):
            if column < len(cells):
                sheet.write_string(line, column, cells[column], fixed)
            else:
                sheet.write_blank(line, column, None, open_)
    sheet.data_validation(1, 2, len(rows), 1 + len(THEMES), {
        "validate": "list", "source": f"='{LIST}'!$A$2:$A${themes + 1}",
        "error_title": "不在类别表里", "error_message": "请从下拉列表里选；哪一类都不合适就选“其他”。",
    })  # fmt: skip
    sheet.freeze_panes(1, 1)
    sheet.protect("", {"format_columns": True, "format_rows": True})
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _heading(book: Any) -> Any:
    return book.add_format({"bold": True, "bg_color": "#E8EDF3", "bottom": 1, "valign": "vcenter"})


def _height(text: str, a_line: int) -> float:
    """Points that a wrapped text needs: not every program finds the height by itself."""
    lines = sum(max(1, math.ceil(len(part) / a_line)) for part in text.split("\n"))
    return min(LINE_HEIGHT * max(lines, 1) + 2, HIGHEST)


def grids(path: Path) -> dict[str, Grid]:
    """Read all sheets of a workbook as text.

    Raises
    ------
    InputRefused
        The file is missing, too large or no workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    if not path.is_file():
        raise _refused(
            "E-NOFILE", path, "找不到这个文件；请检查文件名和文件夹，或先运行 evalpkg code-sheet 写出编码表"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if path.stat().st_size > LARGEST["xlsx"] or unpacked > UNPACKED:
            raise _refused(
                "E-TOOLARGE", path, "文件太大，不像是编码表；请放回 evalpkg code-sheet 写出的那一份"
            )
        book = CalamineWorkbook.from_path(str(path))
        return {name: _grid(path, book, name) for name in book.sheet_names}
    except (CalamineError, zipfile.BadZipFile):
        raise _refused(
            "E-FORMAT", path, "不是完好的 .xlsx 文件；请在 Excel 或 WPS 里打开后另存为 .xlsx"
        ) from None


def _grid(path: Path, book: Any, name: str) -> Grid:
    cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return Grid(path.name, name, [[str(cell).strip() for cell in row] for row in cells])


def _refused(code: str, path: Path, message: str) -> InputRefused:
    return InputRefused([Problem(code, path.name, message)])
