"""How survey platforms write an export: a platform is a description in a file, never a branch of the code."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from evalpkg.codebook import Item, match_key, token_key
from evalpkg.ingest.sheet import Grid
from evalpkg.params import ParamsError, bundle, read_yaml, reference, validated

DEFAULT = "wenjuanxing"
SEARCHED = 10  # lines among which the header is looked for; above it stand titles of the table
SAFE_NAME = re.compile(r"[A-Za-z0-9_\-]+")


class Platform(BaseModel):
    """One way of writing an export.

    Attributes
    ----------
    title
        What people call it.
    signature
        Cells of one header line by which it is recognised; without any it must be named, see `generic`.
    header_rows, titles
        Lines of the header, the one with the signature first (0: found by the mapping); which of them (1, 2, ...) holds
        the questions, 0 joins a question that spans blank cells with the row below it.
    generic, noise
        Cells of the lower line that name nothing ("Response"); words that are cut out of them.
    metadata, identifiers, clock, duration, address
        Columns that are no answer; that tell who answered, and go no further; that `quality` reads once.
    matrix
        How a title and the row, or option, of a column are written together, "题—行" or "题(行)".
    bare
        Whether rows of a matrix stand without their title.
    separators, other
        Characters between options ticked in one cell; brackets around a respondent's own words.
    position
        Pattern of an answer code whose number is the place of the option in print; "" where labels are written.
    missing
        Reason to tokens, beside those of the codebook.
    ticked, unticked
        What stands in the column of an option.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    title: str
    signature: list[str] = []
    header_rows: int = Field(1, ge=0, le=3)
    titles: int = Field(0, ge=0, le=3)
    generic: list[str] = []
    noise: list[str] = []
    metadata: list[str] = []
    identifiers: list[str] = []
    clock: list[str] = []
    duration: list[str] = []
    address: list[str] = []
    matrix: list[str] = []
    bare: bool = False
    separators: str = ""
    other: str = Field("", max_length=2)
    position: str = ""
    missing: dict[str, list[str]] = {}
    ticked: list[str] = ["1"]
    unticked: list[str] = ["0", ""]

    @field_validator("position")
    @classmethod
    def _one_number(cls, value: str) -> str:
        if value and re.compile(value).groups != 1:
            raise ValueError("position 要有一个括号，括住序号")
        return value

    @field_validator("matrix")
    @classmethod
    def _two_parts(cls, value: list[str]) -> list[str]:
        if any(
            form.count("题") != 1 or form.count("行") != 1 or form.index("题") > form.index("行")
            for form in value
        ):
            raise ValueError("matrix 要写成“题—行”这样，题在前，行在后")
        return value

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Reason of each missing token."""
        return {token_key(token): code for code, tokens in self.missing.items() for token in tokens}

    def printed(self, cell: str, item: Item) -> str:
        """Put the label in place of an answer code; a cell that is no code stays."""
        found = re.fullmatch(self.position, cell.strip()) if self.position else None
        if found is None:
            return cell
        labels = item.printed_labels
        place = int(found[1])
        return labels[place - 1] if 0 < place <= len(labels) else cell


def load_platform(root: Path, name: str = DEFAULT) -> Platform:
    """Load the description of a platform from ``data/reference/platforms``."""
    if not SAFE_NAME.fullmatch(name):
        raise ParamsError(
            f"平台“{name}”写法不对：只能用字母、数字、- 和 _；可用的是 {'、'.join(names(root))}"
        )
    path = reference(root, f"platforms/{name}.yaml")
    return validated(Platform, {**read_yaml(path), "name": name}, path)


def names(root: Path) -> list[str]:
    """Names of the platforms described in a workspace or in the package."""
    folders = (folder / "data" / "reference" / "platforms" for folder in (root, bundle()))
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def recognised(grid: Grid, root: Path) -> list[tuple[Platform, int]]:
    """Find the platforms that a file may come from, and the line (of `grid.rows`) where each has its header.

    Of the platforms whose signature stands in one of the first lines, those with the longest; text and coded exports of
    one platform have the same.
    """
    lines = [{match_key(cell) for cell in row} for row in grid.rows[:SEARCHED]]
    found = []
    for name in names(root):
        platform = load_platform(root, name)
        keys = {match_key(cell) for cell in platform.signature}
        at = next((at for at, line in enumerate(lines) if keys and keys <= line), None)
        if at is not None:
            found.append((platform, at))
    most = max((len(platform.signature) for platform, _ in found), default=0)
    return [(platform, at) for platform, at in found if len(platform.signature) == most]
