"""Run notebooks, export pages, publish them as a whole, and list the rounds."""

from evalpkg.report.errors import AnalysisFailed, DiskFull, NotWritable, ReportError, RoundBusy
from evalpkg.report.runner import Bundle, Step, run

__all__ = ["AnalysisFailed", "Bundle", "DiskFull", "NotWritable", "ReportError", "RoundBusy", "Step", "run"]
