"""What enterprises complain of in their own words, how far that is sure, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evalpkg.complaints import reading
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    K,
    Record,
    count,
    interval,
    known,
    listing,
    number,
    records,
    score,
    share,
    signed,
    whole,
)
from evalpkg.words.drivers import COUNTS
from evalpkg.words.finding import LONGEST_CLAUSE, SURE, UNSURE, Finding, base_of
from evalpkg.words.outlook import first_of

THEMES = "企业自己写了什么"
COPIED = "有没有一窝蜂的意见"
MACHINE = "机器归类可信吗"
OTHERS = "其余的意见说什么"
GROUPS = "哪些企业提得更多"
BESIDE = "写的和勾的对得上吗"
HEADS = {1: "写得最多", 2: "居前两位", 3: "居前三"}
AGREED = 0.667  # alpha under which codes are not to be relied on (Krippendorff 2004)


def themes(
    result: Protected | None,
    rising: Protected | None = None,
    calibrated: Protected | None = None,
    *,
    course: Protected | None = None,
) -> Finding:
    """Say which themes come first and which are raised more or less often than before, as far as both are sure.

    Parameters
    ----------
    result, rising, calibrated
        As `figures.complaints`; without the last two, which theme is the first.
    course
        Shares round by round: whether the same themes came first in the round before.
    """
    if result is None:
        return Finding(
            THEMES, ("没有可以归类的意见",), "问卷没有问，没有人写，或所写的语言不在问题词表里。", ""
        )
    if rising is None and calibrated is None:
        finding = first_of(result, THEMES, "意见建议", "写得最多")
        return replace(finding, detail=_wrote(result, "，") + finding.detail)
    rows = reading.levels(_records(result), _records(calibrated))
    named = [row for row in rows if row["theme"] != REST and reading.is_told(row, "estimate")]
    if not named:
        return Finding(THEMES, ("各类人数都太少，", "不单独公布"), f"{base_of(result)}。", UNSURE)
    by_machine = calibrated is None
    size = reading.head(rows) or int(by_machine and number(result.extra, "lead_low") > 0)
    still = by_machine and size > 0 and _came_first(_records(course), named[:size])
    moved = {theme: row for theme, row in reading.changes(rows, _records(rising)).items() if theme != REST}
    up, down = reading.sure(moved, "rising"), reading.sure(moved, "falling")
    first, moves = _places(named, size, still=still), _moves(up, down) if moved else ()
    clauses = (*first[:-1], f"{first[-1]}；", *moves) if moves else first
    changed = _changed(moved, up, down) + _within(rising) + _writing(rising)
    corrected = "" if by_machine else "占比已用人工复核校正。"
    detail = f"{_wrote(result, '。')}{_told(named, size)}{changed}{base_of(result)}。{corrected}"
    return Finding(THEMES, clauses, detail, SURE if size or up or down else UNSURE)


def _wrote(result: Protected, end: str) -> str:
    writers = result.extra.get("writers")
    return f"{count(result.total)} 家企业中 {count(writers)} 家写了意见{end}" if writers else ""


def _came_first(course: list[Record], named: list[Record]) -> bool:
    """Tell whether in the round before these themes surely came first, too."""
    rounds = list(dict.fromkeys(str(row["round"]) for row in course))
    before = [row for row in course if len(rounds) > 1 and str(row["round"]) == rounds[-2]]
    told = [row for row in before if row["theme"] != REST and reading.is_told(row, "estimate")]
    ordered = sorted(told, key=lambda row: number(row, "estimate"), reverse=True)
    size = len(named)
    same = {row["theme"] for row in ordered[:size]} == {row["theme"] for row in named}
    return same and reading.leads(ordered, size)


def _places(named: list[Record], size: int, *, still: bool) -> tuple[str, ...]:
    names = [row["label"] for row in named]
    if size:
        return packed(names[:size], ("仍" if still else "") + HEADS[size])
    if len(names) == 1:
        return packed(names, "有人提到")
    return (*packed(names[:3], "写得较多，"), "先后还分不出")


def _moves(up: list[Record], down: list[Record]) -> tuple[str, ...]:
    """Name what surely moved; where nothing did, say so."""
    if not up and not down:
        return ("没有一类可以认定增减",)
    more = packed([_first_of(up)], "明显增多" + ("，" if down else "")) if up else ()
    return (*more, *(packed([_first_of(down)], "明显减少") if down else ()))


def _first_of(rows: list[Record]) -> str:
    """Name the largest change and say how many there are."""
    many = COUNTS[len(rows)] if len(rows) < len(COUNTS) else f" {len(rows)} "
    return rows[0]["label"] if len(rows) == 1 else f"{rows[0]['label']}等{many}类"


def packed(names: Sequence[str], ending: str) -> tuple[str, ...]:
    """Lay names and what is said of them out in clauses that fit a phone; the last name stays with what is said.

    Examples
    --------
    >>> packed(["融资难", "用工难"], "居前两位")
    ('融资难、用工难居前两位',)
    >>> packed(["融资难", "拖欠账款", "用工难"], "居前三")
    ('融资难、拖欠账款、', '用工难居前三')
    """
    parts = [*(f"{name}、" for name in names[:-1]), names[-1] + ending]
    if len(parts[-1]) > LONGEST_CLAUSE:
        parts[-1:] = [names[-1], ending]
    clauses = [""]
    for part in parts:
        if clauses[-1] and len(clauses[-1] + part) > LONGEST_CLAUSE:
            clauses.append("")
        clauses[-1] += part
    return tuple(clauses)


def _told(named: list[Record], size: int) -> str:
    shown = named[: size or min(3, len(named))]
    levels = "、".join(
        f"{r['label']} {share(number(r, 'estimate'))}（{interval(number(r, 'conf_low'), number(r, 'conf_high'))}）"
        for r in shown
    )
    if size > 1:
        return f"{levels}，{'三' if size == 3 else '两'}类的区间都高于其余各类。"
    return f"{levels}，高于其余各类。" if size else f"{levels}；前几类的区间重叠，不分先后。"


def _changed(moved: dict[str, Record], up: list[Record], down: list[Record]) -> str:
    if not moved:
        return ""
    against = reading.since(moved.values())
    said = [f"可以认定{verb}的有{_by(rows)}" for verb, rows in (("增多", up), ("减少", down)) if rows]
    if not said:
        return f"比{against}，各类的增减都尚不能认定。"
    rest = len(moved) - len(up) - len(down)
    open_ = f"；其余 {rest} 类尚不能认定" if rest else ""
    return f"比{against}（百分点），{'，'.join(said)}{open_}。"


def _within(rising: Protected | None) -> str:
    """Name what surely moved in a group of enterprises."""
    rows = reading.within(_records(rising))
    said = [f"{row['group_label']}的{_by_how_much(row)}" for row in rows]
    return f"分组看，可以认定的还有{listing(said, 3)}。" if said else ""


def _writing(rising: Protected | None) -> str:
    """Say whether more enterprises wrote anything at all: then all themes may seem to grow."""
    found = None if rising is None else rising.extra.get("writing")
    if rising is None or not isinstance(found, pd.DataFrame):
        return ""
    rows = [row for row in records(found, rising.extra) if row.get("direction") in reading.MOVED]
    said = [f"写意见的企业本身也明显{reading.MOVED[row['direction']]}{_points(row)}" for row in rows]
    return f"{said[0]}，看各类增减时要想到这一点。" if said else ""


def _points(row: Record) -> str:
    found = number(row, "difference")
    return f"（{signed(found)} 个百分点）" if known(found) else ""


def _by(rows: list[Record]) -> str:
    return listing([_by_how_much(row) for row in rows], 4)


def _by_how_much(row: Record) -> str:
    """Write a change; of one whose size would tell of fewer than k before, that there were few."""
    found = number(row, "difference")
    return f"{row['label']} {signed(found)}" if known(found) else f"{row['label']}（以前很少）"


def _records(result: Protected | None) -> list[Record]:
    return [] if result is None else records(result.table, result.extra)


def _notes(result: Protected) -> str:
    return "".join(f"{note}。" for name in ("left_out", "notes") for note in result.extra.get(name, ()))


def copied(campaigns: Protected | None) -> Finding:
    """Say how many enterprises handed in nearly the same words, and whether it matters for the order of the themes."""
    if campaigns is None:
        return Finding(COPIED, ("没有可以比较的意见",), "没有人写意见，看不出是不是照抄。", "")
    rows = [row for row in _records(campaigns) if reading.is_told(row)]
    once = campaigns.extra.get("sensitivity")
    themes = [] if not isinstance(once, pd.DataFrame) else records(once, campaigns.extra)
    themes = [row for row in themes if row["theme"] != REST and reading.is_told(row, "once")]
    if not rows or not themes:
        none = f"至少 {campaigns.extra.get('k', K)} 家写得几乎一样的意见，一批也没有。"
        return Finding(COPIED, ("没有成批的", "近乎相同的意见"), none + _notes(campaigns), "")
    same = _first_three(themes, "estimate") == _first_three(themes, "once")
    most = max(themes, key=lambda row: abs(number(row, "estimate") - number(row, "once")))
    before, after = share(number(most, "estimate")), share(number(most, "once"))
    one = sum(row.get("from_one") == "yes" for row in rows)
    chamber = f"，其中 {one} 批多半来自同一家商会" if one else ""
    detail = (
        f"字句几乎一样的意见有 {len(rows)} 批，约 {count(sum(number(row, 'count') for row in rows))} 家{chamber}；"
        f"每批只按一家计，变动最大的是{most['label']}，由 {before} 变为 {after}。{_notes(campaigns)}"
    )
    order = "前三不变" if same else "前三有变"
    return Finding(COPIED, (f"{len(rows)} 批意见近乎相同，", f"各按一家计，{order}"), detail, "")


def _first_three(rows: list[Record], name: str) -> list[str]:
    return [row["label"] for row in sorted(rows, key=lambda row: -number(row, name))][:3]


def machine(calibrated: Protected | None) -> Finding:
    """Say whether people have checked the machine, how well they agree, and whether the intervals hold its errors."""
    if calibrated is None:
        detail = "意见由机器按词表和例子归类，会认错；人工编码一部分意见之后，占比和区间才能一并校正。相邻两类的高低，不要看得太重。"
        return Finding(MACHINE, ("还没有人工复核，", "区间不含机器的误差"), detail, UNSURE)
    extra = calibrated.extra
    coded, alpha, low = (extra.get(name) for name in ("coded_count", "alpha", "alpha_low"))
    said = f"人工复核 {count(coded)} 家，" if coded else "已有人工复核，"
    agreed = _agreement(alpha, low, extra.get("alpha_high"))
    detail = f"{agreed}{_correction(_records(calibrated))}{_notes(calibrated)}"
    if known(alpha) and alpha < AGREED:
        return Finding(MACHINE, ("编码员之间不够一致，", "占比只供参考"), said + detail, UNSURE)
    return Finding(MACHINE, (said, "区间已含机器的误差"), said + detail, SURE)


def _agreement(alpha: float | None, low: float | None, high: float | None) -> str:
    if not known(alpha):
        return "编码员之间的一致系数算不出。"
    between = f"（{low:.2f} 至 {high:.2f}）" if known(low) and known(high) else ""
    weak = f"，低于通常要求的 {AGREED:.2f}" if alpha < AGREED else ""
    return f"编码员之间的一致系数 α＝{alpha:.2f}{between}{weak}。"


def _correction(rows: list[Record]) -> str:
    both = [row for row in rows if reading.is_told(row, "estimate") and known(number(row, "machine"))]
    if not both:
        return ""
    most = max(both, key=lambda row: abs(number(row, "estimate") - number(row, "machine")))
    before, after = share(number(most, "machine")), share(number(most, "estimate"))
    gain = sum(number(row, "gain") for row in both) / len(both)
    narrower = f"区间比只靠人工编码的平均窄 {whole(gain)}。" if known(gain) and gain > 0 else ""
    return f"改动最大的是{most['label']}：机器数出 {before}，校正为 {after}。{narrower}"


def others(result: Protected | None) -> Finding:
    """Say what those complaints are about that belong to no theme; only groups that stay together are named."""
    if result is None:
        few = "归不进各类的意见太少，没有再分组。"
        return Finding(OTHERS, ("其余的意见太少，", "不再细分"), few, "")
    rows = _records(result)
    stable = [row for row in rows if reading.is_named(row)]
    loose = len(rows) - len(stable)
    open_ = f"另有 {loose} 组一换样本就散，或人数太少，不命名。" if loose else ""
    if not stable:
        none = (
            f"归不进各类的意见里，没有一组既稳定又够 {result.extra.get('k', K)} 家。{open_}{_notes(result)}"
        )
        return Finding(OTHERS, ("其余的意见，", "分不出稳定的几组"), none, UNSURE)
    said = "；".join(
        f"{row['name']} {share(number(row, 'estimate'))}（{row['words']}）" for row in stable[:4]
    )
    detail = f"归不进各类的意见里，反复抽样都聚在一起的有 {len(stable)} 组：{said}。{open_}{_notes(result)}"
    names = packed([row["name"] for row in stable[:3]], "")
    return Finding(OTHERS, ("其余的意见里，", f"稳定的有 {len(stable)} 组：", *names), detail, "")


def groups(by: Protected | None) -> Finding:
    """Say which groups of enterprises surely raise a theme more or less often than the others."""
    if by is None:
        return Finding(GROUPS, ("各类企业没有比较",), "问卷没有问这一分组，或没有可以归类的意见。", "")
    rows = [row for row in _records(by) if row.get("differs") in ("more", "less") and reading.is_told(row)]
    rows = [row for row in rows if row["theme"] != REST]
    named = by.name.endswith("department")  # groups of complaints, not of enterprises
    if not rows:
        none = f"各组与其余{'意见' if named else '企业'}相比，没有哪一类问题的占比可以认定有差别；分不出不等于一样。"
        subject = "点名各部门的意见，" if named else "各类企业写的问题，"
        return Finding(GROUPS, (subject, "分不出不同"), none + _notes(by), UNSURE)
    ordered = sorted(rows, key=reading.largest)
    lead = "点名{}的意见里写到“{}”的" if named else "{}写到“{}”的"
    said = [lead.format(row.get("group_label", ""), row["label"]) + _against(row) for row in ordered]
    clauses = (f"有 {len(rows)} 处", "可以认定与别组不同")
    versus = f"与其余{'意见' if named else '企业'}相比：{listing(said, 4)}。"
    return Finding(GROUPS, clauses, versus + _notes(by), SURE)


def _against(row: Record) -> str:
    found, more = number(row, "difference"), row["differs"] == "more"
    by = f"（相差 {score(abs(found))} 个百分点）" if known(found) else ""
    return f"{'较多' if more else '较少'}{by}"


def beside(result: Protected | None) -> Finding:
    """Say how many of those who tick a difficulty also write of it, and of those who write of it tick it."""
    if result is None:
        return Finding(BESIDE, ("写的和勾的没有对照",), "问卷没有问经营困难，或没有可以归类的意见。", "")
    rows = [row for row in _records(result) if reading.is_told(row, "wrote_of_ticked")]
    if not rows:
        return Finding(
            BESIDE, ("勾选的企业太少，", "写没写不能判断"), f"{base_of(result)}。{_notes(result)}", ""
        )
    ordered = sorted(rows, key=lambda row: number(row, "ticked"), reverse=True)
    most = ordered[0]
    clauses = (f"勾选{most['label']}的企业里，", f"{share(number(most, 'wrote_of_ticked'))} 也写到它")
    said = [f"{row['label']} {share(number(row, 'wrote_of_ticked'))}" for row in ordered]
    back = [row for row in ordered if known(number(row, "ticked_of_wrote"))]
    turned = [f"{row['label']} {share(number(row, 'ticked_of_wrote'))}" for row in back]
    detail = f"勾选了的企业里也写到的：{listing(said, 4)}。"
    detail += f"写到了的企业里也勾选的：{listing(turned, 4)}。" if turned else ""
    detail += _together(ordered)
    detail += "勾选是从给定的几项里挑，写是说最想说的话，两者不必相同。"
    return Finding(BESIDE, clauses, detail + _notes(result), "")


def _together(rows: list[Record]) -> str:
    """Name the themes that those who tick them surely write of more often than those who do not."""
    names = [row["label"] for row in rows if number(row, "odds_low") > 1]
    return f"勾选了的明显更常写到它的有{listing(names, 4)}。" if names else ""
