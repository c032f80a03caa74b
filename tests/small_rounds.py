"""Small rounds of hand-made answers, for tests of what changed between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from small_survey import FIVE, TEN, codebook, item, survey

from evalpkg import complaints, params, trends
from evalpkg.codebook import Item
from evalpkg.estimate import Design
from evalpkg.survey import Survey

NOWHERE = params.bundle() / "tests"  # a workspace without a file of comparability
SIZES = {"L": "大型", "S": "小型"}
MODES = {"online": "网上", "phone": "电话"}
DRIVERS = [f"D{number}" for number in range(1, 6)]
ITEMS = [
    item("size", "size", type="category", options=SIZES),
    item("mode", "mode", type="category", options=MODES),
    item("F1", "outcome", "总体满意度", scale=TEN),
    *(item(code, "driver", f"方面{code[1]}", scale=FIVE) for code in DRIVERS),
    item("G1", "difficulty", "困难", type="multi", options={"FIN": "融资难", "PARK": "停车难"}),
]
OFFICES = [("A", "甲局", "regulator"), ("B", "乙局", "service"), ("C", "丙局", "service")]


def rating(code: str, name: str) -> Item:
    return item(f"C_{code}", "rating", name, department=code, scale=FIVE)


def wave(
    round_id: str,
    columns: dict[str, Any],
    *,
    items: list[Item] | None = None,
    offices: list[tuple[str, str, str]] | None = None,
    ratings: dict[str, Any] | None = None,
    weights: Any = None,
    clusters: Any = None,
    root: Path = NOWHERE,
    design: Design | None = None,
    **more: Any,
) -> Survey:
    """Return a round of the given answers; `ratings` by code of the department."""
    n = len(next(iter({**columns, **(ratings or {})}.values())))
    index = pd.RangeIndex(1, n + 1, name="rid")
    offices = OFFICES if offices is None else offices
    book = codebook(
        [*(ITEMS if items is None else items), *(rating(c, name) for c, name, _ in offices)], offices
    )
    rated = pd.DataFrame(ratings or {}, index=index, dtype=float)
    one = survey(
        book,
        pd.DataFrame(columns, index=index),
        weights=weights,
        clusters=clusters,
        ratings=rated,
        design=design,
        **more,
    )
    year, half = int(round_id[:4]), int(round_id[-1])
    period = params.Period(start=date(year, 6 * half - 5, 1), end=date(year, 6 * half, 30))
    round_ = SimpleNamespace(**{**vars(one.round), "id": round_id, "period": period, "root": root})
    return replace(one, round=round_)  # type: ignore[arg-type]


def past(now: Survey, *before: Survey, notes: tuple[str, ...] = ()) -> trends.History:
    return trends.History(now, complaints.History(before), notes=notes)


def answers(
    seed: int, n: int = 400, *, shift: float = 0.0, large: float = 0.3, **more: float
) -> dict[str, Any]:
    """Return answers of n respondents: large ones two points (of ten) milder; `shift` moves overall, `more` a driver."""
    rng = np.random.default_rng(seed)
    size = np.where(rng.random(n) < large, "L", "S")
    own = rng.normal(0, 1, n) + 2 * (size == "L")
    found: dict[str, Any] = {
        "size": size,
        "mode": np.where(rng.random(n) < 0.8, "online", "phone"),
        "F1": np.clip(np.rint(6 + own + shift), 0, 10),
        "G1.FIN": (rng.random(n) < 0.3).astype(float),
        "G1.PARK": (rng.random(n) < 0.02).astype(float),
    }
    for code in DRIVERS:
        found[code] = np.clip(np.rint(3 + 0.5 * own + more.get(code, 0.0) + rng.normal(0, 0.6, n)), 1, 5)
    return found
