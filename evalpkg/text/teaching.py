"""Learn from answers of known kind which words tell praise, silence and complaint apart.

A remark is read twice: as characters, and as cues, words that a person would look for (a negation, a burden, "no
longer"), each reduced to the sign of its group, so that 没有乱收费 and 没有停产 look alike. The n-grams of both are its
features, and ridge regression on them tells how like each kind it is. kinds.csv and cues.csv are all that is taught:
whoever adds a row there changes the decision.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from operator import add
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalpkg.text.cleaning import clean, fold, unmasked

Floats = NDArray[np.float64]

_FOLDER = Path(__file__).parent
_PENALTY = 0.2
_STEPS = 8  # of conjugate gradients: more change the weights, but not the decisions
_SOLVED = 1e-20  # what a handful of answers reaches earlier
_SIGNS = 0xE000  # a group's sign is a character for private use, which `clean` lets into no remark
_GAP = re.compile(r"[\W_]+")
_CONTACT = re.compile(
    r"(?:^|(?<=[,。;!?、\s]))(?:请?联系(?:人|电话|方式)?|我是|我叫|电话(?=[:\s\d]))[^,。;!?\n]*"
)


class Likeness(NamedTuple):
    """How like each kind a remark is: rough probabilities, which add up to 1."""

    praise: float
    non_answer: float
    complaint: float


class Cues:
    """Words that a person would look for, each with the sign of its group."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self.signs = {word: chr(_SIGNS + i) for i, words in enumerate(groups) for word in words}
        self.signs["|"] = "|"  # a gap stays one
        longer: dict[str, set[int]] = {}
        for word in self.signs:
            if len(word) > 1:
                longer.setdefault(word[:2], set()).add(len(word))
        self.lengths = {start: sorted(found, reverse=True) for start, found in longer.items()}

    def read(self, text: str) -> str:
        """Reduce a text to the signs of its cues in their order, the longest word first.

        >>> cues = Cues([["没有"], ["罚款", "乱罚款"]])
        >>> [ord(sign) - 0xE000 for sign in cues.read("没有乱罚款")]
        [0, 1]
        """
        signs, at, end = "", 0, len(text)
        while at < end:
            for length in self.lengths.get(text[at : at + 2], ()):
                sign = self.signs.get(text[at : at + length])
                if sign:
                    break
            else:
                length, sign = 1, self.signs.get(text[at])
            signs += sign or ""
            at += length
        return signs


@dataclass(frozen=True)
class Taught:
    """Hold what was learnt.

    Attributes
    ----------
    cues : Cues
    weights : dict of complex
        By feature: how much it speaks for praise (real part) and for saying nothing (imaginary part); what speaks for
        neither speaks for a complaint. One number for both halves the work of looking up.
    shares : complex
        Shares of the two kinds among the answers taught.
    """

    cues: Cues
    weights: dict[str, complex]
    shares: complex

    def likeness(self, key: str) -> Likeness:
        """Compare a folded remark with the answers taught."""
        found = features(key, self.cues)
        score = self.shares + sum(map(self.weights.get, found, repeat(0j))) / len(found) ** 0.5
        return Likeness(score.real, score.imag, 1 - score.real - score.imag)


@cache
def taught() -> Taught:
    """Teach what comes with the package: once in a process, when first needed."""
    return teach(*answers(), cues())


def answers() -> tuple[list[str], list[str]]:
    """Read the answers that come with the package, and their kinds."""
    rows = _rows("kinds.csv")
    return [text for text, _ in rows], [kind for _, kind in rows]


def cues() -> Cues:
    """Read the cues that come with the package."""
    return Cues([words.split() for _, words in _rows("cues.csv")])


def teach(texts: Sequence[str], kinds: Sequence[str], cues: Cues) -> Taught:
    """Learn from answers and their kinds, both of length n.

    Least squares of the indicators of two kinds on the features, each remark scaled to length 1, with an L2 penalty.

    Raises
    ------
    ValueError
        There is not one kind for every answer, or an answer holds a "|".
    """
    keys = fold(clean("|".join(texts))).split("|")  # at once: a fraction of the time of one by one
    if len(keys) != len(kinds):
        raise ValueError('one kind for every answer, and no "|" in an answer')
    found = [features(key, cues) for key in keys]
    numbers: dict[str, int] = {}
    column = np.array([numbers.setdefault(feature, len(numbers)) for row in found for feature in row])
    size = np.array([len(row) for row in found])
    weights, shares = np.zeros(len(numbers), complex), 0j
    for unit, named in ((1, "praise"), (1j, "non_answer")):
        is_kind = np.array([kind == named for kind in kinds], float)
        shares += unit * float(is_kind.mean())
        weights += unit * _ridge(column, size, is_kind - is_kind.mean())
    return Taught(cues, dict(zip(numbers, weights.tolist(), strict=True)), shares)


def features(key: str, cues: Cues) -> list[str]:
    """List the n-grams of a folded remark: single characters and pairs, and two or three cues in a row.

    Punctuation and masks are gaps ("|"); both readings are marked at their ends.
    """
    words = _GAP.sub("|", _without_contact(unmasked(key))).strip("|")
    text, signs = f"^{words}$", f"<{cues.read(words)}>"
    pairs = list(map(add, signs, signs[1:]))
    return [*text, *map(add, text, text[1:]), *pairs, *map(add, pairs, signs[2:])]


def _without_contact(key: str) -> str:
    """Drop who writes and how to reach them, unless nothing else is said."""
    if "联系" in key or "电话" in key or "我是" in key or "我叫" in key:
        said = _CONTACT.sub("", key)
        return said if _GAP.sub("", said) else key
    return key


def _ridge(column: NDArray[np.int64], size: NDArray[np.int64], target: Floats) -> Floats:
    """Solve (X'X + penalty) w = X'y by conjugate gradients, preconditioned with the diagonal.

    X (n, features) has 1 / sqrt(size) for every occurrence of a feature; `column` lists them row by row.
    """
    width = int(column.max()) + 1
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    row = np.repeat(np.arange(len(size)), size)
    scale = 1 / np.sqrt(size)

    def there(weight: Floats) -> Floats:
        return np.asarray(np.add.reduceat(weight[column], starts) * scale)

    def back(values: Floats) -> Floats:
        return np.bincount(column, weights=(values * scale)[row], minlength=width).astype(float)

    diagonal = back(scale) + _PENALTY
    weight, rest = np.zeros(width), back(target)
    step = ahead = rest / diagonal
    for _ in range(_STEPS):
        image = back(there(step)) + _PENALTY * step
        before = _dot(rest, ahead)
        if before < _SOLVED:
            break
        length = before / _dot(step, image)
        weight += length * step
        rest = rest - length * image
        ahead = rest / diagonal
        step = ahead + _dot(rest, ahead) / before * step
    return weight


def _dot(one: Floats, other: Floats) -> float:
    return float((one * other).sum())  # not BLAS, whose threads would spin on vectors as short as these


def _rows(name: str) -> list[list[str]]:
    with (_FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]
