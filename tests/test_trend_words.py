"""Sentences on changes: every case, and no number or word that the data do not carry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from evalpkg import words
from evalpkg.disclosure import Protected
from evalpkg.words.finding import SURE, UNSURE

LIMITS = {"conf_low": 0.3, "conf_high": 3.1, "family_low": 0.1, "family_high": 3.3}


def row(item: str, kind: str, estimate: float, direction: str, **more: Any) -> dict[str, Any]:
    return {
        "item": item, "label": item, "kind": kind, "estimate": estimate, "direction": direction, "total": 1.7,
        "composition": -0.2, "against": "2022H1" if direction else "", "reason": "" if direction else "题目改过",
        "alarm": "", "now": 73.1, "before": 71.4, **LIMITS, **more,
    }  # fmt: skip


def changes(*rows: dict[str, Any], notes: tuple[str, ...] = ()) -> Protected:
    extra = {"tested": 51, "primary": 6, "against": "2022H1", "latest": "2022H1", "notes": notes}
    return Protected("changes", pd.DataFrame(rows), "分", "企业", 1012, extra)


def offices(up: int, down: int, rest: int, **extra: Any) -> Protected:
    directions = ["rising"] * up + ["falling"] * down + ["no"] * rest
    table = pd.DataFrame(
        {
            "label": [f"部门{at}" for at in range(len(directions))],
            "estimate": [4.2 if d == "rising" else -3.4 if d == "falling" else 0.2 for d in directions],
            "direction": directions, "own": 1.0, "own_direction": "no",
        }
    )  # fmt: skip
    return Protected(
        "department_changes", table, "分", "企业", 1012, {"against": "2022H1", "min_raters": 30, **extra}
    )


UP, FLAT = row("总体满意度", "overall", 1.9, "rising"), row("总体满意度", "overall", 0.4, "no")
DOWN, OTHER = row("总体满意度", "overall", -1.9, "falling"), row("总体满意度", "overall", 0.0, "")


@pytest.mark.parametrize(
    ("whole", "departments", "said", "tag"),
    [
        (UP, offices(3, 1, 30), "总体变好可以认定；部门中三升一降，其余 30 个尚不能认定有变化", SURE),
        (DOWN, offices(0, 0, 34), "总体变差可以认定；34 个部门都尚不能认定有变化", SURE),
        (FLAT, offices(0, 0, 34), "总体和 34 个部门都尚不能认定有变化", UNSURE),
        (FLAT, offices(0, 2, 32), "总体尚不能认定有变化；部门中两降，其余 32 个尚不能认定有变化", SURE),
        (FLAT, offices(12, 0, 2), "总体尚不能认定有变化；部门中 12 升，其余 2 个尚不能认定有变化", SURE),
        (UP, offices(3, 0, 0), "总体变好可以认定；部门中三升", SURE),
        (UP, None, "总体变好可以认定", SURE),
        (row("办事效率", "driver", 0.2, "no"), None, "1 个方面都尚不能认定有变化", UNSURE),
    ],
)
def test_the_headline(whole: dict[str, Any], departments: Protected | None, said: str, tag: str) -> None:
    found = words.trends(changes(whole), departments)
    assert "".join(found.clauses) == said
    assert found.tag == tag


def test_overall_that_cannot_be_compared_leaves_the_others() -> None:
    found = words.trends(changes(OTHER, row("方面", "driver", 0.2, "no")), offices(0, 1, 3))
    assert "".join(found.clauses) == "总体与以前不可比；部门中一降，其余 3 个尚不能认定有变化"


def test_the_first_round_and_all_refused() -> None:
    assert "".join(words.trends(None).clauses) == "这是能读到的第一轮，没有可比的上期"
    found = words.trends(changes(OTHER))
    assert "".join(found.clauses) == "各题与以前都不可比，不说升降"
    assert found.detail == "原因：题目改过。" and found.tag == ""


def test_the_change_is_told_with_what_the_mix_did() -> None:
    detail = words.trends(changes(UP), offices(0, 0, 3, shared=0.9, shared_low=-0.2, shared_high=2.0)).detail
    assert (
        "总体满意度比 2022 上半年 +1.9 分（几项一起比的区间 0.1 至 3.3），按两期相同的样本构成计算" in detail
    )
    assert "直接相减 +1.7 分，其中样本构成 −0.2 分" in detail
    assert "各部门平均 +0.9 分（−0.2 至 2.0），尚不能认定。" in detail
    assert "一共检验 51 项，其中主检验 6 项" in detail
    tables_only = words.trends(changes({**UP, "composition": float("nan")})).detail
    assert "分不出样本构成的影响" in tables_only and "直接相减" not in tables_only


def test_the_leaders_line() -> None:
    found = words.change_line(changes(UP))
    assert ("".join(found.clauses), found.tag) == ("总体满意度 73.1 分，比上期提高 1.9 分", SURE)
    assert "".join(words.change_line(changes(DOWN)).clauses).endswith("比上期下降 1.9 分")
    assert "".join(words.change_line(changes(FLAT)).clauses) == "总体满意度 73.1 分，尚不能认定有变化"
    assert words.change_line(None).clauses == ("没有可比的上期",)
    assert "题目改过" in words.change_line(changes(OTHER)).detail


def test_items_that_moved_are_named_and_others_counted() -> None:
    rows = [
        row("办事效率", "driver", 3.0, "rising"),
        row("主动服务", "driver", -3.5, "falling"),
        row("廉洁", "driver", 0.1, "no"),
    ]
    found = words.trend_items(changes(*rows), "driver")
    assert "".join(found.clauses) == "办事效率提高可以认定，主动服务下降可以认定，其余 1 个尚不能认定"
    assert found.tag == SURE and "办事效率 +3.0 分（0.1 至 3.3）" in found.detail
    flat = words.trend_items(changes(rows[2]), "driver")
    assert "".join(flat.clauses) == "1 个方面都尚不能认定有变化" and "都在误差之内" in flat.detail
    more = words.trend_items(changes(row("拖欠账款", "difficulty", 5.4, "rising")), "difficulty")
    assert "".join(more.clauses) == "拖欠账款增多可以认定" and "个百分点" in more.detail
    assert words.trend_items(None, "driver").clauses == ("没有可比的上期",)


def test_departments_say_how_large_a_change_could_be_seen() -> None:
    found = words.trend_departments(offices(1, 0, 2, least=7.1, least_best=2.9, least_worst=9.0))
    assert "部门0 +4.2 分。" in found.detail and "最容易看出的部门约 2.9 分，居中的约 7.1 分" in found.detail
    assert words.trend_departments(None).clauses == ("部门没有可比的上期",)


def test_districts() -> None:
    assert "".join(words.trend_districts(offices(0, 0, 11)).clauses) == "11 个县（区）都尚不能认定有变化"
    found = words.trend_districts(offices(1, 0, 10))
    assert "".join(found.clauses) == "部门0 +4.2 分可以认定，其余 10 个尚不能认定"
    assert words.trend_districts(None).clauses == ("县（区）没有可比的上期",)


def test_the_alarm() -> None:
    assert words.trend_alarms(changes(UP)) is None and words.trend_alarms(None) is None
    found = words.trend_alarms(changes(row("市场环境", "environment", 16.5, "rising", alarm="jump")))
    assert found is not None
    assert found.clauses[-1] == "可能是问卷或样本变了" and "市场环境 +16.5 分" in found.detail
    assert words.caution(None) == "" and "可能是问卷或样本变了" in words.caution(found)
    alone = words.trend_alarms(changes({**UP, "alarm": "alone"}))
    assert alone is not None and "总体动了而各方面没有动" in alone.detail


def test_gaps_are_told() -> None:
    assert "".join(words.trend_gaps(changes(UP)).clauses) == "各轮题目相同，都可以比"
    older = row("服务态度", "driver", 0.1, "no", against="2021H2")
    found = words.trend_gaps(changes(UP, OTHER, older, notes=("2021H1 没有资料",)))
    assert "题目改过：总体满意度" in found.detail
    assert "与更早的轮次比：服务态度（2021 下半年）" in found.detail
    assert "2021H1 没有资料" in found.detail
    table = pd.DataFrame({"item": ["D6"], "label": ["执法规范"], "since": ["2021H2"], "reason": ["题目改过"]})
    series = Protected("series", table, "", "", 1012)
    told = words.trend_gaps(changes(UP), series)
    assert (
        "有些不能直接比" in "".join(told.clauses) and "执法规范：2021 下半年起（以前题目改过）" in told.detail
    )
    assert words.trend_gaps(None).clauses == ("没有以前的轮次",)
    assert replace(found, tag="").tag == ""
