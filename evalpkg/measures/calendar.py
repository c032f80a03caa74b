"""The rounds of a workspace in time, whether or not their answers are still there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from evalpkg import params
from evalpkg.params import Period, Round


def calendar(root: Path) -> tuple[Round, ...]:
    """Return the rounds of a workspace, the earliest first; one whose parameters cannot be read is left out."""
    return params.readable(root)


def exposure(effective: date, ended: date | None, period: Period) -> bool | None:
    """Tell whether a measure was in force in a whole period (True), in none of it (False) or in a part (None).

    Examples
    --------
    >>> half = Period(start=date(2021, 7, 1), end=date(2021, 12, 31))
    >>> [exposure(date(2021, month, 1), None, half) for month in (7, 9)], exposure(date(2022, 1, 1), None, half)
    ([True, None], False)
    >>> exposure(date(2021, 1, 1), date(2021, 6, 30), half), exposure(date(2021, 1, 1), date(2021, 8, 1), half)
    (False, None)
    """
    if effective > period.end or (ended is not None and ended < period.start):
        return False
    return True if effective <= period.start and (ended is None or ended >= period.end) else None
