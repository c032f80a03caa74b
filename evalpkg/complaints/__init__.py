"""What enterprises complain of: themes of remarks, the words they use, the departments concerned."""

from evalpkg.complaints.explore import explore
from evalpkg.complaints.guided import OTHER, guided
from evalpkg.complaints.themes import mentions, themes

__all__ = ["OTHER", "explore", "guided", "mentions", "themes"]
