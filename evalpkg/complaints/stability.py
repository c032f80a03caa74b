"""Which groups of remarks would come out again, had other enterprises of the same kind answered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import KMeans

from evalpkg import estimate
from evalpkg.complaints.coding import Coded
from evalpkg.complaints.features import Floats, match_keys, vectors, weights
from evalpkg.complaints.guided import guided, lexicon_score
from evalpkg.text import unmasked, words

UNSTABLE = 0.6  # mean Jaccard under which a group is not to be believed (Hennig 2007)
DRAWS = 20  # resamples
SHUFFLES = 20  # copies of the texts with their words dealt out anew
FAR = 4.0  # standard deviations of the copies by which a group must be above their mean
STARTS = 3  # of k-means in a resample
MOST_REGROUPED = 600  # texts in a resample, about; of more, a resample is a part (m out of n)
Ints = NDArray[np.intp]
Regroup = Callable[[Ints, int], Ints]


@dataclass(frozen=True)
class Steadiness:
    """Hold how steady k groups are.

    Attributes
    ----------
    jaccard : ndarray, shape (k,)
        Mean over resamples of the Jaccard similarity with the most similar new group, 0 to 1.
    binding : ndarray, shape (k,)
        How far a group is held together, in all characters and pairs of characters. Of a theme, the mean cosine of two
        of its texts beyond that of any two texts. Of a group, which may be of any size, this times its texts but one:
        what it explains of the sum of squares.
    chance : ndarray, shape (k,)
        What binding single words bring about: `FAR` standard deviations above the mean over copies of the texts whose
        words were dealt out anew; of the strongest group of each copy, for a theme of a lexicon of that theme.
    stable : ndarray of bool, shape (k,)
        Jaccard of `UNSTABLE` or more, and binding above chance.
    """

    jaccard: Floats
    binding: Floats
    chance: Floats

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether more than one word holds a group together, (k,)."""
        return np.asarray(self.binding > self.chance)

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether a group would come out again and more than one word holds it together, (k,)."""
        return (self.jaccard >= UNSTABLE) & self.held


def stability(said: Coded | None, found: estimate.Result | None = None) -> estimate.Result | None:
    """Tell how steady the themes of this round are, and the groups among other complaints.

    Respondents of the round are drawn with replacement `DRAWS` times and their complaints given themes again, each time
    from nothing but the lexicon. What is compared is the coding of this round alone: earlier rounds, with which it is
    coded together, teach the classifier more.

    Parameters
    ----------
    said
    found
        What `others.others` found in it; without it, only themes are judged.

    Returns
    -------
    Result or None
        Keys `kind` ("theme" or "cluster"), `id`, `label`; `jaccard` in per cent; `held` (more than one word holds it
        together), `stable`; `n` respondents. None where nobody complains.
    """
    if said is None or (complaints := said.complaints(said.survey)).empty:
        return None
    people = complaints.groupby("theme")["rid"].nunique()
    codes = [code for code in said.lexicon if code in people.index]
    steady = _themes(said, complaints, codes)
    rows = pd.DataFrame({"kind": "theme", "id": codes, "label": [said.labels[code] for code in codes]})
    n = people.reindex(codes).to_numpy()
    rows = rows.assign(jaccard=100 * steady.jaccard, held=steady.held, stable=steady.stable, n=n)
    if found is not None:
        clusters = found.table.assign(
            kind="cluster", id=found.table["cluster"].astype(str), label=found.table["name"]
        )
        clusters["n"] = found.table["count"]  # respondents of the group, as of a theme
        rows = pd.concat([rows, clusters[list(rows)]], ignore_index=True)
    return estimate.Result(rows, "stability", "%", "提到该类问题的企业", said.survey.n)


def steadiness(
    texts: Sequence[str], owners: Sequence[Hashable], groups: Ints, *, least: int = 1, seed: int = 0
) -> Steadiness:
    """Judge groups that `explore` made.

    Respondents are drawn with replacement, the space is made anew from their texts, and k-means of `STARTS` starts
    groups them. A Jaccard similarity alone believes two kinds of groups that are none: one that holds nearly all texts,
    and one that a single frequent word makes. So a group must also be held together more than what k-means finds in
    copies of the texts whose words were dealt out anew among them.

    Parameters
    ----------
    texts
        n remarks.
    owners
        The respondent of each; a respondent is drawn or not drawn with all of its remarks.
    groups
        Group number of each, 0 to k - 1.
    least
        Texts under which a group counts neither here nor in the copies.
    seed
        Start of the random numbers.

    Examples
    --------
    >>> texts = [f"{who}{what}" for what in ("贷款利息太高", "停车没有车位") for who in "甲乙丙丁戊己庚辛"]
    >>> (steadiness(texts, range(16), np.repeat([0, 1], 8)).jaccard >= UNSTABLE).tolist()
    [True, True]
    """
    k = int(groups.max(initial=-1)) + 1
    if k < 2:  # what is not divided cannot be divided otherwise
        return Steadiness(np.zeros(k), np.zeros(k), np.ones(k))
    unordered = match_keys(texts)
    order, people = canonical(unordered, owners)
    keys, groups = [unordered[i] for i in order], groups[order]

    def again(rows: Ints, draw: int) -> Ints:
        return _kmeans([keys[i] for i in rows], k, seed + draw)

    rng = np.random.default_rng(seed)
    part = np.sort(rng.permutation(len(keys))[:MOST_REGROUPED])
    dealt = [words(keys[i]) for i in part]
    copies = [shuffled(dealt, rng) for _ in range(SHUFFLES)]
    strongest = np.array([_explained(copy, _kmeans(copy, k, seed), k, least).max() for copy in copies])
    binding = _explained([keys[i] for i in part], groups[part], k, least)
    return Steadiness(jaccard(groups, k, people, again, seed), binding, np.full(k, _far(strongest)))


def jaccard(
    groups: Ints, k: int, people: Ints, regroup: Regroup, seed: int = 0, draws: int = DRAWS
) -> Floats:
    """Bootstrap the Jaccard similarity of groups (Hennig 2007, Computational Statistics & Data Analysis 52).

    Parameters
    ----------
    groups
        Group of each of n texts, 0 to k - 1; negative for none.
    k
        Number of groups.
    people
        Respondent of each, 0 to r - 1.
    regroup
        (rows, draw) -> group numbers of these rows, where a row may stand several times.
    seed, draws
        Start of the random numbers; resamples.

    Returns
    -------
    ndarray, shape (k,)
        Mean over resamples that hold a text of the group; 0 if none does. Compared are the texts that are in both, each
        once.

    Examples
    --------
    >>> groups = np.array([0, 0, 1, 1])
    >>> jaccard(groups, 2, np.arange(4), lambda rows, draw: groups[rows]).tolist()
    [1.0, 1.0]
    """
    rng = np.random.default_rng(seed)
    by_person = np.argsort(people, kind="stable")
    r = int(people.max()) + 1
    ends = np.searchsorted(people[by_person], np.arange(r + 1))
    size = max(round(r * min(1.0, MOST_REGROUPED / len(people))), 1)
    total, times = np.zeros(k), np.zeros(k)
    for draw in range(draws):
        drawn = np.sort(rng.integers(r, size=size))
        rows = np.concatenate([by_person[ends[i] : ends[i + 1]] for i in drawn])
        again = regroup(rows, draw)
        once, first = np.unique(rows, return_index=True)
        best, present = _most_similar(groups[once], again[first], k)
        total += best
        times += present
    return np.divide(total, times, out=np.zeros(k), where=times > 0)


def canonical(keys: Sequence[str], owners: Sequence[Hashable]) -> tuple[Ints, Ints]:
    """Order texts and number respondents by what they wrote, so that no result depends on the order of rows.

    Returns
    -------
    order : ndarray, shape (n,)
        Texts sorted by key.
    people : ndarray, shape (n,)
        Respondent of each text in that order; respondents are numbered by their texts.
    """
    wrote: dict[Hashable, list[str]] = {}
    for key, owner in zip(keys, owners, strict=True):
        wrote.setdefault(owner, []).append(key)
    ranked = sorted(wrote, key=lambda owner: sorted(wrote[owner]))
    number = {owner: place for place, owner in enumerate(ranked)}
    person = np.array([number[owner] for owner in owners], dtype=np.intp)
    order = np.array(sorted(range(len(keys)), key=lambda i: (keys[i], person[i])), dtype=np.intp)
    return order, person[order]


def shuffled(dealt: Sequence[Sequence[str]], rng: np.random.Generator) -> list[str]:
    """Deal the words of all texts out anew: every text keeps its number of words."""
    pool = [word for text in dealt for word in text]
    mixed = iter(rng.permutation(len(pool)).tolist())
    return ["".join(pool[next(mixed)] for _ in text) for text in dealt]


def _most_similar(before: Ints, after: Ints, k: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Jaccard similarity of each group with the most similar new one, and whether it has a text here, (k,) each."""
    inside = before >= 0
    both = np.zeros((k, int(after.max()) + 1))
    np.add.at(both, (before[inside], after[inside]), 1)
    either = both.sum(axis=1)[:, None] + np.bincount(after, minlength=both.shape[1]) - both
    present = np.asarray(both.any(axis=1), dtype=bool)
    return (both / np.maximum(either, 1)).max(axis=1), present


def _kmeans(keys: Sequence[str], k: int, seed: int) -> Ints:
    space = vectors(weights(keys), seed=seed, drop=1).astype(float)
    several = min(k, len(np.unique(space, axis=0)))
    return np.asarray(KMeans(several, n_init=STARTS, random_state=seed).fit_predict(space), dtype=np.intp)


def _explained(keys: Sequence[str], groups: Ints, k: int, least: int) -> Floats:
    """Sum of squares that each group explains, (k,); 0 for groups of fewer than `least` texts, or of one."""
    size = np.bincount(groups, minlength=k)
    return np.where(size >= max(least, 2), (size - 1) * _alike(keys, groups, k), 0.0)


def _alike(keys: Sequence[str], groups: Ints, k: int) -> Floats:
    """Mean cosine of two texts of a group beyond that of any two texts, (k,)."""
    rows, inside = weights(keys), np.flatnonzero(groups >= 0)
    entries = (np.ones(len(inside)), (groups[inside], inside))
    members = sparse.coo_array(entries, shape=(k, len(keys))).tocsr()
    return _mean_cosine(members, rows) - _mean_cosine(sparse.csr_array(np.ones((1, len(keys)))), rows)


def _mean_cosine(members: sparse.csr_array, rows: sparse.csr_array) -> Floats:
    """Mean cosine of two texts of each group, (k,)."""
    sums = members @ rows
    own = members @ np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    size = np.asarray(members.sum(axis=1)).ravel()
    pairs = np.asarray(sums.multiply(sums).sum(axis=1)).ravel() - own
    return np.asarray(pairs / np.maximum(size * (size - 1), 1))


def _far(copies: Floats) -> Floats:
    return np.asarray(copies.mean(axis=0) + FAR * copies.std(axis=0))


def _themes(said: Coded, complaints: pd.DataFrame, codes: Sequence[str]) -> Steadiness:
    """Judge the themes that `guided` gives the complaints of one round."""
    if not codes:
        return Steadiness(np.zeros(0), np.zeros(0), np.zeros(0))
    seeds = {theme.code: theme.seeds for theme in said.lexicon.values()}
    place = {code: number for number, code in enumerate(codes)}
    k, seed = len(codes), said.survey.round.seed_for("stability")
    raw = [unmasked(text) for text in complaints["text"]]
    order, people = canonical(match_keys(raw), complaints["rid"].tolist())
    texts = [raw[i] for i in order]

    def again(rows: Ints, _: int = 0) -> Ints:
        found = guided([texts[i] for i in rows], seeds, seed=seed)
        return np.array([place.get(theme, k) for theme in found], dtype=np.intp)

    once = again(np.arange(len(texts)))
    groups = np.where(once < k, once, -1)
    keys, rng = match_keys(texts), np.random.default_rng(seed)
    dealt = [words(key) for key in keys]
    copies = [shuffled(dealt, rng) for _ in range(SHUFFLES)]
    spoken = [seeds[code] for code in codes]
    alone = np.array([_alike(copy, _spoken(copy, spoken), k) for copy in copies])
    return Steadiness(jaccard(groups, k, people, again, seed), _alike(keys, groups, k), _far(alone))


def _spoken(keys: Sequence[str], seeds: Sequence[Sequence[str]]) -> Ints:
    """Theme whose words weigh most in each text, -1 where none occurs, (n,)."""
    score = lexicon_score(keys, seeds)
    return np.where(score.max(axis=1) > 0, score.argmax(axis=1), -1)
