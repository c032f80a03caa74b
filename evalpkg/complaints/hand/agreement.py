"""How far coders agree: Krippendorff's alpha of single labels or of sets of labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Distance = Callable[[Any, Any], float]
Floats = NDArray[np.float64]
DRAWS = 2_000
MOST_UNDEFINED = 0.5  # of the resampled alphas; beyond it there is no interval


@dataclass(frozen=True)
class Agreement:
    """Hold alpha and its interval; NaN where all codes are the same, or no unit has two. `units` were coded twice or more."""

    alpha: float
    std_error: float
    low: float
    high: float
    units: int


def nominal(a: Hashable, b: Hashable) -> float:
    """Give 0 for equal labels, 1 for others."""
    return float(a != b)


def masi(a: frozenset[Hashable], b: frozenset[Hashable]) -> float:
    """Give the distance of two sets, 1 - J M (Passonneau 2006).

    J is Jaccard's index; M is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where they
    share nothing. For sets of one label it is the nominal distance.

    >>> round(masi(frozenset("ab"), frozenset("abcd")), 4)
    0.6667
    """
    if a == b:
        return 0.0
    shared = a & b
    weight = 2 / 3 if shared in (a, b) and shared else 1 / 3
    return 1 - weight * len(shared) / len(a | b)


def krippendorff(
    *coders: Sequence[Any],
    distance: Distance = nominal,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Compute Krippendorff's alpha, 1 less observed over expected disagreement.

    alpha = 1 - (n - 1) sum_u [sum_ij d(i, j) / (m_u - 1)] / sum_vw n_v n_w d(v, w): m_u codes of unit u, n_v codes v in all, of
    units with two codes or more; n their number.

    Parameters
    ----------
    *coders
        Codes of the same U units by each coder, two or more; None where a coder did not code.
    distance
        Between two codes: 0 for equal ones, symmetric. `nominal`, or `masi` for frozensets.
    level, draws, seed
        Of the interval: percentiles over resampled units.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        Coders of different numbers of units.

    Notes
    -----
    Krippendorff (2011), Computing Krippendorff's alpha-reliability; checked against its worked examples. Resampling units rather
    than pairs: Zapf et al. (2016). Units are not weighted: alpha is that of the units coded, among which small themes are
    more frequent than among all.

    Examples
    --------
    >>> round(krippendorff("aabbdcccedda", "babbbccceddd").alpha, 3)
    0.692
    """
    if len({len(codes) for codes in coders}) > 1:
        raise ValueError("coders must have the same units, None where one did not code")
    counts, values = _counted(coders)
    pairable = counts[counts.sum(axis=1) >= 2]
    between = np.array([[distance(v, w) for w in values] for v in values], dtype=float).reshape(
        (len(values),) * 2
    )
    alpha = float(_alpha(pairable, between, np.ones((1, len(pairable))))[0])
    if np.isnan(alpha):
        return Agreement(np.nan, np.nan, np.nan, np.nan, len(pairable))
    rng = np.random.default_rng(seed)
    units = len(pairable)
    resampled = _alpha(pairable, between, rng.multinomial(units, np.full(units, 1 / units), draws))
    defined = resampled[~np.isnan(resampled)]
    if len(defined) < MOST_UNDEFINED * draws:
        return Agreement(alpha, np.nan, np.nan, np.nan, units)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(alpha, float(defined.std(ddof=1)), float(low), float(high), units)


def _counted(coders: Sequence[Sequence[Any]]) -> tuple[Floats, list[Any]]:
    """Count how often each unit was given each value, (U, V), values in the order of first use."""
    values = list(dict.fromkeys(code for codes in coders for code in codes if code is not None))
    place = {value: at for at, value in enumerate(values)}
    counts = np.zeros((len(coders[0]) if coders else 0, len(values)))
    for codes in coders:
        for unit, code in enumerate(codes):
            if code is not None:
                counts[unit, place[code]] += 1
    return counts, values


def _alpha(counts: Floats, between: Floats, times: NDArray[Any]) -> Floats:
    """Give alpha when unit u counts times[b, u] times, (B,); NaN where no disagreement is expected."""
    codes = counts.sum(axis=1)
    observed = times @ (((counts @ between) * counts).sum(axis=1) / np.maximum(codes - 1, 1))
    values = times @ counts
    expected = ((values @ between) * values).sum(axis=1)
    ratio = np.divide(observed, expected, out=np.full(len(times), np.nan), where=expected > 0)
    return np.asarray(1 - (times @ codes - 1) * ratio)
