"""How what is followed changed since the latest earlier round that it can be compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.estimate import Estimate
from evalpkg.trends import alarms, comparability, control
from evalpkg.trends.control import Judged
from evalpkg.trends.items import Column, columns
from evalpkg.trends.pairs import Pair, of_columns, of_tables
from evalpkg.trends.past import History, Published

DECLARED = ("overall", "environment")  # kinds of the primary family where params declare none
FAMILIES = {"primary": control.holm, "rest": control.false_discoveries}


def changes(past: History) -> estimate.Result | None:
    """Compare all that is followed with the latest earlier round in which the item was the same.

    Returns
    -------
    Result or None
        A row per item: `item` (code, with the option), `label`, `kind` (`items.KINDS`), `family` ("primary", "rest");
        `against`, the earlier round; `estimate`, the change at the mean mix of respondents of the two rounds (size by mode),
        with `std_error`, `conf_low`, `conf_high`; `n`, respondents of the round that has fewer; `total`, the change of the
        published levels, and `composition`, what of it comes from other respondents, each with limits (total = estimate +
        composition); `now`, `before` with their `_n` and `_count`; `p`, `q`, `family_low`, `family_high`, `direction`
        ("rising", "falling", "no"; "" where nothing is compared); `alarm` ("jump", "alone", ""), see `alarms`; `reason`,
        a Chinese clause where an item may not be compared. What would tell of fewer than k is NaN. `extra`: `tested` and
        `primary` (how many are judged), `against`, `notes`. None in the first round.

    Raises
    ------
    ParamsError
        The file of comparability is faulty.

    Notes
    -----
    The primary family (overall and environments, or what params declare) is judged by Holm, the rest by Benjamini & Hochberg.
    """
    if not past.waves:
        return None
    known = comparability.read(past.survey.round.root)
    comparability.check_items(known, (*past.waves, past.survey))
    followed = columns(past.survey)
    chosen, reasons = _against(past, followed, known)
    found = {at: _pair(past, followed, chosen, at) for at in sorted(set(chosen) - {-1})}
    table = pd.concat([_keys(past, followed), _numbers(past, found, chosen)], axis=1).assign(reason=reasons)
    table = _judged(table, past.survey.round.level)
    table["alarm"] = alarms.alarms(table, found, chosen, past.survey.round.level)
    return estimate.Result(
        _told(table, past.survey.round.k), "changes", "分", "两轮中回答了该题的企业", past.survey.n, _beside(past, table)
    )  # fmt: skip


def _against(
    past: History, followed: Sequence[Column], known: comparability.Comparability
) -> tuple[list[int], list[str]]:
    """Find for each column the latest earlier round (its place, -1 = none), or say why there is none."""
    keys = [_keys_of(wave) for wave in past.waves]
    chosen, reasons = [], []
    for column in followed:
        refused = [
            known.refusal(column.item, past.survey, wave) or ("" if column.key in has else "以前没有问")
            for wave, has in zip(past.waves, keys, strict=True)
        ]
        places = [at for at, fault in enumerate(refused) if not fault]
        chosen.append(places[-1] if places else -1)
        reasons.append("" if places else refused[-1])
    return chosen, reasons


def _keys_of(wave: object) -> set[str]:
    if isinstance(wave, Published):
        return set(wave.table.index[wave.table["shown"] == "yes"])
    return {column.key for column in columns(wave)}  # type: ignore[arg-type]


def _pair(past: History, followed: Sequence[Column], chosen: Sequence[int], at: int) -> Pair:
    own = [column for column, place in zip(followed, chosen, strict=True) if place == at]
    wave = past.waves[at]
    return (
        of_tables(past.survey, wave, own)
        if isinstance(wave, Published)
        else of_columns(past.survey, wave, own)
    )


def _keys(past: History, followed: Sequence[Column]) -> pd.DataFrame:
    declared = set(past.survey.round.primary)
    primary = [c.item in declared if declared else c.kind in DECLARED for c in followed]
    return pd.DataFrame(
        {
            "item": [c.key for c in followed],
            "label": [c.label for c in followed],
            "kind": [c.kind for c in followed],
            "family": np.where(primary, "primary", "rest"),
            "share": [c.is_share for c in followed],
        }
    )


def _numbers(past: History, found: dict[int, Pair], chosen: Sequence[int]) -> pd.DataFrame:
    """Put the numbers of all pairs in the order of the columns; a column without a pair has none."""
    places = np.array(chosen)
    frames = [_frame(pair, past, at).set_axis(np.flatnonzero(places == at)) for at, pair in found.items()]
    frame = pd.concat(frames) if frames else pd.DataFrame(columns=[*_COLUMNS, "against"])
    frame = frame.reindex(range(len(chosen)))
    counts = [name for name in frame if name == "n" or str(name).endswith(("_n", "_count"))]
    return frame.assign(
        against=frame["against"].fillna(""), **frame[counts].astype(float).fillna(0).astype(int)
    )


def _frame(pair: Pair, past: History, at: int) -> pd.DataFrame:
    level = past.survey.round.level
    columns_: dict[str, object] = {"against": past.waves[at].round.id}
    for which, name in enumerate(("", "composition", "total")):
        part = pair.part(which)
        low, high = control.limits(part, level)
        if not name:
            columns_ |= {
                "estimate": part.estimate,
                "std_error": part.std_error,
                "conf_low": low,
                "conf_high": high,
            }
            columns_ |= {"n": part.n, "df": part.df}
        else:
            columns_ |= {name: part.estimate, f"{name}_low": low, f"{name}_high": high}
    for side, name in enumerate(("now", "before")):
        counts = np.where(np.isnan(pair.counts[side]), pair.sizes[side], pair.counts[side])
        columns_ |= {name: pair.levels[side], f"{name}_n": pair.sizes[side], f"{name}_count": counts}
    return pd.DataFrame(columns_)


_COLUMNS = (
    "estimate", "std_error", "conf_low", "conf_high", "n", "df", "composition", "composition_low", "composition_high",
    "total", "total_low", "total_high", "now", "now_n", "now_count", "before", "before_n", "before_count",
)  # fmt: skip


def _judged(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Judge each family by its own rule."""
    blank = np.full(len(table), np.nan)
    out = table.assign(p=blank, q=blank, family_low=blank, family_high=blank, direction="")
    for family, judge in FAMILIES.items():
        here = ((table["family"] == family) & (table["against"] != "")).to_numpy()
        if here.any():
            said: Judged = judge(_estimate(table[here]), level)
            out.loc[here, ["p", "q", "family_low", "family_high"]] = np.column_stack(
                [said.p, said.q, said.low, said.high]
            )
            out.loc[here, "direction"] = said.direction
    return out


def _estimate(rows: pd.DataFrame) -> Estimate:
    """Give rows of the table as estimates; what they share does not matter to Holm's rule nor to that of false discoveries."""
    cov = np.diag(rows["std_error"].to_numpy(dtype=float) ** 2)
    return Estimate(
        rows["estimate"].to_numpy(dtype=float),
        cov,
        n=rows["n"].to_numpy(),
        df=rows["df"].to_numpy(dtype=float),
    )


def _told(table: pd.DataFrame, k: int) -> pd.DataFrame:
    """Blank what would tell of fewer than k: a change of shares of which one is held by fewer, levels of a mean by n."""
    share = table["share"]
    for name in ("now", "before"):  # a mean is published where k rated, whatever they said
        table[f"{name}_count"] = table[f"{name}_count"].where(share, table[f"{name}_n"])
    few = share & ((table["now_count"] < k) | (table["before_count"] < k)) & (table["against"] != "")
    numbers = [
        *("estimate", "std_error", "conf_low", "conf_high", "family_low", "family_high", "p", "q"),
        *(f"{part}{end}" for part in ("composition", "total") for end in ("", "_low", "_high")),
    ]
    table[numbers] = table[numbers].mask(few)
    table["direction"] = table["direction"].mask(few, "")
    table["reason"] = table["reason"].mask(few, f"有一轮不足 {k} 家")
    return table.drop(columns=["share", "df"])


def _beside(past: History, table: pd.DataFrame) -> dict[str, object]:
    compared = table["against"] != ""
    used = sorted(set(table.loc[compared, "against"]))
    return {
        "tested": int(compared.sum()),
        "primary": int((compared & (table["family"] == "primary")).sum()),
        "against": used[-1] if used else "",
        "latest": past.waves[-1].round.id,
        "level": past.survey.round.level,
        "notes": past.notes,
    }
