"""What matters most, where it is done badly, and how sure both are: association, never cause."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    Record,
    confidence,
    interval,
    known,
    listing,
    number,
    places,
    records,
    score,
    share,
    to_fix,
    too_few,
)
from evalpkg.ranks import leading
from evalpkg.words.finding import SURE, UNSURE, Finding, joined, not_asked

CONFIDENT = 95.0  # per cent of replicates in which a driver must come first to be called the first
UNCERTAIN = 5.0  # per cent of confidence from which a driver is named as one that may be to begin with
LIKELY = 50.0  # per cent, from which the first is named though it is not established
POSSIBLE = 1.0  # per cent of replicates, from which a driver may be the first
COUNTS = ("", "一", "两", "三", "四", "五", "六", "七", "八", "九")
LEVEL = "扣除打分松紧"  # as `drivers.sensitivity` names that way of computing
SUBJECT = "总体满意度和各方面的评价"
ASSOCIATED = "份额大只说明关系紧，不等于改了它满意度就一定提高。"


def drivers(result: Protected | None) -> Finding:
    """Which service dimensions go with satisfaction most closely, and whether these are done badly."""
    question = "什么与满意度关系最密切"
    if result is None:
        return not_asked(question, SUBJECT)
    rows = _rows(result)
    if not rows:
        return _nothing(question, result)
    detail, fix = _lead(result, rows), [row["label"] for row in _to_fix(rows)]
    if len(rows) < 2:
        return Finding(question, joined(rows[0]["label"], "与满意度有关系"), detail, UNSURE)
    first, sure = _first(rows), _sure_first(rows)
    established = sure or first == _leading(rows)
    if fix and not established:  # those to fix surely matter more than the average, if not the most
        return Finding(
            question, (*joined("、".join(fix[:3]), "要紧而做得差，"), "哪个最要紧还分不出"), detail, SURE
        )
    names = [row["label"] for row in rows[:first]]
    weak = _weak(names, fix)
    open_ = () if sure or len(rows) < 2 else ("哪个第一还分不出" + ("，" if weak else ""),)
    clauses = (*joined("、".join(names), "最要紧" + ("，" if weak or open_ else "")), *open_, *weak)
    return Finding(question, clauses, detail, SURE if established else UNSURE)


def drivers_weak(result: Protected | None) -> Finding:
    """Which dimensions matter and are done badly, as far as that is sure."""
    question = "重要而做得差的是哪些"
    if result is None:
        return not_asked(question, SUBJECT)
    rows = _rows(result)
    if not rows:
        return _nothing(question, result)
    if not any(known(number(row, "p_fix")) for row in rows):
        why = "可以分析的只有一个方面，无从比较" if len(rows) < 2 else "没有各方面的得分可以对照"
        return Finding(question, ("先改哪一项不能判断",), f"{why}。", "")
    fix = _to_fix(rows)
    maybe = [row for row in rows if row not in fix and number(row, "p_fix") >= UNCERTAIN]
    said = [f"{row['label']} {to_fix(row)}（得分 {score(number(row, 'score'))}）" for row in fix]
    parts = [f"落在“先改”区的把握：{'、'.join(said)}"] if fix else []
    open_ = listing((f"{row['label']} {to_fix(row)}" for row in maybe), 9)
    again = "，把握过半的下轮再看" if any(row.get("zone") == "watch" for row in maybe) else ""
    parts += [f"尚不能认定的有{open_}{again}"] if maybe else []
    parts += ["落在“先改”区的把握都不到 5%"] if not parts else []
    detail = "；".join((*parts, "把握不低于 95% 才叫先改")) + "。"
    if fix:
        return Finding(question, ("重要而做得差的，", "先改"), detail, SURE)
    return Finding(question, ("没有哪一项", "可以认定要先改"), detail, UNSURE)


def drivers_sure(
    result: Protected | None, sensitivity: Protected | None = None, forest: Protected | None = None
) -> Finding:
    """How sure the order is: who is first, rank sets, and whether it holds when computed another way."""
    question = "把握有多大"
    if result is None:
        return not_asked(question, SUBJECT)
    rows = _rows(result)
    if not rows:
        return _nothing(question, result)
    clauses, tag = _order(rows) if len(rows) > 1 else (("只有一个方面，", "没有先后可比"), "")
    parts = [_chances(rows), _ranks(rows), _halo(rows, sensitivity), _otherwise(sensitivity), _forest(forest)]
    return Finding(question, clauses, "".join(part for part in parts if part), tag)


def _nothing(question: str, result: Protected) -> Finding:
    """Say why there is nothing: what the analysis ran into, else that too few answered."""
    notes = "".join(f"{note}。" for note in result.extra.get("notes", ()))
    if len(result.table) or not notes:
        return Finding(question, ("回答的企业太少，", "不能判断"), f"分母是{result.base}。", "")
    return Finding(question, ("这里不能判断",), notes, "")


def _rows(result: Protected) -> list[Record]:
    """Return the rows that may be spoken of."""
    rows = records(result.table, result.extra)
    return [row for row in rows if not too_few(row) and known(number(row, "estimate"))]


def _leading(rows: list[Record]) -> int:
    return leading([number(row, "rank_high") for row in rows])


def _first(rows: list[Record]) -> int:
    """Return how many to name: the first where it is sure, those that surely lead, else two."""
    surely = _leading(rows)
    return 1 if _sure_first(rows) else surely if 2 <= surely <= 3 else min(2, len(rows))


def _sure_first(rows: list[Record]) -> bool:
    """Tell whether replicates and rank set agree that the first is the first; a set that was not computed says nothing."""
    last = number(rows[0], "rank_high")
    return number(rows[0], "p_first") >= CONFIDENT and (last == 1 or not known(last))


def _to_fix(rows: list[Record]) -> list[Record]:
    return [row for row in rows if row.get("zone") == "fix"]


def _weak(first: list[str], fix: list[str]) -> tuple[str, ...]:
    """Say which of those that matter are surely done badly."""
    if not fix:
        return ()
    if set(first) == set(fix):
        many = COUNTS[len(fix)] if len(fix) < len(COUNTS) else str(len(fix))
        return (f"偏偏这{many}项做得差",)
    return joined("、".join(fix), "做得差，先改")


def _lead(result: Protected, rows: list[Record]) -> str:
    extra = result.extra
    outcome = extra.get("outcome", "总体满意度")
    said = (
        f"企业之间{outcome}的差别，有 {share(extra.get('r2'))}"
        f"（{interval(extra.get('r2_low'), extra.get('r2_high'))}）能用这 {len(rows)} 个方面的打分来说明"
    )
    first = number(rows[0], "p_first")
    chance = f"；{rows[0]['label']}排第一的把握是 {confidence(first)}" if known(first) else ""
    ticked = any(known(number(row, "halo")) for row in rows)
    level = "份额没有扣除各家企业打分的松紧" + ("，扣除之后的另列" if ticked else "") + "。"
    return f"{said}{chance}。{level}{ASSOCIATED}" + "".join(f"{note}。" for note in extra.get("notes", ()))


def _order(rows: list[Record]) -> tuple[tuple[str, ...], str]:
    surely = _leading(rows)
    if _sure_first(rows):
        return joined(rows[0]["label"], "排第一"), SURE
    if surely > 1:
        many = COUNTS[surely] if surely < len(COUNTS) else str(surely)
        return ("谁第一分不出，", f"前{many}位可以认定"), SURE
    most = rows[0]
    if number(most, "p_first") >= LIKELY:  # but the places, all compared at once, leave it open
        return (*joined(most["label"], "最可能第一，"), "但还不能认定"), UNSURE
    return ("谁第一分不出",), UNSURE


def _chances(rows: list[Record]) -> str:
    """Say how sure the first place is, of those that have a chance of it."""
    said = [f"{row['label']} {confidence(number(row, 'p_first'))}" for row in _may_be_first(rows)]
    return f"排第一的把握：{listing(said, 5)}。" if said else ""


def _may_be_first(rows: list[Record]) -> list[Record]:
    return [row for row in rows if number(row, "p_first") >= POSSIBLE]


def _ranks(rows: list[Record]) -> str:
    shown = [row for row in rows[:3] if known(number(row, "rank_low"))]
    said = "、".join(f"{r['label']}{places(number(r, 'rank_low'), number(r, 'rank_high'))}" for r in shown)
    return f"各方面同时比较（要求更严），名次区间：{said}。" if said and len(rows) > 1 else ""


def _halo(rows: list[Record], sensitivity: Protected | None) -> str:
    """Say whether the first two stay so when the respondent's own level is taken out."""
    if len(rows) < 3 or not all(known(number(row, "halo")) for row in rows) or _compared(sensitivity):
        return ""
    first = {row["label"] for row in rows[:2]}
    then = [row["label"] for row in sorted(rows, key=lambda row: -number(row, "halo"))[:2]]
    kept = "前两位不变" if set(then) == first else f"前两位变成{'、'.join(then)}"
    return f"扣除各家企业打分的松紧之后，{kept}。"


def _compared(sensitivity: Protected | None) -> bool:
    """Tell whether the other ways of computing have this one among them."""
    extra = {} if sensitivity is None else sensitivity.extra
    return LEVEL in (*extra.get("kept", ()), *extra.get("moved", ()))


def _otherwise(sensitivity: Protected | None) -> str:
    """Say in which other ways of computing the first two stay the same."""
    if sensitivity is None:
        return ""
    kept, moved = (tuple(sensitivity.extra.get(name, ())) for name in ("kept", "moved"))
    if not kept and not moved:
        return ""
    if not moved:
        return f"换 {len(kept)} 种算法（{'、'.join(kept)}），前两位都不变。"
    same = f"；{'、'.join(kept)}时不变" if kept else ""
    return f"{'、'.join(moved)}时，前两位有变{same}。"


def _forest(forest: Protected | None) -> str:
    return "" if forest is None else "".join(f"{note}。" for note in forest.extra.get("notes", ())[:1])
