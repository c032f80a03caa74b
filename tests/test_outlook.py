"""Outlook on ten firms, every number computed again by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import outlook
from evalpkg import survey as surveys
from evalpkg.codebook import Scale
from evalpkg.estimate import Design, Result, mean, share

W = np.array([1.0, 2, 1, 3, 1, 1, 2, 1, 2, 1])
NAN = np.nan
DIRECTION = {"1": "明显变差", "2": "有所变差", "3": "没有变化", "4": "有所变好", "5": "明显变好"}
TROUBLES = {"FIN": "融资难", "LAB": "用工难", "LAND": "用地难", "NONE": "没有困难"}
CHANNELS = {"0": "没有反映过", "1": "平台", "2": "热线"}
SOLVED = {"0": "未回应", "1": "未解决", "2": "部分解决", "3": "完全解决"}

BOOK = small.codebook(
    [
        small.item("A6", "size", type="category", options={"L": "大型", "S": "小型", "G": "个体"}),
        small.item("F1", "outcome", "总体满意度", scale=small.TEN),
        small.item("E1", "environment", "要素环境", scale=small.FIVE),
        small.item("E2", "environment", "政务环境", scale=small.FIVE),
        small.item("F2", "change", "比半年前", "ordinal", options=DIRECTION, scale=Scale(1, 5)),
        small.item("A9", "business_trend", "经营状况", "ordinal", options=DIRECTION, scale=Scale(1, 5)),
        small.item("G1", "difficulty", "主要困难", "multi", options=TROUBLES, exclusive="NONE"),
        small.item("G2", "difficulty_top", "最急需解决", "category", options=TROUBLES),
        small.item("I1", "appeal_channel", "反映渠道", "category", options=CHANNELS),
        small.item("I2", "appeal_solved", "诉求解决", "ordinal", options=SOLVED, scale=Scale(0, 3)),
        small.item("I3", "appeal_satisfaction", "诉求满意度", scale=small.FIVE),
    ]
)


def ten_firms() -> pd.DataFrame:
    text = {
        "size": ["S", "S", "G", "G", "G", "G", "S", None, "G", "S"],
        "G2": ["FIN", "LAB", None, "FIN", "LAB", "FIN", None, "FIN", "LAND", "LAB"],
        "I1": ["0", "1", "0", "2", "1", None, "0", "2", "0", "0"],
    }
    numbers = {
        "F1": [8, 6, 9, 3, 5, 10, 7, NAN, 6, 8],
        "E1": [4, 3, 5, 2, 3, 5, NAN, 2, 4, 4],
        "E2": [NAN] * 10,
        "F2": [3, 3, 4, 2, NAN, 5, 4, 3, 1, 4],
        "A9": [1, 1, 2, 2, 2, 3, 3, 4, 5, 5],
        "G1.FIN": [1, 0, 0, 1, 1, 1, NAN, 1, 0, 0],
        "G1.LAB": [0, 1, 0, 1, 1, 0, NAN, 0, 1, 1],
        "G1.LAND": [0, 0, 0, 0, 0, 0, NAN, 0, 1, 0],
        "G1.NONE": [0, 0, 1, 0, 0, 0, NAN, 0, 0, 0],
        "I2": [NAN, 3, NAN, 1, 2, NAN, NAN, 3, NAN, NAN],
        "I3": [NAN, 5, NAN, 2, 3, NAN, NAN, NAN, NAN, NAN],
    }
    frame = pd.DataFrame({k: np.array(v, dtype=float) for k, v in numbers.items()})
    for name, values in text.items():
        frame[name] = pd.Series(values, dtype="str")
    return frame.set_index(pd.RangeIndex(1, 11, name="rid"))


def survey(frame: pd.DataFrame | None = None, book: small.Codebook = BOOK, **more: object) -> small.Survey:
    return small.survey(book, ten_firms() if frame is None else frame, weights=W, **more)  # type: ignore[arg-type]


def found(result: Result | None, key: str) -> pd.DataFrame:
    assert result is not None
    return result.table.set_index(key)


def weighted_share(has: np.ndarray, asked: np.ndarray) -> float:
    """Per cent of the weight of those asked that has the attribute."""
    return 100 * W[has & asked].sum() / W[asked].sum()


# --- scores --------------------------------------------------------------------------------------------


def test_overall_is_the_weighted_mean_on_a_hundred() -> None:
    result = outlook.overall(survey())
    row = found(result, "item").loc["F1"]
    scores = ten_firms()["F1"] * 10
    answered = scores.notna().to_numpy()
    assert row["estimate"] == pytest.approx(np.average(scores[answered], weights=W[answered]))
    assert row["n"] == 9
    expected = mean(scores, Design(W))
    low, high = expected.interval(0.95)
    assert row[["std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [expected.std_error[0], low[0], high[0]]
    )
    assert result is not None
    assert (result.name, result.unit, result.base, result.total) == (
        "overall",
        "分",
        "回答了“总体满意度”的企业",
        10,
    )


def test_an_environment_nobody_answered_is_left_out() -> None:
    table = found(outlook.environments(survey()), "item")
    assert table.index.tolist() == ["E1"]
    e1 = (ten_firms()["E1"] - 1) * 25
    assert table.loc["E1", "estimate"] == pytest.approx(np.average(e1.dropna(), weights=W[e1.notna()]))


def test_environments_share_one_covariance() -> None:
    frame = ten_firms().assign(E2=lambda f: 6 - f["E1"].fillna(3))
    result = outlook.environments(survey(frame))
    assert result is not None
    assert result.extra["cov"].shape == (2, 2)
    assert result.extra["cov"][0, 1] < 0
    assert np.sqrt(np.diag(result.extra["cov"])) == pytest.approx(result.table["std_error"])


def test_groups_in_the_order_of_the_questionnaire() -> None:
    result = outlook.by(survey(), "size")
    table = found(result, "group")
    assert table.index.tolist() == ["S", "G"]  # nobody in L; the firm without a size is in no group
    assert table["label"].tolist() == ["小型", "个体"]
    assert table["n"].tolist() == [4, 5]
    small_firms = np.array([8, 6, 7, 8]) * 10
    assert table.loc["S", "estimate"] == pytest.approx(np.average(small_firms, weights=W[[0, 1, 6, 9]]))
    assert result is not None
    assert result.name == "by_size"


def test_groups_that_the_codebook_does_not_list_come_last() -> None:
    frame = ten_firms().assign(size=["S", "S", "Z", "Z", "G", "G", "Y", "Y", "G", "S"])
    table = found(outlook.by(survey(frame), "size"), "group")
    assert list(zip(table.index, table["label"], strict=True))[:3] == [
        ("S", "小型"),
        ("G", "个体"),
        ("Y", "Y"),
    ]


def test_report_groups_are_their_own_labels() -> None:
    item = small.item("A2", "industry", type="category", options={"C": "制造业"}, groups={"C": "工业"})
    book = small.codebook([*BOOK.items.values(), item])
    table = found(outlook.by(survey(ten_firms().assign(industry="工业"), book), "industry"), "group")
    assert table["label"].to_dict() == {"工业": "工业"}


def test_weighted_beside_unweighted() -> None:
    table = found(outlook.sensitivity(survey()), "weighting")
    scores = ten_firms()["F1"] * 10
    assert table.loc["unweighted", "estimate"] == pytest.approx(scores.mean())
    assert table.loc["unweighted", "std_error"] == pytest.approx(
        scores.std() / 3 * np.sqrt(80 / 81), rel=0.01
    )
    overall = found(outlook.overall(survey()), "item")
    assert table.loc["weighted", "estimate"] == overall.loc["F1", "estimate"]


def test_both_rows_of_sensitivity_keep_the_clusters() -> None:
    chambers = np.repeat(["a", "b", "c", "d", "e"], 2)
    clustered = small.survey(BOOK, ten_firms(), weights=W, clusters=chambers)
    scores = ten_firms()["F1"] * 10
    expected = mean(scores, Design(np.ones(10), clusters=chambers)).std_error[0]
    assert found(outlook.sensitivity(clustered), "weighting").loc["unweighted", "std_error"] == expected


# --- shares --------------------------------------------------------------------------------------------


def test_better_same_worse() -> None:
    result = outlook.change(survey())
    table = found(result, "direction")
    answers = ten_firms()["F2"].to_numpy()
    asked = ~np.isnan(answers)
    expected = [weighted_share(hit, asked) for hit in (answers > 3, answers == 3, answers < 3)]
    assert table.loc[["better", "same", "worse"], "estimate"].tolist() == pytest.approx(expected)
    assert table["count"].tolist() == [4, 3, 2]
    assert (table["n"] == 9).all()
    assert table["estimate"].sum() == pytest.approx(100)
    assert ((table["conf_low"] > 0) & (table["conf_high"] < 100)).all()
    assert result is not None
    assert result.unit == "%"
    assert result.extra["net"] == pytest.approx(expected[0] - expected[2])
    assert result.extra["net_low"] < result.extra["net"] < result.extra["net_high"]


def test_business_trend_is_told_the_same_way() -> None:
    table = found(outlook.business_trend(survey()), "direction")
    assert table["count"].to_dict() == {"better": 3, "same": 2, "worse": 5}


def test_difficulties_most_ticked_first_and_none_last() -> None:
    result = outlook.difficulties(survey())
    table = found(result, "option")
    frame = ten_firms()
    asked = frame["G1.FIN"].notna().to_numpy()
    for option in TROUBLES:
        ticked = (frame[f"G1.{option}"] == 1).to_numpy()
        assert table.loc[option, "estimate"] == pytest.approx(weighted_share(ticked, asked))
        assert table.loc[option, "count"] == ticked.sum()
    assert table.index.tolist() == ["LAB", "FIN", "LAND", "NONE"]
    assert table["exclusive"].tolist() == [False, False, False, True]
    assert (table["n"] == 9).all()
    assert result is not None
    assert np.sqrt(np.diag(result.extra["cov"])) == pytest.approx(table["std_error"])


def test_the_lead_of_the_first_difficulty() -> None:
    result = outlook.difficulties(survey())
    assert result is not None
    assert result.extra["lead"] == pytest.approx(result.table["estimate"][0] - result.table["estimate"][1])


def test_most_urgent_is_of_those_who_named_one() -> None:
    table = found(outlook.most_urgent(survey()), "option")
    named = ten_firms()["G2"].notna().to_numpy()
    assert table.index.tolist() == ["FIN", "LAB", "LAND"]  # "没有困难" cannot be urgent
    fin = (ten_firms()["G2"] == "FIN").to_numpy()
    assert table.loc["FIN", "estimate"] == pytest.approx(weighted_share(fin, named))
    assert table["count"].to_dict() == {"FIN": 4, "LAB": 3, "LAND": 1}
    assert (table["n"] == 8).all()


def test_an_option_nobody_chose_is_zero_with_an_upper_limit() -> None:
    frame = ten_firms().assign(G2="FIN")
    table = found(outlook.most_urgent(survey(frame)), "option")
    assert table.loc["LAND", "estimate"] == 0
    assert 0 < table.loc["LAND", "conf_high"] < 50


def test_appeals_have_three_denominators() -> None:
    table = found(outlook.appeals(survey()), "question")
    frame = ten_firms()
    asked = frame["I1"].notna().to_numpy()
    used = asked & (frame["I1"] != "0").to_numpy()
    assert table["n"].to_dict() == {"used": 9, "solved": 4, "satisfied": 3}
    assert table["count"].to_dict() == {"used": 4, "solved": 2, "satisfied": 1}
    assert table.loc["used", "estimate"] == pytest.approx(weighted_share(used, asked))
    solved, told = (frame["I2"] == 3).to_numpy(), frame["I2"].notna().to_numpy()
    assert table.loc["solved", "estimate"] == pytest.approx(weighted_share(solved, told))
    happy, rated = (frame["I3"] > 3).to_numpy(), frame["I3"].notna().to_numpy()
    assert table.loc["satisfied", "estimate"] == pytest.approx(weighted_share(happy, rated))


def test_appeals_without_some_of_the_questions() -> None:
    frame = ten_firms().drop(columns="I3").assign(I2=NAN)
    assert found(outlook.appeals(survey(frame)), "question").index.tolist() == ["used"]


def test_channels_and_results_of_appeals() -> None:
    channels = found(outlook.appeal_channels(survey()), "option")
    assert channels["count"].to_dict() == {"1": 2, "2": 2}
    assert (channels["n"] == 9).all()
    results = found(outlook.appeal_results(survey()), "option")
    assert results["count"].to_dict() == {"0": 0, "1": 1, "2": 1, "3": 2}
    assert results["label"].tolist() == list(SOLVED.values())
    assert results["estimate"].sum() == pytest.approx(100)


def test_shares_are_those_of_estimate_in_per_cent() -> None:
    y = np.where(ten_firms()["G2"].isna(), NAN, ten_firms()["G2"] == "LAB")
    low, high = share(y, Design(W)).interval(0.95)
    row = found(outlook.most_urgent(survey()), "option").loc["LAB"]
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([100 * low[0], 100 * high[0]])


# --- enterprises and the persons they employ ----------------------------------------------------------------

PERSONS = np.array([300.0, 40, 2, 3, 2, 4, 60, 9, 2, 50])
CHAMBERS = np.repeat(["a", "b", "c", "d", "e"], 2)


def both_ways(frame: pd.DataFrame | None = None) -> surveys.Survey:
    employment = Design(W * PERSONS, clusters=CHAMBERS)
    opened = small.survey(BOOK, ten_firms() if frame is None else frame, weights=W, clusters=CHAMBERS)
    return replace(opened, employment=employment)


def ratio_error(y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Linearised values of a weighted mean by cluster, (5,)."""
    known = ~np.isnan(y)
    centre = (w[known] * y[known]).sum() / w[known].sum()
    z = np.where(known, w * (np.nan_to_num(y) - centre) / w[known].sum(), 0.0)
    return np.array([z[chamber == CHAMBERS].sum() for chamber in "abcde"])


def test_satisfaction_of_enterprises_and_of_persons_employed() -> None:
    result = outlook.estimands(both_ways())
    table = found(result, "weighting")
    y = ten_firms()["F1"].to_numpy() * 10
    known = ~np.isnan(y)
    assert table["label"].tolist() == ["按企业计", "按从业人员计"]
    for key, w in (("enterprise", W), ("employment", W * PERSONS)):
        assert table.loc[key, "estimate"] == pytest.approx((w * np.nan_to_num(y)).sum() / w[known].sum())
        assert table.loc[key, "std_error"] == pytest.approx(np.sqrt(5 / 4 * (ratio_error(y, w) ** 2).sum()))
        assert result.extra[f"deff_{key}"] == pytest.approx(10 * (w**2).sum() / w.sum() ** 2)
    assert (
        table.loc["enterprise", "estimate"]
        == found(outlook.overall(both_ways()), "item").loc["F1", "estimate"]
    )


def test_the_difference_of_weightings_knows_that_the_respondents_are_the_same() -> None:
    result = outlook.estimands(both_ways())
    assert result is not None
    y = ten_firms()["F1"].to_numpy() * 10
    unlike = ratio_error(y, W * PERSONS) - ratio_error(y, W)
    table, cov = result.table, result.extra["cov"]
    assert result.extra["difference"] == pytest.approx(table["estimate"].diff().iloc[1])
    assert cov[0, 0] + cov[1, 1] - 2 * cov[0, 1] == pytest.approx(5 / 4 * (unlike**2).sum())
    assert result.extra["difference_low"] < result.extra["difference"] < result.extra["difference_high"]


def test_most_ticked_difficulties_both_ways() -> None:
    result = outlook.difficulty_estimands(both_ways(), most=2)
    assert result is not None
    assert result.table["option"].tolist() == ["LAB", "LAB", "FIN", "FIN"]
    assert result.table["weighting"].tolist() == ["enterprise", "employment"] * 2
    assert result.table["label"].tolist() == ["用工难"] * 2 + ["融资难"] * 2
    for _, row in result.table.iterrows():
        w = W * PERSONS if row["weighting"] == "employment" else W
        y = ten_firms()[f"G1.{row['option']}"].to_numpy()
        low, high = share(y, Design(w, clusters=CHAMBERS)).interval(0.95)
        assert row["estimate"] == pytest.approx(100 * np.nansum(w * y) / w[~np.isnan(y)].sum())
        assert [row["conf_low"], row["conf_high"]] == pytest.approx([100 * low[0], 100 * high[0]])
        assert row["count"] == np.nansum(y)
    differences = result.extra["differences"].set_index("option")
    one, other = (
        result.table[result.table["weighting"] == key]["estimate"].to_numpy()
        for key in ("enterprise", "employment")
    )
    assert differences.index.tolist() == ["LAB", "FIN"]
    assert differences["estimate"].to_numpy() == pytest.approx(other - one)
    assert differences[["n", "count"]].to_numpy().tolist() == [[9, 5], [9, 5]]


def test_without_persons_employed_there_is_one_estimand() -> None:
    assert outlook.estimands(survey()) is None
    assert outlook.difficulty_estimands(survey()) is None


def test_no_difficulty_but_none_gives_no_rows() -> None:
    frame = ten_firms().drop(columns=["G1.FIN", "G1.LAB", "G1.LAND"])
    assert outlook.difficulty_estimands(both_ways(frame)) is None


# --- what was not asked --------------------------------------------------------------------------------

ANALYSES = [
    outlook.estimands,
    outlook.difficulty_estimands,
    outlook.overall,
    outlook.environments,
    outlook.change,
    outlook.business_trend,
    outlook.difficulties,
    outlook.most_urgent,
    outlook.appeals,
    outlook.appeal_channels,
    outlook.appeal_results,
    outlook.sensitivity,
]
each_analysis = pytest.mark.parametrize("analysis", ANALYSES, ids=lambda f: f.__name__)


@each_analysis
def test_a_question_that_was_not_asked_gives_none(analysis: object) -> None:
    assert analysis(survey(book=small.codebook([]))) is None  # type: ignore[operator]


@each_analysis
def test_a_question_missing_from_the_export_gives_none(analysis: object) -> None:
    assert analysis(survey(ten_firms()[[]])) is None  # type: ignore[operator]


@each_analysis
def test_a_question_nobody_answered_gives_none(analysis: object) -> None:
    frame = ten_firms()
    assert analysis(survey(frame.where(frame.isna() & False))) is None  # type: ignore[operator]


def test_groups_of_an_unknown_column_or_without_answers_give_none() -> None:
    assert outlook.by(survey(), "mode") is None
    assert outlook.by(survey(book=small.codebook([])), "size") is None
    assert outlook.by(survey(ten_firms().assign(size=None)), "size") is None


def test_a_demo_round(demo_root: Path) -> None:
    asked = surveys.open("2022H2", demo_root)
    for analysis in ANALYSES:
        result = analysis(asked)
        assert result is not None, analysis.__name__
        table = result.table
        numbers = table[["estimate", "conf_low", "conf_high"]]
        assert numbers.notna().all(axis=None)
        assert (numbers["conf_low"] <= numbers["estimate"]).all()
        assert (numbers["estimate"] <= numbers["conf_high"]).all()
        assert table["n"].between(1, result.total).all()
    for column in ("size", "district", "mode", "industry"):
        assert outlook.by(asked, column).table["n"].sum() <= asked.n  # type: ignore[union-attr]
