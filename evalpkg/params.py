"""Parameters of a round: `_defaults.yaml` and one short file per round become a frozen `Round`."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from copy import deepcopy
from datetime import date
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

ROUND_ID = re.compile(r"20[0-9]{2}H[12]")
Model = TypeVar("Model", bound=BaseModel)
DEFAULTS = "_defaults.yaml"
FAULTS = 5  # named in one line
LONGEST_KEY = 60  # characters shown of a key
DEEPEST = 50  # brackets in brackets
LARGEST_YAML = 200_000  # bytes; a codebook of 135 items takes a tenth of this


class ParamsError(Exception):
    """A parameter, codebook or round name is unusable; the text is one line for a clerk, its code at the end.

    >>> str(ParamsError("没有轮次 2030H1", "E-ROUND"))
    '没有轮次 2030H1（E-ROUND）'
    """

    exit_code = 64

    def __init__(self, message: str, code: str = "E-PARAMS") -> None:
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.args[0]}（{self.code}）" if self.code else str(self.args[0])


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Period(_Strict):
    """Reference period of a round: the half-year that answers speak about."""

    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError("结束日期早于开始日期")
        return self


class Channel(_Strict):
    """Questionnaires handed out and brought back through one channel."""

    issued: int = Field(ge=0)
    returned: int = Field(ge=0)


class Fieldwork(Period):
    """When and how a round was collected: questionnaires issued and returned, forums held.

    `channels` counts by mode (the options of the codebook's mode item); `chambers` names a CSV beside the raw
    files with the columns chamber, issued, returned.
    """

    issued: int = Field(ge=0)
    returned: int = Field(ge=0)
    channels: dict[str, Channel] = {}
    forums: int = Field(default=0, ge=0)
    chambers: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_\-]+\.csv$")


class Proposal(_Strict):
    """A proposal that people make on the findings: what, who is responsible, by when, and how it will be checked."""

    what: str
    who: str
    by: str
    check: str


class Selection(_Strict):
    """How far the score of enterprises that did not deal with a department may lie from that of those who did.

    `delta` in points of 100; `reason` is printed where the bound is.
    """

    delta: float = Field(default=5.0, ge=0, le=100)
    reason: str = "公开发布的同类评议里，部门之间最多相差约 5 分"


class Round(_Strict):
    """Everything that is decided about a round before its answers are seen.

    `raking` lists the margins the sample is raked to (a list of columns each); empty means that the sample is
    not weighted. `employment` is the column of the margins file that counts persons employed; with it findings are
    given per person employed as well. `primary` are the items whose changes are declared to be the main question
    (Holm); empty: overall satisfaction and the environments. `recruitment` decides the cluster of the design. `k` is
    the smallest number of respondents that may stand behind a published number.
    """

    id: str = Field(pattern=rf"^{ROUND_ID.pattern}$")
    survey: str
    theme: str
    number: int = Field(ge=1)
    notice: str = ""
    period: Period
    fieldwork: Fieldwork
    recruitment: Literal["chambers", "districts", "direct"]
    codebook: str = Field(pattern=r"^[A-Za-z0-9_\-]+$")
    lexicon: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")
    files: list[str] = Field(min_length=1)
    platform: str = Field("", pattern=r"^[A-Za-z0-9_\-]*$")
    mapping: str = Field("", pattern=r"^([A-Za-z0-9_\-]+\.csv)?$")
    margins: str | None = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")
    raking: list[list[str]]
    population: str
    employment: str | None = None
    scale: str = "非常不满意＝0，非常满意＝100"
    collapse: dict[str, dict[str, str]] = {}
    trim: float | None = Field(gt=1)
    k: int = Field(ge=5)
    min_respondents: int
    min_raters: int
    level: float = Field(gt=0.5, lt=1)
    draws: int = Field(ge=100, le=100_000)
    seed: int = Field(ge=0)
    selection: Selection = Selection()
    primary: list[str] = []
    proposals: list[Proposal] = []
    root: Path

    @model_validator(mode="after")
    def _consistent(self) -> Round:
        if self.min_respondents < 3 * self.k:
            raise ValueError(f"min_respondents 不得小于 3 × k（即 {3 * self.k}）")
        if self.min_raters < self.k:
            raise ValueError(f"min_raters 不得小于 k（即 {self.k}）")
        if self.raking and self.margins is None:
            raise ValueError("写了 raking 就必须写 margins（总体结构文件）")
        return self

    @property
    def label(self) -> str:
        """Name of the half-year as readers say it."""
        return f"{self.id[:4]} 年{'上' if self.id.endswith('1') else '下'}半年"

    @property
    def raw(self) -> Path:
        """Folder of the round's confidential files."""
        return self.root / "data" / "raw" / self.id

    def seed_for(self, task: str) -> int:
        """Derive the seed of one task from the round and the task's name, never from the order of calls."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{self.id}/{task}".encode()).digest()[:4], "big")


def load(round_id: str, root: str | Path | None = None) -> Round:
    """Load the parameters of one round.

    Parameters
    ----------
    round_id
        Half-year such as ``"2022H2"``.
    root
        Project root; see `find_root` for the default.

    Raises
    ------
    ParamsError
        The round is unknown, or a key is missing, unknown, duplicated or of the wrong kind.
    """
    folder = find_root(root)
    path = folder / "params" / f"{round_id}.yaml"
    if not ROUND_ID.fullmatch(round_id):
        said = f"轮次名称写法不对：应为“年份H1”或“年份H2”，例如 2022H2；{_known(folder)}"
        raise ParamsError(said, "E-ROUND")
    if not path.is_file():
        said = f"没有轮次 {round_id} 的参数文件 params/{round_id}.yaml；{_known(folder)}"
        raise ParamsError(said, "E-ROUND")
    values = {**read_yaml(folder / "params" / DEFAULTS), **read_yaml(path)}
    if values.get("id", round_id) != round_id:
        raise ParamsError(f"{_place(path)}：id 必须与文件名相同，请改为 id: {round_id}", "E-ROUND")
    return validated(Round, {**values, "root": folder}, path)


def find_root(root: str | Path | None = None) -> Path:
    """Find the project root: the argument, ``EVALPKG_ROOT``, or the nearest folder upwards with params."""
    given = root or os.environ.get("EVALPKG_ROOT")
    if given:
        folder = Path(given).expanduser().resolve()
        if not (folder / "params" / DEFAULTS).is_file():
            raise ParamsError(
                f"文件夹“{folder.name}”里没有 params/{DEFAULTS}，不是评议项目；请检查 --root 或 EVALPKG_ROOT"
            )
        return folder
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "params" / DEFAULTS).is_file():
            return folder
    raise ParamsError(
        f"从当前文件夹往上都找不到 params/{DEFAULTS}；请先进入项目文件夹，或用 --root 指明；要在这个空文件夹里开始新的评议，加 --root ."
    )


def list_rounds(root: str | Path | None = None) -> list[str]:
    """List the rounds that have a parameter file, earliest first."""
    return sorted(p.stem for p in (find_root(root) / "params").glob("*.yaml") if ROUND_ID.fullmatch(p.stem))


def readable(root: Path) -> tuple[Round, ...]:
    """Load the rounds of a workspace, the earliest first; one that cannot be loaded is told of where it is opened."""
    found = []
    for round_id in list_rounds(root):
        with suppress(ParamsError):
            found.append(load(round_id, root))
    return tuple(sorted(found, key=lambda one: one.period.start))


def bundle() -> Path:
    """Folder of what the package ships: notebooks, reference data, demo parameters.

    In a wheel that is ``evalpkg/bundle``; in a checkout it is the checkout itself.
    """
    packaged = Path(__file__).parent / "bundle"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def reference(root: Path, name: str) -> Path:
    """Find a reference file: the workspace's own first, else the one that the package ships."""
    for folder in (root, bundle()):
        path = folder / "data" / "reference" / name
        if path.is_file():
            return path
    raise ParamsError(f"找不到参考文件 data/reference/{name}；请放回这个文件，或改正参数里的文件名")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML 1.2 file; duplicate keys, anchors and oversized files are refused."""
    if not path.is_file():
        raise ParamsError(f"找不到文件 {_place(path)}")
    if path.stat().st_size > LARGEST_YAML:
        raise ParamsError(f"{_place(path)}：文件超过 {LARGEST_YAML // 1000} kB，不像是参数文件")
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = deepcopy(_mapping(text))
    except _Alias:
        raise ParamsError(f"{_place(path)}：不允许使用 YAML 的引用（* 号），请把内容写全") from None
    except UnicodeDecodeError:
        raise ParamsError(f"{_place(path)}：文件不是 UTF-8 编码，请另存为 UTF-8") from None
    except YAMLError as error:
        raise ParamsError(f"{_place(path)}：{_yaml_fault(error)}") from None
    except (ValueError, KeyError):  # what ruamel says of the 31st of June
        raise ParamsError(f"{_place(path)}：有一个日期或数字不存在，例如 6 月 31 日；请改正") from None
    except RecursionError:
        raise ParamsError(f"{_place(path)}：括号套得太深，不像是参数文件；请检查括号") from None
    if not isinstance(values, dict):
        raise ParamsError(f"{_place(path)}：内容应是“键: 值”的列表")
    return values


def validated(model: type[Model], values: dict[str, Any], path: Path) -> Model:
    """Build `model` from `values`, turning every fault into one Chinese line that names file and key."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A misspelt key comes first: it is why another is missing.
        found = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
        faults = "；".join(_fault(item) for item in found[:FAULTS])
        raise ParamsError(f"{_place(path)}：{faults}") from None


class _Alias(Exception):
    """An alias can unfold a few lines into gigabytes; parameters never need one."""


@lru_cache(maxsize=16)
def _mapping(text: str) -> Any:
    """Parse YAML: every round of a workspace has the same codebook, and parsing it takes longer than reading answers."""
    nested = accumulate(1 if sign in "[{" else -1 for sign in re.findall(r"[][{}]", text))
    if max(nested, default=0) > DEEPEST:  # before seconds are spent on them
        raise RecursionError
    if "*" in text and any(isinstance(event, AliasEvent) for event in _yaml().parse(text)):
        raise _Alias
    return _yaml().load(text)


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _place(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _known(folder: Path) -> str:
    names = list_rounds(folder)
    return f"现有轮次：{'、'.join(names)}" if names else "params/ 里还没有任何轮次"


def _yaml_fault(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"第 {mark.line + 1} 行" if mark is not None else "某处"
    duplicate = re.search(r'duplicate key "(.*?)"', str(error))
    return (
        f"{where}的键 {duplicate[1]} 写了两次，请删去一个"
        if duplicate
        else f"{where}不符合 YAML 写法，请检查缩进和冒号"
    )


_FAULTS = {
    "missing": "缺少这个键",
    "extra_forbidden": "没有这个参数，请检查拼写",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "string_type": "应为文字（必要时加引号）",
    "bool_type": "应为 true 或 false",
    "date_type": "应为日期，例如 2022-07-01",
    "list_type": "应为列表",
    "dict_type": "应为“键: 值”的列表",
    "model_type": "应为“键: 值”的列表",
}


def _fault(item: Any) -> str:
    key = " ".join(".".join(str(part) for part in item["loc"]).split())[:LONGEST_KEY] or "参数"
    limits = {name: value for name, value in item.get("ctx", {}).items() if name != "error"}
    if item["type"] == "value_error":
        return f"{key} {item['ctx']['error']}"
    if item["type"] in _FAULTS:
        return f"{key} {_FAULTS[item['type']]}"
    allowed = "，".join(f"{_LIMITS.get(name, name)} {_said(value)}" for name, value in limits.items())
    return f"{key} 取值不允许（{allowed}）" if allowed else f"{key} 取值不允许"


def _said(limit: object) -> str:
    """Write a limit as a clerk would: pydantic joins allowed words by "or" and writes whole limits as 5.0."""
    words = re.findall("'([^']*)'", str(limit))
    return "、".join(words) if words else f"{limit:g}" if isinstance(limit, float) else str(limit)


_LIMITS = {
    "ge": "不小于",
    "le": "不大于",
    "gt": "大于",
    "lt": "小于",
    "pattern": "写法",
    "expected": "只能是",
    "min_length": "至少几项：",
}
