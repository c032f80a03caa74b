"""sizes: every boundary of the official rules, bands, sections of several rules, what is declared, and what is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import codebook, disclosure, fieldwork, ingest, params, survey, words
from evalpkg.codebook.size_rules import read_size_rules, whole
from evalpkg.ingest import size_class
from evalpkg.ingest.sizes import AMBIGUOUS
from evalpkg.params import ParamsError

ROOT = params.bundle()
RULES = read_size_rules(ROOT, "size_rules_2017.csv")
HUGE = 1e9

# The table of 统计上大中小微型企业划分办法（2017） as if-chains, typed from the published text and not from the CSV:
# a code of the industry, and what makes an enterprise large, medium or small there.
Test = Callable[[float, float, float], bool]
CHAINS: dict[str, tuple[Test, Test, Test]] = {
    "A": (lambda x, y, z: y >= 20_000, lambda x, y, z: y >= 500, lambda x, y, z: y >= 50),
    "C": (
        lambda x, y, z: x >= 1_000 and y >= 40_000,
        lambda x, y, z: x >= 300 and y >= 2_000,
        lambda x, y, z: x >= 20 and y >= 300,
    ),
    "E": (
        lambda x, y, z: y >= 80_000 and z >= 80_000,
        lambda x, y, z: y >= 6_000 and z >= 5_000,
        lambda x, y, z: y >= 300 and z >= 300,
    ),
    "51": (
        lambda x, y, z: x >= 200 and y >= 40_000,
        lambda x, y, z: x >= 20 and y >= 5_000,
        lambda x, y, z: x >= 5 and y >= 1_000,
    ),
    "52": (
        lambda x, y, z: x >= 300 and y >= 20_000,
        lambda x, y, z: x >= 50 and y >= 500,
        lambda x, y, z: x >= 10 and y >= 100,
    ),
    "54": (
        lambda x, y, z: x >= 1_000 and y >= 30_000,
        lambda x, y, z: x >= 300 and y >= 3_000,
        lambda x, y, z: x >= 20 and y >= 200,
    ),
    "59": (
        lambda x, y, z: x >= 200 and y >= 30_000,
        lambda x, y, z: x >= 100 and y >= 1_000,
        lambda x, y, z: x >= 20 and y >= 100,
    ),
    "60": (
        lambda x, y, z: x >= 1_000 and y >= 30_000,
        lambda x, y, z: x >= 300 and y >= 2_000,
        lambda x, y, z: x >= 20 and y >= 100,
    ),
    "61": (
        lambda x, y, z: x >= 300 and y >= 10_000,
        lambda x, y, z: x >= 100 and y >= 2_000,
        lambda x, y, z: x >= 10 and y >= 100,
    ),
    "62": (
        lambda x, y, z: x >= 300 and y >= 10_000,
        lambda x, y, z: x >= 100 and y >= 2_000,
        lambda x, y, z: x >= 10 and y >= 100,
    ),
    "63": (
        lambda x, y, z: x >= 2_000 and y >= 100_000,
        lambda x, y, z: x >= 100 and y >= 1_000,
        lambda x, y, z: x >= 10 and y >= 100,
    ),
    "65": (
        lambda x, y, z: x >= 300 and y >= 10_000,
        lambda x, y, z: x >= 100 and y >= 1_000,
        lambda x, y, z: x >= 10 and y >= 50,
    ),
    "7010": (
        lambda x, y, z: y >= 200_000 and z >= 10_000,
        lambda x, y, z: y >= 1_000 and z >= 5_000,
        lambda x, y, z: y >= 100 and z >= 2_000,
    ),
    "702": (
        lambda x, y, z: x >= 1_000 and y >= 5_000,
        lambda x, y, z: x >= 300 and y >= 1_000,
        lambda x, y, z: x >= 100 and y >= 500,
    ),
    "L": (
        lambda x, y, z: x >= 300 and z >= 120_000,
        lambda x, y, z: x >= 100 and z >= 8_000,
        lambda x, y, z: x >= 10 and z >= 100,
    ),
    "M": (lambda x, y, z: x >= 300, lambda x, y, z: x >= 100, lambda x, y, z: x >= 10),
}
EDGES = {  # every limit of the published table, by indicator
    "x": (5, 10, 20, 50, 100, 200, 300, 1_000, 2_000),
    "y": (50, 100, 200, 300, 500, 1_000, 2_000, 3_000, 5_000, 6_000, 10_000, 20_000, 30_000, 40_000, 80_000, 100_000, 200_000),
    "z": (100, 300, 2_000, 5_000, 8_000, 10_000, 80_000, 120_000),
}  # fmt: skip
AROUND = {
    name: [0, *(edge + step for edge in edges for step in (-1, 0, 1)), HUGE] for name, edges in EDGES.items()
}


def plain(code: str, x: float, y: float, z: float) -> str:
    large, medium, small = CHAINS[code]
    if large(x, y, z):
        return "L"
    if medium(x, y, z):
        return "M"
    return "S" if small(x, y, z) else "X"


def exact(code: str, x: float, y: float, z: float = np.nan) -> str:
    return str(size_class(RULES, [code], x, x, y, y, z, z)[0])


# --- the rules -----------------------------------------------------------------------------------------


def test_the_table_has_the_sixteen_industries_of_the_published_one() -> None:
    assert len(RULES.names) == len(CHAINS) == 16
    assert sorted(int(RULES.covering(code)[0]) for code in CHAINS) == list(range(16))


@pytest.mark.parametrize("code", CHAINS)
def test_below_at_and_above_every_limit(code: str) -> None:
    """Every limit of any industry, one below and one above, each with all such of the other indicators."""
    grid = np.stack(np.meshgrid(*AROUND.values(), indexing="ij"), axis=-1).reshape(-1, 3)
    x, y, z = grid.T
    found = size_class(RULES, [code] * len(grid), x, x, y, y, z, z)
    assert found.tolist() == [plain(code, *row) for row in grid]


@pytest.mark.parametrize(
    ("code", "staff", "revenue", "size"),
    [  # a public implementation says 200-300 and 20-200 persons of warehouses: small from 100 to 199 there
        ("59", 99, 5_000, "S"), ("59", 100, 5_000, "M"), ("59", 199, 5_000, "M"), ("59", 200, 30_000, "L"), ("59", 299, 30_000, "L"),
        ("59", 19, 5_000, "X"), ("59", 20, 100, "S"),
        # and of information transmission nothing between 10,000 and 100,000
        ("63", 500, 10_000, "M"), ("63", 500, 99_999, "M"), ("63", 1_999, 100_000, "M"), ("64", 2_000, 99_999, "M"),
        ("64", 2_000, 100_000, "L"),
    ],
)  # fmt: skip
def test_two_known_errors_of_a_public_implementation_are_not_repeated(
    code: str, staff: float, revenue: float, size: str
) -> None:
    assert exact(code, staff, revenue) == size


codes = st.sampled_from([*CHAINS, "F", "G", "H", "I", "K", "S"])
numbers = st.integers(0, 250_000)


@given(codes, st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_more_never_makes_smaller(code: str, less: tuple[int, int, int], more: tuple[int, int, int]) -> None:
    one, other = exact(code, *less), exact(code, *(a + b for a, b in zip(less, more, strict=True)))
    if AMBIGUOUS not in (one, other):
        assert "XSML".index(other) >= "XSML".index(one)


@given(
    codes,
    st.tuples(numbers, numbers),
    st.tuples(st.integers(1, 5_000), st.integers(1, 50_000)),
    st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
)
def test_whoever_is_inside_a_band_has_its_class(
    code: str, low: tuple[int, int], width: tuple[int, int], inside: tuple[float, float]
) -> None:
    (x, y), (wide, long) = low, width
    banded = str(size_class(RULES, [code], x, x + wide, y, y + long)[0])
    one = exact(code, x + inside[0] * wide, y + inside[1] * long)
    assert banded in (AMBIGUOUS, one)


# --- industries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "parts", "staff", "revenue"),
    [
        ("F", ("51", "52"), (5, 10, 20, 50, 200, 300), (100, 500, 1_000, 5_000, 20_000, 40_000)),
        ("G", ("54", "59", "60"), (20, 100, 200, 300, 1_000), (100, 200, 1_000, 2_000, 3_000, 30_000)),
        ("H", ("61", "62"), (10, 100, 300), (100, 2_000, 10_000)),
        ("I", ("63", "65"), (10, 100, 300, 2_000), (50, 100, 1_000, 10_000, 100_000)),
    ],
)
def test_a_section_has_a_class_only_where_all_its_rules_agree(
    section: str, parts: tuple[str, ...], staff: tuple[int, ...], revenue: tuple[int, ...]
) -> None:
    for x in (s + d for s in staff for d in (-1, 0)):
        for y in (r + d for r in revenue for d in (-1, 0)):
            each = {plain(part, x, y, HUGE) for part in parts}
            assert exact(section, x, y) == (each.pop() if len(each) == 1 else AMBIGUOUS), (x, y)


def test_hotels_and_restaurants_have_the_same_rule() -> None:
    grid = [(x, y) for x in AROUND["x"] for y in AROUND["y"]]
    assert AMBIGUOUS not in {exact("H", *pair) for pair in grid}


@pytest.mark.parametrize(
    ("code", "x", "y", "size"),
    [
        ("E", 50, 299, "X"), ("E", 50, 300, AMBIGUOUS), ("7010", 50, 99, "X"), ("7010", 50, 100, AMBIGUOUS),
        ("L", 9, 1e6, "X"), ("L", 10, 1e6, AMBIGUOUS), ("K", 9, 99, "X"), ("K", 9, 100, AMBIGUOUS),
    ],
)  # fmt: skip
def test_assets_that_were_not_asked_leave_a_class_only_where_they_cannot_change_it(
    code: str, x: float, y: float, size: str
) -> None:
    """K is 房地产开发 (assets), 物业管理 and the rest: all three must say the same."""
    assert exact(code, x, y) == size


def test_assets_that_were_asked_are_used() -> None:
    assert exact("E", 50, 6_000, 5_000) == "M" and exact("L", 100, 0, 8_000) == "M"


@pytest.mark.parametrize("code", ["J", "P", "S", "T", "53", "66", "", "农业", "00", "98", "A1", "７"])
def test_an_industry_without_a_rule_has_no_class(code: str) -> None:
    assert exact(code, 1, 1) == exact(code, HUGE, HUGE, HUGE) == AMBIGUOUS


def test_divisions_lie_in_the_sections_of_the_standard() -> None:
    edges = "A1-5 B6-12 C13-43 D44-46 E47-50 F51-52 G53-60 H61-62 I63-65 J66-69 K70-70 L71-72 M73-75 N76-79 O80-82 P83-83 Q84-85 R86-90 S91-96 T97-97"
    for section, (first, last) in ((part[0], map(int, part[1:].split("-"))) for part in edges.split()):
        assert {whole(f"{division:02}")[0] for division in range(first, last + 1)} == {section}
    assert RULES.covering("5132").tolist() == RULES.covering("51").tolist()  # a finer code


# --- bands ---------------------------------------------------------------------------------------------


def cells(*assets: float) -> dict[str, list[str]]:
    """Classes of every pair of bands of the shipped questionnaire, by industry of the rules."""
    book = codebook.load("questionnaire", ROOT)
    staff, revenue = book.items["A4"].bands.values(), book.items["A5"].bands.values()
    pairs = np.array([(*one, *other) for one in staff for other in revenue])
    known = [np.nan, np.nan] if not assets else [assets[0], assets[0]]
    return {code: size_class(RULES, [code] * len(pairs), *pairs.T, *known).tolist() for code in CHAINS}


def test_how_many_pairs_of_bands_say_nothing() -> None:
    """52 of 1,440 (3.6%) where assets are known to be ample, 230 (16.0%) as they are not asked: counted one by one."""
    book = codebook.load("questionnaire", ROOT)
    for assets, expected in (((HUGE,), 52), ((), 230)):
        counted = 0
        for code in CHAINS:
            for low_x, high_x in book.items["A4"].bands.values():
                for low_y, high_y in book.items["A5"].bands.values():
                    least = plain(code, low_x, low_y, *(assets or (0,)))
                    counted += least != plain(code, min(high_x - 1, HUGE), min(high_y - 1, HUGE), HUGE)
        found = [size for sizes in cells(*assets).values() for size in sizes]
        assert (len(found), found.count(AMBIGUOUS), counted) == (1440, expected, expected)


def test_the_upper_limit_is_not_in_its_band() -> None:
    assert size_class(RULES, ["M", "M", "M"], [10, 10, 10], [100, 101, 10], 0, 1).tolist() == [
        "S",
        AMBIGUOUS,
        "S",
    ]


def test_what_is_not_known_may_be_anything() -> None:
    nan = np.nan
    assert size_class(
        RULES, ["C", "C", "A"], [nan, nan, nan], nan, [299, 300, 50], [299, 300, 50]
    ).tolist() == ["X", AMBIGUOUS, "S"]
    assert size_class(RULES, [], [], [], [], []).tolist() == []


# --- from a file to a survey ---------------------------------------------------------------------------

BOOK = """\
title: 试
missing: {NA_BLANK: [(空)], NA_REF: [拒答]}
items:
- {code: A2, title: 行业, label: 行业, type: category, role: industry, missing: [NA_REF], options: {C: 制造, F: 批零, L: 租赁}}
- {code: A3, title: 登记类型, label: 登记, type: category, role: legal_form, options: {1: 公司, 3: 个体}}
- {code: A4, title: 人数, label: 人数, type: category, role: employees, missing: [NA_REF],
   options: {1: 20人以下, 2: 20—299人, 3: 300人及以上}, bands: {1: [0, 20], 2: [20, 300], 3: [300, null]}}
- {code: A5, title: 收入, label: 收入, type: category, role: revenue, missing: [NA_REF],
   options: {1: 300万以下, 2: 300—4999万, 3: 5000万及以上}, bands: {1: [0, 300], 2: [300, 5000], 3: [5000, null]}}
- {code: A6, title: 规模, label: 规模, type: category, role: size, options: {L: 大型, M: 中型, S: 小型, X: 微型, G: 个体工商户},
   rules: {file: size_rules_2017.csv, industry: A2, employees: A4, revenue: A5, individual: {A3: "3"}}}
"""
TITLES = ["行业", "登记类型", "人数", "收入", "规模"]
TEN = [  # what is written, then the size that should be taken and why
    ("制造", "公司", "20人以下", "300万以下", "微型", "X", "derived"),
    ("制造", "公司", "20人以下", "5000万及以上", "小型", "X", "differing"),  # too few persons for small
    ("制造", "公司", "20—299人", "300—4999万", "小型", "S", "derived"),
    ("制造", "公司", "20—299人", "5000万及以上", "(空)", "S", "derived"),  # did not say, is told
    ("制造", "公司", "300人及以上", "300—4999万", "中型", "M", "ambiguous"),  # small under 2,000, else medium
    ("批零", "公司", "20—299人", "5000万及以上", "中型", "M", "ambiguous"),  # retail and wholesale differ
    ("租赁", "公司", "20—299人", "300—4999万", "小型", "S", "ambiguous"),  # assets were not asked
    (
        "批零",
        "个体",
        "(空)",
        "(空)",
        "微型",
        "G",
        "differing",
    ),  # an individual business whatever else it says
    ("制造", "公司", "拒答", "300—4999万", "大型", "L", "unanswered"),
    (
        "(空)",
        "公司",
        "20人以下",
        "300万以下",
        "(空)",
        None,
        "unanswered",
    ),  # nothing to tell it from, nor its own word
]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(BOOK, encoding="utf-8")
    rows = pd.DataFrame([row[:5] for row in TEN], columns=TITLES)
    rows.to_csv(tmp_path / "ten.csv", index=False, encoding="utf-8")
    return tmp_path


def test_ten_forms_from_file_to_survey(written: Path) -> None:
    book = codebook.load(written / "small.yaml", ROOT)
    intake = ingest.read_file(written / "ten.csv", book)
    told = ingest.sizes(intake.responses, book)
    assert told is not None
    labels = {code: item.options | {"": "(空)"} for code, item in book.items.items()}
    found = {
        tuple(labels[code][answer] for code, answer in zip(book.items, row, strict=True)): size
        for row, size in zip(
            intake.responses[list(book.items)].fillna("").itertuples(index=False), told.size, strict=True
        )
    }
    for *answers, _own, size, _why in TEN:
        key = next(key for key in found if key[:4] == tuple(a if a != "拒答" else "(空)" for a in answers))
        assert (None if pd.isna(found[key]) else found[key]) == size, answers
    why = [row[-1] for row in TEN]
    assert told.counts == {
        "derived": why.count("derived") + why.count("differing"),
        **{name: why.count(name) for name in ("ambiguous", "unanswered", "differing")},
    }


def test_a_survey_takes_the_derived_size_and_keeps_what_was_said(written: Path, demo_root: Path) -> None:
    folder = written / "data/reference/codebooks"
    folder.mkdir(parents=True)
    (folder / "ten.yaml").write_text(BOOK, encoding="utf-8")
    round_ = params.load("2022H2", demo_root).model_copy(
        update={"codebook": "ten", "root": written, "raking": [], "employment": None, "recruitment": "direct"}
    )
    intake = ingest.read_file(written / "ten.csv", codebook.load(folder / "ten.yaml", written))
    opened = survey.prepared(round_, intake)
    assert opened.sized == {"derived": 5, "ambiguous": 3, "unanswered": 2, "differing": 2}
    assert sorted(opened.responses["size"].dropna()) == sorted(row[5] for row in TEN if row[5])
    assert sorted(opened.responses["A6"].dropna()) == sorted("XSSMMSXL")


def test_exact_numbers_work_like_bands(written: Path) -> None:
    asked = BOOK.replace(
        "type: category, role: employees, missing: [NA_REF],\n   options: {1: 20人以下, 2: 20—299人, 3: 300人及以上}, bands: {1: [0, 20], 2: [20, 300], 3: [300, null]}}",
        "type: integer, role: employees}",
    )
    assert asked != BOOK
    (written / "exact.yaml").write_text(asked, encoding="utf-8")
    book = codebook.load(written / "exact.yaml", ROOT)
    rows = [("制造", "公司", staff, "5000万及以上", "大型") for staff in ("19", "20", "299", "300", "(空)")]
    pd.DataFrame(rows, columns=TITLES).to_csv(written / "exact.csv", index=False, encoding="utf-8")
    intake = ingest.read_file(written / "exact.csv", book)
    told = ingest.sizes(intake.responses, book)
    assert told is not None
    by_staff = dict(zip(intake.responses["A4"].fillna(-1), told.size, strict=True))
    assert by_staff == {19: "X", 20: "S", 299: "S", 300: "M", -1: "L"}
    assert told.counts == {"derived": 4, "ambiguous": 0, "unanswered": 1, "differing": 4}


def test_without_a_declaration_the_size_is_what_was_said(written: Path) -> None:
    plain_ = BOOK[: BOOK.index(",\n   rules:")] + "}\n"
    (written / "plain.yaml").write_text(plain_, encoding="utf-8")
    book = codebook.load(written / "plain.yaml", ROOT)
    intake = ingest.read_file(written / "ten.csv", book)
    assert book.sizing is None and ingest.sizes(intake.responses, book) is None
    assert survey.described(intake.responses, book)["size"].equals(intake.responses["A6"])
    assert codebook.load("short", ROOT).sizing is None


def test_no_size_of_the_demo_changes(demo_root: Path) -> None:
    """Demo firms choose bands of their true class, and name it truly: every class told equals the one said."""
    opened = survey.open("2022H2", demo_root)
    assert (opened.responses["size"] == opened.responses["A6"]).all()
    assert opened.sized["differing"] == 0
    assert sum(opened.sized[name] for name in ("derived", "ambiguous", "unanswered")) == opened.n
    assert opened.sized["derived"] > 0.75 * opened.n


# --- what is published of it ---------------------------------------------------------------------------


def test_the_page_says_how_sizes_were_told(demo_root: Path) -> None:
    opened = replace(
        survey.open("2022H2", demo_root),
        sized={"derived": 862, "ambiguous": 127, "unanswered": 32, "differing": 9},
    )
    said = words.sizes(disclosure.gate(opened)(fieldwork.precision(opened)))
    assert said == (
        "<p>企业规模按国家统计局的划分办法，由行业、从业人员和营业收入推算：能推算的 860 家，其中与企业自报不同的不足 10 家；"
        "其余用企业自报，包括所答的档可以归入几种规模的 125 家，没有答全的 30 家。</p>"
    )


def test_nothing_is_said_where_all_named_their_size(demo_root: Path) -> None:
    opened = replace(survey.open("2022H2", demo_root), sized={})
    assert words.sizes(disclosure.gate(opened)(fieldwork.precision(opened))) == ""


# --- what a codebook may not declare -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[20, 300], 3", "[20, 299], 3", "题目 A4 的 bands 要首尾相接"),
        ("2: [300, 5000]", "2: [200, 5000]", "题目 A5 的 bands 要首尾相接"),
        (", 3: [300, null]}", "}", "不多不少；请核对选项 3"),
        ("1: [0, 20], 2", "1: [0, 20], 9: [0, 1], 2", "请核对选项 9"),
        ("[300, null]}", "[300, 20]}", "上限要大于下限"),
        ("1: [0, 20]", "1: [-1, 20]", "下限不能小于 0"),
        ("1: [0, 20]", "1: [null, 20]", "items.2.bands.1.0"),
        ("1: [0, 20]", "1: [0]", "items.2.bands.1"),
        ("1: [0, 20]", "1: 少于20人", "items.2.bands.1"),
        ("type: category, role: employees", "type: ordinal, role: employees", "bands 只能写在单选题"),
        (", bands: {1: [0, 20], 2: [20, 300], 3: [300, null]}", "", "题目 A4 没有写明 bands"),
        ("employees: A4", "employees: A9", "指向不存在的题目 A9"),
        ("revenue: A5", "revenue: A6", "题目 A6 没有写明 bands"),
        ("industry: A2", "industry: A3", "行业题 A3 没有一个选项是国民经济行业分类的代码"),
        ('individual: {A3: "3"}', 'individual: {A3: "8"}', "不存在的选项 A3=8"),
        ('individual: {A3: "3"}', 'individual: {A8: "3"}', "指向不存在的题目 A8"),
        (", G: 个体工商户", "", "选项里没有的规模 G"),
        ("L: 大型, ", "", "选项里没有的规模 L"),
        ("role: size", "role: scale", "只能写在规模题"),
        ("size_rules_2017.csv", "size_rules_1999.csv", "找不到参考文件 data/reference/size_rules_1999.csv"),
        ("file: size_rules_2017.csv", "file: ../x.csv", "items.4.rules.file"),
        ("size_rules_2017.csv, ", "size_rules_2017.csv, colour: red, ", "items.4.rules.colour 没有这个参数"),
        ("size_rules_2017.csv, industry: A2", "size_rules_2017.csv", "items.4.rules.industry"),
        ("size_rules_2017.csv", "size_classes.csv", "规模划分表 size_classes.csv：缺少列 industry"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert BOOK.count(old) >= 1
    path = tmp_path / "small.yaml"
    path.write_text(BOOK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        codebook.load(path, ROOT)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("C;D,X,1000,300,20", "C;D,X,1000,1000,20", "第 3 行：三个下限要写成数，小型、中型、大型依次增大"),
        ("C;D,X,1000,300,20", "C;D,X,一千,300,20", "第 3 行：三个下限"),
        ("C;D,X,1000,300,20", "C;D,X,1000,300,0", "第 3 行：三个下限"),
        ("C;D,X,1000,300,20", "C;D,W,1000,300,20", "第 3 行：variable 只能是 X、Y、Z"),
        ("C;D,X,1000,300,20", "C;D,Y,1000,300,20", "第 4 行：同一行业的同一指标写了两次"),
        ("B;C;D,X", "B;制造,X", "第 3 行：gbt4754_codes 要写国民经济行业分类的代码"),
        ("variable", "indicator", "缺少列 variable"),
    ],
)
def test_a_table_that_cannot_be_rules_is_refused_by_row(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (ROOT / "data/reference/size_rules_2017.csv").read_text(encoding="utf-8-sig")
    folder = tmp_path / "data/reference"
    folder.mkdir(parents=True)
    (folder / "own.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParamsError, match=r"规模划分表 own\.csv") as caught:
        read_size_rules(tmp_path, "own.csv")
    assert said in str(caught.value)
