"""Complaints as tables: levels and changes, round by round, by group, beside what was ticked, and what the rest is about."""

from __future__ import annotations

from evalpkg.complaints import reading
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    NO_REMARKS,
    Fragment,
    Record,
    interval,
    known,
    less,
    nothing,
    number,
    score,
    secondary,
    signed,
    too_few,
    whole,
)
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption, reason

# More complaints are worse: the arrow is the direction of the number, the colour says good or bad.
MOVES = {"rising": ("▲", "dn"), "falling": ("▼", "up")}
DIFFERS = {"more": ("▲", "lo"), "less": ("▼", "hi")}
UNNAMED = "（不命名）"


def themes(
    result: Protected | None,
    rising: Protected | None = None,
    calibrated: Protected | None = None,
    steady: Protected | None = None,
    *,
    no: int = 1,
    title: str = "各类问题明细",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List the share of enterprises that raise each theme, its change, its words and the departments concerned.

    Parameters
    ----------
    result, rising, calibrated
        As `figures.complaints`: changes are those of all enterprises; levels that coding by hand corrects stand in place of
        the machine's, which then have a column of their own.
    steady
        How far the same remarks come together again when other enterprises are drawn (`complaints.stability`).
    no, title, note, folded
        Words of the caption; line that unfolds the table.
    """
    if result is None:
        return nothing(NO_REMARKS)
    by_hand = _records(calibrated)
    rows = reading.levels(make.records(result), by_hand)
    moved = reading.changes(rows, _records(rising))
    columns = [
        *make.shares("问题", "提到的企业 %", rows)[: 3 if by_hand else 4],
        *([_machine(rows)] if by_hand else []),
        *(_changes(rows, moved) if moved else []),
        *([_steadiness(rows, steady)] if steady else []),
        make.texts("常见词", rows, "words"),
        make.texts("涉及部门", rows, "departments"),
    ]
    foot = base_of(result, *_explained(moved), CORRECTED if by_hand else "", STEADY_THEME if steady else "")
    return table("themes", columns, caption(no, title, note), foot, rows=rows, folded=folded)


STEADY_THEME = "稳定性：换一批企业，同样的意见重新归到一类的程度（Jaccard 系数）；* 不到 60%，或只靠一个词归起来的，宜请人看过"
CORRECTED = "占比和区间已用人工复核校正，增减按机器归类"


def _machine(rows: list[Record]) -> Column:
    told = [
        reading.is_told(row, "machine") for row in rows
    ]  # a level under k is not told by the machine either
    cells = [score(number(row, "machine")) if tell else ABSENT for row, tell in zip(rows, told, strict=True)]
    return Column("只按机器", cells, "opt")


def _steadiness(rows: list[Record], steady: Protected) -> Column:
    """Return how steady each theme is, marked where it would not come out again; a group has no place here."""
    of = {row["id"]: row for row in _records(steady) if row["kind"] == "theme"}
    found = [of.get(row["theme"], {}) for row in rows]
    cells = [
        f"{whole(number(row, 'jaccard'))}{'' if row['stable'] else '*'}"
        if row and reading.is_told(row)
        else ABSENT
        for row in found
    ]
    return Column("稳定性", cells, "opt")


def _changes(rows: list[Record], moved: dict[str, Record]) -> list[Column]:
    """Return the share of the round before, the change and the interval that decides; a sure change is signed and bold."""
    found = [moved.get(row["theme"], {}) for row in rows]
    signs = [MOVES.get(str(change.get("direction", "")), ("", "")) for change in found]
    cells = [f"{arrow}{_moved(change)}" for (arrow, _), change in zip(signs, found, strict=True)]
    all_at_once = any(known(number(change, "family_low")) for change in found)
    limits, head = ("family", "同时比较的区间") if all_at_once else ("difference", "增减的 95% 区间")
    between = [interval(number(row, f"{limits}_low"), number(row, f"{limits}_high")) for row in found]
    return [
        Column("上一轮", [score(number(change, "last")) for change in found], "opt"),
        Column("增减", cells, marks=[css for _, css in signs]),
        Column(head, between, "opt ci"),
    ]


def _explained(moved: dict[str, Record]) -> list[str]:
    if not moved:
        return []
    return [f"增减：比{reading.since(moved.values())}，百分点；▲▼ 是各类同时比较后可以认定的"]


def _moved(change: Record) -> str:
    """Write a change; of one whose size would tell of fewer than k before, the direction alone."""
    found = number(change, "difference")
    return signed(found) if known(found) else reading.MOVED.get(str(change.get("direction", "")), ABSENT)


def rounds(
    course: Protected | None,
    *,
    no: int = 2,
    title: str = "各轮提到的企业",
    note: str = "占当轮企业 %",
    folded: str = "",
) -> Fragment:
    """List the share of each theme round by round."""
    rows = _records(course)
    if course is None or not rows:
        return _none(NO_REMARKS, folded)
    names = list(dict.fromkeys(str(row["round"]) for row in rows))
    last = [row for row in rows if str(row["round"]) == names[-1]]
    themes = sorted(last, key=lambda row: (row["theme"] == REST, -_level(row)))
    cells = {(str(row["round"]), row["theme"]): row for row in rows}
    columns = [make.labels("问题", themes)]
    columns += [
        Column(
            reading.half(name),
            [_cell(cells.get((name, row["theme"]), {})) for row in themes],
            bold=name == names[-1],
        )
        for name in names
    ]
    foot = base_of(course, "各轮同时归类，用一个词表和一套例子", *_notes(course))
    return table("theme-rounds", columns, caption(no, title, note), foot, folded=folded, close=True)


def theme_groups(
    by: Protected | None,
    *,
    no: int = 3,
    title: str,
    note: str = "占该组企业 %",
    folded: str = "",
) -> Fragment:
    """List the share of each theme group by group; only cells that surely differ from the other enterprises are washed."""
    rows = _records(by)
    if by is None or not rows:
        why = "；".join(_notes(by)) if by else "问卷没有问这一分组，或没有可以归类的意见"
        return _none(f"没有“{title}”：{why}。", folded)
    groups = {str(row["group"]): str(row.get("group_label", row["group"])) for row in rows}
    themes = {row["theme"]: row["label"] for row in rows}
    cells = {(str(row["group"]), row["theme"]): row for row in rows}
    columns = [Column("问题", list(themes.values()), left=True)]
    columns += [
        _group(name, [cells.get((code, theme), {}) for theme in themes]) for code, name in groups.items()
    ]
    read = "▲▼ 加底色：与其余企业相比可以认定提得较多、较少的；其余的格不宜比较高低"
    foot = base_of(by, read, *_notes(by))
    return table(f"theme-groups-{no}", columns, caption(no, title, note), foot, folded=folded, close=True)


def _group(head: str, cells: list[Record]) -> Column:
    signs = [DIFFERS.get(_differs(cell), ("", "")) for cell in cells]
    written = [f"{arrow}{_cell(cell)}" for (arrow, _), cell in zip(signs, cells, strict=True)]
    return Column(head, written, marks=[css for _, css in signs])


def _differs(cell: Record) -> str:
    return str(cell.get("differs", "")) if reading.is_told(cell) else ""


def others(
    result: Protected | None,
    *,
    no: int = 4,
    title: str = "归不进各类的意见",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List the groups of complaints that belong to no theme; loose ones have no name, those of fewer than k no row."""
    rows = _records(result)
    if result is None or not rows:
        return reason(_notes(result) if result else (), "归不进各类的意见太少，没有再分组", folded)
    told: list[Record] = [
        {**row, "label": row["name"] if reading.is_named(row) else UNNAMED}
        for row in rows
        if reading.is_told(row)
    ]
    k, few = rows[0]["k"], len(rows) - len(told)
    if not told:
        return reason((), f"归不进各类的意见里，没有一组够 {k} 家", folded)
    if not any(map(reading.is_named, rows)):
        return reason((), "归不进各类的意见里，没有一组稳定到可以命名，不列", folded)
    columns = [
        *make.shares("内容", "提到的企业 %", told),
        make.texts("常见词", told, "words"),
        make.numbers("稳定性", told, "jaccard", whole, "opt"),
    ]
    foot = base_of(result, STEADY, f"另有 {few} 组不足 {k} 家，不列" if few else "", *_notes(result))
    return table("others", columns, caption(no, title, note), foot, rows=told, folded=folded)


STEADY = (
    "稳定性：换一批企业，同样的意见重新聚在一起的程度（Jaccard 系数）；不到 60%，或只靠一个词聚起来的，不命名"
)


def beside(
    result: Protected | None,
    *,
    no: int = 5,
    title: str = "写的和勾的",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List, for each theme that was also asked, how many tick it, write of it, and do both."""
    rows = [row for row in _records(result) if row["theme"] != REST]
    if result is None or not rows:
        notes = _notes(result) if result else ()
        return reason(notes, "问卷没有问经营困难，或没有可以归类的意见，无从对照", folded)
    columns = [
        make.labels("问题", rows),
        _part("勾选 %", rows, "ticked"),
        _part("写到 %", rows, "wrote"),
        *_pair("勾选者也写 %", rows, "wrote_of_ticked"),
        *_pair("写者也勾选 %", rows, "ticked_of_wrote", "opt"),
    ]
    foot = base_of(result, *_notes(result))
    return table("beside", columns, caption(no, title, note), foot, rows=rows, folded=folded)


def _part(head: str, rows: list[Record], name: str, css: str = "", *, bold: bool = False) -> Column:
    """Return one of the shares of a row, as a bound where only that may be published."""
    return Column(head, [secondary(row, name, score) for row in rows], css, bold=bold)


def _pair(head: str, rows: list[Record], name: str, css: str = "") -> list[Column]:
    limits = make.intervals("95% 区间", rows, f"{name}_low", f"{name}_high")
    return [_part(head, rows, name, css, bold=True), limits]


def theme_status(
    registry: Protected | None,
    *,
    no: int = 6,
    title: str = "各类问题与以前比",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List what became of each theme, and of groups of other complaints, since the round before."""
    rows = _records(registry)
    if registry is None or not rows:
        return reason(_notes(registry) if registry else (), "以前没有可以比较的轮次", folded)
    statuses = reading.statuses(rows)
    columns = [
        make.labels("问题", rows),
        Column("与上一轮比", [statuses[row["id"]] or ABSENT for row in rows], left=True),
        _part("上一轮 %", rows, "before", "opt"),
        Column("本轮 %", [_cell(row) for row in rows]),
        make.numbers("说法的相似度", rows, "similarity", whole, "opt"),
        make.texts("常见词", rows, "words"),
    ]
    last = registry.extra.get("last")
    against = f"上一轮是 {reading.half(last)}" if isinstance(last, str) else ""
    foot = base_of(registry, against, ALIKE, *_notes(registry))
    return table("theme-status", columns, caption(no, title, note), foot, rows=rows, folded=folded)


ALIKE = "相似度：同一类意见两轮用字用词的接近程度；归入各类的按上一轮，其余的按以前各轮"


def _records(result: Protected | None) -> list[Record]:
    return [] if result is None else make.records(result)


def _notes(result: Protected) -> tuple[str, ...]:
    return tuple(note for name in ("left_out", "notes") for note in result.extra.get(name, ()))


def _none(sentence: str, folded: str) -> Fragment:
    return Fragment("") if folded else nothing(sentence)


def _level(row: Record) -> float:
    estimate = number(row, "estimate")
    return estimate if known(estimate) else -1.0


def _cell(row: Record) -> str:
    """Write a share in a cell: under k a bound, of fewer than k enterprises nothing."""
    if not row or too_few(row):
        return ABSENT
    return less(number(row, "bound")) if row.get("shown") == "below" else score(number(row, "estimate"))
