"""The simulations behind `make validate`: their worlds, how runs are shared out, and the table that they fill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import short_coverage
from scipy import stats
from validation import places, simulation, table, worlds
from validation.scenario import Row, differences, within
from validation.simulation import Outcome

from evalpkg.estimate import mean

# --- the worlds tell the truth ----------------------------------------------------------------------------


def test_the_truth_of_a_world_is_what_a_very_large_sample_finds() -> None:
    made = worlds.build(worlds.demo_means(), chambers=0, harsh=worlds.CONFOUNDED)
    sample = worlds.draw(made, np.random.default_rng(5), n=60_000)
    found = mean(sample.ratings, sample.design)
    off = (found.estimate - worlds.among_contacts(made)) / found.std_error
    # 36 standard normal deviations: the sum of their squares is chi-square, the largest below 4
    assert np.abs(off).max() < 4
    assert off @ off < stats.chi2.ppf(0.999, 36)
    assert mean(sample.ratings[:, -1] == worlds.BEST, sample.design).estimate == pytest.approx(
        worlds.satisfied(made), abs=0.012
    )
    met = mean((~np.isnan(sample.ratings)).astype(float), sample.design).estimate
    assert met == pytest.approx(worlds.contact_rates(made), abs=0.015)


def test_a_world_meets_the_reference_tables() -> None:
    made = worlds.build(worlds.demo_means(), chambers=0)
    rates = worlds.reference()["synthetic_contact_rate"].to_numpy()
    assert worlds.contact_rates(made)[:-1] == pytest.approx(rates, abs=1e-9)
    assert worlds.if_all_rated(made)[:-1] == pytest.approx(worlds.demo_means(), abs=0.01)


def test_where_every_firm_rates_confounding_changes_nothing() -> None:
    plain = worlds.build(worlds.demo_means(), chambers=0)
    harsh = worlds.build(worlds.demo_means(), chambers=0, harsh=worlds.CONFOUNDED)
    assert np.array_equal(worlds.if_all_rated(plain), worlds.if_all_rated(harsh))
    gap = worlds.among_contacts(harsh) - worlds.if_all_rated(harsh)
    regulators = (worlds.reference()["role"] == "regulator").to_numpy()
    assert gap[:-1][regulators].mean() < -3 < gap[:-1][~regulators].mean()


def test_equal_departments_are_equal_to_the_last_digit() -> None:
    true = worlds.if_all_rated(worlds.build(np.full(35, 81.0), chambers=15))[:-1]
    assert np.unique(true).size == 1


def test_districts_average_to_the_city() -> None:
    local = np.random.default_rng(1).normal(0, 0.3, (len(worlds.DISTRICTS), 35))
    made = worlds.build(worlds.demo_means(), chambers=0, local=local)
    firms = made.cells.groupby("district")["N"].sum().reindex(worlds.DISTRICTS).to_numpy(dtype=float)
    assert firms @ worlds.by_district(made) / firms.sum() == pytest.approx(worlds.if_all_rated(made))


@pytest.mark.parametrize(("chambers", "even", "groups"), [(15, True, 15), (38, False, 38), (0, True, 1000)])
def test_a_sample_has_its_quotas_clusters_and_margins(chambers: int, even: bool, groups: int) -> None:
    made = worlds.build(worlds.demo_means(), chambers=chambers, even=even)
    design = worlds.draw(made, np.random.default_rng(2)).design
    assert (design.n, design.n_clusters) == (worlds.FIRMS, groups)
    assert design.calibration is not None
    assert design.calibration["size"].value_counts().to_dict() == {
        "L": 40, "M": 100, "S": 230, "X": 280, "G": 350,
    }  # fmt: skip
    for name, totals in made.margins.items():
        reached = design.cells and np.bincount(
            design.calibration[name].astype("category").cat.codes, weights=design.weights
        )
        assert reached == pytest.approx(totals.sort_index().to_numpy(dtype=float))
    sizes = np.bincount(design.cluster_codes)
    assert sizes.max() - sizes.min() <= 1 if even else 0.5 < sizes.std() / sizes.mean() < 0.75


# --- places that are truly possible -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theta", "lowest", "highest"),
    [
        ([3, 2, 2, 1], [1, 2, 2, 4], [1, 3, 3, 4]),
        ([5, 5, 5], [1, 1, 1], [3, 3, 3]),
        ([1, 2, 3], [3, 2, 1], [3, 2, 1]),
    ],
)
def test_tied_departments_may_take_every_place_of_the_tie(
    theta: list[float], lowest: list[int], highest: list[int]
) -> None:
    low, high = places.possible(np.array(theta))
    assert (low.tolist(), high.tolist()) == (lowest, highest)


def test_pairs_and_coverage_are_counted_plainly() -> None:
    assert differences(4) @ np.arange(4) == pytest.approx([-1, -2, -3, -1, -2, -1])
    assert within(np.array([0.0, 2.0]), np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 0.5


# --- coverage ---------------------------------------------------------------------------------------------


@pytest.mark.validate
def test_shrunken_cells_of_a_round_cover_and_gain() -> None:
    assert short_coverage.faults("cells_differ", 40) == []  # 525 cells a run


@pytest.mark.validate
def test_adjusting_for_severity_is_what_makes_the_difference() -> None:
    values, _ = simulation.simulate("differences_firms", 0, 50)
    adjusted, raw = values.mean(axis=0)
    assert adjusted > 0.92
    assert raw < 0.60


def test_runs_do_not_depend_on_how_they_are_shared_out() -> None:
    whole, _ = simulation.simulate("areas_differ", 0, 6)
    parts = [simulation.simulate("areas_differ", first, 2)[0] for first in (0, 2, 4)]
    assert np.array_equal(whole, np.concatenate(parts))
    (key, found), *more = simulation.run(["areas_differ"], 6, workers=1)
    assert (key, more) == ("areas_differ", [])
    assert [outcome.rate for outcome in found] == pytest.approx(whole.mean(axis=0))


# --- the table --------------------------------------------------------------------------------------------


def outcome(kind: str, rate: float) -> Outcome:
    return Outcome(Row("what", kind), "38 chambers", 1000, rate, 0.0071, 12.3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "rate", "words"),
    [
        ("interval", 0.95, "inside .93-.97"),
        ("interval", 0.929, "**OUTSIDE .93-.97**"),
        ("interval", 0.971, "**OUTSIDE .93-.97**"),
        ("joint", 0.999, "at least .94"),
        ("joint", 0.939, "**BELOW .94**"),
        ("control", 0.44, "fails, as it must"),
        ("control", 0.95, "**does not fail**"),
        ("gain", 0.5, "a gain"),
        ("gain", 1.1, "**no gain**"),
    ],
)
def test_a_row_that_fails_is_shown_as_failing(kind: str, rate: float, words: str) -> None:
    assert table.verdict(outcome(kind, rate)) == words


def test_the_table_prints_a_line_a_row_and_counts_them() -> None:
    found = {"a": [outcome("interval", 0.949), outcome("control", 0.44)], "b": [outcome("joint", 0.9)]}
    lines = table.markdown(found).splitlines()
    assert lines[2] == "| what | 38 chambers | 1,000 | .95 | .949 | .007 | inside .93-.97 | 12 |"
    assert lines[3].endswith("| fails, as it must | ″ |")
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert lines[-1] == "1 of 2 statements hold; 1 of 1 controls fail, as they must."


def test_the_table_stands_between_its_markers_and_nothing_else_changes() -> None:
    text = f"# before\n\n{table.OPENING}\nold\n{table.CLOSING}\n\nafter\n"
    once = table.replaced(text, "| new |")
    assert once == f"# before\n\n{table.OPENING}\n| new |\n{table.CLOSING}\n\nafter\n"
    assert table.replaced(once, "| new |") == once


@pytest.mark.parametrize("text", ["no markers", f"{table.OPENING}", f"{table.OPENING}{table.CLOSING}" * 2])
def test_a_file_without_the_place_for_the_table_is_refused(text: str) -> None:
    with pytest.raises(table.TableError, match="once each"):
        table.replaced(text, "")


def test_the_methods_show_every_scenario() -> None:
    methods = (Path(__file__).parents[1] / "METHODS.md").read_text(encoding="utf-8")
    shown = methods.partition(table.OPENING)[2].partition(table.CLOSING)[0]
    if not shown.strip():
        pytest.skip("METHODS.md has no table yet: make validate writes it")
    rows = [row for scenario in simulation.SCENARIOS.values() for row in scenario.rows]
    assert [row.label for row in rows if f"| {row.label} |" not in shown] == []
