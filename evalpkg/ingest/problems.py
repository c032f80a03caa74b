"""What is wrong with an input file, said so that a clerk can mend it."""

from __future__ import annotations

from collections.abc import Iterable
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
    """An input file cannot be read truthfully; `.problems` lists every fault that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(lines(self.problems)))


def lines(problems: list[Problem], limit: int = LISTED) -> list[str]:
    """Print the first problems, a line each, and count the rest."""
    more = [f"……另有 {len(problems) - limit} 处问题，先改上面的"] if len(problems) > limit else []
    return [str(problem) for problem in problems[:limit]] + more


def stop_if_refused(problems: list[Problem]) -> None:
    """Raise when any problem refuses the file."""
    if any(problem.refuses for problem in problems):
        raise InputRefused(sorted(problems, key=lambda problem: not problem.refuses))
