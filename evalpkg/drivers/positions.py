"""Where a driver lies on the map of importance and performance, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalpkg.drivers.drawn import Drawn

SURE = 95.0  # per cent, from which a driver is said to be the place to begin
LIKELY = 50.0  # per cent, from which a zone is named at all
PLACED = ("p_fix", "p_keep", "zone", "ellipse_sd_x", "ellipse_sd_y", "ellipse_r")


@dataclass(frozen=True, eq=False)
class Map:
    """Hold importance (per cent of variance) and performance (score 0-100) of p drivers with joint replicates."""

    share: Drawn
    score: Drawn
    df: float
    level: float


def located(at: Map) -> pd.DataFrame:
    """Place each driver on the map.

    The lines between zones are the means over the drivers, of share and of score, in every replicate anew; the replicates
    are those around the estimates (`Drawn.around`). A single driver has no place among others: NaN, and no zone.

    Returns
    -------
    DataFrame, p rows
        `p_fix`, `p_keep`: per cent of replicates in which the driver is important with a low, with a high score;
        `zone`: ``fix`` (p_fix at least 95), ``watch`` (at least 50), ``keep`` (p_keep at least 50), else ``later``;
        `ellipse_sd_x`, `ellipse_sd_y`, `ellipse_r`: standard errors of score and share, and their correlation.

    Notes
    -----
    Martilla & James (1977), Journal of Marketing 41:77, with the uncertainty that the original leaves out.
    """
    if len(at.share.point) < 2:
        return pd.DataFrame({name: [np.nan] for name in PLACED}).assign(zone="")
    usable = ~(np.isnan(at.share.all_draws) | np.isnan(at.score.all_draws)).any(axis=1)
    share, score = (Drawn(d.point, d.all_draws[usable]).around(at.level, at.df) for d in (at.share, at.score))
    important = share > share.mean(axis=1, keepdims=True)
    weak = score < score.mean(axis=1, keepdims=True)
    fix, keep = 100 * (important & weak).mean(axis=0), 100 * (important & ~weak).mean(axis=0)
    return pd.DataFrame(
        {
            "p_fix": fix,
            "p_keep": keep,
            "zone": np.select(
                [fix >= SURE, fix >= LIKELY, keep >= LIKELY], ["fix", "watch", "keep"], "later"
            ),
            "ellipse_sd_x": at.score.std_error,
            "ellipse_sd_y": at.share.std_error,
            "ellipse_r": _correlations(score, share),
        }
    )


def _correlations(score: np.ndarray, share: np.ndarray) -> np.ndarray:
    x, y = score - score.mean(axis=0), share - share.mean(axis=0)
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    r: np.ndarray = np.divide((x * y).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0)
    return r
