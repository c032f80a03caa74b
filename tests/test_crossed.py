"""Crossed random effects against lme4, against dense matrices, and against the balanced case on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from evalpkg import scores
from evalpkg.scores import mixed_equations as equations
from evalpkg.scores.crossed import Crossed

REFERENCE = Path(__file__).parent / "reference"
NAN = np.nan


def reference(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


# --- lme4 -------------------------------------------------------------------------------------------------


def agrees(fit: Crossed, expected: dict[str, Any]) -> None:
    """Criterion 1e-8, variances 1e-5, effects 1e-5: what lme4's own optimum is good for."""
    assert fit.converged
    assert fit.reml == pytest.approx(expected["reml"], rel=0, abs=1e-8)
    assert fit.residual == pytest.approx(expected["residual"], rel=1e-5)
    np.testing.assert_allclose(fit.fixed, np.atleast_1d(expected["fixed"]), atol=1e-6)
    np.testing.assert_allclose(fit.fixed_cov, expected["fixed_cov"], rtol=1e-5)
    for factor, other in ((fit.respondents, "respondents"), (fit.departments, "departments")):
        assert factor.variance == pytest.approx(expected[other]["variance"], rel=1e-5)
        np.testing.assert_allclose(factor.effects, expected[other]["effects"], atol=1e-5)
        np.testing.assert_allclose(factor.conditional_variance, expected[other]["conditional"], rtol=1e-5)


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "crossed_sample.csv")


def test_the_sample_of_this_project(sample: pd.DataFrame) -> None:
    fit = scores.crossed(sample["y"], sample["respondent"], sample["department"])
    agrees(fit, reference("crossed_sample_ref.json")["plain"])
    assert fit.departments.levels.tolist() == sorted(set(sample["department"]))
    assert fit.intercept == fit.fixed[0]


def test_with_fixed_columns(sample: pd.DataFrame) -> None:
    fit = scores.crossed(
        sample["y"], sample["respondent"], sample["department"], fixed=sample[["online", "size"]]
    )
    agrees(fit, reference("crossed_sample_ref.json")["fixed"])
    assert len(fit.fixed) == 3


def test_penicillin_whose_optimum_is_flat() -> None:
    table = pd.read_csv(REFERENCE / "penicillin.csv")
    fit = scores.crossed(table["diameter"], table["plate"], table["sample"])
    agrees(fit, reference("crossed_sample_ref.json")["penicillin"])
    assert [len(factor.levels) for factor in (fit.respondents, fit.departments)] == [24, 6]


def test_insteval() -> None:
    table, expected = pd.read_csv(REFERENCE / "insteval.csv.gz"), reference("insteval_ref.json")
    blup = pd.read_csv(REFERENCE / "insteval_blup.csv")
    fit = scores.crossed(table["y"], table["s"], table["d"])
    assert fit.converged
    assert fit.reml == pytest.approx(expected["reml"], rel=0, abs=1e-8)
    assert fit.intercept == pytest.approx(expected["mu"], abs=1e-8)
    assert np.sqrt(fit.fixed_cov[0, 0]) == pytest.approx(expected["se_mu"], rel=1e-6)
    found = [fit.respondents.variance, fit.departments.variance, fit.residual]
    assert found == pytest.approx([expected[f"var_{part}"] for part in "sde"], rel=1e-5)
    assert fit.departments.levels.tolist() == blup["code"].tolist()
    np.testing.assert_allclose(fit.departments.effects, blup["blup"], atol=1e-5)
    np.testing.assert_allclose(fit.departments.conditional_variance, blup["condvar"], rtol=1e-5)


def test_insteval_with_a_third_factor_and_a_fixed_column() -> None:
    table, expected = pd.read_csv(REFERENCE / "insteval.csv.gz"), reference("insteval_3f_ref.json")
    pair = table["dept"].astype(str) + ":" + table["service"].astype(str)
    fit = scores.crossed(table["y"], table["s"], table["d"], fixed=table["service"], further={"pair": pair})
    assert fit.converged
    assert fit.reml == pytest.approx(expected["reml"], rel=0, abs=1e-8)
    np.testing.assert_allclose(fit.fixed, expected["fixed"], atol=1e-7)
    np.testing.assert_allclose(fit.fixed_cov, expected["fixed_cov"], rtol=1e-5)
    third = fit.further["pair"]
    variances = [fit.respondents.variance, fit.departments.variance, third.variance]
    assert variances == pytest.approx(expected["variances"], rel=1e-5)
    assert fit.residual == pytest.approx(expected["residual"], rel=1e-8)
    at = [expected["pairs"].index(level) for level in third.levels]
    np.testing.assert_allclose(third.effects, np.array(expected["effects"])[at], atol=1e-5)
    np.testing.assert_allclose(third.conditional_variance, np.array(expected["conditional"])[at], rtol=1e-5)
    # lmer at its default tolerance stops 4.6e-8 above this optimum
    default = expected["default"]
    assert fit.reml <= default["reml"]
    assert variances == pytest.approx(default["variances"], rel=1e-4)


def test_which_factor_is_larger_does_not_matter(sample: pd.DataFrame) -> None:
    one = scores.crossed(sample["y"], sample["respondent"], sample["department"])
    other = scores.crossed(sample["y"], sample["department"], sample["respondent"])
    assert other.reml == pytest.approx(one.reml, abs=1e-9)
    np.testing.assert_allclose(other.respondents.effects, one.departments.effects, atol=1e-8)
    # a reliability belongs to the factor in second place
    ratio = one.respondents.variance
    pev = prediction_errors(sample["respondent"].to_numpy(), sample["department"].to_numpy(), one)[0]
    assert other.reliability == pytest.approx(1 - mean_difference(pev) / (2 * ratio), abs=1e-8)


# --- dense matrices ---------------------------------------------------------------------------------------


def indicators(labels: np.ndarray) -> np.ndarray:
    return np.asarray(labels[:, None] == np.unique(labels), dtype=float)


def dense(y: np.ndarray, x: np.ndarray, zs: list[np.ndarray], ratios: np.ndarray) -> float:
    """-2 log REML profiled over the residual variance, from the n x n matrix."""
    n, p = x.shape
    v = np.eye(n) + sum(ratio * z @ z.T for ratio, z in zip(ratios, zs, strict=True))
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    projector = inverse - inverse @ x @ np.linalg.solve(information, x.T @ inverse)
    q = y @ projector @ y / (n - p)
    return float(
        np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + (n - p) * (1 + np.log(2 * np.pi * q))
    )


def prediction_errors(respondent: np.ndarray, department: np.ndarray, fit: Crossed) -> list[np.ndarray]:
    """Prediction error covariance of both factors: Var(u) - Z'PZ-form, from the n x n matrix."""
    zs, variances = (
        [indicators(respondent), indicators(department)],
        [fit.respondents.variance, fit.departments.variance],
    )
    n = len(respondent)
    v = fit.residual * np.eye(n) + sum(s2 * z @ z.T for s2, z in zip(variances, zs, strict=True))
    inverse, ones = np.linalg.inv(v), np.ones((n, 1))
    projector = inverse - inverse @ ones @ ones.T @ inverse / (ones.T @ inverse @ ones)
    return [
        s2 * np.eye(z.shape[1]) - s2**2 * z.T @ projector @ z for s2, z in zip(variances, zs, strict=True)
    ]


def mean_difference(covariance: np.ndarray) -> float:
    first, second = np.triu_indices(len(covariance), 1)
    variance = np.diagonal(covariance)
    return float((variance[first] + variance[second] - 2 * covariance[first, second]).mean())


def three_factors(seed: int) -> tuple[pd.DataFrame, np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: rng.integers(0, q, 90) for name, q in (("r", 20), ("d", 6), ("place", 4))})
    y = rng.normal(size=90) + rng.normal(0, 2, 20)[table["r"]] + rng.normal(size=6)[table["d"]]
    table["y"] = y + rng.normal(size=4)[table["place"]]
    codes = [np.unique(table[name], return_inverse=True)[1] for name in ("r", "d", "place")]
    return table, np.ones((90, 1)), [indicators(code) for code in codes]


@given(
    seed=st.integers(0, 1000),
    ratios=st.lists(st.one_of(st.just(0.0), st.floats(0.01, 20)), min_size=3, max_size=3),
)
def test_three_factors_are_those_of_dense_matrices(seed: int, ratios: list[float]) -> None:
    table, x, zs = three_factors(seed)
    codes = [np.argmax(z, axis=1) for z in zs]
    data = equations.statistics(table["y"].to_numpy(), x, codes, [z.shape[1] for z in zs])
    at = np.array(ratios)
    point = equations.evaluate(data, at)
    v = np.eye(90) + sum(ratio * z @ z.T for ratio, z in zip(at, zs, strict=True))
    inverse = np.linalg.inv(v)
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    y = table["y"].to_numpy()
    q, squares = y @ p @ y, np.array([y @ p @ z @ z.T @ p @ y for z in zs])
    b = np.array([[y @ p @ k @ k.T @ p @ m @ m.T @ p @ y for m in zs] for k in zs])
    assert point.criterion == pytest.approx(dense(y, x, zs, at), abs=1e-8)
    slope = np.array([np.trace(z.T @ p @ z) for z in zs]) - 89 * squares / q
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-8, atol=1e-7)
    expected = 89 / q * (b - np.outer(squares, squares) / q)
    np.testing.assert_allclose(point.hessian, expected, rtol=1e-8, atol=1e-8)
    for z, ratio, score, given_ in zip(
        zs, at, point.scores, equations.conditional_variances(data, point), strict=True
    ):
        np.testing.assert_allclose(score, z.T @ p @ y, atol=1e-8)
        conditional = ratio * np.eye(z.shape[1]) - ratio**2 * z.T @ inverse @ z
        np.testing.assert_allclose(given_, np.diagonal(conditional), atol=1e-9)


def test_a_third_factor_belongs_to_the_parts_of_a_rating() -> None:
    table, _, _ = three_factors(5)
    fit = scores.crossed(table["y"], table["r"], table["d"], further={"district": table["place"]})
    assert fit.converged
    assert list(fit.shares) == ["respondents", "departments", "district", "residual"]
    assert sum(fit.shares.values()) == pytest.approx(1)
    swapped = scores.crossed(table["y"], table["place"], table["d"], further={"firm": table["r"]})
    assert swapped.reml == pytest.approx(fit.reml, abs=1e-9)
    assert swapped.reliability == pytest.approx(fit.reliability, abs=1e-7)
    np.testing.assert_allclose(swapped.further["firm"].effects, fit.respondents.effects, atol=1e-7)


def collapsed(seed: int) -> tuple[equations.Statistics, np.ndarray, np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    respondent, department = rng.integers(0, 15, 60), rng.integers(0, 6, 60)
    x = np.column_stack([np.ones(60), rng.normal(size=60)])
    y = rng.normal(size=60) + rng.normal(size=15)[respondent] + rng.normal(size=6)[department]
    codes = np.unique(respondent, return_inverse=True)[1], np.unique(department, return_inverse=True)[1]
    levels = len(np.unique(respondent)), len(np.unique(department))
    return equations.statistics(y, x, codes, levels), y, x, [indicators(respondent), indicators(department)]


RATIO = st.one_of(st.just(0.0), st.floats(0.01, 20))


@given(seed=st.integers(0, 1000), first=RATIO, second=RATIO)
def test_the_criterion_and_its_gradient_are_those_of_dense_matrices(
    seed: int, first: float, second: float
) -> None:
    data, y, x, zs = collapsed(seed)
    at = np.array([first, second])
    point = equations.evaluate(data, at)
    assert point.criterion == pytest.approx(dense(y, x, zs, at), abs=1e-8)
    for k, step in enumerate(np.eye(2) * 1e-4):
        # forward at 0, where the criterion continues below only while V is positive definite
        slope = (dense(y, x, zs, at + step) - dense(y, x, zs, at - step)) / 2e-4
        assert point.gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-4)
    assert (np.linalg.eigvalsh(point.hessian) > -1e-9).all()


def test_the_information_is_that_of_dense_matrices() -> None:
    data, y, x, zs = collapsed(3)
    at = np.array([0.5, 2.0])
    v = np.eye(60) + sum(ratio * z @ z.T for ratio, z in zip(at, zs, strict=True))
    inverse = np.linalg.inv(v)
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    q, a = y @ p @ y, np.array([y @ p @ z @ z.T @ p @ y for z in zs])
    b = np.array([[y @ p @ k @ k.T @ p @ m @ m.T @ p @ y for m in zs] for k in zs])
    expected = 58 / q * (b - np.outer(a, a) / q)
    np.testing.assert_allclose(equations.evaluate(data, at).hessian, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_noise_alone_ends_at_the_boundary_or_where_a_search_ends(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.where(rng.random((30, 6)) < 0.7, rng.normal(size=(30, 6)), NAN)
    fit = scores.crossed_table(y)
    assert fit.converged
    i, j = np.nonzero(~np.isnan(y))
    zs, values = [indicators(i), indicators(j)], y[i, j]
    x = np.ones((len(values), 1))
    searched = optimize.minimize(
        lambda at: dense(values, x, zs, at), [0.05, 0.05], bounds=[(0, None)] * 2, method="L-BFGS-B"
    )
    assert fit.reml <= searched.fun + 1e-7
    ratios = [fit.respondents.variance / fit.residual, fit.departments.variance / fit.residual]
    assert ratios == pytest.approx(searched.x, abs=2e-4)
    if fit.departments.variance == 0:
        assert fit.reliability == 0
        assert not fit.departments.effects.any()
        assert not fit.departments.conditional_variance.any()


# --- what is reliable -------------------------------------------------------------------------------------


def complete(seed: int, n: int = 40, d: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, d))
    return np.asarray(noise + rng.normal(0, 0.8, (n, 1)) + rng.normal(0, 0.5, d))


def mean_squares(y: np.ndarray) -> tuple[float, float, float]:
    """Two-way analysis of variance: rows, columns, residual."""
    n, d = y.shape
    rows, columns = y.mean(axis=1) - y.mean(), y.mean(axis=0) - y.mean()
    residual = y - y.mean() - rows[:, None] - columns
    return (
        float(d * rows @ rows / (n - 1)),
        float(n * columns @ columns / (d - 1)),
        float((residual**2).sum() / ((n - 1) * (d - 1))),
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_complete_table_is_an_analysis_of_variance(seed: int) -> None:
    y = complete(seed)
    rows, columns, residual = mean_squares(y)
    fit = scores.crossed_table(y)
    assert fit.residual == pytest.approx(residual, rel=1e-6)
    assert fit.respondents.variance == pytest.approx((rows - residual) / 8, rel=1e-5)
    assert fit.departments.variance == pytest.approx((columns - residual) / 40, rel=1e-5)
    # coefficient of generalisability, Brennan (2001): s2 / (s2 + residual / raters)
    s2 = fit.departments.variance
    assert fit.reliability == pytest.approx(s2 / (s2 + residual / 40), rel=1e-8)
    total = fit.respondents.variance + s2 + fit.residual
    assert fit.shares["respondents"] == pytest.approx(fit.respondents.variance / total)
    assert sum(fit.shares.values()) == pytest.approx(1)


def test_reliability_of_an_incomplete_table_is_that_of_prediction_errors(sample: pd.DataFrame) -> None:
    fit = scores.crossed(sample["y"], sample["respondent"], sample["department"])
    pev = prediction_errors(sample["respondent"].to_numpy(), sample["department"].to_numpy(), fit)[1]
    expected = 1 - mean_difference(pev) / (2 * fit.departments.variance)
    assert fit.reliability == pytest.approx(expected, abs=1e-8)


def test_respondents_with_one_rating_take_part() -> None:
    y = complete(1, n=30)
    lone = np.full((60, 8), NAN)
    lone[np.arange(60), np.arange(60) % 8] = complete(2, n=60)[np.arange(60), np.arange(60) % 8]
    alone, more = scores.crossed_table(y), scores.crossed_table(np.vstack([y, lone]))
    assert (more.departments.conditional_variance < alone.departments.conditional_variance).all()
    assert len(more.respondents.levels) == 90


def test_column_names_are_levels() -> None:
    table = pd.DataFrame(complete(1), columns=list("hgfedcba"))
    table["none"] = NAN
    fit = scores.crossed_table(table)
    assert fit.departments.levels.tolist() == list("abcdefgh")
    plain = scores.crossed_table(table.drop(columns="none").to_numpy())
    np.testing.assert_allclose(fit.departments.effects[::-1], plain.departments.effects, atol=1e-9)


# --- what is refused --------------------------------------------------------------------------------------

Y, R, D = [1.0, 2, 3, 4, 2, 3], [1, 1, 2, 2, 3, 3], ["a", "b"] * 3


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"y": [1.0, 2]}, "形状是 \\(2,\\)"),
        ({"y": [NAN, 2, 3, 4, 2, 3]}, "空值或无穷大"),
        ({"y": [3.0] * 6}, "没有任何差异"),
        ({"respondent": [1, 2]}, "答卷有 2 行而评分有 6 个"),
        ({"respondent": [None, 1, 2, 2, 3, 3]}, "答卷有空值"),
        ({"respondent": range(6)}, "答卷有 6 个而评分有 6 个"),
        ({"department": ["a"] * 6}, "部门有 1 个而评分有 6 个"),
        ({"fixed": [[1.0]]}, "固定效应有 1 行"),
        ({"further": {"区县": [1, 2]}}, "区县有 2 行而评分有 6 个"),
        ({"further": {"residual": R}}, "随机因子名 residual 已有所指"),
        ({"fixed": [[1.0]] * 6}, "固定效应的列互相可以推出"),
    ],
)
def test_bad_input_is_refused(given_: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"y": Y, "respondent": R, "department": D} | given_
    with pytest.raises(scores.ScoresError, match=message):
        scores.crossed(**arguments)


def test_a_perfect_fit_is_not_said_to_have_converged() -> None:
    fit = scores.crossed_table(np.arange(6)[:, None] + np.array([0.0, 1, 5]))
    assert not fit.converged
    assert np.isfinite([fit.reml, fit.residual, fit.reliability]).all()
