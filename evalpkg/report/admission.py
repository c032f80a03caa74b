"""Open a round in this process before any kernel starts, so that what is unfit is refused in a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalpkg import disclosure, survey
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
    """

    round: Round
    n: int
    results: Callable[[], Mapping[str, DataFrame]]


def admit(round_id: str, root: Path) -> Admission:
    """Read a round and pass it through the disclosure gate.

    Raises
    ------
    ParamsError, InputRefused, WeightsError, DisclosureRefused
        The round is unknown, its files are unfit, it cannot be weighted, or it is too small to publish.
    """
    opened = survey.open(round_id, root)
    disclosure.gate(opened)
    return Admission(opened.round, opened.n, lambda: _results(opened))


def _results(opened: survey.Survey) -> Mapping[str, DataFrame]:
    from evalpkg.report import results  # here: a round that is refused needs no scikit-learn

    return results.publishable(opened)
