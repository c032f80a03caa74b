"""Protected results as inline SVG figures, in the visual grammar of the report."""

from evalpkg.figures.change import change
from evalpkg.figures.composition import composition
from evalpkg.figures.departments import departments
from evalpkg.figures.drivers import drivers
from evalpkg.figures.legend import legend
from evalpkg.figures.scores import environments, groups, scores
from evalpkg.figures.shares import difficulties, shares, themes, urgent
from evalpkg.figures.summary import (
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
    "change",
    "composition",
    "departments",
    "difficulties",
    "drivers",
    "environments",
    "groups",
    "legend",
    "scores",
    "shares",
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
