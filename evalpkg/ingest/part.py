"""One file of a round: recognised, its columns matched, its cells read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.codebook import Codebook, match_key, token_key
from evalpkg.ingest import quality
from evalpkg.ingest.answers import Answers
from evalpkg.ingest.generic import framings
from evalpkg.ingest.headers import Columns, Target, match_columns, titles_of
from evalpkg.ingest.mapping import Mapped
from evalpkg.ingest.platforms import Platform, load_platform, recognised
from evalpkg.ingest.plausible import oddities
from evalpkg.ingest.problems import InputRefused, Problem
from evalpkg.ingest.scale_change import changed_scales
from evalpkg.ingest.sheet import Grid, Sheet, framed, read_grid
from evalpkg.ingest.values import Value, parse, parse_options


@dataclass(frozen=True)
class Part:
    """What one file says.

    Attributes
    ----------
    texts : DataFrame
        What was written, a column an item that asks for words; nothing where a platform writes that nothing was written.
    given : dict of Answers
        Answers to all other items.
    paradata : DataFrame
        Clock, duration, address: read by `quality.flags`, then dropped.
    problems
    dropped
        How many identifying columns went no further.
    platform
        Name of the platform as which it was read.
    forms
        How many it holds, also where it is refused.
    """

    texts: pd.DataFrame
    given: dict[str, Answers]
    paradata: pd.DataFrame
    problems: list[Problem]
    dropped: int
    platform: str
    forms: int

    @property
    def refused(self) -> int:
        """Number of problems that refuse the file."""
        return sum(problem.refuses for problem in self.problems)


def read_part(
    path: Path, book: Codebook, root: Path, platform: str = "", mapped: Mapped | None = None, key: bytes = b""
) -> Part:
    """Read one file as a platform wrote it.

    Parameters
    ----------
    path, book
    root
        Workspace, for the descriptions of platforms.
    platform
        Name of one; where omitted the file is recognised by its header. A file that looks like several, as text and coded
        exports of one platform do, must read without a fault as one of them only, or say the same as all.
    mapped
        What a person said of its columns.
    key
        With which addresses are hashed, see `quality.paradata`.

    Raises
    ------
    InputRefused
        The file is no table (see `read_grid` and `framed`), or reads differently as several platforms.
    """
    grid = read_grid(path)
    found = recognised(grid, root)
    if platform:
        lines, named = {one.name: at for one, at in found}, load_platform(root, platform)
        found = [(named, lines.get(platform, 0))]
        if not named.signature:
            found = [_lowest(grid, framings(grid, named, mapped or Mapped()), book, mapped or Mapped())]
    found = _fitting(grid, found or [(load_platform(root), 0)], book, mapped or Mapped())
    parts = [_read(grid, at, one, book, mapped or Mapped(), key) for one, at in found]
    clean = [part for part in parts if not part.refused]
    if any(not _same(clean[0], other) for other in clean[1:]):
        names = "、".join(part.platform for part in clean)
        raise InputRefused(
            [
                Problem(
                    "E-PLATFORM", grid.file, f"按 {names} 都读得通而答案不同；请在这一轮的参数里写明 platform"
                )
            ]
        )
    return clean[0] if clean else min(parts, key=lambda part: part.refused)


def _lowest(
    grid: Grid, found: list[tuple[Platform, int]], book: Codebook, mapped: Mapped
) -> tuple[Platform, int]:
    """Pick the lowest header that is followed by an answer.

    A further line of a header reads as a fault in most columns. An answer with a fault or two does not, and must not be
    taken for a header: it would be lost without a word.
    """
    for one, at in found:
        end = at + one.header_rows + 1
        line = _read(replace(grid, rows=grid.rows[:end], lines=grid.lines[:end]), at, one, book, mapped)
        if 2 * line.refused < len(line.given) or not line.given:
            return one, at
    return found[0]


def _fitting(
    grid: Grid, found: list[tuple[Platform, int]], book: Codebook, mapped: Mapped
) -> list[tuple[Platform, int]]:
    """Keep the platforms as which the first lines read without a fault; where none is left, the one with fewest."""
    if len(found) == 1:
        return found
    few = replace(grid, rows=grid.rows[:TRIED], lines=grid.lines[:TRIED])
    faults = [_read(few, at, one, book, mapped).refused for one, at in found]
    kept = [one for one, count in zip(found, faults, strict=True) if not count]
    return kept or [found[int(np.argmin(faults))]]


def _same(one: Part, other: Part) -> bool:
    """Tell whether a file says the same as two platforms."""
    return one.given.keys() == other.given.keys() and all(
        (answers.each(_said) == other.given[code].each(_said)).all() for code, answers in one.given.items()
    )


def _said(value: Value) -> str:
    return f"{value.codes}{value.number}{value.note}" if not value.missing else ""


def _read(grid: Grid, at: int, platform: Platform, book: Codebook, mapped: Mapped, key: bytes = b"") -> Part:
    sheet = framed(grid, at, platform.header_rows, partial(titles_of, platform))
    found = match_columns(sheet, book, platform, mapped.targets)
    columns = replace(found, problems=[*grid.problems, *_above(grid, at), *found.problems, *_totals(sheet)])
    if any(problem.refuses for problem in columns.problems):
        return Part(
            pd.DataFrame(),
            {},
            pd.DataFrame(),
            columns.problems,
            columns.dropped,
            platform.name,
            len(sheet.rows),
        )
    table = np.array(sheet.rows, dtype=object)
    given, problems = {}, list(columns.problems)
    for code, column in columns.items.items():
        if book.items[code].type != "text":
            read = partial(parse, item=book.items[code], codebook=book, platform=platform)
            given[code] = Answers.read(_meant(table[:, column], mapped, Target(code)), read)
            problems += _faults(given[code], sheet, column)
    for code, places in columns.options.items():
        given[code] = _ticks(table, code, places, book, platform, mapped)
        problems += _faults(given[code], sheet, min(places.values()))
    if not any(problem.refuses for problem in problems):
        problems += oddities(sheet.file, given, book)
    told = quality.paradata(sheet, columns, key)
    clock = told.table["clock"].to_numpy(dtype=float)
    problems += changed_scales(sheet, columns.items, given, clock, book)
    texts = _texts(table, columns, book, platform)
    problems += _long(sheet, columns, book)
    return Part(
        texts, given, told.table, problems + told.problems, columns.dropped, platform.name, len(sheet.rows)
    )


def _above(grid: Grid, at: int) -> list[Problem]:
    """Say which lines above the header are passed over."""
    if not at:
        return []
    return [Problem("W-SKIPROWS", grid.file, f"表头在第 {grid.lines[at]} 行，上面的 {at} 行标题没有读入")]


def _totals(sheet: Sheet) -> list[Problem]:
    """Find lines that add others up: counted as a respondent, one would shift every mean."""
    return [
        Problem("E-TOTALROW", sheet.place(row, 0), "这一行是合计或平均，不是一份答卷；请删去")
        for row, cells in enumerate(sheet.rows)
        if match_key(next((cell for cell in cells if cell.strip()), "")) in TOTALS
    ]


def _meant(cells: NDArray[Any], mapped: Mapped, target: Target) -> NDArray[Any]:
    """Put what a person said that cells mean in their place."""
    known = mapped.cells.get(target)
    return (
        cells if not known else np.array([known.get(token_key(cell), cell) for cell in cells], dtype=object)
    )


def _ticks(
    table: NDArray[Any], code: str, places: dict[str, int], book: Codebook, platform: Platform, mapped: Mapped
) -> Answers:
    """Read a multiple choice that has a column for each option."""
    columns = [_meant(table[:, at], mapped, Target(code, option)) for option, at in places.items()]
    rows = np.empty(len(table), dtype=object)
    rows[:] = list(zip(*columns, strict=True))
    item = book.items[code]

    def read(cells: Sequence[str]) -> Value:
        return parse_options(cells, list(places), item, book, platform)

    return Answers.read(rows, read)


LONGEST = 20_000  # characters of a cell
TRIED = 300  # lines on which platforms are tried
TOTALS = (
    "合计",
    "总计",
    "小计",
    "平均",
    "平均分",
    "平均值",
    "均值",
    "总分",
    "total",
    "sum",
    "average",
    "mean",
)
WARNED = {
    "W-SUFFIX": "写了单位“分”，已按数字读；下次请只写数字",
    "W-MISSING": "写了斜线或横线，当作没有答；下次请空着，或写问卷说明里的“不了解”等",
    "W-SERIAL": "是 Excel 的日期序号，已换成日期；请核对是不是那一天",
    "W-COUNTY": "是已经撤并的县（区），按现在的归并；请核对填写时的区划",
}


def _faults(answers: Answers, sheet: Sheet, column: int) -> Iterable[Problem]:
    """Yield every cell that cannot be read, and for each thing that was put up with the first, with their number."""
    warned = {value.warning for value in answers.distinct}
    for code, said in WARNED.items():
        if code in warned:
            rows = np.flatnonzero(answers.each(attrgetter("warning")) == code)
            yield Problem(code, sheet.place(int(rows[0]), column), f"这一列有 {len(rows)} 格{said}")
    if all(value.fault is None for value in answers.distinct):
        return
    for row in np.flatnonzero(answers.each(lambda value: value.fault is not None, bool)):
        code, message = answers.distinct[answers.which[row]].fault or ("", "")
        yield Problem(code, sheet.place(int(row), column), message)


def _long(sheet: Sheet, columns: Columns, book: Codebook) -> list[Problem]:
    """Warn of remarks that no form would hold, of which the beginning is read."""
    return [
        Problem("W-LONG", sheet.place(row, at), f"这一格超过 {LONGEST:,} 个字，只读了前面的；请检查导出")
        for code, at in columns.items.items()
        if book.items[code].type == "text"
        for row, cells in enumerate(sheet.rows)
        if len(cells[at]) > LONGEST
    ]


def _texts(table: NDArray[Any], columns: Columns, book: Codebook, platform: Platform) -> pd.DataFrame:
    written = {code: at for code, at in columns.items.items() if book.items[code].type == "text"}
    cells = {
        code: [cell if token_key(cell) not in platform.tokens else "" for cell in _cut(table[:, at])]
        for code, at in written.items()
    }
    return pd.DataFrame(cells, index=pd.RangeIndex(len(table)), dtype=object)


def _cut(cells: Iterable[str]) -> Iterable[str]:
    return (cell[:LONGEST] for cell in cells)
