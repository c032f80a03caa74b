"""Rake responses to the enterprise population, trim the weights and report what it took."""

from evalpkg.weights.categories import (
    Margins,
    WeightsError,
    calibration_frame,
    collapse,
    collapse_margins,
)
from evalpkg.weights.raking import RakingReport, rake, report
from evalpkg.weights.trimming import trim

__all__ = [
    "Margins",
    "RakingReport",
    "WeightsError",
    "calibration_frame",
    "collapse",
    "collapse_margins",
    "rake",
    "report",
    "trim",
]
