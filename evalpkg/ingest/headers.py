"""Match the columns of an export to the items of the codebook."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from evalpkg.codebook import Codebook, Item, match_key
from evalpkg.ingest.problems import Problem
from evalpkg.ingest.sheet import Sheet
from evalpkg.params import read_yaml, reference, validated

NUMBERED = re.compile(r"^\s*(?:Q|第)?(\d{1,3})\s*[、.．:：]\s*(.*)$", re.DOTALL)


class Platform(BaseModel):
    """How one survey platform writes an export; `clock`, `duration` and `address` name columns, see `ingest.quality`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    metadata: list[str]
    identifiers: list[str]
    clock: list[str] = []
    duration: list[str] = []
    address: list[str] = []
    separator: str
    matrix: str
    other: str


@dataclass(frozen=True)
class Columns:
    """`items`: item code -> column number; `dropped`: how many identifying columns go no further.

    `paradata`: column of ``clock``, ``duration``, ``address`` where the file has them, for `ingest.quality` alone.
    """

    items: dict[str, int]
    dropped: int
    problems: list[Problem]
    paradata: dict[str, int] = field(default_factory=dict)


def load_platform(root: Path, name: str = "wenjuanxing") -> Platform:
    """Load the description of a platform from ``data/reference/platforms``."""
    path = reference(root, f"platforms/{name}.yaml")
    return validated(Platform, read_yaml(path), path)


def match_columns(sheet: Sheet, codebook: Codebook, platform: Platform) -> Columns:
    """Find the column of every item.

    A numbered column that opens a matrix reads ``14、title—row``; those that follow it read ``14、row``. Columns are
    matched by their words, never by their order; a column that matches nothing, or an item without a column, is a
    problem that refuses the file.
    """
    matcher = _Titles(codebook, platform)
    read_once = [*platform.clock, *platform.duration, *platform.address]
    skipped = {match_key(name) for name in [*platform.metadata, *platform.identifiers, *read_once]}
    identifying = {match_key(name) for name in platform.identifiers}
    items: dict[str, int] = {}
    problems: list[Problem] = []
    matrix: dict[str, str] = {}
    dropped = 0
    for column, title in enumerate(sheet.header):
        if match_key(title) in skipped:
            dropped += match_key(title) in identifying
            continue
        code, fault = matcher.find(title, matrix)
        if code in items:
            fault = (
                "E-DUPCOL",
                f"与单元格 {sheet.place(None, items[code]).rsplit(' ', 1)[-1]} 是同一道题；请删去一列",
            )
        if fault:
            problems.append(Problem(fault[0], sheet.place(None, column), fault[1]))
        else:
            items[code] = column
    return Columns(items, dropped, problems + _absent(items, sheet, codebook), _paradata(sheet, platform))


def _paradata(sheet: Sheet, platform: Platform) -> dict[str, int]:
    """Find clock, duration and address: of several columns that would do, the first."""
    names = {"clock": platform.clock, "duration": platform.duration, "address": platform.address}
    header = [match_key(title) for title in sheet.header]
    found = {
        kind: [header.index(match_key(n)) for n in known if match_key(n) in header]
        for kind, known in names.items()
    }
    return {kind: columns[0] for kind, columns in found.items() if columns}


class _Titles:
    """Titles and matrix rows of a codebook under their match keys."""

    def __init__(self, codebook: Codebook, platform: Platform) -> None:
        self.dash = platform.matrix
        self.single = {match_key(i.title): i.code for i in codebook.items.values() if not i.parent}
        self.matrix = {match_key(i.title): i.parent for i in codebook.items.values() if i.parent}
        self.rows: dict[str, dict[str, str]] = {}
        self.names: dict[str, list[str]] = {}
        self.of_departments = {item.parent for item in codebook.items.values() if item.department}
        for item in codebook.items.values():
            if item.parent:
                self._add_row(item, codebook)

    def _add_row(self, item: Item, codebook: Codebook) -> None:
        rows = self.rows.setdefault(item.parent, {})
        self.names.setdefault(item.parent, []).append(item.row)
        for name in _row_names(item, codebook):
            rows.setdefault(match_key(name), item.code)
        rows.pop("", None)

    def find(self, title: str, open_matrix: dict[str, str]) -> tuple[str, tuple[str, str] | None]:
        """Item code of a header, or a problem's code and message; remembers which number opened which matrix."""
        numbered = NUMBERED.match(title)
        number, words = (numbered[1], numbered[2]) if numbered else ("", title)
        if match_key(words) in self.single:
            return self.single[match_key(words)], None
        parent, row = self._opening(words)
        if parent:
            open_matrix[number] = parent
        elif number in open_matrix:
            parent, row = open_matrix[number], words
        else:
            return "", ("E-UNKNOWNCOL", "问卷说明里没有这道题；请改正题干，或在问卷说明里补上这道题")
        return self._row_code(parent, row)

    def _opening(self, words: str) -> tuple[str, str]:
        for found in re.finditer(re.escape(self.dash) + "+", words):
            parent = self.matrix.get(match_key(words[: found.start()]))
            if parent:
                return parent, words[found.end() :]
        return "", ""

    def _row_code(self, parent: str, row: str) -> tuple[str, tuple[str, str] | None]:
        code = self.rows[parent].get(match_key(row))
        if code:
            return code, None
        near = difflib.get_close_matches(row, self.names[parent], n=1, cutoff=0.3)
        hint = f"最接近的是“{near[0]}”" if near else "请对照问卷说明"
        if parent in self.of_departments:
            return "", (
                "E-UNKNOWNDEPT",
                f"不认识的部门名称；{hint}，请改正名称，或把别名加进部门表 departments.csv",
            )
        return "", ("E-UNKNOWNROW", f"问卷说明里没有这个小题；{hint}，请改正名称")


def _row_names(item: Item, codebook: Codebook) -> list[str]:
    if not item.department:
        return [item.row]
    row = codebook.departments[codebook.departments["code"] == item.department].iloc[0]
    return [row["short"], row["official"], *row["aliases"].split(";")]


def _absent(items: dict[str, int], sheet: Sheet, codebook: Codebook) -> list[Problem]:
    fed = {item.other for item in codebook.items.values() if item.other}
    missing = [
        i for i in codebook.items.values() if i.code not in items and i.code not in fed and not i.optional
    ]
    return [
        Problem(
            "E-NOCOL",
            f"{sheet.file} 表头",
            f"缺少题目“{_full_title(item)}”这一列；请导出全部题目，或在问卷说明里删去它",
        )
        for item in missing
    ]


def _full_title(item: Item) -> str:
    return f"{item.title}—{item.row}" if item.parent else item.title
