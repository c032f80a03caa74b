"""The cells of a register: each checked against its field, every fault of the file in one pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evalpkg.appeals.schema import Field
from evalpkg.ingest.dates import day
from evalpkg.ingest.problems import Problem, in_order
from evalpkg.ingest.sheet import Sheet
from evalpkg.privacy import redact

TRUE, FALSE = {"true", "1", "是", "yes"}, {"false", "0", "否", "no"}
Known = Mapping[str, Container[str]]  # allowed codes by the `source` of a field


@dataclass
class Checked:
    """A register while it is read: its sheet, the prefix of its codes of fault, typed columns and faults so far."""

    sheet: Sheet
    prefix: str
    columns: dict[str, pd.Series] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def fault(self, kind: str, name: str, rows: Collection[int], message: str) -> None:
        """Write one line per row; `kind` such as ``E-DATE`` gets the register's prefix, ``E-APPEALDATE``."""
        severity, _, what = kind.partition("-")
        if not len(rows):  # of a column that the file lacks there is nothing to say
            return
        code, column = f"{severity}-{self.prefix}{what}", self.sheet.header.index(name)
        self.problems += [Problem(code, self.sheet.place(row, column), message) for row in rows]


def typed(sheet: Sheet, fields: Mapping[str, Field], known: Known, prefix: str) -> Checked:
    """Check the header and every cell of a sheet, and give its columns their types.

    Parameters
    ----------
    sheet
    fields
        Of the schema, by name.
    known
        Allowed codes by the `source` of a field.
    prefix
        Of the codes of fault, "APPEAL" or "LEDGER".

    Returns
    -------
    Checked
        Days as datetime64, NaT = blank; numbers as float, NaN = blank; yes or no as bool; several codes as a tuple; text
        with personal data masked. Empty columns where the header is at fault.
    """
    read = Checked(sheet, prefix)
    _header(read, fields)
    if read.problems:
        return read
    for name, cell in fields.items():
        words = _words(sheet, name)
        if cell.required:
            blank = np.flatnonzero(words == "")
            read.fault("E-BLANK", name, blank, f"{name} 必须填写（{cell.allowed or '不能空着'}）；请补上")
        read.columns[name] = _TYPED[cell.type](read, cell, words, known)
    return read


def ordered(read: Checked) -> tuple[Problem, ...]:
    """Return all faults, those that refuse the file first."""
    return tuple(in_order(read.problems))


def _header(read: Checked, fields: Mapping[str, Field]) -> None:
    sheet = read.sheet
    where = f"{sheet.file} 第 {sheet.head} 行"
    names = [title.strip().lower() for title in sheet.header]
    sheet.header[:] = names
    absent = [name for name, cell in fields.items() if cell.required and name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    strange = [place for place, name in enumerate(names) if name not in fields]
    code = f"E-{read.prefix}COL"
    if absent:
        read.problems.append(Problem(code, where, f"缺少列 {'、'.join(absent)}；请按说明表补上"))
    read.problems += [Problem(code, where, f"列 {name} 有两个；请删去一个") for name in twice]
    read.problems += [
        Problem(code, sheet.place(None, place), f"说明表里没有这一列；允许的列是 {'、'.join(fields)}；请删去或改名")
        for place in strange
    ]  # fmt: skip


def _words(sheet: Sheet, name: str) -> pd.Series:
    """Return the cells of a column without blanks at their ends; a column that the file lacks is blank."""
    if name not in sheet.header:
        return pd.Series("", index=range(len(sheet.rows)), dtype=object)
    column = sheet.header.index(name)
    return pd.Series([row[column].strip() for row in sheet.rows], dtype=object)


def _each(words: pd.Series, read: Callable[[str], object]) -> pd.Series:
    """Read every different word once."""
    return words.map({word: read(word) for word in words.unique()})


def _days(read: Checked, cell: Field, words: pd.Series, known: object) -> pd.Series:
    found = pd.to_datetime(_each(words, lambda word: day(word)[0]), errors="coerce").astype("datetime64[ns]")
    wrong = np.flatnonzero((words != "") & found.isna())
    read.fault("E-DATE", cell.name, wrong, "日期读不出；请写成 2022-07-01 或 2022-07-01 09:30")
    return found


def _numbers(read: Checked, cell: Field, words: pd.Series, known: object) -> pd.Series:
    found = pd.to_numeric(_each(words, lambda word: unicodedata.normalize("NFKC", word)), errors="coerce")
    legal = (found >= cell.low) & (found <= cell.high) & (found % 1 == 0)
    wrong = np.flatnonzero((words != "") & ~legal)
    read.fault("E-NUMBER", cell.name, wrong, f"只能是 {_span(cell)} 的整数；请改正")
    return found.astype(float).where(legal)


def _span(cell: Field) -> str:
    return f"不小于 {cell.low:g}" if np.isinf(cell.high) else f"{cell.low:g} 至 {cell.high:g}"


def _truth(read: Checked, cell: Field, words: pd.Series, known: object) -> pd.Series:
    lower = words.str.lower()
    wrong = np.flatnonzero((words != "") & ~lower.isin(TRUE | FALSE))
    read.fault("E-CODE", cell.name, wrong, "只能写 true 或 false；请改正")
    return lower.isin(TRUE)


def _category(read: Checked, cell: Field, words: pd.Series, known: Known) -> pd.Series:
    allowed = cell.options or known.get(cell.source)
    legal = _each(words, lambda word: word == "" or allowed is None or word in allowed)
    read.fault(
        "E-CODE", cell.name, np.flatnonzero(~legal.astype(bool)), f"不认识的{_named(cell, allowed)}；请改正"
    )
    return words


def _several(read: Checked, cell: Field, words: pd.Series, known: Known) -> pd.Series:
    """Several codes, separated by ;."""
    allowed = cell.options or known.get(cell.source)
    codes = _each(words, _split)
    legal = _each(codes, lambda found: allowed is None or all(code in allowed for code in found))
    wrong = np.flatnonzero(~legal.astype(bool))
    read.fault("E-CODE", cell.name, wrong, f"不认识的{_named(cell, allowed)}；几个之间用“;”；请改正")
    return codes


def _split(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in map(str.strip, cell.split(";")) if code))


def _named(cell: Field, allowed: Container[str] | None) -> str:
    """Say what is allowed: a list in full, a set without end by the table that makes it."""
    if cell.source == "departments":
        return "部门代码：允许 departments.csv 里的代码，或“县（区）代码-部门代码”"
    return f"代码：允许 {'、'.join(map(str, allowed)) if isinstance(allowed, Collection) else cell.allowed}"


def _code(read: Checked, cell: Field, words: pd.Series, known: object) -> pd.Series:
    if cell.pattern:
        wrong = np.flatnonzero((words != "") & ~words.str.fullmatch(cell.pattern))
        read.fault("E-CODE", cell.name, wrong, f"编号的写法不对：应为 {cell.allowed}；请改正")
    return words


def _masked(read: Checked, cell: Field, words: pd.Series, known: object) -> pd.Series:
    return _each(words, lambda word: redact(word).text if word else "")


def _kind(read: Checked, cell: Field, words: pd.Series, known: Known) -> pd.Series:
    return (_several if cell.source == "departments" else _category)(read, cell, words, known)


_TYPED: dict[str, Callable[[Checked, Field, pd.Series, Known], pd.Series]] = {
    "string": _code, "date": _days, "datetime": _days, "category": _kind, "set": _several, "text": _masked,
    "integer": _numbers, "score": _numbers, "bool": _truth,
}  # fmt: skip
