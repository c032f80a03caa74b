"""One department: where it stands, and what goes with its ratings."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ROLES,
    TIERS,
    Record,
    count,
    interval,
    known,
    number,
    records,
    score,
    share,
    too_few,
)
from evalpkg.words.finding import LISTED, SURE, UNSURE, Finding, base_of, joined, not_asked

LITTLE = 5.0  # per cent of the differences, below which the dimensions explain next to nothing of them


def department(result: Protected | None, code: str) -> Finding:
    """Say how one department is rated, by the table of all: tier, score, places, contact."""
    question = "这个部门评价怎样"
    if result is None:
        return not_asked(question, "各部门")
    found = [row for row in records(result.table, result.extra) if row["department"] == code]
    if not found:
        known_codes = "、".join(map(str, result.table["department"]))
        said = f"没有代码为“{code}”的部门；可用的代码是 {known_codes}。"
        return Finding(question, ("没有这个部门",), said, "")
    row = found[0]
    few = too_few(row, "家打分")
    if few:
        return Finding(question, (f"{row['label']}，", "只列不排"), f"{few}。", LISTED)
    tier = str(row.get("tier") or "")
    clauses = joined(str(row["label"]), TIERS.get(tier, "不作比较"))
    tag = LISTED if tier not in TIERS else UNSURE if tier == "same" else SURE
    return Finding(question, clauses, _detail(row), tag)


def _detail(row: Record) -> str:
    role = ROLES.get(str(row.get("role")), "")
    parts = [
        f"{role}部门，" if role else "",
        f"{count(row['n'])} 家打分，得分 {score(number(row, 'estimate'))}",
        f"（95% 区间 {interval(number(row, 'conf_low'), number(row, 'conf_high'))}）",
    ]
    low, high = number(row, "rank_low"), number(row, "rank_high")
    if known(low) and known(high):
        parts.append(f"，名次区间第 {low:.0f} 至 {high:.0f} 名" if low < high else f"，第 {low:.0f} 名")
    if known(number(row, "contact")):
        parts.append(f"；与它打过交道的企业占 {share(number(row, 'contact'))}")
    return "".join(parts) + "。"


def department_drivers(result: Protected | None) -> Finding:
    """Say which service dimensions go with the ratings of one department, each respondent's level taken out."""
    question = "企业给它打分，看重什么"
    if result is None:
        return not_asked(question, "服务的各个方面")
    rows = [row for row in records(result.table, result.extra) if not too_few(row)]
    if not rows:
        why = "".join(f"{note}。" for note in result.extra.get("notes", ()))
        return Finding(question, ("这里不能判断",), why, "")
    r2 = number(result.extra, "r2")
    between = f"{share(r2)}（{interval(number(result.extra, 'r2_low'), number(result.extra, 'r2_high'))}）"
    taken = known(number(result.extra, "halo_share"))
    level = "扣除各家企业自己的松紧后，" if taken else "没有扣除各家企业自己的松紧，"
    detail = (
        f"{level}{len(rows)} 个方面合起来能说明打分差别的 {between}；{base_of(result)}。"
        "份额大只说明关系紧，不等于改了它得分就一定提高。"
    )
    if r2 < LITTLE and taken:
        return Finding(question, ("看不出特别看重哪一面，", "主要是企业自己的松紧"), detail, UNSURE)
    first, sure = rows[0], number(rows[0], "rank_high") == 1
    ending = "关系最密切" if sure else "关系最密切，哪个第一还分不出"
    names = str(first["label"]) if sure or len(rows) < 2 else f"{first['label']}、{rows[1]['label']}"
    return Finding(question, joined(names, ending), detail, SURE if sure else UNSURE)
