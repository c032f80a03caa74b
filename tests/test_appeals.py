"""Appeals: survival against R and by hand, shrinkage, every count again by a plainer way, the demo against its truth."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import registers as made
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta as beta_distribution
from scipy.stats import binom, chi2, lognorm

from evalpkg import appeals, params
from evalpkg.appeals import survival
from evalpkg.appeals.register import pooled
from evalpkg.appeals.repeats import repeated
from evalpkg.disclosure import Gate
from evalpkg.ingest import InputRefused
from evalpkg.synthetic import appeals as truth
from evalpkg.synthetic import world

REFERENCE = Path(__file__).parent / "reference"
GATE = Gate(10, 30)
SEXES = ("1", "2")


@pytest.fixture(scope="module")
def lung() -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / "survival_lung.csv")
    return table.assign(sex=table["sex"].astype(str))


@pytest.fixture(scope="module")
def registers(demo_root: Path) -> tuple[appeals.Register, ...]:
    """Return the demo's registers, oldest first."""
    round_ = params.load("2022H2", demo_root)
    found = appeals.register(round_)
    assert found is not None
    return (*appeals.past(round_), found)


def days_after(day: int) -> str:
    return (date(2022, 7, 1) + timedelta(days=day)).isoformat()


# --- survival: R, by hand, and what censoring is for -----------------------------------------------------


@pytest.mark.parametrize("sex", SEXES)
def test_kaplan_meier_is_that_of_r(lung: pd.DataFrame, sex: str) -> None:
    own = lung[lung["sex"] == sex]
    curve = appeals.kaplan_meier(own["time"], own["status"] == 1)
    stored = pd.read_csv(REFERENCE / "survival_lung_km_ref.csv", dtype={"sex": str}).query("sex == @sex")
    stored = stored[stored["d"] > 0]
    assert curve.days.tolist() == stored["time"].tolist()
    assert curve.at_risk.tolist() == stored["n"].tolist()
    for ours, theirs in (("surviving", "surv"), ("std_error", "se"), ("low", "lo"), ("high", "hi")):
        told = stored[theirs].notna().to_numpy()  # R has no interval where the curve has come to 0
        np.testing.assert_allclose(getattr(curve, ours)[told], stored[theirs][told], rtol=0, atol=1e-9)


def test_medians_and_log_rank_are_those_of_r(lung: pd.DataFrame) -> None:
    stored = json.loads((REFERENCE / "survival_lung_ref.json").read_text(encoding="utf-8"))
    groups = {sex: lung[lung["sex"] == sex] for sex in SEXES}
    medians = {
        f"sex={sex}": appeals.quantile(appeals.kaplan_meier(t["time"], t["status"] == 1)).estimate
        for sex, t in groups.items()
    }
    assert medians == stored["median"]
    p = appeals.log_rank(lung["time"], lung["status"] == 1, lung["sex"])
    assert p == pytest.approx(chi2.sf(stored["logrank_chisq"], 1), rel=1e-9)


@pytest.mark.parametrize("sex", SEXES)
def test_the_interval_of_the_median_is_where_the_stored_band_crosses(lung: pd.DataFrame, sex: str) -> None:
    stored = pd.read_csv(REFERENCE / "survival_lung_km_ref.csv", dtype={"sex": str}).query("sex == @sex")
    own = lung[lung["sex"] == sex]
    time = appeals.quantile(appeals.kaplan_meier(own["time"], own["status"] == 1))
    crossed = [stored["time"][stored[edge] <= 0.5].min() for edge in ("lo", "hi")]
    assert [time.low, time.high] == crossed


CASES = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


def plain_curve(days: list[int], ended: list[bool]) -> dict[int, float]:
    """Product over the days of the share that did not end, as a textbook writes it."""
    share, found = 1.0, {}
    for day in sorted({d for d, end in zip(days, ended, strict=True) if end}):
        at_risk = sum(d >= day for d in days)
        gone = sum(d == day and end for d, end in zip(days, ended, strict=True))
        share *= 1 - gone / at_risk
        found[day] = share
    return found


@given(CASES)
def test_the_curve_is_the_product_of_a_textbook(cases: list[tuple[int, bool]]) -> None:
    days, ended = map(list, zip(*cases, strict=True))
    curve, expected = appeals.kaplan_meier(days, ended), plain_curve(days, ended)
    assert curve.days.tolist() == list(expected)
    np.testing.assert_allclose(curve.surviving, list(expected.values()), atol=1e-12)
    assert ((curve.low <= curve.surviving + 1e-12) & (curve.surviving <= curve.high + 1e-12)).all()
    assert (curve.low >= 0).all()
    assert (curve.high <= 1).all()


@given(CASES, st.integers(1, 40))
def test_the_restricted_mean_is_the_area(cases: list[tuple[int, bool]], horizon: int) -> None:
    days, ended = map(list, zip(*cases, strict=True))
    curve, expected = appeals.kaplan_meier(days, ended), plain_curve(days, ended)
    area = sum(min([s for d, s in expected.items() if d <= day], default=1.0) for day in range(horizon))
    assert appeals.restricted_mean(curve, horizon).estimate == pytest.approx(area, abs=1e-9)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_without_censoring_the_median_is_that_of_the_numbers(days: list[int]) -> None:
    found = appeals.quantile(appeals.kaplan_meier(days, [True] * len(days)))
    assert found.estimate == pytest.approx(np.median(days))


def test_the_error_of_the_restricted_mean_is_that_of_repetition() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        true, left = rng.exponential(20, 150), rng.uniform(0, 120, 150)
        curve = appeals.kaplan_meier(np.minimum(true, left), true <= left)
        mean = appeals.restricted_mean(curve, 60)
        found.append((mean.estimate, mean.std_error))
    estimates, errors = np.array(found).T
    assert estimates.mean() == pytest.approx(20 * (1 - np.exp(-3)), abs=0.2)  # 400 runs: 0.07 by chance
    assert errors.mean() == pytest.approx(estimates.std(), rel=0.1)  # the spread of 400 runs is known to 4%


def test_closed_ones_alone_are_too_fast() -> None:
    """Half a year in which appeals come in all the time; half of them take 20 days."""
    rng = np.random.default_rng(20)
    n = 40_000
    true = np.exp(rng.normal(np.log(20), 0.95, n))
    left = rng.uniform(0, 184, n)
    ended = true <= left
    found = appeals.quantile(appeals.kaplan_meier(np.minimum(true, left), ended))
    assert found.estimate == pytest.approx(20, abs=0.4)  # its interval is 0.5 wide at this n
    grid = np.arange(0.005, 184, 0.01)  # those that end before they are cut off, by plain summation
    seen = np.cumsum(lognorm.pdf(grid, 0.95, scale=20) * (1 - grid / 184))
    expected = grid[np.searchsorted(seen, seen[-1] / 2)]
    assert 17 < expected < 18
    assert np.median(true[ended]) == pytest.approx(expected, abs=0.4)
    assert found.low <= 20 <= found.high


def test_the_interval_of_the_median_covers() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(500):
        true, left = np.exp(rng.normal(np.log(14), 0.95, 120)), rng.uniform(0, 184, 120)
        time = appeals.quantile(appeals.kaplan_meier(np.minimum(true, left), true <= left))
        held.append(time.low <= 14 <= time.high)
    assert 0.92 <= np.mean(held) <= 0.98  # two errors of 500 runs around .95


def test_nothing_to_compare_is_no_difference() -> None:
    assert appeals.log_rank([1, 2, 3], [True] * 3, [0, 0, 0]) == 1
    assert appeals.log_rank([1, 2, 3, 4], [False] * 4, [0, 0, 1, 1]) == 1
    assert survival.holm([]).tolist() == []
    assert survival.holm([0.02, 0.01, 0.9]).tolist() == pytest.approx([0.04, 0.03, 0.9])


def test_log_rank_holds_its_level_and_finds_a_slow_office() -> None:
    rng = np.random.default_rng(11)
    level: list[bool] = []
    power: list[bool] = []
    for _ in range(300):
        group = np.repeat([0, 1], [150, 40])
        for slow, said in ((1.0, level), (2.0, power)):
            true = np.exp(rng.normal(np.log(11 * np.where(group == 1, slow, 1)), 0.95))
            left = rng.uniform(0, 184, 190)
            said.append(appeals.log_rank(np.minimum(true, left), true <= left, group) < 0.05)
    assert np.mean(level) <= 0.09  # .05 and three errors of 300 runs
    assert np.mean(power) >= 0.8


# --- shrinkage -----------------------------------------------------------------------------------------


def test_one_of_one_is_neither_certain_nor_best() -> None:
    found = appeals.shrunken([1, 55, 40, 30], [1, 60, 50, 50])
    low, high = found.interval()
    assert found.estimate[0] < found.estimate[1]
    assert low[0] < 0.6
    assert high[0] < 1


@given(
    st.lists(
        st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=2,
        max_size=20,
    )
)
def test_shrunken_shares_lie_between_their_own_and_the_others(groups: list[tuple[int, int]]) -> None:
    x, n = (np.array(part, dtype=float) for part in zip(*groups, strict=True))
    found = appeals.shrunken(x, n)
    raw = x / n
    assert ((found.estimate > 0) & (found.estimate < 1) & (found.std_error > 0)).all()
    assert (
        found.estimate <= np.maximum(raw, found.mean) + 0.02
    ).all()  # the points of the grid lie 0.0125 apart
    assert (found.estimate >= np.minimum(raw, found.mean) - 0.02).all()
    low, high = found.interval()
    assert ((low < found.estimate) & (found.estimate < high)).all()


def test_order_does_not_matter() -> None:
    x, n = np.array([3, 10, 40, 0]), np.array([4, 30, 60, 5])
    one, other = appeals.shrunken(x, n), appeals.shrunken(x[::-1], n[::-1])
    np.testing.assert_allclose(one.estimate, other.estimate[::-1], rtol=1e-12)


def test_the_posterior_is_that_of_plain_integration() -> None:
    """The same model with nothing but a double loop over mean and shrinkage, on a finer grid."""
    x, n = np.array([2, 15, 30]), np.array([5, 20, 80])
    harmonic = len(n) / np.sum(1 / n)
    total, top = 0.0, np.zeros(3)
    for m in np.linspace(0.005, 0.995, 199):
        for b in np.linspace(0.01, 0.99, 99):
            strength = harmonic * (1 - b) / b
            shares = np.linspace(0.001, 0.999, 400)
            prior = beta_distribution.pdf(shares, m * strength, (1 - m) * strength)
            each = [(binom.pmf(xi, ni, shares) * prior).mean() for xi, ni in zip(x, n, strict=True)]
            weight = float(np.prod(each))
            total += weight
            top += weight * (m * strength + x) / (strength + n)
    np.testing.assert_allclose(
        appeals.shrunken(x, n).estimate, top / total, atol=0.01
    )  # steps of share and grid


def simulated(rng: np.random.Generator, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = rng.choice([1, 2, 4, 8, 15, 30, 70], 40)
    p = rng.beta(0.45 * spread, 0.55 * spread, 40)
    return rng.binomial(n, p), n, p


@pytest.mark.parametrize("spread", [8.0, 40.0, 400.0])
def test_shrinking_halves_the_error_and_its_intervals_cover(spread: float) -> None:
    rng = np.random.default_rng(int(spread))
    raw, small, held = [], [], []
    for _ in range(120):
        x, n, p = simulated(rng, spread)
        found = appeals.shrunken(x, n)
        low, high = found.interval()
        raw.append(np.mean((x / n - p) ** 2))
        small.append(np.mean((found.estimate - p) ** 2))
        held.append(np.mean((low <= p) & (p <= high)))
    assert np.mean(small) < 0.5 * np.mean(raw)
    assert np.mean(held) >= 0.93  # departments that are all alike are covered too well


# --- counts, a second way --------------------------------------------------------------------------------


def raw_table(root: Path, name: str = "2022H2") -> pd.DataFrame:
    return pd.read_csv(
        root / "data" / "raw" / name / "appeals.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )


def test_the_overview_counts_the_file(demo_root: Path, registers: tuple[appeals.Register, ...]) -> None:
    rows = raw_table(demo_root).to_dict("records")
    found = appeals.overview(registers[-1])
    assert found is not None
    counts = found.table.set_index("step")["count"].to_dict()
    ended = [row for row in rows if row["closed"]]
    assert counts["received"] == len(rows)
    assert counts["ended"] == len(ended)
    assert counts["solved"] == sum(row["outcome"] == "resolved" for row in ended)
    assert counts["partly"] == sum(row["outcome"] == "partly" for row in ended)
    assert counts["reopened"] == sum(row["reopened_n"] != "0" for row in rows)
    assert counts["waiting"] == sum(not row["closed"] and row["due"] < "2022-12-31" for row in rows)
    assert counts["late"] == counts["waiting"] + sum(row["closed"][:10] > row["due"] for row in ended)
    parts = ("solved", "partly", "explained", "not_resolved", "out_of_scope")
    assert sum(counts[part] for part in parts) == counts["ended"]
    assert counts["ended"] + counts["open"] + counts["withdrawn"] == counts["received"]


def test_satisfaction_and_its_bounds(demo_root: Path, registers: tuple[appeals.Register, ...]) -> None:
    rows = [row for row in raw_table(demo_root).to_dict("records") if row["closed"]]
    found = appeals.satisfaction(registers[-1])
    assert found is not None
    table = found.table.set_index("step")
    asked = [row for row in rows if row["satisfaction_asked"] == "true"]
    answered = [row for row in asked if row["satisfaction"]]
    happy = [row for row in answered if int(row["satisfaction"]) >= 4]
    assert table.loc[["asked", "answered", "satisfied", "least"], "count"].tolist() == [
        len(asked),
        len(answered),
        len(happy),
        len(happy),
    ]
    assert table.loc["most", "count"] == len(happy) + len(rows) - len(answered)
    assert table["n"].tolist() == [len(rows), len(asked), len(answered), len(rows), len(rows)]


def test_departments_count_every_body_that_handles(
    demo_root: Path, registers: tuple[appeals.Register, ...]
) -> None:
    found = appeals.departments(registers[-1], registers[:-1])
    assert found is not None
    counts: dict[str, int] = {}
    solved: dict[str, int] = {}
    former = {"YS0": "YS", "MJ0": "MJ", "JL": "MJ"}
    for name in world.WAVES:
        for row in raw_table(demo_root, name).to_dict("records"):
            units = {former.get(c.split("-")[0], c.split("-")[0]) for c in row["department"].split(";")}
            for unit in units:
                counts[unit] = counts.get(unit, 0) + 1
                solved[unit] = solved.get(unit, 0) + (
                    row["outcome"] == "resolved" and row["status"] == "closed"
                )
    table = found.table.set_index("unit")
    large = {unit: n for unit, n in counts.items() if n >= 10}
    assert table["n"].drop("REST").to_dict() == large
    assert table.loc["REST", "n"] == sum(counts.values()) - sum(large.values())
    assert table["count"].drop("REST").to_dict() == {unit: solved[unit] for unit in large}
    assert found.extra["mean"] == round(100 * sum(solved.values()) / sum(counts.values()), 1)
    assert (
        table.loc["REST", ["estimate", "ended", "late", "reopened"]].isna().all()
    )  # shares would give counts away


def test_small_departments_are_one_row_and_small_numerators_are_bounds(
    registers: tuple[appeals.Register, ...],
) -> None:
    found = appeals.departments(registers[-1], registers[:-1])
    shown = GATE(found)
    assert found is not None
    assert shown is not None
    assert (found.table["n"] >= 10).all()
    few = found.table["count"] < 10
    assert few.any()
    assert (
        shown.table.loc[few, ["estimate", "std_error", "conf_low", "family_low", "family_high"]]
        .isna()
        .all(axis=None)
    )
    assert (shown.table.loc[few, "shown"] == "below").all()
    alone = found.table[found.table["unit"] != "REST"]
    assert alone.loc[alone["n"] < 20, "median"].isna().all()


def test_two_slow_departments_are_told_from_the_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = []
    for number in range(240):
        slow = number % 4 == 0
        day, took = int(rng.integers(0, 100)), int(np.exp(rng.normal(np.log(40 if slow else 8), 0.5))) + 1
        done = (
            {"status": "closed", "outcome": "resolved" if number % 3 else "partly"}
            if day + took < 180
            else {}
        )
        closed = {"closed": days_after(day + took)} if done else {}
        rows.append(
            made.appeal(
                number,
                submitted=days_after(day),
                department="D09" if slow else ("D26", "D08;D24", "LC-D20")[number % 3],
                **done,
                **closed,
            )
        )
    register = made.register(tmp_path, rows)
    found = appeals.departments(register)
    assert found is not None
    table = found.table.set_index("unit")
    assert table["slower"].to_dict() == {unit: unit == "D09" for unit in table.index}
    assert table["median"]["D09"] > 25
    assert table["median"]["D24"] == pytest.approx(8, abs=3)
    level = appeals.groups(register, "level")
    assert level is not None
    assert level.table["group"].tolist() == ["city", "county"]
    assert level.extra["p"] < 0.05


# --- text ------------------------------------------------------------------------------------------------

LONG = "去年政府项目的工程款到现在还没有结清，跑了很多趟都说在走流程"


def test_an_appeal_repeats_one_of_the_ninety_days_before_it(tmp_path: Path) -> None:
    rows = [
        made.appeal(1, text=LONG, submitted="2022-07-01", **made.CLOSED),
        made.appeal(2, text=LONG + "！", submitted="2022-07-20"),  # after the first was closed
        made.appeal(3, text=LONG, submitted="2022-08-01"),  # while the second is open
        made.appeal(4, text=LONG, submitted="2022-12-20"),  # too long after
        made.appeal(5, text=LONG, submitted="2022-07-25", district="XG"),  # another county
        made.appeal(6, text="停车难", submitted="2022-07-02"),
        made.appeal(7, text="停车难", submitted="2022-07-03"),  # too short to tell
    ]
    rows[0]["submitted"] = "2022-07-01"
    register = made.register(tmp_path, rows)
    table = repeated(pooled(register))
    assert table["repeats"].sort_index().tolist() == ["", "after_end", "while_open", "", "", "", ""]
    assert table["judged"].sort_index().tolist() == [True] * 5 + [False] * 2
    found = appeals.repeats(register)
    assert found is not None
    assert found.table[["count", "n"]].values.tolist() == [[2, 5], [1, 5], [1, 5]]
    assert found.extra["looks_back"] == "no"


def test_a_repetition_is_found_across_half_years(tmp_path: Path) -> None:
    root = made.workspace(tmp_path, "2022H1", "2022H2")
    first = made.appeal(
        1, text=LONG, submitted="2022-06-01", status="closed", closed="2022-06-10", outcome="explained"
    )
    made.write(root / "data" / "raw" / "2022H1" / "appeals.csv", [first])
    made.write(root / "data" / "raw" / "2022H2" / "appeals.csv", [made.appeal(2, text=LONG)])
    round_ = params.load("2022H2", root)
    found = appeals.repeats(appeals.register(round_), appeals.past(round_))
    assert found is not None
    assert found.table["count"].tolist() == [1, 1, 0]
    assert found.extra["looks_back"] == "yes"


def test_themes_are_those_of_the_text_and_agree_with_the_truth(
    registers: tuple[appeals.Register, ...],
) -> None:
    found = appeals.themes(registers[-1], registers[:-1])
    assert found is not None
    assert found.table["count"].sum() == len(registers[-1].cases)
    assert found.table["estimate"].sum() == pytest.approx(100)
    assert (found.table["solved_count"] <= found.table["count"]).all()
    assert found.table["solved_count"].sum() == registers[-1].cases["solved"].sum()
    agreement = found.extra["agreement"].table.iloc[0]
    assert agreement["estimate"] > 75  # the demo's staff always name the true theme
    every = pooled(registers[-1], registers[:-1])
    assert agreement["n"] == ((every["category_src"] == "human") & (every["category"] != "")).sum()
    assert agreement["alpha_low"] < agreement["alpha"] < agreement["alpha_high"]


# --- bad and unusual input -------------------------------------------------------------------------------


def every_result(register: appeals.Register) -> list[Any]:
    return [
        appeals.overview(register), appeals.durations(register), appeals.curve(register), appeals.satisfaction(register),
        appeals.groups(register, "channel"), appeals.groups(register, "size"), appeals.departments(register), appeals.themes(register),
        appeals.repeats(register),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [made.appeal(1)],
        [made.appeal(1, **made.CLOSED)],
        [made.appeal(number) for number in range(30)],
        [made.appeal(number, status="withdrawn") for number in range(30)],
        [made.appeal(number, **made.CLOSED) for number in range(30)],
        [made.appeal(number, **{**made.CLOSED, "closed": "2022-07-01"}) for number in range(30)],
        [made.appeal(number, submitted="2022-12-31") for number in range(30)],
    ],
    ids=["none", "one open", "one closed", "all open", "all withdrawn", "all on one day", "at once", "all on the last day"],
)  # fmt: skip
def test_unusual_registers_go_through_the_gate(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    register = made.register(tmp_path, rows)
    for result in every_result(register):
        assert result is None or GATE(result) is not None
    days = appeals.durations(register)
    assert days is not None
    assert days.table["n"].iloc[0] == register.cases["days"].notna().sum()


def test_all_open_have_no_median_and_one_day_has_it_exactly(tmp_path: Path) -> None:
    still = appeals.durations(made.register(tmp_path / "open", [made.appeal(number) for number in range(40)]))
    done = appeals.durations(
        made.register(tmp_path / "done", [made.appeal(number, **made.CLOSED) for number in range(40)])
    )
    assert still is not None
    assert done is not None
    assert still.table[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert still.table["mean"].iloc[0] == 90  # all of them wait longer than the horizon
    assert done.table[["estimate", "q25", "q75"]].iloc[0].tolist() == [10, 10, 10]


def test_what_rests_on_few_is_not_told(tmp_path: Path) -> None:
    rows = [made.appeal(number, **{**made.CLOSED, "closed": days_after(number)}) for number in range(1, 20)]
    days = appeals.durations(made.register(tmp_path / "few", rows))
    assert days is not None
    assert np.isnan(days.table["estimate"].iloc[0])  # a median of 19 has nine on a side
    more = [made.appeal(number, **{**made.CLOSED, "closed": days_after(number)}) for number in range(1, 43)]
    curve = appeals.curve(made.register(tmp_path / "curve", more))
    assert curve is not None
    assert curve.table["day"].tolist() == [10, 20, 30]  # ten end between two of them, and ten are left


def test_a_day_that_has_not_come_is_refused(tmp_path: Path) -> None:
    """One slip of the pen would move the day of observation, and with it what is open and late."""
    rows = [made.appeal(1, **{**made.CLOSED, "closed": "2132-07-14"})]
    with pytest.raises(InputRefused, match=r"closed 晚于今天.*E-APPEALDATE"):
        made.register(tmp_path, rows)


# --- coverage --------------------------------------------------------------------------------------------


def test_coverage_is_the_file_over_the_population(demo_root: Path) -> None:
    round_ = params.load("2022H2", demo_root)
    found = appeals.coverage(round_)
    assert found is not None
    margins = pd.read_csv(round_.raw / "margins.csv", encoding="utf-8-sig")
    firms = margins[margins["size"] != "G"]["N"].sum()
    assert found.table["estimate"].tolist() == pytest.approx(
        [100 * 41_927 / margins["N"].sum(), 100 * 41_927 / firms]
    )
    assert {name: found.extra[name] for name in ("enterprises", "province_share", "bodies")} == {
        "enterprises": 41_927, "province_share": 27, "bodies": 485,
    }  # fmt: skip


def test_coverage_takes_the_last_date_by_the_end_of_the_round(demo_root: Path, tmp_path: Path) -> None:
    root = made.workspace(tmp_path, "2022H1", "2022H2")
    columns = ("asof", "enterprises", "province_share", "bodies", "source")
    dates = (("2022-12-31", 300), ("2022-06-30", 200), ("2023-06-30", 400))
    made.write(
        root / "data" / "raw" / "platform.csv",
        [{"asof": d, "enterprises": n, "source": "示例"} for d, n in dates],
        columns,
    )
    for name in ("2022H1", "2022H2"):
        folder = root / "data" / "raw" / name
        folder.mkdir(parents=True)
        (folder / "margins.csv").write_bytes((demo_root / "data" / "raw" / name / "margins.csv").read_bytes())
    found = [appeals.coverage(params.load(name, root)) for name in ("2022H1", "2022H2")]
    assert [one.extra["enterprises"] for one in found if one] == [200, 300]


@pytest.mark.parametrize(
    ("row", "told"),
    [({"asof": "31/12", "enterprises": "5"}, "asof 不是日期"), ({"asof": "2022-12-31", "enterprises": "多"}, "enterprises 应为"),
     ({"asof": "2022-12-31", "enterprises": "5", "bodies": "-1"}, "bodies 应为")],
)  # fmt: skip
def test_faults_of_the_platform_file_name_the_line(tmp_path: Path, row: dict[str, str], told: str) -> None:
    root = made.workspace(tmp_path)
    columns = ("asof", "enterprises", "province_share", "bodies", "source")
    made.write(root / "data" / "raw" / "platform.csv", [row], columns)
    with pytest.raises(params.ParamsError, match=f"platform.csv 第 2 行：{told}"):
        appeals.coverage(params.load("2022H2", root))


# --- the demo against its truth --------------------------------------------------------------------------


def true_days(cases: pd.DataFrame) -> float:
    """Draw what really happens to appeals of these bodies, many times over, and take the median in whole days."""
    rng = np.random.default_rng(0)
    codes = [codes[0] for codes in cases["department"]]
    speed = [
        truth.SPEED.get(c.rpartition("-")[2], 1.0) * (truth.COUNTY_SPEED if "-" in c else 1.0) for c in codes
    ]
    median = truth.MEDIAN_DAYS * np.tile(speed, 300)
    first, second = (np.exp(rng.normal(np.log(median), truth.SPREAD_DAYS)) for _ in range(2))
    days = first + np.where(rng.random(len(median)) < truth.REOPENED, second, 0)
    accepted = (1 + 24 * np.floor(rng.exponential(0.8, len(median)))) / 24
    clock = rng.uniform(8, 20, len(median)) / 24  # days are counted from midnight to midnight
    days = np.where(rng.random(len(median)) < truth.NEVER, 9999, np.floor(clock + accepted + days))
    return float(np.median(days))


def test_intervals_of_the_median_hold_the_truth(registers: tuple[appeals.Register, ...]) -> None:
    found = appeals.durations(registers[-1], registers[:-1])
    assert found is not None
    held = []
    for row, register in zip(found.table.to_dict("records"), reversed(registers), strict=True):
        held.append(row["conf_low"] <= true_days(register.cases) <= row["conf_high"])
    assert sum(held) >= 4  # of five intervals of 95%, one may miss
    assert held[0]


def test_shares_solved_hold_the_truth(registers: tuple[appeals.Register, ...]) -> None:
    """Every department solves the same true share of what it closes, so every interval must hold it."""
    every = pooled(registers[-1], registers[:-1])
    ended = every[every["ended"]]
    expected = truth.OUTCOMES["resolved"]
    assert abs(ended["solved"].mean() - expected) < 3 * np.sqrt(expected * (1 - expected) / len(ended))
    found = appeals.departments(registers[-1], registers[:-1])
    assert found is not None
    true = 100 * expected * len(ended) / len(every)
    rows = found.table[found.table["unit"] != "REST"]
    assert ((rows["conf_low"] <= true) & (true <= rows["conf_high"])).mean() >= 0.95
    assert not (
        (rows["family_low"] > found.extra["mean"]) | (rows["family_high"] < found.extra["mean"])
    ).any()


def test_never_closed_and_reopened_hold_the_truth(registers: tuple[appeals.Register, ...]) -> None:
    every = pooled(registers[-1], registers[:-1])
    curve = appeals.kaplan_meier(every["days"], every["ended"])
    late = curve.days <= 120
    assert (
        curve.low[late][-1] <= truth.NEVER + 0.02
    )  # two per cent of true closings take longer than 120 days
    assert curve.high[late][-1] >= truth.NEVER
    reopened, n = int((every["reopened_n"] > 0).sum()), len(every)
    low, high = beta_distribution.ppf([0.005, 0.995], reopened + 0.5, n - reopened + 0.5)
    assert low <= truth.REOPENED <= high
