"""What goes with one department's rating: against brute force over models that all hold the level, and bad input."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from test_halo import book, changed, firms

from evalpkg import drivers
from evalpkg.drivers import DriversError
from evalpkg.drivers import level as levels
from evalpkg.drivers.freedom import degrees
from evalpkg.estimate import Design
from evalpkg.survey import Survey

CODES = ["D1", "D2", "D3"]


def found(survey: Survey, code: str = "d2") -> drivers.analysis.estimate.Result:
    result = drivers.department(survey, code)
    assert result is not None
    return result


def over_all_orders(sigma: np.ndarray, always: tuple[int, ...] = ()) -> list[float]:
    """Gains in R2 of three drivers over all orders in which they follow `always`, per cent."""

    def r2(chosen: tuple[int, ...]) -> float:
        rows = [*always, *chosen]
        return float(
            sigma[0, rows] @ np.linalg.pinv(sigma[np.ix_(rows, rows)]) @ sigma[rows, 0] / sigma[0, 0]
        )

    gains = np.zeros(3)
    for order in permutations((1, 2, 3)):
        for place, driver in enumerate(order):
            gains[driver - 1] += (r2(order[: place + 1]) - r2(order[:place])) * 100 / 6
    return gains.tolist()


def moments_of_raters(survey: Survey, code: str) -> np.ndarray:
    """Covariance of the rating, the drivers and the level elsewhere among raters who rated two others, error taken out."""
    own = levels.of_respondents(survey, without=code)
    assert own is not None
    raters = survey.ratings[code].notna().to_numpy()
    assert own.known[raters].all()  # nobody has gaps, so that the moments are plain
    weights = survey.design.weights[raters]
    data = np.column_stack([survey.ratings[code], survey.responses[CODES], own.value])[raters]
    sigma = np.cov(data.T, aweights=weights, ddof=0)
    sigma[-1, -1] -= np.average(own.error[raters], weights=weights)
    return sigma


def well_rated() -> Survey:
    """Every rater of d2 rated at least two others."""
    survey = firms(n=400)
    few = survey.ratings.drop(columns="d2").notna().sum(axis=1) < 2
    ratings = survey.ratings.copy()
    ratings.loc[few, "d2"] = np.nan
    return changed(survey, ratings=ratings)


def test_shares_by_brute_force_with_the_level_always_in() -> None:
    survey = well_rated()
    result = found(survey)
    sigma = moments_of_raters(survey, "d2")
    table = result.table.set_index("item").loc[CODES]
    np.testing.assert_allclose(table["estimate"], over_all_orders(sigma, (4,)), atol=1e-8)
    assert result.extra["r2"] == pytest.approx(table["estimate"].sum())
    assert result.extra["halo_share"] == pytest.approx(100 * sigma[0, 4] ** 2 / sigma[0, 0] / sigma[4, 4])
    assert result.extra["r2_low"] < result.extra["r2"] < result.extra["r2_high"]
    raters = int(survey.ratings["d2"].notna().sum())
    assert (table["n"].tolist(), result.extra["raters_count"]) == ([raters] * 3, raters)
    assert (result.name, result.unit, result.total) == ("department_drivers", "%", 400)
    assert (result.extra["department"], result.extra["notes"]) == ("部门2", ())


def test_the_level_takes_what_is_nobody_elses() -> None:
    # ratings hold the level and no driver by itself: nearly nothing is left for the drivers
    assert found(firms(n=2000)).extra["r2"] < 3
    survey = firms(n=2000)
    ratings = survey.ratings.assign(d2=survey.ratings["d2"] + survey.responses["D3"])
    table = found(changed(survey, ratings=ratings)).table
    assert table["item"].iloc[0] == "D3" and table["estimate"].iloc[0] > 20
    assert table["p_first"].sum() == pytest.approx(100)
    assert table.set_index("item").loc["D3", ["rank_low", "rank_high"]].tolist() == [1, 1]
    assert ((table["conf_low"] <= table["estimate"]) & (table["estimate"] <= table["conf_high"])).all()


def test_only_raters_count() -> None:
    survey = well_rated()
    outside = survey.ratings["d2"].isna()
    others = survey.responses.copy()
    others.loc[outside, CODES] = 1.0
    pd.testing.assert_frame_equal(found(survey).table, found(changed(survey, responses=others)).table)


def test_without_other_ratings_the_level_stays_in_aloud() -> None:
    survey = firms()
    only = survey.ratings.copy()
    only[[c for c in only if c != "d2"]] = np.nan
    result = found(changed(survey, ratings=only))
    raters = only["d2"].notna().to_numpy()
    data = np.column_stack([only["d2"], survey.responses[CODES]])[raters]
    sigma = np.cov(data.T, aweights=survey.design.weights[raters], ddof=0)
    np.testing.assert_allclose(
        result.table.set_index("item").loc[CODES, "estimate"], over_all_orders(sigma), atol=1e-8
    )
    assert "没有扣除打分松紧" in result.extra["notes"][0]
    assert np.isnan(result.extra["halo_share"])


def test_collinear_drivers_are_named_and_share_alike() -> None:
    survey = firms()
    result = found(changed(survey, responses=survey.responses.assign(D3=survey.responses["D1"])))
    shares = result.table.set_index("item")["estimate"]
    assert shares["D1"] == pytest.approx(shares["D3"], abs=1e-6)
    assert "“方面1”“方面3”可以由彼此完全推出" in result.extra["notes"][-1]


def test_a_constant_driver_is_left_out_aloud() -> None:
    survey = firms()
    result = found(changed(survey, responses=survey.responses.assign(D2=3.0)))
    assert sorted(result.table["item"]) == ["D1", "D3"]
    assert result.extra["left_out"][0].startswith("“方面2”未列入")


def test_one_driver_has_no_place_among_others() -> None:
    survey = firms()
    table = found(changed(survey, book=book(p=1))).table
    assert table[["rank_low", "rank_high", "p_first"]].isna().to_numpy().all()


@pytest.mark.parametrize(
    ("survey", "code", "says"),
    [
        (firms(), "d9", "没有代码为“d9”的部门；可用的代码是 d0、d1"),
        (firms(n=35), "d2", "打分的企业.*家，分析 3 项因素至少要 30 家"),
        (changed(firms(), ratings=firms().ratings.assign(d2=4.0)), "d2", "所有企业对“部门2”的回答都相同"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_one_line(survey: Survey, code: str, says: str) -> None:
    with pytest.raises(DriversError, match=says) as caught:
        drivers.department(survey, code)
    assert "\n" not in str(caught.value)


def test_many_drivers_need_many_raters() -> None:
    survey = firms(n=60, met=0.7)  # some 40 raters: enough for three drivers, not for five
    more = survey.responses.assign(D4=survey.responses["D1"] * 2, D5=survey.responses["D2"] + 1)
    with pytest.raises(DriversError, match="分析 5 项因素至少要 50 家"):
        drivers.department(changed(survey, book=book(p=5), responses=more), "d2")


def test_what_was_not_asked_has_no_drivers() -> None:
    survey = firms()
    assert drivers.department(changed(survey, ratings=survey.ratings.assign(d2=np.nan)), "d2") is None
    assert drivers.department(changed(survey, ratings=survey.ratings.drop(columns="d2")), "d2") is None
    assert drivers.department(changed(survey, responses=survey.responses.drop(columns=CODES)), "d2") is None
    assert (
        drivers.department(
            changed(survey, responses=survey.responses.assign(**dict.fromkeys(CODES, np.nan))), "d2"
        )
        is None
    )


# --- degrees of freedom --------------------------------------------------------------------------------


def test_equal_clusters_have_their_number_less_one() -> None:
    design = Design(np.ones(40), clusters=np.arange(40) % 8)
    assert degrees(design, np.ones(40, dtype=bool)) == pytest.approx(7)
    assert degrees(design, np.arange(40) % 8 < 5) == pytest.approx(4)
    assert degrees(design, np.arange(40) < 1) == 1
    assert degrees(design, np.ones(40, dtype=bool), draws=15) == pytest.approx(14 / 3)  # 1/7 + 1/14


def test_a_variance_of_unequal_parts_varies_as_chi_square_of_these_degrees() -> None:
    sizes = np.array([1, 2, 3, 5, 9, 12])
    design = Design(np.ones(sizes.sum()), clusters=np.repeat(np.arange(6), sizes))
    added = 0.95 * sizes + 0.05 * sizes**2
    total = (added * np.random.default_rng(0).normal(size=(200_000, 6)) ** 2).sum(axis=1)
    df = 2 * total.mean() ** 2 / total.var()
    assert degrees(design, np.ones(len(design.weights), dtype=bool)) == pytest.approx(df - 1, rel=0.02)
