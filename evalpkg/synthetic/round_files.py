"""One demo round: the files that a team would hold after fieldwork, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evalpkg import params
from evalpkg.codebook import Codebook, Item
from evalpkg.codebook import load as load_codebook

from . import (
    answers,
    appeals,
    census,
    export,
    fieldwork,
    firms,
    measures,
    phrases,
    plants,
    population,
    ratings,
    remarks,
    truth,
    world,
)


@dataclass(frozen=True)
class Demo:
    """Files of a round by name, its truth, and the city's."""

    files: dict[str, bytes]
    truth: dict[str, Any]
    city: dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a round is drawn in: reference tables in force, population, true effects."""

    wave: world.Wave
    book: Codebook
    departments: pd.DataFrame
    rules: pd.DataFrame
    districts: list[str]
    chambers: list[str]
    population: pd.DataFrame
    effects: firms.Effects
    seed: int


def draw(round_id: str, root: Path, seed: int) -> Demo:
    """Draw a round with everything in it; `root` may hold reference tables of its own."""
    here = _setting(world.WAVES[round_id], root, seed)
    sample = firms.draw(here.wave, here.population, here.effects, seed)
    bodies = _bodies(here)
    forms, rows = plants.plant(_forms(here, sample, bodies), sample, here.wave, seed)
    register = appeals.register(here.wave, here.districts, bodies.codes, phrases.load(here.departments), seed)
    columns, serial = _columns(here.book, forms)
    files = {
        f"answers_{round_id}.xlsx": export.workbook(export.header(here.book), columns),
        "margins.csv": csv(population.margins(here.wave, here.population)),
        "fieldwork.csv": csv(fieldwork.by_chamber(sample, here.wave, here.chambers, seed)),
        "appeals.csv": csv(register),
    }
    true = _truth(here, bodies, forms, rows, columns, serial) | {
        "appeals": truth.register(register, here.wave.asof.isoformat())
    }
    return Demo(files, true, truth.city(here.effects, seed))


def csv(frame: pd.DataFrame) -> bytes:
    """Print a table as CSV that spreadsheets open in the right encoding."""
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def _setting(wave: world.Wave, root: Path, seed: int) -> Setting:
    book = load_codebook("questionnaire", root, on=wave.start)
    districts = [code for code in book.items["A1"].options if code in world.DISTRICTS]
    chambers = list(book.items["chamber"].options)
    return Setting(
        wave, book, _reference(root, "departments.csv"), _reference(root, "size_rules_2017.csv", numbers=True), districts, chambers,
        population.table(wave, districts), firms.effects(seed, chambers), seed,
    )  # fmt: skip


def material(root: Path) -> phrases.Phrases:
    """Read the patterns of remarks, with the department names of a workspace."""
    return phrases.load(_reference(root, "departments.csv"))


def _reference(root: Path, name: str, numbers: bool = False) -> pd.DataFrame:
    path = params.reference(root, name)
    return pd.read_csv(path, dtype=None if numbers else str, keep_default_na=numbers, encoding="utf-8-sig")


def _bodies(here: Setting) -> ratings.Offices:
    codes = here.departments["code"].tolist()
    mean = ratings.true_means(here.seed, here.wave.id, codes, measures.gains(here.wave))
    return ratings.offices(here.departments, here.population, here.effects, mean, here.wave.trend)


def _forms(here: Setting, sample: firms.Firms, bodies: ratings.Offices) -> plants.Forms:
    wave, seed = here.wave, here.seed
    rated = ratings.draw(sample, wave, bodies, seed)
    profile = firms.profile(sample, wave, here.rules, seed)
    given = answers.draw(
        sample, wave, profile, ratings.spread_of_persons(here.population, here.effects), seed
    )
    texts = remarks.draw(sample, rated, bodies, given, wave, phrases.load(here.departments), seed)
    return plants.Forms(_codes(here, sample, rated, bodies, given), given.ticks, given.skipped, given.blank, texts,
                        fieldwork.draw(sample, wave, seed))  # fmt: skip


def _codes(
    here: Setting, sample: firms.Firms, rated: ratings.Rated, bodies: ratings.Offices, given: answers.Answers
) -> dict[str, np.ndarray]:
    columns = {"mode": "mode", "chamber": "chamber", "A1": "district", "A2": "section", "A6": "size"}
    codes = {code: sample.table[column].to_numpy(dtype=object).copy() for code, column in columns.items()}
    rng = world.generator(here.seed, here.wave.id, "refusals")
    codes["A2"][(rng.random(sample.n) < 0.008) & ~sample.bloc] = world.REFUSED
    for place, department in enumerate(bodies.codes):
        codes[f"B_{department}"] = rated.contact[:, place]
        codes[f"C_{department}"] = rated.rating[:, place]
    return given.codes | codes


def _columns(book: Codebook, forms: plants.Forms) -> tuple[list[list[Any]], np.ndarray]:
    """Columns of the export in the order of submission, and the serial number of each firm."""
    meta = forms.meta
    data: list[list[Any]] = [
        [fieldwork.clock(moment) for moment in meta.moment], [f"{second}秒" for second in meta.seconds],
        meta.source, meta.details, meta.address,
    ]  # fmt: skip
    for _, rows in export.questions(book):
        data.extend(_column(item, forms) for item in rows)
    order = np.argsort(np.array([moment.isoformat() for moment in meta.moment]), kind="stable")
    serial = np.empty(len(order), dtype=int)
    serial[order] = np.arange(1, len(order) + 1)
    return [list(range(1, len(order) + 1)), *([column[i] for i in order] for column in data)], serial


def _column(item: Item, forms: plants.Forms) -> list[Any]:
    if item.type == "multi":
        other = [remark.text for remark in forms.texts.other] if item.other else []
        ticks, skipped, blank = forms.ticks[item.code], forms.skipped[item.code], forms.blank[item.code]
        return export.multiple(item, ticks, skipped, blank, other)
    if item.type == "text":
        texts = {"J1": forms.texts.j1, "J2": forms.texts.j2}[item.code]
        return [remark.text or export.TOKENS[world.BLANK] for remark in texts]
    return export.labels(item, forms.codes[item.code])


def _truth(
    here: Setting,
    bodies: ratings.Offices,
    forms: plants.Forms,
    rows: plants.Planted,
    columns: list[list[Any]],
    serial: np.ndarray,
) -> dict[str, Any]:
    printed = forms.ticks["G1"][:, list(here.book.items["G1"].options).index("OTH")] & ~forms.blank["G1"]
    lines = list(zip(*columns[len(export.META) :], strict=True))
    prints = [truth.fingerprint(list(lines[number - 1])) for number in serial]
    return {
        "returned": here.wave.n, "departments": truth.departments(bodies),
        "city": census.true_values(here.wave, here.population, here.effects, here.rules, here.seed),
        "themes": truth.theme_shares(forms.texts, printed), "planted": truth.planted(rows, forms, serial, prints),
        "remarks": truth.spoken(forms.texts, serial, printed),
    }  # fmt: skip
