"""Department scores on ten firms, every number computed again by hand; how reliable a table of scores is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from scipy import stats

from evalpkg import ranks, scores
from evalpkg import survey as surveys
from evalpkg.codebook import Codebook, Scale
from evalpkg.estimate import Design, Result, contrast, mean
from evalpkg.survey import Survey

W = np.array([1.0, 2, 1, 3, 1, 1, 2, 1, 2, 1])
NAN = np.nan
DEPARTMENTS = [
    ("D1", "教育局", "service"),
    ("D2", "税务局", "regulator"),
    ("D3", "法院", "judiciary"),
    ("D4", "公安局", "regulator"),
    ("D5", "供水公司", "utility"),
]


def book(gate: bool = True, scale: Scale = small.FIVE) -> Codebook:
    items = []
    for code, short, _ in DEPARTMENTS:
        if gate:
            items.append(small.item(f"B_{code}", "gate", short, "ordinal", department=code))
        items.append(small.item(f"C_{code}", "rating", short, department=code, scale=scale))
    return small.codebook(items, DEPARTMENTS)


def ratings() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "D1": [4, 3, NAN, 2, NAN, 5, NAN, 1, 4, NAN],
            "D2": [5, 4, 3, NAN, 2, 5, 4, NAN, 4, 5],
            "D3": [NAN] * 9 + [2.0],
            "D4": [4, NAN, 5, 3, NAN, NAN, 4, 2, 3, 4],
            "D5": [NAN] * 10,
        },
        index=pd.RangeIndex(1, 11, name="rid"),
        dtype=float,
    )


def contact() -> pd.DataFrame:
    gates = np.where(ratings().isna(), 0.0, 2.0)
    frame = pd.DataFrame(gates, index=ratings().index, columns=ratings().columns)
    frame.loc[3, "D1"] = 1.0  # dealt with it, no opinion
    frame.loc[5, "D1"] = NAN  # left the gate blank
    return frame


def survey(**more: object) -> Survey:
    given = {"ratings": ratings(), "contact": contact(), "weights": W, "min_raters": 5} | more
    return small.survey(given.pop("book", book()), pd.DataFrame(index=ratings().index), **given)  # type: ignore[arg-type]


def analysed(**more: object) -> Result:
    result = scores.departments(survey(**more))
    assert result is not None
    return result


def by_code(result: Result) -> Any:
    return result.table.set_index("department")


def roles_of(result: Result) -> Any:
    return result.extra["by_role"].set_index("role")


def test_departments_are_listed_by_role_in_the_order_of_the_codebook() -> None:
    table = analysed().table
    assert table["department"].tolist() == ["D2", "D4", "D1", "D5", "D3"]
    assert table["label"].tolist() == ["税务局", "公安局", "教育局", "供水公司", "法院"]
    assert table["role"].tolist() == ["regulator", "regulator", "service", "utility", "judiciary"]


def test_the_raw_score_is_the_weighted_mean_of_its_raters() -> None:
    row = by_code(analysed()).loc["D1"]
    on_100 = (ratings()["D1"] - 1) * 25
    rated = on_100.notna().to_numpy()
    assert row["raw"] == pytest.approx(np.average(on_100[rated], weights=W[rated]))
    low, high = mean(on_100, Design(W)).interval(0.95)
    assert [row["raw_low"], row["raw_high"]] == pytest.approx([low[0], high[0]])
    assert row["n"] == 6


# --- severity taken out, the long way -----------------------------------------------------------------------

RANKED = ["D1", "D2", "D4"]  # five raters or more; D3 has one, D5 none


def by_dummies(y: pd.DataFrame, w: np.ndarray) -> tuple[pd.Series, float]:
    """Scores by weighted least squares with a dummy for every firm, and the level of the average firm."""
    long = y.reset_index().melt("rid", var_name="department", value_name="y").dropna()
    x = pd.get_dummies(long[["rid", "department"]].astype(str), dtype=float)
    root = np.sqrt(pd.Series(w, index=y.index).loc[long["rid"]].to_numpy())
    found = pd.Series(np.linalg.lstsq(root[:, None] * x, root * long["y"], rcond=None)[0], index=x.columns)
    theta = pd.Series({code: float(found[f"department_{code}"]) for code in y.columns})
    firms = np.array([found[f"rid_{rid}"] for rid in y.index])
    shift = float(np.mean([theta[code] for code in RANKED]))
    return theta - shift, float(np.average(firms, weights=w) + shift)


def influence(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """w_i times the slope in w_i of the scores (n, d) and of the level (n,): what linearisation means."""
    y, step = on_100(), 1e-5
    scores_, levels = [], []
    for i in range(len(w)):
        change = np.zeros(len(w))
        change[i] = step
        more, less = by_dummies(y, w + change), by_dummies(y, w - change)
        scores_.append(w[i] * (more[0] - less[0]).to_numpy() / (2 * step))
        levels.append(w[i] * (more[1] - less[1]) / (2 * step))
    return np.array(scores_), np.array(levels)


def on_100() -> pd.DataFrame:
    return (ratings()[["D1", "D2", "D3", "D4"]] - 1) * 25


def test_an_adjusted_score_is_the_level_and_the_difference_between_departments() -> None:
    table = by_code(analysed())
    theta, level = by_dummies(on_100(), W)
    for department in theta.index:
        assert table.loc[department, "estimate"] == pytest.approx(level + theta[department], abs=1e-8)


def worth(z: np.ndarray) -> float:
    """Effective degrees of freedom of a linearised value, firms singly."""
    return float(min((z**2).sum() ** 2 / (z**4).sum(), (np.abs(z) > 1e-9).sum() - 1))


def test_errors_are_those_of_the_difference_from_the_mean() -> None:
    result = analysed()
    table = by_code(result)
    z, of_level = influence(W)
    expected = 10 / 9 * z.T @ z  # ten firms, D1 to D4
    order = [list(table.index).index(department) for department in RANKED]
    np.testing.assert_allclose(
        result.extra["cov"][np.ix_(order, order)],
        expected[np.ix_([0, 1, 3], [0, 1, 3])],
        rtol=1e-5,
        atol=1e-6,
    )
    error = np.sqrt(expected[1, 1])
    assert table.loc["D2", "std_error"] == pytest.approx(error, rel=1e-5)
    t = stats.t(worth(z[:, 1])).ppf(0.975)
    own_units = z[:, [0, 1, 3]] / np.sqrt(np.diag(expected)[[0, 1, 3]])
    assert result.extra["df"] == pytest.approx(worth(np.sqrt((own_units**2).sum(axis=1))), rel=1e-4)
    ends = table.loc["D2", ["conf_low", "conf_high"]].astype(float) - table.loc["D2", "estimate"]
    assert ends.tolist() == pytest.approx([-t * error, t * error], rel=1e-5)
    average = result.extra["mean"].loc[0]
    assert average["std_error"] == pytest.approx(np.sqrt(10 / 9 * of_level @ of_level), rel=1e-5)


def test_a_stricter_firm_changes_no_difference() -> None:
    strict = ratings()
    strict.loc[2] = strict.loc[2] - 2
    before, after = analysed().table, analysed(ratings=strict).table
    np.testing.assert_allclose(before["std_error"], after["std_error"], atol=1e-9)
    np.testing.assert_allclose(before["estimate"].diff(), after["estimate"].diff(), atol=1e-9)


def test_the_mean_is_the_level_of_the_ranked() -> None:
    result = analysed()
    average = result.extra["mean"].loc[0]
    scored = by_code(result).loc[RANKED, "estimate"]
    assert average["estimate"] == pytest.approx(scored.mean())
    assert (average["role"], average["departments"], average["n"]) == ("all", 3, 10)
    assert average["conf_low"] < average["estimate"] < average["conf_high"]
    assert (result.extra["ranked"], result.extra["adjusted"]) == (3, True)


def test_tiers_and_places_are_those_of_the_ranked() -> None:
    result = analysed()
    table = by_code(result)
    order = [list(table.index).index(department) for department in RANKED]
    cov = result.extra["cov"][np.ix_(order, order)]
    sets = ranks.rank_sets(table.loc[RANKED, "estimate"], cov, df=result.extra["df"])
    assert table.loc[RANKED, "rank_low"].tolist() == sets.lower.tolist()
    assert table.loc[RANKED, "rank_high"].tolist() == sets.upper.tolist()
    assert result.extra["rank_width"] == sets.width.mean()
    own = [worth(influence(W)[0][:, j]) for j in (0, 1, 3)]  # D1, D2, D4
    tiers = ranks.tiers(table.loc[RANKED, "estimate"], cov, df=own)
    low = result.extra["mean"].loc[0, "estimate"] + tiers.low
    np.testing.assert_allclose(table.loc[RANKED, "family_low"], low, rtol=1e-4)
    assert table.loc[RANKED, "tier"].tolist() == tiers.tier.tolist()
    assert table["tier_role"].tolist() == ["same", "same", "", "", ""]  # two regulators; one service alone
    listed = table.loc[["D3", "D5"]]
    assert listed[["family_low", "family_high", "rank_low", "rank_high"]].isna().all(axis=None)
    assert listed["tier"].tolist() == ["", ""]


def far_apart() -> pd.DataFrame:
    """Sixty firms; D2 well above, D1 well below, D4 between."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(3 + rng.normal(0, 0.3, (60, 5)), columns=list(ratings().columns), index=range(60))
    table["D2"] += 1.0
    table["D1"] -= 1.0
    return table + rng.normal(0, 0.5, (60, 1))


def test_thick_lies_in_thin_and_thin_meets_the_mean_where_nothing_is_clear() -> None:
    more = far_apart()
    result = analysed(ratings=more, contact=more, weights=np.ones(60))
    table, average = by_code(result), result.extra["mean"].loc[0, "estimate"]
    assert (table["family_low"] < table["conf_low"]).all()
    assert (table["conf_high"] < table["family_high"]).all()
    meets = (table["family_low"] <= average) & (average <= table["family_high"])
    assert (meets == (table["tier"] == "same")).all()
    assert table.loc[["D2", "D1"], "tier"].tolist() == ["above", "below"]
    assert table.loc["D2", ["rank_low", "rank_high"]].tolist() == [1, 1]
    assert table.loc["D1", ["rank_low", "rank_high"]].tolist() == [5, 5]
    roles = roles_of(result)
    assert roles["tier"].to_dict() == {
        "regulator": "above",
        "service": "below",
        "utility": "same",
        "judiciary": "same",
    }


def test_the_bound_for_those_without_contact() -> None:
    row = by_code(analysed()).loc["D1"]
    away = 5 * (1 - row["contact"] / 100)
    assert away > 0
    assert [row["selection_low"], row["selection_high"]] == pytest.approx(
        [row["estimate"] - away, row["estimate"] + away]
    )


# --- contact and discontent ---------------------------------------------------------------------------------


def test_contact_is_of_those_who_answered_the_gate() -> None:
    row = by_code(analysed()).loc["D1"]
    answered = np.arange(10) != 4
    dealt = (contact()["D1"] > 0).to_numpy()
    assert row["contact"] == pytest.approx(100 * W[dealt].sum() / W[answered].sum())
    assert (row["contact_count"], row["contact_n"]) == (7, 9)  # six raters and one without an opinion


def test_without_a_gate_those_who_rated_dealt_with_it() -> None:
    none = pd.DataFrame(index=ratings().index)
    row = by_code(analysed(book=book(gate=False), contact=none)).loc["D1"]
    rated = ratings()["D1"].notna().to_numpy()
    assert row["contact"] == pytest.approx(100 * W[rated].sum() / W.sum())
    assert (row["contact_count"], row["contact_n"]) == (6, 10)


def test_a_contact_known_without_a_gate_is_used() -> None:
    row = by_code(analysed(book=book(gate=False))).loc["D1"]
    assert (row["contact_count"], row["contact_n"]) == (7, 9)


def test_unhappy_are_the_two_lowest_of_five_levels() -> None:
    row = by_code(analysed()).loc["D1"]
    rated, low = ratings()["D1"].notna().to_numpy(), (ratings()["D1"] <= 2).to_numpy()
    assert row["unhappy"] == pytest.approx(100 * W[low].sum() / W[rated].sum())
    assert row["unhappy_count"] == 2


def test_unhappy_on_another_scale_is_below_its_middle() -> None:
    ten = ratings() * 2  # 2 4 6 8 10 on 0-10: 5 is the middle
    row = by_code(analysed(book=book(scale=small.TEN), ratings=ten)).loc["D1"]
    assert row["unhappy_count"] == 2
    assert row["raw"] == pytest.approx(np.average(ten["D1"].dropna() * 10, weights=W[ten["D1"].notna()]))


def test_graded_points_are_averaged_as_graded() -> None:
    graded = Scale(1, 5, anchors={5.0: 100.0, 4.0: 80.0, 3.0: 60.0, 2.0: 40.0, 1.0: 20.0})
    row = by_code(analysed(book=book(scale=graded))).loc["D1"]
    rated = ratings()["D1"].dropna()
    assert row["raw"] == pytest.approx(np.average(rated * 20, weights=W[ratings()["D1"].notna()]))
    assert row["unhappy_count"] == 2


# --- by role ------------------------------------------------------------------------------------------------


def test_a_role_is_compared_with_the_mean_of_all() -> None:
    result = analysed()
    table = by_code(result)
    roles = roles_of(result)
    assert roles.index.tolist() == ["regulator", "service", "utility", "judiciary"]
    regulators = roles.loc["regulator"]
    assert regulators["estimate"] == pytest.approx(table.loc[["D2", "D4"], "estimate"].mean())
    assert (regulators["departments"], regulators["n"]) == (2, 10)
    # theta of the three sums to zero: the mean of two of them is minus half the third
    assert regulators["std_error"] == pytest.approx(table.loc["D1", "std_error"] / 2)
    assert roles.loc["service", "std_error"] == pytest.approx(table.loc["D1", "std_error"])
    df = worth(influence(W)[0][:, 0])
    half = stats.t(df).ppf(0.975) * regulators["std_error"]
    assert regulators["conf_high"] - regulators["estimate"] == pytest.approx(half, rel=1e-4)
    half = stats.t(df).ppf(1 - 0.05 / 2 / 2) * regulators["std_error"]  # two roles at once
    assert regulators["family_high"] - regulators["estimate"] == pytest.approx(half, rel=1e-4)
    assert regulators["tier"] == "same"
    assert roles.loc["judiciary", "departments"] == 0
    assert np.isnan(roles.loc["judiciary", "estimate"])
    assert (roles.loc["utility", "n"], roles.loc["utility", "tier"]) == (0, "")


def test_a_role_that_is_all_there_is_has_nothing_to_be_compared_with() -> None:
    result = analysed(min_raters=7)  # D2 and D4, both regulators
    regulators = roles_of(result).loc["regulator"]
    assert (result.extra["ranked"], regulators["tier"]) == (2, "")
    assert np.isfinite(regulators["estimate"])
    assert np.isnan(regulators["conf_low"])


# --- too few, too far apart, all the same --------------------------------------------------------------------


def test_a_department_nobody_rated_is_listed_without_a_score() -> None:
    result = analysed()
    row = by_code(result).loc["D5"]
    assert (row["n"], row["contact_count"], row["contact"]) == (0, 0, 0)
    assert row[["estimate", "raw", "conf_low", "conf_high", "unhappy", "selection_low"]].isna().all()
    assert result.extra["notes"] == ("供水公司没有企业打分",)


def test_a_single_rater_gives_a_score_and_no_interval() -> None:
    row = by_code(analysed()).loc["D3"]
    assert (row["n"], row["raw"], row["unhappy_count"], row["tier"]) == (1, 25, 1, "")
    assert np.isfinite(row["estimate"])
    assert row[["conf_low", "conf_high", "raw_low", "raw_high"]].isna().all()


def test_too_few_raters_everywhere_leave_nothing_compared() -> None:
    result = analysed(min_raters=30)
    assert result.extra["by_role"]["estimate"].isna().all()
    assert result.extra["mean"]["estimate"].isna().all()
    assert result.extra["mean"]["n"].tolist() == [0]
    assert (result.table["tier"] == "").all()
    assert result.table["rank_low"].isna().all()
    assert result.table["estimate"].notna().sum() == 4
    assert np.isnan([result.extra[name] for name in ("df", "rank_width", "reliability")]).all()
    assert result.extra["notes"][-1] == "打分达到 30 家的部门不足两个，只列不比"


def in_two_parts() -> pd.DataFrame:
    table = ratings()
    table.loc[:5, ["D4", "D3"]] = NAN
    table.loc[6:, ["D1", "D2"]] = NAN
    table.loc[[6, 7], "D3"] = 4.0
    return table


def test_parts_without_a_common_rater_fall_back_on_raw_scores_and_say_so() -> None:
    result = analysed(ratings=in_two_parts(), min_raters=3)
    table = by_code(result)
    assert result.extra["adjusted"] is False
    assert result.extra["notes"] == (
        "供水公司没有企业打分",
        "部门分成 2 组（税务局、教育局｜公安局、法院），组与组之间没有共同的评分企业，改用原始得分比较",
    )
    np.testing.assert_allclose(table["estimate"], table["raw"])
    raw = mean((in_two_parts()[["D2", "D4", "D1", "D3"]] - 1) * 25, Design(W))
    against = contrast(raw, np.eye(4) - 1 / 4)
    np.testing.assert_allclose(table.loc[["D2", "D4", "D1", "D3"], "std_error"], against.std_error)
    low = table.loc["D2", "conf_low"] - result.extra["mean"].loc[0, "estimate"]
    y = (in_two_parts()[["D2", "D4", "D1", "D3"]].to_numpy() - 1) * 25
    w = np.where(np.isnan(y), 0, W[:, None])
    z = w / w.sum(axis=0) * (np.nan_to_num(y) - raw.estimate)
    t = stats.t(worth(z[:, 0] - z.mean(axis=1))).ppf(0.975)
    assert low == pytest.approx(against.estimate[0] - t * against.std_error[0])
    assert (table.loc[["D1", "D2", "D3", "D4"], "tier"] != "").all()


def test_a_small_department_apart_does_not_hinder_the_others() -> None:
    alone = ratings()
    alone.loc[10] = [NAN, NAN, 2, NAN, NAN]  # firm 10 rates the court and nothing else
    result = analysed(ratings=alone)
    table = by_code(result)
    assert result.extra["adjusted"]
    assert "法院与其他部门没有共同的评分企业，不给调整后得分" in result.extra["notes"]
    assert np.isnan(table.loc["D3", "estimate"])
    assert table.loc["D3", "raw"] == 25
    without = by_code(analysed(ratings=alone.assign(D3=NAN)))
    np.testing.assert_allclose(table.loc[RANKED, "conf_low"], without.loc[RANKED, "conf_low"])


def test_one_department_alone_shows_its_raw_score() -> None:
    only = ratings().assign(D1=NAN, D3=NAN, D4=NAN)
    result = analysed(ratings=only)
    row = by_code(result).loc["D2"]
    assert (row["estimate"], row["conf_low"]) == (row["raw"], row["raw_low"])
    assert (row["tier"], result.extra["adjusted"], result.extra["ranked"]) == ("", False, 1)


def test_constant_scores_are_tied_without_error() -> None:
    table = by_code(analysed(ratings=ratings() * 0 + 4))
    assert table.loc[RANKED, "estimate"].tolist() == [75.0] * 3
    assert table.loc[RANKED, "std_error"].tolist() == [0.0] * 3
    assert table.loc[RANKED, "tier"].tolist() == ["same"] * 3
    assert table.loc[RANKED, ["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 3]] * 3
    assert "variance" not in analysed(ratings=ratings() * 0 + 4).extra


def test_a_single_cluster_ranks_nobody() -> None:
    result = analysed(design=Design(W, clusters=["a"] * 10))
    assert (result.extra["ranked"], set(result.table["tier"])) == (0, {""})
    assert result.table["estimate"].notna().sum() == 4


def test_chambers_are_the_clusters() -> None:
    chambers = np.repeat(["a", "b", "c", "d", "e"], 2)
    clustered = by_code(analysed(design=Design(W, clusters=chambers)))
    adjusted = scores.severity_adjusted(on_100(), design=Design(W, clusters=chambers))
    ranked = np.array([1, 1, 0, 1]) / 3
    expected = contrast(adjusted, np.eye(4)[[0, 1, 3]] - ranked)
    np.testing.assert_allclose(clustered.loc[RANKED, "std_error"], expected.std_error)
    assert clustered.loc["D2", "std_error"] != pytest.approx(analysed().table["std_error"][0])


def test_a_department_known_in_few_clusters_widens_its_own_interval_only() -> None:
    more = far_apart()
    more.loc[10:, "D3"] = NAN
    chambers = np.repeat(np.arange(12), 5)
    result = analysed(ratings=more, contact=more, design=Design(np.ones(60), clusters=chambers))
    table = by_code(result)
    reach = (table["family_high"] - table["family_low"]) / table["std_error"]
    assert reach["D3"] > 2 * reach[["D1", "D2", "D4"]].max()  # ten raters of two chambers


def test_firms_with_zero_contact_do_not_pull_the_score() -> None:
    more = pd.concat([ratings(), ratings() * NAN]).set_index(pd.RangeIndex(1, 21, name="rid"))
    gates = pd.concat([contact(), contact() * 0]).set_index(more.index)
    twice = scores.departments(
        small.survey(book(), pd.DataFrame(index=more.index), ratings=more, contact=gates, weights=[*W, *W])
    )
    assert twice is not None
    once = analysed().table
    np.testing.assert_allclose(twice.table["estimate"], once["estimate"])
    assert (twice.table["contact"][:3] < once["contact"][:3]).all()


def test_a_survey_without_departments_has_no_scores() -> None:
    empty = pd.DataFrame(index=ratings().index)
    assert scores.departments(survey(book=small.codebook([]), ratings=empty, contact=empty)) is None
    assert scores.departments(survey(ratings=ratings() * NAN)) is None
    assert scores.departments(survey(ratings=empty)) is None


def test_a_demo_round(demo_root: Path) -> None:
    result = scores.departments(surveys.open("2022H2", demo_root))
    assert result is not None
    table = result.table
    assert len(table) == 35
    assert table["role"].drop_duplicates().tolist() == list(scores.ROLES)
    assert table["estimate"].between(0, 100).all()
    assert (table["n"] <= table["contact_count"]).all()
    assert (table["unhappy_count"] <= table["n"]).all()
    assert table["tier"].isin(["above", "same", "below"]).all()
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert (table["family_low"] < table["conf_low"]).all()
    assert (result.extra["ranked"], result.extra["adjusted"], result.extra["notes"]) == (35, True, ())
    assert result.extra["by_role"]["departments"].sum() == 35
    assert result.extra["cov"].shape == (35, 35)
    assert result.extra["variance"]["estimate"].sum() == pytest.approx(100)


# --- reliability --------------------------------------------------------------------------------------------


def test_a_complete_table_has_the_reliability_of_hoyt_and_cronbach() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 8)) + rng.normal(0, 0.8, (40, 1)) + rng.normal(0, 0.3, 8)
    est = scores.severity_adjusted(y)
    found = scores.reliability(est.estimate, est.cov, df=39 * 7)
    # alpha with departments as persons and respondents as items
    item, total = y.var(axis=0, ddof=1), y.sum(axis=0).var(ddof=1)
    alpha = 40 / 39 * (1 - y.T.var(axis=0, ddof=1).sum() / total)
    assert len(item) == 8
    assert found.estimate == pytest.approx(alpha, abs=1e-12)
    low, high = (1 - (1 - alpha) / stats.f(39 * 7, 7).ppf(p) for p in (0.025, 0.975))
    assert [found.low, found.high] == pytest.approx([low, high])
    assert found.estimate == pytest.approx(scores.crossed_table(y).reliability, abs=1e-6)


def test_unequal_and_correlated_errors_count_by_differences() -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(5, 5))
    cov, theta = root @ root.T, 4 * rng.normal(size=5)
    pairs = [(j, k) for j in range(5) for k in range(j)]
    error = np.mean([cov[j, j] + cov[k, k] - 2 * cov[j, k] for j, k in pairs]) / 2
    spread = np.mean([(theta[j] - theta[k]) ** 2 for j, k in pairs]) / 2
    assert scores.reliability(theta, cov).estimate == pytest.approx(1 - error / spread)
    assert scores.reliability(theta, cov + 7).estimate == pytest.approx(1 - error / spread)


def test_reliability_stays_between_nothing_and_all() -> None:
    noise = scores.reliability([1.0, 2, 3], np.eye(3) * 50)
    assert (noise.estimate, noise.low) == (0, 0)
    known = scores.reliability([1.0, 2, 3], np.zeros((3, 3)))
    assert (known.estimate, known.low, known.high) == (1, 1, 1)
    same = scores.reliability([70.1] * 3, np.zeros((3, 3)))
    assert (same.estimate, same.low, same.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("theta", "cov", "message"),
    [
        ([1.0], [[1.0]], "至少两个得分"),
        ([1.0, 2], np.eye(3), "一一对应"),
        ([1.0, NAN], np.eye(2), "有空值"),
    ],
)
def test_reliability_refuses(theta: list[float], cov: Any, message: str) -> None:
    with pytest.raises(scores.ScoresError, match=message):
        scores.reliability(theta, cov)


def test_the_parts_of_variance_are_those_of_the_crossed_fit() -> None:
    more = far_apart()
    parts = analysed(ratings=more, contact=more, weights=np.ones(60)).extra["variance"].set_index("part")
    fit = scores.crossed_table(more)
    for part, share in fit.shares.items():
        assert parts.loc[part, "estimate"] == pytest.approx(100 * share)
    assert parts["n"].tolist() == [60] * 3
