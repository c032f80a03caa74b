"""What changed since the round before, in words; never "rose" where it is not sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalpkg.complaints.reading import half
from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment, Record, interval, known, listing, number, records, score, signed
from evalpkg.words.drivers import COUNTS
from evalpkg.words.finding import SURE, UNSURE, Finding, joined, point
from evalpkg.words.outlook import felt_change

QUESTION = "比上期好了还是差了"
FIRST = Finding(
    QUESTION,
    ("这是能读到的第一轮，", "没有可比的上期"),
    "下一轮起，这一页列出各项的变化和变化的可靠程度。",
    "",
)
NOTHING_SURE = "都尚不能认定有变化"
ALARM = "可能是问卷或样本变了"
MOVED = {"rising": ("变好", "提高"), "falling": ("变差", "下降")}


def trends(changes: Protected | None, departments: Protected | None = None) -> Finding:
    """Say whether overall satisfaction moved, and how many departments did, as far as it is sure."""
    if changes is None:
        return FIRST
    rows = _records(changes)
    if not any(row["direction"] for row in rows):
        return _refused(rows)
    whole = next((row for row in rows if row["kind"] == "overall"), None)
    clauses = _headline(whole, departments) or trend_items(changes, "environment", "driver").clauses
    sure = any(row["direction"] in MOVED for row in [*([whole] if whole else []), *_records(departments)])
    return Finding(QUESTION, clauses, _detail(changes, whole, departments), SURE if sure else UNSURE)


def change_line(
    changes: Protected | None, course: Protected | None = None, felt: Protected | None = None
) -> Finding:
    """Say for the leaders' page how satisfied enterprises are, how that changed, and whether they feel a change."""
    found = _change_line(changes, course)
    return found if felt is None else replace(found, detail=found.detail + felt_change(felt))


def _change_line(changes: Protected | None, course: Protected | None) -> Finding:
    row = next((r for r in _records(changes) if r["kind"] == "overall"), None)
    level = next((r for r in reversed(_records(course)) if r["kind"] == "overall"), None)
    value = number(level or row or {}, "estimate" if level else "now")
    between = (
        f"95% 区间 {interval(number(level, 'conf_low'), number(level, 'conf_high'))} 分；" if level else ""
    )
    if row is None or not row["direction"] or changes is None:
        why = (
            "这是能读到的第一轮。"
            if changes is None
            else f"与以前不可比：{row['reason'] if row else '以前没有问'}。"
        )
        first = (f"总体满意度 {score(value)} 分，",) if known(value) else ()
        return Finding(QUESTION, (*first, "没有可比的上期"), between + why, "")
    sure = row["direction"] in MOVED
    change = abs(number(row, "estimate"))
    verdict = f"比上期{MOVED[row['direction']][1]} {score(change)} 分" if sure else "尚不能认定有变化"
    limits = interval(number(row, "family_low"), number(row, "family_high"))
    against = f"比 {half(row['against'])} {signed(number(row, 'estimate'))} 分（{limits}）"
    mix = "，已除去样本构成的变化" if known(number(row, "composition")) else ""
    detail = f"{between}{against}{mix}。"
    return Finding(
        QUESTION, (f"{row['label']} {score(value)} 分，", verdict), detail, SURE if sure else UNSURE
    )


def trend_items(changes: Protected | None, *kinds: str, question: str = "哪些方面变了") -> Finding:
    """Name what surely rose or fell among items of some kinds (`driver`, `environment`, `difficulty`, ...)."""
    rows = [row for row in _records(changes) if row["kind"] in kinds]
    judged = [row for row in rows if row["direction"]]
    if not judged:
        why = "没有以前的轮次。" if changes is None else _why(rows)
        return Finding(question, ("没有可比的上期",), why, "")
    shares = bool({row["kind"] for row in judged} & {"difficulty", "urgent"})
    up, down = ("增多", "减少") if shares else ("提高", "下降")
    parts = [
        (
            f"{listing([row['label'] for row in judged if row['direction'] == direction], 4)}",
            f"{said}可以认定",
        )
        for direction, said in (("rising", up), ("falling", down))
        if any(row["direction"] == direction for row in judged)
    ]
    clauses = tuple(clause for names, said in parts for clause in joined(names, said + "，"))
    if not clauses:
        unit = "困难" if shares else "方面"
        return Finding(
            question, (f"{len(judged)} 个{unit}", "都尚不能认定有变化"), _largest(judged, shares), UNSURE
        )
    rest = len(judged) - sum(row["direction"] in MOVED for row in judged)
    ending = (f"其余 {rest} 个尚不能认定",) if rest else ()
    return Finding(question, _closed((*clauses, *ending)), _sure(judged, shares), SURE)


def trend_departments(departments: Protected | None) -> Finding:
    """Say which departments changed, what all share, and how large a change could have been seen."""
    question = "哪些部门真变了"
    rows = [row for row in _records(departments) if row["direction"]]
    if departments is None or not rows:
        return Finding(
            question, ("部门没有可比的上期",), "没有以前的轮次，或没有原始答卷，或部门的题目不同。", ""
        )
    clauses = _departments(departments)
    extra = departments.extra
    sure = [row for row in rows if row["direction"] in MOVED]
    told = "、".join(f"{row['label']} {signed(number(row, 'estimate'))}" for row in sure)
    told += " 分。" if told else ""
    own = [row for row in rows if row.get("own_direction") in MOVED]
    apart = "、".join(f"{row['label']} {signed(number(row, 'own'))}" for row in own)
    detail = (
        f"{told}{_shared(extra)}"
        f"{f'与各部门的平均相比，{apart} 分可以认定。' if apart else '与各部门的平均相比，没有一个可以认定升降。'}{_least(extra)}"
    )
    return Finding(question, clauses, detail, SURE if sure or own else UNSURE)


def trend_districts(districts: Protected | None) -> Finding:
    """Say in which districts overall satisfaction changed."""
    question = "哪些县（区）变了"
    rows = [row for row in _records(districts) if row["direction"]]
    if districts is None or not rows:
        return Finding(
            question, ("县（区）没有可比的上期",), "没有以前的轮次，或以前没有问，或家数不够。", ""
        )
    sure = [row for row in rows if row["direction"] in MOVED]
    half_ = half(str(districts.extra["against"]))
    detail = f"与 {half_}相比，各县（区）一起判断；够 {districts.extra['min_raters']} 家才比。"
    if not sure:
        return Finding(question, (f"{len(rows)} 个县（区）", "都尚不能认定有变化"), detail, UNSURE)
    told = listing([f"{row['label']} {signed(number(row, 'estimate'))}" for row in sure], 4)
    clauses = _closed((*joined(told, " 分可以认定，"), f"其余 {len(rows) - len(sure)} 个尚不能认定"))
    return Finding(question, clauses, detail, SURE)


def trend_alarms(changes: Protected | None) -> Finding | None:
    """Warn of changes that respondents could hardly produce; None where there is none."""
    rows = [row for row in _records(changes) if row.get("alarm")]
    if not rows:
        return None
    names = listing([row["label"] for row in rows], 4)
    said = {
        "jump": "变化超过其他方面的三倍，企业的看法很少这样变",
        "alone": "总体动了而各方面没有动",
    }
    why = "；".join(
        f"{row['label']} {signed(number(row, 'estimate'))} 分：{said[row['alarm']]}" for row in rows
    )
    clauses = (*joined(names, "变得反常："), ALARM)
    return Finding(
        "变化可信吗", clauses, f"{why}。先核对题目、刻度、填报方式和发放渠道，再解释这一变化。", ""
    )


def trend_gaps(changes: Protected | None, series: Protected | None = None) -> Finding:
    """Say what may not be compared (`series`: since when an item is the same), and which rounds are missing or tables alone."""
    question = "哪些不能比"
    if changes is None:
        return Finding(question, ("没有以前的轮次",), FIRST.detail, "")
    refused: dict[str, list[str]] = {}
    for row in _records(changes):
        if row["reason"]:
            refused.setdefault(str(row["reason"]), []).append(str(row["label"]))
    told = [f"{reason}：{listing(names, 6)}" for reason, names in refused.items()]
    older = [row for row in _records(changes) if row["against"] and row["against"] != changes.extra["latest"]]
    begun = [f"{row['label']}：{half(row['since'])}起（以前{row['reason']}）" for row in _records(series)]
    told += [f"只能往前比到改题为止：{listing(begun, 4)}"] if begun and not refused else []
    named = [f"{row['label']}（{half(row['against'])}）" for row in older]
    told += [f"与更早的轮次比：{listing(named, 4)}"] if older else []
    told += list(changes.extra.get("notes", ()))
    clauses = ("各轮题目相同，", "都可以比") if not told else ("有些不能直接比，", "不连线、不下结论")
    detail = "；".join(told) + "。" if told else "题目、刻度、打分条件都没有改过。"
    return Finding(question, clauses, detail, "")


def _records(result: Protected | None) -> list[Record]:
    return [] if result is None else records(result.table, result.extra)


def _sentence(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join statements into one sentence, its clauses apart.

    >>> _sentence([("总体变好可以认定",), ("部门中三升一降，", "其余 30 个尚不能认定有变化")])
    ('总体变好可以认定；', '部门中三升一降，', '其余 30 个尚不能认定有变化')
    """
    ended = [(*part[:-1], f"{part[-1]}；") for part in parts[:-1]]
    return tuple(clause for part in (*ended, *parts[-1:]) for clause in part)


def _headline(whole: Record | None, departments: Protected | None) -> tuple[str, ...]:
    """Say overall and departments in one sentence, once where the same holds of both."""
    parts = [part for part in (_overall(whole), _departments(departments)) if part]
    if parts == [("总体尚不能认定有变化",), (f"{_judged(departments)} 个部门", NOTHING_SURE)]:
        return (f"总体和 {_judged(departments)} 个部门", NOTHING_SURE)
    return _sentence(parts)


def _judged(departments: Protected | None) -> int:
    return sum(bool(row["direction"]) for row in _records(departments))


def _overall(row: Record | None) -> tuple[str, ...]:
    if row is None:
        return ()
    if not row["direction"]:
        return ("总体与以前不可比",)
    sure = row["direction"] in MOVED
    return (f"总体{MOVED[row['direction']][0]}可以认定",) if sure else ("总体尚不能认定有变化",)


def _departments(departments: Protected | None) -> tuple[str, ...]:
    """Count departments that surely rose or fell."""
    rows = [row for row in _records(departments) if row["direction"]]
    if not rows:
        return ()
    up, down = (sum(row["direction"] == direction for row in rows) for direction in MOVED)
    if not up and not down:
        return (f"{len(rows)} 个部门", NOTHING_SURE)
    moved = "".join(f"{_count(many)}{said}" for many, said in ((up, "升"), (down, "降")) if many)
    rest = len(rows) - up - down
    return (f"部门中{moved}，", f"其余 {rest} 个尚不能认定有变化") if rest else (f"部门中{moved}",)


def _count(many: int) -> str:
    return COUNTS[many] if many < len(COUNTS) else f" {many} "


def _closed(clauses: tuple[str, ...]) -> tuple[str, ...]:
    return (*clauses[:-1], clauses[-1].removesuffix("，"))


def _refused(rows: Sequence[Record]) -> Finding:
    return Finding(QUESTION, ("各题与以前都不可比，", "不说升降"), _why(rows), "")


def _why(rows: Sequence[Record]) -> str:
    reasons = dict.fromkeys(str(row["reason"]) for row in rows if row["reason"])
    return f"原因：{'、'.join(reasons) or '以前没有问'}。"


def _change(row: Record, changes: Protected) -> str:
    """Give a change with its interval, the round it is against, and what of the plain difference is the mix."""
    limits = interval(number(row, "family_low"), number(row, "family_high"))
    said = f"比 {half(row['against'])} {signed(number(row, 'estimate'))} 分（几项一起比的区间 {limits}）"
    if not known(number(row, "composition")):
        return f"{said}；上期只有公布的数，分不出样本构成的影响。"
    return (
        f"{said}，按两期相同的样本构成计算；直接相减 {signed(number(row, 'total'))} 分，"
        f"其中样本构成 {signed(number(row, 'composition'))} 分。"
    )


def _detail(changes: Protected, whole: Record | None, departments: Protected | None) -> str:
    first = f"{whole['label']}{_change(whole, changes)}" if whole and whole["direction"] else ""
    counted = f"一共检验 {changes.extra['tested']} 项，其中主检验 {changes.extra['primary']} 项（控制误报）。"
    return first + (_shared(departments.extra) if departments is not None else "") + counted


def _shared(extra: object) -> str:
    found = dict(extra)  # type: ignore[call-overload]
    value, low, high = (number(found, name) for name in ("shared", "shared_low", "shared_high"))
    if not known(value) or not known(low):
        return ""
    verdict = "可以认定" if low > 0 or high < 0 else "尚不能认定"
    return f"各部门平均 {signed(value)} 分（{interval(low, high)}），{verdict}。"


def _least(extra: object) -> str:
    found = dict(extra)  # type: ignore[call-overload]
    best, middle = number(found, "least_best"), number(found, "least")
    if not known(middle):
        return ""
    return (
        f"要升降多少才看得出：最容易看出的部门约 {score(best)} 分，居中的约 {score(middle)} 分；"
        "真有这么大的升降，也只有约一半的时候看得出。"
    )


def _largest(rows: Sequence[Record], shares: bool) -> str:
    unit = "个百分点" if shares else "分"
    told = sorted(
        (row for row in rows if known(number(row, "estimate"))), key=lambda r: -abs(number(r, "estimate"))
    )[:2]
    named = "、".join(f"{row['label']} {signed(number(row, 'estimate'))} {unit}" for row in told)
    return f"变化最大的是{named}，都在误差之内。"


def _sure(rows: Sequence[Record], shares: bool) -> str:
    unit = "个百分点" if shares else "分"
    told = [
        f"{row['label']} {signed(number(row, 'estimate'))} {unit}（{interval(number(row, 'family_low'), number(row, 'family_high'))}）"
        for row in rows
        if row["direction"] in MOVED
    ]
    return f"{'；'.join(told)}。"


def caution(finding: Finding | None) -> Fragment:
    """Print a warning as a section of its page; nothing where there is none."""
    return Fragment("") if finding is None else point(finding)
