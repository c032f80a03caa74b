"""A scale that changes inside a file: marks of 1 to 5 until a day, of 1 to 10 after it, and no cell is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from scipy.special import gammaln

from evalpkg.codebook import Codebook
from evalpkg.ingest.answers import Answers, Floats
from evalpkg.ingest.problems import Problem
from evalpkg.ingest.sheet import Sheet

CHANCE = 0.001  # of a single false change in a file
NARROWER = 0.5  # the narrower scale ends at most here, in parts of the wider: 5 of 10, 10 of 100
LEVELS = 3  # marks that differ: what has fewer is no scale, but a habit
DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Change:
    """A change of scale: first day (days since 1970) of the later one, highest mark before and from it on, chance."""

    day: int
    before: float
    after: float
    chance: float


def changed_scales(
    sheet: Sheet, places: Mapping[str, int], given: Mapping[str, Answers], clock: Floats, book: Codebook
) -> list[Problem]:
    """Find the scored items whose scale changes on a day inside one file.

    Parameters
    ----------
    sheet, places
        The file, and the column of every item.
    given
        Answers by item.
    clock : ndarray, shape (n,)
        When each form was handed in, seconds since 1970, NaN where the file does not tell: a day of the codebook serves then.

    Returns
    -------
    list of Problem
        E-SCALE, one an item.

    Notes
    -----
    Days serve for their order and are not kept; told is the one day on which the scale changed.
    """
    days = _days(clock, given, book)
    scored = [
        item for item in book.items.values() if item.type == "score" and item.scale and item.code in given
    ]
    limit = CHANCE / max(len(scored), 1)
    problems = []
    for item in scored:
        found = change(days, given[item.code].numbers)
        if found is not None and found.chance < limit:
            said = _said(item.label, found)
            problems.append(Problem("E-SCALE", sheet.place(None, places[item.code]), said))
    return problems


def change(days: Floats, marks: Floats) -> Change | None:
    """Find the day that parts the marks of one item best into a narrower and a wider scale.

    For a mark m that ends at half of the highest or lower, let k forms give m before the first day on which anybody gives
    more, and j forms from that day on, when x give more. Were those who give at least m alike in time, so many would not
    come before the first of the x but with the chance ::

        max(C(j + x, x) / C(k + j + x, x), 1 / 2^k)

    and the same backwards in time, where the scale becomes narrower. Marks below m play no part: a chamber in a bad temper,
    or opinions that become better, change how many give much, and that is no other scale. The second term is for leaps, after
    which all give more than m: many marks at the very top, and not one above, are strange only if at least as many would
    have gone on.

    Parameters
    ----------
    days, marks : ndarray, shape (n,)
        NaN: not known.

    Returns
    -------
    Change or None
        `chance` is Bonferroni's bound over the marks and the two directions; None where no mark is the end of a scale of
        three marks or more.

    Notes
    -----
    The first term is the distribution of the waiting time for the first of x in a random order of k + j + x (a negative
    hypergeometric one), so that no day is chosen; forms of one day count as handed in together.

    Examples
    --------
    >>> days = np.arange(150.0)
    >>> found = change(days, np.where(days < 110, days % 5 + 1, days % 10 + 1))
    >>> found.day, found.before, found.after, found.chance < 1e-4
    (115, 5.0, 10.0, True)
    >>> change(days, days % 10 + 1).chance
    1.0
    """
    known = np.isfinite(days) & np.isfinite(marks)
    day, mark = days[known], marks[known]
    tops = [top for top in np.unique(mark) if 0 < top <= NARROWER * mark.max()]
    widened = [_widened(day, mark, top) for top in tops]
    narrowed = [_turned(one) for top in tops if (one := _widened(-day, mark, top))]
    found = min(filter(None, [*widened, *narrowed]), key=lambda one: one.chance, default=None)
    return found and replace(found, chance=min(found.chance * 2 * len(tops), 1.0))


def _widened(day: Floats, mark: Floats, top: float) -> Change | None:
    """Chance that marks which end at `top` for so long go on above it at last; None where they are no scale."""
    above = mark > top
    first = day[above].min()
    before = mark[day < first]
    if len(np.unique(before)) < LEVELS or before.max() < top:
        return None
    k, x = int(np.sum(before == top)), int(np.sum(above))
    rest = int(np.sum(mark >= top)) - k
    alike = _choose(rest, x) - _choose(rest + k, x)
    return Change(int(first), float(top), float(mark.max()), float(np.exp(max(alike, -k * np.log(2)))))


def _turned(found: Change) -> Change:
    """Turn time round: the last day of the wider scale was found, the next one begins the narrower."""
    return Change(1 - found.day, found.after, found.before, found.chance)


def _choose(n: float, k: float) -> float:
    """Logarithm of the binomial coefficient."""
    return float(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def _days(clock: Floats, given: Mapping[str, Answers], book: Codebook) -> Floats:
    """Day of each form: by the clock of the platform, else by the first date that the form itself bears."""
    days = np.floor(clock / DAY)
    dated = next((item for item in book.items.values() if item.type == "date" and item.code in given), None)
    if dated is None:
        return days
    written = given[dated.code].each(
        lambda value: _since_1970(value.codes[0]) if value.codes else np.nan, float
    )
    return np.where(np.isfinite(days), days, written)


def _since_1970(written: str) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp() / DAY


def _said(label: str, found: Change) -> str:
    day = datetime.fromtimestamp(found.day * DAY, UTC).date().isoformat()
    return (
        f"“{label}”在 {day} 之前最高 {found.before:g} 分，从这一天起最高 {found.after:g} 分，像是中途换了刻度；"
        "同一道题在一个文件里只能有一种刻度。请按这一天把文件分成两轮，各写各的问卷说明；"
        "或在列名对照表里把这道题的 item 写成 -（略去）"
    )
