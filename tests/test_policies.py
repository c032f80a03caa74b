"""The policy funnel by hand, against plain shares and the demo's truth; what goes with having received a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import disclosure, drivers, estimate
from evalpkg import survey as surveys
from evalpkg.drivers import DriversError
from evalpkg.estimate import Design

HEARD = {"0": "没听说", "1": "听说过", "2": "比较了解"}
USED = {"0": "不符合条件", "1": "符合但未申请", "2": "申请未获批", "3": "已享受"}
SIZES = {"L": "大型", "M": "中型", "S": "小型", "X": "微型"}
CLEAN_ROUNDS = ["2020H2", "2021H1", "2021H2", "2022H2"]
NAN = np.nan


def opened(responses: pd.DataFrame, labels: tuple[str, ...] = ("减税",), **more: Any) -> surveys.Survey:
    """Codes H1_j and H2_j of as many policies as labels."""
    items = [small.item("F1", "outcome", "总体满意度", scale=small.TEN)]
    items += [small.item("A6", "size", type="category", options=SIZES)]
    for j, label in enumerate(labels, start=1):
        items.append(small.item(f"H1_{j}", "awareness", label, type="ordinal", options=HEARD))
        items.append(small.item(f"H2_{j}", "uptake", label, type="category", options=USED))
    return small.survey(small.codebook(items), responses, **{"min_raters": 2, **more})


def ten() -> pd.DataFrame:
    """Unaware 3 (one of them answers on), aware 6 (one does not know how it went), one left the first blank."""
    return pd.DataFrame(
        {
            "H1_1": [0.0, 0, 0, 1, 2, 1, 2, 1, 1, NAN],
            "H2_1": [None, None, "0", "0", "1", "2", "3", "3", None, "3"],
        }
    )


def funnel(survey: surveys.Survey) -> pd.DataFrame:
    result = drivers.funnel(survey)
    assert result is not None
    table: pd.DataFrame = result.table.set_index("stage")
    return table


def test_ten_enterprises_by_hand() -> None:
    table = funnel(opened(ten()))
    # aware: 6 of the 9 who answered; of the 5 aware who know how it went 4 eligible, 3 applied, 2 received
    assert table["estimate"].to_dict() == pytest.approx(
        {
            "aware": 600 / 9,
            "eligible": 600 / 9 * 4 / 5,
            "applied": 600 / 9 * 3 / 5,
            "received": 600 / 9 * 2 / 5,
        }
    )
    assert table["n"].tolist() == [0, 0, 0, 0]  # fewer than k lie between the stages: the gate hides these
    assert table["count"].tolist() == [6, 4, 3, 2]


def test_stages_that_a_few_lie_between_are_hidden() -> None:
    many = pd.concat([ten()] * 10, ignore_index=True)  # ten lie between any two stages
    assert funnel(opened(many))["n"].tolist() == [90, 80, 80, 80]
    survey = opened(many)
    survey.round.k = 11  # type: ignore[misc]
    table = disclosure.Gate(k=11, min_raters=30)(drivers.funnel(survey)).table.set_index("stage")  # type: ignore[union-attr]
    assert table["shown"].to_dict() == {  # 50 of those aware answered, 40 eligible, 30 applied, 20 received
        "aware": "yes",
        "eligible": "hidden",
        "applied": "hidden",  # ten more than the last stage, which is the one to keep
        "received": "yes",
    }
    assert np.isnan(table.loc["eligible", ["estimate", "conf_low", "step", "step_low"]].astype(float)).all()
    assert np.isnan(table.loc["received", "step"])  # it would give the hidden stage back


def test_a_few_who_have_not_heard_of_it_are_not_told() -> None:
    many = pd.concat([ten()] * 10, ignore_index=True)
    for few, n in ((5, 0), (20, 100)):
        answered = many.assign(H1_1="2", H2_1="3")
        answered.loc[: few - 1, "H1_1"], answered.loc[: few - 1, "H2_1"] = "0", None
        table = funnel(opened(answered))
        assert table.loc["aware", ["count", "n"]].tolist() == [100 - few, n]


def test_steps_are_shares_of_the_stage_before_and_few_are_not_given() -> None:
    table = funnel(opened(pd.concat([ten()] * 10, ignore_index=True)))
    assert table["step"].tolist() == pytest.approx([600 / 9, 80, 75, 200 / 3])
    assert table["step_n"].tolist() == [90, 50, 40, 30]
    assert table["step_count"].tolist() == [60, 40, 30, 20]
    assert (table["step_low"] < table["step"]).all() and (table["step"] < table["step_high"]).all()
    few = funnel(opened(ten()))
    assert few[["step", "step_low", "step_high"]].isna().all(axis=None)  # fewer than k = 10
    assert few["step_n"].tolist() == [0, 0, 0, 0]


def test_where_everybody_answers_it_is_the_plain_share_of_all_with_its_interval() -> None:
    rng = np.random.default_rng(4)
    aware, stage = rng.integers(0, 3, 200).astype(float), rng.integers(0, 4, 200)
    responses = pd.DataFrame({"H1_1": aware, "H2_1": np.where(aware > 0, stage.astype(str), None)})
    clusters = np.arange(200) // 5
    weights = rng.uniform(0.5, 2, 200)
    table = funnel(opened(responses, weights=weights, clusters=clusters))
    reached = np.column_stack([aware > 0, *[(aware > 0) & (stage >= j) for j in (1, 2, 3)]]).astype(float)
    plain = estimate.share(reached, Design(weights, clusters=clusters))
    low, high = plain.interval(0.95)
    for column, values in {
        "estimate": plain.estimate,
        "std_error": plain.std_error,
        "conf_low": low,
        "conf_high": high,
    }.items():
        assert table[column].to_numpy() == pytest.approx(100 * values), column


def test_a_gap_in_the_second_question_does_not_make_the_others_look_less_aware() -> None:
    rng = np.random.default_rng(6)
    aware = rng.random(4000) < 0.5
    stage = np.where(aware, np.where(rng.random(4000) < 0.6, "3", "0"), None)
    stage[aware & (rng.random(4000) < 0.4)] = None
    table = funnel(opened(pd.DataFrame({"H1_1": aware.astype(float), "H2_1": stage})))
    assert table.loc["aware", "estimate"] == pytest.approx(100 * aware.mean())
    assert table.loc["received", "conf_low"] < 30 < table.loc["received", "conf_high"]


def test_contradictions_and_answers_of_the_unaware() -> None:
    responses = ten()
    responses.loc[0, "H2_1"] = "3"  # never heard of it, and received it
    responses.loc[1, "H2_1"] = "1"  # never heard of it, did not apply: nothing against it
    result = drivers.funnel(opened(responses))
    assert result is not None
    table = result.table.set_index("stage")
    assert table.loc["aware", "n"] == 0  # 8 answered, 6 of them aware: fewer than k lie between
    assert table["count"].tolist() == [6, 4, 3, 2]
    assert "有不足 10 处回答前后矛盾" in result.extra["notes"][0]


def test_nobody_aware_and_nobody_eligible() -> None:
    nobody = funnel(opened(pd.DataFrame({"H1_1": [0.0] * 30, "H2_1": [None] * 30})))
    assert nobody["estimate"].tolist() == [0, 0, 0, 0]
    assert (nobody["conf_high"] > 0).all() and (nobody["conf_low"] == 0).all()
    ineligible = funnel(opened(pd.DataFrame({"H1_1": [1.0] * 30, "H2_1": ["0"] * 30})))
    assert ineligible["estimate"].tolist() == [100, 0, 0, 0]
    assert ineligible["step_n"].tolist() == [30, 30, 0, 0]
    unknown = funnel(opened(pd.DataFrame({"H1_1": [1.0] * 30 + [0.0] * 10, "H2_1": [None] * 40})))
    assert unknown.loc["aware", "estimate"] == 75
    assert unknown["estimate"].isna().tolist() == [False, True, True, True]
    assert unknown["n"].tolist() == [40, 0, 0, 0]


# --- where enterprises are lost ------------------------------------------------------------------------


def lost(*counts: int) -> Any:
    """Unaware, not eligible, did not apply, not granted, received."""
    responses = pd.DataFrame(
        {
            "H1_1": [0.0] * counts[0] + [1.0] * sum(counts[1:]),
            "H2_1": [None] * counts[0] + [str(j) for j, count in enumerate(counts[1:]) for _ in range(count)],
        }
    )
    result = drivers.funnel(opened(responses))
    assert result is not None
    return result.extra.get("lost")


def test_the_step_that_loses_the_largest_part_is_named() -> None:
    row = lost(40, 300, 150, 20, 100).iloc[0]
    assert (
        row["stage"] == "applied"
    )  # 150 of 270 eligible, against 40 of 610 unaware: being ineligible is no loss
    assert row["estimate"] == pytest.approx(100 * 150 / 270)
    assert (row["n"], row["count"]) == (270, 150)
    assert row["lead"] == pytest.approx(100 * (150 / 270 - 20 / 120))
    assert row["lead_low"] > 0
    assert row["text"] == "“减税”流失最多的一步是“没有申请”"
    assert row["among"] == "知道且符合条件的企业"


def test_two_like_steps_are_said_to_be_alike() -> None:
    row = lost(0, 0, 100, 50, 55).iloc[0]
    assert row["lead_low"] < 0
    assert "分不出" in row["text"]


def test_few_lost_are_not_told_of() -> None:
    assert lost(2, 0, 5, 3, 100) is None  # the largest loss, 5 of 108, is of fewer than k
    row = lost(40, 0, 8, 0, 60).iloc[0]  # 40 of 108 unaware; of the next step only 8 are lost
    assert np.isnan(row["lead"])


def test_a_loss_that_tells_of_a_hidden_stage_is_not_told() -> None:
    assert (
        lost(20, 0, 60, 5, 100) is None
    )  # 60 of 165 did not apply; of the 105 who did only 5 received nothing
    row = lost(60, 0, 20, 5, 100).iloc[0]  # of the unaware it may be told, but not how much more they are
    assert row["estimate"] == pytest.approx(100 * 60 / 185)
    assert np.isnan(row[["lead", "lead_low", "lead_high"]].astype(float)).all()


def test_the_denominators_of_the_losses_are_told() -> None:
    responses = pd.concat([ten()] * 10, ignore_index=True)
    result = drivers.funnel(opened(responses))
    assert result is not None
    assert result.extra["basis"] == "流失的百分比：“没听说过”占全部企业"


# --- what was not asked, and faults --------------------------------------------------------------------


def test_not_asked_is_nothing() -> None:
    assert drivers.funnel(opened(ten()[["H1_1"]])) is None
    assert drivers.funnel(opened(pd.DataFrame({"F1": [1.0, 2.0]}))) is None
    assert drivers.funnel(opened(ten().assign(H1_1=NAN, H2_1=None))) is None
    assert drivers.policy_effects(opened(ten())) is None  # no overall satisfaction


def test_a_policy_asked_in_one_question_only_is_said() -> None:
    responses = ten().assign(H1_2=1.0)
    result = drivers.funnel(opened(responses, ("减税", "稳岗")))
    assert result is not None
    assert set(result.table["label"]) == {"减税"}
    assert result.extra["notes"] == ("只问了知道或享受之一，不列入：稳岗",)


def renamed(survey: surveys.Survey, code: str, **changes: Any) -> surveys.Survey:
    item = survey.codebook.items[code]
    items = survey.codebook.items | {code: type(item)(**{**vars(item), **changes})}
    book = type(survey.codebook)(**{**vars(survey.codebook), "items": items})
    return type(survey)(**{**vars(survey), "codebook": book})


def test_faulty_questionnaires_are_refused() -> None:
    with pytest.raises(DriversError, match="没有一项同时问了"):
        drivers.funnel(renamed(opened(ten()), "H2_1", label="别的"))
    with pytest.raises(DriversError, match="四个选项"):
        drivers.funnel(renamed(opened(ten()), "H2_1", options={"0": "否", "1": "是"}))
    two = opened(ten().assign(H1_2=1.0, H2_2="3"), ("减税", "减税"))
    with pytest.raises(DriversError, match="有两行都叫“减税”"):
        drivers.funnel(two)


# --- satisfaction of those who received ----------------------------------------------------------------


def takers(seed: int, effect: float = 0.0, n: int = 400) -> surveys.Survey:
    """Two policies; receiving the first goes with `effect` marks more."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    got = np.zeros(n)
    for j in (1, 2):
        aware = rng.random(n) < 0.8
        stage = rng.choice(4, n, p=[0.2, 0.25, 0.15, 0.4])
        columns |= {f"H1_{j}": aware.astype(float), f"H2_{j}": np.where(aware, stage.astype(str), None)}
        got = np.where(aware & (stage == 3), 1.0, 0.0) if j == 1 else got
    chamber = np.arange(n) // 10
    marks = 7 + effect * got + rng.normal(0, 0.5, n // 10)[chamber] + rng.normal(0, 1.3, n)
    columns |= {"F1": np.clip(np.rint(marks), 0, 10), "size": rng.choice(["S", "X"], n)}
    return opened(pd.DataFrame(columns), ("减税", "稳岗"), clusters=chamber, min_raters=30)


def test_one_policy_by_hand() -> None:
    """Without controls, with one policy, it is the difference of two means: others have columns of their own."""
    responses = pd.concat([ten()] * 2, ignore_index=True).assign(
        F1=[7, 8, 5, 6, 3, 4, 9, 8, 7, 5, *range(10)]
    )
    result = drivers.policy_effects(opened(responses.astype({"F1": float})))
    assert result is not None
    row, marks = result.table.iloc[0], responses["F1"] * 10
    aware = responses["H1_1"] >= 1
    got, not_got = (marks[aware & responses["H2_1"].isin(codes)] for codes in (["3"], ["1", "2"]))
    assert row["estimate"] == pytest.approx(got.mean() - not_got.mean())
    assert (row["n"], row["count"]) == (8, 4)


def test_where_receiving_does_not_matter_hardly_ever_it_is_sure() -> None:
    tables = [drivers.policy_effects(takers(seed)) for seed in range(200)]
    sure = [(result.table["sure"] != "no").any() for result in tables if result is not None]
    assert len(sure) == 200
    assert np.mean(sure) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_a_planted_difference_is_found() -> None:
    tables = [drivers.policy_effects(takers(seed, 1.0)).table.set_index("label") for seed in range(20)]
    assert np.mean([table.loc["减税", "sure"] == "up" for table in tables]) >= 0.9
    assert np.mean([table.loc["稳岗", "sure"] != "no" for table in tables]) <= 0.15
    assert all(table.loc["减税", "conf_low"] < 13 for table in tables)
    assert np.mean([table.loc["减税", "estimate"] for table in tables]) == pytest.approx(10, abs=1)


def test_policies_with_few_on_a_side_are_said_and_an_empty_table_passes_the_gate() -> None:
    survey = takers(1)
    survey.responses.loc[survey.responses["H2_2"] == "3", "H2_2"] = "2"
    result = drivers.policy_effects(survey)
    assert result is not None
    assert result.table["label"].tolist() == ["减税"]
    assert "不足 30 家，不比较：稳岗" in result.extra["notes"][0]
    nobody = survey.responses.assign(H2_1="0", H2_2="0")
    empty = drivers.policy_effects(type(survey)(**{**vars(survey), "responses": nobody}))
    assert empty is not None and empty.table.empty
    gated = disclosure.Gate(10, 30)(empty)
    assert gated is not None and gated.table.empty


def test_all_agree_on_the_outcome_is_refused() -> None:
    survey = takers(1)
    survey.responses["F1"] = 8.0
    with pytest.raises(DriversError, match="回答都相同"):
        drivers.policy_effects(survey)


# --- the demo ------------------------------------------------------------------------------------------


def true_share(city: dict[str, float], stage: str) -> float:
    reached = sum(city[str(j)] for j in range(["aware", "eligible", "applied", "received"].index(stage), 4))
    return city["aware"] * (1.0 if stage == "aware" else reached / 100)


def test_intervals_hold_the_truth_about_as_often_as_they_say(demo_root: Path) -> None:
    truth = json.loads((demo_root / "data" / "raw" / "truth.json").read_text(encoding="utf-8"))["rounds"]
    held = []
    for name in CLEAN_ROUNDS:
        result = drivers.funnel(surveys.open(name, demo_root))
        assert result is not None
        for row in result.table.itertuples():
            true = true_share(truth[name]["city"]["policies"][row.policy.removeprefix("H1_")], row.stage)
            held.append(row.conf_low <= true <= row.conf_high)
    assert len(held) == 4 * 8 * 4
    assert 0.90 <= np.mean(held) <= 0.99


def test_what_the_gate_lets_through_tells_of_nobody(demo_root: Path) -> None:
    survey = surveys.open("2022H2", demo_root)
    gate = disclosure.gate(survey)
    for result in (drivers.funnel(survey), drivers.funnel_by_size(survey)):
        gated = gate(result)
        assert gated is not None and result is not None
        few = result.table["count"] < survey.round.k
        assert few.any() or result.name == "policies"
        columns = ["estimate", "conf_low", "conf_high", "step", "step_low", "step_high"]
        assert gated.table.loc[few, columns].isna().all(axis=None)
        assert not gated.table["step_n"].between(1, survey.round.k - 1).any()
