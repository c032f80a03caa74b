"""The platform's register of appeals, and the ledger of problems: counted, never merged with respondents."""

from evalpkg.appeals.coverage import coverage
from evalpkg.appeals.departments import departments
from evalpkg.appeals.durations import curve, durations, groups
from evalpkg.appeals.ledger import Ledger, ledger, loop, problems
from evalpkg.appeals.overview import overview, satisfaction
from evalpkg.appeals.register import Register, past, register
from evalpkg.appeals.repeats import repeats
from evalpkg.appeals.shrinkage import Shrunken, shrunken
from evalpkg.appeals.survival import Curve, kaplan_meier, log_rank, quantile, restricted_mean
from evalpkg.appeals.themes import themes

__all__ = [
    "Curve",
    "Ledger",
    "Register",
    "Shrunken",
    "coverage",
    "curve",
    "departments",
    "durations",
    "groups",
    "kaplan_meier",
    "ledger",
    "log_rank",
    "loop",
    "overview",
    "past",
    "problems",
    "quantile",
    "register",
    "repeats",
    "restricted_mean",
    "satisfaction",
    "shrunken",
    "themes",
]
