"""Words that tell a theme from the others, used by enough respondents to be printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import rjieba

MOST_WORDS = 6
# Words of any complaint: they tell no theme from another.
COMMON = frozenset(
    "希望 问题 企业 公司 政府 解决 没有 不能 不到 可以 需要 应该 能够 建议 有关 部门 领导 情况 方面 反映 进行 造成 导致 影响 "
    "加强 加大 改善 提高 减少 增加 相关 工作 单位 老板 小企业 困难 就是 还是 没人 不知道 说是 不行 不让 不给 不了 能不能".split()
)
_TELLING = (
    "naijlvz"  # nouns, adjectives, idioms, abbreviations, verbs; no pronouns, numbers, times, particles
)


def label_words(used: Iterable[tuple[str, int, Iterable[str]]], k: int) -> dict[str, list[str]]:
    """Find the words that set each theme apart.

    Class-based TF-IDF (Grootendorst 2022) with respondents in place of tokens: r(w, c) log(1 + A / r(w)), where
    r(w, c) respondents of theme c use word w, r(w) sums them over themes and A is the mean of r(., c) over themes. One
    respondent counts once, however often the word is repeated.

    Parameters
    ----------
    used
        Theme, respondent and words of each complaint.
    k
        Respondents of the theme that must use a word, so that a word never points to a firm.

    Returns
    -------
    dict
        Theme -> at most `MOST_WORDS` words, the most telling first.

    Examples
    --------
    >>> label_words([("融资", 1, ["贷款", "希望"]), ("融资", 2, ["贷款"]), ("停车", 3, ["车位"])], k=2)
    {'融资': ['贷款'], '停车': []}
    """
    pairs: dict[str, set[tuple[int, str]]] = {}
    for theme, respondent, words in used:
        told = {(respondent, word) for word in words if word not in COMMON and _tells(word)}
        pairs.setdefault(theme, set()).update(told)
    counts = {theme: Counter(word for _, word in told) for theme, told in pairs.items()}
    weight = _weights(counts)
    return {theme: _first(words, weight, k) for theme, words in counts.items()}


def _weights(counts: Mapping[str, Counter[str]]) -> dict[str, float]:
    total = sum(counts.values(), Counter[str]())
    average = total.total() / max(len(counts), 1)
    return {word: float(np.log1p(average / times)) for word, times in total.items()}


def _first(words: Counter[str], weight: Mapping[str, float], k: int) -> list[str]:
    enough = [word for word, times in words.items() if times >= k]
    # Ties by the word itself: the order must not depend on the order of respondents.
    return sorted(enough, key=lambda word: (-words[word] * weight[word], word))[:MOST_WORDS]


@lru_cache(maxsize=65_536)
def _tells(word: str) -> bool:
    """Tell whether a word can name a matter: two characters or more, of a telling part of speech."""
    return len(word) > 1 and word.isalpha() and rjieba.tag(word)[0][1][:1] in _TELLING
