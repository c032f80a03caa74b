"""Groups of remarks of two rounds, matched in one shared space: what stays, splits, merges, is new or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from evalpkg.complaints.features import Floats, match_keys, term_counts, tfidf, vectors

MATCHED = 0.5  # observed likeness under which two groups are never one
KNOWN = 0.80  # likeness, freed of chance, under which a group resembles nothing that was there before
LEAST_RELIABLE = 0.25  # a group less alike in itself than this cannot be freed of chance any further
NEIGHBOURS = 10  # texts nearest to a text, among which those of its own round are counted
RELABELLED = 499  # times that rounds are dealt out anew
MOST_COMPARED = 2_000  # texts of a round, and before it, among which neighbours are sought
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Space:
    """Hold n texts of several rounds: `counts` (n, m) of characters and pairs, `vectors` (n, d) of length one."""

    counts: sparse.csr_array
    vectors: Floats


@dataclass(frozen=True)
class Likeness:
    """Hold how alike a earlier and b later groups are.

    Attributes
    ----------
    observed : ndarray, shape (a, b)
        Mean of the cosine of centroids and the cosine of class-based TF-IDF.
    freed : ndarray, shape (a, b)
        The same mean of cosines freed of what small groups lose by chance; near 1 for two halves of one group, whatever
        their size.
    """

    observed: Floats
    freed: Floats


@dataclass(frozen=True)
class Matches:
    """Hold what became of a earlier groups and where b later groups come from.

    Attributes
    ----------
    partner : ndarray of int, shape (b,)
        The earlier group that each later group continues, -1 for none.
    origin : ndarray of str, shape (b,)
        "persists", "split" or "new".
    parent : ndarray of int, shape (b,)
        The earlier group that a split one comes from, else -1.
    fate : ndarray of str, shape (a,)
        "persists", "merged" or "gone".
    heir : ndarray of int, shape (a,)
        The later group that continues an earlier one, or into which it merged, else -1.
    """

    partner: Ints
    origin: NDArray[np.str_]
    parent: Ints
    fate: NDArray[np.str_]
    heir: Ints


@dataclass(frozen=True)
class Freshness:
    """Hold how far what is like b later groups was said in their own round.

    Attributes
    ----------
    share : ndarray, shape (b,)
        Of the nearest neighbours of a group's texts, those of its own round, 0 to 1.
    p : ndarray, shape (b,)
        Chance of a share so far above expectation in any of the groups, had nothing changed between rounds.
    """

    share: Floats
    p: Floats


def space(texts: Sequence[object], *, seed: int = 0) -> Space:
    """Put texts of several rounds into one space.

    The vectors are those of `explore`: without the first component, which is what all remarks have in common and would
    make any two groups alike. The same texts get the same vectors in whatever order they come.
    """
    keys = match_keys(texts)
    order = np.array(sorted(range(len(keys)), key=lambda i: keys[i]), dtype=np.intp)
    counts = term_counts([keys[i] for i in order])
    back = np.argsort(order)
    return Space(counts[back], vectors(tfidf(counts), seed=seed, drop=1)[back].astype(float))


def likeness(shared: Space, before: Ints, now: Ints) -> Likeness:
    """Compare earlier with later groups.

    Parameters
    ----------
    shared
        n texts.
    before, now
        Group 0, 1, ... of each text among the earlier and among the later ones, -1 for a text of no such group, (n,). No
        text may belong to both sides, else it would be compared with itself.

    Notes
    -----
    Cosines of group means shrink as groups get smaller, so that one fixed limit for "new" fits no survey. Where two
    texts of group g are alike by u_g on average, the cosine of the groups' true means is estimated by
    (mean likeness of a text of the one with a text of the other) / sqrt(u_g u_h): the correction for attenuation of
    Spearman (1904). A group of one text, or whose texts have nothing in common, is corrected by at most
    1 / `LEAST_RELIABLE`.

    Examples
    --------
    >>> shared = space(["贷款难", "银行贷款", "停车难", "停车位", "贷款银行", "停车难"])
    >>> found = likeness(shared, np.array([0, 0, 1, 1, -1, -1]), np.array([-1, -1, -1, -1, 0, 1]))
    >>> found.observed.argmax(axis=0).tolist()
    [0, 1]
    """
    if np.any((before >= 0) & (now >= 0)):
        raise ValueError("前后两轮的分组：同一条文字不能两边都算；请按轮次分开")
    a, b = int(before.max(initial=-1)) + 1, int(now.max(initial=-1)) + 1
    group = np.where(before >= 0, before, np.where(now >= 0, now + a, -1))
    members = _members(group, a + b)
    totals = np.asarray((members @ shared.counts).sum(axis=0)).ravel()
    rarity = np.log1p(totals.sum() / max(a + b, 1) / np.maximum(totals, 1))
    words = sparse.csr_array(shared.counts @ sparse.diags_array(rarity))
    pairs = [_cosines(members, sparse.csr_array(shared.vectors)), _cosines(members, words)]
    observed, freed = (np.mean([pair[which] for pair in pairs], axis=0)[:a, a:] for which in (0, 1))
    return Likeness(observed, freed)


def match(found: Likeness) -> Matches:
    """Match later groups with earlier ones, one to one, so that the sum of observed likeness is greatest.

    The Hungarian method (Kuhn 1955). A pair counts if its observed likeness is at least `MATCHED` and the later group
    resembles some earlier one by at least `KNOWN`, freed of chance. A later group without a pair that resembles an
    earlier one which goes on elsewhere is split from it; an earlier group without a pair merged into the later one that
    it resembles, if that continues another.

    Examples
    --------
    >>> alike = np.array([[0.9, 0.1, 0.85], [0.1, 0.2, 0.1]])
    >>> found = match(Likeness(alike, alike))
    >>> found.origin.tolist(), found.fate.tolist()
    (['persists', 'new', 'split'], ['persists', 'gone'])
    """
    a, b = found.observed.shape
    partner, heir = np.full(b, -1, dtype=np.intp), np.full(a, -1, dtype=np.intp)
    known = found.freed.max(axis=0, initial=-1) >= KNOWN
    for old, new in zip(*linear_sum_assignment(-found.observed), strict=True):
        if found.observed[old, new] >= MATCHED and known[new]:
            partner[new], heir[old] = old, new
    origin, parent = np.where(partner >= 0, "persists", "new"), np.full(b, -1, dtype=np.intp)
    fate = np.where(heir >= 0, "persists", "gone")
    goes_on = heir >= 0
    for new in np.flatnonzero((partner < 0) & known):
        nearest = int(found.freed[:, new].argmax())
        if goes_on[nearest]:
            origin[new], parent[new] = "split", nearest
    for old in np.flatnonzero(~goes_on & (found.freed.max(axis=1, initial=-1) >= KNOWN)):
        nearest = int(found.freed[old].argmax())
        if partner[nearest] >= 0:
            fate[old], heir[old] = "merged", nearest
    return Matches(partner, origin, parent, fate, heir)


def carry(shared: Space, rounds: Sequence[Ints]) -> Ints:
    """Carry ids from round to round, each round's groups matched with all that was said under an id before.

    Parameters
    ----------
    shared
        n texts of all rounds.
    rounds
        For each round, oldest first, the group 0, 1, ... of each text in it, -1 for texts of other rounds, (n,).

    Returns
    -------
    ndarray of int, shape (n,)
        Id of each text, 0, 1, ... in the order in which ids appear; -1 for a text of no round.
    """
    ids = np.full(len(shared.vectors), -1, dtype=np.intp)
    for groups in rounds:
        partner = match(likeness(shared, ids, groups)).partner
        fresh = ids.max(initial=-1) + np.cumsum(partner < 0)
        ids = np.where(groups >= 0, np.where(partner >= 0, partner, fresh)[groups], ids)
    return ids


def freshness(
    shared: Space, before: NDArray[np.bool_], now: Ints, people: Ints, *, seed: int = 0
) -> Freshness:
    """Ask whether groups of this round are of this round only.

    A group that was cut another way last time resembles none of its groups although all of it was said before. So the
    texts are asked themselves: how many of the `NEIGHBOURS` nearest to each are of its own round (Schilling 1986,
    Henze 1988). The chance is that of dealing the rounds out anew among respondents, jointly for all groups (largest
    standardised share, Westfall & Young 1993). Groups are made of neighbours of one round, which lifts their share a
    little even if nothing changed: read p together with a share above one half.

    Parameters
    ----------
    shared
        n texts.
    before
        Texts of earlier rounds, (n,).
    now
        Group of each text of this round, else -1, (n,).
    people
        Respondent of each text, (n,); one respondent's texts belong to one round.
    seed
        Start of the random numbers.

    Examples
    --------
    >>> texts = ["贷款难"] * 20 + ["贷款利息"] * 20 + ["贷款难"] * 12 + ["平台抽佣"] * 12
    >>> now = np.repeat([-1, 0, 1], [40, 12, 12])
    >>> found = freshness(space(texts), now < 0, now, np.arange(64))
    >>> (found.share > 0.5).tolist(), (found.p < 0.05).tolist()
    ([False, True], [False, True])
    """
    rng = np.random.default_rng(seed)
    here, there = (_some(np.flatnonzero(part), rng) for part in (now >= 0, before))
    used, k = np.concatenate([here, there]), int(now.max(initial=-1)) + 1
    near = _neighbourhood(shared.vectors[used], len(here))
    size = np.maximum(np.bincount(now[here], minlength=k), 1)
    _, person = np.unique(people[used], return_inverse=True)
    own = np.zeros(int(person.max(initial=-1)) + 1)
    own[person[: len(here)]] = 1
    # how much of the neighbourhood of each group each respondent makes up, (k, respondents)
    weight = (_members(now[here], k) @ near / size[:, None]) @ _members(person, len(own)).T
    dealt = weight @ np.column_stack([rng.permutation(own) for _ in range(RELABELLED)])
    middle, spread = dealt.mean(axis=1), dealt.std(axis=1) + 1e-9
    greatest = ((dealt - middle[:, None]) / spread[:, None]).max(axis=0, initial=-np.inf)
    share = weight @ own
    above = greatest >= ((share - middle) / spread)[:, None]
    return Freshness(share, (1 + above.sum(axis=1)) / (1 + RELABELLED))


def _neighbourhood(rows: Floats, first: int) -> Floats:
    """Weight of each text among the nearest of the first ones, (first, n), rows sum to one; the last places are shared.

    Remarks of the same words are common, and which of them comes first must not decide.
    """
    alike = (rows[:first] @ rows.T).round(9)
    np.fill_diagonal(alike, -np.inf)  # a text is no neighbour of itself
    most = min(NEIGHBOURS, len(rows) - 1)
    limit = -np.partition(-alike, most - 1, axis=1)[:, most - 1, None]
    nearer, level = alike > limit, alike == limit
    left = most - nearer.sum(axis=1, keepdims=True)
    return np.asarray((nearer + level * left / level.sum(axis=1, keepdims=True)) / most)


def _some(rows: Ints, rng: np.random.Generator) -> Ints:
    return np.sort(rng.permutation(rows)[:MOST_COMPARED])


def _members(group: Ints, k: int) -> sparse.csr_array:
    """Membership of texts in k groups, (k, n) of 0 and 1."""
    inside = np.flatnonzero(group >= 0)
    entries = (np.ones(len(inside)), (group[inside], inside))
    return sparse.coo_array(entries, shape=(k, len(group))).tocsr()


def _cosines(members: sparse.csr_array, rows: sparse.csr_array) -> tuple[Floats, Floats]:
    """Cosines of group means, as they are and freed of chance, (k, k) each."""
    size = np.asarray(members.sum(axis=1)).ravel()
    sums = members @ rows
    product = np.asarray((sums @ sums.T).todense())
    own = members @ np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    square = np.diagonal(product)
    within = (square - own) / np.maximum(size * (size - 1), 1)
    mean = square / np.maximum(size, 1) ** 2
    length = np.sqrt(np.where(mean > 0, mean, 1))
    observed = product / np.maximum(np.outer(size, size), 1) / np.outer(length, length)
    reliable = np.clip(within / np.where(mean > 0, mean, 1), LEAST_RELIABLE, 1)
    reliable = np.where(size > 1, reliable, 1)
    return observed, np.clip(observed / np.sqrt(np.outer(reliable, reliable)), -1, 1)
