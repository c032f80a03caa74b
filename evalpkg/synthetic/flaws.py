"""What makes real remarks untidy: slips of the pen, other characters, and personal data (all invented)."""

from __future__ import annotations

import numpy as np

from .grammar import one
from .phrases import Phrases

Personal = tuple[tuple[str, str], ...]


def slip(text: str, phrases: Phrases, rng: np.random.Generator) -> str:
    """Now and then write a word wrongly, in traditional characters, or end with an emoji."""
    chance = rng.random()
    if chance < 0.040:
        return _replace_one(text, phrases.flaws["typo"], rng)
    if chance < 0.048:
        for old, new in phrases.flaws["traditional"]:
            text = text.replace(old, new)
        return text
    return text + one(phrases.flaws["emoji"], rng)[1] if chance < 0.055 else text


def _replace_one(text: str, pairs: list[tuple[str, str]], rng: np.random.Generator) -> str:
    present = [(old, new) for old, new in pairs if old in text]
    if not present:
        return text
    old, new = one(present, rng)
    return text.replace(old, new, 1)


def sign(text: str, phrases: Phrases, rng: np.random.Generator) -> tuple[str, Personal]:
    """Add personal data as people do; returns the text and the data as (kind, string) pairs."""
    person, number, firm = name(phrases, rng), phone(rng), one(phrases.identities["shop"], rng)
    street = f"{one(phrases.identities['street'], rng)}{rng.integers(1, 199)}号"
    plate, mail = f"豫C·{rng.integers(0, 1000):03d}SH", f"user{rng.integers(1000)}@example.com"
    forms: list[tuple[str, Personal]] = [
        (
            f"我是{firm}的{person}，电话{number}，{text}",
            (("firm", firm), ("name", person), ("phone", number)),
        ),
        (f"{text}，请联系{person}{number}", (("name", person), ("phone", number))),
        (f"{text}。联系电话：{spaced(number)}", (("phone", spaced(number)),)),
        (f"{text}（{street}，{firm}）", (("address", street), ("firm", firm))),
        (f"{firm}：{text}", (("firm", firm),)),
        (f"{text}（我们的车是{plate}）", (("plate", plate),)),
        (f"{text}，详情发{mail}", (("email", mail),)),
        (f"{text}。{person}，身份证{identity(rng)}", ()),
    ]
    chosen, kinds = one(forms, rng, [3, 4, 3, 3, 3, 2, 2, 1])
    if not kinds:
        kinds = (("name", person), ("identity", chosen[-18:]))
    return chosen, kinds


def name(phrases: Phrases, rng: np.random.Generator) -> str:
    """Invent a surname with a title, or a full name that nobody bears."""
    surname = one(phrases.identities["surname"], rng)
    return surname + one(phrases.identities["title" if rng.random() < 0.8 else "given"], rng)


def phone(rng: np.random.Generator) -> str:
    """Invent a mobile number of the form 138 0000 xxxx, as examples use them."""
    return f"{one(('138', '139'), rng)}0000{rng.integers(10_000):04d}"


def spaced(number: str) -> str:
    """Write a mobile number in groups.

    >>> spaced("13800001234")
    '138 0000 1234'
    """
    return f"{number[:3]} {number[3:7]} {number[7:]}"


def identity(rng: np.random.Generator) -> str:
    """Invent an identity number of a county that does not exist (410399), with the right check digit."""
    body = f"410399{rng.integers(1950, 2000)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}{rng.integers(1000):03d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Compute the check digit of the 17 digits of an identity number (GB 11643, ISO 7064 MOD 11-2).

    >>> check_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body))
    return "10X98765432"[total % 11]
