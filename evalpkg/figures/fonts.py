"""Widths of text in the bundled font; the reader's own font draws the letters, so each leaves some slack."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from matplotlib.ft2font import FT2Font, LoadFlags

SANS = Path(__file__).parents[1] / "fonts" / "EvalpkgSansSC-Regular.otf"
STACK = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif"
SLACK = 1.06  # the reader's font is not ours; Latin letters differ by up to this much
BOLD = 1.07  # bold figures and Latin letters are wider, Chinese characters are not
SMALLEST = 12.0
CLOSING = tuple("，、；：。）”？！%")


@cache
def _face() -> FT2Font:
    return FT2Font(str(SANS))


@cache
def _advance(character: str) -> float:
    """Return the width of one character in ems; one the font lacks counts as a full square."""
    face = _face()
    if face.get_char_index(ord(character)) == 0:
        return 1.0
    return float(face.load_char(ord(character), flags=LoadFlags.NO_SCALE).horiAdvance / face.units_per_EM)


def covered(text: str) -> str:
    """Return `text` with every character the bundled font lacks replaced by a full-width one.

    Examples
    --------
    >>> covered("瀍河")
    '瀍河'
    """
    return "".join(c if _face().get_char_index(ord(c)) else "国" for c in text)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of `text` in px at `size` px, slack included.

    Examples
    --------
    >>> round(width("税务局", 14), 1)
    44.5
    """
    advances = ((_advance(c), c) for c in text)
    return size * SLACK * sum(a * (BOLD if bold and c.isascii() else 1.0) for a, c in advances)


def fit(text: str, size: float, room: float, *, lines: int = 2) -> tuple[float, tuple[str, ...]]:
    """Return the size and the lines that bring `text` into `room` px.

    One line at `size`, else up to `lines` lines at the smallest size of the design; what is still too long
    ends in an ellipsis.

    Examples
    --------
    >>> fit("生态环境局", 14, 100)
    (14, ('生态环境局',))
    >>> fit("土地、厂房等要素难以取得", 14, 100)
    (12.0, ('土地、厂房等要', '素难以取得'))
    """
    if width(text, size) <= room:
        return size, (text,)
    pieces: list[str] = []
    while text and len(pieces) < lines:
        piece = _head(text, room)
        if len(pieces) == lines - 1 and piece != text:
            piece = _head(text, room - width("…", SMALLEST)) + "…"
        pieces.append(piece)
        text = text[len(piece) :]
    return SMALLEST, tuple(pieces)


def _head(text: str, room: float) -> str:
    """Return the longest beginning that fits, not leaving a closing mark for the next line."""
    end = len(text)
    while end > 1 and width(text[:end], SMALLEST) > room:
        end -= 1
    return text[: end - 1] if end > 1 and text[end : end + 1] in CLOSING and end < len(text) else text[:end]
