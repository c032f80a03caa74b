"""The first sheet of an Excel file as lines of text, after a look at what the file is made of."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from evalpkg.ingest.problems import InputRefused, Problem
from evalpkg.ingest.text_file import refused

UNPACKED = 200_000_000  # bytes
RATIO = 100  # times that a part may be larger than packed
BLOCK = 1 << 20
_ENTITY = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HIDDEN = re.compile(rb'<row\b[^>]*\bhidden="(?:1|true)"')
_ERROR = re.compile(rb'<c\b[^>]*\br="([A-Z]+\d+)"[^>]*\bt="e"|<c\b[^>]*\bt="e"[^>]*\br="([A-Z]+\d+)"')
_FORMULA = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_PLACE = re.compile(rb'\br="([A-Z]+\d+)"')


def read_workbook(path: Path, kind: str) -> tuple[str, list[list[str]], list[Problem]]:
    """Read the first sheet of an ``xlsx`` or ``xls`` file.

    Returns
    -------
    str, list of list of str, list of Problem
        Name of the sheet; every line, also empty ones; warnings.

    Raises
    ------
    InputRefused
        The file is broken, unpacks to too much, has macros, entities, links to other files, members outside of itself, cells
        with errors, or formulas whose value was not saved.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        problems = _inspected(path) if kind == "xlsx" else []
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
        rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    # zipfile says of a password "runtime error", of a method that it does not know "not implemented"
    except (CalamineError, zipfile.BadZipFile, zlib.error, IndexError, EOFError, RuntimeError):
        raise refused("E-FORMAT", path.name, "不是完好的 Excel 文件；请在 Excel 里打开后另存") from None
    return sheet.name, rows, problems


def _text(cell: Any) -> str:
    """Give a cell as the text a person sees: 8.0 is "8"."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return str(cell)


def _inspected(path: Path) -> list[Problem]:
    """Look through the parts of an .xlsx: bytes are counted as they come, for a header may lie about them."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(
            name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in archive.namelist()
        ):
            raise refused("E-FORMAT", path.name, "压缩包里有指到外面去的路径；请在 Excel 里打开后另存")
        if any(member.filename.endswith("vbaProject.bin") for member in members):
            raise refused("E-MACRO", path.name, "文件里有宏；请在 Excel 里另存为不带宏的 .xlsx")
        if any("externalLinks/" in member.filename for member in members):
            raise refused("E-FORMULA", path.name, "文件里有指向别的文件的公式；请复制后“只粘贴数值”，再保存")
        total = sum(member.file_size for member in members)
        if total > UNPACKED or any(
            m.file_size > BLOCK and m.file_size > RATIO * max(m.compress_size, 1) for m in members
        ):
            raise _bomb(path)
        total, sheet = 0, b""
        first = _first_sheet(archive)
        for member in members:
            content = _content(archive, member, UNPACKED - total, path)
            total += len(content)
            if member.filename.endswith((".xml", ".rels", ".vml")) and _ENTITY.search(content):
                raise refused(
                    "E-XML", path.name, "文件里有 XML 实体定义，Excel 不会这样写；请在 Excel 里打开后另存"
                )
            if member.filename == first:
                sheet = content
    return _looked_over(sheet, path)


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Name the part that holds the first sheet: the order of the workbook, not of the names."""
    sheets = sorted(
        (name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)),
        key=lambda name: int(re.findall(r"\d+", name)[-1]),
    )
    return sheets[0] if sheets else ""


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, path: Path) -> bytes:
    parts = []
    with archive.open(member) as file:
        while block := file.read(BLOCK):
            left -= len(block)
            if left < 0:
                raise _bomb(path)
            parts.append(block)
    return b"".join(parts)


def _looked_over(sheet: bytes, path: Path) -> list[Problem]:
    """Refuse what a reader would pass over in silence, and say what it reads although it is hidden."""
    faults = [
        Problem(
            "E-SCORETEXT",
            f"{path.name} 单元格 {(a or b).decode()}",
            "这一格是公式错误（如 #DIV/0!），不是没有答；请改正",
        )
        for a, b in _found(_ERROR, b't="e"', sheet)
    ]
    if faults:
        raise InputRefused(faults)
    empty = _found(_FORMULA, b"<f", sheet)
    if empty:
        place = _PLACE.search(empty[0])
        where = f"{path.name} 单元格 {place[1].decode()}" if place else path.name
        raise InputRefused(
            [
                Problem(
                    "E-FORMULA",
                    where,
                    f"有 {len(empty)} 格只有公式，没有算出的值；请在 Excel 里打开保存一次，或“只粘贴数值”",
                )
            ]
        )
    hidden = len(_found(_HIDDEN, b"hidden=", sheet))
    if not hidden:
        return []
    return [Problem("W-HIDDEN", path.name, f"有 {hidden} 行被隐藏或筛选掉，照样读入；不该算的请删去")]


def _found(pattern: re.Pattern[bytes], sign: bytes, sheet: bytes) -> list[Any]:
    """Find a pattern in the XML of a sheet, most of which do not even hold its sign."""
    return pattern.findall(sheet) if sign in sheet else []


def _bomb(path: Path) -> InputRefused:
    return refused(
        "E-BOMB", path.name, f"解压后超过 {UNPACKED // 1_000_000} MB，或压缩得不合常理；请重新导出"
    )
