"""From the rows of a protected result to columns of finished words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    ROLES,
    Record,
    count,
    interval,
    less,
    number,
    score,
    secondary,
    share,
    too_few,
)


@dataclass(frozen=True)
class Column:
    """A column of finished words.

    `css`: `ci` for interval numbers, `opt` for what goes on the phone; `marks`: further classes, one a cell;
    `pictures`: SVG of our own, one a cell, that stands before the words.
    """

    head: str
    cells: Sequence[str]
    css: str = ""
    left: bool = False
    bold: bool = False
    marks: Sequence[str] = ()
    pictures: Sequence[str] = ()


def records(result: Protected) -> list[Record]:
    """Return the rows of a result that has passed the gate; nothing else may be shown."""
    if not isinstance(result, Protected):
        raise TypeError(f"only a result from the disclosure gate can be shown, not {type(result).__name__}")
    return fragment.records(result.table, result.extra)


def by_role(rows: list[Record]) -> list[Record]:
    """Order departments by role, otherwise as they came."""
    order = list(ROLES)
    return sorted(rows, key=lambda row: order.index(row["role"]) if row.get("role") in ROLES else len(order))


def labels(head: str, rows: list[Record]) -> Column:
    """Return the column that names the rows."""
    return Column(head, [row["label"] for row in rows], left=True)


def estimates(head: str, rows: list[Record], unit: str = "家") -> list[Column]:
    """Return the estimate and its interval; words in their place where a row is only listed."""
    return [
        Column(head, [_value(row) for row in rows], bold=True),
        Column(
            "95% 区间", [too_few(row, unit) or _between(row, "conf_low", "conf_high") for row in rows], "ci"
        ),
    ]


def shares(name: str, head: str, rows: list[Record]) -> list[Column]:
    """Return name, share, interval and the number of enterprises behind the share."""
    return [
        labels(name, rows),
        *estimates(head, rows),
        Column("家数", [_numerator(row) for row in rows], "opt"),
    ]


def numbers(
    head: str,
    rows: list[Record],
    name: str,
    write: Callable[[float], str],
    css: str = "",
    *,
    bold: bool = False,
) -> Column:
    """Return one column of the table, written by `write`; hidden rows have none."""
    cells = [ABSENT if row.get("shown") == "hidden" else write(number(row, name)) for row in rows]
    return Column(head, cells, css, bold=bold)


def intervals(head: str, rows: list[Record], low: str, high: str) -> Column:
    """Return a second interval, not of the estimate."""
    return Column(head, [_between(row, low, high) for row in rows], "opt ci")


def beside(head: str, rows: list[Record], name: str, write: Callable[[float | int | None], str]) -> Column:
    """Return a share that stands beside the estimate, as a bound where only that may be published."""
    return Column(head, [secondary(row, name, write) for row in rows], "opt")


def discontent(rows: list[Record]) -> Column:
    """Return the share unhappy, of departments that are more than listed."""
    return Column(
        "不满意", [ABSENT if too_few(row) else secondary(row, "unhappy", share) for row in rows], "opt"
    )


def rates(head: str, rows: list[Record], part: str, base: str, css: str = "") -> Column:
    """Return one count in per cent of another."""
    return Column(head, [_rate(number(row, part), number(row, base)) for row in rows], css)


def texts(head: str, rows: list[Record], name: str) -> Column:
    """Return a column of words: each cell a text, or a list of them."""
    return Column(head, [_several(row.get(name)) for row in rows], "opt", left=True)


def _value(row: Record) -> str:
    if too_few(row):
        return ABSENT
    return less(number(row, "bound")) if row.get("shown") == "below" else score(number(row, "estimate"))


def _between(row: Record, low: str, high: str) -> str:
    return interval(number(row, low), number(row, high))


def _numerator(row: Record) -> str:
    """Write how many have the attribute; under k only that they are fewer."""
    if row.get("shown") == "hidden":
        return ABSENT
    return f"不足 {row['k']}" if row.get("shown") == "below" else count(number(row, "count"))


def _rate(part: float, base: float) -> str:
    return share(100 * part / base) if base > 0 else ABSENT


def _several(value: str | float | Iterable[str] | None) -> str:
    if value is None or isinstance(value, float):  # pandas writes a missing text as NaN
        return ABSENT
    return (value if isinstance(value, str) else "、".join(str(word) for word in value)) or ABSENT
