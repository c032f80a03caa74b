"""One Chinese sentence per finding; every number in prose comes from here, so text and table cannot disagree."""

from evalpkg.words.appeals import (
    answered,
    coverage,
    loop,
    register,
    register_departments,
    register_repeats,
    register_satisfaction,
    register_themes,
)
from evalpkg.words.card import department, department_drivers
from evalpkg.words.complaints import themes
from evalpkg.words.departments import departments, roles
from evalpkg.words.drivers import drivers, drivers_sure, drivers_weak
from evalpkg.words.effects import forest, odds, policy_effects, subgroups, theme_effects, what_if
from evalpkg.words.finding import (
    LISTED,
    SURE,
    UNSURE,
    Finding,
    answer,
    answers,
    headline,
    point,
    proposals,
    section,
)
from evalpkg.words.measures import measure_reasons, measures
from evalpkg.words.outlook import appeals, difficulties, overall, troubles, urgent
from evalpkg.words.policies import funnel
from evalpkg.words.remarks import beside, copied, groups, machine, others, theme_status
from evalpkg.words.sample import RECRUITMENT, doubts, modes, plan, sample, sizes
from evalpkg.words.trends import (
    caution,
    change_line,
    trend_alarms,
    trend_departments,
    trend_districts,
    trend_gaps,
    trend_items,
    trends,
)

__all__ = [
    "LISTED",
    "RECRUITMENT",
    "SURE",
    "UNSURE",
    "Finding",
    "answer",
    "answered",
    "answers",
    "appeals",
    "beside",
    "caution",
    "change_line",
    "copied",
    "coverage",
    "department",
    "department_drivers",
    "departments",
    "difficulties",
    "doubts",
    "drivers",
    "drivers_sure",
    "drivers_weak",
    "forest",
    "funnel",
    "groups",
    "headline",
    "loop",
    "machine",
    "measure_reasons",
    "measures",
    "modes",
    "odds",
    "others",
    "overall",
    "plan",
    "point",
    "policy_effects",
    "proposals",
    "register",
    "register_departments",
    "register_repeats",
    "register_satisfaction",
    "register_themes",
    "roles",
    "sample",
    "section",
    "sizes",
    "subgroups",
    "theme_effects",
    "theme_status",
    "themes",
    "trend_alarms",
    "trend_departments",
    "trend_districts",
    "trend_gaps",
    "trend_items",
    "trends",
    "troubles",
    "urgent",
    "what_if",
]
