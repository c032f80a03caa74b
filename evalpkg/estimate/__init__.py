"""Designs, means, shares, differences with their full covariance: the only place a variance is computed."""

from evalpkg.estimate.calibration import Calibration
from evalpkg.estimate.design import Design, EstimateError, design_effect, effective_sample_size
from evalpkg.estimate.few_clusters import FewClusters
from evalpkg.estimate.means import Estimate, contrast, mean, share
from evalpkg.estimate.replicates import replicate_weights
from evalpkg.estimate.result import Result, compared, lead, tidy
from evalpkg.estimate.variance import covariance

__all__ = [
    "Calibration",
    "Design",
    "Estimate",
    "EstimateError",
    "FewClusters",
    "Result",
    "compared",
    "contrast",
    "covariance",
    "design_effect",
    "effective_sample_size",
    "lead",
    "mean",
    "replicate_weights",
    "share",
    "tidy",
]
