"""What the answers of a form tell about how it was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.integrity.contradictions import attention
from evalpkg.integrity.copies import copied

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

STRAIGHT = 8  # items asked from which one and the same answer to all of them is a sign
BLOCKS = ("driver", "environment")
PLACES = ("district", "size", "industry")
ABOUT_THE_FIRM = {
    *("mode", "chamber", "district", "size", "industry", "legal_form", "employees", "revenue", "age", "kind"),
    *("weight", "attention", "ignore"),
}  # one hand that fills in many forms varies these, or they tell how the form came


def straight(survey: Survey) -> Bools | None:
    """Tell who gave one and the same mark to every department, service dimension and environment it was asked about.

    At least 8 marks. All-best marks are not invalid by themselves, and neither, lest only critics be flagged,
    are all-worst ones: they count where the attention item got the same mark, although it asked for another.
    None where the survey asks fewer than 8 marks.
    """
    marks = _marks(survey)
    if marks.shape[1] < STRAIGHT:
        return None
    high, low = np.fmax.reduce(marks, axis=1), np.fmin.reduce(marks, axis=1)  # NaN: nothing marked
    constant = (high == low) & ((~np.isnan(marks)).sum(axis=1) >= STRAIGHT)
    check = attention(survey)
    through = np.zeros(survey.n, dtype=bool) if check is None else check[1] & (check[0] == high)
    found: Bools = constant & (((high < 100) & (high > 0)) | through)
    return found


def duplicates(survey: Survey) -> Bools | None:
    """Tell whose answers are copies or near-copies of others', see `copied`; None where nothing can be compared."""
    columns = [*_asked_columns(survey), *_department_columns(survey)]
    if not columns:
        return None
    answers = np.column_stack([pd.factorize(values)[0] for values, _ in columns])
    return copied(answers, np.column_stack([best for _, best in columns]))


def unplaced(survey: Survey) -> Bools | None:
    """Tell who says neither district nor size nor industry: nothing shows that they belong to the frame.

    Their weight rests on a guess alone. None where the survey asks fewer than two of the three.
    """
    asked = [column for column in PLACES if column in survey.responses]
    return survey.responses[asked].isna().all(axis=1).to_numpy() if len(asked) > 1 else None


def _marks(survey: Survey) -> Floats:
    """Departments, service dimensions, environments on 0-100, (n, q)."""
    rated = [item for item in survey.codebook.by_role("rating") if item.department in survey.ratings]
    blocks = [i for role in BLOCKS for i in survey.codebook.by_role(role) if i.code in survey.responses]
    columns = [item.to100(survey.ratings[item.department]) for item in rated]
    columns += [item.to100(survey.responses[item.code]) for item in blocks]
    return np.column_stack(columns) if columns else np.zeros((survey.n, 0))


def _asked_columns(survey: Survey) -> list[tuple[pd.Series, Bools]]:
    """Collect the closed questions that are not about the firm: answers, and which are the best mark."""
    items = [
        item for item in survey.codebook.items.values()
        if item.type not in ("text", "date") and item.role not in ABOUT_THE_FIRM and not item.department
    ]  # fmt: skip
    columns = [(_answers(survey, item), item) for item in items]
    return [(answers, _best(answers, item)) for answers, item in columns if answers is not None]


def _answers(survey: Survey, item: Item) -> pd.Series | None:
    if item.type != "multi":
        return survey.responses.get(item.code)
    ticks = survey.responses[[c for c in (f"{item.code}.{o}" for o in item.options) if c in survey.responses]]
    if not len(ticks.columns):
        return None
    pattern = ticks.fillna(0).astype(int).astype(str).agg("".join, axis=1)
    return pattern.where(ticks.notna().any(axis=1))


def _department_columns(survey: Survey) -> list[tuple[pd.Series, Bools]]:
    asked = {item.department for item in survey.codebook.by_role("gate")}
    gates = [survey.contact[code] for code in survey.contact if code in asked]
    rated = [item for item in survey.codebook.by_role("rating") if item.department in survey.ratings]
    ratings = [(survey.ratings[item.department], item) for item in rated]
    return [
        *((gate, np.zeros(survey.n, dtype=bool)) for gate in gates),
        *((answers, _best(answers, item)) for answers, item in ratings),
    ]


def _best(answers: pd.Series, item: Item) -> Bools:
    if item.type != "score" or item.scale is None:
        return np.zeros(len(answers), dtype=bool)
    return np.asarray(item.to100(answers) >= 100)
