"""A codebook as its file writes it: which keys there are and what each may hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptionsFile(_Spec):
    """Options kept in a CSV: the column of codes, the columns of labels, and a column of report groups."""

    file: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")
    code: str
    labels: list[str] = Field(min_length=1)
    group: str = ""


class ScaleSpec(_Spec):
    """A scale as the file writes it; labels and anchors are keyed by text."""

    low: float
    high: float
    labels: dict[str, float] = {}
    anchors: dict[str, float] = {}


class SizeSpec(_Spec):
    """From which questions a size class is told: the table of rules, and the code of the question for each indicator.

    `individual` names, per question, the option that makes a respondent an individual business.
    """

    file: str = Field(pattern=r"^[A-Za-z0-9_\-]+\.csv$")
    industry: str
    employees: str
    revenue: str
    assets: str = ""
    individual: dict[str, str] = {}


class ItemSpec(_Spec):
    """A question as the file writes it; `rows` turns it into a matrix.

    `bands` gives the lower limit of each option and its upper one, which is not in it any more (null: none).
    """

    code: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    title: str
    label: str
    type: Literal["category", "multi", "ordinal", "score", "integer", "text", "date", "weight"]
    role: str
    options: dict[str, str] | OptionsFile = {}
    same_options: str = ""
    scale: str = ""
    rows: dict[str, str] | list[str] | Literal["departments"] = {}
    gate: str = ""
    missing: list[str] = []
    exclusive: str = ""
    other: str = ""
    optional: bool = False
    also: list[str] = []
    number: int | None = None
    printed: list[str] = []
    bands: dict[str, tuple[float, float | None]] = {}
    rules: SizeSpec | None = None


class CodebookSpec(_Spec):
    """A codebook file."""

    title: str
    departments: str = ""
    missing: dict[str, list[str]]
    scales: dict[str, ScaleSpec] = {}
    items: list[ItemSpec] = Field(min_length=1)
