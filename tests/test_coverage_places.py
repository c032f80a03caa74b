"""Rank sets, tiers and what is published in simulated rounds: 200 runs here, a thousand in `make validate`."""

from __future__ import annotations

import pytest
import short_coverage

# Not repeated here, for time: what `make validate` adds to these
SHORT = [
    "ranks_near-ties_38",
    "ranks_near-ties_1000",
    "ranks_all_equal_38",
    "published_38",
]


@pytest.mark.parametrize("key", SHORT)
def test_statements_cover_and_controls_fail(key: str) -> None:
    assert short_coverage.faults(key) == []
