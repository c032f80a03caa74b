"""Who has heard of each policy, and how far it got: the answers of two questions, paired by the names of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg.drivers import sample
from evalpkg.drivers.importance import DriversError

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

OPTIONS = 4  # not eligible, did not apply, not granted, received


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy and how far each of n respondents got with it.

    Attributes
    ----------
    code, label : str
        Of the row that asks who has heard of it.
    aware : ndarray, shape (n,)
        1, 0, or NaN where not answered, or answered against itself (applied, but never heard of it).
    stage : ndarray, shape (n,)
        0 not eligible, 1 did not apply, 2 not granted, 3 received; NaN where not aware or not answered.
    """

    code: str
    label: str
    aware: np.ndarray
    stage: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Whose way is known to its end, (n,) bool."""
        return np.asarray((self.aware == 0) | ~np.isnan(self.stage))

    def reached(self, inside: np.ndarray) -> np.ndarray:
        """Count the respondents inside (n,), as `stages`: who answered, aware; aware and told, and the later stages, (6,)."""
        answered, told = ~np.isnan(self.aware) & inside, (self.aware == 1) & ~np.isnan(self.stage) & inside
        later = [told & (self.stage >= j) for j in (1, 2, 3)]
        return np.array([rows.sum() for rows in (answered, answered & (self.aware == 1), told, *later)])

    @property
    def steps(self) -> np.ndarray:
        """Each stage among those of the stage before, (n, 4): 1, 0, NaN = outside."""
        reached = [np.where(self.stage >= j - 1, self.stage >= j, np.nan) for j in (1, 2, 3)]
        return np.column_stack([self.aware, *reached])

    @property
    def later(self) -> np.ndarray:
        """The three later stages among those who are aware and answered, (n, 3)."""
        known = ~np.isnan(self.stage)
        return np.column_stack([np.where(known, self.stage >= j, np.nan) for j in (1, 2, 3)])


def policies(survey: Survey) -> tuple[list[Policy], tuple[str, ...]] | None:
    """Pair the rows that ask who heard of a policy and how far it got.

    Returns
    -------
    (list of Policy, tuple of str) or None
        Policies that somebody answered, in the order of the questionnaire; Chinese sentences without their full stop on what
        was left out. None where not asked or answered.

    Raises
    ------
    DriversError
        No policy has both rows, two rows of a role with one label, or other options.
    """
    known, used = (_rows(survey, role) for role in ("awareness", "uptake"))
    if not known or not used:
        return None
    both = [label for label in known if label in used]
    if not both:
        raise DriversError(
            "政策：没有一项同时问了是否知道（awareness）和是否享受（uptake）：两题各行的名称要一致；请改正题目字典"
        )
    alone = [label for label in [*known, *used] if label not in both]
    notes = [f"只问了知道或享受之一，不列入：{'、'.join(alone)}"] if alone else []
    pairs = [_paired(survey, known[label], used[label]) for label in both]
    answered = [policy for policy, _ in pairs if not np.isnan(policy.aware).all()]
    against = sum(odd for _, odd in pairs)
    if against:
        notes.append(
            f"有{sample.about(against, survey.round.k)} 处回答前后矛盾（没听说过却申请过或享受了），不计入"
        )
    return (answered, tuple(notes)) if answered else None


def _rows(survey: Survey, role: str) -> dict[str, Item]:
    items = [item for item in survey.codebook.by_role(role) if item.code in survey.responses]
    labels = [item.label for item in items]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DriversError(f"政策：有两行都叫“{twice[0]}”（{role}）：各行名称不能重复；请改正题目字典")
    return dict(zip(labels, items, strict=True))


def _paired(survey: Survey, known: Item, used: Item) -> tuple[Policy, int]:
    """Read one policy, and count who contradicts itself."""
    if len(used.options) != OPTIONS or len(known.options) < 2:
        raise DriversError(
            f"政策：“{used.label}”的选项不合要求：享受题要依次有四个选项（不符合条件、未申请、未获批、已享受），"
            "知晓题的第一个选项是没听说过；请改正题目字典"
        )
    heard, stage = _place(survey, known), _place(survey, used)
    aware = np.where(np.isnan(heard), np.nan, heard > 0)
    against = (aware == 0) & (stage >= 2)
    aware = np.where(against, np.nan, aware)
    return Policy(known.code, known.label, aware, np.where(aware == 1, stage, np.nan)), int(against.sum())


def _place(survey: Survey, item: Item) -> np.ndarray:
    """Answers as places 0.. among the options; ordered options arrive as numbers."""
    answer = survey.responses[item.code]
    options: Sequence[object] = list(item.options)
    if pd.api.types.is_numeric_dtype(answer):
        options = [float(option) for option in item.options]
    return np.asarray(answer.map({option: place for place, option in enumerate(options)}), dtype=float)
