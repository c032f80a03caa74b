"""What an item asked, in a form that two rounds can be compared by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from evalpkg.codebook import Codebook, Item, match_key

# Roles that describe a respondent or serve the form; nothing of them is compared between rounds.
DESCRIBING = frozenset(
    "mode chamber district industry legal_form employees revenue size age kind attention weight".split()
)
DIGITS = 8  # of the hash: a chance of one in 10^5 that two of 300 wordings share one


@dataclass(frozen=True)
class Fingerprint:
    """Wording hash, scale, anchors (labels of the points and how they are graded) and gate of one item of one round."""

    wording: str
    scale: str
    anchors: str
    gate: str


PARTS = {"scale": "刻度改过", "anchors": "刻度改过", "gate": "打分条件改过", "wording": "题目改过"}


def fingerprints(book: Codebook) -> dict[str, Fingerprint]:
    """Give the fingerprint of every item of a codebook that could be compared, in printed order."""
    return {code: fingerprint(item, book) for code, item in book.items.items() if item.role not in DESCRIBING}


def fingerprint(item: Item, book: Codebook) -> Fingerprint:
    """Give the fingerprint of one item.

    Width, case, blanks and punctuation do not count (`codebook.match_key`). Options of a question with options are its
    anchors: one more option moves the shares of all others.

    Examples
    --------
    >>> from evalpkg.codebook import Scale
    >>> one = Item("D1", "请打分", "办事效率", "score", "driver", row="办事效率", scale=Scale(1, 5, {"满意": 4.0}))
    >>> fingerprint(one, Codebook("", "", {"D1": one}, None, {}))
    Fingerprint(wording='871d7400', scale='score 1-5', anchors='4=满意', gate='')
    """
    gate = book.items.get(item.gate) if item.gate else None
    asked = (
        "" if gate is None else f"{gate.parent or gate.code} {_hash(gate.title, gate.row, _options(gate))}"
    )
    return Fingerprint(_hash(item.title, item.row), _scale(item), _anchors(item), asked)


def of_item(code: str, book: Codebook) -> Fingerprint | None:
    """Give the fingerprint of an item by its code; None where the codebook has no such item."""
    item = book.items.get(code)
    return None if item is None else fingerprint(item, book)


def unlike(one: Fingerprint, other: Fingerprint) -> str:
    """Say in Chinese what differs between two fingerprints, "" where nothing does.

    Examples
    --------
    >>> unlike(Fingerprint("a", "1-5", "", ""), Fingerprint("b", "1-10", "", ""))
    '刻度改过'
    """
    return next((said for part, said in PARTS.items() if getattr(one, part) != getattr(other, part)), "")


def _hash(*texts: str) -> str:
    joined = "\x1f".join(match_key(text) for text in texts)
    return hashlib.sha256(joined.encode()).hexdigest()[:DIGITS]


def _scale(item: Item) -> str:
    if item.scale is None:
        return f"{item.type} {len(item.options)}" if item.options else item.type
    return f"{item.type} {item.scale.low:g}-{item.scale.high:g}"


def _anchors(item: Item) -> str:
    """Labels of the points, and their grades where points are graded one by one."""
    if item.scale is None or item.type in ("category", "multi"):
        return _options(item)
    labels = "|".join(f"{value:g}={label}" for label, value in sorted(item.scale.labels.items(), key=_second))
    grades = "|".join(f"{point:g}→{grade:g}" for point, grade in sorted(item.scale.anchors.items()))
    return "|".join(part for part in (labels, grades) if part)


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _options(item: Item) -> str:
    return "|".join(f"{code}={match_key(label)}" for code, label in item.options.items())
