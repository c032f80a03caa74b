"""Forms that are wrong on purpose: a bloc of near-identical ones, speeders, straight-liners, contradictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from . import world
from .fieldwork import Paradata
from .firms import Firms
from .grammar import one
from .remarks import Remark, Remarks
from .world import SKIP

PRAISE = ("各部门服务都很好，非常满意", "没有困难，各方面都非常满意", "环境很好，感谢各级领导")


@dataclass(frozen=True)
class Forms:
    """The filled forms of a round: codes by item, ticks of multi items (with skipped and blank rows), texts, metadata."""

    codes: dict[str, np.ndarray]
    ticks: dict[str, np.ndarray]
    skipped: dict[str, np.ndarray]
    blank: dict[str, np.ndarray]
    texts: Remarks
    meta: Paradata


@dataclass(frozen=True)
class Planted:
    """Rows (positions) of each kind of fault."""

    bloc: np.ndarray
    speeders: np.ndarray
    straight: np.ndarray
    torn: np.ndarray
    exclusive: np.ndarray


def plant(forms: Forms, firms: Firms, wave: world.Wave, seed: int) -> tuple[Forms, Planted]:
    """Overwrite some forms; returns the new forms and which rows were touched."""
    rng = world.generator(seed, wave.id, "plants")
    rows = _choose(forms, firms, rng)
    forms = replace(
        forms,
        codes={code: values.copy() for code, values in forms.codes.items()},
        ticks={code: values.copy() for code, values in forms.ticks.items()},
        skipped={code: values.copy() for code, values in forms.skipped.items()},
    )
    _straighten(forms, np.concatenate([rows.straight, rows.speeders[::2]]), rng)
    forms = replace(forms, meta=_hurry(forms.meta, rows.speeders, rng))
    forms.codes["attn"][rows.speeders[1::3]] = 4
    _tear(forms, rows.torn)
    forms.ticks["G1"][rows.exclusive, -1] = (
        True  # "no difficulties" beside difficulties: possible on paper only
    )
    if len(rows.bloc):
        forms = _bloc(forms, firms, rows.bloc, wave, rng)
    return forms, rows


def _choose(forms: Forms, firms: Firms, rng: np.random.Generator) -> Planted:
    order = rng.permutation(np.flatnonzero(~firms.bloc))
    rated = sum((forms.codes[code] > 0).astype(int) for code in forms.codes if code.startswith("C_"))
    many = np.isin(order, np.flatnonzero(np.asarray(rated) >= 8))
    speeders = order[: round(world.SPEEDERS * firms.n)]
    rest = order[len(speeders) :][many[len(speeders) :]]
    straight, torn = rest[: round(world.STRAIGHT * firms.n)], rest[-2:]
    paper = (firms.table["mode"] == "paper").to_numpy() & ~forms.blank["G1"] & ~forms.ticks["G1"][:, -1]
    exclusive = np.array([row for row in order[::-1] if paper[row]][:2])
    return Planted(
        np.flatnonzero(firms.bloc), np.sort(speeders), np.sort(straight), np.sort(torn), np.sort(exclusive)
    )


def _straighten(forms: Forms, rows: np.ndarray, rng: np.random.Generator) -> None:
    """Give every department (and dimension) that was rated the same score."""
    score = rng.choice([3, 4, 5], size=len(rows), p=[0.25, 0.45, 0.30])
    for code, values in forms.codes.items():
        if code.startswith("C_") or (code[0] in "DE" and code[1:].isdigit()):
            values[rows] = np.where(values[rows] > 0, score, values[rows])


def _hurry(meta: Paradata, rows: np.ndarray, rng: np.random.Generator) -> Paradata:
    seconds = meta.seconds.copy()
    seconds[rows] = rng.integers(18, 111, len(rows))
    return replace(meta, seconds=seconds)


def _tear(forms: Forms, rows: np.ndarray) -> None:
    """Overall 10 of 10, every department at the bottom: one of the two is a slip."""
    forms.codes["F1"][rows] = 10
    for code, values in forms.codes.items():
        if code.startswith("C_"):
            values[rows] = np.where(values[rows] > 0, 1, values[rows])


def _bloc(forms: Forms, firms: Firms, rows: np.ndarray, wave: world.Wave, rng: np.random.Generator) -> Forms:
    """Sixty forms filled by one hand: all best, the same offices but for one or two, minutes apart."""
    same = {
        "A7": 4,
        "A9": 4,
        "attn": 2,
        "F1": 10,
        "F2": 5,
        "F3": 10,
        "F4": 5,
        "G3": 0,
        "G4": SKIP,
        "I1": 0,
        "I2": SKIP,
        "I3": SKIP,
    }
    for code, value in same.items():
        forms.codes[code][rows] = value
    forms.codes["G2"][rows] = SKIP
    _bloc_ratings(forms, rows, rng)
    for number in range(1, 9):
        forms.codes[f"H1_{number}"][rows] = 2
        forms.codes[f"H2_{number}"][rows] = 0 if number in (5, 8) else 3
    forms.codes["F4"][rows[rng.random(len(rows)) < 0.1]] = 4
    for code, option in (("A8", 5), ("G1", 17)):
        forms.ticks[code][rows] = False
        forms.ticks[code][rows, option] = True
        forms.blank[code][rows] = False
    forms.skipped["H3"][rows] = True
    return replace(forms, meta=_burst(forms.meta, rows, wave, rng), texts=_praise(forms.texts, rows, rng))


def _bloc_ratings(forms: Forms, rows: np.ndarray, rng: np.random.Generator) -> None:
    codes = [code[2:] for code in forms.codes if code.startswith("C_")]
    met = np.zeros((len(rows), len(codes)), bool)
    met[:, rng.choice(len(codes), size=14, replace=False)] = True
    for line in met:
        flip = rng.choice(len(codes), size=rng.integers(0, 3), replace=False)
        line[flip] = ~line[flip]
    for place, code in enumerate(codes):
        forms.codes[f"B_{code}"][rows] = met[:, place]
        forms.codes[f"C_{code}"][rows] = np.where(
            met[:, place], np.where(rng.random(len(rows)) < 0.03, 4, 5), SKIP
        )
    for code in (*world.DRIVER_MEANS, *world.ENVIRONMENT_MEANS):
        forms.codes[code][rows] = 5


def _burst(meta: Paradata, rows: np.ndarray, wave: world.Wave, rng: np.random.Generator) -> Paradata:
    start = datetime(wave.start.year, wave.start.month, wave.start.day) + timedelta(days=9, hours=15)
    seconds, moment, address = meta.seconds.copy(), list(meta.moment), list(meta.address)
    seconds[rows] = rng.integers(50, 111, len(rows))
    for row, minute in zip(rows.tolist(), np.sort(rng.uniform(0, 140, len(rows))), strict=True):
        moment[row] = start + timedelta(seconds=int(minute * 60))
        address[row] = "203.0.113.77(河南-洛阳)"
    return replace(meta, seconds=seconds, moment=moment, address=address)


def _praise(texts: Remarks, rows: np.ndarray, rng: np.random.Generator) -> Remarks:
    j1, j2 = list(texts.j1), list(texts.j2)
    for row in rows.tolist():
        j1[row] = Remark(one(PRAISE, rng), "praise", planted="bloc") if rng.random() < 0.5 else Remark()
        j2[row] = Remark()
    return replace(texts, j1=j1, j2=j2)
