"""Departments within groups: each piece computed a second way, and the whole on simulated cities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_survey as small
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

from evalpkg import disclosure, estimate, scores
from evalpkg import survey as surveys
from evalpkg.codebook import Codebook, Scale
from evalpkg.estimate import Design, Result
from evalpkg.scores import direct_cells as direct
from evalpkg.scores import severity_adjusted
from evalpkg.scores.fay_herriot import fay_herriot
from evalpkg.scores.small_areas import OWN_LEVEL

Floats = NDArray[np.float64]
DEPARTMENTS = [(f"D{j}", f"部门{j}", "service" if j % 2 else "regulator") for j in range(1, 9)]
DISTRICTS = {"B": "乙区", "A": "甲区", "C": "丙区", "D": "丁区"}
HUNDRED = Scale(0, 100)


def book() -> Codebook:
    rating = [small.item(f"C_{code}", "rating", short, department=code, scale=HUNDRED) for code, short, _ in DEPARTMENTS]  # fmt: skip
    return small.codebook(
        [small.item("A1", "district", "区县", "category", options=DISTRICTS), *rating], DEPARTMENTS
    )


def city(seed: int = 0, n: int = 400, share: float = 0.6) -> dict[str, Any]:
    """Return ratings with strict and mild firms, districts, clusters and weights; nothing differs between districts."""
    rng = np.random.default_rng(seed)
    district = rng.choice(list(DISTRICTS), n, p=[0.4, 0.3, 0.2, 0.1])
    y = 70 + np.arange(8) + rng.normal(0, 12, n)[:, None] + rng.normal(0, 15, (n, 8))
    y[rng.random((n, 8)) > share] = np.nan
    rid = pd.RangeIndex(1, n + 1, name="rid")
    return {
        "ratings": pd.DataFrame(y, index=rid, columns=[code for code, *_ in DEPARTMENTS]),
        "responses": pd.DataFrame({"district": district}, index=rid),
        "weights": rng.lognormal(0, 0.6, n),
        "clusters": rng.integers(0, 40, n),
    }


def fixed_scores() -> Result:
    """Return city-wide scores that stay whatever the ratings are."""
    codes = [code for code, *_ in DEPARTMENTS]
    return Result(
        pd.DataFrame({"department": codes, "estimate": 70.0 + np.arange(8)}), "departments", "分", "", 0
    )


def maybe(parts: dict[str, Any], city_wide: Result | None = None, column: str = "district") -> Result | None:
    given_ = {name: parts[name] for name in parts if name != "responses"}
    return scores.cells(small.survey(book(), parts["responses"], **given_), column, scores=city_wide)


def found(parts: dict[str, Any], city_wide: Result | None = None) -> Result:
    result = maybe(parts, city_wide)
    assert result is not None
    return result


def cell(result: Result, department: str, group: str) -> dict[str, Any]:
    table = result.table
    row = table[(table["department"] == department) & (table["group"] == group)]
    return {str(name): value for name, value in row.iloc[0].items()}


def grid(result: Result, column: str = "estimate") -> Floats:
    table = result.table.pivot_table(index="department", columns="group", values=column, dropna=False)
    return table.to_numpy(dtype=float)


# --- direct estimates ------------------------------------------------------------------------------------


def direct_of(parts: dict[str, Any], k: int = 10) -> direct.DirectCells:
    group = parts["responses"]["district"].map({code: at for at, code in enumerate(sorted(DISTRICTS))})
    design = Design(parts["weights"], clusters=parts["clusters"])
    return direct.direct_cells(parts["ratings"].to_numpy(), group.to_numpy(), 4, design, k)


def test_a_group_is_scored_as_if_its_firms_were_the_whole_survey() -> None:
    parts = city()
    cells = direct_of(parts)
    for g, code in enumerate(sorted(DISTRICTS)):
        own = (parts["responses"]["district"] == code).to_numpy()
        alone = severity_adjusted(parts["ratings"][own], design=Design(parts["weights"][own]))
        np.testing.assert_allclose(cells.theta[:, g], alone.estimate, atol=1e-9)
        np.testing.assert_array_equal(cells.n[:, g], parts["ratings"][own].notna().sum())
        np.testing.assert_allclose(
            cells.weight[:, g], parts["weights"][own] @ parts["ratings"][own].notna().to_numpy()
        )


def dense(
    m: NDArray[np.bool_], w: Floats, clusters: NDArray[np.int64]
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return theta as a matrix on single ratings and the influence matrices, by weighted least squares on dummies."""
    firm, department = np.nonzero(m)
    d = m.shape[1]
    centred = (np.eye(d) - 1 / d)[:, : d - 1]
    x = np.hstack([centred[department], np.eye(len(m))[firm]])
    root = np.sqrt(w[firm])[:, None]
    coefficient = np.linalg.pinv(root * x) * root.T
    to_theta = centred @ coefficient[: d - 1]
    residual = np.eye(len(firm)) - x @ coefficient
    return to_theta, residual, clusters[firm]


def test_what_independent_ratings_lead_to_is_that_of_dense_least_squares() -> None:
    rng = np.random.default_rng(2)
    m = rng.random((14, 4)) < 0.7
    m[:, 0] |= m.sum(axis=1) < 2
    m[:, 1] |= m.sum(axis=1) < 2
    w, clusters = rng.lognormal(0, 0.5, 14), rng.integers(0, 6, 14)
    design = Design(w, clusters=clusters)
    true, linearised = direct._of_independent(m, design)
    to_theta, residual, cluster = dense(m, w, clusters)
    np.testing.assert_allclose(true, (to_theta**2).sum(axis=1), rtol=1e-9)
    # the linearised variance is a quadratic form in the ratings: sum over clusters of (theta's part times residuals)^2
    parts = [to_theta[:, cluster == c] @ residual[cluster == c] for c in np.unique(cluster)]
    g = design.n_clusters
    np.testing.assert_allclose(
        linearised, g / (g - 1) * sum((part**2).sum(axis=1) for part in parts), rtol=1e-9
    )


@given(st.lists(st.floats(0.1, 50), min_size=3, max_size=12))
def test_quasi_variances_undo_the_centring(variances: list[float]) -> None:
    d = np.array(variances)
    centring = np.eye(len(d)) - 1 / len(d)
    about_mean = np.diagonal(centring @ np.diag(d) @ centring)
    np.testing.assert_allclose(direct._quasi(about_mean), d, rtol=1e-9)


def test_smoothed_variances_are_the_true_ones_on_average() -> None:
    """Sixty cities: the pairwise differences of the errors within a group against the sum of their variances."""
    squares, stated = 0.0, 0.0
    for seed in range(60):
        cells = direct_of(city(seed, n=250))
        error = cells.theta - np.arange(8)[:, None]
        for g in range(4):
            use = np.flatnonzero(cells.usable[:, g])
            squares += np.square(error[use, g][:, None] - error[use, g]).sum()
            stated += (cells.variance[use, g][:, None] + cells.variance[use, g]).sum() - 2 * cells.variance[
                use, g
            ].sum()
    assert stated / squares == pytest.approx(1, abs=0.08)


def test_variances_of_a_single_cluster_or_of_constant_ratings_are_not_invented() -> None:
    parts = city()
    one = direct_of(parts | {"clusters": np.zeros(400)})
    assert one.usable.all() and np.isnan(one.variance).all()
    flat = direct_of(parts | {"ratings": parts["ratings"].where(parts["ratings"].isna(), 80.0)})
    np.testing.assert_allclose(flat.variance, 0, atol=1e-20)


def test_raters_who_compare_nothing_do_not_make_a_cell() -> None:
    parts = city(share=1.0)
    own = (parts["responses"]["district"] == "A").to_numpy()
    parts["ratings"].loc[own, "D1"] = np.nan
    only = np.flatnonzero(own)[:15]
    parts["ratings"].iloc[only] = np.nan
    parts["ratings"].iloc[only, 0] = 60.0
    cells = direct_of(parts)
    assert cells.n[0, 0] == 15 and not cells.usable[0, 0] and cells.usable[1:, 0].all()


# --- the table -------------------------------------------------------------------------------------------


def test_rows_and_columns() -> None:
    result = found(city())
    table = result.table
    assert list(table) == [
        "department", "label", "role", "group", "group_label", "estimate", "std_error", "conf_low", "conf_high", "direct",
        "direct_low", "direct_high", "shrinkage", "source", "differs", "n",
    ]  # fmt: skip
    assert table["group"].tolist()[:4] == list(DISTRICTS)  # as the questionnaire prints them
    assert table["group_label"].tolist()[:4] == list(DISTRICTS.values())
    assert table["department"].tolist()[::4] == ["D2", "D4", "D6", "D8", "D1", "D3", "D5", "D7"]
    assert (result.name, result.unit, result.total) == ("cells_district", "分", 400)
    assert result.extra["tests"] == 32 and 0 < result.extra["between"] < 1 and result.extra["A"] > 0
    assert result.extra["notes"][0] == OWN_LEVEL
    assert table.drop(columns=["source"]).notna().all(axis=None)


def test_the_cells_of_a_department_average_to_its_score() -> None:
    parts = city()
    result = found(parts, fixed_scores())
    weight = (
        parts["ratings"].notna().mul(parts["weights"], axis=0).groupby(parts["responses"]["district"]).sum()
    )
    shares = (weight / weight.sum()).T.to_numpy()
    np.testing.assert_allclose((shares * grid(result)).sum(axis=1), 70.0 + np.arange(8), rtol=1e-12)


def test_without_scores_the_cells_average_to_the_weighted_mean() -> None:
    parts = city()
    mean = estimate.mean(parts["ratings"], Design(parts["weights"])).estimate
    difference = grid(found(parts)) - grid(found(parts, fixed_scores()))
    np.testing.assert_allclose(difference, np.repeat(mean - 70 - np.arange(8), 4).reshape(8, 4), atol=1e-10)


def test_the_numbers_are_those_of_the_model_on_the_direct_estimates() -> None:
    parts = city(3)
    cells, result = direct_of(parts), found(parts, fixed_scores())
    x = np.hstack([np.repeat(np.eye(8), 4, axis=0), np.tile(np.eye(4), (8, 1))])
    fit = fay_herriot(cells.theta.ravel(), cells.variance.ravel(), x)
    departure = (fit.estimate - fit.synthetic).reshape(8, 4)
    share = cells.weight / cells.weight.sum(axis=1, keepdims=True)
    own = departure - (share * departure).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(grid(result), 70 + np.arange(8)[:, None] + own, rtol=1e-12)
    np.testing.assert_allclose(grid(result, "shrinkage").ravel(), fit.gamma, rtol=1e-12)
    against = np.eye(4) - share[0]
    first = np.zeros((4, 32))
    first[:, :4] = against
    np.testing.assert_allclose(grid(result, "std_error")[0], np.sqrt(fit.departures(first).mse), rtol=1e-12)
    half = grid(result, "direct_high") - grid(result, "direct")
    np.testing.assert_allclose(half, 1.959963984540054 * np.sqrt(cells.variance), rtol=1e-9)


def test_an_estimate_is_the_direct_one_drawn_to_the_synthetic_one() -> None:
    parts = thin(city(), "D", "D5", 9)
    result = found(parts, fixed_scores())
    synthetic, row = cell(result, "D5", "D")["estimate"], cell(result, "D5", "A")
    assert cell(result, "D5", "D")["shrinkage"] == 0
    assert row["estimate"] == pytest.approx(
        row["shrinkage"] * row["direct"] + (1 - row["shrinkage"]) * synthetic, rel=1e-12
    )


def test_false_discoveries_are_held_over_all_cells() -> None:
    parts = planted(city(1, n=900), "C", "D4", 25.0)
    table = found(parts, fixed_scores()).table
    z = (table["estimate"] - 70 - table["department"].str[1:].astype(int) + 1) / table["std_error"]
    sure = false_discovery_control(2 * norm.sf(z.abs())) <= 0.05
    np.testing.assert_array_equal(table["differs"] != "same", sure)
    assert ((z > 0) == (table["differs"] == "above"))[sure].all()


# --- what the cells say ----------------------------------------------------------------------------------


def planted(parts: dict[str, Any], district: str, department: str, points: float) -> dict[str, Any]:
    ratings = parts["ratings"].copy()
    ratings.loc[parts["responses"]["district"] == district, department] += points
    return parts | {"ratings": ratings}


def thin(parts: dict[str, Any], district: str, department: str, left: int) -> dict[str, Any]:
    """Leave so many raters in one cell."""
    ratings = parts["ratings"].copy()
    there = (parts["responses"]["district"] == district) & ratings[department].notna()
    ratings.loc[there[there].index[left:], department] = np.nan
    return parts | {"ratings": ratings}


def test_a_department_that_differs_in_one_district_is_found_there_and_nowhere_else() -> None:
    table = found(planted(city(1, n=900), "C", "D4", -25.0), fixed_scores()).table
    assert table.loc[table["differs"] == "below", ["department", "group"]].to_numpy().tolist() == [
        ["D4", "C"]
    ]
    where = (table["department"] == "D4") & (table["differs"] != "below")
    assert not (table.loc[~where, "differs"] == "above").any()


def test_where_nothing_differs_nothing_is_found() -> None:
    assert [set(found(city(seed)).table["differs"]) for seed in range(10)] == [{"same"}] * 10


def test_strict_firms_of_a_district_do_not_move_its_cells_but_its_level() -> None:
    parts = city()
    strict = parts["ratings"].where(parts["responses"]["district"] != "A", parts["ratings"] - 8)
    before, after = found(parts, fixed_scores()), found(parts | {"ratings": strict}, fixed_scores())
    pd.testing.assert_frame_equal(before.table, after.table)
    moved = after.extra["groups"]["estimate"] - before.extra["groups"]["estimate"]
    np.testing.assert_allclose(moved, [0, -8, 0, 0], atol=1e-9)


def test_the_level_of_a_group_is_what_its_firms_give_to_the_average_department() -> None:
    parts = city()
    levels = found(parts, fixed_scores()).extra["groups"].set_index("group")
    own = (parts["ratings"] - (70.0 + np.arange(8))).mean(axis=1) + 73.5
    there = (parts["responses"]["district"] == "B").to_numpy() & own.notna().to_numpy()
    expected = estimate.mean(own.where(there), Design(parts["weights"], clusters=parts["clusters"]))
    assert levels.loc["B", "estimate"] == pytest.approx(
        np.average(own[there], weights=parts["weights"][there])
    )
    assert levels.loc["B", "std_error"] == pytest.approx(expected.std_error[0])
    assert levels.loc["B", "n"] == there.sum() and levels.loc["B", "label"] == "乙区"


def test_the_order_of_respondents_does_not_matter() -> None:
    parts = city()
    order = np.random.default_rng(0).permutation(400)
    mixed = {
        name: values.iloc[order] if isinstance(values, pd.DataFrame) else values[order]
        for name, values in parts.items()
    }
    pd.testing.assert_frame_equal(found(parts).table, found(mixed).table, rtol=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(60, 300), st.floats(0.15, 1.0))
def test_any_city_gives_numbers_or_nothing(seed: int, n: int, share: float) -> None:
    result = maybe(city(seed, n, share))
    if result is None:
        return
    table = result.table
    numbers = table[["estimate", "std_error", "conf_low", "conf_high", "shrinkage", "n"]]
    assert np.isfinite(numbers.to_numpy(dtype=float)).all()
    assert (table["std_error"] > 0).all() and table["shrinkage"].between(0, 1).all()
    synthetic = table["source"] == "synthetic"
    assert (table["direct"].isna() == synthetic).all() and (table.loc[synthetic, "differs"] == "same").all()
    assert (table.loc[~synthetic, "n"] >= 10).all()


# --- cells of few ----------------------------------------------------------------------------------------


def test_nothing_of_a_cell_under_k_is_published() -> None:
    """Whatever its raters answered, the whole table stays as it is."""
    parts = thin(city(), "D", "D5", 9)
    extreme = planted(parts, "D", "D5", 40.0)
    before, after = found(parts, fixed_scores()), found(extreme, fixed_scores())
    pd.testing.assert_frame_equal(before.table, after.table)
    assert before.extra["A"] == after.extra["A"]


def test_a_cell_under_k_shows_who_stands_behind_its_number() -> None:
    parts = thin(city(), "D", "D5", 9)
    result = found(parts, fixed_scores())
    row = cell(result, "D5", "D")
    assert row["source"] == "synthetic" and row["n"] == parts["ratings"]["D5"].notna().sum()
    assert np.isnan([row["direct"], row["direct_low"], row["direct_high"]]).all()
    assert result.table["n"].min() >= 10
    assert result.extra["notes"][1].startswith("1 格可比的打分企业不足 10 家")
    assert found(thin(city(), "D", "D5", 10), fixed_scores()).extra["tests"] == 32


def test_the_gate_lets_the_table_through() -> None:
    protected = disclosure.Gate(10, 30)(found(thin(city(), "D", "D5", 9)))
    assert protected is not None
    assert (protected.table["shown"] == "yes").all()
    assert protected.extra["groups"]["n"].tolist() == [145, 115, 95, 50]  # rounded to five
    assert isinstance(protected.extra["notes"], tuple)


def test_a_department_with_a_single_direct_cell_is_not_compared_with_itself() -> None:
    parts = city()
    for district in "ABC":
        parts = thin(parts, district, "D5", 5)
    table = found(parts, fixed_scores()).table.query("department == 'D5'")
    assert (table["source"] == "synthetic").all()
    np.testing.assert_allclose(table["estimate"], 74.0)


def test_a_department_that_nobody_rated_is_left_out_and_named() -> None:
    parts = city()
    parts["ratings"]["D3"] = np.nan
    result = found(parts)
    assert "D3" not in set(result.table["department"])
    assert result.extra["notes"][-1] == "部门3：全市没有得分，不列"


def test_departments_without_common_raters_in_a_district_are_named() -> None:
    parts = city(share=1.0)
    own = np.flatnonzero(parts["responses"]["district"] == "B")
    parts["ratings"].iloc[own[::3], :5] = np.nan
    parts["ratings"].iloc[np.setdiff1d(own, own[::3]), 5:] = np.nan
    result = found(parts, fixed_scores())
    apart = result.table.query("group == 'B' and source == 'synthetic'")["department"]
    assert sorted(apart) == ["D6", "D7", "D8"]
    assert "乙区：有的部门与其他部门没有共同的打分企业，无法相比，按推算列出" in result.extra["notes"]


def test_no_difference_beyond_sampling_is_said() -> None:
    said = "各格之间没有测出抽样误差以外的差别：各格几乎就是该部门在全市的得分"
    told = [said in found(city(seed)).extra["notes"] for seed in range(12)]
    assert any(told) and not all(told)


# --- nothing to compare ----------------------------------------------------------------------------------


def test_there_is_nothing_where_there_is_nothing_to_compare() -> None:
    parts = city()
    two = parts["responses"].replace({"district": {"A": "B", "D": "C"}})
    flat = parts["ratings"].where(parts["ratings"].isna(), 80.0)
    assert maybe(parts, column="size") is None
    assert maybe(parts | {"responses": two}) is None
    assert maybe(parts | {"responses": parts["responses"].assign(district=np.nan)}) is None
    assert maybe(parts | {"ratings": parts["ratings"] * np.nan}) is None
    assert maybe(parts | {"ratings": flat}) is None
    assert maybe(parts | {"clusters": np.zeros(400)}) is None
    assert maybe({name: values[:60] for name, values in city(share=0.2).items()}) is None
    assert scores.cells(small.survey(small.codebook([]), parts["responses"]), "district") is None


# --- simulated truth -------------------------------------------------------------------------------------


def truth(
    seed: int, between: float, groups: int = 15, departments: int = 35, n: int = 1000, places: float = 2.0
) -> dict[str, Any]:
    """Draw a city as the demo's: districts of unequal size, many of whose firms come through one chamber.

    `places` is the spread of districts' levels, `between` the variance of what a department has of its own in a district.
    """
    rng = np.random.default_rng([seed, groups])
    group = rng.choice(groups, n, p=np.sort(rng.dirichlet(np.full(groups, 3.0)))[::-1])
    chamber = np.where(rng.random(n) < 0.4, group, groups + rng.integers(0, 23, n))
    person = (
        rng.normal(0, 13, n) + rng.normal(0, 3, groups + 23)[chamber] + rng.normal(0, places, groups)[group]
    )
    contact = rng.beta(2, 3, departments).clip(0.08, 0.85)
    push = np.log(contact / (1 - contact)) + rng.normal(0, 0.55, n)[:, None]
    u = rng.normal(0, np.sqrt(between), (departments, groups))
    mean = 80 + rng.normal(0, 1.5, departments)
    y = mean + person[:, None] + u.T[group] + rng.normal(0, 17, (n, departments))
    y[rng.random(y.shape) > 1 / (1 + np.exp(-push))] = np.nan
    return {
        "y": y,
        "group": group,
        "u": u,
        "mean": mean,
        "design": Design(rng.lognormal(0, 0.75, n), clusters=chamber),
    }


def checked(seed: int, between: float, **size: int) -> list[float]:
    """Return squared errors of cells and direct estimates, stated errors, coverage, cells found, found wrongly."""
    from evalpkg.scores import small_areas

    drawn = truth(seed, between, **size)
    groups = drawn["u"].shape[1]
    cells = direct.direct_cells(drawn["y"], drawn["group"], groups, drawn["design"], 10)
    result = small_areas._departures(cells)
    assert result is not None
    share = cells.weight / cells.weight.sum(axis=1, keepdims=True)
    own = drawn["u"] - (share * drawn["u"]).sum(axis=1, keepdims=True)
    use = cells.usable
    error, mse = (result.shrunken - own)[use], result.mse[use]
    differs = small_areas._differs(result, 0.05)
    wrong = ((differs == "above") & (own <= 0)) | ((differs == "below") & (own >= 0))
    some = differs != "same"
    return [
        (error**2).mean(), ((result.direct - own)[use] ** 2).mean(), mse.mean(), (np.abs(error) < 1.96 * np.sqrt(mse)).mean(),
        some.any(), wrong.sum() / max(some.sum(), 1),
    ]  # fmt: skip


def checked_raw(seed: int, between: float) -> list[float]:
    """Return coverage, and whether a cell is found to differ, the refused way: raw means of cells, districts all alike."""
    drawn = truth(seed, between, places=0.0)
    departments, groups = drawn["u"].shape
    within = [np.where((drawn["group"] == g)[:, None], drawn["y"], np.nan) for g in range(groups)]
    raw = estimate.mean(np.stack(within, axis=2).reshape(len(drawn["y"]), -1), drawn["design"])
    assert raw.n_effective is not None
    use = (raw.n >= 10) & np.isfinite(raw.std_error)
    department, group = (index[use] for index in np.divmod(np.arange(departments * groups), groups))
    unit = (raw.df * raw.n_effective * raw.std_error**2)[use].sum() / raw.df[use].sum()
    x = np.hstack([np.eye(departments)[department], np.eye(groups)[group]])
    fit = fay_herriot(raw.estimate[use], unit / raw.n_effective[use], x)
    error = fit.estimate - drawn["mean"][department] - drawn["u"][department, group]
    against = fit.estimate - estimate.mean(drawn["y"], drawn["design"]).estimate[department]
    p = 2 * norm.sf(np.abs(against) / fit.std_error)
    return [(np.abs(error) < 1.96 * fit.std_error).mean(), float((false_discovery_control(p) <= 0.05).any())]


@pytest.mark.parametrize("between", [0.0, 16.0])
def test_intervals_cover_and_errors_halve(between: float) -> None:
    error, plain, stated, covered, some, wrong = np.mean(
        [checked(seed, between) for seed in range(40)], axis=0
    )
    assert error < 0.5 * plain
    assert covered > (0.99 if between == 0 else 0.93)
    assert wrong <= 0.05
    assert some <= 0.1 or between > 0
    assert between == 0 or stated == pytest.approx(error, rel=0.1)


def test_raw_means_find_what_is_not_there() -> None:
    """The negative control: the cells of a district share its firms, so that their raw means err together."""
    covered, some = np.mean([checked_raw(seed, 0.0) for seed in range(20)], axis=0)
    assert covered < 0.9
    assert some > 0.25


@pytest.mark.validate
@pytest.mark.parametrize("between", [0.0, 1.0, 4.0, 16.0])
def test_coverage_over_a_thousand_cities(between: float) -> None:
    runs = [checked(seed, between) for seed in range(1000)]
    error, plain, stated, covered, some, wrong = np.mean(runs, axis=0)
    assert error < 0.5 * plain
    assert covered > 0.93
    assert wrong <= 0.05
    assert some <= 0.05 or between > 0
    assert between == 0 or stated > 0.95 * error


# --- the demo ----------------------------------------------------------------------------------------------


def test_in_the_demo_no_department_differs_between_districts_and_none_is_said_to(demo_root: Path) -> None:
    """Districts of the demo have a level of their own, the same for all departments: the truth of a cell is its city score."""
    survey = surveys.open("2022H2", demo_root)
    city_wide = scores.departments(survey)
    assert city_wide is not None
    for column, count in [("district", 15), ("size", 5), ("industry", 7)]:
        result = scores.cells(survey, column, scores=city_wide)
        assert result is not None
        table = result.table.merge(
            city_wide.table[["department", "estimate"]], on="department", suffixes=("", "_city")
        )
        own, plain = table["estimate"] - table["estimate_city"], table["direct"] - table["estimate_city"]
        assert len(table) == 35 * count
        assert (own**2).mean() < 0.1 * (plain**2).mean()
        assert (table["differs"] == "same").all()
