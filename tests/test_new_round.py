"""new_round: what a platform's export lacks to be a round is proposed, never guessed."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from evalpkg import ingest, params, survey
from evalpkg.params import ParamsError, bundle

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    (tmp_path / "params").mkdir()
    shutil.copy(bundle() / "params/_defaults.yaml", tmp_path / "params")
    return tmp_path


def settle(city: Path, items: dict[str, str]) -> None:
    """Fill in the mapping as a person does."""
    path = city / "params/2026H1_columns.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["item"] = items.get(row["column"], row["item"])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_an_export_whose_titles_are_those_of_the_questionnaire_is_ready(city: Path) -> None:
    said = ingest.begin("2026H1", FIXTURES / "tencent_text.csv", city, "fixture")
    assert said[0] == "平台：腾讯问卷；9 列对上了问卷说明，3 列能认出答卷人、读入时丢弃"
    round_ = params.load("2026H1", city)
    assert (round_.platform, round_.mapping, round_.raking) == ("tencent", "2026H1_columns.csv", [])
    assert (str(round_.fieldwork.start), str(round_.fieldwork.end)) == ("2021-07-01", "2021-07-12")
    assert round_.fieldwork.returned == 12
    found = ingest.read(round_)
    plain = ingest.read_file(FIXTURES / "tencent_text.csv", "fixture")
    assert sorted(found.responses["F1"]) == sorted(plain.responses["F1"])


def test_unknown_columns_stop_the_round_until_a_person_has_settled_them(city: Path) -> None:
    said = ingest.begin("2026H1", FIXTURES / "limesurvey_codes.csv", city, "fixture")
    assert any("有 13 列要由人确认" in line for line in said)
    assert any("“F1”：最像 F1（总体满意度（0-10））" in line for line in said)
    with pytest.raises(ParamsError, match="还有 13 列没有确认"):
        ingest.read(params.load("2026H1", city))
    with (FIXTURES / "limesurvey_columns.csv").open(encoding="utf-8-sig", newline="") as file:
        settle(city, {row["column"]: row["item"] for row in csv.DictReader(file)})
    found = ingest.read(params.load("2026H1", city)).responses
    assert found["G1.OTH"].sum() == 8 and found["A1"].value_counts().to_dict() == {"SX": 5, "MJ": 4, "JX": 3}


def test_a_reworded_question_is_named_with_how_alike_it_is(city: Path, tmp_path: Path) -> None:
    text = (FIXTURES / "tencent_text.csv").read_text(encoding="utf-8-sig")
    export = tmp_path / "export.csv"
    export.write_text(text.replace("6.总体满意度", "6.您的总体满意程度"), encoding="utf-8-sig")
    said = ingest.begin("2026H1", export, city, "fixture")
    assert any("“6.您的总体满意程度”：最像 F1" in line for line in said)
    with (city / "params/2026H1_columns.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["item"] == "?"]
    assert row["column"] == "6.您的总体满意程度" and 0.5 < float(row["score"]) < 1


def test_an_identifying_column_is_dropped_only_where_a_person_says_so(city: Path, tmp_path: Path) -> None:
    lines = (FIXTURES / "tencent_text.csv").read_text(encoding="utf-8-sig").splitlines()
    export = tmp_path / "export.csv"
    rows = [f"{line},{'负责人姓名' if at == 0 else '张三'}" for at, line in enumerate(lines[:3])]
    export.write_text("\n".join(rows), encoding="utf-8-sig")
    with pytest.raises(ingest.InputRefused, match="E-PIICOL"):
        ingest.read_file(export, "fixture")
    ingest.begin("2026H1", export, city, "fixture")
    settle(city, {"负责人姓名": "-"})
    found = ingest.read(params.load("2026H1", city))
    assert found.counts["dropped"] == 4  # three of the platform's own, and this one
    assert "张三" not in repr([found.responses.to_dict(), found.remarks.to_dict()])


def test_nothing_is_written_over_and_nothing_half(city: Path, tmp_path: Path) -> None:
    export = FIXTURES / "tencent_text.csv"
    with pytest.raises(ParamsError, match="写法不对"):
        ingest.begin("2026H3", export, city, "fixture")
    strange = tmp_path / "strange.csv"
    strange.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="没有一列像问卷说明 fixture 里的题"):
        ingest.begin("2026H1", strange, city, "fixture")
    assert sorted(path.name for path in city.rglob("*") if "2026H1" in path.as_posix()) == []
    ingest.begin("2026H1", export, city, "fixture")
    with pytest.raises(ParamsError, match="已经有了，不覆盖"):
        ingest.begin("2026H1", export, city, "fixture")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("F1,Z9,", "不是问卷说明里的代码"),
        ("F1,G1.XX,", "没有选项 XX"),
        ("F1,F1,5", "应写成 原来的写法=含义"),
        ("F1,F1,a=1;a=2", "写了两次"),
        ("F1,F1,\nF1,F1,", "写了两次"),
        ("F1,,", "还有 1 列没有确认"),
    ],
)
def test_a_mapping_that_says_nothing_clear_is_refused(row: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text(f"column,item,values\n{row}\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=says):
        ingest.read_file(FIXTURES / "limesurvey_codes.csv", "fixture", mapping=path)


# --- another survey, by the README alone ------------------------------------------------------------------


def from_readme(language: str, number: int = 0) -> str:
    """Return a block of code of the section on a new questionnaire."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("### A new questionnaire, one file")[1].split("\n#")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.S)[number]


def park(folder: Path) -> Path:
    """Write what the README tells to write into an empty folder, and an export beside it."""
    (folder / "data/reference/codebooks").mkdir(parents=True)
    (folder / "data/reference/codebooks/park.yaml").write_text(from_readme("yaml"), encoding="utf-8")
    (folder / "data/reference/offices.csv").write_text(from_readme("csv"), encoding="utf-8")
    head = ["Respondent ID", "How many people work there?", "Speed of service", "Clear rules", "Overall, how satisfied are you?",
            "Customs office", "Land office", "What should change first?"]  # fmt: skip
    rows = [
        [i, ("1-9", "10-99", "100+")[i % 3], 1 + i % 10, 1 + i % 7, 1 + (i + 3) % 10, "no contact" if i % 4 else 8, 1 + i % 9, "waiting"]
        for i in range(120)
    ]  # fmt: skip
    export = folder / "export.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return export


def test_another_survey_needs_a_codebook_only(tmp_path: Path) -> None:
    """The README's example in an empty folder: begun, settled, opened, with the numbers of the file."""
    said = ingest.begin("2026H1", park(tmp_path), tmp_path, "park")
    assert "新的评议项目" in said[0] and "没有认出平台" in said[1]
    assert any("“Customs office”：最像 C_O1" in line for line in said)
    settle(tmp_path, {"Customs office": "C_O1", "Land office": "C_O2"})
    opened = survey.open("2026H1", tmp_path)
    assert opened.n == 120
    assert opened.ratings.notna().sum().tolist() == [30, 120]
    assert opened.responses["F1"].sum() == sum(1 + (i + 3) % 10 for i in range(120))
    assert (opened.remarks["text"] == "waiting").sum() == 120


def test_several_lines_of_titles_are_found_for_a_platform_that_nobody_described(tmp_path: Path) -> None:
    export = park(tmp_path)
    lines = export.read_text(encoding="utf-8").splitlines()
    export.write_text("\n".join(["A survey" + "," * 7, *lines]), encoding="utf-8")
    ingest.begin("2026H1", export, tmp_path, "park")
    settle(tmp_path, {"Customs office": "C_O1", "Land office": "C_O2"})
    assert len(ingest.read(params.load("2026H1", tmp_path)).responses) == 120
