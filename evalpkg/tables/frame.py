"""The words around a table: its caption and the line on the denominator below."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.fragment import count


def caption(no: int, title: str, note: str) -> tuple[str, str]:
    """Return the bold words of a caption (number 0 = none) and the quiet ones."""
    return f"表 {no}\u3000{title}" if no else title, note


def base_of(result: Protected, *more: str) -> str:
    """Say whom the numbers speak of; `more` are further sentences without their full stop."""
    parts = [f"分母：{result.base}" if result.base else "", f"有效问卷 {count(result.total)} 份", *more]
    return "；".join(part for part in parts if part) + "。"
