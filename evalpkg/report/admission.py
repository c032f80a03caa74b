"""Open a round in this process before any kernel starts, so that what is unfit is refused in a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evalpkg import disclosure, survey
from evalpkg.ingest import Problem
from evalpkg.params import Round

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Admission:
    """A round that may be reported on.

    Attributes
    ----------
    round
        Its parameters.
    n
        Valid questionnaires.
    results
        Gives name -> protected table, for ``data/results/<round>/``; called when the notebooks have run.
    counts, problems
        What became of the forms that were read; what was put up with in the files.
    """

    round: Round
    n: int
    results: Callable[[], Mapping[str, DataFrame]]
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def admit(round_id: str, root: Path) -> Admission:
    """Read a round and pass it through the disclosure gate.

    Raises
    ------
    ParamsError, InputRefused, WeightsError, DisclosureRefused
        The round is unknown, its files are unfit, it cannot be weighted, or it is too small to publish.
    """
    opened = survey.open(round_id, root)
    disclosure.gate(opened)
    _check_ledger(opened.round)
    return Admission(opened.round, opened.n, lambda: _results(opened), opened.counts, opened.problems)


def _check_ledger(round_: Round) -> None:
    """Read the ledger of measures: a fault in it is told before any notebook runs."""
    from evalpkg import measures  # here: a round that is refused needs no scikit-learn

    measures.registry(round_)


def _results(opened: survey.Survey) -> Mapping[str, DataFrame]:
    from evalpkg.report import results  # here: a round that is refused needs no scikit-learn

    return results.publishable(opened)
