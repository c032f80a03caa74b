"""What changed between two rounds: departments, districts, difficulties, and where a change comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from evalpkg.complaints.reading import half
from evalpkg.disclosure import Protected
from evalpkg.figures import draw, frame
from evalpkg.figures.complaints import INKS as SHARE_INKS
from evalpkg.figures.complaints import WASHES as SHARE_WASHES
from evalpkg.figures.forest import Axis, Forest, Head, Row, Second, Side, axis, differences, endpoints, headed
from evalpkg.figures.multiples import STATES
from evalpkg.fragment import (
    ABSENT,
    ROLES,
    Fragment,
    Record,
    interval,
    known,
    listing,
    nothing,
    number,
    score,
    signed,
)

NOTHING = "没有以前的轮次可比，所以这里不列。"


class Dress(NamedTuple):
    """How a row is coloured: its name, and its ground where something may be claimed."""

    ink: str = "ink"
    wash: str = ""


DRESS = {"higher": Dress("up", "upW"), "lower": Dress("dn", "dnW")}
SHARES = {"rising": "more", "falling": "fewer", "no": "unsure"}
SURE, UNSURE = "可以认定的变化", "尚不能认定"
PANEL = 200.0  # px of the changes, which are what is to be read
PARTS = {
    "estimate": ("评价本身", "conf"),
    "composition": ("样本构成", "composition"),
    "total": ("合计", "total"),
}


def trend_departments(
    changes: Protected | None,
    *,
    no: int = 2,
    title: str = "各部门：上期、本期与变化",
    note: str = "先看右半：变化的细线不碰 0，才算可以认定",
    id: str = "trend-departments",
) -> Fragment:
    """Draw the score of each department in both rounds, and its change in a panel of its own; sure changes first.

    Parameters
    ----------
    changes
        A row per department (or district): label, now, before, estimate (the change) with conf and family limits,
        direction ("rising", "falling", "no"; "" = listed only, with `reason`).
    """
    if changes is None:
        return nothing(NOTHING)
    rows = frame.records(frame.require(changes))
    rows = sorted(
        rows, key=lambda row: -number(row, "estimate") if known(number(row, "estimate")) else float("inf")
    )
    groups = _groups(rows)
    parts = [frame.part(forest, _says(name, forest)) for name, forest in _forests(groups).items()]
    against = half(str(changes.extra["against"]))
    base = frame.base_of(changes, f"上期：{against}；变化按两期相同的样本构成计算", *frame.notes_of(changes))
    return frame.figure(id, parts, frame.caption(no, title, note), base)


def trend_signs(*changes: Protected | None) -> tuple[str, ...]:
    """Return the signs that figures of changes use, for the legend."""
    rows = [row for found in changes if found is not None for row in frame.records(frame.require(found))]
    directions = {str(row.get("direction", "")) for row in rows}
    used = {
        "family": bool(directions - {""}),
        "sure": bool(directions & {"rising", "falling"}),
        "unsure": "no" in directions,
        "tick": bool(directions - {""}),
        "few": any(row.get("support") == "few" and row.get("direction") for row in rows),
        "listed": any(row.get("direction") == "" for row in rows),
    }
    return tuple(name for name, is_used in used.items() if is_used)


def trend_shares(
    changes: Protected | None,
    course: Protected | None,
    *,
    kind: str = "difficulty",
    no: int = 3,
    title: str = "困难：多少企业勾选，多了还是少了",
    note: str = "可选多项，合计超过 100%",
    id: str = "trend-shares",
) -> Fragment:
    """Draw the share of enterprises that ticked each difficulty, and by how much it changed.

    Parameters
    ----------
    changes
        Rows of one `kind` ("difficulty", "urgent"): item, label, before, estimate (percentage points) with limits, direction.
    course
        Levels by item and round, for the interval of this round.
    """
    if changes is None or course is None:
        return nothing(NOTHING)
    last = max(str(row["round"]) for row in frame.records(frame.require(course)))
    levels = {row["item"]: row for row in frame.records(course) if str(row["round"]) == last}
    rows = [row for row in frame.records(frame.require(changes)) if row["kind"] == kind]
    rows.sort(key=lambda row: -(number(levels.get(row["item"], {}), "estimate") or 0))
    drawn = tuple(_share(levels[row["item"]], row) for row in rows if row["item"] in levels)
    if not drawn:
        return nothing("本次问卷没有问经营困难，所以这里不列。")
    second = Second(_scale(drawn), Head("比上期的变化", "百分点"), width=PANEL)
    forest = Forest(
        drawn, axis(endpoints(drawn), zero=True, unit="%"), panel=Head("勾选的企业 %", "短竖线：上期"), zero=True,
        phone_unit="%", row_height=28.0, second=second,
    )  # fmt: skip
    part = frame.part(forest, _says(title, forest))
    against = half(str(changes.extra["against"])) if changes.extra.get("against") else ABSENT
    return frame.figure(
        id, [part], frame.caption(no, title, note), frame.base_of(changes, f"上期：{against}")
    )


def trend_parts(changes: Protected | None, *, item: str = "", id: str = "trend-parts") -> Fragment:
    """Draw where the change of overall satisfaction (or of `item`) comes from: what respondents think, who they are."""
    rows = [] if changes is None else frame.records(frame.require(changes))
    chosen = [row for row in rows if (row["item"] == item if item else row["kind"] == "overall")]
    row = chosen[0] if chosen and known(number(chosen[0], "estimate")) else None
    if row is None:
        return nothing(NOTHING)
    parts = tuple(_part(row, name, *words) for name, words in PARTS.items() if known(number(row, name)))
    scale = differences(endpoints(parts), signed=True)
    forest = Forest(
        parts,
        scale,
        panel=Head(f"{row['label']}的变化从哪里来（分）"),
        value=Head(""),
        reference=0.0,
        row_height=28.0,
    )
    told = listing([f"{part.label} {part.value}" for part in parts])
    return frame.small(id, draw.summary(forest), f"{row['label']}的变化：{told} 分。")


def _groups(rows: Sequence[Record]) -> dict[str, list[Row]]:
    """Put sure changes first, then the others by the role of the department, so that a page may break between."""
    sure = [_moved(row) for row in rows if row.get("direction") in ("rising", "falling")]
    rest = [row for row in rows if row.get("direction") not in ("rising", "falling")]
    roles = dict.fromkeys(ROLES.get(str(row.get("role", "")), "") for row in rest)
    order = [name for name in (*ROLES.values(), "") if name in roles]
    groups = {SURE: sure}
    for name in order:
        head = f"{UNSURE}：{name}" if name else UNSURE
        groups[head] = [_moved(row) for row in rest if ROLES.get(str(row.get("role", "")), "") == name]
    return {name: found for name, found in groups.items() if found}


def _part(row: Record, name: str, label: str, begins: str) -> Row:
    """Return one part of a change; only the change itself is judged, and by its family."""
    low, high = number(row, f"{begins}_low"), number(row, f"{begins}_high")
    value = number(row, name)
    state = STATES.get(str(row.get("direction", "")), "unsure") if name == "estimate" else "estimate"
    ends = (
        (number(row, "family_low"), number(row, "family_high")) if name == "estimate" else (float("nan"),) * 2
    )
    return Row(label, value, low, high, *ends, state=state, value=signed(value), bold=name != "composition")


def _moved(record: Record) -> Row:
    """Return one department: score with a tick at that of the round before, and its change beside it."""
    direction = str(record.get("direction", ""))
    if not direction:
        return Row(
            record["label"], state="listed", value=ABSENT, note=str(record.get("reason", "")) or "不作比较"
        )
    state, few = STATES[direction], record.get("support") == "few"
    now, before = number(record, "now"), number(record, "before")
    dress = DRESS.get(state, Dress())
    shown = state if not few else f"few-{state}" if state in DRESS else "few"
    row = Row(
        record["label"], now, tick=before, state=state, value=score(now), side=_side(record, shown, dress),
        ink=dress.ink, wash=dress.wash, bold=bool(dress.wash),
    )  # fmt: skip
    low, high = min(now, before), max(now, before)
    # From tick to sign a thick line where the change is sure, else a thin one; a thick one without length keeps the number off.
    return replace(row, low=low if dress.wash else high, high=high, family_low=low, family_high=high)


def _side(record: Record, state: str, dress: Dress) -> Side:
    return Side(
        number(record, "estimate"),
        number(record, "conf_low"),
        number(record, "conf_high"),
        number(record, "family_low"),
        number(record, "family_high"),
        state=state,
        value=signed(number(record, "estimate")),
        bold=bool(dress.wash),
        ink=dress.ink if dress.wash else "ink2",
    )


def _share(level: Record, change: Record) -> Row:
    direction = str(change.get("direction", ""))
    state = SHARES.get(direction, "")
    if not direction:
        return frame.row(level, side=Side(value=ABSENT))
    dress = Dress(SHARE_INKS.get(state, "ink"), SHARE_WASHES.get(state, ""))
    return frame.row(
        level, tick=number(change, "before"), bold=bool(dress.wash), wash=dress.wash,
        side=_side(change, state, dress),
    )  # fmt: skip


def _scale(rows: Sequence[Row]) -> Axis:
    return differences(endpoints([row.side for row in rows]), signed=True)


def _forests(groups: dict[str, list[Row]]) -> dict[str, Forest]:
    """Return one forest per group; all share their scales, the width of names and one head."""
    every = [row for rows in groups.values() for row in rows]
    drawn = [row for row in every if known(row.estimate)]
    numbers = tuple(row.side.value for row in drawn)
    common = Forest(
        (),
        axis(endpoints(drawn), unit="分"),
        panel=Head("上期（短竖线）到本期"),
        labels=tuple(row.label for row in every),
        second=Second(_scale(drawn), Head("变化与 95% 区间（分）"), width=PANEL, numbers=numbers),
        signed=True,
        row_height=24.0,
    )
    heads = {name: f"{name}\u3000{_count(rows)}" for name, rows in groups.items()}
    # heads stand left of the scale numbers, so that the column of names has to hold them
    labels = (*common.labels, *heads.values())
    return headed(
        {
            name: replace(common, rows=tuple(rows), group=heads[name], labels=labels)
            for name, rows in groups.items()
        }
    )


def _count(rows: Sequence[Row]) -> str:
    listed = sum(not known(row.estimate) for row in rows)
    return f"{len(rows) - listed} 个" + (f"，{listed} 个不比" if listed else "")


def _says(name: str, forest: Forest) -> str:
    moved = [
        row
        for row in forest.rows
        if row.side.state.removeprefix("few-") in ("higher", "lower", "more", "fewer")
    ]
    told = [f"{row.label} {row.side.value}（{interval(row.side.low, row.side.high)}）" for row in moved]
    drawn = sum(known(row.side.estimate) for row in forest.rows)
    sure = f"可以认定的有{listing(told, 8)}" if told else "没有可以认定的变化"
    return f"{name}：{drawn} 项本期与上期的对照和变化的 95% 区间，{sure}，数字见明细表。"
