"""Can the round be trusted: questionnaires in doubt, modes, whose voice is counted, how many would be needed."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    ABSENT,
    NO_MODES,
    Fragment,
    Record,
    count,
    interval,
    known,
    nothing,
    number,
    records,
    score,
    signed,
    too_few,
)
from evalpkg.tables import columns as make
from evalpkg.tables.build import table
from evalpkg.tables.columns import Column
from evalpkg.tables.frame import base_of, caption

HEADLINES = {
    "overall": "总体满意度", "environments": "各类环境", "departments": "各部门", "change": "与半年前相比",
    "difficulties": "经营困难", "most_urgent": "最急的困难", "appeals": "诉求", "themes": "意见", "drivers": "影响因素",
}  # fmt: skip


DIFFERENCE = {"estimate": "", "conf_low": "_low", "conf_high": "_high"}
Line = tuple[str, list[Record], Record]  # what is compared, its two rows, their difference


def flags(
    result: Protected | None,
    *,
    no: int = 1,
    title: str = "有疑点的答卷",
    note: str = "一份不删，只作对照",
    folded: str = "",
) -> Fragment:
    """List how many questionnaires are in doubt, by reason."""
    if result is None:
        return nothing("本轮没有检查答卷的疑点。")
    rows = make.records(result)
    columns = make.shares("疑点", "占答卷 %", rows)
    base = base_of(result, "一份答卷可以有几个疑点；家数取整到 5", *result.extra.get("notes", ()))
    return table("flags", columns, caption(no, title, note), base, rows=rows, folded=folded)


def headlines(
    result: Protected | None,
    *,
    no: int = 2,
    title: str = "含与不含有疑点的答卷",
    note: str = "差别小，说明结论不靠这些答卷",
    id: str = "headlines",
    folded: str = "",
) -> Fragment:
    """List each headline with all questionnaires, and without those in doubt."""
    rows = [] if result is None else make.records(result)
    if result is None or not rows:
        return Fragment("") if folded else nothing("没有可以对照的指标。")
    columns = [
        make.labels("指标", rows),
        *make.estimates("全部答卷", rows),
        Column("不含存疑", [_without(row, "without", score) for row in rows], bold=True),
        Column("其 95% 区间", [_pair(row, "without") for row in rows], "opt ci"),
        Column("相差", [_without(row, "difference", signed) for row in rows]),
    ]
    groups = [HEADLINES.get(str(row.get("key", "")), "其他") for row in rows]
    base = base_of(
        result,
        f"不含存疑：去掉有疑点的答卷，连同权数重新计算；去掉的不足 {rows[0]['k']} 家，就不公布这一数",
        "相差按未取整的数算；两数几乎出自同一批企业，不作检验",
        *result.extra.get("notes", ()),
    )
    return table(id, columns, caption(no, title, note), base, rows=rows, groups=groups, folded=folded)


def modes(
    result: Protected | None,
    *,
    no: int = 3,
    title: str = "不同填报方式的总体满意度",
    note: str = "",
    folded: str = "",
) -> Fragment:
    """List overall satisfaction by mode, as it is and with the same enterprises behind every mode."""
    if result is None:
        return nothing(NO_MODES)
    rows = make.records(result)
    columns = [
        make.labels("填报方式", rows),
        *make.estimates("得分", rows),
        make.numbers("调整后", rows, "adjusted", score, bold=True),
        Column("其 95% 区间", [_pair(row, "adjusted") for row in rows], "opt ci"),
        make.numbers("家数", rows, "n", count, "opt"),
    ]
    same = "、".join(result.extra.get("adjusted_for", ()))
    about = f"调整后：假定各方式的企业{same}构成相同" if same else ""
    base = base_of(result, about, *result.extra.get("notes", ()))
    return table("modes", columns, caption(no, title, note), base, rows=rows, folded=folded)


def estimands(
    overall: Protected | None,
    difficulties: Protected | None = None,
    *,
    no: int = 1,
    title: str = "按企业计与按从业人员计",
    note: str = "两种口径回答两个问题；困难是勾选的占比",
    folded: str = "",
) -> Fragment:
    """List overall satisfaction and the main difficulties per enterprise and per person employed.

    Parameters
    ----------
    overall
        Two rows, `weighting` "enterprise" and "employment"; `extra` has difference, difference_low, difference_high.
    difficulties
        Two such rows a difficulty (`label`); `extra["differences"]` has a row a difficulty.
    """
    if overall is None:
        return nothing("总体结构没有从业人员数，所以只有“每家企业算一份”这一种口径。")
    rows = make.records(overall)
    gap = {name: overall.extra.get(f"difference{end}") for name, end in DIFFERENCE.items()}
    lines: list[Line] = [("总体满意度（分）", rows, gap)]
    if difficulties is not None:
        lines += _difficulties(difficulties)
    one, other = (
        [_of(rows, weighting) for _, rows, _ in lines] for weighting in ("enterprise", "employment")
    )
    gaps = [gap for _, _, gap in lines]
    columns = [
        Column("指标", [name for name, _, _ in lines], left=True),
        make.estimates("按企业计", one)[0],
        Column("其 95% 区间", [_pair(row, "conf") for row in one], "opt ci"),
        make.estimates("按从业人员计", other)[0],
        Column("其 95% 区间", [_pair(row, "conf") for row in other], "opt ci"),
        Column("相差", [signed(number(row, "estimate")) for row in gaps]),
        Column("相差的 95% 区间", [_pair(row, "conf") for row in gaps], "opt ci"),
    ]
    base = base_of(overall, "相差：按从业人员计减按企业计，区间不含 0 才可以认定")
    return table("estimands", columns, caption(no, title, note), base, folded=folded)


def _difficulties(result: Protected) -> list[Line]:
    """Return the name, the two rows and the difference of each difficulty."""
    rows, frame = make.records(result), result.extra.get("differences")
    gaps = {} if frame is None else {str(gap["label"]): gap for gap in records(frame, result.extra)}
    names = dict.fromkeys(str(row["label"]) for row in rows)
    return [
        (f"{name}（%）", [row for row in rows if row["label"] == name], gaps.get(name, {})) for name in names
    ]


def _of(rows: list[Record], weighting: str) -> Record:
    return next((row for row in rows if row.get("weighting") == weighting), {})


def plan(
    result: Protected | None,
    *,
    no: int = 4,
    title: str = "多少家企业才分得清",
    note: str = "按本轮的误差推算",
    folded: str = "",
) -> Fragment:
    """List, for several numbers of enterprises, how wide rank sets would be and which differences would be found."""
    if result is None:
        return nothing("可以比较的部门不足两个，或打分全都一样，没有误差可以据以推算下一轮要多少家企业。")
    rows = make.records(result)
    columns = [
        make.labels("企业", rows),
        make.numbers("名次区间均宽（位）", rows, "estimate", score, bold=True),
        make.numbers("与平均相差（分）", rows, "detectable_mean", score),
        make.numbers("任意两个相差（分）", rows, "detectable", score, "opt"),
        make.numbers("指定两个相差（分）", rows, "detectable_pair", score, "opt"),
    ]
    needs = [
        f"{row['label']}：{_enterprises(row)}"
        for row in (result.extra["needed"].to_dict("records") if "needed" in result.extra else ())
    ]
    base = "；".join(
        part
        for part in (
            "相差的分数：部门得分真有这么大的差别，就有八成把握认定",
            *needs,
            result.extra.get("assumptions", ""),
        )
        if part
    )
    return table("plan", columns, caption(no, title, note), f"{base}。", folded=folded)


def _enterprises(row: Record) -> str:
    needed = number(row, "respondents")
    return f"约需 {count(needed)} 家" if math.isfinite(needed) else "靠增加企业做不到"


def _without(row: Record, name: str, write: Callable[[float], str]) -> str:
    """Write a number without the questionnaires in doubt; a row that is only listed has none of either kind."""
    return ABSENT if too_few(row) else write(number(row, name))


def _pair(row: Record, name: str) -> str:
    low, high = number(row, f"{name}_low"), number(row, f"{name}_high")
    return ABSENT if too_few(row) or not (known(low) and known(high)) else interval(low, high)
