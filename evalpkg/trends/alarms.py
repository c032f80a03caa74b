"""Changes that respondents could hardly produce: the instrument or the sample may be another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.trends import control
from evalpkg.trends.pairs import Pair

TIMES = 3.0  # times the median absolute change of the others
DIMENSIONS = ("environment", "driver")  # what is asked alike, so that one may be compared with the others
FEWEST = 4  # dimensions, below which a median says nothing
JUMP, ALONE = "jump", "alone"


def alarms(
    table: pd.DataFrame, found: Mapping[int, Pair], chosen: Sequence[int], level: float
) -> NDArray[np.str_]:
    """Mark changes that may come from another questionnaire or sample.

    Parameters
    ----------
    table
        Columns kind, estimate, std_error, df, n, against, direction, a row an item.
    found, chosen
        What the numbers come from, and the earlier round of each row.

    Returns
    -------
    ndarray of str, one a row
        "jump": a dimension whose change exceeds three times the median absolute change of the others, and whose limits (of
        all dimensions at once) lie beyond that bound. "alone": overall satisfaction surely moved, its components together did
        not, and the difference of the two is sure. "" else.
    """
    marks = np.full(len(table), "", dtype=object)
    for at in found:
        here = np.array(chosen) == at
        dimension = here & table["kind"].isin(DIMENSIONS).to_numpy() & table["std_error"].notna().to_numpy()
        marks[dimension] = np.where(jumps(table[dimension], level), JUMP, "")
        if _alone(table[here], found[at], level):
            marks[here & (table["kind"] == "overall").to_numpy()] = ALONE
    return marks.astype(str)


def jumps(rows: pd.DataFrame, level: float) -> NDArray[np.bool_]:
    """Tell which dimensions jump against the median of the others.

    Examples
    --------
    >>> rows = pd.DataFrame({"estimate": [0.5, -0.4, 0.6, 16.5], "std_error": 1.0, "df": 50.0, "n": 900})
    >>> jumps(rows, 0.95)
    array([False, False, False,  True])
    """
    size = np.abs(rows["estimate"].to_numpy(dtype=float))
    if len(size) < FEWEST:
        return np.zeros(len(size), dtype=bool)
    others = np.array([np.median(np.delete(size, at)) for at in range(len(size))])
    est = estimate.Estimate(
        size, np.diag(rows["std_error"].to_numpy(dtype=float) ** 2), n=rows["n"].to_numpy(), df=rows["df"].to_numpy(dtype=float)
    )  # fmt: skip
    low, _ = control.limits(est, 1 - (1 - level) / len(size))
    return np.asarray(low > TIMES * others)


def _alone(rows: pd.DataFrame, pair: Pair, level: float) -> bool:
    """Tell whether overall satisfaction moves while its components together do not (rows in the order of the pair)."""
    whole = (rows["kind"] == "overall").to_numpy()
    parts = rows["kind"].isin(DIMENSIONS).to_numpy() & rows["std_error"].notna().to_numpy()
    if whole.sum() != 1 or parts.sum() < FEWEST or rows.loc[whole, "direction"].item() in ("", control.NO):
        return False
    mean = parts / parts.sum()
    both = estimate.contrast(pair.part(0), np.array([mean, whole - mean]))
    low, high = control.limits(both, level)
    return bool(low[0] <= 0 <= high[0] and (low[1] > 0 or high[1] < 0))
