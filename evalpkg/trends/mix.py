"""A change split into what respondents think and who they are (Kitagawa 1955); plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from evalpkg.survey import Survey

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIXED_BY = (
    "size",
    "mode",
)  # what raters differ by: large firms mark higher, and so do those asked by telephone
LEAST = 10  # respondents of a cell in each of the two rounds; smaller cells are taken together


@dataclass(frozen=True, eq=False)
class Cells:
    """Hold the finest cells of the respondents of two rounds, and the coarser ones that they fall back on.

    Attributes
    ----------
    fine, coarse : tuple of ndarray, each (n,), int
        This round's and the earlier round's: size by mode, and size alone; one cell where neither was asked.
    """

    fine: tuple[Ints, Ints]
    coarse: tuple[Ints, Ints]

    def within(self, inside: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> tuple[Ints, Ints]:
        """Give the cells of those inside by number, -1 for the others; each has `LEAST` in both rounds, or is the only one.

        Cells that are too small are taken together within their size class, then all that are left; what is still too
        small joins the smallest that is large enough.
        """
        fine = [codes[here] for codes, here in zip(self.fine, inside, strict=True)]
        coarse = [codes[here] for codes, here in zip(self.coarse, inside, strict=True)]
        found = _merged(fine, coarse)
        numbered = []
        for part, here in zip(found, inside, strict=True):
            codes = np.full(len(here), -1)
            codes[here] = part
            numbered.append(codes)
        return numbered[0], numbered[1]


@dataclass(frozen=True, eq=False)
class Split:
    """Hold one change in its two parts.

    Attributes
    ----------
    rating, composition : float
        They add up to the change of the mean.
    influence : tuple of ndarray, each (n, 2)
        This round's and the earlier round's weighted linearised values of rating and composition.
    on_values : tuple of ndarray, each (n, 2)
        By how much a respondent's value moves the two parts, for values that are estimates themselves.
    """

    rating: float
    composition: float
    influence: tuple[Floats, Floats]
    on_values: tuple[Floats, Floats]

    @property
    def total(self) -> float:
        """Change of the mean."""
        return self.rating + self.composition


def cells(now: Survey, before: Survey) -> Cells:
    """Give the cells of two rounds, by size and mode as far as both asked."""
    asked = [name for name in MIXED_BY if name in now.responses and name in before.responses]
    frames = [survey.responses[asked].astype(object).fillna("") for survey in (now, before)]
    return Cells(_coded(frames, asked), _coded(frames, asked[:1]))


def _coded(frames: Sequence[pd.DataFrame], columns: list[str]) -> tuple[Ints, Ints]:
    """Give the combinations of some columns a number, the same in both rounds."""
    both = pd.concat(frames, ignore_index=True)
    codes: Ints = np.zeros(len(both), dtype=np.int64)
    if columns:
        codes = np.asarray(both.groupby(columns, sort=True).ngroup(), dtype=np.int64)
    return codes[: len(frames[0])], codes[len(frames[0]) :]


def _merged(fine: Sequence[Ints], coarse: Sequence[Ints]) -> list[Ints]:
    """Take small cells together, of two rounds alike; codes run from 0."""
    beyond = 1 + max((int(codes.max()) for codes in fine if len(codes)), default=0)
    small = ~_large(fine)
    second = [np.where(small[a], beyond + b, a) for a, b in zip(fine, coarse, strict=True)]
    last = beyond + 1 + max((int(codes.max()) for codes in coarse if len(codes)), default=0)
    small = ~_large(second)
    third = [np.where(small[codes], last, codes) for codes in second]
    counts = _counts(third)
    enough = np.flatnonzero(counts >= LEAST)
    if len(enough) and counts[-1] < LEAST:  # the rest
        smallest = enough[counts[enough].argmin()]
        third = [np.where(codes == last, smallest, codes) for codes in third]
    _, numbered = np.unique(np.concatenate(third), return_inverse=True)
    return [numbered[: len(third[0])], numbered[len(third[0]) :]]


def _counts(parts: Sequence[Ints]) -> Ints:
    """Respondents of each cell in the round in which there are fewer."""
    size = 1 + max((int(codes.max()) for codes in parts if len(codes)), default=0)
    return np.asarray(np.min([np.bincount(codes, minlength=size) for codes in parts], axis=0))


def _large(parts: Sequence[Ints]) -> NDArray[np.bool_]:
    return np.asarray(_counts(parts) >= LEAST)


def split(now: Floats, before: Floats, weights: tuple[Floats, Floats], within: tuple[Ints, Ints]) -> Split:
    r"""Split the change of a mean between two rounds.

    With shares p_c and means m_c of cell c in the two rounds, sum p2 m2 - sum p1 m1 =
    sum (m2 - m1)(p1 + p2)/2 [rating, as if the mix had been the mean of both] + sum (p2 - p1)(m1 + m2)/2 [composition].

    Parameters
    ----------
    now, before : ndarray, shape (n,)
        Values of the two rounds; what is outside a cell does not count.
    weights : tuple of ndarray, each (n,)
    within : tuple of ndarray, each (n,), int
        Cell of each respondent, -1 = outside, as `Cells.within` gives them: every cell has respondents in both rounds.

    Notes
    -----
    Kitagawa (1955). Influence functions by the chain rule from those of p_c, w (1_c - p_c)/W, and of m_c,
    w 1_c (y - m_c)/W_c. Checked against a jackknife.

    Examples
    --------
    Both cells rate as before, but more respondents are of the mild one:

    >>> cell = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1])
    >>> found = split(np.array([80., 80, 80, 60]), np.array([80., 60, 60, 60]), (np.ones(4), np.ones(4)), cell)
    >>> found.rating, found.composition
    (0.0, 10.0)
    """
    sides = [_Side.of(y, w, c) for y, w, c in zip((now, before), weights, within, strict=True)]
    new, old = sides
    share, mean = (new.share + old.share) / 2, (new.mean + old.mean) / 2
    shift, change = new.share - old.share, new.mean - old.mean
    moved = np.column_stack([change, 2 * mean]) / 2  # by a share: rating, composition
    by_mean = np.column_stack([share, shift / 2])
    flip = np.array([1.0, -1.0])
    return Split(
        float(share @ change),
        float(shift @ mean),
        (new.influence(by_mean, moved), old.influence(-by_mean * flip, moved * flip)),
        (new.on_values(by_mean), old.on_values(-by_mean * flip)),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """One round: shares and means of its cells (C,), and who is in which."""

    y: Floats
    w: Floats
    cell: Ints
    weight: Floats
    share: Floats
    mean: Floats

    @classmethod
    def of(cls, y: Floats, w: Floats, cell: Ints) -> _Side:
        inside = cell >= 0
        y, w, cell = y[inside], w[inside], cell[inside]
        weight = np.asarray(np.bincount(cell, weights=w), dtype=float)
        mean = np.bincount(cell, weights=w * y) / weight
        full, kept = np.zeros(len(inside)), np.zeros(len(inside))
        full[inside], kept[inside] = y, w
        codes = np.full(len(inside), -1, dtype=np.int64)
        codes[inside] = cell
        return cls(full, kept, codes, weight, weight / weight.sum(), mean)

    def influence(self, by_mean: Floats, by_share: Floats) -> Floats:
        """Linearised values (n, 2) of something that moves with the means and shares of cells, (C, 2) each."""
        deviation = (self.y - self.mean[self.cell])[:, None]
        centred = by_share - self.share @ by_share
        by_own = (self.w / self.weight.sum())[:, None] * centred[self.cell]
        return np.asarray(self.on_values(by_mean) * deviation + by_own)

    def on_values(self, by_mean: Floats) -> Floats:
        return np.asarray((self.w / self.weight[self.cell])[:, None] * by_mean[self.cell])
