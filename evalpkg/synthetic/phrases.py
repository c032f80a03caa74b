"""The material of remarks: sentence patterns by theme, by department, and what surrounds a complaint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import world
from .grammar import one, say

FOLDER = Path(__file__).parent
LEADS = {  # themes that a department answers for
    "D01": ("POL",), "D03": ("INNO",), "D04": ("INNO", "POL"), "D05": ("PARK", "LOG"), "D06": ("LEGAL",), "D07": ("ARR", "POL", "COMP"),
    "D08": ("LAB",), "D09": ("LAND",), "D10": ("ENV",), "D11": ("LAND", "ARR"), "D12": ("PARK", "SIGN"), "D13": ("LOG",),
    "D19": ("INSP",), "D20": ("APPR", "INSP", "COMP"), "D22": ("FIN",), "D24": ("APPR",), "D26": ("TAX",), "D27": ("FIN",),
    "D28": ("FIN",), "D29": ("LEGAL", "ARR"), "D30": ("LEGAL",), "D31": ("INSP",), "D33": ("UTIL",), "D34": ("UTIL",),
    "D35": ("UTIL",),
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A problem in one sentence; `phase` is the round around which people put it this way, NaN = at any time."""

    text: str
    phase: float
    departments: tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    """Patterns: `cores` by theme, `around` by (theme or "", slot), `matters` by department, `flaws` by kind."""

    cores: dict[str, list[Pattern]]
    around: dict[tuple[str, str], list[str]]
    matters: dict[str, list[str]]
    flaws: dict[str, list[tuple[str, str]]]
    identities: dict[str, list[str]]
    names: dict[str, list[str]]


def load(departments: pd.DataFrame) -> Phrases:
    """Read the pattern files of the package; `departments` gives names and aliases."""
    complaints, asides, matters = _csv("complaints.csv"), _csv("asides.csv"), _csv("matters.csv")
    cores: dict[str, list[Pattern]] = {}
    around: dict[tuple[str, str], list[str]] = {}
    for theme, slot, phase, about, text in complaints.to_numpy(dtype=str).tolist():
        if slot == "core":
            known = tuple(code for code in about.split(";") if code)
            cores.setdefault(theme, []).append(Pattern(text, float(phase or "nan"), known))
        else:
            around.setdefault((theme, slot), []).append(text)
    for slot, text in asides.to_numpy(dtype=str).tolist():
        around.setdefault(("", slot), []).append(text)
    flaws = {
        kind: list(zip(part["from"], part["to"], strict=True))
        for kind, part in _csv("flaws.csv").groupby("kind")
    }
    identities = {slot: part["text"].tolist() for slot, part in _csv("identities.csv").groupby("slot")}
    by_department = {code: part["text"].tolist() for code, part in matters.groupby("department")}
    return Phrases(cores, around, by_department, flaws, identities, _names(departments))  # type: ignore[arg-type]


def _csv(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, dtype=str, keep_default_na=False, encoding="utf-8")


def _names(departments: pd.DataFrame) -> dict[str, list[str]]:
    """Ways to name each department: mostly the short name, often an alias, rarely the full title."""
    column = "official_name_2021" if "official_name_2021" in departments else "official"
    names = {}
    for row in departments.to_dict("records"):
        aliases = [alias for alias in row["aliases"].split(";") if alias]
        names[row["code"]] = (
            [row["short"]] * max(len(aliases), 1) + aliases + [row[column]] * (len(aliases) > 2)
        )
    return names


def core(phrases: Phrases, theme: str, round_id: str, rng: np.random.Generator, department: str = "") -> str:
    """Say one problem of a theme the way people of that round say it."""
    pool = phrases.cores[theme]
    if department:
        own = [pattern for pattern in pool if department in pattern.departments]
        pool = own or [pattern for pattern in pool if not pattern.departments] or pool
    return say(one(pool, rng, [phase_weight(pattern.phase, round_id) for pattern in pool]).text, rng)


def phase_weight(phase: float, round_id: str) -> float:
    """How usual a wording is in a round: most in fashion at its phase, never quite gone."""
    if np.isnan(phase):
        return 1.0
    return 0.25 + 1.5 * float(np.exp(-(((world.number_of(round_id) - phase) / 1.3) ** 2)))


def aside(phrases: Phrases, slot: str, rng: np.random.Generator, theme: str = "") -> str:
    """Say something around a complaint: opening, effect, wish, closing and the like."""
    return say(one(phrases.around[theme, slot], rng), rng)
