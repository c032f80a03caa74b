"""Who handles appeals: the city's departments, and the bodies of the counties, which go together by county."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from evalpkg.params import reference

TOWN = re.compile(r"T\d{2}")  # a town, street or park of a county: LL-T03


@dataclass(frozen=True)
class Bodies:
    """Names of departments and of counties by code; `now` is the county that a former one belongs to."""

    departments: dict[str, str]
    counties: dict[str, str]
    now: dict[str, str]

    def __contains__(self, code: object) -> bool:
        county, dash, office = str(code).rpartition("-")
        if not dash:
            return office in self.departments
        return county in self.counties and (office in self.departments or bool(TOWN.fullmatch(office)))

    def unit(self, code: str) -> str:
        """Return the row that a body stands in: the city's department itself, a county's body in its county.

        >>> here = Bodies({"D26": "税务局"}, {"YS": "偃师", "YS0": "偃师"}, {"YS0": "YS"})
        >>> here.unit("D26"), here.unit("YS0-D26"), here.unit("YS-T01")
        ('D26', 'YS', 'YS')
        """
        county = code.rpartition("-")[0]
        return self.now.get(county, county) or code

    def units(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Return the rows of several bodies, each once."""
        return tuple(dict.fromkeys(map(self.unit, codes)))

    def label(self, unit: str) -> str:
        """Name a row."""
        return self.departments.get(unit) or f"{self.counties[unit]}各部门"


def bodies(root: Path, on: date) -> Bodies:
    """Read departments and counties from the reference tables; former counties belong to their successor by that day."""
    departments = _table(root, "departments.csv")
    districts = _table(root, "districts.csv")
    ended = districts[(districts["valid_to"] != "") & (districts["valid_to"] <= on.isoformat())]
    return Bodies(
        dict(zip(departments["code"], departments["short"], strict=True)),
        dict(zip(districts["unit"], districts["short"], strict=True)),
        dict(zip(ended["unit"], ended["successor"], strict=True)),
    )


def _table(root: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(reference(root, name), dtype=str, keep_default_na=False, encoding="utf-8-sig")
