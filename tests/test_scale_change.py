"""scale_change: a scale that changes on a day is refused with that day; honest answers never are."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalpkg import ingest, params
from evalpkg.ingest import InputRefused
from evalpkg.ingest.scale_change import CHANCE, change

FIXTURES = Path(__file__).parent / "fixtures"
HEADER = ["序号", "提交答卷时间", "1、贵企业所在县（区）", "2、企业规模", "3、请对打过交道的部门打分—税务局", "3、市场监管局",
          "3、生态环境局", "3、供电公司", "6、总体满意度（0-10）", "7、您最希望解决的问题"]  # fmt: skip
FIVE, TEN, HUNDRED = np.arange(1, 6.0), np.arange(1, 11.0), np.arange(0, 101.0, 5)


def export(folder: Path, marks: list[float], stamps: list[str]) -> Path:
    """Write forms of the small questionnaire whose overall scores and moments are given."""
    path = folder / "answers.csv"
    rows = [
        [str(at), stamp, "涧西区", ("小型企业", "微型企业")[at % 2], *(("满意", "一般", "不满意", "满意") * 2)[at % 4 :][:4],
         f"{mark:g}", "无"]
        for at, (mark, stamp) in enumerate(zip(marks, stamps, strict=True))
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def moments(n: int, start: str = "2022-11-01") -> list[str]:
    """Moments of n forms, four a day."""
    return [f"{one:%Y-%m-%d %H:%M:%S}" for one in pd.date_range(start, periods=n, freq="6h")]


def refusals(path: Path, codebook: str | Path = "fixture", **options: Path) -> list[ingest.Problem]:
    try:
        ingest.read_file(path, codebook, **options)  # type: ignore[arg-type]
    except InputRefused as refusal:
        return [problem for problem in refusal.problems if problem.refuses]
    return []


# --- the statistic -------------------------------------------------------------------------------------


def plainly(days: list[int], marks: list[float]) -> tuple[int, Fraction] | None:
    """Day and chance by counting form after form, in exact fractions."""
    tops = [top for top in sorted(set(marks)) if 0 < top <= max(marks) / 2]
    best: tuple[int, Fraction] | None = None
    for sign in (1, -1):
        forms = sorted(zip((sign * day for day in days), marks, strict=True))
        for top in tops:
            first = next(day for day, mark in forms if mark > top)
            before = [mark for day, mark in forms if day < first]
            if len(set(before)) < 3 or top not in before:
                continue
            k, x = before.count(top), sum(mark > top for mark in marks)
            chance = Fraction(1)
            left = sum(mark >= top for mark in marks)
            for _ in range(k):  # one form after the other is none of the x
                chance *= Fraction(left - x, left)
                left -= 1
            chance = max(chance, Fraction(1, 2**k)) * 2 * len(tops)
            if best is None or chance < best[1]:
                best = first if sign == 1 else 1 - first, chance
    return best


@pytest.mark.parametrize("seed", range(20))
def test_day_and_chance_equal_those_counted_plainly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = rng.integers(0, 30, 150)
    marks = np.where(days < 15, rng.choice(FIVE, 150), rng.choice(TEN, 150))[
        rng.permutation(150) if seed % 4 == 3 else slice(None)
    ]
    if seed % 2:
        days = 29 - days  # the wider scale comes first
    expected = plainly(days.tolist(), marks.tolist())
    found = change(days.astype(float), marks)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found.day == expected[0]
    assert found.chance == pytest.approx(
        float(min(expected[1], Fraction(1))), rel=1e-9
    )  # logarithms of factorials


def test_unknown_days_and_marks_play_no_part() -> None:
    days, marks = np.arange(100.0), np.tile(FIVE, 20)
    marks[60:] = np.tile(TEN, 4)
    gaps = np.full(30, np.nan)
    whole = change(days, marks)
    assert whole is not None
    assert change(np.r_[days, gaps, np.arange(30.0)], np.r_[marks, np.full(30, 10.0), gaps]) == whole


@pytest.mark.parametrize("marks", [[], [0.0] * 9, [-1.0] * 9, [np.nan] * 9, [5.0] * 9])
def test_marks_that_do_not_differ_are_no_change(marks: list[float]) -> None:
    assert change(np.arange(float(len(marks))), np.array(marks, dtype=float)) is None


@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.8])
@pytest.mark.parametrize(("narrow", "wide"), [(FIVE, TEN), (TEN, HUNDRED), (FIVE, HUNDRED)])
def test_a_change_is_found_in_either_direction(
    narrow: np.ndarray, wide: np.ndarray, part: float, low: int
) -> None:
    """Forms come in bursts, and respondents are content: most marks are high on either scale."""
    for seed in range(20):
        rng = np.random.default_rng([seed, low])
        days = np.sort(rng.integers(0, 40, 600)).astype(float)
        day = np.quantile(days, part)
        marks = np.where(days < day, content(narrow, rng, 600), content(wide, rng, 600))
        for of, first in ((days, day), (39 - days, 40 - day)):
            found = change(of, marks)
            assert found is not None and found.chance < CHANCE / 50
            assert (
                abs(found.day - first) <= 2
            )  # the first high mark of the wider scale may come a day or two late


def content(scale: np.ndarray, rng: np.random.Generator, n: int) -> np.ndarray:
    weight = np.linspace(0.2, 1, len(scale)) ** 2
    return np.asarray(rng.choice(scale, n, p=weight / weight.sum()))


@pytest.mark.parametrize("seed", range(200))
def test_answers_on_one_scale_are_never_refused(seed: int) -> None:
    """Stable surveys of all scales: few or many forms, content or not, chambers that answer on a day of their own,
    opinions that drift by two thirds of a standard deviation, marks that hardly anybody gives."""
    rng = np.random.default_rng(seed)
    n, items = int(rng.integers(31, 1500)), 40
    chamber = rng.integers(0, 30, n)
    days = (chamber if seed % 3 else rng.integers(0, 60, n)).astype(float)
    scale = (FIVE, TEN, np.arange(0, 11.0), HUNDRED)[seed % 4]
    level = rng.normal(0.6, 1.0, items)
    drift = (days / days.max() - 0.5)[:, None] * rng.choice([-0.67, 0, 0.67])
    latent = level + drift + rng.normal(0, 0.5, 30)[chamber, None] + rng.normal(0, 1, (n, items))
    place = 1 / (1 + np.exp(-latent))
    marks = scale[np.minimum((place * len(scale)).astype(int), len(scale) - 1)]
    found = [change(days, column) for column in marks.T]
    assert [one for one in found if one is not None and one.chance < CHANCE / items] == []


def test_nobody_is_refused_for_marks_that_get_better() -> None:
    """A real leap from 3 to 8 of 10 on one day: some were content before, so the scale went to 10 all the time."""
    rng = np.random.default_rng(0)
    days = np.sort(rng.integers(0, 30, 600)).astype(float)
    marks = np.clip(np.round(np.where(days < 15, 3.0, 8.0) + rng.normal(0, 2, 600)), 0, 10)
    found = change(days, marks)
    assert found is None or found.chance > CHANCE


# --- files ---------------------------------------------------------------------------------------------


def test_the_file_is_refused_with_column_day_and_what_to_do(tmp_path: Path) -> None:
    marks = [*np.tile(FIVE, 16), *np.tile(TEN[::-1], 8)]
    (problem,) = refusals(export(tmp_path, marks, moments(160)))
    assert (problem.code, problem.place) == ("E-SCALE", "answers.csv 单元格 I1")
    assert problem.message == (
        "“总体满意度”在 2022-11-21 之前最高 5 分，从这一天起最高 10 分，像是中途换了刻度；同一道题在一个文件里只能有一种刻度。"
        "请按这一天把文件分成两轮，各写各的问卷说明；或在列名对照表里把这道题的 item 写成 -（略去）"
    )


def test_the_order_of_the_rows_is_not_that_of_time(tmp_path: Path) -> None:
    marks, stamps = [*np.tile(FIVE, 16), *np.tile(TEN[::-1], 8)], moments(160)
    order = np.random.default_rng(0).permutation(160)
    mixed = export(tmp_path, [marks[at] for at in order], [stamps[at] for at in order])
    assert "2022-11-21" in refusals(mixed)[0].message


def test_without_a_day_nothing_is_told(tmp_path: Path) -> None:
    marks = [*np.tile(FIVE, 16), *np.tile(TEN[::-1], 8)]
    assert refusals(export(tmp_path, marks, ["昨天"] * 160)) == []


def test_either_half_alone_is_read(tmp_path: Path) -> None:
    for marks in (np.tile(FIVE, 16), np.tile(TEN, 8)):
        assert refusals(export(tmp_path, list(marks), moments(80))) == []


def test_a_day_that_the_form_bears_serves_as_well(tmp_path: Path) -> None:
    """Per cent until a day, marks of ten after it: three departments of six."""
    head = ["问卷编号", "轮次", "填报日期", "县区", "企业规模", "行业", "权重", "市税务局", "市生态环境局", "市市场监管局",
            "市自然资源局", "市城管局", "市人社局", "意见建议"]  # fmt: skip
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2021-03-01", periods=120)]
    rows = [
        [str(at), "2021H1", day, "西工区", ("小型", "微型")[at % 2], "制造业", "1",
         *(str(40 + (7 * at + 5 * j) % 61 if at < 60 or j % 2 else 8 + (at + j) % 3) for j in range(6)), ""]
        for at, day in enumerate(days)
    ]  # fmt: skip
    path = tmp_path / "form.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    found = refusals(path, "short")
    assert sorted((p.code, p.place[-2:]) for p in found) == [
        ("E-SCALE", "H1"),
        ("E-SCALE", "J1"),
        ("E-SCALE", "L1"),
    ]
    assert all("2021-04-30 之前最高 100 分，从这一天起最高 10 分" in p.message for p in found)


def test_the_clock_stays_behind(tmp_path: Path) -> None:
    intake = ingest.read_file(export(tmp_path, list(np.tile(TEN, 4)), moments(40)), "fixture")
    frames = (intake.responses, intake.ratings, intake.contact, intake.reasons, intake.remarks, intake.flags)
    assert "clock" not in {str(name) for frame in frames for name in frame}
    assert "2022-11" not in repr([frame.to_dict() for frame in frames])


def test_no_round_of_the_demo_and_no_fixture_is_refused(demo_root: Path) -> None:
    for round_id in params.list_rounds(demo_root):
        assert "E-SCALE" not in {
            problem.code for problem in ingest.read(params.load(round_id, demo_root)).problems
        }
    for path in (
        p for p in FIXTURES.iterdir() if p.suffix in (".csv", ".xls", ".xlsx") and "columns" not in p.name
    ):
        assert "E-SCALE" not in {problem.code for problem in refusals(path)}


# --- a real one ----------------------------------------------------------------------------------------

LOUNGE = """\
title: 机场贵宾室评价
missing: {NA_BLANK: [""], NA_NC: ["0", "0.0"]}
scales: {stars: {low: 1, high: 5}, ten: {low: 1, high: 10}, yes: {low: 0, high: 1}}
items:
- {code: day, title: date, label: 日期, type: date, role: ignore}
- {code: overall, title: overall_rating, label: 总评, type: score, scale: ten, role: driver, optional: true}
- {code: recommended, title: recommended, label: 愿意推荐, type: score, scale: yes, role: outcome}
- {code: content, title: content, label: 评语, type: text, role: remark}
"""
RATED = (
    "comfort",
    "cleanliness",
    "bar_beverages",
    "catering",
    "washrooms",
    "wifi_connectivity",
    "staff_service",
)


@pytest.fixture
def lounge(shared: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return the lounge reviews, and a codebook of them that says 1 to 10 of the overall rating."""
    items = [f"- {{code: {c}, title: {c}_rating, label: {c}, type: score, scale: stars, role: driver, missing: [NA_NC]}}"
             for c in RATED]  # fmt: skip
    ignored = [f"- {{code: {c}, title: {c}, label: {c}, type: text, role: ignore}}"
               for c in ("id", "airport", "lounge_type", "type_traveller")]  # fmt: skip
    book = tmp_path / "lounge.yaml"
    book.write_text(LOUNGE + "\n".join([*items, *ignored]) + "\n", encoding="utf-8")
    return shared / "real" / "lounge.csv", book


def test_a_rating_that_went_from_five_to_ten_is_refused_with_its_day(lounge: tuple[Path, Path]) -> None:
    (problem,) = refusals(*lounge)
    assert (problem.code, problem.place) == ("E-SCALE", "lounge.csv 单元格 F1")
    assert "“总评”在 2015-06-09 之前最高 5 分，从这一天起最高 10 分" in problem.message


def test_left_out_of_the_mapping_the_rest_is_read(lounge: tuple[Path, Path], tmp_path: Path) -> None:
    path, book = lounge
    mapping = tmp_path / "columns.csv"
    mapping.write_text("column,item,values\noverall_rating,-,\n", encoding="utf-8")
    found = ingest.read_file(path, book, mapping=mapping)
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert len(found.responses) == len(raw) and "overall" not in found.responses
    for code in RATED:
        by_hand = pd.to_numeric(raw[f"{code}_rating"]).replace(0, np.nan)
        assert sorted(found.responses[code].dropna()) == sorted(by_hand.dropna())
