"""How a page reads the rows of themes: figure, table and sentence take the same levels and the same changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalpkg.complaints.coding import REST

Row = Mapping[str, Any]  # of a table that passed the gate
LEVEL = ("estimate", "conf_low", "conf_high", "shown", "bound", "support")
MOST = 3  # themes of a head that a sentence names
MOVED = {"rising": "增多", "falling": "减少"}  # of a sure change, where its size would tell of fewer than k
STATUS = {
    "persists": "延续",
    "changed": "名目没变，说法变了",
    "new": "新出现",
    "split": "由别类分出",
    "merged": "并入别类",
    "gone": "很少再有人提",
}
PARENT = {"split": "由{}分出", "merged": "并入{}"}


def levels(themes: Sequence[Row], by_hand: Sequence[Row] = ()) -> list[Row]:
    """Return the themes, most named first and other complaints last, with the level that coding by hand corrects.

    A level that was corrected has the machine's beside it (`machine`); a theme that the coding does not reach keeps the
    machine's alone.

    Parameters
    ----------
    themes, by_hand
        Rows of `themes` and of `calibrated`, matched by theme.

    Examples
    --------
    >>> machine = [{"theme": "FIN", "estimate": 30.0}, {"theme": "LAB", "estimate": 20.0}]
    >>> [(row["theme"], row["estimate"], row.get("machine"))
    ...  for row in levels(machine, [{"theme": "LAB", "estimate": 35.0, "machine": 20.0}])]
    [('LAB', 35.0, 20.0), ('FIN', 30.0, None)]
    """
    if not by_hand:
        return list(themes)
    corrected = {row["theme"]: _corrected(row) for row in by_hand}
    rows = [{**row, **corrected.get(row["theme"], {})} for row in themes]
    return sorted(rows, key=lambda row: (row["theme"] == REST, -_number(row, "estimate", -math.inf)))


def changes(themes: Sequence[Row], rising: Sequence[Row]) -> dict[str, Row]:
    """Return, by theme, the change among all enterprises, of themes whose own level may be told.

    A theme that too few named before has a direction without a number (`is_moved`).

    Examples
    --------
    >>> rows = [{"theme": "FIN", "shown": "yes"}, {"theme": "LAB", "shown": "below"}]
    >>> moved = [{"theme": name, "group": "all", "shown": "yes", "difference": 1.0} for name in ("FIN", "LAB")]
    >>> list(changes(rows, moved))
    ['FIN']
    """
    if not rising:
        return {}
    told = {row["theme"] for row in themes if is_told(row)}
    return {
        row["theme"]: row
        for row in rising
        if row.get("group", "all") == "all" and row["theme"] in told and is_moved(row)
    }


def since(moved: Iterable[Row]) -> str:
    """Name what the changes are measured against: where one round came before, it is the last one.

    Examples
    --------
    >>> since([{"before": 20.0, "last": 20.0}]), since([{"before": 20.0, "last": 22.0}])
    ('上一轮', '以前各轮平均')
    """
    pairs = [(_number(row, "before"), _number(row, "last")) for row in moved if is_told(row, "last")]
    return "上一轮" if pairs and all(before == last for before, last in pairs) else "以前各轮平均"


def sure(moved: Mapping[str, Row], *directions: str) -> list[Row]:
    """Return the changes that are surely in one of the directions ("rising", "falling"), the largest first."""
    found = [row for row in moved.values() if row.get("direction") in directions]
    return sorted(found, key=largest)


def within(rising: Sequence[Row]) -> list[Row]:
    """Return the sure changes inside groups of enterprises, the largest first.

    Examples
    --------
    >>> rows = [{"theme": "FIN", "group": group, "direction": "rising", "difference": 3.0} for group in ("all", "micro")]
    >>> [row["group"] for row in within(rows)]
    ['micro']
    """
    found = [row for row in rising if row.get("group", "all") != "all" and row["theme"] != REST]
    return sorted((row for row in found if is_told(row) and row.get("direction") in MOVED), key=largest)


def head(themes: Sequence[Row]) -> int:
    """Return how many themes, three at most, surely come first: their intervals lie above those of all others.

    Two 95% intervals that do not touch leave a difference sure, whatever ties the two shares together. Other complaints are no
    theme. 0 where no head is sure.

    Examples
    --------
    >>> rows = [{"theme": str(at), "estimate": x, "conf_low": x - 2, "conf_high": x + 2}
    ...         for at, x in enumerate([34, 30, 26, 20, 17])]
    >>> head(rows), head(rows[:3]), head(rows[2:]), head(rows[3:])
    (3, 0, 1, 0)
    """
    rows = [row for row in themes if row["theme"] != REST]
    sizes = range(min(MOST, len(rows) - 1), 0, -1)
    return next((size for size in sizes if leads(rows, size)), 0)


def leads(themes: Sequence[Row], size: int) -> bool:
    """Tell whether the intervals of the first `size` themes all lie above those of the others."""
    low = [_number(row, "conf_low", -math.inf) for row in themes]
    high = [_number(row, "conf_high", _number(row, "bound", math.inf)) for row in themes]
    return 0 < size < len(themes) and min(low[:size]) > max(high[size:])


def is_named(row: Row) -> bool:
    """Tell whether a group of other complaints has a name: it came out again from resampled remarks, and is told of."""
    return bool(row.get("stable")) and bool(row.get("name")) and is_told(row)


def statuses(registry: Sequence[Row]) -> dict[str, str]:
    """Return, by id, what became of each theme and of each group of other complaints since the round before.

    Examples
    --------
    >>> rows = [{"id": "FIN", "label": "融资难", "status": "persists"}, {"id": "G1", "status": "split", "parent": "FIN"}]
    >>> statuses(rows)
    {'FIN': '延续', 'G1': '由融资难分出'}
    """
    labels = {row["id"]: str(row.get("label", "")) for row in registry}
    found = {}
    for row in registry:
        parent, status = labels.get(row.get("parent", ""), ""), str(row.get("status", ""))
        found[row["id"]] = (
            PARENT[status].format(parent) if parent and status in PARENT else STATUS.get(status, "")
        )
    return found


def half(round_id: str) -> str:
    """Name a round.

    >>> half("2022H2")
    '2022 下半年'
    """
    return f"{round_id[:4]} {'上' if round_id.endswith('1') else '下'}半年"


def is_told(row: Row, name: str = "") -> bool:
    """Tell whether a row, and its number `name`, may be spoken of: respondents enough, and not withheld."""
    free = row.get("shown", "yes") == "yes" and row.get("support") != "listed"
    return free and (not name or math.isfinite(_number(row, name)))


def is_moved(row: Row) -> bool:
    """Tell whether of a change anything may be said: by how much, or at least that it surely is one."""
    return is_told(row, "difference") or (is_told(row) and row.get("direction") in MOVED)


def largest(row: Row) -> float:
    """Sort changes and differences by this, the largest first; those without a number last."""
    return -abs(_number(row, "difference", 0.0))


def _corrected(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in (*LEVEL, "machine") if name in row}


def _number(row: Row, name: str, otherwise: float = math.nan) -> float:
    value = row.get(name)
    return otherwise if value is None or not math.isfinite(value) else float(value)
