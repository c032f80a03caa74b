"""fieldwork: registers as they stand, composition in per cent, what weighting costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalpkg import estimate, fieldwork, survey, weights
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


def test_precision_says_what_the_design_does_to_the_outcome(opened: survey.Survey) -> None:
    y = opened.responses["F1"].to_numpy(dtype=float) * 10
    known = ~np.isnan(y)
    w, y = opened.design.weights[known], y[known]
    centre = (w * y).sum() / w.sum()
    simple = (w * (y - centre) ** 2).sum() / w.sum() / (len(y) - 1)
    error = estimate.mean(opened.responses["F1"] * 10, opened.design).std_error[0]
    found = fieldwork.precision(opened).extra["outcome_design_effect"]
    assert found == pytest.approx(error**2 / simple)
    assert found > 1


def test_precision_without_the_outcome_says_nothing_of_it(opened: survey.Survey) -> None:
    unasked = replace(opened, responses=opened.responses.drop(columns="F1"))
    assert "outcome_design_effect" not in fieldwork.precision(unasked).extra


def test_weighting_meets_every_margin(opened: survey.Survey) -> None:
    result = fieldwork.weighting(opened)
    assert result is not None and opened.raking is not None and opened.employment is not None
    assert result.table["margin"].tolist() == ["district", "size", "industry"]
    assert result.table["label"].tolist() == ["县（区）", "企业规模", "行业"]
    assert result.table["categories"].tolist() == [15, 5, 7]
    assert (result.table["estimate"].abs() < 1e-6).all()
    sizes = opened.raking.table[opened.raking.table["margin"] == "size"]
    far = (sizes["sample"] - sizes["population"]).abs().max()
    assert abs(result.table["sample"].iloc[1]) == pytest.approx(far)
    w = opened.employment.weights
    assert result.extra["employment_design_effect"] == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)
    assert (result.extra["trimmed"], result.extra["trim"]) == (0, 0.0)


def test_weighting_shows_what_trimming_saved_and_what_it_cost(opened: survey.Survey) -> None:
    categories, _ = survey.calibration(opened.responses, opened.round)
    margins = survey.population_margins(opened.round)
    trimmed = weights.trim(opened.design.weights, 2.5)
    report = weights.report(categories, margins, trimmed)
    round_ = opened.round.model_copy(update={"trim": 2.5})
    result = fieldwork.weighting(replace(opened, raking=report, round=round_, employment=None))
    assert result is not None
    assert result.extra["design_effect"] < result.extra["untrimmed_design_effect"]
    assert result.extra["trimmed"] == (trimmed < opened.design.weights * (1 - 1e-9)).sum() > 0
    assert result.extra["largest"] == pytest.approx(2.5)
    assert "employment_design_effect" not in result.extra
    for _, row in result.table.iterrows():
        filled = pd.Series(trimmed, index=categories.index).groupby(categories[row["margin"]]).sum()
        off = 100 * (filled - margins[row["margin"]]) / filled.sum()
        assert off[row["category"]] == pytest.approx(row["estimate"])
        assert off.abs().max() == pytest.approx(abs(row["estimate"]))


def test_an_unweighted_round_has_no_weighting(opened: survey.Survey) -> None:
    assert fieldwork.weighting(replace(opened, raking=None)) is None


def test_a_crossed_margin_is_said_part_by_part(opened: survey.Survey) -> None:
    round_ = opened.round.model_copy(update={"raking": [["size", "mode"]]})
    categories, _ = survey.calibration(opened.responses, round_)
    crossed = {("size", "mode"): categories.groupby(["size", "mode"]).size()}
    report = weights.report(categories, crossed, np.ones(opened.n))
    seen = replace(opened, raking=report, round=round_)
    composition, weighting = fieldwork.composition(seen), fieldwork.weighting(seen)
    assert composition is not None and weighting is not None
    assert set(composition.table["margin"]) == set(weighting.table["label"]) == {"企业规模×填报方式"}
    row = composition.table.set_index("category").loc["G×online"]
    assert row["label"] == "个体工商户×网上填报" or row["label"].startswith("个体工商户×")
    assert row["n"] == ((opened.responses["size"] == "G") & (opened.responses["mode"] == "online")).sum()
