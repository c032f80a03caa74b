"""Protected results as HTML tables: great-tables builds them, the page's own style dresses them."""

from evalpkg.tables.appeals import (
    coverage,
    loop,
    register,
    register_days,
    register_departments,
    register_satisfaction,
    register_themes,
)
from evalpkg.tables.complaints import beside, others, rounds, theme_groups, theme_status, themes
from evalpkg.tables.departments import departments, tiers
from evalpkg.tables.drivers import driver_sensitivity, drivers, drivers_by, what_if
from evalpkg.tables.effects import effects, odds
from evalpkg.tables.funnel import funnel
from evalpkg.tables.heat import heat
from evalpkg.tables.measures import measure_tests, measures
from evalpkg.tables.sample import estimands, flags, headlines, modes, plan
from evalpkg.tables.trends import benchmarks, comparability, trend_departments, trend_districts, trends
from evalpkg.tables.verbs import (
    composition,
    fieldwork,
    problems,
    scores,
    shares,
)

__all__ = [
    "benchmarks",
    "beside",
    "comparability",
    "composition",
    "coverage",
    "departments",
    "driver_sensitivity",
    "drivers",
    "drivers_by",
    "effects",
    "estimands",
    "fieldwork",
    "flags",
    "funnel",
    "headlines",
    "heat",
    "loop",
    "measure_tests",
    "measures",
    "modes",
    "odds",
    "others",
    "plan",
    "problems",
    "register",
    "register_days",
    "register_departments",
    "register_satisfaction",
    "register_themes",
    "rounds",
    "scores",
    "shares",
    "theme_groups",
    "theme_status",
    "themes",
    "tiers",
    "trend_departments",
    "trend_districts",
    "trends",
    "what_if",
]
