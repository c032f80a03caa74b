"""Every headline with and without the flagged questionnaires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg import survey as surveys
from evalpkg.integrity.flags import flagged
from evalpkg.weights import WeightsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Headlines = Mapping[str, Callable[["Survey"], estimate.Result | None]]
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "n"]
SHOWN = ["key", "row", "label", "unit", *NUMBERS[:-1], "without", "without_low", "without_high",
         "difference", "n", "without_n"]  # fmt: skip
COUNTS = ["count", "without_count"]  # of shares; the gate needs them to see a numerator under k


@dataclass(frozen=True)
class _Rest:
    """The survey without the flagged, None where nobody is left; and what a reader must know about its weights."""

    survey: Survey | None
    notes: tuple[str, ...] = ()


def headlines(survey: Survey, headlines: Headlines | None = None) -> estimate.Result:
    """Give every headline with all respondents and without the flagged ones.

    Parameters
    ----------
    survey : Survey
        What is published rests on all of it: flagged respondents are never deleted.
    headlines : mapping of str to function, optional
        Analyses by name, each ``f(survey) -> Result or None``; overall satisfaction alone where omitted.

    Returns
    -------
    Result
        A row for every row of every analysis: `key` (name of the headline), `row` (the first of the analysis' own
        keys), `label`, `unit`; `estimate, std_error, conf_low, conf_high` of all; `without, without_low,
        without_high` of the rest, weighted anew; `difference` = without - estimate; `n`, `without_n`. Where nobody
        is left behind a row, the numbers without are NaN and `without_n` is 0. Where an analysis gives shares, also
        `count` and `without_count`, NaN in the rows of the others. `extra`: `flagged_count`, respondents; `notes`.

    Notes
    -----
    Where the rest no longer fills every category of the population, it keeps the weights it had and a note says so.
    The difference has no interval: both rest on nearly the same respondents, and it answers "how much would it
    matter", not "could it be chance".

    Raises
    ------
    EstimateError
        As the analyses do.
    """
    keep = ~flagged(survey).any(axis=1).to_numpy()
    rest = _rest(survey, keep)
    analyses = {"overall": _overall} if headlines is None else headlines
    parts = [_compared(name, analysis, survey, rest.survey) for name, analysis in analyses.items()]
    known = [part for part in parts if part is not None]
    table = pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=SHOWN)
    units = list(dict.fromkeys(table["unit"]))
    extra = {"flagged_count": int((~keep).sum()), "notes": rest.notes}
    unit = units[0] if len(units) == 1 else ""
    return estimate.Result(table, "headlines", unit, "全部答卷，与去掉有疑点的答卷", survey.n, extra)


def _overall(survey: Survey) -> estimate.Result | None:
    item = survey.codebook.one("outcome")
    if item is None or item.code not in survey.responses or survey.responses[item.code].isna().all():
        return None
    mean = estimate.mean(item.to100(survey.responses[item.code]), survey.design)
    keys = pd.DataFrame({"item": [item.code], "label": [item.label]})
    table = estimate.tidy(keys, mean, survey.round.level)
    return estimate.Result(table, "overall", "分", f"回答了“{item.label}”的企业", survey.n)


def _rest(survey: Survey, keep: NDArray[np.bool_]) -> _Rest:
    if keep.all():
        return _Rest(survey)
    if not keep.any():
        return _Rest(None, ("全部答卷都有疑点，没有可以对照的答卷；请先核查收集过程",))
    try:
        return _Rest(surveys.restricted(survey, keep))
    except WeightsError:
        # without a raking to repeat, `restricted` leaves every weight as it is
        unraked = replace(survey, raking=None, employment=None)
        note = "去掉有疑点的答卷后，总体的某些类别没有答卷，无法重新加权；对照数沿用原来的权数"
        return _Rest(surveys.restricted(unraked, keep), (note,))


def _compared(
    name: str, analysis: Callable[[Survey], estimate.Result | None], survey: Survey, rest: Survey | None
) -> pd.DataFrame | None:
    published = analysis(survey)
    if published is None:
        return None
    columns = list(published.table.columns)
    keys = columns[: columns.index("estimate")]
    again = published if rest is survey else None if rest is None else analysis(rest)
    without = _without(published if again is None else again, keys, empty=again is None)
    numbers = [*NUMBERS, *(["count"] if "count" in columns else [])]
    table = published.table[[*keys, *numbers]].merge(without, "left", keys)
    table["row"] = table[keys[0]].astype(str)
    table["without_n"] = table["without_n"].fillna(0).astype(int)
    difference = table["without"] - table["estimate"]
    counts = [column for column in COUNTS if column in table]
    return table.assign(key=name, unit=published.unit, difference=difference)[[*SHOWN, *counts]]


def _without(result: estimate.Result, keys: list[str], empty: bool) -> pd.DataFrame:
    names = {"estimate": "without", "conf_low": "without_low", "conf_high": "without_high", "n": "without_n"}
    names |= {"count": "without_count"} if "count" in result.table else {}
    table = result.table[[*keys, *names]].rename(columns=names)
    return table.head(0) if empty else table
