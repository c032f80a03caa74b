"""Whether announced reforms show in the scores of their departments, against departments without one."""

from evalpkg.measures.judged import judged
from evalpkg.measures.ledger import Measure, Registry, registry
from evalpkg.measures.panel import panel
from evalpkg.measures.rounds import Rounds, rounds

__all__ = ["Measure", "Registry", "Rounds", "judged", "panel", "registry", "rounds"]
