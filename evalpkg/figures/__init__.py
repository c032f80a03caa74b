"""Protected results as inline SVG figures, in the visual grammar of the report."""

from evalpkg.figures.appeals import (
    loop,
    register,
    register_curve,
    register_departments,
    summary_loop,
    summary_register,
)
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
from evalpkg.figures.measures import measure_events, measure_signs, measures, summary_measures
from evalpkg.figures.multiples import multiple_signs, multiples, summary_trend
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
from evalpkg.figures.trends import trend_departments, trend_parts, trend_shares, trend_signs

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
    "loop",
    "measure_events",
    "measure_signs",
    "measures",
    "modes",
    "multiple_signs",
    "multiples",
    "policy_effects",
    "register",
    "register_curve",
    "register_departments",
    "scores",
    "shares",
    "signs_of",
    "steps",
    "summary_appeals",
    "summary_departments",
    "summary_difficulties",
    "summary_drivers",
    "summary_loop",
    "summary_measures",
    "summary_overall",
    "summary_register",
    "summary_sample",
    "summary_themes",
    "summary_trend",
    "summary_urgent",
    "theme_effects",
    "themes",
    "trend_departments",
    "trend_parts",
    "trend_shares",
    "trend_signs",
    "urgent",
]
