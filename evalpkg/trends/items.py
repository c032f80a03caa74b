"""What is followed over rounds, as columns of numbers: outlook, drivers, difficulties, most urgent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.codebook import Item

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]

# Kinds by the role of their item, in the order of the page; of the last two more is worse.
KINDS = {
    "outcome": "overall",
    "environment": "environment",
    "recommend": "recommend",
    "change": "net",
    "driver": "driver",
    "difficulty": "difficulty",
    "difficulty_top": "urgent",
}
SCORES = (
    "overall",
    "environment",
    "recommend",
    "driver",
)  # 0-100; the others are shares or a balance, in per cent
WORSE = ("difficulty", "urgent")
NET = "（变好减变差）"


@dataclass(frozen=True, eq=False)
class Column:
    """One thing that is followed: `key` is the item's code, with its option where there is one; `y` (n,), NaN = not asked.

    Scores are on 0-100; ticks 0 or 100; the balance of better and worse -100, 0 or 100.
    """

    key: str
    item: str
    label: str
    kind: str
    y: Floats

    @property
    def is_share(self) -> bool:
        """Whether it is a share, which is published only where k respondents have it."""
        return self.kind in WORSE


def columns(survey: Survey) -> list[Column]:
    """Give what one round asked of all that is followed, in the order of the page."""
    found = []
    for role, kind in KINDS.items():
        for item in survey.codebook.by_role(role):
            found += list(_of_item(survey, item, kind))
    return [column for column in found if not np.isnan(column.y).all()]


def _of_item(survey: Survey, item: Item, kind: str) -> Iterator[Column]:
    if kind == "difficulty":
        yield from _ticks(survey, item)
    elif item.code in survey.responses:
        answers = survey.responses[item.code]
        if kind == "urgent":
            yield from _choices(survey, item, answers)
        elif kind == "net" and item.scale is not None:
            middle = (item.scale.low + item.scale.high) / 2
            side = 100 * np.sign(answers.to_numpy(dtype=float) - middle)
            yield Column(item.code, item.code, f"{item.label}{NET}", kind, side)
        elif kind in SCORES:
            yield Column(item.code, item.code, item.label, kind, item.to100(answers))


def _ticks(survey: Survey, item: Item) -> Iterator[Column]:
    for option, label in item.options.items():
        name = f"{item.code}.{option}"
        if name in survey.responses and option != item.exclusive:
            ticked = 100 * survey.responses[name].to_numpy(dtype=float)
            yield Column(name, item.code, label, "difficulty", ticked)


def _choices(survey: Survey, item: Item, answers: pd.Series) -> Iterator[Column]:
    parent = survey.codebook.one("difficulty")
    none = {item.exclusive, parent.exclusive if parent else ""}
    known = answers.notna().to_numpy()
    for option, label in item.options.items():
        if option not in none:
            named = np.where(known, 100.0 * (answers == option).to_numpy(dtype=float), np.nan)
            yield Column(f"{item.code}.{option}", item.code, label, "urgent", named)
