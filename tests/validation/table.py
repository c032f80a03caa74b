"""The table of all outcomes as METHODS.md prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .scenario import INSIDE, JOINT, LEVEL
from .simulation import Outcome

OPENING = "<!-- validation: written by make validate -->"
CLOSING = "<!-- /validation -->"
HEAD = ("what is checked", "clusters", "runs", "nominal", "covered", "s.e.", "verdict", "CPU s")


class TableError(Exception):
    """A file without the place for the table; the text is one line."""


def markdown(found: Mapping[str, Sequence[Outcome]]) -> str:
    """Print the outcomes of all scenarios, in their order; CPU seconds stand at the first row of the runs they are for."""
    lines = [_line(HEAD), _line(["---", "---", *["--:"] * 4, "---", "--:"])]
    for rows in found.values():
        lines += [_line(_cells(outcome, first=outcome is rows[0])) for outcome in rows]
    return "\n".join([*lines, "", summary(found)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(outcome: Outcome, first: bool) -> list[str]:
    is_ratio = outcome.row.kind == "gain"
    return [
        outcome.row.label,
        outcome.clusters,
        f"{outcome.runs:,}",
        "(ratio)" if is_ratio else _number(LEVEL, 2),
        _number(outcome.rate, 3),
        _number(outcome.error, 3),
        verdict(outcome),
        f"{outcome.seconds:.0f}" if first else "″",
    ]


def _number(value: float, digits: int) -> str:
    """Print without the leading zero.

    >>> _number(0.949, 3), _number(1.0, 3)
    ('.949', '1.000')
    """
    return f"{value:.{digits}f}".removeprefix("0")


def verdict(outcome: Outcome) -> str:
    """Say in words whether the row is as it should be."""
    low, high = (_number(bound, 2) for bound in INSIDE)
    words = {
        "interval": (f"inside {low}-{high}", f"**OUTSIDE {low}-{high}**"),
        "joint": (f"at least {_number(JOINT, 2)}", f"**BELOW {_number(JOINT, 2)}**"),
        "control": ("fails, as it must", "**does not fail**"),
        "gain": ("a gain", "**no gain**"),
    }[outcome.row.kind]
    return words[0] if outcome.holds else words[1]


def summary(found: Mapping[str, Sequence[Outcome]]) -> str:
    """Count the rows that are as they should be, and those that are not."""
    rows = [outcome for part in found.values() for outcome in part]
    controls = [outcome for outcome in rows if outcome.row.kind == "control"]
    claims = [outcome for outcome in rows if outcome.row.kind != "control"]
    return (
        f"{sum(outcome.holds for outcome in claims)} of {len(claims)} statements hold; "
        f"{sum(outcome.holds for outcome in controls)} of {len(controls)} controls fail, as they must."
    )


def replaced(text: str, table: str) -> str:
    """Put the table between the markers of a text.

    Raises
    ------
    TableError
        The markers are missing, or stand there more than once.
    """
    if text.count(OPENING) != 1 or text.count(CLOSING) != 1:
        raise TableError(
            f"the file needs the lines {OPENING} and {CLOSING} once each, with the table between them"
        )
    before, rest = text.split(OPENING)
    after = rest.split(CLOSING)[1]
    return f"{before}{OPENING}\n{table}\n{CLOSING}{after}"
