"""What goes with a better mark, a reported problem, a policy received: signed, with what is sure; never a cause."""

from __future__ import annotations

import re

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    Record,
    interval,
    known,
    listing,
    number,
    records,
    score,
    share,
    signed,
    too_few,
)
from evalpkg.words.finding import SURE, UNSURE, Finding, joined, not_asked

EXPLAINED = re.compile("（[^）]{6,}）")  # what a control is, told in the table
SUBJECT = "总体满意度和各方面的评价"
WHAT_IF = "不够满意的企业打分提高一档，会怎样"
THEMES = "提到问题的企业，满意度差多少"
POLICIES = "享受了政策的企业，满意度高多少"
ODDS = "哪些方面与“满意”相应"
FOREST = "换成不设直线的模型，看法变不变"
GROUPS = "各类企业看重的一样吗"


def what_if(result: Protected | None) -> Finding:
    """Say what goes with one step more from those who are dissatisfied with the first driver."""
    if result is None:
        return not_asked(WHAT_IF, SUBJECT)
    rows = _rows(result)
    if not rows:
        few = "不够满意的企业太少，或没有可以分析的方面，无从推算。"
        return Finding(WHAT_IF, ("相应高多少不能判断",), _notes(result) or few, "")
    sure = [row for row in rows if row.get("sure") == "up"]
    row, outcome = (sure or rows)[0], result.extra.get("outcome", "总体满意度")
    level = (
        "已扣除各家企业打分的松紧"
        if result.extra.get("controlled") == "yes"
        else "没有扣除各家企业打分的松紧"
    )
    detail = (
        f"如果对{row['label']}不够满意的企业打分提高一档，{outcome}{_moves(row, '相应高', '相应低')}"
        f"（{_limits(row)}），{level}；这是相关，不是承诺。"
    )
    lower = [r["label"] for r in rows if r.get("sure") == "down"]
    detail += f"{'、'.join(lower)}打分高的，满意度反而可以认定较低，请检查题目方向。" if lower else ""
    if not sure:
        return Finding(WHAT_IF, ("不够满意的企业打分提高，", "相应高多少不能认定"), detail, UNSURE)
    rest = "" if lower else "其余各项尚不能认定。"
    more = f"可以认定的有 {len(sure)} 项：{_listed(sure)}。" if len(sure) > 1 else rest
    return Finding(
        WHAT_IF, (*joined(row["label"], "高一档，"), f"满意度相应高 {score(number(row, 'estimate'))} 分"),
        detail + (more if len(rows) > 1 else ""), SURE,
    )  # fmt: skip


def theme_effects(result: Protected | None) -> Finding:
    """How much less satisfied those are who report a problem, beside like enterprises that do not."""
    if result is None:
        return Finding(THEMES, ("没有可以比较的意见",), "没有问总体满意度，或没有人写可以归类的意见。", "")
    return _differences(result, THEMES, "提到", "没有提到的", ("提没提到某类问题，", "满意度分不出高低"))


def policy_effects(result: Protected | None) -> Finding:
    """How much more satisfied those are who received a policy, beside those eligible who did not."""
    if result is None:
        return not_asked(POLICIES, "政策的享受")
    pair = ("享受没享受政策，", "满意度分不出高低")
    return _differences(result, POLICIES, "享受了", "符合条件而没有享受的", pair)


def _differences(result: Protected, question: str, verb: str, others: str, open_: tuple[str, ...]) -> Finding:
    """Name the largest sure difference, how many are sure, and what they are adjusted for."""
    rows = _rows(result)
    if not rows:
        return _too_few(question, result)
    sure = [row for row in rows if row.get("sure") in ("up", "down")]
    row = max(sure or rows, key=lambda row: abs(number(row, "estimate")))
    alike = "、".join(EXPLAINED.sub("", name) for name in result.extra.get("controls", ()))
    detail = (
        f"{verb}“{row['label']}”的企业，总体满意度比{others}企业{_moves(row, '高', '低')}（{_limits(row)}）"
        f"{f'；已按{alike}调整' if alike else ''}。这是相差，不说明谁是谁的原因。"
    )
    if not sure:
        return Finding(question, open_, f"没有一项可以认定。差别最大的一项：{detail}", UNSURE)
    many = f"可以认定的有 {len(sure)} 项：{_listed(sure)}。" if len(sure) > 1 else ""
    first = joined(f"{verb}{row['label']}的企业", "，")
    clauses = (first[0] if len(first) == 1 else f"{first[0]}，", f"满意度{_moves(row, '高', '低')}")
    return Finding(question, clauses, detail + many, SURE)


def odds(result: Protected | None) -> Finding:
    """With which drivers the share of satisfied enterprises goes, per step."""
    if result is None:
        return not_asked(ODDS, SUBJECT)
    rows = _rows(result)
    if not rows:
        return _too_few(ODDS, result)
    sure = [row for row in rows if row.get("sure") in ("up", "down")]
    said = [f"{row['label']} {signed(number(row, 'estimate'))}" for row in sure]
    base = result.extra.get("base_share")
    satisfied = f"满意（{result.extra.get('threshold', '80 分及以上')}）的企业"
    now = f"占 {share(base)}；" if known(base) else "的占比："
    detail = f"{satisfied}{now}打分高一档、其余各项相同，{_points(said)}"
    detail += _notes(result)
    if not sure:
        return Finding(ODDS, ("没有哪一项", "可以认定与满意相应"), detail, UNSURE)
    return Finding(ODDS, (f"{len(sure)} 个方面", "可以认定与满意相应"), detail, SURE)


def _points(said: list[str]) -> str:
    if not said:
        return "各项相差多少都尚不能认定。"
    return f"相应相差（个百分点）：{'、'.join(said)}。"


def forest(result: Protected | None) -> Finding:
    """Whether a model without straight lines predicts better; it is not shown where it predicts nothing."""
    if result is None:
        return not_asked(FOREST, SUBJECT)
    extra = result.extra
    notes = _notes(result)
    if not known(extra.get("r2")) and extra.get("shown") != "no":
        return Finding(FOREST, ("这里不能判断",), notes, "")
    if extra.get("shown") == "no":
        return Finding(FOREST, ("随机森林没有预测力，", "不能判断"), notes, "")
    low, high = extra.get("difference_low"), extra.get("difference_high")
    detail = (
        f"对没有参与拟合的企业，随机森林预测出差别的 {share(extra.get('r2'))}"
        f"（{interval(extra.get('r2_low'), extra.get('r2_high'))}），线性模型 {share(extra.get('linear_r2'))}，"
        f"相差 {signed(extra.get('difference'))} 个百分点（{interval(low, high)}）。{notes}"
    )
    if known(low) and low > 0:
        return Finding(FOREST, ("有的关联不是直线，", "份额只说了一部分"), detail, SURE)
    if known(high) and high < 0:
        return Finding(FOREST, ("线性模型预测得更准，", "份额的看法不变"), detail, SURE)
    return Finding(FOREST, ("两种模型一样准，", "没有迹象要改看法"), detail, UNSURE)


def subgroups(result: Protected | None) -> Finding:
    """Whether what matters differs between groups of enterprises."""
    if result is None:
        return not_asked(GROUPS, "总体满意度、各方面的评价或这一分组")
    rows = [row for row in _rows(result) if row.get("differs") in ("more", "less")]
    notes = "".join(f"{note}。" for note in result.extra.get("left_out", ())) + _notes(result)
    if not len(result.table):
        return Finding(GROUPS, ("各类企业看重什么，", "这里无从比较"), notes, "")
    if not rows:
        none = "各组与其余企业相比，没有哪一项的份额可以认定有差别；分不出不等于一样。"
        return Finding(GROUPS, ("各类企业看重什么，", "分不出不同"), none + notes, UNSURE)
    said = [
        f"{row.get('group_label', '')}的“{row['label']}”{'更' if row['differs'] == 'more' else '较不'}要紧"
        f"{_against(row)}"
        for row in rows
    ]
    detail = f"与其余企业相比：{listing(said, 4)}。"
    return Finding(GROUPS, (f"有 {len(rows)} 处", "可以认定与别组不同"), detail + notes, SURE)


def _against(row: Record) -> str:
    found = number(row, "difference")
    return f"（占比相差 {signed(found)} 个百分点）" if known(found) else ""


def _rows(result: Protected) -> list[Record]:
    rows = records(result.table, result.extra)
    return [row for row in rows if not too_few(row) and known(number(row, "estimate"))]


def _too_few(question: str, result: Protected) -> Finding:
    if len(result.table) or not _notes(result):
        return Finding(question, ("可以比较的企业太少，", "不能判断"), f"分母是{result.base}。", "")
    return Finding(question, ("这里不能判断",), _notes(result), "")


def _notes(result: Protected) -> str:
    return "".join(f"{note}。" for note in result.extra.get("notes", ()))


def _moves(row: Record, higher: str, lower: str) -> str:
    found = number(row, "estimate")
    return f"{higher if found >= 0 else lower} {score(abs(found))} 分"


def _limits(row: Record) -> str:
    """Write the interval that decides: that of all at once, else its own."""
    low, high = number(row, "family_low"), number(row, "family_high")
    if known(low) and known(high):
        return f"各项同时比较的区间 {interval(low, high)}"
    return f"95% 区间 {interval(number(row, 'conf_low'), number(row, 'conf_high'))}"


def _listed(rows: list[Record]) -> str:
    return listing((f"{row['label']} {signed(number(row, 'estimate'))} 分" for row in rows), 6)
