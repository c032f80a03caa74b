"""trends.comparability: fingerprints, the file and its faults, what it refuses, and how it is brought up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small_rounds import ITEMS, answers, past, wave
from small_survey import codebook, item

from evalpkg import params, trends
from evalpkg.codebook import Item, Scale
from evalpkg.params import ParamsError
from evalpkg.survey import Survey
from evalpkg.trends import comparability
from evalpkg.trends.fingerprint import fingerprint, fingerprints, unlike

HEAD = "item,label,wording,scale,anchors,gate,from,to,series,note\n"


def one_round(round_id: str, root: Path, **changed: object) -> Survey:
    """Return a round whose item F1 is other as stated."""
    items = [replace(i, **changed) if i.code == "F1" else i for i in ITEMS]
    return wave(round_id, answers(1, 60), items=items, root=root, offices=[])


def file(root: Path, *lines: str) -> Path:
    path = comparability.path_of(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def line(survey: Survey, begin: str, end: str = "", series: str = "") -> str:
    seen = fingerprint(survey.codebook.items["F1"], survey.codebook)
    return f"F1,总体,{seen.wording},{seen.scale},{seen.anchors},{seen.gate},{begin},{end},{series},"


def refusal(root: Path, now: Survey, before: Survey) -> str:
    return comparability.read(root).refusal("F1", now, before)


# --- fingerprints ----------------------------------------------------------------------------------------


def test_a_fingerprint_ignores_what_people_mistype() -> None:
    one, other = item("D1", "driver"), item("D1", "driver")
    book = codebook([replace(one, title="请打分（0—10）")])
    same = codebook([replace(other, title="请打分 (0-10)")])
    assert fingerprints(book) == fingerprints(same)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": "又一个问题"}, "题目改过"),
        ({"row": "另一行"}, "题目改过"),
        ({"scale": Scale(1, 10)}, "刻度改过"),
        ({"scale": Scale(0, 10, {"很好": 10.0})}, "刻度改过"),
        ({"scale": Scale(0, 10, {}, {10.0: 90.0})}, "刻度改过"),
        ({"type": "ordinal"}, "刻度改过"),
        ({"label": "改了简称", "number": 9, "missing": ("NA_DK",)}, ""),
    ],
)
def test_what_changes_a_fingerprint(changed: dict[str, object], said: str) -> None:
    whole = item("F1", "outcome", scale=Scale(0, 10))
    book, other = codebook([whole]), codebook([replace(whole, **changed)])
    assert unlike(fingerprints(book)["F1"], fingerprints(other)["F1"]) == said


def test_another_gate_or_another_option_is_seen() -> None:
    def of(gate: Item) -> dict[str, object]:
        return dict(fingerprints(codebook([gate, item("C_A", "rating", gate="B_A")])))

    gate = item("B_A", "gate", type="ordinal", options={"0": "没有", "1": "有"})
    assert unlike(of(gate)["C_A"], of(replace(gate, title="近一年打过交道吗"))["C_A"]) == "打分条件改过"  # type: ignore[arg-type]
    more = replace(gate, options={**gate.options, "2": "被检查"})
    assert unlike(of(gate)["C_A"], of(more)["C_A"]) == "打分条件改过"  # type: ignore[arg-type]


def test_describing_items_are_no_trends() -> None:
    book = codebook([item("A1", "district"), item("w", "weight"), item("F1", "outcome")])
    assert list(fingerprints(book)) == ["F1"]


# --- what the file says ----------------------------------------------------------------------------------


def test_without_a_file_codebooks_are_compared(tmp_path: Path) -> None:
    now = one_round("2022H2", tmp_path)
    assert refusal(tmp_path, now, one_round("2022H1", tmp_path)) == ""
    assert refusal(tmp_path, now, one_round("2022H1", tmp_path, title="别的")) == "题目改过"
    none = wave("2022H1", {"size": ["L"] * 20}, items=ITEMS[:2], offices=[])
    assert refusal(tmp_path, now, none) == "以前没有问"


def test_the_file_wins(tmp_path: Path) -> None:
    now, before = one_round("2022H2", tmp_path), one_round("2022H1", tmp_path)
    file(tmp_path, line(now, "2020H2"))
    assert refusal(tmp_path, now, before) == ""
    file(tmp_path, line(now, "2020H2", "2022H1"), line(now, "2022H2"))
    assert refusal(tmp_path, now, before) == "已登记为两个题目"
    file(tmp_path, line(now, "2022H2"))
    assert refusal(tmp_path, now, before) == "comparability.csv 里没有登记"
    file(tmp_path, line(one_round("2022H1", tmp_path, title="别的"), "2020H2"))
    assert refusal(tmp_path, now, before) == "题目改过"


def test_a_series_bridges_another_wording_and_never_another_scale(tmp_path: Path) -> None:
    now, before = one_round("2022H2", tmp_path), one_round("2022H1", tmp_path, title="旧的问法")
    file(tmp_path, line(before, "2020H2", "2022H1"), line(now, "2022H2"))
    assert refusal(tmp_path, now, before) == "题目改过"
    file(tmp_path, line(before, "2020H2", "2022H1", "总体"), line(now, "2022H2", series="总体"))
    assert refusal(tmp_path, now, before) == ""
    other = one_round("2022H1", tmp_path, scale=Scale(0, 5))
    file(tmp_path, line(other, "2020H2", "2022H1", "总体"), line(now, "2022H2", series="总体"))
    assert refusal(tmp_path, now, other) == "刻度改过"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["X9,,a,b,,,2020H2,,,"], "第 2 行：各轮问卷里都没有题目 X9；只能写问卷说明里的题目代码"),
        (["F1,,a,b,,,2020H2,,,", "F1,,a,b,,,2022H1,,,"], "第 2、3 行：F1 的轮次重叠；每一轮只能落在一行里"),
        (["F1,,a,b,,,2020H2,,,", "F1,,c,b,,,2020H2,,,"], "第 2、3 行：F1 写了两次"),
        (["F1,,a,b,,,2022H1,2020H2,,"], "第 2 行：to 2020H2 早于 from 2022H1"),
        (["F1,,a,b,,,去年,,,"], "第 2 行：from “去年”不是轮次；应写成 2022H2 这样；请改正"),
        (["F1,,a,b,,,,,,"], "第 2 行：from “”不是轮次"),
        (["F1,,a,b,,,2020H2,以后,,"], "第 2 行：to “以后”不是轮次；应写成 2022H2 这样，或留空（一直有效）"),
        ([",,a,b,,,2020H2,,,"], "第 2 行：item 是空的"),
        (["F1,,a,b,,,2020H2,,,,多"], "第 2 行：格子比表头多"),
    ],
)
def test_faults_of_the_file_are_one_line(tmp_path: Path, lines: list[str], said: str) -> None:
    file(tmp_path, *lines)
    now = one_round("2022H2", tmp_path)
    with pytest.raises(ParamsError, match=r"comparability\.csv") as raised:
        trends.changes(past(now, one_round("2022H1", tmp_path)))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_and_double_columns_are_named(tmp_path: Path) -> None:
    path = file(tmp_path)
    path.write_text("item,label\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="缺少列 wording、scale"):
        comparability.read(tmp_path)
    path.write_text(HEAD.strip() + ",item\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="列 item 有两个"):
        comparability.read(tmp_path)


# --- bringing it up to date ------------------------------------------------------------------------------


def test_registering_twice_changes_nothing_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    rounds = past(one_round("2022H2", tmp_path), one_round("2022H1", tmp_path))
    assert "7 行是这次加上的" in trends.register(rounds)[0]
    path = comparability.path_of(tmp_path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[table["item"] == "F1", ["series", "note"]] = ["总体", "问法核对过"]
    table["谁看过"] = "张"
    table.to_csv(path, index=False)
    before = path.read_text(encoding="utf-8").lstrip("\ufeff")
    assert "0 行是这次加上的" in trends.register(rounds)[0]
    assert path.read_text(encoding="utf-8-sig") == before


def test_a_reworded_item_gets_a_row_of_its_own(tmp_path: Path) -> None:
    before, now = one_round("2022H1", tmp_path), one_round("2022H2", tmp_path, title="新的问法")
    trends.register(past(before))
    said = trends.register(past(now, before))
    assert said[1] == "F1 总体满意度：2022H2 起题目改过，另起一行；与以前不可比"
    rows = comparability.read(tmp_path).rows
    assert rows is not None
    assert [(row.first, row.last) for row in rows["F1"]] == [
        ("2022H1", "2022H1"),
        ("2022H2", comparability.LAST),
    ]
    assert refusal(tmp_path, now, before) == "题目改过"


def test_a_row_that_begins_with_a_round_it_does_not_fit_is_left_to_people(tmp_path: Path) -> None:
    now = one_round("2022H2", tmp_path)
    file(tmp_path, line(one_round("2022H2", tmp_path, title="别的"), "2022H2"))
    said = trends.register(past(now))
    assert any("2022H2 的问卷与登记的不同（题目改过）" in one for one in said)
    assert refusal(tmp_path, now, now) == "题目改过"


def test_the_shipped_file_fits_the_questionnaire() -> None:
    root = params.bundle()
    from evalpkg import codebook as codebooks

    for name in ("2020H2", "2022H2"):
        round_ = params.load(name, root)
        book = codebooks.load(round_.codebook, root, round_.period.end)
        rows = comparability.read(root).rows
        assert rows is not None
        for code, seen in fingerprints(book).items():
            assert [unlike(row.print, seen) for row in rows[code] if row.covers(name)] == [""], code
