"""How many at the head surely hold the first places."""

from __future__ import annotations

from collections.abc import Sequence


def leading(upper: Sequence[float]) -> int:
    """Return the smallest number m of the first entries whose rank sets end at m or before; 0 where there is none.

    With the level of the simultaneous rank sets these m are the first m, whatever their order among themselves. More than
    half of all are no head.

    Parameters
    ----------
    upper
        Last place that each may have, the largest estimate first; NaN = not known.

    Examples
    --------
    >>> leading([2, 2, 4, 4]), leading([2, 3, 3]), leading([1, 3, 3]), leading([3, 3, 3, 4])
    (2, 0, 1, 0)
    """
    return next((m for m in range(1, (len(upper) + 1) // 2 + 1) if all(place <= m for place in upper[:m])), 0)
