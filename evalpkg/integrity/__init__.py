"""Which forms may not be an enterprise's own careful answer, and what the findings owe to them."""

from evalpkg.integrity.collection import modes
from evalpkg.integrity.flags import REASONS, flagged, flags
from evalpkg.integrity.sensitivity import headlines

__all__ = ["REASONS", "flagged", "flags", "headlines", "modes"]
