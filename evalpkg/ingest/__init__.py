"""One raw export -> typed responses, ratings, remarks and a list of problems; nothing is dropped silently."""

from evalpkg.ingest.new_round import begin
from evalpkg.ingest.problems import InputRefused, Problem, lines
from evalpkg.ingest.read import Intake, read, read_file

__all__ = ["InputRefused", "Intake", "Problem", "begin", "lines", "read", "read_file"]
