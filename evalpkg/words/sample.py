"""Whether a round can be trusted: weights, recruitment, questionnaires in doubt, modes, size of the next sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    Fragment,
    Record,
    count,
    escape,
    interval,
    known,
    less,
    number,
    records,
    score,
    share,
    variants,
)
from evalpkg.words.finding import Finding

RECRUITMENT = {
    "chambers": "企业由商会组织填写，误差按商会成群计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
    "districts": "企业由县（区）组织填写，误差按县（区）成群计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
    "direct": "企业直接填写，误差按每家企业独立计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
}


def sample(
    sensitivity: Protected | None,
    precision: Protected,
    returns: Protected,
    headlines: Protected | None = None,
    modes: Protected | None = None,
) -> Finding:
    """Whether the round can be trusted: valid questionnaires, other ways of computing, how firms were recruited."""
    row, work = precision.table.iloc[0], returns.table.iloc[0]
    weighted = bool(precision.extra["weighted"])
    cost = (
        f"加权后的精度相当于 {count(row['effective'])} 份简单随机样本（设计效应 {score(row['estimate'])}）。"
        if weighted
        else "本轮没有加权，数字只代表答卷的企业。"
    )
    detail = (
        f"发放 {count(work['issued'])} 份，回收 {count(work['returned'])} 份。{cost}"
        f"{RECRUITMENT[precision.extra['recruitment']]}"
    )
    valid = f"{count(returns.total)} 份有效"
    clauses = _stable(sensitivity, headlines, modes, weighted) or (f"有效答卷 {count(returns.total)} 份",)
    if len(clauses) == 1 and weighted and sensitivity is not None:
        gap = sensitivity.table["estimate"].iloc[0] - sensitivity.table["estimate"].iloc[1]
        clauses = (f"{clauses[0]}，", f"加权前后相差 {score(abs(gap))} 分")
    return Finding("这次调查可信吗", clauses, detail, valid)


def _stable(
    sensitivity: Protected | None, headlines: Protected | None, modes: Protected | None, weighted: bool
) -> tuple[str, ...]:
    """Say within which scores other ways of computing stay; nothing where there are fewer than two others."""
    if sensitivity is None:
        return ()
    rows = variants(sensitivity, headlines, modes)
    scores = [number(row, "estimate") for row in (rows if weighted else [rows[0], *rows[2:]])]
    scores = [value for value in scores if known(value)]
    if len(scores) < 3:
        return ()
    return (
        f"总体满意度换 {len(scores) - 1} 种算法，",
        f"都在 {score(min(scores))} 至 {score(max(scores))} 分之间",
    )


def doubts(flags: Protected | None, headlines: Protected | None = None) -> Fragment:
    """Say how many questionnaires are in doubt, and how much they move the overall score."""
    if flags is None:
        return Fragment("")
    row = next((r for r in records(flags.table, flags.extra) if r.get("reason") == "any"), None)
    if row is None:
        return Fragment("")
    many = less(number(row, "bound")) if row.get("shown") == "below" else share(number(row, "estimate"))
    said = f"有疑点的答卷占 {many}，一份不删；{_moved(headlines)}"
    return _paragraph(said)


def _moved(headlines: Protected | None) -> str:
    rows = [] if headlines is None else records(headlines.table, headlines.extra)
    row = next((r for r in rows if r.get("key") == "overall"), None)
    if row is None or not known(number(row, "without")):
        return "各项数字都含这些答卷。"
    if number(row, "n") == number(row, "without_n"):
        return "总体满意度不因它们而变。"
    gaps = [abs(number(r, "difference")) for r in rows if known(number(r, "difference"))]
    before, after = score(number(row, "estimate")), score(number(row, "without"))
    moved = f"仍是 {after} 分" if before == after else f"由 {before} 分变为 {after} 分"
    return f"去掉它们，{row['label']}{moved}，下表各项最多变 {score(max(gaps))} 分。"


def sizes(precision: Protected) -> Fragment:
    """Say whose size was told by the official rules, and whose own word was taken; nothing where all named it themselves."""
    extra = precision.extra
    if not extra.get("sized"):
        return Fragment("")
    told, differing, ambiguous, unanswered = (
        _firms(extra, f"size_{name}_count") for name in ("derived", "differing", "ambiguous", "unanswered")
    )
    return _paragraph(
        f"企业规模按国家统计局的划分办法，由行业、从业人员和营业收入推算：能推算的{told}，其中与企业自报不同的{differing}；"
        f"其余用企业自报，包括所答的档可以归入几种规模的{ambiguous}，没有答全的{unanswered}。"
    )


def _firms(extra: Mapping[str, Any], name: str) -> str:
    """Write a number of enterprises; the gate lets none through that is under k."""
    return f" {count(extra[name])} 家" if name in extra else f"不足 {extra['k']} 家"


def modes(result: Protected | None) -> Fragment:
    """Say how far the published overall score depends on the mix of modes."""
    if result is None or not known(result.extra.get("mode_adjusted")):
        return Fragment("")
    extra = result.extra
    low, high = extra["mode_adjusted_low"], extra["mode_adjusted_high"]
    sure = "可以认定" if low > 0 or high < 0 else "尚不能认定"
    gap = float(extra["mode_adjusted"])
    return _paragraph(
        f"若企业都按{extra['reference']}，总体满意度会比公布的{'低' if gap >= 0 else '高'} {score(abs(gap))} 分；"
        f"公布值减去它的 95% 区间是 {interval(low, high)} 分，差别{sure}。"
    )


def plan(result: Protected | None) -> Fragment:
    """Say how many enterprises it would take to tell departments apart."""
    if result is None:
        return Fragment("")
    extra = result.extra
    rows = extra["needed"].to_dict("records") if "needed" in extra else []
    needs = [_need(row) for row in rows if row.get("key") in ("width", "mean")]
    now = (
        f"像本轮这样的样本，名次区间平均宽约 {extra['width_now']:.0f} 位"
        if known(extra.get("width_now"))
        else ""
    )
    return _paragraph("；".join(part for part in (now, *needs) if part) + "。")


def _need(row: Record) -> str:
    needed = number(row, "respondents")
    target = {
        "width": "要让名次区间平均不超过 {:g} 位",
        "mean": "要认定任一部门与平均相差 {:g} 分",
    }[str(row["key"])].format(number(row, "target"))
    return f"{target}，约需 {count(needed)} 家" if math.isfinite(needed) else f"{target}，靠增加企业做不到"


def _paragraph(said: str) -> Fragment:
    return Fragment(f"<p>{escape(said)}</p>")
