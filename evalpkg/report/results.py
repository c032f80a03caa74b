"""The protected tables of a round, which the next round's trends may read when its raw files are gone."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame

from evalpkg import (
    appeals,
    complaints,
    disclosure,
    drivers,
    fieldwork,
    integrity,
    measures,
    outlook,
    planner,
    scores,
    trends,
)
from evalpkg.complaints import Coded
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


def _attempted(analysis: Callable[..., Result | None], *given: str) -> Analysis:
    return lambda survey: drivers.attempt(analysis, survey, *given)


def _drivers(analysis: Callable[[Survey, Result | None], Result | None]) -> Analysis:
    return lambda survey: drivers.attempt(analysis, survey, drivers.attempt(drivers.halo, survey))


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
    "drivers": _drivers(drivers.shares),
    "halo": _attempted(drivers.halo),
    "what_if": _drivers(drivers.what_if),
    "odds": _attempted(drivers.odds),
    "drivers_by_size": _attempted(drivers.by, "size"),
    "policies": _attempted(drivers.funnel),
    "policies_by_size": _attempted(drivers.funnel_by_size),
    "policy_effects": _attempted(drivers.policy_effects),
    "returns": fieldwork.returns,
    "flags": integrity.flags,
    "headlines": lambda survey: integrity.headlines(survey, HEADLINES),
    "modes": integrity.modes,
    "levels": trends.levels,
    "register": lambda survey: appeals.overview(appeals.register(survey.round)),
    "register_days": lambda survey: appeals.durations(appeals.register(survey.round)),
    "register_departments": lambda survey: appeals.departments(appeals.register(survey.round)),
    "loop": lambda survey: appeals.loop(appeals.ledger(survey.round)),
    "plan": lambda survey: planner.planned(scores.departments(survey), survey.round),
}


# Of the remarks, coded once together with those of earlier rounds.
REMARKS: dict[str, Callable[[Survey, Coded], Result | None]] = {
    "themes": complaints.themes,
    "themes_rising": lambda survey, said: complaints.rising(said),
    "themes_course": lambda survey, said: complaints.course(said),
    "themes_by_size": lambda survey, said: complaints.by(said, "size"),
    "themes_calibrated": lambda survey, said: complaints.calibrated(said, complaints.finished(said)),
    "theme_effects": lambda survey, said: drivers.attempt(
        drivers.reported, survey, complaints.mentions(said)
    ),
}


# Of the rounds together; `levels` is what they leave to later rounds.
CHANGES: dict[str, Callable[[trends.History], Result | None]] = {
    "course": trends.course,
    "changes": trends.changes,
    "department_changes": trends.departments,
    "district_changes": trends.districts,
}


# Of the ledger of measures, against this and earlier rounds.
MEASURES: dict[str, Callable[[Survey, measures.Rounds], Result | None]] = {
    "measures": measures.judged,
    "measures_panel": measures.panel,
}


def publishable(survey: Survey) -> dict[str, DataFrame]:
    """Run every analysis once more and keep what passes the gate; what was not asked has no table."""
    gate = disclosure.gate(survey)
    passed = {name: gate(analysis(survey)) for name, analysis in ANALYSES.items()}
    past = trends.history(survey)
    passed |= {name: gate(analysis(past)) for name, analysis in CHANGES.items()}
    seen = measures.rounds(survey, past.opened)
    passed |= {name: gate(analysis(survey, seen)) for name, analysis in MEASURES.items()}
    said = complaints.coded(survey, past.opened)
    if said is not None:
        passed |= {name: gate(analysis(survey, said)) for name, analysis in REMARKS.items()}
    return {name: result.table for name, result in passed.items() if result is not None}
