"""What is known of each round up to this one: from its answers, or from what was published where they are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from evalpkg import complaints, estimate, outlook, scores
from evalpkg.measures.calendar import calendar
from evalpkg.measures.targets import PREFIX, SCORED, book, difficulties, wordings
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

    from evalpkg.complaints import History
    from evalpkg.params import Round
    from evalpkg.survey import Survey

NUMBERS = ["estimate", "std_error", "n"]
# What a round publishes of possible targets: file, column of keys, prefix of the target's code.
PUBLISHED = (("departments", "department", PREFIX), ("overall", "item", ""), ("environments", "item", ""),
             ("difficulties", "option", ""))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Seen:
    """A round: numbers by target code (estimate, std_error, n), departments' scores freed of severity.

    `wording` says what was asked; `source` is "answers" or "results" (published numbers, rounded to one decimal).
    """

    round: Round
    numbers: pd.DataFrame
    wording: Mapping[str, str]
    source: Literal["answers", "results"]

    def has(self, targets: Iterable[str], like: Seen) -> bool:
        """Tell whether the round knows all targets, asked as in `like`."""
        return all(
            target in self.numbers.index and self.wording.get(target) == like.wording.get(target)
            for target in targets
        )


@dataclass(frozen=True, eq=False)
class Rounds:
    """The rounds up to `survey`, oldest first; `calendar` are all of the workspace, `notes` say what is missing."""

    survey: Survey
    seen: tuple[Seen, ...]
    calendar: tuple[Round, ...]
    notes: tuple[str, ...] = ()

    def of(self, round_id: str) -> Seen | None:
        """Return what is known of a round, None where nothing is."""
        return next((seen for seen in self.seen if seen.round.id == round_id), None)


def rounds(survey: Survey, history: History | None = None) -> Rounds:
    """Collect what each round up to `survey` says of possible targets.

    Parameters
    ----------
    survey : Survey
    history : History, optional
        Its earlier rounds, where they are open already (`complaints.history`).

    Returns
    -------
    Rounds
        A round whose answers are gone is read from ``data/results/<round>/``; one without either is named in `notes`.
        Departments with fewer than `min_raters` raters in a round, and all of one whose scores could not be freed of
        severity, count as not seen in it.
    """
    history = complaints.history(survey) if history is None else history
    opened = {one.round.id: one for one in (*history.rounds, survey)}
    dates = calendar(survey.round.root)
    seen, notes = [of_answers(one) for one in opened.values()], list[str]()
    for round_ in dates:
        if round_.id in opened or round_.period.end >= survey.round.period.start:
            continue
        found = of_results(round_)
        if found is None:
            notes.append(f"{round_.id} 的答卷和已公布的结果都不在，没有拿来比较")
        else:
            seen.append(found)
            notes.append(f"{round_.id} 的答卷不在，用的是已公布的结果（取一位小数）")
    ordered = tuple(sorted(seen, key=lambda one: one.round.period.start))
    return Rounds(survey, ordered, dates, tuple(notes))


def of_answers(survey: Survey) -> Seen:
    """Estimate all possible targets of a round from its answers."""
    parts = [_departments(survey), _means(survey), _shares(survey)]
    numbers = pd.concat([part for part in parts if len(part)] or [_none()])
    return Seen(survey.round, _told(numbers, survey.round.k), wordings(survey.codebook), "answers")


def of_results(round_: Round) -> Seen | None:
    """Read what a round published; None where there is nothing that can be used."""
    folder = round_.root / "data" / "results" / round_.id
    try:
        parts = [_published(folder / f"{name}.csv", key, prefix, round_) for name, key, prefix in PUBLISHED]
        wording = wordings(book(round_))
    except (ParamsError, KeyError, ValueError, OSError):  # a file that is not what this program wrote
        return None
    numbers = pd.concat([part for part in parts if len(part)] or [_none()])
    return Seen(round_, numbers, wording, "results") if len(numbers) else None


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=NUMBERS, index=pd.Index([], dtype=str), dtype=float)


def _told(numbers: pd.DataFrame, least: int) -> pd.DataFrame:
    known = np.isfinite(numbers[["estimate", "std_error"]].to_numpy(dtype=float)).all(axis=1)
    enough: pd.DataFrame = numbers[known & (numbers["n"].to_numpy() >= least)]
    return enough


def _departments(survey: Survey) -> pd.DataFrame:
    found = scores.departments(survey)
    if found is None or not found.extra["adjusted"]:
        return _none()
    table = found.table.set_index(PREFIX + found.table["department"])
    return _told(table[NUMBERS], survey.round.min_raters)


def _means(survey: Survey) -> pd.DataFrame:
    items = [item for role in SCORED for item in survey.codebook.by_role(role)]
    items = [
        item for item in items if item.code in survey.responses and survey.responses[item.code].notna().any()
    ]
    if not items:
        return _none()
    y = np.column_stack([item.to100(survey.responses[item.code]) for item in items])
    keys = pd.DataFrame({"item": [item.code for item in items]})
    table = estimate.tidy(keys, estimate.mean(y, survey.design), survey.round.level).set_index("item")
    return _stated(table, survey.round.level)[NUMBERS]


def _shares(survey: Survey) -> pd.DataFrame:
    found = outlook.difficulties(survey)
    if found is None:
        return _none()
    told = found.table["count"] >= survey.round.k  # what its own page hides is not told by a change either
    table = _stated(found.table[told].set_index("option"), survey.round.level)
    return table.loc[table.index.isin(difficulties(survey.codebook)), NUMBERS]


def _stated(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Take for the error what the interval states: it knows of few chambers, which the linearised error does not."""
    half = (table["conf_high"] - table["conf_low"]) / 2
    return table.assign(std_error=half / norm.ppf((1 + level) / 2))


def _published(path: Path, key: str, prefix: str, round_: Round) -> pd.DataFrame:
    if not path.is_file():
        return _none()
    table = pd.read_csv(path, encoding="utf-8-sig")
    table = table[table["shown"] == "yes"]
    table = table.set_index(prefix + table[key].astype(str))
    numbers = (table if prefix else _stated(table, round_.level))[NUMBERS].astype(float)
    return _told(numbers, round_.min_raters if prefix else round_.k)
