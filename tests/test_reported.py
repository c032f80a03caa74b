"""Adjusted differences by theme: against plain least squares, the CR2 matrices by full matrices, null and planted worlds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from scipy import stats

from evalpkg import disclosure, drivers
from evalpkg import survey as surveys
from evalpkg.drivers import DriversError, adjustment

LABELS = {"FIN": "融资", "LAB": "用工"}


def ten() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Ten enterprises: marks 0-10, themes named, weights."""
    responses = pd.DataFrame({"F1": [9.0, 7, 4, 5, 8, 3, 6, 10, 2, 7]}, index=range(100, 110))
    named = pd.DataFrame(
        {
            "FIN": [0, 1, 1, 0, 0, 1, 0, 0, 1, 0],
            "LAB": [0, 0, 1, 1, 0, 1, 1, 0, 0, 0],
            "wrote": [0, 1, 1, 1, 1, 1, 1, 0, 1, 1],
        },
        index=responses.index,
    )
    return responses, named, np.array([1.0, 2, 1, 3, 1, 2, 1, 1, 2, 1])


def opened(responses: pd.DataFrame, **more: Any) -> surveys.Survey:
    items = [small.item("F1", "outcome", "总体满意度", scale=small.TEN)]
    items += [
        small.item(c, r, type="category", options={k: k for k in "ABCD"})
        for c, r in (("A6", "size"),)
        if r in responses
    ]
    return small.survey(small.codebook(items), responses, **{"min_raters": 2, **more})


def found(survey: surveys.Survey, named: pd.DataFrame, labels: Any = None, **more: Any) -> Any:
    result = drivers.reported(survey, named, LABELS if labels is None else labels, **more)
    assert result is not None
    return result


def test_ten_enterprises_by_plain_weighted_least_squares() -> None:
    responses, named, weights = ten()
    x = np.column_stack([np.ones(10), named.to_numpy()])
    root = np.sqrt(weights)
    by_hand = np.linalg.lstsq(root[:, None] * x, root * responses["F1"].to_numpy() * 10, rcond=None)[0]
    table = found(opened(responses, weights=weights), named).table.set_index("theme")
    assert table["estimate"].to_dict() == pytest.approx({"FIN": by_hand[1], "LAB": by_hand[2]})
    assert table["n"].to_dict() == {"FIN": 4, "LAB": 4}
    assert list(table.index) == list(table["estimate"].sort_values().index)


def test_without_anything_to_adjust_for_it_is_the_difference_of_two_means() -> None:
    responses, named, _ = ten()
    result = found(opened(responses), named[["FIN"]], wrote=pd.Series(dtype=bool))
    marks, fin = responses["F1"].to_numpy() * 10, named["FIN"].to_numpy() == 1
    row = result.table.iloc[0]
    assert row["estimate"] == pytest.approx(marks[fin].mean() - marks[~fin].mean())
    # CR2 with equal weights and independent respondents is the variance of two means, each over n - 1, as Welch has it
    variance = marks[fin].var(ddof=1) / fin.sum() + marks[~fin].var(ddof=1) / (~fin).sum()
    assert row["std_error"] ** 2 == pytest.approx(variance * 10 / 9)  # the design's clusters / (clusters - 1)
    assert result.extra["controls"] == ()
    assert "没有另外扣除" in "".join(result.extra["notes"])  # nobody wrote: constant


def test_sizes_are_made_alike() -> None:
    """Large ones are milder and name nothing: within sizes there is no difference at all."""
    rng = np.random.default_rng(1)
    size = np.repeat(["A", "B"], [120, 80])
    fin = np.where(size == "A", rng.random(200) < 0.1, rng.random(200) < 0.6).astype(int)
    responses = pd.DataFrame({"F1": np.where(size == "A", 9.0, 4.0) + rng.choice([-1, 1], 200), "size": size})
    named = pd.DataFrame({"FIN": fin, "wrote": 1})
    table = found(opened(responses), named).table
    raw = 10 * (responses["F1"][fin == 1].mean() - responses["F1"][fin == 0].mean())
    assert raw < -15
    assert abs(table["estimate"].iloc[0]) < 5
    assert table["sure"].iloc[0] == "no"
    alike = [10 * responses["F1"].to_numpy(), np.column_stack([np.ones(200), fin, size == "B"]).astype(float)]
    assert table["estimate"].iloc[0] == pytest.approx(np.linalg.lstsq(alike[1], alike[0], rcond=None)[0][1])


# --- the variance --------------------------------------------------------------------------------------


def test_the_family_interval_is_bonferroni() -> None:
    responses, named, weights = ten()
    table = found(opened(responses, weights=weights), named).table
    half = (table["family_high"] - table["family_low"]) / 2
    plain = (table["conf_high"] - table["conf_low"]) / 2
    for wide, narrow, error in zip(half, plain, table["std_error"], strict=True):
        df = next(d for d in np.arange(1, 12, 0.001) if stats.t.ppf(0.975, d) * error <= narrow)
        assert wide == pytest.approx(stats.t.ppf(1 - 0.05 / 4, df) * error, rel=1e-2)


def world(rng: np.random.Generator, effect: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """300 enterprises of 30 chambers that differ; six themes, the first `effect` marks lower; weights."""
    chamber = np.repeat(np.arange(30), 10)
    wrote = rng.random(300) < 0.7
    named = pd.DataFrame(
        (rng.random((300, 6)) < 0.25) & wrote[:, None], columns=[f"T{j}" for j in range(6)]
    ).astype(int)
    level = rng.normal(0, 0.5, 30)[chamber] - 1.0 * wrote + effect * named["T0"].to_numpy()
    marks = np.clip(np.rint(7.5 + level + rng.normal(0, 1.3, 300)), 0, 10)
    size = rng.choice(list("ABC"), 300, p=[0.2, 0.3, 0.5])
    return (
        pd.DataFrame({"F1": marks, "size": size}),
        named.assign(wrote=wrote.astype(int)),
        np.where(size == "A", 0.3, 1.5),
    )


def run(seed: int, effect: float = 0.0) -> pd.DataFrame:
    responses, named, weights = world(np.random.default_rng(seed), effect)
    survey = opened(responses, weights=weights, clusters=np.repeat(np.arange(30), 10), min_raters=30)
    table: pd.DataFrame = found(survey, named, {f"T{j}": f"主题{j}" for j in range(6)}).table
    return table


def test_where_no_theme_matters_hardly_ever_one_is_sure() -> None:
    tables = [run(seed) for seed in range(200)]
    assert np.mean([(table["sure"] != "no").any() for table in tables]) <= 0.05 + 2 * np.sqrt(
        0.05 * 0.95 / 200
    )
    held = np.concatenate([(table["conf_low"] <= 0) & (table["conf_high"] >= 0) for table in tables])
    assert 0.93 <= held.mean() <= 0.985


def test_a_planted_theme_is_found_and_no_other() -> None:
    tables = [run(seed, -1.5).set_index("theme")["sure"] for seed in range(20)]
    assert np.mean([table["T0"] == "down" for table in tables]) >= 0.9
    assert np.mean([(table.drop("T0") != "no").any() for table in tables]) <= 0.15


# --- odd input -----------------------------------------------------------------------------------------


def test_a_theme_that_nobody_or_everybody_names_is_said_and_left_out() -> None:
    responses, named, _ = ten()
    named = named.assign(NONE=0, ALL=1)
    result = found(opened(responses), named, LABELS | {"NONE": "无人", "ALL": "人人"})
    assert set(result.table["theme"]) == {"FIN", "LAB"}
    assert "提到的企业不足 2 家，不比较：无人" in result.extra["notes"]
    assert "没有提到的企业不足 2 家，不比较：人人" in result.extra["notes"]


def test_a_theme_that_copies_another_is_said_and_left_out() -> None:
    responses, named, _ = ten()
    result = found(opened(responses), named.assign(TWIN=named["FIN"]), LABELS | {"TWIN": "孪生"})
    assert set(result.table["theme"]) == {"FIN", "LAB"}
    assert "“孪生”与其他主题分不开，不单列" in result.extra["notes"]


def test_no_theme_with_enough_is_an_empty_table_that_passes_the_gate() -> None:
    responses, named, _ = ten()
    result = found(opened(responses, min_raters=30), named)
    assert result.table.empty
    assert {"estimate", "family_low", "sure", "n", "count"} <= set(result.table)
    gated = disclosure.Gate(10, 30)(result)
    assert gated is not None and gated.table.empty


def test_rows_of_gaps_and_without_outcome_take_no_part() -> None:
    responses, named, _ = ten()
    gaps = named.astype(float)
    gaps.loc[100] = np.nan
    responses.loc[101, "F1"] = np.nan
    result = found(opened(responses), gaps)
    assert result.extra["compared"] == 8
    assert result.table.set_index("theme")["n"].to_dict() == {"FIN": 3, "LAB": 4}


def test_labels_may_be_a_series_and_hold_more() -> None:
    responses, named, _ = ten()
    labels = pd.Series(LABELS | {"OTHER": "其他"})
    pd.testing.assert_frame_equal(
        found(opened(responses), named, labels).table, found(opened(responses), named).table
    )


def test_who_is_absent_named_nothing() -> None:
    responses, named, _ = ten()
    some = named[named.any(axis=1)]
    assert len(some) < len(named)
    pd.testing.assert_frame_equal(found(opened(responses), some).table, found(opened(responses), named).table)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda named: named.rename(index={100: 999}), "1 行的答卷编号不在本轮"),
        (lambda named: pd.concat([named, named.iloc[:1]]), "1 行的答卷编号重复"),
        (lambda named: named.assign(FIN=2), "列“FIN”的取值不是 0 或 1"),
        (lambda named: named.assign(FIN="贷款难"), "列“FIN”的取值不是 0 或 1"),
        (lambda named: named[["wrote"]], "没有一列有名称"),
        (lambda named: pd.concat([named, named[["FIN"]]], axis=1), "有重复的列"),
    ],
)
def test_bad_tables_are_refused_in_one_line(change: Any, said: str) -> None:
    responses, named, _ = ten()
    with pytest.raises(DriversError, match=said) as caught:
        drivers.reported(opened(responses), change(named), LABELS)
    assert "\n" not in str(caught.value)
    assert "贷款难" not in str(caught.value)


def test_an_outcome_on_which_all_agree_and_too_few_are_refused_and_no_outcome_is_nothing() -> None:
    responses, named, _ = ten()
    with pytest.raises(DriversError, match="回答都相同"):
        drivers.reported(opened(responses.assign(F1=7.0)), named, LABELS)
    with pytest.raises(DriversError, match="可比的企业不足 10 家"):
        drivers.reported(opened(responses.iloc[:7]), named.iloc[:7], LABELS)
    assert drivers.reported(opened(responses.assign(F1=np.nan)), named, LABELS) is None
    assert drivers.reported(small.survey(small.codebook([]), responses), named, LABELS) is None


def test_small_classes_stand_with_the_largest() -> None:
    responses = pd.DataFrame({"size": ["A"] * 30 + ["B"] * 12 + ["C"] * 9 + [None] * 11})
    columns = adjustment.controls(opened(responses)).columns
    assert columns.sum().to_dict() == {"size=B": 12, "size=(空)": 11}


def test_the_level_of_a_respondent_is_a_control_and_those_without_one_are_marked() -> None:
    responses = pd.DataFrame({"F1": np.arange(10.0)})
    book = small.codebook(
        [small.item(f"C_{d}", "rating", scale=small.FIVE, department=d) for d in ("D1", "D2")],
        [("D1", "甲", "service"), ("D2", "乙", "service")],
    )
    ratings = pd.DataFrame({"D1": [5.0, 4, 3, np.nan] + [4.0] * 6, "D2": [4.0, 3, 2, np.nan] + [3.0] * 6})
    survey = small.survey(book, responses, ratings=ratings)
    table = adjustment.level(survey)
    assert table is not None
    assert table["unrated"].tolist() == [0, 0, 0, 1] + [0] * 6
    assert table["level"].to_numpy() == pytest.approx([25, 0, -25, 0] + [0] * 6)
    assert adjustment.controls(survey).names == (adjustment.LEVEL,)
