"""How satisfied enterprises are, what troubles them, how their appeals ended."""

from __future__ import annotations

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import interval, less, score, share, signed
from evalpkg.words.finding import SURE, UNSURE, Finding, base_of, joined, not_asked

REST = "OTHER"  # code of the complaints that belong to no theme: no theme may come second to it


def overall(result: Protected | None, change: Protected | None = None) -> Finding:
    """How satisfied enterprises are, and whether more of them see improvement than decline."""
    question = "总体满意度如何"
    if result is None:
        return not_asked(question, "总体满意度")
    row = result.table.iloc[0]
    first = f"{row['label']} {score(row['estimate'])} 分"
    detail = f"95% 区间 {interval(row['conf_low'], row['conf_high'])} 分，{base_of(result)}。"
    if change is None:
        return Finding(question, (first,), detail + "本次问卷没有问与半年前相比的变化。", "")
    verdict, sure = _direction(change)
    return Finding(question, (f"{first}，", verdict), detail + felt_change(change), SURE if sure else UNSURE)


def _direction(change: Protected) -> tuple[str, bool]:
    if "net" not in change.extra:
        return "变好和变差的企业不作比较", False
    low, high = change.extra["net_low"], change.extra["net_high"]
    if low > 0:
        return "觉得变好的企业多于变差的", True
    if high < 0:
        return "觉得变差的企业多于变好的", True
    return "觉得变好和变差的企业分不出多少", False


def felt_change(change: Protected) -> str:
    """Say how many enterprises feel that things became better, and how many worse."""
    shares = {row["direction"]: _shown(row) for _, row in change.table.iterrows()}
    net = change.extra
    said = f"与半年前相比，觉得变好的占 {shares['better']}，变差的占 {shares['worse']}，"
    if "net" not in net:
        return f"{said}有一方不足 {net['k']} 家，所以不比较。"
    return (
        f"{said}相差 {signed(net['net'])} 个百分点（{signed(net['net_low'])} 至 {signed(net['net_high'])}）。"
    )


def urgent(result: Protected | None) -> Finding:
    """Which difficulty enterprises call the most urgent."""
    return first_of(result, "企业最急的是什么", "最急需解决的困难", "被列为最急")


def troubles(urgent_: Protected | None, themes: Protected | None) -> Finding:
    """Which difficulty is the most urgent, and beside it what is written of most, for the leaders' page."""
    ticked, written = urgent(urgent_), first_of(themes, TROUBLES, "意见建议", "写得最多")
    if urgent_ is None or themes is None:
        return written if urgent_ is None and themes is not None else ticked
    clauses = (*_leading(ticked, "；"), *_leading(written, ""))
    return Finding(TROUBLES, clauses, f"{ticked.detail}写得最多的：{written.detail}", ticked.tag)


TROUBLES = "企业最急的是什么，写了什么"


def _leading(finding: Finding, end: str) -> tuple[str, ...]:
    """Keep of a conclusion what comes first, and end it."""
    first = [clause for clause in finding.clauses if not clause.startswith("其次是")]
    return (*first[:-1], first[-1].rstrip("，") + end)


def difficulties(result: Protected | None) -> Finding:
    """Which difficulties enterprises tick most."""
    return first_of(result, "企业有哪些困难", "经营困难", "被提到最多")


def first_of(result: Protected | None, question: str, subject: str, verb: str) -> Finding:
    """Name the item that most enterprises have, and say whether it surely is the first."""
    if result is None:
        return not_asked(question, subject)
    table = result.table[result.table["shown"] == "yes"]
    if "theme" in table:
        table = table[table["theme"] != REST]
    if "exclusive" in table:
        table = table[~table["exclusive"].astype(bool)]
    if table.empty:
        return Finding(question, ("各项人数都太少，不单独公布",), f"{base_of(result)}。", UNSURE)
    names, first = table["label"].tolist(), table.iloc[0]
    sure = result.extra.get("lead_low", float("nan")) > 0
    first_ones, rest = (names[:1], names[1:3]) if sure else (names[:2], names[2:3])
    ending = verb + ("，" if rest else "")
    clauses = (*joined("、".join(first_ones), ending), *((f"其次是{'、'.join(rest)}",) if rest else ()))
    between = "与其次一项的差别可以认定" if sure else "前两位的先后尚不能认定"
    detail = f"{names[0]} {share(first['estimate'])}（{interval(first['conf_low'], first['conf_high'])}），{between}；{base_of(result)}。"
    return Finding(question, clauses, detail, SURE if sure else UNSURE)


def appeals(result: Protected | None) -> Finding:
    """How many enterprises raised an appeal, and how it ended."""
    question = "反映的诉求解决了吗"
    if result is None:
        return not_asked(question, "诉求办理")
    rows = {row["question"]: row for _, row in result.table.iterrows()}
    parts = [f"{row['label']} {_shown(row)}" for row in rows.values()]
    solved = rows.get("solved")
    if solved is None:
        clauses: tuple[str, ...] = (parts[0],)
    elif solved["shown"] == "yes" and solved["support"] != "listed":
        clauses = ("反映过诉求的企业里，", f"{_shown(solved)} 认为完全解决")
    else:
        clauses = ("反映过诉求的企业太少，", "解决得怎样不能判断")
    return Finding(question, clauses, "；".join(parts) + "。各题回答的企业不同，分母见表。", "")


def _shown(row: pd.Series) -> str:
    """Print a share as the gate allows it."""
    if row["shown"] == "hidden":
        return "人数太少不公布"
    return less(row["bound"]) if row["shown"] == "below" else share(row["estimate"])
