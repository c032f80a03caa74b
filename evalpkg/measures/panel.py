"""The departments of a measure round by round, beside those without one: what the event figure draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.measures import changes
from evalpkg.measures.calendar import exposure
from evalpkg.measures.cases import LEAST_UNTREATED, Case, cases, unreached
from evalpkg.measures.judged import BASE
from evalpkg.measures.ledger import registry
from evalpkg.measures.rounds import rounds

if TYPE_CHECKING:
    from evalpkg.measures.ledger import Registry
    from evalpkg.measures.rounds import Rounds, Seen
    from evalpkg.survey import Survey

BAND = 0.90  # of the untreated departments lie within the band


def panel(survey: Survey, seen: Rounds | None = None) -> estimate.Result | None:
    """Follow the departments of every measure that was judged through all rounds.

    Parameters
    ----------
    survey, seen
        As `judged`.

    Returns
    -------
    Result or None
        A row per measure and round, oldest first: `measure`, `label`, `department_label`, `effective`, `judge`; `round`;
        `estimate`: by how much more the departments' score has risen since the baseline than that of the untreated, with
        `std_error`, `conf_low`, `conf_high` (as `contrast`; in the judging round those of `judged`); `band_low`,
        `band_high`: where the middle nine tenths of the untreated departments lie, each since its own baseline;
        `phase`: "baseline", "source", "before" (left out of the baseline), "partial", "judge", "after"; `n` raters. None where
        no measure was judged.
    """
    seen = rounds(survey) if seen is None else seen
    register = registry(survey.round)
    found = [case for case in cases(register, seen) if case.untreated and not case.reason]
    rows = [row for case in _once(found) for row in _rows(case, register, seen)]
    if not rows:
        return None
    return estimate.Result(pd.DataFrame(rows), "measures_panel", "分", BASE, survey.n, {"notes": seen.notes})


def _once(found: list[Case]) -> list[Case]:
    """Keep the first of measures that are judged together."""
    first = {case.key: case for case in reversed(found)}
    return [case for case in found if first[case.key] is case]


def _rows(case: Case, register: Registry, seen: Rounds) -> list[dict[str, Any]]:
    assert case.judge is not None
    judge = seen.of(case.judge.id)
    assert judge is not None
    found = []
    for one in seen.seen:
        free = set(unreached(one, register.measures, one.round.period.end))
        codes = tuple(code for code in case.untreated if code in free and one.has([code], judge))
        if one.has(case.targets, judge) and len(codes) >= LEAST_UNTREATED:
            found.append(_row(replace(case, untreated=codes), one, judge, seen))
    return found


def _row(case: Case, one: Seen, judge: Seen, seen: Rounds) -> dict[str, Any]:
    """Compare one round with the baseline, by the departments that had no measure by its end either."""
    measure, part = case.measure, changes.since(case.baseline, one.round.id)
    found = changes.against_untreated(case, seen, part)
    low, high = found.interval(seen.survey.round.level)
    away = changes.combined(seen, case.untreated, part)[0] - found.untreated
    band = np.quantile(away, [(1 - BAND) / 2, (1 + BAND) / 2])
    return {
        "measure": "、".join(sorted((measure.id, *case.together))), "label": measure.title,
        "department_label": "、".join(_short(code, seen) for code in measure.departments),
        "effective": measure.effective.isoformat(), "judge": judge.round.id, "round": one.round.id,
        "round_label": one.round.label, "phase": _phase(case, one),
        "estimate": found.difference, "std_error": found.std_error, "conf_low": low, "conf_high": high,
        "band_low": band[0], "band_high": band[1], "n": changes.least(seen, case.targets, [one.round.id]),
    }  # fmt: skip


def _short(code: str, seen: Rounds) -> str:
    table = seen.survey.codebook.departments
    names = dict(zip(table["code"], table["short"], strict=True))
    return str(names.get(code, code))


def _phase(case: Case, one: Seen) -> str:
    """Say what a round is to the measure."""
    measure, id_ = case.measure, one.round.id
    if case.judge is not None and id_ == case.judge.id:
        return "judge"
    if id_ in case.baseline:
        return "baseline"
    if id_ == measure.source:
        return "source"
    state = exposure(measure.effective, measure.ended, one.round.period)
    return "partial" if state is None else "after" if state else "before"
