"""Complaints as tables: levels and changes agree with the figure, and what may not be told stands in no cell."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import complaint_results as made
import pandas as pd
import pytest
from test_tables import EVIL, rows_of, table_of

from evalpkg import tables
from evalpkg.disclosure import Protected
from evalpkg.fragment import MINUS, Fragment

pytestmark = pytest.mark.filterwarnings("error")

TABLES: dict[str, Callable[..., Fragment]] = {
    "themes": lambda **more: tables.themes(made.themes(), made.rising(), **more),
    "by hand": lambda **more: tables.themes(made.themes(), made.rising(), made.calibrated(), **more),
    "rounds": lambda **more: tables.rounds(made.course(), **more),
    "groups": lambda **more: tables.theme_groups(made.by(), title="按规模看", **more),
    "others": lambda **more: tables.others(made.others(), **more),
    "beside": lambda **more: tables.beside(made.beside(), **more),
    "status": lambda **more: tables.theme_status(made.registry(), **more),
}
each_table = pytest.mark.parametrize("make", TABLES.values(), ids=TABLES.keys())


def column(fragment: str, head: str) -> list[str]:
    rows = rows_of(fragment)
    return [row[rows[0].index(head)] for row in rows[1:]]


def marked(fragment: str, css: str) -> list[str]:
    """Return the words of the cells that have a class."""
    return [
        "".join(cell.itertext())
        for cell in table_of(fragment).iter("td")
        if css in cell.get("class", "").split()
    ]


@each_table
def test_tables_follow_the_rules_of_the_house(make: Callable[..., Fragment]) -> None:
    one = make()
    assert one == make() and one.count("id=") == 1
    assert "style" not in re.sub(r"<svg.*?</svg>", "", one)
    assert "nan" not in one and "None" not in one and not re.search(r"[>（]-\d", one)
    bodies = [row for row in table_of(one).iter("tr") if row.find("td") is not None]
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in bodies)
    assert make(folded="展开").startswith("<details><summary>展开</summary>")


def test_themes_list_level_change_words_and_departments() -> None:
    found = rows_of(TABLES["themes"]())
    assert found[0] == [
        "问题", "提到的企业 %", "95% 区间", "家数", "上一轮", "增减", "同时比较的区间", "常见词", "涉及部门",
    ]  # fmt: skip
    assert found[2] == [
        "拖欠账款", "29.6", "27.6 至 31.6", "300", "24.8", "▲+5.4", "1.9 至 8.9", "工程款、结算、质保金、审计",
        "财政局、住建局、法院",
    ]  # fmt: skip
    assert found[-2] == ["创新与数字化", "<1.0%", "—", "不足 10", "—", "—", "—", "—", "—"]
    assert found[-1][0] == "其他"


def test_sure_changes_are_signed_bold_and_coloured_by_good_and_bad_others_plain() -> None:
    assert marked(TABLES["themes"](), "dn") == ["▲+5.4", "▲+2.9", "▲+3.0"]
    assert marked(TABLES["themes"](), "up") == [f"▼{MINUS}4.6", f"▼{MINUS}3.9"]
    assert "+1.1" in column(TABLES["themes"](), "增减")
    foot = TABLES["themes"]().split('<p class="base">')[1]
    assert "比以前各轮平均，百分点" in foot
    assert "比上一轮，百分点" in tables.themes(made.themes(), made.rising(earlier=1))


def test_a_theme_that_few_named_before_has_a_direction_without_a_number() -> None:
    first = made.rising().table["theme"] == "LOG"
    new = {
        name: made.rising().table[name].mask(first)
        for name in ("difference", "family_low", "family_high", "last")
    }
    (row,) = (
        row for row in rows_of(tables.themes(made.themes(), made.rising(**new))) if row[0] == "物流交通"
    )
    assert row[4:7] == ["—", "▲增多", "—"]


def test_without_an_interval_of_all_at_once_that_of_each_stands_there() -> None:
    alone = tables.themes(made.themes(), made.rising(family_low=float("nan"), family_high=float("nan")))
    assert rows_of(alone)[2][6] == "2.2 至 8.6" and rows_of(alone)[0][6] == "增减的 95% 区间"


def test_the_first_round_has_no_columns_of_change() -> None:
    assert rows_of(tables.themes(made.themes()))[0] == [
        "问题",
        "提到的企业 %",
        "95% 区间",
        "家数",
        "常见词",
        "涉及部门",
    ]
    assert "增减" not in tables.themes(made.themes())


def test_levels_by_hand_stand_in_place_of_the_machines_which_are_listed_beside() -> None:
    found = rows_of(TABLES["by hand"]())
    assert found[0][:4] == ["问题", "提到的企业 %", "95% 区间", "只按机器"]
    assert found[1][:4] == ["拖欠账款", "36.0", "31.0 至 41.0", "29.6"]
    assert found[2][0] == "融资难" and found[-1][0] == "其他"
    assert "0.6" not in found[-2], "a level under k is not told by the machine either"
    assert "已用人工复核校正" in TABLES["by hand"]()


def test_rounds_stand_oldest_first_with_the_last_one_bold() -> None:
    found = rows_of(TABLES["rounds"]())
    assert found[0] == ["问题", "2020 下半年", "2021 上半年", "2021 下半年", "2022 上半年", "2022 下半年"]
    assert found[1][0] == "融资难" and found[1][-1] == "34.2" and found[-1][0] == "其他"
    course = made.course().table.set_index(["theme", "round"])["estimate"]
    for row, (theme, *_) in zip(found[1:3], made.THEMES[:2], strict=True):
        assert [float(cell) for cell in row[1:]] == [course[theme, name] for name in made.ROUNDS]
    bold = {
        cell.get("class", "")
        for row in table_of(TABLES["rounds"]()).iterfind("tbody/tr")
        for cell in row
        if cell.find("b") is not None
    }
    assert len(bold) == 1
    assert found[-2][-1] == "<1.0%"


def test_cells_of_groups_are_washed_only_where_they_surely_differ() -> None:
    assert rows_of(TABLES["groups"]()) == [
        ["问题", "大中型", "小微企业"],
        ["融资难", "30.0", "▼30.0"],
        ["拖欠账款", "▲29.0", "29.0"],
        ["用工难", "28.0", "—"],
        ["执法检查", "<3.3%", "27.0"],
    ]
    assert marked(TABLES["groups"](), "lo") == ["▲29.0"] and marked(TABLES["groups"](), "hi") == ["▼30.0"]
    under = made.by().table.assign(differs="more")
    assert "▲<" not in tables.theme_groups(dataclasses.replace(made.by(), table=under), title="甲")


def test_loose_groups_and_those_of_too_few_have_no_name() -> None:
    assert rows_of(TABLES["others"]())[1:] == [
        ["快递仓储", "2.3", "1.3 至 3.3", "25", "快递、仓储、网点", "82%"],
        ["（不命名）", "1.7", "0.8 至 2.6", "15", "绿化、苗木", "41%"],
    ]
    assert "另有 1 组不足 10 家，不列" in TABLES["others"]()
    assert "没有一组稳定到可以命名" in tables.others(made.others(stable=False))
    assert tables.others(made.others(count=4)) == '<p class="none">归不进各类的意见里，没有一组够 10 家。</p>'


def test_what_was_ticked_beside_what_was_written() -> None:
    assert rows_of(TABLES["beside"]())[1:] == [
        ["融资难", "34.2", "30.0", "52.3", "47.3 至 57.3", "59.6", "54.6 至 64.6"],
        ["用工难", "26.1", "24.0", "12.4", "7.4 至 17.4", "13.5", "8.5 至 18.5"],
        ["税费负担", "1.4", "7.1", "<100.0", "—", "<14.3", "—"],
        ["公平竞争", "—", "5.5", "—", "—", "—", "—"],
    ]


def test_what_became_of_the_themes() -> None:
    assert rows_of(TABLES["status"]()) == [
        ["问题", "与上一轮比", "上一轮 %", "本轮 %", "说法的相似度", "常见词"],
        ["融资难", "延续", "33.1", "34.2", "93%", "—"],
        ["拖欠账款", "名目没变，说法变了", "24.2", "29.6", "41%", "—"],
        ["物流交通", "并入融资难", "2.9", "5.8", "74%", "—"],
        ["创新与数字化", "很少再有人提", "1.8", "<1.0%", "—", "—"],
        ["新规、备案", "新出现", "<1.0", "2.4", "22%", "新规、备案、窗口"],
    ]
    assert "上一轮是 2022 上半年" in TABLES["status"]()


@pytest.mark.parametrize(
    "make",
    [
        tables.themes,
        tables.rounds,
        tables.others,
        tables.beside,
        tables.theme_status,
        lambda r: tables.theme_groups(r, title="甲"),
    ],
)
def test_what_is_missing_is_said_and_what_was_not_protected_is_refused(
    make: Callable[[Protected | pd.DataFrame | None], Fragment],
) -> None:
    assert re.fullmatch(r'<p class="none">.*(没有|太少).*。</p>', make(None))
    with pytest.raises(TypeError, match="disclosure gate"):
        make(made.themes().table)


@pytest.mark.parametrize("name", ["label", "words", "departments", "group_label"])
def test_text_is_never_markup(name: str) -> None:
    def evil(result: Protected) -> Protected:
        return dataclasses.replace(result, table=result.table.assign(**{name: EVIL}), base=EVIL)

    made_up = [
        tables.themes(evil(made.themes()), evil(made.rising()), note=EVIL, folded=EVIL),
        tables.theme_groups(evil(made.by()), title=EVIL),
        tables.others(evil(made.others())),
        tables.beside(evil(made.beside())),
        tables.rounds(evil(made.course())),
        tables.theme_status(evil(made.registry())),
    ]
    assert not any("<script" in fragment or "<i>" in fragment for fragment in made_up)
