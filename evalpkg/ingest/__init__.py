"""One raw export -> typed responses, ratings, remarks and a list of problems; nothing is dropped silently."""

from evalpkg.ingest.problems import InputRefused, Problem, lines
from evalpkg.ingest.read import Intake, read, read_file

__all__ = ["InputRefused", "Intake", "Problem", "lines", "read", "read_file"]
