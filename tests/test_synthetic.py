"""The demo rounds: same bytes, legal answers, and data that agree with the truth written beside them."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from scipy import integrate, stats

from evalpkg import codebook, params, synthetic, weights
from evalpkg.synthetic import appeals, flaws, grammar, measures, phrases, ratings, world

ROUNDS = list(world.WAVES)
SCORES = {"非常不满意": 1, "不满意": 2, "一般": 3, "满意": 4, "非常满意": 5}
TOKENS = {"(跳过)", "(空)", "不了解", "不便透露", "未打交道"}


@dataclass(frozen=True)
class Export:
    """A round as a plain reader sees it: header, cells by item code, metadata, its true values."""

    id: str
    header: list[str]
    cells: pd.DataFrame
    meta: pd.DataFrame
    book: codebook.Codebook
    truth: dict[str, Any]

    def scores(self, prefix: str) -> np.ndarray:
        """Scores 1-5 of the items that start with a prefix, NaN = none."""
        codes = [code for code in self.cells if code.startswith(prefix)]
        return self.cells[codes].map(lambda cell: SCORES.get(cell, np.nan)).to_numpy(dtype=float)


def read(root: Path, round_id: str, truth: dict[str, Any]) -> Export:
    path = root / "data" / "raw" / round_id / f"answers_{round_id}.xlsx"
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    book = codebook.load("questionnaire", root, on=world.WAVES[round_id].start)
    codes = [code for code in book.items if code != "G1_oth"]
    cells = pd.DataFrame([row[6:] for row in rows[1:]], columns=codes)
    meta = pd.DataFrame([row[:6] for row in rows[1:]], columns=list(rows[0][:6]))
    return Export(round_id, list(map(str, rows[0])), cells, meta, book, truth["rounds"][round_id])


@pytest.fixture(scope="module")
def truth(demo_root: Path) -> dict[str, Any]:
    return dict(json.loads((demo_root / "data" / "raw" / "truth.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def exports(demo_root: Path, truth: dict[str, Any]) -> dict[str, Export]:
    return {name: read(demo_root, name, truth) for name in ROUNDS}


def hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in (root / "data").rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def raking_frame(export: Export) -> pd.DataFrame:
    """Categories of the three margins; a refused industry takes the commonest one."""

    def coded(item: str) -> pd.Series:
        return export.cells[item].map(
            {label: code for code, label in export.book.items[item].options.items()}
        )

    trade = coded("A2").map(export.book.items["A2"].groups)
    return pd.DataFrame({"district": coded("A1"), "size": coded("A6"), "industry": trade.fillna("批零住餐")})


def raked(root: Path, export: Export) -> np.ndarray:
    margins = pd.read_csv(root / "data" / "raw" / export.id / "margins.csv")
    totals = {name: margins.groupby(name)["N"].sum() for name in ("district", "size", "industry")}
    return weights.rake(raking_frame(export), totals)


# --- the same bytes ----------------------------------------------------------------------------------------


def test_a_round_alone_has_the_same_bytes_as_among_five(demo_root: Path, tmp_path: Path) -> None:
    synthetic.write(tmp_path, ["2022H1"])
    among_five = hashes(demo_root)
    alone = {name: value for name, value in hashes(tmp_path).items() if "truth" not in name}
    assert len(alone) == 7  # answers, appeals, margins, fieldwork; measures, problems, platform
    assert alone == {name: among_five[name] for name in alone}


def test_writing_again_changes_nothing_and_keeps_the_truth_of_other_rounds(tmp_path: Path) -> None:
    synthetic.write(tmp_path, ["2020H2"])
    synthetic.write(tmp_path, ["2021H1"])
    before = hashes(tmp_path)
    synthetic.write(tmp_path, ["2020H2"])
    assert hashes(tmp_path) == before
    kept = json.loads((tmp_path / "data/raw/truth.json").read_text(encoding="utf-8"))
    assert sorted(kept["rounds"]) == ["2020H2", "2021H1"]


def test_another_seed_gives_other_answers_of_the_same_number(
    demo_root: Path, tmp_path: Path, truth: dict[str, Any]
) -> None:
    synthetic.write(tmp_path, ["2020H2"], seed=7)
    other = read(
        tmp_path, "2020H2", json.loads((tmp_path / "data/raw/truth.json").read_text(encoding="utf-8"))
    )
    first = read(demo_root, "2020H2", truth)
    assert not other.cells.equals(first.cells)
    assert other.cells["mode"].value_counts().to_dict() == first.cells["mode"].value_counts().to_dict()


# --- the look of an export ---------------------------------------------------------------------------------


def test_headers_follow_the_platform_dialect(exports: dict[str, Export]) -> None:
    header = exports["2022H2"].header
    assert header[:6] == ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
    numbers = [int(re.match(r"(\d+)、", title)[1]) for title in header[6:]]  # type: ignore[index]
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, numbers[-1] + 1))
    rated = [title for title in header if title.startswith("13、")]
    assert rated[0] == "13、请对打过交道的部门服务企业的情况打分—发改委"
    assert rated[1:3] == ["13、教育局", "13、科技局"] and len(rated) == 35
    assert "总分" not in header and not any("文字" in title for title in header)


@pytest.mark.parametrize("name", ROUNDS)
def test_every_answer_is_legal(exports: dict[str, Export], name: str) -> None:
    export = exports[name]
    for code, item in export.book.items.items():
        if item.type == "text":
            continue
        seen = set(export.cells[code].unique())
        if item.type == "multi":
            seen = {
                re.sub(r"〖.*〗", "", part)
                for cell in seen
                for part in re.sub(r"〖.*?〗", "", str(cell)).split("┋")
            }
        allowed = set(item.options.values()) | {"(跳过)", "(空)"}
        tokens = {token for token, kind in export.book.missing.items() if kind in item.missing}
        if item.scale and item.type == "score":
            allowed |= set(item.scale.labels) or {float(point) for point in range(11)}
        assert seen <= allowed | tokens, code


@pytest.mark.parametrize("name", ROUNDS)
def test_questions_are_skipped_by_the_rules_of_the_questionnaire(
    exports: dict[str, Export], name: str
) -> None:
    cells = exports[name].cells
    skipped = cells.eq("(跳过)")
    assert (skipped["A4"] == (cells["A3"] == "个体工商户")).all()
    assert ((cells["A6"] == "个体工商户") == (cells["A3"] == "个体工商户")).all()
    young = cells["A7"] == "1年以下"
    assert skipped.loc[young, "F2"].all()
    assert not skipped.loc[~young & (cells["A7"] != "(空)") & (cells["A7"] != "不便透露"), "F2"].any()
    known = ~cells["G1"].isin(["(空)"])
    assert (skipped["G4"] == ~cells["G1"].str.contains("拖欠账款"))[known].all()
    for number in range(1, 9):
        heard = cells[f"H1_{number}"]
        assert (skipped[f"H2_{number}"] == (heard == "没听说"))[heard != "(空)"].all()
    appealed = cells["I1"]
    assert (skipped["I2"] == (appealed == "没有反映过"))[appealed != "(空)"].all()


@pytest.mark.parametrize("name", ROUNDS)
def test_only_contacts_rate(exports: dict[str, Export], name: str) -> None:
    cells = exports[name].cells
    contradictions = 0
    for code in [code[2:] for code in cells if code.startswith("C_")]:
        unmet, score = cells[f"B_{code}"] == "没有", cells[f"C_{code}"]
        contradictions += int(score[unmet].isin(SCORES).sum())
        met = ~cells[f"B_{code}"].isin(["没有", "(空)"])
        assert not score[met].isin(["(跳过)", "未打交道"]).any()
    assert contradictions <= 10  # a few slips of the pen on paper


def test_formulas_stay_text_and_hostile_remarks_are_there(
    demo_root: Path, exports: dict[str, Export]
) -> None:
    path = demo_root / "data/raw/2022H2/answers_2022H2.xlsx"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        stamps = {entry.date_time for entry in archive.infolist()}
    assert "<f>" not in sheet and "<hyperlink" not in sheet
    assert stamps == {(1980, 1, 1, 0, 0, 0)}
    remarks = exports["2022H2"].cells["J1"]
    for piece in ("<script>alert(1)</script>", "=HYPERLINK(", "┋", "\n", '"等通知"'):
        assert remarks.str.contains(piece, regex=False).any(), piece


# --- counts agree ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROUNDS)
def test_parameters_count_the_forms_that_are_there(
    demo_root: Path, exports: dict[str, Export], name: str
) -> None:
    round_, cells = params.load(name, demo_root), exports[name].cells
    mode = {label: code for code, label in exports[name].book.items["mode"].options.items()}
    assert len(cells) == round_.fieldwork.returned == world.WAVES[name].n
    counted = cells["mode"].map(mode).value_counts().to_dict()
    assert counted == {code: channel.returned for code, channel in round_.fieldwork.channels.items()}
    assert sum(channel.issued for channel in round_.fieldwork.channels.values()) == round_.fieldwork.issued
    assert {channel: part.issued for channel, part in round_.fieldwork.channels.items()} == world.WAVES[
        name
    ].issued
    assert (round_.fieldwork.start, round_.fieldwork.end) == (world.WAVES[name].start, world.WAVES[name].end)
    assert round_.number == ROUNDS.index(name) + 1 and "合成数据" in round_.notice


@pytest.mark.parametrize("name", ROUNDS)
def test_chambers_add_up(demo_root: Path, exports: dict[str, Export], name: str) -> None:
    table = pd.read_csv(demo_root / "data/raw" / name / "fieldwork.csv").set_index("chamber")
    round_ = params.load(name, demo_root)
    assert (
        table["issued"].sum() == round_.fieldwork.issued
        and table["returned"].sum() == round_.fieldwork.returned
    )
    assert (table["issued"] >= table["returned"]).all() and len(table) == 38
    names = exports[name].book.items["chamber"].options
    counted = exports[name].cells["chamber"].value_counts()
    assert all(counted.get(names[code], 0) == table.loc[code, "returned"] for code in names)


@pytest.mark.parametrize("name", ROUNDS)
def test_days_are_inside_fieldwork(exports: dict[str, Export], name: str) -> None:
    days = [
        datetime.strptime(cell, "%Y/%m/%d %H:%M:%S").date() for cell in exports[name].meta["提交答卷时间"]
    ]
    assert days == sorted(days)
    assert world.WAVES[name].start <= days[0] and days[-1] <= world.WAVES[name].end


@pytest.mark.parametrize("name", ROUNDS)
def test_margins_describe_the_city(demo_root: Path, exports: dict[str, Export], name: str) -> None:
    margins = pd.read_csv(demo_root / "data/raw" / name / "margins.csv")
    assert list(margins) == ["round", "district", "size", "industry", "N", "employment", "asof", "source"]
    total = margins["N"].sum()
    assert total == pytest.approx(world.WAVES[name].firms, rel=1e-3)
    assert margins.loc[margins["size"] == "G", "N"].sum() / total == pytest.approx(0.72, abs=0.002)
    assert set(margins["district"]) == set(raking_frame(exports[name])["district"])
    assert len(set(margins["district"])) == (16 if name == "2020H2" else 15)
    assert (margins["employment"] >= margins["N"]).all() and set(margins["source"]) == {"SYNTHETIC"}


def test_the_sample_has_the_sizes_asked_for_and_shifts(exports: dict[str, Export]) -> None:
    middle = raking_frame(exports["2021H2"])["size"].value_counts(normalize=True)
    assert middle.reindex(list("LMSXG")).tolist() == pytest.approx([0.04, 0.10, 0.23, 0.28, 0.35], abs=0.001)
    small = [raking_frame(exports[name])["size"].eq("G").mean() for name in ROUNDS]
    assert small == sorted(small) and small[-1] - small[0] > 0.05
    assert all(940 <= len(exports[name].cells) <= 1060 for name in ROUNDS)


# --- what can be found in the data is what is true ---------------------------------------------------------


def person_icc(scores: np.ndarray) -> float:
    """One-way variance components of scores less the department's mean, unbalanced (Searle)."""
    rows = [row[~np.isnan(row)] for row in scores - np.nanmean(scores, axis=0)]
    rows = [row for row in rows if len(row)]
    sizes = np.array([len(row) for row in rows])
    means = np.array([row.mean() for row in rows])
    within = sum(((row - row.mean()) ** 2).sum() for row in rows) / (sizes.sum() - len(rows))
    between = (sizes * (means - np.average(means, weights=sizes)) ** 2).sum() / (len(rows) - 1)
    effective = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(rows) - 1)
    variance = (between - within) / effective
    return float(variance / (variance + within))


@pytest.mark.parametrize("name", ROUNDS)
def test_raters_differ_in_severity(exports: dict[str, Export], name: str) -> None:
    scores = exports[name].scores("C_")
    assert 0.31 < person_icc(scores) < 0.39  # aimed at: 0.35; its standard error at n = 1,000 is about 0.012
    rng = np.random.default_rng(0)
    mixed = np.column_stack([rng.permutation(column) for column in scores.T])
    assert abs(person_icc(mixed)) < 0.02


def test_contact_rates_are_those_of_the_reference_table(demo_root: Path, exports: dict[str, Export]) -> None:
    table = pd.read_csv(params.reference(demo_root, "departments.csv"), encoding="utf-8-sig").set_index(
        "code"
    )
    gaps = []
    for export in exports.values():
        weight = raked(demo_root, export)
        for code, rate in table["synthetic_contact_rate"].items():
            cell = export.cells[f"B_{code}"]
            asked = (cell != "(空)").to_numpy()
            gaps.append(np.average((cell != "没有").to_numpy()[asked], weights=weight[asked]) - rate)
    by_department = np.array(gaps).reshape(5, 35).mean(axis=0)
    # One weighted share has a standard error of 0.02 (480 effective firms), a mean of five rounds 0.01.
    assert np.abs(by_department).max() < 0.045
    assert abs(float(np.mean(gaps))) < 0.01


def test_larger_firms_and_harsher_raters_meet_regulators(
    exports: dict[str, Export], truth: dict[str, Any]
) -> None:
    cells = pd.concat([export.cells for export in exports.values()])
    met = cells["B_D10"].isin(["没有", "(空)"])
    large = cells["A6"].isin(["大型企业", "中型企业"])
    assert (~met[large]).mean() > (~met[~large]).mean() + 0.1
    for values in truth["rounds"].values():
        true = values["departments"]
        lowered = {
            code: true[code]["mean"] - true[code]["of_contacts"] for code in ("D12", "D19", "D01", "D33")
        }
        assert lowered["D12"] > 0.5 and lowered["D19"] > 0.5 and lowered["D12"] > lowered["D33"]


def test_departments_come_out_in_their_true_order(exports: dict[str, Export]) -> None:
    codes = [code[2:] for code in exports["2022H2"].cells if code.startswith("C_")]
    found = np.mean([np.nanmean(export.scores("C_"), axis=0) for export in exports.values()], axis=0)
    true = np.mean(
        [[export.truth["departments"][code]["of_contacts"] for code in codes] for export in exports.values()],
        axis=0,
    )
    assert stats.spearmanr(found, true).statistic > 0.85
    mean = dict(zip(codes, found, strict=True))
    low, high = ("D09", "D11", "D12", "D29", "D35"), ("D08", "D24", "D26", "D33")
    assert max(mean[code] for code in low) < min(mean[code] for code in high)


@pytest.mark.parametrize("name", ROUNDS)
def test_true_means_are_those_of_published_surveys(truth: dict[str, Any], name: str) -> None:
    graded = [20 + 0.8 * values["mean"] for values in truth["rounds"][name]["departments"].values()]
    assert min(graded) > 82 and max(graded) < 87.5 and max(graded) - min(graded) < 5
    assert np.mean(graded) == pytest.approx(84.5, abs=0.8)


def test_weighted_results_agree_with_the_city(demo_root: Path, exports: dict[str, Export]) -> None:
    gaps = []
    for name in ("2020H2", "2021H1", "2021H2", "2022H2"):  # 2022H1 holds the bloc
        export = exports[name]
        weight = raked(demo_root, export)
        overall = pd.to_numeric(export.cells["F1"], errors="coerce").to_numpy()
        asked = ~np.isnan(overall)
        gaps.append(np.average(overall[asked], weights=weight[asked]) * 10 - export.truth["city"]["overall"])
    # A weighted mean of 480 effective firms with a standard deviation of 16 has a standard error of 0.75 points.
    assert np.abs(gaps).max() < 2.5 and abs(float(np.mean(gaps))) < 1.2


def test_drivers_keep_their_true_order(exports: dict[str, Export], truth: dict[str, Any]) -> None:
    effects = truth["city"]["driver_effects"]
    columns = [
        np.column_stack([pd.to_numeric(e.cells["F1"], errors="coerce"), e.scores("D")])
        for e in exports.values()
    ]
    values = np.vstack(columns)
    values = values[~np.isnan(values).any(axis=1)]
    design = np.column_stack([np.ones(len(values)), values[:, 1:]])
    slope = dict(zip(effects, np.linalg.lstsq(design, values[:, 0], rcond=None)[0][1:], strict=True))
    assert sorted(slope, key=slope.get)[-3:] == ["D8", "D3", "D1"]  # type: ignore[arg-type]
    assert slope["D5"] < 0.35 * slope["D8"]
    assert len(truth["rounds"]["2022H2"]["city"]["moments"]) == 10


# --- planted faults ----------------------------------------------------------------------------------------


def test_the_bloc_is_found_by_its_content_whatever_the_row_order(exports: dict[str, Export]) -> None:
    export = exports["2022H1"]
    planted = export.truth["planted"]
    rows = export.cells.iloc[[number - 1 for number in planted["bloc"]]]
    assert len(rows) == 60 and len(set(rows["chamber"])) == 1
    assert rows["F1"].eq(10).all()

    def printed(cell: Any) -> str:
        return str(int(cell)) if isinstance(cell, float) else str(cell)

    prints = ["\x1f".join(map(printed, row)) for row in rows.itertuples(index=False)]
    assert (
        sorted(hashlib.sha256(text.encode()).hexdigest()[:16] for text in prints) == planted["bloc_content"]
    )
    seconds = export.meta["所用时间"].str.rstrip("秒").astype(int)
    assert seconds.iloc[[number - 1 for number in planted["bloc"]]].max() <= 110
    assert all(not exports[name].truth["planted"]["bloc"] for name in ROUNDS if name != "2022H1")


@pytest.mark.parametrize("name", ROUNDS)
def test_speeders_and_straight_liners_are_where_truth_says(exports: dict[str, Export], name: str) -> None:
    export = exports[name]
    planted, n = export.truth["planted"], len(export.cells)
    seconds = export.meta["所用时间"].str.rstrip("秒").astype(int).to_numpy()
    fast = set((np.flatnonzero(seconds < 200) + 1).tolist())
    assert fast == set(planted["speeders"]) | set(planted["bloc"])
    assert len(planted["speeders"]) == round(0.02 * n)
    scores = export.scores("C_")
    for number in planted["straight"]:
        row = scores[number - 1]
        assert len(set(row[~np.isnan(row)])) == 1 and (~np.isnan(row)).sum() >= 8
    failed = (export.cells["attn"] != "不满意").mean()
    assert 0.01 < failed < 0.04


# --- remarks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROUNDS)
def test_truth_knows_every_remark(exports: dict[str, Export], name: str) -> None:
    export = exports[name]
    for item in ("J1", "J2"):
        written = {str(row + 1) for row in np.flatnonzero(export.cells[item] != "(空)")}
        assert written == {number for number, held in export.truth["remarks"].items() if item in held}
    for number, held in export.truth["remarks"].items():
        for item in set(held) & {"J1", "J2"}:
            text = export.cells[item].iloc[int(number) - 1]
            assert (held[item]["kind"] == "complaint") == bool(held[item].get("themes"))
            assert all(piece in text for _, piece in held[item].get("personal", []))


@pytest.mark.parametrize("name", ROUNDS)
def test_shares_of_writers_and_kinds(exports: dict[str, Export], name: str) -> None:
    export = exports[name]
    assert 0.62 < (export.cells["J1"] != "(空)").mean() < 0.73
    assert 0.29 < (export.cells["J2"] != "(空)").mean() < 0.40
    kinds = Counter(held["J1"]["kind"] for held in export.truth["remarks"].values() if "J1" in held)
    assert set(kinds) == {"complaint", "empty", "praise", "vague", "offtopic", "negated"}
    several = [
        len(held["J1"]["themes"])
        for held in export.truth["remarks"].values()
        if held.get("J1", {}).get("themes")
    ]
    assert 0.2 < np.mean(np.array(several) > 1) < 0.4


def complaints_of(exports: dict[str, Export], theme: str) -> list[str]:
    """Every remark that truly holds a theme, campaign copies left out."""
    return [
        export.cells[item].iloc[int(number) - 1]
        for export in exports.values()
        for number, held in export.truth["remarks"].items()
        for item in ("J1", "J2")
        if theme in held.get(item, {}).get("themes", []) and held[item].get("planted") != "campaign"
    ]


@pytest.mark.parametrize("theme", [*world.THEMES, world.NEW_THEME])
def test_no_phrase_gives_a_theme_away(exports: dict[str, Export], theme: str) -> None:
    texts = complaints_of(exports, theme)
    grams = Counter(gram for text in texts for gram in {text[i : i + 4] for i in range(len(text) - 3)})
    assert len(texts) >= 30
    assert grams.most_common(1)[0][1] <= 0.25 * len(texts)
    assert len(set(texts)) > 0.7 * len(texts)


def test_the_new_theme_comes_in_the_last_round_only(exports: dict[str, Export]) -> None:
    named = {name: export.truth["themes"]["named"]["PLAT"] for name, export in exports.items()}
    assert [named[name] for name in ROUNDS[:-1]] == [0, 0, 0, 0]
    assert 3 < named["2022H2"] < 7


def said_at(phase: float) -> set[str]:
    """Runs of five characters that only the wordings of one phase contain."""
    table = pd.read_csv(phrases.FOLDER / "complaints.csv", dtype=str, keep_default_na=False, encoding="utf-8")
    table = table[(table["slot"] == "core") & (table["theme"] != world.NEW_THEME)]

    def runs(rows: pd.DataFrame) -> set[str]:
        pieces = re.split(r"[{}|]", "|".join(rows["text"]))
        return {piece[i : i + 5] for piece in pieces for i in range(len(piece) - 4)}

    own = table["phase"] == str(phase)
    return runs(table[own]) - runs(table[~own])


def test_wording_drifts(exports: dict[str, Export]) -> None:
    def remarks_with(runs: set[str], name: str) -> int:
        return sum(
            any(text[i : i + 5] in runs for i in range(len(text))) for text in exports[name].cells["J1"]
        )

    early, late = said_at(0), said_at(4)
    assert remarks_with(early, "2020H2") > 2 * remarks_with(early, "2022H2")
    assert remarks_with(late, "2022H2") > 2 * remarks_with(late, "2020H2")
    assert phrases.phase_weight(0, "2020H2") > 4 * phrases.phase_weight(0, "2022H2")
    assert phrases.phase_weight(float("nan"), "2020H2") == phrases.phase_weight(float("nan"), "2022H2") == 1


def test_a_campaign_is_copied_in_one_chamber(exports: dict[str, Export]) -> None:
    export = exports["2022H1"]
    rows = [number - 1 for number in export.truth["planted"]["texts"]["campaign"]]
    assert len(rows) == 12 and len(set(export.cells["chamber"].iloc[rows])) == 1
    texts = export.cells["J1"].iloc[rows]
    assert texts.str.contains("我们几十家供应商都垫不动了").all() and len(set(texts)) > 1


def test_personal_data_are_there_and_invented(exports: dict[str, Export]) -> None:
    held = [
        pair
        for export in exports.values()
        for remark in export.truth["remarks"].values()
        for one in remark.values()
        for pair in one.get("personal", [])
    ]
    assert {"phone", "name", "firm", "plate", "address", "email", "identity"} <= {kind for kind, _ in held}
    for export in exports.values():
        texts = " ".join(export.cells[["J1", "J2", "G1"]].to_numpy().ravel().tolist())
        closed = re.sub(r"(?<=\d) (?=\d)", "", texts)
        assert all(
            re.fullmatch(r"13[89]0000\d{4}|410399\d{11}[\dX]", run) for run in re.findall(r"\d{7,}X?", closed)
        )
        assert set(re.findall(r"[\w.]+@([\w.]+)", texts)) <= {"example.com"}
        assert all(re.fullmatch(r"豫C·\d{3}SH", plate) for plate in re.findall(r"豫\w·\w+", texts))
        addresses = export.meta["来自IP"].str.extract(r"^(\d+\.\d+\.\d+)\.\d+\(", expand=False)
        assert set(addresses) <= {"192.0.2", "198.51.100", "203.0.113"}
    share = sum(
        bool(r.get("J1", {}).get("personal")) for e in exports.values() for r in e.truth["remarks"].values()
    )
    assert 0.02 < share / sum((e.cells["J1"] != "(空)").sum() for e in exports.values()) < 0.06


# --- the register and the ledger ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROUNDS)
def test_the_register_follows_its_schema(demo_root: Path, truth: dict[str, Any], name: str) -> None:
    table = pd.read_csv(
        demo_root / "data/raw" / name / "appeals.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )
    schema = pd.read_csv(params.reference(demo_root, "appeals_schema.csv"), encoding="utf-8-sig")
    assert set(table) == set(schema["field"]) and table["appeal_id"].is_unique
    assert len(table) == appeals.COUNTS[name] == truth["rounds"][name]["appeals"]["records"]
    closed = table[table["closed"] != ""]
    assert (pd.to_datetime(closed["closed"]) > pd.to_datetime(closed["accepted"])).all()
    assert (pd.to_datetime(closed["closed"]).dt.date <= world.WAVES[name].asof).all()
    assert (closed["outcome"] != "").all() and (table.loc[table["closed"] == "", "outcome"] == "").all()
    assert (closed["satisfaction"] == "").any() and (closed["satisfaction_asked"] == "false").any()
    assert 0 < (table["closed"] == "").sum() < 0.35 * len(table)
    assert (
        table["status"].isin("received assigned in_progress closed rejected withdrawn reopened".split()).all()
    )
    assert (table["reopened_n"].astype(int) > 0).any()


def test_354_appeals_before_2022_and_485_bodies() -> None:
    assert sum(appeals.COUNTS[name] for name in ("2020H2", "2021H1", "2021H2")) == 354
    departments = [f"D{number:02d}" for number in range(1, 36)]
    found = appeals.bodies(
        ["LC", "XG", "CH", "JX", "LL", "YS", "MJ", "XA", "LCH", "SX", "RY", "YY", "LN", "YC", "YB"],
        departments,
    )
    assert len(found) == len({body.code for body in found}) == 485


def test_half_of_old_cases_close_within_the_true_median(demo_root: Path) -> None:
    inside = []
    for name in ROUNDS:
        table = pd.read_csv(
            demo_root / "data/raw" / name / "appeals.csv",
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
        )
        known = {
            body.code: body
            for body in appeals.bodies(sorted(world.DISTRICTS), [f"D{i:02d}" for i in range(1, 36)])
        }
        for row in table.itertuples():
            body = known.get(str(row.department).split(";")[0])
            waited = (pd.Timestamp(world.WAVES[name].asof) - pd.Timestamp(row.submitted)).days
            if body and waited > 45 and row.reopened_n == "0" and row.accepted:
                done = pd.Timestamp(row.closed) if row.closed else pd.Timestamp.max
                inside.append((done - pd.Timestamp(row.accepted)).days < body.median)
    # 4% never close; the rest close before their body's median half of the time
    assert np.mean(inside) == pytest.approx(0.48, abs=3 * 0.5 / np.sqrt(len(inside)))


def test_the_ledger_follows_its_schema(demo_root: Path) -> None:
    table = pd.read_csv(
        demo_root / "data/raw/measures.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )
    schema = pd.read_csv(params.reference(demo_root, "measures_schema.csv"), encoding="utf-8-sig")
    assert list(table) == list(schema["field"])
    judged = {row.effective: next(r for r in ROUNDS if str(params.load(r, demo_root).period.start) >= row.effective)
              for row in table.itertuples()}  # fmt: skip
    assert judged["2021-09-15"] == "2022H1" and judged["2022-01-01"] == "2022H1"
    for row in table.itertuples():
        assert row.registered_on < str(params.load(judged[row.effective], demo_root).period.start)
        assert all(re.fullmatch(r"C_D\d\d|E\d|D\d|[A-Z]+", item) for item in row.target_items.split(";"))


def test_measures_do_what_truth_says(truth: dict[str, Any]) -> None:
    def mean(name: str, code: str) -> float:
        return float(truth["rounds"][name]["departments"][code]["mean"])

    drift = 4 * world.DRIFT_SD
    assert mean("2022H1", "D20") - mean("2021H2", "D20") == pytest.approx(5.5, abs=drift)
    assert mean("2022H1", "D12") - mean("2021H2", "D12") == pytest.approx(0, abs=drift)
    assert measures.gains(world.WAVES["2021H1"])["D29"] == 0
    assert measures.gains(world.WAVES["2021H2"])["D29"] == pytest.approx(108 / 184)
    signs = [truth["rounds"][name]["city"]["difficulties"]["SIGN"] for name in ROUNDS]
    assert min(signs[:2]) > max(signs[2:]) + 4


# --- the folder --------------------------------------------------------------------------------------------


def test_an_empty_folder_becomes_a_workspace(demo_root: Path) -> None:
    assert params.list_rounds(demo_root) == ROUNDS
    for name in ROUNDS:
        round_ = params.load(name, demo_root)
        assert (round_.raw / str(round_.margins)).is_file() and (
            round_.raw / f"answers_{name}.xlsx"
        ).is_file()


def test_answers_of_other_content_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "data/raw/2021H1/answers_2021H1.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"real answers")
    with pytest.raises(
        synthetic.SyntheticError, match=r"answers_2021H1\.xlsx 已存在且内容不同，未覆盖任何文件"
    ):
        synthetic.write(tmp_path, ["2021H1"])
    assert path.read_bytes() == b"real answers" and not (tmp_path / "params").exists()
    synthetic.write(tmp_path, ["2021H1"], force=True)
    assert path.read_bytes()[:2] == b"PK"


def test_demo_answers_are_not_mixed_with_real_ones(tmp_path: Path) -> None:
    path = tmp_path / "data/raw/2021H1/answers_ours.csv"
    path.parent.mkdir(parents=True)
    path.write_text("x", encoding="utf-8")
    with pytest.raises(synthetic.SyntheticError, match=r"已有别的答卷 answers_ours\.csv"):
        synthetic.write(tmp_path, ["2021H1"])
    assert not (tmp_path / "data/raw/truth.json").exists()


def test_a_workspace_of_a_real_survey_is_refused(demo_root: Path, tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / "params/_defaults.yaml").write_bytes((demo_root / "params/_defaults.yaml").read_bytes())
    real = (demo_root / "params/2021H1.yaml").read_text(encoding="utf-8")
    (tmp_path / "params/2021H1.yaml").write_text(re.sub(r"notice:.*\n", "", real), encoding="utf-8")
    with pytest.raises(synthetic.SyntheticError, match="不是示例轮次"):
        synthetic.write(tmp_path, ["2021H1"])
    assert not (tmp_path / "data").exists()


def test_unknown_rounds_are_named_with_those_allowed(tmp_path: Path) -> None:
    with pytest.raises(synthetic.SyntheticError, match="没有示例轮次 2030H1；可用：2020H2、2021H1"):
        synthetic.write(tmp_path, ["2030H1"])


# --- small parts -------------------------------------------------------------------------------------------


@given(st.floats(20, 95), st.floats(0.1, 2))
def test_latent_inverts_expected(mean: float, variance: float) -> None:
    level = ratings.latent(np.array([mean]), variance)
    assert ratings.expected(level, variance)[0] == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize(("level", "variance"), [(0.0, 0.6), (-0.7, 0.3), (0.4, 1.5)])
def test_expected_score_equals_integration_over_raters(level: float, variance: float) -> None:
    """The same number by integrating the score of each rater's own distribution over raters."""

    def score(severity: float) -> float:
        steps = stats.norm.cdf([*world.CUTS, np.inf], loc=level + severity)
        chance = np.diff([0, *steps])
        return float(chance @ [0, 25, 50, 75, 100] * stats.norm.pdf(severity, scale=np.sqrt(variance)))

    by_integration, _ = integrate.quad(score, -12, 12, limit=200)
    assert ratings.expected(np.array([level]), np.array([variance]))[0] == pytest.approx(
        by_integration, abs=1e-6
    )


def test_grammar_picks_each_way_and_nests() -> None:
    rng = np.random.default_rng(1)
    said = Counter(grammar.say("{甲|乙{丙|丁}}", rng) for _ in range(400))
    assert set(said) == {"甲", "乙丙", "乙丁"} and said["甲"] > 150
    counts = Counter(grammar.one("ab", rng, (1, 3)) for _ in range(400))
    assert 0.68 < counts["b"] / 400 < 0.82


def test_exposure_counts_days_of_the_reference_period() -> None:
    assert world.exposure(date(2021, 9, 15), world.WAVES["2021H1"]) == 0
    assert world.exposure(date(2021, 9, 15), world.WAVES["2021H2"]) == pytest.approx(
        (16 + 31 + 30 + 31) / 184
    )
    assert world.exposure(date(2021, 9, 15), world.WAVES["2022H1"]) == 1


@given(st.integers(0, 2**32 - 1))
def test_identity_numbers_pass_the_check_but_name_no_county(seed: int) -> None:
    number = flaws.identity(np.random.default_rng(seed))
    factors = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]  # as the standard prints them
    total = sum(int(digit) * factor for digit, factor in zip(number, factors, strict=False))
    assert number.startswith("410399") and number[17] == "10X98765432"[total % 11]
