"""Whether measures show, how many cannot be judged and why, and what would have come by itself."""

from __future__ import annotations

from collections.abc import Sequence

from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment, Record, interval, known, listing, number, score
from evalpkg.measures import reading
from evalpkg.words.complaints import notes_of, rows_of
from evalpkg.words.finding import PARTLY, SURE, UNSURE, Finding, point

MEASURES = "上轮措施见效没有"
NUMERALS = ("", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")
WHY = "为什么不能判断"
NO_LEDGER = (
    "工作区里没有措施台账（data/raw/measures.csv），或本轮结束以前没有公布过措施；登记以后，这里会逐项判断。"
)


def measures(result: Protected | None) -> Finding:
    """Say how many measures are effective, not yet distinguishable, not to be judged, and what was found of the first."""
    if result is None:
        return Finding(MEASURES, ("没有登记的措施",), NO_LEDGER, "")
    rows = reading.main_rows(rows_of(result))
    sorted_ = reading.by_outcome(rows)
    counted = [f"{_many(len(found))}项{VERBS[name]}" for name, found in sorted_.items()]
    clauses = (f"{_many(len(rows))}项措施：", *(f"{said}，" for said in counted[:-1]), counted[-1])
    return Finding(MEASURES, clauses, _detail(sorted_) + notes_of(result), _tag(sorted_))


VERBS = {name: name for name in reading.ORDER} | {
    reading.WORSE: "不如别的部门",
    reading.UNJUDGED: "还不能判断",
}


def measure_reasons(result: Protected | None) -> Fragment:
    """Say of measures that cannot be judged why, and how far low scores return by themselves; nothing where there are none."""
    rows = [row for row in reading.main_rows(rows_of(result)) if reading.outcome(row) == reading.UNJUDGED]
    if not rows:
        return Fragment("")
    by_reason = {why: [row for row in rows if reading.why(row) == why] for why in map(reading.why, rows)}
    first, *others = by_reason.items()
    clauses = (
        (f"{_many(len(first[1]))}项不能判断：", first[0])
        if not others
        else (f"{_many(len(rows))}项不能判断，", "各有原因")
    )
    said = "".join(f"{_names(found)}：{EXPLAINED[str(found[0]['reason'])]}。" for found in by_reason.values())
    detail = f"{said}{_by_itself(rows)}"
    return point(Finding(WHY, clauses, detail, ""))


EXPLAINED = {
    "partial": "本轮的半年里只有一部分时间在实施之后，要等下一个完整的半年",
    "late": "登记的时候，评估它的那一轮已经开始调查，事后登记的目标不能算数",
    "ended": "评估它的半年没有过完，措施已经停止",
    "absent": "评估它的那一轮，答卷和公布的结果都不在",
    "unseen": "评估它的那一轮没有问这个部门，或打分的企业太少",
    "mixed": "同一部门在基期和评估期之间还有别的措施，是谁的作用分不开",
    "baseline": "除去促成措施的那一轮和部分实施的那一轮，以前只剩不到两轮可以比，看不出平常的高低",
    "untreated": "没有措施的部门不足 10 个，不知道没有措施时会怎样变",
    "alike": "没有措施的部门变化完全一样，不知道偶然能有多大",
}  # fmt: skip


def _many(n: int) -> str:
    return NUMERALS[n] if n < len(NUMERALS) else f"{n} "


def _tag(sorted_: dict[str, list[Record]]) -> str:
    """Say how sure: established, some of it, nothing; "" where nothing was judged."""
    sure = any(name in sorted_ for name in (reading.EFFECTIVE, reading.WORSE))
    rest = any(name in sorted_ for name in (reading.OPEN, reading.UNJUDGED))
    if not sure:
        return UNSURE if reading.OPEN in sorted_ else ""
    return PARTLY if rest else SURE


def _detail(sorted_: dict[str, list[Record]]) -> str:
    """Tell the numbers of what was established, the names of the rest."""
    sure = [row for name in (reading.EFFECTIVE, reading.WORSE) for row in sorted_.get(name, [])]
    said = "".join(f"{_told(row)}。" for row in sure)
    open_, pending = (sorted_.get(name, []) for name in (reading.OPEN, reading.PENDING))
    compared = [row for row in open_ if known(number(row, "controls"))]
    alone = [row for row in open_ if not known(number(row, "controls"))]
    if compared:
        said += f"{_names(compared)}的变化没有超出没有措施的部门本来就有的起伏，不等于没有用。"
    if alone:
        said += f"{_names(alone)}的目标没有可以对照的部门，只能列出升降，看不出是不是措施的作用。"
    if pending:
        said += f"{_names(pending)}还没有到评估的轮次。"
    return said + _together([row for found in sorted_.values() for row in found])


def _told(row: Record) -> str:
    found, limits = number(row, "estimate"), interval(number(row, "conf_low"), number(row, "conf_high"))
    size = (
        f"多升 {score(found)} 分（95% 区间 {limits}）"
        if found > 0
        else f"少升 {score(-found)} 分（差的 95% 区间 {limits}）"
    )
    others = f"没有措施的 {number(row, 'controls'):.0f} 个部门"
    course = f"得分 {score(number(row, 'before'))} → {score(number(row, 'after'))}，"
    return f"{row['department_label']}“{row['label']}”：{course}比{others}{size}"


def _names(rows: Sequence[Record]) -> str:
    return listing([f"{row['department_label']}“{row['label']}”" for row in rows], 4)


def _together(rows: Sequence[Record]) -> str:
    """Name the measures that cannot be told apart, once."""
    groups = {
        tuple(sorted([str(row["measure"]), *str(row["together"]).split("、")])): row
        for row in rows
        if row["together"]
    }
    return "".join(
        f"{row['department_label']}有{_many(len(group))}项措施（{'、'.join(group)}）同时实施，分不开，合在一起判断。"
        for group, row in groups.items()
    )


def _by_itself(rows: Sequence[Record]) -> str:
    """Say how much of a rise since a bad round would have come without any measure."""
    told = {str(row["department_label"]): row for row in rows if known(number(row, "regression"))}
    said = [_returned(name, row) for name, row in told.items()]
    return f"只看“从促成措施的那一轮到评估轮”会误判：{'；'.join(said)}。" if said else ""


def _returned(name: str, row: Record) -> str:
    moved, back = number(row, "naive"), number(row, "regression")
    since = f"{name}从 {str(row['source'])[:4]} 年{reading.half(str(row['source']))[4:]}半年的 {score(number(row, 'source_score'))} 分起"
    rose = f"比没有措施的部门{'多升' if moved >= 0 else '少升'} {score(abs(moved))} 分"
    alone = (
        f"而什么都不做，低分自己也会回升约 {score(back)} 分" if back > 0 else "它当时并不偏低，不会自己回升"
    )
    return f"{since}，{rose}，{alone}"
