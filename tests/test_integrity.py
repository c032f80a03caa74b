"""integrity: every reason on hand-made forms, the planted ones of the demo, headlines without them, means by mode."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered import ROUNDS, numbered

from evalpkg import estimate, integrity, outlook, scores
from evalpkg import survey as surveys
from evalpkg.codebook import Codebook, Scale
from evalpkg.estimate import Result
from evalpkg.integrity.collection import standardised
from evalpkg.integrity.copies import copied
from evalpkg.survey import Survey
from evalpkg.weights import WeightsError

NAN = np.nan
LIKERT = Scale(1, 5, {"非常不满意": 1, "不满意": 2, "一般": 3, "满意": 4, "非常满意": 5})
DEPARTMENTS = [f"D{i:02d}" for i in range(1, 7)]
DRIVERS = [f"V{i}" for i in range(1, 5)]
TROUBLES = {"FIN": "融资难", "LAB": "用工难", "NONE": "没有困难"}
BOOK = small.codebook(
    [
        small.item("A1", "district", type="category", options={"E": "东区", "W": "西区"}),
        small.item("A6", "size", type="category", options={"L": "大型", "S": "小型"}),
        small.item("mode", "mode", type="category", options={"online": "网上", "phone": "电话", "paper": "纸质"}),
        *(small.item(f"C_{d}", "rating", scale=LIKERT, department=d) for d in DEPARTMENTS),
        *(small.item(code, "driver", scale=LIKERT) for code in DRIVERS),
        replace(small.item("attn", "attention", scale=LIKERT), title="本题请选“不满意”"),
        small.item("F1", "outcome", "总体满意度", scale=small.TEN),
        small.item("G1", "difficulty", type="multi", options=TROUBLES, exclusive="NONE"),
        small.item("G2", "difficulty_top", type="category", options=TROUBLES),
        small.item("G3", "severity", type="ordinal", options={str(i): str(i) for i in range(5)}, scale=Scale(0, 4)),
        small.item("I1", "appeal_channel", type="category", options={"0": "没有", "1": "平台"}),
        small.item("I2", "appeal_solved", type="ordinal", options={str(i): str(i) for i in range(4)}, scale=Scale(0, 3)),
    ]
)  # fmt: skip
CAREFUL: dict[str, Any] = {
    "district": "E", "size": "S", "mode": "online", "attn": 2.0, "F1": 7.0, "G1.FIN": 1.0, "G1.LAB": 0.0, "G1.NONE": 0.0,
    "G2": "FIN", "G3": 2.0, "I1": "0", "I2": NAN, "ratings": [4, 3, 4, 5, 4, NAN], "drivers": [4, 4, 3, 5],
}  # fmt: skip


def form(**changes: Any) -> dict[str, Any]:
    """Return a careful form with some answers of its own."""
    return {**CAREFUL, **changes}


def survey(forms: list[dict[str, Any]], book: Codebook = BOOK, **more: Any) -> Survey:
    index = pd.RangeIndex(1, len(forms) + 1, name="rid")
    table = pd.DataFrame(forms, index=index)
    ratings = pd.DataFrame(table.pop("ratings").tolist(), index=index, columns=DEPARTMENTS, dtype=float)
    table[DRIVERS] = pd.DataFrame(table.pop("drivers").tolist(), index=index, dtype=float)
    return small.survey(book, table, ratings=ratings, **more)


def reasons(**changes: Any) -> set[str]:
    """Return the reasons for which a careful form with these changes is flagged."""
    table = integrity.flagged(survey([form(**changes), form()]))
    assert not table.iloc[1].any()
    return set(table.columns[table.iloc[0].to_numpy()])


def best(value: float) -> dict[str, Any]:
    return {"ratings": [value] * 6, "drivers": [value] * 4}


# --- one reason at a time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        # straight-lining
        (best(4), {"straight"}),
        (best(3), {"straight"}),
        (best(4) | {"ratings": [4, 4, 4, 4, 4, 5]}, set()),
        (best(4) | {"ratings": [4, 4, 4, 4, NAN, NAN]}, {"straight"}),  # eight asked marks
        (best(4) | {"ratings": [4, 4, 4, NAN, NAN, NAN]}, set()),  # seven
        (best(4) | {"ratings": [NAN] * 6, "drivers": [NAN] * 4}, set()),
        # all-best, and all-worst, are not invalid by themselves
        (best(5) | {"F1": 10.0}, set()),
        (best(1) | {"F1": 1.0}, set()),
        (best(5) | {"attn": 5.0}, {"straight"}),
        (best(5) | {"attn": 4.0}, set()),
        # contradictions
        ({"G1.NONE": 1.0, "G3": 0.0}, {"contradiction"}),
        ({"G1.FIN": 0.0, "G1.NONE": 1.0, "G2": None, "G3": 0.0}, set()),
        ({"I2": 3.0}, {"contradiction"}),
        ({"I1": "1", "I2": 3.0}, set()),
        ({"I1": None, "I2": 3.0}, set()),
        ({"F1": 9.0, "ratings": [1, 1, 2, 1, 1, 2]}, {"contradiction"}),
        ({"F1": 9.0, "ratings": [1, 1, 2, 1, 1, 3]}, set()),
        ({"F1": 9.0, "ratings": [1, 1, 2, 1, NAN, NAN]}, set()),
        ({"F1": 8.0, "ratings": [1, 1, 2, 1, 1, 2]}, set()),
        ({"F1": 1.0, "ratings": [5, 4, 4, 5, 5, 5]}, {"contradiction"}),
        ({"F1": NAN, "ratings": [1, 1, 2, 1, 1, 2]}, set()),
        # weak signs: one is a slip, two are not
        ({"attn": 4.0}, set()),
        ({"attn": NAN, "G2": "LAB"}, set()),
        ({"G2": "LAB"}, set()),
        ({"attn": 4.0, "G2": "LAB"}, {"contradiction"}),
        ({"attn": 3.0, "G1.FIN": 0.0, "G1.NONE": 1.0, "G2": None, "G3": 3.0}, {"contradiction"}),
        # frame
        ({"district": None}, set()),
        ({"district": None, "size": None}, {"frame"}),
    ],
)  # fmt: skip
def test_a_form_is_flagged_for_what_it_does(changes: dict[str, Any], expected: set[str]) -> None:
    assert reasons(**changes) == expected


def test_what_the_raw_file_told_is_joined_with_the_answers() -> None:
    told = pd.DataFrame({"speeder": [False, True, False], "contradiction": [True, False, False]},
                        index=pd.RangeIndex(1, 4, name="rid"))  # fmt: skip
    given = replace(survey([form(), form(), form(I2=3.0)]), flags=told)
    found = integrity.flagged(given)
    assert list(found) == ["speeder", "straight", "duplicate", "contradiction", "frame"]
    assert found["speeder"].tolist() == [False, True, False]
    assert found["contradiction"].tolist() == [True, False, True]
    assert found.index.equals(given.responses.index)


def test_flags_are_counted_by_reason_and_together() -> None:
    result = integrity.flags(survey([form(**best(4), I2=3.0), form(**best(3)), form(attn=4.0), form()]))
    table = result.table.set_index("reason")
    assert table["count"].to_dict() == {
        "straight": 2,
        "duplicate": 0,
        "contradiction": 1,
        "frame": 0,
        "any": 2,
    }
    assert result.table[["label", "estimate", "n"]].iloc[-1].tolist() == ["任一项", 50.0, 4]
    assert (result.unit, result.base, result.total) == ("%", "全部答卷", 4)
    assert result.extra["signs"].set_index("sign")["count"].to_dict() == {
        "attention": 1,
        "top": 0,
        "severity": 0,
    }
    assert [note for note in result.extra["notes"] if "所用时间" in note or "提交时间" in note] == [
        "导出文件没有可用的“所用时间”，不能判断是否作答过快", "导出文件没有可用的“提交时间”，不能判断是否集中提交"
    ]  # fmt: skip


def test_a_survey_that_asks_little_judges_little() -> None:
    book = small.codebook(
        [small.item("F1", "outcome", scale=small.TEN), small.item("J1", "remark", type="text")]
    )
    frame = pd.DataFrame({"F1": [7.0, NAN, 10.0]}, index=pd.RangeIndex(1, 4, name="rid"))
    result = integrity.flags(small.survey(book, frame))
    assert result.table["reason"].tolist() == ["duplicate", "any"] and result.table["count"].sum() == 0
    assert len(result.extra["notes"]) == len(integrity.REASONS) - 1
    nothing = small.survey(small.codebook([]), frame[[]])
    assert integrity.flagged(nothing).shape == (3, 0)
    assert integrity.flags(nothing).table["reason"].tolist() == ["any"]


@pytest.mark.parametrize("title", ["质检题", "本题请选“满分”", "请选“满意”或“不满意”"])
def test_an_attention_item_that_does_not_quote_one_answer_is_not_used(title: str) -> None:
    items = [replace(i, title=title) if i.code == "attn" else i for i in BOOK.items.values()]
    careless = survey([form(attn=5.0, **best(5)), form()], small.codebook(items))
    assert "attention" not in integrity.flags(careless).extra["signs"]["sign"].tolist()
    assert not integrity.flagged(careless).to_numpy().any()


# --- copies --------------------------------------------------------------------------------------------


def plain_copies(answers: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Compare every pair, answer by answer, as `copied` defines it."""
    n = len(answers)
    near = np.zeros((n, n), dtype=bool)
    for i in range(n):
        for j in range(n):
            pairs = [
                (a, b) for a, b, x, y in zip(answers[i], answers[j], best[i], best[j], strict=True)
                if a >= 0 and b >= 0 and not (x and y)
            ]  # fmt: skip
            near[i, j] = len(pairs) >= 30 and sum(a == b for a, b in pairs) >= 0.85 * len(pairs) - 1e-9
    core = near.sum(axis=1) >= 5
    told = ((answers >= 0) & ~best).sum(axis=1) >= 30
    twin = [any(i != j and (answers[i] == answers[j]).all() for j in range(n)) for i in range(n)]
    return np.asarray(near[:, core].any(axis=1) | (told & np.array(twin, dtype=bool)))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.floats(0, 0.3), st.integers(30, 45))
def test_copies_equal_a_comparison_of_every_pair(seed: int, many: int, noise: float, items: int) -> None:
    rng = np.random.default_rng(seed)
    honest = rng.integers(-1, 3, (25, items))
    honest[:8] = np.where(
        rng.random((8, items)) < 0.9, 2, honest[:8]
    )  # satisfied ones, who agree without copying
    bloc = np.where(rng.random((many, items)) < noise, rng.integers(-1, 3, (many, items)), honest[:1])
    answers = np.vstack([honest, bloc, honest[:1], honest[9:10]])
    best = (answers == 2) & (np.arange(items) < items // 3)
    np.testing.assert_array_equal(copied(answers, best), plain_copies(answers, best))


def test_satisfied_forms_that_agree_are_no_copies() -> None:
    """Two hundred forms with best marks throughout and nothing else asked but twenty facts."""
    rng = np.random.default_rng(1)
    facts = rng.integers(0, 3, (200, 20))
    answers = np.hstack([np.full((200, 60), 4), facts])
    best = answers == 4
    assert not copied(answers, best).any()
    assert copied(answers, np.zeros_like(best)).all()  # counting best marks would flag every one of them


def test_a_form_handed_in_twice_is_found_and_its_neighbours_are_not() -> None:
    answers = np.random.default_rng(2).integers(0, 4, (100, 40))
    answers[70] = answers[20]
    assert np.flatnonzero(copied(answers, np.zeros(answers.shape, dtype=bool))).tolist() == [20, 70]


def test_no_forms_are_no_copies() -> None:
    assert copied(np.zeros((0, 5), dtype=int), np.zeros((0, 5), dtype=bool)).shape == (0,)
    assert not copied(np.zeros((4, 0), dtype=int), np.zeros((4, 0), dtype=bool)).any()


# --- the demo: planted forms ---------------------------------------------------------------------------

PLANTED = ("bloc", "speeders", "straight", "torn", "exclusive")


def planted(root: Path, round_id: str) -> dict[str, list[int]]:
    truth = json.loads((root / "data/raw/truth.json").read_text(encoding="utf-8"))
    kinds: dict[str, list[int]] = truth["rounds"][round_id]["planted"]
    return kinds


@pytest.mark.parametrize("round_id", ROUNDS)
def test_false_flags_are_at_most_two_per_cent(round_id: str, demo_root: Path) -> None:
    opened, serial = numbered(demo_root, round_id)
    kinds = planted(demo_root, round_id)
    clean = ~serial.isin([number for kind in PLANTED for number in kinds[kind]])
    found = integrity.flagged(opened).any(axis=1)
    assert clean.sum() > 900
    assert found[clean].mean() <= 0.02  # 0.1-0.2% seen


@pytest.mark.parametrize("round_id", ROUNDS)
def test_planted_forms_are_flagged(round_id: str, demo_root: Path) -> None:
    opened, serial = numbered(demo_root, round_id)
    kinds, found = planted(demo_root, round_id), integrity.flagged(opened)
    assert found.loc[serial.isin(kinds["speeders"]), "speeder"].all()
    assert found.loc[serial.isin([*kinds["torn"], *kinds["exclusive"]]), "contradiction"].all()
    straight = serial.isin(kinds["straight"])
    # all-best: not invalid by itself, unless the attention item got the best mark too
    top = (opened.ratings.max(axis=1) == 5) & (opened.responses["attn"] != 5)
    assert found.loc[straight & ~top, "straight"].all()
    assert not found.loc[straight & top, "straight"].any()


def test_the_bloc_is_flagged_by_each_reason_alone(demo_root: Path) -> None:
    opened, serial = numbered(demo_root, "2022H1")
    bloc = serial.isin(planted(demo_root, "2022H1")["bloc"])
    found = integrity.flagged(opened)
    assert bloc.sum() == 60
    for reason in ("burst", "duplicate"):
        assert found.loc[bloc, reason].mean() >= 0.95
        assert found.loc[~bloc, reason].sum() == 0
    without_clock = integrity.flagged(replace(opened, flags=pd.DataFrame()))
    assert without_clock[bloc].any(axis=1).mean() >= 0.95


# --- headlines -----------------------------------------------------------------------------------------


def test_headlines_with_and_without_equal_the_analyses(demo_root: Path) -> None:
    opened, _ = numbered(demo_root, "2022H1")
    keep = ~integrity.flagged(opened).any(axis=1).to_numpy()
    rest = surveys.restricted(opened, keep)
    result = integrity.headlines(opened, {"overall": outlook.overall, "departments": scores.departments})
    for name, analysis in (("overall", outlook.overall), ("departments", scores.departments)):
        rows = result.table[result.table["key"] == name].set_index("row")
        published, again = analysis(opened), analysis(rest)
        assert published is not None and again is not None
        expected = again.table.set_index(published.table.columns[0]).loc[rows.index]
        np.testing.assert_allclose(rows["estimate"], published.table["estimate"], rtol=1e-12)
        np.testing.assert_allclose(rows["without"], expected["estimate"], rtol=1e-12)
        np.testing.assert_allclose(rows["without_low"], expected["conf_low"], rtol=1e-12)
        np.testing.assert_allclose(rows["difference"], expected["estimate"] - rows["estimate"], atol=1e-12)
        assert rows["without_n"].tolist() == expected["n"].tolist()
    assert rest.design.weights.sum() == pytest.approx(opened.design.weights.sum())
    assert dict(result.extra) == {"flagged_count": (~keep).sum(), "notes": ()}


def test_one_headline_a_row_of_each_analysis_with_its_unit() -> None:
    given = survey([form(**best(4), F1=9.0), form(F1=5.0), form(F1=6.0), form(F1=7.0)])
    result = integrity.headlines(given, {"overall": outlook.overall, "difficulties": outlook.difficulties,
                                         "none": lambda s: None})  # fmt: skip
    assert list(result.table) == [
        "key", "row", "label", "unit", "estimate", "std_error", "conf_low", "conf_high", "without", "without_low",
        "without_high", "difference", "n", "without_n", "count", "without_count",
    ]  # fmt: skip
    first = result.table.iloc[0]
    assert first[["key", "row", "unit", "n", "without_n"]].tolist() == ["overall", "F1", "分", 4, 3]
    assert first[["estimate", "without", "difference"]].tolist() == pytest.approx([67.5, 60.0, -7.5])
    assert set(result.table.loc[1:, "unit"]) == {"%"} and result.unit == ""
    expected = outlook.difficulties(given)
    assert expected is not None and result.table["count"].isna().tolist()[0]
    assert result.table["count"].tolist()[1:] == expected.table["count"].tolist()


def test_the_default_headline_is_overall_satisfaction() -> None:
    given = survey([form(F1=9.0), form(F1=5.0), form(F1=6.0)])
    result, expected = integrity.headlines(given), outlook.overall(given)
    assert expected is not None
    columns = ["estimate", "std_error", "conf_low", "conf_high", "n"]
    pd.testing.assert_frame_equal(result.table[columns], expected.table[columns])
    assert result.table["difference"].tolist() == [0.0] and result.unit == "分"


def test_a_survey_without_an_outcome_has_no_headline() -> None:
    items = [item for item in BOOK.items.values() if item.role != "outcome"]
    result = integrity.headlines(survey([form(), form()], small.codebook(items)))
    assert len(result.table) == 0 and "without" in result.table


def test_when_everybody_is_flagged_nothing_is_left_to_compare() -> None:
    result = integrity.headlines(survey([form(**best(4), F1=3.0), form(**best(3), F1=4.0)]))
    row = result.table.iloc[0]
    assert row["estimate"] == 35.0 and np.isnan(row["without"]) and row["without_n"] == 0
    assert result.extra["flagged_count"] == 2
    assert result.extra["notes"] == ("全部答卷都有疑点，没有可以对照的答卷；请先核查收集过程",)


def test_where_weighting_anew_fails_the_rest_keeps_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = [1.0, 2.0, 3.0, 4.0]
    given = survey([form(**best(4)), form(F1=5.0), form(F1=6.0), form(F1=8.0)], weights=weights)
    plain = surveys.restricted

    def refusing(survey: Survey, keep: np.ndarray) -> Survey:
        if survey.raking is not None:
            raise WeightsError("size：类别 L 没有答卷；请合并")
        return plain(survey, keep)

    monkeypatch.setattr(surveys, "restricted", refusing)
    result = integrity.headlines(replace(given, raking="a report"))  # type: ignore[arg-type]
    assert result.table["without"].tolist() == pytest.approx([np.average([50, 60, 80], weights=weights[1:])])
    (note,) = result.extra["notes"]
    assert "沿用原来的权数" in note


# --- modes ---------------------------------------------------------------------------------------------


def by_mode(n: int = 400, seed: int = 4, **columns: Any) -> Survey:
    """Return answers by three modes; who is phoned sits in the west, where satisfaction is lower by 2 points of 10."""
    rng = np.random.default_rng(seed)
    west = rng.random(n) < 0.5
    mode = np.where(rng.random(n) < np.where(west, 0.6, 0.1), "phone", "online")
    mode[rng.random(n) < 0.1] = "paper"
    size = np.where(rng.random(n) < 0.3, "L", "S")
    y = 6 - 2 * west + 0.5 * (size == "L") + 1.0 * (mode == "phone") + rng.normal(0, 0.5, n)
    frame = pd.DataFrame({"mode": mode, "district": np.where(west, "W", "E"), "size": size, "F1": y})
    frame = frame.assign(**columns).set_index(pd.RangeIndex(1, n + 1, name="rid"))
    return small.survey(BOOK, frame, weights=rng.uniform(0.5, 3, n), clusters=rng.integers(0, 40, n))


def adjusted_plainly(given: Survey, weights: np.ndarray) -> np.ndarray:
    """Fit with every dummy, set everybody to each mode in turn, average: online, phone, paper, then the overall mean."""
    frame = given.responses
    y = 10 * frame["F1"].to_numpy()

    def design(mode: pd.Series | str) -> np.ndarray:
        mode = pd.Series(mode, index=frame.index)
        return np.column_stack([
            np.ones(len(frame)), mode == "phone", mode == "paper", frame["district"] == "W", frame["size"] == "L"
        ]).astype(float)  # fmt: skip

    root = np.sqrt(weights)
    b = np.linalg.lstsq(root[:, None] * design(frame["mode"]), root * y, rcond=None)[0]
    adjusted = [np.average(design(m) @ b, weights=weights) for m in ("online", "phone", "paper")]
    return np.array([*adjusted, np.average(y, weights=weights)])


def test_modes_equal_a_regression_done_plainly() -> None:
    given = by_mode()
    result = integrity.modes(given)
    assert result is not None
    table = result.table.set_index("group")
    expected = adjusted_plainly(given, given.design.weights)
    assert list(table.index) == ["online", "phone", "paper"]
    np.testing.assert_allclose(table["adjusted"], expected[:3], rtol=1e-10)
    assert result.extra["mode_adjusted"] == pytest.approx(expected[3] - expected[0], abs=1e-10)
    raw = outlook.by(given, "mode")
    assert raw is not None
    columns = ["estimate", "std_error", "conf_low", "conf_high", "n"]
    pd.testing.assert_frame_equal(table[columns], raw.table.set_index("group").loc[table.index, columns])
    assert (result.extra["reference"], result.extra["adjusted_for"]) == ("网上", ("县（区）", "规模"))


def test_differences_of_adjusted_means_are_coefficients_of_a_regression() -> None:
    """The mean of the other columns cancels: estimate and error equal those of `estimate.regression`."""
    given = by_mode()
    result = integrity.modes(given)
    assert result is not None
    frame = given.responses
    x = pd.DataFrame({"phone": frame["mode"] == "phone", "paper": frame["mode"] == "paper",
                      "west": frame["district"] == "W", "large": frame["size"] == "L"}).astype(float)  # fmt: skip
    fit = estimate.regression(10 * frame["F1"], x, given.design)
    adjusted, cov = result.table["adjusted"].to_numpy(), result.extra["adjusted_cov"]
    np.testing.assert_allclose(adjusted[1:] - adjusted[0], fit.estimate[1:3], rtol=1e-9)
    against = np.array([[-1.0, 1, 0], [-1, 0, 1]])
    np.testing.assert_allclose(against @ cov @ against.T, fit.cov[1:3, 1:3], rtol=1e-9)


def test_influence_of_the_adjusted_means_equals_their_derivative_by_each_weight() -> None:
    given = by_mode(60)
    w, frame = given.design.weights, given.responses
    y = 10 * frame["F1"].to_numpy()
    dummies = np.column_stack([frame["mode"] == m for m in ("online", "phone", "paper")]).astype(float)
    others = np.column_stack([frame["district"] == "W", frame["size"] == "L"]).astype(float)
    found = standardised(y, w, dummies, others)
    assert found is not None
    step = 1e-6
    for row in range(0, 60, 7):
        up, down = w.copy(), w.copy()
        up[row], down[row] = w[row] * (1 + step), w[row] * (1 - step)
        slope = (adjusted_plainly(given, up) - adjusted_plainly(given, down)) / (2 * step)
        np.testing.assert_allclose(found.influence[row], slope[:3], rtol=1e-5, atol=1e-7)


def test_the_adjustment_removes_what_the_district_explains() -> None:
    result = integrity.modes(by_mode(4000))
    assert result is not None
    table = result.table.set_index("group")
    gap, fair = (
        table.loc[["phone", "online"], c].to_numpy(float) @ [1, -1] for c in ("estimate", "adjusted")
    )
    assert gap < 4  # those who are phoned look hardly happier
    assert fair == pytest.approx(10, abs=1)  # by 1 point of 10 in truth
    share = (by_mode(4000).responses["mode"] == "phone").mean()
    assert result.extra["mode_adjusted"] == pytest.approx(10 * share, abs=1)
    assert result.extra["mode_adjusted_low"] < 10 * share < result.extra["mode_adjusted_high"]


def test_without_covariates_adjusted_is_what_it_was() -> None:
    given = by_mode()
    bare = replace(given, responses=given.responses[["mode", "F1"]])
    result = integrity.modes(bare)
    assert result is not None
    np.testing.assert_allclose(result.table["adjusted"], result.table["estimate"], rtol=1e-12)
    assert result.extra["adjusted_for"] == () and result.extra["notes"] == ()


def test_a_mode_used_in_one_district_alone_is_not_adjusted_for_it() -> None:
    given = by_mode()
    frame = given.responses
    alone = frame.assign(district=np.where(frame["mode"] == "paper", "W", "E"))
    result = integrity.modes(replace(given, responses=alone))
    assert result is not None
    assert result.extra["adjusted_for"] == ("规模",)
    assert result.extra["notes"] == ("填报方式与县（区）分不开，没有按县（区）调整",)
    assert np.isfinite(result.table["adjusted_low"]).all()


def test_small_modes_are_put_together_or_not_listed() -> None:
    given = by_mode()
    mode = given.responses["mode"].copy()
    mode[:] = "online"
    mode.iloc[:50], mode.iloc[50:56], mode.iloc[56:63] = "phone", "paper", "visit"
    both = integrity.modes(replace(given, responses=given.responses.assign(mode=mode)))
    assert both is not None
    assert both.table[["group", "label", "n"]].to_numpy().tolist() == [
        ["online", "网上", 337], ["phone", "电话", 50], ["other", "其他方式", 13]
    ]  # fmt: skip
    few = integrity.modes(
        replace(given, responses=given.responses.assign(mode=mode.replace("visit", "online")))
    )
    assert few is not None
    assert few.table["group"].tolist() == ["online", "phone"] and few.table["n"].min() >= 10
    assert few.extra["notes"] == ("不足 10 家的填报方式不单列",)
    mean = np.average(10 * given.responses["F1"], weights=given.design.weights)
    assert few.extra["mode_adjusted"] == pytest.approx(mean - few.table["adjusted"][0])


def test_blank_answers_are_left_out_and_a_blank_district_is_a_place_of_its_own() -> None:
    given = by_mode()
    frame = given.responses.copy()
    frame.loc[1:30, "F1"] = NAN
    frame.loc[20:60, "district"] = None
    frame.loc[61:75, "mode"] = None
    result = integrity.modes(replace(given, responses=frame))
    assert result is not None
    assert result.table["n"].sum() == 370 and result.table["group"].tolist()[-1] == "other"
    assert np.isfinite(result.table.drop(columns=["group", "label"]).to_numpy(dtype=float)).all()


@pytest.mark.parametrize("mode", ["online", None])
def test_a_single_mode_is_nothing_to_compare(mode: str | None) -> None:
    assert integrity.modes(by_mode(mode=pd.Series([mode] * 400, dtype="str"))) is None


def test_without_mode_or_outcome_there_is_nothing_to_compare() -> None:
    given = by_mode()
    assert integrity.modes(replace(given, responses=given.responses.drop(columns="mode"))) is None
    assert integrity.modes(replace(given, responses=given.responses.drop(columns="F1"))) is None


def test_modes_of_the_demo_are_adjusted_for_all_three(demo_root: Path) -> None:
    opened, _ = numbered(demo_root, "2022H2")
    result = integrity.modes(opened)
    assert isinstance(result, Result)
    assert (
        result.extra["adjusted_for"] == ("县（区）", "规模", "行业")
        and result.extra["reference"] == "网上填报"
    )
    overall = outlook.overall(opened)
    assert overall is not None
    expected = overall.table["estimate"][0] - result.table["adjusted"][0]
    assert result.extra["mode_adjusted"] == pytest.approx(expected)
    assert opened.design.calibration is not None  # residuals of the raking enter the errors
