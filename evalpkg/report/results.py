"""The protected tables of a round, which the next round's trends may read when its raw files are gone."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame

from evalpkg import complaints, disclosure, drivers, fieldwork, outlook, scores
from evalpkg.estimate import Result
from evalpkg.survey import Survey

Analysis = Callable[[Survey], Result | None]

ANALYSES: dict[str, Analysis] = {
    "overall": outlook.overall,
    "by_size": lambda survey: outlook.by(survey, "size"),
    "by_district": lambda survey: outlook.by(survey, "district"),
    "environments": outlook.environments,
    "change": outlook.change,
    "difficulties": outlook.difficulties,
    "most_urgent": outlook.most_urgent,
    "appeals": outlook.appeals,
    "departments": scores.departments,
    "drivers": drivers.shares,
    "themes": complaints.themes,
    "returns": fieldwork.returns,
}


def publishable(survey: Survey) -> dict[str, DataFrame]:
    """Run every analysis once more and keep what passes the gate; what was not asked has no table."""
    gate = disclosure.gate(survey)
    passed = {name: gate(analysis(survey)) for name, analysis in ANALYSES.items()}
    return {name: result.table for name, result in passed.items() if result is not None}
