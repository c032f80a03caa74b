"""Rank sets, tiers and what is published in simulated rounds: 100 runs here, a thousand in `make validate`."""

from __future__ import annotations

import pytest
import short_coverage

RUNS = 100
# Of 15 districts, of single firms, where all are equal, and of what is published, for time, in `make validate` alone.
SHORT = ["ranks_near-ties_38", pytest.param("published_38", marks=pytest.mark.validate)]


@pytest.mark.parametrize("key", SHORT)
def test_statements_cover_and_controls_fail(key: str) -> None:
    assert short_coverage.faults(key, RUNS) == []
