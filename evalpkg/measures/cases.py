"""Which round judges a measure, against which rounds and departments, and why it may not be judged at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalpkg.measures.calendar import exposure
from evalpkg.measures.targets import PREFIX

if TYPE_CHECKING:
    from datetime import date

    from evalpkg.measures.ledger import Measure, Registry
    from evalpkg.measures.rounds import Rounds, Seen
    from evalpkg.params import Period, Round

LEAST_ROUNDS = 2  # clean earlier rounds without which a measure is not judged
LEAST_UNTREATED = 10  # departments without a measure whose spread can be known


@dataclass(frozen=True)
class Case:
    """A measure and what it is to be judged by.

    Attributes
    ----------
    measure : Measure
    targets : tuple of str
        Codes looked at together: the scores of all its departments, or one other item.
    main : bool
        Whether the verdict on the measure is the verdict on these targets.
    judge : Round or None
        The first round whose period begins on or after the day it came into force; None while there is none.
    baseline : tuple of str
        Ids of the clean earlier rounds.
    untreated : tuple of str
        Targets that no measure had reached by the judging round; empty where there is nothing to compare with.
    together : tuple of str
        Ids of measures that began on the same targets between the same rounds: their effects cannot be told apart.
    reason : str
        Why there is no verdict of A or B (a key of `reading.REASONS`); "" where there is one.
    """

    measure: Measure
    targets: tuple[str, ...]
    main: bool
    judge: Round | None
    baseline: tuple[str, ...] = ()
    untreated: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    reason: str = ""

    @property
    def departmental(self) -> bool:
        """Whether the targets are scores of departments, which others without a measure can be held against."""
        return self.targets[0].startswith(PREFIX)

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What measures that are judged together share: the judging round and the targets."""
        return (self.judge.id if self.judge else "", self.targets)


def cases(register: Registry, rounds: Rounds) -> list[Case]:
    """Set out every measure announced by the end of the round: first its main targets, then each further one."""
    now = rounds.survey.round.period.end
    return [
        _case(measure, targets, register.measures, rounds, main=not number)
        for measure in register.measures
        if measure.announced <= now
        for number, targets in enumerate(split(measure))
    ]


def split(measure: Measure) -> list[tuple[str, ...]]:
    """Divide targets into what is judged as one: the departments' scores together, then every other by itself."""
    scores = tuple(code for code in measure.targets if code.startswith(PREFIX))
    others: list[tuple[str, ...]] = [(code,) for code in measure.targets if not code.startswith(PREFIX)]
    return [scores, *others] if scores else others


def judge_of(measure: Measure, calendar: Iterable[Round]) -> Round | None:
    """Return the first round whose reference period begins on or after the day the measure came into force."""
    return next((round_ for round_ in calendar if round_.period.start >= measure.effective), None)


def touches(measure: Measure, targets: Sequence[str]) -> bool:
    """Tell whether a measure may have moved one of the targets: it is of the department, or names the item."""
    own = {f"{PREFIX}{department}" for department in measure.departments} | set(measure.targets)
    return bool(own & set(targets))


def _case(
    measure: Measure, targets: tuple[str, ...], every: Sequence[Measure], rounds: Rounds, *, main: bool
) -> Case:
    judge = judge_of(measure, rounds.calendar)
    pending = _pending(measure, judge, rounds.survey.round.period)
    if pending or judge is None:
        return Case(measure, targets, main, judge, reason=pending)
    seen = rounds.of(judge.id)
    near = [other for other in every if touches(other, targets) and other.effective <= judge.period.end]
    group = [other for other in near if _together(other, targets, judge, rounds)]
    others = [other for other in near if other not in group]
    case = Case(measure, targets, main, judge, together=tuple(m.id for m in group if m is not measure))
    fault = _unfit(measure, judge, seen, targets)
    if fault or seen is None:
        return _with(case, reason=fault)
    alone, clean = _clean(case, seen, group, (), rounds), _clean(case, seen, group, others, rounds)
    case = _with(case, baseline=tuple(one.round.id for one in clean))
    if len(clean) < LEAST_ROUNDS:
        return _with(case, reason="mixed" if len(alone) >= LEAST_ROUNDS else "baseline")
    if not case.departmental:
        return case
    case = _with(case, untreated=_untreated(seen, clean, every, judge))
    return case if len(case.untreated) >= LEAST_UNTREATED else _with(case, reason="untreated")


def _with(case: Case, **changes: object) -> Case:
    return Case(**{**vars(case), **changes})


def _pending(measure: Measure, judge: Round | None, now: Period) -> str:
    """Say why this round does not judge yet: it saw nothing of the measure, or only a part of its half-year."""
    if judge is not None and judge.period.end <= now.end:
        return ""
    return "partial" if now.start < measure.effective <= now.end else "pending"


def _together(other: Measure, targets: tuple[str, ...], judge: Round, rounds: Rounds) -> bool:
    """Tell whether two measures began on the very same targets and are judged by the same round."""
    by = judge_of(other, rounds.calendar)
    return targets in split(other) and by is not None and by.id == judge.id


def _unfit(measure: Measure, judge: Round, seen: Seen | None, targets: Sequence[str]) -> str:
    """Say why a round cannot judge the measure."""
    if measure.registered >= judge.fieldwork.start:
        return "late"
    if exposure(measure.effective, measure.ended, judge.period) is not True:
        return "ended"
    if seen is None:
        return "absent"
    return "" if seen.has(targets, seen) else "unseen"


def _clean(
    case: Case, judge: Seen, group: Sequence[Measure], others: Sequence[Measure], rounds: Rounds
) -> list[Seen]:
    """Return the rounds that tell what was before: over before the group began, and not what made anybody act.

    The department was chosen because such a round was bad: it would get better by itself. Other measures must have been
    in force throughout both or in neither, or their effect would be taken for that of this one.
    """
    begins = min(measure.effective for measure in group)
    sources = {measure.source for measure in (*group, *others)}
    return [
        one
        for one in rounds.seen
        if one.round.period.end < begins
        and one.round.id not in sources
        and one.has(case.targets, judge)
        and all(_alike(other, one.round.period, judge.round.period) for other in others)
    ]


def _alike(measure: Measure, before: Period, after: Period) -> bool:
    states = [exposure(measure.effective, measure.ended, period) for period in (before, after)]
    return states[0] == states[1] is not None


def _untreated(judge: Seen, clean: Sequence[Seen], every: Sequence[Measure], by: Round) -> tuple[str, ...]:
    """Return the departments without a measure by the end of the judging round, seen in it and in all clean rounds."""
    return tuple(
        code
        for code in unreached(judge, every, by.period.end)
        if all(one.has([code], judge) for one in clean)
    )


def unreached(seen: Seen, every: Sequence[Measure], by: date) -> list[str]:
    """Return the scores of departments that a round saw and no measure had reached by a day."""
    reached = {
        f"{PREFIX}{department}"
        for measure in every
        if measure.effective <= by
        for department in measure.departments
    }
    return [code for code in seen.numbers.index if code.startswith(PREFIX) and code not in reached]
