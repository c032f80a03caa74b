"""How far policies reach enterprises, in one sentence."""

from __future__ import annotations

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import Record, known, number, records, share, too_few
from evalpkg.words.finding import SURE, UNSURE, Finding, not_asked

QUESTION = "惠企政策走到哪一步"
BASIS = "流失按走到这一步的企业计"  # the denominators of the losses that are compared are not the same


def funnel(result: Protected | None) -> Finding:
    """On which step policies lose most of those before it, and how many enterprises they reach in the end."""
    if result is None:
        return not_asked(QUESTION, "政策的知晓和享受")
    rows = records(result.table, result.extra)
    notes = "".join(f"{note}。" for note in result.extra.get("notes", ()))
    if not rows:
        return Finding(QUESTION, ("政策走到哪一步，", "这里不能判断"), notes or f"分母是{result.base}。", "")
    policies = len(dict.fromkeys(row["label"] for row in rows))
    lost = result.extra.get("lost")
    losses = [] if not isinstance(lost, pd.DataFrame) else records(lost, result.extra)
    sure = [row for row in losses if row.get("shown", "yes") == "yes" and number(row, "lead_low") > 0]
    detail = _reached(rows) + _named(sure, policies) + notes
    if not sure:
        return Finding(QUESTION, (f"{policies} 项政策里，", "流失最多的一步分不出"), detail, UNSURE)
    stages = [str(row.get("stage", "")) for row in sure]
    most = max(dict.fromkeys(stages), key=stages.count)
    step = next(row.get("stage_label", "") for row in sure if row.get("stage") == most)
    subject = f"{stages.count(most)} 项流失最多的一步"
    return Finding(QUESTION, (f"{policies} 项政策里，", subject, f"是“{step}”"), detail, SURE)


def _reached(rows: list[Record]) -> str:
    """Say which policy reaches most enterprises in the end, and which fewest, as far as that may be told."""
    last = [row for row in rows if row.get("stage") == "received"]
    ends = [row for row in last if row.get("shown") == "yes" and not too_few(row)]
    ends = [row for row in ends if known(number(row, "estimate"))]
    if not ends:
        return ""
    most, least = (choose(ends, key=lambda row: number(row, "estimate")) for choose in (max, min))
    said = f"享受面最大的是{most['label']}，占全部企业的 {share(number(most, 'estimate'))}"
    rest = len(last) - len(ends)
    few = sum(row.get("shown") == "below" for row in last)
    if rest > few:  # the largest may be among those that are hidden
        return f"可以公布的 {len(ends)} 项里，{said}。"
    if rest:
        return f"{said}；有 {rest} 项享受的企业太少，不单列。"
    if most["label"] == least["label"]:
        return f"{said}。"
    return f"{said}；最小的是{least['label']}，占 {share(number(least, 'estimate'))}。"


def _named(sure: list[Record], policies: int) -> str:
    """Name the policies whose largest loss is sure, by the step, with the loss and among whom it is counted."""
    steps: dict[str, list[Record]] = {}
    for row in sure:
        steps.setdefault(str(row.get("stage_label", "")), []).append(row)
    said = "；".join(f"最多的是“{step}”{_among(rows)}的有{_losses(rows)}" for step, rows in steps.items())
    rest = policies - len(sure)
    more = f"其余 {rest} 项哪一步流失最多尚不能认定。" if 0 < rest < policies else ""
    return f"{BASIS}，{said}。{more}" if said else ""


def _among(rows: list[Record]) -> str:
    among = rows[0].get("among", "")
    return f"（占{among}）" if among else ""


def _losses(rows: list[Record]) -> str:
    return "、".join(f"{row['label']} {share(number(row, 'estimate'))}" for row in rows)
