"""The area-level model: against R, against dense matrices, and on simulated areas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from evalpkg.estimate import EstimateError
from evalpkg.scores.fay_herriot import FayHerriot, fay_herriot

Floats = NDArray[np.float64]
REFERENCE = Path(__file__).parent / "reference"


def areas() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "fay_herriot.csv")


def columns(table: pd.DataFrame) -> Floats:
    return np.column_stack([np.ones(len(table)), table["x"], table["east"]])


def fitted(y: str = "y") -> FayHerriot:
    table = areas()
    return fay_herriot(table[y], table["D"], columns(table))


def two_way(departments: int, groups: int) -> Floats:
    """Return full sets of dummies of both, one column of which is superfluous."""
    row = np.arange(departments * groups)
    return np.hstack([np.eye(departments)[row // groups], np.eye(groups)[row % groups]])


# --- against R metafor -----------------------------------------------------------------------------------


def test_the_variance_between_areas_and_the_regression_are_those_of_metafor() -> None:
    reference = json.loads((REFERENCE / "fay_herriot_ref.json").read_text())["between"]
    fit = fitted()
    assert pytest.approx(reference["A"], rel=1e-8) == fit.A and not fit.adjusted
    np.testing.assert_allclose(fit.beta, reference["beta"], rtol=1e-8)
    np.testing.assert_allclose(fit.beta_cov, reference["beta_cov"], rtol=1e-8)


def test_predictions_and_their_errors_are_those_of_metafor() -> None:
    """R's standard error of `blup` is the square root of g1 + g2: it leaves out that A is estimated."""
    reference = json.loads((REFERENCE / "fay_herriot_ref.json").read_text())["between"]
    fit, D = fitted(), areas()["D"].to_numpy()
    g3 = D**2 / (fit.A + D) ** 3 * 2 / ((fit.A + D) ** -2.0).sum()
    np.testing.assert_allclose(fit.estimate, reference["estimate"], rtol=1e-8)
    np.testing.assert_allclose(np.sqrt(fit.mse - 2 * g3), reference["se_g1_g2"], rtol=1e-8)


def test_where_r_finds_nothing_between_areas_the_adjusted_likelihood_stands_in() -> None:
    reference = json.loads((REFERENCE / "fay_herriot_ref.json").read_text())["zero"]
    fit = fitted("smooth")
    assert reference["A"] == 0
    assert fit.adjusted and 0 < fit.A < areas()["D"].min()


# --- against dense matrices ------------------------------------------------------------------------------


def restricted(A: float, y: Floats, D: Floats, x: Floats) -> float:
    """Log-likelihood of the contrasts K'y, K any basis orthogonal to x: a plain normal density."""
    K = np.linalg.svd(x, full_matrices=True)[0][:, np.linalg.matrix_rank(x) :]
    V = K.T @ np.diag(A + D) @ K
    return float(-(np.linalg.slogdet(V)[1] + (K.T @ y) @ np.linalg.solve(V, K.T @ y)) / 2)


def drawn(seed: int, A: float, departments: int = 6, groups: int = 5) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = two_way(departments, groups)
    D = rng.gamma(2.0, 2.0, len(x)) + 0.3
    return x @ rng.normal(0, 3, x.shape[1]) + rng.normal(0, np.sqrt(A + D)), D, x


@pytest.mark.parametrize("seed", range(6))
def test_the_variance_maximises_the_density_of_contrasts(seed: int) -> None:
    y, D, x = drawn(seed, 6.0)
    fit = fay_herriot(y, D, x)
    found = minimize_scalar(
        lambda a: -restricted(a, y, D, x), bounds=(0, 60), method="bounded", options={"xatol": 1e-9}
    )
    assert not fit.adjusted
    assert pytest.approx(found.x, rel=1e-5) == fit.A  # a flat top is found to the root of the precision only


def test_at_zero_the_variance_maximises_itself_times_the_density() -> None:
    y, D, x = next(one for seed in range(40) if fay_herriot(*(one := drawn(seed, 0.0))).adjusted)
    fit = fay_herriot(y, D, x)
    grid = np.linspace(0, 20, 400)
    plain = [restricted(a, y, D, x) for a in grid]
    found = minimize_scalar(
        lambda a: -np.log(a) - restricted(a, y, D, x), bounds=(1e-9, 20), method="bounded", options={"xatol": 1e-9}
    )  # fmt: skip
    assert int(np.argmax(plain)) == 0
    assert pytest.approx(found.x, rel=1e-5) == fit.A


def test_the_higher_of_two_maxima_is_taken() -> None:
    """Two exact areas that agree, and many inexact ones far apart: the density may have two tops."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        D = np.concatenate([np.full(4, 1e-3), np.full(8, 30.0)])
        y = np.concatenate([rng.normal(0, 0.03, 4), rng.normal(0, 9, 8)])
        x = np.ones((12, 1))
        fit = fay_herriot(y, D, x)
        best = max(restricted(a, y, D, x) for a in np.geomspace(1e-7, 200, 600))
        assert fit.adjusted or restricted(fit.A, y, D, x) >= best - 1e-3


def test_mean_squared_errors_are_the_terms_of_the_textbook() -> None:
    table = areas()
    fit, D, x = fitted(), table["D"].to_numpy(), columns(table)
    V = np.diag(fit.A + D)
    cov = np.linalg.inv(x.T @ np.linalg.inv(V) @ x)
    for i in range(len(D)):
        g = fit.A / (fit.A + D[i])
        g3 = D[i] ** 2 / (fit.A + D[i]) ** 3 * 2 / sum(1 / (fit.A + D) ** 2)
        expected = g * D[i] + (1 - g) ** 2 * x[i] @ cov @ x[i] + 2 * g3
        assert fit.mse[i] == pytest.approx(expected, rel=1e-10)
        assert fit.estimate[i] == pytest.approx(g * table["y"][i] + (1 - g) * x[i] @ fit.beta, rel=1e-12)


def test_departures_are_the_posterior_of_a_normal_model_with_a_vague_prior_on_b() -> None:
    y, D, x = drawn(3, 6.0)
    fit = fay_herriot(y, D, x)
    m = len(y)
    vague = 1e7
    prior = fit.A * np.eye(m)
    V = np.diag(D) + prior + vague * x @ x.T
    mean, cov = prior @ np.linalg.solve(V, y), prior - prior @ np.linalg.solve(V, prior)
    c = np.random.default_rng(0).normal(size=(4, m))
    g3 = D**2 / (fit.A + D) ** 3 * 2 / ((fit.A + D) ** -2.0).sum()
    found = fit.departures(c)
    # the prior's variance of 1e7 leaves an error of 1e-7
    np.testing.assert_allclose(found.estimate, c @ mean, atol=1e-5)
    np.testing.assert_allclose(found.mse, np.diagonal(c @ cov @ c.T) + 2 * c**2 @ g3, rtol=1e-5)


# --- areas without a direct estimate, columns that repeat each other ----------------------------------------


@pytest.mark.parametrize("blank", ["y", "D", "infinite D"])
def test_an_area_without_a_direct_estimate_gets_what_the_model_says(blank: str) -> None:
    table = areas()
    y, D, x = table["y"].to_numpy(copy=True), table["D"].to_numpy(copy=True), columns(table)
    (y if blank == "y" else D)[4] = np.inf if blank == "infinite D" else np.nan
    fit = fay_herriot(y, D, x)
    others = np.arange(len(y)) != 4
    rest = fay_herriot(y[others], D[others], x[others])
    assert pytest.approx(fit.A, rel=1e-10) == rest.A
    assert fit.estimate[4] == fit.synthetic[4] == pytest.approx(x[4] @ rest.beta, rel=1e-12)
    assert fit.mse[4] == pytest.approx(rest.A + x[4] @ rest.beta_cov @ x[4], rel=1e-12)
    assert fit.gamma[4] == fit.residual[4] == fit.precision[4] == 0
    np.testing.assert_allclose(fit.estimate[others], rest.estimate, rtol=1e-12)
    np.testing.assert_allclose(fit.mse[others], rest.mse, rtol=1e-10)


def test_superfluous_dummies_change_nothing() -> None:
    y, D, x = drawn(1, 6.0)
    y[[2, 17]] = np.nan
    full, fewer = fay_herriot(y, D, x), fay_herriot(y, D, x[:, :-1])
    for name in ("estimate", "mse", "gamma", "synthetic", "A"):
        np.testing.assert_allclose(getattr(full, name), getattr(fewer, name), rtol=1e-9, err_msg=name)
    assert (full.beta == 0).sum() == 1
    np.testing.assert_allclose(x @ full.beta, full.synthetic, rtol=1e-9)


@given(st.integers(0, 10_000), st.floats(0, 20), st.floats(0.1, 50), st.floats(-100, 100))
def test_units_and_zero_do_not_matter(seed: int, A: float, unit: float, zero: float) -> None:
    y, D, x = drawn(seed, A)
    fit, moved = fay_herriot(y, D, x), fay_herriot(unit * y + zero, unit**2 * D, x)
    assert pytest.approx(unit**2 * fit.A, rel=1e-6) == moved.A
    np.testing.assert_allclose(moved.estimate, unit * fit.estimate + zero, rtol=1e-6, atol=1e-6 * unit)
    np.testing.assert_allclose(moved.mse, unit**2 * fit.mse, rtol=1e-6)


@given(st.integers(0, 10_000), st.floats(0, 20))
def test_an_estimate_lies_between_the_direct_and_the_synthetic_one(seed: int, A: float) -> None:
    y, D, x = drawn(seed, A)
    fit = fay_herriot(y, D, x)
    assert fit.A > 0 and (fit.gamma > 0).all() and (fit.gamma < 1).all()
    low, high = np.minimum(y, fit.synthetic), np.maximum(y, fit.synthetic)
    assert ((fit.estimate >= low - 1e-9) & (fit.estimate <= high + 1e-9)).all()
    assert (fit.mse > 0).all()


def test_the_order_of_areas_does_not_matter() -> None:
    y, D, x = drawn(4, 6.0)
    order = np.random.default_rng(0).permutation(len(y))
    fit, mixed = fay_herriot(y, D, x), fay_herriot(y[order], D[order], x[order])
    np.testing.assert_allclose(mixed.estimate, fit.estimate[order], rtol=1e-9)
    np.testing.assert_allclose(mixed.mse, fit.mse[order], rtol=1e-8)


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "D", "x", "message"),
    [
        ([1, 2, 3], [1, 1], np.ones((3, 1)), r"形状是 y \(3,\)、D \(2,\)、x \(3, 1\)：应为"),
        ([1, 2, 3], [1, 1, 1], np.ones(3), r"请核对每个小域一行"),
        ([1, 2, 3], [1, 1, 1], np.ones((3, 0)), r"请核对每个小域一行"),
        ([1, 2, np.inf, 4, 5], np.ones(5), np.ones((5, 1)), "只能是有限数"),
        (np.arange(5), np.ones(5), np.full((5, 1), np.nan), "只能是有限数"),
        (np.arange(5), [1, 0, 1, 1, 1], np.ones((5, 1)), "第 2 个小域的抽样方差是 0：必须大于 0"),
        (np.arange(5), [1, 1, -2, 1, 1], np.ones((5, 1)), "第 3 个小域的抽样方差是 -2"),
        (np.arange(3), np.ones(3), np.ones((3, 1)), "3 个小域有直接估计，解释变量占 1 个自由度：小域要至少多出 3 个"),
        (np.full(5, np.nan), np.ones(5), np.ones((5, 1)), "没有一个小域有直接估计"),
        ([1, 2, 3, 4, 5, np.nan], np.ones(6), np.eye(6)[:, [0, 5]] + [[1, 0]] * 6, "第 6 个小域没有直接估计，解释变量又与其余小域都不同"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_refused(y: Floats, D: Floats, x: Floats, message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        fay_herriot(y, D, x)


def test_a_combination_of_another_length_is_refused() -> None:
    with pytest.raises(EstimateError, match=r"形状是 \(1, 2\) 而有 26 个小域：每行要有一样多的系数"):
        fitted().departures([1, -1])


# --- simulated truth ---------------------------------------------------------------------------------------


def simulated(A: float, runs: int, departments: int, groups: int) -> dict[str, float]:
    """Draw truths and direct estimates; return errors and coverage over all areas and runs."""
    x = two_way(departments, groups)
    D = np.random.default_rng(1).gamma(2.0, 10.0, len(x)) + 2
    rng = np.random.default_rng(20221231)
    found = []
    for _ in range(runs):
        theta = x @ rng.normal(0, 2, x.shape[1]) + rng.normal(0, np.sqrt(A), len(x))
        y = theta + rng.normal(0, np.sqrt(D))
        fit = fay_herriot(y, D, x)
        error = fit.estimate - theta
        inside = np.abs(error) < 1.96 * fit.std_error
        found.append(
            [(error**2).mean(), ((y - theta) ** 2).mean(), fit.mse.mean(), inside.mean(), fit.adjusted, fit.A]
        )
    mse, direct, stated, inside_, adjusted, A_ = np.mean(found, axis=0)
    return {"ratio": mse / direct, "bias": stated / mse - 1, "coverage": inside_, "zero": adjusted, "A": A_}


def test_with_as_much_between_areas_as_within_the_error_halves() -> None:
    found = simulated(20.0, 60, 12, 8)
    assert 0.4 < found["ratio"] < 0.62
    assert 0.92 < found["coverage"] < 0.97
    assert abs(found["bias"]) < 0.1


def test_with_nothing_between_areas_intervals_are_too_wide_not_too_short() -> None:
    found = simulated(0.0, 60, 12, 8)
    assert found["ratio"] < 0.35
    assert found["coverage"] > 0.95
    assert 0.3 < found["zero"] < 0.8  # the plain estimate is 0 about every second time


@pytest.mark.validate
@pytest.mark.parametrize("A", [0.0, 2.0, 8.0, 20.0])
def test_coverage_at_the_size_of_the_demo(A: float) -> None:
    found = simulated(A, 1000, 35, 15)
    assert 0.93 < found["coverage"] < (1.0 if A == 0 else 0.97)
    assert found["ratio"] < 0.62
    assert abs(found["bias"]) < 0.1 or A == 0
