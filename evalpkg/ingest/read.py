"""Read the raw exports of a round into typed answers that no longer know whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evalpkg import codebook as codebooks
from evalpkg.codebook import NUMERIC, Codebook, Item, token_key
from evalpkg.ingest import quality
from evalpkg.ingest.headers import Columns, Platform, load_platform, match_columns
from evalpkg.ingest.problems import InputRefused, Problem, stop_if_refused
from evalpkg.ingest.sheet import Sheet, read_sheet
from evalpkg.ingest.values import BLANK, Value, parse
from evalpkg.params import Round, bundle
from evalpkg.privacy import redact

REASONS = {"NA_NC": "not_dealt_with", "NA_DK": "dont_know", "NA_REF": "refused"}


@dataclass(frozen=True)
class Intake:
    """Answers of a round, one row a questionnaire, numbered 1..n in an order that tells nothing.

    `responses`: a column an item (codes as text, numbers as float, options of a multiple choice as ``G1.FIN`` 0/1).
    `ratings`, `contact`, `reasons`: respondents x departments; raw scale, gate code, and why there is no rating
    (``rated not_dealt_with dont_know refused blank``). `remarks`: rid, item, text with personal data masked.
    `counts`: questionnaires read, kept, identifying columns dropped. `flags`: rid x reason, True where only the raw
    file can tell that a form was filled in suspiciously; see `evalpkg.ingest.quality`.
    """

    responses: pd.DataFrame
    ratings: pd.DataFrame
    contact: pd.DataFrame
    reasons: pd.DataFrame
    remarks: pd.DataFrame
    problems: tuple[Problem, ...]
    counts: dict[str, int]
    flags: pd.DataFrame = field(default_factory=pd.DataFrame)


def read(round_: Round) -> Intake:
    """Read every export of a round.

    Raises
    ------
    InputRefused
        No file, or a file that cannot be read truthfully; nothing is read then.
    """
    book = codebooks.load(round_.codebook, round_.root, round_.period.end)
    paths = sorted({path for pattern in round_.files for path in round_.raw.glob(pattern)})
    if not paths:
        where = f"data/raw/{round_.id}/"
        raise InputRefused(
            [Problem("E-NOFILE", where, f"没有答卷文件（{'、'.join(round_.files)}）；请把导出的文件放进来")]
        )
    return _intake(paths, book, round_.root, round_.seed_for("order"))


def read_file(path: str | Path, codebook: Codebook | str | Path) -> Intake:
    """Read one export by a codebook (an object, a name, or a path to its YAML), without a round."""
    book = codebook if isinstance(codebook, Codebook) else codebooks.load(codebook, _root_of(codebook))
    return _intake([Path(path)], book, bundle(), seed=0)


def _root_of(codebook: str | Path) -> Path:
    """Find the workspace a codebook file is kept in: it refers to that workspace's reference files."""
    parents = Path(codebook).resolve().parents
    inside = len(parents) > 3 and parents[1].name == "reference" and parents[2].name == "data"
    return parents[3] if inside else bundle()


def _intake(paths: list[Path], book: Codebook, root: Path, seed: int) -> Intake:
    platform = load_platform(root)
    parts, problems, dropped = [], [], 0
    for path in paths:
        sheet = read_sheet(path)
        columns = match_columns(sheet, book, platform)
        problems += columns.problems
        dropped += columns.dropped
        stop_if_refused(columns.problems)
        parts.append(_parsed(sheet, columns, book, platform, problems))
    stop_if_refused(problems)
    values = _stacked([part.values for part in parts], Value(missing="NA_SKIP"))
    told = quality.flags(pd.concat([part.paradata for part in parts], ignore_index=True), values, book)
    problems += told.problems
    cells = _anonymous(_stacked([part.cells for part in parts], ""), told.table, seed)
    counts = {"read": len(cells), "kept": len(cells), "dropped": dropped}
    order = cells.index
    return _assembled(cells, values.loc[order], told.table.loc[order], book, problems, counts)


@dataclass(frozen=True)
class _Part:
    cells: pd.DataFrame  # text as it stood, a column an item
    values: pd.DataFrame  # the same as Value objects; text items are left out
    paradata: pd.DataFrame  # clock, duration, address: read by quality.flags, then dropped


def _parsed(
    sheet: Sheet, columns: Columns, book: Codebook, platform: Platform, problems: list[Problem]
) -> _Part:
    grid = np.array(sheet.rows, dtype=object)
    cells = pd.DataFrame({code: grid[:, column] for code, column in columns.items.items()}, dtype=object)
    values = {}
    for code, column in columns.items.items():
        item = book.items[code]
        if item.type != "text":
            values[code] = _parsed_column(cells[code], item, book, platform)
            problems += _faults(values[code], sheet, column)
    told = quality.paradata(sheet, columns)
    problems += told.problems
    return _Part(cells, pd.DataFrame(values, index=cells.index, dtype=object), told.table)


def _parsed_column(cells: pd.Series, item: Item, book: Codebook, platform: Platform) -> pd.Series:
    # A thousand answers hold a handful of different cells: each is read once.
    known = {cell: parse(cell, item, book, platform) for cell in cells.unique()}
    return cells.map(known)


def _faults(values: pd.Series, sheet: Sheet, column: int) -> Iterable[Problem]:
    for row, value in enumerate(values):
        if value.fault:
            yield Problem(value.fault[0], sheet.place(row, column), value.fault[1])


def _stacked(frames: list[pd.DataFrame], absent: Any) -> pd.DataFrame:
    """Put files one below the other; an optional question that one of them lacks was not asked there."""
    whole = pd.concat(frames, ignore_index=True)
    return whole.where(whole.notna(), absent) if whole.isna().any(axis=None) else whole


def _anonymous(cells: pd.DataFrame, flags: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Sort by content and shuffle by the seed, so that neither order nor number leads back to the export.

    Forms that answer alike to the last letter are told apart by their flags alone, not by which came first.
    """
    content = cells[sorted(cells.columns)].agg("\x1f".join, axis=1)
    told = flags.astype(str).agg("".join, axis=1) if len(flags.columns) else ""
    keys = pd.DataFrame({"content": content, "told": told})
    order = keys.sort_values(["content", "told"], kind="stable").index.to_numpy()
    return cells.loc[order[np.random.default_rng(seed).permutation(len(order))]]


def _assembled(
    cells: pd.DataFrame,
    values: pd.DataFrame,
    flags: pd.DataFrame,
    book: Codebook,
    problems: list[Problem],
    counts: dict[str, int],
) -> Intake:
    rid = pd.RangeIndex(1, len(cells) + 1, name="rid")
    cells, values, flags = cells.set_axis(rid), values.set_axis(rid), flags.set_axis(rid)
    present = [item for item in book.items.values() if item.code in values]
    plain = [item for item in present if not item.department and item.role != "ignore"]
    responses = (
        pd.concat([_columns(values[item.code], item) for item in plain], axis=1)
        if plain
        else pd.DataFrame(index=rid)
    )
    contact, ratings, reasons, contradicted = _department_frames(values, book, rid)
    if contradicted:
        problems.append(
            Problem(
                "W-GATE",
                "全部答卷",
                f"有 {contradicted} 处答“没有打过交道”却打了分，按没有打过交道处理，不计分",
            )
        )
    remarks = _remarks(cells, values, book)
    return Intake(responses, ratings, contact, reasons, remarks, tuple(problems), counts, flags)


def _columns(values: pd.Series, item: Item) -> pd.DataFrame:
    if item.type in NUMERIC:
        return pd.DataFrame(
            {item.code: values.map(lambda v: np.nan if v.number is None else v.number).astype(float)}
        )
    if item.type == "multi":
        return pd.DataFrame({f"{item.code}.{option}": values.map(_ticked(option)) for option in item.options})
    codes = values.map(lambda v: v.codes[0] if v.codes else None)
    return pd.DataFrame({item.code: codes.astype("str").where(codes.notna())})


def _ticked(option: str) -> Callable[[Value], float]:
    return lambda value: float(option in value.codes) if value.codes else np.nan


def _department_frames(
    values: pd.DataFrame, book: Codebook, rid: pd.RangeIndex
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, int]:
    gates = {item.department: item for item in book.by_role("gate")}
    contact, ratings, reasons, contradicted = {}, {}, {}, 0
    for item in book.by_role("rating"):
        if item.code not in values:
            continue
        scores = values[item.code]
        given = scores.map(lambda v: np.nan if v.number is None else v.number).astype(float)
        why = scores.map(
            lambda v: "rated" if v.number is not None else REASONS.get(v.missing, "blank")
        ).astype("str")
        gate = gates.get(item.department)
        dealt = _dealt(values[gate.code]) if gate and gate.code in values else _implied(why)
        avoided = (dealt == 0) & (why != "not_dealt_with")
        contradicted += int((avoided & given.notna()).sum())
        contact[item.department] = dealt
        ratings[item.department] = given.mask(dealt == 0)
        reasons[item.department] = why.mask(avoided, "not_dealt_with")
    frames = [pd.DataFrame(columns, index=rid) for columns in (contact, ratings, reasons)]
    return frames[0], frames[1], frames[2], contradicted


def _dealt(values: pd.Series) -> pd.Series:
    return values.map(lambda v: np.nan if v.number is None else v.number).astype(float)


def _implied(why: pd.Series) -> pd.Series:
    """Contact where no gate was asked: those who rate, or have no opinion, dealt with the department."""
    return why.map({"rated": 1.0, "dont_know": 1.0, "not_dealt_with": 0.0}).astype(float)


def _remarks(cells: pd.DataFrame, values: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    texts = {item.code: cells[item.code] for item in book.by_role("remark") if item.code in cells}
    for item in book.items.values():
        if item.other and item.code in values:
            texts[item.other] = values[item.code].map(lambda v: v.note)
    rows = [
        (rid, code, redact(text).text)
        for code, column in texts.items()
        for rid, text in column.items()
        if text.strip() and book.missing.get(token_key(text)) not in BLANK
    ]
    table = pd.DataFrame(rows, columns=["rid", "item", "text"])
    return table.sort_values(["rid", "item"], ignore_index=True)
