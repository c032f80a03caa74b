"""Designs, means, shares, differences with their full covariance: the only place a variance is computed."""

from evalpkg.estimate.association import Association, independence
from evalpkg.estimate.calibration import Calibration
from evalpkg.estimate.clustered_regression import clustered_regression, independent_columns
from evalpkg.estimate.design import Design, EstimateError, design_effect, effective_sample_size
from evalpkg.estimate.design_effects import design_effects
from evalpkg.estimate.few_clusters import FewClusters
from evalpkg.estimate.freedom import Influence, SmallSample, small_sample
from evalpkg.estimate.means import Estimate, contrast, mean, share
from evalpkg.estimate.quantiles import Quantiles, quantile
from evalpkg.estimate.regression import regression
from evalpkg.estimate.replicates import replicate_weights
from evalpkg.estimate.result import Result, compared, lead, tidy
from evalpkg.estimate.rounds import Part, over_rounds, recurring
from evalpkg.estimate.totals import total
from evalpkg.estimate.variance import covariance
from evalpkg.estimate.weightings import under_weightings

__all__ = [
    "Association",
    "Calibration",
    "Design",
    "Estimate",
    "EstimateError",
    "FewClusters",
    "Influence",
    "Part",
    "Quantiles",
    "Result",
    "SmallSample",
    "clustered_regression",
    "compared",
    "contrast",
    "covariance",
    "design_effect",
    "design_effects",
    "effective_sample_size",
    "independence",
    "independent_columns",
    "lead",
    "mean",
    "over_rounds",
    "quantile",
    "recurring",
    "regression",
    "replicate_weights",
    "share",
    "small_sample",
    "tidy",
    "total",
    "under_weightings",
]
