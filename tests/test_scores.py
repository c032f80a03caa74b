"""Department scores on ten firms, every number computed again by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import scores
from evalpkg import survey as surveys
from evalpkg.codebook import Scale
from evalpkg.estimate import Design, Result, mean

W = np.array([1.0, 2, 1, 3, 1, 1, 2, 1, 2, 1])
NAN = np.nan
DEPARTMENTS = [
    ("D1", "教育局", "service"),
    ("D2", "税务局", "regulator"),
    ("D3", "法院", "judiciary"),
    ("D4", "公安局", "regulator"),
    ("D5", "供水公司", "utility"),
]


def book(gate: bool = True, scale: Scale = small.FIVE) -> small.Codebook:
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


def survey(**more: object) -> small.Survey:
    given = {"ratings": ratings(), "contact": contact(), "weights": W, "min_raters": 5} | more
    return small.survey(given.pop("book", book()), pd.DataFrame(index=ratings().index), **given)  # type: ignore[arg-type]


def analysed(**more: object) -> Result:
    result = scores.departments(survey(**more))
    assert result is not None
    return result


def test_departments_are_listed_by_role_in_the_order_of_the_codebook() -> None:
    table = analysed().table
    assert table["department"].tolist() == ["D2", "D4", "D1", "D5", "D3"]
    assert table["label"].tolist() == ["税务局", "公安局", "教育局", "供水公司", "法院"]
    assert table["role"].tolist() == ["regulator", "regulator", "service", "utility", "judiciary"]


def test_a_score_is_the_weighted_mean_of_its_raters() -> None:
    row = analysed().table.set_index("department").loc["D1"]
    on_100 = (ratings()["D1"] - 1) * 25
    rated = on_100.notna().to_numpy()
    assert row["estimate"] == pytest.approx(np.average(on_100[rated], weights=W[rated]))
    low, high = mean(on_100, Design(W)).interval(0.95)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([low[0], high[0]])
    assert row["n"] == 6


def test_contact_is_of_those_who_answered_the_gate() -> None:
    row = analysed().table.set_index("department").loc["D1"]
    answered = np.arange(10) != 4
    dealt = (contact()["D1"] > 0).to_numpy()
    assert row["contact"] == pytest.approx(100 * W[dealt].sum() / W[answered].sum())
    assert (row["contact_count"], row["contact_n"]) == (7, 9)  # six raters and one without an opinion


def test_without_a_gate_those_who_rated_dealt_with_it() -> None:
    none = pd.DataFrame(index=ratings().index)
    row = analysed(book=book(gate=False), contact=none).table.set_index("department").loc["D1"]
    rated = ratings()["D1"].notna().to_numpy()
    assert row["contact"] == pytest.approx(100 * W[rated].sum() / W.sum())
    assert (row["contact_count"], row["contact_n"]) == (6, 10)


def test_a_contact_known_without_a_gate_is_used() -> None:
    row = analysed(book=book(gate=False)).table.set_index("department").loc["D1"]
    assert (row["contact_count"], row["contact_n"]) == (7, 9)


def test_unhappy_are_the_two_lowest_of_five_levels() -> None:
    row = analysed().table.set_index("department").loc["D1"]
    rated, low = ratings()["D1"].notna().to_numpy(), (ratings()["D1"] <= 2).to_numpy()
    assert row["unhappy"] == pytest.approx(100 * W[low].sum() / W[rated].sum())
    assert row["unhappy_count"] == 2


def test_unhappy_on_another_scale_is_below_its_middle() -> None:
    ten = ratings() * 2  # 2 4 6 8 10 on 0-10: 5 is the middle
    row = analysed(book=book(scale=small.TEN), ratings=ten).table.set_index("department").loc["D1"]
    assert row["unhappy_count"] == 2
    assert row["estimate"] == pytest.approx(np.average(ten["D1"].dropna() * 10, weights=W[ten["D1"].notna()]))


def test_graded_points_are_averaged_as_graded() -> None:
    graded = Scale(1, 5, anchors={5.0: 100.0, 4.0: 80.0, 3.0: 60.0, 2.0: 40.0, 1.0: 20.0})
    row = analysed(book=book(scale=graded)).table.set_index("department").loc["D1"]
    rated = ratings()["D1"].dropna()
    assert row["estimate"] == pytest.approx(np.average(rated * 20, weights=W[ratings()["D1"].notna()]))
    assert row["unhappy_count"] == 2


def test_a_department_nobody_rated_is_listed_without_a_score() -> None:
    row = analysed().table.set_index("department").loc["D5"]
    assert (row["n"], row["contact_count"], row["contact"]) == (0, 0, 0)
    assert row[["estimate", "conf_low", "conf_high", "unhappy"]].isna().all()


def test_a_single_rater_has_a_score_and_no_interval() -> None:
    row = analysed().table.set_index("department").loc["D3"]
    assert (row["n"], row["estimate"], row["unhappy_count"]) == (1, 25, 1)
    assert row[["conf_low", "conf_high"]].isna().all()


def test_the_covariance_is_in_the_order_of_the_rows() -> None:
    result = analysed()
    order = result.table["department"]
    expected = mean(((ratings() - 1) * 25)[order.tolist()], Design(W)).cov
    np.testing.assert_allclose(result.extra["cov"], expected)
    error = np.sqrt(np.diag(result.extra["cov"]))
    np.testing.assert_allclose(error[:3], result.table["std_error"][:3])


def test_a_role_is_the_mean_of_its_departments_with_enough_raters() -> None:
    result = analysed()
    table = result.table.set_index("department")
    roles = result.extra["by_role"].set_index("role")
    assert roles.index.tolist() == ["regulator", "service", "utility", "judiciary"]
    regulators = roles.loc["regulator"]
    assert regulators["estimate"] == pytest.approx(table.loc[["D2", "D4"], "estimate"].mean())
    assert (regulators["departments"], regulators["n"]) == (2, 10)
    # variance of the mean of two, from the same firms: (v1 + v2 + 2 c) / 4
    variance = result.extra["cov"][:2, :2].sum() / 4
    assert regulators["std_error"] == pytest.approx(np.sqrt(variance))
    assert roles.loc["judiciary", "departments"] == 0
    assert np.isnan(roles.loc["judiciary", "estimate"])
    assert roles.loc["utility", "n"] == 0


def test_the_mean_over_all_departments() -> None:
    result = analysed()
    table = result.table.set_index("department")
    average = result.extra["mean"].loc[0]
    assert average["estimate"] == pytest.approx(table.loc[["D1", "D2", "D4"], "estimate"].mean())
    assert (average["role"], average["departments"]) == ("all", 3)
    assert average["conf_low"] < average["estimate"] < average["conf_high"]


def test_too_few_raters_everywhere_leave_the_means_empty() -> None:
    result = analysed(min_raters=30)
    assert result.extra["by_role"]["estimate"].isna().all()
    assert result.extra["mean"]["estimate"].isna().all()
    assert result.extra["mean"]["n"].tolist() == [0]
    assert result.table["estimate"].notna().sum() == 4


def test_chambers_are_the_clusters() -> None:
    chambers = np.repeat(["a", "b", "c", "d", "e"], 2)
    clustered = analysed(design=Design(W, clusters=chambers)).table["std_error"][0]
    expected = mean((ratings()["D2"] - 1) * 25, Design(W, clusters=chambers)).std_error[0]
    assert clustered == pytest.approx(expected)
    assert clustered != pytest.approx(analysed().table["std_error"][0])


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
    assert result.extra["by_role"]["departments"].sum() == 35
    assert result.extra["cov"].shape == (35, 35)
