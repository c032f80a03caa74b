"""The ledger of measures, a table that people keep in a spreadsheet: read whole, or refused whole."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from evalpkg.ingest.dates import day
from evalpkg.ingest.spreadsheet import grid
from evalpkg.measures.calendar import calendar
from evalpkg.measures.targets import Target, book, targets
from evalpkg.params import ROUND_ID, ParamsError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evalpkg.params import Round

NAME = "measures.csv"  # in data/raw/
CODE = "E-MEASURE"
ID = re.compile(r"ME-\d{3,}")
NEEDED = ("measure_id", "title", "department", "announced", "target_items", "source_round", "registered_on")
COLUMNS = (
    "measure_id", "title", "department", "announced", "effective", "ended", "target_items", "coverage",
    "source_round", "dose", "evidence", "registered_on",
)  # fmt: skip
EVERYWHERE = ("", "all", "全市")
LONGEST = 20  # characters shown of a cell
_SEPARATORS = re.compile(r"[;；、,，\s]+")


@dataclass(frozen=True)
class Measure:
    """A measure of the ledger.

    Attributes
    ----------
    departments, targets : tuple of str
        Codes.
    effective : date
        The day it came into force; of one without, the day it was announced.
    coverage : str
        Where it holds, "" = the whole city.
    source : str
        The round whose findings it answers.
    """

    id: str
    title: str
    departments: tuple[str, ...]
    announced: date
    effective: date
    ended: date | None
    targets: tuple[str, ...]
    coverage: str
    source: str
    registered: date
    evidence: str = ""


@dataclass(frozen=True)
class Registry:
    """All measures of the workspace in the order of the ledger; `found` tells whether there is a ledger at all."""

    measures: tuple[Measure, ...]
    targets: Mapping[str, Target]
    found: bool = True


class _Fault(Exception):
    """A cell that cannot be read: its column, and what to say of it."""

    def __init__(self, column: str, said: str) -> None:
        super().__init__(column, said)
        self.column, self.said = column, said


@dataclass(frozen=True)
class _Known:
    """What the cells of the ledger may name."""

    departments: Mapping[str, str]  # code and names -> code
    codes: tuple[str, ...]
    targets: Mapping[str, Target]


def registry(round_: Round) -> Registry:
    """Read ``data/raw/measures.csv`` of the workspace; none is no fault.

    Parameters
    ----------
    round_ : Round
        Any round of the workspace.

    Raises
    ------
    ParamsError
        Code ``E-MEASURE``: the first fault of the file by its cell, and how many more there are. Columns missing, unknown
        or twice; an id, department, target, round or day that cannot be read; an id twice; a measure in force before it
        was announced, ended before it began, or older than the findings it answers.
    """
    path, rounds = round_.root / "data" / "raw" / NAME, calendar(round_.root)
    aims = targets(rounds or [round_])
    if not path.is_file():
        return Registry((), aims, found=False)
    return Registry(_measures(path, _known(round_, aims)), aims)


def _known(round_: Round, aims: Mapping[str, Target]) -> _Known:
    table = book(round_).departments
    return _Known(_names(table), tuple(table["code"]), aims)


def _names(table: pd.DataFrame) -> dict[str, str]:
    """Map the code and every name of a department to its code; a code beats a name."""
    found: dict[str, str] = {}
    for column in (name for name in ("code", "short", "official", "aliases") if name in table):
        for code, cell in zip(table["code"], table[column], strict=True):
            for name in str(cell).split(";"):
                found.setdefault(name.strip(), code)
    found.pop("", None)
    return found


def _measures(path: Path, known: _Known) -> tuple[Measure, ...]:
    try:
        filled = grid(path, NAME)
    except ParamsError as error:
        raise ParamsError(error.args[0], CODE) from None
    if not filled:
        raise ParamsError(f"{NAME} 是空的；第 1 行应是表头 {'、'.join(COLUMNS)}", CODE)
    (_, header), *rows = filled
    place = _places(header)
    faults, read = list[str](), list[tuple[int, Measure]]()
    for number, cells in rows:
        try:
            read.append((number, _measure(_cells(cells, place, len(header)), known)))
        except _Fault as fault:
            faults.append(_said(number, place, fault))
    faults += [_said(number, place, fault) for number, fault in _twice(read)]
    if faults:
        more = f"（另有 {len(faults) - 1} 处）" if len(faults) > 1 else ""
        raise ParamsError(f"{faults[0]}{more}", CODE)
    return tuple(measure for _, measure in read)


def _places(header: Sequence[str]) -> dict[str, int]:
    """Return the number of each column that the file has."""
    names = [cell.strip().lower() for cell in header]
    allowed = f"只能是 {'、'.join(COLUMNS)}"
    for number, name in enumerate(names):
        cell = f"{NAME} {_letter(number)}1"
        if name and name not in COLUMNS:
            raise ParamsError(f"{cell}：没有“{_short(name)}”这一列；{allowed}；请改正列名或删去这一列", CODE)
        if name and names.index(name) < number:
            raise ParamsError(f"{cell}：列 {name} 有两个；每列只写一次，请删去一个", CODE)
    absent = [column for column in NEEDED if column not in names]
    if absent:
        raise ParamsError(
            f"{NAME} 第 1 行：缺少列 {'、'.join(absent)}；必须有 {'、'.join(NEEDED)}；请补上", CODE
        )
    return {name: number for number, name in enumerate(names) if name}


def _cells(cells: Sequence[str], place: Mapping[str, int], width: int) -> dict[str, str]:
    beyond = next((number for number, cell in enumerate(cells) if number >= width and cell.strip()), None)
    if beyond is not None:
        raise _Fault(_letter(beyond), "格子比表头多；几个部门或几个目标题之间请用分号“;”，不要用逗号")
    return {
        column: cells[place[column]].strip() if column in place and place[column] < len(cells) else ""
        for column in COLUMNS
    }


def _measure(cells: Mapping[str, str], known: _Known) -> Measure:
    for column in NEEDED:
        if not cells[column]:
            raise _Fault(column, f"{column} 没有填；{'、'.join(NEEDED)} 都必须填，请补上")
    if not ID.fullmatch(cells["measure_id"]):
        raise _Fault("measure_id", f"编号“{_short(cells['measure_id'])}”写法不对；应为 ME-001 这样，请改正")
    announced = _day(cells, "announced")
    measure = Measure(
        id=cells["measure_id"],
        title=cells["title"],
        departments=_several(cells, "department", known.departments.get, _departments(known)),
        announced=announced,
        effective=_day(cells, "effective") if cells["effective"] else announced,
        ended=_day(cells, "ended") if cells["ended"] else None,
        targets=_several(cells, "target_items", lambda code: _target(code, known), TARGETS),
        coverage="" if cells["coverage"].lower() in EVERYWHERE else cells["coverage"],
        source=cells["source_round"],
        registered=_day(cells, "registered_on"),
        evidence=cells["evidence"],
    )  # fmt: skip
    _check(measure, known)
    return measure


TARGETS = "可用的是部门得分（C_ 加部门代码，如 C_D29）、问卷里 D、E、F1 的小题代码，和困难的代码（如 SIGN）"


def _departments(known: _Known) -> str:
    return f"可用的是 {known.codes[0]} 至 {known.codes[-1]} 或部门简称" if known.codes else "这份问卷没有部门"


def _target(code: str, known: _Known) -> str | None:
    found = known.targets.get(code)
    return found.code if found else None


def _several(
    cells: Mapping[str, str], column: str, read: Callable[[str], str | None], allowed: str
) -> tuple[str, ...]:
    """Read a cell of several codes; those that stand twice count once."""
    found: dict[str, None] = {}
    for part in filter(None, _SEPARATORS.split(cells[column])):
        code = read(part)
        if code is None:
            raise _Fault(column, f"不认识“{_short(part)}”；{allowed}；请改正，几个之间用分号")
        found[code] = None
    if not found:
        raise _Fault(column, f"{column} 里没有内容；{allowed}；请补上")
    return tuple(found)


def _day(cells: Mapping[str, str], column: str) -> date:
    found, _ = day(cells[column])
    if found is None:
        raise _Fault(column, f"日期“{_short(cells[column])}”读不出；应写成 2021-09-15 这样，请改正")
    return found


def _check(measure: Measure, known: _Known) -> None:
    """Refuse what contradicts itself."""
    if measure.effective < measure.announced:
        raise _Fault(
            "effective",
            f"实施日 {measure.effective} 早于发文日 {measure.announced}；实施日不得早于发文日，请核对两个日期",
        )
    if measure.ended is not None and measure.ended < measure.effective:
        raise _Fault(
            "ended", f"终止日 {measure.ended} 早于实施日 {measure.effective}；请核对，仍在执行就空着"
        )
    if not ROUND_ID.fullmatch(measure.source):
        raise _Fault("source_round", f"轮次“{_short(measure.source)}”写法不对；应为 2021H1 这样，请改正")
    if _begins(measure.source) >= measure.effective:
        raise _Fault(
            "source_round",
            f"起因轮次 {measure.source} 不早于实施日 {measure.effective}；只能是实施以前的轮次，请核对",
        )
    aimed = [known.targets[code].department for code in measure.targets]
    others = [code for code in aimed if code and code not in measure.departments]
    if others:
        raise _Fault(
            "target_items",
            f"目标题 C_{others[0]} 不是本措施部门的得分；只能写 department 一列里的部门，请改正或补上部门",
        )


def _begins(round_id: str) -> date:
    """Return the first day of a half-year: the round itself may be older than the workspace."""
    return date(int(round_id[:4]), 1 if round_id.endswith("1") else 7, 1)


def _twice(read: Sequence[tuple[int, Measure]]) -> list[tuple[int, _Fault]]:
    first: dict[str, int] = {}
    faults = []
    for number, measure in read:
        row = first.setdefault(measure.id, number)
        if row != number:
            said = f"编号 {measure.id} 与第 {row} 行重复；每项措施一个编号，请改用没有用过的编号"
            faults.append((number, _Fault("measure_id", said)))
    return faults


def _said(number: int, place: Mapping[str, int], fault: _Fault) -> str:
    column = _letter(place[fault.column]) if fault.column in place else fault.column
    return f"{NAME} {column}{number}：{fault.said}"


def _letter(number: int) -> str:
    """Name a column as a spreadsheet does.

    >>> _letter(0), _letter(27)
    ('A', 'AB')
    """
    letters = string.ascii_uppercase
    return letters[number] if number < len(letters) else letters[number // 26 - 1] + letters[number % 26]


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[:LONGEST] + "…"
