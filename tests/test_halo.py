"""The respondent's level taken out: against explicit two-stage least squares over random halves, and on small surveys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import drivers
from evalpkg.drivers import DriversError, control, sample
from evalpkg.drivers import level as levels
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.halo import _holm as holm
from evalpkg.survey import Survey

DEPARTMENTS = 6


def book(p: int = 3, departments: int = DEPARTMENTS) -> small.Codebook:
    rated = [
        small.item(f"R{d}", "rating", f"部门{d}", scale=small.FIVE, department=f"d{d}")
        for d in range(departments)
    ]
    asked = [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in range(1, p + 1)]
    outcome = small.item("F1", "outcome", "总体满意度", scale=small.TEN)
    return small.codebook(
        [outcome, *asked, *rated], [(f"d{d}", f"部门{d}", "service") for d in range(departments)]
    )


def firms(
    n: int = 300, seed: int = 1, b: float = 1.0, own: float = 1.0, noise: float = 1.0, met: float = 0.7
) -> Survey:
    """A level in everything; the first driver counts by itself as well."""
    rng = np.random.default_rng(seed)
    level = own * rng.normal(size=n)
    x = level[:, None] + rng.normal(size=(n, 3))
    y = level + b * x[:, 0] + rng.normal(size=n)
    marks = level[:, None] + np.linspace(-1, 1, DEPARTMENTS) + noise * rng.normal(size=(n, DEPARTMENTS))
    marks[rng.random(marks.shape) > met] = np.nan
    answers = pd.DataFrame(3 + x, columns=["D1", "D2", "D3"]).assign(F1=5 + y)
    ratings = pd.DataFrame(3 + marks, columns=[f"d{d}" for d in range(DEPARTMENTS)])
    weights = np.where(np.arange(n) < n // 3, 2.0, 1.0)
    return small.survey(book(), answers, weights=weights, clusters=np.arange(n) % 60, ratings=ratings)


def changed(survey: Survey, **more: object) -> Survey:
    return small.survey(
        more.get("book", survey.codebook),  # type: ignore[arg-type]
        more.get("responses", survey.responses),  # type: ignore[arg-type]
        design=survey.design,
        ratings=more.get("ratings", survey.ratings),  # type: ignore[arg-type]
    )


def found(survey: Survey) -> drivers.analysis.estimate.Result:
    result = drivers.halo(survey)
    assert result is not None
    return result


# --- the second, plainer way ---------------------------------------------------------------------------


def with_dummies(ratings: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Levels of respondents by least squares with a dummy for every respondent and every department."""
    n, d = ratings.shape
    i, j = np.nonzero(~np.isnan(ratings))
    columns = np.zeros((len(i), n + d))
    columns[np.arange(len(i)), i] = columns[np.arange(len(i)), n + j] = 1
    root = np.sqrt(weights[i])[:, None]
    b = np.linalg.lstsq(root * columns, root[:, 0] * ratings[i, j], rcond=None)[0]
    return b[:n] + b[n:].mean()


def residuals(survey: Survey) -> np.ndarray:
    """Ratings (0-100) less what departments differ by."""
    ratings = (survey.ratings.to_numpy() - 1) * 25
    own = with_dummies(ratings, survey.design.weights)
    i, j = np.nonzero(~np.isnan(ratings))
    theta = np.array([np.average((ratings - own[:, None])[i[j == d], d], weights=survey.design.weights[i[j == d]])
                      for d in range(DEPARTMENTS)])  # fmt: skip
    return ratings - theta


def split(r: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Means of a random half of each respondent's ratings, and of the other half."""
    order = np.argsort(np.where(np.isnan(r), 2.0, rng.random(r.shape)), axis=1)
    shuffled = np.take_along_axis(r, order, axis=1)
    count = (~np.isnan(r)).sum(axis=1)
    half = (count + (rng.random(len(r)) < 0.5)) // 2
    place = np.arange(r.shape[1])
    first = np.nanmean(np.where(place < half[:, None], shuffled, np.nan), axis=1)
    second = np.nanmean(np.where(place >= half[:, None], shuffled, np.nan), axis=1)
    return first, second


def two_stage(y: np.ndarray, x: np.ndarray, h: np.ndarray, z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients of x when h is instrumented by z: b = (Z'WX)^-1 Z'Wy."""
    ones = np.ones((len(y), 1))
    right, instruments = np.column_stack([ones, x, h]), np.column_stack([ones, x, z])
    weighted = instruments * weights[:, None]
    return np.linalg.solve(weighted.T @ right, weighted.T @ y)[1:-1]


def test_levels_equal_dummies_for_everybody() -> None:
    survey = firms()
    ratings = (survey.ratings.to_numpy() - 1) * 25
    expected = with_dummies(ratings, survey.design.weights)
    own = levels.of_respondents(survey)
    assert own is not None
    answered = ~np.isnan(ratings).all(axis=1)
    off = (own.value - expected)[answered]
    np.testing.assert_allclose(off, off[0], atol=1e-8)  # the same up to the zero point
    assert np.isnan(own.value[~answered]).all()


def test_a_department_that_strict_firms_meet_is_not_held_against_them() -> None:
    ratings = np.array([[70.0, 50.0, np.nan], [60.0, 40.0, 20.0], [np.nan, 40.0, 20.0], [70.0, 50.0, np.nan]])
    own = levels.level(ratings, np.ones(4))
    assert np.diff(own.value).round(9).tolist() == [-10.0, 0.0, 10.0]
    assert own.error.round(12).tolist() == [0, 0, 0, 0]


def test_departments_without_a_common_rater_keep_their_plain_means() -> None:
    ratings = np.array(
        [[60.0, 40.0, np.nan, np.nan], [80.0, 60.0, np.nan, np.nan], [np.nan, np.nan, 20.0, 10.0]]
    )
    assert levels.level(ratings, np.ones(3)).value.round(9).tolist() == [-10.0, 10.0, 0.0]


def test_what_is_subtracted_is_the_mean_over_all_pairs_of_departments() -> None:
    survey = firms()
    r, own = residuals(survey), levels.of_respondents(survey)
    assert own is not None
    given = ~np.isnan(r)
    inside = given.sum(axis=1) - 1
    lost = inside[inside > 0].sum() / (inside[inside > 0].sum() - DEPARTMENTS + 1)
    for i in np.flatnonzero(own.known)[:40]:
        mine = r[i, given[i]]
        pairs = [a * b for k, a in enumerate(mine) for m, b in enumerate(mine) if k != m]
        assert mine.mean() ** 2 - own.error[i] / lost == pytest.approx(np.mean(pairs), abs=1e-6)


def test_coefficients_are_those_of_two_stage_least_squares_over_many_halves() -> None:
    survey = firms(n=600)
    r = residuals(survey)
    kept = (~np.isnan(r)).sum(axis=1) > 1
    y = survey.responses["F1"].to_numpy()[kept] * 10
    x, weights = (survey.responses[["D1", "D2", "D3"]].to_numpy()[kept] - 1) * 25, survey.design.weights[kept]
    rng = np.random.default_rng(3)
    several = []
    for _ in range(400):
        first, second = split(r[kept], rng)
        several += [two_stage(y, x, a, b, weights) for a, b in ((first, second), (second, first))]
    table = found(survey).table.set_index("item").loc[["D1", "D2", "D3"]]
    expected = np.mean(several, axis=0) * 25
    # moments are averaged over splits, here estimates: the same but for a small part of the standard error
    assert (np.abs(table["estimate"] - expected) < 0.1 * table["std_error"]).all()
    plain = np.linalg.lstsq(
        np.sqrt(weights)[:, None] * np.column_stack([np.ones(len(x)), x]), np.sqrt(weights) * y
    )[0]
    np.testing.assert_allclose(table["plain"], plain[1:] * 25, atol=1e-8)


def test_shares_and_coefficients_by_brute_force_from_the_moments() -> None:
    survey = firms()
    own = levels.of_respondents(survey)
    assert own is not None
    kept, weights = own.known, survey.design.weights
    data = np.column_stack([survey.responses[["F1", "D1", "D2", "D3"]].to_numpy(), own.value])[kept]
    sigma = np.cov(data.T, aweights=weights[kept], ddof=0)
    sigma[-1, -1] -= np.average(own.error[kept], weights=weights[kept])

    def r2(*chosen: int) -> float:
        rows = [*chosen, 4]
        return sigma[0, rows] @ np.linalg.solve(sigma[np.ix_(rows, rows)], sigma[rows, 0]) / sigma[0, 0]

    expected = [
        ((r2(a) - r2()) * 2 + r2(a, b) - r2(b) + r2(a, c) - r2(c) + 2 * (r2(a, b, c) - r2(b, c))) / 6 * 100
        for a, b, c in ((1, 2, 3), (2, 1, 3), (3, 1, 2))
    ]
    result = found(survey)
    table = result.table.set_index("item").loc[["D1", "D2", "D3"]]
    np.testing.assert_allclose(table["share"], expected, atol=1e-8)
    slopes = np.linalg.solve(sigma[1:, 1:], sigma[1:, 0])[:3]
    np.testing.assert_allclose(
        table["estimate"], slopes * 10, atol=1e-8
    )  # a step each: 25 / 25 marks, 10 points
    assert result.extra["halo_share"] == pytest.approx(r2() * 100)
    plain = np.cov(data[:, -1], aweights=weights[kept], ddof=0)
    assert result.extra["reliability"] == pytest.approx(sigma[-1, -1] / plain)
    assert result.extra["reliability_half"] == pytest.approx(sigma[-1, -1] / (2 * plain - sigma[-1, -1]))


# --- the analysis --------------------------------------------------------------------------------------


def test_the_table_says_what_is_sure() -> None:
    result = found(firms())
    table = result.table.set_index("item")
    assert (result.name, result.unit, result.total) == ("halo", "分", 300)
    assert table["sure"].to_dict() == {"D1": "up", "D2": "no", "D3": "no"}
    assert table["estimate"].is_monotonic_decreasing
    assert table["step"].tolist() == [25, 25, 25]
    assert ((table["family_low"] < table["conf_low"]) & (table["conf_high"] < table["family_high"])).all()
    assert (table["plain"] > table["estimate"]).all()  # what the level lent them
    assert table.loc["D1", "p_holm"] < 1e-6 < 0.05 < table.loc[["D2", "D3"], "p_holm"].min()
    assert result.extra["outside_count"] == 300 - table["n"].max()
    few = sample.about(result.extra["outside_count"], 10)
    assert f"{few} 家企业打过分的部门不足两个" in result.extra["notes"][-1]


def test_the_same_seed_gives_the_same_result() -> None:
    pd.testing.assert_frame_equal(found(firms()).table, found(firms()).table)


def test_holm_by_hand() -> None:
    draws = np.random.default_rng(0).normal(size=(50_000, 3))
    adjusted = holm(Drawn(np.array([1.0, 2.5, 2.0]), draws), df=1e9)
    # two-sided normal p-values .3173, .0124, .0455, times 1, 3, 2
    assert adjusted == pytest.approx([0.3173, 0.0373, 0.0910], abs=0.002)


def test_gaps_drop_nobody() -> None:
    survey = firms()
    gaps = survey.responses.copy()
    gaps.loc[np.random.default_rng(0).random(300) < 0.3, "D2"] = np.nan
    table = found(changed(survey, responses=gaps)).table.set_index("item")
    assert table.loc["D2", "n"] < 0.8 * table.loc["D1", "n"] == 0.8 * found(survey).table["n"].max()
    whole = found(survey).table.set_index("item")
    assert table.loc["D1", "estimate"] == pytest.approx(
        whole.loc["D1", "estimate"], abs=2 * whole.loc["D1", "std_error"]
    )


def test_collinear_drivers_share_alike() -> None:
    survey = firms()
    table = found(
        changed(survey, responses=survey.responses.assign(D3=survey.responses["D2"]))
    ).table.set_index("item")
    for column in ("estimate", "share"):
        assert table.loc["D2", column] == pytest.approx(table.loc["D3", column], abs=1e-6)


def test_a_constant_driver_is_left_out() -> None:
    survey = firms()
    table = found(changed(survey, responses=survey.responses.assign(D3=2.0))).table
    assert sorted(table["item"]) == ["D1", "D2"]


def test_a_control_that_cannot_be_told_apart_is_not_used() -> None:
    silent = (
        firms(noise=20.0),  # marks of departments say next to nothing on the firm
        changed(firms(), ratings=firms().ratings * 0 + 3.0),  # everybody gives everything a 3
        changed(
            firms(), ratings=firms().ratings.where(np.eye(DEPARTMENTS)[np.arange(300) % DEPARTMENTS] > 0)
        ),  # one each
    )
    for survey, why in zip(silent, ("分不开", "分不开", "不足 10 家"), strict=True):
        result = found(survey)
        assert result.table.empty and "share" in result.table
        assert "没有扣除打分松紧" in result.extra["notes"][0] and why in result.extra["notes"][0]


def test_a_survey_without_drivers_or_departments_has_no_halo() -> None:
    survey = firms()
    assert drivers.halo(changed(survey, ratings=pd.DataFrame(index=survey.responses.index))) is None
    assert drivers.halo(changed(survey, ratings=survey.ratings * np.nan)) is None
    assert drivers.halo(changed(survey, responses=survey.responses.drop(columns="F1"))) is None
    assert drivers.halo(changed(survey, book=book(departments=0))) is None


def test_an_outcome_of_one_level_is_refused() -> None:
    survey = firms()
    with pytest.raises(DriversError, match="回答都相同") as caught:
        drivers.halo(changed(survey, responses=survey.responses.assign(F1=7.0)))
    assert "\n" not in str(caught.value)


def test_strength_counts_standard_errors() -> None:
    survey = firms()
    assert found(survey).extra["strength"] > control.STRONG
    assert found(firms(noise=3.0)).extra.get("strength", 0) < found(survey).extra["strength"]
