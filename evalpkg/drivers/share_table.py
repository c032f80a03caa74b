"""The table of shares that the page of drivers and the card of a department have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalpkg import ranks
from evalpkg.drivers.drawn import Drawn
from evalpkg.drivers.sample import Sample


def share_table(read: Sample, shares: Drawn, df: float, level: float, seed: int) -> pd.DataFrame:
    """Put shares (0..1) of the outcome's variance beside their items, in per cent.

    Returns
    -------
    DataFrame, p rows
        `item`, `label`, `estimate`, `std_error`, `conf_low`, `conf_high` (logit, t with `df`), `n` (who answered the item),
        `p_first` (per cent of the replicates around the estimates in which it is the largest, `Drawn.first`), `rank_low`,
        `rank_high` (`ranks.rank_sets` on the logits, all items at once; Mogstad, Romano, Shaikh & Wilhelm 2024). A single
        item has no place: NaN.
    """
    low, high = shares.share_interval(level, df)
    lower, upper = _places(shares, df, level, seed)
    return pd.DataFrame(
        {
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": shares.point * 100,
            "std_error": shares.std_error * 100,
            "conf_low": low * 100,
            "conf_high": high * 100,
            "n": (~np.isnan(read.answers[:, 1 : len(read.items) + 1])).sum(axis=0),
            "p_first": shares.first(level, df) * 100 if len(shares.point) > 1 else np.nan,
            "rank_low": lower,
            "rank_high": upper,
        }
    )


def explained(shares: Drawn, df: float, level: float) -> dict[str, float]:
    """Give what all items explain together, per cent: `r2`, `r2_low`, `r2_high`."""
    total = Drawn(shares.point.sum(keepdims=True), shares.draws.sum(axis=1, keepdims=True))
    low, high = total.share_interval(level, df)
    return {"r2": float(total.point[0]) * 100, "r2_low": float(low[0]) * 100, "r2_high": float(high[0]) * 100}


def _places(shares: Drawn, df: float, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if len(shares.point) < 2:
        return np.full(1, np.nan), np.full(1, np.nan)
    point, drawn = shares.logits
    found = ranks.rank_sets(point, np.cov(drawn.T), df=df, level=level, seed=seed)
    return found.lower.astype(float), found.upper.astype(float)
