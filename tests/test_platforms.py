"""platforms: one round written in every dialect reads alike; what is no description is refused."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from evalpkg import codebook, ingest, params
from evalpkg.codebook import Codebook, Item, match_key
from evalpkg.ingest.platforms import load_platform, names
from evalpkg.ingest.sheet import read_sheet
from evalpkg.params import ParamsError, bundle

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
