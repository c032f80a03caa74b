"""Proportional odds against R and plain formulas; effects against numerical derivatives; what is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit

from evalpkg import ordinal
from evalpkg.estimate import Design, replicate_weights
from evalpkg.ordinal import OrdinalError, rows
from evalpkg.ordinal.likelihood import evaluate, gradient, information, scores
from evalpkg.ordinal.rows import prepare

REFERENCE = Path(__file__).parent / "reference"
PRINTED = 1e-9  # references have 15 significant digits; their optimum is found to about 1e-12


def reference(name: str = "ordinal_ref.json") -> Any:
    return json.loads((REFERENCE / name).read_text())


def housing() -> tuple[pd.Series, pd.DataFrame, np.ndarray]:
    """Return satisfaction, the six columns and the number of tenants of each of 72 rows."""
    table = pd.read_csv(REFERENCE / "mass_housing.csv")
    wanted = ["Infl:Medium", "Infl:High", "Type:Apartment", "Type:Atrium", "Type:Terrace", "Cont:High"]
    split = [name.split(":") for name in wanted]
    x = pd.DataFrame({column + level: table[column] == level for column, level in split})
    return table["Sat"], x, table["Freq"].to_numpy()


def tenants() -> tuple[pd.Series, pd.DataFrame]:
    y, x, count = housing()
    row = np.repeat(np.arange(len(y)), count)
    return y.iloc[row], x.iloc[row]


def schools(name: str, **design: Any) -> tuple[pd.Series, pd.DataFrame, Design]:
    """Return share of free meals in four levels, four columns (avg.ed with gaps), and a design."""
    table = pd.read_csv(REFERENCE / f"api_{name}.csv")
    y = pd.cut(table["meals"], [0, 25, 50, 75, 100], include_lowest=True)
    types = {f"stype{level}": table["stype"] == level for level in "HM"}
    x = pd.DataFrame({"avg.ed": table["avg.ed"], "mobility": table["mobility"], **types})
    given = {key: table[value] if isinstance(value, str) else value for key, value in design.items()}
    return y, x, Design(**({"weights": table["pw"]} | given))


def clustered_fpc() -> tuple[pd.Series, pd.DataFrame, Design]:
    return schools("apiclus1", clusters="dnum", fpc="fpc")


def clustered_raked() -> tuple[pd.Series, pd.DataFrame, Design]:
    table = pd.read_csv(REFERENCE / "api_apiclus1.csv")
    return schools(
        "apiclus1",
        clusters="dnum",
        weights=np.array(reference()["raked_weights"]),
        base_weights="pw",
        calibration=table[["stype", "sch.wide", "comp.imp"]],
    )


def stratified_fpc() -> tuple[pd.Series, pd.DataFrame, Design]:
    return schools("apistrat", strata="stype", fpc="fpc")


DESIGNS = {
    "clustered_fpc": clustered_fpc,
    "clustered_raked": clustered_raked,
    "stratified_fpc": stratified_fpc,
}


def simulated(
    n: int = 400, p: int = 3, levels: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return levels 0.., columns, weights; the model holds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    latent = x @ np.linspace(-0.5, 1, p) + rng.logistic(size=n)
    cuts = np.linspace(-1.5, 1.5, levels - 1)
    return np.searchsorted(cuts, latent), x, rng.integers(1, 5, n).astype(float)


# --- the second, plainer way ---------------------------------------------------------------------------


def log_probabilities(parameters: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return log P(y) of each row by the definition; y 0..K-1, coefficients first."""
    p = x.shape[1]
    cuts = np.concatenate([[-np.inf], parameters[p:], [np.inf]])
    eta = x @ parameters[:p]
    logs: np.ndarray = np.log(expit(cuts[y + 1] - eta) - expit(cuts[y] - eta))
    return logs


def by_search(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return coefficients and thresholds by a general optimiser."""

    def unfolded(free: np.ndarray) -> np.ndarray:
        p = x.shape[1]
        return np.concatenate([free[:p], free[p] + np.cumsum(np.append(0, np.exp(free[p + 1 :])))])

    start = np.concatenate([np.zeros(x.shape[1]), [-1], np.zeros(y.max() - 1)])
    found = minimize(lambda free: -(w @ log_probabilities(unfolded(free), y, x)), start, tol=1e-10)
    return unfolded(found.x)


def test_the_optimum_is_that_of_a_general_search() -> None:
    y, x, w = simulated()
    model = ordinal.fit(y, x, design=Design(w))
    found = by_search(y, x, w)
    got = np.append(model.coef, model.thresholds)
    assert got == pytest.approx(found, abs=1e-4)  # what a search by differences reaches
    assert model.loglik == pytest.approx(w @ log_probabilities(got, y, x), rel=1e-12)
    assert model.loglik >= w @ log_probabilities(found, y, x)


def test_derivatives_are_those_of_the_log_likelihood() -> None:
    y, x, w = simulated(n=60, levels=5)
    table = prepare(x, y, w, ("a", "b", "c"))
    level = np.repeat(np.arange(5), table.counts)
    here = np.array([0.3, -0.2, 0.1, -1.4, -0.2, 0.4, 2.0])
    point = evaluate(here, table)
    assert point is not None
    assert point.loglik == pytest.approx(table.weights @ log_probabilities(here, level, table.z))

    def slope(parameters: np.ndarray) -> np.ndarray:
        moved = evaluate(parameters, table)
        assert moved is not None
        return gradient(moved, table)

    step = 1e-6  # central differences: error of order 1e-10 in relation to the numbers here
    shifts = step * np.eye(len(here))
    values = [(table.weights @ (log_probabilities(here + s, level, table.z))) for s in (*shifts, *-shifts)]
    numeric = (np.array(values[:7]) - values[7:]) / (2 * step)
    assert gradient(point, table) == pytest.approx(numeric, rel=1e-6, abs=1e-5)
    curvature = -np.array([(slope(here + s) - slope(here - s)) / (2 * step) for s in shifts])
    assert information(point, table) == pytest.approx(curvature, rel=1e-6, abs=1e-5)
    each = scores(table.z, level, here[:3], here[3:])
    assert table.weights @ each == pytest.approx(slope(here), rel=1e-12)


def test_two_levels_are_a_logit() -> None:
    y, x, _ = simulated(levels=2)
    model = ordinal.fit(y, x)
    logit = sm.Logit(y, sm.add_constant(x)).fit(disp=False, tol=1e-12)
    assert np.append(-model.thresholds, model.coef) == pytest.approx(logit.params, abs=1e-8)
    assert model.loglik == pytest.approx(logit.llf, rel=1e-12)
    assert model.std_error[:3] == pytest.approx(logit.bse[1:], rel=1e-7)


# --- against R -----------------------------------------------------------------------------------------


def test_clm_on_duplicated_rows() -> None:
    model, clm = ordinal.fit(*tenants()), reference("polr_housing_ref.json")["clm"]
    names = [*model.names, "Low|Medium", "Medium|High"]
    where = [list(clm["coef"]).index(name) for name in names]
    assert np.append(model.coef, model.thresholds) == pytest.approx(
        [clm["coef"][name] for name in names], abs=1e-8
    )
    cov = np.array(clm["vcov"])[np.ix_(where, where)]
    assert model.std_error == pytest.approx(np.sqrt(np.diag(cov)), abs=1e-6)
    assert model.cov == pytest.approx(cov, abs=1e-9)
    assert model.loglik == pytest.approx(clm["logLik"], abs=1e-8)


def test_polr_on_a_weighted_table() -> None:
    y, x, count = housing()
    model, polr = ordinal.fit(y, x, design=Design(count)), reference("polr_housing_ref.json")["polr"]
    # polr stops its search at a relative gain of 1e-15 in the likelihood: eight digits of a coefficient
    assert model.coef == pytest.approx(list(polr["coef"].values()), abs=5e-8)
    assert model.thresholds == pytest.approx(list(polr["zeta"].values()), abs=5e-8)
    assert -2 * model.loglik == pytest.approx(polr["deviance"], abs=1e-8)
    assert model.inverse_information == pytest.approx(np.array(polr["vcov"]), abs=1e-8)


def test_svyolr() -> None:
    y, x, design = clustered_fpc()
    model, svyolr = ordinal.fit(y, x, design=design), reference()["svyolr"]
    # its search ends early and its Hessian is by differences
    assert np.append(model.coef, model.thresholds) == pytest.approx(svyolr["coef"], abs=1e-4)
    assert model.std_error == pytest.approx(np.sqrt(np.diag(svyolr["cov"])), abs=5e-4)


def test_two_levels_are_a_logistic_regression() -> None:
    """R's `svyglm(I(sch.wide == "Yes") ~ ..., family = quasibinomial())` run to 1e-14; see the README."""
    table = pd.read_csv(REFERENCE / "api_apistrat.csv")
    y = pd.Series(pd.Categorical(table["sch.wide"], ["No", "Yes"], ordered=True))
    design = Design(table["pw"], strata=table["stype"], fpc=table["fpc"])
    model = ordinal.fit(y, table[["ell", "meals", "mobility"]], design=design)
    converged, default = reference()["svyglm_logit"], reference()["svyglm_logit_default"]
    assert np.append(-model.thresholds, model.coef) == pytest.approx(converged["coef"], abs=1e-9)
    turn = np.zeros((4, 4))  # the intercept is minus the threshold, which comes last
    turn[0, 3], turn[1:, :3] = -1, np.eye(3)
    cov = turn @ model.cov @ turn.T
    assert cov == pytest.approx(np.array(converged["vcov"]), rel=1e-7, abs=1e-12)
    # at R's default the covariance is that of the iteration before, 4e-4 off in its smallest entries
    assert cov == pytest.approx(np.array(default["vcov"]), rel=5e-4)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_sandwich_of_a_design(name: str) -> None:
    y, x, design = DESIGNS[name]()
    model, ref = ordinal.fit(y, x, design=design), reference()[name]
    assert np.append(model.coef, model.thresholds) == pytest.approx([*ref["coef"], *ref["theta"]], abs=1e-8)
    assert model.cov == pytest.approx(np.array(ref["cov"]), rel=1e-7, abs=1e-9)
    assert model.df == ref["df"]
    assert model.n + model.dropped == design.n
    assert model.dropped == x["avg.ed"].isna().sum()


@pytest.mark.parametrize("name", DESIGNS)
def test_effects_over_a_design(name: str) -> None:
    y, x, design = DESIGNS[name]()
    model, ref = ordinal.fit(y, x, design=design), reference()[name]["effects"]
    level = y.cat.categories[1 if name == "stratified_fpc" else 2]
    got = model.marginal_effects(level, factors=[("stypeH", "stypeM")])
    assert got.estimate == pytest.approx(ref["estimate"], abs=PRINTED)
    assert got.cov == pytest.approx(np.array(ref["cov"]), rel=1e-6)  # its derivatives are numerical
    assert got.df == pytest.approx(model.df)
    assert set(got.n) == {model.n}


@pytest.mark.parametrize(
    ("key", "factors"),
    [
        ("effects_high", ()),
        ("effects_high_factors", [("TypeApartment", "TypeAtrium", "TypeTerrace")]),
    ],
)
def test_effects_without_a_design(key: str, factors: Any) -> None:
    got, ref = ordinal.fit(*tenants()).marginal_effects(3, factors=factors), reference()["housing"][key]
    assert got.estimate == pytest.approx(ref["estimate"], abs=PRINTED)
    assert got.cov == pytest.approx(np.array(ref["cov"]), rel=1e-6, abs=1e-12)
    low, high = got.interval()
    assert (high - low) / 2 == pytest.approx(1.959963985 * got.std_error)  # no clusters: the normal quantile


def test_brant_without_a_design() -> None:
    test, ref = ordinal.brant(ordinal.fit(*tenants())), reference()["housing"]["brant"]
    assert test.statistic == pytest.approx(ref["overall"]["statistic"], rel=1e-7)
    assert test.df == 6
    assert test.p_value == pytest.approx(ref["overall"]["p_value"], rel=1e-7)
    for (_, row), expected in zip(test.table.iterrows(), ref["columns"], strict=True):
        assert row["statistic"] == pytest.approx(expected["statistic"], rel=1e-7)
        assert row["p_value"] == pytest.approx(expected["p_value"], rel=1e-7)
        assert row["df"] == 1
    assert test.coef == pytest.approx(np.array(ref["coef"]), abs=1e-8)
    assert list(test.table["column"]) == list(housing()[1].columns)


@pytest.mark.parametrize("name", DESIGNS)
def test_brant_over_a_design(name: str) -> None:
    y, x, design = DESIGNS[name]()
    test, ref = ordinal.brant(ordinal.fit(y, x, design=design)), reference()[name]["brant"]
    assert test.statistic == pytest.approx(ref["overall"]["statistic"], rel=1e-6)
    assert test.p_value == pytest.approx(ref["overall"]["p_value"], rel=1e-6)
    assert list(test.table["statistic"]) == pytest.approx(
        [row["statistic"] for row in ref["columns"]], rel=1e-6
    )
    assert list(test.table["p_value"]) == pytest.approx([row["p_value"] for row in ref["columns"]], rel=1e-6)


# --- properties ----------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), levels=st.integers(2, 6), clustered=st.booleans())
def test_integer_weights_are_duplicated_rows(seed: int, levels: int, clustered: bool) -> None:
    y, x, w = simulated(n=150, p=2, levels=levels, seed=seed)
    row = np.repeat(np.arange(len(y)), w.astype(int))
    weighted = ordinal.fit(y, x, design=Design(w, clusters=np.arange(len(y))))
    if clustered:
        doubled = ordinal.fit(y[row], x[row], design=Design(np.ones(len(row)), clusters=row))
        assert weighted.cov == pytest.approx(doubled.cov, abs=1e-7)
    else:
        doubled = ordinal.fit(y[row], x[row])
        assert weighted.inverse_information == pytest.approx(doubled.cov, abs=1e-7)
    assert weighted.coef == pytest.approx(doubled.coef, abs=1e-7)
    assert weighted.thresholds == pytest.approx(doubled.thresholds, abs=1e-7)
    assert weighted.loglik == pytest.approx(doubled.loglik, rel=1e-10)


@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    y, x, w = simulated(n=120, seed=seed)
    order = np.random.default_rng(seed).permutation(len(y))
    one, other = ordinal.fit(y, x, design=Design(w)), ordinal.fit(y[order], x[order], design=Design(w[order]))
    assert one.coef == pytest.approx(other.coef, abs=1e-10)
    assert one.cov == pytest.approx(other.cov, abs=1e-10)


@given(seed=st.integers(0, 10_000), shift=st.floats(-1e4, 1e4), factor=st.floats(1e-4, 1e4))
def test_units_of_a_column_do_not_matter(seed: int, shift: float, factor: float) -> None:
    y, x, w = simulated(n=120, p=2, seed=seed)
    moved = x * [factor, 1] + [shift, 0]
    one, other = ordinal.fit(y, x, design=Design(w)), ordinal.fit(y, moved, design=Design(w))
    assert other.coef * [factor, 1] == pytest.approx(one.coef, rel=1e-5, abs=1e-7)
    assert other.std_error[:2] * [factor, 1] == pytest.approx(one.std_error[:2], rel=1e-5)
    assert other.loglik == pytest.approx(one.loglik, rel=1e-9)
    assert ordinal.brant(other).statistic == pytest.approx(ordinal.brant(one).statistic, rel=1e-4)


@given(seed=st.integers(0, 10_000))
def test_reversed_levels_reverse_the_signs(seed: int) -> None:
    y, x, w = simulated(n=120, seed=seed)
    one, other = ordinal.fit(y, x, design=Design(w)), ordinal.fit(-y, x, design=Design(w))
    assert other.coef == pytest.approx(-one.coef, abs=1e-9)
    assert other.thresholds == pytest.approx(-one.thresholds[::-1], abs=1e-9)
    assert other.std_error[:3] == pytest.approx(one.std_error[:3], abs=1e-9)
    # P(-y >= -1) + P(y >= 2) = 1
    assert other.marginal_effects(-1).estimate == pytest.approx(-one.marginal_effects(2).estimate, abs=1e-9)


@given(seed=st.integers(0, 10_000), levels=st.integers(3, 8))
def test_thresholds_are_in_order(seed: int, levels: int) -> None:
    y, x, w = simulated(levels=levels, seed=seed)
    model = ordinal.fit(y, x, design=Design(w))
    assert all(low < high for low, high in pairwise(model.thresholds))


def test_equal_rows_are_collapsed_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, (12_000, 3)).astype(float)
    y = np.searchsorted([-1, 0, 1], x[:, 0] + rng.logistic(size=len(x)))
    design = Design(rng.uniform(0.5, 2, len(x)), clusters=rng.integers(0, 50, len(x)))
    assert len(prepare(x, y, design.weights, ("a", "b", "c")).z) <= 27 * 4
    collapsed = ordinal.fit(y, x, design=design)
    monkeypatch.setattr(rows, "COLLAPSE_FROM", len(x) + 1)
    assert len(prepare(x, y, design.weights, ("a", "b", "c")).z) == len(x)
    plain = ordinal.fit(y, x, design=design)
    assert collapsed.coef == pytest.approx(plain.coef, abs=1e-10)
    assert collapsed.cov == pytest.approx(plain.cov, rel=1e-8)
    assert collapsed.loglik == pytest.approx(plain.loglik, rel=1e-11)


def test_continuous_columns_are_not_collapsed() -> None:
    y, x, w = simulated(n=12_000)
    assert len(prepare(x, y, w, ("a", "b", "c")).z) == len(x)


def test_rows_left_out_keep_their_place_in_the_design() -> None:
    y, x, w = simulated(n=200)
    clusters = np.arange(200) // 10
    gaps, blank, zero = x.copy(), y.astype(float), w.copy()
    gaps[:10, 1], blank[10:15], zero[15:20] = np.nan, np.nan, 0
    model = ordinal.fit(blank, gaps, design=Design(zero, clusters=clusters))
    assert (model.n, model.dropped, model.df) == (180, 20, 17)
    assert model.influence is not None and not model.influence[:20].any()
    inside = ordinal.fit(y[20:], x[20:], design=Design(w[20:], clusters=clusters[20:]))
    assert model.coef == pytest.approx(inside.coef, abs=1e-10)
    # 20 clusters of the design against the 18 with somebody: a domain, not a smaller sample
    assert model.cov == pytest.approx(inside.cov * (20 / 19) / (18 / 17), rel=1e-8)


def test_weights_change_the_fit_and_clusters_its_error() -> None:
    y, x, w = simulated()
    assert not np.allclose(ordinal.fit(y, x, design=Design(w)).coef, ordinal.fit(y, x).coef, atol=1e-3)
    shared = np.arange(len(y)) // 4
    doubled = ordinal.fit(np.repeat(y, 4), np.repeat(x, 4, axis=0))
    row = np.repeat(np.arange(len(y)), 4)
    honest = ordinal.fit(
        np.repeat(y, 4), np.repeat(x, 4, axis=0), design=Design(np.ones(4 * len(y)), clusters=row)
    )
    assert honest.std_error / doubled.std_error == pytest.approx(2, rel=0.15)
    assert ordinal.fit(y, x, design=Design(w, clusters=shared)).df == 99


def test_influence_functions_sum_to_zero() -> None:
    y, x, w = simulated()
    influence = ordinal.fit(y, x, design=Design(w)).influence
    assert influence is not None
    assert influence.sum(axis=0) == pytest.approx(np.zeros(6), abs=1e-9)
    assert ordinal.fit(y, x).influence is None


def test_ordered_categories_keep_their_order() -> None:
    words = pd.Series(
        pd.Categorical(["差", "中", "好", "中", "差", "好", "中", "好"], ["差", "中", "好"], ordered=True)
    )
    x = [0, 0, 1, 1, 1, 2, 2, 2]
    model = ordinal.fit(words, x)
    assert model.levels == ("差", "中", "好")
    assert model.names == ("x1",)
    assert model.coef == pytest.approx(ordinal.fit(words.cat.codes, x).coef)
    assert model.marginal_effects("好").estimate[0] > 0
    assert model.estimate.interval()[0].shape == (3,)


def test_large_numbers_of_a_column_do_no_harm() -> None:
    y, x, _ = simulated()
    far = ordinal.fit(y, x * [1e8, 1, 1e-8] + [3e9, 0, 0])
    assert far.coef * [1e8, 1, 1e-8] == pytest.approx(ordinal.fit(y, x).coef, rel=1e-6)


# --- effects the plain way -----------------------------------------------------------------------------


def reached(model: ordinal.OrdinalFit, x: np.ndarray, w: np.ndarray, place: int) -> float:
    """Return the weighted mean of P(y above threshold number `place`)."""
    return float(w @ expit(x @ model.coef - model.thresholds[place]) / w.sum())


def test_effects_are_derivatives_of_the_mean_probability() -> None:
    y, x, w = simulated()
    model = ordinal.fit(y, x, design=Design(w))
    for level in (1, 2, 3):
        expected = approx_fprime(np.zeros(3), lambda step, k=level: reached(model, x + step, w, k - 1), 1e-7)
        assert model.marginal_effects(level).estimate == pytest.approx(expected, abs=1e-6)


def test_the_effect_of_a_factor_is_the_difference_between_its_classes() -> None:
    y, x, w = simulated()
    size = np.random.default_rng(5).integers(0, 3, len(y))
    frame = pd.DataFrame({"a": x[:, 2], "small": size == 1, "large": size == 2})
    model = ordinal.fit(y, frame, design=Design(w))
    got = model.marginal_effects(2, factors=[("small", "large")]).estimate
    means = [
        reached(model, frame.assign(small=small, large=large).to_numpy(float), w, 1)
        for small, large in ((0, 0), (1, 0), (0, 1))
    ]
    assert got[1:] == pytest.approx(np.array(means[1:]) - means[0])
    alone = model.marginal_effects(2, factors=["small"]).estimate
    yes, no = (reached(model, frame.assign(small=v).to_numpy(float), w, 1) for v in (1, 0))
    assert alone[1] == pytest.approx(yes - no)
    assert alone[[0, 2]] == pytest.approx(model.marginal_effects(2).estimate[[0, 2]])


def test_the_covariance_of_effects_is_that_of_replicates() -> None:
    y, x, w = simulated(n=300, p=2, seed=2)
    x[:, 1] = x[:, 1] > 0
    clusters = np.arange(300) // 5
    design = Design(w, clusters=clusters)
    model = ordinal.fit(y, x, design=design)
    got = model.marginal_effects(2, factors=["x2"])
    drawn = [
        ordinal.fit(y, x, design=Design(v)).marginal_effects(2, factors=["x2"]).estimate
        for v in replicate_weights(design, draws=400, seed=1).T
    ]
    spread = (np.array(drawn) - got.estimate).std(axis=0)
    assert got.std_error == pytest.approx(spread, rel=0.12)  # 400 draws: 3.5% each, and second-order terms


# --- Brant's test --------------------------------------------------------------------------------------


def not_proportional(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return levels 0..2 whose second cut the first column moves three times as much as the first."""
    rng = np.random.default_rng(seed)
    x, u = rng.normal(size=(n, 2)), rng.uniform(size=n)
    low, high = expit(0.8 + 0.3 * x[:, 0] + 0.5 * x[:, 1]), expit(-1 + 1.2 * x[:, 0] + 0.5 * x[:, 1])
    return (u < low).astype(int) + (u < np.minimum(low, high)), x


def test_brant_names_the_column_that_does_not_hold() -> None:
    y, x = not_proportional(1500, 0)
    for design in (None, Design(np.ones(1500), clusters=np.arange(1500) // 10)):
        test = ordinal.brant(ordinal.fit(y, x, design=design))
        p = dict(zip(test.table["column"], test.table["p_value"], strict=True))
        assert p["x1"] < 1e-6 < 0.01 < p["x2"]
        assert test.p_value < 1e-6


@pytest.mark.parametrize("clustered", [False, True])
def test_brant_keeps_its_level(clustered: bool) -> None:
    runs, found = 200, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        group = np.arange(480) // 12
        own = 0.8 * rng.normal(size=40)[group] if clustered else 0.0
        x = rng.normal(size=(480, 2)) + (0.8 * rng.normal(size=(40, 2))[group] if clustered else 0.0)
        y = np.searchsorted([-1, 0.5], x @ [0.7, 0] + own + rng.logistic(size=480))
        design = Design(np.ones(480), clusters=group) if clustered else None
        found += ordinal.brant(ordinal.fit(y, x, design=design)).p_value < 0.05
    assert (
        0.015 <= found / runs <= 0.10
    )  # three standard errors about .05, and its liberality in small samples


# --- coverage ------------------------------------------------------------------------------------------


@pytest.mark.validate
def test_intervals_cover_under_clusters_and_naive_ones_do_not() -> None:
    runs, truth = 1000, np.array([0.7, 0.0])
    hits = {"design": np.zeros(2), "independent": np.zeros(2), "effect": np.zeros(2)}
    # the model of one respondent among clusters with a level of their own: an attenuated logit, found by a large draw
    y, x, _ = clustered_sample(400_000, 0, truth)
    population = ordinal.fit(y, x)
    wanted, effect = population.coef, population.marginal_effects(2).estimate
    for seed in range(1, runs + 1):
        y, x, group = clustered_sample(600, seed, truth)
        model = ordinal.fit(y, x, design=Design(np.ones(len(y)), clusters=group))
        for key, est, aim in (
            ("design", model.estimate, wanted),
            ("independent", ordinal.fit(y, x).estimate, wanted),
            ("effect", model.marginal_effects(2), effect),
        ):
            low, high = est.interval()
            hits[key] += (low[:2] <= aim) & (aim <= high[:2])
    assert (hits["design"] / runs >= 0.93).all() and (hits["design"] / runs <= 0.97).all()
    assert (hits["effect"] / runs >= 0.93).all() and (hits["effect"] / runs <= 0.97).all()
    assert (hits["independent"] / runs < 0.85).all()


def clustered_sample(n: int, seed: int, coef: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return levels, columns, clusters of 12 that share part of both."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // 12
    own, shared = rng.normal(size=(n // 12 + 1, 1)), rng.normal(size=(n // 12 + 1, 2))
    x = rng.normal(size=(n, 2)) + shared[group]
    latent = x @ coef + own[group, 0] + rng.logistic(size=n)
    return np.searchsorted([-1.5, 0.0, 1.5], latent), x, group


# --- what is refused -----------------------------------------------------------------------------------


def refused(y: Any, x: Any, **options: Any) -> str:
    with pytest.raises(OrdinalError) as error:
        ordinal.fit(y, x, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_separation_names_the_column() -> None:
    y, x, _ = simulated()
    frame = pd.DataFrame(x, columns=["态度", "效率", "公开"])
    said = refused(y, frame.assign(本地=y == 3))
    assert "列“本地”" in said and "系数无穷大" in said and "请合并" in said
    rare = y.copy()
    rare[:4] = 3
    assert "列“本地”" in refused(
        rare, frame.assign(本地=np.arange(len(y)) < 4)
    )  # four rows, all in the top level
    assert "列“效率”" in refused(np.searchsorted([-1, 0, 1], x[:, 1]), frame)  # every row foretold
    middle = y.copy()
    middle[:5] = 1  # a class within one inner level: no direction leads there
    assert np.isfinite(ordinal.fit(middle, frame.assign(本地=np.arange(len(y)) < 5)).coef).all()


def test_separation_by_several_columns_together() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = np.searchsorted([-1, 1], x[:, 0] + x[:, 1])
    said = refused(y, x)
    assert "列“x1、x2”" in said


def test_nearly_separated_is_fitted() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 1))
    y = np.searchsorted([-1, 1], 30 * x[:, 0] + rng.logistic(size=2000))
    assert ordinal.fit(y, x).coef[0] == pytest.approx(30, rel=0.3)


@pytest.mark.parametrize(
    ("y", "x", "said"),
    [
        ([1, 1, 1], [1, 2, 3], "所有答卷都是“1”"),
        ([1, 2, 3], [1, 1, 1], "列“x1”的取值全都相同"),
        ([1, 2, 3, 1], [[1, 2], [2, 4], [3, 6], [0, 0]], "列“x1、x2”互相决定"),
        ([1, 2, 3], [1, 2], "行数不同（因变量 3 行、自变量 2 行）"),
        ([1, 2, np.nan], [np.nan, np.nan, 1], "没有一份答卷同时有"),
        ([1, 2, 3, np.nan], [1, 2, np.nan, 4], "档“3.0”没有可用的答卷"),
        (["好", "差", "好"], [1, 2, 3], "因变量不是数"),
        (pd.Series(["好", "差", "好"], dtype="category"), [1, 2, 3], "类别没有顺序"),
        ([1, 2, np.inf], [1, 2, 3], "因变量有无穷大"),
        ([1, 2, 3], [1, np.inf, 3], "列“x1”有无穷大"),
        ([1, 2, 3], pd.DataFrame({"区": ["甲", "乙", "丙"]}), "列“区”不是数"),
        ([1, 2, 3], np.empty((3, 0)), "没有自变量"),
        ([[1], [2], [3]], [1, 2, 3], "因变量是 2 维"),
        ([1, 2, 3], np.ones((3, 1, 1)), "自变量是 3 维"),
        ([1, 2, 3], pd.DataFrame([[1, 2]] * 3, columns=["a", "a"]), "有两列都叫“a”"),
        (pd.Series([1, 2, 3]), pd.DataFrame({"a": [1, 2, 0]}, index=[2, 1, 0]), "行标签不同"),
    ],
)
def test_bad_input_is_refused(y: Any, x: Any, said: str) -> None:
    assert said in refused(y, x)


def test_numbers_held_as_objects_are_numbers() -> None:
    y, x = [1, 2, 2, 1, 3, 3, 2, 3, None], [[0], [0], [1], [1], [1], [2], [2], [2], [1]]
    plain = ordinal.fit(y[:-1], x[:-1])
    frame = pd.DataFrame(x, dtype=object)
    for answers, columns in ((np.array(y, dtype=object), frame), (y, [*x[:-1], [None]])):
        assert ordinal.fit(answers, columns).coef == pytest.approx(plain.coef, rel=1e-12)


def test_a_declared_level_without_respondents_is_refused() -> None:
    y = pd.Categorical([1, 3, 1, 3], [1, 2, 3], ordered=True)
    assert "档“2”没有可用的答卷" in refused(y, [1, 2, 3, 4])
    assert "档“3”没有可用的答卷" in refused([1, 2, 3, 1, 2], [1, 2, 3, 4, 0], design=Design([1, 1, 0, 1, 1]))


def test_a_full_set_of_indicators_is_refused() -> None:
    y, x, _ = simulated()
    full = pd.get_dummies(pd.Series(np.arange(len(y)) % 3).map({0: "甲", 1: "乙", 2: "丙"}))
    assert "列“丙、乙、甲”互相决定" in refused(y, full.assign(a=x[:, 0]))


def test_a_design_must_match_and_have_two_clusters() -> None:
    y, x, w = simulated(n=100)
    assert "设计 99 行" in refused(y, x, design=Design(w[1:]))
    assert "都在一个抽样群里" in refused(y, x, design=Design(w, clusters=np.zeros(100)))
    away = np.where(np.arange(100) < 5, np.nan, y)
    assert "都在一个抽样群里" in refused(away, x, design=Design(w, clusters=np.arange(100) < 5))


def test_questions_without_an_answer_are_refused() -> None:
    y, x, w = simulated()
    model = ordinal.fit(y, pd.DataFrame(x, columns=list("abc")).assign(d=x[:, 0] > 0, e=x[:, 0] > 1))
    for level in (0, 9, "好"):
        with pytest.raises(OrdinalError, match=f"没有以“{level}”为下限的一组：只能是 1、2、3 之一"):
            model.marginal_effects(level)
    with pytest.raises(OrdinalError, match="没有列“z”：只能是 a、b、c、d、e 之一"):
        model.marginal_effects(1, factors=["z"])
    with pytest.raises(OrdinalError, match="列“a”有 0 和 1 以外的取值"):
        model.marginal_effects(1, factors=["a"])
    with pytest.raises(OrdinalError, match="列“d、e”在同一份答卷上同时为 1"):
        model.marginal_effects(1, factors=[("d", "e")])
    two = ordinal.fit(y > 1, x)
    with pytest.raises(OrdinalError, match="因变量只有两档"):
        ordinal.brant(two)
    few = ordinal.fit(y, x, design=Design(w, clusters=np.arange(len(y)) % 5))
    with pytest.raises(OrdinalError, match="要检验 6 个等式而设计只有 4 个自由度"):
        ordinal.brant(few)


def test_brant_says_at_which_cut_columns_separate() -> None:
    y, x, _ = simulated(n=200, levels=3)
    y[:6] = [0, 1, 0, 1, 0, 1]
    model = ordinal.fit(y, pd.DataFrame({"a": x[:, 0], "新办": np.arange(200) < 6}))
    with pytest.raises(OrdinalError, match="比例优势检验（“2”及以上）：列“新办”把一部分答卷的档完全分开"):
        ordinal.brant(model)
