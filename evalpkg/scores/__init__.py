"""What enterprises that dealt with a department think of it, and what may be said of it against the others."""

from evalpkg.scores.crossed import Crossed, Factor, crossed, crossed_table
from evalpkg.scores.departments import ROLES, departments
from evalpkg.scores.reliability import Reliability, reliability
from evalpkg.scores.severity import ScoresError, severity_adjusted
from evalpkg.scores.small_areas import cells

__all__ = [
    "ROLES",
    "Crossed",
    "Factor",
    "Reliability",
    "ScoresError",
    "cells",
    "crossed",
    "crossed_table",
    "departments",
    "reliability",
    "severity_adjusted",
]
