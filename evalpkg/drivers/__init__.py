"""What goes with satisfaction: shares of explained variance by service dimension (association, not cause)."""

from evalpkg.drivers.analysis import shares
from evalpkg.drivers.attempt import attempt
from evalpkg.drivers.department import department
from evalpkg.drivers.forest import nonlinear
from evalpkg.drivers.halo import halo
from evalpkg.drivers.importance import DriversError, first, johnson, last, lmg
from evalpkg.drivers.odds import odds
from evalpkg.drivers.policies import funnel, funnel_by_size, policy_effects
from evalpkg.drivers.reported import reported
from evalpkg.drivers.sensitivity import sensitivity
from evalpkg.drivers.subgroups import by
from evalpkg.drivers.whatif import what_if

__all__ = [
    "DriversError",
    "attempt",
    "by",
    "department",
    "first",
    "funnel",
    "funnel_by_size",
    "halo",
    "johnson",
    "last",
    "lmg",
    "nonlinear",
    "odds",
    "policy_effects",
    "reported",
    "sensitivity",
    "shares",
    "what_if",
]
