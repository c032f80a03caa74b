"""Size class of an enterprise from its industry, staff and revenue, by the official rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalpkg.codebook import CLASSES, INDIVIDUAL, Codebook, Item, SizeRules, Sizing

AMBIGUOUS = "ambiguous"
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sizes:
    """Size class of n respondents.

    Attributes
    ----------
    size : Series of shape (n,)
        Told from the other answers where they tell one class, else what the respondent said; missing where neither is known.
    counts : dict
        Respondents ``derived``; those whose own word is taken because the answers allow several classes (``ambiguous``) or
        one of them is missing (``unanswered``); and of the derived those ``differing`` from their own word.
    """

    size: pd.Series
    counts: dict[str, int]


def size_class(
    rules: SizeRules,
    industry: Sequence[str],
    staff_low: ArrayLike,
    staff_high: ArrayLike,
    revenue_low: ArrayLike,
    revenue_high: ArrayLike,
    assets_low: ArrayLike = np.nan,
    assets_high: ArrayLike = np.nan,
) -> NDArray[np.object_]:
    """Tell the size class of n enterprises that state bands or exact numbers.

    An enterprise is of the largest class of which it reaches all lower limits, and micro where it misses one of the small.
    Classes rise with every indicator, so those that a band allows lie between those of its two ends; where these agree
    under every rule of the industry, the class is certain.

    Parameters
    ----------
    rules
        Table of limits.
    industry : sequence of str, length n
        Codes of GB/T 4754-2017: a section, a division or finer.
    staff_low, staff_high : array_like, shape (n,)
        Persons: the band holds low <= x < high, or one number where both are equal. NaN: not known.
    revenue_low, revenue_high, assets_low, assets_high : array_like, shape (n,)
        In 10,000 yuan, as above.

    Returns
    -------
    ndarray of str, shape (n,)
        ``X``, ``S``, ``M``, ``L``, or ``ambiguous``: several classes are possible, or no rule covers the industry.

    Notes
    -----
    National Bureau of Statistics, 统计上大中小微型企业划分办法（2017）. An indicator that was not asked may be anything, so it
    leaves a class certain only where it cannot change it.

    Examples
    --------
    >>> from evalpkg.codebook.size_rules import read_size_rules
    >>> from evalpkg.params import bundle
    >>> rules = read_size_rules(bundle(), "size_rules_2017.csv")
    >>> list(size_class(rules, ["C", "C", "F"], [20, 300, 5], [50, 300, 10], [300, 2000, 1000], [500, 2000, 2000]))
    ['S', 'M', 'ambiguous']
    """
    n = len(industry)
    low = _columns(n, staff_low, revenue_low, assets_low, unknown=0.0)
    high = _columns(n, staff_high, revenue_high, assets_high, unknown=np.inf)
    found: NDArray[np.object_] = np.full(n, AMBIGUOUS, dtype=object)
    which, codes = pd.factorize(np.asarray(industry, dtype=object), use_na_sentinel=False)
    for place, code in enumerate(codes):
        rows, limits = which == place, rules.limits[rules.covering(str(code))]
        if len(limits):
            found[rows] = _certain(limits, low[rows], high[rows])
    return found


def _columns(n: int, *numbers: ArrayLike, unknown: float) -> Floats:
    """Put an indicator a column, (n, 3), what is not known as far out as it may be."""
    columns = [np.broadcast_to(np.asarray(column, dtype=float), n) for column in numbers]
    table: Floats = np.column_stack(columns)
    return np.where(np.isnan(table), unknown, table)


def _certain(limits: Floats, low: Floats, high: Floats) -> NDArray[np.object_]:
    """Tell the class that all rules (r, 3, 3) give at both ends of m bands (m, 3)."""
    bottom, top = low[:, None, :, None], high[:, None, :, None]
    smallest = _steps(bottom >= limits, limits).min(axis=1)
    largest = _steps((limits < top) | (limits <= bottom), limits).max(axis=1)
    return np.where(smallest == largest, np.array(CLASSES, dtype=object)[smallest], AMBIGUOUS)


def _steps(reached: Bools, limits: Floats) -> NDArray[np.intp]:
    """Count the steps of which every indicator is reached; one that a rule does not look at never stands in the way."""
    steps: NDArray[np.intp] = (reached | np.isnan(limits)).all(axis=2).sum(axis=2)
    return steps


def sizes(responses: pd.DataFrame, book: Codebook) -> Sizes | None:
    """Tell the size of every respondent of a round; None where the codebook does not say from which answers."""
    item, told = book.one("size"), book.sizing
    if item is None or told is None:
        return None
    asked = _asked(responses, told)
    numbers = [
        end
        for code in (told.employees, told.revenue, told.assets)
        for end in _ends(asked.get(code), book.items.get(code), len(responses))
    ]
    derived = size_class(told.rules, asked[told.industry].fillna("").tolist(), *numbers)
    blank = asked.isna().any(axis=1).to_numpy()
    derived[asked[[code for code, _ in told.individual]].isna().any(axis=1)] = AMBIGUOUS
    for code, option in told.individual:
        derived[(asked[code] == option).to_numpy(dtype=bool, na_value=False)] = INDIVIDUAL
    own = responses.get(item.code, pd.Series(None, index=responses.index, dtype="str"))
    return _settled(derived, own, blank)


def _asked(responses: pd.DataFrame, told: Sizing) -> pd.DataFrame:
    """Answers from which the size is told; a question that a file did not have was answered by nobody."""
    codes = [told.industry, told.employees, told.revenue, told.assets, *(code for code, _ in told.individual)]
    return responses.reindex(columns=list(dict.fromkeys(code for code in codes if code)))


def _ends(answers: pd.Series | None, item: Item | None, n: int) -> tuple[Any, Any]:
    """Lowest and highest number that each answer allows, NaN where it gives none."""
    if answers is None or item is None:
        return np.full(n, np.nan), np.full(n, np.nan)
    if not item.bands:
        exact = pd.to_numeric(answers).to_numpy(dtype=float)
        return exact, exact
    ends = [answers.map({code: band[end] for code, band in item.bands.items()}) for end in (0, 1)]
    return ends[0].to_numpy(dtype=float), ends[1].to_numpy(dtype=float)


def _settled(derived: NDArray[np.object_], own: pd.Series, blank: Bools) -> Sizes:
    """Take the derived class where there is one, else the respondent's word, and count."""
    sure = derived != AMBIGUOUS
    counts = {
        "derived": sure,
        "ambiguous": ~sure & ~blank,
        "unanswered": ~sure & blank,
        "differing": sure & own.notna().to_numpy() & (own.to_numpy(dtype=object) != derived),
    }
    size = own.where(~sure, pd.Series(derived, index=own.index, dtype="str"))
    return Sizes(size, {name: int(rows.sum()) for name, rows in counts.items()})
