"""The words around a table: its caption and the line on the denominator below."""

from __future__ import annotations

from collections.abc import Sequence

from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment, count, escape, nothing


def caption(no: int, title: str, note: str) -> tuple[str, str]:
    """Return the bold words of a caption (number 0 = none) and the quiet ones."""
    return f"表 {no}\u3000{title}" if no else title, note


def base_of(result: Protected, *more: str) -> str:
    """Say whom the numbers speak of; `more` are further sentences without their full stop."""
    parts = [f"分母：{result.base}" if result.base else "", f"有效问卷 {count(result.total)} 份", *more]
    return "；".join(part for part in parts if part) + "。"


def reason(notes: Sequence[str], usual: str, folded: str = "") -> Fragment:
    """Say in place of a table why it has no rows: what the analysis ran into (`notes`), else the `usual` reason.

    Examples
    --------
    >>> reason((), "没有足够的企业可以比较")
    '<p class="none">没有足够的企业可以比较。</p>'
    """
    said = nothing(f"{'；'.join(notes) or usual}。")
    return Fragment(f"<details><summary>{escape(folded)}</summary>{said}</details>") if folded else said
