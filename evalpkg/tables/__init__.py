"""Protected results as HTML tables: great-tables builds them, the page's own style dresses them."""

from evalpkg.tables.departments import departments, tiers
from evalpkg.tables.heat import heat
from evalpkg.tables.sample import estimands, flags, headlines, modes, plan
from evalpkg.tables.verbs import (
    composition,
    drivers,
    fieldwork,
    problems,
    scores,
    shares,
    themes,
)

__all__ = [
    "composition",
    "departments",
    "drivers",
    "estimands",
    "fieldwork",
    "flags",
    "headlines",
    "heat",
    "modes",
    "plan",
    "problems",
    "scores",
    "shares",
    "themes",
    "tiers",
]
