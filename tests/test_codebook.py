"""codebook: matrix rows, option files with dates, scales, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import codebook, params
from evalpkg.codebook import Scale, match_key
from evalpkg.params import ParamsError

ROOT = params.bundle()
SMALL = """\
title: 试
missing: {NA_BLANK: [(空)]}
scales: {five: {low: 1, high: 5, labels: {差: 1, 好: 5}}}
items:
- {code: Q1, title: 您的评价, label: 评价, type: score, scale: five, role: outcome}
"""


def small(folder: Path, text: str = SMALL) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_questionnaire_has_the_blocks_it_should() -> None:
    book = codebook.load("questionnaire", ROOT)
    asked = {
        role: len(book.by_role(role))
        for role in ("gate", "rating", "driver", "environment", "awareness", "remark")
    }
    assert asked == {"gate": 35, "rating": 35, "driver": 9, "environment": 5, "awareness": 8, "remark": 3}
    assert len(book.departments) == 35


def test_a_department_row_knows_its_department_and_its_gate() -> None:
    item = codebook.load("questionnaire", ROOT).items["C_D20"]
    assert (item.parent, item.department, item.gate, item.label) == ("C", "D20", "B_D20", "市场监管局")


def test_districts_follow_the_day() -> None:
    old = codebook.load("questionnaire", ROOT, date(2020, 12, 31)).one("district")
    new = codebook.load("questionnaire", ROOT, date(2022, 12, 31)).one("district")
    assert old is not None and new is not None
    assert {"JL", "YS0", "MJ0"} <= set(old.options) and {"JL", "YS0", "MJ0"}.isdisjoint(new.options)
    assert old.aliases[match_key("偃师")] == "YS0" and new.aliases[match_key("偃师市")] == "YS"


def test_a_full_name_beats_the_alias_of_another_row() -> None:
    district = codebook.load("questionnaire", ROOT, date(2020, 12, 31)).one("district")
    assert district is not None and district.aliases[match_key("吉利区")] == "JL"


@pytest.mark.parametrize(
    ("scale", "raw", "grade"),
    [
        (Scale(1, 5), 4, 75.0),
        (Scale(0, 10), 7.3, 73.0),
        (Scale(1, 10), 1, 0.0),
        (Scale(1, 5, anchors={1: 20, 2: 40, 3: 60, 4: 80, 5: 100}), 4, 80.0),
    ],
)
def test_scales_state_their_anchors(scale: Scale, raw: float, grade: float) -> None:
    assert scale.to100(raw) == pytest.approx(grade)


@given(st.floats(-50, 50), st.floats(1, 50), st.floats(0, 1))
def test_a_linear_scale_maps_its_ends_to_0_and_100(low: float, width: float, inside: float) -> None:
    scale = Scale(low, low + width)
    assert scale.to100([low, low + width]) == pytest.approx([0, 100], abs=1e-9)
    assert scale.to100(low + inside * width) == pytest.approx(100 * inside, abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("５－９ 人", "5—9人"),
        ("贵企业所在县（区）", "贵企业所在县(区)"),
        ("主要困难：", "主要困难"),
        ("ＡＢ", "ab"),
    ],
)
def test_match_keys_forgive_width_dashes_and_punctuation(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scale: five", "scale: six", "刻度 six 没有在 scales 里写明"),
        ("scale: five, ", "", "缺少 scale"),
        ("type: score", "type: stars", "items.0.type 取值不允许"),
        ("label: 评价", "label: 评价, colour: red", "items.0.colour 没有这个参数"),
        ("role: outcome}", "role: outcome}\n- {code: Q1, title: 再问, label: 再, type: text, role: remark}", "题目代码重复：Q1"),
        ("role: outcome}", "role: outcome}\n- {code: Q2, title: 您的评价, label: 再, type: text, role: remark}", "题干相同"),
        ("role: outcome}", "role: outcome}\n- {code: Q2, title: 二, label: 二, type: category, role: size, same_options: Q9}", "不存在的题目 Q9"),
        ("role: outcome}", "role: outcome}\n- {code: Q2, title: 二, label: 二, type: category, role: size, options: {1: 甲, 2: 甲}}", "写法相同"),
        ("items:", "departments: departments.csv\nitems:\n- {code: C, title: 部门, label: 部门, type: text, role: x, rows: [D99]}", "D99"),
    ],
)  # fmt: skip
def test_an_impossible_codebook_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ParamsError, match=r"small\.yaml") as caught:
        codebook.load(small(tmp_path, SMALL.replace(old, new)), ROOT)
    assert said in str(caught.value)


def test_a_missing_codebook_is_named() -> None:
    with pytest.raises(ParamsError, match=r"codebooks/nothing\.yaml"):
        codebook.load("nothing", ROOT)


def test_a_role_that_was_not_asked_is_none(tmp_path: Path) -> None:
    book = codebook.load(small(tmp_path), ROOT)
    assert book.one("difficulty") is None and book.departments.empty


def test_an_item_without_a_scale_keeps_its_own_units() -> None:
    scored = codebook.Item("Q", "问", "问", "score", "outcome", scale=Scale(0, 10))
    assert scored.to100([0, 7.3, 10]).tolist() == pytest.approx([0, 73, 100])
    assert codebook.Item("N", "数", "数", "integer", "outcome").to100([3, 8]).tolist() == [3, 8]
