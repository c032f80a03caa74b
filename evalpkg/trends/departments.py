"""Which departments changed since the latest earlier round, and what of it is theirs, all departments', the raters'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.codebook import Item
from evalpkg.trends import comparability, control, successors
from evalpkg.trends.past import History
from evalpkg.trends.scores import Moved, moved

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]
PLAIN = [
    "now",
    "before",
    "composition",
    "composition_low",
    "composition_high",
    "total",
    "total_low",
    "total_high",
]
JUDGED = {"change": "", "own": "own"}  # families: parts of `scores.Moved` and how their columns begin


@dataclass(frozen=True, eq=False)
class _Matched:
    """Departments of this round with their columns in an earlier round; `reasons` of those that may not be compared."""

    before: Survey
    items: list[Item]
    sources: list[tuple[str, ...]]
    reasons: dict[str, str]
    gone: tuple[str, ...]


def departments(past: History) -> estimate.Result | None:
    """Compare the scores of departments with the latest earlier round whose answers are there.

    A department has changed where its score has: what an average enterprise would give it, strictness of the raters taken out, at
    the mean mix of respondents of the two rounds. The score moves with all departments (`shared`) and by itself (`own`, against
    the mean of the departments): if all rise alike nobody stands out, and yet all have risen; both are judged.

    Returns
    -------
    Result or None
        A row per department of this round: `department`, `label`, `role`; `now`, `before` (adjusted scores); `estimate`,
        the change, with `std_error`, `conf_low`, `conf_high`, `family_low`, `family_high` (all departments at once), `q`,
        `direction`; `n`, raters in the round with fewer; `own`, the change against the mean of the departments, with limits,
        `own_family_low`, `own_family_high`, `own_direction`; `composition`, what the change of the raw mean (`total`)
        owes to other raters, with limits; `reason`, why a department is listed without. `extra`: `against`; `judged` (how
        many); `shared` with `shared_low`, `shared_high`; `adjusted`; `least`, the smallest change that would have been
        found at the median department (half the width of its family limits), and `least_best`, `least_worst`; `notes`.
        None where no earlier round is open, or departments were not rated in it.

    Notes
    -----
    Two families, each by limits of all at once (`control.all_at_once`).
    """
    matched = _matched(past)
    if matched is None:
        return None
    y = (_ratings(past.survey, matched.items, [(i.department,) for i in matched.items]), _earlier(matched))
    if any(np.isnan(values).all() for values in y):
        return None
    found = moved(past.survey, matched.before, y, [item.label for item in matched.items])
    table, round_ = _keys(past.survey), past.survey.round
    own = _numbers(found, round_.level, round_.seed_for("trends departments")).assign(
        department=[item.department for item in matched.items]
    )
    table = table.merge(own, on="department", how="left")
    table["reason"] = [matched.reasons.get(code, "") for code in table["department"]]
    table["n"] = table["n"].fillna(0).astype(int)
    table[["direction", "own_direction"]] = table[["direction", "own_direction"]].fillna("")
    few = table["reason"].eq("") & table["direction"].eq("")
    table["reason"] = table["reason"].mask(few, f"有一轮打分不足 {round_.min_raters} 家")
    table[PLAIN] = table[PLAIN].mask(
        table["direction"].eq("")
    )  # of those that are only listed no number is printed
    base = "两轮中打过交道并打分的企业"
    return estimate.Result(
        table, "department_changes", "分", base, past.survey.n, _beside(past, matched, found, table)
    )


def _matched(past: History) -> _Matched | None:
    """Match departments with the latest opened round in which two of them at least may be compared."""
    known = comparability.read(past.survey.round.root)
    for wave in reversed(past.opened.rounds):
        found = _match(past.survey, wave, known)
        if len(found.items) >= 2:
            return found
    return None


def _match(now: Survey, before: Survey, known: comparability.Comparability) -> _Matched:
    rated, then = _rated(now), {item.department: item for item in _rated(before)}
    names = {**{c: i.label for c, i in then.items()}, **{i.department: i.label for i in rated}}
    walk = successors.crosswalk(
        now.round.root,
        successors.DEPARTMENTS,
        [i.department for i in rated],
        then,
        now.round.period.end,
        names,
    )
    items, sources, reasons = list[Item](), list[tuple[str, ...]](), dict(walk.reasons)
    for item in rated:
        if item.department in reasons:
            continue
        own = walk.sources[item.department]
        fault = known.refusal(item.code, now, before) if item.department in own else _unlike(item, own, then)
        if fault:
            reasons[item.department] = fault
        else:
            items.append(item)
            sources.append(own)
    return _Matched(before, items, sources, reasons, tuple(names[code] for code in walk.gone))


def _unlike(item: Item, own: Sequence[str], then: dict[str, Item]) -> str:
    """Say whether departments that became another were rated on its scale."""
    return "" if all(then[code].scale == item.scale for code in own) else "刻度改过"


def _rated(survey: Survey) -> list[Item]:
    return [i for i in survey.codebook.by_role("rating") if i.department and i.department in survey.ratings]


def _earlier(matched: _Matched) -> Floats:
    return _ratings(matched.before, matched.items, matched.sources)


def _ratings(survey: Survey, items: Sequence[Item], sources: Sequence[tuple[str, ...]]) -> Floats:
    """Give ratings on 0-100, (n, d): of departments that have become one, the mean of what a respondent rated."""
    columns = []
    for item, own in zip(items, sources, strict=True):
        values = np.column_stack([item.to100(survey.ratings[code]) for code in own])
        rated = ~np.isnan(values)
        count = rated.sum(axis=1)
        total = np.where(rated, values, 0.0).sum(axis=1)
        columns.append(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))
    return np.column_stack(columns)


def _keys(survey: Survey) -> pd.DataFrame:
    table = survey.codebook.departments
    role = dict(zip(table["code"], table["role"], strict=True))
    items = _rated(survey)
    return pd.DataFrame(
        {
            "department": [item.department for item in items],
            "label": [item.label for item in items],
            "role": [role.get(item.department, "") for item in items],
        }
    )


def _numbers(found: Moved, level: float, seed: int) -> pd.DataFrame:
    columns: dict[str, object] = {"now": found.score[0], "before": found.score[1], "n": found.n.min(axis=0)}
    for name, begins in JUDGED.items():
        part = found.part(name)
        blank = np.where(found.both, 0.0, np.nan)
        cov = part.cov + np.add.outer(blank, blank)
        judged = estimate.Estimate(part.estimate + blank, cov, n=part.n, df=part.df)
        said, (low, high) = control.all_at_once(judged, level, seed=seed), control.limits(judged, level)
        prefix = f"{begins}_" if begins else ""
        columns |= {
            begins or "estimate": judged.estimate,
            f"{prefix}std_error": np.where(found.both, part.std_error, np.nan),
            f"{prefix}{'low' if begins else 'conf_low'}": low,
            f"{prefix}{'high' if begins else 'conf_high'}": high,
            f"{prefix}family_low": said.low,
            f"{prefix}family_high": said.high,
            f"{prefix}q": said.q,
            f"{prefix}direction": np.where(found.both & np.isfinite(said.p), said.direction, ""),
        }
    for name in ("composition", "total"):
        low, high = control.limits(found.part(name), level)
        columns |= {name: found.part(name).estimate, f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns)


def _beside(past: History, matched: _Matched, found: Moved, table: pd.DataFrame) -> dict[str, object]:
    shared = found.part("shared")
    low, high = control.limits(shared, past.survey.round.level)
    half = ((table["family_high"] - table["family_low"]) / 2).dropna()
    gone = f"{'、'.join(matched.gone)}只在 {matched.before.round.id} 有，没有写明并入哪个部门，不作比较"
    return {
        "against": matched.before.round.id,
        "judged": int((table["direction"] != "").sum()),
        "shared": float(shared.estimate[0]), "shared_low": float(low[0]), "shared_high": float(high[0]),
        "adjusted": found.adjusted,
        **({"least": float(half.median()), "least_best": float(half.min()), "least_worst": float(half.max())} if len(half) else {}),
        "notes": ((gone,) if matched.gone else ()) + (() if found.adjusted else ("共同的评分企业太少，按原始得分比较",)),
    }  # fmt: skip
