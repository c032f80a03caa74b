"""What stands in a figure: the numbers, the marks, the words, and nothing that the gate withheld."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sample_pages
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import figures
from evalpkg.disclosure import Protected
from evalpkg.figures import fonts, marks
from evalpkg.figures.forest import axis, places
from evalpkg.figures.palette import COLOURS
from evalpkg.fragment import Fragment

pytestmark = pytest.mark.filterwarnings("error")

ROLES = ["regulator"] * 16 + ["service"] * 14 + ["utility"] * 3 + ["judiciary"] * 2


def protected(labels: list[str], estimate: list[float], half: float = 2.0, **columns: object) -> Protected:
    """Return a result as the gate gives it."""
    middle = np.asarray(estimate, dtype=float)
    table = pd.DataFrame({"label": labels, "estimate": middle, "std_error": half / 2})
    table = table.assign(conf_low=middle - half, conf_high=middle + half, n=1000, count=500)
    table = table.assign(shown="yes", bound=np.nan, support="full").assign(**columns)
    return Protected("result", table, "%", "回答了该题的企业", 1010, {})


def of_departments() -> Protected:
    """Return 35 departments: one with 50 raters, one with 25, one hidden."""
    rng = np.random.default_rng(5)
    labels = [f"某某{chr(0x4E00 + i)}局" for i in range(35)]
    result = protected(labels, list(rng.normal(72, 4, 35).round(1)), role=ROLES, contact=40.0, unhappy=20.0)
    table = result.table
    table.loc[3, ["support", "n"]] = ["few", 50]
    table.loc[4, ["support", "n", "estimate"]] = ["listed", 25, 11.1]
    table.loc[5, ["support", "shown", "n"]] = ["listed", "hidden", 0]
    table.loc[5, ["estimate", "conf_low", "conf_high", "contact", "unhappy"]] = np.nan
    by_role = pd.DataFrame({"role": ["regulator", "service"], "estimate": [71.5, 73.0], "n": 900})
    by_role = by_role.assign(conf_low=70.0, conf_high=74.0, shown="yes", support="full")
    extra = {"mean": pd.DataFrame({"estimate": [72.3], "n": [900]}), "by_role": by_role}
    return dataclasses.replace(result, base="打过交道并打分的企业", extra=extra)


def of_tiers(**columns: object) -> Protected:
    """Return departments with tiers and rank sets: 17 ranked, one listed, one with 50 raters."""
    return sample_pages.protected_departments(**columns)


DIFFICULTIES = protected(["融资难", "用工难", "停车难"], [34.2, 26.1, 3.9])
DRIVERS = protected(["办事效率", "服务态度"], [16.4, 8.9], p_first=[98.0, 0.2])
CHANGE = protected(["变好", "差不多", "变差"], [38.4, 52.3, 9.3])
OVERALL = protected(["总体满意度"], [73.1])
MODES = protected(
    ["网上填报", "当面填"], [72.8, 75.0], adjusted=[72.9, 74.1], adjusted_low=71.0, adjusted_high=76.0
)
DOUBTS = protected(
    ["总体满意度"],
    [73.1],
    key="overall",
    without=73.4,
    without_low=72.0,
    without_high=75.0,
    without_n=955,
)
SIZES = protected(["大型", "个体工商户"], [76.1, 72.0])
COMPOSITION = protected(
    ["大型", "小型", "涧西区"], [1.0, 2.0, 3.0],
    margin=["规模", "规模", "县（区）"], population=[1.0, 99.0, 20.0], sample=[4.0, 96.0, 25.0], weighted=[1.1, 98.9, 20.0],
)  # fmt: skip

FIGURES: dict[str, Callable[[], Fragment]] = {
    "departments": lambda: figures.departments(of_departments()),
    "tiers": lambda: figures.departments(of_tiers(), id="tiers"),
    "modes": lambda: figures.modes(MODES, OVERALL),
    "summary_tiers": lambda: figures.summary_departments(of_tiers(), most=5, id="summary-tiers"),
    "summary_ways": lambda: figures.summary_sample(SIZES, DOUBTS, MODES, id="summary-ways"),
    "environments": lambda: figures.environments(SIZES, no=2),
    "scores": lambda: figures.scores(SIZES, reference=73.1, id="other-scores"),
    "groups": lambda: figures.groups(OVERALL, {"企业规模": SIZES, "县（区）": None, "登记类型": SIZES}),
    "change": lambda: figures.change(CHANGE),
    "difficulties": lambda: figures.difficulties(DIFFICULTIES, ticks=CHANGE),
    "urgent": lambda: figures.urgent(DIFFICULTIES),
    "themes": lambda: figures.themes(DIFFICULTIES),
    "drivers": lambda: figures.drivers(DRIVERS),
    "composition": lambda: figures.composition(COMPOSITION),
    "summary_overall": lambda: figures.summary_overall(OVERALL, SIZES),
    "summary_departments": lambda: figures.summary_departments(of_departments()),
    "summary_urgent": lambda: figures.summary_urgent(DIFFICULTIES),
    "summary_difficulties": lambda: figures.summary_difficulties(DIFFICULTIES),
    "summary_themes": lambda: figures.summary_themes(DIFFICULTIES, top=2),
    "summary_drivers": lambda: figures.summary_drivers(DRIVERS),
    "summary_appeals": lambda: figures.summary_appeals(DIFFICULTIES),
    "summary_sample": lambda: figures.summary_sample(SIZES),
}
each_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES.keys())


def drawings(fragment: str) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", fragment)]


def words(svg: ET.Element) -> list[tuple[float, float, str]]:
    return [(float(t.attrib["x"]), float(t.attrib["y"]), t.text or "") for t in svg.iter("text")]


def signs(svg: ET.Element, filled: bool) -> list[tuple[float, float]]:
    """Return where markers stand, filled or hollow ones."""
    fill = "fill:var(--mid" if filled else "fill:var(--paper"
    groups = [svg, *svg.iter("g")]
    uses = [(g.get("style", ""), use) for g in groups for use in g.findall("use")]
    return [
        (float(use.attrib["x"]), float(use.attrib["y"]))
        for style, use in uses
        if (use.get("style") or style).startswith(fill)
    ]


def lines(svg: ET.Element, style: str) -> list[tuple[float, float, float]]:
    """Return (left, right, y) of horizontal lines whose style holds the pattern."""
    paths = [path.attrib["d"] for path in svg.iter("path") if re.search(style, path.get("style", ""))]
    pieces = [re.findall(r"M(\S+) (\S+?)L(\S+) ([\d.]+)", d) for d in paths]
    return [(float(a), float(c), float(b)) for piece in pieces for a, b, c, _ in piece]


def scale(svg: ET.Element, left: float = 0, right: float = 560) -> Callable[[float], float]:
    """Read px -> value off the scale numbers printed between `left` and `right`, as a reader would."""
    numbers = [
        (x, y, float(re.sub(r"[第 分%]", "", t)))
        for x, y, t in words(svg)
        if left <= x <= right and re.fullmatch(r"第?\d+( 分|%)?", t)
    ]
    row = max({y for _, y, _ in numbers}, key=lambda y: len({v for _, q, v in numbers if q == y}))
    x, value = np.array([(x, v) for x, y, v in numbers if y == row]).T
    slope, at_zero = np.polyfit(x, value, 1)
    return lambda px: slope * px + at_zero


@each_figure
def test_every_drawing_is_an_image_with_a_sentence_and_its_natural_size(draw: Callable[[], Fragment]) -> None:
    fragment = draw()
    svgs = drawings(fragment)
    assert svgs
    for svg in svgs:
        assert svg.attrib["role"] == "img"
        assert re.search(r"[\u4e00-\u9fff]{2}.*。$", svg.attrib["aria-label"])
        assert "nan" not in svg.attrib["aria-label"]
        assert svg.attrib["viewBox"] == f"0 0 {svg.attrib['width']} {svg.attrib['height']}"
        assert svg.attrib["width"] in ("760", "358", "344")
    widths = [svg.attrib["width"] for svg in svgs]
    assert widths.count("760") == widths.count("358")


@each_figure
def test_colours_are_variables_of_the_palette_and_text_is_text(draw: Callable[[], Fragment]) -> None:
    fragment = draw()
    bare = re.sub(r"var\(--(\w+),(#[0-9a-f]{6})\)", lambda m: "" if COLOURS[m[1]] == m[2] else m[0], fragment)
    assert not re.findall(r"(?:fill|stroke):(?!none)[^;\"\d]", bare)
    assert re.findall(r"#[0-9a-f]{6}", bare) == []
    assert min(float(size) for size in re.findall(r"font-size:([\d.]+)", fragment)) >= 12
    assert "<style" not in fragment
    assert "clip-path" not in fragment


@each_figure
def test_the_same_result_gives_the_same_bytes(draw: Callable[[], Fragment]) -> None:
    assert draw() == draw()


def test_another_process_writes_the_same_bytes() -> None:
    code = "import sys; sys.path[:0] = ['tests']; import test_figures as t; print(t.FIGURES['groups'](), t.FIGURES['summary_departments']())"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout == f"{FIGURES['groups']()} {FIGURES['summary_departments']()}\n"


def test_ids_of_a_page_are_unique_and_every_reference_is_met() -> None:
    page = "".join(draw() for draw in FIGURES.values()) + figures.legend("estimate", "few", "sure")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_35_departments_in_both_forms_take_at_most_40_kb() -> None:
    assert len(figures.departments(of_departments()).encode()) <= 40_000
    assert len(figures.departments(of_tiers()).encode()) <= 40_000  # half as many, with tiers and rank sets


def test_drawing_leaves_no_trace_in_matplotlib() -> None:
    from matplotlib import pyplot

    def settings() -> dict[str, object]:  # looking at the backend chooses one
        return {key: value for key, value in matplotlib.rcParams.items() if key != "backend"}

    before, fonts_before = settings(), len(matplotlib.font_manager.fontManager.ttflist)
    figures.drivers(DRIVERS)
    assert settings() == before
    assert pyplot.get_fignums() == []
    assert len(matplotlib.font_manager.fontManager.ttflist) == fonts_before


@pytest.mark.parametrize("form", [0, 1], ids=["page", "phone"])
def test_marks_stand_where_the_printed_scale_says(form: int) -> None:
    svg = drawings(figures.drivers(DRIVERS))[form]
    value = scale(svg)
    assert [value(x) for x, _ in signs(svg, filled=True)] == pytest.approx([16.4, 8.9], abs=0.02)
    intervals = [(value(a), value(b)) for a, b, _ in lines(svg, "stroke-width:3")]
    assert intervals == [pytest.approx((14.4, 18.4), abs=0.02), pytest.approx((6.9, 10.9), abs=0.02)]


def test_the_dashed_line_stands_at_the_mean_and_is_named_once_on_the_page() -> None:
    page = drawings(figures.departments(of_departments()))[:4]
    named = [text for svg in page for _, _, text in words(svg) if "平均" in text]
    assert named == ["33 部门平均 72.3"]
    dashed = [
        p.attrib["d"] for svg in page for p in svg.iter("path") if "dasharray:3,2" in p.get("style", "")
    ]
    at = [float(x) for d in dashed for x in re.findall(r"M(\S+) ", d)]
    assert scale(page[0])(at[0]) == pytest.approx(72.3, abs=0.05)
    assert len(set(at)) == 1


def test_few_raters_are_broken_and_hollow_too_few_are_only_named() -> None:
    fragment = figures.departments(of_departments())
    svg = drawings(fragment)[0]
    dashed = [p for p in svg.iter("path") if "dasharray:4.8,3.3" in p.get("style", "")]
    assert len(dashed) == 1
    assert dashed[0].attrib["d"].count("M") == 1
    assert len(signs(svg, filled=False)) == 1
    assert len(signs(svg, filled=True)) == 13
    notes = [text for _, _, text in words(svg) if "不足" in text]
    assert notes == ["25 家打分，不足 30 家：只列不排", "不足 10 家：不公布"]
    assert "11.1" not in [text for svg in drawings(fragment) for _, _, text in words(svg)]


def test_a_count_that_was_rounded_up_to_the_limit_is_not_printed_against_it() -> None:
    result = protected(
        ["海关", "税务局"], [70.0, 71.0], role="regulator", support=["listed", "full"], n=[30, 900]
    )
    assert "不足 30 家打分：只列不排" in figures.departments(result)


THIN = r"^fill:none;stroke:var\(--(mid|up|dn)I,#\w+\)$"
RANKED = [name for group in sample_pages.DEPARTMENTS.values() for name, *_, tier in group if tier]


@cache
def tiered_page() -> list[ET.Element]:
    return drawings(figures.departments(of_tiers()))


def at_height(svg: ET.Element, style: str, y: float) -> tuple[float, float]:
    """Return the ends of the line at the height of a name; its words stand 5 px lower than the middle."""
    (found,) = [(a, b) for a, b, height in lines(svg, style) if abs(height - (y - 5)) < 2]
    return found


@pytest.mark.parametrize("name", RANKED)
def test_the_thin_line_decides_and_the_thick_one_lies_inside_it(name: str) -> None:
    result = of_tiers()
    row = result.table.set_index("label").loc[name]
    svg = next(s for s in tiered_page() if name in [t for _, _, t in words(s)])
    value, y = scale(svg), next(y for _, y, t in words(svg) if t == name)
    thin, thick = ([value(x) for x in at_height(svg, style, y)] for style in (THIN, "stroke-width:3"))
    assert thick == pytest.approx([row["conf_low"], row["conf_high"]], abs=0.1)
    assert thin == pytest.approx([row["family_low"], row["family_high"]], abs=0.1)
    assert (thin[0] <= 72.7 <= thin[1]) == (row["tier"] == "same")


@pytest.mark.parametrize("name", RANKED)
def test_a_rank_set_is_a_bar_over_its_places_and_has_no_point(name: str) -> None:
    result = of_tiers()
    row = result.table.set_index("label").loc[name]
    svg = next(s for s in tiered_page() if name in [t for _, _, t in words(s)])
    place, y = scale(svg, 560, 760), next(y for _, y, t in words(svg) if t == name)
    bar = [place(x) for x in at_height(svg, "stroke-width:7", y)]
    assert bar == pytest.approx([row["rank_low"] - 0.5, row["rank_high"] + 0.5], abs=0.05)
    assert [use for use in svg.iter("use") if float(use.attrib["x"]) > 540] == []


def test_sure_rows_are_washed_bold_and_coloured_and_no_other() -> None:
    svgs = tiered_page()[:4]
    washes = "".join(
        p.attrib["d"]
        for svg in svgs
        for p in svg.iter("path")
        if re.search(r"--(up|dn)W", p.get("style", ""))
    )
    assert washes.count("z") == 8
    groups = [g for svg in svgs for g in (svg, *svg.iter("g"))]
    bold = {t.text for g in groups for t in g.findall("text")
            if re.search(r"fill:var\(--(up|dn),.*font-weight:700", t.get("style") or g.get("style") or "")}  # fmt: skip
    assert bold == {"税务局", "市场监管局", "政数局", "供电公司", "城管局", "住建局", "供气企业", "法院"}


def test_groups_are_sorted_by_score_with_the_listed_last_and_without_numbers_of_order() -> None:
    svg = tiered_page()[0]
    names = [t for x, _, t in words(svg) if x == 28]
    assert names == [
        "税务局", "市场监管局", "公安局", "林业局", "银保监分局", "生态环境局", "住建局", "城管局", "海关",
    ]  # fmt: skip
    assert "25 家打分，不足 30 家：只列不排" in [t for _, _, t in words(svg)]


def test_a_broken_line_may_be_sure() -> None:
    svg = drawings(figures.departments(of_tiers(n=50)))[0]
    broken = [p for p in svg.iter("path") if "dasharray:4.8,3.3" in p.get("style", "")]
    assert {re.search(r"--(\w+)", p.get("style", ""))[1] for p in broken} == {"upI", "dnI", "midI"}  # type: ignore[index]


def test_a_phone_says_the_rank_set_in_words_and_never_a_bare_place() -> None:
    page = figures.departments(of_tiers())
    texts = [t for svg in drawings(page)[4:] for _, _, t in words(svg)]
    assert "第 14 至 17 名" in texts
    assert len([t for t in texts if t.startswith("第 ")]) == 17
    assert not re.search(r"第 ?\d+ ?名", page)


def test_the_scale_of_places_numbers_first_and_last() -> None:
    assert [(p.low, p.high, p.labels()) for p in map(places, (2, 12, 34, 200))] == [
        (0.5, 2.5, ["第1", "2"]),
        (0.5, 12.5, ["第1", "5", "12"]),
        (0.5, 34.5, ["第1", "10", "20", "34"]),
        (0.5, 200.5, ["第1", "20", "40", "60", "80", "100", "120", "140", "160", "200"]),
    ]


def test_without_ranks_departments_keep_their_order_and_claim_nothing() -> None:
    page = figures.departments(of_tiers(tier="", rank_low=math.nan, rank_high=math.nan, family_low=math.nan))
    svg = drawings(page)[0]
    assert [t for x, _, t in words(svg) if x == 8 and t.endswith("局")][:3] == ["公安局", "税务局", "林业局"]
    assert "名次" not in "".join(t for _, _, t in words(svg))
    assert lines(svg, "stroke-width:7") == lines(svg, THIN) == []
    assert "W," not in page.replace("midW", "")


def test_the_legend_of_departments_names_the_signs_that_stand_in_the_figure() -> None:
    assert figures.signs_of(of_tiers()) == (
        "estimate", "family", "sure", "unsure", "ranks", "few", "listed", "reference",
    )  # fmt: skip
    assert figures.signs_of(DIFFICULTIES) == ("estimate", "reference")
    assert figures.legend(*figures.signs_of(None)) == ""
    assert figures.legend("ranks", "family").count("<svg") == 2


def test_departments_stay_in_the_given_order_under_their_role() -> None:
    names = ["丙局", "甲局", "乙院", "丁局"]
    roles = ["service", "regulator", "judiciary", "regulator"]
    page = drawings(figures.departments(protected(names, [60.0, 70.0, 80.0, 90.0], role=roles)))[:3]
    found = [[t for _, _, t in words(svg) if t in names] for svg in page]
    assert found == [["甲局", "丁局"], ["丙局"], ["乙院"]]
    heads = [t for svg in page for _, _, t in words(svg) if t.endswith("个")]
    assert heads == ["监管执法\u30002 个", "服务保障\u30001 个", "司法机关\u30001 个"]


def test_a_share_under_k_prints_its_bound_and_has_no_mark() -> None:
    result = protected(["融资难", "停车难"], [34.2, math.nan], shown=["yes", "below"], bound=[math.nan, 1.2])
    for svg in drawings(figures.difficulties(result)):
        assert "<1.2%" in [text for _, _, text in words(svg)]
        assert len(signs(svg, filled=True)) == len(lines(svg, "stroke-width:3")) == 1


def test_ticks_of_a_second_result_are_matched_by_label() -> None:
    urgent = protected(["停车难", "融资难"], [1.0, 30.0])
    svg = drawings(figures.difficulties(DIFFICULTIES, ticks=urgent))[0]
    d = next(p.attrib["d"] for p in svg.iter("path") if "stroke-width:1.5" in p.get("style", ""))
    value = scale(svg)
    assert [value(float(x)) for x in re.findall(r"M(\S+) ", d)] == pytest.approx([30.0, 1.0], abs=0.05)


def test_the_stacked_bar_prints_every_share_and_runs_from_worst_to_best() -> None:
    svg = drawings(figures.change(CHANGE))[0]
    shares = sorted((x, t) for x, _, t in words(svg) if t.endswith("%"))
    assert [t for _, t in shares] == ["9.3%", "52.3%", "38.4%"]
    colours = [re.search(r"--(\w+)", p.get("style", ""))[1] for p in svg.iter("path")]  # type: ignore[index]
    assert colours == ["dn", "track", "up"]


def test_a_stacked_bar_with_a_part_withheld_becomes_a_list() -> None:
    part = protected(
        ["变好", "差不多", "变差"], [38.4, 61.0, math.nan], shown=["yes", "yes", "below"], bound=1.0
    )
    svg = drawings(figures.change(part))[0]
    assert len(signs(svg, filled=True)) == 2
    assert "<1.0%" in [t for _, _, t in words(svg)]


def test_composition_draws_population_sample_and_weighted_on_one_scale() -> None:
    svg = drawings(figures.composition(COMPOSITION))[0]
    value = scale(svg)
    assert [value(b) for _, b, _ in lines(svg, "stroke-width:10")] == pytest.approx([1.0, 99.0], abs=0.1)
    assert [value(x) for x, _ in signs(svg, filled=True)] == pytest.approx([1.1, 98.9], abs=0.1)


def test_an_interval_that_would_press_the_others_together_is_cut_with_an_arrow() -> None:
    wide = SIZES.table.assign(conf_low=[-17.0, 70.0], conf_high=[180.0, 74.0])
    twice = pd.concat([wide, wide.tail(1), wide.tail(1)], ignore_index=True)
    svg = drawings(figures.scores(dataclasses.replace(SIZES, table=twice), id="cut"))[0]
    value = scale(svg)
    drawn = [(value(a), value(b)) for a, b, _ in lines(svg, "stroke-width:3")]
    assert drawn[1] == pytest.approx((70.0, 74.0), abs=0.05)
    assert drawn[0][0] > 50
    arrows = [u for g in svg.iter("g") if "fill:var(--midI" in g.get("style", "") for u in g.findall("use")]
    single = [u for u in svg.iter("use") if "fill:var(--midI" in u.get("style", "")]
    assert len(arrows) + len(single) == 2
    assert all(0 <= x <= 760 for a, b, _ in lines(svg, "stroke-width:3") for x in (a, b))


def test_the_summary_shows_only_the_first() -> None:
    texts = [t for svg in drawings(figures.summary_themes(DIFFICULTIES, top=2)) for _, _, t in words(svg)]
    assert "用工难" in texts
    assert "停车难" not in texts


def test_the_summary_shows_the_sure_departments_and_says_how_many_it_leaves_out() -> None:
    fragment = figures.summary_departments(of_tiers())
    texts = [t for svg in drawings(fragment) for _, _, t in words(svg)]
    assert [t for t in texts if t.endswith(("局", "司", "业", "院"))] == [
        "税务局", "供电公司", "法院", "住建局", "城管局",
    ]  # fmt: skip
    assert "另有 3 个" in texts


def test_the_summary_without_a_sure_department_shows_the_roles() -> None:
    texts = [
        t for svg in drawings(figures.summary_departments(of_tiers(tier="same"))) for _, _, t in words(svg)
    ]
    assert "监管执法" in texts and "税务局" not in texts


def test_the_summary_of_the_sample_shows_every_way_of_computing() -> None:
    texts = [t for svg in drawings(FIGURES["summary_ways"]()) for _, _, t in words(svg)]
    assert [t for t in texts if not re.fullmatch(r"[\d.]+", t)][:4] == [
        "公布值：大型", "个体工商户", "不含存疑的 45 份", "若都按网上填报",
    ]  # fmt: skip


def test_modes_carry_the_adjusted_score_as_a_tick_and_a_number() -> None:
    svg = drawings(figures.modes(MODES, OVERALL))[0]
    d = next(p.attrib["d"] for p in svg.iter("path") if "stroke-width:1.5" in p.get("style", ""))
    assert [scale(svg)(float(x)) for x in re.findall(r"M(\S+) ", d)] == pytest.approx([72.9, 74.1], abs=0.05)
    assert {"72.9", "74.1", "调整后"} <= {t for _, _, t in words(svg)}


def test_the_summary_of_departments_names_the_roles() -> None:
    texts = [t for svg in drawings(figures.summary_departments(of_departments())) for _, _, t in words(svg)]
    assert texts.count("监管执法") == texts.count("各部门平均 72.3") == texts.count("71.5") == 1


def test_the_legend_explains_what_it_is_asked_to_and_nothing_else() -> None:
    line = figures.legend("estimate", "tick", tick="不加权 <")
    assert re.findall(r"</svg>([^<]+)</span>", line) == ["估计值与 95% 区间", "短竖线：不加权 &lt;"]
    with pytest.raises(KeyError):
        figures.legend("pie")


NOT_ASKED = [
    figures.departments, figures.environments, figures.drivers, figures.change, figures.difficulties,
    figures.urgent, figures.themes, figures.composition, figures.summary_overall, figures.summary_departments,
    figures.summary_urgent, figures.summary_drivers, figures.summary_themes, figures.summary_sample,
    figures.summary_appeals,
]  # fmt: skip


@pytest.mark.parametrize("draw", NOT_ASKED, ids=lambda draw: draw.__name__)
def test_what_was_not_asked_is_said_and_what_was_not_protected_is_refused(
    draw: Callable[..., Fragment],
) -> None:
    assert re.fullmatch(r'<p class="none">(本次问卷没有问|本轮没有|没有可以归类的意见).+。</p>', draw(None))
    with pytest.raises(TypeError, match="disclosure gate"):
        draw(DIFFICULTIES.table)


@pytest.mark.parametrize(
    "label",
    ["<script>alert(1)</script>", '"a\' & b"', "$x$ 100%", "𠮷野家 🙂", "税\x00务\u202e局", "很长" * 40],
)
def test_any_label_is_drawn_as_text(label: str) -> None:
    fragment = figures.difficulties(protected([label, "用工难"], [20.0, 10.0]))
    assert "<script" not in fragment
    texts = [text for svg in drawings(fragment)[:1] for _, _, text in words(svg)]
    shown = re.sub("[\x00\u202e]", "", label)
    assert shown in texts or any(text.startswith(shown[:10]) for text in texts)


# --- the parts ---------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 100), min_size=1), st.booleans(), st.floats(0, 40))
def test_a_scale_holds_its_values_in_even_round_steps(values: list[float], zero: bool, span: float) -> None:
    found = axis(values, zero=zero, span=span)
    assert 0 <= found.low <= min(values) + 1e-6
    assert max(values) - 1e-6 <= found.high <= 100
    assert found.high - found.low >= span - 1e-6
    steps = np.diff(found.ticks)
    assert len(steps) >= 1
    assert steps == pytest.approx(np.full(len(steps), steps[0]))
    assert len(found.ticks) <= 6
    assert not zero or found.low == 0


def test_a_scale_of_nothing_is_the_whole_scale() -> None:
    assert (axis([]).low, axis([math.nan]).high) == (0.0, 100.0)


@given(st.text("税务局法院ABC123，。、（）", min_size=1, max_size=60), st.floats(60, 250))
def test_words_fit_their_room(text: str, room: float) -> None:
    size, pieces = fonts.fit(text, 14, room)
    assert all(fonts.width(piece, size) <= room for piece in pieces)
    assert len(pieces) <= 2
    joined = "".join(pieces)
    assert joined == text or (joined.endswith("…") and text.startswith(joined[:-1]))


def test_widths_leave_six_per_cent_of_slack() -> None:
    assert fonts.width("税务局", 14) == pytest.approx(3 * 14 * 1.06)
    assert fonts.width("1", 100, bold=True) > fonts.width("1", 100)
    assert fonts.covered("瀍河𠮷") == "瀍河国"


def test_the_marks_follow_the_grammar() -> None:
    seen = {name: (m.marker, m.fill, m.interval, m.broken) for name, m in marks.MARKS.items()}
    assert seen == {
        "estimate": ("o", "mid", "midI", False),
        "few": ("o", "paper", "midI", True),
        "unsure": ("o", "paper", "midI", False),
        "higher": ("^", "up", "upI", False),
        "lower": ("v", "dn", "dnI", False),
        "more": ("^", "dn", "dnI", False),
        "fewer": ("v", "up", "upI", False),
        "few-higher": ("^", "up", "upI", True),
        "few-lower": ("v", "dn", "dnI", True),
        "few-more": ("^", "dn", "dnI", True),
        "few-fewer": ("v", "up", "upI", True),
    }
    # What is seen of a filled mark is its size less the half of its paper edge that lies inside, on both sides.
    assert {name: m.size - (m.line if m.edge == "paper" else 0) for name, m in marks.MARKS.items()} == {
        "estimate": 9.0, "few": 9.5, "unsure": 9.5,
        **dict.fromkeys([f"{few}{state}" for few in ("", "few-") for state in marks.SURE], 10.0),
    }  # fmt: skip
    assert (marks.THICK, marks.THIN, marks.PLACES) == (3.0, 1.0, 7.0)


# --- in the browser ----------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.filterwarnings("default")
def test_words_neither_leave_their_figure_nor_run_into_each_other(browser: object) -> None:
    long = [
        "账款被拖欠、货款工程款难收",
        "政策不知道、拿不到、兑现慢",
        "创新与数字化缺少资金和人才支持且缺少场景",
    ]
    more = [
        figures.difficulties(protected(long, [34.2, 26.1, 3.9]), ticks=protected(long, [10.0, 29.0, 4.0])),
        figures.summary_difficulties(protected(long, [34.2, 26.1, 3.9]), id="long"),
    ]
    page = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    page.set_content(f'<html lang="zh-CN"><body>{"".join([*(draw() for draw in FIGURES.values()), *more])}')
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('svg')].map(svg => [svg.viewBox.baseVal.width,
          svg.viewBox.baseVal.height, [...svg.querySelectorAll('text')].map(t => {
            const b = t.getBBox(); return [t.textContent, b.x, b.y + 3, b.x + b.width, b.y + b.height - 5]})])"""
    )
    page.close()
    assert len(boxes) > 30
    for width, height, texts in boxes:
        for text, left, top, right, bottom in texts:
            assert left >= -0.5 and right <= width + 0.5 and top >= -0.5 and bottom <= height + 0.5, text
        for (one, l1, t1, r1, b1), (two, l2, t2, r2, b2) in combinations(texts, 2):
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, (one, two)
