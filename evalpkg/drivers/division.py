"""Which division of R2 serves: LMG as long as it can be computed, Johnson's weights beyond."""

from __future__ import annotations

import numpy as np

from evalpkg.drivers.importance import LARGEST, johnson, lmg


def divided(moments: np.ndarray) -> np.ndarray:
    """Give `importance.lmg` of up to 20 drivers and `importance.johnson` of more, (..., p).

    Examples
    --------
    >>> divided(np.eye(23)).shape
    (22,)
    """
    return lmg(moments) if np.shape(moments)[-1] - 1 <= LARGEST else johnson(moments)


def note(drivers: int) -> tuple[str, ...]:
    """Say aloud that Johnson's weights stand in."""
    if drivers <= LARGEST:
        return ()
    return (
        f"共有 {drivers} 项因素，超过 {LARGEST} 项时逐一排列算不过来，份额改用 Johnson 相对权重；"
        "要用 LMG，请把相近的题目合并",
    )
