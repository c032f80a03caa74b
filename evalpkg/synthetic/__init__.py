"""Demo rounds with known truth: an invented city whose every parameter is written down beside the data."""

from __future__ import annotations

from .workspace import write
from .world import SEED, SyntheticError

__all__ = ["SEED", "SyntheticError", "write"]
