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
import sample_pages

from evalpkg import tables
from evalpkg.disclosure import Protected
from evalpkg.fragment import Fragment
from evalpkg.params import Selection

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
TIERED = sample_pages.protected_departments()
SELECTION = Selection(delta=5, reason="两年前的评议")
CELLS = protected(
    ["税务局", "税务局", "法院", "法院"], [81.4, 78.6, 66.8, math.nan],
    department=["D1", "D1", "D35", "D35"], role=["regulator", "regulator", "judiciary", "judiciary"],
    group=["a", "b", "a", "b"], group_label=["老城区", "嵩县", "老城区", "嵩县"],
    source=["direct", "direct", "synthetic", "direct"], differs=["above", "same", "same", "same"],
    shown=["yes", "yes", "yes", "hidden"],
)  # fmt: skip
CITY = protected(["税务局"], [79.7], department="D1")
FLAGS = protected(["作答过快", "答案雷同", "任一项"], [3.1, math.nan, 5.4], reason=["speeder", "duplicate", "any"],
                  shown=["yes", "below", "yes"], bound=[math.nan, 1.0, math.nan], count=[30, 5, 55],
                  conf_low=math.nan, conf_high=math.nan)  # fmt: skip
DOUBTS = protected(["总体满意度", "法治环境"], [73.1, 70.0],  key=["overall", "environments"],
                   without=[73.4, math.nan], without_low=[72.0, math.nan], without_high=[74.8, math.nan],
                   difference=[0.3, math.nan], without_n=[955, 0])  # fmt: skip
MODES = protected(
    ["网上填报", "当面填"], [72.8, 75.0], adjusted=[72.9, 74.1], adjusted_low=71.0, adjusted_high=76.0
)
ESTIMANDS = dataclasses.replace(
    protected(["按企业计", "按从业人员计"], [73.1, 71.2], weighting=["enterprise", "employment"]),
    extra={"difference": -1.9, "difference_low": -3.0, "difference_high": -0.8},
)
VOICES = dataclasses.replace(
    protected(["融资难", "融资难"], [34.2, 20.0], weighting=["enterprise", "employment"]),
    extra={"differences": protected(["融资难"], [-14.2]).table},
)
PLAN = dataclasses.replace(
    protected(["500 家", "2,000 家"], [29.1, 17.4], respondents=[500, 2000], detectable=[9.1, 4.6],
              detectable_pair=[5.0, 2.5], detectable_mean=[6.0, 3.0]),
    extra={
        "needed": pd.DataFrame({"key": ["width", "any"], "label": ["名次区间平均不超过 10 位", "任意一对部门相差 1 分"],
                                "target": [10.0, 1.0], "respondents": [6350.0, math.inf], "n": [1010, 1010]}),
        "assumptions": "假定征集方式不变", "width_now": 23.9,
    },
)  # fmt: skip
FOUND = [SimpleNamespace(code="W-RANGE", place="甲.xlsx 工作表 Sheet1 单元格 C5", message=EVIL)]

TABLES: dict[str, Callable[[], Fragment]] = {
    "departments": lambda: tables.departments(DEPARTMENTS),
    "tiered": lambda: tables.departments(TIERED, selection=SELECTION),
    "heat": lambda: tables.heat(CELLS, scores=CITY, title="各县（区）"),
    "flags": lambda: tables.flags(FLAGS),
    "headlines": lambda: tables.headlines(DOUBTS),
    "modes": lambda: tables.modes(MODES),
    "estimands": lambda: tables.estimands(ESTIMANDS, VOICES),
    "plan": lambda: tables.plan(PLAN),
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


def test_ranked_departments_with_their_tier_rank_set_and_bound() -> None:
    found = rows_of(TABLES["tiered"]())
    assert found[0] == [
        "部门", "校正得分", "95% 区间", "区间图（虚线为平均）", "名次区间", "与同组比", "原始分", "打过交道", "打分家数", "不满意",
        "若都来打分",
    ]  # fmt: skip
    assert found[1] == ["监管执法\u3000平均 71.6（70.4 至 72.8），明显低于全体平均"]
    assert found[2] == [
        "税务局", "80.6", "79.1 至 82.1", "", "第 1 至 4 名", "高于同组", "79.4", "84%", "865", "26.0%", "79.8 至 81.4",
    ]  # fmt: skip
    assert found[10] == [
        "海关",
        "—",
        "—",
        "25 家打分，不足 30 家：只列不排",
        "—",
        "—",
        "—",
        "3%",
        "25",
        "—",
        "—",
    ]
    scores = [float(row[1]) for row in found[2:10]]
    assert scores == sorted(scores, reverse=True)


def test_the_foot_explains_what_stands_in_the_table() -> None:
    foot = TABLES["tiered"]().split('<p class="base">')[1]
    assert "一家普通企业会给的分" in foot
    assert "17 个部门平均 72.7 分，自身的 95% 区间 71.9 至 73.5" in foot
    assert "约 71% 是真差别" in foot
    assert "最多相差 5 分时的范围（依据：两年前的评议）" in foot


def test_names_of_a_sure_tier_are_coloured_and_every_sign_is_said() -> None:
    rows = [row for row in table_of(TABLES["tiered"]()).iterfind("tbody/tr") if row.get("class") != "g"]
    names = {"".join(row[0].itertext()): row[0] for row in rows}
    assert {name for name, cell in names.items() if "up" in cell.get("class", "").split()} == {
        "税务局", "市场监管局", "政数局", "供电公司",
    }  # fmt: skip
    said = [cell[0].get("aria-label") for cell in names.values()]
    assert said.count("明显高于平均") == said.count("明显低于平均") == 4
    assert said.count("与平均分不出高下") == 9 and said.count("只列不排") == 1


def test_drawings_stand_on_one_scale_and_never_leave_it() -> None:
    svgs = [svg for svg in table_of(TABLES["tiered"]()).iter("svg") if svg.get("width") == "120"]
    assert len(svgs) == 17
    dashed = {
        path.get("d") for svg in svgs for path in svg.iter("path") if "dasharray" in path.get("style", "")
    }
    assert len(dashed) == 1
    ends = [
        float(x)
        for svg in svgs
        for path in svg.iter("path")
        for x in re.findall(r"[MH]([\d.]+)", path.get("d", ""))
    ]
    assert min(ends) >= 5 and max(ends) <= 115


def test_without_adjustment_there_is_one_score_and_the_reason() -> None:
    plain = dataclasses.replace(
        TIERED, extra={**TIERED.extra, "adjusted": False, "notes": ("评分分成两块，改用原始分",)}
    )
    fragment = tables.departments(plain)
    assert rows_of(fragment)[0][1] == "得分"
    assert not {"原始分", "若都来打分"} & set(rows_of(fragment)[0])
    assert "评分分成两块，改用原始分" in fragment and "一家普通企业会给的分" not in fragment


def test_tiers_name_the_sure_ones_and_count_the_rest_by_role() -> None:
    boxes = re.findall(
        r'<div class="tier (\w+)">.*?</svg>(.*?)<b class="n">(\d+)</b></header><p>(.*?)</p>',
        tables.tiers(TIERED),
    )
    assert [(css, words, number) for css, words, number, _ in boxes] == [
        ("up", "明显高于平均", "4"), ("mid", "与平均分不出高下", "9"), ("dn", "明显低于平均", "4"),
    ]  # fmt: skip
    assert re.findall(r"<span>(.*?)</span>", boxes[1][3]) == [
        "监管执法 4",
        "服务保障 3",
        "公用事业 1",
        "司法机关 1",
    ]
    assert re.findall(r"<span>(.*?)</span>", boxes[2][3]) == ["城管局", "住建局", "供气企业", "法院"]
    assert "打分不足 30 家的部门，只列不排：海关" in tables.tiers(TIERED)


def test_tiers_without_a_sure_department_or_without_ranks() -> None:
    assert tables.tiers(sample_pages.protected_departments(tier="same")).count("<p>没有</p>") == 2
    assert tables.tiers(sample_pages.protected_departments(rank_low=math.nan)) == ""
    assert tables.tiers(None) == ""


def test_cells_are_whole_numbers_washed_only_where_they_surely_differ() -> None:
    assert rows_of(TABLES["heat"]()) == [
        ["部门", "全市", "老城区", "嵩县"],
        ["监管执法"],
        ["税务局", "80", "▲81", "79"],
        ["司法机关"],
        ["法院", "—", "67", "—"],
    ]
    classes = [cell.get("class") for cell in table_of(TABLES["heat"]()).iter("td")]
    assert classes == ["gt_right", "gt_right hi", "gt_right", "gt_right", "gt_right borrowed", "gt_right"]
    foot = TABLES["heat"]().split('<p class="base">')[1]
    assert "不足 10 家，数字由该部门和该组的总体水平推算" in foot


def test_a_folded_table_of_nothing_leaves_no_trace() -> None:
    assert tables.heat(None, title="各县（区）").startswith('<p class="none">没有“各县（区）”')
    assert tables.heat(None, title="按规模", folded="按规模") == tables.headlines(None, folded="各部门") == ""


def test_nothing_is_said_of_borrowing_where_no_cell_borrows() -> None:
    own = dataclasses.replace(CELLS, table=CELLS.table.assign(source="direct"))
    assert "推算" not in tables.heat(own, title="各县（区）")


def test_a_department_that_is_only_listed_has_no_row_of_cells() -> None:
    few = protected(
        ["税务局", "法院"], [79.7, 66.8], department=["D1", "D35"], support=["full", "listed"], n=[400, 25]
    )
    text = tables.heat(CELLS, scores=few, title="各县（区）")
    assert "税务局" in text
    assert "法院" not in text


def test_the_level_of_a_group_stands_over_its_cells() -> None:
    groups = protected(["老城区", "嵩县"], [83.0, 72.4], differs=["same", "below"]).table
    cells = dataclasses.replace(CELLS, extra={**CELLS.extra, "groups": groups})
    first = rows_of(tables.heat(cells, scores=CITY, title="各县（区）"))[1:3]
    assert first[-1] == ["各部门平均", "—", "83", "▼72"]
    few = dataclasses.replace(cells, extra={"groups": groups.assign(support=["listed", "full"], n=[25, 400])})
    listed = rows_of(tables.heat(few, scores=CITY, title="各县（区）"))[1:3]
    assert listed[-1] == ["各部门平均", "—", "—", "▼72"]


def test_doubts_modes_and_voices() -> None:
    assert rows_of(TABLES["flags"]())[1:] == [
        ["作答过快", "3.1", "30"], ["答案雷同", "<1.0%", "不足 10"], ["任一项", "5.4", "55"],
    ]  # fmt: skip
    assert rows_of(TABLES["headlines"]())[1:] == [
        ["总体满意度"],
        ["总体满意度", "73.1", "71.1 至 75.1", "73.4", "72.0 至 74.8", "+0.3"],
        ["各类环境"],
        ["法治环境", "70.0", "68.0 至 72.0", "—", "—", "—"],
    ]
    assert rows_of(TABLES["modes"]())[1] == [
        "网上填报",
        "72.8",
        "70.8 至 74.8",
        "72.9",
        "71.0 至 76.0",
        "1,000",
    ]
    assert rows_of(TABLES["estimands"]())[1:] == [
        ["总体满意度（分）", "73.1", "71.1 至 75.1", "71.2", "69.2 至 73.2", "−1.9", "−3.0 至 −0.8"],
        ["融资难（%）", "34.2", "32.2 至 36.2", "20.0", "18.0 至 22.0", "−14.2", "−16.2 至 −12.2"],
    ]


def test_the_plan_lists_sizes_and_says_what_cannot_be_reached() -> None:
    assert rows_of(TABLES["plan"]())[1] == ["500 家", "29.1", "6.0", "9.1", "5.0"]
    foot = TABLES["plan"]().split('<p class="base">')[1]
    assert "名次区间平均不超过 10 位：约需 6,350 家" in foot
    assert "任意一对部门相差 1 分：靠增加企业做不到" in foot
    assert "inf" not in TABLES["plan"]()
    assert tables.plan(None).startswith('<p class="none">可以比较的部门不足两个')


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
    assert rows_of(tables.drivers(protected(["办事效率"], [16.4])))[0] == ["方面", "重要性 %", "95% 区间"]


@each_table
def test_tables_are_lean_and_the_same_each_time(make: Callable[[], Fragment]) -> None:
    one = make()
    assert one == make()
    assert "style" not in re.sub(r"<svg.*?</svg>", "", one)
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
    "make",
    [
        "departments",
        "tiers",
        "heat",
        "drivers",
        "themes",
        "shares",
        "scores",
        "composition",
        "fieldwork",
        "headlines",
        "modes",
    ],
)
def test_text_is_never_markup(make: str) -> None:
    verb = getattr(tables, make)
    more = {"title": EVIL} if make in ("shares", "scores", "heat") else {}
    source = {
        "heat": CELLS,
        "headlines": DOUBTS,
        "modes": MODES,
        "departments": DEPARTMENTS,
        "drivers": DRIVERS,
        "themes": THEMES,
        "fieldwork": RETURNS,
        "composition": COMPOSITION,
    }
    result = source.get(make, SHARES)
    evil = result.table.assign(label=EVIL, words=EVIL, margin=EVIL, role=EVIL, group_label=EVIL)
    if make == "tiers":
        said = tables.tiers(sample_pages.protected_departments(label=EVIL, role=EVIL))
        assert "<script" not in said and "<i>" not in said
        return
    fragment = verb(dataclasses.replace(result, table=evil, base=EVIL), note=EVIL, folded=EVIL, **more)
    assert "<script" not in fragment
    assert "<i>" not in fragment
    assert rows_of(fragment)[-1][0] == EVIL


def test_problems_are_listed_as_they_are() -> None:
    assert rows_of(tables.problems(FOUND))[0] == ["位置", "问题", "代码"]
    assert rows_of(tables.problems(FOUND))[1] == ["甲.xlsx 工作表 Sheet1 单元格 C5", EVIL, "W-RANGE"]
    assert tables.problems([]) == '<p class="none">读入数据时没有发现问题。</p>'
    assert tables.problems(FOUND).startswith("<details><summary>")


def test_what_refuses_comes_first_and_the_rest_is_counted() -> None:
    fault = SimpleNamespace(code="E-RANGE", place="乙.xlsx 单元格 C6", message="超出范围")
    said = tables.problems([*FOUND * 55, fault])
    rows = rows_of(said)[1:]
    assert len(rows) == 50 and rows[0] == [fault.place, fault.message, fault.code]
    assert "共 56 处，只列前 50 处。" in said


def test_every_form_is_accounted_for_above_the_problems() -> None:
    counts = {"read": 1012, "kept": 1010, "aside": 2, "dropped": 3}
    told = "<p>读到 1,012 份 = 采用 1,010 + 另列 2 + 拒收 0。</p>"
    assert tables.problems(FOUND, counts).startswith(f"{told}<details>")
    assert tables.problems([], counts) == f'{told}<p class="none">读入数据时没有发现问题。</p>'


@pytest.mark.parametrize(
    "make",
    [
        tables.departments,
        tables.flags,
        tables.headlines,
        tables.modes,
        tables.estimands,
        tables.plan,
        tables.drivers,
        tables.themes,
        tables.composition,
        tables.fieldwork,
    ],
)
def test_what_was_not_asked_is_said_and_what_was_not_protected_is_refused(
    make: Callable[..., Fragment],
) -> None:
    assert re.fullmatch(
        r'<p class="none">(本次问卷没有问|本轮没有|没有可以|总体结构没有|可以比较的部门不足|没有登记).+。</p>',
        make(None),
    )
    with pytest.raises(TypeError, match="disclosure gate"):
        make(SHARES.table)
