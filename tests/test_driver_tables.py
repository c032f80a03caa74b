"""Tables on drivers, effects and policies: what stands in them, and what the gate withheld does not."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import driver_results as made
import numpy as np
import pytest
from test_tables import EVIL, rows_of, table_of

from evalpkg import tables
from evalpkg.disclosure import Protected
from evalpkg.fragment import MINUS, Fragment

pytestmark = pytest.mark.filterwarnings("error")

WHAT_IF = dataclasses.replace(
    made.effects(["办事效率", "服务态度", "主动服务"], [1.4, 0.5, -0.1], [0.5, 0.4, 0.4]),
    extra={"controlled": "yes", "outcome": "总体满意度", "notes": ()},
)
WHAT_IF = dataclasses.replace(
    WHAT_IF,
    table=WHAT_IF.table.assign(plain=[2.0, 1.1, 0.5], dissatisfied=[30.0, np.nan, 12.0], dissatisfied_bound=[np.nan, 1.0, np.nan]),
)  # fmt: skip
TABLES: dict[str, Callable[[], Fragment]] = {
    "drivers": lambda: tables.drivers(made.drivers()),
    "what_if": lambda: tables.what_if(WHAT_IF),
    "sensitivity": lambda: tables.driver_sensitivity(made.ways()),
    "by": lambda: tables.drivers_by(made.by_group(), title="按规模"),
    "effects": lambda: tables.effects(made.THEMES, title="提到问题的企业"),
    "funnel": lambda: tables.funnel(made.funnel()),
}


def foot(fragment: str) -> str:
    return fragment.split('<p class="base">')[1]


def test_drivers_end_in_a_verdict() -> None:
    found = rows_of(TABLES["drivers"]())
    assert found[0] == [
        "方面", "重要性 %", "95% 区间", "名次区间", "得分", "得分的 95% 区间", "先改的把握", "结论",
    ]  # fmt: skip
    assert found[1] == [
        "办事效率", "16.4", "13.1 至 19.7", "第 1 至 2 名", "66.8", "65.5 至 68.1", "97%", "先改",
    ]  # fmt: skip
    assert [row[-1] for row in found[1:]] == ["先改", "先改", "下轮再看", "保持", *["暂不列入"] * 5]
    assert "前 2 位是哪几项可以认定" in foot(TABLES["drivers"]())
    opt = [cell.get("class", "").split() for cell in next(table_of(TABLES["drivers"]()).iter("tr"))]
    assert ["opt" in css for css in opt] == [False, False, False, True, True, True, True, False]


def test_signs_and_colours_of_drivers_follow_the_verdict() -> None:
    names = [row[0] for row in table_of(TABLES["drivers"]()).iterfind("tbody/tr")]
    said = {"".join(cell.itertext()): cell[0].get("aria-label") for cell in names}
    assert [name for name, words in said.items() if words == "可以认定要先改"] == ["办事效率", "政策落实兑现"]
    assert [name for name, words in said.items() if words == "尚不能认定要先改"] == ["诉求回应", "公开透明"]
    coloured = ["".join(cell.itertext()) for cell in names if "dn" in cell.get("class", "").split()]
    assert coloured == ["办事效率", "政策落实兑现"]


def test_a_confidence_under_the_limit_does_not_read_as_the_limit() -> None:
    row = rows_of(tables.drivers(made.drivers(p_fix=94.96, zone="watch")))[1]
    assert row[-2:] == ["94%", "下轮再看"]


def test_without_map_and_ranks_the_table_is_the_plain_one() -> None:
    plain = made.drivers()
    result = dataclasses.replace(
        plain, table=plain.table.drop(columns=["rank_low", "rank_high", "score", "score_low", "score_high", "p_fix", "zone"])
    )  # fmt: skip
    assert rows_of(tables.drivers(result))[0] == ["方面", "重要性 %", "95% 区间"]
    assert "先改" not in tables.drivers(result) and "<svg" not in tables.drivers(result)


def test_a_driver_with_too_few_shows_no_number() -> None:
    row = rows_of(tables.drivers(made.drivers(n=[4, *[990] * 8])))[1]
    assert row == ["办事效率", "—", "不足 10 家：不公布", "—", "—", "—", "—", "—"]


def test_what_if_lists_the_interval_that_decides() -> None:
    assert rows_of(TABLES["what_if"]()) == [
        ["方面", "不够满意的企业", "相应高（分）", "同时比较的 95% 区间", "不扣除松紧"],
        ["办事效率", "30.0%", "+1.4", "0.6 至 2.2", "+2.0"],
        ["服务态度", "<1.0%", "+0.5", f"{MINUS}0.1 至 1.1", "+1.1"],
        ["主动服务", "12.0%", f"{MINUS}0.1", f"{MINUS}0.7 至 0.5", "+0.5"],
    ]
    assert "已扣除各家企业打分的松紧" in foot(TABLES["what_if"]())
    plain = dataclasses.replace(WHAT_IF, extra={"controlled": "no"})
    assert "不扣除松紧" not in tables.what_if(plain)
    assert "没有扣除各家企业打分的松紧" in tables.what_if(plain)


def test_other_ways_have_a_column_where_they_were_computed() -> None:
    found = rows_of(TABLES["sensitivity"]())
    assert found[0] == ["方面", "公布值", "只用全部答完的", "不加权", "Johnson 算法", "扣除打分松紧"]
    assert found[1] == ["办事效率", "16.4", "16.7", "16.0", "16.5", "8.2"]
    assert "存疑的不足 10 份" in foot(TABLES["sensitivity"]())


def test_groups_are_washed_only_where_they_surely_differ() -> None:
    assert rows_of(TABLES["by"]()) == [
        ["方面", "大中型", "小微企业"],
        ["办事效率", "▲40.0", "40.0"],
        ["政策落实兑现", "35.0", "▼35.0"],
        ["诉求回应", "30.0", "—"],
    ]
    classes = [cell.get("class") for cell in table_of(TABLES["by"]()).iter("td")]
    assert classes == ["gt_right hi", "gt_right", "gt_right", "gt_right lo", "gt_right", "gt_right"]
    assert "微型太少" in foot(TABLES["by"]())


def test_groups_that_cannot_be_compared_are_said_with_the_reason() -> None:
    empty = dataclasses.replace(made.by_group(), table=made.by_group().table.iloc[:0])
    assert tables.drivers_by(empty, title="按规模") == '<p class="none">没有“按规模”：微型太少。</p>'
    assert tables.drivers_by(None, title="按规模", folded="按规模") == ""


def test_effects_are_signed_and_only_sure_ones_dressed() -> None:
    fragment = TABLES["effects"]()
    found = rows_of(fragment)
    assert found[1] == [
        "拖欠账款",
        f"{MINUS}6.3",
        f"{MINUS}8.8 至 {MINUS}3.8",
        f"{MINUS}10.0 至 {MINUS}2.6",
        "290",
    ]
    assert found[-2] == ["海关通关", "—", "20 家，不足 30 家：只列不排", "—", "20"]
    assert found[-1] == ["消防", "—", "不足 10 家：不公布", "—", "—"]
    assert "9.9" not in fragment and "8.8<" not in fragment
    rows = list(table_of(fragment).iterfind("tbody/tr"))
    dressed = {
        "".join(row[0].itertext()): set(row[1].get("class", "").split()) & {"up", "dn"} for row in rows
    }
    assert {name: css for name, css in dressed.items() if css} == {"拖欠账款": {"dn"}, "招工难": {"up"}}
    assert "；已按规模、行业调整。" in foot(fragment) and "相同" not in fragment


@pytest.mark.parametrize(
    "make", [lambda r, **of: tables.effects(r, title="甲", **of), tables.odds, tables.funnel]
)
def test_what_an_analysis_ran_into_stands_in_place_of_its_table_also_folded(
    make: Callable[..., Fragment],
) -> None:
    why = "相差多少：所有企业的回答都相同<b>"
    empty = dataclasses.replace(made.THEMES, table=made.THEMES.table.iloc[:0], extra={"notes": (why,)})
    said = '<p class="none">相差多少：所有企业的回答都相同&lt;b&gt;。</p>'
    assert make(empty) == said
    assert make(empty, folded="看") == f"<details><summary>看</summary>{said}</details>"
    assert make(None, folded="看") == ""


def test_without_a_reason_an_empty_table_says_the_usual_one() -> None:
    empty = dataclasses.replace(made.THEMES, table=made.THEMES.table.iloc[:0], extra={})
    assert tables.effects(empty, title="甲") == '<p class="none">没有足够的企业可以比较。</p>'


def test_policies_by_stage_with_the_step_that_loses_most() -> None:
    assert rows_of(TABLES["funnel"]()) == [
        ["政策", "知道", "符合条件", "申请", "享受", "享受的 95% 区间", "流失最多的一步，占走到这一步的企业"],
        ["减税降费", "82.1%", "60.3%", "51.2%", "44.8%", "39.8 至 49.8", "没听说过 17.9%"],
        ["稳岗返还", "55.3%", "30.4%", "22.2%", "18.3%", "13.3 至 23.3", "没听说过 44.7%"],
        ["贷款贴息", "48.5%", "25.1%", "9.4%", "<1.0%", "—", "可能是没有申请 62.5%"],
    ]
    said = foot(TABLES["funnel"]())
    assert "“没听说过”占全部企业，“没有申请”占知道且符合条件的企业；不符合条件不算流失" in said
    assert "“—”" not in said  # nothing is hidden


def test_policies_by_size_stand_under_the_policy() -> None:
    whole = made.funnel()
    sizes = whole.table.assign(size="S", size_label="小型")
    sizes = sizes[sizes["stage"] != "applied"].assign(
        shown=lambda t: t["shown"].where(t["stage"] != "aware", "hidden")
    )
    fragment = tables.funnel(dataclasses.replace(whole, table=sizes, extra={"notes": ("合并为一组",)}))
    found = rows_of(fragment)
    assert found[0] == [
        "企业规模",
        "符合条件",
        "享受",
        "享受的 95% 区间",
    ]  # a stage that nobody may see has no column
    assert [row[0] for row in found[1:]] == ["减税降费", "小型", "稳岗返还", "小型", "贷款贴息", "小型"]
    assert (
        'id="tbl-funnel-by-size"' in fragment and "占本规模企业的百分比" in fragment
    )  # both tables stand in one page
    assert "“—”：与前后的步相差不足 10 家" in foot(fragment) and "；合并为一组。" in foot(fragment)
    assert "流失" not in fragment


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES.keys())
def test_tables_are_lean_and_the_same_each_time(make: Callable[[], Fragment]) -> None:
    one = make()
    assert one == make()
    assert "style" not in re.sub(r"<svg.*?</svg>", "", one) and "nan" not in one
    assert one.count(' id="tbl-') == one.count("id=") == 1
    assert not re.search("导致|影响了", one)


NAMED: dict[str, tuple[Callable[..., Fragment], Protected]] = {
    "drivers": (tables.drivers, made.drivers()), "what_if": (tables.what_if, WHAT_IF),
    "sensitivity": (tables.driver_sensitivity, made.ways()), "by": (tables.drivers_by, made.by_group()),
    "effects": (tables.effects, made.THEMES), "funnel": (tables.funnel, made.funnel()),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_text_is_never_markup(name: str) -> None:
    make, result = NAMED[name]
    evil = dataclasses.replace(result, table=result.table.assign(label=EVIL), base=EVIL)
    fragment = make(evil, title=EVIL, note=EVIL, folded=EVIL)
    assert "<script" not in fragment and "<i>" not in fragment
    assert EVIL in [row[0] for row in rows_of(fragment)]


@pytest.mark.parametrize("name", NAMED)
def test_what_was_not_asked_is_said_and_what_was_not_protected_is_refused(name: str) -> None:
    make, result = NAMED[name]
    assert re.fullmatch(r'<p class="none">(本次问卷没有问|没有).+。</p>', make(None, title="甲"))
    with pytest.raises(TypeError, match="disclosure gate"):
        make(result.table, title="甲")
