"""How far policies reach enterprises, in one sentence."""

from __future__ import annotations

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import Record, known, number, records, share, too_few
from evalpkg.words.finding import SURE, UNSURE, Finding, not_asked

QUESTION = "惠企政策走到哪一步"
STUCK = {"aware": "没听说过", "applied": "没有申请", "received": "没有获批"}


def funnel(result: Protected | None) -> Finding:
    """On which step policies lose most enterprises, and how many enterprises they reach in the end."""
    if result is None:
        return not_asked(QUESTION, "政策的知晓和享受")
    rows = records(result.table, result.extra)
    policies = len(dict.fromkeys(row["label"] for row in rows))
    lost = result.extra.get("lost")
    losses = [] if not isinstance(lost, pd.DataFrame) else records(lost, result.extra)
    sure = [row for row in losses if row.get("shown", "yes") == "yes" and number(row, "lead_low") > 0]
    notes = "".join(f"{note}。" for note in result.extra.get("notes", ()))
    detail = _reached(rows) + _named(sure, policies) + notes
    if not sure:
        return Finding(QUESTION, (f"{policies} 项政策", "卡在哪一步分不出"), detail, UNSURE)
    stages = [str(row.get("stage", "")) for row in sure]
    most = max(dict.fromkeys(stages), key=stages.count)
    clauses = (f"{policies} 项政策里，", f"{stages.count(most)} 项多卡在{STUCK.get(most, '这一步')}")
    return Finding(QUESTION, clauses, detail, SURE)


def _reached(rows: list[Record]) -> str:
    """Say which policy reaches most enterprises in the end, and which fewest."""
    ends = [row for row in rows if row.get("stage") == "received" and not too_few(row)]
    ends = [row for row in ends if row.get("shown") == "yes" and known(number(row, "estimate"))]
    if not ends:
        return ""
    most, least = (choose(ends, key=lambda row: number(row, "estimate")) for choose in (max, min))
    said = f"享受面最大的是{most['label']}，占全部企业的 {share(number(most, 'estimate'))}"
    if most["label"] == least["label"]:
        return f"{said}。"
    policies = len(dict.fromkeys(row["label"] for row in rows))
    if len(ends) < policies:
        return f"{said}；有 {policies - len(ends)} 项享受的企业太少，不单列。"
    return f"{said}；最小的是{least['label']}，占 {share(number(least, 'estimate'))}。"


def _named(sure: list[Record], policies: int) -> str:
    """Name the policies whose largest loss is sure, by the step."""
    steps: dict[str, list[str]] = {}
    for row in sure:
        steps.setdefault(str(row.get("stage_label", "")), []).append(row["label"])
    said = "；".join(f"多卡在“{step}”的是{'、'.join(names)}" for step, names in steps.items())
    rest = policies - len(sure)
    more = f"其余 {rest} 项卡在哪一步尚不能认定。" if 0 < rest < policies else ""
    return f"{said}。{more}" if said else ""
