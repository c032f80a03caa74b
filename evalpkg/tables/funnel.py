"""How far policies reach enterprises, stage by stage."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.fragment import ABSENT, STAGES, Fragment, K, Record, interval, less, not_asked, number, share
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption, reason

LOST = "流失最多的一步，占走到这一步的企业"


class _Kind(NamedTuple):
    """Words of a table of all enterprises, or of one by size."""

    id: str
    title: str
    note: str
    head: str


ALL = _Kind("funnel", "各项政策走到哪一步", "占全部企业的百分比", "政策")
BY_SIZE = _Kind("funnel-by-size", "各规模的企业走到哪一步", "占本规模企业的百分比", "企业规模")


def funnel(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "",
    note: str = "",
    id: str = "",
    folded: str = "",
) -> Fragment:
    """List the share of all enterprises at each stage, and the step that loses most; by size where the rows are.

    `title`, `note` and `id` are, where omitted, those of either kind.
    """
    if result is None:
        return Fragment("") if folded else not_asked("政策的知晓和享受")
    rows, notes = make.records(result), result.extra.get("notes", ())
    if not rows:
        return reason(notes, "没有可以列出的政策", folded)
    kind = BY_SIZE if any("size" in row for row in rows) else ALL
    ways = _ways(rows)
    policies = [name for name, _ in ways]
    lost = _losses(result.extra.get("lost")) if kind is ALL else {}
    heads = policies if kind is ALL else [size for _, size in ways]
    columns = [Column(kind.head, heads, left=True), *_stages(list(ways.values()))]
    if lost:
        columns.append(Column(LOST, [lost.get(name, ABSENT) for name in policies], "opt", left=True))
    counted = (result.extra.get("basis", ""), "不符合条件不算流失") if lost else ()
    foot = base_of(result, "后一步的企业都在前一步之中", *counted, _dashes(result, rows), *notes)
    words, groups = caption(no, title or kind.title, note or kind.note), policies if kind is BY_SIZE else None
    return table(id or kind.id, columns, words, foot, groups=groups, folded=folded)


def _ways(rows: list[Record]) -> dict[tuple[str, str], dict[str, Record]]:
    """Bring the stages of each policy (and size class) together, by their short names."""
    ways: dict[tuple[str, str], dict[str, Record]] = {}
    for row in rows:
        stage = STAGES.get(str(row.get("stage", "")), str(row.get("stage_label", "")))
        ways.setdefault((row["label"], str(row.get("size_label", ""))), {})[stage] = row
    return ways


def _stages(ways: list[dict[str, Record]]) -> list[Column]:
    """Return a column per stage, and the interval of the last."""
    names = list(dict.fromkeys(name for way in ways for name in way))
    cells = {name: [way.get(name, {}) for way in ways] for name in names}
    last = names[-1]
    columns = [_stage(name, of, last=name == last) for name, of in cells.items()]
    return [*columns, Column(f"{last}的 95% 区间", [_interval(cell) for cell in cells[last]], "opt ci")]


def _dashes(result: Protected, rows: list[Record]) -> str:
    """Say why a stage has no number."""
    if not any(row.get("shown") == "hidden" for row in rows):
        return ""
    return f"“—”：与前后的步相差不足 {result.extra.get('k', K)} 家，或可由其余的数推出，不公布"


def _stage(head: str, cells: list[Record], *, last: bool) -> Column:
    return Column(head, [_written(cell) for cell in cells], bold=last)


def _written(cell: Record) -> str:
    if cell.get("shown", "hidden") == "hidden" or cell.get("support") == "listed":
        return ABSENT
    return less(number(cell, "bound")) if cell["shown"] == "below" else share(number(cell, "estimate"))


def _interval(cell: Record) -> str:
    shown = cell.get("shown") == "yes" and cell.get("support") != "listed"
    return interval(number(cell, "conf_low"), number(cell, "conf_high")) if shown else ABSENT


def _losses(lost: object) -> dict[str, str]:
    """Return by policy the step that loses most, and how much of those before it; where not sure, as a possibility."""
    if not isinstance(lost, pd.DataFrame):
        return {}
    rows = [row for row in fragment.records(lost, {}) if row.get("shown", "yes") == "yes"]
    return {
        row["label"]: f"{'' if number(row, 'lead_low') > 0 else '可能是'}{row.get('stage_label', '')} {share(number(row, 'estimate'))}"
        for row in rows
    }  # fmt: skip
