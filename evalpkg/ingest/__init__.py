"""One raw export -> typed responses, ratings, remarks and a list of problems; nothing is dropped silently."""

from evalpkg.ingest.listing import show
from evalpkg.ingest.new_round import begin
from evalpkg.ingest.problems import InputRefused, Problem, accounted, in_order, lines
from evalpkg.ingest.read import Intake, read, read_file
from evalpkg.ingest.sizes import Sizes, size_class, sizes

__all__ = [
    "InputRefused",
    "Intake",
    "Problem",
    "Sizes",
    "accounted",
    "begin",
    "in_order",
    "lines",
    "read",
    "read_file",
    "show",
    "size_class",
    "sizes",
]
