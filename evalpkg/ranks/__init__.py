"""Which places a department may hold, and whether it is clearly above or below the average."""

from evalpkg.ranks.family import FEW, RanksError
from evalpkg.ranks.leading import leading
from evalpkg.ranks.sets import RankSets, rank_sets
from evalpkg.ranks.tiers import Tiers, tiers
from evalpkg.ranks.widths import mean_widths

__all__ = ["FEW", "RankSets", "RanksError", "Tiers", "leading", "mean_widths", "rank_sets", "tiers"]
