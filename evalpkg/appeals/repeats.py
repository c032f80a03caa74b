"""Appeals that say almost word for word what an earlier one from the same county said: closed is not solved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalpkg.appeals.overview import counted
from evalpkg.appeals.register import Register, pooled
from evalpkg.complaints.copies import SHORTEST, copies
from evalpkg.estimate import Result
from evalpkg.text import clean, fold

WINDOW = 90  # days
BASE = f"正文不少于 {SHORTEST} 个字的诉求"


def repeats(register: Register | None, past: Sequence[Register] = ()) -> Result | None:
    """Count appeals of this half-year that repeat one of the 90 days before.

    Returns
    -------
    Result or None
        Rows by `step`: repeated, and of these, those whose earlier appeal had been closed by then (`after_end`) or was still
        open (`while_open`); all per cent of the appeals of this half-year whose text is long enough to be compared.
        `extra["looks_back"]` says whether earlier registers could be looked through.

    Notes
    -----
    Texts are compared as in `complaints.copies` (trigrams, Jaccard at least 0.8), within a county. The register does not
    say who appeals, so two firms that use one text count as a repetition; masks stand for names in both.
    """
    if register is None:
        return None
    cases = repeated(pooled(register, past))
    own = cases[(cases["round"] == register.round.id) & cases["judged"]]
    after, still = (own["repeats"] == kind for kind in ("after_end", "while_open"))
    steps = [
        ("repeated", f"{WINDOW} 天内又反映", after | still),
        ("after_end", "前一件已经办结", after),
        ("while_open", "前一件还在办", still),
    ]
    extra = {"looks_back": "yes" if past else "no"}
    return counted("register_repeats", BASE, steps, [len(own)] * 3, len(own), extra)


def repeated(cases: pd.DataFrame, window: int = WINDOW) -> pd.DataFrame:
    """Tell which appeals repeat an earlier one.

    Parameters
    ----------
    cases
        Columns submitted, closed, ended, district, text.
    window
        Days back.

    Returns
    -------
    DataFrame
        With `judged` (the text is long enough) and `repeats`: "after_end" where the nearest earlier appeal of the same text
        and county had ended by then, "while_open" where not, "" where there is none; in order of submission.
    """
    ordered = cases.sort_values("submitted", kind="stable")
    keys = ["".join(c for c in fold(clean(text)) if c.isalnum()) for text in ordered["text"]]
    ordered = ordered.assign(judged=[len(key) >= SHORTEST for key in keys], key=keys)
    # County by county: a repetition needs the same one, and there are far fewer pairs to compare.
    groups = ordered.groupby("district")["key"].transform(lambda own: copies(own.tolist(), range(len(own))))
    ordered = ordered.assign(group=groups.astype(int))
    before = ordered.groupby(["group", "district"])[["submitted", "closed", "ended"]].shift()
    gap = (ordered["submitted"] - before["submitted"]).dt.days
    near = (ordered["group"] >= 0) & (gap <= window)
    closed = before["ended"].eq(True) & (before["closed"] <= ordered["submitted"])
    kind = np.select([near & closed, near], ["after_end", "while_open"], "")
    return ordered.assign(repeats=kind).drop(columns=["key", "group"])
