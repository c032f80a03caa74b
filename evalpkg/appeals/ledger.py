"""The ledger of problems from forums, visits and telephone: raised, instructed, adopted, resolved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalpkg import params
from evalpkg.appeals import cells, schema, survival
from evalpkg.appeals.bodies import Bodies, bodies
from evalpkg.appeals.cells import Checked
from evalpkg.appeals.durations import CHANNELS, HALVES
from evalpkg.appeals.overview import counted
from evalpkg.appeals.register import known, register
from evalpkg.appeals.survival import Time
from evalpkg.complaints import lexicon
from evalpkg.estimate import Result
from evalpkg.ingest.problems import Problem, stop_if_refused
from evalpkg.ingest.sheet import read_sheet
from evalpkg.params import Round

SCHEMA, FILES = "problems_schema.csv", ("problems.csv", "problems.xlsx", "problems.xls")
STAGES = {"raised": "提出", "instructed": "批示", "adopted": "采纳", "resolved": "解决"}
BASE = "台账里到本轮结束时已经提出的问题"


@dataclass(frozen=True)
class Ledger:
    """The problems raised up to the end of a round.

    `problems` has a row a problem (index problem_id): the fields of the schema, days after the end of the round blank, and
    `round`, the half-year in which it was raised. `warnings` are faults that do not refuse the file.
    """

    round: Round
    problems: pd.DataFrame
    bodies: Bodies
    warnings: tuple[Problem, ...] = ()


def ledger(round_: Round) -> Ledger | None:
    """Read the ledger, one file for all rounds, as it stood at the end of a round.

    Returns
    -------
    Ledger or None
        None where there is no ``data/raw/problems.csv``.

    Raises
    ------
    InputRefused
        Faults in the file, all of them.
    """
    folder = round_.root / "data" / "raw"
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        return None
    here, words = bodies(round_.root, round_.period.end), lexicon.read(round_.root, round_.lexicon)
    read = cells.typed(read_sheet(path), schema.load(round_.root, SCHEMA), known(here, words), "LEDGER")
    if read.columns:
        _check(read)
    stop_if_refused(read.problems)
    table = pd.DataFrame(read.columns).set_index("problem_id")
    return Ledger(round_, _seen(table, round_), here, cells.ordered(read))


def problems(round_: Round) -> list[Problem]:
    """Read the register and the ledger of a round, where there are any, and give what they warn of; errors as either."""
    found, raised = register(round_), ledger(round_)
    return [*(found.problems if found else ()), *(raised.warnings if raised else ())]


def loop(ledger: Ledger | None) -> Result | None:
    """Count how far the problems came: raised, instructed, adopted, resolved, all in per cent of those raised.

    Returns
    -------
    Result or None
        Rows by `stage`, with `median`, median_low and median_high, the days since raised by which half had come so far
        (Kaplan-Meier, for many are still on their way). `extra["rounds"]` has the same counts by the half-year of raising,
        `extra["sources"]` by where the problem was raised. None without a ledger or a problem by then.
    """
    if ledger is None or ledger.problems.empty:
        return None
    table, n = ledger.problems, len(ledger.problems)
    steps = [(stage, label, table[f"{stage}_on"].notna()) for stage, label in STAGES.items()]
    found = counted("loop", BASE, steps, [n] * len(steps), n)
    times = [_time(ledger, stage) for stage in STAGES]
    stages = found.table.rename(columns={"step": "stage"}).assign(
        median=[time.estimate for time in times], median_low=[time.low for time in times],
        median_high=[time.high for time in times],
    )  # fmt: skip
    labels = {
        name: f"{name[:4]} 年{'上' if name.endswith('1') else '下'}半年" for name in table["round"].unique()
    }
    extra = {"rounds": _split(table, "round", labels), "sources": _split(table, "source", CHANNELS)}
    return Result(stages, "loop", "%", BASE, n, extra)  # fmt: skip


def _split(table: pd.DataFrame, by: str, labels: dict[str, str]) -> pd.DataFrame:
    """Count the stages by group, groups in the order of their labels."""
    parts = [(code, label, table[table[by] == code]) for code, label in labels.items()]
    return pd.DataFrame([_group(code, label, part) for code, label, part in parts if len(part)])


def _group(code: str, label: str, part: pd.DataFrame) -> dict[str, object]:
    counts = {stage: int(part[f"{stage}_on"].notna().sum()) for stage in STAGES if stage != "raised"}
    shares = {stage: 100 * count / len(part) for stage, count in counts.items()}
    return (
        {"group": code, "label": label, "n": len(part)}
        | shares
        | {f"{stage}_count": count for stage, count in counts.items()}
    )


def _time(ledger: Ledger, stage: str) -> Time:
    """Return the days by which half of the problems came to a stage."""
    table, round_ = ledger.problems, ledger.round
    if stage == "raised" or len(table) < HALVES * round_.k:
        return Time(*(float("nan"),) * 3)
    reached = table[f"{stage}_on"]
    days = (reached.fillna(pd.Timestamp(round_.period.end)) - table["raised_on"]).dt.days
    return survival.quantile(survival.kaplan_meier(days, reached.notna(), round_.level))


def _check(read: Checked) -> None:
    ids = read.columns["problem_id"]
    twice = np.flatnonzero(ids.duplicated() & (ids != ""))
    read.fault("E-DUP", "problem_id", twice, "这个编号前面已有；一个问题只写一行，请删去或改正编号")
    days = [f"{stage}_on" for stage in STAGES]
    for place, name in enumerate(days[1:], start=1):
        earlier = pd.concat([read.columns[before] for before in days[:place]], axis=1).max(axis=1)
        wrong = np.flatnonzero(read.columns[name] < earlier)
        read.fault("E-ORDER", name, wrong, f"{name} 早于前一步的日期；提出、批示、采纳、解决应当依次，请核对")
        if place == 1:
            continue
        skipped = np.flatnonzero(read.columns[name].notna() & read.columns[days[place - 1]].isna())
        read.fault("W-SKIP", name, skipped, f"有 {name}，前一步 {days[place - 1]} 却空着；照读，请核对")


def _seen(table: pd.DataFrame, round_: Round) -> pd.DataFrame:
    """Look at the ledger with the eyes of the end of a round: what came later has not happened yet."""
    end = pd.Timestamp(round_.period.end)
    table = table[table["raised_on"] <= end]
    days = {f"{stage}_on": table[f"{stage}_on"].where(table[f"{stage}_on"] <= end) for stage in STAGES}
    return table.assign(**days, round=_half_year(table["raised_on"], round_))


def _half_year(days: pd.Series, round_: Round) -> pd.Series:
    """Name the round whose half-year holds each day; a day outside of all of them is named by the calendar."""
    named = days.map(lambda day: f"{day.year}H{1 if day.month <= 6 else 2}").astype(object)
    for one in params.readable(round_.root):
        start, end = pd.Timestamp(one.period.start), pd.Timestamp(one.period.end)
        named[(days >= start) & (days <= end)] = one.id
    return named
