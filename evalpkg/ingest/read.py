"""Read the raw exports of a round into typed answers that no longer know whose they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import codebook as codebooks
from evalpkg.codebook import NUMERIC, Codebook, Item, token_key
from evalpkg.ingest import quality
from evalpkg.ingest.answers import Answers
from evalpkg.ingest.mapping import Mapped, read_mapping
from evalpkg.ingest.part import Part, read_part
from evalpkg.ingest.problems import InputRefused, Problem, stop_if_refused
from evalpkg.ingest.values import BLANK, Value
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
    _refuse_copies(paths)
    mapped = read_mapping(round_.root / "params" / round_.mapping, book) if round_.mapping else None
    return _intake(paths, book, round_.root, round_.seed_for("order"), round_.platform, mapped)


def _refuse_copies(paths: list[Path]) -> None:
    """Refuse the same file under two names: every respondent in it would count twice."""
    first: dict[bytes, Path] = {}
    for path in paths:
        same = first.setdefault(sha256(path.read_bytes()).digest(), path)
        if same != path:
            said = f"与 {same.name} 是同一个文件，每份答卷会算两次；请移走一个"
            raise InputRefused([Problem("E-TWICE", path.name, said)])


def read_file(
    path: str | Path,
    codebook: Codebook | str | Path,
    *,
    platform: str = "",
    mapping: str | Path | None = None,
    least: int = 0,
) -> Intake:
    """Read one export by a codebook, without a round.

    Parameters
    ----------
    path
    codebook
        An object, a name, or a path to its YAML.
    platform
        Name of a description in ``data/reference/platforms``; where omitted the file is recognised by its header.
    mapping
        Path of a mapping file, see `evalpkg.ingest.mapping.read_mapping`.
    least
        Forms below which the file is refused: fewer than k could never be told of.

    Raises
    ------
    InputRefused
        The file cannot be read truthfully.
    """
    book = codebook if isinstance(codebook, Codebook) else codebooks.load(codebook, _root_of(codebook))
    mapped = read_mapping(Path(mapping), book) if mapping else None
    intake = _intake([Path(path)], book, bundle(), 0, platform, mapped)
    if len(intake.responses) < least:
        said = f"只有 {len(intake.responses)} 份答卷，不足 {least} 份，任何数字都不能公布；请补充答卷"
        raise InputRefused([Problem("E-BELOWK", Path(path).name, said)], len(intake.responses))
    return intake


def _root_of(codebook: str | Path) -> Path:
    """Find the workspace a codebook file is kept in: it refers to that workspace's reference files."""
    parents = Path(codebook).resolve().parents
    inside = len(parents) > 3 and parents[1].name == "reference" and parents[2].name == "data"
    return parents[3] if inside else bundle()


def _intake(
    paths: list[Path], book: Codebook, root: Path, seed: int, platform: str = "", mapped: Mapped | None = None
) -> Intake:
    key = secrets.token_bytes()  # of this reading alone: nobody can hash an address again
    parts = [read_part(path, book, root, platform, mapped, key) for path in paths]
    problems = [problem for part in parts for problem in part.problems]
    stop_if_refused(problems, sum(part.forms for part in parts))
    given = _stacked(parts)
    told = quality.flags(pd.concat([part.paradata for part in parts], ignore_index=True), given, book)
    problems += told.problems
    # An optional question that one of the files lacks was not asked there.
    texts = pd.concat([part.texts for part in parts], ignore_index=True).fillna("")
    order = _anonymous(texts, given, told.table, seed)
    counts = {"read": len(texts), "kept": len(texts), "dropped": sum(part.dropped for part in parts)}
    given = {code: answers.take(order) for code, answers in given.items()}
    return _assembled(texts.iloc[order], given, told.table.iloc[order], book, problems, counts)


def _stacked(parts: list[Part]) -> dict[str, Answers]:
    """Put files one below the other."""
    codes = dict.fromkeys(code for part in parts for code in part.given)
    return {
        code: Answers.stacked([part.given.get(code, Answers.absent(len(part.texts))) for part in parts])
        for code in codes
    }


def _anonymous(
    texts: pd.DataFrame, given: Mapping[str, Answers], flags: pd.DataFrame, seed: int
) -> NDArray[np.intp]:
    """Sort by content and shuffle by the seed, so that neither order nor number leads back to the export.

    Forms that answer alike to the last letter are told apart by their flags alone, not by which came first.
    """
    content = {code: answers.ranks for code, answers in given.items()}
    content |= {str(code): pd.factorize(texts[code], sort=True)[0] for code in texts}
    keys = [content[code] for code in sorted(content)] + [flags[name].to_numpy() for name in flags]
    order = np.lexsort(keys[::-1]) if keys else np.arange(len(texts))  # the last key counts first
    return np.asarray(order[np.random.default_rng(seed).permutation(len(order))])


def _assembled(
    texts: pd.DataFrame,
    given: dict[str, Answers],
    flags: pd.DataFrame,
    book: Codebook,
    problems: list[Problem],
    counts: dict[str, int],
) -> Intake:
    rid = pd.RangeIndex(1, len(texts) + 1, name="rid")
    texts, flags = texts.set_axis(rid), flags.set_axis(rid)
    present = [item for item in book.items.values() if item.code in given]
    plain = [item for item in present if not item.department and item.role != "ignore"]
    columns = [_columns(given[item.code], item) for item in plain]
    responses = pd.DataFrame({name: column for one in columns for name, column in one.items()}, index=rid)
    contact, ratings, reasons, contradicted = _department_frames(given, book, rid)
    if contradicted:
        problems.append(
            Problem(
                "W-GATE",
                "全部答卷",
                f"有 {contradicted} 处答“没有打过交道”却打了分，按没有打过交道处理，不计分",
            )
        )
    remarks = _remarks(texts, given, book)
    return Intake(responses, ratings, contact, reasons, remarks, tuple(problems), counts, flags)


def _columns(answers: Answers, item: Item) -> dict[str, Any]:
    """Give the columns of an item, (n,) each."""
    if item.type in NUMERIC:
        return {item.code: answers.numbers}
    if item.type == "multi":
        return {f"{item.code}.{option}": answers.holds(option) for option in item.options}
    return {item.code: pd.array(answers.first, dtype="str")}


def _department_frames(
    given: Mapping[str, Answers], book: Codebook, rid: pd.RangeIndex
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, int]:
    gates = {item.department: item for item in book.by_role("gate")}
    contact, ratings, reasons, contradicted = {}, {}, {}, 0
    for item in book.by_role("rating"):
        if item.code not in given:
            continue
        scores, gate = given[item.code], gates.get(item.department)
        why = scores.each(lambda v: "rated" if v.number is not None else REASONS.get(v.missing, "blank"))
        dealt = given[gate.code].numbers if gate and gate.code in given else scores.each(_implied, float)
        avoided = (dealt == 0) & (why != "not_dealt_with")
        contradicted += int((avoided & ~np.isnan(scores.numbers)).sum())
        contact[item.department] = dealt
        ratings[item.department] = np.where(dealt == 0, np.nan, scores.numbers)
        reasons[item.department] = pd.array(np.where(avoided, "not_dealt_with", why), dtype="str")
    frames = [pd.DataFrame(columns, index=rid) for columns in (contact, ratings, reasons)]
    return frames[0], frames[1], frames[2], contradicted


def _implied(value: Value) -> float:
    """Contact where no gate was asked: those who rate, or have no opinion, dealt with the department."""
    if value.number is not None or REASONS.get(value.missing) == "dont_know":
        return 1.0
    return 0.0 if REASONS.get(value.missing) == "not_dealt_with" else np.nan


def _remarks(answers: pd.DataFrame, given: Mapping[str, Answers], book: Codebook) -> pd.DataFrame:
    texts: dict[str, Any] = {
        item.code: answers[item.code] for item in book.by_role("remark") if item.code in answers
    }
    for item in book.items.values():
        if item.other and item.code in given:
            note = given[item.code].each(lambda value: value.note)
            own = texts.get(item.other, "")  # where a platform has a column for the words of "other"
            texts[item.other] = np.where(note != "", note, own)
    rows = [
        (rid, code, text)
        for code, column in texts.items()
        for rid, text in zip(answers.index, column, strict=True)
        if text.strip() and book.missing.get(token_key(text)) not in BLANK
    ]
    masked = {text: redact(text).text for text in {text for _, _, text in rows}}
    table = pd.DataFrame(rows, columns=["rid", "item", "text"])
    return table.assign(text=table["text"].map(masked)).sort_values(["rid", "item"], ignore_index=True)
