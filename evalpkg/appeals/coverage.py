"""How many enterprises use the platform, beside how many there are: platform users are no sample of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from evalpkg.estimate import Result
from evalpkg.ingest.dates import day
from evalpkg.ingest.spreadsheet import grid
from evalpkg.params import ParamsError, Round
from evalpkg.survey import register as population

FILE = "platform.csv"  # in data/raw/: what the platform's operator says of it, a row a date
COLUMNS = ("asof", "enterprises", "province_share", "bodies", "source")
COUNTS = ("enterprises", "province_share", "bodies")
INDIVIDUAL = "G"


def coverage(round_: Round) -> Result | None:
    """Give the enterprises of the platform in per cent of those registered in the city.

    Returns
    -------
    Result or None
        Rows by `scope`: all enterprises; and without self-employed businesses, where the population's sizes tell them apart.
        `count` on the platform, `n` in the city. `extra`: `asof`, `source`, `enterprises`, `province_share` (per cent of the
        province's platform enterprises that are this city's), `bodies` (departments on the platform). None without the file.

    Raises
    ------
    ParamsError
        The file cannot be read; the line is named.
    """
    path = round_.root / "data" / "raw" / FILE
    if not path.is_file() or round_.margins is None:
        return None
    latest = _latest(path, round_.period.end)
    city = population(round_)
    rows = [("all", "全部市场主体", int(city["N"].sum()))]
    if "size" in city and (city["size"] == INDIVIDUAL).any():
        rows.append(("firms", "不含个体工商户", int(city.loc[city["size"] != INDIVIDUAL, "N"].sum())))
    table = pd.DataFrame(rows, columns=["scope", "label", "n"]).assign(count=int(latest["enterprises"]))
    table = table.assign(estimate=100 * table["count"] / table["n"])
    extra = {name: latest[name] for name in ("asof", "source")}
    numbers = {name: float(latest[name]) for name in COUNTS if latest[name]}
    return Result(table, "register_coverage", "%", "本市在册市场主体", int(city["N"].sum()), extra | numbers)


def _latest(path: Path, end: date) -> dict[str, str]:
    """Return the last row by the end of the half-year, or the first one after it."""
    header, *rows = grid(path, path.name) or [(1, [])]
    names = [name.strip() for name in header[1]]
    if not set(COLUMNS) <= set(names) or not rows:
        raise ParamsError(f"{path.name}：应有列 {'、'.join(COLUMNS)}，每个时点一行；请补上")
    found = sorted(
        (_asof(cells, names, f"{path.name} 第 {number} 行"), at) for at, (number, cells) in enumerate(rows)
    )
    by_then = [at for asof, at in found if asof <= end] or [found[0][1]]
    return dict(zip(names, map(str.strip, rows[by_then[-1]][1]), strict=True))  # fmt: skip


def _asof(cells: list[str], names: list[str], place: str) -> date:
    if len(cells) != len(names):
        raise ParamsError(f"{place}：格子数与表头不同；请改正")
    row = dict(zip(names, cells, strict=True))
    asof = day(row["asof"])[0]
    if asof is None:
        raise ParamsError(f"{place}：asof 不是日期；请写成 2021-10-31")
    for name in COUNTS:
        if (name == "enterprises" or row[name].strip()) and not _number(row[name]):
            raise ParamsError(f"{place}：{name} 应为不小于 0 的数；请改正")
    return asof


def _number(cell: str) -> bool:
    try:
        return float(cell) >= 0
    except ValueError:
        return False
