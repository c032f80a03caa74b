"""The city's enterprises by district, size class and industry: the truth that weights aim at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import world


def table(wave: world.Wave, districts: list[str]) -> pd.DataFrame:
    """Count the enterprises of a round.

    Parameters
    ----------
    wave
        The round; `wave.firms` is the total aimed at.
    districts
        Codes of the districts in force.

    Returns
    -------
    DataFrame
        One row a district, size and industry with N (enterprises, at least 1) and employment (persons).
    """
    place = np.array([world.DISTRICTS[code] for code in districts])
    trade = np.array([world.INDUSTRY_BY_SIZE[size] for size in world.SIZES])
    share = place[:, None, None] * trade[None] * _tilt(districts)
    # The tilt moves firms between places and trades; the city's size structure stays what it is.
    share = (
        share
        / share.sum(axis=(0, 2), keepdims=True)
        * np.array(list(world.SIZE_SHARES.values()))[None, :, None]
    )
    counts = np.maximum(np.rint(wave.firms * share), 1).astype(int)
    staff = np.array(list(world.STAFF_BY_SIZE.values()))[None, :, None] * _crew()[None, None, :]
    rows = pd.MultiIndex.from_product(
        [districts, world.SIZES, world.GROUPS], names=["district", "size", "industry"]
    )
    employed = np.rint(counts * staff).astype(int)
    return pd.DataFrame({"N": counts.ravel(), "employment": employed.ravel()}, index=rows).reset_index()


def _tilt(districts: list[str]) -> np.ndarray:
    """Larger firms and services sit in the city, farms and mines in the hills: (district, size, group)."""
    urban = np.array([code in ("LC", "XG", "CH", "JX", "LL") for code in districts], dtype=float)
    size = np.array([0.5, 0.35, 0.2, 0.1, 0.0])
    group = np.array([-1.1, -0.1, 0.05, 0.0, -0.1, 0.5, 0.1])
    return np.asarray(
        np.exp(np.add.outer(np.outer(urban, size), np.zeros(7)) + np.outer(urban, group)[:, None, :])
    )


def _crew() -> np.ndarray:
    """Staff of a firm of each trade relative to the mean of its size class."""
    return np.array([0.9, 1.3, 1.2, 0.85, 1.0, 1.0, 1.1])


def margins(wave: world.Wave, counts: pd.DataFrame) -> pd.DataFrame:
    """Arrange the counts as the file that a statistics office would hand over."""
    head = counts[["district", "size", "industry", "N", "employment"]].copy()
    head.insert(0, "round", wave.id)
    return head.assign(asof=wave.asof.isoformat(), source="SYNTHETIC")
