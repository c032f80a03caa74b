"""The funnel of each size class: what it shows is that of the class alone, and nobody reckons from it what is hidden."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_policies import opened, ten

from evalpkg import disclosure, drivers, estimate
from evalpkg import survey as surveys
from evalpkg.drivers import stages, uptake

K = 10
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def sized(counts: dict[str, int]) -> pd.DataFrame:
    """Ten enterprises over and over, as many tens in each size."""
    parts = [pd.concat([ten()] * tens).assign(size=size) for size, tens in counts.items()]
    return pd.concat(parts, ignore_index=True)


def by_size(survey: surveys.Survey) -> estimate.Result:
    result = drivers.funnel_by_size(survey)
    assert result is not None
    return result


def test_it_is_the_funnel_of_each_size_alone() -> None:
    responses = sized({"S": 20, "X": 30})
    table = by_size(opened(responses)).table
    assert table.columns[:4].tolist() == ["policy", "label", "size", "size_label"]
    assert dict(zip(table["size"], table["size_label"], strict=True)) == {"S": "小型", "X": "微型"}
    for code in ("S", "X"):
        alone = drivers.funnel(opened(responses[responses["size"] == code].reset_index(drop=True)))
        part = table[table["size"] == code].reset_index(drop=True)
        assert alone is not None
        columns = ["stage", "estimate", "n", "count", "step", "step_n", "step_count"]
        pd.testing.assert_frame_equal(part[columns], alone.table[columns])
    assert drivers.funnel_by_size(opened(ten())) is None


def test_the_variance_is_that_of_a_part_of_the_whole_design() -> None:
    responses, rng = sized({"S": 20, "X": 30}), np.random.default_rng(3)
    weights, chambers = rng.uniform(0.5, 2, 500), rng.integers(0, 40, 500)
    table = by_size(opened(responses, weights=weights, clusters=chambers)).table
    heard = responses["H1_1"].where(responses["size"] == "S").map(lambda x: x > 0, na_action="ignore")
    plain = estimate.share(heard.to_numpy(dtype=float), estimate.Design(weights, clusters=chambers))
    row = table[(table["size"] == "S") & (table["stage"] == "aware")].iloc[0]
    assert row["std_error"] == pytest.approx(100 * plain.std_error[0])
    low, high = plain.interval(0.95)
    assert (row["conf_low"], row["conf_high"]) == (pytest.approx(100 * low[0]), pytest.approx(100 * high[0]))


def test_classes_that_are_too_small_stand_with_their_neighbour_and_it_is_said() -> None:
    result = by_size(opened(sized({"L": 4, "M": 8, "S": 15, "X": 9})))
    assert list(dict.fromkeys(result.table["size_label"])) == ["大型＋中型", "小型＋微型"]
    assert result.extra["notes"] == (
        "人数不足 100 家，合并为一组：大型＋中型",  # ten times k: a step of one in ten is then k enterprises
        "人数不足 100 家，合并为一组：小型＋微型",
    )
    alone = drivers.funnel(opened(sized({"L": 4, "M": 8})))
    part = result.table[result.table["size"] == "L+M"]
    assert alone is not None and part["estimate"].to_numpy() == pytest.approx(
        alone.table["estimate"].to_numpy()
    )


def test_one_class_is_nothing_to_compare_and_an_empty_table_passes_the_gate() -> None:
    result = by_size(opened(sized({"S": 6, "X": 9})))
    assert result.table.empty
    assert result.extra["notes"][-1] == "人数足够的规模不到两类，无从比较"
    gated = disclosure.Gate(K, 30)(result)
    assert gated is not None and gated.table.empty and gated.extra["notes"] == result.extra["notes"]
    assert set(by_size(opened(sized({"S": 20, "X": 20}))).table) == set(result.table)


def test_a_stage_that_is_mostly_hidden_is_left_out_and_it_is_said() -> None:
    """Of both sizes nearly all who applied received: the last stage stays, that before it has no rows."""
    responses = sized({"S": 20, "X": 30})
    for size in ("S", "X"):
        refused = responses.index[(responses["H2_1"] == "2") & (responses["size"] == size)]
        responses.loc[refused[5:], "H2_1"] = "3"
    result = by_size(opened(responses))
    assert list(dict.fromkeys(result.table["stage"])) == ["aware", "eligible", "received"]
    assert (result.table["n"] > 0).all()
    assert result.extra["notes"] == ("“申请了”这一步在多数规模里与前后相差不足 10 家，不按规模列",)


def test_a_stage_hidden_of_one_class_is_hidden_of_a_second() -> None:
    """Else it is the published share of all less those of the other classes."""
    responses = sized({"L": 10, "M": 15, "S": 20, "X": 30})
    large = responses.index[responses["size"] == "L"]
    responses.loc[large[responses.loc[large, "H1_1"] == 0], "H1_1"] = np.nan
    responses.loc[large[:5], "H1_1"] = 0.0  # five of the large never heard of it
    survey = opened(responses)
    table = by_size(survey).table
    hidden = table[(table["stage"] == "aware") & (table["n"] == 0)]
    assert hidden["size"].tolist() == ["L", "M"]  # the smallest of the others
    assert hidden[["step", "step_low", "step_high"]].isna().all(axis=None)
    whole = drivers.funnel(survey)
    assert whole is not None and (whole.table["n"] > 0).all()


# --- what a reader can reckon ----------------------------------------------------------------------------


def told(parts: np.ndarray, seen: np.ndarray, whole_seen: np.ndarray, k: int) -> list[str]:
    """Everything about fewer than k that follows from exact counts of the stages seen, by linear algebra.

    An unknown per part and count. Any sum over parts of a stage, and any difference of two stages, that lies in the row
    space of what is published is known: it must be k, more, or of a difference nobody.
    """
    g = len(parts)

    def vector(of: tuple[int, ...], place: int) -> np.ndarray:
        one = np.zeros((g, 6))
        one[list(of), place] = 1
        return one.ravel()

    published = [vector((at,), place) for at in range(g) for place in (0, 2)]  # who answered: taken as known
    for stage, place in enumerate(stages.PLACES):
        published += [vector((at,), place) for at in range(g) if seen[at, stage]]
        published += [vector(tuple(range(g)), place)] if whole_seen[stage] else []
    _, values, rows = np.linalg.svd(np.array(published))
    space = rows[: int((values > 1e-9).sum())]
    pairs = [pair for chain in stages.CHAINS for pair in combinations(chain, 2)]
    faults = []
    for of in (some for m in range(1, g + 1) for some in combinations(range(g), m)):
        sums = {f"{of} at {p}": (vector(of, p), 0) for p in stages.PLACES}
        sums |= {f"{of} between {a} and {b}": (vector(of, a) - vector(of, b), 1) for a, b in pairs}
        for name, (wanted, least) in sums.items():
            known = np.linalg.norm(wanted - space.T @ (space @ wanted)) < 1e-9
            if known and least <= wanted @ parts.ravel() < k:
                faults.append(name)
    return faults


def looked_at(parts: np.ndarray, hidden: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Which stages the gate shows, of the parts and of all."""
    whole = parts.sum(axis=0)
    total = stages.unseen(whole, K)
    own = [
        [s not in of and part[p] >= K for s, p in enumerate(stages.PLACES)]
        for part, of in zip(parts, hidden, strict=True)
    ]
    return np.array(own), np.array([s not in total and whole[p] >= K for s, p in enumerate(stages.PLACES)])


lost = st.sampled_from([0, 0, 3, 7, 12, 20, 30])
part = st.tuples(st.integers(20, 90), *[lost] * 5).map(
    lambda of: [of[0], *np.maximum(of[0] - np.cumsum(of[1:]), 0).tolist()]
)


@given(st.lists(part, min_size=2, max_size=4))
def test_nobody_reckons_from_the_rest_what_is_hidden(counts: list[list[int]]) -> None:
    parts = np.array(counts)
    for without in ((), (2,)):
        hidden = stages.across(parts, parts.sum(axis=0), K, without)
        assert all(set(without) <= of for of in hidden)
        assert told(parts, *looked_at(parts, hidden), K) == []


def test_hiding_what_is_small_in_itself_would_not_do() -> None:
    """The check above finds what it is to find."""
    parts = np.array([[60, 40, 40, 30, 20, 15], [90, 70, 70, 50, 35, 20]])
    assert told(parts, *looked_at(parts, [stages.unseen(part, K) for part in parts]), K)


@given(part, st.sets(st.integers(0, 3)))
def test_as_few_stages_are_hidden_as_can_be_and_never_the_last_for_another(
    counts: list[int], without: set[int]
) -> None:
    reached = np.array(counts)
    hidden = stages.unseen(reached, K, without)
    assert without <= hidden

    def good(shown: list[int]) -> bool:
        chain = [reached[2], *[reached[stages.PLACES[stage]] for stage in shown]]
        return not any(0 < a - b < K for a, b in pairwise(chain))

    later = [stage for stage in (1, 2, 3) if stage not in hidden]
    ways = [
        list(way) for m in range(4) for way in combinations([s for s in (1, 2, 3) if s not in without], m)
    ]
    best = max(len(way) for way in ways if good(way))
    assert good(later) and len(later) == best
    assert 3 in later or not any(3 in way and len(way) == best and good(way) for way in ways)


@pytest.mark.parametrize("name", ["2020H2", "2022H2"])
def test_the_published_tables_of_the_demo_tell_of_nobody(name: str, demo_root: Path) -> None:
    survey = surveys.open(name, demo_root)
    gate, found = disclosure.gate(survey), uptake.policies(survey)
    whole, sizes = gate(drivers.funnel(survey)), gate(drivers.funnel_by_size(survey))
    assert found is not None and whole is not None and sizes is not None
    assert (sizes.table["shown"] != "hidden").mean() > 0.9  # a page of dashes tells nothing
    names = ["aware", "eligible", "applied", "received"]
    for policy in found[0]:
        own = sizes.table[sizes.table["policy"] == policy.code]
        codes = list(dict.fromkeys(own["size"]))
        inside = [survey.responses["size"].isin(code.split("+")).to_numpy() for code in codes]
        parts = np.array([policy.reached(of) for of in inside])
        shown = own.assign(seen=own["shown"] == "yes").pivot_table(
            index="size", columns="stage", values="seen"
        )
        seen = shown.reindex(index=codes, columns=names).fillna(0).to_numpy() > 0
        total = (
            whole.table[whole.table["policy"] == policy.code].set_index("stage")["shown"].reindex(names)
            == "yes"
        )
        assert told(parts, seen, total.to_numpy(), survey.round.k) == []
