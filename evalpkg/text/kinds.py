"""Tell remarks that say nothing and remarks that praise from complaints."""

from __future__ import annotations

import re
from typing import Literal

from evalpkg.text.cleaning import clean, fold
from evalpkg.text.grammar import affirmed, verdict
from evalpkg.text.teaching import Likeness, taught

__all__ = ["Kind", "affirmed", "kind"]

Kind = Literal["non_answer", "praise", "complaint"]

# To take a complaint for praise or for nothing loses it; the other mistake only adds a piece without a theme. So another
# kind must lead by a margin. It grows with the length, for who writes much mostly complains, of things never taught.
_SHORT, _LONG = 6, 20  # characters
_LEAST, _MOST = (
    0.22,
    0.5,
)  # lead that a remark needs which is no longer than the one, no shorter than the other
_SURE = 0.2  # by which a sentence must complain to outvote the rest of its remark
_SENTENCE = re.compile(r"[^。;!?\n…]+")


def kind(text: str) -> Kind:
    """Tell whether a remark says nothing, praises, or complains.

    A remark whose every clause the grammar knows is what the grammar says: "没有" says nothing, "没有停车位" is left
    open. An open one is compared with the answers of kinds.csv, and is a complaint unless praise or silence is clearly
    likelier; one sentence that surely complains makes a complaint of the whole.

    >>> [kind(t) for t in ("暂无。", "没有停车位", "窗口态度很好，点赞")]
    ['non_answer', 'complaint', 'praise']
    """
    key = fold(clean(text))
    sure = verdict(key)
    if sure:
        return sure
    like = taught().likeness(key)
    if _lead(like) < _needed(len(key)) or _one_sentence_complains(key):
        return "complaint"
    return "praise" if like.praise > like.non_answer else "non_answer"


def _lead(like: Likeness) -> float:
    """Return by how much another kind is likelier than a complaint."""
    return max(like.praise, like.non_answer) - like.complaint


def _needed(length: int) -> float:
    """Return the lead that a remark of so many characters needs to be no complaint."""
    along = (min(max(length, _SHORT), _LONG) - _SHORT) / (_LONG - _SHORT)
    return _LEAST + along * (_MOST - _LEAST)


def _one_sentence_complains(key: str) -> bool:
    sentences = _SENTENCE.findall(key)
    return len(sentences) > 1 and any(_lead(taught().likeness(one)) < -_SURE for one in sentences)
