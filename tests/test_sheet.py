"""sheet: who is drawn for coding, the workbook that people fill in, and what is said of one that is filled in wrongly."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from coding_sheets import Edit, at, by_machine, fill, labels, remarks_of, written

from evalpkg import cli, ingest
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.hand import sampling, sheet, workbook
from evalpkg.complaints.hand.filled import NO_PROBLEM, NONE
from evalpkg.complaints.hand.record import record_path
from evalpkg.complaints.hand.sampling import LEAST, QUIET, SheetError, draw, selected
from evalpkg.complaints.hand.workbook import CODERS, HEAD, HOW_TO, LIST, SETTLED

ROOT = Path(__file__).parents[1]
FIRST, SECOND = CODERS


@pytest.fixture
def said(demo_root: Path, tmp_path: Path) -> Coded:
    return at(remarks_of(demo_root), tmp_path)


def parts(data: bytes) -> dict[str, str]:
    """Open a workbook as what it is: XML in a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


# --- the draw ------------------------------------------------------------------------------------------


def test_every_row_is_drawn_as_often_as_its_probability_says() -> None:
    rng = np.random.default_rng(1)
    strata = np.repeat(["a", "b", "c"], [60, 25, 4]).astype(object)
    weights = np.exp(rng.normal(0, 1, 89))
    weights[3] = weights.sum()  # so heavy that it is taken for sure
    runs, n = 2_000, 30
    drawn = [selected(strata, weights, n, np.random.default_rng(run)) for run in range(runs)]
    taken, chance = np.array([one[0] for one in drawn]), drawn[0][1]
    assert (taken.sum(axis=1) == n).all() and chance.sum() == pytest.approx(n)
    error = np.sqrt(chance * (1 - chance) / runs)
    assert (np.abs(taken.mean(axis=0) - chance) <= 4.5 * error + 1e-12).all()
    assert chance[3] == 1
    for stratum in "abc":
        inside = (strata == stratum) & (chance < 1)
        assert taken[:, strata == stratum].sum(axis=1).std() == 0  # the same number every time
        assert np.ptp(weights[inside] / chance[inside]) <= 1e-9 * weights[inside].sum()


def test_small_strata_get_three_rows_and_the_others_grow_with_their_weight() -> None:
    measure = np.array([100.0, 30.0, 1.0, 1.0])
    rows = sampling.allotted(measure, np.array([500, 200, 50, 2]), 60)
    assert rows.tolist()[2:] == [3, 2] and rows.sum() == 60
    assert rows[0] / rows[1] == pytest.approx(100 / 30, rel=0.05)
    assert sampling.allotted(measure, np.array([5, 4, 3, 2]), 99).tolist() == [5, 4, 3, 2]


def test_the_stratum_is_the_rarest_theme_that_the_machine_finds(said: Coded) -> None:
    drawn, named = draw(said, 200), by_machine(said)
    writers = sorted(set(said.survey.remarks["rid"]))
    assert sorted(drawn.table.index) == writers
    frequency = named.loc[writers].sum()
    for rid, stratum in drawn.table["stratum"].items():
        held = [code for code in named.columns if named.loc[rid, code]]
        assert stratum == QUIET if not held else frequency[stratum] == min(frequency[code] for code in held)
    rows = drawn.sample.groupby("stratum").size()
    everybody = drawn.table.groupby("stratum").size()
    assert (rows >= everybody.clip(upper=LEAST)).all() and rows.sum() == 200


def test_the_draw_hangs_on_round_answers_and_number_alone(said: Coded) -> None:
    assert draw(said, 200).table.equals(draw(said, 200).table)
    assert not draw(said, 200).table.equals(draw(said, 201).table)
    numbers = draw(said, 200).sample["id"].tolist()
    assert numbers == [f"2022H2-{number:03d}" for number in range(1, 201)]
    in_order = draw(said, 200).sample.index.to_numpy()
    assert (np.diff(in_order) < 0).mean() == pytest.approx(0.5, abs=0.15)  # the order tells nothing


def test_fewer_writers_than_asked_for_are_all_taken(said: Coded) -> None:
    drawn = draw(said, 10_000)
    assert len(drawn.sample) == len(drawn.table) and (drawn.table["probability"] == 1).all()


@pytest.mark.parametrize("n", [1, 20])
def test_too_few_rows_for_the_strata_are_refused(said: Coded, n: int) -> None:
    strata = draw(said, 200).table["stratum"].nunique()
    with pytest.raises(
        SheetError, match=rf"是 {n}：.*分成 {strata} 层，每层至少 3 家，至少要 \d+ 家；请加大 --n"
    ):
        draw(said, n)


def test_nobody_wrote(said: Coded) -> None:
    silent = replace(
        said, survey=replace(said.survey, remarks=said.survey.remarks.iloc[:0]), pieces=said.pieces.iloc[:0]
    )
    with pytest.raises(SheetError, match="2022H2：没有企业写意见"):
        sheet.write(silent)
    with pytest.raises(SheetError, match="2022H2：没有人写意见"):
        sheet.require(None, "2022H2")


# --- the workbook --------------------------------------------------------------------------------------


def test_both_coders_get_the_same_remarks_and_nothing_else(said: Coded) -> None:
    path, drawn = written(said)
    grids = workbook.grids(path)
    assert list(grids) == ["说明", "类别", "编码员甲", "编码员乙", "复核"]
    texts = said.survey.remarks.groupby("rid")["text"].agg(list)
    for name in (*CODERS, SETTLED):
        head, *lines = grids[name].rows
        assert head == list(HEAD) and len(lines) == 200
        for (rid, number), line in zip(drawn.sample["id"].items(), lines, strict=True):
            assert line[0] == number and not any(line[2:])
            letters = re.sub(r"\W", "", line[1])
            assert all(re.sub(r"\W", "", text)[:5] in letters for text in texts[rid] if text.isalpha())
    assert grids[LIST].rows[1][0] == "融资难"
    assert [row[0] for row in grids[LIST].rows[-2:]] == ["其他", NO_PROBLEM]


def test_the_instructions_are_fifteen_short_lines(said: Coded) -> None:
    path, _ = written(said)
    lines = [row[1] for row in workbook.grids(path)["说明"].rows[1:]]
    assert lines == HOW_TO.format(round="2022H2").splitlines()
    assert len(lines) == 15 and max(map(len, lines)) <= 80
    assert "evalpkg code-sheet 2022H2 --check" in "".join(lines)


def test_no_personal_data_no_place_and_no_answer_of_the_machine(said: Coded, demo_root: Path) -> None:
    path, drawn = written(said, n=10_000)  # everybody
    whole = "\n".join(parts(path.read_bytes()).values())
    truth = json.loads((demo_root / "data/raw/truth.json").read_text(encoding="utf-8"))
    held = truth["rounds"]["2022H2"]["remarks"].values()
    planted = [
        (kind, value)
        for remark in held
        for item in remark.values()
        for kind, value in item.get("personal", [])
    ]
    assert len(planted) > 20
    assert [
        kind for kind, value in planted if kind in ("phone", "id", "email", "plate") and value in whole
    ] == []
    masked = "\n".join(said.survey.remarks["text"])  # a name that `privacy` did not find is not for this test
    assert [value for _, value in planted if value in whole and value not in masked] == []
    responses = said.survey.responses
    assert not any(
        f">{code}<" in whole
        for column in ("chamber", "district")
        for code in responses[column].dropna().unique()
    )
    assert not any(f">{stratum}<" in whole for stratum in drawn.table["stratum"].unique())


def test_what_looks_like_a_formula_stays_text(said: Coded) -> None:
    bad = [
        '=HYPERLINK("http://x")',
        "+1+1",
        "@SUM(A1)",
        "-2",
        "{=1}",
        "http://a.b",
        "_x0041_",
        "=1\x00\x07\ud800",
        "长" * 40_000,
    ]
    rows = [
        (f"2022H2-{number:03d}", sheet.workbook.shown(sheet.clean(text)))
        for number, text in enumerate(bad, start=1)
    ]
    data = workbook.compose("2022H2", rows, [("=A1", "=1+1")])
    for name, xml in parts(data).items():
        if name.startswith("xl/worksheets/"):
            assert "<f>" not in xml and "<f " not in xml and "hyperlink" not in xml.lower()
    assert 'quotePrefix="1"' in parts(data)["xl/styles.xml"]  # so that editing the cell does not make it one
    path = Path(said.survey.round.root) / "x.xlsx"
    path.write_bytes(data)
    back = [row[1] for row in workbook.grids(path)[FIRST].rows[1:]]
    assert back[:7] == [sheet.clean(text) for text in bad[:7]] and back[7] == "=1"
    assert len(back[8]) < 32_767 and back[8].endswith("略去）")


def test_sheets_are_made_for_filling_in(said: Coded) -> None:
    path, _ = written(said)
    files = parts(path.read_bytes())
    coder = files["xl/worksheets/sheet3.xml"]
    assert 'state="frozen"' in coder and 'topLeftCell="B2"' in coder
    assert (
        'type="list"' in coder
        and 'sqref="C2:F201"' in coder
        and "<formula1>'类别'!$A$2:$A$19</formula1>" in coder
    )
    assert "<sheetProtection" in coder  # number and text cannot be sorted away from each other
    assert 'locked="0"' in files["xl/styles.xml"] and 'wrapText="1"' in files["xl/styles.xml"]
    widths = {
        int(m[1]): float(m[2]) for m in re.finditer(r'<col min="(\d+)" max="\d+" width="([\d.]+)"', coder)
    }
    assert widths[2] > 60


def test_the_same_sample_gives_the_same_bytes(said: Coded, tmp_path: Path) -> None:
    sheet.write(said, tmp_path / "a.xlsx")
    sheet.write(said, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_workbook_is_never_overwritten(said: Coded) -> None:
    path, _ = written(said)
    path.write_bytes(b"filled in")
    with pytest.raises(
        SheetError,
        match=r"2022H2\.xlsx 已经在那里，可能有人填过，没有覆盖；.*--check，要再写一份先把旧文件改名",
    ):
        sheet.write(said)
    assert path.read_bytes() == b"filled in"


def test_another_number_or_another_kind_of_file_is_refused(said: Coded, tmp_path: Path) -> None:
    written(said)
    with pytest.raises(
        SheetError, match=r"已经抽过 200 家.*再写一份请用 --n 200，要重新抽样就先删去这份记录"
    ):
        sheet.write(said, tmp_path / "new.xlsx", n=150)
    with pytest.raises(SheetError, match=r"编码表只能是 \.xlsx"):
        sheet.write(said, tmp_path / "new.csv")


def test_what_holds_remarks_is_ignored_by_git(said: Coded) -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for path in (sheet.default_path(said.survey.round), record_path(said.survey.round)):
        assert f"{path.parent.relative_to(said.survey.round.root).as_posix()}/" in ignored


# --- reading back --------------------------------------------------------------------------------------


@pytest.fixture
def filled(said: Coded) -> tuple[Coded, Path, dict[str, list[str]]]:
    """Write a workbook and the labels that a coder who thinks as the machine does would choose."""
    path, drawn = written(said)
    return said, path, labels(said, drawn, by_machine(said))


def test_what_was_filled_in_is_read_back(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, chosen = filled
    odd = {
        **chosen,
        "2022H2-001": ["融资难", "其他", "融资难"],
        "2022H2-002": ["用　工难 "],
        "2022H2-003": [NO_PROBLEM],
    }
    fill(path, {FIRST: odd, SECOND: chosen, SETTLED: {"2022H2-001": ["其他"]}})
    coding = sheet.read(path, said)
    codes = {label: code for code, label in said.labels.items()} | {NO_PROBLEM: NONE}
    rid = {number: rid for rid, number in coding.drawn.sample["id"].items()}
    for number, chose in chosen.items():
        assert coding.marks.loc[rid[number], SECOND] == {codes[label] for label in chose}
    assert coding.marks.loc[[rid[f"2022H2-00{n}"] for n in (1, 2, 3)], FIRST].tolist() == [
        {"FIN"},
        {"LAB"},
        {NONE},
    ]
    assert coding.marks[SETTLED].notna().sum() == 1
    values = coding.values([*said.lexicon, REST])
    assert values.loc[rid["2022H2-001"], REST] == 1 and values.loc[rid["2022H2-001"], "FIN"] == 0  # settled
    expected = 1.0 if "用工难" in chosen["2022H2-002"] else 0.5  # the mean of both
    assert values.loc[rid["2022H2-002"], "LAB"] == expected
    assert coding.problems == ()


def test_rows_on_which_coders_differ_are_named(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, chosen = filled
    other = {
        **chosen,
        **{
            number: ["创新与数字化"]
            for number in ("2022H2-007", "2022H2-009")
            if chosen[number] != ["创新与数字化"]
        },
    }
    fill(path, {FIRST: chosen, SECOND: other, SETTLED: {"2022H2-009": ["融资难"]}})
    assert sheet.read(path, said).disputed == ["2022H2-007"]


SECRET = "不能外传的原话"


def cell(line: int, column: int, text: str) -> Edit:
    """Change one cell of the first coder's sheet; line and column as in Excel, from 1."""

    def edit(name: str, rows: list[list[str]]) -> list[list[str]]:
        if name == FIRST:
            rows[line - 1][column - 1] = text
        return rows

    return edit


def of_first(change: Callable[[list[list[str]]], list[list[str]] | None]) -> Edit:
    return lambda name, rows: change(rows) if name == FIRST else rows  # type: ignore[return-value]


FAULTS = [
    ("E-LABEL", cell(5, 3, SECRET), "工作表 编码员甲 单元格 C5", "只能填“类别”表里的 18 种（融资难、"),
    ("E-BOTH", cell(5, 6, NO_PROBLEM), "工作表 编码员甲 单元格 C5", "选了“不是具体问题”，又选了别的类"),
    ("E-TEXT", cell(6, 2, SECRET), "工作表 编码员甲 单元格 B6", "原文与编号对不上"),
    ("E-ADDED", of_first(lambda rows: [*rows, ["2022H2-999", SECRET, "融资难", "", "", "", ""]]), "单元格 A202", "不在抽样里；请删去这一行"),
    ("E-ADDED", of_first(lambda rows: [*rows, ["", SECRET, "融资难", "", "", "", ""]]), "单元格 A202", "没有编号"),
    ("E-TWICE", of_first(lambda rows: [*rows, rows[1]]), "工作表 编码员甲", "编号写了两次：2022H2-001；每个编号只留一行"),
    ("E-LOST", of_first(lambda rows: [*rows[:2], *rows[3:]]), "工作表 编码员甲", "少了编号 2022H2-002；"),
    ("E-ROUND", cell(2, 1, "2022H1-001"), "工作表 编码员甲", "里面有 2022H1 的编号，而本轮是 2022H2"),
    ("E-HEADER", cell(1, 3, SECRET), "工作表 编码员甲", "第 1 行要有列 问题一"),
    ("E-HEADER", of_first(lambda rows: [[""]]), "工作表 编码员甲", "第 1 行要有列 编号、意见原文"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "edit", "place", "says"), FAULTS, ids=[f"{row[0]}-{at}" for at, row in enumerate(FAULTS)]
)
def test_a_fault_is_said_with_place_rule_and_way_out(
    filled: tuple[Coded, Path, dict[str, list[str]]], code: str, edit: Edit, place: str, says: str
) -> None:
    said, path, chosen = filled
    chosen["2022H2-004"] = ["融资难"]
    fill(path, {FIRST: chosen, SECOND: chosen}, edit)
    with pytest.raises(ingest.InputRefused) as caught:
        sheet.read(path, said)
    (line,) = ingest.lines(caught.value.problems)
    assert line.startswith(
        f"2022H2.xlsx {place}" if "工作表" in place else "2022H2.xlsx 工作表 编码员甲 " + place
    )
    assert says in line and line.endswith(f"（{code}）") and "；" in line
    assert SECRET not in line


def test_all_faults_are_said_in_one_pass(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, chosen = filled
    del chosen["2022H2-050"]
    chosen["2022H2-004"] = ["融资难"]

    def edit(name: str, rows: list[list[str]]) -> list[list[str]]:
        for one in (cell(5, 3, SECRET), cell(6, 2, SECRET), cell(5, 6, NO_PROBLEM)):
            rows = one(name, rows)
        return [*rows, rows[1]] if name == SECOND else rows

    fill(path, {FIRST: chosen, SECOND: chosen}, edit)
    with pytest.raises(ingest.InputRefused) as caught:
        sheet.read(path, said)
    codes = [problem.code for problem in caught.value.problems]
    assert sorted(codes) == ["E-BLANK", "E-BOTH", "E-LABEL", "E-TEXT", "E-TWICE"]
    blank = next(str(p) for p in caught.value.problems if p.code == "E-BLANK")
    assert (
        blank
        == "2022H2.xlsx：没有人归类的编号：2022H2-050；请填完“问题一”，没有具体问题的选“不是具体问题”（E-BLANK）"
    )


def test_half_filled_names_the_first_rows_and_counts_the_others(
    filled: tuple[Coded, Path, dict[str, list[str]]],
) -> None:
    said, path, chosen = filled
    fill(path, {FIRST: dict(list(chosen.items())[:100])})
    with pytest.raises(
        ingest.InputRefused, match=r"没有人归类的编号：2022H2-101、102、.*、110 等 100 行；请填完"
    ):
        sheet.read(path, said)


def test_one_coder_alone_and_a_second_who_did_a_part(
    filled: tuple[Coded, Path, dict[str, list[str]]],
) -> None:
    said, path, chosen = filled
    fill(path, {SECOND: chosen}, lambda name, rows: None if name in (FIRST, SETTLED) else rows)  # type: ignore[arg-type, return-value]
    coding = sheet.read(path, said)
    assert coding.problems == () and len(coding.sets()) == 1
    assert not coding.values(list(said.lexicon)).isna().any(axis=None)


def test_a_second_coder_who_did_a_part_is_a_warning(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, chosen = filled
    fill(path, {FIRST: chosen, SECOND: dict(list(chosen.items())[:60])})
    (warning,) = sheet.read(path, said).problems
    assert (
        str(warning)
        == "2022H2.xlsx 工作表 编码员乙：只填了 60 行，共 200 行；一致系数只按两人都填的行算（W-PART）"
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "E-NOFILE"),
        (b"", "E-FORMAT"),
        (b"PK\x03\x04 nonsense", "E-FORMAT"),
        (b"a,b\n1,2\n", "E-FORMAT"),
    ],
)
def test_what_is_no_workbook_is_refused(
    said: Coded, tmp_path: Path, content: bytes | None, code: str
) -> None:
    path = tmp_path / "2022H2.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ingest.InputRefused) as caught:
        sheet.read(path, said)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_sheets_that_were_renamed_are_missed(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, _ = filled
    fill(path, {}, lambda name, rows: None if name in (*CODERS, SETTLED) else rows)  # type: ignore[arg-type, return-value]
    with pytest.raises(
        ingest.InputRefused, match="没有工作表“编码员甲”，也没有“编码员乙”；请放回编码表，工作表不要改名"
    ):
        sheet.read(path, said)


# --- what was drawn is remembered ----------------------------------------------------------------------


def relabelled(said: Coded) -> Coded:
    """Code the remarks anew with another lexicon: every third complaint of a theme goes to the next."""
    pieces, codes = said.pieces.copy(), list(said.lexicon)
    after = dict(pairwise([*codes, codes[0]]))
    moved = pieces.index[pieces["theme"].isin(codes)][::3]
    pieces.loc[moved, "theme"] = pieces.loc[moved, "theme"].map(after)
    return replace(said, pieces=pieces)


def test_a_mended_lexicon_does_not_cost_the_coding(filled: tuple[Coded, Path, dict[str, list[str]]]) -> None:
    said, path, chosen = filled
    fill(path, {FIRST: chosen, SECOND: chosen})
    before, after = sheet.read(path, said), sheet.read(path, relabelled(said))
    pd.testing.assert_frame_equal(before.drawn.table, after.drawn.table)
    pd.testing.assert_frame_equal(before.marks, after.marks)


def test_a_lost_record_is_drawn_again_while_nothing_has_changed(
    filled: tuple[Coded, Path, dict[str, list[str]]],
) -> None:
    said, path, chosen = filled
    fill(path, {FIRST: chosen, SECOND: chosen})
    with_record = sheet.read(path, said)
    record_path(said.survey.round).unlink()
    without = sheet.read(path, said)
    pd.testing.assert_frame_equal(with_record.drawn.table, without.drawn.table)
    with pytest.raises(
        ingest.InputRefused, match=r"原文与编号大半对不上：.*抽样记录不在；请放回 .*（E-DRAW）"
    ):
        sheet.read(path, relabelled(said))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text.replace("probability", "chance"), "改动过，读不出抽样记录"),
        (lambda text: text + "1,FIN,0.5,2022H2-001\n", "改动过，读不出抽样记录"),
        (lambda text: re.sub(r"0\.\d+", "7.5", text, count=1), "改动过，读不出抽样记录"),
        (lambda text: "\x00\xff", "改动过，读不出抽样记录"),
        (lambda text: text.rsplit("\n", 2)[0] + "\n", "另一批答卷的抽样记录"),
    ],
)
def test_a_spoilt_record_is_refused(
    filled: tuple[Coded, Path, dict[str, list[str]]], spoil: Callable[[str], str], says: str
) -> None:
    said, path, chosen = filled
    fill(path, {FIRST: chosen, SECOND: chosen})
    record = record_path(said.survey.round)
    record.write_text(spoil(record.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ingest.InputRefused, match=rf"data/coding/2022H2\.draw\.csv .*{says}.*（E-DRAW）"):
        sheet.read(path, said)


def test_a_page_waits_for_coders_and_stops_at_faults(
    filled: tuple[Coded, Path, dict[str, list[str]]],
) -> None:
    said, path, chosen = filled
    assert sheet.finished(None) is None
    assert sheet.finished(said) is None  # written, not yet filled in
    fill(path, {FIRST: dict(list(chosen.items())[:100])})
    assert sheet.finished(said) is None
    fill(path, {FIRST: chosen})
    assert sheet.finished(said) is not None
    fill(path, {}, cell(6, 3, SECRET))
    with pytest.raises(ingest.InputRefused, match="E-LABEL"):
        sheet.finished(said)
    path.unlink()
    assert sheet.finished(said) is None


# --- the verb ------------------------------------------------------------------------------------------


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], said: Coded, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs `evalpkg code-sheet 2022H2` on the demo's remarks, in a workspace of its own."""
    from evalpkg import complaints, survey

    monkeypatch.setattr(survey, "open", lambda *arguments: said.survey)
    monkeypatch.setattr(complaints, "history", lambda opened: None)
    monkeypatch.setattr(complaints, "coded", lambda *arguments: said)

    def run(*arguments: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["code-sheet", "2022H2", *map(str, arguments)])
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_the_verb_writes_warns_and_says_what_comes_next(
    command: Callable[..., tuple[int, str, str]], said: Coded
) -> None:
    code, out, err = command("--n", 100)
    path = sheet.default_path(said.survey.round)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"编码表已写好：{path}（100 家企业的意见）",
        "表里是企业的原话：只在内部使用，不外传，不提交到 git；抽样记录 2022H2.draw.csv 里有机器的归类，不要给编码员",
        "下一步：两个人各填一张表，填好放回原处，再运行 evalpkg code-sheet 2022H2 --check",
    ]
    code, out, err = command("--n", 100)
    assert (code, out, err.count("\n")) == (64, "", 1) and "没有覆盖" in err
    code, out, err = command("--check")
    assert (code, out) == (3, "") and err.startswith("2022H2.xlsx：还没有人填")


def test_the_verb_checks_a_workbook_elsewhere(
    command: Callable[..., tuple[int, str, str]], said: Coded, tmp_path: Path
) -> None:
    path = tmp_path / "usb" / "sheet.xlsx"
    code, out, _ = command("--out", path)
    assert code == 0 and out.splitlines()[-1].endswith(f"evalpkg code-sheet 2022H2 --check --out {path}")
    assert not sheet.default_path(said.survey.round).exists()
    chosen = labels(said, draw(said, 200), by_machine(said))
    other = {number: ["创新与数字化"] if number.endswith("5") else marks for number, marks in chosen.items()}
    fill(path, {FIRST: chosen, SECOND: other})
    code, out, err = command("--check", "--out", path)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "可以使用：200 家企业已编码，0 处提醒"
    assert re.fullmatch(r"两个人的一致系数 α＝0\.\d\d（0\.\d\d 至 0\.\d\d）", lines[1])
    assert lines[-1].startswith("两个人不一致、还没有复核的：2022H2-005、") and lines[-1].endswith(
        "不定就取平均"
    )


def test_the_verb_refuses_a_round_without_remarks(
    command: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalpkg import complaints

    monkeypatch.setattr(complaints, "coded", lambda *arguments: None)
    code, out, err = command()
    assert (code, out) == (64, "") and err.startswith("2022H2：没有人写意见") and err.count("\n") == 1
