"""Departments by group as a table of whole numbers, washed only where a cell surely departs from the department."""

from __future__ import annotations

from collections.abc import Mapping

from evalpkg.disclosure import Protected
from evalpkg.fragment import ABSENT, ROLES, Fragment, Record, known, nothing, number
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption

ARROWS = {"above": "▲", "below": "▼"}
WASHES = {"above": "hi", "below": "lo"}
SYNTHETIC = "borrowed"  # css: a cell that only borrows
READ = "▲▼ 加底色：与该部门全市的得分相比可以认定的；其余的格不宜比较高低"
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
        differs ("above", "same", "below": against the department's own score in the whole city).
    scores
        Departments in the whole city, for a first column; matched by `department`.
    no, title, note, id, folded
        Words of the caption; id in the page after ``tbl-``; line that unfolds the table.
    """
    if cells is None:
        return (
            Fragment("")
            if folded
            else nothing(f"没有“{title}”：问卷没有问部门，没有问这一分组，或分组太少、打分的企业太少。")
        )
    rows = make.by_role(make.records(cells))
    departments = list({str(row["department"]): row for row in reversed(rows)}.values())[::-1]
    columns = [make.labels("部门", departments), *_city(departments, scores), *_groups(rows, departments)]
    heads = [ROLES.get(str(row.get("role", "")), "各部门") for row in departments]
    foot = base_of(cells, *_explained(rows, cells))
    about = caption(no, title, note)
    made = table(id, columns, about, foot, groups=heads, folded=folded)
    return Fragment(made.replace('class="gt_table"', 'class="gt_table heat"', 1))


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


def _city(departments: list[Record], scores: Protected | None) -> list[Column]:
    if scores is None:
        return []
    city = {str(row["department"]): row for row in make.records(scores)}
    return [
        Column("全市", [_written(city.get(str(row["department"]), {})) for row in departments], bold=True)
    ]


def _explained(rows: list[Record], cells: Protected) -> list[str]:
    borrowed = [BORROWED.format(k=row["k"]) for row in rows if row.get("source") == "synthetic"][:1]
    return [READ, *borrowed, *cells.extra.get("notes", ())]
