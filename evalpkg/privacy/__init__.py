"""Find and mask personal data in Chinese text: people, firms, addresses, telephone and other numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import accounts, firms, numbers, people, places
from .view import View, view

Span = tuple[int, int, str]

MASKS = {
    "PHONE": "【电话】",
    "ID_CARD": "【身份证】",
    "USCC": "【信用代码】",
    "BANK_CARD": "【银行卡】",
    "LICENCE": "【证照号】",
    "EMAIL": "【邮箱】",
    "QQ": "【QQ】",
    "WECHAT": "【微信】",
    "ACCOUNT": "【账号】",
    "URL": "【网址】",
    "IP": "【IP】",
    "PLATE": "【车牌】",
    "ADDRESS": "【地址】",
    "PERSON": "【姓名】",
    "COMPANY": "【单位】",
}
# Where findings overlap they are masked as one, under the kind that comes first here.
_ORDER = {kind: rank for rank, kind in enumerate(MASKS)}


@dataclass(frozen=True)
class Redaction:
    """A masked text.

    Attributes
    ----------
    text
        The original with every finding replaced by its mask, such as ``【电话】``; the rest is untouched.
    spans
        Findings as (start, end, kind), positions in the original, in order and without overlap.
    """

    text: str
    spans: list[Span] = field(default_factory=list)


def redact(text: str) -> Redaction:
    """Mask personal data in a remark.

    Departments, public hotlines, banks and public utilities are not personal data and stay. Numbers are judged by
    shape, checksum (ID card, unified credit code, Luhn) and the words beside them; names and firms by surnames,
    titles, legal suffixes and a word list. Time is linear in the length of the text. Masked text is a fixed point:
    redacting it again changes nothing.

    Parameters
    ----------
    text
        A remark as written; width, invisible characters and separators inside numbers do not matter.

    Examples
    --------
    >>> redact("找张总，电话138-0000-5678").text
    '找【姓名】，电话【电话】'
    """
    spans: list[Span] = []
    # Masking changes what stands beside a number, so look again until nothing new is found. Every round masks
    # at least one more character, and in practice the second round finds nothing.
    while found := _merge([*spans, *_findings(view(text, spans))]):
        if found == spans:
            break
        spans = found
    return Redaction(_masked(text, spans), spans)


def _findings(seen: View) -> Iterator[Span]:
    for finder in (accounts, numbers, places, people, firms):
        for start, end, kind in finder.find(seen.text):
            yield seen.origin(start), seen.origin_end(end), kind


def _merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end, kind in sorted(spans):
        if merged and start < merged[-1][1]:
            before = merged.pop()
            kind = min(kind, before[2], key=_ORDER.__getitem__)
            start, end = before[0], max(end, before[1])
        merged.append((start, end, kind))
    return merged


def _masked(text: str, spans: list[Span]) -> str:
    parts, at = [], 0
    for start, end, kind in spans:
        parts += [text[at:start], MASKS[kind]]
        at = end
    return "".join([*parts, text[at:]])
