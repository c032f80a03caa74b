"""Figures on drivers and policies: marks where the scale says, text and sign agree, names do not cover each other."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import driver_results as made
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_figures import THIN, drawings, lines, signs, words

from evalpkg import figures
from evalpkg.disclosure import Protected
from evalpkg.figures import fonts
from evalpkg.figures.forest import differences
from evalpkg.figures.importance import Point
from evalpkg.figures.palette import COLOURS
from evalpkg.figures.placing import Box, place
from evalpkg.fragment import MINUS, Fragment

pytestmark = pytest.mark.filterwarnings("error")

FIGURES: dict[str, Callable[[], Fragment]] = {
    "drivers": lambda: figures.drivers(made.drivers()),
    "map": lambda: figures.importance_performance(made.drivers()),
    "effects": lambda: figures.effects(made.THEMES, title="提到问题的企业", id="themes-effects"),
    "funnel": lambda: figures.funnel(made.funnel()),
}
each_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES.keys())
forms = pytest.mark.parametrize("form", [0, 1], ids=["page", "phone"])


def styled(svg: ET.Element, pattern: str) -> list[str]:
    """Return the path data of lines and areas whose style holds the pattern."""
    return [path.attrib["d"] for path in svg.iter("path") if re.search(pattern, path.get("style", ""))]


def boxes(svg: ET.Element) -> list[tuple[str, Box]]:
    """Return every line of words with the room it takes, as a reader's font would draw it."""
    found = []
    for group in [svg, *svg.iter("g")]:
        for text in group.findall("text"):
            style = text.get("style") or group.get("style") or ""
            size = float(re.search(r"font-size:([\d.]+)", style)[1])  # type: ignore[index]
            wide = fonts.width(text.text or "", size, bold="font-weight:700" in style) / fonts.SLACK
            left = float(text.attrib["x"])
            left -= wide if "text-anchor:end" in style else wide / 2 if "middle" in style else 0
            bottom = float(text.attrib["y"]) + 2
            found.append((text.text or "", Box(left, bottom - size, left + wide, bottom)))
    return found


def overlapping(svg: ET.Element) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes(svg), 2)
        if min(a.right, b.right) - max(a.left, b.left) > 1 and min(a.bottom, b.bottom) - max(a.top, b.top) > 1
    ]


def numbered(svg: ET.Element, *, upright: bool) -> Callable[[float], float]:
    """Read px -> value off the numbers along one side of the map, as a reader would."""
    found = [(x, y - 4.5, float(t)) for x, y, t in words(svg) if re.fullmatch(r"\d+", t)]
    foot = max(y for _, y, _ in found)
    scale = (
        [(y, v) for x, y, v in found if x < 36 and y < foot]
        if upright
        else [(x, v) for x, y, v in found if y == foot]
    )
    slope, at_zero = np.polyfit(*np.array(scale).T, 1)
    return lambda px: slope * px + at_zero


@each_figure
def test_drawings_follow_the_rules_of_the_house(draw: Callable[[], Fragment]) -> None:
    fragment = draw()
    assert fragment == draw()
    svgs = drawings(fragment)
    assert [svg.attrib["width"] for svg in svgs] == ["760", "358"]
    for svg in svgs:
        assert re.search(r"[\u4e00-\u9fff]{2}.*。$", svg.attrib["aria-label"])
        assert "nan" not in svg.attrib["aria-label"]
        assert overlapping(svg) == []
    bare = re.sub(r"var\(--(\w+),(#[0-9a-f]{6})\)", lambda m: "" if COLOURS[m[1]] == m[2] else m[0], fragment)
    assert re.findall(r"#[0-9a-f]{6}", bare) == []
    assert min(float(size) for size in re.findall(r"font-size:([\d.]+)", fragment)) >= 12
    assert "clip-path" not in fragment and "nan" not in fragment


@each_figure
def test_words_stay_inside_their_drawing(draw: Callable[[], Fragment]) -> None:
    for svg in drawings(draw()):
        assert all(
            box.left >= -1 and box.right <= float(svg.attrib["width"]) + 1
            for text, box in boxes(svg)
            if len(text) > 3
        )


# --- drivers ---------------------------------------------------------------------------------------------


def test_places_stand_in_a_column_on_the_page_and_in_words_on_the_phone() -> None:
    page, phone = ([t for _, _, t in words(svg)] for svg in drawings(FIGURES["drivers"]()))
    assert {"名次区间", "排第一的把握", "74%", "短竖线：扣除打分松紧之后的份额"} <= set(page)
    assert page.count("1 至 2") == 2
    assert phone.count("第 1 至 2 名") == 2
    assert not re.search(r"第 ?\d+ ?名", "".join(page + phone))


@forms
def test_the_tick_is_the_share_when_the_level_is_taken_out(form: int) -> None:
    svg = drawings(FIGURES["drivers"]())[form]
    at = [float(x) for d in styled(svg, "stroke-width:1.5") for x in re.findall(r"M(\S+) ", d)]
    zero = float(re.findall(r"M(\S+) ", styled(svg, r"stroke:var\(--mid,")[0])[0])
    marks = [x for x, _ in signs(svg, filled=True)]
    unit = (marks[0] - zero) / made.SHARES[0]
    assert [(x - zero) / unit for x in at] == pytest.approx(made.drivers().table["halo"], abs=0.05)


def test_only_those_that_surely_lead_are_bold() -> None:
    svg = drawings(FIGURES["drivers"]())[0]
    groups = (svg, *svg.iter("g"))
    bold = {
        t.text for g in groups for t in g.findall("text") if "700" in (t.get("style") or g.get("style") or "")
    }
    assert bold & set(made.LABELS) == {"办事效率", "政策落实兑现"}


def test_without_ranks_and_ticks_the_figure_is_the_plain_one() -> None:
    plain = made.drivers()
    table = plain.table.drop(columns=["rank_low", "rank_high", "halo", "score", "zone", "p_fix"])
    fragment = figures.drivers(dataclasses.replace(plain, table=table))
    assert "名次" not in fragment and "短竖线" not in fragment and "nan" not in fragment
    assert "排第一 74%" in fragment
    assert "排第一的把握" not in figures.drivers(
        dataclasses.replace(plain, table=table.drop(columns="p_first"))
    )


# --- the map ---------------------------------------------------------------------------------------------


def fixed(svg: ET.Element) -> set[str]:
    return {t.text or "" for g in (svg, *svg.iter("g")) for t in g.findall("text")
            if "fill:var(--dn," in (t.get("style") or g.get("style") or "")}  # fmt: skip


@forms
def test_signs_stand_where_the_two_scales_say(form: int) -> None:
    svg = drawings(FIGURES["map"]())[form]
    x, y = numbered(svg, upright=False), numbered(svg, upright=True)
    seen = [(round(x(a), 1), round(y(b), 1)) for a, b in signs(svg, filled=False)]
    expected = list(zip(made.SCORES[2:], made.SHARES[2:], strict=True))
    assert np.array(seen) == pytest.approx(np.array(expected), abs=0.25)


@forms
def test_only_what_is_surely_to_fix_is_filled_and_bold_and_carries_its_confidence(form: int) -> None:
    svg = drawings(FIGURES["map"]())[form]
    assert fixed(svg) == {"办事效率 97%", "政策落实兑现 95%", "先改这里：重要而做得差"}
    assert len(styled(svg, r"--dnI.*stroke-width:2")) >= 1
    texts = [t for _, _, t in words(svg)]
    assert {"诉求回应 62%", "公开透明 8%", "主动服务", "服务态度"} <= set(texts)


def test_a_confidence_just_under_the_limit_neither_looks_nor_reads_like_the_limit() -> None:
    close = made.drivers(p_fix=[94.96, 10.0, *[0.0] * 7], zone=["watch", *["later"] * 8])
    svg = drawings(figures.importance_performance(close))[0]
    assert "办事效率 94%" in [t for _, _, t in words(svg)]
    assert fixed(svg) == {"先改这里：重要而做得差"}
    assert (
        "没有哪一项可以认定要先改；尚不能认定的有办事效率（份额 16.4%，得分 66.8，把握 94%）"
        in svg.attrib["aria-label"]
    )


def test_regions_are_ellipses_of_the_given_size_cut_at_zero() -> None:
    whole = Point("a", 70.0, 10.0, 2.0, 3.0, 0.5, fix=False, sure="").outline()
    x, y = (whole - [70, 10]).T / np.array([[2.0], [3.0]])
    assert (x**2 - 2 * 0.5 * x * y + y**2) / (1 - 0.5**2) == pytest.approx(np.ones(len(whole)))
    assert whole[0] == pytest.approx(whole[-1])
    cut = Point("a", 70.0, 1.0, 2.0, 3.0, -0.4, fix=False, sure="").outline()
    assert cut[:, 1].min() == pytest.approx(0.0, abs=1e-9)
    assert cut[[0, -1], 1] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert cut[:, 1].max() == pytest.approx(4.0, abs=0.02)


def test_every_region_lies_on_the_scales() -> None:
    wide = made.drivers(ellipse_sd_x=2.4, ellipse_sd_y=4.0)
    for svg in drawings(figures.importance_performance(wide)):
        x, y = numbered(svg, upright=False), numbered(svg, upright=True)
        path = "".join(styled(svg, r"stroke-width:(2|1\.25)"))
        at = np.array([[float(a), float(b)] for a, b in re.findall(r"[ML](\S+?) ([\d.]+)", path)])
        assert y(at[:, 1].max()) == pytest.approx(0.0, abs=0.3)
        assert y(at[:, 1].min()) == pytest.approx(16.4 + 10, abs=0.5)
        assert x(at[:, 0].max()) == pytest.approx(81.7 + 6, abs=0.2)


@forms
def test_the_washed_zone_ends_at_the_means(form: int) -> None:
    svg = drawings(FIGURES["map"]())[form]
    x, y = numbered(svg, upright=False), numbered(svg, upright=True)
    (wash,) = styled(svg, "fill:var\\(--dnW")
    corners = np.array([float(v) for v in re.findall(r"[\d.]+", wash)]).reshape(-1, 2)
    assert x(corners[:, 0].max()) == pytest.approx(72.6, abs=0.1)
    assert y(corners[:, 1].max()) == pytest.approx(made.SHARES.mean(), abs=0.3)
    assert [t for _, _, t in words(svg) if t.startswith("平均")] == ["平均 72.6", "平均 8.2"]


@pytest.mark.parametrize("missing", ["ellipse_sd_x", "ellipse_r", "p_fix", "zone"])
def test_what_is_not_known_is_left_out_of_the_map(missing: str) -> None:
    result = made.drivers()
    without = dataclasses.replace(result, table=result.table.drop(columns=missing))
    svg = drawings(figures.importance_performance(without))[0]
    assert [t for _, _, t in words(svg) if t.startswith("服务态度")] == ["服务态度"]
    assert (styled(svg, r"stroke-width:(1\.25|2)") == []) == missing.startswith("ellipse")


def test_a_map_without_means_has_no_zones_and_one_without_scores_is_not_drawn() -> None:
    result = made.drivers()
    none = {name: value for name, value in result.extra.items() if not name.startswith("mean")}
    svg = drawings(figures.importance_performance(dataclasses.replace(result, extra=none)))[0]
    assert styled(svg, "dnW") == [] and "先改" not in "".join(t for _, _, t in words(svg))
    plain = dataclasses.replace(result, table=result.table.drop(columns="score"))
    assert figures.importance_performance(plain).startswith('<p class="none">没有各方面的得分')


def test_rows_with_too_few_are_named_below_and_not_drawn() -> None:
    fragment = figures.importance_performance(made.drivers(n=[4, *[990] * 8]))
    assert "办事效率" not in "".join(t for svg in drawings(fragment) for _, _, t in words(svg))
    assert "没有画出（人数太少或没有得分）：办事效率；" in fragment


def test_points_in_one_place_still_have_names_apart() -> None:
    crowd = made.drivers(score=70.0, estimate=8.0, p_fix=20.0, zone="later")
    for svg in drawings(figures.importance_performance(crowd)):
        names = [(t, box) for t, box in boxes(svg) if t.endswith("20%")]
        assert len(names) == 9
        assert all(box.left >= 0 and box.right <= float(svg.attrib["width"]) for _, box in names)


def test_a_name_far_from_its_sign_has_a_line_to_it() -> None:
    signs_at = [(100.0 + 2 * at, 100.0) for at in range(9)]
    found = place(signs_at, [60.0] * 9, Box(0, 0, 300, 200), [], np.empty((0, 2)))
    assert any(p.far for p in found) and not found[0].far


@given(st.lists(st.tuples(st.floats(10, 690), st.floats(10, 390)), min_size=1, max_size=9))
def test_names_never_leave_the_frame(points: list[tuple[float, float]]) -> None:
    frame = Box(0, 0, 700, 400)
    for found in place(points, [80.0] * len(points), frame, [], np.empty((0, 2))):
        assert (
            found.box.left >= 0 and found.box.right <= 700 and found.box.top >= 0 and found.box.bottom <= 400
        )


def test_the_legend_explains_the_region() -> None:
    line = figures.legend("region", "sure", "unsure")
    assert "椭圆：95% 区域" in line and line.count("<svg") == 3


# --- effects ---------------------------------------------------------------------------------------------


def test_the_sign_the_wash_and_the_thin_line_agree() -> None:
    svg = drawings(FIGURES["effects"]())[0]
    at_zero = float(re.findall(r"M(\S+) ", styled(svg, "dasharray:3,2")[0])[0])
    names = {t: y - 5 for x, y, t in words(svg) if t in set(made.THEMES.table["label"])}
    thin = {t: next((a, b) for a, b, h in lines(svg, THIN) if abs(h - y) < 2) for t, y in names.items()
            if t not in ("海关通关", "消防")}  # fmt: skip
    sure = {t for t, (a, b) in thin.items() if not a <= at_zero <= b}
    assert sure == {"拖欠账款", "招工难"}
    assert len(styled(svg, "dnW")) == len(styled(svg, "upW")) == 1
    uses = [u.get("style") or g.get("style") or "" for g in (svg, *svg.iter("g")) for u in g.findall("use")]
    triangles = [style for style in uses if re.match(r"fill:var\(--(up|dn),", style)]
    assert len(triangles) == 4  # at the interval, and before the name
    assert len(signs(svg, filled=False)) == 4


def test_differences_carry_their_sign_and_hidden_rows_no_number() -> None:
    for svg in drawings(FIGURES["effects"]()):
        texts = [t for _, _, t in words(svg)]
        assert {f"{MINUS}6.3", "+1.4"} <= set(texts)
        assert not any("-" in t for t in texts)
        assert not any(t in "".join(texts) for t in ("9.9", "8.8"))
        assert {"20 家，不足 30 家：只列不排", "不足 10 家：不公布"} <= set(texts)
    says = drawings(FIGURES["effects"]())[0].attrib["aria-label"]
    assert (
        says
        == f"提到问题的企业，与零相比：可以认定的有拖欠账款 {MINUS}6.3、招工难 +5.0；其余 2 项尚不能认定。"
    )


def test_fewer_than_sixty_are_broken_also_around_zero() -> None:
    svg = drawings(FIGURES["effects"]())[0]
    assert len(styled(svg, "dasharray:4.8,3.3")) == 1


def test_a_tick_compares_with_another_way_of_computing() -> None:
    result = dataclasses.replace(made.THEMES, table=made.THEMES.table.assign(plain=[1.0] * 4 + [np.nan] * 2))
    svg = drawings(figures.effects(result, title="甲", tick="plain", tick_says="不扣除"))[0]
    assert "短竖线：不扣除" in [t for _, _, t in words(svg)]
    assert len(re.findall("M", "".join(styled(svg, "stroke-width:1.5")))) == 4


def test_no_effect_to_compare_is_said_with_the_reason() -> None:
    empty = dataclasses.replace(
        made.THEMES, table=made.THEMES.table.iloc[:0], extra={"notes": ("人数都太少",)}
    )
    assert figures.effects(empty, title="甲") == '<p class="none">人数都太少。</p>'


@given(st.lists(st.floats(-60, 60), min_size=1))
def test_a_scale_around_zero_holds_zero_and_all_values(values: list[float]) -> None:
    found = differences(values)
    assert found.low <= min(0.0, *values) + 1e-6 and max(0.0, *values) - 1e-6 <= found.high
    assert 0.0 in found.ticks and len(found.ticks) <= 7
    assert not any("-" in label for label in found.labels())


# --- policies --------------------------------------------------------------------------------------------


@forms
def test_four_stages_of_each_policy_stand_on_one_scale(form: int) -> None:
    svg = drawings(FIGURES["funnel"]())[form]
    ends = sorted({x for x, _, t in words(svg) if t == "100%"})
    starts = sorted({x for x, _, t in words(svg) if t == "0"})
    panels = list(zip(starts, ends, strict=True))
    assert len(panels) == 4
    seen = [[] for _ in panels]  # type: list[list[float]]
    for x, _ in signs(svg, filled=True):
        at = next(i for i, (a, b) in enumerate(panels) if a <= x <= b)
        seen[at].append(100 * (x - panels[at][0]) / (panels[at][1] - panels[at][0]))
    expected = [[values[at] for values in made.REACHED.values()] for at in range(4)]
    expected[3].pop()  # under k
    assert seen == [pytest.approx(values, abs=0.05) for values in expected]


def test_the_step_that_loses_most_is_claimed_only_where_it_is_sure() -> None:
    for svg in drawings(FIGURES["funnel"]()):
        texts = [t for _, _, t in words(svg)]
        assert "流失最多：没听说过 17.9%" in texts and "流失最多：没听说过 44.7%" in texts
        assert "流失可能最多：没有申请 62.5%" in texts
        assert "<1.0%" in texts and "0.5%" not in texts


def test_a_funnel_without_losses_or_with_hidden_policies_is_still_drawn() -> None:
    plain = made.funnel()
    alone = dataclasses.replace(plain, extra={})
    assert "最多" not in figures.funnel(alone)
    hidden = dataclasses.replace(
        plain, table=plain.table.assign(shown="hidden", estimate=np.nan, conf_low=np.nan, conf_high=np.nan)
    )
    svg = drawings(figures.funnel(hidden))[0]
    assert signs(svg, filled=True) == [] and [t for _, _, t in words(svg)].count("—") == 12
    assert "“—”：与前后的步相差不足 10 家，不公布" in base(figures.funnel(hidden)) and "“—”" not in base(
        figures.funnel(plain)
    )


def base(figure: Fragment) -> str:
    return figure.split('<p class="base">')[1]


def test_losses_are_said_to_be_of_those_before_the_step() -> None:
    figure = FIGURES["funnel"]()
    assert "流失按走到这一步的企业计" in figure.split("</figcaption>")[0]
    assert "“没听说过”占全部企业，“没有申请”占知道且符合条件的企业" in base(figure)


def test_notes_stand_below_the_figure_and_are_text() -> None:
    funnel = figures.funnel(made.funnel(notes=("只问了知道：<b>稳岗",), left_out=("没有列入甲",)))
    assert "；没有列入甲；只问了知道：&lt;b&gt;稳岗。</p>" in funnel
    notes = dataclasses.replace(
        made.THEMES, extra={**made.THEMES.extra, "notes": ("不足 30 家，不比较：用地难",)}
    )
    effects = figures.effects(notes, title="甲")
    assert base(effects).startswith(
        "分母：回答了该项的企业；有效问卷 1,012 份；已按规模、行业调整；不足 30 家，不比较：用地难。"
    )
    assert "同类企业" not in figures.theme_effects(notes) + figures.policy_effects(notes)
    assert "松紧相同" not in figures.steps(notes)


def test_policies_that_could_not_be_analysed_are_said_with_the_reason() -> None:
    empty = dataclasses.replace(
        made.funnel(), table=made.funnel().table.iloc[:0], extra={"notes": ("两题的名称不一致",)}
    )
    assert figures.funnel(empty) == '<p class="none">两题的名称不一致。</p>'
    assert figures.effects(dataclasses.replace(empty, extra={}), title="甲").startswith(
        '<p class="none">没有足够的企业'
    )


@pytest.mark.parametrize(
    "draw",
    [
        figures.drivers,
        figures.importance_performance,
        figures.funnel,
        lambda r: figures.effects(r, title="相差"),
    ],
)
def test_what_was_not_asked_is_said_and_what_was_not_protected_is_refused(
    draw: Callable[[Protected | None], Fragment],
) -> None:
    assert re.fullmatch(r'<p class="none">本次问卷没有问.+。</p>', draw(None))
    with pytest.raises(TypeError, match="disclosure gate"):
        draw(made.drivers().table)  # type: ignore[arg-type]


def test_labels_are_text_in_every_figure() -> None:
    evil = "<script>alert(1)</script>"
    assert "<script" not in figures.importance_performance(made.drivers(label=evil))
    assert "<script" not in figures.drivers(made.drivers(label=evil))
    result = made.funnel()
    assert "<script" not in figures.funnel(dataclasses.replace(result, table=result.table.assign(label=evil)))
