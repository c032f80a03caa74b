"""What goes with satisfaction: shares of explained variance by service dimension (association, not cause)."""

from evalpkg.drivers.analysis import shares
from evalpkg.drivers.importance import DriversError, johnson, lmg

__all__ = ["DriversError", "johnson", "lmg", "shares"]
