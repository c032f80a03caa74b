"""trends: history, levels, changes, departments, districts, alarms; each number a second way, and the demo's truth."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import short_coverage
from scipy import stats
from scipy.stats import t
from small_rounds import DRIVERS, ITEMS, answers, past, wave
from small_survey import item, survey
from statsmodels.stats.multitest import multipletests

from evalpkg import disclosure, estimate, outlook, params, scores, tables, trends
from evalpkg import survey as surveys
from evalpkg.disclosure import Gate
from evalpkg.estimate import Estimate
from evalpkg.params import ParamsError
from evalpkg.trends import alarms, control, pairs, successors
from evalpkg.trends.items import columns
from evalpkg.trends.past import between, check_order

GATE = Gate(k=10, min_raters=30)


@pytest.fixture(scope="module")
def now(demo_root: Path) -> surveys.Survey:
    return surveys.open("2022H2", demo_root)


@pytest.fixture(scope="module")
def demo(now: surveys.Survey) -> trends.History:
    return trends.history(now)


@pytest.fixture(scope="module")
def changed(demo: trends.History) -> estimate.Result:
    found = trends.changes(demo)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def offices(demo: trends.History) -> estimate.Result:
    found = trends.departments(demo)
    assert found is not None
    return found


def truth(root: Path, round_id: str) -> dict[str, object]:
    found = json.loads((root / "data/raw/truth.json").read_text(encoding="utf-8"))
    return dict(found["rounds"][round_id])


# --- history ---------------------------------------------------------------------------------------------


def test_all_earlier_rounds_oldest_first(demo: trends.History) -> None:
    assert [one.round.id for one in demo.waves] == ["2020H2", "2021H1", "2021H2", "2022H1"]
    assert demo.surveys[-1].round.id == "2022H2"
    assert demo.notes == ()


def test_a_first_round_has_nothing_behind_it(demo_root: Path) -> None:
    first = trends.history(surveys.open("2020H2", demo_root))
    assert first.waves == ()
    assert (
        trends.changes(first) is None
        and trends.departments(first) is None
        and trends.districts(first) is None
    )
    course = trends.course(first)
    assert course is not None and set(course.table["round"]) == {"2020H2"}


def test_half_years_without_a_round() -> None:
    assert between(["2020H1", "2020H2", "2022H1"]) == ["2021H1", "2021H2"]
    assert between(["2022H2"]) == []


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (("2022H2", 1, date(2022, 7, 1)), "2022H2 在 2022H1 之后，number 却是 1（2022H1 是 4）"),
        (("2022H2", 5, date(2022, 6, 30)), "轮次 2022H1 和 2022H2 的评价期（period）重叠"),
    ],
)
def test_rounds_out_of_order_are_refused(second: tuple[str, int, date], said: str) -> None:
    period = SimpleNamespace(start=date(2022, 1, 1), end=date(2022, 6, 30))
    first = SimpleNamespace(id="2022H1", number=4, period=period)
    name, number, start = second
    other = SimpleNamespace(
        id=name, number=number, period=SimpleNamespace(start=start, end=date(2022, 12, 31))
    )
    with pytest.raises(ParamsError) as raised:
        check_order([first, other])  # type: ignore[list-item]
    assert said in str(raised.value) and "\n" not in str(raised.value)


# --- other workspaces ------------------------------------------------------------------------------------


def workspace(source: Path, target: Path, rounds: list[str]) -> Path:
    """Return a workspace with some rounds of the demo, whose reference data are the package's."""
    (target / "params").mkdir(parents=True)
    shutil.copy(source / "params" / "_defaults.yaml", target / "params")
    for name in rounds:
        shutil.copy(source / "params" / f"{name}.yaml", target / "params")
        shutil.copytree(source / "data" / "raw" / name, target / "data" / "raw" / name)
    return target


def test_a_missing_round_is_named_and_passed_over(demo_root: Path, tmp_path: Path) -> None:
    root = workspace(demo_root, tmp_path / "gap", ["2021H2", "2022H2"])
    found = trends.history(surveys.open("2022H2", root))
    assert found.notes == ("2022H1 没有资料：走势在这里断开，变化与再前一轮比",)
    table = trends.changes(found)
    assert table is not None and set(table.table["against"]) == {"2021H2"}


def test_a_round_whose_answers_are_gone_is_read_from_its_tables(
    demo_root: Path, tmp_path: Path, changed: estimate.Result
) -> None:
    root = workspace(demo_root, tmp_path / "gone", ["2022H1", "2022H2"])
    kept = disclosure.gate(before := surveys.open("2022H1", root))(trends.levels(before))
    assert kept is not None
    folder = root / "data" / "results" / "2022H1"
    folder.mkdir(parents=True)
    kept.table.to_csv(folder / "levels.csv", index=False, encoding="utf-8-sig")
    shutil.rmtree(root / "data" / "raw" / "2022H1")
    found = trends.history(surveys.open("2022H2", root))
    assert [one.round.id for one in found.published] == ["2022H1"]
    assert found.notes[-1].startswith("2022H1 没有原始答卷，只有公布过的数")
    assert not any("没有拿来比较" in note for note in found.notes)
    result = trends.changes(found)
    assert result is not None
    both = result.table.merge(changed.table, on="item", suffixes=("", "_open"))
    told = both[both["estimate"].notna()]
    assert len(told) > 40
    # printed to one decimal, so that a change is off by a twentieth; the mix cannot be told apart
    assert (told["estimate"] - told["total_open"]).abs().max() <= 0.051
    assert told["composition"].isna().all()
    # independent rounds: errors like those with both rounds open, where chambers recur
    ratio = told["std_error"] / told["std_error_open"]
    assert 0.8 < ratio.median() < 1.5
    assert trends.departments(found) is None and trends.districts(found) is None
    _errors_are_those_the_printed_intervals_state(found)
    course = trends.course(found)
    assert course is not None and set(course.table["round"]) == {"2022H1", "2022H2"}


def test_tables_that_cannot_be_read_are_as_good_as_none(demo_root: Path, tmp_path: Path) -> None:
    root = workspace(demo_root, tmp_path / "bad", ["2022H1", "2022H2"])
    shutil.rmtree(root / "data" / "raw" / "2022H1")
    folder = root / "data" / "results" / "2022H1"
    folder.mkdir(parents=True)
    (folder / "levels.csv").write_text("item\nF1\n", encoding="utf-8")
    found = trends.history(surveys.open("2022H2", root))
    assert found.waves == () and found.notes == ("2022H1 的答卷不在或读不了，没有拿来比较",)


def test_a_reworded_item_is_refused_and_its_line_broken(demo_root: Path, tmp_path: Path) -> None:
    root = workspace(demo_root, tmp_path / "reworded", ["2021H2", "2022H1", "2022H2"])
    book = (params.bundle() / "data/reference/codebooks/questionnaire.yaml").read_text(encoding="utf-8")
    assert "title: 对我市营商环境总体满意度（0-10分）," in book
    old = book.replace(
        "title: 对我市营商环境总体满意度（0-10分）,",
        "title: 请问您对营商环境满意吗（0-10分）, also: [对我市营商环境总体满意度（0-10分）],",
    )
    folder = root / "data" / "reference" / "codebooks"
    folder.mkdir(parents=True)
    (folder / "earlier.yaml").write_text(old, encoding="utf-8")
    with (root / "params" / "2021H2.yaml").open("a", encoding="utf-8") as file:
        file.write("codebook: earlier\n")
    found = trends.history(surveys.open("2022H2", root))
    course, table = trends.course(found), trends.changes(found)
    assert course is not None and table is not None
    reasons = course.table.set_index(["item", "round"])["reason"]
    assert (
        reasons["F1", "2021H2"] == "题目改过"
        and reasons["F1", "2022H1"] == ""
        and reasons["D1", "2021H2"] == ""
    )
    assert table.table.set_index("item").loc["F1", "against"] == "2022H1"
    series = trends.series(found)
    assert series is not None
    assert series.table[["item", "since", "reason"]].to_numpy().tolist() == [["F1", "2022H1", "题目改过"]]
    first = trends.changes(replace(found, opened=replace(found.opened, rounds=found.opened.rounds[:1])))
    assert first is not None
    row = first.table.set_index("item").loc["F1"]
    assert (row["reason"], row["against"], row["direction"]) == ("题目改过", "", "")
    assert np.isnan(row["estimate"])


# --- levels and changes ----------------------------------------------------------------------------------


def test_levels_are_those_of_the_page_of_outlook(now: surveys.Survey) -> None:
    found = trends.levels(now)
    assert found is not None
    levels = found.table.set_index("item")
    for analysis, begins in (
        (outlook.overall, ""),
        (outlook.environments, ""),
        (outlook.difficulties, "G1."),
    ):
        result = analysis(now)
        assert result is not None
        keys = result.table.columns[0]
        for row in result.table.to_dict("records"):
            if not row.get("exclusive"):
                own = levels.loc[f"{begins}{row[keys]}"]
                for name in ("estimate", "std_error", "conf_low", "conf_high", "n"):
                    assert own[name] == pytest.approx(row[name])
    net = outlook.change(now)
    assert net is not None
    assert levels.loc["F2", "estimate"] == pytest.approx(net.extra["net"])


def test_changes_add_up_and_equal_the_levels(demo: trends.History, changed: estimate.Result) -> None:
    rows = changed.table[changed.table["estimate"].notna()]
    assert len(rows) == len(changed.table)
    assert (rows["estimate"] + rows["composition"] - rows["total"]).abs().max() < 1e-10
    course = trends.course(demo)
    assert course is not None
    level = course.table.set_index(["item", "round"])["estimate"]
    for row in rows.to_dict("records"):
        assert row["now"] == pytest.approx(level[row["item"], "2022H2"])
        assert row["total"] == pytest.approx(level[row["item"], "2022H2"] - level[row["item"], "2022H1"])


def test_families_are_judged_by_their_own_rule(changed: estimate.Result) -> None:
    for family, method in (("primary", "holm"), ("rest", "fdr_bh")):
        rows = changed.table[changed.table["family"] == family]
        expected = multipletests(rows["p"], method=method)[1]
        np.testing.assert_allclose(rows["q"], expected, atol=1e-12)
    assert set(changed.table.loc[changed.table["family"] == "primary", "item"]) == {
        "F1",
        "E1",
        "E2",
        "E3",
        "E4",
        "E5",
    }
    assert changed.extra["tested"] == len(changed.table) and changed.extra["primary"] == 6


def test_limits_of_the_family_leave_zero_out_where_it_says_so(changed: estimate.Result) -> None:
    rows = changed.table
    excludes = (rows["family_low"] > 0) | (rows["family_high"] < 0)
    assert (excludes == (rows["direction"] != "no")).all()


def test_params_declare_another_primary_family(now: surveys.Survey, demo: trends.History) -> None:
    round_ = now.round.model_copy(update={"primary": ["D7"]})
    found = trends.changes(replace(demo, survey=replace(now, round=round_)))
    assert found is not None
    assert found.table.loc[found.table["family"] == "primary", "item"].tolist() == ["D7"]


def test_intervals_hold_the_true_changes(
    demo_root: Path, changed: estimate.Result, offices: estimate.Result
) -> None:
    new, old = truth(demo_root, "2022H2"), truth(demo_root, "2022H1")
    rows = changed.table.set_index("item")
    inside = []
    for group in ("drivers", "environments", "difficulties"):
        for code, value in new["city"][group].items():  # type: ignore[index]
            key = f"G1.{code}" if group == "difficulties" else code
            if key in rows.index:
                change = value - old["city"][group][code]  # type: ignore[index]
                inside.append(rows.loc[key, "conf_low"] <= change <= rows.loc[key, "conf_high"])
                assert rows.loc[key, "family_low"] <= change <= rows.loc[key, "family_high"], key
    assert np.mean(inside) > 0.85
    means = [{code: row["mean"] for code, row in one["departments"].items()} for one in (new, old)]  # type: ignore[attr-defined]
    table = offices.table.set_index("department")
    shift = float(new["city"]["overall"]) - float(old["city"]["overall"])  # type: ignore[index, arg-type]
    assert rows.loc["F1", "conf_low"] <= shift <= rows.loc["F1", "conf_high"]
    for code in table.index:  # nobody's true mean moved by more than a point, and nobody is called changed
        assert abs(means[0][code] - means[1][code]) < 1.5
    assert set(table["direction"]) == {"no"} and set(table["own_direction"]) == {"no"}


# --- small rounds ----------------------------------------------------------------------------------------


def test_a_true_rise_is_found_and_a_shifted_mix_is_none() -> None:
    risen = trends.changes(past(wave("2022H2", answers(1, shift=1.5)), wave("2022H1", answers(2))))
    assert risen is not None
    row = risen.table.set_index("item").loc["F1"]
    assert row["direction"] == "rising" and 8 < row["estimate"] < 22
    mixed = trends.changes(past(wave("2022H2", answers(3, large=0.7)), wave("2022H1", answers(4, large=0.2))))
    assert mixed is not None
    row = mixed.table.set_index("item").loc["F1"]
    assert row["direction"] == "no" and abs(row["estimate"]) < 3
    assert row["total"] > 7 and row["composition"] > 7 and row["composition_low"] > 0


def test_of_few_who_tick_no_change_is_told() -> None:
    result = trends.changes(past(wave("2022H2", answers(1)), wave("2022H1", answers(2))))
    assert result is not None
    row = result.table.set_index("item").loc["G1.PARK"]
    assert np.isnan(row["estimate"]) and row["reason"] == "有一轮不足 10 家" and row["direction"] == ""
    gated = GATE(result)
    assert gated is not None
    shown = gated.table.set_index("item").loc["G1.PARK"]
    assert np.isnan(shown["now"]) and np.isnan(shown["before"]) and shown["now_bound"] > 0


def test_the_latest_comparable_round_is_the_one_compared_with() -> None:
    items = [replace(i, title="旧") if i.code == "D1" else i for i in ITEMS]
    now, last, first = (
        wave("2022H2", answers(1)),
        wave("2022H1", answers(2), items=items),
        wave("2021H2", answers(3)),
    )
    result = trends.changes(past(now, first, last))
    assert result is not None
    against = result.table.set_index("item")["against"]
    assert against["D1"] == "2021H2" and against["D2"] == "2022H1"


def test_all_refused_is_said_and_not_judged() -> None:
    items = [replace(i, title=f"旧{i.code}") for i in ITEMS]
    result = trends.changes(past(wave("2022H2", answers(1)), wave("2022H1", answers(2), items=items)))
    assert result is not None
    assert (result.table["direction"] == "").all() and set(result.table["reason"]) == {"题目改过"}
    assert result.extra["tested"] == 0 and result.extra["against"] == ""


def test_a_jump_of_one_dimension_is_flagged() -> None:
    result = trends.changes(past(wave("2022H2", answers(1, D3=1.2)), wave("2022H1", answers(2))))
    assert result is not None
    marks = result.table.set_index("item")["alarm"]
    assert marks["D3"] == alarms.JUMP and set(marks.drop("D3")) == {""}


def test_overall_that_moves_alone_is_flagged() -> None:
    result = trends.changes(past(wave("2022H2", answers(1, shift=1.5)), wave("2022H1", answers(2))))
    assert result is not None
    assert result.table.set_index("item").loc["F1", "alarm"] == alarms.ALONE
    along = dict.fromkeys(DRIVERS, 0.75)
    together = trends.changes(
        past(wave("2022H2", answers(1, shift=1.5, **along)), wave("2022H1", answers(2)))
    )
    assert together is not None
    assert set(together.table["alarm"]) == {""}


def test_columns_are_what_was_answered() -> None:
    found = {column.key: column for column in columns(wave("2022H2", answers(1)))}
    assert list(found) == ["F1", *DRIVERS, "G1.FIN", "G1.PARK"]
    assert set(np.unique(found["G1.FIN"].y)) == {0.0, 100.0}


# --- control ---------------------------------------------------------------------------------------------


def test_limits_of_all_at_once_are_bonferroni_with_few_and_max_t_with_many() -> None:
    est = Estimate(np.array([1.0, 3.5, np.nan]), np.diag([1.0, 1.0, np.nan]), n=np.array([9, 9, 9]), df=20.0)
    found = control.all_at_once(est, 0.95)
    half = stats.t.ppf(1 - 0.05 / 4, 20)
    assert found.low[:2] == pytest.approx([1 - half, 3.5 - half])
    assert found.direction.tolist() == ["no", "rising", "no"] and np.isnan(found.low[2])
    cov = np.full((5, 5), 0.99) + 0.01 * np.eye(5)
    many = control.all_at_once(Estimate(np.zeros(5), cov, n=np.ones(5), df=np.inf), 0.95, seed=1)
    independent = control.all_at_once(Estimate(np.zeros(5), np.eye(5), n=np.ones(5), df=np.inf), 0.95, seed=1)
    assert many.high[0] == pytest.approx(2.05, abs=0.12)  # nearly one and the same
    assert independent.high[0] == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2), abs=0.06)


def test_holm_agrees_with_statsmodels_and_its_limits_with_it() -> None:
    rng = np.random.default_rng(2)
    est = Estimate(rng.normal(0, 2.5, 12), np.eye(12), n=np.ones(12), df=30.0)
    found = control.holm(est, 0.95)
    np.testing.assert_allclose(found.q, multipletests(found.p, method="holm")[1])
    assert ((found.low > 0) | (found.high < 0)).tolist() == (found.q <= 0.05).tolist()


# --- departments -----------------------------------------------------------------------------------------


def test_department_scores_are_those_of_their_page(now: surveys.Survey, offices: estimate.Result) -> None:
    page = scores.departments(now)
    assert page is not None
    both = page.table.merge(offices.table, on="department", suffixes=("", "_change"))
    np.testing.assert_allclose(both["now"], both["estimate"], atol=1e-9)


def test_a_department_adds_up(offices: estimate.Result) -> None:
    table = offices.table
    assert offices.extra["against"] == "2022H1" and offices.extra["judged"] == 35
    assert (table["estimate"] + table["composition"] - table["total"]).abs().max() < 1e-10
    assert (table["estimate"] - table["own"] - offices.extra["shared"]).abs().max() < 1e-10
    assert abs(table["own"].sum()) < 1e-9
    excludes = (table["family_low"] > 0) | (table["family_high"] < 0)
    assert (excludes == (table["direction"] != "no")).all()


def rated(seed: int, n: int = 500, mild: str = "", **more: float) -> dict[str, np.ndarray]:
    """Return ratings of three offices by n firms, each with a severity of its own; nine in ten deal with each.

    The office `mild` is met by the milder half alone.
    """
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.6, n)
    found = {}
    for code in "ABC":
        scores_ = np.clip(np.rint(3 + own + more.get(code, 0.0) + rng.normal(0, 0.5, n)), 1, 5)
        found[code] = np.where((rng.random(n) < 0.9) & ((code != mild) | (own > 0)), scores_, np.nan)
    return found


def two(new: dict[str, np.ndarray], old: dict[str, np.ndarray], **options: object) -> trends.History:
    first = {"size": ["S"] * len(old["A"])}
    return past(
        wave("2022H2", {"size": ["S"] * len(new["A"])}, ratings=new, **options),  # type: ignore[arg-type]
        wave("2022H1", first, ratings=old),
    )


def test_one_that_falls_is_found_by_score_and_against_the_mean() -> None:
    found = trends.departments(two(rated(1, A=-0.8), rated(2)))
    assert found is not None
    table = found.table.set_index("department")
    assert table.loc["A", "direction"] == table.loc["A", "own_direction"] == "falling"
    assert table.loc["B", "direction"] == "no"
    assert found.extra["shared"] < 0


def test_if_all_rise_alike_all_have_risen_and_nobody_stands_out() -> None:
    found = trends.departments(two(rated(1, A=0.6, B=0.6, C=0.6), rated(2)))
    assert found is not None
    assert set(found.table["direction"]) == {"rising"} and set(found.table["own_direction"]) == {"no"}
    assert found.extra["shared_low"] > 0


def test_other_raters_are_composition() -> None:
    """Of the second round only the mild half met A: its raw mean rises, its score does not."""
    found = trends.departments(two(rated(3, 900, mild="A"), rated(4, 900)))
    assert found is not None
    row = found.table.set_index("department").loc["A"]
    assert row["total"] > 5 and row["composition_low"] > 3 and row["direction"] == "no"


def test_without_common_raters_raw_means_are_split() -> None:
    new, old = rated(5), rated(6)
    for one in (new, old):
        at = np.arange(len(one["A"])) % 3
        for place, code in enumerate("ABC"):
            one[code] = np.where(at == place, one[code], np.nan)
    found = trends.departments(two(new, old))
    assert found is not None and found.extra["adjusted"] is False
    assert (found.table["estimate"] + found.table["composition"] - found.table["total"]).abs().max() < 1e-10
    assert (found.table["estimate"] - found.table["own"] - found.extra["shared"]).abs().max() < 1e-10
    assert any("原始得分" in note for note in found.extra["notes"])


def test_few_raters_and_new_departments_are_listed() -> None:
    new, old = rated(7), rated(8)
    old["C"] = np.where(np.arange(500) < 20, old["C"], np.nan)
    found = trends.departments(two(new, old))
    assert found is not None
    row = found.table.set_index("department").loc["C"]
    assert (row["direction"], row["reason"]) == ("", "有一轮打分不足 30 家") and np.isnan(row["now"])
    del old["C"]
    later = trends.departments(past(
        wave("2022H2", {"size": ["S"] * 500}, ratings=new),
        wave("2022H1", {"size": ["S"] * 500}, ratings=old, offices=[("A", "甲局", "regulator"), ("B", "乙局", "service")]),
    ))  # fmt: skip
    assert later is not None
    assert later.table.set_index("department").loc["C", "reason"] == "上一轮没有，本轮才有"


# --- crosswalks ------------------------------------------------------------------------------------------


def table_of(root: Path, name: str, column: str, rows: list[tuple[str, str, str]]) -> Path:
    folder = root / "data" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows, columns=[column, "valid_to", "successor"])
    frame.to_csv(folder / name, index=False)
    return root


def _errors_are_those_the_printed_intervals_state(found: trends.History) -> None:
    """What a published round adds to the variance of a change is the square of its half-width over t."""
    (old,) = found.published
    column = [one for one in columns(found.survey) if one.key == "F1"]
    row = old.table.loc["F1"]
    sure = replace(
        old, table=old.table.assign(conf_low=old.table["estimate"], conf_high=old.table["estimate"])
    )
    with_, without = (pairs.of_tables(found.survey, one, column).part(0) for one in (old, sure))
    half = (row["conf_high"] - row["conf_low"]) / 2
    assert without.df is not None
    added = with_.std_error[0] ** 2 - without.std_error[0] ** 2
    assert added == pytest.approx((half / t.ppf(0.975, without.df[0])) ** 2)
    assert added > (1.1 * row["std_error"]) ** 2  # of few chambers, which the printed error does not know of


def test_a_round_that_may_not_be_published_is_not_told_of_later(demo_root: Path, tmp_path: Path) -> None:
    root = workspace(demo_root, tmp_path / "small", ["2022H1", "2022H2"])
    path = root / "params" / "2022H1.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "min_respondents: 2000\n", encoding="utf-8")
    found = trends.history(surveys.open("2022H2", root))
    assert found.waves == ()
    assert any("2022H1 的有效答卷不足 2000 份" in note for note in found.notes)
    assert trends.changes(found) is None


def test_what_a_stricter_round_hid_stays_hidden(demo_root: Path, tmp_path: Path) -> None:
    root = workspace(demo_root, tmp_path / "strict", ["2022H1", "2022H2"])
    path = root / "params" / "2022H1.yaml"
    path.write_text(
        path.read_text(encoding="utf-8") + "k: 50\nmin_respondents: 200\nmin_raters: 50\n", encoding="utf-8"
    )
    now = surveys.open("2022H2", root)
    result = trends.course(trends.history(now))
    assert result is not None
    shown = disclosure.gate(now)(result)
    assert shown is not None
    before = trends.levels(surveys.open("2022H1", root))
    assert before is not None
    few = set(before.table.loc[before.table["count"] < 50, "item"])
    rows = shown.table[(shown.table["round"] == "2022H1") & shown.table["item"].isin(few)]
    assert len(rows) > 3 and (rows["shown"] == "hidden").all() and rows["estimate"].isna().all()


def test_merged_split_renamed_new_and_gone_units(tmp_path: Path) -> None:
    rows = [("OLD", "2021-03-18", "NEW"), ("A", "2021-03-18", "AB"), ("B", "2021-03-18", "AB"), ("S", "2021-03-18", "S1;S2"),
            ("LATER", "2030-01-01", "AB"), ("X1", "2021-01-01", "X2"), ("X2", "2021-01-01", "X1")]  # fmt: skip
    table_of(tmp_path, "districts.csv", "unit", rows)
    walk = successors.crosswalk(
        tmp_path, successors.DISTRICTS, ["NEW", "AB", "S1", "S2", "N", "LATER"],
        ["OLD", "A", "B", "S", "LATER", "GONE", "X1"], date(2021, 6, 30), {"S": "老县"},
    )  # fmt: skip
    assert walk.sources == {"NEW": ("OLD",), "AB": ("A", "B"), "LATER": ("LATER",)}
    assert walk.reasons == {
        "S1": "由老县分出，上一轮没有单独的数",
        "S2": "由老县分出，上一轮没有单独的数",
        "N": "上一轮没有，本轮才有",
    }
    assert walk.gone == ("GONE", "X1")  # a circle of successors leads nowhere


def test_the_demos_districts_of_2021_are_followed(demo_root: Path) -> None:
    found = trends.history(surveys.open("2021H1", demo_root))
    result = trends.districts(found)
    assert result is not None
    table = result.table.set_index("district")
    assert table.loc["MJ", "of"] in ("吉利区、孟津县", "孟津县、吉利区")
    assert table.loc["YS", "of"] == "偃师市"
    before, place = found.opened.rounds[-1], found.opened.rounds[-1].responses["district"]
    inside = place.isin(["JL", "MJ0"]).to_numpy() & before.responses["F1"].notna().to_numpy()
    level = np.average(10 * before.responses["F1"][inside], weights=before.design.weights[inside])
    if table.loc["MJ", "direction"]:
        assert table.loc["MJ", "before"] == pytest.approx(level)
    assert result.extra["notes"] == ()


def test_a_department_merged_away_is_compared_as_its_successor(tmp_path: Path) -> None:
    rows = [("A", "", ""), ("B", "", ""), ("C", "2022-07-01", "B")]
    root = table_of(tmp_path, "departments.csv", "code", rows)
    new, old = rated(1), rated(2)
    offices = [("A", "甲局", "regulator"), ("B", "乙局", "service")]
    now = wave("2022H2", {"size": ["S"] * 500}, ratings={c: new[c] for c in "AB"}, offices=offices, root=root)
    found = trends.departments(past(now, wave("2022H1", {"size": ["S"] * 500}, ratings=old)))
    assert found is not None
    merged = pd.DataFrame({code: old[code] for code in "BC"}).mean(axis=1).to_numpy()
    both = trends.departments(past(
        now, wave("2022H1", {"size": ["S"] * 500}, ratings={"A": old["A"], "B": merged}, offices=offices),
    ))  # fmt: skip
    assert both is not None
    np.testing.assert_allclose(found.table["estimate"], both.table["estimate"])
    assert found.extra["notes"] == ()
    nowhere = trends.departments(past(
        wave("2022H2", {"size": ["S"] * 500}, ratings={c: new[c] for c in "AB"}, offices=offices),
        wave("2022H1", {"size": ["S"] * 500}, ratings=old),
    ))  # fmt: skip
    assert nowhere is not None
    assert nowhere.extra["notes"] == ("丙局只在 2022H1 有，没有写明并入哪个部门，不作比较",)


# --- figures of others, simulation, speed ----------------------------------------------------------------


def test_benchmarks_are_read_and_faults_named(tmp_path: Path) -> None:
    head = "item,label,survey,year,estimate,unit,n,source\n"
    path = tmp_path / "data" / "reference" / "benchmarks.csv"
    path.parent.mkdir(parents=True)
    opened = wave("2022H2", answers(1, 50), root=tmp_path)
    assert trends.benchmarks(opened) is None
    path.write_text(
        head + "F1,总体,全国,2020,74.46,分,40216,公报\nE4,法治,全国,2021,80,分,,公报\n", encoding="utf-8"
    )
    found = GATE(trends.benchmarks(opened))
    assert found is not None
    assert found.table["estimate"].tolist() == [74.5, 80.0] and "不能相减" in found.extra["warning"]
    assert found.table["sample"].iloc[0] == 40216 and "40,216" in tables.benchmarks(
        found
    )  # theirs is not rounded as ours is
    for line, said in (
        ("F1,总体,全国,2020,七十,分,1,x", "第 2 行：estimate “七十”不是数"),
        ("F1,总体,全国,2020,700,分,1,x", "第 2 行：estimate 是 700，只能在 0 与 100 之间"),
        ("F1,总体,全国,2020,70,点,1,x", "第 2 行：unit “点”不认识；只能是 分、%"),
    ):
        path.write_text(head + line + "\n", encoding="utf-8")
        with pytest.raises(ParamsError, match=said):
            trends.benchmarks(opened)
    path.write_text("item\nF1\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="缺少列 label"):
        trends.benchmarks(opened)


def test_simulated_rounds_without_a_change_and_with_one() -> None:
    assert [
        fault for key in ("rounds_unchanged", "rounds_fallen") for fault in short_coverage.faults(key, 50)
    ] == []


def test_a_survey_without_what_is_followed_has_no_levels() -> None:
    frame = pd.DataFrame({"size": ["S"] * 20}, index=pd.RangeIndex(1, 21, name="rid"))
    nothing = survey(wave("2022H2", answers(1, 20)).codebook, frame)
    assert trends.levels(nothing) is None
    assert item("F1", "outcome").code == "F1"
