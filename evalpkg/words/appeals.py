"""What the platform's register and the ledger of problems say, in sentences."""

from __future__ import annotations

from evalpkg import fragment
from evalpkg.disclosure import Protected
from evalpkg.fragment import (
    NO_LEDGER,
    NO_REGISTER,
    Record,
    count,
    known,
    less,
    listing,
    number,
    share,
    whole,
)
from evalpkg.words.finding import SURE, UNSURE, Finding

COUNTED = "登记数据，非抽样"
GAP = 20.0  # per cent of appeals closed and not solved from which "only" is said
NO_PLATFORM = "data/raw/platform.csv 里没有登记，所以这里不列。平台企业不是抽样，台账也不与问卷合并。"
NO_FILE = "data/raw/ 下本轮的文件夹里没有 appeals.csv，所以这里不列，也不能与别的轮次比较。"


def register(overview: Protected | None, days: Protected | None = None) -> Finding:
    """Tell what was closed, what was truly solved, and how long it took."""
    question = "诉求办得怎样"
    if overview is None:
        return Finding(question, ("本轮没有诉求平台的台账",), NO_FILE, "")
    rows = _by(overview, "step")
    k = overview.extra["k"]
    if rows["received"]["shown"] != "yes":
        return Finding(
            question, (f"收到的诉求不足 {k} 件，", "不单独公布"), "件数太少，数字会暴露个别企业。", COUNTED
        )
    if rows["ended"]["shown"] != "yes":
        clauses: tuple[str, ...] = (f"收到 {_count(rows['received'])}，", f"办结的不足 {k} 件")
    else:
        clauses = (f"办结 {_whole(rows['ended'])}，", _solved(rows, k))
    return Finding(question, _with_median(clauses, days), _detail(overview, rows, days), COUNTED)  # fmt: skip


def _solved(rows: dict[str, Record], k: int) -> str:
    if rows["solved"]["shown"] != "yes":
        return f"真正解决的不足 {k} 件"
    wide = number(rows["ended"], "estimate") - number(rows["solved"], "estimate") >= GAP
    return f"真正解决的{'只有' if wide else '占'} {_whole(rows['solved'])}"


def _with_median(clauses: tuple[str, ...], days: Protected | None) -> tuple[str, ...]:
    """Add the median of days as a clause of its own, where it is known."""
    median = float("nan") if days is None else number(fragment.records(days.table, days.extra)[0], "estimate")
    return (*clauses[:-1], f"{clauses[-1]}；", f"中位办理 {median:.0f} 天") if known(median) else clauses


def _detail(overview: Protected, rows: dict[str, Record], days: Protected | None) -> str:
    parts = [
        f"收到 {_count(rows['received'])}，截至 {overview.extra['day']}办结 {_count(rows['ended'])}",
        f"真正解决 {_count(rows['solved'])}（部分解决、解释说明不算）",
        f"逾期未结 {_share(rows['waiting'])}",
        f"办结后被退回 {_share(rows['reopened'])}",
    ]
    return f"{'，'.join(parts)}。{_days(days)}"


def _days(days: Protected | None) -> str:
    if days is None:
        return ""
    row = fragment.records(days.table, days.extra)[0]
    half, low, high = (number(row, name) for name in ("estimate", "conf_low", "conf_high"))
    if not known(half):
        return "办结的太少，看不出一半的诉求要办多少天。"
    span = f"{low:.0f} 至 {high:.0f} 天" if known(high) else f"{low:.0f} 天以上"
    only = number(row, "closed_only")
    biased = f"；只看已办结的会算成 {only:.0f} 天，偏短" if known(only) and round(only) < round(half) else ""
    return f"中位 {half:.0f} 天（95% 区间 {span}），没有办结的也算在内{biased}。"


def register_departments(result: Protected | None) -> Finding:
    """Which departments solve surely more or less than the mean, and which are surely slower."""
    question = "哪些部门办得慢、解决得少"
    if result is None:
        return Finding(question, ("各部门办得怎样不能判断",), NO_REGISTER, "")
    rows = fragment.records(result.table, result.extra)
    mean = number(result.extra, "mean")
    more = [row["label"] for row in rows if number(row, "family_low") > mean]
    less_ = [row["label"] for row in rows if number(row, "family_high") < mean]
    slow, fast = (
        [row["label"] for row in rows if row.get(name) and row["shown"] != "hidden"]
        for name in ("slower", "faster")
    )
    said = [
        f"{listing(names, 3)}{what}"
        for names, what in (
            (less_, "解决得明显少"),
            (more, "解决得明显多"),
            (slow, "办得明显慢"),
            (fast, "办得明显快"),
        )
        if names
    ]
    clauses = (
        (*(f"{one}，" for one in said[:-1]), said[-1])
        if said
        else ("各部门解决得多少、快慢，", "都分不出高下")
    )
    detail = (
        f"各部门平均真正解决 {share(mean)}，{result.extra['since']}以来各轮合计。件数少的部门向平均靠拢，"
        "承办一件、解决一件的不算最好；快慢用对数秩检验与其余诉求比，各部门一起判断。"
    )
    return Finding(question, clauses, detail, SURE if said else UNSURE)  # fmt: skip


def register_repeats(result: Protected | None) -> Finding:
    """Whether appeals come back within ninety days: closed is not solved."""
    question = "办结了又反映吗"
    if result is None:
        return Finding(question, ("是否重复反映不能判断",), NO_REGISTER, "")
    rows = _by(result, "step")
    if rows["repeated"]["shown"] == "hidden":
        return Finding(
            question,
            ("能比较的诉求太少，", "看不出是否重复"),
            f"{result.base}不足 {result.extra['k']} 件。",
            COUNTED,
        )
    first = rows["repeated"]
    told = (
        f"90 天内重复反映的占 {_share(first)}"
        if first["shown"] == "yes"
        else f"重复反映的不足 {result.extra['k']} 件"
    )
    back = "" if result.extra.get("looks_back") == "yes" else "没有以前各轮的台账，只在本轮之内比较。"
    detail = (
        f"在{result.base}里，其中前一件已经办结的 {_share(rows['after_end'])}，还在办的 {_share(rows['while_open'])}。"
        f"同一县（区）、文字几乎相同才算；台账里没有企业的身份，也可能是两家用了同一份文字。{back}"
    )
    return Finding(question, (told,), detail, COUNTED)  # fmt: skip


def register_satisfaction(result: Protected | None) -> Finding:
    """Who was asked, who answered, who was satisfied, and what silence could hide."""
    question = "办完以后满意吗"
    if result is None:
        return Finding(question, ("办完是否满意不能判断",), NO_REGISTER, "")
    rows = _by(result, "step")
    if rows["asked"]["shown"] != "yes":
        return Finding(
            question, ("回访的太少，", "满意不满意不能判断"), f"回访不足 {result.extra['k']} 件。", COUNTED
        )
    if rows["satisfied"]["shown"] != "yes":
        clauses: tuple[str, ...] = ("答了满意度的太少，", "不能判断")
    else:
        clauses = ("没有答不等于满意：", f"答了的人里 {_whole(rows['satisfied'])} 满意")
    detail = (
        f"办结的诉求里回访了 {_share(rows['asked'])}，其中 {_share(rows['answered'])} 答了满意度。"
        f"若没有答的都不满意，满意的占办结的 {_share(rows['least'])}；若都满意，占 {_share(rows['most'])}。"
    )
    return Finding(question, clauses, detail, COUNTED)


def register_themes(result: Protected | None) -> Finding:
    """Tell what appeals are about, and whether staff put them in the same place."""
    question = "诉求集中在哪些问题"
    if result is None:
        return Finding(question, ("本轮没有可以归类的诉求",), NO_REGISTER, "")
    seen = [
        row
        for row in fragment.records(result.table, result.extra)
        if row["shown"] == "yes" and row["theme"] != "OTHER"
    ]
    if not seen:
        return Finding(
            question, ("各类诉求都太少，", "不单独公布"), f"每一类都不足 {result.extra['k']} 件。", COUNTED
        )
    names = [row["label"] for row in seen[:3]]
    more = len(names) > 2
    clauses = (
        f"最多的是{'、'.join(names[:2])}{'，' if more else ''}",
        *((f"其次是{names[2]}",) if more else ()),
    )
    listed = listing([f"{row['label']} {share(number(row, 'estimate'))}" for row in seen], 5)
    return Finding(question, clauses, f"{listed}。{_agreement(result)}", COUNTED)  # fmt: skip


def _agreement(result: Protected) -> str:
    found = result.extra.get("agreement")
    if not isinstance(found, Protected) or found.table["shown"].iloc[0] != "yes":
        return "人工归过类的诉求太少，看不出机器归类与人工是否一致。"
    row = fragment.records(found.table, found.extra)[0]
    alpha, low, high = (number(row, name) / 100 for name in ("alpha", "alpha_low", "alpha_high"))
    span = f"（克里彭多夫 α {alpha:.2f}，{low:.2f} 至 {high:.2f}）" if known(alpha) else ""
    return f"工作人员人工归过类的，与按文字归类一致的占 {share(number(row, 'estimate'))}{span}。"


def coverage(result: Protected | None) -> Finding:
    """How many enterprises use the platform; its users are no sample."""
    question = "平台覆盖多少企业"
    if result is None:
        return Finding(question, ("没有登记平台有多少企业",), NO_PLATFORM, "")
    rows = _by(result, "scope")
    first = rows["all"]
    parts = [f"{row['label']}的 {_share(row)}" for row in rows.values()]
    province, bodies = (number(result.extra, name) for name in ("province_share", "bodies"))
    said = [
        f"平台上有企业 {count(number(result.extra, 'enterprises'))} 家（{result.extra['asof']}，{result.extra['source']}）"
    ]
    said += [f"占全省平台企业的 {whole(province)}"] if known(province) else []
    said += [f"接入部门 {count(bodies)} 个"] if known(bodies) else []
    detail = f"{'，'.join(said)}；相当于{'、'.join(parts)}。不在平台上的企业有什么诉求，台账里看不到；台账也不与问卷合并。"
    return Finding(question, ("平台企业不是抽样，", f"只占市场主体的 {_share(first)}"), detail, COUNTED)  # fmt: skip


def loop(result: Protected | None) -> Finding:
    """How far the problems raised at forums, visits and by telephone came."""
    question = "提出的问题有回音吗"
    if result is None:
        return Finding(question, ("没有问题台账",), NO_LEDGER, "")
    rows = _by(result, "stage")
    k = result.extra["k"]
    if rows["raised"]["shown"] != "yes":
        return Finding(
            question, (f"提出的问题不足 {k} 个，", "不单独公布"), "个数太少，数字会暴露个别企业。", COUNTED
        )
    done = rows["resolved"]
    ending = f"解决了 {_whole(done)}" if done["shown"] == "yes" else f"解决的不足 {k} 个"
    clauses = (f"提出 {_count(rows['raised'], '个')}问题，", ending)
    steps = "，".join(
        f"{rows[stage]['label']} {_share(rows[stage])}" for stage in ("instructed", "adopted", "resolved")
    )
    return Finding(question, clauses, f"在提出的问题里，{steps}。{_times(rows)}", COUNTED)  # fmt: skip


def answered(overview: Protected | None, loop_: Protected | None, days: Protected | None = None) -> Finding:
    """Say for the leaders' page what became of appeals, and of the problems raised elsewhere."""
    appeals, problems = register(overview, days), loop(loop_)
    if overview is None or loop_ is None:
        return problems if overview is None and loop_ is not None else appeals
    first = register(overview).clauses
    clauses = (*first[:-1], f"{first[-1]}；", *problems.clauses)
    return Finding("诉求和问题办得怎样", clauses, f"{appeals.detail}{problems.detail}", COUNTED)


def _times(rows: dict[str, Record]) -> str:
    words = {"instructed": "得到批示", "adopted": "被采纳", "resolved": "得到解决"}
    known_ = {stage: number(rows[stage], "median") for stage in words}
    told = [f"一半在 {days:.0f} 天内{words[stage]}" for stage, days in known_.items() if known(days)]
    longest = [
        words[stage] for stage, days in known_.items() if not known(days) and rows[stage]["shown"] == "yes"
    ]
    rest = [f"不到一半{what}" for what in longest]
    return f"从提出算起，{'，'.join([*told, *rest])}。" if told else ""


def _by(result: Protected, key: str) -> dict[str, Record]:
    return {str(row[key]): row for row in fragment.records(result.table, result.extra)}


def _count(row: Record, unit: str = "件") -> str:
    return f"{count(number(row, 'count'))} {unit}" if row["shown"] == "yes" else f"不足 {row['k']} {unit}"


def _share(row: Record) -> str:
    """Print a share as the gate allows it."""
    if row["shown"] == "hidden":
        return "太少不公布"
    return less(number(row, "bound")) if row["shown"] == "below" else share(number(row, "estimate"))


def _whole(row: Record) -> str:
    return whole(number(row, "estimate"))
