"""Protected results as HTML tables: great-tables builds them, the page's own style dresses them."""

from evalpkg.tables.complaints import beside, others, rounds, theme_groups, theme_status, themes
from evalpkg.tables.departments import departments, tiers
from evalpkg.tables.drivers import driver_sensitivity, drivers, drivers_by, what_if
from evalpkg.tables.effects import effects, odds
from evalpkg.tables.funnel import funnel
from evalpkg.tables.heat import heat
from evalpkg.tables.sample import estimands, flags, headlines, modes, plan
from evalpkg.tables.verbs import (
    composition,
    fieldwork,
    problems,
    scores,
    shares,
)

__all__ = [
    "beside",
    "composition",
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
    "modes",
    "odds",
    "others",
    "plan",
    "problems",
    "rounds",
    "scores",
    "shares",
    "theme_groups",
    "theme_status",
    "themes",
    "tiers",
    "what_if",
]
