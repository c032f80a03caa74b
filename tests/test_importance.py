"""Relative importance against R relaimpo, and against averages over all orders of least-squares fits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from driver_answers import answers, over_all_orders, r2_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from evalpkg import drivers
from evalpkg.drivers import DriversError, first, johnson, last, lmg

REFERENCE = Path(__file__).parent / "reference"


def reference() -> dict:
    return json.loads((REFERENCE / "relaimpo_ref.json").read_text())


def swiss() -> np.ndarray:
    return pd.read_csv(REFERENCE / "swiss.csv").to_numpy()


def bfi() -> np.ndarray:
    return pd.read_csv(REFERENCE / "bfi_covariance.csv", index_col=0).to_numpy()


# --- lmg -----------------------------------------------------------------------------------------------


def test_lmg_equals_relaimpo() -> None:
    shares = lmg(np.cov(swiss().T))
    np.testing.assert_allclose(shares, reference()["lmg"], atol=1e-10)
    assert shares.sum() == pytest.approx(reference()["R2"], abs=1e-12)


def test_lmg_equals_relaimpo_with_weights() -> None:
    weighted = np.cov(swiss().T, aweights=np.linspace(0.5, 3, 47))
    np.testing.assert_allclose(lmg(weighted), reference()["lmg_weighted"], atol=1e-10)
    assert lmg(weighted).sum() == pytest.approx(reference()["R2_weighted"], abs=1e-12)


def test_lmg_and_johnson_equal_relaimpo_on_ten_drivers() -> None:
    expected = reference()["bfi_age_on_10"]
    np.testing.assert_allclose(lmg(bfi()), expected["lmg"], atol=1e-10)
    np.testing.assert_allclose(johnson(bfi()), expected["genizi"], atol=1e-10)
    assert lmg(bfi()).sum() == pytest.approx(expected["R2"], abs=1e-12)


def test_the_stored_covariance_is_that_of_the_data(shared: Path) -> None:
    data = pd.read_csv(shared / "reference" / "psych_bfi_age15.csv").iloc[:, :11].to_numpy()
    np.testing.assert_allclose(np.cov(data.T), bfi(), rtol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3, 5])
def test_lmg_is_the_average_over_all_orders(p: int) -> None:
    data = answers(30, p, seed=p)
    np.testing.assert_allclose(lmg(np.cov(data.T)), over_all_orders(data), atol=1e-12)


def test_lmg_is_the_average_over_all_orders_with_weights() -> None:
    data, weights = answers(30, 4, seed=9), np.linspace(1, 4, 30)
    shares = lmg(np.cov(data.T, aweights=weights))
    np.testing.assert_allclose(shares, over_all_orders(data, weights), atol=1e-12)


def test_one_driver_has_its_squared_correlation() -> None:
    assert lmg(np.array([[4.0, 1.0], [1.0, 1.0]])).tolist() == [0.25]


def test_twenty_independent_drivers_keep_their_squared_correlations() -> None:
    correlations = np.eye(21)
    correlations[0, 1:] = correlations[1:, 0] = r = np.linspace(0.05, 0.3, 20)
    np.testing.assert_allclose(lmg(correlations), r**2, atol=1e-12)


def test_a_batch_is_done_matrix_by_matrix() -> None:
    batch = np.array([[np.cov(answers(40, 3, seed=2 * i + j).T) for j in range(2)] for i in range(3)])
    for function in (lmg, johnson):
        single = [[function(batch[i, j]) for j in range(2)] for i in range(3)]
        np.testing.assert_allclose(function(batch), single, atol=1e-14)
    assert lmg(batch[:0]).shape == (0, 2, 3)


def test_a_long_batch_is_cut_into_passes() -> None:
    batch = np.array([np.cov(answers(40, 12, seed=seed).T) for seed in range(80)])  # 64 matrices a pass
    assert len(batch) * 2**12 > drivers.importance.CACHE
    np.testing.assert_allclose(lmg(batch), [lmg(one) for one in batch], atol=1e-14)


def test_a_constant_driver_has_no_share() -> None:
    data = np.column_stack([answers(30, 2, seed=1), np.ones(30)])
    for function in (lmg, johnson):
        shares = function(np.cov(data.T))
        assert abs(shares[2]) < 1e-14
        np.testing.assert_allclose(shares[:2], function(np.cov(data[:, :3].T)), atol=1e-12)


def test_a_constant_outcome_has_no_shares() -> None:
    data = answers(30, 2, seed=1)
    data[:, 0] = 5
    assert np.isnan(lmg(np.cov(data.T))).all()
    assert np.isnan(johnson(np.cov(data.T))).all()


def test_collinear_drivers_share_what_they_explain() -> None:
    data = answers(50, 3, seed=4)
    data[:, 3] = data[:, 1] + data[:, 2]
    np.testing.assert_allclose(lmg(np.cov(data.T)), over_all_orders(data), atol=1e-9)
    for function in (lmg, johnson):
        assert function(np.cov(data.T)).sum() == pytest.approx(r2_of(data, (1, 2)), abs=1e-9)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        (np.eye(1), "至少含一项"),
        (np.ones((3, 2)), "方阵"),
        (np.full((3, 3), np.nan), "缺失"),
        (np.diag([1.0, -1.0, 1.0]), "负的方差"),
    ],
)
def test_impossible_moments_are_refused(given_: np.ndarray, says: str) -> None:
    for function in (lmg, johnson, first, last):
        with pytest.raises(DriversError, match=says):
            function(given_)


cases = st.tuples(st.integers(1, 6), st.integers(0, 10_000))


@given(cases)
def test_shares_sum_to_r2_and_are_not_negative(case: tuple[int, int]) -> None:
    p, seed = case
    cov = np.cov(answers(40, p, seed).T)
    r2 = cov[0, 1:] @ np.linalg.solve(cov[1:, 1:], cov[1:, 0]) / cov[0, 0]
    for shares in (lmg(cov), johnson(cov)):
        assert abs(shares.sum() - r2) < 1e-12
        assert shares.min() > -1e-12


@given(cases, st.floats(0.01, 1000))
def test_shares_do_not_depend_on_units(case: tuple[int, int], unit: float) -> None:
    p, seed = case
    data = answers(40, p, seed)
    scale = unit ** np.linspace(-1, 1, p + 1) * np.where(np.arange(p + 1) % 2, -1, 1)
    np.testing.assert_allclose(lmg(np.cov((data * scale).T)), lmg(np.cov(data.T)), atol=1e-10)


@given(st.permutations(range(5)), st.integers(0, 1000))
def test_shares_follow_the_order_of_the_drivers(order: list[int], seed: int) -> None:
    cov = np.cov(answers(40, 5, seed).T)
    place = np.r_[0, np.array(order) + 1]
    for function in (lmg, johnson):
        np.testing.assert_allclose(function(cov[np.ix_(place, place)]), function(cov)[order], atol=1e-12)


@given(st.integers(2, 5), st.integers(0, 1000))
def test_duplicates_get_equal_shares(p: int, seed: int) -> None:
    data = answers(40, p, seed)
    data = np.column_stack([data, data[:, 1]])
    for function in (lmg, johnson):
        shares = function(np.cov(data.T))
        assert shares[0] == pytest.approx(shares[-1], abs=1e-9)


def test_johnson_by_a_matrix_square_root() -> None:
    correlations = np.corrcoef(answers(60, 4, seed=3).T)
    root = linalg.sqrtm(correlations[1:, 1:])
    expected = root**2 @ np.linalg.solve(root, correlations[1:, 0]) ** 2
    np.testing.assert_allclose(johnson(np.cov(answers(60, 4, seed=3).T)), expected, atol=1e-12)
    np.testing.assert_allclose(johnson(np.cov(swiss().T)), reference()["genizi_eq_johnson"], atol=1e-10)


# --- first, last, groups, controls ---------------------------------------------------------------------


def test_first_and_last_equal_relaimpo() -> None:
    for function, name in ((first, "first"), (last, "last")):
        np.testing.assert_allclose(function(np.cov(swiss().T)), reference()[name], atol=1e-10)


def test_first_and_last_are_differences_of_two_fits() -> None:
    data, weights = answers(30, 4, seed=6), np.linspace(1, 3, 30)
    cov = np.cov(data.T, aweights=weights)
    alone = [r2_of(data, (j,), weights) for j in range(1, 5)]
    whole = r2_of(data, (1, 2, 3, 4), weights)
    added = [whole - r2_of(data, tuple(k for k in range(1, 5) if k != j), weights) for j in range(1, 5)]
    np.testing.assert_allclose(first(cov), alone, atol=1e-12)
    np.testing.assert_allclose(last(cov), added, atol=1e-12)


def test_a_driver_that_others_determine_adds_nothing_last() -> None:
    data = answers(50, 3, seed=4)
    data[:, 3] = data[:, 1] + data[:, 2]
    np.testing.assert_allclose(last(np.cov(data.T)), 0, atol=1e-12)
    assert last(np.array([[4.0, 1.0], [1.0, 1.0]])).tolist() == [0.25]


def test_first_and_last_of_a_batch_and_of_a_constant_outcome() -> None:
    batch = np.array([np.cov(answers(40, 3, seed=seed).T) for seed in range(4)]).reshape(2, 2, 4, 4)
    for function in (first, last):
        single = [[function(matrix) for matrix in row] for row in batch]
        np.testing.assert_allclose(function(batch), single, atol=1e-14)
        assert np.isnan(function(np.diag([0.0, 1.0, 1.0]))).all()


def test_groups_equal_relaimpo() -> None:
    expected = reference()["lmg_grouped"]["lmg"]  # education with examination, then the rest
    shares = lmg(np.cov(swiss().T), groups=[(1, 2), (0,), (3,), (4,)])
    np.testing.assert_allclose(shares, expected, atol=1e-10)


@pytest.mark.parametrize(
    ("groups", "always"),
    [
        ([[0, 3], [1], [2, 4]], []),
        ([[4, 1, 2]], [3, 0]),
        ([[2], [0, 4]], [1, 3]),
        (None, [2]),
        (None, [4, 0]),
    ],
)
def test_groups_and_controls_are_the_average_over_all_orders(
    groups: list[list[int]] | None, always: list[int]
) -> None:
    data, weights = answers(30, 5, seed=8), np.linspace(1, 4, 30)
    cov = np.cov(data.T, aweights=weights)
    shares = lmg(cov, groups=groups, always=always)
    np.testing.assert_allclose(shares, over_all_orders(data, weights, groups, always), atol=1e-10)
    controls = r2_of(data, tuple(j + 1 for j in always), weights)
    assert shares.sum() == pytest.approx(r2_of(data, (1, 2, 3, 4, 5), weights) - controls, abs=1e-12)


def test_collinear_drivers_within_and_between_groups() -> None:
    data = answers(50, 4, seed=4)
    data[:, 3] = data[:, 1] + data[:, 2]
    data[:, 4] = 7.0
    groups = [[0, 1, 2], [3]]  # the first three determine each other, the last is constant
    found = lmg(np.cov(data.T), groups=groups)
    np.testing.assert_allclose(found, [r2_of(data, (1, 2)), 0], atol=1e-9)
    for groups in ([[0, 1], [2, 3]], [[0, 3], [1, 2]]):
        np.testing.assert_allclose(
            lmg(np.cov(data.T), groups=groups), over_all_orders(data, groups=groups), atol=1e-9
        )
    np.testing.assert_allclose(lmg(np.cov(data.T), always=[0, 1]), 0, atol=1e-9)


def test_more_than_twenty_drivers_in_groups() -> None:
    data = answers(80, 24, seed=2)
    groups = [range(8), range(8, 16), range(16, 24)]
    shares = lmg(np.cov(data.T), groups=groups)
    np.testing.assert_allclose(shares, over_all_orders(data, groups=groups), atol=1e-10)
    rest = lmg(np.cov(data.T), always=range(20))
    assert rest.sum() == pytest.approx(shares.sum() - r2_of(data, tuple(range(1, 21))), abs=1e-10)
    assert johnson(np.cov(data.T)).sum() == pytest.approx(shares.sum(), abs=1e-10)


def test_all_drivers_as_controls_leave_nothing_to_share() -> None:
    assert lmg(np.cov(answers(30, 2, seed=1).T), always=[1, 0]).shape == (0,)


@pytest.mark.parametrize(
    ("groups", "always", "says"),
    [
        ([[0, 1], [1, 2]], [], "编号 1 出现了两次"),
        ([[0], [1, 2]], [2], "编号 2 出现了两次"),
        ([[0], [2]], [], "编号 1 不在任何一组"),
        ([[0, 1, 2], []], [], "第 2 组是空的"),
        ([[0, 1, 3]], [], "没有编号为 3 的一项，编号只能是 0 到 2"),
        (None, [-1], "没有编号为 -1 的一项"),
        (None, [0, 0], "编号 0 出现了两次"),
    ],
)
def test_impossible_groups_are_refused(groups: list[list[int]] | None, always: list[int], says: str) -> None:
    with pytest.raises(DriversError, match=says) as caught:
        lmg(np.eye(4), groups=groups, always=always)
    assert "\n" not in str(caught.value)


def test_too_many_drivers_are_refused_with_the_ways_out() -> None:
    with pytest.raises(DriversError, match=r"有 21 项，最多 20 项.*分成较少的组.*Johnson 相对权重"):
        lmg(np.eye(22))
    with pytest.raises(DriversError, match="有 21 组，最多 20 组"):
        lmg(np.eye(23), groups=[[0, 21], *([j] for j in range(1, 21))])
    assert johnson(np.eye(22)).shape == (21,)


@given(cases, st.booleans())
def test_groups_of_one_are_plain_shares(case: tuple[int, int], backwards: bool) -> None:
    p, seed = case
    cov = np.cov(answers(40, p, seed).T)
    order = list(range(p))[:: -1 if backwards else 1]
    np.testing.assert_allclose(lmg(cov, groups=[[j] for j in order]), lmg(cov)[order], atol=1e-12)


@given(st.permutations(range(5)), st.integers(1, 3), st.integers(0, 1000))
def test_groups_follow_the_numbers_of_the_drivers(order: list[int], cut: int, seed: int) -> None:
    cov = np.cov(answers(40, 5, seed).T)
    place = np.r_[0, np.array(order) + 1]
    moved = lmg(cov[np.ix_(place, place)], groups=[range(cut), range(cut, 4)], always=[4])
    plain = lmg(cov, groups=[order[:cut], order[cut:4]], always=[order[4]])
    np.testing.assert_allclose(moved, plain, atol=1e-12)
