"""Hostile and careless files: each is refused with its code, or read with a warning, or read to the same numbers."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpkg import ingest, params
from evalpkg.ingest import InputRefused, Intake

HEADER = ["问卷编号", "轮次", "填报日期", "县区", "企业规模", "行业", "权重", "市税务局", "市生态环境局", "市市场监管局",
          "市自然资源局", "市城管局", "市人社局", "意见建议"]  # fmt: skip
UNITS, SIZES = ("西工区", "老城区", "瀍河区", "洛龙区"), ("小型", "个体工商户", "中型", "微型")
Table = list[list[str]]


def table(n: int = 40) -> Table:
    """Return a clean form: scores of 60 to 100 that differ within every row."""
    rows = [
        [f"{i:04}", "2021H1", f"2021-06-{1 + i % 28:02}", UNITS[i % 4], SIZES[i % 4], "制造业", "1.0",
         *(str(60 + (7 * i + 5 * j) % 41) for j in range(6)), "用工难，招不到人" if i % 2 else ""]
        for i in range(n)
    ]  # fmt: skip
    return [HEADER, *rows]


def text(rows: Table, separator: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    return out.getvalue()


def put(cell: str, column: int = 7, row: int = 3, rows: Table | None = None) -> Table:
    rows = [list(r) for r in rows or table()]
    rows[row][column] = cell
    return rows


def retitled(column: int, title: str) -> Table:
    return put(title, column, 0)


def read(folder: Path, content: str | bytes | Table, name: str = "form.csv") -> Intake:
    path = folder / name
    if isinstance(content, list):
        content = text(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return ingest.read_file(path, "short", least=10)


def told(folder: Path, content: str | bytes | Table, name: str = "form.csv") -> tuple[str, set[str]]:
    """Whether a file is read or refused, and the codes that say why."""
    try:
        intake = read(folder, content, name)
    except InputRefused as refusal:
        return "refused", {problem.code for problem in refusal.problems if problem.refuses}
    return "read", {problem.code for problem in intake.problems}


def same(one: Intake, other: Intake) -> bool:
    return all(
        getattr(one, name).equals(getattr(other, name))
        for name in ("responses", "ratings", "reasons", "remarks")
    )


# --- read to the same numbers --------------------------------------------------------------------------

ALIKE: dict[str, Callable[[], str | bytes | Table]] = {
    "utf-8 with a mark": lambda: text(table()).encode("utf-8-sig"),
    "gb18030": lambda: text(table()).encode("gb18030"),
    "utf-16 with a mark": lambda: text(table()).encode("utf-16"),
    "semicolons": lambda: text(table(), ";"),
    "tabs": lambda: text(table(), "\t"),
    "columns in another order": lambda: [[*row[::-1]] for row in table()],
    "full width and blanks in titles": lambda: [[f" {title}　" for title in HEADER], *table()[1:]],
    "scores with decimals": lambda: [[*r[:7], *(f"{c}.0" for c in r[7:13]), r[13]] if i else r for i, r in enumerate(table())],
    "scores in full width": lambda: [
        [*r[:7], *("".join(chr(ord(d) + 0xFEE0) for d in c) for c in r[7:13]), r[13]] if i else r
        for i, r in enumerate(table())
    ],
    "days with slashes": lambda: [[*r[:2], r[2].replace("-0", "/").replace("-", "/"), *r[3:]] for r in table()],
    "days with dots": lambda: [[*r[:2], r[2].replace("-", "."), *r[3:]] for r in table()],
    "empty lines": lambda: text(table()).replace("\n", "\n\n", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_other_ways_of_writing_give_the_same_numbers(name: str, tmp_path: Path) -> None:
    plain, other = read(tmp_path, table()), read(tmp_path, ALIKE[name]())
    assert same(plain, other)
    assert other.problems == ()


# --- read with a warning -------------------------------------------------------------------------------

WARNED: dict[str, tuple[Callable[[], str | bytes | Table], str]] = {
    "unit": (lambda: put("85分"), "W-SUFFIX"),
    "slash": (lambda: put("/"), "W-MISSING"),
    "official name": (lambda: retitled(9, "市市场监督管理局"), "W-ALIAS"),
    "zero width": (lambda: [[f"\u200b{title}" for title in HEADER], *table()[1:]], "W-INVISIBLE"),
    "mixed ends": (lambda: text(table()).replace("\n", "\r\n", 5), "W-EOL"),
    "number of a day": (lambda: put("44350", 2), "W-SERIAL"),
    "merged district": (lambda: put("吉利区", 3), "W-COUNTY"),
    "one size": (lambda: [[*r[:4], "小型", *r[5:]] if i else r for i, r in enumerate(table())], "W-STRATA"),
    "all alike": (lambda: [[*r[:7], *["100"] * 6, r[13]] if i else r for i, r in enumerate(table())], "W-CONSTANT"),
    "straight lines": (
        lambda: [[*r[:7], *["90"] * 6, r[13]] if i and i % 2 else r for i, r in enumerate(table())], "W-STRAIGHTLINE"
    ),
    "a long remark": (lambda: put("长" * 20_001, 13), "W-LONG"),
    "title above": (lambda: [["某年评议", *[""] * 13], *table()], "W-SKIPROWS"),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNED)
def test_what_is_put_up_with_is_said(name: str, tmp_path: Path) -> None:
    content, code = WARNED[name]
    assert told(tmp_path, content()) == ("read", {code})


# --- refused -------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], str | bytes | Table], str]] = {
    "utf-16 without a mark": (lambda: text(table()).encode("utf-16-be"), "E-ENCODING"),
    "big5": (lambda: text(table()).replace("瀍", "灃").encode("big5", "replace"), "E-ENCODING"),
    "full-width commas": (lambda: text(table()).replace(",", "，"), "E-HEADER"),
    "ragged": (lambda: [*table(), table()[1][:5]], "E-RAGGED"),
    "nul": (lambda: text(put("8\x000")).encode(), "E-NUL"),
    "only a header": (lambda: [HEADER], "E-NOROWS"),
    "blank": (lambda: " \n \n", "E-EMPTY"),
    "a quote that does not end": (lambda: text(table()) + '"x', "E-CSV"),
    "total": (lambda: [*table(), ["合计", *[""] * 6, *["80"] * 6, ""]], "E-TOTALROW"),
    "two columns alike": (lambda: retitled(8, "市税务局"), "E-DUPCOL"),
    "unknown department": (lambda: retitled(8, "市环境保护局"), "E-UNKNOWNDEPT"),
    "turned title": (lambda: retitled(7, "\u202e局务税市"), "E-BIDI"),
    "telephone": (lambda: [[*r, "13800000000" if i else "联系电话"] for i, r in enumerate(table())], "E-PIICOL"),
    "unknown column": (lambda: [[*r, "x" if i else "心情"] for i, r in enumerate(table())], "E-UNKNOWNCOL"),
    **{cell: (lambda cell=cell: put(cell), "E-RANGE") for cell in ("-5", "101", "1e308", "inf", "9" * 40)},
    **{
        cell: (lambda cell=cell: put(cell), "E-SCORETEXT")
        for cell in ("满意", "85,5", "0x55", "8_5", "TRUE", "8 5", "八十五", "#DIV/0!", "NaN")
    },
    "marks of 1 to 5": (
        lambda: [[*r[:7], *(str(1 + int(c) % 5) for c in r[7:13]), r[13]] if i else r for i, r in enumerate(table())],
        "E-SCALE",
    ),
    "one form": (lambda: table(1), "E-BELOWK"),
    "nine forms": (lambda: table(9), "E-BELOWK"),
    **{f"weight {cell}": (lambda cell=cell: put(cell, 6), "E-WEIGHT") for cell in ("NaN", "0", "-1", "1e400")},
    **{
        f"day {cell}": (lambda cell=cell: put(cell, 2), "E-DATE")
        for cell in ("2999-01-01", "06/03/2021", "2021-02-30", "民国110年6月3日", "昨天")
    },
    "unknown size": (lambda: put("巨型", 4), "E-OPTION"),
    "too wide": (lambda: ",".join(f"c{i}" for i in range(300_000)) + "\n1\n", "E-TOOWIDE"),
    "markup": (lambda: "<html><table></table></html>", "E-FORMAT"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_truthfully_is_refused(name: str, tmp_path: Path) -> None:
    content, code = REFUSED[name]
    found, codes = told(tmp_path, content())
    assert found == "refused"
    assert codes - {"E-NOCOL"} == {
        code
    }  # a title that cannot be read also leaves its question without a column


def test_all_faults_are_listed_in_one_pass_and_none_quotes_an_answer(tmp_path: Path) -> None:
    rows = put("巨型", 4, 5, put("2021-02-30", 2, 4, put("张三13800001234", 7, 3)))
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, rows)
    assert [(p.code, p.place) for p in caught.value.problems] == [
        ("E-DATE", "form.csv 单元格 C5"),
        ("E-OPTION", "form.csv 单元格 E6"),
        ("E-SCORETEXT", "form.csv 单元格 H4"),
    ]
    assert "张三" not in str(caught.value) and "巨型" not in str(caught.value)


# --- workbooks -----------------------------------------------------------------------------------------


def workbook(
    folder: Path, change: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]
) -> Path:
    path = folder / "form.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for i, row in enumerate(table()):
        for j, cell in enumerate(row):
            sheet.write_string(i, j, cell) if i == 0 or j not in range(6, 13) else sheet.write_number(
                i, j, float(cell)
            )
    change(book, sheet)
    book.close()
    return path


def of(path: Path) -> tuple[str, set[str]]:
    return told(path.parent, path.read_bytes(), path.name)


def test_a_workbook_gives_the_same_numbers(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda book, sheet: None)
    assert same(ingest.read_file(path, "short"), read(tmp_path, table()))


def test_a_day_in_the_epoch_of_1904_is_that_day(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    book = xlsxwriter.Workbook(path, {"date_1904": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    for i, row in enumerate(table()):
        sheet.write_row(i, 0, row)
    sheet.write_datetime(1, 2, pd.Timestamp("2021-06-01").to_pydatetime(), day)
    book.close()
    assert of(path) == ("read", set())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda book, sheet: sheet.set_row(3, None, None, {"hidden": True}), ("read", {"W-HIDDEN"})),
        (lambda book, sheet: sheet.write_formula(3, 7, "=1+1", None, ""), ("refused", {"E-FORMULA"})),
        (lambda book, sheet: sheet.write_formula(3, 7, "=1/0", None, "#DIV/0!"), ("refused", {"E-SCORETEXT"})),
        (lambda book, sheet: sheet.write_formula(3, 7, "=80+1", None, 81), ("read", set())),
    ],
)  # fmt: skip
def test_cells_that_a_reader_would_pass_over(
    change: Callable[..., None], expected: object, tmp_path: Path
) -> None:
    assert of(workbook(tmp_path, change)) == expected


def repacked(
    path: Path, add: dict[str, bytes], replace: dict[str, Callable[[bytes], bytes]] | None = None
) -> Path:
    """Write a workbook again with further or changed parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, change in (replace or {}).items():
        parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | add).items():
            archive.writestr(name, content)
    return path


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>"


@pytest.mark.parametrize(
    ("add", "code"),
    [
        ({"xl/vbaProject.bin": b"x"}, "E-MACRO"),
        ({"xl/externalLinks/externalLink1.xml": b"<x/>"}, "E-FORMULA"),
        ({"../../evil.txt": b"x"}, "E-FORMAT"),
        ({"xl/more.xml": BOMB}, "E-XML"),
        ({"xl/zeros.bin": bytes(60_000_000)}, "E-BOMB"),
    ],
)
def test_what_a_workbook_is_made_of(add: dict[str, bytes], code: str, tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda book, sheet: None)
    assert of(repacked(path, add)) == ("refused", {code})


@pytest.mark.parametrize("name", ["model.joblib", "model.PKL", "answers.pickle"])
def test_what_runs_when_it_is_loaded_is_never_loaded(name: str, tmp_path: Path) -> None:
    """An object that would make a folder when it is unpickled, and the same under the name of a table."""
    owned = tmp_path / "owned"
    content = f"cposix\nmkdir\n(V{owned}\ntR.".encode()
    assert told(tmp_path, content, name) == ("refused", {"E-ARTEFACT"})
    assert told(tmp_path, content, "answers.csv")[0] == "refused"
    assert told(tmp_path, content, "answers.xlsx") == ("refused", {"E-FORMAT"})
    assert not owned.exists()


def bomb(folder: Path, size: int) -> Path:
    """Write a workbook of a few kB whose first sheet unpacks to `size` bytes."""
    path = folder / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(size >> 24):
            part.write(bytes(1 << 24))
    return path


MEASURED = """
import json, re, resource, sys
from evalpkg import ingest
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
found = {}
for path in sys.argv[1:]:
    before = spent()
    try:
        ingest.read_file(path, "short", least=10)
        code = ""
    except ingest.InputRefused as refusal:
        code = refusal.problems[0].code
    found[path] = [code, spent() - before]
# not ru_maxrss: that of a new process begins with the memory of the one that started it
most = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
print(json.dumps([found, int(most)]))
"""


def measured(paths: list[Path]) -> tuple[dict[str, tuple[str, float]], float]:
    """Read files in one new process: first code and seconds of CPU of each, and the most memory of all in MB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found, kilobytes = json.loads(done.stdout)
    return found, kilobytes / 1000


on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@on_linux
def test_a_megabyte_that_unpacks_to_a_gigabyte_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    path = bomb(tmp_path, 1 << 30)
    assert path.stat().st_size < 1_200_000
    found, memory = measured([path])
    code, seconds = found[str(path)]
    assert code == "E-BOMB" and seconds < 2 and memory < 300


def test_a_bomb_that_lies_about_its_size_is_no_workbook(tmp_path: Path) -> None:
    """The headers say 1,000 bytes: no more are ever unpacked, and they do not add up."""
    path = bomb(tmp_path, 1 << 26)
    content = bytearray(path.read_bytes())
    told_size = (1 << 26).to_bytes(4, "little")
    while (at := content.find(told_size)) >= 0:
        content[at : at + 4] = (1_000).to_bytes(4, "little")
    path.write_bytes(content)
    assert of(path)[0] == "refused"
    assert of(path)[1] <= {"E-FORMAT", "E-BOMB"}


def test_a_name_that_is_not_the_content_is_refused(tmp_path: Path) -> None:
    assert told(tmp_path, text(table()), "form.xlsx") == ("refused", {"E-FORMAT"})
    assert told(tmp_path, text(table()), "form.xlsm") == ("refused", {"E-MACRO"})
    assert told(tmp_path, "<html></html>", "form.xls") == ("refused", {"E-FORMAT"})


def test_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path, lambda book, sheet: None).read_bytes()
    for length in (60, len(whole) // 2, len(whole) - 10):
        assert told(tmp_path, whole[:length], "half.xlsx") == ("refused", {"E-FORMAT"})


@given(at=st.integers(0, 10**6), flip=st.integers(1, 255))
@settings(max_examples=60)
def test_a_byte_that_fell_over_is_refused_or_harmless(
    at: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    broken = bytearray(workbook(folder, lambda book, sheet: None).read_bytes())
    broken[at % len(broken)] ^= flip
    found, codes = told(folder, bytes(broken), "broken.xlsx")
    assert found == "read" or codes


# --- a good export with a fault somewhere ----------------------------------------------------------------


@cache
def clean(folder: Path) -> Intake:
    return read(folder, table(12), "clean.csv")


@settings(max_examples=500)
@given(
    row=st.integers(0, 12),
    column=st.integers(0, 13),
    cell=st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "",
                "100",
                "0",
                "1e3",
                "８０",
                "-1",
                "101",
                "85分",
                "小型",
                "西工区",
                "2021-06-01",
                "合计",
                "市税务局",
                "1,5",
            ]
        ),
    ),
)
def test_a_changed_cell_is_never_another_number_in_silence(
    row: int, column: int, cell: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in one cell: a refusal, or all other answers as before and this one as it is written."""
    folder = tmp_path_factory.getbasetemp()
    rows = put(cell, column, row, table(12))
    try:
        intake = read(folder, rows)
    except InputRefused:
        return
    before, after = (np.sort(one.ratings.to_numpy().ravel()) for one in (clean(folder), intake))
    if not (row > 0 and 7 <= column <= 12):
        np.testing.assert_array_equal(before, after)
        return
    shown = cell.strip().removesuffix("分").strip()
    left = np.array(
        sorted(
            [
                *(
                    float(c)
                    for i, r in enumerate(rows)
                    if i
                    for j, c in enumerate(r[7:13], 7)
                    if (i, j) != (row, column)
                )
            ]
        )
    )
    number = [float(shown)] if shown and not intake.ratings.isna().to_numpy().any() else []
    np.testing.assert_allclose(np.sort([*left, *number]), after[~np.isnan(after)])


def codes_in(*paths: Path) -> set[str]:
    found = [re.findall(r'"([EW]-[A-Z]+)"', path.read_text("utf-8")) for path in paths]
    return {code for codes in found for code in codes}


def test_every_code_is_explained_to_a_clerk() -> None:
    package = Path(ingest.__file__).parents[1]
    used = codes_in(
        *(package / "ingest").glob("*.py"), *(package / "measures").glob("*.py"), package / "params.py"
    )
    registers = {"APPEAL": "register.py", "LEDGER": "ledger.py"}  # their codes get the prefix of the register
    for prefix, file in registers.items():
        own = codes_in(package / "appeals/cells.py", package / "appeals" / file) | {"E-COL"}
        used |= {code.replace("-", f"-{prefix}") for code in own}
    text = (package.parent / "data/README.md").read_text(encoding="utf-8")
    told_ = set(re.findall(r"[EW]-[A-Z]+", text))
    assert sorted(used - told_) == []
    assert sorted(told_ - used - {"W-CLOCK", "W-DURATION"}) == []  # those are put together from a name


# --- the corpus beside the project -----------------------------------------------------------------------


def test_every_case_of_the_corpus(shared: Path) -> None:
    folder = shared / "trust" / "hostile"
    cases = json.loads((folder / "expectations.json").read_text(encoding="utf-8"))
    clean = ingest.read_file(folder / "001_clean_utf8.csv", "short")
    for case in cases:
        path = folder / case["file"]
        if case["kind"] != "survey" or not path.is_file():
            continue
        found, codes = told_of(path)
        if case["expect"] == "reject":
            assert (found, case["code"] in codes) == ("refused", True), case["file"]
        elif case["expect"] == "accept_warn":
            assert (found, case["code"] in codes) == ("read", True), case["file"]
        else:
            assert found == "read", case["file"]
            assert case["expect"] == "contain" or codes == set(), case["file"]
        if case["expect"] == "accept" and path.name[:3] not in ("004", "051", "056", "080"):  # other answers
            assert ingest.read_file(path, "short").ratings.equals(clean.ratings), case["file"]


def test_every_other_case_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    """Parameters (there a round is called `round`, here `id`), names of rounds, saved objects."""
    folder = shared / "trust" / "hostile"
    (tmp_path / "params").mkdir()
    shutil.copy(params.bundle() / "params/_defaults.yaml", tmp_path / "params")
    cases = json.loads((folder / "expectations.json").read_text(encoding="utf-8"))
    codes: dict[str, str] = {}
    for case in (case for case in cases if case["kind"] != "survey"):
        if case["kind"] == "artefact":
            codes[case["file"]] = "".join(told_of(folder / case["file"])[1])
            continue
        name = "2021H1"
        if case["kind"] == "params":
            text_ = (folder / case["file"]).read_text(encoding="utf-8")
            (tmp_path / "params/2021H1.yaml").write_text(text_.replace("round:", "id:"), encoding="utf-8")
        else:
            name = ast.literal_eval(case["file"].partition(":")[2])
        with pytest.raises(params.ParamsError) as caught:
            params.load(name, tmp_path)
        codes[case["file"]] = caught.value.code
    assert codes == {case["file"]: case["code"] for case in cases if case["kind"] != "survey"}
    assert len(codes) > 10


@on_linux
def test_no_case_of_the_corpus_costs_two_seconds_or_300_megabytes(shared: Path) -> None:
    folder = shared / "trust" / "hostile"
    cases = json.loads((folder / "expectations.json").read_text(encoding="utf-8"))
    paths = [folder / case["file"] for case in cases if case["kind"] in ("survey", "artefact")]
    found, memory = measured([path for path in paths if path.is_file()])
    assert max(seconds for _, seconds in found.values()) < 2 and memory < 300


def told_of(path: Path) -> tuple[str, set[str]]:
    try:
        return "read", {problem.code for problem in ingest.read_file(path, "short", least=10).problems}
    except InputRefused as refusal:
        return "refused", {problem.code for problem in refusal.problems if problem.refuses}
