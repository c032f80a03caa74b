"""The platform's register: read strictly against its schema, as it stood on the day of observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from evalpkg import params
from evalpkg.appeals import cells, course, schema
from evalpkg.appeals.bodies import Bodies, bodies
from evalpkg.appeals.cells import Checked, Known
from evalpkg.complaints import lexicon
from evalpkg.complaints.lexicon import Theme
from evalpkg.ingest.problems import Problem, stop_if_refused
from evalpkg.ingest.sheet import Sheet, framed, read_grid
from evalpkg.params import Round

SCHEMA = "appeals_schema.csv"
FILES = ("appeals.csv", "appeals.xlsx", "appeals.xls")


@dataclass(frozen=True)
class Register:
    """The appeals of a half-year; a register is complete, not a sample.

    Attributes
    ----------
    round : Round
    day : date
        Day of observation: the end of the half-year, or the last event in the file where that is later. What was not
        closed by then is censored.
    cases : DataFrame
        A row an appeal, index appeal_id: the fields of the schema (days as datetime64, `department` a tuple of codes, texts
        masked) and what `course.followed` adds.
    bodies : Bodies
    lexicon : dict of Theme
    problems : tuple of Problem
        Warnings.
    """

    round: Round
    day: date
    cases: pd.DataFrame
    bodies: Bodies
    lexicon: dict[str, Theme]
    problems: tuple[Problem, ...] = ()


def register(round_: Round, day: date | None = None) -> Register | None:
    """Read the register of a round.

    Parameters
    ----------
    round_
    day
        Day on which the register was drawn; the end of the half-year, or the last event in the file, where omitted.

    Returns
    -------
    Register or None
        None where the round has no such file. A file without a row is a register without an appeal.

    Raises
    ------
    InputRefused
        Faults in the file, all of them, each with its cell, what is allowed and how to mend it.
    """
    path = next((round_.raw / name for name in FILES if (round_.raw / name).is_file()), None)
    if path is None:
        return None
    here, words = bodies(round_.root, round_.period.end), lexicon.read(round_.root, round_.lexicon)
    read = cells.typed(_sheet(path), schema.load(round_.root, SCHEMA), known(here, words), "APPEAL")
    if not read.problems or read.columns:
        _check_ids(read)
        _check_order(read)
        _check_future(read)
        _check_state(read)
        _check_asked(read)
    stop_if_refused(read.problems)
    seen = _observed(read, round_, day)
    table = pd.DataFrame(read.columns).set_index("appeal_id")
    return Register(round_, seen, course.followed(table, seen), here, words, cells.ordered(read))


def past(round_: Round) -> tuple[Register, ...]:
    """Read the registers of all earlier rounds that have one, oldest first; errors as `register`."""
    earlier = [one for one in params.readable(round_.root) if one.period.end < round_.period.start]
    return tuple(found for found in map(register, earlier) if found is not None)


def pooled(register: Register, past: Sequence[Register] = ()) -> pd.DataFrame:
    """Put the cases of several registers together, each as it stood on its own day; column `round` says whose it is.

    An appeal that stands in two registers counts as the later one tells of it.
    """
    parts = [one.cases.assign(round=one.round.id) for one in (*past, register)]
    table = pd.concat([part for part in parts if len(part)] or parts[-1:])
    return table[~table.index.duplicated(keep="last")]


def _sheet(path: Path) -> Sheet:
    grid = read_grid(path)
    if len(grid.rows) == 1:  # a half-year without an appeal
        return Sheet(grid.file, grid.name, list(grid.rows[0]), [], [], grid.lines[0])
    return framed(grid)


def known(here: Bodies, words: dict[str, Theme]) -> Known:
    """Return the codes that the tables of a city allow."""
    return {"departments": here, "districts.csv": tuple(here.counties), "topics.csv": tuple(words)}


def _check_ids(read: Checked) -> None:
    ids = read.columns["appeal_id"]
    twice = np.flatnonzero(ids.duplicated() & (ids != ""))
    read.fault("E-DUP", "appeal_id", twice, "这个编号前面已有；一件诉求只写一行，请删去或改正编号")


def _check_order(read: Checked) -> None:
    submitted = read.columns["submitted"]
    for name in ("accepted", "due", "closed"):
        early = np.flatnonzero(read.columns[name] < submitted)
        read.fault("E-ORDER", name, early, f"{name} 早于 submitted（收到的日期）；请核对这两格")


def _check_future(read: Checked) -> None:
    """Nothing has happened after today: one slip of the pen would move the day of observation for all."""
    today = pd.Timestamp(date.today())
    for name in ("submitted", "accepted", "closed"):
        late = np.flatnonzero(read.columns[name].dt.normalize() > today)
        read.fault("E-DATE", name, late, f"{name} 晚于今天；请改正年月日")


def _check_state(read: Checked) -> None:
    """Status, day of closing and outcome must tell the same story."""
    status, closed, outcome = (read.columns[name] for name in ("status", "closed", "outcome"))
    blank = np.flatnonzero((status == "closed") & closed.isna())
    read.fault("E-STATE", "status", blank, "写了办结（closed），却没有办结日期；请补上 closed，或改正状态")
    going = status.isin(course.GOING)
    early = np.flatnonzero(going & closed.notna())
    read.fault("E-STATE", "status", early, "状态还没有办结，却有办结日期；请改为 closed，或删去日期")
    told = np.flatnonzero((going | (status == "reopened")) & (outcome != ""))
    read.fault("E-STATE", "outcome", told, "没有办结的诉求不应有办理结果；请删去，或改正状态")
    none = np.flatnonzero((status == "closed") & (outcome == ""))
    read.fault("W-OUTCOME", "outcome", none, "办结了，却没有写办理结果；不算解决，请补上")


def _check_asked(read: Checked) -> None:
    given = read.columns["satisfaction"].notna() & ~read.columns["satisfaction_asked"]
    if given.any():
        said = "写着没有回访，却有满意度；按已回访计，请核对 satisfaction_asked"
        read.fault("W-ASKED", "satisfaction", np.flatnonzero(given), said)
        read.columns["satisfaction_asked"] |= given


def _observed(read: Checked, round_: Round, day: date | None) -> date:
    """Tell the day of observation, and warn of appeals that belong to another half-year."""
    submitted = read.columns["submitted"]
    first, last = (pd.Timestamp(edge) for edge in (round_.period.start, round_.period.end))
    outside = np.flatnonzero((submitted < first) | (submitted > last))
    said = f"不在本轮的起止日期（{round_.period.start} 至 {round_.period.end}）之内；照样计入，请核对"
    read.fault("W-PERIOD", "submitted", outside, said)
    events = pd.concat([submitted, read.columns["closed"]])
    latest = max([last, *([events.max()] if events.notna().any() else [])])
    return day or latest.date()
