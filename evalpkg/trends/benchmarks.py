"""Figures that others have published, to be read beside our own and never subtracted from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalpkg import estimate
from evalpkg.ingest import spreadsheet
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

FILE = "benchmarks.csv"
COLUMNS = ("item", "label", "survey", "year", "estimate", "unit", "n", "source")
UNITS = ("分", "%")
WARNING = (
    "只供参照，不能相减：样本、问法和刻度的起止都与本调查不同；年与年之间的大起大落，多半是问卷或样本变了。"
)


def benchmarks(survey: Survey) -> estimate.Result | None:
    """Read what other surveys published (data/reference/benchmarks.csv of the workspace).

    Returns
    -------
    Result or None
        A row per figure: `item` (ours that it is nearest to), `label`, `survey`, `year`, `estimate`, `unit` ("分", "%"),
        `sample` (their respondents, NaN where unknown), `source`; `n`, our respondents. `extra`: `warning`. None
        without the file, or with no line.

    Raises
    ------
    ParamsError
        A column is missing; a year, figure, unit or number of respondents that is none. One Chinese line.
    """
    path = survey.round.root / "data" / "reference" / FILE
    lines = spreadsheet.lines(path, FILE, COLUMNS) if path.is_file() else []
    if not lines:
        return None
    rows = [_row(number, cells) for number, cells in lines]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).rename(columns={"n": "sample"}).assign(n=survey.n)
    return estimate.Result(table, "benchmarks", "", "别的调查公布的数", survey.n, {"warning": WARNING})


def _row(number: int, cells: dict[str, str]) -> dict[str, object]:
    """Check one line.

    >>> _row(2, dict(zip(COLUMNS, "E4,法治环境,全国,2020,81.44,分,40216,公报".split(","))))["estimate"]
    81.44
    """
    where = f"{FILE} 第 {number} 行"
    if cells.get("unit", "") not in UNITS:
        raise ParamsError(f"{where}：unit “{cells.get('unit', '')}”不认识；只能是 {'、'.join(UNITS)}；请改正")
    found: dict[str, object] = {name: cells.get(name, "") for name in COLUMNS}
    limits = {"year": (1990, 2100), "estimate": (0, 100), "n": (1, 10**8)}
    for name, (low, high) in limits.items():
        text = cells.get(name, "")
        try:
            value = float(text) if text or name != "n" else float("nan")
        except ValueError:
            raise ParamsError(f"{where}：{name} “{text}”不是数；请改正") from None
        if not (low <= value <= high) and value == value:
            raise ParamsError(f"{where}：{name} 是 {text}，只能在 {low} 与 {high} 之间；请改正")
        found[name] = value
    return found
