"""The protected tables of a round, which the next round's trends may read when its raw files are gone."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame

from evalpkg import complaints, disclosure, drivers, fieldwork, integrity, outlook, planner, scores
from evalpkg.estimate import Result
from evalpkg.survey import Survey

Analysis = Callable[[Survey], Result | None]

HEADLINES: dict[str, Analysis] = {
    "overall": outlook.overall,
    "environments": outlook.environments,
    "departments": scores.departments,
}


def _cells(column: str) -> Analysis:
    return lambda survey: scores.cells(survey, column, scores=scores.departments(survey))


ANALYSES: dict[str, Analysis] = {
    "overall": outlook.overall,
    "estimands": outlook.estimands,
    "difficulty_estimands": outlook.difficulty_estimands,
    "by_size": lambda survey: outlook.by(survey, "size"),
    "by_district": lambda survey: outlook.by(survey, "district"),
    "environments": outlook.environments,
    "change": outlook.change,
    "difficulties": outlook.difficulties,
    "most_urgent": outlook.most_urgent,
    "appeals": outlook.appeals,
    "departments": scores.departments,
    "departments_by_district": _cells("district"),
    "departments_by_size": _cells("size"),
    "departments_by_industry": _cells("industry"),
    "drivers": drivers.shares,
    "themes": complaints.themes,
    "returns": fieldwork.returns,
    "flags": integrity.flags,
    "headlines": lambda survey: integrity.headlines(survey, HEADLINES),
    "modes": integrity.modes,
    "plan": lambda survey: planner.planned(scores.departments(survey), survey.round),
}


def publishable(survey: Survey) -> dict[str, DataFrame]:
    """Run every analysis once more and keep what passes the gate; what was not asked has no table."""
    gate = disclosure.gate(survey)
    passed = {name: gate(analysis(survey)) for name, analysis in ANALYSES.items()}
    return {name: result.table for name, result in passed.items() if result is not None}
