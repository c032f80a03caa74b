"""complaints.rising: what changed since the rounds before, what is sure of it, and what may be told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numbered import numbered
from scipy import optimize, stats
from small_complaints import BASE, ROUNDS, City, coded, wave
from small_survey import item

from evalpkg import complaints, disclosure, params
from evalpkg import survey as surveys
from evalpkg.complaints import Coded, History
from evalpkg.complaints.coding import REST
from evalpkg.complaints.differences import Differences, constrained, design_based, false_discovery
from evalpkg.complaints.lexicon import Theme, read
from evalpkg.complaints.rising import rising
from evalpkg.complaints.waves import change
from evalpkg.complaints.waves import wave as measured
from evalpkg.disclosure import Gate
from evalpkg.estimate import Design
from evalpkg.groups import everybody

GATE = Gate(k=10, min_raters=30)
DIFFERENCE = ["difference", "difference_low", "difference_high", "family_low", "family_high"]


def table(said: Coded) -> pd.DataFrame:
    result = rising(said)
    assert result is not None
    return result.table


def everyone(said: Coded) -> pd.DataFrame:
    found = table(said)
    return found[found["group"] == "all"].set_index("theme")


# --- differences of two shares ---------------------------------------------------------------------------


def plain(one: int, n_one: int, other: int, n_other: int) -> Differences:
    """Return the difference of two unweighted samples."""
    found = (np.array([value], dtype=float) for value in (one / n_one, other / n_other, n_one, n_other))
    return Differences(*found, np.array([np.inf]))


@pytest.mark.parametrize("x", [(12, 100, 20, 400), (0, 80, 30, 300), (30, 60, 10, 90), (5, 50, 0, 60)])
def test_p_is_that_of_the_likelihood_ratio_test(x: tuple[int, int, int, int]) -> None:
    one, n_one, other, n_other = x
    counts = [[one, n_one - one], [other, n_other - other]]
    ratio = stats.chi2_contingency(counts, correction=False, lambda_="log-likelihood")
    assert plain(*x).p[0] == pytest.approx(ratio.pvalue, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("x", [(12, 100, 20, 400), (0, 80, 30, 300), (30, 60, 10, 90), (0, 50, 0, 60)])
def test_limits_are_where_the_profile_likelihood_falls_by_half_a_quantile(
    x: tuple[int, int, int, int],
) -> None:
    one, n_one, other, n_other = x

    def log_likelihood(p_one: float, p_other: float) -> float:
        return float(stats.binom.logpmf(one, n_one, p_one) + stats.binom.logpmf(other, n_other, p_other))

    def profile(delta: float) -> float:
        bounds = (max(0.0, -delta), min(1.0, 1.0 - delta))
        found = optimize.minimize_scalar(
            lambda p: -log_likelihood(p + delta, p), bounds=bounds, method="bounded", options={"xatol": 1e-10}
        )
        return -float(found.fun)

    top = log_likelihood(one / n_one, other / n_other)
    low, high = (float(limit[0]) for limit in plain(*x).interval(0.9))
    assert low <= one / n_one - other / n_other <= high
    for limit in (low, high):
        assert 2 * (top - profile(limit)) == pytest.approx(stats.chi2.ppf(0.9, 1), rel=1e-3)


def test_a_likeliest_pair_is_found_in_closed_form() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.random(200), rng.random(200)
    n_one, n_other, delta = rng.uniform(5, 900, 200), rng.uniform(5, 900, 200), rng.uniform(-0.95, 0.95, 200)

    def lost(p: np.ndarray) -> np.ndarray:
        q = p - delta
        return np.asarray(
            n_one * (one * np.log(p) + (1 - one) * np.log1p(-p))
            + n_other * (other * np.log(q) + (1 - other) * np.log1p(-q))
        )

    found = constrained(one, other, n_one, n_other, delta)
    low, high = np.maximum(0, delta), np.minimum(1, 1 + delta)
    assert ((found >= low) & (found <= high)).all()
    best = lost(np.clip(found, low + 1e-9, high - 1e-9))
    for part in np.linspace(0.001, 0.999, 200):
        assert (best >= lost(low + part * (high - low)) - 1e-6).all()


def test_a_p_value_and_limits_say_the_same() -> None:
    rng = np.random.default_rng(5)
    found = Differences(
        *(rng.random(300) * 0.3 for _ in range(2)),
        *(rng.uniform(20, 400, 300) for _ in range(2)),
        rng.uniform(3, 50, 300),
    )
    for level in (0.5, 0.9, 0.99):
        low, high = found.interval(level)
        assert ((low > 0) | (high < 0)).tolist() == (found.p < 1 - level).tolist()
        assert ((low <= found.difference) & (found.difference <= high)).all()


def test_the_design_effect_is_that_of_all_themes_or_of_the_theme_and_never_under_one() -> None:
    one, other, n = np.full(3, 0.2), np.full(3, 0.1), np.full(3, 100.0)
    expected = one * (1 - one) / n + other * (1 - other) / n
    found = design_based(one, other, n, n, expected * [1.0, 1.5, 4.0], expected, df=20.0)
    assert (100 / found.n_one).tolist() == pytest.approx([6.5 / 3, 6.5 / 3, 4.0])
    assert found.df.tolist() == [60.0] * 3
    better = design_based(one, other, n, n, expected * 0.5, expected, df=20.0)
    assert better.n_other.tolist() == [100.0] * 3


def test_without_a_variance_nothing_is_said() -> None:
    found = design_based(
        np.array([0.2]),
        np.array([0.1]),
        np.array([50.0]),
        np.array([50.0]),
        np.array([np.nan]),
        np.array([0.1]),
        df=0.0,
    )
    assert np.isnan(found.p[0]) and np.isnan(found.interval(0.95)).all()


def test_false_discovery_rates_are_those_of_scipy() -> None:
    p = np.random.default_rng(1).random(40) ** 3
    gaps = np.insert(p, [3, 20], np.nan)
    found = false_discovery(gaps)
    np.testing.assert_allclose(found[~np.isnan(gaps)], stats.false_discovery_control(p))
    assert np.isnan(found[np.isnan(gaps)]).all()
    assert false_discovery(np.full(3, np.nan)).shape == (3,)


# --- shares and their mean -------------------------------------------------------------------------------


def test_the_mean_of_earlier_rounds_weighs_them_equally() -> None:
    sizes = {"2021H2": 100, "2022H1": 400, "2022H2": 200}
    counts = {"2021H2": 30, "2022H1": 40, "2022H2": 50}
    said = coded([wave(name, {"A": range(1, counts[name] + 1)}, n) for name, n in sizes.items()], ["A"])
    row = everyone(said).loc["A"]
    assert [row["estimate"], row["before"], row["last"]] == pytest.approx([25.0, (30 + 10) / 2, 10.0])
    assert [row["difference"], row["since_last"]] == pytest.approx([5.0, 15.0])
    assert [row["n"], row["count"], row["before_n"], row["before_count"]] == [200, 50, 500, 70]
    assert [row["last_n"], row["last_count"]] == [400, 40]
    result = rising(said)
    assert result is not None and result.extra["notes"][0] == "与以前 2 轮的平均相比"
    writing = result.extra["writing"].iloc[0]
    assert [writing["estimate"], writing["difference"]] == pytest.approx([25.0, 5.0])


def test_weighted_shares_of_a_group_by_hand() -> None:
    rng = np.random.default_rng(2)
    waves = []
    for name in ROUNDS[-3:]:
        size = rng.choice(["S", "X"], 400)
        named = np.flatnonzero(rng.random(400) < 0.3) + 1
        design = Design(rng.uniform(0.5, 2, 400))
        waves.append(wave(name, {"A": named, "B": [1]}, 400, columns={"size": size}, design=design))
    found = table(coded(waves, ["A", "B"]))
    row = found[(found["group"] == "S") & (found["theme"] == "A")].iloc[0]
    shares = []
    for one, pieces in waves:
        inside = (one.responses["size"] == "S").to_numpy()
        names = one.responses.index.isin(pieces.loc[pieces["theme"] == "A", "rid"])
        shares.append(
            100 * (one.design.weights * (inside & names)).sum() / (one.design.weights * inside).sum()
        )
    assert row["estimate"] == pytest.approx(shares[-1])
    assert row["before"] == pytest.approx(np.mean(shares[:-1]))
    assert row["difference"] == pytest.approx(shares[-1] - np.mean(shares[:-1]))


def test_chambers_that_recur_cancel_and_others_do_not() -> None:
    """The variance of a change in chambers that say the same each time, by hand: sums by chamber over all rounds."""
    rng = np.random.default_rng(4)
    chamber, says = np.repeat(np.arange(20), 15), np.repeat(rng.random(20) < 0.4, 15)

    def round_(name: str, prefix: str) -> tuple[surveys.Survey, pd.DataFrame]:
        answers = np.where(rng.random(300) < 0.9, says, ~says)
        design = Design(np.ones(300), clusters=[f"{prefix}{one}" for one in chamber])
        return wave(name, {"A": np.flatnonzero(answers) + 1, "B": range(1, 30)}, 300, design=design)

    earlier, now, elsewhere = round_("2022H1", "C"), round_("2022H2", "C"), None
    elsewhere = (
        replace(earlier[0], design=Design(np.ones(300), clusters=[f"D{one}" for one in chamber])),
        earlier[1],
    )
    both = everyone(coded([earlier, now], ["A", "B"])).loc["A"]
    apart = everyone(coded([elsewhere, now], ["A", "B"])).loc["A"]
    width = both["difference_high"] - both["difference_low"]
    assert width < 0.8 * (apart["difference_high"] - apart["difference_low"])

    y = [
        one.responses.index.isin(part.loc[part["theme"] == "A", "rid"]).astype(float)
        for one, part in (now, earlier)
    ]
    waves = [
        measured(one, answers[:, None], [everybody()])
        for (one, _), answers in zip((now, earlier), y, strict=True)
    ]
    change_ = change(waves[0], waves[1:], 30)
    p = [answers.mean() for answers in y]
    sums = [np.bincount(chamber, (answers - mean) / 300) for answers, mean in zip(y, p, strict=True)]
    variance = 20 / 19 * np.square(sums[0] - sums[1]).sum()
    expected = sum(mean * (1 - mean) / 300 for mean in p)
    assert 300 / change_.found.n_one[0] == pytest.approx(max(variance / expected, 1.0))


def test_respondents_who_answer_alone_are_others_in_every_round() -> None:
    named = {"A": range(1, 41)}
    alone = Design(np.ones(200), clusters=[f"rid {rid}" for rid in range(1, 201)])
    waves = [wave(name, named, 200, design=alone) for name in ROUNDS[-2:]]
    plain_ = [wave(name, named, 200) for name in ROUNDS[-2:]]
    one, other = (everyone(coded(rounds, ["A"])).loc["A"] for rounds in (waves, plain_))
    assert one["difference_high"] == pytest.approx(other["difference_high"])
    assert one["difference_high"] > 5  # not the same 200 respondents, who would have changed nothing


# --- what is sure ----------------------------------------------------------------------------------------


def test_what_rises_falls_and_stays() -> None:
    before = {"UP": range(1, 13), "DOWN": range(50, 110), "SAME": range(120, 160)}
    now = {"UP": range(1, 61), "DOWN": range(50, 62), "SAME": range(120, 160), "NEW": range(200, 240)}
    said = coded(
        [*(wave(name, before, 400) for name in ROUNDS[:4]), wave(ROUNDS[4], now, 400)],
        ["UP", "DOWN", "SAME", "NEW"],
    )
    found = everyone(said)
    assert found["direction"].to_dict() == {
        "UP": "rising",
        "DOWN": "falling",
        "SAME": "no",
        "NEW": "rising",
        REST: "no",
    }
    assert np.isnan(found.loc["NEW", "difference"])  # it would tell that none did before
    assert np.isnan(found.loc[REST, "p"])


def test_family_limits_leave_zero_out_where_the_rate_is_kept() -> None:
    for run in range(3):
        said = City(persistent=0.2, passing=0.1).drawn(np.random.default_rng(run), {0: 2.0, 2: 0.3})
        found = table(said)
        told = found.dropna(subset=["family_low", "q"])
        outside = (told["family_low"] > 0) | (told["family_high"] < 0)
        assert outside.tolist() == (told["q"] <= 0.05).tolist()
        assert (told["family_low"] <= told["difference_low"] + 1e-9).all()
        assert outside.any()


def naive(said: Coded) -> bool:
    """Tell whether an unweighted test of two shares at .05, theme by theme, finds a change."""
    codes, rounds = list(said.lexicon), said.surveys
    counts = [said.holds(one, codes).sum(axis=0) for one in rounds]
    before, n = np.sum(counts[:-1], axis=0), sum(one.n for one in rounds[:-1])
    pairs = zip(counts[-1], before, strict=True)
    return any(stats.chi2_contingency([[a, rounds[-1].n - a], [b, n - b]])[1] < 0.05 for a, b in pairs)


def flags(city: City, runs: int, seed: int) -> tuple[float, float]:
    """Return the share of worlds without change in which a change is seen, and in which the naive test sees one."""
    worlds = [city.drawn(np.random.default_rng([seed, run])) for run in range(runs)]
    seen = [(table(said)["direction"] != "no").any() for said in worlds]
    return float(np.mean(seen)), float(np.mean([naive(said) for said in worlds]))


def test_where_nothing_changes_hardly_a_change_is_seen() -> None:
    runs = 25
    seen, naively = flags(City(n=400, rounds=3), runs, seed=1)
    assert seen <= 0.05 + 2.33 * np.sqrt(
        0.05 * 0.95 / runs
    )  # chance alone goes beyond that once in 100 seeds
    assert naively > 0.5  # the world is one in which a careless test errs


def test_a_doubling_is_seen() -> None:
    worlds = [City().drawn(np.random.default_rng([2, run]), {0: 2.0, 7: 2.0}) for run in range(8)]
    found = [everyone(said)["direction"] for said in worlds]
    assert np.mean([one["T0"] == "rising" for one in found]) >= 0.8  # 16% become 32%
    assert np.mean([one["T7"] == "rising" for one in found]) >= 0.2  # 5% become 10%
    assert BASE[[0, 7]].tolist() == [0.16, 0.05]


@pytest.mark.validate
@pytest.mark.parametrize(
    "city",
    [
        City(),
        City(rounds=5),
        City(rounds=2),
        City(chambers=15),
        City(persistent=0.8, passing=0.6),
        City(n=1_000, persistent=0.0, passing=0.0),
    ],
    ids=[
        "24 chambers",
        "five rounds",
        "one round before",
        "15 chambers",
        "chambers far apart",
        "no chambers",
    ],
)
def test_the_rate_of_false_changes_in_many_worlds(city: City) -> None:
    seen, naively = flags(city, 400, seed=3)
    assert seen <= 0.06
    assert naively > 0.3


# --- input that is odd -----------------------------------------------------------------------------------


def test_without_an_earlier_round_there_is_nothing_to_compare() -> None:
    assert rising(None) is None
    assert rising(coded([wave("2022H2", {"A": range(1, 50)})], ["A"])) is None


def test_a_round_before_is_compared_only_if_it_asked_the_same_and_somebody_wrote() -> None:
    other = [item("J1", "remark", type="text"), item("J9", "remark", type="text")]
    waves = [
        wave("2021H1", {"A": range(1, 30)}, items=other),
        wave("2021H2"),
        wave("2022H1", {"A": range(1, 40)}),
        wave("2022H2", {"A": range(1, 50)}),
    ]
    result = rising(coded(waves, ["A"], missing=["2020H2 的答卷不在"]))
    assert result is not None
    assert result.extra["left_out"][:3] == (
        "2021H1 的文字题与本轮不同，没有拿来比较",
        "2021H2 没有可以归类的意见，没有拿来比较",
        "2020H2 的答卷不在",
    )
    assert result.extra["notes"] == ("与上一轮相比",)
    row = result.table.iloc[0]
    assert row["before"] == row["last"] == pytest.approx(19.5)
    assert rising(coded([waves[0], waves[3]], ["A"])) is None


def test_a_round_that_did_not_ask_for_size_has_no_such_groups() -> None:
    sizes = {"size": np.repeat(["S", "X"], 150)}
    named = {"A": range(1, 200)}
    waves = [
        wave("2021H2", named, 300),
        wave("2022H1", named, 300, columns=sizes),
        wave("2022H2", named, 300, columns=sizes),
    ]
    found = table(coded(waves, ["A"])).set_index(["group", "theme"])
    assert found.loc[("all", "A"), "before_n"] == 600
    assert found.loc[("S", "A"), "before_n"] == 150
    never = table(coded([waves[0], waves[2]], ["A"])).set_index(["group", "theme"]).loc[("S", "A")]
    assert never["estimate"] > 0 and never["direction"] == "no"
    assert never[["before", "last", "difference", "since_last", "p", "q"]].isna().all()
    only_all = table(coded([waves[1], waves[0]], ["A"]))
    assert set(only_all["group"]) == {"all"}


@pytest.mark.parametrize("now", [{"A": range(1, 11)}, {"A": range(1, 201)}, {"A": [1]}, {"B": range(1, 31)}])
def test_ten_remarks_all_alike_or_a_theme_that_nobody_names(now: dict[str, range]) -> None:
    waves = [wave(name, {"A": range(1, 20)}) for name in ROUNDS[:2]]
    result = rising(coded([*waves, wave("2022H2", now)], ["A", "B", "NONE"]))
    assert result is not None
    none = result.table.set_index("theme").loc["NONE"]
    assert none["count"] == 0 and none["direction"] == "no" and np.isnan(none["p"])
    assert GATE(result) is not None


def test_a_single_cluster_leaves_nothing_sure() -> None:
    design = Design(np.ones(200), clusters=["C"] * 200)
    waves = [wave(name, {"A": range(1, 20 + 60 * at)}, design=design) for at, name in enumerate(ROUNDS[:2])]
    found = everyone(coded(waves, ["A"])).loc["A"]
    assert found["direction"] == "no" and np.isnan(found["q"])


# --- what may be told ------------------------------------------------------------------------------------


def test_no_difference_tells_of_fewer_than_k() -> None:
    counts = {
        "FEW_NOW": (30, 25, 4),
        "FEW_LAST": (30, 4, 30),
        "FEW_ONCE": (9, 60, 30),
        "FEW_TWICE": (7, 6, 40),
        "NONE": (0, 0, 40),
        "ENOUGH": (12, 13, 14),
    }
    waves = [
        wave(name, {theme: range(1, numbers[at] + 1) for theme, numbers in counts.items()}, 300)
        for at, name in enumerate(ROUNDS[:3])
    ]
    result = rising(coded(waves, list(counts)))
    assert result is not None
    found = result.table.set_index("theme")
    known = found["before"].notna().to_dict()
    assert known == {
        "FEW_NOW": True,
        "FEW_LAST": False,
        "FEW_ONCE": False,
        "FEW_TWICE": True,
        "NONE": False,
        "ENOUGH": True,
        REST: False,
    }
    told = found[DIFFERENCE].notna()
    assert told.all(axis=1).sum() == told.any(axis=1).sum()
    assert set(found.index[told.all(axis=1)]) == {"FEW_TWICE", "ENOUGH"}
    assert set(found.index[found["since_last"].notna()]) == {"FEW_ONCE", "ENOUGH"}
    gated = GATE(result)
    assert gated is not None
    safe = gated.table.set_index("theme")
    assert np.isnan(safe.loc["FEW_LAST", "last"]) and safe.loc["FEW_LAST", "last_bound"] > 0
    assert safe.loc["NONE", "direction"] == "rising" and safe.loc["NONE", "before_count"] == 0
    assert safe.loc["FEW_NOW", "shown"] == "below" and np.isnan(safe.loc["FEW_NOW", "estimate"])


# --- the demo --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truly(demo_root: Path) -> dict[str, Coded]:
    """Return the demo's rounds, each with those before it, coded without error from the truth."""
    truth = json.loads((demo_root / "data/raw/truth.json").read_text(encoding="utf-8"))
    new = truth["city"]["new_theme"]["theme"]
    lexicon = {**read(params.bundle(), "themes.csv"), new: Theme(new, "新", (), ())}
    opened, pieces = [], []
    for name in ROUNDS:
        one, serial = numbered(demo_root, name)
        rows = [
            (name, rid, at, "x", "complaint", theme)
            for rid, number in serial.dropna().items()
            for at, remark in truth["rounds"][name]["remarks"].get(str(number), {}).items()
            if remark["kind"] == "complaint"
            for theme in remark.get("themes", [REST])
        ]
        opened.append(one)
        pieces.append(pd.DataFrame(rows, columns=["round", "rid", "item", "text", "kind", "theme"]))
    every = pd.concat(pieces, ignore_index=True)
    return {
        name: Coded(opened[at], History(tuple(opened[:at])), every, lexicon) for at, name in enumerate(ROUNDS)
    }


def test_the_new_theme_is_found_in_its_round_and_nothing_else_rises(
    truly: dict[str, Coded], demo_root: Path
) -> None:
    new = json.loads((demo_root / "data/raw/truth.json").read_text(encoding="utf-8"))["city"]["new_theme"]
    assert rising(truly[ROUNDS[0]]) is None
    for name in ROUNDS[1:]:
        found = table(truly[name])
        rises = set(found.loc[found["direction"] == "rising", "theme"])
        assert rises == ({new["theme"]} if name == new["since"] else set())


def test_sign_boards_are_complained_of_less_once_the_rules_were_eased(truly: dict[str, Coded]) -> None:
    row = everyone(truly["2021H2"]).loc["SIGN"]
    assert row["difference_high"] < 0 and row["p"] < 0.01
    assert everyone(truly["2021H1"]).loc["SIGN", "p"] > 0.05


def test_the_demo_as_the_machine_codes_it_passes_the_gate(demo_root: Path) -> None:
    opened = surveys.open("2022H2", demo_root)
    said = complaints.coded(opened, complaints.history(opened))
    assert said is not None
    result = rising(said)
    assert result is not None
    gated = disclosure.gate(opened)(result)
    assert gated is not None
    assert set(result.table["group"]) == {"all", "L+M", "S", "X", "G", "市辖区", "县"}
    assert result.extra["tested"] > 80
    shares = complaints.themes(opened, said)
    assert shares is not None
    same = result.table[result.table["group"] == "all"].set_index("theme")
    for row in shares.table.itertuples():
        assert same.loc[row.theme, ["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
            [row.estimate, row.conf_low, row.conf_high]
        )
