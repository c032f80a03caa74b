"""What enterprises that dealt with a department think of it, and what may be said of it against the others."""

from evalpkg.scores.departments import ROLES, departments

__all__ = ["ROLES", "departments"]
