"""Sample and population brought together margin by margin, checked before any arithmetic."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalpkg.estimate.calibration import Calibration, Floats, Ints, collapse_cells
from evalpkg.weights.categories import Margins, WeightsError, number, spoken

SAME_TOTAL = 1e-6  # relative; margins from one register differ by rounding at most


@dataclass(frozen=True, eq=False)
class Margin:
    """One margin of the sample and of the population.

    Attributes
    ----------
    name : str
        Column, or columns joined by ×.
    codes : ndarray, shape (n,), int
        Category number of each respondent.
    categories : list of str
        The K categories of the population, as messages and tables print them.
    totals : ndarray, shape (K,)
        Population totals.
    """

    name: str
    codes: Ints
    categories: list[str]
    totals: Floats

    def sums(self, weights: Floats) -> Floats:
        """Sum weights (n,) by category, (K,)."""
        return np.bincount(self.codes, weights=weights, minlength=len(self.totals)).astype(float)

    @property
    def respondents(self) -> Ints:
        """Respondents by category, (K,)."""
        return np.bincount(self.codes, minlength=len(self.totals)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A sample that can be raked: its margins, of one total, and its cells with the base weights."""

    margins: list[Margin]
    cells: Calibration

    @cached_property
    def start(self) -> Floats:
        """Base weights of each cell, (C,)."""
        return np.bincount(self.cells.cell, weights=self.cells.base).astype(float)


def prepare(sample: pd.DataFrame, margins: Margins, base: ArrayLike | None) -> Prepared:
    """Match the sample with every margin and collapse its rows to cells.

    Raises
    ------
    WeightsError
        Whatever makes raking impossible or meaningless, see `rake`.
    """
    if not isinstance(sample, pd.DataFrame):
        raise WeightsError("样本不是 DataFrame：每份答卷一行、每个类别变量一列；请用 pandas.DataFrame 传入")
    if len(sample) == 0:
        raise WeightsError("样本里没有答卷：至少要有一份才能加权；请检查答卷是否全部被剔除")
    if not margins:
        raise WeightsError("没有给出总体边际：至少要有一个；不加权的轮次请把参数 raking 设为 []")
    weights = _check_base(base, len(sample))
    matched = [_match(sample, key, pd.Series(totals)) for key, totals in margins.items()]
    cells = collapse_cells(
        [margin.codes for margin in matched], [len(margin.totals) for margin in matched], weights
    )
    prepared = Prepared(_equal_totals(matched), cells)
    for margin, belongs in zip(prepared.margins, cells.margins, strict=True):
        _check_reached(margin, belongs, prepared.start)
    return prepared


def _match(sample: pd.DataFrame, key: Hashable, totals: pd.Series) -> Margin:
    population = _check_population(spoken(key), totals)
    codes, occurring = number(sample, key)
    place = totals.index.get_indexer(occurring)
    unknown = np.flatnonzero(place < 0)
    if len(unknown):
        category, count = spoken(occurring[unknown[0]]), int((codes == unknown[0]).sum())
        raise WeightsError(
            f"边际“{spoken(key)}”的类别“{category}”有 {count} 份答卷，总体表里没有这一类："
            "请在总体表中补上，或用 collapse 规则并入相近类别"
        )
    return Margin(spoken(key), place[codes], [spoken(category) for category in totals.index], population)


def _check_population(name: str, totals: pd.Series) -> Floats:
    repeated = np.flatnonzero(totals.index.duplicated())
    if len(repeated):
        category = spoken(totals.index[repeated[0]])
        raise WeightsError(f"边际“{name}”的总体表里类别“{category}”出现了两次：每类只能有一行；请合并")
    numbers: Floats = pd.to_numeric(totals, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(bad):
        category = spoken(totals.index[bad[0]])
        raise WeightsError(f"边际“{name}”的类别“{category}”的总体数不对：只能是不小于 0 的数；请核对总体表")
    if not numbers.sum() > 0:
        raise WeightsError(f"边际“{name}”的总体合计为 0：至少要有一类大于 0；请核对总体表")
    return numbers


def _check_reached(margin: Margin, belongs: Floats, start: Floats) -> None:
    """Refuse respondents without a population, and a population without respondents of any base weight.

    `belongs` (K, C): which cells are in each category; `start` (C,): their base weights.
    """
    answered, reached = belongs.any(axis=1), belongs @ start
    for code in np.flatnonzero((margin.totals == 0) & answered):
        raise WeightsError(
            f"边际“{margin.name}”的类别“{margin.categories[code]}”总体为 0，却有 {margin.respondents[code]} 份答卷："
            "请核对总体表，或用 collapse 规则并入相近类别"
        )
    for code in np.flatnonzero((margin.totals > 0) & (reached <= 0)):
        raise WeightsError(
            f"边际“{margin.name}”的类别“{margin.categories[code]}”总体有 {margin.totals[code]:g}，"
            "样本里却没有（权数大于 0 的）答卷：请用 collapse 规则把它并入相近类别"
        )


def _equal_totals(margins: list[Margin]) -> list[Margin]:
    first = margins[0]
    total = first.totals.sum()
    for margin in margins:
        other = margin.totals.sum()
        if abs(other - total) > SAME_TOTAL * total:
            raise WeightsError(
                f"边际“{first.name}”的总体合计是 {total:.10g}，“{margin.name}”的是 {other:.10g}："
                "各边际的合计必须相同；请用同一来源、同一时点的总体表"
            )
    return [replace(margin, totals=margin.totals * (total / margin.totals.sum())) for margin in margins]


def _check_base(base: ArrayLike | None, n: int) -> Floats:
    if base is None:
        return np.ones(n)
    try:
        weights = np.array(base, dtype=float)
    except (TypeError, ValueError) as error:
        raise WeightsError("基础权数不是一列数：只能是不小于 0 的有限数；请核对") from error
    if weights.shape != (n,):
        raise WeightsError(
            f"基础权数的形状是 {weights.shape} 而样本有 {n} 份答卷：必须逐行对应；请用同一张表"
        )
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        row = int(bad[0])
        raise WeightsError(f"基础权数第 {row + 1} 个是 {weights[row]:g}：只能是不小于 0 的有限数；请核对")
    return weights
