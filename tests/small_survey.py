"""Small hand-made surveys for tests of analyses."""

from __future__ import annotations

import hashlib
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd

from evalpkg import params
from evalpkg.codebook import Codebook, Item, Scale
from evalpkg.estimate import Design
from evalpkg.survey import Survey

FIVE = Scale(1, 5)
TEN = Scale(0, 10)


def item(code: str, role: str, label: str = "", type: str = "score", **more: Any) -> Item:
    """Return an item whose title is its code."""
    return Item(code, title=code, label=label or code, type=type, role=role, **more)


def codebook(items: list[Item], departments: list[tuple[str, str, str]] | None = None) -> Codebook:
    """Return a codebook; departments as (code, short, role)."""
    table = pd.DataFrame(departments or [], columns=["code", "short", "role"])
    return Codebook("small", "small", {i.code: i for i in items}, table, {})


def survey(
    book: Codebook,
    responses: pd.DataFrame,
    *,
    weights: Any = None,
    clusters: Any = None,
    ratings: pd.DataFrame | None = None,
    contact: pd.DataFrame | None = None,
    design: Design | None = None,
    draws: int = 200,
    min_raters: int = 30,
    seed: int = 0,
) -> Survey:
    """Return a survey of the given answers, equally weighted unless told."""
    empty = pd.DataFrame(index=responses.index)
    if design is None:
        design = Design([1.0] * len(responses) if weights is None else weights, clusters=clusters)
    round_ = SimpleNamespace(
        id="2022H2",
        draws=draws,
        level=0.95,
        min_raters=min_raters,
        k=10,
        selection=SimpleNamespace(delta=5.0, reason="假设"),
        employment=None,
        primary=[],
        recruitment="direct",
        root=params.bundle(),
        period=params.Period(start=date(2022, 7, 1), end=date(2022, 12, 31)),
        seed_for=lambda task: int(hashlib.sha256(f"{seed}{task}".encode()).hexdigest()[:8], 16),
    )
    ratings = empty if ratings is None else ratings
    contact = pd.DataFrame(index=responses.index) if contact is None else contact
    return Survey(round_, book, responses, ratings, contact, empty, empty, design, None, {}, (), {})  # type: ignore[arg-type]
