"""parquet: the same grid as from a spreadsheet, every cell as a clerk would write it, and what is refused.

Everything but the first tests needs the extra `[parquet]`, which is not in the lock: with pyarrow installed, pandas would keep
its texts by pyarrow's rules, and the lock's numbers are those without it.
"""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import codebook, ingest, params
from evalpkg.ingest import InputRefused, parquet
from evalpkg.ingest.sheet import read_grid, read_sheet


def refusal(path: Path) -> ingest.Problem:
    with pytest.raises(InputRefused) as caught:
        read_grid(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


# --- without pyarrow -----------------------------------------------------------------------------------


def test_without_pyarrow_the_clerk_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    path = tmp_path / "answers.parquet"
    path.write_bytes(b"PAR1 whatever PAR1")
    assert str(refusal(path)) == (
        "answers.parquet：没有装读 Parquet 的程序；请运行 pip install 'evalpkg[parquet]'，或另存为 .xlsx（E-PARQUET）"
    )


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("answers.parquet", b"", "E-EMPTY"),
        ("answers.parquet", b"PK\x03\x04 a zip", "E-FORMAT"),
        ("answers.parquet", "序号,分\n1,2\n".encode(), "E-FORMAT"),
        ("answers.parquet", b"PARE encrypted", "E-FORMAT"),
        ("answers.xlsx", b"PAR1 whatever", "E-FORMAT"),
    ],
)
def test_a_name_that_belies_its_content_is_refused(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).code == code


def test_a_round_looks_for_every_format_that_is_read() -> None:
    round_ = params.load("2022H2", params.bundle())
    assert {pattern.rsplit(".", 1)[1] for pattern in round_.files} == {"xlsx", "xls", "csv", "parquet"}


# --- with pyarrow --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pa() -> Any:
    pytest.importorskip("pyarrow.parquet")
    import pyarrow

    return pyarrow


def write(table: Any, path: Path, **how: Any) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(table, path, **how)
    return path


def test_every_kind_of_cell_is_written_as_a_clerk_would(pa: Any, tmp_path: Path) -> None:
    noon = dt.datetime(2021, 6, 3, 9, 5, 7)
    columns = {  # what is stored, and what a person reads
        "整数": (pa.array([8, None, -3], pa.int8()), ["8", "", "-3"]),
        "大整数": (pa.array([2**53 + 1, None, 0]), ["9007199254740993", "", "0"]),
        "小数": (pa.array([8.0, 8.5, None]), ["8", "8.5", ""]),
        "短小数": (pa.array([8.1, float("nan"), 1e6], pa.float32()), ["8.1", "", "1000000"]),
        "定点": (pa.array([Decimal("8.00"), Decimal("8.25"), None]), ["8", "8.25", ""]),
        "日": (pa.array([dt.date(2021, 6, 3), None, dt.date(1999, 12, 31)]), ["2021-06-03", "", "1999-12-31"]),
        "时": (pa.array([noon, None, noon.replace(hour=0)], pa.timestamp("ns")), ["2021-06-03 09:05:07", "", "2021-06-03 00:05:07"]),
        "本地时": (pa.array([noon, None, noon], pa.timestamp("s", "Asia/Shanghai")), ["2021-06-03 17:05:07", "", "2021-06-03 17:05:07"]),
        "钟点": (pa.array([dt.time(9, 5, 7), None, dt.time(0)]), ["09:05:07", "", "00:00:00"]),
        "真假": (pa.array([True, None, False]), ["TRUE", "", "FALSE"]),
        "文字": (pa.array(["瀍河回族区", None, " 8 "]), ["瀍河回族区", "", " 8 "]),
        "大文字": (pa.array(["a,b", "\n", '"'], pa.large_string()), ["a,b", "\n", '"']),
        "类别": (pa.array(["满意", None, "满意"]).dictionary_encode(), ["满意", "", "满意"]),
        "数类别": (pa.array([1.0, 2.5, None]).dictionary_encode(), ["1", "2.5", ""]),
        "空": (pa.nulls(3), ["", "", ""]),
        "行": (pa.array(["x", "y", "z"]), ["x", "y", "z"]),
    }  # fmt: skip
    path = write(pa.table({name: stored for name, (stored, _) in columns.items()}), tmp_path / "a.parquet")
    grid = read_grid(path)
    assert grid.rows == [list(columns), *map(list, zip(*(said for _, said in columns.values()), strict=True))]
    assert (grid.file, grid.name, grid.lines, grid.problems) == ("a.parquet", "", [1, 2, 3, 4], ())


def test_booleans_read_as_from_a_spreadsheet(pa: Any, tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([["甲", "乙"], [True, 8.0], [False, 8.5]]):
            sheet.write_row(at, 0, row)
    path = write(pa.table({"甲": [True, False], "乙": [8.0, 8.5]}), tmp_path / "a.parquet")
    assert read_grid(path).rows == read_grid(tmp_path / "a.xlsx").rows


def test_the_demo_round_reads_alike_from_parquet_and_xlsx(pa: Any, demo_root: Path, tmp_path: Path) -> None:
    """Once as text, once with numbers as numbers and texts as categories, as an analyst's pandas would store them."""
    round_ = params.load("2022H2", demo_root)
    book = codebook.load(round_.codebook, demo_root, round_.period.end)
    source = next(round_.raw.glob("answers*.xlsx"))
    sheet, expected = read_sheet(source), ingest.read_file(source, book)
    texts = pd.DataFrame(sheet.rows, columns=sheet.header, dtype=object)
    stored = {}
    for name in texts:
        numbers = pd.to_numeric(texts[name].where(texts[name] != ""), errors="coerce")
        number = (numbers.notna() | (texts[name] == "")).all() and numbers.notna().any()
        stored[name] = (
            pa.array(numbers, from_pandas=True) if number else pa.array(texts[name]).dictionary_encode()
        )
    kinds = {str(one.type) for one in stored.values()}
    assert any("double" in kind or "int64" in kind for kind in kinds)
    for name, table in {"texts": pa.table(dict(texts)), "typed": pa.table(stored)}.items():
        path = write(table, tmp_path / f"{name}.parquet", row_group_size=300, compression="zstd")
        found = ingest.read_file(path, book)
        for frame in ("responses", "ratings", "contact", "reasons", "remarks", "flags"):
            pd.testing.assert_frame_equal(
                getattr(found, frame), getattr(expected, frame), obj=f"{name} {frame}"
            )
        assert found.counts == expected.counts
        assert [p.code for p in found.problems] == [p.code for p in expected.problems]


@given(st.data())
def test_texts_come_back_as_they_were(
    pa: Any, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cell = st.none() | st.text(
        st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6
    )
    rows = data.draw(st.lists(st.tuples(cell, cell), min_size=1, max_size=6))
    folder = tmp_path_factory.mktemp("texts")
    table = pa.table(
        {"甲": pa.array([a for a, _ in rows], pa.string()), "乙": pa.array([b for _, b in rows], pa.string())}
    )
    grid = read_grid(write(table, folder / "a.parquet"))
    kept = [[a or "", b or ""] for a, b in rows if (a or "").strip() or (b or "").strip()]
    assert grid.rows == [["甲", "乙"], *kept]


def test_two_columns_of_one_name_are_both_there_to_be_refused(pa: Any, tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["分", "分"])
    assert read_grid(write(table, tmp_path / "a.parquet")).rows == [["分", "分"], ["a", "b"]]


@pytest.mark.parametrize("name", ["3.题干:税务局", "a.b", "", "x y", "'"])
def test_a_title_may_hold_any_sign(pa: Any, tmp_path: Path, name: str) -> None:
    assert read_grid(write(pa.table({name: ["8"], "乙": ["9"]}), tmp_path / "a.parquet")).rows == [
        [name, "乙"],
        ["8", "9"],
    ]


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["list", "struct", "map", "binary", "fixed", "dictionary of binary", "duration", "uuid"],
)
def test_what_is_no_cell_is_refused_by_its_column(pa: Any, tmp_path: Path, kind: str) -> None:
    column = {
        "list": lambda: pa.array([["a", "b"]]),
        "struct": lambda: pa.array([{"a": 1}]),
        "map": lambda: pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "binary": lambda: pa.array([b"\x80\x04cposix\nsystem\n"]),
        "fixed": lambda: pa.array([b"abcd"], pa.binary(4)),
        "dictionary of binary": lambda: pa.array([b"abcd"]).dictionary_encode(),
        "duration": lambda: pa.array([dt.timedelta(seconds=3)]),
        "uuid": lambda: pa.array([b"0123456789abcdef"], pa.uuid()),
    }[kind]()
    path = write(pa.table({"甲": ["x"], "乙": column}), tmp_path / "a.parquet")
    problem = refusal(path)
    assert problem.code == "E-FORMAT" and problem.message.startswith("第 2 列不是文字、数或日期")


def whole(pa: Any, folder: Path) -> bytes:
    rng = np.random.default_rng(1)
    table = pa.table({"甲": rng.integers(0, 9, 500), "乙": [f"某{n}" for n in rng.integers(0, 99, 500)]})
    return write(table, folder / "whole.parquet").read_bytes()


def test_a_broken_file_is_refused_wherever_it_breaks(pa: Any, tmp_path: Path) -> None:
    good, path = whole(pa, tmp_path), tmp_path / "broken.parquet"
    for cut in (4, 5, 8, 12, len(good) // 2, len(good) - 9, len(good) - 8, len(good) - 4, len(good) - 1):
        path.write_bytes(good[:cut])
        assert refusal(path).code == "E-FORMAT", cut
    path.write_bytes(good[:-8] + b"\xff\xff\xff\x7f" + b"PAR1")  # a list of contents of 2 GB
    assert refusal(path).code == "E-FORMAT"


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_wrong_bytes_is_refused_or_read_to_its_size(pa: Any, tmp_path: Path, seed: int) -> None:
    """Parquet has no sums by default: a wrong byte may be another number, but never an error that nobody said."""
    rng, raw = np.random.default_rng(seed), bytearray(whole(pa, tmp_path))
    for at in rng.integers(4, len(raw) - 8, 3):
        raw[at] = rng.integers(0, 256)
    path = tmp_path / "broken.parquet"
    path.write_bytes(bytes(raw))
    found = told(path)
    assert found in ("E-FORMAT", "E-NUL", "E-BOMB", "E-EMPTY", "read as text")


def told(path: Path) -> str:
    try:
        grid = read_grid(path)
    except InputRefused as refused:
        return refused.problems[0].code
    return "read as text" if all(isinstance(cell, str) for row in grid.rows for cell in row) else "read"


def test_bytes_that_are_no_text_are_refused(pa: Any, tmp_path: Path) -> None:
    """A column that says it is text and holds Big5: pyarrow itself does not look."""
    wrong = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 2, 4], np.int32)), pa.py_buffer(b"\xa7\xda\xff\xfe")]
    )
    assert refusal(write(pa.table({"甲": wrong}), tmp_path / "a.parquet")).code == "E-FORMAT"


def test_a_year_beyond_the_calendar_is_refused(pa: Any, tmp_path: Path) -> None:
    far = pa.array([10_000_000], pa.int32()).cast(pa.date32())
    assert refusal(write(pa.table({"甲": far}), tmp_path / "a.parquet")).code == "E-FORMAT"


def test_a_nul_is_refused_as_in_a_csv(pa: Any, tmp_path: Path) -> None:
    assert refusal(write(pa.table({"甲": ["a\x00b"]}), tmp_path / "a.parquet")).code == "E-NUL"


def test_too_many_columns_are_refused_before_they_are_read(pa: Any, tmp_path: Path) -> None:
    table = pa.table({f"c{at}": ["x"] for at in range(2_001)})
    assert refusal(write(table, tmp_path / "a.parquet")).code == "E-TOOWIDE"


def test_equal_cells_by_the_million_are_refused_though_the_file_is_small(pa: Any, tmp_path: Path) -> None:
    ones = pa.array(np.ones(1_000_000, np.int8))
    path = write(pa.table({f"c{at}": ones for at in range(51)}), tmp_path / "a.parquet")
    assert path.stat().st_size < 200_000
    problem = refusal(path)
    assert (problem.code, problem.message) == ("E-BOMB", "解压后超过 500 MB 或 50,000,000 格；请分成几个文件")


def test_what_unpacks_to_too_much_is_refused(
    pa: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        pa.table({"甲": ["长" * 100_000] * 20}),
        tmp_path / "a.parquet",
        use_dictionary=False,
        compression="zstd",
    )
    assert path.stat().st_size < 100_000 and len(read_grid(path).rows) == 21
    monkeypatch.setattr(parquet, "UNPACKED", 5_000_000)
    assert refusal(path).code == "E-BOMB"


def test_rows_are_counted_as_they_come(pa: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(pa.table({"甲": range(100)}), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet, "_check", lambda file, path: None)  # a list of contents that lies
    monkeypatch.setattr(parquet, "CELLS", 50)
    assert refusal(path).code == "E-BOMB"


def test_a_file_that_is_too_large_is_refused_by_its_size(pa: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with path.open("wb") as file:
        file.write(b"PAR1")
        file.truncate(500_000_001)  # a hole, no bytes on the disk
    assert refusal(path).code == "E-TOOLARGE"


def test_no_row_and_no_column_are_refused(pa: Any, tmp_path: Path) -> None:
    path = write(pa.table({"甲": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(InputRefused, match="E-NOROWS"):
        read_sheet(path)
    assert refusal(write(pa.table({}), tmp_path / "b.parquet")).code == "E-EMPTY"
