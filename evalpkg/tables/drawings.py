"""Small drawings that stand in a cell, in the grammar of the figures: thick and thin line, sign, dashed mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evalpkg.fragment import Record, known, number, too_few

WIDTH, HEIGHT = 120, 14
MIDDLE = HEIGHT / 2
INTERVAL = {"above": "upI", "below": "dnI", "same": "midI"}
REFERENCE = '<path d="M{x} 0v14" style="stroke:var(--ink,currentColor);stroke-dasharray:3,2"/>'
LINE = '<path d="M{low} 7H{high}" style="stroke:var(--{colour},currentColor);stroke-width:{width}"/>'
SIGN = {
    "above": '<path d="M{x} 2.5l4.5 8.5h-9Z" style="fill:var(--up,currentColor)"/>',
    "below": '<path d="M{x} 11.5l4.5 -8.5h-9Z" style="fill:var(--dn,currentColor)"/>',
    "same": '<circle cx="{x}" cy="7" r="3.5" style="fill:var(--paper,#fff);stroke:var(--mid,currentColor);stroke-width:1.5"/>',
}


def intervals(rows: Sequence[Record], mean: float) -> list[str]:
    """Draw the 95% and the simultaneous interval of each row of departments on one scale; "" where it has no tier."""
    low, high = _ends(rows, mean)
    if not low < high:
        return [""] * len(rows)
    return [_drawing(row, mean, low, high) if _drawn(row) else "" for row in rows]


def _drawn(row: Record) -> bool:
    return row.get("tier") in SIGN and not too_few(row) and known(number(row, "estimate"))


def _ends(rows: Sequence[Record], mean: float) -> tuple[float, float]:
    """Return the ends of the scale: the longest thin line of those with enough raters, the rest are cut."""
    full = [row for row in rows if _drawn(row) and row.get("support") == "full"]
    full = full or [row for row in rows if _drawn(row)]
    ends = [
        number(row, name) for row in full for name in ("family_low", "family_high", "conf_low", "conf_high")
    ]
    ends = [end for end in (*ends, mean) if known(end)]
    return (min(ends), max(ends)) if ends else (math.nan, math.nan)


def _drawing(row: Record, mean: float, low: float, high: float) -> str:
    def place(value: float) -> str:
        share = (min(max(value, low), high) - low) / (high - low)
        return f"{5 + share * (WIDTH - 10):.1f}".removesuffix(".0")

    tier = str(row["tier"])
    lines = [("family_low", "family_high", 1), ("conf_low", "conf_high", 3)]
    drawn = [REFERENCE.format(x=place(mean))] if known(mean) else []
    for first, last, width in lines:
        ends = number(row, first), number(row, last)
        if known(ends[0]) and known(ends[1]):
            drawn.append(
                LINE.format(low=place(ends[0]), high=place(ends[1]), colour=INTERVAL[tier], width=width)
            )
    drawn.append(SIGN[tier].format(x=place(number(row, "estimate"))))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg aria-hidden="true" {size}>{"".join(drawn)}</svg>'
