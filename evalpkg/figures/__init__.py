"""Protected results as inline SVG figures, in the visual grammar of the report."""

from evalpkg.figures.associations import DRIVER_SIGNS, policy_effects, steps, theme_effects
from evalpkg.figures.cards import cards
from evalpkg.figures.change import change
from evalpkg.figures.complaints import complaint_signs, complaints
from evalpkg.figures.composition import composition
from evalpkg.figures.departments import departments, signs_of
from evalpkg.figures.drivers import drivers
from evalpkg.figures.effects import effects
from evalpkg.figures.funnel import funnel
from evalpkg.figures.importance import importance_performance
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
    "DRIVER_SIGNS",
    "SUMMARY_SIGNS",
    "cards",
    "change",
    "complaint_signs",
    "complaints",
    "composition",
    "departments",
    "difficulties",
    "drivers",
    "effects",
    "environments",
    "funnel",
    "groups",
    "importance_performance",
    "legend",
    "modes",
    "policy_effects",
    "scores",
    "shares",
    "signs_of",
    "steps",
    "summary_appeals",
    "summary_departments",
    "summary_difficulties",
    "summary_drivers",
    "summary_overall",
    "summary_sample",
    "summary_themes",
    "summary_urgent",
    "theme_effects",
    "themes",
    "urgent",
]
