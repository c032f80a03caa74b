"""Groups of remarks without a lexicon: what is said that no theme covers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import silhouette_score

from evalpkg.complaints.features import Embedding, Floats, match_keys, unit, vectors, weights

RUNS = 60  # partitions behind the consensus
STARTS = 20  # of k-means on sets too large for a consensus
MOST_GROUPS = 25
LEAST_MEMBERS = 20  # mean size of a group, twice the least number of respondents that may be published
SHARE_OF_BEST = 0.85  # of the best silhouette, for the smallest number of groups that is nearly as good
MOST_COMPARED = 2_000  # texts on which silhouettes are compared
MOST_VOTED = 3_000  # pairs of more texts do not fit in memory at ease: one k-means of many starts instead


def explore(
    texts: Sequence[str], *, k: int | None = None, embed: Embedding | None = None, seed: int = 0
) -> NDArray[np.intp]:
    """Group texts by their characters.

    Consensus of `RUNS` k-means partitions: average linkage on how often two texts fell into one group (evidence
    accumulation, Fred & Jain 2005). The vectors are those of `features.vectors` without the first component, which is
    the mean text. Without `k`, the smallest number of groups whose silhouette is at least 0.85 of the best.

    Parameters
    ----------
    texts
        n remarks.
    k
        Number of groups; at most the number of different texts.
    embed
        Optional: texts -> (n, d) vectors of a language model (`features.embedding`), used beside the characters.
    seed
        Start of the random numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        Group numbers, the largest group is 0. The same texts get the same numbers in whatever order they come.

    Examples
    --------
    >>> explore(["停车位", "停车费", "银行贷款", "停车难", "贷款银行"], k=2).tolist()
    [0, 0, 1, 0, 1]
    """
    keys = match_keys(texts)
    order = sorted(range(len(keys)), key=lambda i: (keys[i], str(texts[i])))
    ordered = [keys[i] for i in order]
    if len(set(keys)) < 2 or k == 1:
        return np.zeros(len(keys), dtype=np.intp)
    space = vectors(weights(ordered), seed=seed, drop=1).astype(float)
    if embed is not None:
        space = np.hstack([space, unit(np.asarray(embed([texts[i] for i in order]), dtype=float))])
    most = _different(space)
    groups = _partition(space, min(k or _best_number(space, most, seed), most), seed)
    labels = np.empty(len(keys), dtype=np.intp)
    labels[order] = _by_size(groups)
    return labels


def _different(space: Floats) -> int:
    """Count the different vectors; texts that hold no letters, or nothing in common with others, are all alike."""
    return len(np.unique(space.round(6), axis=0)) if space.shape[1] else 1


def _best_number(space: Floats, most: int, seed: int) -> int:
    """Smallest k whose silhouette is nearly the best, from 2 (6 on large sets) to 25."""
    last = min(MOST_GROUPS, len(space) // LEAST_MEMBERS, most - 1)
    first = 6 if last == MOST_GROUPS else 2
    if last <= first:
        return max(first if last == first else 1, 1)
    chosen = np.random.default_rng(seed).permutation(len(space))[:MOST_COMPARED]
    sample = space[np.sort(chosen)]
    scores = np.array([_silhouette(sample, k, seed) for k in range(first, last + 1)])
    return first + int(np.argmax(scores >= SHARE_OF_BEST * scores.max()))


def _silhouette(space: Floats, k: int, seed: int) -> float:
    groups = KMeans(k, n_init=5, random_state=seed).fit_predict(space)
    return float(silhouette_score(space, groups)) if len(np.unique(groups)) > 1 else -1.0


def _partition(space: Floats, k: int, seed: int) -> NDArray[np.intp]:
    if k < 2:
        return np.zeros(len(space), dtype=np.intp)
    if len(space) > MOST_VOTED:
        return np.asarray(KMeans(k, n_init=STARTS, random_state=seed).fit_predict(space), dtype=np.intp)
    seeds = np.random.SeedSequence(seed).generate_state(RUNS)
    runs = [KMeans(k, n_init=1, random_state=int(s)).fit_predict(space) for s in seeds]
    votes = np.hstack([np.eye(k, dtype=np.float32)[groups] for groups in runs])
    apart = 1 - votes @ votes.T / RUNS
    model = AgglomerativeClustering(k, metric="precomputed", linkage="average")
    return np.asarray(model.fit_predict(apart), dtype=np.intp)


def _by_size(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Renumber groups by size; equal sizes by their first text in sorted order."""
    names, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    ranked = np.lexsort((first, -sizes))
    number = np.empty(int(names.max()) + 1, dtype=np.intp)
    number[names[ranked]] = np.arange(len(names))
    return number[groups]
