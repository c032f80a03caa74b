"""calibration: two phases by brute force, intervals that cover, and the demo's shares beside their truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import short_coverage
from coding_sheets import at, by_machine, fill, labels, remarks_of, true_themes, written
from validation import simulation, themes

from evalpkg import disclosure, estimate
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.hand import calibration, phases, sampling, sheet
from evalpkg.complaints.hand.calibration import calibrated
from evalpkg.complaints.hand.filled import NO_PROBLEM, NONE
from evalpkg.complaints.hand.phases import Phases, two_phase
from evalpkg.complaints.hand.sheet import Coding
from evalpkg.complaints.hand.workbook import CODERS, SETTLED
from evalpkg.estimate import Design

FIRST, SECOND = CODERS
Floats = np.ndarray


# --- a hand-made survey of which everything is known ------------------------------------------------------


def world(n: int = 240, quality: float = 0.8, seed: int = 0, clusters: bool = True) -> tuple[Phases, Floats]:
    """Make a survey of two themes with unequal weights, of whom a fifth wrote nothing; all coded by hand so far."""
    rng = np.random.default_rng(seed)
    weights = np.exp(rng.normal(0, 0.7, n))
    design = Design(weights, clusters=np.arange(n) // 6 if clusters else None)
    wrote = np.arange(n) % 5 > 0
    true = ((rng.random((n, 2)) < [0.4, 0.15]) & wrote[:, None]).astype(float)
    machine = np.where(rng.random((n, 2)) < quality, true, 1 - true) * wrote[:, None]
    named = pd.DataFrame(machine[wrote], columns=["a", "b"])
    stratum = np.full(n, -1)
    stratum[wrote] = pd.factorize(sampling.rarest(named), sort=True)[0]
    return Phases(machine, true, stratum, wrote.astype(float), design), true


def partly(whole: Phases, true: Floats, coded: int, rng: np.random.Generator) -> Phases:
    """Let people code some of those who wrote."""
    wrote = whole.stratum >= 0
    strata, weights = whole.stratum[wrote].astype(str).astype(object), whole.design.weights[wrote]
    taken, chance = sampling.selected(strata, weights, coded, rng)
    probability, hand = np.zeros(len(true)), np.full(true.shape, np.nan)
    probability[wrote] = chance
    rows = np.flatnonzero(wrote)[taken]
    hand[rows] = true[rows]
    return Phases(whole.machine, hand, whole.stratum, probability, whole.design)


def by_hand(phases_: Phases, power: Floats) -> Floats:
    """Compute the estimator stratum by stratum: all by machine, and the mean of what people found beyond it."""
    w, total = phases_.design.weights, phases_.design.weights.sum()
    share = np.zeros(2)
    for stratum in range(phases_.stratum.max() + 1):
        inside = phases_.stratum == stratum
        sure, open_ = inside & (phases_.probability >= 1), inside & (phases_.probability < 1)
        drawn = open_ & phases_.coded
        share += w[sure] @ phases_.hand[sure] / total
        if drawn.any():
            counts_for = w[drawn] / phases_.probability[drawn]
            beyond = phases_.hand[drawn] - power * phases_.machine[drawn]
            mean = counts_for @ beyond / counts_for.sum()
            share += (w[open_] @ (power * phases_.machine[open_]) + w[open_].sum() * mean) / total
    return share


def test_the_estimate_is_the_difference_estimator_stratum_by_stratum() -> None:
    whole, true = world()
    some = partly(whole, true, 60, np.random.default_rng(5))
    found = two_phase(some)
    assert found.both.estimate == pytest.approx(by_hand(some, found.power))
    assert found.alone.estimate == pytest.approx(by_hand(some, np.zeros(2)))
    # chances in proportion to weights: the plain inverse-probability form is the same
    w, drawn = some.design.weights, some.coded
    inverse = w[drawn] / some.probability[drawn]
    plain = w @ (found.power * some.machine) + inverse @ (some.hand - found.power * some.machine)[drawn]
    assert found.both.estimate == pytest.approx(plain / w.sum())


def test_weights_that_changed_after_the_draw_do_no_harm() -> None:
    whole, true = world()
    some = partly(whole, true, 60, np.random.default_rng(5))
    later = Design(
        some.design.weights * np.exp(np.random.default_rng(1).normal(0, 0.3, 240)),
        clusters=some.design.clusters,
    )
    changed = Phases(some.machine, some.hand, some.stratum, some.probability, later)
    found = two_phase(changed)
    assert found.both.estimate == pytest.approx(by_hand(changed, found.power))
    everything = Phases(
        changed.machine, np.ones((240, 2)) * [1, 0], changed.stratum, changed.probability, later
    )
    ones = np.where(changed.coded[:, None], everything.hand, np.nan)
    wrote = later.weights[changed.stratum >= 0].sum() / later.weights.sum()
    found = two_phase(Phases(changed.machine, ones, changed.stratum, changed.probability, later))
    assert found.alone.estimate == pytest.approx([wrote, 0])  # exact for what never varies


def test_all_coded_by_hand_is_the_survey_as_if_there_were_no_machine() -> None:
    whole, true = world(clusters=False)
    found, plain = two_phase(whole).both, estimate.share(true, whole.design)
    assert found.estimate == pytest.approx(plain.estimate)
    assert found.std_error == pytest.approx(plain.std_error)
    assert found.interval()[0] == pytest.approx(
        plain.interval()[0], rel=0.02
    )  # other degrees of freedom, both large


def test_it_is_unbiased_and_its_variance_is_that_of_drawing_again() -> None:
    whole, true = world()
    truth = whole.weights @ true
    runs = 800
    drawn = [partly(whole, true, 60, np.random.default_rng([9, run])) for run in range(runs)]
    found = [two_phase(one) for one in drawn]
    alone = np.array([one.alone.estimate for one in found])
    assert (np.abs(alone.mean(axis=0) - truth) < 4 * alone.std(axis=0) / np.sqrt(runs)).all()
    both = np.array([one.both.estimate for one in found])
    spread = both.std(axis=0)
    # the power is chosen on the same rows: a bias, but one far smaller than the error
    assert (np.abs(both.mean(axis=0) - truth) < 4 * spread / np.sqrt(runs) + 0.05 * spread).all()
    added = [
        one.spread @ phases.error_variance(one, one.within(one.known - two.power * one.machine))
        for one, two in zip(drawn, found, strict=True)
    ]
    # the prior adds a little on purpose, fitting the power takes a little away
    assert np.sqrt(np.mean(added, axis=0)) == pytest.approx(spread, rel=0.12)


def test_the_power_is_the_regression_within_strata() -> None:
    whole, true = world(seed=3, clusters=False)
    together = Phases(
        whole.machine,
        whole.hand,
        np.where(whole.stratum >= 0, 0, -1),
        whole.probability,
        Design(np.ones(240)),
    )
    some = partly(together, true, 80, np.random.default_rng(2))
    slopes = [
        np.polyfit(some.machine[some.drawn, j], some.hand[some.drawn, j], 1)[0] for j in range(2)
    ]  # one stratum of equal chances: ordinary least squares
    assert two_phase(some).power == pytest.approx(slopes)


def test_a_perfect_machine_is_believed_and_a_useless_one_is_not() -> None:
    for quality, low, high in ((1.0, 0.999, 1.0), (0.5, 0.0, 0.3)):
        whole, true = world(600, quality=quality, seed=4)
        one = Phases(
            whole.machine, true, np.where(whole.stratum >= 0, 0, -1), whole.probability, whole.design
        )
        some = partly(one, true, 150, np.random.default_rng(1))
        power = two_phase(some).power
        assert (low <= power).all() and (power <= high).all()


def test_the_machine_never_widens_the_limits_by_much() -> None:
    """A useless machine costs what the strata cost; with one stratum, next to nothing."""
    ratios = []
    for seed in range(40):
        whole, true = world(500, quality=0.5, seed=seed)
        one = Phases(
            whole.machine, true, np.where(whole.stratum >= 0, 0, -1), whole.probability, whole.design
        )
        found = two_phase(partly(one, true, 150, np.random.default_rng(seed)))
        ratios.append(found.both.std_error / found.alone.std_error)
    assert np.mean(ratios) < 1.02


def test_a_stratum_without_an_error_has_limits_all_the_same() -> None:
    whole, true = world(quality=1.0, clusters=False)
    some = partly(whole, true, 60, np.random.default_rng(5))
    assert not some.within(some.known - some.machine).any()
    found, all_coded = two_phase(some).both, two_phase(whole).both
    assert (some.spread @ phases.error_variance(some, np.zeros((240, 2))) > 0).all()
    assert (found.std_error > all_coded.std_error).all()


def test_what_nobody_names_has_an_upper_limit_above_zero() -> None:
    whole, true = world()
    none = np.where(np.isnan(partly(whole, true, 60, np.random.default_rng(5)).hand), np.nan, 0.0)
    some = partly(whole, true, 60, np.random.default_rng(5))
    found = two_phase(Phases(some.machine, none, some.stratum, some.probability, some.design))
    for share in (found.both, found.alone):
        low, high = share.interval()
        assert (share.estimate == 0).all() and (low == 0).all()
        # near the rule of three for the coded, in those who wrote
        assert (high > 0.01).all() and (high < 0.15).all()


def test_limits_stay_within_0_and_1() -> None:
    for seed in range(30):
        whole, true = world(120, quality=0.6, seed=seed)
        found = two_phase(partly(whole, true, 20, np.random.default_rng(seed)))
        for share in (found.both, found.alone):
            low, high = share.interval()
            assert ((low >= 0) & (low <= share.estimate) & (share.estimate <= high) & (high <= 1)).all()
            assert (high - low > 0).all()


# --- coverage in a short simulation ------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", themes.SCENARIOS, ids=lambda scenario: scenario.key)
def test_corrected_shares_cover_and_those_of_the_machine_do_not(
    scenario: themes.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(simulation.SCENARIOS, scenario.key, scenario)
    values, _ = simulation.simulate(scenario.key, 0, 80)
    for row, column in zip(scenario.rows, values.T, strict=True):
        if row.kind == "control" and "lopsided" not in scenario.key:
            continue  # a bias of 8% takes a thousand runs to show
        assert short_coverage.as_it_should_be(row, column), f"{row.label}: {column.mean():.3f}"


def test_the_world_has_its_precision_and_recall() -> None:
    hits, found, there = np.zeros(16), np.zeros(16), np.zeros(16)
    for run in range(30):
        one = themes.drawn(np.random.default_rng(run), 38, *themes.FAIR)
        coded = one.coded
        true, machine = one.hand[coded][:, :16], one.machine[coded][:, :16]
        hits, found, there = hits + (true * machine).sum(0), found + machine.sum(0), there + true.sum(0)
    assert hits.sum() / found.sum() == pytest.approx(0.65, abs=0.05)  # strata favour rare themes a little
    assert hits.sum() / there.sum() == pytest.approx(0.60, abs=0.05)


# --- a survey ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace(demo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Coded, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("coded")
    said = at(remarks_of(demo_root), folder / "said")
    return said, true_themes(demo_root, said)


@pytest.fixture(scope="module")
def coding(workspace: tuple[Coded, pd.DataFrame]) -> Coding:
    """Let two perfect coders fill in the workbook."""
    said, true = workspace
    path, drawn = written(said)
    chosen = labels(said, drawn, true)
    fill(path, {FIRST: chosen, SECOND: chosen})
    return sheet.read(path, said)


def test_perfect_coders_bring_the_shares_near_the_truth(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding
) -> None:
    said, true = workspace
    result = calibrated(said, coding)
    assert result is not None
    weights = said.survey.design.weights
    truth = 100 * pd.Series(weights @ true.to_numpy() / weights.sum(), index=true.columns)
    table = result.table.set_index("theme").assign(truth=truth)
    themes_ = table.drop(REST)
    assert (themes_["machine"] - themes_["truth"]).abs().mean() > 2 * (
        themes_["estimate"] - themes_["truth"]
    ).abs().mean()
    assert table["truth"].between(table["conf_low"], table["conf_high"]).mean() >= 0.9
    assert table["gain"].mean() > 5
    assert result.extra["alpha"] == 1 and result.extra["coded_count"] == 200


def test_the_table_says_what_it_rests_on(workspace: tuple[Coded, pd.DataFrame], coding: Coding) -> None:
    said, true = workspace
    result = calibrated(said, coding)
    assert result is not None
    table, codes = result.table, [*said.lexicon, REST]
    assert list(table.columns) == [
        "theme", "label", "estimate", "std_error", "conf_low", "conf_high", "n", "count", "machine", "machine_count",
        "hand", "hand_low", "hand_high", "hand_count", "hand_n", "gain",
    ]  # fmt: skip
    assert table["theme"].iloc[-1] == REST and table["estimate"].iloc[:-1].is_monotonic_decreasing
    machine = estimate.share(said.holds(said.survey, codes), said.survey.design).estimate
    by_theme = table.set_index("theme")
    assert by_theme.loc[codes, "machine"].to_numpy() == pytest.approx(100 * machine)
    coded = coding.marks.index
    for theme in table["theme"]:
        by_people = true.loc[coded, theme].sum()
        others = by_machine(said).drop(index=coded)[theme].sum()
        row = by_theme.loc[theme]
        assert (row["hand_count"], row["hand_n"]) == (by_people, 200)
        assert row["count"] == by_people + others
    assert (table["conf_low"] >= 0).all() and (table["conf_high"] <= 100).all()


def marked(coding: Coding, **columns: object) -> Coding:
    return replace(coding, marks=coding.marks.assign(**columns))


def test_coders_who_differ_count_half_and_what_is_settled_counts(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding
) -> None:
    said, _ = workspace
    fin, tax = frozenset(["FIN"]), frozenset(["TAX"])
    rid = coding.marks.index[:3]
    marks = coding.marks.copy()
    for row, values in zip(rid, ((fin, tax, None), (fin, tax, fin), (fin, None, None)), strict=True):
        for name, value in zip((FIRST, SECOND, SETTLED), values, strict=True):
            marks.loc[row, name] = value
    changed = replace(coding, marks=marks)
    values = changed.values(["FIN", "TAX"]).loc[rid]
    assert values.to_numpy().tolist() == [[0.5, 0.5], [1, 0], [1, 0]]
    assert changed.disputed == [coding.drawn.sample["id"].iloc[0]]
    result = calibrated(said, changed)
    assert result is not None
    assert result.extra["notes"] == (calibration.AVERAGED,)


def test_one_coder_alone_has_no_alpha(workspace: tuple[Coded, pd.DataFrame], coding: Coding) -> None:
    said, _ = workspace
    both, alone = calibrated(said, coding), calibrated(said, marked(coding, **{SECOND: None}))
    assert both is not None and alone is not None
    pd.testing.assert_frame_equal(both.table, alone.table)
    assert np.isnan([alone.extra[name] for name in ("alpha", "alpha_low", "alpha_high")]).all()
    assert alone.extra["notes"] == ("只有一人编码，编码员之间是否一致无从知道",)


def test_all_coded_the_same(workspace: tuple[Coded, pd.DataFrame], coding: Coding) -> None:
    said, _ = workspace
    nothing = [frozenset([NONE])] * 200
    result = calibrated(said, marked(coding, **{FIRST: nothing, SECOND: nothing}))
    assert result is not None
    assert (result.table["estimate"] == 0).all() and (result.table["hand"] == 0).all()
    assert result.table["conf_high"].between(0.5, 6).all()  # two hundred who name it not once
    assert "两个人把所有企业归成同一类，一致系数算不出" in result.extra["notes"]
    loans = [frozenset(["FIN"])] * 200
    everybody = calibrated(said, marked(coding, **{FIRST: loans, SECOND: loans}))
    assert everybody is not None
    row = everybody.table.set_index("theme").loc["FIN"]
    wrote = said.survey.responses.index.isin(said.survey.remarks["rid"])
    weights = said.survey.design.weights
    assert row["estimate"] == pytest.approx(100 * weights[wrote].sum() / weights.sum())  # all who wrote
    assert row["conf_low"] < row["estimate"] < row["conf_high"] <= 100


def test_a_lexicon_that_changed_after_the_draw_is_noted_and_used(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding
) -> None:
    said, _ = workspace
    better = said.pieces.copy()
    rows = better["theme"] == "LEGAL"
    better.loc[rows, "theme"] = REST
    changed = replace(said, pieces=better)
    before, after = calibrated(said, coding), calibrated(changed, coding)
    assert before is not None and after is not None
    assert before.extra["notes"] == ()
    assert after.extra["notes"] == ("抽样以后问题词表或归类程序改过：如果是照着编码结果改的，校正会偏小",)
    one, two = (table.set_index("theme").loc["LEGAL"] for table in (before.table, after.table))
    assert two["machine"] == 0 < one["machine"]
    assert two["estimate"] == pytest.approx(one["estimate"], abs=one["std_error"])  # people say the same


def test_all_writers_coded_by_hand(workspace: tuple[Coded, pd.DataFrame], tmp_path: Path) -> None:
    said, true = workspace
    moved = at(said, tmp_path)
    path, drawn = written(moved, n=10_000)
    fill(path, {FIRST: labels(said, drawn, true)})
    result = calibrated(moved, sheet.read(path, moved))
    assert result is not None
    plain = estimate.share(true[result.table["theme"]].to_numpy(), said.survey.design)
    assert result.table["estimate"].to_numpy() == pytest.approx(100 * plain.estimate)
    assert "写了意见的企业已全部人工编码，占比不再依靠机器" in result.extra["notes"]


def test_nothing_coded_is_nothing_to_correct_and_another_round_is_an_error(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding
) -> None:
    said, _ = workspace
    assert calibrated(None, coding) is None
    assert calibrated(said, None) is None
    with pytest.raises(ValueError, match="coding of 2022H1, remarks of 2022H2"):
        calibrated(said, replace(coding, round_id="2022H1"))


def test_the_gate_tells_nothing_of_few_coded(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = workspace
    # by hand alone: its limits and what they are compared with go with it
    monkeypatch.setitem(disclosure.TELLING, "hand", ("hand_low", "hand_high", "gain"))
    result = calibrated(said, coding)
    assert result is not None
    gated = disclosure.gate(said.survey)(result)
    assert gated is not None
    few = result.table["hand_count"] < said.survey.round.k
    assert few.any() and not few.all()
    assert gated.table.loc[few, ["hand", "hand_low", "hand_high", "gain"]].isna().all(axis=None)
    assert (gated.table.loc[few, "hand_count"] == 0).all()
    assert gated.table.loc[~few, ["hand", "hand_low", "hand_high", "gain"]].notna().all(axis=None)
    unseen = gated.table["shown"] == "below"
    assert (result.table.loc[unseen, "count"] < said.survey.round.k).all()
    assert set(gated.extra) >= {"alpha", "alpha_low", "alpha_high", "coded_count", "agreement", "notes"}
    agreement = gated.extra["agreement"]
    assert agreement.loc[agreement["shown"] != "yes", "estimate"].isna().all()


def test_alpha_of_each_theme_tells_which_are_confused(
    workspace: tuple[Coded, pd.DataFrame], coding: Coding
) -> None:
    said, _ = workspace
    swap = {"FIN": "TAX", "TAX": "FIN"}
    other = [frozenset(swap.get(code, code) for code in marks) for marks in coding.marks[FIRST]]
    result = calibrated(said, marked(coding, **{SECOND: other}))
    assert result is not None
    alpha = result.extra["agreement"].set_index("theme")["estimate"]
    assert (alpha[["FIN", "TAX"]] < 0.2).all() and (alpha.drop(["FIN", "TAX"]) == 1).all()
    assert 0.4 < result.extra["alpha"] < 0.95
    lines = calibration.summary(said, marked(coding, **{SECOND: other}))
    assert any(
        line.startswith("最说不到一起的类别：") and "融资难" in line and "税费负担" in line for line in lines
    )


def test_what_coders_may_choose_is_what_the_machine_knows(workspace: tuple[Coded, pd.DataFrame]) -> None:
    said, _ = workspace
    assert list(sheet._codes(said)) == [*said.labels.values(), NO_PROBLEM]
