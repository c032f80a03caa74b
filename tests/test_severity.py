"""Severity-adjusted scores against dummies, against loops, and against simulated truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from evalpkg import scores
from evalpkg.estimate import Design, contrast, mean
from evalpkg.scores import severity

NAN = np.nan


def rated(seed: int, n: int = 60, d: int = 6, share: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = rng.integers(1, 6, (n, d)).astype(float)
    return np.where(rng.random((n, d)) < share, y, NAN)


# --- the same fit the long way --------------------------------------------------------------------------


def by_dummies(y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Departments and their influence (n, d) from weighted least squares with both sets of dummies."""
    n, d = y.shape
    rows, columns = np.nonzero(~np.isnan(y))
    x = np.zeros((len(rows), d + n))
    x[np.arange(len(rows)), columns] = 1
    x[np.arange(len(rows)), d + rows] = 1
    observed, weight = y[rows, columns], w[rows]
    bread = np.linalg.pinv(x.T @ (weight[:, None] * x))
    beta = bread @ x.T @ (weight * observed)
    score = x * (weight * (observed - x @ beta))[:, None]
    per_row = np.zeros((n, d + n))
    np.add.at(per_row, rows, score)
    centre = np.eye(d) - 1 / d
    return centre @ beta[:d], per_row @ bread[:, :d] @ centre


def sandwich(influence: np.ndarray, clusters: np.ndarray) -> Any:
    labels = np.unique(clusters)
    total = np.array([influence[clusters == label].sum(axis=0) for label in labels])
    total = total - total.mean(axis=0)
    return len(labels) / (len(labels) - 1) * sum(np.outer(row, row) for row in total)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_weighted_least_squares_with_both_sets_of_dummies(seed: int) -> None:
    y = rated(seed)
    rng = np.random.default_rng(seed)
    w, clusters = rng.uniform(0.2, 5, len(y)), rng.integers(0, 9, len(y))
    result = scores.severity_adjusted(y, design=Design(w, clusters=clusters))
    theta, influence = by_dummies(y, w)
    np.testing.assert_allclose(result.estimate, theta, rtol=0, atol=1e-8)
    np.testing.assert_allclose(result.cov, sandwich(influence, clusters), rtol=1e-8, atol=1e-12)


def test_raked_stratified_with_finite_populations_the_long_way() -> None:
    y = rated(7)
    rng = np.random.default_rng(7)
    w, base = rng.uniform(0.2, 5, len(y)), rng.uniform(0.5, 2, len(y))
    clusters = rng.integers(0, 12, len(y))
    strata = clusters % 2
    sizes = pd.DataFrame({"size": rng.integers(0, 3, len(y)), "place": rng.integers(0, 2, len(y))})
    design = Design(
        w,
        base_weights=base,
        calibration=sizes,
        clusters=clusters,
        strata=strata,
        fpc=np.where(strata, 20, 50),
    )
    _, influence = by_dummies(y, w)
    x = pd.get_dummies(sizes.astype(str)).to_numpy(float)
    u, root = influence / w[:, None], np.sqrt(base)[:, None]
    z = w[:, None] * (u - x @ np.linalg.lstsq(root * x, root * u, rcond=None)[0])
    expected = sum(
        (1 - 6 / population) * sandwich(z[strata == h], clusters[strata == h])
        for h, population in ((0, 50), (1, 20))
    )
    result = scores.severity_adjusted(y, design=design)
    np.testing.assert_allclose(result.cov, expected, rtol=1e-8, atol=1e-12)


def test_two_departments_are_the_paired_difference() -> None:
    y = np.array([[5, 3], [4, 4], [2, 1], [NAN, 5], [3, NAN], [NAN, NAN]])
    w = np.array([1.0, 2, 1, 9, 9, 9])
    result = scores.severity_adjusted(y, design=Design(w))
    difference = np.average([2, 0, 1], weights=[1, 2, 1])
    assert result.estimate == pytest.approx([difference / 2, -difference / 2])
    paired = mean(y[:, 0] - y[:, 1], Design(w))
    assert contrast(result, [1, -1]).std_error[0] ** 2 == pytest.approx(
        # z of the six respondents, three of them zero: 6/5 here where the domain mean has the same factor
        paired.cov[0, 0]
    )
    assert (result.n.tolist(), result.df.tolist()) == ([3, 3], [2, 2])


def test_a_complete_table_gives_the_raw_differences() -> None:
    y = rated(3, share=1.1)
    raw = mean(y, Design(np.ones(len(y))))
    centre = np.eye(6) - 1 / 6
    result = scores.severity_adjusted(y)
    np.testing.assert_allclose(result.estimate, centre @ raw.estimate, atol=1e-12)
    np.testing.assert_allclose(result.cov, centre @ raw.cov @ centre, atol=1e-12)


@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
def test_what_a_respondent_adds_everywhere_changes_nothing(seed: int, shift: float, scale: float) -> None:
    y = rated(seed, n=40, d=4, share=0.7)
    harsh = shift * np.random.default_rng(seed).normal(size=(40, 1))
    plain, moved = scores.severity_adjusted(y), scores.severity_adjusted(scale * y + harsh)
    np.testing.assert_allclose(moved.estimate, scale * plain.estimate, atol=1e-9)
    np.testing.assert_allclose(moved.cov, scale**2 * plain.cov, atol=1e-9)
    assert abs(plain.estimate.sum()) < 1e-12
    np.testing.assert_allclose(plain.cov.sum(axis=0), 0, atol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_order_of_rows_and_columns_does_not_matter(seed: int) -> None:
    y = rated(seed, n=40, d=5, share=0.7)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(40), rng.permutation(5)
    plain, moved = scores.severity_adjusted(y), scores.severity_adjusted(y[rows][:, columns])
    np.testing.assert_allclose(moved.estimate, plain.estimate[columns], atol=1e-10)
    np.testing.assert_allclose(moved.cov, plain.cov[np.ix_(columns, columns)], atol=1e-10)


def test_chunks_and_float32_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    y = rated(5, n=101)
    whole = scores.severity_adjusted(y)
    monkeypatch.setattr(severity, "CHUNK", 7)
    for other in (scores.severity_adjusted(y), scores.severity_adjusted(y.astype(np.float32))):
        np.testing.assert_allclose(other.estimate, whole.estimate, atol=1e-13)
        np.testing.assert_allclose(other.cov, whole.cov, atol=1e-13)


# --- what is refused, what is not -------------------------------------------------------------------------


def test_respondents_with_one_rating_or_none_change_nothing() -> None:
    y = rated(1)
    more = np.vstack([y, np.full((2, 6), NAN), [[5, *[NAN] * 5]]])
    plain, longer = scores.severity_adjusted(y), scores.severity_adjusted(more)
    np.testing.assert_allclose(longer.estimate, plain.estimate, atol=1e-13)
    assert longer.n.tolist() == plain.n.tolist()
    n = len(y)  # more clusters, all of them zero: n/(n-1) changes
    np.testing.assert_allclose(longer.cov, plain.cov * ((n + 3) / (n + 2)) / (n / (n - 1)), rtol=1e-10)


def test_weight_zero_is_not_there() -> None:
    y = rated(2)
    w = np.ones(len(y))
    w[:20] = 0
    result = scores.severity_adjusted(y, design=Design(w))
    np.testing.assert_allclose(result.estimate, scores.severity_adjusted(y[20:]).estimate, atol=1e-12)
    assert (result.n <= 40).all()


def test_constant_scores_have_no_variance() -> None:
    y = np.where(np.isnan(rated(1)), NAN, 4.0)
    result = scores.severity_adjusted(y)
    assert (result.estimate == 0).all()
    assert (result.cov == 0).all()


def test_one_department_has_nothing_to_differ_from() -> None:
    result = scores.severity_adjusted(np.array([[3.0], [4.0], [NAN]]))
    assert result.estimate.tolist() == [0.0]
    assert np.isnan(result.cov).all()


def test_a_department_whose_raters_are_one_cluster_has_no_standard_error() -> None:
    y = rated(1)
    y[:, 5] = NAN
    y[4, :] = 3
    result = scores.severity_adjusted(y)
    assert (result.n[5], result.df[5]) == (1, 0)
    assert np.isnan(result.cov[5]).all()
    assert np.isfinite(result.cov[:5, :5]).all()


def test_parts_without_a_common_rater_are_named() -> None:
    y = pd.DataFrame(
        [[5, 4, NAN, NAN], [4, 4, NAN, NAN], [NAN, NAN, 2, 3]], columns=["税务局", "法院", "公安局", "水务局"]
    )
    with pytest.raises(scores.ScoresError, match="互不相连的 2 组（税务局、法院｜公安局、水务局）"):
        scores.severity_adjusted(y)
    with pytest.raises(scores.ScoresError, match="（1、2｜3、4）"):
        scores.severity_adjusted(y.to_numpy())


def test_a_common_rater_of_weight_zero_does_not_join() -> None:
    y = np.array([[5, 4, NAN], [4, 4, NAN], [NAN, 3, 3]])
    with pytest.raises(scores.ScoresError, match="互不相连"):
        scores.severity_adjusted(y, design=Design([1, 1, 0]))


def test_a_department_rated_only_by_those_who_rated_nothing_else_stands_alone() -> None:
    y = np.array([[5, 4, NAN], [4, 4, NAN], [NAN, NAN, 3]])
    with pytest.raises(scores.ScoresError, match="（1、2｜3）"):
        scores.severity_adjusted(y)


@given(seed=st.integers(0, 10_000))
def test_rounding_does_not_join_what_nobody_joins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.full((60, 6), NAN)
    y[:30, :3], y[30:, 3:] = rated(seed, 30, 3, 0.7), rated(seed + 1, 30, 3, 0.7)
    w = rng.lognormal(0, 3, 60)
    assert [sorted(part.tolist()) for part in severity.parts(y, w)] in (
        [[0, 1, 2], [3, 4, 5]],
        [[3, 4, 5], [0, 1, 2]],
    )


def test_a_department_nobody_rated_is_named() -> None:
    y = pd.DataFrame({"税务局": [1.0, 2], "供水公司": [NAN, NAN], "法院": [2.0, 3]})
    with pytest.raises(scores.ScoresError, match=r"部门 供水公司：没有企业打分.*请先去掉"):
        scores.severity_adjusted(y)


def test_many_parts_are_shortened() -> None:
    with pytest.raises(scores.ScoresError, match="、5、6 等 9 个｜10"):
        scores.severity_adjusted(np.vstack([[*range(9), NAN], [NAN] * 9 + [1]]))


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([[1.0, np.inf], [1, 2]], "第 1 行有无穷大"),
        ([1.0, 2.0], "形状是 \\(2,\\)"),
        (np.empty((0, 3)), "形状是 \\(0, 3\\)"),
        ([["好", "差"], ["好", "好"]], "不是数"),
    ],
)
def test_bad_ratings_are_refused(ratings: object, message: str) -> None:
    with pytest.raises(scores.ScoresError, match=message):
        scores.severity_adjusted(ratings)  # type: ignore[arg-type]


def test_rows_must_match_the_design() -> None:
    with pytest.raises(scores.ScoresError, match="评分有 60 行而设计有 3 份"):
        scores.severity_adjusted(rated(1), design=Design([1, 1, 1]))


# --- against simulated truth ------------------------------------------------------------------------------

FIRMS, BODIES = 1000, 35
REGULATORS = np.arange(BODIES) < 12


def world(seed: int, harsh: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores 1-5 of 1,000 firms; `harsh` > 0 sends strict raters to regulators. Returns truth and ratings."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.2, BODIES)
    mild = rng.normal(0, 0.78, (FIRMS, 1))
    met = rng.random((FIRMS, BODIES)) < 1 / (1 + np.exp(0.4 + harsh * REGULATORS * mild))
    value = 3.6 + theta + mild + rng.normal(0, 1, (FIRMS, BODIES))
    return theta, np.where(met, np.clip(np.round(value), 1, 5), NAN)


def taus(harsh: float, runs: int = 20) -> tuple[float, float]:
    """Mean Kendall tau with truth, raw and adjusted."""
    pairs = []
    for seed in range(runs):
        theta, y = world(seed, harsh)
        adjusted = scores.severity_adjusted(y).estimate
        pairs.append([kendalltau(theta, x).statistic for x in (np.nanmean(y, axis=0), adjusted)])
    raw, adjusted = np.mean(pairs, axis=0)
    return float(raw), float(adjusted)


def test_harsh_raters_on_regulators_no_longer_turn_the_order() -> None:
    raw, adjusted = taus(harsh=2.5)
    assert adjusted - raw >= 0.2
    assert adjusted > 0.8


def test_without_confounding_nothing_is_lost() -> None:
    raw, adjusted = taus(harsh=0.0)
    assert adjusted >= raw - 0.02


def pairs_covered(runs: int) -> tuple[float, float]:
    """Share of all pairwise differences whose interval holds the truth, adjusted and raw; 40 clusters."""
    first, second = np.triu_indices(8, 1)
    matrix = np.zeros((len(first), 8))
    matrix[np.arange(len(first)), first], matrix[np.arange(len(first)), second] = 1, -1
    theta = np.linspace(-0.6, 0.6, 8)
    held: list[list[float]] = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        group = np.arange(400) % 40
        mild = rng.normal(0, 0.7, (400, 1)) + rng.normal(0, 0.3, (40, 1))[group]
        away = rng.normal(0, 0.1, (40, 8))[group]
        met = rng.random((400, 8)) < 1 / (1 + np.exp(1.5 * (np.arange(8) < 3) * mild))
        y = np.where(met, theta + mild + away + rng.normal(0, 1, (400, 8)), NAN)
        design = Design(rng.uniform(1, 3, 400), clusters=group)
        held.append([])
        for est in (scores.severity_adjusted(y, design=design), mean(y, design)):
            low, high = contrast(est, matrix).interval()
            held[-1].append(float(np.mean((low <= matrix @ theta) & (matrix @ theta <= high))))
    adjusted, raw = np.mean(held, axis=0)
    return float(adjusted), float(raw)


def test_differences_are_covered_and_raw_ones_are_not() -> None:
    adjusted, raw = pairs_covered(200)
    assert 0.92 <= adjusted <= 0.975  # nominal .95; 28 correlated pairs x 200 runs
    assert raw < 0.75
