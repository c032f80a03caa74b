"""What stands in a table, and what does not."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from evalpkg import tables
from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment

pytestmark = pytest.mark.filterwarnings("error")

EVIL = '<script>alert("a\'b")</script> & **x** <i>'


def protected(labels: list[str], estimate: list[float], **columns: object) -> Protected:
    """Return a result as the gate gives it, intervals of two to either side."""
    middle = np.asarray(estimate, dtype=float)
    table = pd.DataFrame({"label": labels, "estimate": middle, "std_error": 1.0, "n": 1000, "count": 500})
    table = table.assign(conf_low=middle - 2, conf_high=middle + 2, shown="yes", bound=np.nan, support="full")
    return Protected("result", table.assign(**columns), "%", "回答了该题的企业", 1010, {})


SHARES = protected(["融资难", "停车难", "其他"], [34.2, math.nan, math.nan],
                   shown=["yes", "below", "hidden"], bound=[math.nan, 1.2, math.nan], count=[345, 0, 0])  # fmt: skip
DEPARTMENTS = protected(
    ["法院", "税务局", "海关", "林业局"], [66.8, 80.6, 11.1, math.nan],
    role=["judiciary", "regulator", "regulator", "regulator"], contact=[24.3, 84.0, 3.0, math.nan],
    contact_bound=math.nan, unhappy=[28.0, math.nan, 22.2, math.nan], unhappy_bound=[math.nan, 1.4, math.nan, math.nan],
    n=[250, 865, 25, 0], support=["full", "full", "listed", "listed"], shown=["yes", "yes", "yes", "hidden"],
)  # fmt: skip
DRIVERS = protected(["办事效率"], [16.4], p_first=99.8, score=66.8, score_low=65.5, score_high=68.1)
THEMES = protected(
    ["融资难", "用工难"], [34.2, 26.1], words=["抵押、续贷", None], departments=[["金融局", "人民银行"], []]
)
RETURNS = dataclasses.replace(
    protected(
        ["合计", "纸质"], [80.7, 80.0], issued=[1500, 500], returned=[1210, 400], valid=[1010, math.nan]
    ),
    name="returns",
)
COMPOSITION = protected(["大型", "涧西区"], [1.1, 20.0], margin=["企业规模", "县（区）"],
                        population=[1.0, 20.0], sample=[4.0, 25.1], weighted=[1.1, 20.0])  # fmt: skip
FOUND = [SimpleNamespace(code="W-RANGE", place="甲.xlsx 工作表 Sheet1 单元格 C5", message=EVIL)]

TABLES: dict[str, Callable[[], Fragment]] = {
    "departments": lambda: tables.departments(DEPARTMENTS),
    "drivers": lambda: tables.drivers(DRIVERS),
    "themes": lambda: tables.themes(THEMES),
    "shares": lambda: tables.shares(SHARES, title="困难"),
    "scores": lambda: tables.scores(SHARES, title="环境", no=3),
    "composition": lambda: tables.composition(COMPOSITION),
    "fieldwork": lambda: tables.fieldwork(RETURNS),
    "problems": lambda: tables.problems(FOUND),
}
each_table = pytest.mark.parametrize("make", TABLES.values(), ids=TABLES.keys())


def table_of(fragment: str) -> ET.Element:
    return ET.fromstring(fragment[fragment.index("<table") : fragment.index("</table>") + 8])


def rows_of(fragment: str) -> list[list[str]]:
    """Return the words of every row, head first."""
    return [["".join(cell.itertext()) for cell in row] for row in table_of(fragment).iter("tr")]


def test_departments_by_role_with_the_unrated_listed_quietly() -> None:
    assert rows_of(TABLES["departments"]()) == [
        ["部门", "得分", "95% 区间", "打过交道", "打分家数", "不满意"],
        ["监管执法"],
        ["税务局", "80.6", "78.6 至 82.6", "84%", "865", "<1.4%"],
        ["海关", "—", "25 家打分，不足 30 家：只列不排", "3%", "25", "—"],
        ["林业局", "—", "不足 10 家：不公布", "—", "—", "—"],
        ["司法机关"],
        ["法院", "66.8", "64.8 至 68.8", "24%", "250", "28.0%"],
    ]
    classes = [row.get("class") for row in table_of(TABLES["departments"]()).iter("tr")]
    assert classes == [None, "g", None, "q", "q", "g", None]
    assert "11.1" not in TABLES["departments"]()


def test_drivers_with_their_own_score_and_no_certainty() -> None:
    assert rows_of(TABLES["drivers"]())[1] == [
        "办事效率",
        "16.4",
        "14.4 至 18.4",
        ">99%",
        "66.8",
        "65.5 至 68.1",
    ]


def test_themes_with_words_and_departments() -> None:
    assert rows_of(TABLES["themes"]())[1:] == [
        ["融资难", "34.2", "32.2 至 36.2", "500", "抵押、续贷", "金融局、人民银行"],
        ["用工难", "26.1", "24.1 至 28.1", "500", "—", "—"],
    ]


def test_a_share_under_k_prints_its_bound_and_no_count() -> None:
    assert rows_of(TABLES["shares"]())[1:] == [
        ["融资难", "34.2", "32.2 至 36.2", "345"],
        ["停车难", "<1.2%", "—", "不足 10"],
        ["其他", "—", "不足 10 家：不公布", "—"],
    ]


def test_rates_of_fieldwork_are_those_of_its_counts() -> None:
    assert rows_of(TABLES["fieldwork"]())[1:] == [
        ["合计", "1,500", "1,210", "80.7%", "1,010", "83.5%"],
        ["纸质", "500", "400", "80.0%", "—", "—"],
    ]


def test_composition_by_margin() -> None:
    assert rows_of(TABLES["composition"]())[1:] == [
        ["企业规模"],
        ["大型", "1.0", "1.1", "4.0", "1,000"],
        ["县（区）"],
        ["涧西区", "20.0", "20.0", "25.1", "1,000"],
    ]


def test_a_margin_that_is_wholly_hidden_keeps_its_head() -> None:
    hidden = COMPOSITION.table.assign(shown="hidden", population=math.nan, sample=math.nan, weighted=math.nan)
    fragment = tables.composition(dataclasses.replace(COMPOSITION, table=hidden))
    assert rows_of(fragment)[1:] == [["企业规模"], ["大型"], ["县（区）"], ["涧西区"]]
    assert [row.get("class") for row in table_of(fragment).iter("tr")] == [None, "g", "q", "g", "q"]


def test_a_column_without_a_single_value_is_left_out() -> None:
    assert rows_of(tables.drivers(protected(["办事效率"], [16.4])))[0] == ["方面", "解释份额 %", "95% 区间"]


@each_table
def test_tables_are_lean_and_the_same_each_time(make: Callable[[], Fragment]) -> None:
    one = make()
    assert one == make()
    assert "style" not in one
    assert "gt_table" in one
    assert one.count(' id="tbl-') == one.count("id=") == 1
    table = table_of(one)
    assert [cell.get("scope") for cell in next(table.iter("tr"))] == ["col"] * len(next(table.iter("tr")))
    bodies = [row for row in table.iter("tr") if row.find("td") is not None]
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in bodies)


def test_35_departments_take_less_than_15_kb() -> None:
    many = protected(
        [f"部门{i}" for i in range(35)], [70.0] * 35, role="regulator", contact=50.0, unhappy=20.0
    )
    assert len(tables.departments(many).encode()) < 15_000


@pytest.mark.parametrize(
    "make", ["departments", "drivers", "themes", "shares", "scores", "composition", "fieldwork"]
)
def test_text_is_never_markup(make: str) -> None:
    verb = getattr(tables, make)
    more = {"title": EVIL} if make in ("shares", "scores") else {}
    source = {
        "departments": DEPARTMENTS,
        "drivers": DRIVERS,
        "themes": THEMES,
        "fieldwork": RETURNS,
        "composition": COMPOSITION,
    }
    result = source.get(make, SHARES)
    evil = result.table.assign(label=EVIL, words=EVIL, margin=EVIL, role=EVIL)
    fragment = verb(dataclasses.replace(result, table=evil, base=EVIL), note=EVIL, folded=EVIL, **more)
    assert "<script" not in fragment
    assert "<i>" not in fragment
    assert rows_of(fragment)[-1][0] == EVIL


def test_problems_are_listed_as_they_are() -> None:
    assert rows_of(tables.problems(FOUND))[1] == ["W-RANGE", "甲.xlsx 工作表 Sheet1 单元格 C5", EVIL]
    assert tables.problems([]) == '<p class="none">读入数据时没有发现问题。</p>'
    assert tables.problems(FOUND).startswith("<details><summary>")


@pytest.mark.parametrize(
    "make", [tables.departments, tables.drivers, tables.themes, tables.composition, tables.fieldwork]
)
def test_what_was_not_asked_is_said_and_what_was_not_protected_is_refused(
    make: Callable[..., Fragment],
) -> None:
    assert re.fullmatch(
        r'<p class="none">(本次问卷没有问|本轮没有加权|没有可以归类的意见|没有登记).+。</p>', make(None)
    )
    with pytest.raises(TypeError, match="disclosure gate"):
        make(SHARES.table)
