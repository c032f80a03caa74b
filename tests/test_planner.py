"""The planner: widths and differences at other sizes, against plain simulation and the t distribution itself."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from evalpkg import planner, ranks
from evalpkg.disclosure import Gate
from evalpkg.estimate import Result
from evalpkg.planner import Basis, PlannerError

Array = NDArray[np.float64]
NAN = float("nan")
P, N = 12, 1000
RNG = np.random.default_rng(20)
SD = RNG.uniform(1.0, 2.0, P)
COV = np.outer(SD, SD) * (0.25 + 0.75 * np.eye(P))
SCORES = 84 + np.linspace(-5, 5, P)


def scored(estimate: Array = SCORES, cov: Array = COV, *, df: float = np.inf, total: int = N) -> Result:
    """Return what `scores.departments` hands over, as far as planning needs it."""
    p = len(estimate)
    noise = np.mean([cov[j, j] + cov[k, k] - 2 * cov[j, k] for j in range(p) for k in range(j)]) / 2
    observed = np.var(estimate, ddof=1)
    reliability = max(0.0, 1 - noise / observed) if observed > 0 else 0.0
    table = pd.DataFrame({"department": range(p), "estimate": estimate, "n": 300, "rank_low": 1.0})
    return Result(
        table, "departments", "分", "企业", total, {"cov": cov.copy(), "df": df, "reliability": reliability}
    )


def basis(**options: Any) -> Basis:
    return planner.basis(scored(**options))


# --- what is taken from the round ----------------------------------------------------------------------


def test_the_planned_spread_is_the_true_one() -> None:
    # many rounds: observed scores vary by truth and noise, planned ones by truth alone
    rng = np.random.default_rng(1)
    truth = rng.normal(84, 2.0, P)
    observed = truth + rng.multivariate_normal(np.zeros(P), COV, size=400)
    starts = [planner.basis(scored(row)) for row in observed]
    variances = [start.theta.var(ddof=1) for start in starts]
    assert np.var(observed, axis=1, ddof=1).mean() > 1.2 * truth.var(ddof=1)
    assert np.mean(variances) == pytest.approx(truth.var(ddof=1), rel=0.05)  # its error over 400 rounds: .02
    for start, row in zip(starts[:5], observed[:5], strict=True):
        assert start.theta.mean() == pytest.approx(row.mean())
        spread = start.theta.var(ddof=1) / row.var(ddof=1)
        assert spread == pytest.approx(start.reliability)


def test_departments_that_are_not_ranked_take_no_part() -> None:
    result = scored()
    result.table.loc[[2, 5], "rank_low"] = NAN
    result.extra["cov"][2] = NAN
    start = planner.basis(result)
    keep = np.delete(np.arange(P), [2, 5])
    assert np.array_equal(start.cov, COV[np.ix_(keep, keep)])
    assert np.isfinite(planner.expected_width(start, 1000))


def test_the_smallest_degrees_of_freedom_count() -> None:
    given = {"cov": COV, "reliability": 0.5}
    assert planner.basis(replace(scored(), extra={**given, "df": np.array([37.0, 30.0])})).df == 30
    assert planner.basis(replace(scored(), extra=given)).df == np.inf


def test_clusters_grow_with_the_enterprises() -> None:
    start = basis(df=37)  # 38 chambers
    assert [start.df_at(n) for n in (N, 2 * N, 10 * N)] == [37, 75, 379]
    assert start.df_at(1) == 1
    assert basis().df_at(500) == np.inf


# --- widths --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("df", "n"), [(np.inf, 1000), (np.inf, 4000), (37, 1000), (37, 2000)])
def test_the_expected_width_agrees_with_plain_simulation(df: float, n: int) -> None:
    start = basis(df=df)
    rng = np.random.default_rng(5)
    cov = start.cov * N / n
    widths = []
    for theta in rng.multivariate_normal(start.theta, cov, size=150):
        sets = ranks.rank_sets(theta, cov, df=None if np.isinf(df) else (df + 1) * n / N - 1, draws=2000)
        widths.append((sets.upper - sets.lower + 1).mean())
    # 40 against 150 rounds
    error = np.std(widths) * np.sqrt(1 / 40 + 1 / 150)
    assert planner.expected_width(start, n) == pytest.approx(np.mean(widths), abs=3 * error)


def test_the_width_of_this_round_is_near_what_is_expected() -> None:
    result = planner.sample_size(scored())
    own = ranks.rank_sets(SCORES, COV).width.mean()
    assert result.extra["width_now"] == pytest.approx(own, abs=1.5)
    assert result.extra["width_now"] == pytest.approx(planner.expected_width(basis(), N))


def test_observed_scores_would_promise_too_narrow_ranks() -> None:
    start = basis(estimate=84 + np.linspace(-3, 3, P))
    naive = replace(start, theta=84 + np.linspace(-3, 3, P))
    assert planner.expected_width(naive, 2000) < planner.expected_width(start, 2000) - 0.2


def test_more_enterprises_narrow_the_ranks() -> None:
    for df in (np.inf, 37):
        widths = [planner.expected_width(basis(df=df), n) for n in (250, *planner.SIZES, 10**5, 10**7)]
        assert np.all(np.diff(widths) <= 0)
        assert widths[0] <= P
        assert widths[-1] == pytest.approx(1, abs=0.01)


# --- differences ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [14, 37, 400])
@pytest.mark.parametrize(("comparison", "number"), [("any", 66), ("pair", 1), ("mean", 12)])
def test_the_detectable_difference_has_its_power(df: float, comparison: Any, number: int) -> None:
    cov = np.eye(P) * 1.5  # every pair alike: sd sqrt(3); against the mean sqrt(1.5 * 11/12)
    sd = np.sqrt(1.5 * 11 / 12) if comparison == "mean" else np.sqrt(3)
    start = basis(cov=cov, df=df)
    delta = planner.detectable(start, N, comparison)
    critical = stats.t.ppf(1 - 0.05 / 2 / number, df)
    assert stats.nct.sf(critical, df, delta / sd) == pytest.approx(0.8, abs=1e-6)


def test_the_normal_case_by_hand() -> None:
    # 1.95996 + 0.84162 standard errors of one difference, sqrt(2)
    assert planner.detectable(basis(cov=np.eye(P)), N, "pair") == pytest.approx(
        2.80158 * np.sqrt(2), rel=1e-5
    )


def test_four_times_the_enterprises_halve_the_difference() -> None:
    start = basis()
    for comparison in planner.COMPARISONS:
        near, far = (planner.detectable(start, n, comparison) for n in (N, 4 * N))
        assert far == pytest.approx(near / 2)


def test_simulated_departments_are_told_apart_as_promised() -> None:
    """Put one pair apart by `detectable` among equals: `rank_sets` separates it four times out of five."""
    start = planner.basis(scored(cov=np.eye(P)))
    delta = planner.detectable(start, N, "any")
    truth = np.append(np.zeros(P - 2), [-delta / 2, delta / 2])
    rng = np.random.default_rng(3)
    found = []
    for noise in rng.normal(size=(300, P)):
        theta = truth + noise
        sets = ranks.rank_sets(theta, np.eye(P), draws=1000)
        found.append(sets.upper[-1] < P)
    # Bonferroni at infinite df against simulated quantiles and the stepdown: a little better than promised
    assert 0.78 <= np.mean(found) <= 0.97


# --- how many are needed -------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [np.inf, 37])
def test_what_is_needed_reaches_the_target_and_hardly_more(df: float) -> None:
    start = basis(df=df)
    n = planner.needed(start, width=4)
    assert planner.expected_width(start, n) <= 4 < planner.expected_width(start, 0.97 * n - planner.STEP)
    for comparison in planner.COMPARISONS:
        n = planner.needed(start, difference=2, comparison=comparison)
        assert n % planner.STEP == 0
        assert planner.detectable(start, n, comparison) <= 2
        assert planner.detectable(start, 0.97 * n - planner.STEP, comparison) > 2


def test_a_target_that_is_met_by_anybody_needs_the_smallest_step() -> None:
    assert planner.needed(basis(), width=P) == planner.STEP
    assert planner.needed(basis(), difference=1000) == planner.STEP


def test_departments_that_do_not_differ_are_never_told_apart() -> None:
    start = basis(estimate=np.full(P, 84.0))
    assert start.reliability == 0
    assert planner.needed(start, width=P / 2) == np.inf
    assert planner.needed(start, difference=0.01) == np.inf


def test_noise_alone_is_no_reliability() -> None:
    start = basis(estimate=84 + np.linspace(-0.1, 0.1, P))  # nearer than their errors
    assert start.reliability == 0
    assert np.ptp(start.theta) == pytest.approx(0)


# --- the table -----------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_size_and_a_row_a_target() -> None:
    result = planner.sample_size(scored(df=37), widths=(6, 3), differences=(5, 2.5))
    columns = ["label", "respondents", "estimate", "detectable", "detectable_pair", "detectable_mean", "n"]
    assert result.table.columns.tolist() == columns
    assert result.table["respondents"].tolist() == list(planner.SIZES)
    assert result.table["n"].tolist() == [N] * len(planner.SIZES)
    assert (result.table["detectable_pair"] < result.table["detectable"]).all()
    assert (result.name, result.unit, result.total) == ("sample_size", "位", N)
    needed = result.extra["needed"]
    assert needed["key"].tolist() == ["width", "width", *["pair", "any", "mean"] * 2]
    assert needed["label"][needed["key"] == "any"].tolist() == [
        "任意一对部门相差 5 分（已按全部部门对校正）",
        "任意一对部门相差 2.5 分（已按全部部门对校正）",
    ]
    start = basis(df=37)
    assert needed["respondents"].iloc[0] == planner.needed(start, width=6)
    assert needed["respondents"].iloc[-1] == planner.needed(start, difference=2.5, comparison="mean")


def test_nothing_is_planned_from_departments_that_are_not_ranked_or_do_not_vary() -> None:
    round_ = SimpleNamespace(level=0.95, seed_for=len)
    assert planner.planned(None, round_) is None
    found = scored()
    alone = found.table.assign(rank_low=np.where(found.table.index == 0, 1.0, np.nan))
    assert planner.planned(replace(found, table=alone), round_) is None
    alike = {**found.extra, "cov": np.zeros((P, P))}
    assert planner.planned(replace(found, extra=alike), round_) is None
    result = planner.planned(found, round_)
    assert result is not None and result.extra["departments"] == P
    pd.testing.assert_frame_equal(result.table, planner.sample_size(found, seed=len("planner")).table)


def test_an_unknown_comparison_is_named() -> None:
    with pytest.raises(PlannerError, match="比较的种类写的是 all：只能是 pair、any、mean"):
        planner.detectable(basis(), N, "all")


def test_the_usual_width_is_ten_or_half_the_departments() -> None:
    assert planner.sample_size(scored()).extra["needed"]["target"].iloc[0] == 6
    many = scored(84 + np.linspace(-5, 5, 35), np.eye(35))
    assert planner.sample_size(many).extra["needed"]["target"].iloc[0] == 10


def test_it_passes_the_gate() -> None:
    protected = Gate(10, 30)(planner.sample_size(scored(df=37, total=1021)))
    assert protected is not None
    assert set(protected.table["shown"]) == {"yes"}
    assert set(protected.table["n"]) == {1020}
    assert protected.table["respondents"].tolist() == list(planner.SIZES)
    assert protected.extra["needed"]["respondents"].notna().all()
    assert protected.extra["assumptions"] == planner.ASSUMPTIONS


def test_the_same_seed_gives_the_same_plan() -> None:
    a, b = (planner.sample_size(scored(df=37), seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(a.table, b.table)
    other = planner.sample_size(scored(df=37), seed=5)
    assert not a.table["estimate"].equals(other.table["estimate"])
    np.testing.assert_allclose(a.table["estimate"], other.table["estimate"], atol=0.5)


# --- what is refused -----------------------------------------------------------------------------------


def without_errors() -> Result:
    result = scored()
    result.extra["cov"][3] = NAN
    return result


def unranked() -> Result:
    result = scored()
    result.table["rank_low"] = [1.0] + [NAN] * (P - 1)
    return result


def alike() -> Result:
    result = scored()
    return replace(result, extra={**result.extra, "cov": np.zeros((P, P))})


@pytest.mark.parametrize(
    ("result", "options", "code", "line"),
    [
        (None, {}, 70, "本轮没有部门评分"),
        (unranked(), {}, 70, "达到最低评分家数的部门少于 2 个"),
        (without_errors(), {}, 70, "进入排名的部门里有得分或误差不是有限数"),
        (alike(), {}, 70, "各家企业给各部门打的分全都一样：没有误差可以据以推算"),
        (scored(), {"widths": [0.5]}, 64, "名次区间的平均宽度是 0.5：要在 1 与部门数 12 之间；例如 4"),
        (scored(), {"widths": [13]}, 64, "名次区间的平均宽度是 13"),
        (scored(), {"widths": [NAN]}, 64, "名次区间的平均宽度是 nan"),
        (scored(), {"differences": [0]}, 64, "要分清的分差是 0：必须大于 0；例如 5"),
        (scored(), {"differences": [NAN]}, 64, "要分清的分差是 nan"),
        (scored(), {"level": 95}, 64, "置信水平是 95"),
        (scored(), {"power": 1}, 64, "把握是 1"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_line(
    result: Result | None, options: dict[str, Any], code: int, line: str
) -> None:
    with pytest.raises(PlannerError) as refused:
        planner.sample_size(result, **options)
    assert refused.value.exit_code == code
    assert str(refused.value).startswith(line) or line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("targets", [{}, {"width": 5, "difference": 5}])
def test_one_target_at_a_time(targets: dict[str, float]) -> None:
    with pytest.raises(PlannerError, match="请只写其中一个"):
        planner.needed(basis(), **targets)  # type: ignore[arg-type]
