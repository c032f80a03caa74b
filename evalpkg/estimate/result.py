"""The one form in which every analysis hands over its findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalpkg.estimate.calibration import Floats
from evalpkg.estimate.design import EstimateError
from evalpkg.estimate.means import Estimate, contrast


@dataclass(frozen=True, eq=False)
class Result:
    """Hold the findings of one analysis.

    Attributes
    ----------
    table : DataFrame
        Key columns, then estimate, std_error, conf_low, conf_high, n (and count for shares).
    name : str
        Machine name of the analysis, "departments".
    unit : str
        "分" (0-100) or "%".
    base : str
        The denominator in Chinese, "打过交道并打分的企业".
    total : int
        Respondents in all.
    extra : mapping
        Named scalars and frames beside the table; read-only.
    """

    table: pd.DataFrame
    name: str
    unit: str
    base: str
    total: int
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))


class Estimated(Protocol):
    """What has a point, a standard error, limits and a number of respondents: `Estimate`, `Quantiles`."""

    @property
    def estimate(self) -> Floats:
        """Points, (k,)."""

    @property
    def std_error(self) -> Floats:
        """Standard errors, (k,)."""

    @property
    def n(self) -> NDArray[np.int64]:
        """Respondents, (k,)."""

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper limits, (k,) each."""


def tidy(
    keys: pd.DataFrame,
    est: Estimated,
    level: float = 0.95,
    *,
    factor: float = 1.0,
    count: ArrayLike | None = None,
) -> pd.DataFrame:
    """Put estimates beside their keys, one row each.

    Parameters
    ----------
    keys : DataFrame, k rows
        Key columns (department, theme, ...).
    est : Estimate or Quantiles
        k estimates.
    level : float
        Confidence level of conf_low and conf_high.
    factor : float
        Multiplies the four numbers: 100 turns shares into per cent.
    count : array_like, shape (k,), optional
        Respondents with the attribute, unweighted.

    Returns
    -------
    DataFrame
        `keys`, estimate, std_error, conf_low, conf_high, n, and count where given; index 0..k-1.
        conf_low and conf_high need not be estimate -+ t std_error (few clusters, shares).

    Raises
    ------
    EstimateError
        Keys, estimates and counts of different lengths.

    Examples
    --------
    >>> from evalpkg.estimate import Design, share
    >>> est = share([[1, 0], [0, 0], [1, 1]], Design([1, 1, 1]))
    >>> tidy(pd.DataFrame({"option": ["A", "B"]}), est, factor=100, count=[2, 1])[["option", "n", "count"]]
      option  n  count
    0      A  3      2
    1      B  3      1
    """
    k = len(est.estimate)
    if len(keys) != k or (count is not None and len(np.asarray(count)) != k):
        raise EstimateError(f"有 {k} 个估计值而键有 {len(keys)} 行：键、估计值和人数必须一一对应；请核对分组")
    low, high = est.interval(level)
    numbers = {"estimate": est.estimate, "std_error": est.std_error, "conf_low": low, "conf_high": high}
    table = keys.reset_index(drop=True).assign(**{name: factor * x for name, x in numbers.items()}, n=est.n)
    return table if count is None else table.assign(count=np.asarray(count, dtype=int))


def compared(
    name: str, est: Estimate, combination: ArrayLike, level: float = 0.95, *, factor: float = 1.0
) -> dict[str, float]:
    """Name one combination of estimates and its interval, for `Result.extra`.

    Examples
    --------
    >>> from evalpkg.estimate import Design, mean
    >>> est = mean([[1.0, 3.0], [2.0, 5.0], [3.0, 4.0]], Design([1, 1, 1]))
    >>> {key: round(value, 1) for key, value in compared("gap", est, [-1, 1]).items()}
    {'gap': 2.0, 'gap_low': -0.5, 'gap_high': 4.5}
    """
    difference = contrast(est, combination)
    low, high = difference.interval(level)
    return {
        name: factor * float(difference.estimate[0]),
        f"{name}_low": factor * float(low[0]),
        f"{name}_high": factor * float(high[0]),
    }


def lead(
    est: Estimate, level: float = 0.95, *, factor: float = 1.0, among: ArrayLike | None = None
) -> dict[str, float]:
    """Compare the largest estimate with the second: `lead`, `lead_low`, `lead_high`; empty if there is none.

    Looking for the largest first makes the interval a little too short when several are nearly equal; it
    serves to word a sentence ("first" or "these two"), not as a test over all pairs.

    Parameters
    ----------
    est : Estimate
        k estimates.
    level, factor
        As `tidy`.
    among : array_like of bool, shape (k,), optional
        Estimates that take part.
    """
    takes_part = np.isfinite(est.estimate) & (True if among is None else np.asarray(among, dtype=bool))
    order = [j for j in np.argsort(-est.estimate, kind="stable") if takes_part[j]]
    if len(order) < 2:
        return {}
    combination = np.zeros(len(est.estimate))
    combination[order[:2]] = 1, -1
    return compared("lead", est, combination, level, factor=factor)
