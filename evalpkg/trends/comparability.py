"""Which items may be compared between which rounds: the file `comparability.csv`, which the engine obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalpkg.ingest import spreadsheet
from evalpkg.params import ROUND_ID, ParamsError
from evalpkg.trends.fingerprint import Fingerprint, fingerprints, of_item, unlike

if TYPE_CHECKING:
    from evalpkg.survey import Survey
    from evalpkg.trends.past import History, Published

FILE = "comparability.csv"
COLUMNS = ("item", "label", "wording", "scale", "anchors", "gate", "from", "to", "series", "note")
LAST = "9999H9"  # an open end
UNREGISTERED = f"{FILE} 里没有登记"
SPLIT_BY_HAND = "已登记为两个题目"


@dataclass(frozen=True)
class Row:
    """One line of the file: an item with its fingerprint is valid from one round to another.

    `series` is what a person wrote: rows of an item of one series are comparable though their wording differs.
    """

    number: int
    item: str
    first: str
    last: str
    print: Fingerprint
    series: str
    note: str

    def covers(self, round_id: str) -> bool:
        """Tell whether a round lies within the row; the names of half-years sort as they follow each other."""
        return self.first <= round_id <= self.last


@dataclass(frozen=True)
class Comparability:
    """Hold the rows of the file by item; None: a workspace without the file, where codebooks are compared directly."""

    rows: Mapping[str, tuple[Row, ...]] | None = None
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)

    def refusal(self, item: str, now: Survey | Published, before: Survey | Published) -> str:
        """Say in Chinese why an item may not be compared between two rounds; "" where it may.

        What the file says wins: an item must have in both rounds the fingerprint that is registered for them, in one row
        or in rows of one `series`. A series never bridges another scale, other anchors or another gate.
        """
        new, old = (of_item(item, one.codebook) for one in (now, before))
        if new is None or old is None:
            return "本轮没有问" if new is None else "以前没有问"
        if self.rows is None:
            return unlike(new, old)
        found = [self._row(item, one.round.id, seen) for one, seen in ((now, new), (before, old))]
        faults = [fault for fault in found if isinstance(fault, str)]
        rows = [row for row in found if isinstance(row, Row)]
        if faults:
            return faults[0]
        one, other = rows
        if one.number == other.number:
            return ""
        differs = unlike(one.print, other.print)
        same = bool(one.series) and one.series == other.series
        return "" if same and differs in ("", "题目改过") else differs or SPLIT_BY_HAND

    def _row(self, item: str, round_id: str, seen: Fingerprint) -> Row | str:
        """Find the row of a round, or say why there is none that fits."""
        assert self.rows is not None
        row = next((row for row in self.rows.get(item, ()) if row.covers(round_id)), None)
        return UNREGISTERED if row is None else unlike(row.print, seen) or row


def read(root: Path) -> Comparability:
    """Read the file of a workspace; without one, rounds are compared by their codebooks.

    Raises
    ------
    ParamsError
        A column is missing or stands twice; an item that no codebook has; a round that is none; a range that ends before
        it begins, or overlaps another of its item; two rows alike. One Chinese line, with the line of the spreadsheet.
    """
    path = path_of(root)
    if not path.is_file():
        return Comparability()
    cells = _cells(path)
    rows = [_row(int(number), line) for number, line in zip(cells.index, _lines(cells), strict=True)]
    _check(rows)
    items = dict.fromkeys(row.item for row in rows)
    return Comparability({item: tuple(row for row in rows if row.item == item) for item in items}, cells)


def path_of(root: Path) -> Path:
    """Say where a workspace keeps the file."""
    return root / "data" / "reference" / FILE


def check_items(read_: Comparability, waves: Sequence[Survey | Published]) -> None:
    """Refuse an item said to be asked in one of the rounds that no codebook has: it is misspelt, its rows decide nothing.

    Rows of other rounds are not judged: an item may have come later, or gone with a round of which nothing is left.
    """
    known = {code for one in waves for code in one.codebook.items}
    for rows in (read_.rows or {}).values():
        claimed = any(row.covers(one.round.id) for row in rows for one in waves)
        if claimed and rows[0].item not in known:
            raise ParamsError(
                f"{FILE} 第 {rows[0].number} 行：各轮问卷里都没有题目 {rows[0].item}；"
                "只能写问卷说明里的题目代码，例如 D1；请改正或删去这一行"
            )


def updated(read_: Comparability, waves: Sequence[Survey | Published]) -> tuple[pd.DataFrame, list[str]]:
    """Propose the file after some rounds (oldest first), and say in Chinese lines what is new; nothing is written.

    An item whose fingerprint has changed gets a row of its own, and the one before it ends with the round before. What
    people wrote stays: ranges, series, notes, columns of their own, the order of rows.
    """
    lines = _lines(read_.cells)
    said: list[str] = []
    for at, wave in enumerate(waves):
        labels = {code: item.label for code, item in wave.codebook.items.items()}
        for item, seen in fingerprints(wave.codebook).items():
            _register(
                lines, said, wave.round.id, waves[at - 1].round.id if at else "", (item, labels[item]), seen
            )
    columns = [*COLUMNS, *(c for c in read_.cells.columns if c not in COLUMNS)]
    return pd.DataFrame(lines, columns=columns, dtype=str).fillna(""), said


def _register(
    lines: list[dict[str, str]], said: list[str], round_id: str, last: str, named: tuple[str, str], seen: Fingerprint
) -> None:  # fmt: skip
    """Add to `lines` what a round asks under an item, unless a row says so already."""
    item, label = named
    own = [line for line in lines if line["item"] == item]
    here = next((line for line in own if line["from"] <= round_id <= (line["to"] or LAST)), None)
    if here is not None and not (fault := unlike(_print(here), seen)):
        return
    if here is not None and here["from"] >= round_id:
        said.append(f"{item} {label}：{round_id} 的问卷与登记的不同（{fault}），请看过后改正这一行或问卷说明")
        return
    new = {"item": item, "label": label, **vars(seen), "from": round_id, "to": "", "series": "", "note": ""}
    if here is not None:
        new["to"], here["to"] = here["to"], last
        said.append(f"{item} {label}：{round_id} 起{fault}，另起一行；与以前不可比")
    following = min((line["from"] for line in own if line["from"] > round_id), default="")
    if following and not new["to"]:
        said.append(f"{item} {label}：{round_id} 没有登记，而 {following} 起另有一行，请由人补上")
        return
    place = max((lines.index(line) for line in own), default=len(lines) - 1) + 1
    lines.insert(place, new)


def register(past: History) -> list[str]:
    """Bring the file of a workspace up to date with a round and those before it, and say in Chinese lines what changed.

    Raises
    ------
    ParamsError
        The file that is there is faulty; it is left as it is.

    Examples
    --------
    >>> register(history(survey.open("2022H2")))  # doctest: +SKIP
    ['已登记到 data/reference/comparability.csv：145 个题目、145 行，其中 0 行是这次加上的']
    """
    root = past.survey.round.root
    found = read(root)
    table, said = updated(found, (*past.waves, past.survey))
    path = path_of(root)
    spreadsheet.write(path, table)
    added = len(table) - len(found.cells)
    items = table["item"].nunique()
    return [f"已登记到 {path}：{items} 个题目、{len(table)} 行，其中 {added} 行是这次加上的", *said]


def _cells(path: Path) -> pd.DataFrame:
    """Return the rows that are not blank as text, indexed by their line."""
    found = spreadsheet.lines(path, FILE, COLUMNS)
    columns = list(found[0][1]) if found else list(COLUMNS)
    numbers = pd.Index([number for number, _ in found], dtype=int)
    return pd.DataFrame([cells for _, cells in found], columns=columns, index=numbers, dtype=str)


def _lines(cells: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(name): str(cell) for name, cell in line.items()} for line in cells.to_dict("records")]


def _print(line: Mapping[str, str]) -> Fingerprint:
    return Fingerprint(*(line[part] for part in ("wording", "scale", "anchors", "gate")))


def _row(number: int, line: Mapping[str, str]) -> Row:
    where = f"{FILE} 第 {number} 行"
    if not line["item"]:
        raise ParamsError(f"{where}：item 是空的；请写题目代码，例如 D1，或删去这一行")
    for name in ("from", "to"):
        if not ROUND_ID.fullmatch(line[name]) and (name == "from" or line[name]):
            ending = "，或留空（一直有效）" if name == "to" else ""
            raise ParamsError(f"{where}：{name} “{line[name]}”不是轮次；应写成 2022H2 这样{ending}；请改正")
    if line["to"] and line["to"] < line["from"]:
        raise ParamsError(f"{where}：to {line['to']} 早于 from {line['from']}；请改正其中一个")
    return Row(
        number, line["item"], line["from"], line["to"] or LAST, _print(line), line["series"], line["note"]
    )


def _check(rows: Sequence[Row]) -> None:
    """Refuse ranges of one item that overlap: two rows would claim the same round."""
    ordered = sorted(rows, key=lambda row: (row.item, row.first, row.number))
    for one, other in pairwise(ordered):
        if one.item == other.item and other.first <= one.last:
            places = sorted((one.number, other.number))
            same = one.first == other.first and one.last == other.last
            fault = "写了两次" if same else "的轮次重叠"
            raise ParamsError(
                f"{FILE} 第 {places[0]}、{places[1]} 行：{one.item} {fault}；每一轮只能落在一行里；"
                f"请{'删去一行' if same else '改正 from 或 to'}"
            )
