"""Odds of being satisfied: against the plain model, Rubin's formulas by hand, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from driver_answers import answers
from scipy import stats

from evalpkg import ordinal
from evalpkg import survey as surveys
from evalpkg.codebook import Codebook, Scale
from evalpkg.drivers import DriversError, odds
from evalpkg.drivers.rubin import pooled
from evalpkg.estimate import Design, Estimate, Result


def book(p: int = 3, outcome: Scale = small.TEN) -> Codebook:
    drivers = [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in range(1, p + 1)]
    return small.codebook([small.item("F1", "outcome", "总体满意度", scale=outcome), *drivers])


def firms(n: int = 300, p: int = 3, seed: int = 1) -> pd.DataFrame:
    data = answers(n, p, seed)
    grades = np.clip(np.round(3 + data[:, 1:]), 1, 5)
    outcome = np.clip(np.round(6.5 + 1.2 * data[:, 0]), 2, 10)
    return pd.DataFrame(
        np.column_stack([outcome, grades]), columns=["F1", *(f"D{j}" for j in range(1, p + 1))]
    )


def analysed(frame: pd.DataFrame, p: int = 3, *, imputations: int = 20, **more: object) -> Result:
    result = odds(small.survey(book(p), frame, **more), imputations=imputations)  # type: ignore[arg-type]
    assert result is not None
    return result


def gaps(frame: pd.DataFrame, share: float = 0.3, seed: int = 0) -> pd.DataFrame:
    """Leave out answers to the drivers at random."""
    lost = np.random.default_rng(seed).random((len(frame), frame.shape[1] - 1)) < share
    return frame.assign(**frame.iloc[:, 1:].mask(lost))


# --- the plain way -------------------------------------------------------------------------------------


def test_without_gaps_it_is_the_plain_model() -> None:
    frame, weights, clusters = firms(), np.linspace(1, 3, 300), np.arange(300) // 6
    result = analysed(frame, weights=weights, clusters=clusters, imputations=1)
    design = Design(weights, clusters=clusters)
    plain = ordinal.fit(frame["F1"], frame[["D1", "D2", "D3"]], design=design).marginal_effects(8.0)
    found = result.table.set_index("item").loc[["D1", "D2", "D3"]]
    np.testing.assert_allclose(found["estimate"], plain.estimate * 100, atol=1e-9)
    np.testing.assert_allclose(found["std_error"], plain.std_error * 100, atol=1e-9)
    half = stats.t.ppf(0.975, 49) * plain.std_error * 100
    np.testing.assert_allclose(found["conf_high"] - found["estimate"], half, atol=1e-9)
    family = stats.t.ppf(1 - 0.05 / 6, 49) * plain.std_error * 100
    np.testing.assert_allclose(found["estimate"] - found["family_low"], family, atol=1e-9)
    assert found["n"].tolist() == [300, 300, 300]
    assert result.extra["imputations"] == 0
    assert result.extra["threshold"] == "8 分及以上"
    assert result.extra["base_share"] == pytest.approx(100 * np.average(frame["F1"] >= 8, weights=weights))


def test_the_effect_is_what_moving_everyone_by_a_small_step_does() -> None:
    frame = firms()
    model = ordinal.fit(frame["F1"], frame[["D1", "D2", "D3"]])
    cut = model.thresholds[model.levels.index(8) - 1]
    eta = frame[["D1", "D2", "D3"]].to_numpy() @ model.coef

    def share(by: float) -> float:
        return float(np.mean(1 / (1 + np.exp(cut - eta - by * model.coef[1]))))

    found = analysed(frame).table.set_index("item").loc["D2", "estimate"]
    assert found == pytest.approx(100 * (share(1e-4) - share(-1e-4)) / 2e-4, abs=1e-5)


def test_sure_is_decided_by_the_family_interval() -> None:
    frame = firms(800, 5, seed=3)
    frame["D5"] = np.random.default_rng(9).integers(1, 6, 800)  # goes with nothing
    frame["D4"] = 6 - frame["D4"]  # a low mark goes with satisfaction
    table = analysed(frame, 5).table
    expected = [
        "up" if low > 0 else "down" if high < 0 else "no"
        for low, high in table[["family_low", "family_high"]].to_numpy()
    ]
    assert table["sure"].tolist() == expected
    by_item = table.set_index("item")["sure"]
    assert (by_item["D3"], by_item["D4"], by_item["D5"]) == ("up", "down", "no")
    assert (table["family_low"] < table["conf_low"]).all()
    assert table["estimate"].is_monotonic_decreasing


# --- gaps ----------------------------------------------------------------------------------------------


def test_rubins_rules_by_hand() -> None:
    points = np.array([[1.0, 4.0], [2.0, 4.5], [4.0, 3.5]])
    errors = np.array([[0.5, 1.0], [0.7, 1.0], [0.6, 1.0]])
    both = pooled(
        [
            Estimate(q, np.diag(u**2), n=np.array(50), df=np.array(30.0))
            for q, u in zip(points, errors, strict=True)
        ]
    )
    for j in range(2):
        within, between = (errors[:, j] ** 2).mean(), points[:, j].var(ddof=1)
        total = within + 4 / 3 * between
        lost = 4 / 3 * between / total
        df = 1 / (lost**2 / 2 + 33 / (31 * 30 * (1 - lost)))
        assert both.estimate[j] == pytest.approx(points[:, j].mean())
        assert both.std_error[j] == pytest.approx(np.sqrt(total))
        assert both.df[j] == pytest.approx(df)


def test_completions_that_agree_lose_almost_nothing() -> None:
    part = Estimate(np.array([1.0]), np.array([[0.25]]), n=np.array(50), df=np.array(np.inf))
    both = pooled([part, part])
    assert (both.estimate[0], both.std_error[0], both.df[0]) == (1.0, 0.5, np.inf)


def test_gaps_cost_precision_but_do_not_bias() -> None:
    frame = firms(3000, seed=4)
    whole = analysed(frame).table.set_index("item")
    found = analysed(gaps(frame)).table.set_index("item").loc[whole.index]
    assert (np.abs(found["estimate"] - whole["estimate"]) < 2.5 * found["std_error"]).all()
    assert (found["std_error"] > 1.05 * whole["std_error"]).all()
    assert (found["std_error"] < 1.6 * whole["std_error"]).all()  # complete cases alone are a third: 1.7


def test_gaps_that_follow_the_outcome_do_not_bias() -> None:
    frame = firms(4000, seed=5)
    whole = analysed(frame).table.set_index("item")["estimate"]
    lost = frame.copy()
    rng = np.random.default_rng(0).random(4000)
    lost.loc[((frame["F1"] >= 8) & (rng < 0.7)) | ((frame["F1"] <= 5) & (rng < 0.1)), "D3"] = np.nan
    found = analysed(lost).table.set_index("item").loc[whole.index]
    error = (found["estimate"] - whole).abs()
    known = lost.dropna()
    complete = ordinal.fit(known["F1"], known[["D1", "D2", "D3"]]).marginal_effects(8.0).estimate * 100
    assert error.max() < 1.5
    assert np.abs(complete - whole[["D1", "D2", "D3"]]).max() > 2 * error.max()


def test_who_did_not_answer_the_outcome_is_not_in_the_model() -> None:
    frame = firms()
    frame.loc[:59, "F1"] = np.nan
    frame.loc[0, "D1"] = np.nan  # a gap, but of one who is not in the model
    result = analysed(frame)
    plain = analysed(frame.iloc[60:].reset_index(drop=True))
    pd.testing.assert_series_equal(result.table["n"], pd.Series([240] * 3, name="n"))
    np.testing.assert_allclose(result.table["estimate"], plain.table["estimate"], atol=1e-8)
    assert result.extra["imputations"] == 0
    assert result.extra["notes"][0] == "没有回答“总体满意度”的企业不列入这一模型"


def test_the_same_seed_gives_the_same_numbers() -> None:
    frame = gaps(firms())
    one, two, other = (analysed(frame, imputations=5, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert (one.table["estimate"] != other.table["estimate"]).any()
    assert one.extra["imputations"] == 5
    assert any("插补 5 次" in note for note in one.extra["notes"])


# --- steps and levels ----------------------------------------------------------------------------------


def test_a_step_is_that_of_the_items_own_scale() -> None:
    graded = Scale(1, 5, anchors={1.0: 100.0, 2.0: 80.0, 3.0: 60.0, 4.0: 40.0, 5.0: 20.0})
    scales = (small.FIVE, small.TEN, graded, None, Scale(5, 1))
    assert [small.item("D1", "driver", scale=s).step for s in scales] == [25.0, 10.0, 20.0, 1.0, 25.0]


def test_a_level_with_a_name_is_named() -> None:
    words = Scale(1, 5, labels={"不满意": 1.0, "满意": 4.0, "非常满意": 5.0})
    frame = firms()
    frame["F1"] = np.clip(np.round(frame["F1"] / 2), 1, 5)
    result = odds(small.survey(book(3, words), frame))
    assert result is not None
    assert result.extra["threshold"] == "“满意”及以上"
    assert result.extra["base_share"] == pytest.approx(100 * (frame["F1"] >= 4).mean())


def test_brant_is_made_at_two_cuts() -> None:
    frame = firms(600, seed=2)
    result = analysed(frame)
    bands = (frame["F1"] >= 6).astype(int) + (frame["F1"] >= 8)
    plain = ordinal.brant(ordinal.fit(bands, frame[["D1", "D2", "D3"]], design=Design(np.ones(600))))
    assert result.extra["brant_p"] == pytest.approx(plain.p_value, abs=1e-9)


def test_proportional_effects_need_no_note() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.integers(1, 6, (1500, 3)), columns=["D1", "D2", "D3"]).astype(float)
    latent = frame @ [0.8, 0.5, 0.2] + rng.logistic(size=1500)
    frame.insert(0, "F1", np.digitize(latent, [1.5, 3, 4, 5, 6, 7]) + 4.0)
    result = analysed(frame)
    assert result.extra["brant_p"] > 0.05
    assert result.extra["notes"] == ()


def test_effects_that_differ_between_the_cuts_are_said() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(1, 6, (1500, 3)), columns=["D1", "D2", "D3"]).astype(float)
    low = rng.random(1500) < 1 / (
        1 + np.exp(1.0 * (frame["D1"] - 2))
    )  # D1 goes with leaving the lowest band only
    high = rng.random(1500) < 1 / (1 + np.exp(-1.0 * (frame["D2"] - 3)))  # D2 with reaching the highest only
    frame.insert(0, "F1", np.where(low, 4.0, np.where(high, 9.0, 7.0)))
    result = analysed(frame)
    assert result.extra["brant_p"] < 0.01
    assert result.extra["notes"] == ("各项与达到 60 分、达到 75 分的关联强弱不一，所列是平均的关联",)


# --- what cannot be analysed ---------------------------------------------------------------------------


def test_constant_and_collinear_drivers_are_left_out_aloud() -> None:
    frame = firms(p=5)
    frame["D4"] = 3.0
    frame["D5"] = 6 - frame["D1"]
    result = analysed(frame, 5)
    assert sorted(result.table["item"]) == ["D1", "D2", "D3"]
    assert result.extra["left_out"] == (
        "“方面4”未列入：所有企业的打分都相同，无从比较",
        "“方面5”未列入：可以由其他各项完全推出",
    )
    pd.testing.assert_frame_equal(result.table, analysed(frame[["F1", "D1", "D2", "D3"]]).table)


def test_collinear_drivers_with_gaps_are_left_out_too() -> None:
    frame = firms(p=3)
    frame["D3"] = frame["D1"]
    assert sorted(analysed(gaps(frame, 0.1)).table["item"]) == ["D1", "D2"]


def separated() -> pd.DataFrame:
    frame = firms()
    frame["D1"] = np.where(frame["F1"] >= 8, 5.0, 1.0)
    frame["F1"] = np.where(frame["F1"] >= 8, 9.0, 4.0)
    return frame


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (firms().assign(F1=7.0), "回答都相同"),
        (firms().assign(F1=lambda f: f["F1"].clip(upper=7)), "没有企业的“总体满意度”达到 75 分"),
        (firms().assign(F1=lambda f: f["F1"].clip(lower=8)), "所有企业的“总体满意度”达到 75 分"),
        (separated(), "有序模型"),
        (firms(4), "作答的企业不足 10 家"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_one_line(frame: pd.DataFrame, says: str) -> None:
    with pytest.raises(DriversError, match=says) as caught:
        analysed(frame)
    assert "\n" not in str(caught.value)


def test_one_imputation_is_not_enough_where_there_are_gaps() -> None:
    with pytest.raises(DriversError, match="插补次数是 1，有缺项时至少要 2 次"):
        analysed(gaps(firms()), imputations=1)


def test_a_survey_that_did_not_ask_has_no_odds() -> None:
    frame = firms()
    assert odds(small.survey(book(), frame.drop(columns="F1"))) is None
    assert odds(small.survey(book(), frame.assign(F1=np.nan))) is None
    assert odds(small.survey(book(), frame.assign(D1=np.nan, D2=np.nan, D3=np.nan))) is None
    assert odds(small.survey(small.codebook([small.item("F1", "outcome", scale=small.TEN)]), frame)) is None


def test_a_demo_round(demo_root: Path) -> None:
    result = odds(surveys.open("2022H2", demo_root))
    assert result is not None
    assert set(result.table["label"].iloc[:2]) == {
        "政策落实兑现",
        "办事效率",
    }  # the two the demo world weighs most
    assert result.table.select_dtypes("number").notna().all(axis=None)
    assert result.extra["threshold"] == "8 分及以上"
