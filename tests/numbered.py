"""The demo's rounds with the serial number of every form, for what is true of a form stands in truth.json under it."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from evalpkg import survey
from evalpkg.ingest.sheet import read_sheet
from evalpkg.survey import Survey

ROUNDS = ("2020H2", "2021H1", "2021H2", "2022H1", "2022H2")


@cache
def numbered(demo_root: Path, round_id: str) -> tuple[Survey, pd.Series]:
    """Open a round with its serial numbers (index rid): as the remark, for nothing else leads back to the export."""
    root = _copied(demo_root)
    (path,) = (root / "data/raw" / round_id).glob("answers*.xlsx")
    sheet = read_sheet(path)
    table = pd.DataFrame(sheet.rows, columns=pd.Index(sheet.header))
    remark = next(i for i, title in enumerate(sheet.header) if "最希望市委市政府解决" in title)
    table.isetitem(remark, [f"第{int(float(number))}份" for number in table["序号"]])
    path.unlink()
    table.to_csv(path.with_suffix(".csv"), index=False, encoding="utf-8")
    opened = survey.open(round_id, root)
    said = opened.remarks[opened.remarks["item"] == "J1"].set_index("rid")["text"]
    return opened, said.str.strip("第份").astype(int).reindex(opened.responses.index)


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()  # stays until the process ends: a survey may be read on


@cache
def _copied(demo_root: Path) -> Path:
    return shutil.copytree(demo_root, Path(_folder().name) / "city")
