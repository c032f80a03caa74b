"""Between rounds: what changed, what of it is sure, what comes from other respondents, what may not be compared."""

from evalpkg.trends.benchmarks import benchmarks
from evalpkg.trends.changes import changes
from evalpkg.trends.comparability import register
from evalpkg.trends.departments import departments
from evalpkg.trends.districts import districts
from evalpkg.trends.levels import course, levels
from evalpkg.trends.past import History, Published, history
from evalpkg.trends.series import series

__all__ = [
    "History",
    "Published",
    "benchmarks",
    "changes",
    "course",
    "departments",
    "districts",
    "history",
    "levels",
    "register",
    "series",
]
