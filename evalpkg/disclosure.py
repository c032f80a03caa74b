"""The one gate to publication: only what passes here may be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evalpkg.estimate import Result
from evalpkg.params import Round
from evalpkg.survey import Survey

ROUNDING = 5  # counts are published to the nearest five
FEW = 60  # fewer raters than this are drawn as a broken line
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")
DIFFERENCES = {
    f"{name}{end}" for name in ("net", "difference") for end in ("", "_low", "_high")
}  # in `extra`: of rows of the table; with one row seen, the other is known
TELLING = {  # numbers from which a share can be reckoned back
    "hand": ("hand_low", "hand_high", "gain"),
    "contact": ("selection_low", "selection_high"),
    "dissatisfied": (*NUMBERS, "family_low", "family_high", "plain"),  # each is the share times a coefficient
}


class DisclosureRefused(Exception):
    """A round has too few respondents to be published at all; the text is one Chinese line."""


@dataclass(frozen=True)
class Protected:
    """A result that may be published.

    `table` has the columns of the result and `shown`: ``yes``; ``below``, the numerator is under k and only
    ``< bound %`` may be printed; ``hidden``, fewer than k respondents stand behind the row. Counts are rounded to 5,
    numbers to one decimal; what may not be seen is NaN, a count 0.
    """

    name: str
    table: pd.DataFrame
    unit: str
    base: str
    total: int
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """The rule of one round: at least `k` respondents behind every published number."""

    k: int
    min_raters: int

    def __call__(self, result: Result | None) -> Protected | None:
        """Protect a result; None (the survey did not ask) stays None."""
        if result is None:
            return None
        table = self.protect(self._few_in_doubt(result))
        kept = {
            name: value for name, value in result.extra.items() if not _gives_away(name, result.table, table)
        }
        extra = {name: self._passed(name, value) for name, value in kept.items()}
        extra |= {"k": self.k, "min_raters": self.min_raters}  # what 不足 n 家 means on this round's pages
        return Protected(
            result.name, table, result.unit, result.base, result.total,
            {name: value for name, value in extra.items() if value is not None},
        )  # fmt: skip

    def _passed(self, name: str, value: Any) -> Any:
        """Numbers, words and tables that state their n go through, counts as in a table; the rest stays inside."""
        if isinstance(value, pd.DataFrame):
            return self.protect(value) if "n" in value else None
        if isinstance(value, Result):
            return self(value)
        if isinstance(value, tuple):
            return value if all(isinstance(part, str) for part in value) else None
        if name.endswith("_count"):
            return nearest(value) if value >= self.k else None
        return value if isinstance(value, (str, int, float, np.floating, np.integer)) else None

    def protect(self, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the cells of a tidy table that fewer than k respondents stand behind."""
        hidden = table["n"] < self.k
        below = (
            (table["count"] < self.k) & ~hidden if "count" in table else pd.Series(False, index=table.index)
        )
        safe = table.copy()
        safe["shown"] = np.select([hidden, below], ["hidden", "below"], "yes")
        estimate = table["estimate"] if "estimate" in table else 0.0 * table["n"]
        safe["bound"] = np.where(below, self._bound(table["n"], estimate), np.nan)
        blanked = [c for c in table.columns if _numeric(table[c]) and c not in ("n", "count")]
        safe[blanked] = safe[blanked].astype(float).mask(hidden)
        if {"estimate", "count"} <= set(table.columns) and "std_error" not in table:
            safe["estimate"] = _plain_share(table).mask(hidden)
        safe[[c for c in NUMBERS if c in table]] = safe[[c for c in NUMBERS if c in table]].mask(below)
        if "count" in table:
            safe["count"] = table["count"].mask(below, 0)
        for share in [c for c in table.columns if f"{c}_count" in table]:
            safe = self._secondary(safe, table, share)
        if "without_n" in table:
            safe = self._differenced(safe, table)
        safe["support"] = np.select(
            [table["n"] < self.min_raters, table["n"] < FEW], ["listed", "few"], "full"
        )
        return _rounded(safe, hidden)

    def _secondary(self, safe: pd.DataFrame, table: pd.DataFrame, share: str) -> pd.DataFrame:
        """Blank a second share of the row (contact, unhappy) whose own numerator is under k."""
        base = table.get(f"{share}_n", table["n"])
        small = table[f"{share}_count"] < self.k
        safe[share] = table[share].astype(float).mask(small | (base < self.k))
        safe[f"{share}_count"] = table[f"{share}_count"].mask(small, 0)
        safe[f"{share}_bound"] = np.where(small & (base >= self.k), self._bound(base, table[share]), np.nan)
        telling = [column for column in TELLING.get(share, ()) if column in table]
        safe[telling] = safe[telling].mask(safe[share].isna())
        return safe

    def _bound(self, n: pd.Series, share: pd.Series) -> pd.Series:
        """Return k in per cent of n rounded down, which tells no more of n than n itself, or a multiple of it.

        A few respondents of great weight may be more than k in n of the enterprises; the bound must hold for them.
        """
        step = 100 * self.k / (n // ROUNDING * ROUNDING).clip(lower=self.k)
        return (step * (share.astype(float).fillna(0) // step + 1)).clip(upper=100)

    def _few_in_doubt(self, result: Result) -> pd.DataFrame:
        """Take the rest to be nobody where fewer than k were left out in all.

        Weights and severity rest on everybody, so that also a row of which nobody was left out would tell of them.
        """
        few = 0 < result.extra.get("flagged_count", 0) < self.k
        return result.table.assign(without_n=0) if few else result.table

    def _differenced(self, safe: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the numbers without some respondents where the two numbers would give those few away."""
        small = self._few_between(table["n"], table["without_n"])
        if "count" in table and "without_count" in table:  # of a share, those who have the attribute
            small |= self._few_between(table["count"], table["without_count"])
        columns = [c for c in ("without", "without_low", "without_high", "difference") if c in table]
        counts = [c for c in ("without_n", "without_count") if c in table]
        safe[columns] = safe[columns].mask(small)
        safe[counts] = safe[counts].mask(small, 0)
        return safe

    def _few_between(self, all_: pd.Series, rest: pd.Series) -> pd.Series:
        """Tell where fewer than k are left, or were taken away."""
        away = all_ - rest
        return (rest < self.k) | ((away > 0) & (away < self.k))


def gate(survey: Survey) -> Gate:
    """Open the gate for a round, or refuse to publish it.

    Raises
    ------
    DisclosureRefused
        The round has fewer valid questionnaires than `min_respondents`.
    """
    return admit(survey.round, survey.n)


def admit(round_: Round, n: int) -> Gate:
    """Open the gate of a round with n valid questionnaires; see `gate`."""
    if n < round_.min_respondents:
        raise DisclosureRefused(
            f"{round_.id}：只有 {n} 份有效答卷，不足公布所需的 {round_.min_respondents} 份，整轮不公布；"
            "人数太少时，数字会暴露个别企业怎样回答。请补充答卷后再运行"
        )
    return Gate(round_.k, round_.min_raters)


def nearest(count: float) -> int:
    """Round a count to the nearest five.

    >>> nearest(1012), nearest(12.5)
    (1010, 10)
    """
    return int(np.round(count / ROUNDING)) * ROUNDING


def _gives_away(name: str, table: pd.DataFrame, safe: pd.DataFrame) -> bool:
    """Tell whether a comparison of rows would give away a row that may not be seen."""
    unseen = safe["shown"] != "yes"
    if name in DIFFERENCES:
        return bool(unseen.any())
    if name.startswith("lead"):
        among = ~table["exclusive"].astype(bool) if "exclusive" in table else table["n"] >= 0
        return bool(unseen[table["estimate"].where(among).nlargest(2).index].any())
    return False


def _plain_share(table: pd.DataFrame) -> pd.Series:
    """Per cent from rounded counts: a share without a standard error is a count over n, and would give it away."""
    base = table["n"].map(nearest).clip(lower=ROUNDING)
    return 100 * table["count"].map(nearest) / base


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _rounded(table: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """Round counts to five (0 where the row is hidden), every other number to one decimal."""
    counts = [c for c in table.columns if c in ("n", "count") or c.endswith(("_count", "_n"))]
    numbers = [c for c in table.columns if _numeric(table[c]) and c not in counts]
    rounded = table.assign(**{c: table[c].fillna(0).map(nearest).mask(hidden, 0) for c in counts})
    return rounded.assign(**{c: table[c].astype(float).round(1) for c in numbers})
