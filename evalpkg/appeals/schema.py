"""What a register may hold: a table of fields that a clerk can read and edit, `data/reference/*_schema.csv`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from evalpkg.ingest.spreadsheet import grid
from evalpkg.params import ParamsError, reference

COLUMNS = ("field", "type", "required", "allowed/format")
TYPES = {"string", "date", "datetime", "category", "set", "text", "integer", "score", "bool"}
PLACEHOLDER = re.compile(r"[A-Z]+-[A-Z-]*N+")  # AP-YYYYMM-NNNNN: what the codes of a register look like
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d*)")
_WORDS = re.compile(r"\w+(?:,\w+)+")


@dataclass(frozen=True)
class Field:
    """One column of a register.

    `options` are the allowed words; where the schema names a table instead (districts, themes, departments), `source` is
    that name. `low` and `high` bound a number; `pattern` is what a code looks like, `allowed` what the schema says of all
    this in words.
    """

    name: str
    type: str
    required: bool
    allowed: str
    options: tuple[str, ...] = ()
    source: str = ""
    low: float = -math.inf
    high: float = math.inf
    pattern: str = ""


def load(root: Path, name: str) -> dict[str, Field]:
    """Read the schema of a register, fields in the order of the file.

    Raises
    ------
    ParamsError
        The file or a column is missing, or a type is unknown.
    """
    header, *rows = (cells for _, cells in grid(reference(root, name), name))
    place = {column: header.index(column) for column in COLUMNS if column in header}
    if len(place) < len(COLUMNS):
        raise ParamsError(f"{name}：应有列 {'、'.join(COLUMNS)}；请补上")
    fields = [_field(*(row[place[column]].strip() for column in COLUMNS)) for row in rows]
    wrong = [field.name for field in fields if field.type not in TYPES]
    if wrong:
        raise ParamsError(f"{name}：{wrong[0]} 的 type 不认识；可用的是 {'、'.join(sorted(TYPES))}")
    return {field.name: field for field in fields}


def _field(name: str, kind: str, required: str, allowed: str) -> Field:
    numbers = _RANGE.fullmatch(allowed)
    options = tuple(allowed.split(",")) if _WORDS.fullmatch(allowed) else ()
    source = "departments" if "D01..D35" in allowed else allowed if allowed.endswith(".csv") else ""
    return Field(
        name, kind, required == "Y", allowed, options, source,
        low=float(numbers[1]) if numbers else -math.inf,
        high=float(numbers[2]) if numbers and numbers[2] else math.inf,
        pattern=code_pattern(allowed) if PLACEHOLDER.fullmatch(allowed) else "",
    )  # fmt: skip


def code_pattern(placeholder: str) -> str:
    r"""Turn what a code looks like into a pattern: Y, M and N of a group of their own stand for digits.

    >>> code_pattern("AP-YYYYMM-NNNNN")
    'AP\\-\\d{6}\\-\\d{5}'
    """
    first, *groups = placeholder.split("-")
    return r"\-".join([first, *(rf"\d{{{len(group)}}}" for group in groups)])
