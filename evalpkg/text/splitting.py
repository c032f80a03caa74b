"""Split a remark into its complaints."""

from __future__ import annotations

import re
from itertools import pairwise

from evalpkg.text.cleaning import clean, fold
from evalpkg.text.grammar import says_nothing

_CHINESE_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")}
_MARKER = re.compile(
    r"(?P<digit>(?<![\d.])\d{1,2}(?:、|\.(?!\d)|\)))|(?P<paren>\(\d{1,2}\)、?)"
    r"|(?P<han>(?<![一二三四五六七八九十第])[一二三四五六七八九十](?:、|\.))|(?P<hanparen>\([一二三四五六七八九十]\)、?)"
    r"|(?P<first>第[一二三四五六七八九十](?:[,、:]|点|是|条))|(?P<one>(?<![一二三四五六七八九十])[一二三四五六七八九](?:是|来)(?!否))|(?P<its>其[一二三四五六七八九][,、:]?)"
    # at the start of a line a bare digit is enough, unless it counts something
    r"|(?P<line>(?m:^)\d{1,2}(?=[^\W\d_])(?![年月日号点个次天家万千百块元条名人岁楼路期倍成折口台辆亩]))"
)
_KEYCAP = re.compile(r"(\d)\ufe0f?\u20e3")  # 1️⃣, of which `clean` leaves a bare digit
_LONE = re.compile(r"^(?:\(?1\)|1[、.](?!\d)|一、)、?")
_ORDER = re.compile(r"(?:^|(?<=[,。;!?、:\s]))(?:首先|其次|再次|最后)[,:、]?")
_SENTENCE = re.compile(r"[。!?;\n…]+|(?<=[a-z)\"'])\.(?=\s|$)")
_CONNECTIVE = re.compile(
    r"(?:^|(?<=[,、:\s])|(?<=[难慢贵高差多少乱严重]))(?:还有(?:就是|一[个点])?|再有|再者|再就是)(?![啥谁哪吗]|什么|[一二两三四五六七八九十几半数\d年月天多])[,:、]?"
    r"|(?:另外|此外|其次)(?![一二两三四五六七八九十几\d]|的|还有[一二两三\d])(?:还有)?(?:就是)?[,:、]?"
)
_PREAMBLE = re.compile(
    r"(?:如下|以下|下列|几点|几个|几条|[一二三四五六两]点|[一二三四五六两]个)[^,。;]{0,8}:?$|:$|^首先,?$"
)
_EDGE = " \t\n,、:;。.!?…~-—·*•"


def split(text: str) -> list[str]:
    """Split a remark into its complaints, as pieces of the cleaned text in their order.

    Cuts at numbered lists of two items or more, at ends of sentences, at 另外, 此外, 还有, 其次 where they open a clause,
    and at 首先 ... 最后; never at a plain comma. A lead-in such as "反映以下问题：" is dropped, and so is a lone "1、". A
    remark that says nothing is one piece.

    >>> split("1、贷款难，利息高 2、招工难。另外停车也难")
    ['贷款难,利息高', '招工难', '停车也难']
    """
    whole = clean(text)
    items = _items(_with_keycaps(text) or whole)
    pieces = [piece for item in items for part in _ordered(item) for piece in _sentences(part)]
    if pieces != [whole] and says_nothing(fold(whole)):
        pieces = [whole.strip(_EDGE)]
    return [piece for piece in pieces if re.search(r"[^\W_]", piece)]


def _with_keycaps(text: str) -> str:
    """Clean a text with its keycaps as the markers of a list; empty where they make none."""
    marked = clean(_KEYCAP.sub(r"\1、", text)) if "\u20e3" in text else ""
    return marked if len(_list_marks(marked)) > 1 else ""


def _items(text: str) -> list[str]:
    """Cut at the markers of a numbered list, if the text holds one of two items or more."""
    marks = _list_marks(text)
    if len(marks) < 2:
        return [_LONE.sub("", text)]
    head = text[: marks[0].start()]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    items = [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    return items if _PREAMBLE.search(head.strip()) else [head, *items]


def _ordered(text: str) -> list[str]:
    """Cut at 首先, 其次, 再次 and 最后 where two of them or more open clauses: alone, 最后 tells a story's end."""
    marks = _ORDER.findall(text)
    return _ORDER.split(text) if len(marks) > 1 and not marks[0].startswith("最后") else [text]


def _list_marks(text: str) -> list[re.Match[str]]:
    """Find the longest run of markers of one style that count 1, 2, 3 with words between them."""
    chains: dict[str, list[re.Match[str]]] = {}
    for mark in _MARKER.finditer(text):
        chain = chains.setdefault(str(mark.lastgroup), [])
        if _number(mark) == len(chain) + 1:
            chain.append(mark)
    full = [chain for chain in chains.values() if _has_words_between(chain, text)]
    return max(full, key=len, default=[])


def _number(mark: re.Match[str]) -> int:
    digits = re.search(r"\d+", mark[0])
    if digits:
        return int(digits[0])
    return next((_CHINESE_DIGITS[c] for c in mark[0] if c in _CHINESE_DIGITS), 0)


def _has_words_between(chain: list[re.Match[str]], text: str) -> bool:
    ends = (
        [(a.end(), b.start()) for a, b in pairwise(chain)] + [(chain[-1].end(), len(text))] if chain else []
    )
    return bool(ends) and all(len(re.sub(r"[\W\d_]+", "", text[a:b])) >= 2 for a, b in ends)


def _sentences(text: str) -> list[str]:
    parts = [part for sentence in _SENTENCE.split(text) for part in _CONNECTIVE.split(sentence)]
    return [part.strip(_EDGE) for part in parts]
