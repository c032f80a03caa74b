"""Protected results as inline SVG figures, in the visual grammar of the report."""

from evalpkg.figures.change import change
from evalpkg.figures.composition import composition
from evalpkg.figures.departments import departments, signs_of
from evalpkg.figures.drivers import drivers
from evalpkg.figures.legend import legend
from evalpkg.figures.scores import environments, groups, modes, scores
from evalpkg.figures.shares import difficulties, shares, themes, urgent
from evalpkg.figures.summary import (
    SUMMARY_SIGNS,
    summary_appeals,
    summary_departments,
    summary_difficulties,
    summary_drivers,
    summary_overall,
    summary_sample,
    summary_themes,
    summary_urgent,
)

__all__ = [
    "SUMMARY_SIGNS",
    "change",
    "composition",
    "departments",
    "difficulties",
    "drivers",
    "environments",
    "groups",
    "legend",
    "modes",
    "scores",
    "shares",
    "signs_of",
    "summary_appeals",
    "summary_departments",
    "summary_difficulties",
    "summary_drivers",
    "summary_overall",
    "summary_sample",
    "summary_themes",
    "summary_urgent",
    "themes",
    "urgent",
]
