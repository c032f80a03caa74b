"""The register on a page: bars, curve, departments, tables and sentences say the same numbers, and only what may be told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import registers as made
from test_driver_figures import boxes, overlapping
from test_figures import drawings, signs, words

from evalpkg import appeals, figures, params, tables
from evalpkg import words as sentences
from evalpkg.disclosure import Gate, Protected
from evalpkg.estimate import Result
from evalpkg.figures import appeals as drawn
from evalpkg.figures.canvas import BASELINE
from evalpkg.fragment import Fragment
from evalpkg.words import Finding

pytestmark = pytest.mark.filterwarnings("error")
GATE = Gate(10, 30)
STEPS = {"received": "收到", "ended": "办结", "solved": "真正解决", "partly": "部分解决", "open": "还没有办结", "waiting": "逾期未结",
         "late": "逾期（含已办结的）", "reopened": "办结后被退回", "withdrawn": "撤回或不予受理"}  # fmt: skip
COUNTS = {
    "received": 412,
    "ended": 371,
    "solved": 226,
    "partly": 80,
    "open": 41,
    "waiting": 29,
    "late": 60,
    "reopened": 20,
    "withdrawn": 4,
}


def said(finding: Finding) -> str:
    return "".join(finding.clauses)


def through(result: Result | None) -> Protected:
    found = GATE(result)
    assert found is not None
    return found


def overview(n: int = 412, **counts: int) -> Protected:
    """Return an overview with the counts of the design picture, or others."""
    table = pd.DataFrame({"step": list(STEPS), "label": list(STEPS.values())})
    table["count"] = table["step"].map({**COUNTS, "received": n, **counts})
    table = table.assign(n=n, estimate=100 * table["count"] / max(n, 1))
    return through(Result(table, "register", "%", "平台收到的诉求", n, {"day": "2022 年 12 月 31 日"}))


def days(median: float = 13.0, low: float = 11.0, high: float = 15.0, closed_only: float = 11.0) -> Protected:
    row = {"label": "2022 年下半年", "estimate": median, "conf_low": low, "conf_high": high, "q25": 6.0, "q75": 25.0, "mean": 19.0,
           "mean_error": 1.0, "horizon": 90.0, "closed_only": closed_only, "n": 412}  # fmt: skip
    return through(Result(pd.DataFrame([row]), "register_days", "天", "知道收到日和结束日的诉求", 412))


def curve(last: int = 60) -> Protected:
    day = np.arange(1, last + 1, dtype=float)
    share = 100 * np.exp(-day / 19)
    table = pd.DataFrame(
        {
            "day": day,
            "estimate": share,
            "conf_low": 0.9 * share,
            "conf_high": np.minimum(1.1 * share, 100),
            "n": 412,
        }
    )
    return through(Result(table, "register_curve", "%", "诉求", 412))


def departments(**columns: Any) -> Protected:
    """Return five departments: sure above, sure below, not sure, few solved, and the rest."""
    table = pd.DataFrame({"unit": ["D24", "D09", "LL", "D35", "REST"], "label": ["政数局", "自规局", "洛龙（县区各部门）", "燃气公司", "其余 7 个"],
                          "n": [80, 60, 40, 15, 50], "count": [60, 12, 16, 6, 20]})  # fmt: skip
    shares = 100 * table["count"] / table["n"]
    table = table.assign(estimate=shares, std_error=4.0, conf_low=shares - 8, conf_high=shares + 8,
                         family_low=[60.0, 8, 25, np.nan, np.nan], family_high=[88.0, 35, 55, np.nan, np.nan],
                         median=[8.0, 30, 14, np.nan, np.nan], median_low=[6.0, 22, 10, np.nan, np.nan],
                         median_high=[10.0, np.nan, 18, np.nan, np.nan], p=[0.2, 0.001, 1.0, 1.0, np.nan],
                         slower=[False, True, False, False, False], faster=False)  # fmt: skip
    for name, share in (("ended", 0.9), ("late", 0.3), ("reopened", 0.05)):
        table[name], table[f"{name}_count"] = 100 * share, (share * table["n"]).astype(int)
    table = table.assign(**columns)
    extra = {"mean": 45.0, "since": "2020 年下半年"}
    return through(Result(table, "register_departments", "%", "部门承办的诉求", 245, extra))


def loop(**counts: int) -> Protected:
    found = {"raised": 95, "instructed": 80, "adopted": 55, "resolved": 40} | counts
    table = pd.DataFrame(
        {
            "stage": list(found),
            "label": ["提出", "批示", "采纳", "解决"],
            "count": list(found.values()),
            "n": found["raised"],
        }
    )
    table = table.assign(estimate=100.0 * table["count"] / table["n"], median=[np.nan, 12, 60, np.nan])
    part = pd.DataFrame({"group": ["2022H2"], "label": ["2022 年下半年"], "n": [found["raised"]]})
    part = part.assign(**{f"{stage}_count": n for stage, n in found.items() if stage != "raised"})
    for stage in ("instructed", "adopted", "resolved"):
        part[f"{stage}_count"] = found[stage]
        part[stage] = 100 * found[stage] / found["raised"]
    return through(Result(table, "loop", "%", "提出的问题", found["raised"], {"rounds": part}))


FIGURES: dict[str, Callable[[], Fragment]] = {
    "register": lambda: figures.register(overview()),
    "small register": lambda: figures.register(
        overview(40, ended=30, solved=5, partly=5, open=10, waiting=3)
    ),
    "leaders": lambda: figures.summary_register(overview()),
    "curve": lambda: figures.register_curve(curve(), days()),
    "short curve": lambda: figures.register_curve(curve(5), days(2.0)),
    "curve without a median": lambda: figures.register_curve(curve(), days(np.nan, np.nan, np.nan, np.nan)),
    "departments": lambda: figures.register_departments(departments()),
    "loop": lambda: figures.loop(loop()),
    "leaders' loop": lambda: figures.summary_loop(loop()),
}
each_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES.keys())


def bars(svg: ET.Element) -> list[tuple[float, float, float, str]]:
    """Return left, right, middle height and colour of every filled rectangle."""
    found = []
    for path in svg.iter("path"):
        fill = re.search(r"fill:\s*var\(--(\w+)", path.get("style", ""))
        numbers = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"])]
        if fill and fill[1] in ("track", "midI", "ink2") and len(numbers) >= 6:
            x, y = numbers[0::2], numbers[1::2]
            found.append((min(x), max(x), (min(y) + max(y)) / 2, fill[1]))
    return found


# --- figures -----------------------------------------------------------------------------------------------


@each_figure
def test_no_words_overlap_or_leave_the_figure(draw: Callable[[], Fragment]) -> None:
    for svg in drawings(draw()):
        assert overlapping(svg) == []
        width = float(svg.attrib["viewBox"].split()[2])
        assert all(box.left >= -0.5 and box.right <= width + 0.5 for _, box in boxes(svg))


@each_figure
def test_a_figure_says_itself_and_gives_the_same_bytes(draw: Callable[[], Fragment]) -> None:
    assert draw() == draw()
    assert all(len(svg.attrib["aria-label"]) > 10 for svg in drawings(draw()))
    assert "nan" not in draw().replace("tnan", "")


def test_bars_are_as_long_as_their_shares() -> None:
    (svg,) = drawings(figures.summary_register(overview()))
    found = bars(svg)
    tracks = {round(y): (left, right) for left, right, y, colour in found if colour == "track"}
    filled = {
        round(y): (right - left) / (tracks[round(y)][1] - tracks[round(y)][0])
        for left, right, y, colour in found
        if colour != "track"
    }
    assert len(tracks) == 4
    assert list(filled.values()) == pytest.approx([1, 370 / 410, 225 / 410, 30 / 410], abs=0.005)
    assert [colour for *_, colour in found if colour != "track"] == ["midI", "midI", "ink2", "midI"]


def test_the_card_is_that_of_the_design_with_counts_rounded_to_five() -> None:
    (svg,) = drawings(figures.summary_register(overview()))
    told = [text for *_, text in words(svg)]
    assert told == [
        "收到",
        "410 件",
        "办结",
        "370 件",
        "90%",
        "真正解决",
        "225 件",
        "55%",
        "逾期未结",
        "30 件",
        "7%",
    ]


def test_what_is_under_k_has_no_bar_and_no_number() -> None:
    (svg,) = drawings(figures.summary_register(overview(waiting=3)))
    assert [text for *_, text in words(svg)][-2:] == ["逾期未结", "不足 10 件"]
    assert sum(colour != "track" for *_, colour in bars(svg)) == 3


def test_the_curve_stands_where_its_scales_say() -> None:
    svg = drawings(figures.register_curve(curve(), days()))[0]
    numbers = [(x, y, text) for x, y, text in words(svg) if re.fullmatch(r"\d+", text)]
    foot = max(y for _, y, _ in numbers)
    across = np.polyfit(
        [float(t) for _, y, t in numbers if y == foot], [x for x, y, t in numbers if y == foot], 1
    )
    down = np.polyfit(
        [float(t) for _, y, t in numbers if y < foot], [y for x, y, t in numbers if y < foot], 1
    )
    thick = [
        path.attrib["d"]
        for path in svg.iter("path")
        if "stroke-width:2.5" in path.get("style", "").replace(" ", "")
    ]
    assert len(thick) == 1
    points = np.array(re.findall(r"-?\d+(?:\.\d+)?", thick[0]), dtype=float)
    assert len(points) > 100
    x, y = across[0] * 60 + across[1], down[0] * 100 * np.exp(-60 / 19) + down[1]
    # Words stand BASELINE ems of 12 px lower than their middle; the gate rounds shares to 0.1.
    assert points[-2:] == pytest.approx([x, y - BASELINE * 12], abs=0.5)


def test_departments_with_few_solved_are_not_drawn_and_only_sure_ones_are_filled() -> None:
    svg = drawings(figures.register_departments(departments()))[0]
    told = [text for *_, text in words(svg)]
    assert all(name in told for name in ("政数局", "自规局", "洛龙（县区各部门）"))
    assert "燃气公司" not in told
    assert len(signs(svg, filled=False)) == 1
    assert "另有 2 行解决不足 10 件" in figures.register_departments(departments())


def test_only_the_gate_lets_a_result_be_drawn() -> None:
    for draw in (
        figures.register,
        figures.summary_register,
        figures.register_departments,
        figures.loop,
        figures.summary_loop,
    ):
        with pytest.raises(TypeError, match="disclosure gate"):
            draw(Result(pd.DataFrame({"step": []}), "x", "%", "", 0))  # type: ignore[arg-type]


@pytest.mark.parametrize("last", [1, 9, 45, 184, 900])
def test_days_are_numbered_in_steps_that_people_count_in(last: int) -> None:
    axis = drawn._days(last)
    assert axis.high >= last
    assert len(axis.ticks) <= 8
    assert axis.high - last < axis.ticks[1]


def test_an_absent_register_is_said_plainly() -> None:
    none = [
        figures.register(None), figures.summary_register(None),
        figures.loop(None), figures.summary_loop(None), tables.register(None), tables.register_days(None), tables.register_departments(None),
        tables.register_themes(None), tables.register_satisfaction(None), tables.coverage(None), tables.loop(None),
    ]  # fmt: skip
    assert (figures.register_curve(None, None), figures.register_departments(None)) == ("", "")  # said once
    assert said(sentences.register_satisfaction(None)) == "办完是否满意不能判断"
    assert all(part.startswith('<p class="none">') for part in none)
    assert tables.register(None, folded="各项") == ""


# --- sentences: every case ---------------------------------------------------------------------------------


def test_the_headline_of_the_design() -> None:
    finding = sentences.register(overview(), days())
    assert finding.clauses == ("办结 90%，", "真正解决的只有 55%；", "中位办理 13 天")
    assert finding.tag == "登记数据，非抽样"
    assert finding.detail == (
        "收到 410 件，截至 2022 年 12 月 31 日办结 370 件，真正解决 225 件（部分解决、解释说明不算），逾期未结 7.3%，办结后被退回 4.9%。"
        "中位 13 天（95% 区间 11 至 15 天），没有办结的也算在内；只看已办结的会算成 11 天，偏短。"
    )


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (overview(), None, "办结 90%，真正解决的只有 55%"),
        (overview(ended=240), days(), "办结 58%，真正解决的占 55%；中位办理 13 天"),
        (overview(solved=4), days(), "办结 90%，真正解决的不足 10 件；中位办理 13 天"),
        (overview(ended=3, solved=2), days(np.nan), "收到 410 件，办结的不足 10 件"),
        (overview(), days(np.nan, np.nan), "办结 90%，真正解决的只有 55%"),
        (overview(9, ended=9, solved=9), None, "收到的诉求不足 10 件，不单独公布"),
        (overview(0, ended=0, solved=0), None, "收到的诉求不足 10 件，不单独公布"),
        (None, None, "本轮没有诉求平台的台账"),
    ],
)
def test_every_case_of_the_headline(first: Protected | None, second: Protected | None, told: str) -> None:
    assert said(sentences.register(first, second)) == told


def test_an_open_end_and_an_unbiased_median_are_said_so() -> None:
    assert "（95% 区间 11 天以上）" in sentences.register(overview(), days(high=np.nan)).detail
    assert "偏短" not in sentences.register(overview(), days(closed_only=13.2)).detail
    assert "看不出一半的诉求要办多少天" in sentences.register(overview(), days(np.nan)).detail
    assert "逾期未结 <2.4%" in sentences.register(overview(waiting=1), days()).detail


def test_departments_are_named_only_when_sure() -> None:
    finding = sentences.register_departments(departments())
    assert said(finding) == "自规局解决得明显少，政数局解决得明显多，自规局办得明显慢"
    assert finding.tag == "可以认定"
    none = sentences.register_departments(departments(family_low=0.0, family_high=100.0, slower=False))
    assert said(none) == "各部门解决得多少、快慢，都分不出高下"
    assert none.tag == "尚不能认定"
    fast = sentences.register_departments(
        departments(family_low=0.0, family_high=100.0, slower=False, faster=[True, *[False] * 4])
    )
    assert said(fast) == "政数局办得明显快"
    assert said(sentences.register_departments(None)) == "各部门办得怎样不能判断"


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "提出 95 个问题，解决了 42%"),
        ({"resolved": 4}, "提出 95 个问题，解决的不足 10 个"),
        ({"raised": 8, "instructed": 8, "adopted": 4, "resolved": 4}, "提出的问题不足 10 个，不单独公布"),
    ],
)
def test_every_case_of_the_loop(counts: dict[str, int], told: str) -> None:
    assert said(sentences.loop(loop(**counts))) == told


def test_the_loop_tells_its_steps_and_its_time() -> None:
    assert sentences.loop(loop()).detail == (
        "在提出的问题里，批示 84.2%，采纳 57.9%，解决 42.1%。从提出算起，一半在 12 天内得到批示，一半在 60 天内被采纳，不到一半得到解决。"
    )
    assert said(sentences.loop(None)) == "没有问题台账"


def test_the_leaders_answer_tells_of_both_registers() -> None:
    found = sentences.answered(overview(), loop(), days())
    assert said(found) == "办结 90%，真正解决的只有 55%；提出 95 个问题，解决了 42%"
    assert found.detail == sentences.register(overview(), days()).detail + sentences.loop(loop()).detail
    assert sentences.answered(overview(), None) == sentences.register(overview())
    assert sentences.answered(None, loop()) == sentences.loop(loop())
    assert sentences.answered(None, None) == sentences.register(None)


def counted(name: str, rows: list[tuple[str, str, int, int]], **extra: Any) -> Protected:
    table = pd.DataFrame(rows, columns=["step", "label", "count", "n"])
    table = table.assign(estimate=100 * table["count"] / table["n"].clip(lower=1))
    return through(Result(table, name, "%", "正文不少于 20 个字的诉求", 100, extra))


@pytest.mark.parametrize(
    ("count", "n", "told"),
    [
        (30, 200, "90 天内重复反映的占 15.0%"),
        (4, 200, "重复反映的不足 10 件"),
        (4, 8, "能比较的诉求太少，看不出是否重复"),
    ],
)
def test_every_case_of_repetition(count: int, n: int, told: str) -> None:
    rows = [("repeated", "", count, n), ("after_end", "", count, n), ("while_open", "", 0, n)]
    assert said(sentences.register_repeats(counted("register_repeats", rows, looks_back="no"))) == told
    assert said(sentences.register_repeats(None)) == "是否重复反映不能判断"


@pytest.mark.parametrize(
    ("counts", "told"),
    [((100, 70, 35), "没有答不等于满意：答了的人里 50% 满意"), ((100, 70, 5), "答了满意度的太少，不能判断"),
     ((100, 8, 5), "答了满意度的太少，不能判断"), ((5, 5, 5), "回访的太少，满意不满意不能判断")],
)  # fmt: skip
def test_every_case_of_satisfaction(counts: tuple[int, int, int], told: str) -> None:
    asked, answered, happy = counts
    rows = [("asked", "", asked, 175), ("answered", "", answered, asked), ("satisfied", "", happy, answered),
            ("least", "", happy, 175), ("most", "", 175 - answered + happy, 175)]  # fmt: skip
    assert said(sentences.register_satisfaction(counted("register_satisfaction", rows))) == told


def themed(counts: dict[str, int], n: int = 200) -> Protected:
    table = pd.DataFrame(
        {"theme": list(counts), "label": list(counts), "count": list(counts.values()), "n": n}
    )
    table = table.assign(
        estimate=100 * table["count"] / n,
        solved=50.0,
        solved_count=table["count"] // 2,
        solved_n=table["count"],
    )
    return through(Result(table, "register_themes", "%", "平台收到的诉求", n, {"agreement": None}))


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"融资难": 60, "用工难": 40, "停车难": 20, "OTHER": 90}, "最多的是融资难、用工难，其次是停车难"),
        ({"融资难": 60, "用工难": 5}, "最多的是融资难"),
        ({"融资难": 6, "OTHER": 90}, "各类诉求都太少，不单独公布"),
    ],
)
def test_every_case_of_themes(counts: dict[str, int], told: str) -> None:
    finding = sentences.register_themes(themed(counts))
    assert said(finding) == told
    assert len(counts) == 2 or "看不出机器归类与人工是否一致" in finding.detail


def test_coverage_says_that_it_is_no_sample() -> None:
    table = pd.DataFrame(
        {
            "scope": ["all", "firms"],
            "label": ["全部市场主体", "不含个体工商户"],
            "count": 41_927,
            "n": [604_028, 169_150],
        }
    )
    extra = {
        "asof": "2021-10-31",
        "source": "公开报道",
        "enterprises": 41_927.0,
        "province_share": 27.0,
        "bodies": 485.0,
    }
    result = through(
        Result(
            table.assign(estimate=100 * table["count"] / table["n"]),
            "register_coverage",
            "%",
            "在册",
            604_028,
            extra,
        )
    )
    finding = sentences.coverage(result)
    assert said(finding) == "平台企业不是抽样，只占市场主体的 6.9%"
    assert (
        "平台上有企业 41,927 家（2021-10-31，公开报道），占全省平台企业的 27%，接入部门 485 个"
        in finding.detail
    )
    assert "不含个体工商户的 24.8%" in finding.detail
    assert "41,927" in tables.coverage(result)
    assert "平台企业不是抽样" in sentences.coverage(None).detail


# --- tables say what the sentences say ---------------------------------------------------------------------


def cells(fragment: str) -> list[list[str]]:
    """Return the words of every row of a table."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", fragment, re.S)
    return [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in rows
    ]


def test_the_table_of_the_register() -> None:
    found = {row[0]: row[1:] for row in cells(tables.register(overview(waiting=3)))}
    assert found["收到"] == ["410", "100.0"]
    assert found["真正解决"] == ["225", "54.9"]
    assert found["逾期未结"] == ["不足 10", "&lt;2.4%"]


def test_the_table_of_departments_hides_what_rests_on_few() -> None:
    found = {row[0]: row[1:] for row in cells(tables.register_departments(departments()))}
    assert found["政数局"] == ["80", "70", "60", "75.0", "67.0 至 83.0", "25", "8", "6 至 10", "分不出"]
    assert found["自规局"] == ["60", "55", "10", "20.0", "12.0 至 28.0", "20", "30", "22 以上", "明显慢"]
    assert found["燃气公司"][2:5] == ["不足 10", "—", "—"]


def test_the_table_of_days_and_of_the_loop() -> None:
    assert cells(tables.register_days(days()))[-1] == [
        "2022 年下半年",
        "13",
        "11 至 15",
        "6 至 25",
        "19",
        "11",
        "—",
        "410",
    ]
    assert cells(tables.loop(loop(resolved=4)))[-1] == ["2022 年下半年", "95", "80", "55", "不足 10 个"]


# --- the demo's page -----------------------------------------------------------------------------------------


def test_the_demo_s_figures_and_sentences_agree_and_quote_nobody(demo_root: Path) -> None:
    round_ = params.load("2022H2", demo_root)
    register, past = appeals.register(round_), appeals.past(round_)
    gate = Gate(round_.k, round_.min_raters)
    counts, time = gate(appeals.overview(register)), gate(appeals.durations(register, past))
    page = Fragment(
        figures.register(counts) + figures.register_curve(gate(appeals.curve(register)), time)
        + figures.register_departments(gate(appeals.departments(register, past))) + tables.register(counts)
        + tables.register_themes(gate(appeals.themes(register, past))) + sentences.headline(sentences.register(counts, time))
    )  # fmt: skip
    raw = pd.read_csv(round_.raw / "appeals.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert [text for text in [*raw["text"], *raw["reply"], *raw["appeal_id"]] if text and text in page] == []
    assert counts is not None
    assert time is not None
    share = counts.table.set_index("step")["estimate"]
    assert f"办结 {share['ended']:.0f}%" in page
    assert f"中位办理 {time.table['estimate'].iloc[0]:.0f} 天" in page


def test_a_round_without_a_register_still_makes_its_page(tmp_path: Path) -> None:
    round_ = params.load("2022H2", made.workspace(tmp_path))
    gate, register = Gate(10, 30), appeals.register(round_)
    assert (
        said(sentences.register(gate(appeals.overview(register)), gate(appeals.durations(register))))
        == "本轮没有诉求平台的台账"
    )
    assert figures.loop(gate(appeals.loop(appeals.ledger(round_)))).startswith('<p class="none">')
    assert gate(appeals.coverage(round_)) is None
