"""Designs, means, shares and covariances against R, against plainer arithmetic, and against simulation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from scipy.stats import t as student_t

from evalpkg import weights
from evalpkg.estimate import (
    Design,
    Estimate,
    EstimateError,
    Result,
    compared,
    contrast,
    covariance,
    design_effect,
    design_effects,
    effective_sample_size,
    independence,
    lead,
    mean,
    quantile,
    regression,
    replicate_weights,
    share,
    small_sample,
    tidy,
    total,
    under_weightings,
)

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")

TEN_WEIGHTS = np.array([2.0, 1.0, 3.0, 1.0, 2.0, 2.0, 4.0, 1.0, 1.0, 3.0])
TEN_VALUES = np.array([5.0, 4.0, NAN, 2.0, 3.0, 5.0, 1.0, NAN, 4.0, 3.0])
TEN_CLUSTERS = np.array(list("aabbccddee"))


def reference(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


def by_category(values: pd.Series, category: pd.Series, names: str) -> np.ndarray:
    return np.column_stack([values.where(category == name) for name in names])


# --- ten rows, the long way -------------------------------------------------------------------------------


def test_mean_of_ten_rows_equals_loops() -> None:
    result = mean(TEN_VALUES, Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS))
    rated = [i for i in range(10) if not np.isnan(TEN_VALUES[i])]
    total = sum(TEN_WEIGHTS[i] for i in rated)
    centre = sum(TEN_WEIGHTS[i] * TEN_VALUES[i] for i in rated) / total
    per_cluster = dict.fromkeys("abcde", 0.0)
    for i in rated:
        per_cluster[TEN_CLUSTERS[i]] += TEN_WEIGHTS[i] * (TEN_VALUES[i] - centre) / total
    variance = 5 / 4 * sum(z**2 for z in per_cluster.values())
    assert result.estimate == pytest.approx([centre], rel=1e-14)
    assert result.cov == pytest.approx(np.array([[variance]]), rel=1e-13)
    assert result.n.tolist() == [8]
    assert result.df.tolist() == [4]


def test_one_column_or_many_is_the_same() -> None:
    design = Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS)
    other = np.arange(10.0)
    both = mean(np.column_stack([TEN_VALUES, other]), design)
    for place, column in enumerate([TEN_VALUES, other]):
        alone = mean(column, design)
        assert alone.estimate[0] == pytest.approx(both.estimate[place], rel=1e-14)
        assert alone.std_error[0] == pytest.approx(both.std_error[place], rel=1e-13)
        assert np.ravel(alone.interval()) == pytest.approx([x[place] for x in both.interval()], rel=1e-12)


def test_simple_random_sample_gives_the_textbook_interval() -> None:
    y = np.array([3.0, 5.0, 4.0, 4.0, 1.0, 2.0])
    low, high = mean(y, Design(np.ones(6))).interval(0.95)
    half = 2.570581835636314 * y.std(ddof=1) / np.sqrt(6)  # R qt: 5 degrees of freedom, .975
    assert [low[0], high[0]] == pytest.approx([y.mean() - half, y.mean() + half], rel=1e-12)


def test_small_domain_of_a_large_simple_sample_gives_its_own_textbook_interval() -> None:
    inside = np.array([3.0, 5.0, 4.0, 4.0, 1.0, 2.0])
    y = np.concatenate([inside, np.full(500, NAN)])
    whole, alone = mean(y, Design(np.ones(506))).interval(), mean(inside, Design(np.ones(6))).interval()
    assert np.ravel(whole) == pytest.approx(np.ravel(alone), rel=1e-12)


# --- other implementations --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    """Read the 183 schools of 15 districts with R's weights."""
    key = {"cds": str}
    frame = pd.read_csv(REFERENCE / "api_apiclus1.csv", dtype=key)
    return frame.merge(pd.read_csv(REFERENCE / "api_apiclus1_weights_ref.csv", dtype=key), on=["cds", "pw"])


def school_design(schools: pd.DataFrame, name: str) -> Design:
    clustered = {"clusters": schools["dnum"], "fpc": schools["fpc"]}
    margins = schools[["stype", "sch.wide", "comp.imp"]]
    raked = {"base_weights": schools["pw"], "calibration": margins, **clustered}
    match name:
        case "svymean_dclus1" | "svyby_dclus1":
            return Design(schools["pw"], **clustered)
        case "svymean_dclus1_nofpc":
            return Design(schools["pw"], clusters=schools["dnum"])
        case "svymean_poststrat":
            return Design(schools["poststrat"], **(raked | {"calibration": margins[["stype"]]}))
        case "svymean_caltotal":
            return Design(schools["cal_raking"], **raked)
        case "svymean_linear":
            return Design(schools["cal_linear"], **raked)
        case _:
            return Design(schools["rake"], **raked)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("svymean_dclus1", 1e-9),
        ("svymean_dclus1_nofpc", 1e-9),
        ("svyby_dclus1", 1e-9),
        ("svymean_poststrat", 1e-9),
        ("svymean_linear", 1e-8),
        ("svymean_caltotal", 1e-8),
        ("svymean_raked", 2e-6),  # R's rake() takes residuals margin by margin
        ("svyby_raked", 2e-6),
    ],
)
def test_cluster_sample_equals_r_survey(schools: pd.DataFrame, name: str, tolerance: float) -> None:
    expected = reference("survey_api_ref.json")[name]
    columns = list(expected["se"])
    y = schools[columns] if "svymean" in name else by_category(schools["api00"], schools["stype"], "EHM")
    result = mean(y, school_design(schools, name))
    means = expected.get("coef") or expected["mean"]
    assert result.estimate == pytest.approx(list(means.values()), rel=1e-9)
    assert result.std_error == pytest.approx(list(expected["se"].values()), rel=tolerance)


@pytest.mark.parametrize("name", ["svymean_dstrat", "svymean_dstrat_nofpc"])
def test_stratified_sample_equals_r_survey(name: str) -> None:
    frame, expected = pd.read_csv(REFERENCE / "api_apistrat.csv"), reference("survey_api_ref.json")[name]
    fpc = None if name.endswith("nofpc") else frame["fpc"]
    result = mean(frame[["api00", "api99"]], Design(frame["pw"], strata=frame["stype"], fpc=fpc))
    assert result.estimate == pytest.approx(list(expected["coef"].values()), rel=1e-9)
    assert result.std_error == pytest.approx(list(expected["se"].values()), rel=1e-9)
    assert result.df.tolist() == [197, 197]


@pytest.fixture(scope="module")
def strata() -> pd.DataFrame:
    """Read the 200 schools drawn by type."""
    return pd.read_csv(REFERENCE / "api_apistrat.csv")


def strata_design(strata: pd.DataFrame) -> Design:
    return Design(strata["pw"], strata=strata["stype"], fpc=strata["fpc"])


def test_total_equals_r_svytotal(strata: pd.DataFrame) -> None:
    expected = reference("survey_api_ref.json")["svytotal_dstrat"]
    result = total(strata["enroll"], strata_design(strata))
    assert result.estimate[0] == pytest.approx(expected["coef"]["enroll"], rel=1e-9)
    assert result.std_error[0] == pytest.approx(expected["se"]["enroll"], rel=1e-9)


def test_quartiles_equal_r_svyquantile(strata: pd.DataFrame) -> None:
    expected = reference("survey_api_ref.json")["svyquantile"]
    result = quantile(strata["api00"], [0.25, 0.5, 0.75], strata_design(strata))
    assert result.estimate.tolist() == expected["q"]  # values that a school has: exact
    assert result.std_error == pytest.approx(expected["se"], rel=1e-9)
    low, high = result.interval(0.95)
    t = 1.972079033780  # R qt: 197 degrees of freedom, .975
    assert high - low == pytest.approx(2 * t * np.array(expected["se"]), rel=1e-9)


@pytest.mark.parametrize("name", ["svymean_dclus1", "svymean_dstrat"])
def test_design_effects_equal_r(schools: pd.DataFrame, strata: pd.DataFrame, name: str) -> None:
    expected = reference("survey_api_ref.json")[name]["deff"]
    frame = schools if name == "svymean_dclus1" else strata
    design = school_design(schools, name) if name == "svymean_dclus1" else strata_design(strata)
    result = design_effects(frame[list(expected)], design, finite=True)
    assert result == pytest.approx(list(expected.values()), rel=1e-9)


@pytest.mark.parametrize("name", ["svyglm_gauss_dstrat", "svyglm_gauss_dclus1_nofpc"])
def test_regression_equals_r_svyglm(schools: pd.DataFrame, strata: pd.DataFrame, name: str) -> None:
    expected = reference("survey_api_ref.json")[name]
    frame = strata if "dstrat" in name else schools
    design = strata_design(strata) if "dstrat" in name else Design(schools["pw"], clusters=schools["dnum"])
    result = regression(frame["api00"], frame[["ell", "meals", "mobility"]], design)
    assert result.estimate == pytest.approx(list(expected["coef"].values()), rel=1e-9)
    assert result.cov == pytest.approx(np.array(expected["vcov"]), rel=1e-9)
    assert result.df.tolist() == [expected["df"]] * 4


def test_independence_equals_r_svychisq(schools: pd.DataFrame) -> None:
    expected = reference("survey_api_ref.json")["svychisq"]
    result = independence(schools["stype"], schools["sch.wide"], school_design(schools, "svymean_dclus1"))
    assert result.statistic == pytest.approx(expected["F"], rel=1e-9)
    assert result.p_value == pytest.approx(expected["p"], rel=1e-9)
    assert result.df_numerator == pytest.approx(expected["ndf"], rel=1e-9)
    assert result.df_denominator == pytest.approx(expected["ddf"], rel=1e-9)


def test_ignoring_the_raking_is_visibly_wrong(schools: pd.DataFrame) -> None:
    ignored = Design(schools["rake"], clusters=schools["dnum"], fpc=schools["fpc"])
    fitted_with_final = Design(
        schools["rake"],
        base_weights=schools["rake"],
        calibration=schools[["stype", "sch.wide", "comp.imp"]],
        clusters=schools["dnum"],
        fpc=schools["fpc"],
    )
    assert school_se(schools, school_design(schools, "svymean_raked")) == pytest.approx(23.493, abs=5e-4)
    assert school_se(schools, ignored) == pytest.approx(23.514, abs=5e-4)
    assert school_se(schools, fitted_with_final) == pytest.approx(23.538, abs=5e-4)


def school_se(schools: pd.DataFrame, design: Design) -> float:
    return float(mean(schools["api00"], design).std_error[0])


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    """Read the 136 simulated firms in 18 clusters of 3 strata."""
    return pd.read_csv(REFERENCE / "cluster_sample.csv")


FIRM_MARGINS = {
    "size": pd.Series({"L": 180, "M": 420, "S": 800}),
    "place": pd.Series({"east": 600, "west": 800}),
}
FIRM_DESIGNS = ["stratified", "stratified_fpc", "clustered"]


def firm_design(firms: pd.DataFrame, name: str) -> Design:
    frame: dict[str, Any] = {"clusters": firms["cluster"]}
    if "stratified" in name:
        frame["strata"] = firms["stratum"]
    if "fpc" in name:
        frame["fpc"] = firms["fpc"]
    if not name.endswith("raked"):
        return Design(firms["base"], **frame)
    final = weights.rake(firms, FIRM_MARGINS, firms["base"])
    return Design(final, base_weights=firms["base"], calibration=firms[list(FIRM_MARGINS)], **frame)


@pytest.mark.parametrize("name", [*FIRM_DESIGNS, *(f"{name}_raked" for name in FIRM_DESIGNS)])
def test_strata_clusters_raking_domains_equal_r_survey(firms: pd.DataFrame, name: str) -> None:
    expected, design = reference("cluster_sample_ref.json")[name], firm_design(firms, name)
    both = mean(firms[["y1", "y2"]], design)
    assert both.estimate == pytest.approx(expected["mean"], rel=1e-9)
    assert both.cov == pytest.approx(np.array(expected["vcov"]), rel=1e-9)
    assert both.df.tolist() == [expected["df"]] * 2
    domains = mean(by_category(firms["y1"], firms["department"], "AB"), design)
    assert domains.estimate == pytest.approx(expected["domain_mean"], rel=1e-9)
    assert domains.std_error == pytest.approx(expected["domain_se"], rel=1e-9)
    assert domains.cov == pytest.approx(np.array(expected["domain_vcov"]), rel=1e-9)
    assert domains.df.tolist() == expected["domain_df"]


@pytest.mark.parametrize("name", [*FIRM_DESIGNS, *(f"{name}_raked" for name in FIRM_DESIGNS)])
def test_logit_interval_of_a_share_equals_r_svyciprop(firms: pd.DataFrame, name: str) -> None:
    expected, design = reference("cluster_sample_ref.json")[name], firm_design(firms, name)
    domain = firms["solved"].where(firms["department"] == "B")
    for y, key in [(firms["solved"], "share"), (domain, "share_b")]:
        result = replace(share(y, design), few=None, influence=None)  # R has no correction for few clusters
        assert result.estimate[0] == pytest.approx(expected[key], rel=1e-9)
        # R reaches the standard error of the logit by iterated least squares
        assert np.ravel(result.interval(0.95)) == pytest.approx(expected[f"{key}_ci"], rel=1e-9)


def test_few_clusters_equal_r_clubsandwich(firms: pd.DataFrame, schools: pd.DataFrame) -> None:
    expected = reference("cluster_sample_ref.json")["cr2"]
    design = firm_design(firms, "clustered")
    domains = mean(by_category(firms["y1"], firms["department"], "AB"), design)
    low, high = domains.interval(0.95)
    assert low == pytest.approx(expected["domain_low"], rel=1e-9)
    assert high == pytest.approx(expected["domain_high"], rel=1e-9)
    assert domains.few is not None
    assert domains.few.df == pytest.approx(expected["domain_df"], rel=1e-9)
    joint = domains.few.scores.T @ domains.few.scores
    assert joint == pytest.approx(np.array(expected["domain_vcov"]), rel=1e-9)
    difference = contrast(domains, [-1, 1])
    assert difference.estimate[0] == pytest.approx(expected["difference"], rel=1e-9)
    limits = [expected["difference_low"], expected["difference_high"]]
    assert np.ravel(difference.interval(0.95)) == pytest.approx(limits, rel=1e-9)


def test_few_clusters_of_schools_equal_r_clubsandwich(schools: pd.DataFrame) -> None:
    expected = reference("cluster_sample_ref.json")["cr2_apiclus1"]
    result = mean(schools["api00"], school_design(schools, "svymean_dclus1_nofpc"))
    assert result.few is not None
    assert np.sqrt(result.few.variance) == pytest.approx([expected["se"]], rel=1e-9)
    assert result.few.df == pytest.approx([expected["df"]], rel=1e-9)
    assert result.std_error == pytest.approx([23.7790107208869], rel=1e-9)  # the linearised form stays


# --- few clusters, the long way ---------------------------------------------------------------------------


def bell_mccaffrey(y: np.ndarray, w: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """Return variance and degrees of freedom of a weighted mean from full n x n matrices."""
    n, total = len(y), w.sum()
    rest = np.eye(n) - np.outer(np.ones(n), w) / total
    residual, variance, directions = rest @ y, 0.0, []
    for cluster in np.unique(clusters):
        mine = clusters == cluster
        values, vectors = np.linalg.eigh(rest[mine] @ rest[mine].T)
        adjusted = vectors @ np.diag(values**-0.5) @ vectors.T @ w[mine] / total
        variance += (adjusted @ residual[mine]) ** 2
        directions.append(rest[mine].T @ adjusted)
    gram = np.array(directions) @ np.array(directions).T
    return variance, np.trace(gram) ** 2 / (gram**2).sum()


@given(st.integers(0, 10_000))
def test_rank_one_algebra_equals_full_matrices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 25))
    clusters = np.concatenate([np.arange(3), rng.integers(0, 3, n - 3)])
    y, w = rng.normal(size=n), rng.choice([rng.uniform(0.2, 5, n), np.ones(n)])
    result = mean(y, Design(w, clusters=clusters))
    variance, df = bell_mccaffrey(y, w, clusters)
    assert result.few is not None
    assert result.few.variance[0] == pytest.approx(variance, rel=1e-8)
    assert result.few.df[0] == pytest.approx(df, rel=1e-8)


@pytest.mark.parametrize("matrix", [[[1, 0]], [[0, 1]], [[-1, 1]]])
def test_few_raked_clusters_are_widened_by_what_raking_takes(
    firms: pd.DataFrame, matrix: list[list[int]]
) -> None:
    raked = firm_design(firms, "clustered_raked")
    y = by_category(firms["y1"], firms["department"], "AB")
    result = contrast(mean(y, raked), matrix)
    w = np.where(np.isnan(y), 0, raked.weights[:, None])
    influence = w / w.sum(axis=0) * (np.nan_to_num(y) - mean(y, raked).estimate)
    lacks = small_sample(influence @ np.transpose(matrix), raked)  # itself tested against full matrices
    half = student_t.ppf(0.975, lacks.df[0]) * np.sqrt(lacks.inflation[0]) * result.std_error[0]
    limits = [result.estimate[0] - half, result.estimate[0] + half]
    assert np.ravel(result.interval(0.95)) == pytest.approx(limits, rel=1e-9)
    assert lacks.df[0] < 17  # clusters of unequal size are worth fewer than there are


def test_thirty_clusters_are_not_few() -> None:
    rng = np.random.default_rng(1)
    for count, few in [(29, True), (30, False)]:
        clusters = np.repeat(np.arange(count), 3)
        result = mean(rng.normal(size=len(clusters)), Design(np.ones(len(clusters)), clusters=clusters))
        assert (result.few is not None) is few
        assert result.df.tolist() == [count - 1]


@pytest.mark.parametrize("clusters", [[0, 1], [0, 0, 0, 1, 1, 1, 1]])
def test_two_clusters_have_an_interval_whatever_the_weights(clusters: list[int]) -> None:
    # they leave one degree of freedom; its rounding must not fall below one, where there is no t
    for seed in range(60):
        rng = np.random.default_rng(seed)
        result = mean(
            rng.normal(size=len(clusters)), Design(rng.lognormal(size=len(clusters)), clusters=clusters)
        )
        assert result.few is not None
        assert result.few.df[0] >= 1
        assert np.isfinite(result.interval()).all()


def test_a_single_stratum_is_none() -> None:
    plain = Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS)
    one = Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS, strata=["城区"] * 10)
    assert np.array_equal(mean(TEN_VALUES, one).interval(), mean(TEN_VALUES, plain).interval())


def test_one_huge_weight_among_very_many_leaves_few_degrees_of_freedom() -> None:
    # its effective size is 637, but the error is that of one respondent
    rng, n = np.random.default_rng(1), 10_000
    weights = np.append(np.ones(n - 1), 400.0)
    raked = Design(weights, base_weights=weights, calibration=pd.DataFrame({"half": np.arange(n) % 2}))
    result = mean(rng.normal(size=n), raked)
    low, high = result.interval()
    assert result.influence is not None and result.influence.lacks.df[0] < 3
    assert (high - low)[0] > 2 * 1.96 * 1.1 * result.std_error[0]


def test_whole_population_of_clusters_has_no_sampling_error() -> None:
    result = mean(TEN_VALUES, Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS, fpc=np.full(10, 5)))
    low, high = result.interval()
    assert result.std_error.tolist() == [0.0]
    assert low == high == result.estimate


# --- covariance -------------------------------------------------------------------------------------------


def test_post_stratified_variance_is_the_within_category_part() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], [30, 70])
    y, final = rng.normal(group * 3.0, 1.0), np.where(group == 0, 70 / 30, 30 / 70)
    design = Design(final, calibration=pd.DataFrame({"group": group}))
    spread = sum(
        (final[group == g] * (y[group == g] - y[group == g].mean())) @ (final[group == g] * y[group == g])
        for g in (0, 1)
    )
    assert mean(y, design).cov[0, 0] == pytest.approx(100 / 99 * spread / 100**2, rel=1e-12)


def test_a_calibrated_share_is_known_without_error() -> None:
    group = np.repeat([0, 1], [30, 70])
    design = Design(np.where(group == 0, 2.0, 1.0), calibration=pd.DataFrame({"group": group}))
    result = share(group, design)
    assert result.std_error[0] == pytest.approx(0, abs=1e-12)
    low, high = result.interval()
    assert 0 < low[0] < result.estimate[0] < high[0] < 1  # Wilson stands in: never without width


def test_covariance_of_scores_within_strata_is_centred() -> None:
    z = np.array([1.0, 2.0, 10.0, 14.0])
    design = Design(np.ones(4), strata=["a", "a", "b", "b"])
    assert covariance(z, design) == pytest.approx(np.array([[2 * 0.5 + 2 * 8.0]]))


def test_stratum_that_is_its_own_population_adds_nothing() -> None:
    z = np.array([5.0, 2.0, 4.0])
    design = Design(np.ones(3), strata=["capital", "rest", "rest"], fpc=[1, 100, 100])
    assert covariance(z, design) == pytest.approx(np.array([[0.98 * 2 * 2.0]]))


# --- properties -------------------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    """Draw values (n, 2) with gaps, integer weights and clusters."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(8, 60))
    y = rng.normal(3, 1, (n, 2))
    y[rng.random((n, 2)) < draw(st.floats(0, 0.6))] = np.nan
    return y, rng.integers(1, 6, n).astype(float), rng.integers(0, draw(st.integers(2, 40)), n), rng


def assert_same(one: Estimate, other: Estimate) -> None:
    for name in ("estimate", "cov", "df"):
        left, right = getattr(one, name), getattr(other, name)
        assert left == pytest.approx(right, rel=1e-9, abs=1e-13, nan_ok=True)


@given(surveys(), st.floats(1e-6, 1e6))
def test_scale_of_weights_does_not_matter(survey: Any, factor: float) -> None:
    y, w, clusters, _ = survey
    one, other = (mean(y, Design(x, clusters=clusters)) for x in (w, factor * w))
    assert_same(one, other)
    assert np.ravel(one.interval()) == pytest.approx(np.ravel(other.interval()), rel=1e-8, nan_ok=True)


@given(surveys())
def test_integer_weights_equal_duplicated_rows(survey: Any) -> None:
    y, w, clusters, _ = survey
    copies = np.repeat(np.arange(len(w)), w.astype(int))
    one = mean(y, Design(w, clusters=clusters))
    assert_same(one, mean(y[copies], Design(np.ones(len(copies)), clusters=clusters[copies])))


@given(surveys())
def test_order_of_rows_does_not_matter(survey: Any) -> None:
    y, w, clusters, rng = survey
    shuffled = rng.permutation(len(w))
    one = mean(y, Design(w, clusters=clusters))
    other = mean(y[shuffled], Design(w[shuffled], clusters=clusters[shuffled]))
    assert_same(one, other)
    assert np.ravel(one.interval()) == pytest.approx(np.ravel(other.interval()), rel=1e-8, nan_ok=True)


@given(surveys(), st.floats(-100, 100))
def test_mean_of_a_constant_has_no_variance(survey: Any, constant: float) -> None:
    y, w, clusters, _ = survey
    result = mean(np.where(np.isnan(y), np.nan, constant), Design(w, clusters=clusters))
    known = ~np.isnan(result.std_error)
    assert result.estimate[known] == pytest.approx(constant, rel=1e-12)
    assert result.std_error[known] == pytest.approx(0, abs=1e-12)


@given(surveys())
def test_share_and_its_complement_mirror_each_other(survey: Any) -> None:
    y, w, clusters, _ = survey
    yes = np.where(np.isnan(y), np.nan, y > 3)
    one, other = (share(x, Design(w, clusters=clusters)) for x in (yes, 1 - yes))
    (low, high), (low2, high2) = one.interval(), other.interval()
    assert one.estimate == pytest.approx(1 - other.estimate, abs=1e-12, nan_ok=True)
    assert low == pytest.approx(1 - high2, abs=1e-9, nan_ok=True)
    assert high == pytest.approx(1 - low2, abs=1e-9, nan_ok=True)


@given(surveys(), st.floats(0.5, 0.999))
def test_share_always_has_an_interval_of_positive_width(survey: Any, level: float) -> None:
    y, w, clusters, rng = survey
    yes = np.where(np.isnan(y), np.nan, rng.random(y.shape) < rng.choice([0, 0.02, 0.5, 1]))
    result = share(yes, Design(w, clusters=clusters))
    low, high = (limit[result.n > 0] for limit in result.interval(level))
    centre = result.estimate[result.n > 0]
    assert (low < high).all()
    assert ((low >= 0) & (high <= 1) & (low <= centre + 1e-12) & (centre <= high + 1e-12)).all()


@given(surveys())
def test_contrast_is_the_mean_of_the_difference_where_all_answered(survey: Any) -> None:
    y, w, clusters, rng = survey
    y = rng.normal(size=y.shape)
    design = Design(w, clusters=clusters)
    difference, direct = contrast(mean(y, design), [1, -1]), mean(y[:, 0] - y[:, 1], design)
    assert_same(difference, direct)


# --- domains too small to say much ------------------------------------------------------------------------


def test_empty_domain_and_domain_of_one_say_so() -> None:
    y = np.array([[NAN, 4.0, 1.0], [NAN, NAN, 2.0], [NAN, NAN, 6.0]])
    result = mean(y, Design(np.ones(3)))
    assert result.n.tolist() == [0, 1, 3]
    assert np.isnan(result.estimate).tolist() == [True, False, False]
    assert np.isnan(result.std_error).tolist() == [True, True, False]
    low, high = result.interval()
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, True, False]


def test_domain_within_one_cluster_has_no_standard_error() -> None:
    y = np.array([1.0, 2.0, NAN, NAN])
    result = mean(y, Design(np.ones(4), clusters=["a", "a", "b", "c"]))
    assert result.estimate.tolist() == [1.5]
    assert np.isnan(result.std_error).all()
    assert result.df.tolist() == [0]


def test_a_single_cluster_has_no_standard_error() -> None:
    design = Design(np.ones(3), clusters=["a", "a", "a"])
    assert np.isnan(mean([1.0, 2.0, 3.0], design).std_error).all()
    low, high = share([1, 0, 1], design).interval()
    assert 0 < low[0] < 2 / 3 < high[0] < 1  # counted as one observation: wide
    assert high[0] - low[0] > 0.7


def test_missing_value_of_pandas_is_outside_the_domain() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0, 2.0, NAN]})
    result = mean(frame, Design(np.ones(3)))
    assert result.estimate.tolist() == [2.0, 1.5]
    assert result.n.tolist() == [2, 2]


def test_weight_zero_is_outside_every_domain() -> None:
    result = mean([1.0, 2.0, 9.0], Design([1, 1, 0]))
    assert result.estimate.tolist() == [1.5]
    assert result.n.tolist() == [2]


@pytest.mark.parametrize(("answer", "edge"), [(0, 0), (1, 1)])
def test_unanimous_share_reaches_the_edge_and_no_further(answer: int, edge: int) -> None:
    low, high = share(np.full(40, answer), Design(np.ones(40))).interval(0.95)
    t = 2.022690920036762  # R qt: 39 degrees of freedom, .975
    other = t**2 / (40 + t**2)
    assert sorted([low[0], high[0]]) == pytest.approx(sorted([edge, abs(edge - other)]), rel=1e-9)


def test_contrast_ignores_unknown_estimates_that_it_does_not_use() -> None:
    y = np.array([[1.0, 5.0, NAN], [2.0, 3.0, NAN], [3.0, 4.0, NAN]])
    result = contrast(mean(y, Design(np.ones(3))), [[1, -1, 0], [1, 0, -1]])
    assert result.estimate[0] == pytest.approx(-2)
    assert np.isnan(result.estimate).tolist() == np.isnan(result.std_error).tolist() == [False, True]
    assert result.n.tolist() == [3, 0]


# --- totals, quantiles, design effects, regression, independence ------------------------------------------


def raked_firms(firms: pd.DataFrame) -> Design:
    return firm_design(firms, "stratified_raked")


@given(surveys(), st.floats(0.05, 0.95))
def test_quantile_is_where_the_cumulated_weights_reach_p(survey: Any, p: float) -> None:
    y, w, clusters, _ = survey
    result = quantile(y[:, 0], p, Design(w, clusters=clusters))
    rated = [(value, weight) for value, weight in zip(y[:, 0], w, strict=True) if not np.isnan(value)]
    if not rated:
        assert np.isnan(result.estimate[0]) and np.isnan(result.std_error[0])
        return
    wanted = p * sum(weight for _, weight in rated)
    reached = [v for v, _ in rated if sum(weight for u, weight in rated if u <= v) >= wanted - 1e-9]
    value = min(reached)
    low, high = result.interval(0.9)
    assert result.estimate[0] == value
    assert low[0] <= value <= high[0] or np.isnan(low[0])


def test_quantile_limits_are_the_quantiles_of_the_shares_limits(firms: pd.DataFrame) -> None:
    design, y = raked_firms(firms), firms["y1"].to_numpy()
    median = quantile(y, 0.5, design)
    at_or_below = mean((y <= median.estimate[0]).astype(float), design)
    order = np.argsort(y, kind="stable")
    cumulated = np.cumsum(design.weights[order]) / design.weights.sum()
    limits = [y[order][cumulated >= limit[0]][0] for limit in at_or_below.interval(0.9)]
    assert np.ravel(median.interval(0.9)).tolist() == limits


def test_quantiles_near_the_ends_have_limits(firms: pd.DataFrame) -> None:
    y = firms["y1"].to_numpy()
    result = quantile(y, [0.005, 0.995], raked_firms(firms))
    low, high = result.interval(0.99)
    assert np.isfinite([low, high]).all()
    assert (y.min() <= low).all() and (high <= y.max()).all()
    assert (low <= result.estimate).all() and (result.estimate <= high).all()


def test_quantiles_of_few_clusters_are_as_cautious_as_their_shares() -> None:
    y, design = np.arange(10.0), Design(np.ones(10), clusters=TEN_CLUSTERS)
    result = quantile(y, 0.5, design)
    assert result.at_or_below.few is not None
    low, high = result.interval(0.9)
    assert (
        high[0] - low[0] >= 2 * 2.13 * result.std_error[0] - 2
    )  # t with 4 df; one step of the data at each end


def test_intervals_of_a_median_cover_as_often_as_they_say() -> None:
    # as above: 200 runs at .95 lie within .905-.985 with probability .99; exponential firms in 40 chambers
    rng, covered, clusters = np.random.default_rng(5), 0, np.repeat(np.arange(40), 10)
    for _ in range(200):
        normal = rng.normal(0, np.sqrt(0.2), 40)[clusters] + rng.normal(0, np.sqrt(0.8), 400)
        low, high = quantile(np.exp(normal), 0.5, Design(np.ones(400), clusters=clusters)).interval(0.95)
        covered += int(low[0] <= 1.0 <= high[0])
    assert 0.905 <= covered / 200 <= 0.985


def test_total_of_a_constant_is_the_raked_population_without_error(firms: pd.DataFrame) -> None:
    result = total(np.ones(len(firms)), raked_firms(firms))
    assert result.estimate[0] == pytest.approx(1400)
    assert result.std_error[0] == pytest.approx(0, abs=1e-7)


def test_total_of_ten_rows_equals_loops() -> None:
    result = total(TEN_VALUES, Design(TEN_WEIGHTS, clusters=TEN_CLUSTERS))
    sums = dict.fromkeys("abcde", 0.0)
    for cluster, weight, value in zip(TEN_CLUSTERS, TEN_WEIGHTS, TEN_VALUES, strict=True):
        sums[cluster] += 0.0 if np.isnan(value) else weight * value
    centre = sum(sums.values()) / 5
    assert result.estimate == pytest.approx([5 * centre])
    assert result.cov[0, 0] == pytest.approx(5 / 4 * sum((s - centre) ** 2 for s in sums.values()))
    assert result.n.tolist() == [8]


@given(surveys())
def test_equal_weights_without_clusters_have_design_effect_one(survey: Any) -> None:
    y, _, _, _ = survey
    effects = design_effects(y, Design(np.ones(len(y))))
    n, full = (~np.isnan(y)).sum(axis=0), len(y)
    for effect, rated in zip(effects, n, strict=True):
        if rated > 1:  # of a domain: its size is random, n/(n - 1) of the whole sample
            assert effect == pytest.approx((full / (full - 1)) * (rated - 1) / rated)


def test_the_two_simple_random_samples_differ_by_the_finite_population(strata: pd.DataFrame) -> None:
    design, y = strata_design(strata), strata["api00"]
    with_, without = design_effects(y, design), design_effects(y, design, finite=True)
    assert with_ / without == pytest.approx(1 - 200 / strata["pw"].sum())


@pytest.mark.parametrize("name", [*FIRM_DESIGNS, *(f"{name}_raked" for name in FIRM_DESIGNS)])
def test_regression_on_a_category_is_the_difference_of_domain_means(firms: pd.DataFrame, name: str) -> None:
    design, inside = firm_design(firms, name), firms["department"] != "none"
    y = firms["y1"].where(inside)
    fit = regression(y, (firms["department"] == "B").astype(float), design)
    domains = mean(by_category(firms["y1"], firms["department"], "AB"), design)
    expected = contrast(domains, [[1, 0], [-1, 1]])
    assert fit.estimate == pytest.approx(expected.estimate, rel=1e-12)
    assert fit.cov == pytest.approx(expected.cov, rel=1e-9)
    assert fit.n.tolist() == [inside.sum()] * 2


def test_regression_of_ten_rows_equals_normal_equations() -> None:
    x, w = np.column_stack([np.ones(10), np.arange(10.0) ** 2, [0, 1] * 5]), TEN_WEIGHTS
    x[3, 1] = NAN
    fit = regression(TEN_VALUES, x[:, 1:], Design(w, clusters=TEN_CLUSTERS))
    used = ~np.isnan(TEN_VALUES) & ~np.isnan(x).any(axis=1)
    bread = np.linalg.inv(x[used].T @ (w[used, None] * x[used]))
    b = bread @ x[used].T @ (w[used] * TEN_VALUES[used])
    scores = w[used, None] * (TEN_VALUES[used] - x[used] @ b)[:, None] * x[used]
    sums = np.array([scores[TEN_CLUSTERS[used] == cluster].sum(axis=0) for cluster in "abcde"])
    assert fit.estimate == pytest.approx(b, rel=1e-9)
    assert fit.cov == pytest.approx(bread @ (5 / 4 * sums.T @ sums) @ bread, rel=1e-9)
    assert fit.df.tolist() == [1, 1, 1]  # four clusters with a complete row, one stratum, two slopes


def test_regression_with_more_slopes_than_clusters_allow_has_no_standard_error() -> None:
    fit = regression(np.arange(10.0), np.eye(10)[:, :4], Design(np.ones(10), clusters=TEN_CLUSTERS))
    assert np.isfinite(fit.estimate).all()
    assert np.isnan(fit.std_error).all()


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e6))
def test_regression_follows_the_units_of_its_columns(shift: float, factor: float) -> None:
    rng = np.random.default_rng(8)
    x, y, design = rng.normal(size=(40, 2)), rng.normal(size=40), Design(rng.uniform(1, 3, 40))
    plain, scaled = regression(y, x, design), regression(y, factor * x, design)
    moved = regression(y + shift, x, design)
    assert scaled.estimate[1:] * factor == pytest.approx(plain.estimate[1:], rel=1e-8)
    assert scaled.std_error[1:] * factor == pytest.approx(plain.std_error[1:], rel=1e-8)
    assert moved.estimate == pytest.approx(plain.estimate + np.array([shift, 0, 0]), rel=1e-6, abs=1e-9)


def test_independence_of_a_simple_random_sample_is_nearly_pearsons() -> None:
    rng = np.random.default_rng(12)
    a, b = rng.integers(0, 3, 2000), rng.integers(0, 2, 2000)
    result = independence(a, b, Design(np.ones(2000)))
    table = pd.crosstab(a, b)
    plain = chi2_contingency(table, correction=False)
    # X^2 over its degrees of freedom: 2,000 independent firms have design effects of one but for chance
    assert result.statistic == pytest.approx(plain.statistic / plain.dof, rel=0.02)
    assert result.p_value == pytest.approx(plain.pvalue, abs=0.01)


def test_independence_is_symmetric_and_leaves_the_missing_out(firms: pd.DataFrame) -> None:
    design = firm_design(firms, "clustered")
    mode = firms["department"].where(firms.index > 5)
    one, other = (independence(a, b, design) for a, b in [(mode, firms["solved"]), (firms["solved"], mode)])
    assert one.n == len(firms) - 6
    assert one.statistic == pytest.approx(other.statistic)
    assert one.p_value == pytest.approx(other.p_value)


# --- the same answers under several weightings -------------------------------------------------------------


def test_weightings_of_one_sample_are_means_with_their_covariance(firms: pd.DataFrame) -> None:
    designs = [firm_design(firms, "clustered"), firm_design(firms, "clustered_raked")]
    y = by_category(firms["y1"], firms["department"], "AB")
    both = under_weightings(y, designs)
    for place, design in enumerate(designs):
        alone, mine = mean(y, design), slice(2 * place, 2 * place + 2)
        assert both.estimate[mine] == pytest.approx(alone.estimate, rel=1e-12)
        assert both.cov[mine, mine] == pytest.approx(alone.cov, rel=1e-9)
        assert np.array(both.interval())[:, mine] == pytest.approx(np.array(alone.interval()), rel=1e-9)
    assert np.linalg.eigvalsh(both.cov).min() > -1e-12


def test_each_weighting_keeps_its_own_degrees_of_freedom() -> None:
    # the second weights make a few of a thousand, the first do not
    rng, n = np.random.default_rng(2), 1_000
    categories, heavy = pd.DataFrame({"half": np.arange(n) % 2}), np.where(np.arange(n) < 5, 300.0, 1.0)
    even, uneven = (Design(w, base_weights=w, calibration=categories) for w in (np.ones(n), heavy))
    y = rng.normal(size=n)
    assert mean(y, even).influence is None and mean(y, uneven).influence is not None
    for order in ([even, uneven], [uneven, even]):
        both = under_weightings(y, order)
        alone = np.hstack([mean(y, design).interval() for design in order])
        assert np.array(both.interval()) == pytest.approx(alone, rel=1e-12)


def test_equal_weightings_do_not_differ(firms: pd.DataFrame) -> None:
    design = firm_design(firms, "stratified_raked")
    both = under_weightings(firms["solved"], [design, design], share)
    difference = contrast(both, [1, -1])
    assert difference.estimate[0] == difference.std_error[0] == 0.0
    assert both.scale == "logit"


def test_error_of_a_difference_of_weightings_is_its_spread() -> None:
    # 300 samples know a spread to 4 per cent (one standard error)
    rng, found, stated = np.random.default_rng(3), [], []
    for _ in range(300):
        y, design, _ = raked_cluster_sample(rng)
        assert design.calibration is not None
        persons = design.weights * np.where(design.calibration["large"], 50.0, 2.0)
        other = Design(
            persons, base_weights=persons, calibration=design.calibration, clusters=design.clusters
        )
        difference = contrast(under_weightings(y, [design, other]), [-1, 1])
        found.append(difference.estimate[0])
        stated.append(difference.std_error[0])
    assert np.mean(stated) == pytest.approx(np.std(found), rel=0.13)


# --- simulation -------------------------------------------------------------------------------------------


def raked_cluster_sample(rng: np.random.Generator) -> tuple[np.ndarray, Design, Design]:
    """Draw 60 chambers of 15 firms, more large firms than there are; return y, its design and a naive one."""
    clusters, n = np.repeat(np.arange(60), 15), 900
    large, east = rng.random(n) < 0.5, rng.random(n) < 0.6
    y = 70 + 8 * large + 3 * east + rng.normal(0, 6, 60)[clusters] + rng.normal(0, 9, n)
    frame = pd.DataFrame({"large": large, "east": east})
    margins = {"large": pd.Series({True: 200, False: 800}), "east": pd.Series({True: 400, False: 600})}
    final = weights.rake(frame, margins)
    return y, Design(final, calibration=frame, clusters=clusters), Design(final)


def test_intervals_cover_as_often_as_they_say() -> None:
    # 200 runs at .95: the share covered lies within .905-.985 with probability .99 (binomial)
    rng, truth = np.random.default_rng(2022), 70 + 8 * 0.2 + 3 * 0.4
    covered = {"clustered": 0, "independent": 0}
    for _ in range(200):
        y, *designs = raked_cluster_sample(rng)
        for name, design in zip(covered, designs, strict=True):
            low, high = mean(y, design).interval(0.95)
            covered[name] += int(low[0] <= truth <= high[0])
    assert 0.905 <= covered["clustered"] / 200 <= 0.985
    assert covered["independent"] / 200 < 0.80  # firms of one chamber are not independent


@pytest.mark.validate
def test_long_run_coverage_of_means_domains_and_shares() -> None:
    # 3,000 runs: standard error .004, so .93-.97 is five standard errors wide on either side
    rng, runs, truth = np.random.default_rng(1), 3000, 70 + 8 * 0.2 + 3 * 0.4
    covered = dict.fromkeys(["mean", "domain mean", "share", "difference", "independent"], 0)
    for _ in range(runs):
        y, design, naive = raked_cluster_sample(rng)
        rated, coin = rng.random((900, 2)) < 0.4, (rng.random(900) < 0.1).astype(float)
        domains = mean(np.where(rated, y[:, None], np.nan), design)
        checks = [
            (mean(y, design), truth),
            (domains, truth),
            (share(coin, design), 0.1),
            (contrast(domains, [1, -1]), 0.0),
            (mean(y, naive), truth),
        ]
        for name, (estimate, value) in zip(covered, checks, strict=True):
            low, high = estimate.interval(0.95)
            covered[name] += int(low[0] <= value <= high[0])
    rates = {name: count / runs for name, count in covered.items()}
    assert rates.pop("independent") < 0.75, rates
    assert all(0.93 <= rate <= 0.97 for rate in rates.values()), rates


def test_few_unequal_clusters_cover_only_with_the_correction() -> None:
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(8), [60, 30, 20, 10, 10, 5, 5, 5])
    corrected = plain = 0
    for _ in range(400):
        y = rng.normal(0, 1, 8)[clusters] + rng.normal(0, 1, len(clusters))
        result = mean(y, Design(np.ones(len(clusters)), clusters=clusters))
        low, high = result.interval(0.95)
        corrected += int(low[0] <= 0 <= high[0])
        plain += int(abs(result.estimate[0]) <= 1.96 * result.std_error[0])
    assert 0.92 <= corrected / 400 <= 0.98  # within three binomial standard errors of .95
    assert plain / 400 < 0.85


def uneven_raked_sample(rng: np.random.Generator, sizes: list[int]) -> tuple[np.ndarray, Design]:
    """Draw chambers of unequal size, more large firms than there are; the true mean is 72.8."""
    clusters, n = np.repeat(np.arange(len(sizes)), sizes), sum(sizes)
    large, east = rng.random(n) < 0.5, rng.random(n) < 0.6
    y = 70 + 8 * large + 3 * east + rng.normal(0, 4, len(sizes))[clusters] + rng.normal(0, 9, n)
    frame = pd.DataFrame({"large": large, "east": east})
    margins = {"large": pd.Series({True: 200, False: 800}), "east": pd.Series({True: 400, False: 600})}
    final = weights.rake(frame, margins)
    return y, Design(final, base_weights=final, calibration=frame, clusters=clusters)


def test_few_unequal_raked_clusters_cover_only_when_widened() -> None:
    rng, widened, plain = np.random.default_rng(17), 0, 0
    for _ in range(400):
        result = mean(*uneven_raked_sample(rng, [80, *[10] * 7]))
        for few in (True, False):
            low, high = (result if few else replace(result, influence=None)).interval(0.95)
            covered = int(low[0] <= 72.8 <= high[0])
            widened, plain = widened + few * covered, plain + (not few) * covered
    assert 0.92 <= widened / 400 <= 0.98  # within three binomial standard errors of .95
    assert plain / 400 < 0.88


UNEVEN = {
    "8 equal": [20] * 8,
    "8 of 40 or 8": [40] * 4 + [8] * 4,
    "8, one of half": [80] + [10] * 7,
    "15 of 40 or 8": [40] * 7 + [8] * 8,
    "15, three of two thirds": [120, 60, 40] + [10] * 12,
    "25 of 40 or 8": [40] * 12 + [8] * 13,
    "25, four of two thirds": [120, 80, 60, 40] + [8] * 21,
}


@pytest.mark.validate
@pytest.mark.parametrize("name", UNEVEN)
def test_long_run_coverage_of_few_raked_clusters(name: str, record_property: Any) -> None:
    # 2,000 runs: standard error .005; three very large clusters among small ones stay a little short
    rng, covered = np.random.default_rng(1), {"mean": 0, "domain": 0, "plain": 0}
    for _ in range(2000):
        y, design = uneven_raked_sample(rng, UNEVEN[name])
        part = np.where(rng.random(len(y)) < 0.4, y, np.nan)
        whole = mean(y, design)
        results = {"mean": whole, "domain": mean(part, design), "plain": replace(whole, influence=None)}
        for kind, result in results.items():
            low, high = result.interval(0.95)
            covered[kind] += int(low[0] <= 72.8 <= high[0])
    rates = {kind: count / 2000 for kind, count in covered.items()}
    record_property(name, rates)  # METHODS.md prints them: --junitxml
    assert all(0.91 <= rates[kind] <= 0.97 for kind in ("mean", "domain")), rates
    assert abs(rates["mean"] - 0.95) < abs(rates["plain"] - 0.95) or name.endswith("equal")


# --- replicate weights ------------------------------------------------------------------------------------


def test_replicates_reproduce_the_variance_of_a_total() -> None:
    rng = np.random.default_rng(3)
    clusters, y = np.repeat(np.arange(20), 3), rng.normal(5, 2, 60)
    design = Design(np.full(60, 4.0), clusters=clusters, strata=np.repeat([0, 1], 30))
    totals = y @ replicate_weights(design, 4000, seed=1)
    expected = covariance(4.0 * y, design)[0, 0]
    # for a total Rao-Wu is exact in expectation: 4,000 draws leave 2.2% (one standard error) of noise
    assert totals.var() == pytest.approx(expected, rel=0.07)


def test_replicates_respect_the_finite_population() -> None:
    design = Design(np.ones(10), clusters=TEN_CLUSTERS, fpc=np.full(10, 5))
    assert replicate_weights(design, 20, seed=1) == pytest.approx(np.ones((10, 20)))


def test_replicates_of_a_raked_design_meet_the_margins(firms: pd.DataFrame) -> None:
    draws = replicate_weights(firm_design(firms, "stratified_raked"), 50, seed=4)
    for column, totals in FIRM_MARGINS.items():
        for category, population in totals.items():
            assert draws[firms[column] == category].sum(axis=0) == pytest.approx(population, rel=1e-6)


def test_replicates_of_a_raked_design_reproduce_its_variance() -> None:
    y, design, _ = raked_cluster_sample(np.random.default_rng(11))
    draws = replicate_weights(design, 1000, seed=1)
    means = y @ draws / draws.sum(axis=0)
    # 1,000 draws: 2.2% standard error of the standard error
    assert means.std() == pytest.approx(mean(y, design).std_error[0], rel=0.07)


def test_category_missed_by_a_replicate_is_left_out_of_it() -> None:
    clusters = np.repeat(np.arange(4), 5)
    rare = pd.DataFrame({"rare": clusters == 0})
    design = Design(np.ones(20), calibration=rare, clusters=clusters)
    draws = replicate_weights(design, 40, seed=1)
    assert (draws[clusters == 0].sum(axis=0) == 0).any()
    assert draws.sum(axis=0) == pytest.approx(20)


def test_replicates_depend_on_the_seed_alone() -> None:
    design = Design(np.ones(10), clusters=TEN_CLUSTERS)
    first, again, other = (replicate_weights(design, 5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Design([]), "权数是空的"),
        (lambda: Design([1, -1]), "权数第 2 个是 -1"),
        (lambda: Design([1, NAN]), "权数第 2 个是 nan"),
        (lambda: Design(["many", "few"]), "权数不是一列数"),
        (lambda: Design([0, 0]), "权数合计为 0"),
        (lambda: Design([[1, 2]]), "权数是 2 维"),
        (lambda: Design([1, 1], base_weights=[1]), "基础权数有 1 行而权数有 2 行"),
        (lambda: Design([1, 1], base_weights=[1, float("inf")]), "基础权数第 2 个是 inf"),
        (lambda: Design([1, 1], clusters=["a", None]), "抽样群第 2 个是空的"),
        (
            lambda: Design([1, 1], calibration=pd.DataFrame({"size": ["L", None]})),
            "校准变量“size”第 2 个是空的",
        ),
        (lambda: Design([1, 1], calibration=pd.DataFrame({"size": ["L"]})), "校准变量有 1 行"),
        (lambda: Design([1, 1], calibration=pd.Series(["L", "S"])), "校准变量必须是 DataFrame"),  # type: ignore[arg-type]
        (lambda: Design([1, 1], calibration=pd.DataFrame(index=[0, 1])), "校准变量必须是 DataFrame"),
        (lambda: Design([1, 1, 1], strata=["甲", "甲", "乙"]), "层“乙”只有一个抽样群"),
        (lambda: Design([1, 1], clusters=["a", "a"], strata=["甲", "乙"]), "抽样群“a”出现在两个层里"),
        (lambda: Design([1, 1], fpc=[5, 6]), "总体群数不一致"),
        (lambda: Design([1, 1], fpc=[0.5, 0.5]), "总体群数是 0.5 而样本里有 2 个群"),
        (lambda: mean([1.0], Design([1, 1])), "取值的形状是 (1, 1) 而设计有 2 份答卷"),
        (lambda: mean(["好", "差"], Design([1, 1])), "取值里有不是数的内容"),
        (lambda: mean([1.0, float("inf")], Design([1, 1])), "第 2 行第 1 列的取值是无穷大"),
        (lambda: share([1, 2], Design([1, 1])), "第 2 行第 1 列的取值不是 0 或 1"),
        (lambda: covariance([1.0, NAN], Design([1, 1])), "影响函数第 2 行第 1 列不是有限数"),
        (lambda: covariance([1.0], Design([1, 1])), "影响函数的形状是 (1, 1)"),
        (lambda: mean([1.0, 2.0], Design([1, 1])).interval(95), "置信水平是 95"),
        (lambda: contrast(mean([1.0, 2.0], Design([1, 1])), [1, -1]), "对比矩阵的形状是 (1, 2)"),
        (lambda: contrast(mean([1.0, 2.0], Design([1, 1])), [0]), "对比矩阵有空行"),
        (lambda: quantile([[1.0, 2.0]], 0.5, Design([1])), "分位数只能对一列数计算，而取值有 2 列"),
        (lambda: quantile([1.0, 2.0], 1.0, Design([1, 1])), "分位数的概率不对：只能在 0 与 1 之间"),
        (lambda: total([1.0], Design([1, 1])), "取值的形状是 (1, 1)"),
        (lambda: regression([[1.0, 2.0]], [1.0], Design([1])), "回归的结果变量有 2 列"),
        (lambda: regression([NAN, 1.0], [1.0, NAN], Design([1, 1])), "回归没有一份完整的答卷"),
        (lambda: regression([1.0, 2.0, 4.0], [3, 3, 3], Design([1, 1, 1])), "自变量“第 1 列”可由其余自变量"),
        (
            lambda: regression(
                [1.0, 2.0, 4.0, 1.0],
                pd.DataFrame({"a": [1, 2, 4, 9], "b": [2, 4, 8, 18]}),
                Design(np.ones(4)),
            ),
            "自变量“b”可由其余自变量",
        ),
        (lambda: regression([1.0, 2.0], [[1, 2, 5], [3, 4, 6]], Design([1, 1])), "可由其余自变量"),
        (lambda: under_weightings([1.0, 2.0], []), "没有给出设计"),
        (
            lambda: under_weightings([1.0, 2.0], [Design([1, 1]), Design([1])]),
            "几套权数的答卷、抽样群或层不同",
        ),
        (
            lambda: under_weightings([1.0, 2.0], [Design([1, 1]), Design([1, 1], clusters=["a", "a"])]),
            "几套权数的答卷、抽样群或层不同",
        ),
        (lambda: independence(["a", "b"], ["x", "x"], Design([1, 1])), "交叉表是 2 行 1 列"),
        (lambda: independence(["a", "b"], ["x", "y"], Design([1, 1])), "交叉表里有一格没有答卷"),
        (lambda: independence(["a"], ["x", "y"], Design([1, 1])), "类别有 1 个而设计有 2 份答卷"),
        (
            lambda: independence(list("aabb"), list("xyxy"), Design(np.ones(4), clusters=list("kkkk"))),
            "只有一个抽样群",
        ),
        (
            lambda: independence(
                list("aabb" * 2),
                list("xyxy" * 2),
                Design(np.ones(8), calibration=pd.DataFrame({"a×b": [1, 2, 3, 4] * 2})),
            ),
            "加权已经固定了这张交叉表",
        ),
        (lambda: replicate_weights(Design([1, 1], clusters=["a", "a"]), 5, 1), "只有一个抽样群"),
        (lambda: tidy(pd.DataFrame({"k": [1, 2]}), mean([1.0, 2.0], Design([1, 1]))), "键有 2 行"),
    ],
)
def test_impossible_request_is_refused_in_one_chinese_line(make: Any, words: str) -> None:
    with pytest.raises(EstimateError) as refusal:
        make()
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "；" in str(refusal.value)  # the last clause says how to mend it


# --- small samples -------------------------------------------------------------------------------------------


def test_equal_clusters_have_as_many_degrees_of_freedom_as_clusters_less_one() -> None:
    z = np.tile([1.0, -1.0], 12)
    chambers = np.repeat(range(6), 4)
    assert small_sample(z, Design(np.ones(24))).df == pytest.approx([23])
    assert small_sample(z, Design(np.ones(24), clusters=chambers)).df == pytest.approx([5])
    strata = Design(np.ones(24), clusters=chambers, strata=np.repeat(["a", "b"], 12))
    assert small_sample(z, strata).df == pytest.approx([4])


def test_effective_degrees_of_freedom_are_those_of_a_sum_of_squares() -> None:
    """The variance estimate is sum_c z_c^2; with independent normal firms its df are 2 E^2 / Var (Satterthwaite)."""
    rng = np.random.default_rng(4)
    scale, clusters = rng.uniform(0.2, 3, 40), rng.integers(0, 12, 40)
    totals = rng.normal(0, scale, (200_000, 40)) @ np.eye(12)[clusters]
    variance = (totals**2).sum(axis=1)
    expected = 2 * variance.mean() ** 2 / variance.var()
    found = small_sample(scale, Design(np.ones(40), clusters=clusters))
    assert found.df == pytest.approx([expected], rel=0.02)
    assert found.inflation.tolist() == [1]


def nested(seed: int, n: int = 240) -> tuple[np.ndarray, Design]:
    """Return influence of one estimate and a raked design whose 16 chambers lie within 5 districts, mostly."""
    rng = np.random.default_rng(seed)
    chamber = rng.integers(0, 16, n)
    district = np.where(rng.random(n) < 0.8, chamber % 5, rng.integers(0, 5, n))
    frame = pd.DataFrame({"district": district.astype(str), "size": rng.integers(0, 3, n).astype(str)})
    margins = {name: frame[name].value_counts() * rng.uniform(0.7, 1.4) for name in frame}
    margins["size"] *= margins["district"].sum() / margins["size"].sum()
    base = rng.uniform(0.5, 2, n)
    final = weights.rake(frame, margins, base)
    return rng.normal(size=n) * final, Design(final, base_weights=base, calibration=frame, clusters=chamber)


@pytest.mark.parametrize("seed", range(5))
def test_what_raking_takes_from_a_variance_equals_full_matrices(seed: int) -> None:
    z, design = nested(seed)
    assert design.calibration is not None
    w, b = design.weights, design.base_weights
    x = pd.get_dummies(design.calibration).to_numpy(float)
    hat = np.diag(w) @ x @ np.linalg.pinv(x.T @ (b[:, None] * x)) @ x.T @ np.diag(b / w)
    sums = np.eye(design.n_clusters)[design.cluster_codes].T
    p = sums @ (np.eye(len(z)) - hat) @ np.diag(z**2) @ (np.eye(len(z)) - hat).T @ sums.T
    g = design.n_clusters
    expected = (np.trace(p) - p.sum() / g) * g / (g - 1)
    found = small_sample(z, design)
    assert found.inflation == pytest.approx([(z**2).sum() / expected], rel=1e-9)
    assert found.df == pytest.approx([np.trace(p) ** 2 / np.trace(p @ p)], rel=1e-9)
    assert found.inflation[0] > 1.05


def test_no_influence_leaves_nothing() -> None:
    z = np.zeros((5, 2))
    z[2, 1] = 1.0
    found = small_sample(z, Design(np.ones(5)))
    assert (found.df.tolist(), found.inflation.tolist()) == ([0, 0], [1, 1])


# --- the rest ---------------------------------------------------------------------------------------------


def test_kish_numbers_equal_r(schools: pd.DataFrame) -> None:
    expected = reference("survey_api_ref.json")["kish_raked"]
    assert design_effect(schools["rake"]) == pytest.approx(expected["deff"], rel=1e-9)
    assert effective_sample_size(schools["rake"]) == pytest.approx(expected["neff"], rel=1e-9)


def test_tidy_puts_numbers_in_the_unit_asked_for() -> None:
    est = share([[1, 0], [0, 0], [1, 1]], Design(np.ones(3)))
    table = tidy(pd.DataFrame({"option": ["A", "B"]}, index=[7, 9]), est, 0.9, factor=100, count=[2, 1])
    low, high = est.interval(0.9)
    expected = {"option": ["A", "B"], "estimate": 100 * est.estimate, "std_error": 100 * est.std_error}
    expected |= {"conf_low": 100 * low, "conf_high": 100 * high, "n": [3, 3], "count": [2, 1]}
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected))


def test_compared_and_lead_give_the_interval_of_the_contrast() -> None:
    y = [[1.0, 3.0, 2.0], [2.0, 5.0, 5.0], [3.0, 4.0, 3.0], [2.0, 4.5, 1.0]]
    est = mean(y, Design(np.ones(4)))
    low, high = contrast(est, [0, 1, -1]).interval(0.9)
    expected = {"lead": 100 * (4.125 - 2.75), "lead_low": 100 * low[0], "lead_high": 100 * high[0]}
    assert lead(est, 0.9, factor=100) == pytest.approx(expected)
    assert compared("lead", est, [0, 1, -1], 0.9, factor=100) == pytest.approx(expected)
    assert lead(est, among=[True, False, True])["lead"] == pytest.approx(0.75)
    assert lead(est, among=[True, False, False]) == {}


def test_result_keeps_its_extras_read_only() -> None:
    result = Result(pd.DataFrame(), "overall", "分", "全部有效答卷", 3, {"r2": 0.5})
    with pytest.raises(TypeError):
        result.extra["r2"] = 1.0  # type: ignore[index]


def test_estimate_made_by_another_room_spreads_its_degrees_of_freedom() -> None:
    low, high = Estimate(np.array([1.0, 2.0]), np.eye(2), np.array([5, 5]), np.inf).interval(0.95)
    assert low == pytest.approx([1 - 1.959963984540054, 2 - 1.959963984540054])
    assert high == pytest.approx([1 + 1.959963984540054, 2 + 1.959963984540054])
