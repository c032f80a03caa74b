"""Levels of all that is followed, of one round or of all rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.trends import comparability
from evalpkg.trends.items import columns
from evalpkg.trends.past import History, Published

if TYPE_CHECKING:
    from evalpkg.survey import Survey


def levels(survey: Survey) -> estimate.Result | None:
    """Give the level of all that is followed in one round; kept for later rounds, which may find nothing else of it.

    Returns
    -------
    Result or None
        A row per item: `item` (code, with the option), `label`, `kind`; scores on 0-100, shares and the balance of better
        and worse in per cent; `count`, for shares those who ticked, else all who answered. None where nothing was asked.
    """
    found = columns(survey)
    if not found:
        return None
    keys = pd.DataFrame(
        {"item": [c.key for c in found], "label": [c.label for c in found], "kind": [c.kind for c in found]}
    )
    shares = np.array([c.is_share for c in found])
    y = np.column_stack([c.y for c in found])
    tables = []
    for is_share in (False, True):
        here = shares == is_share
        if not here.any():
            continue
        own, factor = (y[:, here] / 100, 100.0) if is_share else (y[:, here], 1.0)
        est = (estimate.share if is_share else estimate.mean)(own, survey.design)
        count = np.nansum(own, axis=0).astype(int) if is_share else est.n
        table = estimate.tidy(keys[here], est, survey.round.level, factor=factor, count=count)
        tables.append(table.set_axis(np.flatnonzero(here)))
    table = pd.concat(tables).sort_index()
    return estimate.Result(table, "levels", "分", "回答了该题的企业", survey.n)


def course(past: History) -> estimate.Result | None:
    """Give the levels of all rounds, oldest first, and say which may not be joined to this one.

    Returns
    -------
    Result or None
        `item`, `label`, `kind`, `round`, then the level as in `levels`; `reason`, a Chinese clause where the item was
        another one in that round. An item that this round did not ask is left out. `extra`: `notes`.
    """
    now = levels(past.survey)
    if now is None:
        return None
    known = comparability.read(past.survey.round.root)
    labels = now.table.set_index("item")[["label", "kind"]]
    tables = [now.table.assign(round=past.survey.round.id, reason="")]
    for wave in past.waves:
        of = wave.table if isinstance(wave, Published) else _levels_of(wave)
        own = of[of["item"].isin(labels.index)].reset_index(drop=True)
        own = own.assign(**labels.loc[own["item"]].reset_index(drop=True), round=wave.round.id)
        own = _hidden_there(own, wave.round.k)
        codes = [item.split(".")[0] for item in own["item"]]
        tables.append(own.assign(reason=[known.refusal(code, past.survey, wave) for code in codes]))
    columns_ = [c for c in tables[0] if c not in ("shown", "bound", "support")]
    table = pd.concat([part.reindex(columns=columns_) for part in tables], ignore_index=True)
    order = {item: at for at, item in enumerate(labels.index)}
    table = table.sort_values(
        ["item", "round"], key=lambda c: c.map(order) if c.name == "item" else c, ignore_index=True
    )
    table["count"] = table["count"].fillna(table["n"]).astype(int)
    return estimate.Result(
        table, "course", "分", "各轮回答了该题的企业", past.survey.n, {"notes": past.notes}
    )


def _hidden_there(own: pd.DataFrame, k: int) -> pd.DataFrame:
    """Count nobody behind what a round's own rule hid: a later page must not tell it."""
    counted = own["count"].fillna(own["n"]) if "count" in own else own["n"]
    told = pd.concat([counted, own["n"]], axis=1).min(axis=1) >= k
    return own.assign(n=own["n"].where(told, 0), count=counted.where(told, 0))


def _levels_of(wave: Survey) -> pd.DataFrame:
    found = levels(wave)
    return pd.DataFrame(columns=["item"]) if found is None else found.table
