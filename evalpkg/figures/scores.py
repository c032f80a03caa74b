"""Scores on 0-100 with their intervals: single items, the environments, groups of enterprises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints, headed
from evalpkg.fragment import NO_MODES, Fragment, Record, known, listing, not_asked, nothing, number, score

LEAST_SPAN = 10.0  # points of 100 that a scale of scores covers
PANEL = Head("得分（0—100）与 95% 区间")


def scores(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各项得分",
    note: str = "",
    reference: float | None = None,
    reference_label: str = "平均",
    id: str = "scores",
) -> Fragment:
    """Draw one row per item, in the given order; `reference` (0-100) is the dashed line."""
    if result is None:
        return not_asked(title)
    rows = _rows(frame.require(result))
    forest = _forest(rows, math.nan if reference is None else float(reference), reference_label)
    part = frame.part(forest, _says(title, rows))
    return frame.figure(id, [part], frame.caption(no, title, note), frame.base_of(result))


def environments(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各类环境的得分",
    note: str = "",
    id: str = "environments",
) -> Fragment:
    """Draw satisfaction with each environment."""
    return scores(result, no=no, title=title, note=note, id=id)


def groups(
    overall: Protected | None,
    blocks: Mapping[str, Protected | None],
    *,
    no: int = 1,
    title: str = "不同企业的总体满意度",
    note: str = "",
    id: str = "groups",
) -> Fragment:
    """Draw overall satisfaction by group, one part per block; the dashed line is the overall score.

    Parameters
    ----------
    overall
        One row: the score of all enterprises.
    blocks
        Chinese name of the grouping -> its scores; a block that was not asked is left out.
    """
    rows = {name: _rows(frame.require(block)) for name, block in blocks.items() if block is not None}
    if overall is None or not rows:
        return not_asked("总体满意度" if overall is None else "、".join(blocks))
    average = number(frame.records(frame.require(overall))[0], "estimate")
    every = [row for block in rows.values() for row in block]
    names = tuple(row.label for row in every)
    common = replace(_forest(tuple(every), average, "全体"), row_height=28.0, labels=names)
    forests = headed({name: replace(common, rows=block, group=name) for name, block in rows.items()})
    parts = [frame.part(f, _says(f"按{name}分的总体满意度", f.rows)) for name, f in forests.items()]
    return frame.figure(id, parts, frame.caption(no, title, note), frame.base_of(overall))


def modes(
    result: Protected | None,
    overall: Protected | None,
    *,
    no: int = 1,
    title: str = "不同填报方式的总体满意度",
    note: str = "短竖线：假定各方式的企业构成相同",
    id: str = "modes",
) -> Fragment:
    """Draw overall satisfaction by mode; ticks are the scores with the same enterprises behind every mode.

    Parameters
    ----------
    result
        Columns label, estimate, conf_low, conf_high, adjusted.
    overall
        One row: the score of all enterprises, the dashed line.
    """
    if overall is None:
        return not_asked("总体满意度")
    if result is None:
        return nothing(NO_MODES)
    rows = tuple(_mode(record) for record in frame.records(frame.require(result)))
    average = number(frame.records(frame.require(overall))[0], "estimate")
    forest = replace(_forest(rows, average, "全体"), columns=(Head("调整后"),), row_height=28.0)
    part = frame.part(forest, _says(title, rows))
    return frame.figure(id, [part], frame.caption(no, title, note), frame.base_of(result))


def _mode(record: Record) -> Row:
    adjusted = number(record, "adjusted")
    phone = f"调整后 {score(adjusted)}" if known(adjusted) else ""
    return frame.row(record, tick=adjusted, cells=(score(adjusted),), phone=phone)


def _rows(result: Protected) -> tuple[Row, ...]:
    return tuple(frame.row(record) for record in frame.records(result))


def _forest(rows: tuple[Row, ...], reference: float, label: str) -> Forest:
    return Forest(
        rows,
        axis([*endpoints(rows), reference], unit="分", span=LEAST_SPAN),
        panel=PANEL,
        value=Head("得分"),
        reference=reference,
        reference_label=f"{label} {score(reference)}" if known(reference) else "",
    )


def _says(title: str, rows: tuple[Row, ...]) -> str:
    return f"{title}与 95% 区间：{listing([f'{row.label} {row.value}' for row in rows], 8)}。"
