"""How pages read the rows of measures: figure, table and sentence count and name them alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]  # of a table that passed the gate

EFFECTIVE, WORSE, OPEN, UNJUDGED, PENDING = "见效", "不如别的部门", "尚不能区分", "不能判断", "待评估"
ORDER = (EFFECTIVE, WORSE, OPEN, UNJUDGED, PENDING)
STATES = {EFFECTIVE: "higher", WORSE: "lower", OPEN: "unsure"}  # of a mark
REASONS = {
    "pending": "还没有到评估的轮次",
    "partial": "本轮只有一部分时间在实施之后",
    "late": "登记晚于评估轮次",
    "ended": "评估期没过完就停止了",
    "absent": "评估轮次的数据不在",
    "unseen": "评估轮次没有问，或打分的企业太少",
    "mixed": "同期另有措施，分不开",
    "baseline": "基期不足两轮",
    "untreated": "没有措施的部门太少，无从对照",
    "alike": "各部门的变化一模一样，无从比较",
}


def outcome(row: Row) -> str:
    """Return what is said of a measure.

    Examples
    --------
    >>> outcome({"verdict": "A", "direction": "better"}), outcome({"verdict": "A", "direction": "worse"})
    ('见效', '不如别的部门')
    >>> outcome({"verdict": ""})
    '待评估'
    """
    words = {"A": WORSE if row.get("direction") == "worse" else EFFECTIVE, "B": OPEN, "C": UNJUDGED}
    return words.get(str(row["verdict"]), PENDING)


def main_rows(rows: Iterable[Row]) -> list[Row]:
    """Return a row a measure: that of the targets which decide."""
    return [row for row in rows if row["main"]]


def by_outcome(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Sort measures by what is said of them, in the order of `ORDER`; what nothing is said of is left out."""
    kept = list(rows)
    sorted_ = {name: [row for row in kept if outcome(row) == name] for name in ORDER}
    return {name: found for name, found in sorted_.items() if found}


def why(row: Row) -> str:
    """Say why a measure has no verdict; nothing where it has one."""
    return REASONS.get(str(row["reason"]), "")


def half(round_id: str, gap: str = "") -> str:
    """Name a round in a column; with a `gap` in a sentence.

    >>> half("2022H1"), half("2022H1", " ")
    ('2022上', '2022 上')
    """
    return f"{round_id[:4]}{gap}{'上' if round_id.endswith('1') else '下'}" if round_id else ""


def halves(ids: str) -> Sequence[str]:
    """Name rounds that are joined by ";"."""
    return [half(round_id) for round_id in ids.split(";") if round_id]
