"""Small rounds whose remarks are coded by hand, for tests of what complaints come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from small_survey import codebook, item, survey

from evalpkg import params
from evalpkg.codebook import Item
from evalpkg.complaints import Coded, History
from evalpkg.complaints.lexicon import Theme
from evalpkg.estimate import Design
from evalpkg.survey import Survey

ROUNDS = ("2020H2", "2021H1", "2021H2", "2022H1", "2022H2")
SIZES = {"L": "大型", "M": "中型", "S": "小型", "X": "微型"}
ITEMS = [item("J1", "remark", type="text"), item("A6", "size", type="category", options=SIZES)]
BASE = np.array([0.16, 0.12, 0.1, 0.08, 0.06, 0.06, 0.05, 0.05, 0.04, 0.04, 0.03, 0.03])


def wave(
    round_id: str,
    named: Mapping[str, Sequence[int]] | None = None,
    n: int = 200,
    *,
    columns: Mapping[str, Any] | None = None,
    design: Design | None = None,
    texts: Mapping[tuple[int, str], str] | None = None,
    items: list[Item] | None = None,
    departments: list[tuple[str, str, str]] | None = None,
    **more: Any,
) -> tuple[Survey, pd.DataFrame]:
    """Return a round of n respondents and its pieces: `named` lists the respondents (1, 2, ...) of each theme."""
    index = pd.RangeIndex(1, n + 1, name="rid")
    book = codebook(ITEMS if items is None else items, departments)
    responses = pd.DataFrame(dict(columns or {}), index=index)
    one = survey(book, responses, design=design, **more)
    year, half = int(round_id[:4]), int(round_id[-1])
    period = SimpleNamespace(start=date(year, 6 * half - 5, 1), end=date(year, 6 * half, 30))
    round_ = SimpleNamespace(**{**vars(one.round), "id": round_id, "period": period, "root": params.bundle()})
    rows = [
        (round_id, rid, "J1", (texts or {}).get((rid, theme), "x"), "complaint", theme)
        for theme, rids in (named or {}).items()
        for rid in rids
    ]
    pieces = pd.DataFrame(rows, columns=["round", "rid", "item", "text", "kind", "theme"])
    return replace(one, round=round_), pieces  # type: ignore[arg-type]


def coded(
    waves: Sequence[tuple[Survey, pd.DataFrame]], codes: Sequence[str], missing: Sequence[str] = ()
) -> Coded:
    """Return the rounds, oldest first, as if they had been coded together."""
    *past, (now, _) = waves
    lexicon = {code: Theme(code, f"题{code}", (), ()) for code in codes}
    pieces = pd.concat([part for _, part in waves], ignore_index=True)
    return Coded(now, History(tuple(one for one, _ in past), tuple(missing)), pieces, lexicon)


@dataclass(frozen=True)
class City:
    """Firms of chambers of unequal size: sizes with unequal weights, themes that chambers name more or less often.

    `persistent` and `passing` are the spreads of the chambers' logits, for all rounds and for one.
    """

    chambers: int = 24
    n: int = 600
    rounds: int = 4
    persistent: float = 0.4
    passing: float = 0.25

    def drawn(self, rng: np.random.Generator, factor: Mapping[int, float] | None = None) -> Coded:
        """Draw rounds in which nothing changes but, in the last one, the chances of the themes in `factor`."""
        codes = [f"T{at}" for at in range(len(BASE))]
        chance = rng.lognormal(0, 0.6, self.chambers)
        lasting = rng.normal(0, self.persistent, (self.chambers, len(BASE)))
        tilt = rng.normal(0, 0.3, len(BASE))
        waves = []
        for at, round_id in enumerate(ROUNDS[-self.rounds :]):
            chamber = rng.choice(self.chambers, self.n, p=chance / chance.sum())
            size = rng.choice(len(SIZES), self.n, p=[0.1, 0.2, 0.3, 0.4])
            logit = np.log(BASE / (1 - BASE)) + np.outer(size - 2.0, tilt) + lasting[chamber]
            logit += rng.normal(0, self.passing, lasting.shape)[chamber]
            share = 1 / (1 + np.exp(-logit))
            if at == self.rounds - 1:
                share[:, list(factor or {})] *= list((factor or {}).values())
            says = rng.random(share.shape) < share
            named = {code: np.flatnonzero(column) + 1 for code, column in zip(codes, says.T, strict=True)}
            design = Design(np.array([0.1, 0.4, 1.0, 1.6])[size], clusters=[f"C{one}" for one in chamber])
            columns = {"size": np.array(list(SIZES))[size]}
            waves.append(wave(round_id, named, self.n, columns=columns, design=design))
        return coded(waves, codes)
