"""Departments by group as a table of whole numbers, washed only where a cell surely departs from the department."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.fragment import ABSENT, ROLES, Fragment, Record, known, nothing, number, too_few
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption

ARROWS = {"above": "▲", "below": "▼"}
WASHES = {"above": "hi", "below": "lo"}
CITY = "全市"
SYNTHETIC = "borrowed"  # css: a cell that only borrows
READ = "▲▼ 加底色：与全市相比可以认定的；其余的格不宜比较高低；首行是该组企业给各部门打分的平均水平，含企业本身的宽严"
LEVEL = "各部门平均"  # first row: a group whose firms are strict with all departments shows here, not in the cells
BORROWED = "灰字：本格打分的企业不足 {k} 家，数字由该部门和该组的总体水平推算，不含本格的回答"


def heat(
    cells: Protected | None,
    *,
    scores: Protected | None = None,
    no: int = 1,
    title: str,
    note: str = "格里是得分，行是部门",
    id: str = "heat",
    folded: str = "",
) -> Fragment:
    """List the score of each department in each group.

    Parameters
    ----------
    cells
        A row per department and group: label, role, group, group_label, estimate, source ("direct", "synthetic"),
        differs ("above", "same", "below": against the department's own score in the whole city). `extra["groups"]`,
        a row per group, is what its firms give to the average department.
    scores
        Departments in the whole city, for a first column; matched by `department`. Those that are only listed
        there have no row here: what is too little for one score is too little for a row of them.
    no, title, note, id, folded
        Words of the caption; id in the page after ``tbl-``; line that unfolds the table.
    """
    if cells is None:
        return (
            Fragment("")
            if folded
            else nothing(f"没有“{title}”：问卷没有问部门，没有问这一分组，或分组太少、打分的企业太少。")
        )
    rows = [row for row in make.by_role(make.records(cells)) if row["department"] not in _listed(scores)]
    departments = list({str(row["department"]): row for row in reversed(rows)}.values())[::-1]
    columns = [make.labels("部门", departments), *_city(departments, scores), *_groups(rows, departments)]
    heads = [ROLES.get(str(row.get("role", "")), "各部门") for row in departments]
    levels = _levels(cells, scores)
    if levels:
        columns = [_under(levels, column) for column in columns]
        heads = ["总水平", *heads]
    foot = base_of(cells, *_explained(rows, cells))
    about = caption(no, title, note)
    return table(id, columns, about, foot, groups=heads, folded=folded, close=True)


def _groups(rows: list[Record], departments: list[Record]) -> list[Column]:
    """Return one column per group, in the order in which the groups come."""
    groups = {str(row["group"]): str(row.get("group_label", row["group"])) for row in rows}
    cells = {(str(row["department"]), str(row["group"])): row for row in rows}
    return [_column(label, [cells.get((str(d["department"]), code), {}) for d in departments])
            for code, label in groups.items()]  # fmt: skip


def _column(head: str, cells: list[Mapping[str, object]]) -> Column:
    return Column(head, [_written(cell) for cell in cells], marks=[_mark(cell) for cell in cells])


def _written(cell: Record) -> str:
    estimate = number(cell, "estimate")
    if cell.get("shown") == "hidden" or not known(estimate):
        return ABSENT
    return f"{ARROWS.get(str(cell.get('differs', '')), '')}{estimate:.0f}"


def _mark(cell: Record) -> str:
    if cell.get("source") == "synthetic":
        return SYNTHETIC
    return WASHES.get(str(cell.get("differs", "")), "")


def _listed(scores: Protected | None) -> set[str]:
    return (
        set() if scores is None else {str(row["department"]) for row in make.records(scores) if too_few(row)}
    )


def _city(departments: list[Record], scores: Protected | None) -> list[Column]:
    if scores is None:
        return []
    city = {str(row["department"]): row for row in make.records(scores)}
    return [Column(CITY, [_written(city.get(str(row["department"]), {})) for row in departments], bold=True)]


def _levels(cells: Protected, scores: Protected | None) -> dict[str, Record]:
    """Return the first row by head of column: the level of each group, and of the whole city."""
    groups = cells.extra.get("groups")
    if not isinstance(groups, pd.DataFrame):
        return {}
    mean = None if scores is None else scores.extra.get("mean")
    city = {"estimate": mean["estimate"].iloc[0]} if isinstance(mean, pd.DataFrame) and len(mean) else {}
    rows = (row for row in fragment.records(groups, cells.extra) if not too_few(row))
    return {CITY: city, **{str(row["label"]): row for row in rows}}


def _under(levels: Mapping[str, Record], column: Column) -> Column:
    """Put the first row over the departments of a column."""
    cell = levels.get(column.head, {})
    first = LEVEL if column.left else _written(cell)
    marks = column.marks or [""] * len(column.cells)
    return replace(column, cells=[first, *column.cells], marks=[_mark(cell), *marks])


def _explained(rows: list[Record], cells: Protected) -> list[str]:
    borrowed = [BORROWED.format(k=row["k"]) for row in rows if row.get("source") == "synthetic"][:1]
    return [READ, *borrowed, *cells.extra.get("notes", ())]
