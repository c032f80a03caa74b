"""Rewrite what matplotlib draws as a small inline SVG: real text, colours as CSS variables, own ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple
from xml.etree import ElementTree as ET

from evalpkg.figures.fonts import STACK
from evalpkg.figures.palette import COLOURS
from evalpkg.fragment import escape

NAMES = {value: name for name, value in COLOURS.items()}
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-0\b")
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
KEPT = ("fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "text-anchor")


class Words(NamedTuple):
    """One line of text; a halo in the colour of its ground keeps lines off its letters."""

    text: str
    halo: str = ""


class Leaf(NamedTuple):
    """One thing drawn: what it is, how it looks, and what is left of it."""

    kind: str
    style: str
    body: str


def compact(source: bytes, texts: Mapping[str, Words], label: str, prefix: str) -> str:
    """Return the drawing as `<svg role="img">`.

    Parameters
    ----------
    source : bytes
        SVG as matplotlib writes it, drawn without clipping.
    texts : mapping
        Group id -> the words to print there. matplotlib only saw a stand-in, so neither a character that its
        font lacks nor a `$` can disturb it.
    label : str
        One full sentence that says what is seen, for readers who hear the page.
    prefix : str
        Beginning of every id, unique in the page.
    """
    root = ET.fromstring(source)
    ids = _marker_ids(root, prefix)
    leaves = list(_leaves(root, texts, ids, Words("")))
    body = "".join(
        _group(kind, style, [leaf.body for leaf in run]) for (kind, style), run in groupby(leaves, _look)
    )
    width, height = root.attrib["viewBox"].split()[2:]
    size = f'width="{_short(width)}" height="{_short(height)}" viewBox="0 0 {_short(width)} {_short(height)}"'
    return (
        f'<svg class="fig" role="img" aria-label="{escape(label)}" {size} font-family="{STACK}">{body}</svg>'
    )


def _look(leaf: Leaf) -> tuple[str, str]:
    return leaf.kind, leaf.style


def _marker_ids(root: ET.Element, prefix: str) -> dict[str, str]:
    """Give each marker that is used a short id; equal markers have equal ids already."""
    used = dict.fromkeys(use.attrib[XLINK][1:] for use in root.iter(f"{SVG}use"))
    return {old: f"{prefix}-{number}" for number, old in enumerate(used)}


def _leaves(
    node: ET.Element, texts: Mapping[str, Words], ids: Mapping[str, str], words: Words, *, defs: bool = False
) -> Iterator[Leaf]:
    words = texts.get(node.get("id", ""), words)
    for child in node:
        tag = child.tag.removeprefix(SVG)
        if tag in ("g", "defs"):
            yield from _leaves(child, texts, ids, words, defs=tag == "defs")
        elif defs and tag == "path" and child.get("id") in ids:
            yield Leaf("def", "", f'<path id="{ids[child.attrib["id"]]}" d="{_path(child)}"/>')
        elif not defs and tag in ("path", "use", "text"):
            halo = _halo(words.halo) if tag == "text" and words.halo else ""
            yield Leaf(tag, _style(child.get("style", "")) + halo, _body(tag, child, ids, words.text))


def _body(tag: str, node: ET.Element, ids: Mapping[str, str], words: str) -> str:
    if tag == "path":
        return _path(node)
    place = f'x="{_short(node.attrib["x"])}" y="{_short(node.attrib["y"])}"'
    if tag == "use":
        return f'<use href="#{ids[node.attrib[XLINK][1:]]}" {place}/>'
    return f"<text {place}>{escape(words)}</text>"


def _group(kind: str, style: str, bodies: list[str]) -> str:
    """Write one run of things that look alike: lines as one path, the rest in one `<g>`."""
    if kind == "def":
        return f"<defs>{''.join(bodies)}</defs>"
    if kind == "path":
        return f'<path style="{style}" d="{"".join(bodies)}"/>'
    if len(bodies) == 1:
        return re.sub(r"^<(\w+)", rf'<\1 style="{style}"', bodies[0])
    return f'<g style="{style}">{"".join(bodies)}</g>'


def _path(node: ET.Element) -> str:
    """Return the path's data without blanks that mean nothing."""
    data = re.sub(r"\s+", " ", _short(node.attrib["d"])).strip()
    return re.sub(r" ?([A-Za-z]) ?", r"\1", data).replace(" -", "-")


def _style(style: str) -> str:
    """Keep what the eye can tell, with colours as variables that dark mode may change."""
    given = dict(part.split(": ", 1) for part in style.split("; ") if ": " in part)
    if given.get("stroke-opacity") == "0":
        given.pop("stroke")
    if given.get("text-anchor") == "start":
        given.pop("text-anchor")
    return ";".join(f"{key}:{_value(given[key])}" for key in KEPT if key in given)


def _halo(colour: str) -> str:
    return f";stroke:{_value(COLOURS[colour])};stroke-width:4;paint-order:stroke"


def _value(value: str) -> str:
    if value.startswith("#"):
        return f"var(--{NAMES[value]},{value})"  # a colour outside the palette is an error
    return _short(value)


def _short(text: str) -> str:
    """Write numbers with at most two decimals: a hundredth of a pixel cannot be seen."""
    return NUMBER.sub(lambda match: _trim(float(match[0])), text)


def _trim(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
