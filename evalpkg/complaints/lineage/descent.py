"""Where the groups of a round come from: matched with all that was said before, under ids that a file may keep."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from evalpkg import estimate
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.features import Floats
from evalpkg.complaints.lineage.matching import (
    KNOWN,
    Freshness,
    Likeness,
    Matches,
    Space,
    carry,
    freshness,
    likeness,
    match,
    space,
)
from evalpkg.complaints.others import codes, divided, used_words
from evalpkg.survey import Survey
from evalpkg.text import unmasked

SAME_WORDS = 0.5  # of the words of a registered group, or of one that may be it, those that both have
OWN_ROUND = 0.5  # of a new matter, more than this of the nearest texts are of its own round
CHANCE = 0.05  # of calling any group of a round new though nothing changed
GONE = "gone"
_WORDS = re.compile("词[:：]([^；;]*)")
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Row:
    """What the wording says of one id: its status, where it comes from or went, how alike it is to before (0 to 1)."""

    status: str
    parent: str = ""
    similarity: float = np.nan
    fresh: float = np.nan
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wording:
    """Hold all complaints of all rounds in one space: `pieces`, rows of `said.pieces` (n), and `shared` (n texts)."""

    said: Coded
    pieces: pd.DataFrame
    shared: Space

    def of(self, surveys: Sequence[Survey]) -> NDArray[np.bool_]:
        """Tell which complaints are of some rounds, (n,)."""
        return np.asarray(
            self.pieces["round"].isin([survey.round.id for survey in surveys]).to_numpy(dtype=bool)
        )


@dataclass(frozen=True)
class Descent:
    """Hold the groups of other complaints under ids that were carried through the rounds.

    Attributes
    ----------
    ids : Series
        Id of each complaint without a theme of all rounds, "" where it could not be grouped; indexed as `said.pieces`.
    rows : dict of Row
        By id: groups of this round that are to be told of, and registered ones that merged or are gone.
    """

    ids: pd.Series
    rows: dict[str, Row]


@dataclass(frozen=True)
class _Found:
    """Groups of the rest of one round: their names (b), the group of each of n texts (-1 none), which are stable (b)."""

    names: tuple[str, ...]
    texts: Ints
    stable: NDArray[np.bool_]


@dataclass(frozen=True)
class _Evidence:
    """What is known of a groups of before and b of now: ids, words, likeness, matches, likest theme, freshness."""

    before: tuple[str, ...]
    now: tuple[str, ...]
    told: Mapping[str, Sequence[str]]
    alike: Likeness
    matches: Matches
    theme: tuple[str, ...]
    to_theme: Floats
    fresh: Freshness

    def best(self, new: int) -> float:
        """Greatest likeness of a group to any theme or group of before."""
        return float(max(self.alike.freed[:, new].max(initial=0), self.to_theme[new]))

    def is_new(self, new: int) -> bool:
        """Whether a group is unlike all of before, what is like its texts is of this round, and a word tells of it."""
        of_now = self.fresh.share[new] > OWN_ROUND and self.fresh.p[new] < CHANCE
        return bool(self.best(new) < KNOWN and of_now and self.told[self.now[new]])

    def row(self, new: int) -> Row:
        """Say where a group of this round comes from."""
        words = tuple(self.told[self.now[new]])
        old, share = int(self.matches.partner[new]), float(self.fresh.share[new])
        if old >= 0:
            return Row("persists", "", float(self.alike.freed[old, new]), share, words)
        if self.is_new(new):
            return Row("new", "", self.best(new), share, words)
        # said before, in a theme or in no group of its own
        parent = int(self.matches.parent[new])
        origin = (
            self.theme[new] if self.to_theme[new] >= KNOWN else self.before[parent] if parent >= 0 else ""
        )
        return Row("split", origin, self.best(new), share, words)


def wording(said: Coded) -> Wording:
    """Put the complaints of all rounds into one space."""
    pieces = said.pieces[said.pieces["kind"] == "complaint"]
    shared = space([unmasked(text) for text in pieces["text"]], seed=said.survey.round.seed_for("registry"))
    return Wording(said, pieces, shared)


def _rest(words: Wording) -> Wording:
    """Put the complaints without a theme into a space of their own: in that of all they take up a corner."""
    pieces = words.pieces[words.pieces["theme"] == REST]
    shared = space([unmasked(text) for text in pieces["text"]], seed=words.said.survey.round.seed_for("rest"))
    return Wording(words.said, pieces, shared)


def descent(words: Wording, found: estimate.Result | None, known: pd.DataFrame) -> Descent:
    """Carry the ids of groups of other complaints into this round.

    The groups of each round are matched with all that was said before under an id (`matching.carry`). A group's id is
    the round and the number with which it was first found, unless it has the words of a registered group. Told of are
    the groups of this round with at least k respondents that are registered, stable, or new. A group is new if it
    resembles no theme and no group of before by `matching.KNOWN`; if most of what is like its texts was said in this
    round, and more than chance allows (`matching.freshness`); and if k respondents share a word in it. The first alone
    would call most groups new, for short remarks of many matters are cut another way in every round; without a word
    there is nothing to tell.

    Parameters
    ----------
    words
    found
        What `others.others` found in this round.
    known
        The registry as `file.read` gives it.
    """
    said, k = words.said, words.said.survey.round.k
    others = _rest(words)
    before, names = _before(others)
    now = _now(others, found)
    alike = likeness(others.shared, before, now.texts)
    matches = match(alike)
    here = [names[old] if old >= 0 else name for old, name in zip(matches.partner, now.names, strict=True)]
    every = np.array([*names, *here, ""], dtype=object)
    raw = pd.Series(
        every[np.where(now.texts >= 0, now.texts + len(names), before)], index=others.pieces.index
    )
    told = used_words(others.pieces.assign(cluster=raw)[raw != ""], k, said)
    final = {"": "", **_final(told, known, said.lexicon)}
    ids = raw.map(final)
    told = {final[name]: used for name, used in told.items()}
    theme, to_theme = _likest_theme(words, _now(words, found).texts)
    evidence = _Evidence(
        tuple(final[name] for name in names), tuple(final[name] for name in here),
        told, alike, matches, theme, to_theme, _fresh(others, now.texts),
    )  # fmt: skip
    rows = _rows(evidence, now.stable, _people(others, ids, [said.survey]), known, said)
    earlier = _people(others, ids, said.history.rounds)
    few = {one for one, row in rows.items() if row.status == "persists" and earlier.get(one, 0) < k}
    return Descent(
        ids, {one: replace(row, similarity=np.nan) if one in few else row for one, row in rows.items()}
    )


def _rows(
    evidence: _Evidence,
    stable: NDArray[np.bool_],
    people: Mapping[str, int],
    known: pd.DataFrame,
    said: Coded,
) -> dict[str, Row]:
    """Say what became of the groups of this round that are to be told of, and of registered ones."""
    status, k = dict(zip(known["id"], known["status"], strict=True)), said.survey.round.k
    rows = {}
    for new, one in enumerate(evidence.now):
        worth = one in status or stable[new] or evidence.is_new(new)
        if people.get(one, 0) >= k and worth:
            rows[one] = evidence.row(new)
    shown = {*status, *rows}
    rows = {one: row if row.parent in shown else replace(row, parent="") for one, row in rows.items()}
    for old, one in enumerate(evidence.before):
        if one in status and one not in rows and status[one] != GONE:
            merged = evidence.matches.fate[old] == "merged"
            heir = evidence.now[evidence.matches.heir[old]] if merged else ""
            rows[one] = Row("merged", heir) if heir in rows else Row(GONE)
    lost = [one for one, was in status.items() if one not in {*said.lexicon, *rows} and was != GONE]
    return {**rows, **{one: Row(GONE) for one in lost}}  # registered, and not found in any round


def _before(words: Wording) -> tuple[Ints, tuple[str, ...]]:
    """Carry groups through the earlier rounds: the group of each text, (n,), -1 none, and the name of each."""
    said = words.said
    rounds = [_grouped(words, said.surveys[: place + 1]) for place in range(len(said.history.rounds))]
    ids = carry(words.shared, [found.texts for found in rounds])
    names: dict[int, str] = {}
    for found in rounds:
        for group, name in enumerate(found.names):
            names.setdefault(int(ids[found.texts == group][0]), name)
    return ids, tuple(names[one] for one in sorted(names))


def _grouped(words: Wording, surveys: Sequence[Survey]) -> _Found:
    """Group the rest of the last of some rounds."""
    pool = divided(words.said, surveys)
    if pool is None:
        return _found(words, surveys[-1], pd.Series(dtype=object))
    here = pool[pool["round"] == surveys[-1].round.id]
    return _found(words, surveys[-1], pd.Series(codes(here["cluster"]), index=here.index, dtype=object))


def _now(words: Wording, found: estimate.Result | None) -> _Found:
    """Take the groups of this round as `others` found them."""
    survey = words.said.survey
    if found is None:
        return _found(words, survey, pd.Series(dtype=object))
    groups = found.extra["groups"]
    stable = dict(zip(found.table["cluster"], found.table["stable"], strict=True))
    return _found(words, survey, groups.loc[groups["round"] == survey.round.id, "cluster"], stable)


def _found(
    words: Wording, survey: Survey, code: pd.Series, stable: Mapping[str, bool] | None = None
) -> _Found:
    present = sorted(set(code), key=int)
    place = {one: number for number, one in enumerate(present)}
    texts = code.map(place).reindex(words.pieces.index).fillna(-1).to_numpy(dtype=np.intp)
    names = tuple(f"N{survey.round.id}-{one}" for one in present)
    return _Found(names, texts, np.array([bool((stable or {}).get(one)) for one in present], dtype=bool))


def _final(
    told: Mapping[str, Sequence[str]], known: pd.DataFrame, lexicon: Collection[str]
) -> dict[str, str]:
    """Give each group found the id of the registered group with its words, else its own name, made different."""
    rows = [row for row in known.to_dict("records") if row["id"] not in lexicon]
    raw = sorted(told)
    score = np.zeros((len(raw), len(rows)))
    for i, name in enumerate(raw):
        for j, row in enumerate(rows):
            score[i, j] = _same(name, set(told[name]), str(row["id"]), written(str(row["evidence"])))
    pairs = zip(*linear_sum_assignment(-score), strict=True)
    final = {raw[i]: str(rows[j]["id"]) for i, j in pairs if score[i, j] >= SAME_WORDS}
    taken = {*(str(row["id"]) for row in rows), *raw}
    for name in raw:
        if name not in final and name in known["id"].to_numpy():  # that id is another group's
            number = next(n for n in range(1, len(taken) + 2) if f"{name}-{n}" not in taken)
            final[name] = f"{name}-{number}"
    return {name: final.get(name, name) for name in raw}


def _same(name: str, used: set[str], one: str, written: set[str]) -> float:
    """How far two groups are one: by their words, by the id alone where one has no words to go by."""
    if used and written:
        return len(used & written) / min(len(used), len(written)) + 1e-6 * (name == one)
    return float(name == one)


def written(evidence: str) -> set[str]:
    """Read the words of a group from the evidence in the file.

    >>> sorted(written("词：平台、流量；相似度 96%"))
    ['平台', '流量']
    """
    found = _WORDS.search(evidence)
    return {word.strip() for word in re.split("[、,，]", found[1]) if word.strip()} if found else set()


def _likest_theme(words: Wording, now: Ints) -> tuple[tuple[str, ...], Floats]:
    """Find the theme of earlier rounds that each group of this round resembles most, and how much, (b,)."""
    b = int(now.max(initial=-1)) + 1
    themes = sorted(set(words.pieces["theme"]) & set(words.said.lexicon))
    place = {code: number for number, code in enumerate(themes)}
    earlier = words.of(words.said.history.rounds)
    before = np.where(earlier, words.pieces["theme"].map(place).fillna(-1).to_numpy(dtype=np.intp), -1)
    if b == 0 or before.max(initial=-1) < 0:
        return ("",) * b, np.zeros(b)
    alike = likeness(words.shared, before, now).freed
    return tuple(themes[old] for old in alike.argmax(axis=0)), alike.max(axis=0)


def _fresh(words: Wording, now: Ints) -> Freshness:
    """Ask whether groups are of this round only."""
    before = words.of(words.said.history.rounds)
    b = int(now.max(initial=-1)) + 1
    if b == 0 or not before.any():
        return Freshness(np.full(b, np.nan), np.ones(b))
    people = words.pieces.groupby(["round", "rid"]).ngroup().to_numpy().astype(np.intp)
    return freshness(words.shared, before, now, people, seed=words.said.survey.round.seed_for("fresh"))


def _people(words: Wording, ids: pd.Series, surveys: Sequence[Survey]) -> dict[str, int]:
    """Respondents of some rounds by id."""
    here = words.of(surveys)
    said = words.pieces.loc[here, ["round", "rid"]].assign(id=ids[here]).drop_duplicates()
    return {str(one): int(count) for one, count in said["id"].value_counts().items()}
