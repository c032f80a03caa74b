"""What appeals are about, by the text; and how far the platform's own staff put them in the same place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalpkg.appeals.overview import BASE
from evalpkg.appeals.register import Register, pooled
from evalpkg.complaints import OTHER, guided
from evalpkg.complaints.hand.agreement import krippendorff
from evalpkg.estimate import Result
from evalpkg.text import unmasked

REST = "OTHER"
RESAMPLED, DRAWS = (
    4_000_000,
    (200, 2_000),
)  # resampled appeals in all, and draws at least and at most: of many, few draws do


def themes(register: Register | None, past: Sequence[Register] = ()) -> Result | None:
    """Give every appeal of this half-year a theme by its text.

    Parameters
    ----------
    register
    past
        Earlier registers, whose texts are read together with this one's: more texts teach the classifier better.

    Returns
    -------
    Result or None
        Rows by `theme`, largest first, other last: `estimate` per cent of the appeals, `count`, `n`; `solved` of the theme in per
        cent with `solved_count` and `solved_n`. `extra["agreement"]` is a result of one row: of the appeals to which staff gave
        a theme by hand, the per cent where the text says the same, and `alpha` (Krippendorff) with its interval.
    """
    if register is None:
        return None
    cases = pooled(register, past)
    if cases.empty:
        return None
    found = cases.assign(theme=_found(cases, register))
    own = found[found["round"] == register.round.id]
    labels = {code: theme.label for code, theme in register.lexicon.items()} | {REST: OTHER}
    counts = own["theme"].value_counts()
    order = sorted(labels, key=lambda code: (code == REST, -counts.get(code, 0)))
    rows = [_row(own, code, labels[code]) for code in order if counts.get(code, 0)]
    table = pd.DataFrame(rows)
    return Result(table, "register_themes", "%", BASE, len(own), {"agreement": _agreement(found, register)})


def _found(cases: pd.DataFrame, register: Register) -> list[str]:
    seeds = {theme.code: theme.seeds for theme in register.lexicon.values()}
    texts = [unmasked(text) for text in cases["text"]]
    found = guided(texts, seeds, seed=register.round.seed_for("register themes"))
    return [REST if theme == OTHER else theme for theme in found]


def _row(cases: pd.DataFrame, code: str, label: str) -> dict[str, object]:
    inside = cases["theme"] == code
    solved, count = int(cases.loc[inside, "solved"].sum()), int(inside.sum())
    return {
        "theme": code, "label": label, "estimate": 100 * count / len(cases), "count": count, "n": len(cases),
        "solved": 100 * solved / count, "solved_count": solved, "solved_n": count,
    }  # fmt: skip


def _agreement(cases: pd.DataFrame, register: Register) -> Result | None:
    """Compare the text's theme with what staff wrote by hand; what a machine wrote is no second opinion."""
    by_hand = cases[(cases["category_src"] == "human") & (cases["category"] != "")]
    if by_hand.empty:
        return None
    same = by_hand["theme"] == by_hand["category"]
    alpha = krippendorff(
        by_hand["theme"].tolist(), by_hand["category"].tolist(), level=register.round.level,
        draws=int(np.clip(RESAMPLED // len(by_hand), *DRAWS)), seed=register.round.seed_for("register agreement"),
    )  # fmt: skip
    table = pd.DataFrame(
        {"label": ["人工分类与按文字归类一致"], "estimate": [100 * np.mean(same)], "count": [int(same.sum())],
         "n": [len(by_hand)], "alpha": [100 * alpha.alpha], "alpha_low": [100 * alpha.low], "alpha_high": [100 * alpha.high]}
    )  # fmt: skip
    return Result(table, "register_agreement", "%", "工作人员人工归过类的诉求", len(by_hand))
