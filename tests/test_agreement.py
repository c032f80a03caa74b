"""agreement: Krippendorff's alpha against his worked examples and against plain counting."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpkg.complaints.hand.agreement import krippendorff, masi, nominal

# Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. Sections A (two observers, binary), B (two observers,
# nominal), C (any number of observers, missing data) and D (other metrics).
BINARY = ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
TWO = (list("aabbdcccedda"), list("babbbccceddd"))
FOUR = (
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
)


def plainly(coders, distance) -> float:
    """Count all pairs: those within units, each unit as one; and those of all codes that have a partner."""
    units = [[code for code in unit if code is not None] for unit in zip(*coders, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    codes = [code for unit in units for code in unit]
    if not codes:
        return float("nan")
    inside = (sum(distance(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    between = sum(distance(a, b) for a, b in permutations(codes, 2)) / (len(codes) * (len(codes) - 1))
    return 1 - sum(inside) / len(codes) / between if between else float("nan")


@pytest.mark.parametrize(
    ("coders", "distance", "alpha"),
    [
        (BINARY, nominal, 0.095),
        (TWO, nominal, 0.692),
        (FOUR, nominal, 0.743),
        (FOUR, lambda a, b: (a - b) ** 2, 0.849),
        (FOUR, lambda a, b: ((a - b) / (a + b)) ** 2, 0.797),
    ],
    ids=["binary", "nominal", "missing", "interval", "ratio"],
)
def test_the_worked_examples_of_krippendorff(coders, distance, alpha: float) -> None:
    found = krippendorff(*coders, distance=distance)
    assert found.alpha == pytest.approx(alpha, abs=0.0005)  # he prints three decimals
    assert found.alpha == pytest.approx(plainly(coders, distance))


def test_a_unit_with_a_single_code_counts_nothing() -> None:
    found = krippendorff(*FOUR)
    assert found.units == 11  # the twelfth was coded by one observer
    assert found.alpha == krippendorff(*[codes[:11] for codes in FOUR]).alpha


SETS = st.frozensets(st.sampled_from("abc"), min_size=1)


@settings(max_examples=60)
@given(st.lists(st.tuples(*[st.one_of(st.none(), SETS)] * 3), min_size=2, max_size=8))
def test_alpha_of_sets_equals_counting_all_pairs(units) -> None:
    coders = list(zip(*units, strict=True))
    found = krippendorff(*coders, distance=masi, draws=20).alpha
    assert found == pytest.approx(plainly(coders, masi), nan_ok=True)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("ab", "ab", 0),
        ("ab", "abcd", 1 - 2 / 4 * 2 / 3),  # Passonneau's subsumption
        ("abc", "bcd", 1 - 2 / 4 * 1 / 3),  # overlap
        ("a", "b", 1),
        ("a", "ab", 1 - 1 / 2 * 2 / 3),
    ],
)
def test_masi_by_hand(a: str, b: str, distance: float) -> None:
    assert masi(frozenset(a), frozenset(b)) == pytest.approx(distance)
    assert masi(frozenset(b), frozenset(a)) == pytest.approx(distance)


def test_masi_of_single_labels_is_nominal() -> None:
    coders = [[None if code is None else frozenset([code]) for code in codes] for codes in FOUR]
    assert krippendorff(*coders, distance=masi).alpha == pytest.approx(0.743, abs=0.0005)


def test_chance_alone_gives_zero_and_one_of_a_kind_gives_nothing() -> None:
    rng = np.random.default_rng(3)
    random = krippendorff(
        rng.integers(3, size=4_000).tolist(), rng.integers(3, size=4_000).tolist(), draws=50
    )
    assert abs(random.alpha) < 0.04  # four standard errors
    same = krippendorff(["x"] * 9, ["x"] * 9)
    assert np.isnan([same.alpha, same.low, same.high]).all() and same.units == 9
    alone = krippendorff(list("abc"))
    assert np.isnan(alone.alpha) and alone.units == 0
    assert np.isnan(krippendorff().alpha)
    assert krippendorff(list("abab"), list("abab")).alpha == 1


def test_rare_codes_leave_no_interval_where_most_resamples_hold_none() -> None:
    codes = [True] + [False] * 300
    assert np.isfinite(krippendorff(codes, codes).low)  # in 63% of resamples
    found = krippendorff([True, *[False] * 300], [False] * 301)
    assert found.alpha < 0.01


def test_the_interval_covers_the_alpha_of_all_units() -> None:
    rng, held, runs = np.random.default_rng(8), 0, 300
    p, keep = np.array([0.5, 0.3, 0.2]), 0.8

    def coded(units: int) -> list[list[int]]:
        true = rng.choice(3, units, p=p)
        return [
            np.where(rng.random(units) < keep, true, rng.choice(3, units, p=p)).tolist() for _ in range(2)
        ]

    agree = keep**2 + (1 - keep**2) * (p @ p)  # else one of the two is a random code
    true_alpha = 1 - (1 - agree) / (1 - p @ p)
    for run in range(runs):
        found = krippendorff(*coded(150), draws=300, seed=run)
        held += found.low <= true_alpha <= found.high
    assert (
        0.91 < held / runs < 0.98
    )  # .95 less or more three standard errors, and percentiles are a little short


def test_the_same_seed_gives_the_same_interval() -> None:
    assert krippendorff(*FOUR, seed=4) == krippendorff(*FOUR, seed=4)
    assert krippendorff(*FOUR, seed=4) != krippendorff(*FOUR, seed=5)


def test_coders_of_different_units_are_an_error() -> None:
    with pytest.raises(ValueError, match="same units"):
        krippendorff([1, 2], [1])
