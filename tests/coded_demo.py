"""The remarks of the demo coded once for several test files, and what truth.json says of each."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numbered import ROUNDS, numbered

from evalpkg import complaints, survey
from evalpkg.complaints import Coded, History


@cache
def coded(root: Path, round_id: str = "2022H2") -> Coded:
    """Return a round coded together with those before it; all are taken from the last, which is coded once."""
    if round_id != ROUNDS[-1]:
        last = coded(root)
        earlier = [one for one in last.surveys if one.round.id <= round_id]
        pieces = last.pieces[last.pieces["round"] <= round_id]
        return replace(last, survey=earlier[-1], history=History(tuple(earlier[:-1])), pieces=pieces)
    opened = survey.open(round_id, root)
    said = complaints.coded(opened, complaints.history(opened))
    assert said is not None
    return said


@cache
def truth(root: Path) -> dict[str, dict[str, object]]:
    """Return what the demo says of its remarks: round -> serial number -> item -> kind and themes."""
    found = json.loads((root / "data/raw/truth.json").read_text(encoding="utf-8"))["rounds"]
    return {round_id: found[round_id]["remarks"] for round_id in ROUNDS}


def true_themes(root: Path, pieces: pd.DataFrame) -> list[list[str]]:
    """Return the themes of the remark that each piece was cut from."""
    said, number = truth(root), {round_id: numbered(root, round_id)[1] for round_id in ROUNDS}
    found = []
    for round_id, rid, item in pieces[["round", "rid", "item"]].itertuples(index=False):
        remark = said[round_id].get(str(number[round_id].get(rid, 0)), {})
        found.append(list(remark.get(item, {}).get("themes", [])))  # type: ignore[attr-defined]
    return found


def of(said: Coded, rows: list[tuple[str, int, str, str]]) -> Coded:
    """Return the same survey with other complaints: round, respondent (by place), theme and text of each."""
    index = {one.round.id: one.responses.index for one in said.surveys}
    pieces = pd.DataFrame(
        [
            (round_id, index[round_id][place], "J1", text, "complaint", theme)
            for round_id, place, theme, text in rows
        ],
        columns=["round", "rid", "item", "text", "kind", "theme"],
    )
    return replace(said, pieces=pieces)


def mixed(said: Coded, seed: int = 0) -> Coded:
    """Return the same remarks with their rows in another order."""
    order = np.random.default_rng(seed).permutation(len(said.pieces))
    return replace(said, pieces=said.pieces.iloc[order])
