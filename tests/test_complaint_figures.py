"""Complaints as figures: level and change where their scales say, sure ones alone are filled, cards hold what may be told."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import complaint_results as made
import numpy as np
import pytest
from test_driver_figures import boxes, overlapping, styled
from test_figures import THIN, at_height, drawings, lines, scale, signs, words

from evalpkg import figures, fragment
from evalpkg.figures.forest import Forest, Row, Second, Side, differences, places
from evalpkg.figures.layout import wide
from evalpkg.figures.palette import COLOURS
from evalpkg.fragment import MINUS, Fragment

pytestmark = pytest.mark.filterwarnings("error")

FIGURES: dict[str, Callable[[], Fragment]] = {
    "both": lambda: figures.complaints(made.themes(), made.rising()),
    "first round": lambda: figures.complaints(made.themes()),
    "by hand": lambda: figures.complaints(made.themes(), made.rising(), calibrated=made.calibrated()),
    "few": lambda: figures.complaints(made.themes(n=50), made.rising(n=50)),
    "no family": lambda: figures.complaints(
        made.themes(), made.rising(family_low=np.nan, family_high=np.nan)
    ),
}
each_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES.keys())
forms = pytest.mark.parametrize("form", [0, 1], ids=["page", "phone"])
SURE = {
    "拖欠账款": "rising",
    "执法检查": "falling",
    "审批办事": "falling",
    "物流交通": "rising",
    "其他": "rising",
}
TOLD = [(label, difference) for _, label, _, _, _, difference, _, _ in made.THEMES if label != "创新与数字化"]


def change_scale(svg: ET.Element) -> Callable[[float], float]:
    """Read px -> percentage points off the numbers under the second panel."""
    foot = max(y for _, y, _ in words(svg))
    found = [(x, float(t.replace(MINUS, "-"))) for x, y, t in words(svg) if y == foot and x > 520]
    slope, at_zero = np.polyfit(*np.array(found).T, 1)
    return lambda px: slope * px + at_zero


def row_heights(svg: ET.Element) -> dict[str, float]:
    return {t: y for _, y, t in words(svg) if t in {label for _, label, *_ in made.THEMES}}


def triangles(svg: ET.Element) -> list[tuple[float, str, bool]]:
    """Return height, colour and direction (up?) of every triangle, as it is seen."""
    shapes = {path.attrib["id"]: path.attrib["d"] for path in svg.iter("path") if "id" in path.attrib}
    found = []
    for group in [svg, *svg.iter("g")]:
        for use in group.findall("use"):
            colour = re.match(r"fill:var\(--(up|dn),", use.get("style") or group.get("style") or "")
            if colour:
                path = shapes[use.attrib["href"][1:]]
                heights = [float(number) for number in re.findall(r"-?[\d.]+", path)[1::2]]
                found.append((float(use.attrib["y"]), colour[1], heights.count(min(heights)) == 1))
    return found


# --- the rules of the house --------------------------------------------------------------------------------


@each_figure
def test_drawings_follow_the_rules_of_the_house(draw: Callable[[], Fragment]) -> None:
    fragment = draw()
    assert fragment == draw()
    svgs = drawings(fragment)
    assert [svg.attrib["width"] for svg in svgs] == ["760", "358"]
    for svg in svgs:
        assert re.search(r"[\u4e00-\u9fff]{2}.*。$", svg.attrib["aria-label"])
        assert overlapping(svg) == []
        assert all(b.left >= -1 and b.right <= float(svg.attrib["width"]) + 1 for _, b in boxes(svg))
    bare = re.sub(r"var\(--(\w+),(#[0-9a-f]{6})\)", lambda m: "" if COLOURS[m[1]] == m[2] else m[0], fragment)
    assert re.findall(r"#[0-9a-f]{6}", bare) == []
    assert min(float(size) for size in re.findall(r"font-size:([\d.]+)", fragment)) >= 12
    assert "nan" not in fragment and "clip-path" not in fragment


@pytest.mark.parametrize("draw", [figures.complaints, figures.cards])
def test_what_is_missing_is_said_and_what_was_not_protected_is_refused(draw: Callable[..., Fragment]) -> None:
    assert draw(None) == fragment.nothing(fragment.NO_REMARKS)
    with pytest.raises(TypeError, match="disclosure gate"):
        draw(made.themes().table)
    with pytest.raises(TypeError, match="disclosure gate"):
        draw(made.themes(), made.rising().table)


def test_labels_words_and_groups_are_text() -> None:
    evil = '<script>alert("1")</script>'
    assert "<script" not in figures.complaints(made.themes(label=evil), made.rising(label=evil))
    by = dataclasses.replace(made.by(), table=made.by().table.assign(group_label=evil))
    themes = made.themes(label=evil, words=evil, departments=evil)
    cards = figures.cards(themes, made.rising(), made.course(), by, made.registry(label=evil))
    assert "<script" not in cards and "&lt;script" in cards


# --- level and change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "difference"), TOLD)
def test_level_and_change_stand_where_their_scales_say(label: str, difference: float) -> None:
    svg = drawings(FIGURES["both"]())[0]
    y = row_heights(svg)[label]
    themes, rising = made.themes().table.set_index("label"), made.rising().table
    row = rising[rising["group"] == "all"].set_index("label").loc[label]
    level, change = scale(svg, 0, 520), change_scale(svg)
    thick = [(a, b) for a, b, at in lines(svg, "stroke-width:3") if abs(at - (y - 5)) < 2]
    assert [level(x) for x in thick[0]] == pytest.approx(
        list(themes.loc[label, ["conf_low", "conf_high"]]), abs=0.06
    )
    assert [change(x) for x in thick[1]] == pytest.approx(
        [row["difference_low"], row["difference_high"]], abs=0.06
    )
    thin = [change(x) for x in at_height(svg, THIN, y)]
    assert thin == pytest.approx([row["family_low"], row["family_high"]], abs=0.06)
    assert (thin[0] <= 0 <= thin[1]) == (label not in SURE)
    number = f"{difference:+.1f}".replace("-", MINUS)
    assert [t for x, at, t in words(svg) if x > 740 and abs(at - y) < 2] == [number]


@forms
def test_only_sure_changes_are_triangles_washed_and_coloured(form: int) -> None:
    svg = drawings(FIGURES["both"]())[form]
    y = row_heights(svg)
    seen = {
        label: (colour, up)
        for at, colour, up in triangles(svg)
        for label, h in y.items()
        if abs(at - (h - 5)) < 3
    }
    # More complaints: the number goes up, and that is bad.
    expected = {"rising": ("dn", True), "falling": ("up", False)}
    assert seen == {label: expected[direction] for label, direction in SURE.items()}
    assert len(triangles(svg)) == 5
    assert "".join(styled(svg, "--dnW")).count("z") == 3 and "".join(styled(svg, "--upW")).count("z") == 2
    assert len(signs(svg, filled=False)) == len(TOLD) - 5


def test_the_tick_is_the_round_before_and_the_phone_has_no_second_panel() -> None:
    page, phone = drawings(FIGURES["both"]())
    rising = made.rising().table
    last = rising[(rising["group"] == "all") & (rising["theme"] != "INNO")]["last"]
    for svg, right in ((page, 520), (phone, 360)):
        at = [float(x) for d in styled(svg, "stroke-width:1.5") for x in re.findall(r"M(\S+) ", d)]
        assert [scale(svg, 0, right)(x) for x in at] == pytest.approx(list(last), abs=0.06)
    assert lines(phone, THIN) == []
    assert {f"{MINUS}4.6", "+5.4", "29.6%"} <= {t for _, _, t in words(phone)}
    assert all("短竖线：上一轮" in [t for _, _, t in words(svg)] for svg in (page, phone))


def test_a_theme_under_k_has_neither_mark_nor_change() -> None:
    for svg in drawings(FIGURES["both"]()):
        assert "<1.0%" in [t for _, _, t in words(svg)]
        assert not {f"{MINUS}0.2", "0.6", "0.6%"} & {t for _, _, t in words(svg)}
    says = drawings(FIGURES["both"]())[0].attrib["aria-label"]
    assert says.endswith(
        f"可以认定的增减（百分点）有拖欠账款 +5.4、执法检查 {MINUS}4.6、审批办事 {MINUS}3.9、物流交通 +2.9、其他 +3.0；"
        "其余 11 类尚不能认定。"
    )


def test_a_theme_that_few_named_before_is_washed_and_named_without_a_mark() -> None:
    first = made.rising().table["theme"] == "LOG"
    names = ("difference", "difference_low", "difference_high", "family_low", "family_high", "last")
    new = made.rising(**{name: made.rising().table[name].mask(first) for name in names})
    page, phone = drawings(figures.complaints(made.themes(), new))
    assert len(triangles(page)) == 4 and len(triangles(phone)) == 5
    for svg in (page, phone):
        assert "".join(styled(svg, "--dnW")).count("z") == 3
        assert "增多" in [t for _, _, t in words(svg)] and "+2.9" not in [t for _, _, t in words(svg)]
    assert "物流交通 增多" in page.attrib["aria-label"]
    card = told(figures.cards(made.themes(), new))["物流交通"]
    assert (card["class"], card["change"].strip()) == ("dn", "增多，以前很少")


def test_what_grew_in_one_group_is_not_said_of_all() -> None:
    svg = drawings(FIGURES["both"]())[0]
    assert not any(abs(y - (row_heights(svg)["融资难"] - 5)) < 3 for y, *_ in triangles(svg))
    only_groups = made.rising()
    table = only_groups.table[only_groups.table["group"] != "all"]
    alone = figures.complaints(made.themes(), dataclasses.replace(only_groups, table=table))
    plain = figures.complaints(made.themes())
    assert alone.split('<p class="base">')[0] == plain.split('<p class="base">')[0]


def test_the_first_round_has_levels_only() -> None:
    fragment = FIGURES["first round"]()
    assert "比" not in "".join(t for svg in drawings(fragment) for _, _, t in words(svg))
    for svg in drawings(fragment):
        assert (
            triangles(svg) == [] and signs(svg, filled=False) == [] and styled(svg, "stroke-width:1.5") == []
        )
        assert len(signs(svg, filled=True)) == 16
    assert figures.complaint_signs(made.themes()) == ("estimate",)


def test_one_round_before_is_named_and_several_are_their_mean() -> None:
    heads = {
        earlier: [
            t
            for _, _, t in words(drawings(figures.complaints(made.themes(), made.rising(earlier=earlier)))[0])
        ]
        for earlier in (1, 4)
    }
    assert "比上一轮（百分点）" in heads[1] and "比以前各轮平均（百分点）" in heads[4]


def test_levels_by_hand_take_the_place_of_the_machine_without_ticks() -> None:
    page = drawings(FIGURES["by hand"]())[0]
    texts = [t for _, _, t in words(page)]
    assert texts.index("拖欠账款") < texts.index("融资难")
    assert "36.0" in texts and "29.6" not in texts
    assert styled(page, "stroke-width:1.5") == [] and "短竖线：上一轮" not in texts
    assert "+5.4" in texts


def test_sixty_or_fewer_are_broken_lines_in_both_panels() -> None:
    svg = drawings(FIGURES["few"]())[0]
    broken = "".join(styled(svg, "dasharray:4.8,3.3"))
    assert broken.count("M") >= 16 and styled(svg, "dasharray:4.8,3.3.*|dnI") != []
    assert figures.complaint_signs(made.themes(n=50), made.rising(n=50))[-2:] == ("few", "tick")


def test_the_legend_names_the_signs_that_stand_in_the_figure() -> None:
    assert figures.complaint_signs(made.themes(), made.rising()) == (
        "estimate",
        "family",
        "moved",
        "unsure",
        "tick",
    )
    still = made.rising(direction="no", family_low=np.nan, family_high=np.nan)
    assert figures.complaint_signs(made.themes(), still) == ("estimate", "unsure", "tick")
    assert figures.complaint_signs(None) == ()
    assert "增多（橙）、减少（蓝）" in figures.legend("moved")


# --- the second panel of any forest ------------------------------------------------------------------------


def test_a_second_panel_of_bars_takes_the_room_of_numbers_and_one_of_estimates_has_its_own() -> None:
    rows = (Row("甲", 10.0, 8.0, 12.0, value="10.0", side=Side(1.0, 0.0, 2.0, value="+1.0")),)
    bars = wide(Forest(rows, places(3), second=Second(places(3), bars=True)))
    points = wide(Forest(rows, places(3), second=Second(differences([0.0, 2.0]))))
    assert bars.second is not None and points.second is not None
    assert bars.side_x is None and points.side_x == 752
    assert bars.right < bars.second.left < bars.second.right <= 760
    assert points.right + 56 < points.second.left < points.second.right < points.side_x
    assert points.second(0.0) == points.second.left


def test_signed_scales_carry_their_plus() -> None:
    assert differences([-5.0, 10.0], signed=True).labels() == [f"{MINUS}5", "0", "+5", "+10"]
    assert differences([], signed=True).labels() == [f"{MINUS}1", "0", "+1"]


# --- cards -------------------------------------------------------------------------------------------------


def cards(**given: Any) -> str:
    usual: dict[str, Any] = {"course": made.course(), "by": made.by(), "registry": made.registry()}
    return figures.cards(made.themes(), made.rising(), **{**usual, **given})


def told(fragment: str) -> dict[str, dict[str, str]]:
    """Return what each card lists, by the name of its theme."""
    found = {}
    for card in re.findall(r"<article.*?</article>", fragment):
        facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card))
        facts["share"], facts["class"] = (
            re.findall(r"<b>(.*?)</b>", card)[0],
            re.findall(r'class="card ?(.*?)"', card)[0],
        )
        facts["change"] = re.sub("<.*?>", "", "".join(re.findall(r'<span class="chg.*?">(.*?)</span>', card)))
        found[re.findall(r"<h3>(.*?)</h3>", card)[0]] = facts
    return found


def test_cards_are_of_the_first_three_and_of_sure_changes_in_the_order_of_the_figure() -> None:
    found = told(cards())
    assert list(found) == ["融资难", "拖欠账款", "用工难", "执法检查", "审批办事", "物流交通"]
    assert [facts["class"] for facts in found.values()] == ["", "dn", "", "up", "up", "dn"]
    assert found["融资难"]["change"].strip() == "+1.1，尚不能认定"
    assert found["执法检查"]["change"].strip() == f"{MINUS}4.6 个百分点"
    assert found["拖欠账款"] | {"class": "", "change": ""} == {
        "share": "29.6%", "常见词": "工程款、结算、质保金、审计", "集中在": "大中型", "涉及部门": "财政局、住建局、法院",
        "与以前比": "名目没变，说法变了", "class": "", "change": "",
    }  # fmt: skip
    assert "集中在" not in found["融资难"]  # surely less, not more
    assert found["物流交通"]["与以前比"] == "并入融资难"


def test_cards_that_find_no_room_are_counted() -> None:
    fragment = cards(most=4)
    assert list(told(fragment)) == ["融资难", "拖欠账款", "用工难", "执法检查"]
    assert fragment.endswith('<p class="sub">另有 2 类的增减可以认定，见明细表。</p>')
    assert "另有" not in cards()


def test_the_first_round_has_three_cards_that_claim_nothing() -> None:
    found = told(figures.cards(made.themes()))
    assert list(found) == ["融资难", "拖欠账款", "用工难"]
    assert {facts["change"] for facts in found.values()} == {""}
    assert "<svg" not in figures.cards(made.themes(), None, made.course(rounds=1))


def test_a_card_takes_the_level_that_coding_by_hand_corrects() -> None:
    assert next(iter(told(cards(calibrated=made.calibrated())).values()))["share"] == "36.0%"


def test_courses_share_one_scale_and_end_with_the_sign_of_the_change() -> None:
    svgs = drawings(re.sub(r'<svg class="m".*?</svg>', "", cards()))
    assert len(svgs) == 6
    course = made.course().table
    for svg, (label, facts) in zip(svgs, told(cards()).items(), strict=True):
        rows = course[course["label"] == label]
        pieces = [re.findall(r"M\S+ (\S+?)L\S+ ([\d.]+)", d) for d in styled(svg, "stroke-width:3")]
        heights = sorted(abs(float(a) - float(b)) for piece in pieces for a, b in piece)
        per_point = np.array(heights) / np.sort(rows["conf_high"] - rows["conf_low"])
        assert per_point == pytest.approx(np.full(5, per_point[0]), rel=0.02)
        assert per_point[0] == pytest.approx(30 / np.ptp([19.8 - 2.4, 24.4 + 0.6 * 2.4 + 2.4]), rel=0.15)
        seen = [(colour, up) for _, colour, up in triangles(svg)]
        assert seen == {"dn": [("dn", True)], "up": [("up", False)], "": []}[facts["class"]]
        assert len(signs(svg, filled=False)) == (facts["class"] == "")
        assert svg.attrib["aria-label"].startswith(f"{label}各轮占企业的百分比：2020 下半年 ")
    ids = re.findall(r' id="([^"]+)"', cards())
    assert len(ids) == len(set(ids))


def test_a_round_that_may_not_be_told_is_a_gap() -> None:
    course = made.course().table
    hide = (course["theme"] == "LOG") & (course["round"] == "2021H2")
    hidden = course.assign(shown=course["shown"].mask(hide, "below"), estimate=course["estimate"].mask(hide))
    fragment = cards(course=dataclasses.replace(made.course(), table=hidden))
    says = re.findall('aria-label="物流交通([^"]+)"', fragment)[0]
    assert "2021 下半年" not in says and "2021 上半年" in says and "nan" not in fragment


def test_a_theme_of_too_few_has_no_card_and_no_words() -> None:
    few = made.themes(count=4)
    assert figures.cards(few, made.rising()) == '<p class="none">各类问题提到的企业都太少，不列卡片。</p>'
    assert "创新" not in cards()


def test_groups_of_several_tables_stand_together() -> None:
    second = dataclasses.replace(made.by(), table=made.by().table.assign(group_label="建筑业"))
    assert told(cards(by=(made.by(), None, second)))["拖欠账款"]["集中在"] == "大中型、建筑业"


@pytest.mark.browser
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("width", "columns"), [(1280, 3), (390, 1)])
def test_cards_stand_side_by_side_on_the_page_and_below_each_other_on_the_phone(
    browser: Any, width: int, columns: int
) -> None:
    css = Path(figures.__file__).parents[1].joinpath("report/template/page.css").read_text(encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(f'<html lang="zh-CN"><style>{css}</style><body><main>{cards()}</main>')
    lefts = page.evaluate(
        "[...document.querySelectorAll('.card')].map(c => Math.round(c.getBoundingClientRect().left))"
    )
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.close()
    assert len(lefts) == 6 and len(set(lefts)) == columns and over <= 0
