"""Forms that answer so many questions alike that one hand may have filled them in (plain arrays)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SAME = 0.85  # share of comparable answers in which two forms agree (Kuriakose & Robbins 2016)
COMPARED = 30  # answers that two forms must have in common to be compared at all
GROUP = 5  # near-copies are a group from this many forms; exact copies from two
ROWS = 512  # compared with all others at a time

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def copied(answers: Ints, best: Bools) -> Bools:
    """Tell which forms are copies or near-copies of others.

    Two forms are compared over the questions both were asked and answered; a question in which both gave the best
    mark is left out, because satisfied respondents agree there without copying. With M agreements among J
    comparable answers, J >= 30, they are near-copies where M >= 0.85 J. A form is flagged when at least 4 others are
    its near-copies, or when it is a near-copy of such a form; and when another form gives the same answer to everything.

    Parameters
    ----------
    answers : ndarray of int, shape (n, q)
        Code of every answer, -1 = not asked or not answered.
    best : ndarray of bool, shape (n, q)
        The answer is the best mark of a score.

    Notes
    -----
    Percent match: Kuriakose & Robbins (2016); that satisfied or simple questionnaires reach high matches by themselves
    (Simmons et al. 2016) is why best marks, short forms and pairs are left out. Groups as core and border
    points of DBSCAN (Ester et al. 1996). Memory grows with n, work with n^2: two matrix products for 512 rows at a time.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> honest = rng.integers(0, 4, (50, 40))
    >>> stuffed = np.where(rng.random((8, 40)) < 0.03, 0, honest[:1])
    >>> found = copied(np.vstack([honest[1:], stuffed]), np.zeros((57, 40), dtype=bool))
    >>> int(found[:49].sum()), int(found[49:].sum())
    (0, 8)
    """
    if not len(answers):
        return np.zeros(0, dtype=bool)
    core = np.concatenate([near.sum(axis=1) >= GROUP for near in _near(answers, best)])
    grouped = np.zeros(len(answers), dtype=bool)
    if core.any():
        grouped = np.concatenate([near[:, core].any(axis=1) for near in _near(answers, best)])
    return grouped | _exact(answers, best)


def _near(answers: Ints, best: Bools) -> Iterator[Bools]:
    """Near-copies of the forms, some rows (r, n) at a time; a form is its own."""
    chosen = _indicators(answers, best)
    asked, topped = ((answers >= 0).astype(np.float32), (best & (answers >= 0)).astype(np.float32))
    topped = topped[:, topped.any(axis=0)]
    for first in range(0, len(answers), ROWS):
        rows = slice(first, first + ROWS)
        compared = asked[rows] @ asked.T - topped[rows] @ topped.T
        # counts are exact in 32 bits; the margin is for the rounding of 0.85 times a count
        yield (compared >= COMPARED) & (chosen[rows] @ chosen.T >= SAME * compared - 1e-3)


def _indicators(answers: Ints, best: Bools) -> NDArray[np.float32]:
    """One column an answer that at least two forms gave, best marks left out."""
    columns = []
    for code, top in zip(answers.T, best.T, strict=True):
        given = np.where(top, -1, code)
        value, count = np.unique(given, return_counts=True)
        columns += [given == v for v in value[(count > 1) & (value >= 0)]]
    empty = np.zeros((len(answers), 0), dtype=np.float32)
    return np.column_stack(columns).astype(np.float32) if columns else empty


def _exact(answers: Ints, best: Bools) -> Bools:
    telling = ((answers >= 0) & ~best).sum(axis=1) >= COMPARED
    _, form, count = np.unique(answers, axis=0, return_inverse=True, return_counts=True)
    repeated: Bools = telling & (count[form.reshape(-1)] > 1)
    return repeated
