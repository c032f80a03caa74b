"""One Chinese sentence per finding; every number in prose comes from here, so text and table cannot disagree."""

from evalpkg.words.departments import departments, roles
from evalpkg.words.finding import (
    LISTED,
    SURE,
    UNSURE,
    Finding,
    answer,
    answers,
    headline,
    proposals,
    section,
)
from evalpkg.words.outlook import appeals, difficulties, drivers, overall, themes, urgent
from evalpkg.words.sample import RECRUITMENT, doubts, modes, plan, sample

__all__ = [
    "LISTED",
    "RECRUITMENT",
    "SURE",
    "UNSURE",
    "Finding",
    "answer",
    "answers",
    "appeals",
    "departments",
    "difficulties",
    "doubts",
    "drivers",
    "headline",
    "modes",
    "overall",
    "plan",
    "proposals",
    "roles",
    "sample",
    "section",
    "themes",
    "urgent",
]
