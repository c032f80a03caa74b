"""From a protected result to rows, and from drawings to a `<figure>`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.figures import draw
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.forest import Forest, Row
from evalpkg.fragment import ABSENT, Fragment, Record, clauses, count, escape, less, number, score, too_few


class Part(NamedTuple):
    """One drawing in its two forms, and the sentence that is read aloud in place of either."""

    wide: Canvas
    phone: Canvas
    says: str


def part(forest: Forest, says: str) -> Part:
    """Draw a forest in both forms."""
    return Part(draw.wide(forest), draw.phone(forest), says)


def require(result: object) -> Protected:
    """Return `result` if it has passed the gate; nothing else may be drawn."""
    if not isinstance(result, Protected):
        raise TypeError(f"only a result from the disclosure gate can be drawn, not {type(result).__name__}")
    return result


def records(result: Protected) -> list[Record]:
    """Return the rows of a protected table, each with its label."""
    return fragment.records(result.table, result.extra)


def row(record: Record, *, unit: str = "家", **more: Any) -> Row:
    """Word one row: what may be shown, how, and with which sign.

    `unit` counts those behind the row ("家打分" for departments); `more` are further fields of the row.
    """
    label, note = record["label"], too_few(record, unit)
    if note:
        return Row(label, **{**more, "state": "listed", "value": ABSENT, "note": note, "phone": ""})
    if record.get("shown") == "below":
        return Row(label, **{**more, "state": "listed", "value": less(number(record, "bound"))})
    estimate, low, high = (number(record, name) for name in ("estimate", "conf_low", "conf_high"))
    sign = "few" if record.get("support") == "few" else "estimate"
    return Row(label, estimate, low, high, **{"state": sign, "value": score(estimate), **more})


def figure(id: str, parts: Sequence[Part], caption: str, base: str) -> Fragment:
    """Put the drawings for page and phone under one caption, with the denominator below.

    Pages break between parts, never inside. `id` is unique in its page; ids inside the drawings begin with it.
    """
    wide = "".join(_part(part.wide, part.says, f"{id}-w{at}") for at, part in enumerate(parts))
    phone = "".join(_part(part.phone, part.says, f"{id}-p{at}") for at, part in enumerate(parts))
    head = f'<figure class="f760" id="{escape(id)}"><figcaption>{caption}</figcaption>'
    forms = f'<div class="w760">{wide}</div><div class="w358">{phone}</div>'
    return Fragment(f'{head}{forms}<p class="base">{escape(base)}</p></figure>')


def small(id: str, canvas: Canvas, says: str) -> Fragment:
    """Put a drawing for the summary page into its frame; the answer above it is its caption."""
    return Fragment(
        f'<figure class="f344" id="{escape(id)}"><div class="w344">{canvas.svg(says, id)}</div></figure>'
    )


def caption(no: int, title: str, note: str) -> str:
    """Return the words of a caption: number (0 = none), bold title, quiet note."""
    lead = f"图 {no}\u3000" if no else ""
    tail = "".join(f'<span class="c">{escape(clause)}</span>' for clause in clauses(note))
    return f"<b>{lead}{escape(title)}</b> {tail}".rstrip()


def base_of(result: Protected, *more: str, what: str = "分母") -> str:
    """Say whom the numbers speak of; `more` are further sentences without their full stop."""
    parts = [f"{what}：{result.base}" if result.base else "", f"有效问卷 {count(result.total)} 份", *more]
    return "；".join(part for part in parts if part) + "。"


def notes_of(result: Protected) -> tuple[str, ...]:
    """Return what the analysis left out and what limits it, sentences without their full stop."""
    return tuple(note for name in ("left_out", "notes") for note in result.extra.get(name, ()))


def _part(canvas: Canvas, says: str, prefix: str) -> str:
    return f'<div class="part">{canvas.svg(says, prefix)}</div>'
