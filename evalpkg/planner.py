"""How many enterprises a round needs before departments can be told apart, from the variances of one that is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import nctdtrinc, stdtrit

from evalpkg import ranks
from evalpkg.estimate import Result
from evalpkg.params import Round

Floats = NDArray[np.float64]
Comparison = Literal["any", "pair", "mean"]

SIZES = (500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000)  # rows of the table
MOST = 200_000  # enterprises; beyond, a survey is no remedy
STEP = 50  # needs are rounded up to this
ALIKE = 1e-18  # variance, in squared points, below which all ratings are alike
REPEATS, DRAWS = 40, 1_000  # rounds simulated for one expected width; draws within each

ASSUMPTIONS = (
    "假定各部门的接触率、权重的差别和征集方式与本轮相同：企业增加几倍，征集企业的商会（或县区）也增加几倍，每个商会的家数不变；"
    "如果只在原有商会里多发问卷，需要的家数更多"
)
COMPARISONS: dict[Comparison, str] = {
    "pair": "事先指定的一对部门相差 {:g} 分",
    "any": "任意一对部门相差 {:g} 分（已按全部部门对校正）",
    "mean": "任意一个部门与平均相差 {:g} 分（已按全部部门校正）",
}


class PlannerError(Exception):
    """Nothing to plan from, or a target that makes no sense; the text is one Chinese line."""

    def __init__(self, message: str, exit_code: int = 70) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, eq=False)
class Basis:
    """What a finished round tells about the next.

    Attributes
    ----------
    theta : ndarray, shape (p,)
        Scores of the ranked departments, drawn together until their spread is that of the true scores.
    cov : ndarray, shape (p, p)
        Covariance of the scores at `n` enterprises.
    n : int
        Enterprises of the round.
    df : float
        Degrees of freedom of `cov`; infinite where large.
    reliability : float
        Share of the variance between observed scores that is true, 0-1.
    level, power : float
    seed : int
    """

    theta: Floats
    cov: Floats
    n: int
    df: float
    reliability: float
    level: float
    power: float
    seed: int

    def df_at(self, n: float) -> float:
        """Degrees of freedom with n enterprises: the clusters grow with them."""
        return max((self.df + 1) * n / self.n - 1, 1.0)


def sample_size(
    scores: Result | None,
    *,
    widths: Sequence[float] | None = None,
    differences: Sequence[float] = (5.0,),
    level: float = 0.95,
    power: float = 0.8,
    seed: int = 0,
) -> Result:
    """Say what rounds of other sizes would tell apart, and how large one must be for given targets.

    Parameters
    ----------
    scores : Result or None
        Of `scores.departments` for a round that is done.
    widths : sequence of float, optional
        Mean widths of rank sets that are wanted, in places; 10, or half the departments where those are fewer than 20.
    differences : sequence of float
        Differences that are to be found, in points.
    level, power, seed
        As `basis`.

    Returns
    -------
    Result
        A row per size: `label`, `respondents` (enterprises), `estimate` (expected mean width of the rank sets, in
        places), `detectable` (points: any pair, corrected), `detectable_pair` (one pair named beforehand),
        `detectable_mean` (any department against the mean, corrected), `n` (enterprises of this round, on
        which all rests). `extra`: `needed`, a row per target: `key` (width, pair, any, mean), `label`, `target`,
        `respondents` (infinite where out of reach), `n`; `departments` (ranked); `width_now`, the expected
        width at this round's size; `reliability`; `assumptions`, one sentence.

    Raises
    ------
    PlannerError
        As `basis` and `needed`.
    """
    start = basis(scores, level=level, power=power, seed=seed)
    p = len(start.theta)
    table = pd.DataFrame({"label": [f"{n:,} 家" for n in SIZES], "respondents": SIZES})
    table = table.assign(
        estimate=[expected_width(start, n) for n in SIZES],
        detectable=[detectable(start, n) for n in SIZES],
        detectable_pair=[detectable(start, n, "pair") for n in SIZES],
        detectable_mean=[detectable(start, n, "mean") for n in SIZES],
        n=start.n,
    )
    wanted = (min(10, ceil(p / 2)),) if widths is None else widths
    extra = {
        "needed": _needs(start, wanted, differences),
        "departments": p,
        "width_now": expected_width(start, start.n),
        "reliability": start.reliability,
        "assumptions": ASSUMPTIONS,
    }
    return Result(table, "sample_size", "位", "进入排名的部门", start.n, extra)


def planned(scores: Result | None, round_: Round) -> Result | None:
    """Plan from a round's scores with its own level and seed; None where fewer than two are ranked or all ratings are alike.

    `sample_size` refuses such scores, since whoever calls it wants a number; a page says why there is none.
    """
    if scores is None or scores.table["rank_low"].notna().sum() < 2 or not varied(scores):
        return None
    return sample_size(scores, level=round_.level, seed=round_.seed_for("planner"))


def _needs(basis: Basis, widths: Sequence[float], differences: Sequence[float]) -> pd.DataFrame:
    """Return a row per target with the enterprises it needs."""
    rows = [
        ("width", f"名次区间平均不超过 {width:g} 位", float(width), needed(basis, width=width))
        for width in widths
    ]
    rows += [
        (key, text.format(points), float(points), needed(basis, difference=points, comparison=key))
        for points in differences
        for key, text in COMPARISONS.items()
    ]
    return pd.DataFrame(rows, columns=["key", "label", "target", "respondents"]).assign(n=basis.n)


def basis(scores: Result | None, *, level: float = 0.95, power: float = 0.8, seed: int = 0) -> Basis:
    """Take from the scores of departments what planning needs.

    Parameters
    ----------
    scores : Result or None
        Of `scores.departments`: `estimate` and `rank_low` of the table (NaN where not ranked), `cov`, `df` and
        `reliability` of `extra`.
    level, power : float
        Confidence of the comparisons, probability to find a difference; between 0 and 1.
    seed : int

    Raises
    ------
    PlannerError
        No scores, fewer than two ranked departments, all ratings alike, level or power out of range.

    Notes
    -----
    Observed scores vary by true differences and by noise; the reliability is the share of their variance
    that is true, and theta = mean + sqrt(reliability) (estimate - mean) has the variance of the true scores.
    Planning with the observed scores would promise ranks too narrow; with scores drawn in by the reliability
    itself, as the best guess of each would be, ranks too wide (Louis 1984, JASA 79:393).
    """
    if scores is None:
        raise PlannerError("本轮没有部门评分：无法推算需要多少家企业；请换一轮有部门评分的问卷")
    if not (0 < level < 1 and 0 < power < 1):
        raise PlannerError(
            f"置信水平是 {level:g}、把握是 {power:g}：都只能在 0 与 1 之间；例如 0.95 和 0.8", 64
        )
    observed, cov = _ranked(scores)
    reliability = float(scores.extra["reliability"])
    theta = observed.mean() + np.sqrt(reliability) * (observed - observed.mean())
    df = float(np.min(scores.extra.get("df", np.inf)))
    return Basis(theta, cov, scores.total, df, reliability, level, power, seed)


def varied(scores: Result) -> bool:
    """Tell whether ratings vary at all: where they do not, all variances are zero and nothing follows from them."""
    variance = np.diagonal(np.asarray(scores.extra["cov"], dtype=float))
    return not (variance <= ALIKE).all()


def _ranked(scores: Result) -> tuple[Floats, Floats]:
    """Return scores and covariance of the departments that are ranked."""
    ranked = scores.table["rank_low"].notna().to_numpy()
    if ranked.sum() < 2:
        raise PlannerError(
            "达到最低评分家数的部门少于 2 个：没有名次可以推算；请补充答卷，或核对参数 min_raters"
        )
    observed = scores.table["estimate"].to_numpy(dtype=float)[ranked]
    cov = np.asarray(scores.extra["cov"], dtype=float)[np.ix_(ranked, ranked)]
    if not varied(scores):
        raise PlannerError("各家企业给各部门打的分全都一样：没有误差可以据以推算；请核对答卷")
    if not (np.isfinite(observed).all() and np.isfinite(cov).all()):
        raise PlannerError(
            "进入排名的部门里有得分或误差不是有限数：无法推算；请检查每个部门由几个商会的企业评分"
        )
    return observed, cov


def expected_width(basis: Basis, n: float) -> float:
    """Give the mean width of the rank sets, in places, that n enterprises would bring on average.

    Scores are drawn around the true ones with covariance cov n0/n, and rank sets are made of them as they
    would be; each drawn noise is used with both signs, and is the same for every n.

    Parameters
    ----------
    basis : Basis
    n : float
        Enterprises.

    Examples
    --------
    >>> start = Basis(np.arange(5.0), np.eye(5), 1000, np.inf, 0.7, 0.95, 0.8, 0)
    >>> [round(expected_width(start, n), 1) for n in (1000, 10_000, 100_000)]
    [4.5, 2.0, 1.0]
    """
    p = len(basis.theta)
    rng = np.random.default_rng(basis.seed)
    half = rng.multivariate_normal(np.zeros(p), basis.cov, size=REPEATS // 2, method="eigh")
    noise = np.sqrt(basis.n / n) * np.vstack([half, -half])
    widths = ranks.mean_widths(
        basis.theta + noise,
        basis.cov * basis.n / n,
        df=basis.df_at(n),
        level=basis.level,
        draws=DRAWS,
        seed=basis.seed,
    )
    return float(widths.mean())


def detectable(basis: Basis, n: float, comparison: Comparison = "any") -> float:
    """Give the true difference, in points, that n enterprises would find with probability `power`.

    delta s sqrt(n0/n), delta the noncentrality at which a t of the degrees of freedom at n exceeds t_{1 - alpha/(2m)}
    with that probability (near t_{1 - alpha/(2m)} + z_power); s is the median standard error of the comparisons
    this round, m their number: p(p-1)/2 for any pair (Holm's first step, as the rank sets), 1 for a pair named
    beforehand, p against the mean of departments (as the tiers).

    Parameters
    ----------
    basis : Basis
    n : float
        Enterprises.
    comparison : {"any", "pair", "mean"}

    Examples
    --------
    >>> start = Basis(np.arange(5.0), np.eye(5), 1000, np.inf, 0.7, 0.95, 0.8, 0)
    >>> round(detectable(start, 1000, "pair"), 2), round(detectable(start, 1000, "any"), 2)
    (3.96, 5.16)
    """
    p = len(basis.theta)
    number = {"any": p * (p - 1) / 2, "pair": 1, "mean": p}.get(comparison)
    if number is None:
        raise PlannerError(f"比较的种类写的是 {comparison}：只能是 {'、'.join(COMPARISONS)}", 64)
    df = min(basis.df_at(n), 1e9)  # scipy's t takes no infinite df; this is the normal one to seven digits
    critical = stdtrit(df, 1 - (1 - basis.level) / (2 * number))
    std_error = np.median(_std_errors(basis.cov, comparison)) * np.sqrt(basis.n / n)
    return float(nctdtrinc(df, 1 - basis.power, critical) * std_error)


def _std_errors(cov: Floats, comparison: Comparison) -> Floats:
    if comparison == "mean":
        centred = cov - cov.mean(axis=0)
        variance: Floats = np.diagonal(centred - centred.mean(axis=1)[:, None])
    else:
        high, low = np.triu_indices(len(cov), 1)
        own = np.diagonal(cov)
        variance = own[high] + own[low] - 2 * cov[high, low]
    return np.asarray(np.sqrt(np.maximum(variance, 0)))


def needed(
    basis: Basis,
    *,
    width: float | None = None,
    difference: float | None = None,
    comparison: Comparison = "any",
) -> float:
    """Give the number of enterprises that reaches one target, rounded up to 50.

    Parameters
    ----------
    basis : Basis
    width : float, optional
        Mean width of the rank sets, in places.
    difference : float, optional
        Difference in points that is to be found with probability `power`.
    comparison : {"any", "pair", "mean"}
        Between which departments; see `detectable`.

    Returns
    -------
    float
        Infinite where 200,000 enterprises do not reach the target.

    Raises
    ------
    PlannerError
        Not exactly one target, or one out of range.

    Examples
    --------
    >>> start = Basis(np.arange(5.0), np.eye(5), 1000, np.inf, 0.7, 0.95, 0.8, 0)
    >>> needed(start, difference=2, comparison="pair"), needed(start, difference=2)
    (3950.0, 6700.0)
    """
    if width is not None and difference is None:
        _check_width(width, len(basis.theta))
        return _smallest(lambda n: expected_width(basis, n) <= width)
    if difference is not None and width is None:
        _check_difference(difference)
        return _smallest(lambda n: detectable(basis, n, comparison) <= difference)
    raise PlannerError("目标要写一个：名次区间的宽度，或要分清的分差；请只写其中一个", 64)


def _check_width(width: float, p: int) -> None:
    if not 1 <= width <= p:
        raise PlannerError(
            f"名次区间的平均宽度是 {width:g}：要在 1 与部门数 {p} 之间；例如 {ceil(p / 3)}", 64
        )


def _check_difference(difference: float) -> None:
    if not 0 < difference < np.inf:
        raise PlannerError(f"要分清的分差是 {difference:g}：必须大于 0；例如 5", 64)


def _smallest(reached: Callable[[float], bool]) -> float:
    """Find the smallest multiple of STEP that reaches a target which more enterprises reach more easily."""
    low, high = 0, 1  # in steps: low does not reach, high does
    while not reached(high * STEP):
        low, high = high, 2 * high
        if low * STEP >= MOST:
            return np.inf
    while high - low > max(1, high // 50):  # two per cent is finer than what is assumed
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle * STEP) else (middle, high)
    return float(high * STEP)
