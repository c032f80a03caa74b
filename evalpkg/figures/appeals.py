"""The platform's register and the ledger of problems: counted bars, the curve of what is still open, departments."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from evalpkg.disclosure import Protected
from evalpkg.figures import bars, fonts, frame
from evalpkg.figures.bars import Bar
from evalpkg.figures.canvas import Canvas
from evalpkg.figures.forest import Axis, Forest, Head, Row, axis, endpoints
from evalpkg.figures.layout import PHONE, SMALL, TEXT, WIDE, Panel
from evalpkg.fragment import (
    NO_LEDGER,
    NO_REGISTER,
    Fragment,
    Record,
    count,
    known,
    listing,
    nothing,
    number,
    score,
    share,
)

COUNTED = "登记数据，非抽样；件数取整到 5"
PAGE = (
    "received",
    "ended",
    "solved",
    "partly",
    "explained",
    "not_resolved",
    "out_of_scope",
    "open",
    "waiting",
)
LEADERS = ("received", "ended", "solved", "waiting")
TOP, BOTTOM, LEFT, HIGH = 30.0, 40.0, 44.0, 220.0  # px around the curve
LEAST_DRAWN = 2  # departments that a figure needs


def register(
    result: Protected | None, *, no: int = 1, title: str = "收到的诉求后来怎样", note: str = "占收到的百分比"
) -> Fragment:
    """Draw what became of the appeals of a half-year as plain bars; truly solved is the key one."""
    if result is None:
        return nothing(NO_REGISTER)
    rows = _steps(result, PAGE)
    part = frame.Part(*bars.forms(rows), says=_says(title, rows))
    base = f"分母：{result.base}；截至 {result.extra.get('day', '')}；{COUNTED}；逾期未结占有时限的诉求。"
    return frame.figure("register", [part], frame.caption(no, title, note), base)


def summary_register(result: Protected | None, *, id: str = "summary-register") -> Fragment:
    """Draw received, ended, truly solved and overdue for the leaders' page."""
    if result is None:
        return nothing(NO_REGISTER)
    rows = _steps(result, LEADERS)
    return frame.small(id, bars.small(rows), _says("诉求的办理", rows))


def loop(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "提出的问题走到了哪一步",
    note: str = "占提出的百分比",
) -> Fragment:
    """Draw how far the problems of the ledger came: raised, instructed, adopted, resolved."""
    if result is None:
        return nothing(NO_LEDGER)
    rows = _stages(result)
    part = frame.Part(*bars.forms(rows), says=_says(title, rows))
    base = f"分母：{result.base}；登记数据，非抽样；个数取整到 5；写进措施不等于解决。"
    return frame.figure("loop", [part], frame.caption(no, title, note), base)


def summary_loop(result: Protected | None, *, id: str = "summary-loop") -> Fragment:
    """Draw the closing of the loop for the leaders' page."""
    if result is None:
        return nothing(NO_LEDGER)
    rows = _stages(result)
    return frame.small(id, bars.small(rows), _says("问题走到了哪一步", rows))


def _steps(result: Protected, steps: tuple[str, ...]) -> list[Bar]:
    rows = {str(record["step"]): record for record in frame.records(frame.require(result))}
    return [
        bars.bar(rows[step], key=step == "solved", whole_step=step == "received")
        for step in steps
        if step in rows
    ]


def _stages(result: Protected) -> list[Bar]:
    records = frame.records(frame.require(result))
    return [
        bars.bar(record, "个", key=record["stage"] == "resolved", whole_step=record["stage"] == "raised")
        for record in records
    ]


def _says(title: str, rows: list[Bar]) -> str:
    return f"{title}：{listing([f'{row.label} {row.counted} {row.said}'.strip() for row in rows], 9)}。"


def register_curve(
    result: Protected | None,
    days: Protected | None,
    *,
    no: int = 1,
    title: str = "收到多少天以后还没有办结",
    note: str = "没有办结的按截至观察日计",
) -> Fragment:
    """Draw the share of appeals still open against days, its interval as two thin lines, and the median."""
    if result is None or days is None:
        return Fragment("")  # the headline says that there is no register
    table = frame.require(result).table
    seen = table[table["shown"] == "yes"]
    if len(seen) < LEAST_DRAWN:
        return nothing(f"诉求或办结的日子太少（不足 {result.extra['k']} 件），不画办理天数。")
    median = number(frame.records(days)[0], "estimate")
    wide, phone = (_curve(seen, median, width) for width in (WIDE, PHONE))
    at_end = f"第 {seen['day'].iloc[-1]:.0f} 天还有 {share(seen['estimate'].iloc[-1])} 没有办结"
    says = f"{title}：{f'一半在 {median:.0f} 天内办结，' if known(median) else ''}{at_end}。"
    base = (
        f"分母：{days.base}；{count(days.table['n'].iloc[0])} 件；细线是 95% 区间，说的是办理快慢本身的起伏，不是抽样误差；"
        f"每一级隔 {result.extra['k']} 件以上，剩下不足 {result.extra['k']} 件以后不画。"
    )
    return frame.figure(
        "register-curve", [frame.Part(wide, phone, says)], frame.caption(no, title, note), base
    )


def _curve(table: Any, median: float, width: float) -> Canvas:
    canvas = Canvas(width, TOP + HIGH + BOTTOM)
    last = float(table["day"].iloc[-1])
    across = Panel(LEFT, width - 16, _days(last))
    down = Panel(TOP + HIGH, TOP, Axis(0.0, 100.0, (0.0, 25.0, 50.0, 75.0, 100.0), unit="%"))
    _frame(canvas, across, down)
    days = np.r_[0.0, table["day"].to_numpy(float)]
    for name, colour, thick in (
        ("conf_low", "midI", 1.0),
        ("conf_high", "midI", 1.0),
        ("estimate", "ink2", 2.5),
    ):
        x, y = _stepped(days, np.r_[100.0, table[name].to_numpy(float)])
        canvas.curve(across(x), down(y), colour=colour, width=thick)
    if known(median):
        canvas.columns(across([median]), down([50.0]), down([0.0]), colour="ink", dashed=True)
        canvas.curve(across([0.0, median]), down([50.0, 50.0]), colour="ink", dashed=True)
        words = f"一半在 {median:.0f} 天内办结"
        # At the foot of the line: higher up, the words would lie on the curve.
        canvas.text(float(across(median)) + 8, float(down(5.0)), words, size=TEXT, bold=True, halo="paper")
    return canvas  # fmt: skip


def _days(last: float) -> Axis:
    """Return a scale of days in steps that people count in."""
    step = next((step for step in (1, 2, 5, 7, 14, 30, 60, 90) if last / step <= 7), 180)
    top = step * max(math.ceil(last / step), 1)
    return Axis(0.0, float(top), tuple(float(day) for day in range(0, top + 1, step)), unit="天")


def _frame(canvas: Canvas, across: Panel, down: Panel) -> None:
    canvas.text(0, 10, "还没有办结的诉求", size=TEXT, colour="ink3")
    for tick, label in zip(down.axis.ticks, down.axis.labels(), strict=True):
        y = float(down(tick))
        canvas.rows([y], across.left, across.right, colour="mid" if tick == 0 else "rule", width=1)
        canvas.text(across.left - 8, y, label, size=SMALL, colour="ink3", anchor="right")
    for tick, label in zip(across.axis.ticks, across.axis.labels(), strict=True):
        x = min(float(across(tick)), canvas.width - fonts.width(label, SMALL) / 2)
        canvas.text(x, down.left + 16, label, size=SMALL, colour="ink3", anchor="center")


def _stepped(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn points into the corners of a flight of stairs."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def register_departments(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "各部门承办的诉求真正解决了多少",
    note: str = "件数少的向平均靠拢；横线是 95% 区间",
) -> Fragment:
    """Draw the share truly solved of each department large enough, with both intervals, against the mean."""
    if result is None:
        return Fragment("")  # as above
    mean = result.extra.get("mean", math.nan)
    records = [record for record in frame.records(frame.require(result)) if _drawn(record)]
    if len(records) < LEAST_DRAWN:
        return nothing(f"真正解决不少于 {result.extra['k']} 件的部门不足 {LEAST_DRAWN} 个，不比较。")
    rows = tuple(_department(record, mean) for record in records)
    forest = Forest(
        rows, axis([*endpoints(rows), mean], unit="%"), panel=Head("真正解决，占承办的（%）"),
        value=Head("真正解决", "%"), columns=(Head("承办", "件"), Head("中位", "天")), reference=mean,
        reference_label=f"平均 {score(mean)}", row_height=28.0, phone_unit="%",
    )  # fmt: skip
    left = sum(not _drawn(record) for record in frame.records(result))
    base = (
        f"分母：{result.base}；{result.extra['since']}以来各轮合计；{COUNTED}；"
        f"另有 {left} 行解决不足 {result.extra['k']} 件，只在表里列出。"
    )
    named = listing([f"{row.label} {row.value}%" for row in rows], 8)
    part = frame.part(forest, f"{title}，平均 {score(mean)}%：{named}。")
    return frame.figure("register-departments", [part], frame.caption(no, title, note), base)


def _drawn(record: Record) -> bool:
    return record["shown"] == "yes" and known(number(record, "family_low"))


def _department(record: Record, mean: float) -> Row:
    low, high = number(record, "family_low"), number(record, "family_high")
    state = "higher" if low > mean else "lower" if high < mean else "unsure"
    ink = {"higher": "up", "lower": "dn"}.get(state, "ink")
    cells = (
        count(number(record, "n")),
        f"{number(record, 'median'):.0f}" if known(number(record, "median")) else "—",
    )
    drawn = frame.row(
        {**record, "support": "full"}, state=state, ink=ink, bold=state != "unsure", cells=cells
    )
    return replace(drawn, family_low=low, family_high=high)  # fmt: skip
