"""The record of who was drawn for coding: it outlives changes of the lexicon, and stays apart from what coders get."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evalpkg.complaints.coding import Coded
from evalpkg.complaints.hand.sampling import COLUMNS, Drawn, SheetError, draw
from evalpkg.params import Round


def record_path(round_: Round) -> Path:
    """Name the record of a round; it tells the machine's answers."""
    return round_.root / "data" / "coding" / f"{round_.id}.draw.csv"


def drawn_once(said: Coded, n: int) -> Drawn:
    """Draw n respondents, or give those who were drawn before.

    Coding shows what the lexicon lacks. A draw that hung on the lexicon would be lost with the first word that is added, and a
    day of two coders with it; what was drawn, with what probability, is therefore kept.

    Raises
    ------
    SheetError
        Another number was drawn before; and as `recorded` and `sampling.draw`.
    """
    round_, before = said.survey.round, recorded(said)
    if before is None:
        return draw(said, n)
    size = len(before.sample)
    if size != min(n, len(before.table)):
        raise SheetError(
            f"{round_.id}：本轮已经抽过 {size} 家，记录在 data/coding/{record_path(round_).name}；再写一份请用 --n {size}，"
            "要重新抽样就先删去这份记录，旧的编码表也就作废"
        )
    return before


def keep(drawn: Drawn, path: Path) -> None:
    """Write the record, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.table.to_csv(path, index_label="rid", encoding="utf-8")


def recorded(said: Coded) -> Drawn | None:
    """Read the record of the round; None where there is none.

    Raises
    ------
    SheetError
        It is damaged, or is of other answers.
    """
    path = record_path(said.survey.round)
    if not path.is_file():
        return None
    table, place = _read(path), f"data/coding/{path.name}"
    if table is None:
        raise SheetError(f"{place} 改动过，读不出抽样记录；请放回原来的文件，或删去它，程序会重新推算")
    if set(table.index) != set(said.survey.remarks["rid"]):
        raise SheetError(f"{place} 是另一批答卷的抽样记录；请放回抽样时的答卷，或删去记录和编码表重做")
    return Drawn(table)


def _read(path: Path) -> pd.DataFrame | None:
    try:
        table = pd.read_csv(path, keep_default_na=False, encoding="utf-8-sig").set_index("rid")
        chances = table["probability"].astype(float)
    except (ValueError, KeyError):  # also what is no CSV, or not in UTF-8
        return None
    whole = list(table.columns) == list(COLUMNS) and table.index.is_unique
    return table if whole and chances.between(0, 1).all() and chances[table["id"] != ""].gt(0).all() else None
