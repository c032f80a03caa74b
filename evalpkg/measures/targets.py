"""What a measure may aim at: scores of departments, other items, difficulties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evalpkg import codebook as codebooks
from evalpkg.complaints import lexicon
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalpkg.codebook import Codebook, Item
    from evalpkg.params import Round

PREFIX = "C_"  # of a department's score, whatever the codebook calls its item
SCORED = ("outcome", "driver", "environment")  # roles whose mean may be a target


@dataclass(frozen=True)
class Target:
    """Something that a measure may change; `department` where it is a department's score.

    A difficulty ("share", per cent of enterprises) gets better as it falls.
    """

    code: str
    label: str
    kind: Literal["department", "score", "share"]
    department: str = ""


def targets(rounds: Iterable[Round]) -> dict[str, Target]:
    """List what measures may aim at, by code: what any of the rounds asked, and the themes of remarks.

    A ledger lives longer than a questionnaire: a round that asked less must not refuse it.
    """
    found: dict[str, Target] = {}
    read = {(round_.codebook, round_.lexicon): round_ for round_ in rounds}
    for round_ in read.values():
        try:
            found = {**of_lexicon(round_), **found, **asked(book(round_))}
        except ParamsError:  # the round itself is refused with this fault where it is opened
            continue
    return found


def book(round_: Round) -> Codebook:
    """Load the questionnaire of a round."""
    return codebooks.load(round_.codebook, round_.root, round_.period.end)


def asked(questions: Codebook) -> dict[str, Target]:
    """List the targets that one questionnaire asked about."""
    found: dict[str, Target] = {}
    for item in questions.by_role("rating"):
        if item.department:
            target = Target(PREFIX + item.department, f"{item.label}得分", "department", item.department)
            found |= {target.code: target, item.code: target}
    for role in SCORED:
        found |= {item.code: Target(item.code, item.label, "score") for item in questions.by_role(role)}
    return found | {code: Target(code, label, "share") for code, label in difficulties(questions).items()}


def difficulties(questions: Codebook) -> dict[str, str]:
    """List the difficulties that could be ticked, without "none"."""
    item = questions.one("difficulty")
    if item is None:
        return {}
    return {code: label for code, label in item.options.items() if code != item.exclusive}


def of_lexicon(round_: Round) -> dict[str, Target]:
    """List the themes of remarks; a theme that could also be ticked is judged by the ticks."""
    themes = lexicon.read(round_.root, round_.lexicon)
    return {code: Target(code, theme.label, "share") for code, theme in themes.items()}


def wordings(questions: Codebook) -> Mapping[str, str]:
    """Describe by target what was asked, of whom and on which scale: numbers are compared only where these are the same.

    One more option to tick changes the share of every other, and without its gate a score is given by others.
    """
    found = {
        target.code: _wording(questions.items[code], questions)
        for code, target in asked(questions).items()
        if code in questions.items
    }
    item = questions.one("difficulty")
    if item is not None:
        choice = f"{item.title} {sorted(item.options.items())}"
        found |= {code: f"{choice} {label}" for code, label in difficulties(questions).items()}
    return found


def _wording(item: Item, questions: Codebook) -> str:
    gate = questions.items.get(item.gate) if item.gate else None
    asked_of = "" if gate is None else f"{gate.title} {sorted(gate.options.items())}"
    return f"{item.title} {'' if item.department else item.row} {item.scale} {asked_of}"
