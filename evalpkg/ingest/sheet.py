"""One export file as a grid of text: nothing is interpreted, every cell keeps its Excel address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evalpkg.ingest.parquet import read_parquet
from evalpkg.ingest.problems import Problem
from evalpkg.ingest.text_file import WIDEST, read_text, refused
from evalpkg.ingest.workbook import read_workbook

LARGEST = {"xlsx": 50_000_000, "xls": 50_000_000, "csv": 500_000_000, "parquet": 500_000_000}
ARTEFACTS = (".joblib", ".pkl", ".pickle")  # loading one runs what its maker wrote
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how an .xls begins


@dataclass(frozen=True)
class Grid:
    """The lines of a file that are not empty, all text, with their numbers in the file; warnings."""

    file: str
    name: str
    rows: list[list[str]]
    lines: list[int]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A header and its rows, all text; `head` is the line of the header, `lines` those of the rows."""

    file: str
    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    head: int = 1

    def place(self, row: int | None, column: int) -> str:
        """Say where a cell is, as Excel shows it; row None is the header."""
        line = self.head if row is None else self.lines[row]
        sheet = f" 工作表 {self.name}" if self.name else ""
        return f"{self.file}{sheet} 单元格 {column_letters(column)}{line}"


def column_letters(column: int) -> str:
    """Excel's letters of a column counted from 0.

    >>> column_letters(0), column_letters(26)
    ('A', 'AA')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_sheet(path: Path) -> Sheet:
    """Read a file whose first line is its header; see `read_grid` and `framed`."""
    return framed(read_grid(path))


def read_grid(path: Path) -> Grid:
    """Read an ``.xlsx``, ``.xls``, ``.csv`` or ``.parquet`` export by its content, never by its name alone.

    Raises
    ------
    InputRefused
        The file is missing, empty, too large, or in another format or encoding.
    """
    if not path.is_file():
        raise refused("E-NOFILE", path.name, "找不到这个文件；请检查文件名和所在文件夹")
    kind = _kind(path)
    if path.stat().st_size > LARGEST[kind]:
        raise refused("E-TOOLARGE", path.name, f"文件超过 {LARGEST[kind] // 1_000_000} MB；请分成几个文件")
    name = ""
    if kind == "csv":
        grid, problems = read_text(path)
    elif kind == "parquet":
        grid, problems = read_parquet(path)
    else:
        name, grid, problems = read_workbook(path, kind)
    filled = [(line, row) for line, row in enumerate(grid, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise refused("E-EMPTY", path.name, "文件是空的；请重新导出")
    return Grid(path.name, name, [row for _, row in filled], [line for line, _ in filled], tuple(problems))


def framed(
    grid: Grid, first: int = 0, height: int = 1, titles: Callable[[list[list[str]]], list[str]] | None = None
) -> Sheet:
    """Split the header from the answers, and insist on one width.

    Parameters
    ----------
    grid
    first, height
        Where the header begins in `grid.rows`, and how many lines it has; what stands above is no part of the table.
    titles
        Makes one title a column of the lines of the header; the first line where omitted.

    Raises
    ------
    InputRefused
        Too many columns, no answer, or rows that do not fit the header.
    """
    top, answers = grid.rows[first : first + height], grid.rows[first + height :]
    header = titles(top) if titles else top[0]
    if len(header) > WIDEST:
        raise refused("E-TOOWIDE", grid.file, f"列数超过 {WIDEST}；请只导出问卷的列")
    if not answers:
        raise refused("E-NOROWS", grid.file, "只有表头，没有一份答卷；请重新导出")
    lines = grid.lines[first + height :]
    ragged = [line for line, row in zip(lines, answers, strict=True) if len(row) != len(header)]
    if ragged:
        shown = "、".join(str(line) for line in ragged[:10])
        raise refused(
            "E-RAGGED", grid.file, f"有 {len(ragged)} 行的列数与表头不同（第 {shown} 行）；请重新导出"
        )
    return Sheet(grid.file, grid.name, header, answers, lines, grid.lines[first + height - 1])


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    if not head.strip():
        raise refused("E-EMPTY", path.name, "文件是空的；请重新导出")
    zipped, compound = head.startswith(b"PK\x03\x04"), head.startswith(COMPOUND)
    suffix = path.suffix.lower()
    if suffix == ".xlsm":
        raise refused("E-MACRO", path.name, "带宏的工作簿不读；请在 Excel 里另存为不带宏的 .xlsx")
    if suffix in ARTEFACTS:
        raise refused(
            "E-ARTEFACT",
            path.name,
            "这是程序存下来的对象，打开它就会运行里面的代码，一律不读；请导出为 .xlsx",
        )
    stored = suffix == ".parquet" and head.startswith(b"PAR1")
    if stored or (suffix == ".xlsx" and zipped) or (suffix == ".xls" and compound):
        return suffix[1:]
    if suffix == ".csv" and not zipped and not compound and head.lstrip()[:1] != b"<":
        return "csv"
    raise refused(
        "E-FORMAT",
        path.name,
        "只接受 .xlsx、.xls、.csv 和 .parquet，且内容要与扩展名相符；请在 Excel 里另存为 .xlsx",
    )
