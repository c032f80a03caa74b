"""The verdict on every measure: effective, not yet distinguishable, or not to be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evalpkg import estimate
from evalpkg.measures import changes
from evalpkg.measures.cases import Case, cases, unreached
from evalpkg.measures.contrast import Contrast, holm
from evalpkg.measures.ledger import registry
from evalpkg.measures.regression import regression
from evalpkg.measures.rounds import rounds
from evalpkg.measures.targets import PREFIX

if TYPE_CHECKING:
    from evalpkg.measures.ledger import Registry
    from evalpkg.measures.rounds import Rounds, Seen
    from evalpkg.survey import Survey

BASE = "打过交道并打分的企业"
NUMBERS = ("before", "after", "estimate", "std_error", "conf_low", "conf_high", "family_low", "family_high", "p",
           "p_family", "p_permutation", "df", "controls", "control_change", "source_score", "naive", "regression")  # fmt: skip


def judged(survey: Survey, seen: Rounds | None = None) -> estimate.Result | None:
    """Judge every measure that was announced by the end of the round.

    Parameters
    ----------
    survey : Survey
    seen : Rounds, optional
        This and the earlier rounds (`rounds`), where they are at hand.

    Returns
    -------
    Result or None
        A row a measure for its departments' scores (`main`), and one for each further target, in the order of the
        ledger: `measure`, `label` (title), `department`, `effective`, `ended` (days, "" = in force), `source`, `target`
        (codes joined by ";"), `target_label`, `unit`, `judge` (round, "" = none yet), `baseline`, `untreated` (ids and
        codes joined by ";"), `together` (measures that cannot be told apart from it), `coverage`; then

        - `before`, `after`: mean of the baseline rounds, and the judging round; `control_change`: mean change of the
          `controls` untreated departments
        - `estimate`, `std_error`, `conf_low`, `conf_high`: the difference, (after - before) less that of the untreated; of
          targets without untreated after - before; `family_low`, `family_high`: with all measures of the judging round
          at once, which alone decides
        - `p`, `p_family` (Holm), `p_permutation`, in per cent; `df`
        - `verdict`: "A" established, "B" not yet distinguishable, "C" not to be judged, "" not due; `direction`:
          "better", "worse" of an "A", else ""; `reason`: a key of `reading.REASONS`, "" where judged
        - `source_score`, `naive` (change since the source round less that of the untreated) and `regression`, how much
          of it regression to the mean alone would give
        - `n`: fewest raters behind a number of the row

        `extra`: `notes`. None without a ledger, or where no measure was announced yet.

    Raises
    ------
    ParamsError
        The ledger has a fault; see `registry`.

    Notes
    -----
    "A" says that the change is established; a department that surely got worse has it with direction "worse", for
    "not yet distinguishable" would be untrue. Verdicts stay those of their own judging round: later rounds do not enter.
    Targets without untreated departments reach at most "B": what moved the whole city would be taken for the measure.
    """
    seen = rounds(survey) if seen is None else seen
    table = assessed(registry(survey.round), seen)
    return (
        None
        if table.empty
        else estimate.Result(table, "measures", "分", BASE, survey.n, {"notes": seen.notes})
    )


def assessed(register: Registry, seen: Rounds) -> pd.DataFrame:
    """Give the table of `judged`; no rows where no measure was announced yet."""
    found = cases(register, seen)
    if not found:
        return pd.DataFrame()
    rows = [_row(case, register, seen) for case in found]
    return _verdicts(_family(pd.DataFrame(rows), found, seen.survey.round.level))


def _row(case: Case, register: Registry, seen: Rounds) -> dict[str, Any]:
    """Describe a case and give its numbers, as far as there are any."""
    numbers = dict.fromkeys(NUMBERS, np.nan) | {"n": 0}
    return {
        **_keys(case, register, seen),
        **numbers,
        **_compared(case, seen),
        **_returning(case, register, seen),
    }


def _keys(case: Case, register: Registry, seen: Rounds) -> dict[str, Any]:
    measure, aims = case.measure, [register.targets[code] for code in case.targets]
    names = {
        target.department: target.label.removesuffix("得分")
        for target in register.targets.values()
        if target.department
    }
    return {
        "measure": measure.id,
        "label": measure.title,
        "department": ";".join(measure.departments),
        "department_label": "、".join(names.get(code, code) for code in measure.departments),
        "effective": measure.effective.isoformat(),
        "ended": measure.ended.isoformat() if measure.ended else "",
        "source": measure.source,
        "target": ";".join(case.targets),
        "target_label": "、".join(target.label for target in aims),
        "main": case.main,
        "kind": aims[0].kind,
        "unit": "个百分点" if aims[0].kind == "share" else "分",
        "judge": case.judge.id if case.judge else "",
        "baseline": ";".join(case.baseline),
        "untreated": ";".join(code.removeprefix(PREFIX) for code in case.untreated),
        "together": "、".join(case.together),
        "coverage": measure.coverage,
        "reason": case.reason,
    }


def _compared(case: Case, seen: Rounds) -> dict[str, Any]:
    """Give the change since the baseline; of a measure that is refused none, for it would be read as a verdict."""
    if case.reason or case.judge is None:
        return {}
    used, part = [*case.baseline, case.judge.id], changes.since(case.baseline, case.judge.id)
    level = {round_id: weight for round_id, weight in part.items() if weight < 0}
    before, _ = changes.combined(seen, case.targets, level)
    after, _ = changes.combined(seen, case.targets, {case.judge.id: 1.0})
    found = {"before": -before.mean(), "after": after.mean(), "n": changes.least(seen, case.targets, used)}
    return found | (_held_against(case, seen, part) if case.untreated else _alone(case, seen, part))


def _held_against(case: Case, seen: Rounds, part: Mapping[str, float]) -> dict[str, Any]:
    found = changes.against_untreated(case, seen, part)
    low, high = found.interval(seen.survey.round.level)
    return {
        "estimate": found.difference, "std_error": found.std_error, "conf_low": low, "conf_high": high,
        "p": 100 * found.p, "p_permutation": 100 * found.p_permutation, "df": found.df,
        "controls": len(case.untreated), "control_change": found.untreated,
        "reason": "" if np.isfinite(found.p) else "alike",
    }  # fmt: skip


def _alone(case: Case, seen: Rounds, part: Mapping[str, float]) -> dict[str, Any]:
    """Give the change of a target that has nothing to be held against, with its sampling error."""
    (change,), (error,) = changes.combined(seen, case.targets, part)
    half = float(ndtri((1 + seen.survey.round.level) / 2)) * error
    return {"estimate": change, "std_error": error, "conf_low": change - half, "conf_high": change + half}


def _returning(case: Case, register: Registry, seen: Rounds) -> dict[str, Any]:
    """Say by how much the departments rose since the round that made them act, and what chance alone would give."""
    before, after = seen.of(case.measure.source), seen.of(case.judge.id) if case.judge else None
    if not case.departmental or case.reason in NOTHING_SEEN or before is None or after is None:
        return {}
    others = unreached(after, register.measures, after.round.period.end)
    others = [code for code in others if before.has([code], after)]
    if not before.has(case.targets, after) or not others:
        return {}
    part = changes.since([before.round.id], after.round.id)
    own, rest = (changes.combined(seen, codes, part)[0].mean() for codes in (case.targets, others))
    return {
        "source_score": changes.combined(seen, case.targets, {before.round.id: 1.0})[0].mean(),
        "naive": own - rest,
        "regression": _by_itself(case, before, seen),
        "n": changes.least(seen, case.targets, [before.round.id, after.round.id]),
    }


def _by_itself(case: Case, before: Seen, seen: Rounds) -> float:
    """Expect what the departments would have regained by themselves after the round that made them act."""
    codes = [code for code in before.numbers.index if code.startswith(PREFIX)]
    others = [
        one.numbers["estimate"].reindex(codes)
        for one in seen.seen
        if one.round.period.end < case.measure.effective
        and one is not before
        and one.has(case.targets, before)
    ]
    numbers = before.numbers.loc[codes]
    treated = np.isin(codes, case.targets)
    return regression(numbers["estimate"], numbers["std_error"], treated, others)


NOTHING_SEEN = ("pending", "partial", "absent", "unseen")


def _family(table: pd.DataFrame, found: Sequence[Case], level: float) -> pd.DataFrame:
    """Hold all measures that a round judges against one limit; those judged together are one test."""
    tested = table["main"] & table["p"].notna()
    table = table.assign(together_key=["|".join((case.key[0], *case.key[1])) for case in found])
    for _, rows in table[tested].groupby("judge"):
        once = rows.drop_duplicates("together_key")
        adjusted, levels = holm(once["p"] / 100, level)
        of = dict(zip(once["together_key"], zip(adjusted, levels, strict=True), strict=True))
        for at, row in rows.iterrows():
            p, wide = of[row["together_key"]]
            low, high = Contrast(row["estimate"], row["std_error"], int(row["df"]), p, p, 0.0).interval(wide)
            table.loc[at, ["p_family", "family_low", "family_high"]] = 100 * p, low, high
    return table.drop(columns="together_key")


def _verdicts(table: pd.DataFrame) -> pd.DataFrame:
    sure = (table["family_low"] > 0) | (table["family_high"] < 0)
    due = table["reason"] != "pending"
    verdict = np.select([~due, table["reason"] != "", sure], ["", "C", "A"], "B")
    direction = np.where(verdict == "A", np.where(table["estimate"] > 0, "better", "worse"), "")
    return table.assign(verdict=verdict, direction=direction)
