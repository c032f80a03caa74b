"""Changes of targets between rounds, with their sampling errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evalpkg.measures.contrast import Contrast, Floats, contrast

if TYPE_CHECKING:
    from evalpkg.measures.cases import Case
    from evalpkg.measures.rounds import Rounds


def since(baseline: Sequence[str], round_id: str) -> dict[str, float]:
    """Return the coefficients of a round less the mean of the baseline.

    >>> since(["2020H2", "2021H1"], "2022H1")
    {'2022H1': 1.0, '2020H2': -0.5, '2021H1': -0.5}
    """
    found = {round_id: 1.0}
    for before in baseline:
        found[before] = found.get(before, 0.0) - 1 / len(baseline)
    return found


def combined(rounds: Rounds, targets: Sequence[str], part: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Combine the rounds' numbers of k targets with the coefficients `part`; returns (k,) values and standard errors.

    Rounds are taken as independent: who recurs through a chamber makes changes a little more certain than this says, for
    all departments alike.
    """
    values, variances = np.zeros(len(targets)), np.zeros(len(targets))
    for round_id, weight in part.items():
        values += weight * _column(rounds, round_id, targets, "estimate")
        variances += weight**2 * _column(rounds, round_id, targets, "std_error") ** 2
    return values, np.sqrt(variances)


def least(rounds: Rounds, targets: Sequence[str], round_ids: Sequence[str]) -> int:
    """Return the smallest number of respondents behind one of the numbers."""
    return int(min(_column(rounds, round_id, targets, "n").min() for round_id in round_ids))


def against_untreated(case: Case, rounds: Rounds, part: Mapping[str, float]) -> Contrast:
    """Compare a change of the case's departments with that of the untreated."""
    own, rest = combined(rounds, case.targets, part), combined(rounds, case.untreated, part)
    return contrast(*own, *rest)


def _column(rounds: Rounds, round_id: str, targets: Sequence[str], name: str) -> Floats:
    seen = rounds.of(round_id)
    assert seen is not None
    return seen.numbers[name].reindex(list(targets)).to_numpy(dtype=float)
