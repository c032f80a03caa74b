"""Remarks of one round or of several, in pieces, each with its kind and its theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg.complaints.departments import Aliases, aliases
from evalpkg.complaints.guided import OTHER, guided
from evalpkg.complaints.history import History
from evalpkg.complaints.lexicon import Theme, read
from evalpkg.text import clean, kind, split, unmasked

if TYPE_CHECKING:
    from evalpkg.survey import Survey

REST = "OTHER"  # code of the complaints that belong to no theme
PIECE = ("round", "rid", "item", "text", "kind", "theme")


@dataclass(frozen=True)
class Coded:
    """Hold the coded remarks of a survey and of rounds before it; none of it leaves the house.

    Attributes
    ----------
    survey : Survey
    history : History
        Rounds before it that were coded together with it.
    pieces : DataFrame
        Columns round, rid, item, text (a piece of a remark), kind, theme ("" where the piece is no complaint, "OTHER" where it
        belongs to no theme).
    lexicon : dict of Theme
        By code.
    """

    survey: Survey
    history: History
    pieces: pd.DataFrame
    lexicon: dict[str, Theme]

    @cached_property
    def aliases(self) -> Aliases:
        """Names of the departments of the survey."""
        return aliases(self.survey.codebook.departments)

    @property
    def surveys(self) -> tuple[Survey, ...]:
        """All rounds, oldest first, this one last."""
        return (*self.history.rounds, self.survey)

    @property
    def labels(self) -> dict[str, str]:
        """Label of every theme, other complaints last."""
        return {**{code: theme.label for code, theme in self.lexicon.items()}, REST: OTHER}

    def of(self, survey: Survey) -> pd.DataFrame:
        """Pieces of one round."""
        return self.pieces[self.pieces["round"] == survey.round.id].drop(columns="round")

    def complaints(self, survey: Survey) -> pd.DataFrame:
        """Pieces of one round that complain."""
        pieces = self.of(survey)
        return pieces[pieces["kind"] == "complaint"]

    def holds(self, survey: Survey, codes: Sequence[str]) -> NDArray[np.float64]:
        """Tell whether each respondent of a round names each theme, (n, k) of 0 and 1."""
        return holds(survey, self.complaints(survey), codes)


def coded(survey: Survey, history: History | None = None) -> Coded | None:
    """Code the remarks of a survey, together with those of earlier rounds.

    One lexicon and one classifier for all rounds: a theme that grows is then not one that was recognised better. More
    remarks also teach the classifier better.

    Returns
    -------
    Coded or None
        None where the survey asked for no remarks, nobody wrote, or no word of the lexicon occurs in this round (a
        language it does not know).

    Raises
    ------
    ParamsError
        The lexicon is missing or faulty.
    """
    if not survey.codebook.by_role("remark") or survey.remarks.empty:
        return None
    past = history or History()
    lexicon = read(survey.round.root, survey.round.lexicon)
    remarks = [one.remarks.assign(round=one.round.id) for one in (*past.rounds, survey)]
    pieces = code(pd.concat(remarks, ignore_index=True), lexicon, survey.round.seed_for("themes"))
    found = Coded(survey, past, pieces, lexicon)
    return found if found.of(survey)["theme"].isin(list(lexicon)).any() else None


def code(remarks: pd.DataFrame, lexicon: dict[str, Theme], seed: int) -> pd.DataFrame:
    """Split remarks and give each piece a kind, and each complaint a theme.

    Parameters
    ----------
    remarks
        Columns rid, item, text, personal data masked; and round, where there are several.
    lexicon
        Themes by code.
    seed
        For `guided`.

    Returns
    -------
    DataFrame
        Columns as `Coded.pieces`; round "" where it is not given.
    """
    pieces = _pieces(remarks)
    pieces["kind"] = pieces["text"].map({text: kind(text) for text in pieces["text"].unique()})
    pieces["theme"] = ""
    complaint = pieces["kind"] == "complaint"
    said = [unmasked(text) for text in pieces.loc[complaint, "text"]]
    found = guided(said, {theme.code: theme.seeds for theme in lexicon.values()}, seed=seed)
    pieces.loc[complaint, "theme"] = [REST if theme == OTHER else theme for theme in found]
    return pieces


def _pieces(remarks: pd.DataFrame) -> pd.DataFrame:
    """Split remarks, a row a piece; many write the same few words, and each is split once."""
    parts = {text: split(text) or [clean(text)] for text in remarks["text"].unique()}
    whole = remarks.assign(round=remarks.get("round", ""))[["round", "rid", "item", "text"]]
    return whole.assign(text=whole["text"].map(parts)).explode("text", ignore_index=True)


def holds(survey: Survey, complaints: pd.DataFrame, codes: Sequence[str]) -> NDArray[np.float64]:
    """Tell whether each respondent (rows) names each theme (columns), 0 or 1; other counts for lack of a theme."""
    named = pd.crosstab(complaints["rid"], complaints["theme"]).gt(0)
    if REST in named:
        # A wish or a closing sentence often has no theme of its own.
        named[REST] &= ~named.drop(columns=REST).any(axis=1)
    return named.reindex(index=survey.responses.index, columns=list(codes), fill_value=False).to_numpy(
        dtype=float
    )
