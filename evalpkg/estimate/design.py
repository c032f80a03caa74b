"""A survey design: who was drawn how, checked once so that every estimate may rely on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from evalpkg.estimate.calibration import Calibration, Floats, Ints, calibration_cells


class EstimateError(Exception):
    """A design or an estimate that cannot be; ``str()`` is one Chinese line."""


@dataclass(frozen=True, eq=False, init=False)
class Design:
    """Hold the weights of n respondents and how they were drawn.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Final weights, enterprises of the population per respondent; finite, not negative.
    base_weights : array_like, shape (n,), optional
        Weights before raking; equal weights where omitted.
    calibration : DataFrame, n rows, optional
        One column of categories per raking margin.
    clusters : array_like, shape (n,), optional
        What was drawn together (chamber, district); each respondent by itself where omitted.
        Few clusters (below 30) change `Estimate.interval`, see there.
    strata : array_like, shape (n,), optional
        Clusters must lie within one stratum; a stratum needs two of them unless `fpc` says it has only one.
    fpc : array_like, shape (n,), optional
        Number of clusters in the population of the row's stratum.

    Raises
    ------
    EstimateError
        Lengths differ, a number is negative or not finite, a label is missing, a cluster crosses strata,
        a stratum has one cluster.

    Examples
    --------
    >>> design = Design([2, 1, 1, 3], clusters=["a", "a", "b", "c"])
    >>> design.n, design.n_clusters, design.df
    (4, 3, 2)
    """

    weights: Floats
    base_weights: Floats | None
    calibration: pd.DataFrame | None
    clusters: NDArray[Any] | None
    strata: NDArray[Any] | None
    fpc: Floats | None

    def __init__(
        self,
        weights: ArrayLike,
        *,
        base_weights: ArrayLike | None = None,
        calibration: pd.DataFrame | None = None,
        clusters: ArrayLike | None = None,
        strata: ArrayLike | None = None,
        fpc: ArrayLike | None = None,
    ) -> None:
        checked = _check_weights(weights, "权数")
        n = len(checked)

        def keep(name: str, value: object) -> None:
            object.__setattr__(self, name, value)  # a frozen class sets its fields once, here

        keep("weights", checked)
        keep("base_weights", None if base_weights is None else _check_weights(base_weights, "基础权数", n))
        keep("calibration", None if calibration is None else _check_frame(calibration, n))
        keep("clusters", None if clusters is None else _check_labels(clusters, n, "抽样群"))
        keep("strata", None if strata is None else _check_labels(strata, n, "层"))
        keep("fpc", None if fpc is None else _check_weights(fpc, "总体群数", n))
        _check_strata(self)

    @property
    def n(self) -> int:
        """Number of respondents."""
        return len(self.weights)

    @property
    def n_clusters(self) -> int:
        """Number of clusters in the sample."""
        return self.n if self.clusters is None else int(self.cluster_codes.max()) + 1

    @property
    def n_strata(self) -> int:
        """Number of strata, 1 where there are none."""
        return len(self.clusters_per_stratum)

    @property
    def df(self) -> int:
        """Degrees of freedom: clusters minus strata."""
        return self.n_clusters - self.n_strata

    @cached_property
    def cluster_codes(self) -> Ints:
        """Cluster of each row, (n,) int from 0, in the order of the sorted labels."""
        return np.arange(self.n) if self.clusters is None else _codes(self.clusters)

    @cached_property
    def stratum_of_cluster(self) -> Ints:
        """Stratum of each cluster, (G,) int from 0."""
        codes = np.zeros(self.n, dtype=np.intp) if self.strata is None else _codes(self.strata)
        return codes[self._first_row]

    @cached_property
    def clusters_per_stratum(self) -> Ints:
        """Clusters in the sample by stratum, (H,) int."""
        return np.bincount(self.stratum_of_cluster)

    @cached_property
    def unsampled(self) -> Floats:
        """1 - n_h / N_h by stratum, (H,): 1 where no finite population is stated."""
        if self.fpc is None:
            return np.ones(self.n_strata)
        population = np.empty(self.n_strata)
        population[self.stratum_of_cluster] = self.fpc[self._first_row]
        return 1 - self.clusters_per_stratum / population

    @cached_property
    def cells(self) -> Calibration | None:
        """The raking cells, None for a design that was not raked."""
        return None if self.calibration is None else calibration_cells(self.calibration, self.base_weights)

    def cluster_totals(self, values: Floats) -> Floats:
        """Sum the rows (n, k) of each cluster to (G, k)."""
        if self.clusters is None:
            return values
        totals: Floats = self._membership @ values  # a product, for it copies nothing
        return totals

    @cached_property
    def _membership(self) -> csr_array:
        rows = (self.cluster_codes, np.arange(self.n))
        return csr_array((np.ones(self.n), rows), shape=(self.n_clusters, self.n))

    @property
    def _first_row(self) -> Ints:
        return np.unique(self.cluster_codes, return_index=True)[1]


def effective_sample_size(weights: ArrayLike) -> float:
    """Give the number of equally weighted respondents worth as much: (sum w)^2 / sum w^2 (Kish 1965).

    Examples
    --------
    >>> effective_sample_size([1, 1, 2])
    2.6666666666666665
    """
    w = _check_weights(weights, "权数")
    return float(w.sum() ** 2 / (w @ w))


def design_effect(weights: ArrayLike) -> float:
    """Give the factor by which unequal weights alone widen variances: n sum w^2 / (sum w)^2 (Kish 1965).

    Examples
    --------
    >>> design_effect([1, 1, 2])
    1.125
    """
    w = _check_weights(weights, "权数")
    return len(w) / effective_sample_size(w)


def _check_weights(values: ArrayLike, name: str, n: int | None = None) -> Floats:
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise EstimateError(f"{name}不是一列数：只能是不小于 0 的有限数；请检查生成{name}的步骤") from error
    _check_length(numbers, name, n)
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(bad):
        row = int(bad[0])
        raise EstimateError(
            f"{name}第 {row + 1} 个是 {numbers[row]:g}：只能是不小于 0 的有限数；请检查生成{name}的步骤"
        )
    if numbers.sum() <= 0:
        raise EstimateError(f"{name}合计为 0：至少要有一个大于 0；请检查生成{name}的步骤")
    return numbers


def _check_length(values: NDArray[Any] | pd.DataFrame, name: str, n: int | None) -> None:
    if values.ndim != 1 and not isinstance(values, pd.DataFrame):
        raise EstimateError(f"{name}是 {values.ndim} 维：只能是一列，每份答卷一个数；请只传一列")
    if len(values) == 0:
        raise EstimateError(f"{name}是空的：至少要有一份答卷；请检查答卷是否全部被剔除")
    if n is not None and len(values) != n:
        raise EstimateError(
            f"{name}有 {len(values)} 行而权数有 {n} 行：必须逐行对应同一批答卷；请用同一张表取两者"
        )


def _check_labels(values: ArrayLike, n: int, name: str) -> NDArray[Any]:
    labels = np.asarray(values)
    _check_length(labels, name, n)
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise EstimateError(
            f"{name}第 {missing[0] + 1} 个是空的（共 {len(missing)} 个）："
            f"每份答卷都要有{name}；请补上，或归入“未知”一类"
        )
    return labels


def _check_frame(frame: object, n: int) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame) or not len(frame.columns):
        raise EstimateError(
            "校准变量必须是 DataFrame：每个加权边际一列；请传入加权用的类别表，没有加权就省略"
        )
    _check_length(frame, "校准变量", n)
    for column in frame.columns:
        _check_labels(frame[column].to_numpy(), n, f"校准变量“{column}”")
    return frame


def _check_strata(design: Design) -> None:
    _check_nested(design)
    if design.fpc is not None:
        _check_population(design)
    if design.strata is None:
        return
    for code in np.flatnonzero((design.clusters_per_stratum == 1) & (design.unsampled > 0)):
        row = design._first_row[design.stratum_of_cluster == code][0]
        raise EstimateError(
            f"层“{design.strata[row]}”只有一个抽样群：至少要有两个才能估计误差；请按规则把它并入相近的层"
        )


def _check_nested(design: Design) -> None:
    if design.strata is None:
        return
    own = _codes(design.strata)
    crossing = np.flatnonzero(own != design.stratum_of_cluster[design.cluster_codes])
    if len(crossing) and design.clusters is not None:
        label = design.clusters[crossing[0]]
        raise EstimateError(
            f"抽样群“{label}”出现在两个层里：一个群只能属于一个层；请在群的名称前加上层的名称"
        )


def _check_population(design: Design) -> None:
    assert design.fpc is not None
    codes = design.stratum_of_cluster[design.cluster_codes]
    for code in range(design.n_strata):
        population = np.unique(design.fpc[codes == code])
        place = "" if design.strata is None else f"层“{design.strata[codes == code][0]}”的"
        if len(population) > 1:
            raise EstimateError(f"{place}总体群数不一致：同一层只能有一个数；请核对抽样框")
        if population[0] < design.clusters_per_stratum[code]:
            raise EstimateError(
                f"{place}总体群数是 {population[0]:g} 而样本里有 {design.clusters_per_stratum[code]} 个群："
                "总体不能少于样本；请填总体的群数，不是抽样比例"
            )


def _codes(labels: NDArray[Any]) -> Ints:
    # sorted labels, so that numbering does not depend on the order of rows
    return pd.factorize(pd.Series(labels), sort=True)[0]
