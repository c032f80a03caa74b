"""Sentences on complaints claim what intervals and tests leave sure, name no cause, and keep to what may be told."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import complaint_results as made
import numpy as np
import pandas as pd
import pytest

from evalpkg import words
from evalpkg.complaints import reading
from evalpkg.disclosure import Protected
from evalpkg.fragment import MINUS

pytestmark = pytest.mark.filterwarnings("error")


def said(finding: words.Finding) -> str:
    return "".join(finding.clauses) + finding.detail


def wider(by: float) -> Protected:
    """Return the themes with intervals so much longer to either side."""
    table = made.themes().table
    return dataclasses.replace(
        made.themes(), table=table.assign(conf_low=table["conf_low"] - by, conf_high=table["conf_high"] + by)
    )


ALL: dict[str, Callable[[], words.Finding]] = {
    "themes": lambda: words.themes(made.themes(), made.rising(), course=made.course()),
    "first round": lambda: words.themes(made.themes()),
    "by hand": lambda: words.themes(made.themes(), made.rising(), made.calibrated()),
    "few": lambda: words.themes(made.themes(n=20), made.rising(n=20)),
    "below": lambda: words.themes(made.themes(count=4), made.rising(count=4)),
    "long": lambda: words.themes(made.themes(label="创新与数字化"), made.rising(label="创新与数字化")),
    "copied": lambda: words.copied(made.campaigns()),
    "machine": lambda: words.machine(made.calibrated()),
    "no machine": lambda: words.machine(None),
    "others": lambda: words.others(made.others()),
    "loose": lambda: words.others(made.others(stable=False)),
    "status": lambda: words.theme_status(made.registry()),
    "nothing new": lambda: words.theme_status(made.registry(status="persists")),
    "groups": lambda: words.groups(made.by()),
    "beside": lambda: words.beside(made.beside()),
    "beside few": lambda: words.beside(made.beside(n=4)),
}


@pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
def test_every_finding_is_tagged_fits_a_phone_and_names_no_cause(make: Callable[[], words.Finding]) -> None:
    finding = make()
    assert finding.tag in (words.SURE, words.UNSURE, "")
    assert max(map(len, finding.clauses)) <= 13
    assert not re.search("导致|影响了|造成|使得|因为", said(finding))
    assert "nan" not in said(finding) and "None" not in said(finding)
    assert not re.search(r"第\s*\d+\s*[名位]|-\d", said(finding))
    assert finding.detail.endswith("。") and "。。" not in finding.detail


@pytest.mark.parametrize(
    "make",
    [words.themes, words.copied, words.machine, words.others, words.theme_status, words.groups, words.beside],
)
def test_what_is_missing_is_said_without_a_claim(make: Callable[[Protected | None], words.Finding]) -> None:
    finding = make(None)
    assert finding.tag in ("", words.UNSURE) and "nan" not in said(finding)
    assert re.search("没有|太少", said(finding))


# --- the headline ------------------------------------------------------------------------------------------

ARR_ONLY = {"direction": ["no", "no", "rising", *["no"] * 15]}  # the first row is of builders alone
NOTHING_MOVED = {"direction": "no"}
TOP = ("融资难、拖欠账款、", "用工难居前三；")
OPEN = ("融资难、拖欠账款、", "用工难写得较多，", "先后还分不出；")


@pytest.mark.parametrize(
    ("columns", "clauses"),
    [
        ({}, (*TOP, "拖欠账款等两类明显增多，", "执法检查等两类明显减少")),
        (ARR_ONLY, (*TOP, "拖欠账款明显增多")),
        (NOTHING_MOVED, (*TOP, "没有一类可以认定增减")),
        ({"shown": "hidden", "n": 4}, ("融资难、拖欠账款、", "用工难居前三")),
    ],
)
def test_the_headline_names_the_sure_changes_only(columns: dict[str, Any], clauses: tuple[str, ...]) -> None:
    finding = words.themes(made.themes(), made.rising(**columns))
    assert (finding.clauses, finding.tag) == (clauses, words.SURE)


@pytest.mark.parametrize(("by", "first"), [(0.0, TOP), (0.9, TOP), (1.1, OPEN), (3.0, OPEN)])
def test_the_first_three_are_claimed_while_their_intervals_lie_above_all_others(
    by: float, first: tuple[str, ...]
) -> None:
    # 26.1 - 2.2 and 19.8 + 2.4 are 1.7 apart: with .85 more to either side they touch; the first leads by itself.
    result = dataclasses.replace(wider(by - 0.1), extra={"lead_low": -1.0})
    finding = words.themes(result, made.rising(**NOTHING_MOVED))
    apart = 26.1 - 2.2 - (by - 0.1) > 19.8 + 2.4 + (by - 0.1)
    assert finding.clauses[: len(first)] == (TOP if apart else OPEN)
    assert apart == (first == TOP)
    assert finding.tag == (words.SURE if apart else words.UNSURE)
    assert ("区间都高于其余各类" in finding.detail) == apart


def test_a_first_theme_that_surely_leads_is_named_alone_where_no_head_is_sure() -> None:
    finding = words.themes(wider(3.0), made.rising(**NOTHING_MOVED))
    assert finding.clauses == ("融资难写得最多；", "没有一类可以认定增减") and finding.tag == words.SURE
    assert "融资难 34.2%（29.2 至 39.2），高于其余各类。" in finding.detail


def test_two_themes_may_come_first() -> None:
    table = made.themes().table
    two = table.assign(conf_low=table["conf_low"].mask(table["theme"] == "LAB", 20.0))
    two = two.assign(conf_high=two["conf_high"].mask(two["theme"] == "LAB", 27.0))
    finding = words.themes(dataclasses.replace(made.themes(), table=two), made.rising())
    assert finding.clauses[:1] == ("融资难、拖欠账款居前两位；",)
    assert "两类的区间都高于其余各类" in finding.detail


def test_still_is_said_only_where_they_surely_came_first_before() -> None:
    course = made.course().table
    before = course["round"] == "2022H1"
    tight = course.assign(
        conf_low=course["conf_low"].mask(before, course["estimate"] - 0.2),
        conf_high=course["conf_high"].mask(before, course["estimate"] + 0.2),
    )
    # In the round before inspections had 24.4 and overdue accounts 24.2: the three were not the first.
    assert "仍" not in said(words.themes(made.themes(), made.rising(), course=made.course()))
    swapped = tight.assign(estimate=tight["estimate"].mask(before & (tight["theme"] == "INSP"), 18.0))
    swapped = swapped.assign(
        conf_low=swapped["conf_low"].mask(before & (tight["theme"] == "INSP"), 17.8),
        conf_high=swapped["conf_high"].mask(before & (tight["theme"] == "INSP"), 18.2),
    )
    clauses = {
        name: words.themes(
            made.themes(), made.rising(), course=dataclasses.replace(made.course(), table=t)
        ).clauses[1]
        for name, t in (("no", tight), ("yes", swapped), ("loose", swapped.assign(conf_high=99.0)))
    }
    assert clauses == {"no": "用工难居前三；", "yes": "用工难仍居前三；", "loose": "用工难居前三；"}


def test_the_lead_gives_levels_changes_and_the_rest() -> None:
    detail = words.themes(made.themes(), made.rising()).detail
    assert detail == (
        "1,012 家企业中 708 家写了意见。融资难 34.2%（32.2 至 36.2）、拖欠账款 29.6%（27.6 至 31.6）、用工难 26.1%（23.9 至 28.3），"
        "三类的区间都高于其余各类。比以前各轮平均（百分点），可以认定增多的有拖欠账款 +5.4、物流交通 +2.9，"
        f"可以认定减少的有执法检查 {MINUS}4.6、审批办事 {MINUS}3.9；其余 11 类尚不能认定。分组看，可以认定的还有建筑业的融资难 +1.1。分母是全部有效答卷的企业。"
    )
    assert "比上一轮（百分点）" in words.themes(made.themes(), made.rising(earlier=1)).detail


def test_what_moved_in_a_group_is_said_of_the_group_and_only_where_it_is_sure() -> None:
    assert "分组看" not in words.themes(made.themes(), made.rising(direction="no")).detail
    other = made.rising(theme="OTHER", direction="rising")
    assert "分组看" not in words.themes(made.themes(), other).detail
    assert "建筑业" not in words.themes(made.themes(), made.rising(n=4)).detail


def test_a_theme_that_few_named_before_grew_without_a_number() -> None:
    first = made.rising().table["theme"] == "LOG"
    new = made.rising(
        before_count=np.where(first, 4, 400), difference=made.rising().table["difference"].mask(first)
    )
    detail = words.themes(made.themes(), new).detail
    assert "可以认定增多的有拖欠账款 +5.4、物流交通（以前很少）" in detail and "nan" not in detail


@pytest.mark.parametrize(("direction", "said_so"), [("rising", True), ("falling", True), ("no", False)])
def test_a_change_of_how_many_write_is_said_where_it_is_sure(direction: str, said_so: bool) -> None:
    rising = made.rising()
    wrote = rising.extra["writing"].assign(direction=direction, difference=3.2)
    detail = words.themes(
        made.themes(), dataclasses.replace(rising, extra={**rising.extra, "writing": wrote})
    ).detail
    assert ("写意见的企业本身也明显" in detail) == said_so
    assert ("明显增多（+3.2 个百分点），看各类增减时要想到这一点。" in detail) == (direction == "rising")


def test_other_complaints_are_no_theme_that_grew() -> None:
    only = made.rising(direction=[*["no"] * 17, "rising"])
    finding = words.themes(made.themes(), only)
    assert finding.clauses[-1] == "没有一类可以认定增减"
    assert "其他" not in said(finding)


def test_without_changes_the_sentence_is_that_of_the_summary() -> None:
    finding = words.themes(made.themes())
    assert finding.clauses == ("融资难写得最多，", "其次是拖欠账款、用工难")
    assert finding.detail.startswith(
        "1,012 家企业中 708 家写了意见，融资难 34.2%（32.2 至 36.2），与其次一项的差别可以认定"
    )


def test_levels_by_hand_decide_the_places() -> None:
    finding = words.themes(made.themes(), made.rising(), made.calibrated(), course=made.course())
    # 36.0 and 34.2, with intervals of 5 to either side, lie above 26.1 + 5.5 in part only.
    assert finding.clauses[:3] == ("拖欠账款、融资难、", "用工难写得较多，", "先后还分不出；")
    assert finding.detail.endswith("占比已用人工复核校正。") and "仍" not in said(finding)


# --- how a page reads the rows -----------------------------------------------------------------------------


def test_changes_are_of_all_enterprises_and_of_themes_that_may_be_told() -> None:
    themes = made.themes().table.to_dict("records")
    moved = reading.changes(themes, made.rising().table.to_dict("records"))
    assert set(moved) == {theme for theme, *_ in made.THEMES} - {"INNO"}
    assert moved["FIN"]["direction"] == "no"
    assert [row["theme"] for row in reading.sure(moved, "rising")] == ["ARR", "OTHER", "LOG"]


def test_a_head_counts_a_theme_under_k_as_high_as_its_bound() -> None:
    rows = [
        {"theme": "A", "estimate": 5.0, "conf_low": 2.0, "conf_high": 8.0},
        {
            "theme": "B",
            "estimate": np.nan,
            "conf_low": np.nan,
            "conf_high": np.nan,
            "bound": 1.0,
            "shown": "below",
        },
    ]
    assert reading.head(rows) == 1
    assert reading.head([rows[0], {**rows[1], "bound": 3.0}]) == 0
    assert reading.head([rows[0], {**rows[1], "bound": np.nan}]) == 0


# --- what limits it ----------------------------------------------------------------------------------------


def test_campaigns_that_change_nothing_and_some_that_do() -> None:
    finding = words.copied(made.campaigns())
    assert finding.clauses == ("2 批意见近乎相同，", "各按一家计，前三不变")
    assert finding.detail == (
        "字句几乎一样的意见有 2 批，约 35 家，其中 1 批多半来自同一家商会；每批只按一家计，变动最大的是拖欠账款，"
        "由 29.6% 变为 27.2%。每批只按一家计。"
    )
    table = made.campaigns().extra["sensitivity"]
    turned = table.assign(once=table["once"].mask(table["theme"] == "ARR", 20.0))
    extra = {**made.campaigns().extra, "sensitivity": turned, "same_first": 0}
    changed = words.copied(dataclasses.replace(made.campaigns(), extra=extra))
    assert changed.clauses[1] == "各按一家计，前三有变" and "由 29.6% 变为 20.0%" in changed.detail


def test_no_campaign_of_k_is_said_without_a_count_below_k() -> None:
    few = dataclasses.replace(made.campaigns(), table=made.campaigns().table.assign(shown="below", count=0))
    finding = words.copied(few)
    assert finding.clauses == ("没有成批的", "近乎相同的意见")
    assert finding.detail == "至少 10 家写得几乎一样的意见，一批也没有。每批只按一家计。"


@pytest.mark.parametrize(
    ("extra", "clauses", "tag"),
    [
        ({}, ("人工复核 240 家，", "区间已含机器的误差"), words.SURE),
        ({"alpha": 0.61}, ("编码员之间不够一致，", "占比只供参考"), words.UNSURE),
        ({"alpha": float("nan")}, ("人工复核 240 家，", "区间已含机器的误差"), words.SURE),
    ],
)
def test_the_machine_is_trusted_as_far_as_people_agree(
    extra: dict[str, Any], clauses: tuple[str, ...], tag: str
) -> None:
    calibrated = dataclasses.replace(made.calibrated(), extra={**made.calibrated().extra, **extra})
    finding = words.machine(calibrated)
    assert (finding.clauses, finding.tag) == (clauses, tag)
    assert ("α＝0.79（0.73 至 0.85）" in finding.detail) == (not extra)
    assert "改动最大的是拖欠账款：机器数出 29.6%，校正为 36.0%。" in finding.detail
    assert "区间比只靠人工编码的平均窄 12%。" in finding.detail


def test_without_coding_the_interval_is_said_to_lack_the_error() -> None:
    assert words.machine(None).clauses == ("还没有人工复核，", "区间不含机器的误差")


def test_only_stable_groups_of_enough_enterprises_are_named() -> None:
    finding = words.others(made.others())
    assert finding.clauses == ("其余的意见里，", "稳定的有 1 组：", "快递仓储")
    assert "绿化" not in said(finding) and "快递仓储 2.3%（快递、仓储、网点）。另有 2 组" in finding.detail
    assert words.others(made.others(stable=False)).clauses == ("其余的意见，", "分不出稳定的几组")


def test_what_is_new_is_named_as_far_as_it_may_be_told() -> None:
    finding = words.theme_status(made.registry())
    assert finding.clauses == ("新出现一类问题：", "新规、备案") and finding.tag == ""
    assert finding.detail == (
        "新出现或新分出的有新规、备案 2.4%；名目没变而说法变了的有拖欠账款；很少再有人提的有创新与数字化。"
        "新旧由机器按字词比对，请人看过再下结论。"
    )
    few = made.registry(count=[346, 300, 59, 6, 6])
    assert words.theme_status(few).clauses == ("没有发现", "成批的新问题")
    assert "备案" not in said(words.theme_status(few))


def test_groups_are_named_with_the_direction_of_their_difference() -> None:
    finding = words.groups(made.by())
    assert finding.clauses == ("有 2 处", "可以认定与别组不同") and finding.tag == words.SURE
    assert finding.detail == (
        "与其余企业相比：小微企业写到“融资难”的较少（相差 4.0 个百分点）、大中型写到“拖欠账款”的较多（相差 3.0 个百分点）。"
        "微型太少，没有分开。"
    )
    assert (
        words.groups(dataclasses.replace(made.by(), table=made.by().table.assign(differs="no"))).tag
        == words.UNSURE
    )


def test_complaints_that_name_a_department_are_not_taken_for_groups_of_enterprises() -> None:
    named = dataclasses.replace(made.by(), name="themes_by_department")
    assert "与其余意见相比：点名小微企业的意见里写到“融资难”的较少" in words.groups(named).detail
    none = dataclasses.replace(named, table=named.table.assign(differs="no"))
    assert words.groups(none).clauses == ("点名各部门的意见，", "分不出不同")


def test_what_is_written_beside_what_was_ticked() -> None:
    finding = words.beside(made.beside())
    assert finding.clauses == ("勾选融资难的企业里，", "52.3% 也写到它")
    assert "融资难 52.3%、用工难 12.4%" in finding.detail and "融资难 59.6%" in finding.detail
    assert "税费负担" not in said(finding) and "明显更常写到它的有融资难。" in finding.detail
    assert finding.detail.endswith("问卷没有列出、只能写的：公平竞争。")


def test_every_number_of_a_sentence_stands_in_its_table() -> None:
    tables = [made.themes().table, made.rising().table]
    known = {
        f"{abs(x):.1f}"
        for t in tables
        for x in t.select_dtypes("number").to_numpy().ravel()
        if not pd.isna(x)
    }
    assert set(re.findall(r"\d+\.\d", words.themes(made.themes(), made.rising()).detail)) <= known
