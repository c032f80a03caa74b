"""Since which round each item has been the same, and what was another before."""

from __future__ import annotations

import pandas as pd

from evalpkg import estimate
from evalpkg.trends import comparability
from evalpkg.trends.items import columns
from evalpkg.trends.past import History


def series(past: History) -> estimate.Result | None:
    """List the items that may not be compared with every earlier round.

    Returns
    -------
    Result or None
        `item` (code), `label`, `since` (the earliest round from which on it has been the same), `reason` (a Chinese clause on
        the latest round before that), `n`. None where everything is comparable, or in the first round.

    Raises
    ------
    ParamsError
        The file of comparability is faulty.
    """
    known = comparability.read(past.survey.round.root)
    followed = {column.item for column in columns(past.survey)}
    followed |= {item.code for item in past.survey.codebook.by_role("rating")}
    rows = []
    for code, item in past.survey.codebook.items.items():
        refused = [known.refusal(code, past.survey, wave) for wave in past.waves] if code in followed else []
        if any(refused):
            last = max(at for at, fault in enumerate(refused) if fault)
            later = past.waves[last + 1 :]
            since = later[0].round.id if later else past.survey.round.id
            rows.append({"item": code, "label": item.label, "since": since, "reason": refused[last]})
    if not rows:
        return None
    table = pd.DataFrame(rows).assign(n=past.survey.n)
    return estimate.Result(table, "series", "", "本轮有效答卷", past.survey.n, {"notes": past.notes})
