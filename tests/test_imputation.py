"""Imputed answers: against regression formulas, the EM's moments and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from driver_answers import answers

from evalpkg.drivers.imputation import completed, expected
from evalpkg.drivers.incomplete import Moments, moments


def with_gaps(n: int, seed: int = 5) -> np.ndarray:
    values = answers(n, 3, seed)
    values = (values - values.mean(0)) / values.std(0)
    gaps = np.random.default_rng(seed).random(values.shape) < 0.2
    return np.where(gaps, np.nan, values)


def fit(values: np.ndarray) -> Moments:
    return moments(values, np.ones((len(values), 1)))


def test_answers_given_are_not_changed() -> None:
    values = with_gaps(60)
    before, seen = values.copy(), ~np.isnan(values)
    for filled in (
        completed(values, fit(values), 0, np.random.default_rng(0)),
        expected(values, fit(values)),
    ):
        assert (filled[seen] == before[seen]).all()
        assert not np.isnan(filled).any()
    np.testing.assert_array_equal(values, before)


def test_expected_is_the_regression_on_the_answers_given() -> None:
    known = answers(200, 3, seed=2)
    row = np.array([[np.nan, 0.3, np.nan, -1.2]])
    x = np.column_stack([np.ones(200), known[:, [1, 3]]])
    by_hand = [np.array([1, 0.3, -1.2]) @ np.linalg.lstsq(x, known[:, j], rcond=None)[0] for j in (0, 2)]
    # 1e-6: the ridge of the moments
    np.testing.assert_allclose(expected(row, fit(known))[0, [0, 2]], by_hand, atol=1e-6)


def test_draws_have_the_spread_of_the_regression() -> None:
    known = answers(300, 3, seed=2)
    rows = np.tile([[np.nan, 0.3, np.nan, -1.2]], (40_000, 1))
    drawn = completed(rows, fit(known), 0, np.random.default_rng(1))[:, [0, 2]]
    x = np.column_stack([np.ones(300), known[:, [1, 3]]])
    residual = known[:, [0, 2]] - x @ np.linalg.lstsq(x, known[:, [0, 2]], rcond=None)[0]
    np.testing.assert_allclose(np.cov(drawn.T), residual.T @ residual / 300, rtol=0.04)
    np.testing.assert_allclose(drawn.mean(0), expected(rows[:1], fit(known))[0, [0, 2]], atol=0.03)


def test_moments_of_many_completions_are_those_of_the_em() -> None:
    values = with_gaps(400)
    found, rng = fit(values), np.random.default_rng(3)
    sets = [completed(values, found, 0, rng) for _ in range(300)]
    np.testing.assert_allclose(np.mean(sets, axis=(0, 1)), found.cross[0, 1:, 0], atol=0.005)
    second = np.mean([s.T @ s / len(s) for s in sets], axis=0)
    np.testing.assert_allclose(second, found.cross[1:, 1:, 0], atol=0.01)


def test_each_set_of_weights_fills_by_its_own_moments() -> None:
    values = with_gaps(50)
    weights = np.column_stack([np.ones(50), np.linspace(0, 4, 50)])
    both, second = moments(values, weights), moments(values, weights[:, 1:])
    np.testing.assert_allclose(expected(values, both, 1), expected(values, second), atol=1e-6)
    assert np.abs(expected(values, both, 1) - expected(values, both, 0)).max() > 0.01


def test_a_respondent_without_any_answer_is_drawn_from_all() -> None:
    found = fit(answers(300, 3, seed=2))
    nothing = np.full((1, 4), np.nan)
    np.testing.assert_allclose(expected(nothing, found)[0], found.cross[0, 1:, 0], atol=1e-12)
    assert not np.isnan(completed(nothing, found, 0, np.random.default_rng(0))).any()


@pytest.mark.parametrize("kind", ["copy", "constant"])
def test_items_without_a_spread_of_their_own_are_filled(kind: str) -> None:
    values = answers(60, 3, seed=1)
    values[:, 3] = values[:, 1] if kind == "copy" else 0.5
    found, truth = fit(values), values.copy()
    values[:20, 3] = np.nan
    np.testing.assert_allclose(completed(values, found, 0, np.random.default_rng(0)), truth, atol=1e-3)
