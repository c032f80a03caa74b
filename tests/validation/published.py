"""The table of departments as it is published, where harsh firms meet regulators more often."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from small_survey import codebook, item, survey

from evalpkg import scores
from evalpkg.codebook import Codebook
from evalpkg.survey import Survey

from . import worlds
from .places import possible
from .scenario import Floats, Row, Scenario, within

ROWS = (
    Row("published scores, each against the mean of departments", "interval"),
    Row("published simultaneous intervals, all 35 at once", "joint"),
    Row("published rank sets, all 35 at once", "joint"),
    Row("published raw scores, each among its contacts", "interval"),
)


@cache
def city(chambers: int) -> worlds.World:
    """Build the demo's departments where severity decides whom a firm meets."""
    return worlds.build(worlds.demo_means(), chambers=chambers, harsh=worlds.CONFOUNDED)


@cache
def truth(chambers: int) -> tuple[Floats, Floats]:
    """Work out the differences from the mean if every firm rated, and the means among contacts, each (35,)."""
    made = city(chambers)
    every = worlds.if_all_rated(made)[:-1]
    return every - every.mean(), worlds.among_contacts(made)[:-1]


@cache
def book() -> Codebook:
    """Describe the questionnaire: the district and a rating per department."""
    table = worlds.reference()
    ratings = [item(code, "rating", department=code) for code in table["code"]]
    departments = list(zip(table["code"], table["code"], table["role"], strict=True))
    return codebook([*ratings, item("district", "district", type="category")], departments)


def as_survey(sample: worlds.Sample) -> Survey:
    """Make a survey of a sample, as analyses take it."""
    assert sample.design.calibration is not None
    ratings = pd.DataFrame(sample.departments, columns=worlds.reference()["code"])
    return survey(book(), sample.design.calibration[["district"]], ratings=ratings, design=sample.design)


def once(rng: np.random.Generator, chambers: int) -> Sequence[float]:
    """Draw a round; check every interval of its table of departments."""
    result = scores.departments(as_survey(worlds.draw(city(chambers), rng)))
    assert result is not None
    table = result.table.set_index("department").loc[worlds.reference()["code"]]
    above, contacts = truth(chambers)
    level = float(result.extra["mean"]["estimate"].iloc[0])
    lowest, highest = possible(above.round(9))
    columns = {str(name): table[name].to_numpy() for name in table if str(name).endswith(("_low", "_high"))}
    return (
        within(columns["conf_low"] - level, columns["conf_high"] - level, above),
        float(within(columns["family_low"] - level, columns["family_high"] - level, above) == 1),
        float(((columns["rank_low"] <= lowest) & (highest <= columns["rank_high"])).all()),
        within(columns["raw_low"], columns["raw_high"], contacts),
    )


SCENARIOS = (
    Scenario("published_firms", "1,000 firms", ROWS, lambda rng: once(rng, 0)),
    Scenario("published_38", "38 unequal chambers", ROWS, lambda rng: once(rng, 38)),
)
