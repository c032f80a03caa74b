"""words: a sentence says what the table says, claims nothing that the interval does not, and escapes everything."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import sample_pages

from evalpkg import fragment, words
from evalpkg.disclosure import Protected


def protected(table: pd.DataFrame, name: str = "x", unit: str = "%", **extra: Any) -> Protected:
    full = table.assign(
        shown=table.get("shown", "yes"),
        bound=table.get("bound", float("nan")),
        support=table.get("support", "full"),
    )
    return Protected(name, full, unit, "回答了这一题的企业", 1012, extra)


def rows(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


OVERALL = rows(label=["总体满意度"], estimate=[73.1], conf_low=[72.0], conf_high=[74.2], n=[1010])
CHANGE = rows(direction=["better", "same", "worse"], estimate=[34.2, 47.7, 18.1], n=[950] * 3)
TICKED = rows(
    label=["融资难", "拖欠账款", "用工难"],
    estimate=[34.2, 29.6, 26.1],
    conf_low=[31.3, 26.8, 23.4],
    conf_high=[37.1, 32.4, 28.8],
    n=[1010] * 3,
)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "tag"),
    [
        (12.1, 20.1, "觉得变好的企业多于变差的", words.SURE),
        (-9.0, -1.0, "觉得变差的企业多于变好的", words.SURE),
        (-3.0, 5.0, "觉得变好和变差的企业分不出多少", words.UNSURE),
    ],
)
def test_better_or_worse_is_claimed_only_outside_the_interval(
    low: float, high: float, verdict: str, tag: str
) -> None:
    change = protected(CHANGE, net=(low + high) / 2, net_low=low, net_high=high)
    finding = words.overall(protected(OVERALL, unit="分"), change)
    assert finding.clauses == ("总体满意度 73.1 分，", verdict)
    assert finding.tag == tag
    assert "72.0 至 74.2 分" in finding.detail


def test_every_number_of_the_sentence_stands_in_the_table() -> None:
    change = protected(CHANGE, net=16.1, net_low=12.1, net_high=20.1)
    finding = words.overall(protected(OVERALL, unit="分"), change)
    said = {float(x) for x in re.findall(r"\d+\.\d", "".join(finding.clauses) + finding.detail)}
    assert said == {73.1, 72.0, 74.2, 34.2, 18.1, 16.1, 12.1, 20.1}


def test_too_few_who_see_decline_are_not_compared_with_those_who_see_improvement() -> None:
    few = CHANGE.assign(shown=["yes", "yes", "below"], bound=[float("nan")] * 2 + [10.5])
    finding = words.overall(protected(OVERALL, unit="分"), protected(few, k=10))
    assert finding.clauses == ("总体满意度 73.1 分，", "变好和变差的企业不作比较")
    assert finding.tag == words.UNSURE
    assert finding.detail.endswith("变差的占 <10.5%，有一方不足 10 家，所以不比较。")


@pytest.mark.parametrize(("shown", "support"), [("below", "full"), ("hidden", "listed"), ("yes", "listed")])
def test_too_few_appeals_are_not_summed_up(shown: str, support: str) -> None:
    table = rows(
        question=["used", "solved"], label=["反映过诉求", "诉求完全解决"], estimate=[20.0, 50.0], n=[900, 20]
    )
    table = table.assign(shown=["yes", shown], support=["full", support], bound=66.7)
    assert words.appeals(protected(table)).clauses == ("反映过诉求的企业太少，", "解决得怎样不能判断")


def test_without_the_change_question_the_sentence_says_so() -> None:
    finding = words.overall(protected(OVERALL, unit="分"), None)
    assert "没有问与半年前相比" in finding.detail
    assert finding.tag == ""


@pytest.mark.parametrize(
    ("low", "clauses", "tag"),
    [
        (1.0, ("融资难被列为最急，", "其次是拖欠账款、用工难"), words.SURE),
        (-1.0, ("融资难、拖欠账款", "被列为最急，", "其次是用工难"), words.UNSURE),
    ],
)
def test_a_first_place_is_claimed_only_when_it_is_sure(
    low: float, clauses: tuple[str, ...], tag: str
) -> None:
    finding = words.urgent(protected(TICKED, lead=4.6, lead_low=low, lead_high=8.0))
    assert finding.clauses == clauses
    assert finding.tag == tag


def test_no_difficulty_is_never_called_the_first_difficulty() -> None:
    table = TICKED.assign(label=["没有困难", "融资难", "用工难"], exclusive=[True, False, False])
    assert words.difficulties(protected(table, lead_low=1.0)).clauses[0].startswith("融资难")


def test_rows_the_gate_hid_are_not_spoken_of() -> None:
    table = TICKED.assign(shown=["hidden", "below", "hidden"], estimate=float("nan"))
    finding = words.urgent(protected(table))
    assert finding.clauses == ("各项人数都太少，不单独公布",)
    assert "nan" not in finding.detail


@pytest.mark.parametrize(("first", "tag"), [(97.0, words.SURE), (74.0, words.UNSURE)])
def test_drivers_are_associated_and_never_cause(first: float, tag: str) -> None:
    table = rows(
        label=["办事效率", "政策落实兑现"],
        estimate=[16.4, 14.1],
        p_first=[first, 100 - first],
        n=[1000, 1000],
    )
    finding = words.drivers(protected(table, outcome="总体满意度", r2=74.0, r2_low=70.0, r2_high=78.0))
    assert finding.tag == tag
    assert "不等于改了它" in finding.detail
    assert "导致" not in "".join(finding.clauses) + finding.detail


TIERED = sample_pages.protected_departments()
TIERS = TIERED.table["tier"].tolist()


def with_tiers(**changed: str) -> Protected:
    """Return the departments with one tier in place of another: above="same"."""
    return sample_pages.protected_departments(tier=[changed.get(tier, tier) for tier in TIERS])


@pytest.mark.parametrize(
    ("changed", "clauses", "tag"),
    [
        (
            {},
            ("17 个部门里，", "4 个明显高于平均，", "4 个明显低于平均，", "其余 9 个分不出高下"),
            words.SURE,
        ),
        ({"above": "same"}, ("17 个部门里，", "4 个明显低于平均，", "其余 13 个分不出高下"), words.SURE),
        ({"above": "same", "below": "same"}, ("17 个部门", "都与平均分不出高下"), words.UNSURE),
        ({"same": "below"}, ("17 个部门里，", "4 个明显高于平均，", "13 个明显低于平均"), words.SURE),
    ],
)
def test_departments_are_counted_by_tier(changed: dict[str, str], clauses: tuple[str, ...], tag: str) -> None:
    finding = words.departments(with_tiers(**changed))
    assert (finding.clauses, finding.tag) == (clauses, tag)
    assert max(map(len, finding.clauses)) <= 13
    assert "名次区间平均宽 12 位" in finding.detail
    assert ("有依据" in finding.detail.replace("没有依据", "")) == (tag == words.SURE)


def test_ratings_that_are_all_alike_are_said_to_be() -> None:
    alike = sample_pages.protected_departments(std_error=0.0, tier="same")
    finding = words.departments(alike)
    assert finding.clauses[-1] == "分不出高下" and "打的分全都一样" in finding.detail
    assert finding.tag == words.UNSURE


def test_the_words_claim_only_the_tiers_that_occur() -> None:
    assert "“明显低于平均”有依据" in words.departments(with_tiers(above="same")).detail
    assert "“明显高于或低于平均”有依据" in words.departments(TIERED).detail


def test_no_sentence_on_departments_holds_a_bare_place() -> None:
    for html in (words.headline(words.departments(TIERED)), words.roles(TIERED)):
        assert not re.search(r"第\s*[\d一二三四五六七八九十]+\s*[名位]", html)


def test_role_groups_are_named_only_where_they_surely_differ() -> None:
    assert words.roles(TIERED) == "<p>分组看：监管执法 8 个部门平均 71.6 分，明显低于平均。</p>"
    assert words.roles(None) == ""
    assert words.roles(protected(OVERALL)) == ""


def test_departments_without_a_score_are_said_to_be_listed() -> None:
    none = sample_pages.protected_departments(rank_low=float("nan"), n=20)
    finding = words.departments(none)
    assert finding.clauses == ("打分的企业太少，", "各部门只列不排")
    assert finding.tag == words.LISTED and "nan" not in finding.detail


def test_a_single_department_with_raters_enough_is_not_compared() -> None:
    table = rows(
        label=["税务局"], role=["regulator"], estimate=[85.5], conf_low=[71.3], conf_high=[99.7], n=[30]
    )
    alone = rows(role=["all"], departments=[1], estimate=[float("nan")], n=[30], shown=["yes"])
    roles = rows(role=["regulator"], estimate=[85.5], n=[30], shown=["yes"])
    told = protected(
        table, unit="分", mean=alone, by_role=roles, notes=("打分达到 30 家的部门不足两个，只列不比",)
    )
    finding = words.departments(told)
    assert finding.clauses == ("只有 1 个部门", "打分的企业够多，", "不作比较")
    assert finding.detail == "打分达到 30 家的部门不足两个，只列不比。" and finding.tag == words.LISTED


def test_a_fallback_of_the_scores_is_told() -> None:
    result = sample_pages.protected_departments(rank_low=float("nan"))
    told = Protected(
        result.name, result.table, "分", result.base, 1012, {**result.extra, "notes": ("只有一个部门可比",)}
    )
    assert words.departments(told).detail.endswith("只有一个部门可比。")


DOUBTS = protected(
    rows(key=["overall", "environments"], label=["总体满意度", "法治环境"], estimate=[73.1, 70.0], conf_low=[72.0, 69.0],
         conf_high=[74.2, 71.0], without=[73.4, 69.2], without_low=[72.2, 68.0], without_high=[74.6, 70.4],
         difference=[0.3, -0.8], n=[1010, 1000], without_n=[955, 950]),
)  # fmt: skip
MODES = protected(
    rows(group=["online", "visit"], label=["网上填报", "上门走访"], estimate=[72.8, 75.0], adjusted=[72.5, 74.1],
         adjusted_low=[71.0, 70.0], adjusted_high=[74.0, 78.0], n=[800, 100]),
    mode_adjusted=0.6, mode_adjusted_low=-0.1, mode_adjusted_high=1.3, reference="网上填报",
)  # fmt: skip


def test_the_ways_of_computing_are_those_of_the_figure() -> None:
    both = protected(rows(label=["加权", "不加权"], estimate=[73.1, 74.0], n=[1010, 1010]))
    ways = fragment.variants(both, DOUBTS, MODES)
    assert [(way["label"], way["estimate"]) for way in ways] == [
        ("加权", 73.1), ("不加权", 74.0), ("不含存疑的 55 份", 73.4), ("若都按网上填报", 72.5),
    ]  # fmt: skip
    precision = protected(
        rows(estimate=[1.8], effective=[560.0], n=[1010]), recruitment="chambers", weighted=True
    )
    returns = protected(rows(issued=[1300], returned=[1080], n=[1010]))
    finding = words.sample(both, precision, returns, DOUBTS, MODES)
    assert finding.clauses == ("总体满意度换 3 种算法，", "都在 72.5 至 74.0 分之间")


def test_without_doubts_or_modes_there_is_no_third_way() -> None:
    same = DOUBTS.table.assign(without_n=DOUBTS.table["n"])
    both = protected(rows(label=["加权", "不加权"], estimate=[73.1, 74.0], n=[1010, 1010]))
    assert len(fragment.variants(both, protected(same), None)) == 2


def test_doubts_are_told_with_what_they_move() -> None:
    flags = protected(
        rows(reason=["speeder", "any"], label=["作答过快", "任一项"], estimate=[3.1, 5.4], n=[1010, 1010])
    )
    assert words.doubts(flags, DOUBTS) == (
        "<p>有疑点的答卷占 5.4%，一份不删；去掉它们，总体满意度由 73.1 分变为 73.4 分，下表各项最多变 0.8 分。</p>"
    )
    hidden = protected(
        rows(
            reason=["any"], label=["任一项"], estimate=[float("nan")], shown=["below"], bound=[1.0], n=[1010]
        )
    )
    assert words.doubts(hidden) == "<p>有疑点的答卷占 &lt;1.0%，一份不删；各项数字都含这些答卷。</p>"
    level = protected(DOUBTS.table.assign(without=DOUBTS.table["estimate"]))
    assert "去掉它们，总体满意度仍是 73.1 分，" in words.doubts(flags, level)
    same = protected(DOUBTS.table.assign(without_n=DOUBTS.table["n"]))
    assert "总体满意度不因它们而变" in words.doubts(flags, same)
    assert words.doubts(None) == ""


@pytest.mark.parametrize(("low", "sure"), [(-0.1, "尚不能认定"), (0.2, "可以认定")])
def test_the_line_on_modes_claims_only_what_its_interval_does(low: float, sure: str) -> None:
    told = Protected("modes", MODES.table, "分", "", 1012, {**MODES.extra, "mode_adjusted_low": low})
    assert words.modes(told).endswith(f"差别{sure}。</p>")
    assert "若企业都按网上填报，总体满意度会比公布的低 0.6 分；" in words.modes(told)
    lower = Protected("modes", MODES.table, "分", "", 1012, {**MODES.extra, "mode_adjusted": -0.6})
    assert "会比公布的高 0.6 分；" in words.modes(lower)
    assert words.modes(None) == ""


def test_the_plan_says_what_more_enterprises_cannot_reach() -> None:
    needed = rows(
        key=["width", "any", "mean"],
        label=["", "", ""],
        target=[10.0, 5.0, 2.0],
        respondents=[6350.0, 9.0, float("inf")],
    )
    said = words.plan(protected(rows(estimate=[24.0], n=[1010]), needed=needed, width_now=23.9))
    assert said == (
        "<p>像本轮这样的样本，名次区间平均宽约 24 位；要让名次区间平均不超过 10 位，约需 6,350 家；"
        "要认定任一部门与平均相差 2 分，靠增加企业做不到。</p>"
    )
    assert words.plan(None) == ""


def test_departments_are_listed_and_not_ranked() -> None:
    table = rows(
        label=["税务局", "城管局", "海关"],
        role=["regulator"] * 3,
        estimate=[80.6, 63.9, 90.0],
        conf_low=[79.1, 61.8, 70.0],
        conf_high=[82.1, 66.0, 99.0],
        n=[865, 455, 25],
        support=["full", "full", "listed"],
    )
    roles = rows(role=["regulator"], estimate=[72.2], shown=["yes"], n=[900])
    finding = words.departments(protected(table, unit="分", by_role=roles, mean=72.7))
    assert finding.clauses == ("2 个部门平均 72.7 分，", "按职能列出，不排名次")
    assert "相差最多 16.7 分" in finding.detail
    assert "海关" not in finding.detail and "90.0" not in finding.detail


@pytest.mark.parametrize(
    "finding",
    [
        words.overall,
        words.departments,
        words.urgent,
        words.difficulties,
        words.drivers,
        words.themes,
        words.appeals,
    ],
)
def test_what_was_not_asked_is_said_plainly(finding: Any) -> None:
    said = ("本次问卷没有问", "没有可以归类的意见", "本轮没有部门评价")
    assert finding(None).clauses[0].startswith(said)
    assert finding(None).tag == ""


def test_labels_are_escaped_wherever_they_are_printed() -> None:
    finding = words.Finding("<q>", ("<script>", '"&'), "<b>", "<t>")
    for html in (
        words.headline(finding),
        words.answer(2, finding, None, ("x", "<l>")),
        words.section("<h>", "<s>"),
    ):
        assert "<script>" not in html
        assert not re.search(r"<(q|t|l|s|h)>", html)


def test_the_first_answer_is_the_headline_of_its_page() -> None:
    finding = words.Finding("问", ("甲，", "乙"), "细节", words.SURE)
    assert "<h1" in words.answer(1, finding) and "细节" in words.answer(1, finding)
    assert "<h2" in words.answer(2, finding) and "细节" not in words.answer(2, finding)


def test_no_clause_is_longer_than_a_phone_is_wide() -> None:
    long = TICKED.assign(label=["水电气成本与供暖", "政策落实与兑现", "融资难"])
    for finding in (words.urgent(protected(long)), words.difficulties(protected(long, lead_low=1.0))):
        assert max(map(len, finding.clauses)) <= 18
        assert finding.clauses[-2].endswith("，")


def test_a_box_that_says_nothing_is_left_out_of_an_answer() -> None:
    empty = fragment.not_asked("困难")
    assert "本次问卷没有问困难" not in words.answer(3, words.urgent(None), empty)


@pytest.mark.parametrize("weighted", [True, False])
def test_the_cost_of_weighting_is_told_only_where_there_is_weighting(weighted: bool) -> None:
    both = protected(rows(label=["加权", "不加权"], estimate=[73.1, 74.0], n=[1010, 1010]))
    precision = protected(
        rows(estimate=[1.8], effective=[560.0], n=[1010]), recruitment="chambers", weighted=weighted
    )
    returns = protected(rows(issued=[1300], returned=[1080], n=[1010]))
    finding = words.sample(both, precision, returns)
    assert ("加权前后相差 0.9 分" in finding.clauses) == weighted
    assert ("设计效应 1.8" in finding.detail) == weighted
    assert ("本轮没有加权" in finding.detail) != weighted


def test_proposals_are_those_that_people_wrote() -> None:
    proposal = SimpleNamespace(what="清欠<b>", who="财政局", by="2023 年 3 月底", check="提到拖欠的下降")
    html = words.proposals(8, SimpleNamespace(proposals=[proposal]))  # type: ignore[arg-type]
    assert "清欠&lt;b&gt;" in html and 'data-label="责任单位"' in html
    assert words.proposals(8, SimpleNamespace(proposals=[])) == ""  # type: ignore[arg-type]


# --- two matters in one answer of the leaders' page -------------------------------------------------------


def test_what_is_urgent_stands_beside_what_is_written() -> None:
    urgent = protected(TICKED, lead=4.6, lead_low=1.0, lead_high=8.0)
    written = protected(
        TICKED.assign(label=["水电气成本", "停车难", "用工难"], theme=list("ABC")), lead=1.0, lead_low=-1.0
    )
    found = words.troubles(urgent, written)
    assert "".join(found.clauses) == "融资难被列为最急；水电气成本、停车难写得最多"
    assert found.tag == words.SURE  # of what is urgent
    assert words.troubles(urgent, None) == words.urgent(urgent)
    assert "".join(words.troubles(None, written).clauses).startswith("水电气成本、停车难写得最多")
    hidden = protected(TICKED.assign(shown="hidden", estimate=float("nan")))
    assert (
        "".join(words.troubles(hidden, hidden).clauses)
        == "各项人数都太少，不单独公布；各项人数都太少，不单独公布"
    )


def test_the_change_and_what_is_felt_of_it() -> None:
    change = protected(CHANGE, net=16.1, net_low=12.1, net_high=20.1)
    found = words.change_line(None, None, change)
    assert found.detail.endswith(
        "觉得变好的占 34.2%，变差的占 18.1%，相差 +16.1 个百分点（+12.1 至 +20.1）。"
    )
    assert words.change_line(None).detail == found.detail[: -len(words.outlook.felt_change(change))]
