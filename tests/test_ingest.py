"""ingest: the twelve fixture answers equal their key, order tells nothing, every fault has its Excel cell."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpkg import ingest, params
from evalpkg.ingest import InputRefused
from evalpkg.ingest.sheet import column_letters
from evalpkg.ingest.values import split_outside

FIXTURES = Path(__file__).parent / "fixtures"
EXPORTS = ["wjx_text_matrix_dash.xlsx", "wjx_text_utf8bom.csv", "wjx_text_gb18030.csv"]
PLATFORMS = [
    *((name, "") for name in EXPORTS),
    ("wjx_coded_paren.xlsx", ""),
    ("wjx_legacy.xls", ""),
    ("tencent_text.csv", ""),
    ("qualtrics_3header.csv", ""),
    ("surveymonkey_2header.csv", ""),
    ("limesurvey_codes.csv", "limesurvey_columns.csv"),
    ("kobo_xml_headers.xlsx", "kobo_columns.csv"),
]
DEPARTMENTS = ["D26", "D20", "D10", "D33"]
DIFFICULTIES = ["FIN", "LAB", "LAND", "ARR", "OTH"]
SIZES = {"大型企业": "L", "中型企业": "M", "小型企业": "S", "微型企业": "X", "个体工商户": "G"}
UNITS = {"孟津区": "MJ", "涧西区": "JX", "嵩县": "SX"}

HEADER = [
    "序号", "来自IP", "1、贵企业所在县（区）", "2、企业规模", "3、请对打过交道的部门打分—税务局", "3、市场监管局", "3、生态环境局",
    "3、供电公司", "4、当前主要困难（多选）", "5、最急需解决的一项", "6、总体满意度（0-10）", "7、您最希望解决的问题",
]  # fmt: skip
ANSWER = [
    "1",
    "192.0.2.1",
    "涧西区",
    "小型企业",
    "满意",
    "未打交道",
    "一般",
    "非常满意",
    "融资难┋用工难",
    "融资难",
    "8",
    "无",
]


def write_csv(folder: Path, rows: list[list[str]], name: str = "answers.csv") -> Path:
    path = folder / name
    pd.DataFrame(rows[1:], columns=rows[0]).to_csv(path, index=False, encoding="utf-8")
    return path


def changed(column: int, cell: str, answer: list[str] = ANSWER) -> list[str]:
    return [*answer[:column], cell, *answer[column + 1 :]]


def refusal(path: Path) -> ingest.Problem:
    with pytest.raises(InputRefused) as caught:
        ingest.read_file(path, "fixture")
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def answers_of(intake: ingest.Intake) -> list[tuple[object, ...]]:
    """Every answer as a plain tuple, in an order of its own."""
    remarks = {
        item: dict(zip(part["rid"], part["text"], strict=True))
        for item, part in intake.remarks.groupby("item")
    }
    rows = []
    for rid in intake.responses.index.tolist():
        row = intake.responses.loc[rid]
        ticked = tuple(d for d in DIFFICULTIES if row[f"G1.{d}"] == 1)
        scores = tuple(None if np.isnan(v) else v for v in intake.ratings.loc[rid, DEPARTMENTS])
        text = remarks["J1"].get(rid, "")
        rows.append((row["A1"], row["A6"], scores, ticked, row["F1"], text))
    return sorted(rows, key=repr)


def key() -> list[tuple[object, ...]]:
    """Return what the fixtures say, as `answers_of`."""
    truth = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))
    return sorted(
        (
            (
                UNITS[one["d"]],
                SIZES[one["z"]],
                tuple(None if y == 5 else y + 1.0 for y in one["y"]),
                tuple(d for i, d in enumerate(DIFFICULTIES) if i in one["m"]),
                float(one["o"]),
                one["txt"],
            )
            for one in truth
        ),
        key=repr,
    )


@pytest.mark.parametrize(("name", "mapping"), PLATFORMS)
def test_every_platform_gives_the_twelve_answers(name: str, mapping: str) -> None:
    intake = ingest.read_file(FIXTURES / name, "fixture", mapping=FIXTURES / mapping if mapping else None)
    assert answers_of(intake) == key()


def test_paper_in_another_scale_is_mapped_to_the_same_answers() -> None:
    """The form on paper leaves the difficulties out; departments are graded 100, 80, ... 20, "４分" has a unit."""
    path = FIXTURES / "paper_entry_fullwidth_merged.xlsx"
    intake = ingest.read_file(path, "fixture", mapping=FIXTURES / "paper_columns.csv")
    asked = [(d, size, scores, score, text) for d, size, scores, _, score, text in key()]
    empty = intake.responses.assign(**{f"G1.{d}": 0.0 for d in DIFFICULTIES})
    found = answers_of(dataclasses.replace(intake, responses=empty))
    assert [(d, size, scores, score, text) for d, size, scores, _, score, text in found] == asked
    assert {problem.code for problem in intake.problems} == {"W-SUFFIX", "W-SKIPROWS"}
    assert (intake.reasons == "not_dealt_with").to_numpy().sum() == 5


def test_what_the_raw_file_told_has_a_row_a_questionnaire() -> None:
    flags = ingest.read_file(FIXTURES / EXPORTS[0], "fixture").flags
    assert list(flags) == ["speeder", "burst", "incomplete"]
    assert flags.index.tolist() == list(range(1, 13)) and flags.index.name == "rid"
    assert flags.sum().tolist() == [2, 0, 0]  # the two forms of under 45 seconds


def test_not_dealt_with_is_a_reason_and_never_zero() -> None:
    intake = ingest.read_file(FIXTURES / EXPORTS[0], "fixture")
    away = intake.reasons == "not_dealt_with"
    assert away.to_numpy().sum() == 5
    assert intake.ratings.to_numpy()[away].size and np.isnan(intake.ratings.to_numpy()[away]).all()
    assert (intake.contact.to_numpy()[away] == 0).all()
    assert np.nanmin(intake.ratings.to_numpy()) == 1


def test_identifiers_are_dropped_and_counted() -> None:
    intake = ingest.read_file(FIXTURES / EXPORTS[1], "fixture")
    assert intake.counts == {"read": 12, "kept": 12, "dropped": 2}
    everything = repr([intake.responses.to_dict(), intake.remarks.to_dict(), intake.reasons.to_dict()])
    assert "192.0.2" not in everything and "2021/7" not in everything and "手机提交" not in everything


def test_own_words_of_other_become_a_remark() -> None:
    remarks = ingest.read_file(FIXTURES / EXPORTS[0], "fixture").remarks
    assert (remarks.loc[remarks["item"] == "G1_oth", "text"] == "停车位太少").sum() == 8


def test_personal_data_is_masked_before_anything_else(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [HEADER, changed(11, "贷款太难，请打13800001234找我")])
    (text,) = ingest.read_file(path, "fixture").remarks["text"]
    assert "13800001234" not in text and text.startswith("贷款太难")


@settings(max_examples=15)
@given(st.permutations(range(12)), st.permutations(range(2, len(HEADER))))
def test_nothing_depends_on_the_order_of_rows_or_columns(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], columns: list[int]
) -> None:
    table = pd.read_csv(FIXTURES / EXPORTS[1], dtype=str, keep_default_na=False, encoding="utf-8-sig").drop(
        columns="总分"
    )
    table.columns = [name.replace("3、", "3、请对打过交道的部门打分—") if "3、" in name and "—" not in name else name
                     for name in table.columns]  # fmt: skip
    mixed = table.iloc[list(rows), [0, 5, *[c + 4 for c in columns]]]
    path = tmp_path_factory.mktemp("order") / "answers.csv"
    mixed.to_csv(path, index=False, encoding="utf-8-sig")
    one, other = ingest.read_file(FIXTURES / EXPORTS[1], "fixture"), ingest.read_file(path, "fixture")
    pd.testing.assert_frame_equal(one.responses, other.responses)
    pd.testing.assert_frame_equal(one.reasons, other.reasons)


@pytest.mark.parametrize(
    ("column", "cell", "code", "place", "said"),
    [
        (10, "11", "E-RANGE", "K2", "0 到 10"),
        (10, "-1", "E-RANGE", "K2", "0 到 10"),
        (10, "八分", "E-SCORETEXT", "K2", "0 到 10"),
        (10, "8_5", "E-SCORETEXT", "K2", "0 到 10"),
        (10, "inf", "E-RANGE", "K2", "0 到 10"),
        (10, "1e1", "E-SCORETEXT", "K2", "0 到 10"),
        (4, "9", "E-RANGE", "E2", "非常满意"),
        (4, "2.5", "E-RANGE", "E2", "非常满意"),
        (3, "巨型企业", "E-OPTION", "D2", "大型企业"),
        (2, "郑州市", "E-OPTION", "C2", "老城区"),
        (8, "融资难┋天气难", "E-OPTION", "I2", "融资难"),
        (10, "未打交道", "E-SCORETEXT", "K2", "0 到 10"),
    ],
)
def test_a_bad_cell_is_named_by_its_excel_address(
    tmp_path: Path, column: int, cell: str, code: str, place: str, said: str
) -> None:
    problem = refusal(write_csv(tmp_path, [HEADER, changed(column, cell)]))
    assert (problem.code, problem.place) == (code, f"answers.csv 单元格 {place}")
    assert said in problem.message
    if cell not in said:
        assert cell not in problem.message  # what a respondent wrote stays inside


def test_full_width_digits_are_digits(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [HEADER, changed(10, "７．５")])
    assert ingest.read_file(path, "fixture").responses["F1"].tolist() == [7.5]


@pytest.mark.parametrize(
    ("column", "title", "code", "said"),
    [
        (7, "3、供电公用", "E-UNKNOWNDEPT", "最接近的是“供电公司”"),
        (6, "3、税务局", "E-DUPCOL", "E1"),
        (10, "6、天气如何", "E-UNKNOWNCOL", "问卷说明里没有这道题"),
    ],
)
def test_a_bad_header_is_refused_with_a_hint(
    tmp_path: Path, column: int, title: str, code: str, said: str
) -> None:
    with pytest.raises(InputRefused) as caught:
        ingest.read_file(write_csv(tmp_path, [changed(column, title, HEADER), ANSWER]), "fixture")
    problems = {problem.code: problem for problem in caught.value.problems}
    assert said in problems[code].message
    assert problems[code].place.endswith(f"{column_letters(column)}1")
    assert "E-NOCOL" in problems  # and the item that lost its column is named as well


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    problem = refusal(write_csv(tmp_path, [HEADER[:-2] + HEADER[-1:], ANSWER[:-2] + ANSWER[-1:]]))
    assert (problem.code, problem.place) == ("E-NOCOL", "answers.csv 表头")
    assert "总体满意度（0-10）" in problem.message


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "E-EMPTY"),
        ("a.csv", b" \n \n", "E-EMPTY"),
        ("a.csv", ",".join(HEADER).encode(), "E-NOROWS"),
        ("a.csv", ",".join(HEADER).encode() + b"\n1,2\n", "E-RAGGED"),
        ("a.csv", ",".join(HEADER).encode("utf-16-be"), "E-ENCODING"),
        ("a.csv", b"a,b\n1,\x00\n", "E-NUL"),
        ("a.xlsx", b"a,b\n1,2\n", "E-FORMAT"),
        ("a.csv", b"PK\x03\x04 zipped", "E-FORMAT"),
        ("a.xls", b"<html><table>", "E-FORMAT"),
        ("a.xlsx", b"PK\x03\x04 broken", "E-FORMAT"),
        ("a.csv", ",".join(map(str, range(3000))).encode() + b"\n", "E-TOOWIDE"),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).code == code


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.xlsx").code == "E-NOFILE"


def test_all_problems_come_in_one_pass_and_the_rest_is_counted(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        ingest.read_file(write_csv(tmp_path, [HEADER, *[changed(10, "99") for _ in range(60)]]), "fixture")
    assert len(caught.value.problems) == 60
    shown = str(caught.value).splitlines()
    assert len(shown) == 51
    assert shown[-1] == "……另有 10 处问题，先改上面的"


def test_an_excel_cell_keeps_its_address_and_its_sheet(tmp_path: Path) -> None:
    path = tmp_path / "答卷.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("第一页")
        for row, cells in enumerate([HEADER, ANSWER, changed(10, "")]):
            sheet.write_row(row, 0, cells)
        sheet.write_number(1, 10, 8)
        sheet.write_number(2, 10, 12)
    problem = refusal(path)
    assert problem.place == "答卷.xlsx 工作表 第一页 单元格 K3"


def test_markup_and_formulas_are_kept_as_text(tmp_path: Path) -> None:
    hostile = ["<script>alert(1)</script>", "=HYPERLINK(1)", "{{ 7*7 }}"]
    path = write_csv(tmp_path, [HEADER, *[changed(11, text) for text in hostile]])
    assert sorted(ingest.read_file(path, "fixture").remarks["text"]) == sorted(hostile)


@given(st.lists(st.text(alphabet="甲乙丙〖〗", min_size=0, max_size=5), min_size=1, max_size=5))
def test_splitting_outside_brackets_loses_no_character(parts: list[str]) -> None:
    class Wjx:
        separators, other = "┋", "〖〗"

    cell = "┋".join(parts)
    assert "┋".join(split_outside(cell, Wjx)) == cell  # type: ignore[arg-type]


def test_a_separator_inside_brackets_belongs_to_the_text(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [HEADER, changed(8, "融资难┋其他〖停车┋招牌〗")])
    intake = ingest.read_file(path, "fixture")
    assert intake.responses[["G1.FIN", "G1.LAB", "G1.OTH"]].iloc[0].tolist() == [1, 0, 1]
    assert "停车┋招牌" in set(intake.remarks["text"])


def test_excel_letters() -> None:
    assert [column_letters(i) for i in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_the_same_file_under_two_names_is_refused(demo_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "twice"
    for part in ("params", "data/raw/2022H2"):
        shutil.copytree(demo_root / part, root / part)
    (path,) = (root / "data/raw/2022H2").glob("answers*.xlsx")
    shutil.copy(path, path.with_name("answers(1).xlsx"))
    with pytest.raises(InputRefused, match=r"是同一个文件，每份答卷会算两次；请移走一个（E-TWICE）"):
        ingest.read(params.load("2022H2", root))
