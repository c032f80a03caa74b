"""Shares within groups: against the analysis of the group alone, planted and absent differences, what is merged and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small

from evalpkg import disclosure, drivers, params
from evalpkg import survey as surveys
from evalpkg.drivers import DriversError

SIZES = {"L": "大型", "M": "中型", "S": "小型", "X": "微型"}
ALIKE = {"L": (1.0, 0.5, 0.1), "M": (1.0, 0.5, 0.1), "S": (1.0, 0.5, 0.1), "X": (1.0, 0.5, 0.1)}


def opened(
    counts: dict[str, int], effects: dict[str, tuple[float, ...]] | None = None, seed: int = 1, **more: Any
) -> surveys.Survey:
    """Three drivers with effects by size class; 40 chambers; weights that differ between and within classes."""
    effects = ALIKE if effects is None else effects
    rng = np.random.default_rng(seed)
    size = rng.permutation(np.repeat(list(counts), list(counts.values())))
    n = len(size)
    chamber = rng.integers(0, 40, n)
    x = rng.normal(0, 1, (n, 3)) + rng.normal(0, 0.6, (n, 1)) + rng.normal(0, 0.3, 40)[chamber][:, None]
    b = np.array([effects[code] for code in size])
    y = (x * b).sum(axis=1) + rng.normal(0, 1.0, n)
    responses = pd.DataFrame({f"D{j + 1}": np.clip(np.rint(3.5 + x[:, j]), 1, 5) for j in range(3)})
    responses["F1"] = np.clip(np.rint(6 + 1.2 * y), 0, 10)
    items = [small.item("F1", "outcome", "总体满意度", scale=small.TEN)]
    items += [small.item(f"D{j}", "driver", f"方面{j}", scale=small.FIVE) for j in (1, 2, 3)]
    items += [small.item("A6", "size", type="category", options=SIZES)]
    items += [small.item("A1", "district", type="category", options={c: f"县{c}" for c in "abcdef"})]
    weights = np.where(size == "L", 0.2, 1.0) * rng.uniform(0.7, 1.3, n)
    return small.survey(
        small.codebook(items),
        responses.assign(size=size),
        **{"weights": weights, "clusters": chamber, **more},
    )


def by(survey: surveys.Survey, column: str = "size", **more: Any) -> Any:
    result = drivers.by(survey, column, **more)
    assert result is not None
    return result


def test_points_are_those_of_the_group_alone() -> None:
    survey = opened({"S": 200, "X": 300})
    table = by(survey).table
    for code in ("S", "X"):
        inside = (survey.responses["size"] == code).to_numpy()
        values = survey.responses.loc[inside, ["F1", "D1", "D2", "D3"]].to_numpy()
        shares = drivers.lmg(np.cov(values, rowvar=False, aweights=survey.design.weights[inside]))
        part = table[table["group"] == code]
        assert part["estimate"].to_numpy() == pytest.approx(100 * shares)
        assert part["relative"].to_numpy() == pytest.approx(100 * shares / shares.sum())
        assert part["n"].tolist() == [inside.sum()] * 3


def test_the_difference_is_from_the_rest_and_within_its_interval() -> None:
    table = by(opened({"M": 150, "S": 150, "X": 150})).table
    assert (table["difference_low"] < table["difference"]).all()
    assert (table["difference"] < table["difference_high"]).all()
    two = by(opened({"S": 200, "X": 300})).table.pivot_table(
        index="item", columns="group", values="difference"
    )
    assert two["S"].to_numpy() == pytest.approx(-two["X"].to_numpy())  # each is the other's rest
    assert np.allclose(
        table.groupby("group")["difference"].sum(), 0, atol=1e-9
    )  # parts sum to 100 on both sides


def test_a_gap_in_a_driver_does_not_drop_the_respondent() -> None:
    survey = opened({"S": 200, "X": 300})
    survey.responses.loc[survey.responses.index[::7], "D2"] = np.nan
    table = by(survey).table.set_index(["group", "item"])
    inside = survey.responses["size"] == "S"
    assert table.loc[("S", "D1"), "n"] == inside.sum()
    assert table.loc[("S", "D2"), "n"] == survey.responses.loc[inside, "D2"].notna().sum()
    assert np.isfinite(table.drop(columns=["group_label", "label", "differs"]).to_numpy(dtype=float)).all()


def test_classes_that_are_too_small_stand_with_their_neighbour_and_it_is_said() -> None:
    result = by(opened({"L": 40, "M": 70, "S": 150, "X": 60}))
    assert list(dict.fromkeys(result.table["group"])) == ["L+M", "S+X"]
    assert list(dict.fromkeys(result.table["group_label"])) == ["大型＋中型", "小型＋微型"]
    assert result.extra["notes"] == (
        "人数不足 100 家，合并为一组：大型＋中型",
        "人数不足 100 家，合并为一组：小型＋微型",
    )


def test_fewer_than_two_groups_is_an_empty_table_that_passes_the_gate() -> None:
    result = by(opened({"S": 80, "X": 60}))
    assert result.table.empty
    assert "无从比较" in result.extra["notes"][-1]
    gated = disclosure.Gate(10, 30)(result)
    assert gated is not None and gated.table.empty
    assert set(by(opened({"S": 120, "X": 120})).table) == set(result.table)


def test_who_gave_no_outcome_does_not_count_towards_the_least() -> None:
    survey = opened({"M": 110, "S": 150, "X": 150})
    survey.responses.loc[survey.responses.index[survey.responses["size"] == "M"][:20], "F1"] = np.nan
    assert list(dict.fromkeys(by(survey).table["group"])) == ["M+S", "X"]


def test_districts_are_grouped_by_what_the_caller_says() -> None:
    survey = opened({"S": 600})
    survey.responses["district"] = list("abcdef") * 100
    groups = {"a": "城区", "b": "城区", "c": "县", "d": "县", "e": "县"}
    result = by(survey, "district", groups=groups)
    assert result.table.groupby("group", sort=False)["n"].first().to_dict() == {"城区": 200, "县": 300}
    assert by(survey, "district", groups=groups | {"f": "远"}).table["group"].unique().tolist() == [
        "城区",
        "县",
        "远",
    ]
    few = survey.responses["district"].where(survey.responses.index % 2 == 0, "a")
    changed = replace(survey, responses=survey.responses.assign(district=few))
    result = by(changed, "district", groups={"a": "城区", "c": "县", "e": "县", "b": "远"})
    assert result.extra["left_out"] == ()
    result = by(changed, "district", groups={"a": "城区", "c": "县", "e": "县", "d": "远"})
    assert "远" not in set(result.table["group"])


def test_districts_are_grouped_by_the_kind_in_the_projects_table() -> None:
    survey = opened({"S": 600})
    known = ["LC", "XG", "XA", "SX", "GX", "YC"]
    survey.responses["district"] = known * 100
    survey.round.root = params.bundle()
    result = by(survey, "district")
    assert result.table.groupby("group", sort=False)["n"].first().to_dict() == {
        "功能区": 100,
        "市辖区": 200,
        "县": 300,
    }


def test_districts_that_nothing_groups_are_refused() -> None:
    survey = opened({"S": 600})
    survey.responses["district"] = list("abcdef") * 100
    with pytest.raises(DriversError, match="kind"):
        drivers.by(survey, "district")
    survey.round.root = params.bundle()  # the table knows no such districts
    with pytest.raises(DriversError, match="kind"):
        drivers.by(survey, "district")
    with pytest.raises(DriversError, match="“z”不是县（区）的类别"):
        drivers.by(survey, "district", groups={"z": "城区"})
    with pytest.raises(DriversError, match="有 6 组，最多 4 组"):
        drivers.by(survey, "district", groups={c: f"组{c}" for c in "abcdef"})


def test_unknown_columns_are_refused_and_absent_ones_are_nothing() -> None:
    survey = opened({"S": 200, "X": 200})
    with pytest.raises(DriversError, match="没有“colour”这种分组"):
        drivers.by(survey, "colour")
    assert drivers.by(survey, "district") is None
    assert drivers.by(replace(survey, responses=survey.responses.assign(size=None)), "size") is None
    assert drivers.by(replace(survey, responses=survey.responses[["size", "D1"]]), "size") is None


def test_limits_are_of_all_rows_at_once_and_decide() -> None:
    table = by(opened({"M": 150, "S": 250, "X": 250}, ALIKE | {"X": (0.2, 1.2, 0.1)})).table
    outside = np.select([table["difference_low"] > 0, table["difference_high"] < 0], ["more", "less"], "no")
    assert table["differs"].tolist() == outside.tolist()
    assert set(table["differs"]) > {"no"}


def test_one_driver_has_the_whole_share_in_every_group_and_is_not_compared() -> None:
    survey = opened({"S": 200, "X": 300})
    alone = replace(survey, responses=survey.responses.drop(columns=["D2", "D3"]))
    found = by(alone)
    assert found.table.empty and "只有一个方面" in found.extra["notes"][0]


def flagged(seed: int, effects: dict[str, tuple[float, ...]] | None = None) -> pd.DataFrame:
    table: pd.DataFrame = by(opened({"M": 130, "S": 250, "X": 300}, effects, seed, draws=150)).table
    return table


def test_where_all_classes_are_alike_hardly_ever_one_differs() -> None:
    tables = [flagged(seed) for seed in range(200)]
    assert np.mean([(table["differs"] != "no").any() for table in tables]) <= 0.05 + 2 * np.sqrt(
        0.05 * 0.95 / 200
    )


def test_a_driver_that_matters_more_in_one_class_is_found() -> None:
    other = ALIKE | {"X": (0.2, 1.2, 0.1)}
    tables = [flagged(seed, other).set_index(["group", "item"])["differs"] for seed in range(10)]
    assert np.mean([table[("X", "D2")] == "more" and table[("X", "D1")] == "less" for table in tables]) >= 0.9


def test_the_demo_has_no_group_that_differs(demo_root: Path) -> None:
    """In the invented city the effects are the same for all enterprises."""
    survey = surveys.open("2022H2", demo_root)
    for column, groups in (("size", 4), ("district", 2)):
        result = by(survey, column)
        assert result.table["group"].nunique() == groups
        assert (result.table["differs"] == "no").all()
