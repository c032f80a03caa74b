"""Remarks that several respondents handed in almost word for word: a possible campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

SAME = 0.8  # Jaccard similarity of character trigrams from which texts are copies of one another
SHORTEST = 20  # characters; sixty firms that each write 融资难 are sixty


def copies(keys: Sequence[str], owners: Sequence[Hashable]) -> NDArray[np.intp]:
    """Group near-duplicate texts of different respondents.

    Parameters
    ----------
    keys
        n match keys.
    owners
        Respondent of each text.

    Returns
    -------
    ndarray of int, shape (n,)
        Group number of each text, 0, 1, ... in the order of first appearance; -1 for texts without a copy by somebody
        else.

    Notes
    -----
    Only texts that share one of their rarest trigrams are compared (prefix filtering, Chaudhuri et al. 2006), so the
    work grows with the number of copies rather than of pairs.

    Examples
    --------
    >>> text = "工程完工一年多审计迟迟不出报告工程款拖着不给"
    >>> copies([text, "停车难", text + "了"], [1, 2, 3]).tolist()
    [0, -1, 0]
    """
    letters = ["".join(c for c in key if c.isalnum()) for key in keys]
    grams = [frozenset(_trigrams(text)) if len(text) >= SHORTEST else frozenset() for text in letters]
    pairs = [(i, j) for i, j in _candidates(grams) if owners[i] != owners[j] and _alike(grams[i], grams[j])]
    linked = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    links = sparse.coo_array(
        (np.ones(len(linked)), (linked[:, 0], linked[:, 1])), shape=(len(keys), len(keys))
    )
    _, component = connected_components(links, directed=False)
    member = np.isin(np.arange(len(keys)), linked)
    groups = np.full(len(keys), -1, dtype=np.intp)
    numbers: dict[int, int] = {}
    for i in np.flatnonzero(member):
        groups[i] = numbers.setdefault(int(component[i]), len(numbers))
    return groups


def _trigrams(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(len(text) - 2)]


def _candidates(grams: Sequence[frozenset[str]]) -> set[tuple[int, int]]:
    """Pairs that share a trigram among the rarest of both; alike texts cannot escape this."""
    frequency = Counter(gram for text in grams for gram in text)
    holders: dict[str, list[int]] = {}
    pairs: set[tuple[int, int]] = set()
    for i, text in enumerate(grams):
        rarest = sorted(text, key=lambda gram: (frequency[gram], gram))
        for gram in rarest[: len(text) - int(np.ceil(SAME * len(text))) + 1]:
            pairs.update((j, i) for j in holders.get(gram, ()))
            holders.setdefault(gram, []).append(i)
    return pairs


def _alike(a: frozenset[str], b: frozenset[str]) -> bool:
    return len(a & b) >= SAME * len(a | b)
