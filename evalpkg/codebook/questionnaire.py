"""A codebook file -> items with their options and scales, departments, and ways of not answering."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evalpkg.codebook.declared import CodebookSpec, ItemSpec, OptionsFile
from evalpkg.codebook.sizing import Sizing, bands, sizing
from evalpkg.params import ParamsError, read_yaml, reference, validated

NUMERIC = ("score", "ordinal", "integer")


@dataclass(frozen=True)
class Scale:
    """A numeric scale; `anchors` grades single points (100/80/60/40/20), else 0-100 is linear between the ends."""

    low: float
    high: float
    labels: dict[str, float] = field(default_factory=dict)
    anchors: dict[float, float] = field(default_factory=dict)

    def to100(self, x: Any) -> np.ndarray:
        """Put raw scores on 0-100 (100 = best).

        >>> Scale(1, 5).to100([1, 3, 5]).tolist()
        [0.0, 50.0, 100.0]
        """
        values = np.asarray(x, dtype=float)
        if self.anchors:
            graded: np.ndarray = np.vectorize(lambda v: self.anchors.get(v, np.nan), otypes=[float])(values)
            return graded
        return (values - self.low) / (self.high - self.low) * 100


@dataclass(frozen=True)
class Item:
    """One answerable thing: a question, or one row of a matrix question (`parent` is the matrix)."""

    code: str
    title: str
    label: str
    type: str
    role: str
    row: str = ""
    parent: str = ""
    department: str = ""
    gate: str = ""
    options: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    scale: Scale | None = None
    missing: tuple[str, ...] = ()
    exclusive: str = ""
    other: str = ""
    optional: bool = False
    also: tuple[str, ...] = ()
    number: int | None = None
    printed: tuple[str, ...] = ()
    former: dict[str, str] = field(default_factory=dict)
    bands: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def titles(self) -> tuple[str, ...]:
        """Every title under which an export may have the item, that of the questionnaire first."""
        return (self.title, *self.also)

    @property
    def open_option(self) -> str:
        """Option of a multiple choice that asks for words of one's own: the last that is called "other"; "" where none is."""
        return next((code for code in reversed(self.options) if self.options[code].startswith("其他")), "")

    @property
    def printed_labels(self) -> tuple[str, ...]:
        """Labels in the order of the questionnaire, by which coded exports number them; none of a plain number."""
        if self.printed:
            return tuple(self.options.get(code, code) for code in self.printed)
        return (
            tuple(self.scale.labels) if self.scale and self.type == "score" else tuple(self.options.values())
        )

    def to100(self, answers: Any) -> np.ndarray:
        """Put answers on 0-100 by the item's scale; an item without a scale keeps its own units."""
        values = np.asarray(answers, dtype=float)
        return values if self.scale is None else self.scale.to100(values)

    @property
    def step(self) -> float:
        """One step of the scale on 0-100 (on average, where steps are graded); 1 unit without a scale.

        >>> Item("D1", "", "", "score", "driver", scale=Scale(1, 5)).step
        25.0
        """
        if self.scale is None:
            return 1.0
        if self.scale.anchors:
            graded = sorted(set(self.scale.anchors.values()))
            return (graded[-1] - graded[0]) / max(len(graded) - 1, 1)
        return 100.0 / abs(self.scale.high - self.scale.low)


@dataclass(frozen=True)
class Codebook:
    """A questionnaire: `items` by code in printed order; `departments` has code, short, official, aliases, role.

    `sizing` says from which answers the size class is told, None where respondents only name it themselves.
    """

    name: str
    title: str
    items: dict[str, Item]
    departments: pd.DataFrame
    missing: dict[str, str]
    sizing: Sizing | None = None

    def by_role(self, role: str) -> list[Item]:
        """Items that serve one purpose in the analysis, in printed order."""
        return [item for item in self.items.values() if item.role == role]

    def one(self, role: str) -> Item | None:
        """Return the only item of a role, or None when the survey did not ask it."""
        found = self.by_role(role)
        return found[0] if found else None


def load(name_or_path: str | Path, root: Path, on: date | None = None) -> Codebook:
    """Load a codebook.

    Parameters
    ----------
    name_or_path
        Name of a file in ``data/reference/codebooks`` or a path to a YAML file.
    root
        Project root, for the option files the codebook refers to.
    on
        Day the options must be valid on (districts change); None takes those without an end.

    Raises
    ------
    ParamsError
        The file is missing or states something impossible.
    """
    path = (
        Path(name_or_path)
        if str(name_or_path).endswith(".yaml")
        else reference(root, f"codebooks/{name_or_path}.yaml")
    )
    spec = validated(CodebookSpec, _texts(read_yaml(path)), path)
    departments = _departments(spec, root)
    items = [item for part in spec.items for item in _expand(part, spec, departments, root, on, path)]
    _check_unique(items, path)
    missing = {token_key(token): code for code, tokens in spec.missing.items() for token in tokens}
    known = {item.code: item for item in items}
    told = sizing(spec.items, known, root, path)
    return Codebook(path.stem, spec.title, known, departments, missing, told)


def match_key(text: str) -> str:
    """Reduce a label to what people cannot mistype: width, case, spaces and punctuation are ignored.

    >>> match_key("５－9 人") == match_key("5—9人")
    True
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[‐‑‒–—―－~～至]", "-", plain)
    return re.sub(r"[\s\u200b\ufeff，,。.;；:：、“”\"'‘’（）()【】\[\]？?！!]", "", plain)


def token_key(text: str) -> str:
    """Reduce a missing-value token to its width only: "(空)" is a token, "空" may be an answer."""
    return unicodedata.normalize("NFKC", text).strip()


def _texts(values: Any) -> Any:
    """Make every mapping key a text: YAML reads the option code 1 as a number."""
    if isinstance(values, dict):
        return {str(key): _texts(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_texts(value) for value in values]
    return values


def _departments(spec: CodebookSpec, root: Path) -> pd.DataFrame:
    columns = ["code", "short", "official", "aliases", "role"]
    if not spec.departments:
        return pd.DataFrame(columns=columns, dtype=str)
    table = _csv(root, spec.departments).rename(columns={"official_name_2021": "official"})
    return table[columns]


def _csv(root: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(reference(root, name), dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _expand(
    spec: ItemSpec, book: CodebookSpec, departments: pd.DataFrame, root: Path, on: date | None, path: Path
) -> list[Item]:
    options, aliases, groups = _options(spec, book, root, on, path)
    former = _former(spec.options, root, options) if isinstance(spec.options, OptionsFile) else {}
    scale = _scale(spec, book, options, path)
    _check_printed(spec, book, options, scale, path)
    item = Item(
        spec.code, spec.title, spec.label, spec.type, spec.role, gate=spec.gate, options=options, aliases=aliases,
        groups=groups, scale=scale, missing=tuple(spec.missing),
        exclusive=spec.exclusive, other=spec.other, optional=spec.optional,
        also=tuple(spec.also), number=spec.number, printed=tuple(spec.printed), former=former,
        bands=bands(spec, options, path),
    )  # fmt: skip
    if isinstance(spec.rows, dict) and spec.role in ("rating", "gate"):
        known = _records(_chosen(spec, departments, path))
        return [_replace(_department_row(item, row), row=spec.rows[row["code"]]) for row in known]
    if isinstance(spec.rows, dict):
        return [_row(item, code, label) for code, label in spec.rows.items()] or [item]
    return [_department_row(item, row) for row in _records(_chosen(spec, departments, path))]


def _check_printed(
    spec: ItemSpec, book: CodebookSpec, options: dict[str, str], scale: Scale | None, path: Path
) -> None:
    """Refuse an order of print that names what is no option, label of the scale, or way of not answering."""
    tokens = {token for code in spec.missing for token in book.missing.get(code, ())}
    known = {*options, *tokens, *(scale.labels if scale else ())}
    unknown = [code for code in spec.printed if code not in known and match_key(code) not in known]
    if unknown:
        raise ParamsError(f"{path.name}：题目 {spec.code} 的 printed 里有不认识的选项：{'、'.join(unknown)}")


def _chosen(spec: ItemSpec, departments: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Pick the departments a matrix asks about: all of the table, or the codes it lists."""
    if spec.rows == "departments":
        return departments
    unknown = [code for code in spec.rows if code not in set(departments["code"])]
    if unknown:
        raise ParamsError(f"{path.name}：题目 {spec.code} 列出的部门代码不在部门表里：{'、'.join(unknown)}")
    return departments[departments["code"].isin(list(spec.rows))]


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _row(item: Item, code: str, label: str) -> Item:
    return _replace(item, code=code, label=label, row=label, parent=item.code)


def _department_row(item: Item, department: dict[str, str]) -> Item:
    code, gate = f"{item.code}_{department['code']}", item.gate and f"{item.gate}_{department['code']}"
    return _replace(item, code=code, label=department["short"], row=department["short"], parent=item.code,
                    department=department["code"], gate=gate)  # fmt: skip


def _replace(item: Item, **changes: Any) -> Item:
    return Item(**{**vars(item), **changes})


def _options(
    spec: ItemSpec, book: CodebookSpec, root: Path, on: date | None, path: Path
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Options as code -> label, every accepted spelling -> code, and code -> report group."""
    if spec.same_options:
        twin = next((other for other in book.items if other.code == spec.same_options), None)
        if twin is None:
            raise ParamsError(
                f"{path.name}：题目 {spec.code} 的 same_options 指向不存在的题目 {spec.same_options}"
            )
        return _options(twin, book, root, on, path)
    if isinstance(spec.options, OptionsFile):
        return _options_from(spec.options, root, on)
    spellings = {match_key(label): code for code, label in spec.options.items()}
    if len(spellings) != len(spec.options):
        raise ParamsError(f"{path.name}：题目 {spec.code} 有两个选项写法相同，导入时无法区分")
    return dict(spec.options), spellings, {}


def _options_from(
    source: OptionsFile, root: Path, on: date | None
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    table = _csv(root, source.file)
    table = table[_valid_on(table, on)]
    codes = table[source.code]
    spellings: dict[str, str] = {}
    for column in source.labels:
        for code, cell in zip(codes, table[column], strict=True):
            for label in cell.split(";"):
                # A full name beats an alias of another row: labels come in order of authority.
                spellings.setdefault(match_key(label), code)
    spellings.pop("", None)
    groups = dict(zip(codes, table[source.group], strict=True)) if source.group else {}
    return dict(zip(codes, table[source.labels[0]], strict=True)), spellings, groups


def _former(source: OptionsFile, root: Path, labels: dict[str, str]) -> dict[str, str]:
    """Names of options that have ended, such as a county merged into a district, with what became of them."""
    table = _csv(root, source.file)
    if "successor" not in table:
        return {}
    after = {code: heir for code, heir in zip(table[source.code], table["successor"], strict=True) if heir}
    taken = {match_key(label) for label in labels.values()}
    found: dict[str, str] = {}
    for row in _records(table):
        heir, name = row[source.code], match_key(row[source.labels[0]])
        for _ in after:  # a chain is no longer than the table
            heir = after.get(heir, heir)
        if heir in labels and heir != row[source.code] and name not in taken:
            found[name] = heir
    return found


def _valid_on(table: pd.DataFrame, on: date | None) -> pd.Series:
    """Rows in force on a day; tables without dates are always in force."""
    if "valid_from" not in table:
        return pd.Series(True, index=table.index)
    day = on.isoformat() if on else "9999-12-31"
    begun = (table["valid_from"] == "") | (table["valid_from"] <= day)
    return begun & ((table["valid_to"] == "") | (table["valid_to"] > day))


def _scale(spec: ItemSpec, book: CodebookSpec, options: dict[str, str], path: Path) -> Scale | None:
    if spec.scale:
        if spec.scale not in book.scales:
            raise ParamsError(f"{path.name}：题目 {spec.code} 用的刻度 {spec.scale} 没有在 scales 里写明")
        scale = book.scales[spec.scale]
        anchors = {float(point): grade for point, grade in scale.anchors.items()}
        return Scale(scale.low, scale.high, {match_key(k): v for k, v in scale.labels.items()}, anchors)
    if spec.type == "score":
        raise ParamsError(f"{path.name}：打分题 {spec.code} 缺少 scale（刻度）")
    if spec.type == "ordinal":
        points = [float(code) for code in options]
        return Scale(
            min(points), max(points), {match_key(label): float(code) for code, label in options.items()}
        )
    return None


def _check_unique(items: list[Item], path: Path) -> None:
    codes = [item.code for item in items]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ParamsError(f"{path.name}：题目代码重复：{'、'.join(twice)}")
    titles = [(match_key(item.title), match_key(item.row)) for item in items]
    same = [item.code for item, title in zip(items, titles, strict=True) if titles.count(title) > 1]
    if same:
        raise ParamsError(f"{path.name}：题干相同，导入时无法区分：{'、'.join(same)}")
