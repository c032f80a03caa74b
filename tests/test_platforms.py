"""platforms: one round written in every dialect reads alike; what is no description is refused."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from test_ingest import answers_of, key

from evalpkg import codebook, ingest, params
from evalpkg.codebook import Codebook, Item, match_key
from evalpkg.ingest.mapping import read_mapping
from evalpkg.ingest.part import read_part
from evalpkg.ingest.platforms import load_platform, names, recognised
from evalpkg.ingest.sheet import read_grid, read_sheet
from evalpkg.params import ParamsError, bundle

FIXTURES = Path(__file__).parent / "fixtures"
SKIPPED, BLANK = "(跳过)", "(空)"


def printed(book: Codebook) -> Codebook:
    """Return the codebook with the ways of not answering printed after the labels, as a platform numbers them."""
    tokens: dict[str, list[str]] = {}
    for token, code in book.missing.items():
        tokens.setdefault(code, []).append(token)
    items = {}
    for code, item in book.items.items():
        extra = [token for missing in item.missing for token in tokens[missing]]
        items[code] = (
            dataclasses.replace(item, printed=(*item.printed_labels, *extra)) if item.printed_labels else item
        )
    return dataclasses.replace(book, items=items)


def coded(item: Item, cell: str) -> str:
    """Write a cell as its number in print."""
    if cell in (SKIPPED, BLANK):
        return {"(跳过)": "-3", "(空)": "-2"}[cell]
    labels = [match_key(label) for label in item.printed_labels]
    return str(1 + labels.index(match_key(cell))) if labels and item.type != "text" else cell


def written(root: Path, book: Codebook, folder: Path, dialect: str) -> Path:
    """Write the export of a round as codes, with the titles of a dialect, "(行)" or "第1题(行)"."""
    sheet = read_sheet(next((root / "data/raw/2022H2").glob("answers*.xlsx")))
    by_title = {match_key(item.title): item for item in book.items.values() if not item.parent}
    parents = {match_key(item.title): item.parent for item in book.items.values() if item.parent}
    rows_of = {(item.parent, item.row): item for item in book.items.values() if item.parent}
    header: list[str] = []
    columns: list[list[str]] = []
    parent = ""
    for at, title in enumerate(sheet.header):
        cells = [row[at] for row in sheet.rows]
        number, _, words = title.partition("、")
        item = by_title.get(match_key(words))
        if not words:
            header.append(title)
            columns.append(cells)
        elif item and item.type == "multi":
            for code, label in item.options.items():
                first = code == next(iter(item.options))
                header.append(
                    f"第{number}题({label})"
                    if dialect == "第1题(行)"
                    else f"{number}、{words if first else ''}({label})"
                )
                columns.append([ticked(item, code, label, cell) for cell in cells])
        elif item:
            header.append(title)
            columns.append([coded(item, cell) for cell in cells])
        else:
            before, dash, row = words.partition("—")
            parent = parents[match_key(before)] if dash else parent
            item = rows_of[parent, row if dash else words]
            header.append(
                f"第{number}题({item.row})"
                if dialect == "第1题(行)"
                else f"{number}、{before if dash else ''}({item.row})"
            )
            columns.append([coded(item, cell) for cell in cells])
    path = folder / "answers.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *zip(*columns, strict=True)])
    return path


def ticked(item: Item, code: str, label: str, cell: str) -> str:
    """Write one option of a multiple choice, own words in the column of "other"."""
    if cell in (SKIPPED, BLANK):
        return "-3" if cell == SKIPPED else "0"
    for part in cell.split("┋"):
        name, _, note = part.partition("〖")
        if name == label:
            return note.removesuffix("〗") if note and item.open_option == code else "1"
    return "0"


@pytest.mark.parametrize("dialect", ["题(行)", "第1题(行)"])
def test_a_round_written_in_codes_reads_like_the_same_in_words(
    dialect: str, demo_root: Path, tmp_path: Path
) -> None:
    round_ = params.load("2022H2", demo_root)
    book = printed(codebook.load(round_.codebook, demo_root, round_.period.end))
    words = ingest.read_file(next(round_.raw.glob("answers*.xlsx")), book)
    codes = ingest.read_file(written(demo_root, book, tmp_path, dialect), book)
    assert {problem.code for problem in codes.problems} == {problem.code for problem in words.problems}
    # Rows come in an order of their own, by what stands in the file.
    for name in ("responses", "ratings", "contact"):
        one, other = (getattr(intake, name) for intake in (words, codes))
        pd.testing.assert_frame_equal(in_order(one), in_order(other))
    assert sorted(words.remarks["text"]) == sorted(codes.remarks["text"])
    assert words.flags.sum().to_dict() == codes.flags.sum().to_dict()


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns), ignore_index=True)


def test_every_description_can_be_loaded() -> None:
    assert {load_platform(bundle(), name).name for name in names(bundle())} == set(names(bundle()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("matrix: [行—题]", "题在前，行在后"),
        ("position: AO", "一个括号"),
        ("colour: red", "colour"),
    ],
)
def test_what_is_no_description_is_refused(change: str, says: str, tmp_path: Path) -> None:
    folder = tmp_path / "data/reference/platforms"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(f"title: 我的\nsignature: [编号]\n{change}\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=says):
        load_platform(tmp_path, "mine")


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ParamsError, match="写法不对"):
        load_platform(bundle(), "../params")


# --- a round of the demo, in every way of writing ----------------------------------------------------------

FORMS = 120
Rows = list[list[str]]


@pytest.fixture(scope="module")
def demo_rows(demo_root: Path) -> Rows:
    sheet = read_sheet(next((demo_root / "data/raw/2022H2").glob("answers*.xlsx")))
    return [sheet.header, *sheet.rows[:FORMS]]


@pytest.fixture(scope="module")
def demo_book(demo_root: Path) -> Codebook:
    round_ = params.load("2022H2", demo_root)
    return codebook.load(round_.codebook, demo_root, round_.period.end)


@pytest.fixture(scope="module")
def as_given(demo_rows: Rows, demo_book: Codebook, tmp_path_factory: pytest.TempPathFactory) -> ingest.Intake:
    """Read the forms from a workbook, as the platform exports them."""
    path = tmp_path_factory.mktemp("given") / "answers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(demo_rows):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return ingest.read_file(path, demo_book)


def encoded(folder: Path, rows: Rows, encoding: str) -> Path:
    path = folder / "answers.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_an_encoding_changes_nothing(
    encoding: str, demo_rows: Rows, demo_book: Codebook, as_given: ingest.Intake, tmp_path: Path
) -> None:
    found = ingest.read_file(encoded(tmp_path, demo_rows, encoding), demo_book)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(as_given, name))
    assert found.counts == as_given.counts
    assert [(p.code, p.message) for p in found.problems] == [(p.code, p.message) for p in as_given.problems]


FRAMES = ("responses", "ratings", "contact", "reasons", "remarks", "flags")


def whole(intake: ingest.Intake) -> pd.DataFrame:
    """Everything that each form says in one row, in an order of its own: numbers of forms depend on how cells are written."""
    remarks = intake.remarks.pivot_table("text", "rid", "item", "first").reindex(intake.responses.index)
    frames = {name: getattr(intake, name) for name in FRAMES if name != "remarks"} | {"remarks": remarks}
    table = pd.concat(frames, axis=1)
    table.columns = [".".join(names) for names in table.columns]
    texts = table[sorted(table)].astype(object).where(table[sorted(table)].notna(), "").astype(str)
    return texts.sort_values(list(texts), ignore_index=True)


def titled(header: list[str], title: Callable[[str, str, str], str]) -> list[str]:
    """Write the titles of matrix questions anew, from number, question and row; the question of the first stands for all."""
    found, parents = [], {}
    for at, one in enumerate(header):
        number, comma, words = one.partition("、")
        question, dash, row = words.partition("—")
        if dash:
            parents[number] = question
        alike = sum(other.startswith(f"{number}、") for other in header) > 1
        found.append(
            title(number, parents[number], row if dash else words) if comma and alike else header[at]
        )
    return found


DIALECTS: dict[str, Callable[[str, str, str], str]] = {
    "question everywhere": lambda number, question, row: f"{number}、{question}—{row}",
    "brackets everywhere": lambda number, question, row: f"{number}、{question}({row})",
    "full-width brackets": lambda number, question, row: f"{number}．{question}（{row}）",
    "第1题(行)": lambda number, question, row: f"第{number}题({row})",
    "without numbers": lambda number, question, row: f"{question}—{row}",
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_way_of_titling_changes_nothing(
    dialect: str, demo_rows: Rows, demo_book: Codebook, as_given: ingest.Intake, tmp_path: Path
) -> None:
    """Given is the dialect whose question stands in the first column of a matrix alone."""
    assert sum("—" in title for title in demo_rows[0]) == 6
    header = titled(demo_rows[0], DIALECTS[dialect])
    assert header != demo_rows[0]
    found = ingest.read_file(encoded(tmp_path, [header, *demo_rows[1:]], "utf-8"), demo_book)
    pd.testing.assert_frame_equal(whole(found), whole(as_given))


def as_tencent(rows: Rows, book: Codebook) -> Rows:
    """Write forms as 腾讯问卷 does: its own particulars, "3.题:行", commas between options, own words in a column."""
    header = titled(rows[0], lambda number, question, row: f"{number}.{question}:{row}")
    renamed = {"序号": "编号", "提交答卷时间": "结束答题时间", "所用时间": "答题时长", "来自IP": "IP"}
    header = [renamed.get(title, title.replace("、", ".", 1)) for title in header]
    multi = {match_key(item.title) for item in book.items.values() if item.type == "multi"}
    several = [match_key(title.partition(".")[2]) in multi for title in header]
    out = [[*header, "开始答题时间", "33.其他困难（文字）"]]
    for row in rows[1:]:
        note = next((found[1] for cell in row if (found := re.search("其他〖(.*)〗", cell))), "")
        cells = [re.sub("〖.*〗", "", cell).replace("┋", ",") if many else cell
                 for cell, many in zip(row, several, strict=True)]  # fmt: skip
        out.append([*cells, row[1], note])
    keep = [at for at, title in enumerate(out[0]) if title not in ("来源", "来源详情")]
    return [[row[at] for at in keep] for row in out]


def test_the_dialect_of_tencent_changes_nothing(
    demo_rows: Rows, demo_book: Codebook, as_given: ingest.Intake, tmp_path: Path
) -> None:
    rows = as_tencent(demo_rows, demo_book)
    found = ingest.read_file(encoded(tmp_path, rows, "utf-8-sig"), demo_book)
    assert sum("其他〖" in cell for row in demo_rows for cell in row) > 0  # else own words would go untested
    pd.testing.assert_frame_equal(whole(found), whole(as_given))
    assert found.counts["dropped"] == 1  # the address; 问卷星 has 来源详情 as well


# --- a platform that nobody described --------------------------------------------------------------------


def mapping(folder: Path, rows: dict[str, str]) -> Path:
    """Write a mapping file: title -> item, or item and values with a blank between."""
    path = folder / "columns.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["column", "item", "values"])
        writer.writerows([title, *said.partition(" ")[::2]] for title, said in rows.items())
    return path


UNITS_ = "AO01=JX;AO03=SX;AO04=MJ"
SIZES_ = "AO01=L;AO02=M;AO03=S;AO04=X;AO05=G"
STARS_ = "AO01=1;AO02=2;AO03=3;AO04=4;AO05=5"
GENERIC: dict[str, dict[str, str]] = {
    "limesurvey_codes.csv": {
        "A1": f"A1 {UNITS_}", "A2": f"A6 {SIZES_}",
        **{f"C[SQ00{i}]": f"C_{code} {STARS_}" for i, code in enumerate(("D26", "D20", "D10", "D33"), 1)},
        **{f"G1[{i}]": f"G1.{code}" for i, code in
           {"1": "FIN", "2": "LAB", "3": "LAND", "4": "ARR", "other": "OTH"}.items()},
        "F1": "F1", "J1": "J1", **dict.fromkeys(("lastpage", "startlanguage", "startdate"), "-"),
    },
    "kobo_xml_headers.xlsx": {
        "A1": "A1 mj=MJ;jx=JX;sx=SX", "A2": "A6 L=L;M=M;S=S;X=X;G=G",
        **{f"C/C_{i}": f"C_{code}" for i, code in enumerate(("D26", "D20", "D10", "D33"), 1)},
        "G1": "-", **{f"G1/{name}": f"G1.{code}" for name, code in
                      {"fin": "FIN", "lab": "LAB", "land": "LAND", "arr": "ARR", "other": "OTH"}.items()},
        "F1": "F1", "J1": "J1", **dict.fromkeys(("start", "end", "_id", "_uuid", "_submitted_by", "_index"), "-"),
    },
    "qualtrics_3header.csv": {  # the names of the first line; the second and the third are passed over
        "Q1": "A1", "Q2": "A6", **{f"Q3_{i}": f"C_{code}" for i, code in enumerate(("D26", "D20", "D10", "D33"), 1)},
        "Q4": "G1", "Q6": "F1", "Q7": "J1", **dict.fromkeys(("StartDate", "RecordedDate"), "-"),
    },
    "surveymonkey_2header.csv": {  # a question spans blank cells, its rows stand below
        "贵企业所在县（区）": "A1", "企业规模": "A6",
        **{f"请对打过交道的部门打分—{name}": f"C_{code}" for name, code in
           {"税务局": "D26", "市场监管局": "D20", "生态环境局": "D10", "供电公司": "D33"}.items()},
        **{f"当前主要困难（多选）—{name}": f"G1.{code}" for name, code in
           {"融资难": "FIN", "用工难": "LAB", "用地难": "LAND", "拖欠账款": "ARR", "其他": "OTH"}.items()},
        "总体满意度": "F1", "最希望解决的问题": "J1", **dict.fromkeys(("Start Date", "Custom Data 1"), "-"),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", GENERIC)
def test_any_platform_can_be_read_by_a_mapping_alone(name: str, tmp_path: Path) -> None:
    intake = ingest.read_file(
        FIXTURES / name, "fixture", platform="generic", mapping=mapping(tmp_path, GENERIC[name])
    )
    assert answers_of(intake) == key()


def test_the_second_line_of_a_header_may_hold_the_titles(tmp_path: Path) -> None:
    """The same export by the words of its second line: the third, of ImportIds, is no answer."""
    by_words = {
        "贵企业所在县（区）": "A1", "企业规模": "A6", "主要困难": "G1", "总体满意度": "F1", "最希望解决的问题": "J1",
        **{f"请打分 - {name}": f"C_{code}" for name, code in
           {"税务局": "D26", "市场监管局": "D20", "生态环境局": "D10", "供电公司": "D33"}.items()},
        **dict.fromkeys(("Start Date", "Recorded Date"), "-"),
    }  # fmt: skip
    path = mapping(tmp_path, by_words)
    intake = ingest.read_file(FIXTURES / "qualtrics_3header.csv", "fixture", platform="generic", mapping=path)
    assert answers_of(intake) == key()


def kobo_rows() -> list[list[str]]:
    sheet = read_sheet(FIXTURES / "kobo_xml_headers.xlsx")
    return [sheet.header, *sheet.rows]


def write(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def generic(folder: Path, rows: list[list[str]]) -> ingest.Intake:
    said = mapping(folder, GENERIC["kobo_xml_headers.xlsx"])
    return ingest.read_file(write(folder, rows), "fixture", platform="generic", mapping=said)


def test_an_answer_with_a_fault_is_never_taken_for_a_header(tmp_path: Path) -> None:
    header, first, *rest = kobo_rows()
    first = ["99" if title in ("F1", "C/C_1") else cell for title, cell in zip(header, first, strict=True)]
    with pytest.raises(ingest.InputRefused) as caught:
        generic(tmp_path, [header, first, *rest])
    assert {(p.code, p.place[-2:]) for p in caught.value.problems} == {("E-RANGE", "E2"), ("E-RANGE", "O2")}
    assert caught.value.read == 12


def test_titles_above_the_header_are_passed_over_and_said(tmp_path: Path) -> None:
    rows = kobo_rows()
    intake = generic(tmp_path, [["某市评议", *[""] * (len(rows[0]) - 1)], *rows])
    assert answers_of(intake) == key()
    assert {problem.code for problem in intake.problems} == {"W-SKIPROWS"}


def test_a_column_that_nobody_settled_is_refused(tmp_path: Path) -> None:
    rows = [[*row, "心情" if at == 0 else "好"] for at, row in enumerate(kobo_rows())]
    with pytest.raises(ingest.InputRefused) as caught:
        generic(tmp_path, rows)
    assert [problem.code for problem in caught.value.problems] == ["E-UNKNOWNCOL"]


def test_a_mapping_of_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ingest.InputRefused, match=r"有 1 列在表头里找不到.*E-HEADER"):
        generic(tmp_path, [[cell.replace("C/C_4", "C/C_5") for cell in row] for row in kobo_rows()])


def test_a_generic_platform_needs_a_mapping() -> None:
    with pytest.raises(ingest.InputRefused, match=r"要靠列名对照表认列.*E-PLATFORM"):
        ingest.read_file(FIXTURES / "tencent_text.csv", "fixture", platform="generic")


def test_no_file_is_taken_for_generic_by_itself() -> None:
    assert "generic" not in {
        one.name for one, _ in recognised(read_grid(FIXTURES / "tencent_text.csv"), bundle())
    }


@pytest.mark.parametrize(("height", "reads"), [(3, True), (1, False)])
def test_the_height_of_a_header_can_be_declared(height: int, reads: bool, tmp_path: Path) -> None:
    folder = tmp_path / "data/reference/platforms"
    folder.mkdir(parents=True)
    text = (bundle() / "data/reference/platforms/generic.yaml").read_text(encoding="utf-8")
    text = text.replace("header_rows: 0", f"header_rows: {height}\ntitles: 1", 1)
    (folder / "generic.yaml").write_text(text, encoding="utf-8")
    book = codebook.load("fixture", bundle())
    mapped = read_mapping(mapping(tmp_path, GENERIC["qualtrics_3header.csv"]), book)
    part = read_part(FIXTURES / "qualtrics_3header.csv", book, tmp_path, "generic", mapped)
    assert (part.refused == 0) is reads
    assert part.forms == (12 if reads else 14)
