"""The sample against all enterprises of the city, before and after weighting."""

from __future__ import annotations

import math

from evalpkg.disclosure import Protected
from evalpkg.figures import frame
from evalpkg.figures.forest import Forest, Head, Row, axis, endpoints, headed
from evalpkg.fragment import Fragment, Record, known, nothing, number, score

COLUMNS = (Head("加权后"), Head("加权前"))


def composition(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "样本与全体企业的构成",
    note: str = "占比 %",
    id: str = "composition",
) -> Fragment:
    """Draw one part per margin: population as a bar, weighted share as a point, unweighted as a tick.

    Parameters
    ----------
    result
        Columns margin, label, population, sample, weighted, all in per cent.
    """
    if result is None:
        return nothing("本轮没有加权，所以不比较样本与全体企业的构成。")
    margins: dict[str, list[Record]] = {}
    for record in frame.records(frame.require(result)):
        margins.setdefault(str(record.get("margin", "构成")), []).append(record)
    parts = [frame.part(forest, _says(name, forest)) for name, forest in _forests(margins).items()]
    return frame.figure(id, parts, frame.caption(no, title, note), frame.base_of(result))


def _forests(margins: dict[str, list[Record]]) -> dict[str, Forest]:
    """Return one forest per margin, each on its own scale; all share one width of names."""
    names = tuple(record["label"] for records in margins.values() for record in records)
    return headed({name: _forest(name, records, names) for name, records in margins.items()})


def _forest(margin: str, records: list[Record], names: tuple[str, ...]) -> Forest:
    rows = tuple(map(_row, records))
    counted = tuple(number(record, "population") for record in records)
    return Forest(
        rows,
        axis([*counted, *endpoints(rows)], zero=True, unit="%"),
        labels=names,
        panel=Head("占企业的百分比"),
        value=Head("全体"),
        columns=COLUMNS,
        group=margin,
        register=counted,
        zero=True,
        row_height=24.0,
    )


def _row(record: Record) -> Row:
    population, weighted, sample = (number(record, name) for name in ("population", "weighted", "sample"))
    return Row(
        record["label"],
        estimate=weighted,
        tick=sample,
        cells=(score(weighted), score(sample)),
        value=score(population),
        phone=f"加权前 {score(sample)}\u3000全体" if known(sample) else "",
    )


def _says(name: str, forest: Forest) -> str:
    gap = max((abs(row.estimate - row.tick) for row in forest.rows if known(row.tick)), default=math.nan)
    return f"按{name}看，加权前后各类企业的占比与全体占比；加权改动最大的一类相差 {score(gap)} 个百分点。"
