"""What enterprises complain of: themes of remarks, the words they use, the departments concerned."""

from evalpkg.complaints.coding import Coded, coded
from evalpkg.complaints.course import course
from evalpkg.complaints.explore import explore
from evalpkg.complaints.guided import OTHER, guided
from evalpkg.complaints.history import History, history
from evalpkg.complaints.themes import mentions, themes

__all__ = [
    "OTHER",
    "Coded",
    "History",
    "coded",
    "course",
    "explore",
    "guided",
    "history",
    "mentions",
    "themes",
]
