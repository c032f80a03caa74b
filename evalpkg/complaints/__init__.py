"""What enterprises complain of: themes of remarks, the words they use, the departments concerned."""

from evalpkg.complaints.campaigns import campaigns
from evalpkg.complaints.coding import Coded, coded
from evalpkg.complaints.course import course
from evalpkg.complaints.explore import explore
from evalpkg.complaints.features import embedding
from evalpkg.complaints.guided import OTHER, guided
from evalpkg.complaints.hand.calibration import calibrated
from evalpkg.complaints.hand.sheet import finished
from evalpkg.complaints.history import History, history
from evalpkg.complaints.lineage.registry import registry
from evalpkg.complaints.links import beside, by
from evalpkg.complaints.others import others
from evalpkg.complaints.rising import rising
from evalpkg.complaints.stability import stability
from evalpkg.complaints.themes import mentions, themes

__all__ = [
    "OTHER",
    "Coded",
    "History",
    "beside",
    "by",
    "calibrated",
    "campaigns",
    "coded",
    "course",
    "embedding",
    "explore",
    "finished",
    "guided",
    "history",
    "mentions",
    "others",
    "registry",
    "rising",
    "stability",
    "themes",
]
