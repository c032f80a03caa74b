"""ingest.quality: durations and moments read or warned of, never refused; bursts against a plain count; nothing of time kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from evalpkg import ingest
from evalpkg.codebook import Codebook, Item
from evalpkg.ingest import quality
from evalpkg.ingest.answers import Answers
from evalpkg.ingest.values import Value
from evalpkg.params import bundle

NAN = np.nan
HOUR, DAY = 3600.0, 86_400.0
FORM = {
    "提交答卷时间": "2021/7/5 9:05:07", "所用时间": "300秒", "来自IP": "192.0.2.1",
    "1、贵企业所在县（区）": "涧西区", "2、企业规模": "小型企业", "3、请对打过交道的部门打分—税务局": "满意",
    "3、市场监管局": "未打交道", "3、生态环境局": "一般", "3、供电公司": "非常满意", "4、当前主要困难（多选）": "融资难",
    "5、最急需解决的一项": "融资难", "6、总体满意度（0-10）": "8", "7、您最希望解决的问题": "无",
}  # fmt: skip


def forms(columns: dict[str, list[str]] | None = None, n: int = 20) -> pd.DataFrame:
    """Return n forms that differ in their remark, with some columns of their own."""
    said = {"7、您最希望解决的问题": [f"第{i}份说的话" for i in range(n)]}
    table = pd.DataFrame([FORM] * n)
    for name, cells in {**said, **(columns or {})}.items():
        table[name] = cells
    return table


def read(table: pd.DataFrame, folder: Path) -> ingest.Intake:
    path = folder / "answers.csv"
    table.to_csv(path, index=False, encoding="utf-8")
    return ingest.read_file(path, "fixture")


def flagged_remarks(intake: ingest.Intake, reason: str) -> set[str]:
    """Return what the flagged forms say: their number tells nothing."""
    rids = intake.flags.index[intake.flags[reason]]
    return set(intake.remarks.loc[intake.remarks["rid"].isin(rids), "text"])


# --- one cell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("123秒", 123), ("2分3秒", 123), ("2分钟", 120), ("1小时2分3秒", 3723), ("1天", 86_400), ("１２３秒", 123), ("123", 123),
        ("12.5", 12.5), (" 2 分 3 秒 ", 123), ("0:02:03", 123), ("123s", 123), ("0秒", 0), ("1:00:00", 3600),
    ],
)  # fmt: skip
def test_a_duration_is_read(cell: str, seconds: float) -> None:
    assert quality.duration(cell) == seconds


@pytest.mark.parametrize(
    "cell", ["", " ", "-5秒", "很快", "1e3", "inf", "nan", "3秒2分", "2:03", "十秒", "9" * 30, "秒"]
)
def test_a_duration_that_says_nothing_is_missing(cell: str) -> None:
    assert np.isnan(quality.duration(cell))


@pytest.mark.parametrize(
    "cell", ["2022/12/5 9:05:07", "2022-12-05 09:05:07", "2022年12月5日 9:05:07", "2022.12.5 09:05:07", "2022-12-05T09:05:07.250"]
)  # fmt: skip
def test_a_moment_is_read(cell: str) -> None:
    assert quality.moment(cell) == pd.Timestamp("2022-12-05 09:05:07").timestamp()


@pytest.mark.parametrize(
    "cell", ["", "2022/12/5", "5/12/2022 9:05", "2022/6/31 9:00:00", "2022/12/5 25:00:00", "昨天", "44900.38", "0000/1/1 1:00"]
)  # fmt: skip
def test_a_moment_that_says_nothing_is_missing(cell: str) -> None:
    assert np.isnan(quality.moment(cell))


@given(st.text(max_size=30))
def test_no_cell_breaks_the_reading(cell: str) -> None:
    assert isinstance(quality.duration(cell), float) and isinstance(quality.moment(cell), float)


def answers(*values: Value) -> Answers:
    return Answers(np.arange(len(values)), values)


# --- speed ---------------------------------------------------------------------------------------------


def test_who_is_faster_than_the_form_can_be_read_is_a_speeder(tmp_path: Path) -> None:
    # nine closed cells are asked, 18 s: the floor of 45 s holds
    seconds = ["300秒"] * 17 + ["44秒", "45秒", "0分20秒"]
    intake = read(forms({"所用时间": seconds}), tmp_path)
    assert flagged_remarks(intake, "speeder") == {"第17份说的话", "第19份说的话"}


@pytest.mark.parametrize(("skipped", "fast"), [(0, True), (5, False)])
def test_only_asked_items_take_time(skipped: int, fast: bool) -> None:
    # 30 asked items need 60 s, 25 need 50 s; the form took 55 s
    items = {f"X{i}": Item(f"X{i}", f"X{i}", "", "score", "driver") for i in range(30)}
    missing = ["NA_SKIP"] * skipped + ["NA_BLANK"] * 5
    given = {
        code: answers(Value(missing=m) if m else Value(number=1.0))
        for code, m in zip(items, missing + [""] * (25 - skipped), strict=True)
    }
    told = pd.DataFrame({"clock": [NAN], "duration": [55.0], "address": [None]})
    found = quality.flags(told, given, Codebook("x", "x", items, pd.DataFrame(), {}))
    assert found.table["speeder"].tolist() == [fast]
    assert found.table["incomplete"].tolist() == [False]


def test_a_department_not_dealt_with_is_not_asked_and_rating_it_is_a_contradiction() -> None:
    gates = [Item(f"B_{d}", "B", "", "ordinal", "gate", department=d) for d in "abc"]
    rated = [Item(f"C_{d}", "C", "", "score", "rating", department=d) for d in "abc"]
    book = Codebook("x", "x", {i.code: i for i in [*gates, *rated]}, pd.DataFrame(), {})
    no, yes, mark, blank = Value(number=0.0), Value(number=1.0), Value(number=4.0), Value(missing="NA_BLANK")
    rows = [[no, no, yes, mark, mark, mark], [no, yes, yes, mark, mark, mark], [no, no, no, blank, blank, blank],
            [yes, yes, blank, blank, blank, blank]]  # fmt: skip
    given = {code: answers(*column) for code, column in zip(book.items, zip(*rows, strict=True), strict=True)}
    told = pd.DataFrame({"clock": NAN, "duration": NAN, "address": None}, index=range(4))
    found = quality.flags(told, given, book)
    assert list(found.table) == ["incomplete", "contradiction"]
    assert found.table["contradiction"].tolist() == [True, False, False, False]
    assert found.table["incomplete"].tolist() == [
        False,
        False,
        False,
        True,
    ]  # a blank under a closed gate is none


# --- bursts --------------------------------------------------------------------------------------------


def plain_bursts(clock: np.ndarray) -> np.ndarray:
    """Find the bursts of one group, window by window, as `bursts` defines them."""
    found = np.zeros(len(clock), dtype=bool)
    for start in clock:
        inside = (clock >= start) & (clock <= start + HOUR)
        outside = pd.Series(clock[~inside] // DAY).value_counts()
        pace = max(outside.max() if len(outside) else 0, 1) / 8
        if inside.sum() >= 10 and poisson.sf(inside.sum() - 1, pace) < 0.001 / len(clock):
            found |= inside
    return found


@given(
    st.lists(st.integers(0, 3 * 86_400), min_size=0, max_size=60), st.integers(0, 30), st.integers(0, 86_400)
)
def test_bursts_equal_a_plain_count(slow: list[int], many: int, start: int) -> None:
    moments = np.array([*slow, *(start + 30 * i for i in range(many))], dtype=float)
    found = quality.bursts(moments, np.zeros(len(moments), dtype=int))
    np.testing.assert_array_equal(found, plain_bursts(moments))


def test_a_burst_stays_within_its_group() -> None:
    calm = np.arange(12.0) * DAY + 9 * HOUR
    fast = 3 * DAY + 9 * HOUR + np.arange(12.0) * 120
    clock = np.concatenate([calm, fast]).astype(float)
    group = np.repeat([0, 1], 12)
    assert quality.bursts(clock, group).tolist() == [False] * 12 + [True] * 12
    mixed = np.arange(24) % 12  # no group has ten forms
    assert not quality.bursts(clock, mixed).any()


def test_a_busy_day_at_its_own_pace_is_no_burst() -> None:
    clock = np.arange(80, dtype=np.float64) * 360 + 9 * HOUR
    assert not quality.bursts(clock, np.zeros(80, dtype=int)).any()


def test_unknown_moments_and_groups_are_never_in_a_burst() -> None:
    clock = np.r_[np.arange(15) * 60.0, [NAN] * 5, np.arange(5) * 60.0]
    group = np.r_[np.zeros(20, dtype=int), np.full(5, -1)]
    assert quality.bursts(clock, group).tolist() == [True] * 15 + [False] * 10


def test_false_bursts_are_rare() -> None:
    """Two hundred rounds of 1,000 forms by 38 chambers that fill in by day, each around a day of its own."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(200):
        chamber = rng.integers(0, 38, 1000)
        day = np.clip((rng.uniform(0.15, 0.85, 38)[chamber] + rng.normal(0, 0.18, 1000)) * 27, 0, 26).astype(
            int
        )
        clock = day * DAY + np.clip(rng.normal(14.5, 3.2, 1000), 7.5, 22.9) * HOUR
        found.append(quality.bursts(clock, chamber).any())
    assert sum(found) == 0  # nominal .001 a round under a steady pace


def test_many_forms_from_one_address_are_a_burst(tmp_path: Path) -> None:
    table = forms({
        "提交答卷时间": [f"2021/7/{1 + i} 9:00:00" for i in range(20)] + [f"2021/7/25 15:{i:02d}:00" for i in range(20)],
        "来自IP": [f"192.0.2.{i}" for i in range(20)] + ["203.0.113.7"] * 20,
    }, n=40)  # fmt: skip
    intake = read(table, tmp_path)
    assert flagged_remarks(intake, "burst") == {f"第{i}份说的话" for i in range(20, 40)}


def test_addresses_are_compared_as_hashes_of_a_key_that_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[pd.Series] = []
    real = quality.flags

    def watched(paradata: pd.DataFrame, *rest: Any) -> quality.Told:
        seen.append(paradata["address"])
        return real(paradata, *rest)

    monkeypatch.setattr(quality, "flags", watched)
    table = forms({"来自IP": ["192.0.2.1"] * 20 + ["203.0.113.7"] * 20}, n=40)
    for _ in range(2):
        read(table, tmp_path)
    one, other = seen
    assert one.nunique() == other.nunique() == 2
    assert not set(one) & set(other)
    assert not one.str.contains("192.0.2.1", regex=False).any()


# --- what a file does not tell -------------------------------------------------------------------------


def test_without_the_columns_nothing_is_judged_and_nothing_warned_of(tmp_path: Path) -> None:
    intake = read(forms().drop(columns=["提交答卷时间", "所用时间", "来自IP"]), tmp_path)
    assert list(intake.flags) == ["incomplete"] and not intake.flags.to_numpy().any()
    assert intake.problems == ()


@pytest.mark.parametrize(
    ("column", "cell", "code", "reason", "place"),
    [
        ("提交答卷时间", "昨天下午", "W-CLOCK", "burst", "A2"),
        ("提交答卷时间", "44382.378", "W-CLOCK", "burst", "A2"),
        ("所用时间", "-30", "W-DURATION", "speeder", "B2"),
        ("所用时间", "很快就填完了", "W-DURATION", "speeder", "B2"),
        ("所用时间", "", "W-DURATION", "speeder", "B2"),
    ],
)
def test_a_column_that_cannot_be_read_warns_and_judges_nobody(
    tmp_path: Path, column: str, cell: str, code: str, reason: str, place: str
) -> None:
    intake = read(forms({column: [cell] * 20}), tmp_path)
    (problem,) = intake.problems
    assert (problem.code, problem.place) == (code, f"answers.csv 单元格 {place}")
    assert "20 份读不出" in problem.message and "请用平台的原样导出" in problem.message
    assert not cell or cell not in problem.message
    assert not problem.refuses
    assert reason not in intake.flags and len(intake.flags) == 20


@pytest.mark.parametrize(("unread", "judged"), [(2, True), (3, False)])
def test_a_few_unreadable_cells_are_not_judged_many_judge_nobody(
    tmp_path: Path, unread: int, judged: bool
) -> None:
    seconds = ["未知"] * unread + ["10秒"] + ["300秒"] * (19 - unread)
    intake = read(forms({"所用时间": seconds}), tmp_path)
    assert ("speeder" in intake.flags) == judged
    if judged:
        assert flagged_remarks(intake, "speeder") == {f"第{unread}份说的话"}
    else:
        assert "不足九成" in intake.problems[-1].message and intake.problems[-1].place == "全部答卷"


def test_nothing_of_time_or_place_survives(tmp_path: Path) -> None:
    intake = read(forms(), tmp_path)
    everything = repr(
        [getattr(intake, name).to_dict() for name in ("responses", "remarks", "reasons", "flags")]
    )
    assert not any(trace in everything for trace in ("2021", "9:05", "300", "192.0.2"))
    assert set(intake.flags.dtypes.astype(str)) == {"bool"}


def test_forms_that_answer_alike_do_not_keep_the_order_of_the_export(tmp_path: Path) -> None:
    same = forms({"7、您最希望解决的问题": ["无"] * 20, "所用时间": ["10秒"] * 3 + ["300秒"] * 17})
    one, other = read(same, tmp_path), read(same.iloc[::-1], tmp_path)
    pd.testing.assert_frame_equal(one.flags, other.flags)


def read_several(codebook: str, folder: Path) -> ingest.Intake:
    """Read every CSV of a folder as one round."""
    round_ = SimpleNamespace(id="2021H1", codebook=codebook, root=bundle(), period=SimpleNamespace(end=date(2021, 6, 30)),
                             files=["*.csv"], platform="", mapping="", raw=folder, seed_for=lambda task: 5)  # fmt: skip
    return ingest.read(round_)  # type: ignore[arg-type]


def test_flags_follow_their_form_through_several_files(tmp_path: Path) -> None:
    table = forms({"所用时间": ["300秒"] * 29 + ["10秒"]}, 30)
    meta, asked = list(table.columns[:3]), list(table.columns[3:])
    table[:10].to_csv(tmp_path / "a.csv", index=False, encoding="utf-8")
    table.loc[10:, [*asked, *meta]].to_csv(tmp_path / "b.csv", index=False, encoding="utf-8")
    assert flagged_remarks(read_several("fixture", tmp_path), "speeder") == {"第29份说的话"}


def test_a_file_without_a_clock_leaves_the_round_unjudged_and_says_so(tmp_path: Path) -> None:
    table = forms()
    table[:10].to_csv(tmp_path / "a.csv", index=False, encoding="utf-8")
    table[10:].drop(columns="提交答卷时间").to_csv(tmp_path / "b.csv", index=False, encoding="utf-8")
    intake = read_several("fixture", tmp_path)
    assert list(intake.flags) == ["speeder", "incomplete"]
    assert [(p.code, p.place) for p in intake.problems] == [("W-CLOCK", "全部答卷")]
    assert intake.problems[0].message.startswith("只有 50% 的答卷读得出提交时间")


def test_an_optional_question_that_one_file_lacks_was_not_asked_there(tmp_path: Path) -> None:
    text = (bundle() / "data/reference/codebooks/fixture.yaml").read_text(encoding="utf-8")
    book = tmp_path / "book.yaml"
    book.write_text(text.replace("role: outcome,", "role: outcome, optional: true,"), encoding="utf-8")
    table = forms()
    table[:10].to_csv(tmp_path / "a.csv", index=False, encoding="utf-8")
    table[10:].drop(columns="6、总体满意度（0-10）").to_csv(tmp_path / "b.csv", index=False, encoding="utf-8")
    intake = read_several(str(book), tmp_path)
    assert intake.responses["F1"].notna().sum() == 10 and len(intake.flags) == 20
