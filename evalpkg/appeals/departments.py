"""How departments handle appeals: what they closed, what they truly solved, how long it took."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalpkg.appeals.durations import compared
from evalpkg.appeals.register import Register, pooled
from evalpkg.appeals.shrinkage import Shrunken, shrunken
from evalpkg.estimate import Result

BASE = "部门承办的诉求，一件有几个承办单位的各算一次"
SHARES = ("ended", "solved", "late", "reopened")
REST = "REST"  # departments too small to stand alone


def departments(register: Register | None, past: Sequence[Register] = ()) -> Result | None:
    """Give what each department did with its appeals, small ones drawn towards the mean of all.

    Parameters
    ----------
    register
    past
        Earlier registers, taken together with this one, each as it stood on its own day: in one half-year few departments
        have k appeals.

    Returns
    -------
    Result or None
        A row a department of the city, and one a county for all its bodies; those with fewer than k appeals stand in one row
        `REST`. Of appeals: `n` received, and how many were truly solved (`count`) with the share drawn towards the mean of all
        departments (`estimate`, std_error, conf_low, conf_high; family_low, family_high for all departments at once, both NaN
        where fewer than k were solved); shares `ended`, `late`, `reopened`, drawn the same way, each with its `_count`; the
        median of days with its interval, `slower` and `faster` of `durations.groups`. `extra["mean"]` is the share solved of
        all departments.

    Notes
    -----
    One of one closed is not 100% and not the best: see `shrinkage.shrunken`. The family intervals take m departments at
    the level 1 - alpha / m (Bonferroni).
    """
    if register is None:
        return None
    cases = pooled(register, past)
    units = cases["department"].map(register.bodies.units)
    long = cases.assign(unit=units).explode("unit").dropna(subset="unit")
    if long.empty:
        return None
    counts = _counts(long)
    table = _shares(counts, register)
    table = table.merge(_days(cases, units, table["unit"], register), on="unit", how="left")
    table[["slower", "faster"]] = table[["slower", "faster"]].eq(True)
    solved = 100 * counts["solved"].sum() / counts["n"].sum()
    since = past[0].round.label if past else register.round.label
    return Result(
        table, "register_departments", "%", BASE, len(cases), {"mean": round(solved, 1), "since": since}
    )


def _counts(long: pd.DataFrame) -> pd.DataFrame:
    """Count appeals and what became of them by unit."""
    flags = long.assign(reopened=long["reopened_n"] > 0, n=1)
    return flags.groupby("unit")[["n", *SHARES]].sum().astype(int)


def _shares(counts: pd.DataFrame, register: Register) -> pd.DataFrame:
    """Draw the shares of all units together, then show those large enough, the others as one row."""
    k, level = register.round.k, register.round.level
    small = counts["n"] < k
    found = {name: shrunken(counts[name], counts["n"]) for name in SHARES}
    table = counts.rename(columns={name: f"{name}_count" for name in SHARES}).assign(
        label=[register.bodies.label(unit) for unit in counts.index],
        **_estimates(found["solved"], counts["solved"] < k, level),
        **{name: 100 * found[name].estimate for name in ("ended", "late", "reopened")},
    )
    table = table.rename(columns={"solved_count": "count"}).reset_index()
    order = table[~small.to_numpy()].sort_values(["n", "unit"], ascending=[False, True])
    rest = _rest(counts[small], k)
    return pd.concat([order, rest], ignore_index=True) if len(rest) else order.reset_index(drop=True)


def _estimates(found: Shrunken, few: pd.Series, level: float) -> dict[str, np.ndarray]:
    """Give share solved, error and both intervals in per cent; the wider interval hides what the gate will hide."""
    low, high = found.interval(level)
    family = found.interval(1 - (1 - level) / max(len(found.estimate), 1))
    wide = {
        name: np.where(few, np.nan, 100 * edge)
        for name, edge in zip(("family_low", "family_high"), family, strict=True)
    }
    own = {"estimate": found.estimate, "std_error": found.std_error, "conf_low": low, "conf_high": high}
    return {name: 100 * values for name, values in own.items()} | wide  # fmt: skip


def _rest(counts: pd.DataFrame, k: int) -> pd.DataFrame:
    """Take the departments together that are too small to stand alone: plain counts, which the gate rounds.

    No shares: exact ones of few beside rounded counts give the counts away.
    """
    if counts.empty:
        return pd.DataFrame()
    total = counts.sum()
    row = {"unit": REST, "label": f"其余 {len(counts)} 个（各不足 {k} 件）", "n": total["n"],
           "count": total["solved"], "estimate": np.nan, "std_error": np.nan}  # fmt: skip
    shares = ("ended", "late", "reopened")
    return pd.DataFrame(
        [row | dict.fromkeys(shares, np.nan) | {f"{name}_count": total[name] for name in shares}]
    )


def _days(cases: pd.DataFrame, units: pd.Series, shown: pd.Series, register: Register) -> pd.DataFrame:
    """Give median days, and test each department against all other appeals."""
    timed = cases["days"].notna().to_numpy()
    handled = pd.Series(units[timed].to_numpy(), index=range(int(timed.sum())), dtype=object).explode()
    rows = {unit: part.index.to_numpy() for unit, part in handled.groupby(handled)}
    members = {unit: _inside(rows[unit], timed.sum()) for unit in shown if unit in rows}
    table = compared(cases[timed], members, {unit: unit for unit in members}, register)
    names = {"group": "unit", "estimate": "median", "conf_low": "median_low", "conf_high": "median_high"}
    return table.rename(columns=names)[[*names.values(), "p", "slower", "faster"]]


def _inside(rows: np.ndarray, n: int) -> np.ndarray:
    """Mark rows among n."""
    inside = np.zeros(n, dtype=bool)
    inside[rows] = True
    return inside
