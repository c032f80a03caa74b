"""Differences and areas in simulated rounds: one or two hundred runs here, a thousand in `make validate`."""

from __future__ import annotations

import pytest
import short_coverage

# Runs of a scenario: as many as its negative controls need to fail. Means (whose controls need 200), single firms, 15 districts,
# replicates and the linearised interval of differences, for time, in `make validate` alone.
SHORT = {
    "differences_demo": 100,
    "areas_same": 200,
    "areas_differ": 200,
}


@pytest.mark.parametrize(
    ("key", "runs"), [*SHORT.items(), pytest.param("means_38", 200, marks=pytest.mark.validate)]
)
def test_statements_cover_and_controls_fail(key: str, runs: int) -> None:
    assert short_coverage.faults(key, runs) == []
