"""The course of every theme over the rounds."""

from __future__ import annotations

import pandas as pd

from evalpkg import estimate
from evalpkg.complaints.coding import Coded


def course(said: Coded | None) -> estimate.Result | None:
    """Give the share of respondents who name each theme, round by round.

    Returns
    -------
    Result or None
        Keys `theme`, `label`, `round` (oldest first); share (per cent of the respondents of that round) with its
        design-based interval, `n`, `count`. A round that asked for no remarks, or in which nobody wrote, is left out. `extra`:
        `notes` on rounds that could not be opened. None where nothing is coded.

    Notes
    -----
    All rounds are coded at once (`coding.coded`), so that a share moves with what is written, not with who recognised it.
    """
    if said is None:
        return None
    codes = list(said.labels)
    tables = []
    for one in said.surveys:
        if said.of(one).empty:
            continue
        named = said.holds(one, codes)
        keys = pd.DataFrame(
            {"theme": codes, "label": [said.labels[code] for code in codes], "round": one.round.id}
        )
        shares = estimate.share(named, one.design)
        count = named.sum(axis=0).astype(int)
        tables.append(estimate.tidy(keys, shares, said.survey.round.level, factor=100.0, count=count))
    table = pd.concat(tables, ignore_index=True)
    extra = {"notes": said.history.missing}
    return estimate.Result(table, "theme_course", "%", "各轮全部有效答卷的企业", said.survey.n, extra)
