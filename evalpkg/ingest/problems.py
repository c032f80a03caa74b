"""What is wrong with an input file, said so that a clerk can mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LISTED = 50


@dataclass(frozen=True)
class Problem:
    """One fault: a code, its place (file, sheet, Excel cell) and one line that says what is allowed.

    Codes that begin with ``E-`` refuse the file, ``W-`` only warn. The message never quotes an answer.
    """

    code: str
    place: str
    message: str

    @property
    def refuses(self) -> bool:
        """Whether the file cannot be used with this fault in it."""
        return self.code.startswith("E-")

    def __str__(self) -> str:
        return f"{self.place}：{self.message}（{self.code}）"


class InputRefused(Exception):
    """An input file cannot be read truthfully.

    `.problems` lists every fault that was found, `.read` counts the forms that are refused with it, 0 where nobody knows.
    """

    exit_code = 3

    def __init__(self, problems: Iterable[Problem], read: int = 0) -> None:
        self.problems = list(problems)
        self.read = read
        super().__init__("\n".join(lines(self.problems)))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Put those that refuse a file before those that only warn."""
    return sorted(problems, key=lambda problem: not problem.refuses)


def lines(problems: list[Problem], limit: int = LISTED) -> list[str]:
    """Print the first problems, a line each, those that refuse before the others, and count the rest."""
    return [str(problem) for problem in in_order(problems)[:limit]] + more(len(problems) - limit)


def more(left: int) -> list[str]:
    """Say how many problems are not shown, if any."""
    return [f"……另有 {left} 处问题，先改上面的"] if left > 0 else []


def accounted(counts: Mapping[str, int]) -> str:
    """Say what became of every form that was read: forms kept, told of apart, and refused add up to those read.

    No form is set aside or refused alone so far: those in doubt are kept, and a fault refuses its whole file.

    >>> accounted({"read": 1012, "kept": 1012})
    '读到 1,012 份 = 采用 1,012 + 另列 0 + 拒收 0'
    """
    read, kept, aside = counts["read"], counts["kept"], counts.get("aside", 0)
    return f"读到 {read:,} 份 = 采用 {kept:,} + 另列 {aside:,} + 拒收 {read - kept - aside:,}"


def stop_if_refused(problems: list[Problem], read: int = 0) -> None:
    """Raise when any problem refuses the file."""
    if any(problem.refuses for problem in problems):
        raise InputRefused(in_order(problems), read)
