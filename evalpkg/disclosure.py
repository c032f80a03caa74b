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
TELLING = {"contact": ("selection_low", "selection_high")}  # numbers from which a share can be reckoned back


class DisclosureRefused(Exception):
    """A round has too few respondents to be published at all; the text is one Chinese line."""


@dataclass(frozen=True)
class Protected:
    """A result that may be published.

    `table` has the columns of the result and `shown`: ``yes``; ``below``, the numerator is under k and only
    ``< bound %`` may be printed; ``hidden``, fewer than k respondents stand behind the row. Counts are rounded to 5,
    numbers to one decimal; what may not be seen is NaN.
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
        extra = {name: self._passed(value) for name, value in result.extra.items()}
        extra |= {"k": self.k, "min_raters": self.min_raters}  # what 不足 n 家 means on this round's pages
        return Protected(
            result.name, self.protect(result.table), result.unit, result.base, result.total,
            {name: value for name, value in extra.items() if value is not None},
        )  # fmt: skip

    def _passed(self, value: Any) -> Any:
        """Numbers, words and tables that state their n go through; everything else stays inside."""
        if isinstance(value, pd.DataFrame):
            return self.protect(value) if "n" in value else None
        if isinstance(value, Result):
            return self(value)
        if isinstance(value, tuple):
            return value if all(isinstance(part, str) for part in value) else None
        return value if isinstance(value, (str, int, float, np.floating, np.integer)) else None

    def protect(self, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the cells of a tidy table that fewer than k respondents stand behind."""
        hidden = table["n"] < self.k
        below = (
            (table["count"] < self.k) & ~hidden if "count" in table else pd.Series(False, index=table.index)
        )
        safe = table.copy()
        safe["shown"] = np.select([hidden, below], ["hidden", "below"], "yes")
        safe["bound"] = np.where(below, 100 * self.k / table["n"].clip(lower=1), np.nan)
        blanked = [c for c in table.columns if _numeric(table[c]) and c not in ("n", "count")]
        safe[blanked] = safe[blanked].astype(float).mask(hidden)
        safe[[c for c in NUMBERS if c in table]] = safe[[c for c in NUMBERS if c in table]].mask(below)
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
        safe[f"{share}_bound"] = np.where(small & (base >= self.k), 100 * self.k / base.clip(lower=1), np.nan)
        telling = [column for column in TELLING.get(share, ()) if column in table]
        safe[telling] = safe[telling].mask(safe[share].isna())
        return safe

    def _differenced(self, safe: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
        """Blank the numbers without some respondents where the two numbers would give those few away."""
        left_out = table["n"] - table["without_n"]
        small = (table["without_n"] < self.k) | ((left_out > 0) & (left_out < self.k))
        columns = [c for c in ("without", "without_low", "without_high", "difference") if c in table]
        safe[columns] = safe[columns].mask(small)
        return safe.assign(without_n=table["without_n"].mask(small, 0))


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


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _rounded(table: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """Round counts to five (0 where the row is hidden), every other number to one decimal."""
    counts = [c for c in table.columns if c in ("n", "count") or c.endswith(("_count", "_n"))]
    numbers = [c for c in table.columns if _numeric(table[c]) and c not in counts]
    rounded = table.assign(**{c: table[c].fillna(0).map(nearest).mask(hidden, 0) for c in counts})
    return rounded.assign(**{c: table[c].astype(float).round(1) for c in numbers})
