"""The course of a theme: each round's share is that of the round by itself, over its own respondents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalpkg import complaints, disclosure, survey


@pytest.fixture(scope="module")
def said(demo_root: Path) -> complaints.Coded:
    opened = survey.open("2021H2", demo_root)
    found = complaints.coded(opened, complaints.history(opened))
    assert found is not None
    return found


def test_shares_of_every_round_by_hand(said: complaints.Coded) -> None:
    result = complaints.course(said)
    assert result is not None
    assert list(dict.fromkeys(result.table["round"])) == ["2020H2", "2021H1", "2021H2"]
    for one in said.surveys:
        rids = set(said.complaints(one).query("theme == 'FIN'")["rid"])
        inside = np.array([rid in rids for rid in one.responses.index])
        row = result.table.query("theme == 'FIN' and round == @one.round.id").iloc[0]
        assert row["estimate"] == pytest.approx(
            100 * one.design.weights[inside].sum() / one.design.weights.sum()
        )
        assert (row["n"], row["count"]) == (one.n, inside.sum())


def test_this_round_has_the_share_that_its_themes_have(said: complaints.Coded) -> None:
    result, now = complaints.course(said), complaints.themes(said.survey, said)
    assert result is not None and now is not None
    last = result.table[result.table["round"] == "2021H2"].set_index("theme")["estimate"]
    for row in now.table.itertuples():
        assert last[row.theme] == pytest.approx(row.estimate)


def test_small_counts_of_any_round_pass_no_gate(said: complaints.Coded) -> None:
    result = complaints.course(said)
    strict = replace(said.survey, round=said.survey.round.model_copy(update={"k": 40}))
    gated = disclosure.gate(strict)(result)
    assert result is not None and gated is not None
    few = result.table["count"] < 40
    assert few.any() and gated.table.loc[few, "estimate"].isna().all()


def test_nothing_coded_has_no_course() -> None:
    assert complaints.course(None) is None
