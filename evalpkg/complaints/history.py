"""Earlier rounds of the same workspace, as far as their answers are still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalpkg import params
from evalpkg import survey as surveys
from evalpkg.ingest import InputRefused
from evalpkg.params import ParamsError
from evalpkg.weights import WeightsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey


@dataclass(frozen=True)
class History:
    """Rounds before this one, oldest first; `missing` are Chinese sentences on those that cannot be opened."""

    rounds: tuple[Survey, ...] = ()
    missing: tuple[str, ...] = ()


def history(survey: Survey) -> History:
    """Open every round of the workspace whose period ended before that of `survey` began.

    A round whose answers are gone, or that is refused, stops nothing: it is named in `missing`, and what is new is judged
    against the others.
    """
    rounds, missing = [], []
    for round_id in params.list_rounds(survey.round.root):
        if round_id == survey.round.id:
            continue
        try:
            round_ = params.load(round_id, survey.round.root)
            if round_.period.end >= survey.round.period.start:
                continue
            opened = surveys.open(round_id, survey.round.root)
            if (
                opened.n < round_.min_respondents
            ):  # its own pages may not be published: nor may it be told of later
                missing.append(
                    f"{round_id} 的有效答卷不足 {round_.min_respondents} 份，不公布，也没有拿来比较"
                )
                continue
            rounds.append(opened)
        except (ParamsError, InputRefused, WeightsError):
            missing.append(f"{round_id} 的答卷不在或读不了，没有拿来比较")
    return History(tuple(sorted(rounds, key=lambda earlier: earlier.round.period.end)), tuple(missing))
