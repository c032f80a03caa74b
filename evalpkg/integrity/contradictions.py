"""Answers of one form that contradict one another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalpkg.codebook import match_key

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

RATED = 5  # departments rated from which they can contradict the overall score
HIGH, LOW = 90.0, 25.0  # on 0-100: a top overall score, and marks that cannot stand beside it
ENOUGH = 2  # weak signs that make a contradiction
QUOTED = re.compile(r"[“\"「『'‘]([^”\"」』'’]+)[”\"」』'’]")


def contradictions(survey: Survey) -> Bools | None:
    """Tell whose answers contradict one another.

    One of these is enough: "none of these" ticked beside others; the outcome of an appeal told by somebody who
    raised none; an overall score of 90 or more beside departments (5 or more) that all get 25 or less, or the
    reverse. The `signs` are weak (about 2% of careful respondents slip on an attention item), so two are needed.
    None where the survey asks nothing that could be contradicted.
    """
    found = [part for part in (_exclusive(survey), _no_appeal(survey), _torn(survey)) if part is not None]
    weak = list(signs(survey).values())
    if len(weak) >= ENOUGH:
        found.append(np.sum(weak, axis=0) >= ENOUGH)
    return np.any(found, axis=0) if found else None


def signs(survey: Survey) -> dict[str, Bools]:
    """Give the weak signs of carelessness by name: attention item missed, most urgent not ticked, severe nothing."""
    check = attention(survey)
    found = {
        "attention": None if check is None else check[1],
        "top": _urgent_not_ticked(survey),
        "severity": _severe_without_difficulty(survey),
    }
    return {name: sign for name, sign in found.items() if sign is not None}


def attention(survey: Survey) -> tuple[Floats, Bools] | None:
    """Give the answers to the attention item on 0-100, and who missed it.

    Its title quotes the answer it asks for; None where there is no such item or no such answer on its scale.
    """
    item = survey.codebook.one("attention")
    if item is None or item.code not in survey.responses or item.scale is None:
        return None
    words = {match_key(found) for found in QUOTED.findall(item.title)}
    wanted = [value for label, value in item.scale.labels.items() if label in words]
    if len(wanted) != 1:
        return None
    answer = survey.responses[item.code].to_numpy(dtype=float)
    return item.to100(answer), ~np.isnan(answer) & (answer != wanted[0])


def _exclusive(survey: Survey) -> Bools | None:
    """Who ticked "none of these" beside others, in any question of several answers."""
    found = []
    for item in survey.codebook.items.values():
        none = f"{item.code}.{item.exclusive}"
        if item.type == "multi" and item.exclusive and none in survey.responses:
            others = [f"{item.code}.{option}" for option in item.options if option != item.exclusive]
            found.append(
                (survey.responses[none] == 1) & (survey.responses.reindex(columns=others) == 1).any(axis=1)
            )
    return np.any(found, axis=0) if found else None


def _no_appeal(survey: Survey) -> Bools | None:
    """Who raised no appeal and yet tells how it ended or was handled."""
    channel = survey.codebook.one("appeal_channel")
    later = [survey.codebook.one(role) for role in ("appeal_solved", "appeal_satisfaction")]
    told = [item.code for item in later if item is not None and item.code in survey.responses]
    if channel is None or channel.code not in survey.responses or not told:
        return None
    answer = survey.responses[channel.code].astype("str")
    none = channel.exclusive or "0"
    return (answer.isin([none, f"{none}.0"]) & survey.responses[told].notna().any(axis=1)).to_numpy()


def _torn(survey: Survey) -> Bools | None:
    """Who puts the whole at one end of its scale and every department at the other."""
    outcome = survey.codebook.one("outcome")
    rated = [item for item in survey.codebook.by_role("rating") if item.department in survey.ratings]
    if outcome is None or outcome.code not in survey.responses or not rated:
        return None
    marks = np.column_stack([item.to100(survey.ratings[item.department]) for item in rated])
    whole = outcome.to100(survey.responses[outcome.code])
    high, low = np.fmax.reduce(marks, axis=1), np.fmin.reduce(marks, axis=1)
    opposed = ((whole >= HIGH) & (high <= LOW)) | ((whole <= 100 - HIGH) & (low >= 100 - LOW))
    found: Bools = opposed & ((~np.isnan(marks)).sum(axis=1) >= RATED)
    return found


def _urgent_not_ticked(survey: Survey) -> Bools | None:
    item, top = survey.codebook.one("difficulty"), survey.codebook.one("difficulty_top")
    if item is None or top is None or top.code not in survey.responses:
        return None
    named = survey.responses[top.code]
    ticks = [
        (named == option) & (survey.responses[f"{item.code}.{option}"] == 0)
        for option in item.options
        if f"{item.code}.{option}" in survey.responses
    ]
    return np.any(ticks, axis=0) if ticks else None


def _severe_without_difficulty(survey: Survey) -> Bools | None:
    item, severity = survey.codebook.one("difficulty"), survey.codebook.one("severity")
    if item is None or severity is None or severity.scale is None:
        return None
    none = f"{item.code}.{item.exclusive}"
    if none not in survey.responses or severity.code not in survey.responses:
        return None
    severe = survey.responses[severity.code] > severity.scale.low
    return (severe & (survey.responses[none] == 1)).to_numpy()
