"""Sentences on drivers, effects and policies say what the table says, claim no more, and never name a cause."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import driver_results as made
import numpy as np
import pytest

from evalpkg import words
from evalpkg.disclosure import Protected
from evalpkg.fragment import MINUS

pytestmark = pytest.mark.filterwarnings("error")

FIRST_SURE = {
    "p_first": [97.0, 3.0, *[0.0] * 7],
    "rank_low": [1.0, *[2.0] * 8],
    "rank_high": [1.0, *[9.0] * 8],
}
LEAD_OPEN = {"rank_low": 1.0, "rank_high": 9.0}
FOUR_LEAD = {"rank_low": [1.0] * 4 + [5.0] * 5, "rank_high": [4.0] * 4 + [9.0] * 5}
NO_FIX = {"p_fix": 60.0, "zone": "watch"}
WHAT_IF = made.effects(
    ["办事效率", "政策落实兑现", "主动服务"], [1.4, 1.1, 0.1], [0.5, 0.4, 0.3], controlled="yes"
)
FOREST = {"shown": "yes", "r2": 66.0, "r2_low": 60.0, "r2_high": 71.0, "linear_r2": 68.0, "difference": -2.0}


def forest(**extra: Any) -> Protected:
    return dataclasses.replace(made.ways(), name="forest", extra={**FOREST, "notes": ("一样准",), **extra})


def said(finding: words.Finding) -> str:
    return "".join(finding.clauses) + finding.detail


ALL: dict[str, Callable[[], words.Finding]] = {
    "drivers": lambda: words.drivers(made.drivers()),
    "weak": lambda: words.drivers_weak(made.drivers()),
    "sure": lambda: words.drivers_sure(made.drivers(), made.ways(), forest()),
    "what_if": lambda: words.what_if(WHAT_IF),
    "themes": lambda: words.theme_effects(made.THEMES),
    "policies": lambda: words.policy_effects(made.THEMES),
    "odds": lambda: words.odds(made.THEMES),
    "forest": lambda: words.forest(forest(difference_low=-5.0, difference_high=1.0)),
    "groups": lambda: words.subgroups(made.by_group()),
    "funnel": lambda: words.funnel(made.funnel()),
}


@pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
def test_every_finding_is_tagged_fits_a_phone_and_names_no_cause(make: Callable[[], words.Finding]) -> None:
    finding = make()
    assert finding.tag in (words.SURE, words.UNSURE, "")
    assert max(map(len, finding.clauses)) <= 13
    assert not re.search("导致|影响了|造成|使得", said(finding))
    assert "nan" not in said(finding) and "None" not in said(finding)
    assert not re.search(r"第\s*\d+\s*[名位]", said(finding))
    assert finding.detail.endswith("。")


# --- what matters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "clauses", "tag"),
    [
        (
            {},
            ("办事效率、政策落实兑现", "最要紧，", "哪个第一还分不出，", "偏偏这两项做得差"),
            words.SURE,
        ),
        (NO_FIX, ("办事效率、政策落实兑现", "最要紧，", "哪个第一还分不出"), words.SURE),
        (LEAD_OPEN, ("办事效率、政策落实兑现", "要紧而做得差，", "哪个最要紧还分不出"), words.SURE),
        (FOUR_LEAD | NO_FIX, ("办事效率、政策落实兑现", "最要紧，", "哪个第一还分不出"), words.UNSURE),
        (LEAD_OPEN | NO_FIX, ("办事效率、政策落实兑现", "最要紧，", "哪个第一还分不出"), words.UNSURE),
        (FIRST_SURE | NO_FIX, ("办事效率最要紧",), words.SURE),
        (FIRST_SURE, ("办事效率最要紧，", "办事效率、政策落实兑现", "做得差，先改"), words.SURE),
        (
            FIRST_SURE | {"zone": ["fix", *["later"] * 8]},
            ("办事效率最要紧，", "偏偏这一项做得差"),
            words.SURE,
        ),
        (FIRST_SURE | {"rank_high": [2.0, *[9.0] * 8]} | NO_FIX, ("办事效率、政策落实兑现", "最要紧，", "哪个第一还分不出"), words.UNSURE),
    ],
)  # fmt: skip
def test_the_headline_claims_what_ranks_and_map_do(
    columns: dict[str, Any], clauses: tuple[str, ...], tag: str
) -> None:
    finding = words.drivers(made.drivers(**columns))
    assert (finding.clauses, finding.tag) == (clauses, tag)


def test_every_number_of_the_lead_stands_in_the_result() -> None:
    detail = words.drivers(made.drivers()).detail
    assert {float(x) for x in re.findall(r"\d+\.\d", detail)} == {74.0, 70.1, 77.6}
    assert "9 个方面" in detail and "排第一的把握是 74%" in detail
    assert "没有扣除各家企业打分的松紧，扣除之后的另列。" in detail
    assert "扣除之后" not in words.drivers(made.drivers(halo=np.nan)).detail


def test_a_driver_with_too_few_is_not_spoken_of() -> None:
    finding = words.drivers(made.drivers(n=[4, *[990] * 8]))
    assert "办事效率" not in said(finding) and "8 个方面" in finding.detail
    none = words.drivers(made.drivers(n=4))
    assert none.clauses == ("回答的企业太少，", "不能判断") and "nan" not in none.detail


def test_where_it_is_weak_is_named_with_its_confidence() -> None:
    finding = words.drivers_weak(made.drivers())
    assert (finding.clauses, finding.tag) == (("重要而做得差的，", "先改"), words.SURE)
    assert "办事效率 97%（得分 66.8）、政策落实兑现 95%（得分 65.9）" in finding.detail
    assert "尚不能认定的有诉求回应 62%、公开透明 8%，把握过半的下轮再看" in finding.detail


def test_where_nothing_is_sure_nothing_is_called_the_place_to_begin() -> None:
    finding = words.drivers_weak(made.drivers(p_fix=[94.96, *[1.0] * 8], zone=["watch", *["later"] * 8]))
    assert (finding.clauses, finding.tag) == (("没有哪一项", "可以认定要先改"), words.UNSURE)
    assert "办事效率 94%" in finding.detail and "95%（" not in finding.detail
    none = words.drivers_weak(made.drivers(p_fix=0.0, zone="later"))
    assert "落在“先改”区的把握都不到 5%" in none.detail
    result = made.drivers()
    without = dataclasses.replace(result, table=result.table.drop(columns=["p_fix", "zone"]))
    assert words.drivers_weak(without).clauses == ("先改哪一项不能判断",)


@pytest.mark.parametrize(
    ("columns", "clauses", "tag"),
    [
        ({}, ("谁第一分不出，", "前两位可以认定"), words.SURE),
        (FIRST_SURE, ("办事效率排第一",), words.SURE),
        (FOUR_LEAD, ("谁第一分不出，", "前四位可以认定"), words.SURE),
        (LEAD_OPEN, ("办事效率最可能第一，", "但还不能认定"), words.UNSURE),
        (LEAD_OPEN | {"p_first": [40.0, 35.0, 25.0, *[0.0] * 6]}, ("谁第一分不出",), words.UNSURE),
        ({"rank_low": np.nan, "rank_high": np.nan, "p_first": np.nan}, ("谁第一分不出",), words.UNSURE),
    ],
)
def test_how_sure_the_order_is(columns: dict[str, Any], clauses: tuple[str, ...], tag: str) -> None:
    finding = words.drivers_sure(made.drivers(**columns))
    assert (finding.clauses, finding.tag) == (clauses, tag)


def test_other_ways_of_computing_are_told_as_they_came_out() -> None:
    told = words.drivers_sure(made.drivers(), made.ways()).detail
    assert "换 2 种算法（不加权、扣除打分松紧），前两位都不变。" in told
    assert told.count("扣除") == 1
    moved = words.drivers_sure(made.drivers(), made.ways(("不加权",), ("扣除打分松紧",))).detail
    assert "扣除打分松紧时，前两位有变；不加权时不变。" in moved
    assert "扣除各家企业打分的松紧之后，前两位不变。" in words.drivers_sure(made.drivers()).detail
    turned = made.drivers(halo=[1.0, 2.0, 9.0, 8.0, *[0.5] * 5])
    assert "前两位变成诉求回应、服务态度。" in words.drivers_sure(turned).detail
    assert words.drivers_sure(made.drivers(), None, forest()).detail.endswith("一样准。")


def test_a_first_place_that_only_the_replicates_are_sure_of_is_called_likely() -> None:
    """Sets of all places at once leave it open: the chance alone establishes nothing."""
    finding = words.drivers_sure(made.drivers(**LEAD_OPEN, p_first=[96.0, 3.0, 0.4, *[0.0] * 6]))
    assert (finding.clauses, finding.tag) == (("办事效率最可能第一，", "但还不能认定"), words.UNSURE)
    assert "排第一的把握：办事效率 96%、政策落实兑现 3%。" in finding.detail


def alone() -> Protected:
    nothing = dict.fromkeys(("rank_low", "rank_high", "p_first", "p_fix"), np.nan)
    whole = made.drivers(**nothing, zone="")
    return dataclasses.replace(whole, table=whole.table.iloc[:1])


def test_one_driver_is_not_placed_among_others() -> None:
    first, weak, sure = words.drivers(alone()), words.drivers_weak(alone()), words.drivers_sure(alone())
    assert first.clauses == ("办事效率与满意度有关系",)
    assert weak.clauses == ("先改哪一项不能判断",) and "只有一个方面" in weak.detail
    assert sure.clauses == ("只有一个方面，", "没有先后可比")
    assert not any(re.search("第一|前两位|名次|—", said(finding)) for finding in (first, weak, sure))


@pytest.mark.parametrize(
    "word",
    [words.drivers, words.drivers_weak, words.drivers_sure, words.what_if, words.odds, words.forest, words.theme_effects],
)  # fmt: skip
def test_what_an_analysis_ran_into_is_said_and_nothing_else(
    word: Callable[[Protected], words.Finding],
) -> None:
    why = "影响因素：所有企业对“总体满意度”的回答都相同"
    empty = dataclasses.replace(made.THEMES, table=made.THEMES.table.iloc[:0], extra={"notes": (why,)})
    finding = word(empty)
    assert finding.clauses[0] in ("这里不能判断", "先改哪一项不能判断", "相应高多少不能判断")
    assert (finding.detail, finding.tag) == (f"{why}。", "")


# --- what goes with it -----------------------------------------------------------------------------------


def test_what_if_is_told_as_an_association_with_the_interval_that_decides() -> None:
    finding = words.what_if(WHAT_IF)
    assert finding.clauses == ("办事效率高一档，", "满意度相应高 1.4 分") and finding.tag == words.SURE
    assert finding.detail.startswith(
        "如果对办事效率不够满意的企业打分提高一档，总体满意度相应高 1.4 分（各项同时比较的区间 0.6 至 2.2），"
        "已扣除各家企业打分的松紧；这是相关，不是承诺。"
    )
    assert "可以认定的有 2 项：办事效率 +1.4 分、政策落实兑现 +1.1 分。" in finding.detail


def test_what_if_without_a_sure_driver_claims_nothing() -> None:
    open_ = dataclasses.replace(WHAT_IF, table=WHAT_IF.table.assign(sure="no", estimate=-0.2), extra={})
    finding = words.what_if(open_)
    assert (
        finding.clauses == ("不够满意的企业打分提高，", "相应高多少不能认定") and finding.tag == words.UNSURE
    )
    assert "总体满意度相应低 0.2 分" in finding.detail and "没有扣除" in finding.detail


def test_the_largest_sure_difference_is_named_and_those_with_too_few_are_not() -> None:
    finding = words.theme_effects(made.THEMES)
    assert finding.clauses == ("提到拖欠账款的企业，", "满意度低 6.3 分") and finding.tag == words.SURE
    assert f"（各项同时比较的区间 {MINUS}10.0 至 {MINUS}2.6）" in finding.detail
    assert f"可以认定的有 2 项：拖欠账款 {MINUS}6.3 分、招工难 +5.0 分。" in finding.detail
    assert "已按规模、行业调整" in finding.detail
    assert not re.search("海关|消防", said(finding))


def test_differences_that_are_not_sure_are_said_to_be() -> None:
    unsure = dataclasses.replace(made.THEMES, table=made.THEMES.table.assign(sure="no"))
    for finding in (words.theme_effects(unsure), words.policy_effects(unsure)):
        assert finding.clauses[1] == "满意度分不出高低" and finding.tag == words.UNSURE
        assert "没有一项可以认定。" in finding.detail
    explained = dataclasses.replace(
        unsure, extra={"controls": ("县（区）", "打分松紧（对各部门打分的均值）")}
    )
    assert "；已按县（区）、打分松紧调整。" in words.theme_effects(explained).detail
    empty = dataclasses.replace(made.THEMES, table=made.THEMES.table.iloc[:0], extra={"notes": ("都太少",)})
    assert words.theme_effects(empty).clauses == ("这里不能判断",)
    assert words.theme_effects(empty).detail == "都太少。"


def test_odds_name_the_sure_ones_in_percentage_points() -> None:
    result = dataclasses.replace(
        made.THEMES, extra={"threshold": "8 分及以上", "base_share": 41.2, "notes": ()}
    )
    finding = words.odds(result)
    assert finding.clauses == ("2 个方面", "可以认定与满意相应") and finding.tag == words.SURE
    assert "满意（8 分及以上）的企业占 41.2%；" in finding.detail
    assert f"（个百分点）：拖欠账款 {MINUS}6.3、招工难 +5.0。" in finding.detail


@pytest.mark.parametrize(
    ("low", "high", "first", "tag"),
    [
        (-5.0, 1.0, "两种模型一样准，", words.UNSURE),
        (0.5, 4.0, "有的关联不是直线，", words.SURE),
        (-4.0, -0.5, "线性模型预测得更准，", words.SURE),
    ],
)
def test_the_forest_is_compared_by_its_interval(low: float, high: float, first: str, tag: str) -> None:
    finding = words.forest(forest(difference_low=low, difference_high=high))
    assert (finding.clauses[0], finding.tag) == (first, tag)
    assert "66.0%（60.0 至 71.0），线性模型 68.0%" in finding.detail


def test_a_forest_that_predicts_nothing_gives_no_number() -> None:
    finding = words.forest(forest(shown="no", notes=("没有可靠的预测力",)))
    assert finding.clauses == ("随机森林没有预测力，", "不能判断") and finding.tag == ""
    assert finding.detail == "没有可靠的预测力。"


def test_groups_differ_only_where_that_is_sure() -> None:
    finding = words.subgroups(made.by_group())
    assert finding.clauses == ("有 2 处", "可以认定与别组不同") and finding.tag == words.SURE
    assert "大中型的“办事效率”更要紧（占比相差 +12.0 个百分点）" in finding.detail
    assert "小微企业的“政策落实兑现”较不要紧" in finding.detail
    result = made.by_group()
    same = dataclasses.replace(result, table=result.table.assign(differs="no"))
    assert words.subgroups(same).tag == words.UNSURE and "分不出不等于一样" in words.subgroups(same).detail
    empty = dataclasses.replace(result, table=result.table.iloc[:0])
    assert words.subgroups(empty).clauses == ("各类企业看重什么，", "这里无从比较")


# --- policies --------------------------------------------------------------------------------------------


def test_the_step_that_loses_most_is_counted_where_it_is_sure() -> None:
    finding = words.funnel(made.funnel())
    assert finding.clauses == ("3 项政策里，", "2 项流失最多的一步", "是“没听说过”")
    assert finding.tag == words.SURE
    assert (
        "享受面最大的是减税降费，占全部企业的 44.8%；有 1 项享受的企业太少，不单列。" in finding.detail
    )  # the smallest may be hidden
    assert (
        "流失按走到这一步的企业计，最多的是“没听说过”（占全部企业）的有减税降费 17.9%、稳岗返还 44.7%。"
        "其余 1 项哪一步流失最多尚不能认定。" in finding.detail
    )
    assert "0.5" not in finding.detail


def test_a_funnel_without_a_sure_step_claims_none() -> None:
    finding = words.funnel(dataclasses.replace(made.funnel(), extra={}))
    assert finding.clauses == ("3 项政策里，", "流失最多的一步分不出") and finding.tag == words.UNSURE


def test_the_largest_is_not_claimed_where_it_may_be_hidden() -> None:
    """A stage is hidden also where nearly all get there."""
    table = made.funnel().table
    hidden = table["label"].eq("减税降费") & table["stage"].eq("received")
    table = table.assign(
        shown=table["shown"].mask(hidden, "hidden"), estimate=table["estimate"].mask(hidden), n=table["n"].mask(hidden, 0)
    )  # fmt: skip
    detail = words.funnel(dataclasses.replace(made.funnel(), table=table)).detail
    assert detail.startswith("可以公布的 1 项里，享受面最大的是稳岗返还，占全部企业的 18.3%。")


def test_policies_that_could_not_be_analysed_are_said_with_the_reason() -> None:
    empty = dataclasses.replace(
        made.funnel(), table=made.funnel().table.iloc[:0], extra={"notes": ("政策：两题不一致",)}
    )
    finding = words.funnel(empty)
    assert finding.clauses == ("政策走到哪一步，", "这里不能判断") and finding.tag == ""
    assert finding.detail == "政策：两题不一致。"


@pytest.mark.parametrize(
    "finding",
    [
        words.drivers, words.drivers_weak, words.drivers_sure, words.what_if, words.policy_effects, words.odds,
        words.forest, words.subgroups, words.funnel,
    ],
)  # fmt: skip
def test_what_was_not_asked_is_said_plainly(finding: Callable[[None], words.Finding]) -> None:
    assert finding(None).clauses[0].startswith("本次问卷没有问")
    assert finding(None).tag == ""


def test_no_remarks_are_not_called_a_question_not_asked() -> None:
    finding = words.theme_effects(None)
    assert finding.clauses == ("没有可以比较的意见",) and "没有人写" in finding.detail


def test_a_section_prints_conclusion_certainty_and_figures_and_escapes_them() -> None:
    html = words.point(words.Finding("问", ("甲<i>，", "乙"), "细<b>节", words.SURE))
    assert html.startswith('<h2><span class="c">甲&lt;i&gt;，</span><span class="c">乙</span></h2>')
    assert "<b>可以认定</b>：细&lt;b&gt;节" in html and "<i>" not in html
    assert "可以认定" not in words.point(words.Finding("问", ("甲",), "细节", ""))
