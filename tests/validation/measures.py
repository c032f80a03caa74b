"""Measures in worlds where it is known whether they work: worst departments chosen, true gains, few raters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd

from evalpkg import params
from evalpkg.measures import Measure, Registry, Rounds
from evalpkg.measures.contrast import contrast
from evalpkg.measures.judged import assessed
from evalpkg.measures.rounds import Seen
from evalpkg.measures.targets import Target
from evalpkg.params import Round
from evalpkg.synthetic import world

from . import worlds
from .places import compared
from .scenario import LEVEL, Floats, Ints, Row, Scenario, within

IDS = (
    "2020H2",
    "2021H1",
    "2021H2",
    "2022H1",
)  # the last judges; which one made departments act is said below
TRIGGER, JUDGE = "2021H2", "2022H1"
STARTS = date(2022, 1, 1)
WORST = 5
GAIN = 4.0  # points of 100


@cache
def calendar() -> tuple[Round, ...]:
    """Return the demo's rounds with their dates."""
    return tuple(params.load(round_id, params.bundle()) for round_id in IDS)


@cache
def codes() -> list[str]:
    """Return the departments in the order of the worlds."""
    return list(worlds.reference()["code"])


@cache
def city(chambers: int) -> worlds.World:
    """Build the demo's city; nothing in it changes but what a simulation adds."""
    return worlds.build(worlds.demo_means(), chambers=chambers)


def drawn(rng: np.random.Generator, chambers: int) -> list[pd.DataFrame]:
    """Draw all rounds: each department's adjusted score and error; true means wander as in the demo."""
    found = []
    for _ in IDS:
        sample = worlds.draw(city(chambers), rng)
        theta = compared(sample).theta
        score = theta.estimate + rng.normal(0, world.DRIFT_SD, len(theta.estimate))
        raters = (~np.isnan(sample.departments)).sum(axis=0)
        index = pd.Index([f"C_{code}" for code in codes()])
        found.append(
            pd.DataFrame({"estimate": score, "std_error": theta.std_error, "n": raters}, index=index)
        )
    return found


def judged(numbers: Sequence[pd.DataFrame], treated: Sequence[Ints | int], source: str) -> pd.DataFrame:
    """Judge one measure for each group of departments (by place), answers to the findings of `source`."""
    measures, aims = [], {f"C_{code}": Target(f"C_{code}", code, "department", code) for code in codes()}
    for number, places in enumerate(treated, start=1):
        own = tuple(codes()[place] for place in np.atleast_1d(places))
        targets = tuple(f"C_{code}" for code in own)
        measures.append(
            Measure(f"ME-{number:03d}", "", own, STARTS, STARTS, None, targets, "", source, date(2021, 12, 1))
        )
    wording = dict.fromkeys(aims, "")
    seen = tuple(Seen(r, part, wording, "answers") for r, part in zip(calendar(), numbers, strict=True))
    survey = SimpleNamespace(round=calendar()[-1])
    return assessed(Registry(tuple(measures), aims), Rounds(survey, seen, calendar()))  # type: ignore[arg-type]


def change(numbers: Sequence[pd.DataFrame], since: Sequence[str]) -> tuple[Floats, Floats]:
    """Give the change of every department from the mean of some rounds to the judging one, and its error."""
    by = dict(zip(IDS, numbers, strict=True))
    mean = sum(by[name]["estimate"] for name in since) / len(since)
    variance = (
        by[JUDGE]["std_error"] ** 2 + sum(by[name]["std_error"] ** 2 for name in since) / len(since) ** 2
    )
    return (by[JUDGE]["estimate"] - mean).to_numpy(), np.sqrt(variance).to_numpy()


# --- nothing works, the worst are chosen ------------------------------------------------------------------


def naive(numbers: Sequence[pd.DataFrame], worst: Ints) -> tuple[Floats, Floats, Floats]:
    """Compare as is usually done: with the round that made departments act; differences and limits, (5,) each."""
    x, s = change(numbers, [TRIGGER])
    rest = np.setdiff1d(np.arange(len(x)), worst)
    found = [contrast([x[place]], [s[place]], x[rest], s[rest]) for place in worst]
    limits = np.array([one.interval(LEVEL) for one in found])
    return np.array([one.difference for one in found]), limits[:, 0], limits[:, 1]


def worst_reformed(
    rng: np.random.Generator, chambers: int
) -> tuple[pd.DataFrame, tuple[Floats, Floats, Floats]]:
    """Let the five worst departments of a round announce measures that do nothing; the verdicts, and the usual way."""
    numbers = drawn(rng, chambers)
    worst = np.argsort(numbers[IDS.index(TRIGGER)]["estimate"].to_numpy())[:WORST]
    return judged(numbers, list(worst), TRIGGER), naive(numbers, worst)


def nothing(rng: np.random.Generator, chambers: int) -> Sequence[float]:
    """Check what is said of measures that do nothing."""
    table, (_, low, high) = worst_reformed(rng, chambers)
    return (
        float((table["verdict"] != "A").all()),
        within(table["conf_low"].to_numpy(), table["conf_high"].to_numpy(), 0.0),
        within(low, high, 0.0),
    )


def regained(runs: int, chambers: int = 0, seed: int = 0) -> dict[str, float]:
    """Average over runs, in points of 100: what the usual way finds of measures that do nothing, what ours, what was foretold."""
    parts = [worst_reformed(np.random.default_rng([seed, run]), chambers) for run in range(runs)]
    return {
        "usual": float(np.mean([usual.mean() for _, (usual, _, _) in parts])),
        "ours": float(np.mean([table["estimate"].mean() for table, _ in parts])),
        "foretold": float(np.mean([table["regression"].mean() for table, _ in parts])),
        "called": float(np.mean([(table["verdict"] == "A").any() for table, _ in parts])),
    }


# --- a true gain, few raters ------------------------------------------------------------------------------


def one_reformed(rng: np.random.Generator, chambers: int, place: int, gain: float) -> tuple[pd.Series, float]:
    """Let one department, chosen beforehand, gain so much: its row, and whether equal errors would call it effective."""
    numbers = drawn(rng, chambers)
    shift = gain * (np.arange(len(codes())) == place)
    numbers[-1] = numbers[-1].assign(estimate=numbers[-1]["estimate"] + shift)
    row = judged(numbers, [place], "2021H1").iloc[0]
    x, _ = change(numbers, ["2020H2", "2021H2"])
    rest = np.setdiff1d(np.arange(len(x)), [place])
    alike = contrast([x[place]], [1.0], x[rest], np.ones(len(rest)))
    low, high = alike.interval(LEVEL)
    return row, float(low <= gain <= high)


def gained(rng: np.random.Generator, chambers: int, place: int, gain: float) -> Sequence[float]:
    """Check the interval of a true gain."""
    row, _ = one_reformed(rng, chambers, place, gain)
    return (within(row["conf_low"], row["conf_high"], gain),)


def unequal(rng: np.random.Generator, chambers: int, place: int) -> Sequence[float]:
    """Check a department with few raters that did nothing, with its own error and as if all had the same."""
    row, alike = one_reformed(rng, chambers, place, 0.0)
    return within(row["conf_low"], row["conf_high"], 0.0), alike


def power(gain: float, runs: int, place: int, chambers: int = 0, seed: int = 0) -> float:
    """Give the share of runs in which a true gain is called effective."""
    rows = [one_reformed(np.random.default_rng([seed, run]), chambers, place, gain)[0] for run in range(runs)]
    return float(np.mean([(row["verdict"] == "A") and row["direction"] == "better" for row in rows]))


@cache
def many() -> int:
    """Return the place of the department that most firms deal with."""
    return int(np.argmax(worlds.reference()["synthetic_contact_rate"].to_numpy()))


@cache
def few() -> int:
    """Return the place of the department that fewest firms deal with."""
    return int(np.argmin(worlds.reference()["synthetic_contact_rate"].to_numpy()))


def _scenarios(chambers: int, clusters: str) -> tuple[Scenario, ...]:
    name = chambers or worlds.FIRMS
    return (
        Scenario(
            f"measures_nothing_{name}",
            clusters,
            (
                Row("measures that do nothing, worst five chosen: none called effective", "joint"),
                Row("differences of the same against no effect", "interval"),
                Row("control: change since the round that made them act", "control"),
            ),
            lambda rng: nothing(rng, chambers),
        ),
        Scenario(
            f"measures_gain_{name}",
            clusters,
            # standard errors of few chambers are widened most for departments that many of them rate: cautious
            (Row(f"a measure that truly gains {GAIN:g} points", "joint" if chambers else "interval"),),
            lambda rng: gained(rng, chambers, many(), GAIN),
        ),
        Scenario(
            f"measures_few_{name}",
            clusters,
            (
                Row("a measure of the department with fewest raters, no effect", "interval"),
                Row("control: the same as if all departments had equal errors", "control"),
            ),
            lambda rng: unequal(rng, chambers, few()),
        ),
    )


SCENARIOS = (*_scenarios(0, "1,000 firms"), *_scenarios(38, "38 unequal chambers"))
