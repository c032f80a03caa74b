"""Reading the platform's register: every fault named in one pass, nothing quoted, nothing guessed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import registers as made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalpkg import appeals, params
from evalpkg.appeals import bodies, cells, schema
from evalpkg.appeals.register import pooled
from evalpkg.ingest import InputRefused
from evalpkg.params import ParamsError

SECRET = "张三丰家的小店电话13800005678"


def faults(folder: Path, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    """Read a register that must be refused; give code and cell of each fault."""
    with pytest.raises(InputRefused) as refused:
        appeals.register(made.round_of(folder, list(rows)))
    return [(problem.code, problem.place.split()[-1]) for problem in refused.value.problems]


def test_a_round_without_a_register_has_none(tmp_path: Path) -> None:
    round_ = params.load("2022H2", made.workspace(tmp_path))
    assert appeals.register(round_) is None
    assert appeals.past(round_) == ()
    results = (
        appeals.overview(None), appeals.durations(None), appeals.curve(None), appeals.departments(None),
        appeals.groups(None, "channel"), appeals.themes(None), appeals.repeats(None), appeals.satisfaction(None),
    )  # fmt: skip
    assert results == (None,) * 8


def test_the_demo_is_read_whole(demo_root: Path) -> None:
    round_ = params.load("2022H2", demo_root)
    found = appeals.register(round_)
    assert found is not None
    raw = pd.read_csv(round_.raw / "appeals.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert found.problems == ()
    assert len(found.cases) == len(raw)
    assert found.day == date(2022, 12, 31)
    assert list(found.cases.index) == raw["appeal_id"].tolist()
    assert found.cases["ended"].sum() == (raw["closed"] != "").sum()  # none of this round was opened again


def test_text_is_masked_and_codes_are_typed(tmp_path: Path) -> None:
    cells_ = {
        **made.CLOSED,
        "text": f"请联系{SECRET}",
        "reply": "已联系李先生，电话13900001234",
        "department": "D08; LC-D26",
    }
    found = made.register(tmp_path, [made.appeal(1, **cells_, satisfaction=4, satisfaction_asked="true")])
    row = found.cases.iloc[0]
    assert "13800005678" not in row["text"]
    assert "【电话】" in row["text"]
    assert "13900001234" not in row["reply"]
    assert row["department"] == ("D08", "LC-D26")
    assert (row["satisfaction"], row["satisfaction_asked"], row["days"]) == (4.0, True, 10.0)


def test_all_faults_are_told_in_one_pass(tmp_path: Path) -> None:
    rows = [
        made.appeal(1, **{**made.CLOSED, "closed": "2022-06-01"}),  # M2: closed before it came in
        made.appeal(1),  # A3: the number twice
        made.appeal(2, department="D99"),
        made.appeal(3, status="done"),
        made.appeal(4, **{**made.CLOSED, "outcome": "fine"}),
        made.appeal(5, submitted="31/12/2022"),
        made.appeal(6, reopened_n=-1),
        made.appeal(7, status="closed", outcome="resolved"),
        made.appeal(8, **made.CLOSED, satisfaction=6, satisfaction_asked="true"),
        made.appeal(9, satisfaction_asked="maybe"),
        made.appeal(10, text=""),
        made.appeal(11, closed="2022-07-20"),
        made.appeal(12, outcome="resolved"),
        {**made.appeal(13), "appeal_id": "13"},
    ]
    assert sorted(faults(tmp_path, *rows)) == sorted(
        [
            ("E-APPEALORDER", "M2"), ("E-APPEALDUP", "A3"), ("E-APPEALCODE", "F4"), ("E-APPEALCODE", "J5"), ("E-APPEALCODE", "N6"),
            ("E-APPEALDATE", "B7"), ("E-APPEALNUMBER", "O8"), ("E-APPEALSTATE", "J9"), ("E-APPEALNUMBER", "Q10"),
            ("E-APPEALCODE", "R11"), ("E-APPEALBLANK", "I12"), ("E-APPEALSTATE", "J13"), ("E-APPEALSTATE", "N14"),
            ("E-APPEALCODE", "A15"),
        ]
    )  # fmt: skip


def test_a_message_says_what_is_allowed_and_quotes_nobody(tmp_path: Path) -> None:
    rows = [
        made.appeal(1, channel=SECRET),
        made.appeal(2, submitted=SECRET),
        made.appeal(3, department=SECRET),
        made.appeal(4, district=SECRET, reopened_n=SECRET),
    ]
    with pytest.raises(InputRefused) as refused:
        appeals.register(made.round_of(tmp_path, rows))
    told = str(refused.value)
    assert SECRET not in told
    assert (
        "appeals.csv 单元格 C2：不认识的代码：允许 platform、hotline12345、visit、phone、forum、chamber；请改正（E-APPEALCODE）"
        in told
    )
    assert "appeals.csv 单元格 B3：日期读不出；请写成 2022-07-01 或 2022-07-01 09:30（E-APPEALDATE）" in told
    assert "允许 departments.csv 里的代码，或“县（区）代码-部门代码”" in told
    assert "只能是 不小于 0 的整数" in told


def test_satisfaction_without_a_question_is_a_warning(tmp_path: Path) -> None:
    found = made.register(tmp_path, [made.appeal(1, **made.CLOSED, satisfaction=3)])
    assert [problem.code for problem in found.problems] == ["W-APPEALASKED"]
    assert found.cases["satisfaction_asked"].tolist() == [True]


def test_other_warnings(tmp_path: Path) -> None:
    rows = [made.appeal(1, **{**made.CLOSED, "outcome": ""}), made.appeal(2, submitted="2022-06-30")]
    found = made.register(tmp_path, rows)
    assert [problem.code for problem in found.problems] == ["W-APPEALOUTCOME", "W-APPEALPERIOD"]
    assert not found.cases["solved"].any()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (tuple(c for c in made.COLUMNS if c not in ("status", "text")), "缺少列 text、status"),
        ((*made.COLUMNS, "企业名称"), "说明表里没有这一列"),
    ],
)
def test_the_header_is_strict(tmp_path: Path, columns: tuple[str, ...], told: str) -> None:
    root = made.workspace(tmp_path)
    row = {name: value for name, value in made.appeal(1).items() if name in columns}
    made.write(root / "data" / "raw" / "2022H2" / "appeals.csv", [row], columns)
    with pytest.raises(InputRefused, match=told) as refused:
        appeals.register(params.load("2022H2", root))
    assert {problem.code for problem in refused.value.problems} == {"E-APPEALCOL"}


def test_columns_that_are_not_required_may_be_absent(tmp_path: Path) -> None:
    columns = tuple(
        name for name in made.COLUMNS if name not in ("size", "category", "accepted", "due", "reply")
    )
    root = made.workspace(tmp_path)
    made.write(root / "data" / "raw" / "2022H2" / "appeals.csv", [made.appeal(1)], columns)
    found = appeals.register(params.load("2022H2", root))
    assert found is not None
    assert found.cases["due"].isna().all()


def test_a_file_with_a_header_only_is_a_half_year_without_appeals(tmp_path: Path) -> None:
    found = made.register(tmp_path, [])
    overview = appeals.overview(found)
    assert len(found.cases) == 0
    assert overview is not None
    assert (overview.table["count"] == 0).all()


def test_a_workbook_reads_the_same(tmp_path: Path) -> None:
    rows = [made.appeal(1, **made.CLOSED), made.appeal(2, department="D08;D24")]
    plain = made.register(tmp_path / "csv", rows)
    root = made.workspace(tmp_path / "xlsx")
    folder = root / "data" / "raw" / "2022H2"
    folder.mkdir(parents=True)
    table = pd.DataFrame(rows, columns=list(made.COLUMNS)).astype(object).fillna("")
    table.to_excel(folder / "appeals.xlsx", index=False, engine="xlsxwriter")
    found = appeals.register(params.load("2022H2", root))
    assert found is not None
    pd.testing.assert_frame_equal(found.cases, plain.cases)


def test_a_register_seen_later_moves_the_day_of_observation(tmp_path: Path) -> None:
    rows = [made.appeal(1, **{**made.CLOSED, "closed": "2023-01-20"}), made.appeal(2)]
    found = made.register(tmp_path, rows)
    assert found.day == date(2023, 1, 20)
    assert found.cases["days"].tolist() == [203.0, 203.0]


def test_the_day_of_observation_can_be_given(tmp_path: Path) -> None:
    round_ = made.round_of(tmp_path, [made.appeal(1, **made.CLOSED)])
    found = appeals.register(round_, date(2022, 7, 6))
    assert found is not None
    assert found.cases[["ended", "days"]].values.tolist() == [[False, 5.0]]


def test_an_appeal_in_two_registers_counts_once_as_the_later_one_tells(tmp_path: Path) -> None:
    root = made.workspace(tmp_path, "2022H1", "2022H2")
    early = {**made.appeal(1), "submitted": "2022-06-20"}
    made.write(root / "data" / "raw" / "2022H1" / "appeals.csv", [early])
    made.write(root / "data" / "raw" / "2022H2" / "appeals.csv", [{**early, **made.CLOSED}, made.appeal(2)])
    round_ = params.load("2022H2", root)
    found, past = appeals.register(round_), appeals.past(round_)
    assert found is not None
    assert [one.round.id for one in past] == ["2022H1"]
    both = pooled(found, past)
    assert both["ended"].to_dict() == {"AP-202207-00001": True, "AP-202207-00002": False}


def test_what_was_opened_again_is_open_and_what_was_withdrawn_is_neither(tmp_path: Path) -> None:
    rows = [
        made.appeal(1, status="reopened", closed="2022-07-11", reopened_n=1),
        made.appeal(2, status="withdrawn"),
        made.appeal(3, status="withdrawn", closed="2022-07-08"),
        made.appeal(4, status="rejected", closed="2022-07-03", outcome="out_of_scope"),
        made.appeal(5, status="rejected", outcome="out_of_scope"),
    ]
    table = made.register(tmp_path, rows).cases
    assert table["ended"].tolist() == [False, False, False, True, False]
    assert table["withdrawn"].tolist() == [False, True, True, False, True]
    assert table["days"].fillna(-1).tolist() == [183.0, -1.0, 7.0, 2.0, -1.0]


def test_an_appeal_is_late_when_closed_after_its_day_or_open_past_it(tmp_path: Path) -> None:
    due = {"due": "2022-07-11"}
    rows = [
        made.appeal(1, **{**made.CLOSED, **due}),  # on the day itself
        made.appeal(2, **{**made.CLOSED, **due, "closed": "2022-07-12"}),
        made.appeal(3, **due),
        made.appeal(4),
        made.appeal(5, due="2022-12-31"),
    ]
    table = made.register(tmp_path, rows).cases
    assert table["late"].tolist() == [False, True, True, False, False]
    assert table["waiting"].tolist() == [False, False, True, False, False]


def test_a_former_county_belongs_to_its_successor() -> None:
    here = bodies.bodies(params.bundle(), date(2022, 12, 31))
    assert here.units(("YS0-D26", "YS-T01", "D26")) == ("YS", "D26")
    assert here.label("YS") == "偃师各部门"
    assert bodies.bodies(params.bundle(), date(2020, 12, 31)).unit("YS0-D26") == "YS0"
    assert "YS-T01" in here
    assert "D26" in here
    assert all(code not in here for code in ("D36", "ZZ-D26", "T01", "YS-D99", "-D26", "YS-"))


def test_a_schema_says_what_each_field_may_hold() -> None:
    found = schema.load(params.bundle(), "appeals_schema.csv")
    assert found["channel"].options == ("platform", "hotline12345", "visit", "phone", "forum", "chamber")
    assert (found["satisfaction"].low, found["satisfaction"].high) == (1, 5)
    assert found["reopened_n"].low == 0
    assert re.fullmatch(found["appeal_id"].pattern, "AP-202207-00001")
    assert [name for name, field in found.items() if field.source] == ["district", "department", "category"]
    assert all(field.type in cells._TYPED for field in found.values())


@pytest.mark.parametrize(
    ("text", "told"),
    [("field,type\na,text\n", "应有列"), ("field,type,required,allowed/format\na,colour,Y,\n", "不认识")],
)
def test_a_faulty_schema_is_refused(tmp_path: Path, text: str, told: str) -> None:
    folder = tmp_path / "data" / "reference"
    folder.mkdir(parents=True)
    (folder / "own_schema.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match=told):
        schema.load(tmp_path, "own_schema.csv")


CELL = st.one_of(
    st.sampled_from(
        [
            "",
            "D26",
            "closed",
            "received",
            "2022-07-05",
            "2022-13-40",
            "true",
            "3",
            "-1",
            "resolved",
            "platform",
            "LC",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(made.COLUMNS, CELL)), min_size=1, max_size=4))
def test_any_cells_are_read_or_refused_with_a_place(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    round_ = made.round_of(tmp_path, rows)
    refused: list[str] = []
    try:
        found = appeals.register(round_)
    except InputRefused as fault:
        refused = [problem.code for problem in fault.problems if problem.place]
        found = None
    assert (found is None) == any(code.startswith("E-APPEAL") for code in refused)
    assert found is None or found.cases["days"].dropna().ge(0).all()


def test_check_lists_what_the_register_and_the_ledger_warn_of(tmp_path: Path) -> None:
    round_ = made.round_of(tmp_path, [made.appeal(1, **made.CLOSED, satisfaction=3)])
    made.write(
        tmp_path / "data" / "raw" / "problems.csv", [made.problem(1, resolved_on="2022-09-01")], made.PROBLEMS
    )
    assert [problem.code for problem in appeals.problems(round_)] == ["W-APPEALASKED", "W-LEDGERSKIP"]
    assert appeals.problems(params.load("2022H2", made.workspace(tmp_path / "none"))) == []
