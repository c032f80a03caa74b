"""The ledger of problems: read strictly, looked at with the eyes of each round, its loop counted by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import registers as made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalpkg import appeals, params, synthetic
from evalpkg.appeals.ledger import STAGES
from evalpkg.disclosure import Gate
from evalpkg.ingest import InputRefused
from evalpkg.synthetic import problems as truth
from evalpkg.synthetic import world


def faults(folder: Path, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InputRefused) as refused:
        appeals.ledger(made.ledger(folder, list(rows)))
    return [(problem.code, problem.place.split()[-1]) for problem in refused.value.problems]


def counts(round_: params.Round) -> list[int]:
    found = appeals.loop(appeals.ledger(round_))
    return [] if found is None else found.table["count"].tolist()


def test_without_a_file_there_is_no_ledger(tmp_path: Path) -> None:
    round_ = params.load("2022H2", made.workspace(tmp_path))
    assert appeals.ledger(round_) is None
    assert appeals.loop(None) is None


def test_all_faults_are_told_in_one_pass(tmp_path: Path) -> None:
    rows = [
        made.problem(1, instructed_on="2022-07-01"),  # H2: before it was raised
        made.problem(1),  # A3
        made.problem(2, theme="NOISE"),
        made.problem(3, department="D26;D77"),
        made.problem(4, raised_on="七月"),
        made.problem(5, source="letter"),
        made.problem(6, problem=""),
        made.problem(7, instructed_on="2022-08-01", adopted_on="2022-07-20"),
        {**made.problem(8), "problem_id": "8"},
    ]
    assert sorted(faults(tmp_path, *rows)) == sorted(
        [("E-LEDGERORDER", "H2"), ("E-LEDGERDUP", "A3"), ("E-LEDGERCODE", "E4"), ("E-LEDGERCODE", "F5"), ("E-LEDGERDATE", "B6"),
         ("E-LEDGERCODE", "C7"), ("E-LEDGERBLANK", "G8"), ("E-LEDGERORDER", "J9"), ("E-LEDGERCODE", "A10")]
    )  # fmt: skip


def test_a_step_left_out_is_read_and_warned_of(tmp_path: Path) -> None:
    found = appeals.ledger(made.ledger(tmp_path, [made.problem(1, resolved_on="2022-09-01")]))
    assert found is not None
    assert [(problem.code, problem.place.split()[-1]) for problem in found.warnings] == [
        ("W-LEDGERSKIP", "K2")
    ]
    result = appeals.loop(found)
    assert result is not None
    assert result.table["count"].tolist() == [1, 0, 0, 1]


def test_personal_data_are_masked(tmp_path: Path) -> None:
    rows = [made.problem(1, problem="请联系13800005678", instruction="请王局长办理，电话13900001234")]
    found = appeals.ledger(made.ledger(tmp_path, rows))
    assert found is not None
    assert "13800005678" not in found.problems["problem"].iloc[0]
    assert "13900001234" not in found.problems["instruction"].iloc[0]


def test_a_round_sees_only_what_had_happened_by_its_end(tmp_path: Path) -> None:
    root = made.workspace(tmp_path, "2021H2", "2022H1", "2022H2")
    rows = [
        made.problem(
            1,
            raised_on="2021-10-01",
            instructed_on="2021-10-10",
            adopted_on="2022-03-01",
            resolved_on="2022-08-01",
        ),
        made.problem(2, raised_on="2022-02-01", instructed_on="2022-02-05"),
        made.problem(3, raised_on="2022-12-31"),
    ]
    made.write(root / "data" / "raw" / "problems.csv", rows, made.PROBLEMS)
    assert {name: counts(params.load(name, root)) for name in ("2021H2", "2022H1", "2022H2")} == {
        "2021H2": [1, 1, 0, 0], "2022H1": [2, 2, 1, 0], "2022H2": [3, 2, 1, 1],
    }  # fmt: skip


def test_before_the_first_problem_there_is_nothing(tmp_path: Path) -> None:
    round_ = made.ledger(tmp_path, [made.problem(1, raised_on="2023-01-05")])
    assert appeals.loop(appeals.ledger(round_)) is None


DAYS = st.integers(0, 60)
ROWS = st.lists(st.tuples(st.integers(0, 200), *[st.one_of(st.none(), DAYS)] * 3), min_size=1, max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_the_loop_is_counted_by_hand(
    tmp_path: Path, rows: list[tuple[int, int | None, int | None, int | None]]
) -> None:
    start, end = pd.Timestamp("2022-07-01"), pd.Timestamp("2022-12-31")
    made_rows, expected = [], dict.fromkeys(STAGES, 0)
    for number, (first, *steps) in enumerate(rows):
        moment, going = start + pd.Timedelta(days=first), True
        days = {"raised_on": moment}
        for stage, step in zip(("instructed", "adopted", "resolved"), steps, strict=True):
            going = going and step is not None
            moment = moment + pd.Timedelta(days=step or 0)
            days |= {f"{stage}_on": moment} if going else {}
        made_rows.append(made.problem(number, **{name: f"{day:%Y-%m-%d}" for name, day in days.items()}))
        if days["raised_on"] <= end:
            for stage in STAGES:
                expected[stage] += f"{stage}_on" in days and days[f"{stage}_on"] <= end
    found = appeals.loop(appeals.ledger(made.ledger(tmp_path, made_rows)))
    if found is None:
        assert expected["raised"] == 0
        return
    assert dict(zip(found.table["stage"], found.table["count"], strict=True)) == expected
    rounds = found.extra["rounds"]
    assert rounds["n"].sum() == expected["raised"]
    assert [int(rounds[f"{stage}_count"].sum()) for stage in list(STAGES)[1:]] == list(expected.values())[1:]
    assert found.extra["sources"]["n"].sum() == expected["raised"]
    assert Gate(10, 30)(found) is not None


def test_the_median_counts_those_still_on_their_way(tmp_path: Path) -> None:
    done = [made.problem(n, raised_on="2022-07-01", instructed_on="2022-07-11") for n in range(11)]
    open_ = [made.problem(20 + n, raised_on="2022-07-01") for n in range(10)]
    found = appeals.loop(appeals.ledger(made.ledger(tmp_path, done + open_)))
    assert found is not None
    time = found.table.set_index("stage")["median"]
    assert time["instructed"] == 10  # 11 of 21
    assert np.isnan(time["adopted"])
    assert np.isnan(time["raised"])


# --- the demo ------------------------------------------------------------------------------------------------


def test_the_demo_has_nearly_a_hundred_problems_and_agrees_with_its_truth(demo_root: Path) -> None:
    found = appeals.ledger(params.load("2022H2", demo_root))
    assert found is not None
    assert found.warnings == ()
    assert 90 <= len(found.problems) < 100
    assert found.problems["round"].value_counts().to_dict() == truth.COUNTS
    table = found.problems[
        found.problems["raised_on"] < "2022-07-01"
    ]  # those had half a year for the first step
    for stage, before in (("instructed", "raised"), ("adopted", "instructed")):
        reached = table[table[f"{before}_on"].notna()]
        n, x = len(reached), int(reached[f"{stage}_on"].notna().sum())
        share = truth.STEPS[stage][0]
        assert abs(x - n * share) <= 3 * np.sqrt(n * share * (1 - share))


def test_the_ledger_grows_from_round_to_round(demo_root: Path) -> None:
    found = [counts(params.load(name, demo_root)) for name in world.WAVES]
    assert [row[0] for row in found] == np.cumsum(list(truth.COUNTS.values())).tolist()
    assert all(np.all(np.diff(stage) >= 0) for stage in zip(*found, strict=True))
    assert all(np.all(np.diff(row) <= 0) for row in found)


def test_the_same_bytes_whatever_rounds_are_written(demo_root: Path, tmp_path: Path) -> None:
    synthetic.write(tmp_path, ["2020H2"])
    for name in ("problems.csv", "platform.csv"):
        one, all_ = (root / "data" / "raw" / name for root in (tmp_path, demo_root))
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(all_.read_bytes()).digest()
