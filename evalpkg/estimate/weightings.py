"""The same answers under several sets of weights: what each gives, and whether they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from evalpkg.estimate.design import Design, EstimateError
from evalpkg.estimate.few_clusters import FewClusters, few_clusters
from evalpkg.estimate.freedom import Influence
from evalpkg.estimate.means import Estimate, domain, mean, mean_influence, numeric_columns
from evalpkg.estimate.variance import between_clusters, residuals


def under_weightings(
    y: ArrayLike, designs: Sequence[Design], of: Callable[[ArrayLike, Design], Estimate] = mean
) -> Estimate:
    """Estimate the mean of each column under each design, with the covariance between designs.

    The respondents are the same, so their linearised values under all designs are summed by cluster side by side:
    the error of a difference of weightings is that of z_1 - z_2, each with its own raking residuals, and is mostly
    far smaller than two independent samples would have.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, k)
        NaN = outside the domain.
    designs : sequence of Design
        m designs of the same respondents, clusters, strata and population of clusters; weights and raking differ.
    of : callable
        `mean` or `share`.

    Returns
    -------
    Estimate
        m k estimates, those of the first design first. A `contrast` compares weightings.

    Raises
    ------
    EstimateError
        As `mean`; no design; designs of other clusters or strata.

    Examples
    --------
    >>> designs = [Design([1, 1, 1, 1]), Design([9, 1, 1, 1])]
    >>> under_weightings([4.0, 2.0, 3.0, 3.0], designs).estimate.round(3)
    array([3.   , 3.667])
    """
    _check_same_sample(designs)
    parts = [of(y, design) for design in designs]
    z = [residuals(mean_influence(numeric_columns(y, design), design), design) for design in designs]
    unknown = np.concatenate([np.isnan(np.diagonal(part.cov)) for part in parts])
    cov = between_clusters(np.hstack(z), designs[0])
    cov[unknown, :] = cov[:, unknown] = np.nan
    sizes = [part.n_effective for part in parts if part.n_effective is not None]
    return Estimate(
        estimate=np.concatenate([part.estimate for part in parts]),
        cov=cov,
        n=np.concatenate([part.n for part in parts]),
        df=np.concatenate([part.df for part in parts]),
        scale=parts[0].scale,
        n_effective=np.concatenate(sizes) if len(sizes) == len(parts) else None,
        few=_few(y, parts, designs),
        influence=_influence(parts, designs),
    )


def _few(y: ArrayLike, parts: Sequence[Estimate], designs: Sequence[Design]) -> FewClusters | None:
    """Join the pieces of all designs where one of them needs its own; they change nothing in the others."""
    if all(part.few is None for part in parts):
        return None
    pieces = (part.few or _many(y, part, design) for part, design in zip(parts, designs, strict=True))
    return reduce(FewClusters.beside, pieces)


def _many(y: ArrayLike, part: Estimate, design: Design) -> FewClusters:
    found = few_clusters(*domain(numeric_columns(y, design), design), np.nan_to_num(part.estimate), design)
    return replace(found, few=np.zeros_like(found.few))


def _influence(parts: Sequence[Estimate], designs: Sequence[Design]) -> Influence | None:
    """Join the influence functions of all designs where one of them needs its own; zero in the others."""
    if all(part.influence is None for part in parts):
        return None
    k = len(parts[0].estimate)
    blocks = (
        part.influence or Influence(((np.zeros((design.n, k)), design),), np.eye(k), np.full(k, np.inf))
        for part, design in zip(parts, designs, strict=True)
    )
    return reduce(Influence.beside, blocks)


def _check_same_sample(designs: Sequence[Design]) -> None:
    if not designs:
        raise EstimateError("没有给出设计：至少要有一套权数；请传入要比较的设计")
    first = designs[0]
    for design in designs[1:]:
        same = (
            design.n == first.n
            and np.array_equal(design.cluster_codes, first.cluster_codes)
            and np.array_equal(design.stratum_of_cluster, first.stratum_of_cluster)
            and np.array_equal(design.unsampled, first.unsampled)
        )
        if not same:
            raise EstimateError("几套权数的答卷、抽样群或层不同：只能比较同一批答卷；请用同一张表建立设计")
