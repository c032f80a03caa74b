"""A change in its two parts: exact sums, cells by hand, influence functions against a jackknife."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_rounds import wave

from evalpkg.trends import mix


def drawn(seed: int, n: int, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, weights and cells, each cell with a respondent."""
    rng = np.random.default_rng(seed)
    cell = np.concatenate([np.arange(cells), rng.integers(0, cells, n - cells)])
    return rng.normal(70, 15, n), rng.uniform(0.2, 3, n), cell


@given(st.integers(0, 10_000), st.integers(8, 60), st.integers(1, 6))
def test_rating_and_composition_add_up_to_the_change_of_the_mean(seed: int, n: int, cells: int) -> None:
    (y, w, c), (v, u, d) = drawn(seed, n, cells), drawn(seed + 1, n + 5, cells)
    found = mix.split(y, v, (w, u), (c, d))
    change = np.average(y, weights=w) - np.average(v, weights=u)
    assert found.rating + found.composition == pytest.approx(change, abs=1e-10)
    assert found.total == pytest.approx(change, abs=1e-10)
    for z in found.influence:
        assert np.abs(z.sum(axis=0)).max() < 1e-9


def plainly(
    y: np.ndarray, v: np.ndarray, w: np.ndarray, u: np.ndarray, c: np.ndarray, d: np.ndarray
) -> np.ndarray:
    """Rating and composition by a loop over cells."""
    rating = composition = 0.0
    for cell in np.unique(c):
        one, other = c == cell, d == cell
        p2, p1 = w[one].sum() / w.sum(), u[other].sum() / u.sum()
        m2, m1 = np.average(y[one], weights=w[one]), np.average(v[other], weights=u[other])
        rating += (p1 + p2) / 2 * (m2 - m1)
        composition += (p2 - p1) * (m1 + m2) / 2
    return np.array([rating, composition])


def test_parts_and_influence_against_a_loop_and_a_derivative() -> None:
    (y, w, c), (v, u, d) = drawn(1, 50, 4), drawn(2, 40, 4)
    found = mix.split(y, v, (w, u), (c, d))
    assert [found.rating, found.composition] == pytest.approx(plainly(y, v, w, u, c, d))
    for at in (0, 7, 30):  # the influence of a respondent is w times the derivative by its weight
        more, less = w.copy(), w.copy()
        more[at], less[at] = w[at] + 1e-5, w[at] - 1e-5
        slope = (plainly(y, v, more, u, c, d) - plainly(y, v, less, u, c, d)) / 2e-5
        assert found.influence[0][at] == pytest.approx(w[at] * slope, abs=1e-7)
        other_more, other_less = u.copy(), u.copy()
        other_more[at], other_less[at] = u[at] + 1e-5, u[at] - 1e-5
        slope = (plainly(y, v, w, other_more, c, d) - plainly(y, v, w, other_less, c, d)) / 2e-5
        assert found.influence[1][at] == pytest.approx(u[at] * slope, abs=1e-7)
        up = y.copy()
        up[at] += 1.0
        moved = plainly(up, v, w, u, c, d) - plainly(y, v, w, u, c, d)
        assert found.on_values[0][at] == pytest.approx(moved, abs=1e-9)


def test_a_change_of_the_mix_alone_is_composition() -> None:
    cells = [np.repeat([0, 1], [30, 70]), np.repeat([0, 1], [60, 40])]
    y = [np.where(c == 0, 90.0, 60.0) for c in cells]
    found = mix.split(y[0], y[1], (np.ones(100), np.ones(100)), (cells[0], cells[1]))
    assert (found.rating, found.composition) == pytest.approx((0.0, -9.0))


def sizes_and_modes(counts: dict[tuple[str, str], int]) -> dict[str, list[str]]:
    pairs = [pair for pair, many in counts.items() for _ in range(many)]
    return {"size": [one for one, _ in pairs], "mode": [two for _, two in pairs], "F1": [5.0] * len(pairs)}  # type: ignore[dict-item]


@pytest.mark.parametrize(("phones", "cells"), [(9, 3), (4, 2)])
def test_small_cells_are_taken_together(phones: int, cells: int) -> None:
    """Three large ones by telephone, and so many small ones, make a cell of ten, or join the smallest that is one."""
    now = wave(
        "2022H2",
        sizes_and_modes({("L", "online"): 20, ("L", "phone"): 30, ("S", "online"): 40, ("S", "phone"): 4}),
    )
    before = wave(
        "2022H1",
        sizes_and_modes(
            {("L", "online"): 25, ("L", "phone"): 3, ("S", "online"): 40, ("S", "phone"): phones}
        ),
    )
    new, old = mix.cells(now, before).within((np.ones(now.n, dtype=bool), np.ones(before.n, dtype=bool)))
    of = now.responses.assign(cell=new).groupby(["size", "mode"])["cell"].first()
    assert of["L", "phone"] == of["S", "phone"] != of["S", "online"]
    assert (of["L", "phone"] == of["L", "online"]) == (cells == 2)
    assert set(new) == set(old) == set(range(cells))


def test_a_size_that_is_large_enough_keeps_its_small_modes_to_itself() -> None:
    counts = {("L", "online"): 20, ("L", "phone"): 6, ("L", "visit"): 6, ("S", "online"): 40}
    both = wave("2022H2", sizes_and_modes(counts))
    new, _ = mix.cells(both, both).within((np.ones(both.n, dtype=bool),) * 2)
    of = both.responses.assign(cell=new).groupby(["size", "mode"])["cell"].first()
    assert of["L", "phone"] == of["L", "visit"]
    assert of.nunique() == 3


def test_nobody_outside_has_a_cell_and_few_make_one() -> None:
    now = wave("2022H2", sizes_and_modes({("L", "online"): 4, ("S", "phone"): 3}))
    before = wave("2022H1", sizes_and_modes({("S", "online"): 9}))
    inside = (np.arange(7) < 5, np.ones(9, dtype=bool))
    new, old = mix.cells(now, before).within(inside)
    assert new.tolist() == [0] * 5 + [-1] * 2
    assert old.tolist() == [0] * 9


def test_without_size_and_mode_there_is_one_cell() -> None:
    plain = wave("2022H2", {"F1": [5.0] * 12}, items=[])
    assert pd.unique(np.concatenate(mix.cells(plain, plain).fine)).tolist() == [0]
