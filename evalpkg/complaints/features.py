"""Remarks as numbers: character unigrams and bigrams, sublinear TF-IDF, truncated SVD, vectors of a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from evalpkg.params import ParamsError
from evalpkg.text import clean, fold

Floats = NDArray[np.floating]
Embedding = Callable[[Sequence[str]], NDArray[np.floating]]

DIMENSIONS = 50
MODEL = "BAAI/bge-small-zh-v1.5"  # 24 million parameters, 512 dimensions, made for Chinese
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
    for part, start, end in zip(parts, offsets, offsets[1:], strict=False):
        known = kept[columns[start:end]]
        block = part.counts[:, known]
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
    counts = sparse.coo_array((entries, (rows, columns)), shape=(len(keys), len(names))).tocsr()
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


def embedding(folder: Path, model: str = MODEL) -> Embedding:
    """Prepare a language model that stands on this computer, for `guided` and `explore`; nothing is downloaded.

    Parameters
    ----------
    folder
        Where the model's files are (model_optimized.onnx, tokenizer.json, config.json, ...).
    model
        Its name among those that fastembed knows.

    Returns
    -------
    callable
        n texts -> (n, d) vectors. On one thread, so that the same texts give the same vectors.

    Raises
    ------
    ParamsError
        The package is not installed, or the folder holds no such model.
    """
    try:
        fastembed = import_module("fastembed")
    except ImportError:
        raise ParamsError(
            "没有安装语言模型所需的 fastembed；请安装 evalpkg[embed]，或者不用 embed（默认方法不需要它）"
        ) from None
    if not folder.is_dir():
        raise ParamsError(f"找不到语言模型的文件夹“{folder.name}”；请先把模型文件放好，程序不会联网下载")
    try:
        loaded = fastembed.TextEmbedding(model, specific_model_path=str(folder), threads=1)
    except Exception as error:  # noqa: BLE001 - its runtime raises classes of its own for every broken file
        raise ParamsError(
            f"文件夹“{folder.name}”里的语言模型 {model} 打不开（{type(error).__name__}）；请检查模型名称和文件是否齐全"
        ) from None
    return lambda texts: np.array(list(loaded.embed(list(texts))), dtype=float).reshape(len(texts), -1)
