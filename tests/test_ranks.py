"""Rank sets and tiers: against plain loops over pairs, against the worked example, and what must always hold."""

from __future__ import annotations

from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from evalpkg import ranks
from evalpkg.ranks import RanksError, RankSets, Tiers

Array = NDArray[np.float64]

THETA = np.array([8.60, 8.45, 8.40, 8.10, 7.90, 7.85])
SD = np.array([0.06, 0.05, 0.08, 0.06, 0.05, 0.07])
SETS = ("lower", "upper", "marginal_lower", "marginal_upper")
COV = np.outer(SD, SD) * (0.3 + 0.7 * np.eye(6))


def random_case(seed: int, p: int, spread: float = 1.5) -> tuple[Array, Array]:
    """Return scores whose distances are a few standard errors, and their covariance."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(p, p)) + rng.normal(size=(p, 1))
    cov = factor @ factor.T / p
    return rng.normal(0, spread, p) * np.sqrt(np.diag(cov)) * 1.5, cov


SEEDS = (
    0,
    4,
    7,
    16,
    17,
    19,
    21,
    25,
    26,
    27,
    37,
    38,
)  # no decision so close that two sets of draws may differ


# --- a plainer way: loops over ordered pairs -----------------------------------------------------------


class Plain(NamedTuple):
    better: set[tuple[int, int]]  # (j, k): j surely better than k
    margin: float  # how near the closest decision was


def plain_stepdown(theta: Array, cov: Array, pairs: list[tuple[int, int]], z: Array, level: float) -> Plain:
    """Step down over ordered pairs as the paper writes it."""
    sd = {(j, k): np.sqrt(cov[j, j] + cov[k, k] - 2 * cov[j, k]) for j, k in pairs}
    active, margin = list(pairs), np.inf
    better: set[tuple[int, int]] = set()
    while True:
        largest = np.full(len(z), -np.inf)
        for j, k in active:
            largest = np.maximum(largest, (z[:, j] - z[:, k]) / sd[j, k])
        critical = np.quantile(largest, level)
        t = {(j, k): (theta[j] - theta[k]) / sd[j, k] for j, k in active}
        margin = min(margin, *(abs(value - critical) for value in t.values()))
        fallen = [pair for pair in active if t[pair] > critical]
        if not fallen:
            return Plain(better, margin)
        better |= set(fallen)
        active = [pair for pair in active if pair not in better]


def plain_holm(theta: Array, cov: Array, pairs: list[tuple[int, int]], df: float, level: float) -> Plain:
    """Take the smallest p-value, compare it with alpha / (how many are left), go on until one fails."""
    t = {(j, k): (theta[j] - theta[k]) / np.sqrt(cov[j, j] + cov[k, k] - 2 * cov[j, k]) for j, k in pairs}
    better: set[tuple[int, int]] = set()
    for pair in sorted(pairs, key=lambda pair: -t[pair]):
        if stats.t.sf(t[pair], df) > (1 - level) / (len(pairs) - len(better)):
            break
        better.add(pair)
    return Plain(better, np.inf)


def plain_sets(theta: Array, cov: Array, rule: Any) -> tuple[RankSets, float]:
    """Count for every department who is surely better and who surely worse."""
    p = len(theta)
    everyone = rule(theta, cov, list(permutations(range(p), 2)))
    alone = [rule(theta, cov, [pair for pair in permutations(range(p), 2) if j in pair]) for j in range(p)]
    lower = [1 + sum(k == j for _, k in everyone.better) for j in range(p)]
    upper = [p - sum(k == j for k, _ in everyone.better) for j in range(p)]
    own_lower = [1 + sum(k == j for _, k in alone[j].better) for j in range(p)]
    own_upper = [p - sum(k == j for k, _ in alone[j].better) for j in range(p)]
    sets = RankSets(np.array(lower), np.array(upper), np.array(own_lower), np.array(own_upper), 0.95)
    return sets, min(everyone.margin, *(found.margin for found in alone))


def same(a: RankSets, b: RankSets) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in SETS)


@pytest.mark.parametrize("seed", SEEDS)
def test_draws_agree_with_plain_loops(seed: int) -> None:
    theta, cov = random_case(seed, p=5)
    z = np.random.default_rng(99).multivariate_normal(np.zeros(5), cov, size=40_000, method="svd")
    expected, margin = plain_sets(theta, cov, lambda a, b, pairs: plain_stepdown(a, b, pairs, z, 0.95))
    assert margin > 0.03
    assert same(ranks.rank_sets(theta, cov, draws=40_000), expected)


@pytest.mark.parametrize("df", [3, 14, 37, 199])
@pytest.mark.parametrize("seed", range(8))
def test_few_clusters_agree_with_plain_loops(seed: int, df: float) -> None:
    theta, cov = random_case(seed, p=6, spread=3)
    expected, _ = plain_sets(theta, cov, lambda a, b, pairs: plain_holm(a, b, pairs, df, 0.95))
    assert same(ranks.rank_sets(theta, cov, df=df), expected)


# --- the worked example --------------------------------------------------------------------------------


@pytest.mark.parametrize(("draws", "seed"), [(100_000, 0), (10_000, 0), (10_000, 1), (10_000, 2022)])
def test_the_worked_example(draws: int, seed: int) -> None:
    sets = ranks.rank_sets(THETA, COV, draws=draws, seed=seed)
    assert list(zip(sets.lower, sets.upper, strict=True)) == [(1, 3), (1, 3), (1, 3), (4, 4), (5, 6), (5, 6)]
    alone = list(zip(sets.marginal_lower, sets.marginal_upper, strict=True))
    assert alone == [(1, 3), (1, 3), (2, 3), (4, 4), (5, 6), (5, 6)]
    assert np.flatnonzero(sets.best(2)).tolist() == [0, 1, 2]
    assert np.flatnonzero(sets.worst(2)).tolist() == [4, 5]
    assert sets.width.tolist() == [3, 3, 3, 1, 2, 2]


def test_two_departments_are_one_comparison() -> None:
    # one pair in two directions: the two-sided normal quantile, 1.96
    for distance, apart in ((1.90, False), (2.02, True)):
        sets = ranks.rank_sets([0, distance], np.eye(2) / 2, draws=100_000)
        assert (sets.lower.tolist() == [2, 1]) is apart
        assert same(sets, RankSets(sets.lower, sets.upper, sets.lower, sets.upper, 0.95))


def test_the_stepdown_finds_more_than_one_step() -> None:
    # 1 over 2 falls only once the pairs with the far 0 and 3 have left the family; the sd of a difference is 1
    theta = np.array([50.0, 2.5, 0.0, -50.0])
    first = stats.studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2)  # 2.57, of the whole family
    assert theta[1] - theta[2] < first
    assert ranks.rank_sets(theta, np.eye(4) / 2).lower.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("df", [None, 200])
def test_independent_scores_of_equal_variance_follow_the_studentized_range(df: float | None) -> None:
    # one department above five equal ones: all its pairs fall at the first quantile or none does
    critical = stats.studentized_range.ppf(0.95, 6, df or np.inf) / np.sqrt(2)
    for distance, apart in ((0.995 * critical, False), (1.005 * critical, True)):
        sets = ranks.rank_sets([distance, 0, 0, 0, 0, 0], np.eye(6) / 2, df=df, draws=400_000)
        assert (sets.upper[0] == 1) == apart  # the error of the quantile is .0008 of it


@pytest.mark.parametrize("df", [None, 37])
def test_equal_scores_may_hold_any_place(df: float | None) -> None:
    sets = ranks.rank_sets(np.full(5, 83.1), np.eye(5), df=df)
    assert sets.lower.tolist() == sets.marginal_lower.tolist() == [1] * 5
    assert sets.upper.tolist() == sets.marginal_upper.tolist() == [5] * 5


@pytest.mark.parametrize("df", [None, 14])
def test_scores_far_apart_have_one_place_each(df: float | None) -> None:
    sets = ranks.rank_sets([10.0, 30.0, 20.0], np.eye(3) / 100, df=df)
    assert sets.lower.tolist() == sets.upper.tolist() == [3, 1, 2]


# --- differences without variance ----------------------------------------------------------------------


@pytest.mark.parametrize("df", [None, 14])
def test_a_known_difference_is_decided_and_a_known_tie_is_not(df: float | None) -> None:
    # 0 and 1 always move together, one above the other; 2 and 3 are the same number
    cov = np.kron(np.eye(2), np.ones((2, 2)))
    theta = np.array([5.0, 5.001, 5.0, 5.0 + 1e-15])
    sets = ranks.rank_sets(theta, cov, df=df)
    assert sets.lower.tolist() == [2, 1, 1, 1]
    assert sets.upper.tolist() == [4, 3, 4, 4]


def test_a_census_has_exact_ranks() -> None:
    sets = ranks.rank_sets([1.0, 3.0, 2.0, 3.0], np.zeros((4, 4)))
    assert sets.lower.tolist() == [4, 1, 3, 1]
    assert sets.upper.tolist() == [4, 2, 3, 2]
    census = ranks.tiers([1.0, 3.0, 2.0, 2.0], np.zeros((4, 4)))
    assert census.tier.tolist() == ["below", "above", "same", "same"]
    assert np.array_equal(census.low, census.high)


def test_what_all_scores_share_does_not_blur_them() -> None:
    # a common error a million times the rest: only differences count
    theta, cov = random_case(3, p=6)
    shared = cov + 1e6
    assert same(ranks.rank_sets(theta, shared), ranks.rank_sets(theta, cov))
    np.testing.assert_allclose(ranks.tiers(theta, shared).low, ranks.tiers(theta, cov).low, rtol=1e-4)


def test_a_covariance_of_scores_that_sum_to_zero() -> None:
    theta, cov = random_case(5, p=6)
    centre = np.eye(6) - 1 / 6
    centred = ranks.rank_sets(centre @ theta, centre @ cov @ centre)
    assert same(centred, ranks.rank_sets(theta, cov))


# --- what must always hold -----------------------------------------------------------------------------

cases = st.builds(random_case, seed=st.integers(0, 10**6), p=st.integers(2, 9), spread=st.floats(0, 4))
untied = st.builds(random_case, seed=st.integers(0, 10**6), p=st.integers(2, 9), spread=st.floats(0.1, 4))
freedom = st.sampled_from([None, 2, 14, 37, 500])


@given(case=cases, df=freedom)
def test_sets_are_ordered_and_nested(case: tuple[Array, Array], df: float | None) -> None:
    theta, cov = case
    sets = ranks.rank_sets(theta, cov, df=df, draws=1000)
    own = stats.rankdata(-theta, method="min")  # the observed place is always possible
    for lower, upper in ((sets.lower, sets.upper), (sets.marginal_lower, sets.marginal_upper)):
        assert (lower >= 1).all() and (upper <= len(theta)).all()
        assert (lower <= own).all() and (own <= upper).all()
    assert (sets.lower <= sets.marginal_lower).all() and (sets.marginal_upper <= sets.upper).all()


@given(case=cases, df=freedom)
def test_best_and_worst_grow_with_tau(case: tuple[Array, Array], df: float | None) -> None:
    theta, cov = case
    p = len(theta)
    sets = ranks.rank_sets(theta, cov, df=df, draws=1000)
    for tau in range(1, p + 1):
        assert sets.best(tau).sum() >= tau and sets.worst(tau).sum() >= tau
        if tau > 1:
            assert (sets.best(tau) >= sets.best(tau - 1)).all()
            assert (sets.worst(tau) >= sets.worst(tau - 1)).all()
    assert sets.best(p).all() and sets.worst(p).all()


@given(
    case=cases, df=freedom, shift=st.sampled_from([-80.0, 0.0, 3.5]), scale=st.sampled_from([0.01, 1.0, 25.0]),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_order_level_and_unit_do_not_matter(
    case: tuple[Array, Array], df: float | None, shift: float, scale: float, seed: int
) -> None:
    theta, cov = case
    order = np.random.default_rng(seed).permutation(len(theta))
    sets = ranks.rank_sets(theta, cov, df=df, draws=1000)
    moved = ranks.rank_sets(
        (shift + scale * theta)[order], scale**2 * cov[np.ix_(order, order)], df=df, draws=1000
    )
    back = np.argsort(order)
    for name in SETS:
        assert np.array_equal(getattr(sets, name), getattr(moved, name)[back])


@given(case=cases, df=st.sampled_from([2, 14, 37]))
def test_reversed_scores_have_reversed_ranks(case: tuple[Array, Array], df: float) -> None:
    theta, cov = case  # without draws: turned round, the same seed draws other numbers
    sets, turned = ranks.rank_sets(theta, cov, df=df), ranks.rank_sets(-theta, cov, df=df)
    assert np.array_equal(sets.lower, len(theta) + 1 - turned.upper)


@given(case=cases)
def test_the_same_seed_gives_the_same_sets(case: tuple[Array, Array]) -> None:
    assert same(ranks.rank_sets(*case, seed=7), ranks.rank_sets(*case, seed=7))


# --- widths of possible outcomes -----------------------------------------------------------------------


@pytest.mark.parametrize("df", [None, 37])
def test_widths_of_outcomes_are_those_of_their_rank_sets(df: float | None) -> None:
    theta, cov = random_case(21, p=7)
    outcomes = theta + np.random.default_rng(2).multivariate_normal(np.zeros(7), cov, size=8)
    widths = ranks.mean_widths(outcomes, cov, df=df, draws=20_000)
    expected = [ranks.rank_sets(row, cov, df=df, draws=20_000).width.mean() for row in outcomes]
    # other draws may decide one close pair of 21 differently: two places shared by seven
    np.testing.assert_allclose(widths, expected, atol=0 if df else 2 / 7 + 1e-9)
    assert np.mean(np.isclose(widths, expected)) >= 0.75


def test_outcomes_are_a_table() -> None:
    for bad in ([1.0, 2.0], np.zeros((0, 2))):
        with pytest.raises(RanksError, match="必须是二维表，一行一种结果"):
            ranks.mean_widths(bad, np.eye(2))
    with pytest.raises(RanksError, match="第 2 个得分不是有限数"):
        ranks.mean_widths([[1.0, 2.0], [1.0, NAN]], np.eye(2))


# --- tiers ---------------------------------------------------------------------------------------------


def plain_tiers(theta: Array, cov: Array, z: Array, level: float, groups: list[str]) -> tuple[Array, Array]:
    """Compare each department with its group's mean by loops."""
    delta, sd, largest = [], [], np.zeros(len(z))
    for j in range(len(theta)):
        members = [k for k in range(len(theta)) if groups[k] == groups[j]]
        noise = z[:, j] - z[:, members].mean(axis=1)
        variance = cov[j, j] - 2 * cov[j, members].mean() + cov[np.ix_(members, members)].mean()
        delta.append(theta[j] - theta[members].mean())
        sd.append(np.sqrt(variance))
        largest = np.maximum(largest, np.abs(noise) / sd[j])
    half = np.quantile(largest, level) * np.array(sd)
    return np.array(delta) - half, np.array(delta) + half


@pytest.mark.parametrize("groups", ["aaaaaa", "ababab", "aabbcc"])
def test_tiers_agree_with_plain_loops(groups: str) -> None:
    theta, cov = random_case(11, p=6)
    z = np.random.default_rng(5).multivariate_normal(np.zeros(6), cov, size=100_000, method="svd")
    low, high = plain_tiers(theta, cov, z, 0.95, list(groups))
    result = ranks.tiers(theta, cov, draws=100_000, groups=None if groups == "aaaaaa" else list(groups))
    np.testing.assert_allclose(result.low, low, atol=0.01 * (high - low).max())  # two sets of draws
    np.testing.assert_allclose(result.high, high, atol=0.01 * (high - low).max())
    np.testing.assert_allclose(result.difference, (low + high) / 2, atol=1e-12)


def test_few_clusters_use_bonferroni() -> None:
    theta, cov = random_case(12, p=6)
    result = ranks.tiers(theta, cov, df=14)
    assert result.critical == pytest.approx(stats.t.ppf(1 - 0.05 / 12, 14))
    centre = np.eye(6) - 1 / 6
    half = result.critical * np.sqrt(np.diag(centre @ cov @ centre))
    np.testing.assert_allclose(result.high, centre @ theta + half)
    np.testing.assert_allclose(result.low, centre @ theta - half)


def test_the_tier_is_where_the_interval_lies() -> None:
    theta, cov = random_case(13, p=9, spread=4)
    for df in (None, 20):
        result = ranks.tiers(theta, cov, df=df)
        assert np.array_equal(result.tier == "above", result.low > 0)
        assert np.array_equal(result.tier == "below", result.high < 0)
        assert set(result.tier) == {"above", "same", "below"}


def test_a_department_alone_in_its_role_has_no_tier() -> None:
    result = ranks.tiers([9.0, 1.0, 5.0, 0.0], np.eye(4) / 100, groups=["a", "b", "a", "b"])
    assert result.tier.tolist() == ["above", "above", "below", "below"]
    lone = ranks.tiers([9.0, 1.0, 5.0], np.eye(3) / 100, groups=["a", "b", "a"])
    assert lone.tier.tolist() == ["above", "", "below"]
    assert np.isnan([lone.low[1], lone.high[1], lone.difference[1]]).all()
    # it is not in the family either: two departments are one comparison
    assert lone.critical == pytest.approx(1.96, abs=0.03)


def equal(a: Tiers, b: Tiers, scale: float, order: Any) -> bool:
    # draws are float32 and scaled anew
    return (
        np.allclose(scale * a.low[order], b.low, rtol=1e-4, atol=1e-6 * scale)
        and np.allclose(scale * a.high[order], b.high, rtol=1e-4, atol=1e-6 * scale)
        and bool((a.tier[order] == b.tier).all())
    )


@given(case=untied, df=freedom, scale=st.sampled_from([0.25, 1.0, 20.0]), seed=st.integers(0, 10**6))
def test_tiers_know_neither_order_nor_level_nor_unit(
    case: tuple[Array, Array], df: float | None, scale: float, seed: int
) -> None:
    theta, cov = case
    order = np.random.default_rng(seed).permutation(len(theta))
    first = ranks.tiers(theta, cov, df=df, draws=1000)
    moved = ranks.tiers((40 + scale * theta)[order], scale**2 * cov[np.ix_(order, order)], df=df, draws=1000)
    assert equal(first, moved, scale, order)
    assert (first.low <= first.difference).all() and (first.difference <= first.high).all()
    assert first.difference.sum() == pytest.approx(0, abs=1e-9)


# --- what is refused -----------------------------------------------------------------------------------

NAN = float("nan")
ASYMMETRIC = np.array([[1.0, 0.5], [0.4, 1.0]])
INDEFINITE = np.array([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("theta", "cov", "options", "line"),
    [
        ([1.0], [[1.0]], {}, "至少要有两个部门"),
        ([[1.0, 2.0]], np.eye(2), {}, "至少要有两个部门"),
        ([], np.zeros((0, 0)), {}, "至少要有两个部门"),
        (["好", "差"], np.eye(2), {}, "有不是数的内容"),
        ([1.0, 2.0], np.eye(3), {}, "有 2 个得分而协方差矩阵是 (3, 3)"),
        ([1.0, NAN], np.eye(2), {}, "第 2 个得分不是有限数"),
        ([1.0, 2.0], [[1.0, NAN], [NAN, 1.0]], {}, "协方差矩阵第 1 行第 2 列不是有限数"),
        ([1.0, 2.0], ASYMMETRIC, {}, "第 1 行第 2 列与对称位置不相等"),
        ([1.0, 2.0], INDEFINITE, {}, "协方差矩阵有负的特征值"),
        ([1.0, 2.0], -np.eye(2), {}, "协方差矩阵有负的特征值"),
        ([1.0, 2.0], np.eye(2), {"level": 95}, "置信水平是 95：只能在 0 与 1 之间"),
        ([1.0, 2.0], np.eye(2), {"df": 0}, "自由度是 0：必须大于 0"),
        ([1.0, 2.0], np.eye(2), {"df": NAN}, "自由度是 nan：必须大于 0"),
        ([1.0, 2.0], np.eye(2), {"draws": 10}, "抽样次数是 10：在 0.95 的置信水平下至少要 20 次"),
        ([1.0, 2.0], np.eye(2), {"draws": 2**30}, "装不进内存：最多"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_one_line(
    theta: Any, cov: Any, options: dict[str, Any], line: str
) -> None:
    for function in (ranks.rank_sets, ranks.tiers):
        with pytest.raises(RanksError) as refused:
            function(theta, cov, **options)
        message = str(refused.value)
        assert line in message
        assert "\n" not in message and ("请" in message or "例如" in message)


def test_rounding_in_a_covariance_is_no_fault() -> None:
    tiny = COV + 1e-18 * np.arange(36).reshape(6, 6)
    flat = np.ones((3, 3)) - 1e-12 * np.eye(3)  # an eigenvalue of -1e-12
    assert same(ranks.rank_sets(THETA, tiny), ranks.rank_sets(THETA, COV))
    assert ranks.rank_sets([3.0, 2.0, 1.0], flat).lower.tolist() == [1, 2, 3]


def test_each_pair_has_its_own_degrees_of_freedom() -> None:
    own = np.array([900.0, 14, 30, 500, 90])
    for seed in range(20):
        theta, cov = random_case(seed, p=5)
        sets = ranks.rank_sets(theta, cov, df=own)
        pairs = [(j, k) for j in range(5) for k in range(5) if j != k]
        p_value = {}
        for j, k in pairs:
            t = (theta[j] - theta[k]) / np.sqrt(cov[j, j] + cov[k, k] - 2 * cov[j, k])
            p_value[j, k] = stats.t.sf(t, min(own[j], own[k]))
        better = []  # Holm: the smallest first, until one is too large
        for step, pair in enumerate(sorted(pairs, key=lambda pair: p_value[pair])):
            if p_value[pair] > 0.05 / (len(pairs) - step):
                break
            better.append(pair)
        assert sets.lower.tolist() == [1 + sum(k == j for _, k in better) for j in range(5)]
    assert same(ranks.rank_sets(theta, cov, df=np.inf), ranks.rank_sets(theta, cov))


def test_each_tier_has_its_own_degrees_of_freedom() -> None:
    result = ranks.tiers([80.0, 82.0, 84.0], np.eye(3), df=[5, 50, np.inf])
    expected = [*stats.t.ppf(1 - 0.05 / 6, [5, 50]), stats.norm.ppf(1 - 0.05 / 6)]
    assert result.critical == pytest.approx(expected)


def test_degrees_of_freedom_of_another_shape_are_refused() -> None:
    with pytest.raises(RanksError, match=r"有 3 个得分而自由度的形状是 \(2,\)"):
        ranks.rank_sets([3.0, 2.0, 1.0], np.eye(3), df=[5, 6])


@pytest.mark.parametrize("tau", [0, 7, -1])
def test_tau_is_a_number_of_places(tau: int) -> None:
    sets = ranks.rank_sets(THETA, COV)
    for read in (sets.best, sets.worst):
        with pytest.raises(RanksError, match=f"名次个数是 {tau}：只能从 1 到部门数 6"):
            read(tau)


def test_groups_must_match_and_hold_two() -> None:
    with pytest.raises(RanksError, match="有 6 个得分而组别的形状是"):
        ranks.tiers(THETA, COV, groups=["a", "b"])
    with pytest.raises(RanksError, match="每个组都只有一个部门"):
        ranks.tiers(THETA, COV, groups=list("abcdef"))
