"""What only the raw file can tell about how a form was filled in; the clock and the addresses end here.

Told are a question to the fieldwork, never a deletion: a meeting where thirty firms answer at once, or forms on
paper typed in by one hand, looks to a clock like one hand filling in thirty forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from evalpkg.codebook import Codebook
from evalpkg.ingest.answers import Answers
from evalpkg.ingest.headers import Columns
from evalpkg.ingest.problems import Problem
from evalpkg.ingest.sheet import Sheet

FASTEST = 45.0  # seconds for a whole form
PER_ITEM = 2.0  # seconds an asked item (Huang et al. 2012)
WINDOW = 3600.0  # seconds in which forms that arrive together are counted
FEWEST = 10  # forms that can be a burst
WORKDAY = 8  # hours over which a day's forms would come
CHANCE = 0.001  # of a single false burst in a round
ENOUGH = 0.9  # share of forms that must tell for anybody to be judged
SLIPS = 2  # departments rated though "not dealt with": one may be a slip of the pen
HALF = 0.5

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

UNITS = re.compile(
    r"(?:(\d{1,4})天)?(?:(\d{1,4})(?:小时|时))?(?:(\d{1,6})(?:分钟|分))?(?:(\d{1,9}(?:\.\d{1,6})?)(?:秒|s)?)?"
)
COLONS = re.compile(r"()(\d{1,4}):([0-5]?\d):([0-5]?\d(?:\.\d{1,6})?)")
SECONDS = (86_400.0, 3_600.0, 60.0, 1.0)
MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?"
)


@dataclass(frozen=True)
class Told:
    """`table`: a row a form in the order given, a column a thing told; `problems`: warnings on what is not."""

    table: pd.DataFrame
    problems: list[Problem]


def paradata(sheet: Sheet, columns: Columns, key: bytes = b"") -> Told:
    """Read clock and duration of one file as numbers, its addresses as hashes.

    Parameters
    ----------
    sheet, columns
    key
        Of the hashes: drawn for one reading of a round and thrown away, so that nobody can try addresses out on them.

    Returns
    -------
    Told
        `table` has the columns clock (seconds since 1970), duration (seconds), address (keyed BLAKE2, compared only),
        NaN or None where the file does not tell; `problems` are warnings that give the first cell that cannot
        be read.
    """
    table = pd.DataFrame(index=pd.RangeIndex(len(sheet.rows)))
    problems: list[Problem] = []
    readers: dict[str, tuple[Callable[[str], float], str]] = {
        "clock": (moment, "2022/12/5 9:05:07"),
        "duration": (duration, "123秒 或 2分3秒"),
    }
    for name, (reader, example) in readers.items():
        column = columns.paradata.get(name)
        cells = [] if column is None else [row[column] for row in sheet.rows]
        table[name] = np.array([reader(cell) for cell in cells]) if cells else np.nan
        if column is not None:
            problems += _unread(table[name].isna().to_numpy(), sheet, column, name, example)
    column = columns.paradata.get("address")
    table["address"] = (
        None if column is None else pd.Series([_hashed(row[column].strip(), key) for row in sheet.rows])
    )
    return Told(table, problems)


def _hashed(address: str, key: bytes) -> str | None:
    return blake2b(address.encode(), key=key, digest_size=16).hexdigest() if address else None


def _unread(bad: Bools, sheet: Sheet, column: int, name: str, example: str) -> list[Problem]:
    if not bad.any():
        return []
    place = sheet.place(int(np.flatnonzero(bad)[0]), column)
    said = f"这一列有 {int(bad.sum())} 份读不出，应写成 {example}；读不出的答卷不判断快慢，请用平台的原样导出"
    return [Problem(f"W-{name.upper()}", place, said)]


def duration(cell: str) -> float:
    """Read how long a form took, in seconds; NaN where the cell does not say.

    >>> duration("2分3秒"), duration("123秒"), duration("0:02:03"), duration("-5秒")
    (123.0, 123.0, 123.0, nan)
    """
    text = "".join(unicodedata.normalize("NFKC", cell).split())
    found = (UNITS.fullmatch(text) if text else None) or COLONS.fullmatch(text)
    if found is None:
        return np.nan
    return sum(float(part) * unit for part, unit in zip(found.groups(), SECONDS, strict=True) if part)


def moment(cell: str) -> float:
    """Read when a form was handed in, in seconds since 1970; NaN where the cell does not say.

    >>> moment("2022/12/5 9:05:07") - moment("2022-12-05 09:04")
    67.0
    """
    found = MOMENT.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    if found is None:
        return np.nan
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:  # the 31st of June
        return np.nan


def flags(paradata: pd.DataFrame, given: Mapping[str, Answers], codebook: Codebook) -> Told:
    """Flag the forms of a round by what the raw files tell.

    Parameters
    ----------
    paradata
        `paradata` of every file, one below the other (n rows).
    given
        Answers to the closed items by code, in the same order.

    Returns
    -------
    Told
        Bool columns. `speeder`: took less than max(45 s, 2 s for every item asked); `burst`: one of many forms of the same
        chamber, or from the same address, within an hour, see `bursts`; `incomplete`: more than half of the items
        asked left blank; `contradiction`: rated at least two departments it had not dealt with. Times that fewer
        than nine in ten forms tell are not judged: the reason has no column then.

    Notes
    -----
    An item is asked unless the platform says it was skipped, or it rates a department not dealt with.
    """
    asked, away = _asked(given, codebook, len(paradata))
    blank = _missing_as("NA_BLANK", given, len(paradata)) & asked
    count = asked.sum(axis=1)
    table: dict[str, Bools] = {}
    problems: list[Problem] = []
    if _told(paradata["duration"], "duration", "所用时间", problems):
        limit = np.maximum(FASTEST, PER_ITEM * count)
        table["speeder"] = paradata["duration"].to_numpy() < limit
    if _told(paradata["clock"], "clock", "提交时间", problems):
        groups = [
            labels for labels in (_chambers(given, codebook), _addresses(paradata)) if labels is not None
        ]
        clock = paradata["clock"].to_numpy()
        whole = [np.zeros(len(clock), dtype=np.intp)]
        table["burst"] = np.any([bursts(clock, labels) for labels in groups or whole], axis=0)
    if given:
        table["incomplete"] = blank.sum(axis=1) > HALF * count
    if away is not None:
        table["contradiction"] = away >= SLIPS
    return Told(pd.DataFrame(table, index=paradata.index, dtype=bool), problems)


def _told(column: pd.Series, name: str, label: str, problems: list[Problem]) -> bool:
    told = float(column.notna().mean()) if len(column) else 0.0
    if 0 < told < ENOUGH:
        said = f"只有 {told:.0%} 的答卷读得出{label}，不足九成，这一轮不据此判断；请用平台的原样导出"
        problems.append(Problem(f"W-{name.upper()}", "全部答卷", said))
    return told >= ENOUGH


def _missing_as(code: str, given: Mapping[str, Answers], n: int) -> Bools:
    """Which cell is missing for a reason, (n, items)."""
    columns = [answers.each(lambda value: value.missing == code, bool) for answers in given.values()]
    return np.column_stack(columns) if columns else np.zeros((n, 0), dtype=bool)


def _asked(
    given: Mapping[str, Answers], codebook: Codebook, n: int
) -> tuple[Bools, NDArray[np.int64] | None]:
    """Which cell was asked (n, items), and how many departments a form rates though it had not dealt with them."""
    asked, place = ~_missing_as("NA_SKIP", given, n), {code: at for at, code in enumerate(given)}
    gates = {item.department: item.code for item in codebook.by_role("gate") if item.code in given}
    away = None
    for item in codebook.by_role("rating"):
        if item.code in given and item.department in gates:
            closed = given[gates[item.department]].numbers == 0
            asked[:, place[item.code]] &= ~closed
            rated = ~np.isnan(given[item.code].numbers)
            away = (0 if away is None else away) + (closed & rated).astype(np.int64)
    return asked, away


def _chambers(given: Mapping[str, Answers], codebook: Codebook) -> NDArray[np.intp] | None:
    item = codebook.one("chamber")
    if item is None or item.code not in given:
        return None
    return pd.factorize(given[item.code].each(lambda value: value.codes[0] if value.codes else ""))[0]


def _addresses(paradata: pd.DataFrame) -> NDArray[np.intp] | None:
    known = paradata["address"].notna()
    return pd.factorize(paradata["address"])[0] if known.any() else None


def bursts(clock: Floats, group: NDArray[np.intp]) -> Bools:
    """Tell which forms arrived in a burst of their group.

    For every window of an hour that begins with a form: m forms in it against mu, what the group's own pace would
    give, its busiest day outside the window spread over eight hours (never less than one form a day). A burst has
    m >= 10 and P(Poisson(mu) >= m) < 0.001 / n, Bonferroni over the n windows of the round.

    Parameters
    ----------
    clock : ndarray, shape (n,)
        Seconds; NaN is never in a burst.
    group : ndarray of int, shape (n,)
        Chamber or address; -1 is not known and never in a burst.

    Notes
    -----
    A scan statistic (Naus 1982) with the plainest bound on its tail. The pace is the group's, so that a chamber
    whose forms all come slowly on one day is not flagged.

    Examples
    --------
    >>> slow, fast = np.arange(20) * 86_400.0, 3e6 + np.arange(20) * 60.0
    >>> found = bursts(np.r_[slow, fast], np.zeros(40, dtype=int))
    >>> int(found[:20].sum()), int(found[20:].sum())
    (0, 20)
    """
    found = np.zeros(len(clock), dtype=bool)
    usable = np.isfinite(clock) & (group >= 0)
    for label in np.unique(group[usable]):
        rows = np.flatnonzero(usable & (group == label))
        if len(rows) >= FEWEST:
            rows = rows[np.argsort(clock[rows], kind="stable")]
            found[rows] = _in_burst(clock[rows], CHANCE / len(clock))
    return found


def _in_burst(clock: Floats, chance: float) -> Bools:
    """Tell the same for one group whose moments are sorted."""
    first = np.arange(len(clock))
    last = np.searchsorted(clock, clock + WINDOW, side="right")
    many = last - first >= FEWEST
    first, last = first[many], last[many]
    expected = np.maximum(_busiest_outside(clock, first, last), 1) * WINDOW / (WORKDAY * 3600)
    sudden = poisson.sf(last - first - 1, expected) < chance
    edges = np.zeros(len(clock) + 1)
    np.add.at(edges, first[sudden], 1)
    np.add.at(edges, last[sudden], -1)
    return np.cumsum(edges[:-1]) > 0


def _busiest_outside(clock: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the forms of the busiest day without those of each window, forms `first` up to `last`."""
    _, start = np.unique(clock // 86_400, return_index=True)
    end = np.append(start[1:], len(clock))
    inside = np.minimum(last[:, None], end) - np.maximum(first[:, None], start)
    outside: NDArray[np.int64] = (end - start - np.maximum(inside, 0)).max(axis=1, initial=0)
    return outside
