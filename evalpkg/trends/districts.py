"""Where overall satisfaction changed: district by district, through the crosswalk of those that were merged or split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.trends import comparability, control, successors
from evalpkg.trends.pairs import of_values
from evalpkg.trends.past import History

if TYPE_CHECKING:
    from evalpkg.survey import Survey


PLAIN = ["now", "before", "composition", "total"]


def districts(past: History) -> estimate.Result | None:
    """Compare overall satisfaction in each district with the latest earlier round whose answers are there.

    Returns
    -------
    Result or None
        A row per district of this round: `district`, `label`, `of` (earlier districts that it now holds, where they were
        others); `now`, `before`, `estimate` (the change at the mean mix of the district's respondents), `std_error`,
        `conf_low`, `conf_high`, `family_low`, `family_high` (all districts at once), `q`, `direction`, `n`; `total`,
        `composition`; `reason`, why one is listed without. `extra`: `against`, `judged`, `notes`. None where either round did
        not ask for the district or for overall satisfaction, or the question was another.
    """
    item = past.survey.codebook.one("outcome")
    known = comparability.read(past.survey.round.root)
    waves = [
        w for w in past.opened.rounds if item and _asks(w) and not known.refusal(item.code, past.survey, w)
    ]
    if item is None or not waves or not _asks(past.survey):
        return None
    before, survey = waves[-1], past.survey
    keys, walk = _keys(survey, before)
    here = [code for code in keys["district"] if code in walk.sources]
    y = [item.to100(one.responses[item.code]) for one in (survey, before)]
    place = [one.responses["district"] for one in (survey, before)]
    now = [np.where(place[0] == code, y[0], np.nan) for code in here]
    then = [np.where(place[1].isin(walk.sources[code]), y[1], np.nan) for code in here]
    pair, level = of_values(survey, before, now, then), survey.round.level
    part = pair.part(0)
    enough = pair.sizes.min(axis=0) >= survey.round.min_raters
    kept = np.where(np.outer(enough, enough), part.cov, np.nan)
    judged = estimate.Estimate(np.where(enough, part.estimate, np.nan), kept, n=part.n, df=part.df)
    said = control.all_at_once(judged, level, seed=survey.round.seed_for("trends districts"))
    low, high = control.limits(judged, level)
    numbers = pd.DataFrame(
        {
            "district": here, "now": pair.levels[0], "before": pair.levels[1], "estimate": judged.estimate,
            "std_error": judged.std_error, "conf_low": low, "conf_high": high, "family_low": said.low,
            "family_high": said.high, "q": said.q, "n": part.n, "total": pair.part(2).estimate,
            "composition": pair.part(1).estimate, "direction": np.where(np.isfinite(said.p), said.direction, ""),
        }
    )  # fmt: skip
    table = keys.merge(numbers, on="district", how="left")
    table["reason"] = [walk.reasons.get(code, "") for code in table["district"]]
    table["direction"] = table["direction"].fillna("")
    few = table["reason"].eq("") & table["direction"].eq("")
    table["reason"] = table["reason"].mask(few, f"有一轮不足 {survey.round.min_raters} 家")
    table[PLAIN] = table[PLAIN].mask(
        table["direction"].eq("")
    )  # of those that are only listed no number is printed
    table["n"] = table["n"].fillna(0).astype(int)
    extra = {
        "against": before.round.id,
        "judged": int((table["direction"] != "").sum()),
        "notes": _notes(walk, before),
    }
    base = f"两轮中回答了“{item.label}”的企业"
    return estimate.Result(table, "district_changes", "分", base, survey.n, extra)


def _asks(survey: Survey) -> bool:
    item = survey.codebook.one("outcome")
    return item is not None and item.code in survey.responses and "district" in survey.responses


def _keys(survey: Survey, before: Survey) -> tuple[pd.DataFrame, successors.Crosswalk]:
    """List the districts of this round, and match them with those of the other."""
    names = {**_labels(before), **_labels(survey)}
    present = [set(one.responses["district"].dropna()) for one in (survey, before)]
    codes = [code for code in _labels(survey) if code in present[0]]
    codes += sorted(present[0] - set(codes))
    walk = successors.crosswalk(
        survey.round.root, successors.DISTRICTS, codes, sorted(present[1]), survey.round.period.end, names
    )
    of = [
        "、".join(names.get(old, old) for old in walk.sources.get(code, ()) if old != code) for code in codes
    ]
    return pd.DataFrame({"district": codes, "label": [names.get(c, c) for c in codes], "of": of}), walk


def _labels(survey: Survey) -> dict[str, str]:
    item = survey.codebook.one("district")
    return {} if item is None else {**item.options, **{name: name for name in item.groups.values()}}


def _notes(walk: successors.Crosswalk, before: Survey) -> tuple[str, ...]:
    names = _labels(before)
    gone = "、".join(names.get(code, code) for code in walk.gone)
    return (f"{gone}只在 {before.round.id} 有，没有写明并入哪里，不作比较",) if gone else ()
