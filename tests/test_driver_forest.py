"""Random forest beside a linear model: made-up worlds whose answer is known, plain folds, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from driver_answers import answers
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold

from evalpkg import survey as surveys
from evalpkg.codebook import Codebook
from evalpkg.drivers import DriversError, nonlinear
from evalpkg.drivers.forest import _unexplained
from evalpkg.estimate import Result


def book(p: int = 3) -> Codebook:
    drivers = [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in range(1, p + 1)]
    return small.codebook([small.item("F1", "outcome", "总体满意度", scale=small.TEN), *drivers])


def firms(n: int = 400, p: int = 3, seed: int = 1) -> pd.DataFrame:
    data = answers(n, p, seed)
    grades = np.clip(np.round(3 + data[:, 1:]), 1, 5)
    outcome = np.clip(np.round(5 + 1.5 * data[:, 0]), 0, 10)
    return pd.DataFrame(
        np.column_stack([outcome, grades]), columns=["F1", *(f"D{j}" for j in range(1, p + 1))]
    )


def analysed(frame: pd.DataFrame, p: int = 3, *, trees: int = 60, **more: object) -> Result:
    result = nonlinear(small.survey(book(p), frame, **more), trees=trees)  # type: ignore[arg-type]
    assert result is not None
    return result


def test_r2_is_that_of_weighted_squared_errors() -> None:
    rng = np.random.default_rng(0)
    y, error = rng.normal(3, 2, 50), rng.normal(size=(50, 2))
    weights = rng.uniform(0.5, 3, (50, 3))
    expected = [
        [r2_score(y, y - error[:, k], sample_weight=weights[:, d]) for k in range(2)] for d in range(3)
    ]
    np.testing.assert_allclose(1 - _unexplained(error**2, y, weights), expected, atol=1e-12)


def test_the_linear_model_is_least_squares_on_the_other_parts() -> None:
    frame, clusters, weights = firms(), np.arange(400) // 8, np.linspace(1, 3, 400)
    found = analysed(frame, clusters=clusters, weights=weights)
    x, y, root = np.column_stack([np.ones(400), frame.iloc[:, 1:]]), frame["F1"].to_numpy(), np.sqrt(weights)
    predicted = np.empty(400)
    for fitted, held in GroupKFold(5).split(x, groups=clusters):
        slopes = np.linalg.lstsq(x[fitted] * root[fitted, None], y[fitted] * root[fitted], rcond=None)[0]
        predicted[held] = x[held] @ slopes
    expected = r2_score(y, predicted, sample_weight=weights) * 100
    assert found.extra["linear_r2"] == pytest.approx(expected, abs=1e-4)  # the ridge of the moments
    assert found.extra["folds"] == 5


def test_in_a_linear_world_the_forest_finds_nothing_more() -> None:
    found = analysed(firms(600, seed=3))
    extra = found.extra
    assert extra["shown"] == "yes"
    assert 0 < extra["r2_low"] < extra["r2"] < extra["r2_high"] <= 100
    assert extra["difference"] == pytest.approx(extra["r2"] - extra["linear_r2"])
    assert extra["difference_low"] < 0
    assert "没有迹象表明关联不是直线" in extra["notes"][0]
    assert found.table["item"].tolist() == ["D3", "D2", "D1"]  # the order of their coefficients
    assert (found.table["conf_low"] < found.table["estimate"]).all()
    assert (found.table["estimate"] < found.table["conf_high"]).all()


def test_drivers_that_count_only_together_are_found_by_the_forest_alone() -> None:
    rng = np.random.default_rng(2)
    grades = rng.integers(1, 6, (500, 3)).astype(float)
    outcome = np.clip(np.round(5 + (grades[:, 0] - 3) * (grades[:, 1] - 3) + rng.normal(size=500)), 0, 10)
    found = analysed(pd.DataFrame(np.column_stack([outcome, grades]), columns=["F1", "D1", "D2", "D3"]))
    assert found.extra["linear_r2"] < 5
    assert found.extra["r2"] > 50
    assert found.extra["difference_low"] > 0
    assert found.extra["notes"] == ("随机森林比线性模型预测得更准：有的关联不是直线，或要几项合起来看",)
    importance = found.table.set_index("item")["estimate"]
    assert min(importance["D1"], importance["D2"]) > 30
    assert abs(importance["D3"]) < 5


def test_a_forest_that_predicts_nothing_is_not_shown() -> None:
    frame = firms()
    frame["F1"] = np.random.default_rng(0).integers(0, 11, 400)
    found = analysed(frame)
    assert found.extra["shown"] == "no"
    assert found.extra["r2_low"] <= 0
    assert found.table.empty
    assert "conf_low" in found.table
    assert "不列出" in found.extra["notes"][0]


def test_firms_of_one_cluster_never_predict_each_other() -> None:
    rng = np.random.default_rng(5)
    chamber = np.repeat(np.arange(40), 10)
    grades = rng.integers(1, 6, (40, 5)).astype(float)[chamber]  # all firms of a chamber answer alike ...
    outcome = rng.integers(0, 11, 40)[chamber] + rng.choice(
        [0.0, -1.0], 400
    )  # ... but nothing leads from chamber to chamber
    frame = pd.DataFrame(
        np.column_stack([np.clip(outcome, 0, 10), grades]), columns=["F1", *(f"D{j}" for j in range(1, 6))]
    )
    assert analysed(frame, 5, clusters=chamber).extra["shown"] == "no"
    leaking = np.random.default_rng(0).permutation(400)
    assert analysed(frame.iloc[leaking].reset_index(drop=True), 5).extra["r2"] > 80


def test_gaps_are_predicted_across() -> None:
    frame = firms(600, seed=3)
    lost = np.random.default_rng(0).random((600, 3)) < 0.2
    gaps = frame.assign(**frame.iloc[:, 1:].mask(lost))
    gaps.loc[:49, "F1"] = np.nan
    found = analysed(gaps)
    by_item = found.table.set_index("item")
    assert by_item.loc[["D1", "D2", "D3"], "n"].tolist() == (~lost[50:]).sum(axis=0).tolist()
    whole = analysed(frame).extra
    assert whole["linear_r2"] - 20 < found.extra["linear_r2"] < whole["linear_r2"]
    assert found.extra["difference"] < 3


def test_the_same_seed_gives_the_same_forest() -> None:
    one, two, other = (analysed(firms(), seed=seed, trees=20) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.extra["r2"] != other.extra["r2"]
    assert one.extra["linear_r2"] == other.extra["linear_r2"]


def test_constant_and_collinear_drivers_do_no_harm() -> None:
    frame = firms(p=5)
    frame["D4"], frame["D5"] = 3.0, frame["D1"]
    found = analysed(frame, 5)
    assert sorted(found.table["item"]) == ["D1", "D2", "D3", "D5"]
    assert found.extra["left_out"] == ("“方面4”未列入：所有企业的打分都相同，无从比较",)
    plain = analysed(frame[["F1", "D1", "D2", "D3"]])
    assert found.extra["linear_r2"] == pytest.approx(plain.extra["linear_r2"], abs=1e-3)


def test_a_driver_that_one_part_of_the_sample_alone_answered() -> None:
    frame, clusters = firms(200), np.repeat(np.arange(5), 40)
    frame.loc[clusters != 2, "D1"] = np.nan  # nobody among the four parts that predict the third
    found = analysed(frame, clusters=clusters)
    assert np.isfinite(found.extra["linear_r2"])
    assert found.extra["linear_r2"] > 10


def test_respondents_of_one_cluster_are_refused() -> None:
    frame = firms()
    frame.loc[200:, "F1"] = np.nan
    with pytest.raises(DriversError, match="都在一个抽样群里") as caught:
        analysed(frame, clusters=np.arange(400) // 200)
    assert "\n" not in str(caught.value)


def test_two_clusters_make_two_parts() -> None:
    assert analysed(firms(), clusters=np.arange(400) // 200, trees=20).extra["folds"] == 2


def test_an_outcome_on_which_all_agree_is_refused() -> None:
    with pytest.raises(DriversError, match="回答都相同"):
        analysed(firms().assign(F1=7.0))


def test_a_survey_that_did_not_ask_has_no_forest() -> None:
    frame = firms()
    assert nonlinear(small.survey(book(), frame.drop(columns="F1"))) is None
    assert nonlinear(small.survey(book(), frame.assign(F1=np.nan))) is None
    assert nonlinear(small.survey(book(), frame.assign(D1=np.nan, D2=np.nan, D3=np.nan))) is None


def test_a_demo_round(demo_root: Path) -> None:
    found = nonlinear(surveys.open("2022H2", demo_root), trees=50)
    assert found is not None
    assert found.extra["shown"] == "yes"
    assert set(found.table["label"].iloc[:2]) == {
        "政策落实兑现",
        "办事效率",
    }  # the two the demo world weighs most
    assert found.table.select_dtypes("number").notna().all(axis=None)
