"""How long handling takes, with what is still open as censored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalpkg.appeals import survival
from evalpkg.appeals.register import Register, pooled
from evalpkg.appeals.survival import Curve
from evalpkg.estimate import Result

HORIZON = 90.0  # days up to which the mean is taken; a quarter, which every half-year holds
HALVES, QUARTERS = 2, 4  # a median or a quartile is given with k cases on either side of it
CHANNELS = {
    "platform": "平台网页和小程序", "hotline12345": "12345 热线", "visit": "走访", "phone": "电话", "forum": "座谈会",
    "chamber": "商会转来",
}  # fmt: skip
SIZES = {"L": "大型", "M": "中型", "S": "小型", "X": "微型", "G": "个体工商户"}
BASE = "知道收到日和结束日的诉求；没有办结的按截至观察日计"


def durations(register: Register | None, past: Sequence[Register] = ()) -> Result | None:
    """Estimate how many days an appeal of this half-year takes from submission to its end; earlier ones for comparison.

    Returns
    -------
    Result or None
        A row a half-year, this one first: `estimate`, conf_low, conf_high of the median (Kaplan-Meier, log-log), `q25`, `q75`,
        `mean` up to `horizon` days with its `mean_error`, `closed_only` (the median of those that ended, too short because
        the slow ones are still open), `n`. NaN where the curve does not come so far down, and quantiles with
        fewer than k cases on either side. None without a register.
    """
    if register is None:
        return None
    rows = [
        _row(one.cases, one.round.k, one.round.level, one.round.label) for one in (register, *reversed(past))
    ]
    return Result(pd.DataFrame(rows), "register_days", "天", BASE, len(register.cases))  # fmt: skip


def curve(register: Register | None) -> Result | None:
    """Estimate the share of appeals still open after so many days, on each day on which one ended.

    Returns
    -------
    Result or None
        Rows by `day`: `estimate`, conf_low, conf_high in per cent, `n` of all appeals. At least k appeals end between one row
        and the next, and k are left: steps of single days would tell of single appeals.
    """
    if register is None:
        return None
    found = _curve(register.cases, register.round.level)
    told = _apart(found.ended, register.round.k) & (found.at_risk - found.ended >= register.round.k)
    table = pd.DataFrame(
        {
            "day": found.days, "estimate": 100 * found.surviving, "conf_low": 100 * found.low,
            "conf_high": 100 * found.high, "n": found.n,
        }
    )  # fmt: skip
    return Result(table[told].reset_index(drop=True), "register_curve", "%", BASE, found.n)


def _apart(ended: ArrayLike, k: int) -> NDArray[np.bool_]:
    """Mark the days by which k more have ended than by the day marked before.

    >>> _apart([1, 8, 2, 9, 3], 10).tolist()
    [False, False, True, False, True]
    """
    marked, since = [], 0
    for number in np.asarray(ended):
        since += int(number)
        marked.append(since >= k)
        since = 0 if marked[-1] else since
    return np.array(marked, dtype=bool)


def groups(register: Register | None, by: str, past: Sequence[Register] = ()) -> Result | None:
    """Compare how long groups of appeals take.

    Parameters
    ----------
    register
    by
        Column of the register with one value an appeal: "channel", "size", "category", or "level" (city or county).
    past
        Earlier registers, taken together with this one: the groups of one half-year are small.

    Returns
    -------
    Result or None
        Rows by `group` with at least k appeals: columns as `durations`, and `p`, of the log-rank test against all the others,
        adjusted for all groups (Holm), `slower` where that is under .05 and the mean is longer, `faster` where it is shorter.
        `extra["p"]` tests all groups at once.
    """
    if register is None:
        return None
    cases = pooled(register, past)
    cases = cases[cases["days"].notna()]
    group = _group(cases, by)
    labels = _labels(register, by)
    sizes = group[group != ""].value_counts()
    codes = [code for code in labels if sizes.get(code, 0) >= register.round.k]
    members = {code: (group == code).to_numpy() for code in codes}
    table = compared(cases, members, labels, register)
    several = cases[group.isin(codes)]
    p = survival.log_rank(several["days"], several["ended"], group[group.isin(codes)])
    return Result(table, f"register_by_{by}", "天", BASE, len(cases), {"p": p})


def compared(
    cases: pd.DataFrame, members: Mapping[str, np.ndarray], labels: Mapping[str, str], register: Register
) -> pd.DataFrame:
    """Give the durations of groups of cases, and test each against all other cases."""
    rows = [
        {"group": code, **_row(cases[inside], register.round.k, register.round.level, labels[code])}
        for code, inside in members.items()
    ]
    if not rows:
        return pd.DataFrame(columns=["group", *_row(cases[:0], 1, 0.95, ""), "p", "slower", "faster"])
    table = pd.DataFrame(rows)
    p = survival.holm(
        [survival.log_rank(cases["days"], cases["ended"], inside) for inside in members.values()]
    )
    longer = np.array([_longer(cases, inside) for inside in members.values()])
    sure = p < 1 - register.round.level
    return table.assign(p=p, slower=sure & longer, faster=sure & ~longer)  # fmt: skip


def _row(cases: pd.DataFrame, k: int, level: float, label: str) -> dict[str, object]:
    found = _curve(cases, level)
    half, low, high = (
        survival.quantile(found, share) if found.n >= least * k else survival.Time(*(float("nan"),) * 3)
        for share, least in ((0.5, HALVES), (0.25, QUARTERS), (0.75, QUARTERS))
    )
    mean = survival.restricted_mean(found, min(HORIZON, found.last))
    ended = cases.loc[cases["ended"], "days"].dropna()
    return {
        "label": label, "estimate": half.estimate, "conf_low": half.low, "conf_high": half.high,
        "q25": low.estimate, "q75": high.estimate, "mean": mean.estimate, "mean_error": mean.std_error,
        "horizon": mean.horizon, "closed_only": ended.median() if len(ended) >= HALVES * k else float("nan"),
        "n": found.n,
    }  # fmt: skip


def _curve(cases: pd.DataFrame, level: float) -> Curve:
    timed = cases[cases["days"].notna()]
    return survival.kaplan_meier(timed["days"], timed["ended"], level)


def _longer(cases: pd.DataFrame, inside: np.ndarray) -> bool:
    """Whether a group takes longer than the others, up to the longest time that both were followed."""
    own, rest = (
        survival.kaplan_meier(part["days"], part["ended"]) for part in (cases[inside], cases[~inside])
    )
    horizon = min(HORIZON, own.last, rest.last)
    means = (survival.restricted_mean(one, horizon).estimate for one in (own, rest))
    return next(means) > next(means)


def _group(cases: pd.DataFrame, by: str) -> pd.Series:
    if by != "level":
        return cases[by]
    return cases["department"].map(lambda codes: "county" if "-" in codes[0] else "city" if codes else "")


def _labels(register: Register, by: str) -> dict[str, str]:
    themes = {code: theme.label for code, theme in register.lexicon.items()}
    level = {"city": "市级部门", "county": "县（区）部门"}
    return {"channel": CHANNELS, "size": SIZES, "category": themes, "level": level}[by]
