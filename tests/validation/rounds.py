"""Two rounds of one city: nothing changed but who answered; then one department fell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from small_survey import codebook, item, survey

from evalpkg import complaints, params, trends
from evalpkg.codebook import Codebook
from evalpkg.estimate import Design
from evalpkg.survey import Survey

from . import worlds
from .scenario import Floats, Row, Scenario, within

CHAMBERS = 38
NOWHERE = params.bundle() / "tests"  # a workspace without a file of comparability
# As the mix may shift where another office does the fieldwork: fewer large firms, fewer by telephone, more online.
BEFORE = {
    "sizes": (0.12, 0.22, 0.28, 0.20, 0.18),
    "modes": {"online": 0.35, "paper": 0.15, "phone": 0.35, "visit": 0.15},
}
NOW = {
    "sizes": (0.02, 0.05, 0.15, 0.33, 0.45),
    "modes": {"online": 0.80, "paper": 0.15, "phone": 0.03, "visit": 0.02},
}
FALLEN, FALL = "D26", -8.0  # the tax office, which most firms meet
ROWS = (
    Row("change of the 35 scores where nothing changed, each", "interval"),
    Row("change of the 35 scores against the mean of departments, nothing changed, each", "interval"),
    Row("only the mix of respondents shifts: no department is called changed", "joint"),
    Row("only the mix shifts: no department is called changed against the mean", "joint"),
    Row("change of overall satisfaction at the same mix, nothing changed", "interval"),
    Row("control: raw means as independent ratings, no department is called changed", "control"),
)
FOUND = (
    Row("a fall of 8 points of the tax office is found", "joint"),
    Row("that fall: nobody else is called changed against the mean", "joint"),
)


@cache
def city(fall: float) -> worlds.World:
    """Build the demo's city, one department lower by `fall`."""
    means = worlds.demo_means() + fall * (worlds.reference()["code"] == FALLEN).to_numpy()
    return worlds.build(means, chambers=CHAMBERS, harsh=worlds.CONFOUNDED)


@cache
def book() -> Codebook:
    """Describe the questionnaire: size, mode, overall satisfaction and a rating per department."""
    table = worlds.reference()
    ratings = [item(code, "rating", department=code) for code in table["code"]]
    kinds = [item(name, name, type="category") for name in ("size", "mode", "district")]
    departments = list(zip(table["code"], table["code"], table["role"], strict=True))
    return codebook([*ratings, *kinds, item("F1", "outcome")], departments)


def as_survey(sample: worlds.Sample, round_id: str) -> Survey:
    """Make a survey of a sample, as analyses take it; chambers keep their names from round to round."""
    frame = sample.design.calibration
    assert frame is not None and sample.design.clusters is not None
    responses = frame.assign(mode=sample.mode, F1=sample.overall)
    responses.index = pd.RangeIndex(1, len(frame) + 1, name="rid")
    ratings = pd.DataFrame(sample.departments, columns=worlds.reference()["code"], index=responses.index)
    named = Design(
        sample.design.weights, base_weights=sample.design.base_weights, calibration=frame,
        clusters=np.array([f"CC{number:02d}" for number in sample.design.clusters]),
    )  # fmt: skip
    opened = survey(book(), responses, ratings=ratings, design=named)
    round_ = SimpleNamespace(**{**vars(opened.round), "id": round_id, "root": NOWHERE})
    return replace(opened, round=round_)  # type: ignore[arg-type]


def pair(
    rng: np.random.Generator, fall: float = 0.0, before_: Mapping[str, object] = BEFORE
) -> trends.History:
    """Draw two rounds in which the same chambers take part and see things as they did."""
    seen = worlds.views(city(0.0), rng, CHAMBERS)
    before = worlds.draw(city(0.0), rng, seen=seen, **before_)  # type: ignore[arg-type]
    now = worlds.draw(city(fall), rng, seen=seen, **NOW)  # type: ignore[arg-type]
    past = complaints.History((as_survey(before, "2022H1"),))
    return trends.History(as_survey(now, "2022H2"), past)


def once(rng: np.random.Generator) -> Sequence[float]:
    """Draw two rounds without a change; check what is said of them."""
    past = pair(rng)
    scores, items = trends.departments(past), trends.changes(past)
    assert scores is not None and items is not None
    table, overall = scores.table, items.table.set_index("item").loc["F1"]
    return (
        within(table["conf_low"], table["conf_high"], 0.0),
        within(table["own_low"], table["own_high"], 0.0),
        float((table["direction"] == "no").all()),
        float((table["own_direction"] == "no").all()),
        float(overall["conf_low"] <= 0 <= overall["conf_high"]),
        float(naive(past) == 0),
    )


def naive(past: trends.History) -> int:
    """Count the departments that a comparison of raw means, each rating by itself, calls changed."""
    rated = [one.ratings.to_numpy(dtype=float) for one in past.surveys]
    mean, n = (
        [f(y, axis=0) for y in rated] for f in (np.nanmean, lambda y, axis: (~np.isnan(y)).sum(axis=axis))
    )
    variance: Floats = sum(np.nanvar(y, axis=0, ddof=1) / m for y, m in zip(rated, n, strict=True))
    return int((np.abs(mean[1] - mean[0]) > 1.96 * np.sqrt(variance)).sum())


def once_fallen(rng: np.random.Generator) -> Sequence[float]:
    """Draw two rounds between which one department fell; check that it is found, and nobody else."""
    found = trends.departments(pair(rng, FALL, NOW))
    assert found is not None
    table = found.table.set_index("department")
    others = table.drop(index=FALLEN)["own_direction"]
    return float(table.loc[FALLEN, "direction"] == "falling"), float((others == "no").all())


SCENARIOS = (
    Scenario("rounds_unchanged", f"{CHAMBERS} unequal chambers, recurring", ROWS, once),
    Scenario("rounds_fallen", f"{CHAMBERS} unequal chambers, recurring", FOUND, once_fallen),
)
