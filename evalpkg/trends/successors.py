"""What became of a district or a department between two rounds: renamed, merged, split, new, gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from evalpkg.params import ParamsError, reference

DISTRICTS, DEPARTMENTS = ("districts.csv", "unit"), ("departments.csv", "code")
SEVERAL = ";"  # between the successors of a unit that was split


@dataclass(frozen=True)
class Crosswalk:
    """Hold which units of an earlier round stand for each unit of this one.

    `sources`: unit -> earlier units, of which none went anywhere else; `reasons`: unit -> a Chinese clause on why it cannot
    be compared; `gone`: earlier units without a successor.
    """

    sources: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, str]
    gone: tuple[str, ...]


def crosswalk(
    root: Path,
    file: tuple[str, str],
    now: Iterable[str],
    before: Iterable[str],
    on: date,
    names: Mapping[str, str],
) -> Crosswalk:
    """Match the units of this round with those of an earlier one by the successors that the reference file states.

    Parameters
    ----------
    root
        Folder of the workspace.
    file
        `DISTRICTS` or `DEPARTMENTS`: name of the file and its column of codes; `valid_to` and `successor` where it has them.
    now, before
        Codes of the two rounds.
    on
        End of this round's period: a unit that ended later has not ended yet.
    names
        Labels for the reasons.

    Notes
    -----
    A unit that was split into several can be compared with none of them, for nobody says who went where; so is a unit that
    took in a part of another.
    """
    here, there = list(dict.fromkeys(now)), list(dict.fromkeys(before))
    after = {code: heirs for code, heirs in _after(root, file, on).items() if code not in here}
    heirs = {code: _heirs(code, after, set(here)) for code in there}
    sources: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, str] = {}
    for code in here:
        own = tuple(old for old in there if code in heirs[old])
        parted = [old for old in own if len(heirs[old]) > 1]
        if not own:
            reasons[code] = "上一轮没有，本轮才有"
        elif parted:
            reasons[code] = f"由{'、'.join(names.get(old, old) for old in parted)}分出，上一轮没有单独的数"
        else:
            sources[code] = own
    return Crosswalk(sources, reasons, tuple(old for old in there if not heirs[old]))


def _heirs(code: str, after: Mapping[str, tuple[str, ...]], here: set[str]) -> tuple[str, ...]:
    """Follow the successors of a unit to those that there are now."""
    found, queue, seen = list[str](), [code], set[str]()
    while queue:
        at = queue.pop(0)
        if at in here:
            found.append(at)
        elif at not in seen:  # a circle ends as well
            seen.add(at)
            queue += after.get(at, ())
    return tuple(dict.fromkeys(found))


def _after(root: Path, file: tuple[str, str], on: date) -> dict[str, tuple[str, ...]]:
    """Read the successors of the units that had ended by a day; a file without those columns states none."""
    name, column = file
    try:
        table = pd.read_csv(reference(root, name), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ParamsError:
        return {}
    if not {column, "valid_to", "successor"} <= set(table.columns):
        return {}
    ended = table[
        (table["valid_to"] != "") & (table["valid_to"] <= on.isoformat()) & (table["successor"] != "")
    ]
    return {
        code: tuple(part.strip() for part in heirs.split(SEVERAL) if part.strip())
        for code, heirs in zip(ended[column], ended["successor"], strict=True)
    }
