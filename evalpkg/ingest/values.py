"""What one cell says: a value, or the reason why there is none, or a fault."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from evalpkg.codebook import NUMERIC, Codebook, Item, match_key, token_key
from evalpkg.ingest.dates import day
from evalpkg.ingest.platforms import Platform

BLANK = ("NA_SKIP", "NA_BLANK")  # what a platform writes by itself; any question may hold it
DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?")
BEYOND = re.compile(r"[+-]?(?:inf(?:inity)?|\d{1,15}(?:\.\d{1,15})?e[+-]?\d{1,4}|\d{16,})", re.IGNORECASE)
DASHES = ("/", "-", "—", "－", "–", "\\")  # what hands write where there is nothing to say
SHOWN_OPTIONS = 8


@dataclass(frozen=True)
class Value:
    """Exactly one of `codes` or `number` or `missing` is set.

    `fault` is (code, message), where none can be; `note` is text of "other"; `warning` the code of what was put up with.
    """

    codes: tuple[str, ...] = ()
    number: float | None = None
    missing: str = ""
    fault: tuple[str, str] | None = None
    note: str = ""
    warning: str = ""


def parse(cell: str, item: Item, codebook: Codebook, platform: Platform) -> Value:
    """Read one cell of a closed question; never coerces, never guesses."""
    cell = platform.printed(cell, item)
    missing = _missing(cell, codebook, platform)
    if missing and (missing in BLANK or missing in item.missing):
        return Value(missing=missing)
    if token_key(cell) in DASHES:
        return Value(missing="NA_BLANK", warning="W-MISSING")
    if item.type in ("date", "weight"):
        return _day(cell, item) if item.type == "date" else _weight(cell, item)
    if item.type in NUMERIC:
        return _number(cell, item)
    if item.type == "multi":
        return _several(cell, item, platform)
    return _one(cell, item, platform)


def parse_options(
    cells: Sequence[str], options: Sequence[str], item: Item, codebook: Codebook, platform: Platform
) -> Value:
    """Read a multiple choice that has a cell for each of some options (codes); own words tick the option that asks for them."""
    codes, note, reasons = [], "", []
    for cell, code in zip(cells, options, strict=True):
        text, reason = token_key(cell), _missing(cell, codebook, platform)
        if reason in BLANK or text in platform.unticked:
            reasons.append(reason)
        elif text in platform.ticked or item.aliases.get(match_key(cell)) == code:
            codes.append(code)
        elif item.other and code == item.open_option:
            codes.append(code)
            note = cell.strip()
        else:
            return Value(
                fault=("E-OPTION", f"“{item.label}”的选项列里应填 {platform.ticked[0]} 或空着；请改正")
            )
    if codes:
        return Value(codes=tuple(codes), note=note)
    skipped = bool(reasons) and all(reason == "NA_SKIP" for reason in reasons)
    return Value(missing="NA_SKIP" if skipped else "NA_BLANK")


def _missing(cell: str, codebook: Codebook, platform: Platform) -> str:
    """Why a cell holds no answer, "" where it may hold one."""
    token = token_key(cell)
    return codebook.missing.get(token) or platform.tokens.get(token, "") if token else "NA_BLANK"


def _number(cell: str, item: Item) -> Value:
    scale = item.scale
    if scale and match_key(cell) in scale.labels:
        return Value(number=scale.labels[match_key(cell)])
    text = unicodedata.normalize("NFKC", cell).strip()
    bare = text.removesuffix("分").rstrip() if item.type == "score" else text
    if BEYOND.fullmatch(bare) and scale and not _on_scale(float(bare), item):
        return Value(fault=("E-RANGE", f"“{item.label}”超出范围，应填 {_allowed_numbers(item)}；请改正"))
    if not DECIMAL.fullmatch(bare):
        return Value(fault=("E-SCORETEXT", f"“{item.label}”应填 {_allowed_numbers(item)}；请改正"))
    number = float(bare)
    if scale and not _on_scale(number, item):
        return Value(fault=("E-RANGE", f"“{item.label}”超出范围，应填 {_allowed_numbers(item)}；请改正"))
    return Value(number=number, warning="" if bare == text else "W-SUFFIX")


def _day(cell: str, item: Item) -> Value:
    found, numbered = day(cell)
    if found is None or found > date.today():
        return Value(fault=("E-DATE", f"“{item.label}”应写成 2021-06-03 这样的日期，不晚于今天；请改正"))
    return Value(codes=(found.isoformat(),), warning="W-SERIAL" if numbered else "")


def _weight(cell: str, item: Item) -> Value:
    text = unicodedata.normalize("NFKC", cell).strip()
    if not DECIMAL.fullmatch(text) or float(text) <= 0:
        return Value(fault=("E-WEIGHT", f"“{item.label}”应填大于 0 的数；请改正，或整列删去"))
    return Value(number=float(text))


def _on_scale(number: float, item: Item) -> bool:
    scale = item.scale
    assert scale is not None
    if scale.labels:
        return number in scale.labels.values()
    return scale.low <= number <= scale.high


def _allowed_numbers(item: Item) -> str:
    if item.scale is None:
        return "数字"
    ends = f"{item.scale.low:g} 到 {item.scale.high:g} 的数"
    return f"{ends}或{'、'.join(item.scale.labels)}" if item.scale.labels else ends


def _one(cell: str, item: Item, platform: Platform) -> Value:
    label, note = _split_note(cell, platform)
    key = match_key(label)
    code = item.aliases.get(key) or item.former.get(key)
    if code is None:
        return Value(
            fault=("E-OPTION", f"“{item.label}”不是问卷里的选项，应为{_allowed_options(item)}；请改正")
        )
    return Value(codes=(code,), note=note, warning="W-COUNTY" if key in item.former else "")


def _several(cell: str, item: Item, platform: Platform) -> Value:
    parts = [_split_note(part, platform) for part in split_outside(cell, platform)]
    codes = [item.aliases.get(match_key(label)) for label, _ in parts]
    if None in codes:
        return Value(
            fault=("E-OPTION", f"“{item.label}”里有问卷没有的选项，应为{_allowed_options(item)}；请改正")
        )
    note = next((note for _, note in parts if note), "")
    return Value(codes=tuple(code for code in codes if code is not None), note=note)


def split_outside(cell: str, platform: Platform) -> list[str]:
    """Split at the separator, but not inside the brackets that hold a respondent's own words."""
    opening, closing = tuple(platform.other) or ("", "")
    parts, depth = [""], 0
    for character in cell:
        depth += (character == opening) - (character == closing)
        if character in platform.separators and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _split_note(part: str, platform: Platform) -> tuple[str, str]:
    if not platform.other:
        return part.strip(), ""
    opening, closing = tuple(platform.other)
    label, bracket, rest = part.partition(opening)
    return label.strip(), rest.removesuffix(closing).strip() if bracket else ""


def _allowed_options(item: Item) -> str:
    labels = list(item.options.values())
    return "、".join(labels[:SHOWN_OPTIONS]) + ("等" if len(labels) > SHOWN_OPTIONS else "")
