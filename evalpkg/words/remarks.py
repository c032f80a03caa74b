"""What stands behind and beside the themes: copies, the machine's errors, the rest, groups of enterprises, ticked boxes."""

from __future__ import annotations

import pandas as pd

from evalpkg.complaints import reading
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Protected
from evalpkg.fragment import K, Record, count, known, listing, number, records, score, share, whole
from evalpkg.words.complaints import notes_of, packed, rows_of
from evalpkg.words.drivers import COUNTS
from evalpkg.words.finding import SURE, UNSURE, Finding, base_of

COPIED = "有没有一窝蜂的意见"
MACHINE = "机器归类可信吗"
OTHERS = "其余的意见说什么"
GROUPS = "哪些企业提得更多"
STATUS = "有没有新冒出来的问题"
BESIDE = "写的和勾的对得上吗"
AGREED = 0.667  # alpha under which codes are not to be relied on (Krippendorff 2004)


def copied(campaigns: Protected | None) -> Finding:
    """Say how many enterprises handed in nearly the same words, and whether it matters for the order of the themes."""
    if campaigns is None:
        return Finding(COPIED, ("没有可以比较的意见",), "没有人写意见，看不出是不是照抄。", "")
    rows = [row for row in rows_of(campaigns) if reading.is_told(row)]
    once = campaigns.extra.get("sensitivity")
    themes = [] if not isinstance(once, pd.DataFrame) else records(once, campaigns.extra)
    themes = [row for row in themes if row["theme"] != REST and reading.is_told(row, "once")]
    if not rows or not themes:
        none = f"至少 {campaigns.extra.get('k', K)} 家写得几乎一样的意见，一批也没有。"
        return Finding(COPIED, ("没有成批的", "近乎相同的意见"), none + notes_of(campaigns), "")
    same = bool(campaigns.extra.get("same_first"))
    most = max(themes, key=lambda row: abs(number(row, "estimate") - number(row, "once")))
    before, after = share(number(most, "estimate")), share(number(most, "once"))
    one = sum(row.get("from_one") == "yes" for row in rows)
    chamber = f"，其中 {one} 批多半来自同一家商会" if one else ""
    detail = (
        f"字句几乎一样的意见有 {len(rows)} 批，约 {count(sum(number(row, 'count') for row in rows))} 家{chamber}；"
        f"每批只按一家计，变动最大的是{most['label']}，由 {before} 变为 {after}。{notes_of(campaigns)}"
    )
    order = "前三不变" if same else "前三有变"
    return Finding(COPIED, (f"{len(rows)} 批意见近乎相同，", f"各按一家计，{order}"), detail, "")


def machine(calibrated: Protected | None) -> Finding:
    """Say whether people have checked the machine, how well they agree, and whether the intervals hold its errors."""
    if calibrated is None:
        detail = "意见由机器按词表和例子归类，会认错；人工编码一部分意见之后，占比和区间才能一并校正。相邻两类的高低，不要看得太重。"
        return Finding(MACHINE, ("还没有人工复核，", "区间不含机器的误差"), detail, UNSURE)
    extra = calibrated.extra
    coded, alpha, low = (extra.get(name) for name in ("coded_count", "alpha", "alpha_low"))
    said = f"人工复核 {count(coded)} 家，" if coded else "已有人工复核，"
    agreed = _agreement(alpha, low, extra.get("alpha_high"))
    detail = f"{agreed}{_correction(rows_of(calibrated))}{notes_of(calibrated)}"
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
    rows = rows_of(result)
    stable = [row for row in rows if reading.is_named(row)]
    loose = len(rows) - len(stable)
    open_ = f"另有 {loose} 组一换样本就散，或人数太少，不命名。" if loose else ""
    if not stable:
        none = (
            f"归不进各类的意见里，没有一组既稳定又够 {result.extra.get('k', K)} 家。{open_}{notes_of(result)}"
        )
        return Finding(OTHERS, ("其余的意见，", "分不出稳定的几组"), none, UNSURE)
    said = "；".join(
        f"{row['name']} {share(number(row, 'estimate'))}（{row['words']}）" for row in stable[:4]
    )
    detail = f"归不进各类的意见里，反复抽样都聚在一起的有 {len(stable)} 组：{said}。{open_}{notes_of(result)}"
    names = packed([row["name"] for row in stable[:3]], "")
    return Finding(OTHERS, ("其余的意见里，", f"稳定的有 {len(stable)} 组：", *names), detail, "")


def theme_status(registry: Protected | None) -> Finding:
    """Say which matters are new since the rounds before, and which themes no longer read as they did."""
    if registry is None:
        return Finding(STATUS, ("新不新不能判断",), "以前没有可以比较的轮次。", "")
    rows = [row for row in rows_of(registry) if row["label"]]
    fresh = [row for row in rows if row["status"] in ("new", "split") and reading.is_told(row, "estimate")]
    by_status = {
        status: [row["label"] for row in rows if row["status"] == status] for status in ("changed", "gone")
    }
    said = [f"{row['label']} {share(number(row, 'estimate'))}" for row in fresh]
    parts = [f"新出现或新分出的有{listing(said, 4)}" if fresh else "没有发现成批的新问题"]
    parts += [f"名目没变而说法变了的有{listing(by_status['changed'], 4)}"] if by_status["changed"] else []
    parts += [f"很少再有人提的有{listing(by_status['gone'], 4)}"] if by_status["gone"] else []
    detail = f"{'；'.join(parts)}。新旧由机器按字词比对，请人看过再下结论。{notes_of(registry)}"
    if not fresh:
        return Finding(STATUS, ("没有发现", "成批的新问题"), detail, "")
    many = COUNTS[len(fresh)] if len(fresh) < len(COUNTS) else f" {len(fresh)} "
    names = packed([row["label"] for row in fresh[:2]], "等" if len(fresh) > 2 else "")
    return Finding(STATUS, (f"新出现{many}类问题：", *names), detail, "")


def groups(by: Protected | None) -> Finding:
    """Say which groups of enterprises surely raise a theme more or less often than the others."""
    if by is None:
        return Finding(GROUPS, ("各类企业没有比较",), "问卷没有问这一分组，或没有可以归类的意见。", "")
    rows = [row for row in rows_of(by) if row.get("differs") in ("more", "less") and reading.is_told(row)]
    rows = [row for row in rows if row["theme"] != REST]
    named = by.name.endswith("department")  # groups of complaints, not of enterprises
    if not rows:
        none = f"各组与其余{'意见' if named else '企业'}相比，没有哪一类问题的占比可以认定有差别；分不出不等于一样。"
        subject = "点名各部门的意见，" if named else "各类企业写的问题，"
        return Finding(GROUPS, (subject, "分不出不同"), none + notes_of(by), UNSURE)
    ordered = sorted(rows, key=reading.largest)
    lead = "点名{}的意见里写到“{}”的" if named else "{}写到“{}”的"
    said = [lead.format(row.get("group_label", ""), row["label"]) + _against(row) for row in ordered]
    clauses = (f"有 {len(rows)} 处", "可以认定与别组不同")
    versus = f"与其余{'意见' if named else '企业'}相比：{listing(said, 4)}。"
    return Finding(GROUPS, clauses, versus + notes_of(by), SURE)


def _against(row: Record) -> str:
    found, more = number(row, "difference"), row["differs"] == "more"
    by = f"（相差 {score(abs(found))} 个百分点）" if known(found) else ""
    return f"{'较多' if more else '较少'}{by}"


def beside(result: Protected | None) -> Finding:
    """Say how many of those who tick a difficulty also write of it, and of those who write of it tick it."""
    if result is None:
        return Finding(BESIDE, ("写的和勾的没有对照",), "问卷没有问经营困难，或没有可以归类的意见。", "")
    rows = [row for row in rows_of(result) if reading.is_told(row, "wrote_of_ticked")]
    if not rows:
        return Finding(
            BESIDE, ("勾选的企业太少，", "写没写不能判断"), f"{base_of(result)}。{notes_of(result)}", ""
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
    return Finding(BESIDE, clauses, detail + notes_of(result), "")


def _together(rows: list[Record]) -> str:
    """Name the themes that those who tick them surely write of more often than those who do not."""
    names = [row["label"] for row in rows if number(row, "odds_low") > 1]
    return f"勾选了的明显更常写到它的有{listing(names, 4)}。" if names else ""
