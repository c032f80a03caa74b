"""fieldwork: registers as they stand, composition in per cent, what weighting costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalpkg import fieldwork, survey
from evalpkg.params import ParamsError


@pytest.fixture(scope="module")
def opened(demo_root: Path) -> survey.Survey:
    return survey.open("2022H2", demo_root)


def test_returns_add_up_over_channels(opened: survey.Survey) -> None:
    table = fieldwork.returns(opened).table
    assert table["channel"].iloc[0] == "all"
    for column in ("issued", "returned", "valid"):
        assert table[column].iloc[1:].sum() == table[column].iloc[0]
    assert table["estimate"].tolist() == pytest.approx((100 * table["returned"] / table["issued"]).tolist())


def test_chambers_add_up_to_the_round(opened: survey.Survey) -> None:
    result = fieldwork.chambers(opened)
    assert result is not None
    assert result.table["returned"].sum() == opened.round.fieldwork.returned
    by_hand = opened.responses["chamber"].value_counts()
    assert result.table.set_index("channel")["valid"].to_dict() == by_hand.to_dict()


def test_without_a_register_chambers_are_not_listed(opened: survey.Survey) -> None:
    work = opened.round.fieldwork.model_copy(update={"chambers": None})
    assert fieldwork.chambers(_with(opened, work)) is None
    lost = opened.round.fieldwork.model_copy(update={"chambers": "lost.csv"})
    with pytest.raises(ParamsError, match=r"data/raw/2022H2/lost\.csv"):
        fieldwork.chambers(_with(opened, lost))


def _with(opened: survey.Survey, work: object) -> survey.Survey:
    round_ = opened.round.model_copy(update={"fieldwork": work})
    return survey.Survey(**{**vars(opened), "round": round_})


def test_composition_compares_three_distributions(opened: survey.Survey) -> None:
    result = fieldwork.composition(opened)
    assert result is not None
    for _, part in result.table.groupby("margin"):
        for column in ("population", "sample", "weighted"):
            assert part[column].sum() == pytest.approx(100)
        assert part["weighted"].tolist() == pytest.approx(part["population"].tolist(), abs=1e-6)
        assert part["n"].sum() == opened.n
    assert result.table["margin"].unique().tolist() == ["县（区）", "企业规模", "行业"]
    sizes = result.table[result.table["margin"] == "企业规模"]
    assert sizes["category"].tolist() == ["L", "M", "S", "X", "G"]  # as printed in the questionnaire


def test_an_unweighted_round_has_no_composition(opened: survey.Survey) -> None:
    assert fieldwork.composition(survey.Survey(**{**vars(opened), "raking": None})) is None


def test_precision_is_kishs_design_effect(opened: survey.Survey) -> None:
    row = fieldwork.precision(opened).table.iloc[0]
    w = opened.design.weights
    by_hand = len(w) * np.sum(w**2) / np.sum(w) ** 2
    assert row["estimate"] == pytest.approx(by_hand)
    assert row["effective"] == pytest.approx(np.sum(w) ** 2 / np.sum(w**2))
    assert isinstance(fieldwork.precision(opened).table, pd.DataFrame)
