"""The map of importance and performance, what is drawn of replicates, and drivers that cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evalpkg.drivers import collinearity, positions
from evalpkg.drivers.drawn import Drawn


def placed(share: list[float], score: list[float], spread: float = 0.01, df: float = 1e6) -> positions.Map:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 4000, len(share)))
    return positions.Map(
        Drawn(np.array(share), np.array(share) + spread * noise[0]),
        Drawn(np.array(score), np.array(score) + spread * noise[1]),
        df,
        0.95,
    )


def test_four_corners() -> None:
    found = positions.located(placed([16.0, 14, 4, 2], [60.0, 90, 62, 88]))
    assert found["zone"].tolist() == ["fix", "keep", "later", "later"]
    assert found["p_fix"].tolist() == [100, 0, 0, 0]
    assert found["p_keep"].tolist() == [0, 100, 0, 0]


def test_what_touches_a_line_is_watched() -> None:
    # mean score 70; the first is 1 below, its distance from the mean of four has sd 2 sqrt(3/4)
    at = placed([16.0, 6, 4, 2], [69.0, 71, 70, 70], spread=2.0)
    found = positions.located(at)
    expected = stats.norm.cdf(1 / (2 * np.sqrt(3 / 4)))
    assert found["zone"][0] == "watch"
    assert found["p_fix"][0] == pytest.approx(100 * expected, abs=2.5)


def test_few_degrees_of_freedom_make_less_sure() -> None:
    many, few = (
        positions.located(placed([16.0, 6, 4, 2], [67.0, 71, 71, 71], spread=2.0, df=df))["p_fix"][0]
        for df in (1e6, 4)
    )
    assert few < many - 3


def test_a_biased_bootstrap_is_moved_to_the_estimate() -> None:
    at = placed([16.0, 14, 4, 2], [60.0, 90, 62, 88])
    moved = positions.Map(Drawn(at.share.point, at.share.all_draws + 30), at.score, at.df, at.level)
    assert positions.located(moved).equals(positions.located(at)) or np.allclose(
        positions.located(moved)["p_fix"], positions.located(at)["p_fix"]
    )


def test_an_ellipse_has_the_moments_of_the_replicates() -> None:
    rng = np.random.default_rng(1)
    both = rng.multivariate_normal([0, 0], [[4, 3], [3, 9]], size=20_000)
    share = np.column_stack([10 + both[:, 1], rng.normal(5, 1, 20_000)])
    score = np.column_stack([70 + both[:, 0], rng.normal(80, 1, 20_000)])
    at = positions.Map(Drawn(np.array([10.0, 5]), share), Drawn(np.array([70.0, 80]), score), 1e6, 0.95)
    found = positions.located(at).iloc[0]
    assert found["ellipse_sd_x"] == pytest.approx(2, abs=0.05)
    assert found["ellipse_sd_y"] == pytest.approx(3, abs=0.07)
    assert found["ellipse_r"] == pytest.approx(0.5, abs=0.02)


def test_replicates_with_a_gap_take_no_part() -> None:
    draws = np.array([[0.4, 0.2], [np.nan, 0.3], [0.2, 0.4]])
    found = Drawn(np.array([0.3, 0.3]), draws)
    assert found.first(0.95, np.inf).tolist() == [0.5, 0.5]
    assert found.std_error.tolist() == pytest.approx([np.sqrt(0.02)] * 2)


def test_who_is_first_is_counted_around_the_points_and_wider_with_few_clusters() -> None:
    rng = np.random.default_rng(3)
    biased = np.array([0.1, 0.3]) + rng.normal(0, 0.1, (40_000, 2))  # replicates that favour the second
    found = Drawn(np.array([0.4, 0.2]), biased)
    many, few = found.first(0.95, np.inf)[0], found.first(0.95, 3)[0]
    wider = stats.t.ppf(0.975, 3) / stats.norm.ppf(0.975)
    assert many == pytest.approx(stats.norm.cdf(0.2 / (0.1 * np.sqrt(2))), abs=0.01)
    assert few == pytest.approx(stats.norm.cdf(0.2 / (0.1 * np.sqrt(2)) / wider), abs=0.01)


def test_a_single_driver_has_no_place_among_others() -> None:
    one = Drawn(np.array([10.0]), np.array([[9.0], [11.0]]))
    placed = positions.located(positions.Map(one, one, 20, 0.95))
    assert placed.drop(columns="zone").isna().all(axis=None) and placed["zone"].tolist() == [""]


def test_intervals_of_draws() -> None:
    rng = np.random.default_rng(2)
    found = Drawn(np.array([0.2]), 0.2 + 0.01 * rng.normal(size=(5000, 1)))
    low, high = found.interval(0.95, 10)
    assert high[0] - 0.2 == pytest.approx(stats.t.ppf(0.975, 10) * 0.01, rel=0.03)
    low, high = found.share_interval(0.95, 10)
    # on the logit, by hand: sd / (p (1 - p))
    spread = stats.t.ppf(0.975, 10) * 0.01 / (0.2 * 0.8)
    assert high[0] == pytest.approx(1 / (1 + np.exp(-(np.log(0.25) + spread))), rel=0.01)
    assert 0 < low[0] < 0.2


def test_inflation_is_that_of_regressions() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    found = collinearity.inflation(np.cov(x.T))
    for j in range(4):
        others = np.column_stack([np.ones(300), np.delete(x, j, axis=1)])
        fitted = others @ np.linalg.lstsq(others, x[:, j], rcond=None)[0]
        assert found[j] == pytest.approx(x[:, j].var() / (x[:, j] - fitted).var(), rel=1e-8)


def test_drivers_that_move_together_are_named() -> None:
    rng = np.random.default_rng(4)
    a, c = rng.normal(size=(2, 500))
    x = np.column_stack([a, a + 0.2 * rng.normal(size=500), c])
    said = collinearity.notes(np.cov(x.T), ["效率", "态度", "公开"])
    assert len(said) == 1
    assert said[0].startswith("“效率”与“态度”的打分几乎同高同低（相关系数 0.98）")
    assert collinearity.notes(np.eye(3), ["效率", "态度", "公开"]) == ()


def test_a_driver_that_others_determine_is_named_once() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 100))
    covariance = np.cov(np.column_stack([a, b, a + b]).T)
    assert np.isinf(collinearity.inflation(covariance)).all()
    (said,) = collinearity.notes(covariance, ["甲", "乙", "丙"])
    assert "“甲”“乙”“丙”可以由彼此完全推出" in said
