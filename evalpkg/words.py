"""One Chinese sentence per finding; every number in prose comes from here, so text and table cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evalpkg.disclosure import Protected
from evalpkg.fragment import ROLES, Fragment, confidence, count, escape, interval, less, score, share, signed
from evalpkg.params import Round

SURE, UNSURE, LISTED = "可以认定", "尚不能认定", "只列不排"
LONGEST_CLAUSE = 13  # characters; a longer one would break inside a word on a phone
MARK = '<svg class="m" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">{}</svg>'
MARKS = {
    SURE: MARK.format('<circle cx="6" cy="6" r="4.5" style="fill:var(--mid,#5d6873)"/>'),
    UNSURE: MARK.format(
        '<circle cx="6" cy="6" r="4" style="fill:none;stroke:var(--mid,#5d6873);stroke-width:1.75"/>'
    ),
    LISTED: MARK.format('<path d="M1 6h10" style="stroke:var(--mid,#5d6873)"/>'),
}
CONFIDENT = 95.0  # per cent of replicates in which a driver must come first to be called the first


@dataclass(frozen=True)
class Finding:
    """An answer to one question of a reader: `clauses` make the conclusion, `detail` its figures, `tag` how sure."""

    question: str
    clauses: tuple[str, ...]
    detail: str
    tag: str

    def _repr_html_(self) -> str:
        return headline(self)


def headline(finding: Finding) -> Fragment:
    """Print a finding as the conclusion that opens a page."""
    return Fragment(
        f'<h1 class="answer">{_clauses(finding)}</h1><p class="lead">{escape(finding.detail)}</p>'
    )


def answer(
    no: int, finding: Finding, figure: Fragment | None = None, link: tuple[str, str] | None = None
) -> Fragment:
    """Print a finding as one numbered answer of the leaders' page; the first is the page's headline."""
    first = no == 1
    level = "h1" if first else "h2"
    head = f'<b class="no">{no}</b><span class="q">{escape(finding.question)}</span>'
    tag = f'<span class="tag">{MARKS.get(finding.tag, "")}{escape(finding.tag)}</span>' if finding.tag else ""
    # A box that says "not asked" would repeat the sentence above it.
    figure = None if figure is not None and figure.startswith('<p class="none">') else figure
    sub = f'<p class="sub">{escape(finding.detail)}</p>' if first else ""
    more = f'<a class="more" href="{escape(link[0])}.html">{escape(link[1])}</a>' if link else ""
    text = f'<header>{head}{tag}</header><{level} class="s">{_clauses(finding)}</{level}>{sub}'
    if first:
        return Fragment(f'<article class="a first"><div>{text}{more}</div>{figure or ""}</article>')
    return Fragment(f'<article class="a">{text}{figure or ""}{more}</article>')


def answers(*parts: Fragment) -> Fragment:
    """Lay the answers of the leaders' page out as one grid."""
    return Fragment(f'<section class="answers">{"".join(parts)}</section>')


def proposals(no: int, round_: Round) -> Fragment:
    """Print the proposals that people wrote into the round's parameters; nothing where there are none."""
    if not round_.proposals:
        return Fragment("")
    rows = "".join(
        f'<tr><td><b>{escape(p.what)}</b></td><td data-label="责任单位">{escape(p.who)}</td>'
        f'<td data-label="时限">{escape(p.by)}</td><td data-label="下轮看什么">{escape(p.check)}</td></tr>'
        for p in round_.proposals
    )
    head = "<tr><th>建议</th><th>责任单位</th><th>时限</th><th>下轮看什么</th></tr>"
    return Fragment(
        f'<article class="a all"><header><b class="no">{no}</b><span class="q">建议</span>'
        f'<span class="tag">由评议工作组提出</span></header>'
        f'<table class="gt_table props"><thead>{head}</thead><tbody>{rows}</tbody></table></article>'
    )


def overall(result: Protected | None, change: Protected | None = None) -> Finding:
    """How satisfied enterprises are, and whether more of them see improvement than decline."""
    question = "总体满意度如何"
    if result is None:
        return _not_asked(question, "总体满意度")
    row = result.table.iloc[0]
    first = f"{row['label']} {score(row['estimate'])} 分"
    detail = f"95% 区间 {interval(row['conf_low'], row['conf_high'])} 分，{_base(result)}。"
    if change is None:
        return Finding(question, (first,), detail + "本次问卷没有问与半年前相比的变化。", "")
    verdict, sure = _direction(change)
    return Finding(
        question, (f"{first}，", verdict), detail + _change_detail(change), SURE if sure else UNSURE
    )


def _direction(change: Protected) -> tuple[str, bool]:
    low, high = change.extra["net_low"], change.extra["net_high"]
    if low > 0:
        return "觉得变好的企业多于变差的", True
    if high < 0:
        return "觉得变差的企业多于变好的", True
    return "觉得变好和变差的企业分不出多少", False


def _change_detail(change: Protected) -> str:
    shares = {row["direction"]: _shown(row) for _, row in change.table.iterrows()}
    net = change.extra
    return (
        f"与半年前相比，觉得变好的占 {shares['better']}，变差的占 {shares['worse']}，"
        f"相差 {signed(net['net'])} 个百分点（{signed(net['net_low'])} 至 {signed(net['net_high'])}）。"
    )


def departments(result: Protected | None) -> Finding:
    """How departments are rated on average and by role; they are listed, not ranked."""
    question = "各部门评价怎样"
    if result is None:
        return _not_asked(question, "各部门的服务")
    rated = result.table[(result.table["shown"] == "yes") & (result.table["support"] != "listed")]
    roles = result.extra["by_role"]
    parts = "，".join(
        f"{ROLES[r['role']]} {score(r['estimate'])} 分" for _, r in roles.iterrows() if r["shown"] == "yes"
    )
    widths, scores = rated["conf_high"] - rated["conf_low"], rated["estimate"]
    clauses = (f"{len(rated)} 个部门平均 {score(_mean(result))} 分，", "按职能列出，不排名次")
    detail = (
        f"{parts}。得分相差最多 {score(scores.max() - scores.min())} 分，而单个部门的 95% 区间平均宽 "
        f"{score(widths.mean())} 分：相邻的部门多半分不出先后，所以不排名次。"
    )
    return Finding(question, clauses, detail, LISTED)


def _mean(result: Protected) -> float:
    mean = result.extra["mean"]
    return float(mean["estimate"].iloc[0] if isinstance(mean, pd.DataFrame) else mean)


def urgent(result: Protected | None) -> Finding:
    """Which difficulty enterprises call the most urgent."""
    return _first_of(result, "企业最急的是什么", "最急需解决的困难", "被列为最急")


def difficulties(result: Protected | None) -> Finding:
    """Which difficulties enterprises tick most."""
    return _first_of(result, "企业有哪些困难", "经营困难", "被提到最多")


def _first_of(result: Protected | None, question: str, subject: str, verb: str) -> Finding:
    if result is None:
        return _not_asked(question, subject)
    table = result.table[result.table["shown"] == "yes"]
    if "exclusive" in table:
        table = table[~table["exclusive"].astype(bool)]
    if table.empty:
        return Finding(question, ("各项人数都太少，不单独公布",), f"{_base(result)}。", UNSURE)
    names, first = table["label"].tolist(), table.iloc[0]
    sure = result.extra.get("lead_low", float("nan")) > 0
    first_ones, rest = (names[:1], names[1:3]) if sure else (names[:2], names[2:3])
    ending = verb + ("，" if rest else "")
    clauses = (*_joined("、".join(first_ones), ending), *((f"其次是{'、'.join(rest)}",) if rest else ()))
    between = "与第二位的差别可以认定" if sure else "前两位的先后尚不能认定"
    detail = f"{names[0]} {share(first['estimate'])}（{interval(first['conf_low'], first['conf_high'])}），{between}；{_base(result)}。"
    return Finding(question, clauses, detail, SURE if sure else UNSURE)


def drivers(result: Protected | None) -> Finding:
    """Which service dimensions go with satisfaction most closely (association, not cause)."""
    question = "什么与满意度关系最密切"
    if result is None:
        return _not_asked(question, "服务的各个方面")
    table, extra = result.table, result.extra
    names, first = table["label"].tolist(), float(table["p_first"].iloc[0])
    sure = first >= CONFIDENT
    if sure or len(names) < 2:
        clauses = _joined(names[0], f"与{extra['outcome']}关系最密切")
    else:
        clauses = (*_joined("、".join(names[:2]), "关系最密切，"), "哪个第一还分不出")
    detail = (
        f"{len(names)} 个方面合起来对应企业之间{extra['outcome']}差别的 {share(extra['r2'])}"
        f"（{interval(extra['r2_low'], extra['r2_high'])}）；{names[0]}排第一的把握是 {confidence(first)}。"
        "份额大只说明关系紧，不等于改了它满意度就一定提高。"
    )
    return Finding(
        question,
        clauses,
        detail + "".join(f"{note}。" for note in extra.get("notes", ())),
        SURE if sure else UNSURE,
    )


def themes(result: Protected | None) -> Finding:
    """Say what enterprises complain of in their own words."""
    question = "企业自己写了什么"
    if result is None:
        return Finding(
            question, ("没有可以归类的意见",), "问卷没有问，没有人写，或所写的语言不在问题词表里。", ""
        )
    finding = _first_of(result, question, "意见建议", "写得最多")
    writers = result.extra.get("writers")
    wrote = f"{count(result.total)} 家企业中 {count(writers)} 家写了意见，" if writers else ""
    return Finding(question, finding.clauses, wrote + finding.detail, finding.tag)


def appeals(result: Protected | None) -> Finding:
    """How many enterprises raised an appeal, and how it ended."""
    question = "反映的诉求解决了吗"
    if result is None:
        return _not_asked(question, "诉求办理")
    rows = {row["question"]: row for _, row in result.table.iterrows()}
    parts = [f"{row['label']} {_shown(row)}" for row in rows.values()]
    solved = rows.get("solved")
    clauses = (
        ("反映过诉求的企业里，", f"{_shown(solved)} 认为完全解决") if solved is not None else (parts[0],)
    )
    return Finding(question, clauses, "；".join(parts) + "。各题回答的企业不同，分母见表。", "")


def sample(sensitivity: Protected | None, precision: Protected, returns: Protected) -> Finding:
    """Whether the round can be trusted: valid questionnaires, the effect of weighting, how firms were recruited."""
    question = "这次调查可信吗"
    row, work = precision.table.iloc[0], returns.table.iloc[0]
    weighted = bool(precision.extra["weighted"])
    clauses: tuple[str, ...] = (f"有效答卷 {count(returns.total)} 份",)
    if weighted and sensitivity is not None:
        gap = sensitivity.table["estimate"].iloc[0] - sensitivity.table["estimate"].iloc[1]
        clauses = (f"有效答卷 {count(returns.total)} 份，", f"加权前后相差 {score(abs(gap))} 分")
    cost = (
        f"加权后的精度相当于 {count(row['effective'])} 份简单随机样本（设计效应 {score(row['estimate'])}）。"
        if weighted
        else "本轮没有加权，数字只代表答卷的企业。"
    )
    detail = (
        f"发放 {count(work['issued'])} 份，回收 {count(work['returned'])} 份。{cost}"
        f"{RECRUITMENT[precision.extra['recruitment']]}"
    )
    return Finding(question, clauses, detail, f"{count(returns.total)} 份有效")


RECRUITMENT = {
    "chambers": "企业由商会组织填写，误差按商会成群计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
    "districts": "企业由县（区）组织填写，误差按县（区）成群计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
    "direct": "企业直接填写，误差按每家企业独立计算；这不是概率抽样，区间只反映抽样误差，不反映谁愿意来填。",
}


def section(title: str, sub: str = "") -> Fragment:
    """Open a section of a page."""
    return Fragment(f"<h2>{escape(title)}</h2>" + (f'<p class="sub">{escape(sub)}</p>' if sub else ""))


def _joined(names: str, ending: str) -> tuple[str, ...]:
    """Join names and what is said of them into one clause, or two where one would be too long."""
    return (names + ending,) if len(names + ending) <= LONGEST_CLAUSE else (names, ending)


def _not_asked(question: str, subject: str) -> Finding:
    return Finding(question, (f"本次问卷没有问{subject}",), "所以这里不列，也不能与别的轮次比较。", "")


def _base(result: Protected) -> str:
    return f"分母是{result.base}"


def _shown(row: pd.Series) -> str:
    """Print a share as the gate allows it."""
    if row["shown"] == "hidden":
        return "人数太少不公布"
    return less(row["bound"]) if row["shown"] == "below" else share(row["estimate"])


def _clauses(finding: Finding) -> str:
    return "".join(f'<span class="c">{escape(clause)}</span>' for clause in finding.clauses)
