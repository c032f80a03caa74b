"""Weighted proportional-odds models of ordered answers, with design-based covariance."""

from evalpkg.ordinal.model import OrdinalFit, fit
from evalpkg.ordinal.proportionality import BrantTest, brant
from evalpkg.ordinal.sample import OrdinalError

__all__ = ["BrantTest", "OrdinalError", "OrdinalFit", "brant", "fit"]
