"""Whether the drivers come out in another order when they are computed another way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg import survey as surveys
from evalpkg.drivers import sample
from evalpkg.drivers.division import divided
from evalpkg.drivers.importance import DriversError, johnson
from evalpkg.drivers.incomplete import moments
from evalpkg.drivers.sample import Sample
from evalpkg.params import ParamsError
from evalpkg.weights import WeightsError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

WAYS = {
    "complete": "只用全部答完的",
    "unweighted": "不加权",
    "unflagged": "去掉有疑点的答卷",
    "johnson": "Johnson 算法",
    "halo": "扣除打分松紧",
}
TOP = 2  # drivers whose places are compared


def sensitivity(
    survey: Survey, *, flagged: pd.DataFrame | None = None, halo: estimate.Result | None = None
) -> estimate.Result | None:
    """Give the drivers' shares as published and in five other ways.

    Parameters
    ----------
    survey
        As for `shares`.
    flagged
        rid x reason, bool: answers in doubt, from `integrity.flagged`.
    halo
        What `drivers.halo` found.

    Returns
    -------
    Result or None
        `item`, `label`, `estimate` (as `shares`, per cent of the outcome's variance), `n`, and a column a way: `complete`
        (respondents who answered everything), `unweighted` (every respondent counts the same), `unflagged` (without
        answers in doubt, weighted anew), `johnson` (relative weights), `halo` (the respondent's level taken out). NaN where
        it could not be computed, or where fewer than k respondents stand between two columns. `extra`: `first_two` (labels),
        `kept` and `moved`, the ways in which the first two are the same two and in which they are not; `notes`.
        Points only: they share nearly all of their respondents, so that separate intervals would say nothing of differences.

    Raises
    ------
    DriversError
        As `shares`.
    """
    read = sample.read(survey)
    if read is None:
        return None
    columns, notes = _ways(survey, read, flagged)
    table = pd.DataFrame(
        {
            "item": [item.code for item in read.items],
            "label": [item.label for item in read.items],
            "estimate": 100 * divided(_covariance(read, survey.design.weights)),
            "n": (~np.isnan(read.answers[:, 1:])).sum(axis=0),
            **columns,
        }
    )
    few = halo is not None and 0 < halo.extra.get("outside_count", 0) < survey.round.k
    if halo is not None and not halo.table.empty and not few:
        table["halo"] = table["item"].map(halo.table.set_index("item")["share"])
    ordered = table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    extra = {**_agreement(ordered), "notes": tuple(notes)}
    base = f"至少回答了“{read.outcome.label}”或其中一项的企业"
    return estimate.Result(ordered, "driver_sensitivity", "%", base, len(survey.responses), extra)


def _ways(
    survey: Survey, read: Sample, flagged: pd.DataFrame | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Compute every way that needs the answers again; what cannot be computed has a note in its place."""
    nothing, notes = np.full(len(read.items), np.nan), []
    complete, why = _complete(survey, read)
    notes += why
    unflagged, why = _unflagged(survey, read, flagged)
    notes += why
    columns = {
        "complete": complete,
        "unweighted": 100 * divided(_covariance(read, np.ones(len(read.answers)))),
        "unflagged": unflagged,
        "johnson": 100 * johnson(_covariance(read, survey.design.weights)),
        "halo": nothing,
    }
    return {name: nothing if values is None else values for name, values in columns.items()}, notes


def _covariance(read: Sample, weights: np.ndarray) -> np.ndarray:
    covariance: np.ndarray = moments(read.standardised[read.used], weights[read.used, None]).covariance[0]
    return covariance


def _complete(survey: Survey, read: Sample) -> tuple[np.ndarray | None, list[str]]:
    away = int((read.used & ~read.whole).sum())
    if 0 < away < survey.round.k:  # the difference of two columns would be that of a few
        return None, [f"没有全部答完的企业不足 {survey.round.k} 家，不另算"]
    if read.whole.sum() <= len(read.items) + 1:
        return None, ["全部答完的企业太少，算不出“只用全部答完的”一列"]
    whole = np.where(read.whole, survey.design.weights, 0.0)
    return 100 * divided(_covariance(read, whole)), []


def _unflagged(
    survey: Survey, read: Sample, flagged: pd.DataFrame | None
) -> tuple[np.ndarray | None, list[str]]:
    if flagged is None:
        return None, []
    doubted = flagged.reindex(survey.responses.index, fill_value=False).any(axis=1).to_numpy(dtype=bool)
    if 0 < doubted.sum() < survey.round.k:
        return None, [f"有疑点的答卷不足 {survey.round.k} 份，不另算"]
    rest = None if doubted.all() else _rest(survey, ~doubted)
    again = None if rest is None else _read_again(rest, read)
    if rest is None or again is None:
        return None, ["去掉有疑点的答卷后所剩太少，算不出这一列"]
    return 100 * divided(_covariance(again, rest.design.weights)), []


def _read_again(rest: Survey, read: Sample) -> Sample | None:
    try:
        again = sample.read(rest, read.items, outcome=read.outcome)
    except DriversError:
        return None
    return None if again is None or again.items != read.items else again


def _rest(survey: Survey, keep: np.ndarray) -> Survey:
    """Weight the rest anew, or leave the weights where a category of the population has lost everybody, or a column is gone."""
    try:
        return surveys.restricted(survey, keep)
    except (WeightsError, ParamsError):
        return surveys.restricted(replace(survey, raking=None, employment=None), keep)


def _agreement(table: pd.DataFrame) -> dict[str, object]:
    """Say in which ways the first two drivers stay the first two; of two nothing could change."""
    if len(table) <= TOP:
        return {"first_two": tuple(table["label"]), "kept": (), "moved": ()}
    first = set(table["label"][:TOP])
    same = {
        way: set(table.nlargest(TOP, way)["label"]) == first
        for way in WAYS
        if way in table and table[way].notna().all()
    }
    return {
        "first_two": tuple(table["label"][:TOP]),
        "kept": tuple(WAYS[way] for way, kept in same.items() if kept),
        "moved": tuple(WAYS[way] for way, kept in same.items() if not kept),
    }
