"""Means, differences and areas in simulated rounds: 200 runs here, a thousand in `make validate`."""

from __future__ import annotations

import pytest
import short_coverage

# Not repeated here, for time: what `make validate` adds to these
SHORT = [
    "means_38",
    "replicates_38",
    "differences_demo",
    "differences_linear",
    "areas_same",
    "areas_differ",
]


@pytest.mark.parametrize("key", SHORT)
def test_statements_cover_and_controls_fail(key: str) -> None:
    assert short_coverage.faults(key) == []
