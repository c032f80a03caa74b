"""Designs, means, shares and covariances against R, against plainer arithmetic, and against simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    effective_sample_size,
    lead,
    mean,
    replicate_weights,
    share,
    tidy,
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


@pytest.mark.parametrize("name", ["stratified", "stratified_fpc", *(f"{n}_raked" for n in FIRM_DESIGNS)])
def test_logit_interval_of_a_share_equals_r_svyciprop(firms: pd.DataFrame, name: str) -> None:
    expected, design = reference("cluster_sample_ref.json")[name], firm_design(firms, name)
    domain = firms["solved"].where(firms["department"] == "B")
    for y, key in [(firms["solved"], "share"), (domain, "share_b")]:
        result = share(y, design)
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


def test_thirty_clusters_are_not_few() -> None:
    rng = np.random.default_rng(1)
    for count, few in [(29, True), (30, False)]:
        clusters = np.repeat(np.arange(count), 3)
        result = mean(rng.normal(size=len(clusters)), Design(np.ones(len(clusters)), clusters=clusters))
        assert (result.few is not None) is few
        assert result.df.tolist() == [count - 1]


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
        for category, total in totals.items():
            assert draws[firms[column] == category].sum(axis=0) == pytest.approx(total, rel=1e-6)


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
