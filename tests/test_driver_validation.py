"""Drivers in simulated rounds: some 80 runs here, a thousand in `make validate`."""

from __future__ import annotations

import numpy as np
import pytest
from short_coverage import as_it_should_be, faults
from validation import drivers, simulation

from evalpkg.drivers.importance import lmg


@pytest.mark.parametrize(
    ("key", "runs"),
    [
        pytest.param("halo_38", 60, marks=pytest.mark.validate),
        pytest.param("halo_drivers_38", 80, marks=pytest.mark.validate),
    ],
)
def test_the_level_is_taken_out_and_a_poorer_control_fails(key: str, runs: int) -> None:
    assert faults(key, runs) == []


def test_shares_and_places_cover_and_need_the_chambers() -> None:
    values, _ = simulation.simulate("drivers_38", 0, 80)
    for row, column in zip(simulation.SCENARIOS["drivers_38"].rows[:3], values.T[:3], strict=True):
        assert as_it_should_be(row, column), f"{row.label}: {column.mean():.3f}"
    shares, alone, whole = values[:, [0, 3, 4]].mean(axis=0)
    assert max(alone, whole) < shares - 0.01  # a thousand runs tell how much


# --- the worlds tell the truth -------------------------------------------------------------------------


def test_the_line_is_as_it_says() -> None:
    drawn = drivers.on_a_line(np.random.default_rng(1), 60_000, 20_000)
    columns = drawn.responses[["y", *(f"x{j}" for j in range(5))]]
    gaps = columns.isna().mean()
    assert gaps["y"] == 0 and gaps[1:].mean() == pytest.approx(drivers.SKIPPED, abs=0.005)
    seen = columns["x0"].notna() & columns["x1"].notna()
    assert columns["y"][seen].mean() > columns["y"][~seen].mean() + 0.5  # the less satisfied skip more
    weights = drawn.design.weights
    assert np.average(columns["y"], weights=weights) == pytest.approx(0, abs=0.05)
    assert np.cov(columns["y"], aweights=weights) == pytest.approx(drivers.explained()[0, 0], rel=0.03)


def test_the_true_shares_are_those_of_a_very_large_round_without_gaps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drivers, "skipped", lambda rng, x, y: x)
    drawn = drivers.on_a_line(np.random.default_rng(2), 100_000, 30_000)
    data = drawn.responses[["y", *(f"x{j}" for j in range(5))]].to_numpy()
    found = lmg(np.cov(data.T, aweights=drawn.design.weights))
    np.testing.assert_allclose(found, lmg(drivers.explained()), atol=0.006)


def test_the_true_shares_beside_the_level_are_those_of_a_very_large_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drivers, "skipped", lambda rng, x, y: x)
    drawn = drivers.marked(np.random.default_rng(3), 60_000, 30_000, drivers.TRUE)
    columns = drawn.survey.responses[["y", *(f"x{j}" for j in range(drivers.P))]]
    sigma = np.cov(np.column_stack([columns, drawn.level]).T, aweights=drawn.survey.design.weights)
    found = lmg(sigma, always=(drivers.P,)) * 100
    np.testing.assert_allclose(found, drivers.controlled_shares(drivers.TRUE), atol=0.4)
    b = np.linalg.solve(sigma[1:, 1:], sigma[1:, 0])[: drivers.P]
    np.testing.assert_allclose(b, drivers.TRUE, atol=0.02)
