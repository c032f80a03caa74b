"""Figures and tables of changes: what is drawn, how it is judged, what is broken, what is said aloud."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from small_rounds import ITEMS, answers, past, wave
from test_trends import rated, two

from evalpkg import figures, tables, trends
from evalpkg.disclosure import Gate, Protected
from evalpkg.figures import frame
from evalpkg.figures.multiples import _heights, _panel, _runs
from evalpkg.figures.trends import trend_departments

GATE = Gate(k=10, min_raters=30)


def gated(result: object) -> Protected:
    found = GATE(result)  # type: ignore[arg-type]
    assert found is not None
    return found


def rounds(**more: float) -> trends.History:
    """Return three rounds, of which the last has moved as stated."""
    return past(wave("2022H2", answers(1, **more)), wave("2021H1", answers(2)), wave("2022H1", answers(3)))


@pytest.fixture(scope="module")
def risen() -> tuple[Protected, Protected]:
    found = rounds(shift=1.5, D1=-0.9)
    return gated(trends.course(found)), gated(trends.changes(found))


def texts(html: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", html)


def test_a_panel_an_item_with_its_change(risen: tuple[Protected, Protected]) -> None:
    html = figures.multiples(*risen)
    change = risen[1].table.set_index("item")["estimate"]
    assert "总体满意度" in texts(html) and "服务方面" in texts(html)
    assert f"+{change['F1']:.1f}" in texts(html)
    assert f"−{abs(change['D1']):.1f}" in texts(html)
    assert html.count("<figure") == 1 and html.count('class="w358"') == 1


def test_what_is_read_aloud_says_what_is_sure(risen: tuple[Protected, Protected]) -> None:
    said = re.findall(r'aria-label="([^"]*)"', figures.multiples(*risen))
    assert any("总体满意度" in one and "升可以认定" in one for one in said)
    assert any("方面1" in one and "降可以认定" in one for one in said)
    assert any("方面2" in one and "尚不能认定" in one for one in said)


def test_all_panels_have_one_span_and_a_missing_round_leaves_a_gap(
    risen: tuple[Protected, Protected],
) -> None:
    rows = [row for row in frame.records(risen[0]) if row["item"] == "F1"]
    panel = _panel(rows, None)
    assert panel.place.tolist() == [4042.0, 4044.0, 4045.0]  # 2021H2 is missing
    assert [run.tolist() for run in _runs(panel)] == [[0], [1, 2]]
    low, high = _heights(panel, np.array([panel.ends.min(), panel.ends.max()]), 0.0, 62.0, 12.0)
    assert low - high == pytest.approx((panel.ends.max() - panel.ends.min()) / 12 * 54)


def test_before_a_reworded_item_nothing_is_drawn() -> None:
    old = [replace(i, title="旧") if i.code == "D1" else i for i in ITEMS]
    found = past(
        wave("2022H2", answers(1)), wave("2021H2", answers(2), items=old), wave("2022H1", answers(3))
    )
    course = gated(trends.course(found))
    rows = [row for row in frame.records(course) if row["item"] == "D1"]
    panel = _panel(rows, None)
    assert np.isnan(panel.level[0]) and np.isfinite(panel.level[1:]).all()
    assert panel.cut == 4043.5 and panel.why == "题目改过"
    assert "题目改过" in texts(figures.multiples(course))


def test_what_nobody_asked_has_no_figure() -> None:
    none = '<p class="none">本轮没有可以画出走势的题目。</p>'
    assert figures.multiples(None) == none and figures.summary_trend(None) == none
    for draw in (figures.trend_departments, figures.trend_parts):
        assert draw(None).startswith('<p class="none">')  # type: ignore[operator]
    assert figures.trend_shares(None, None).startswith('<p class="none">')
    assert figures.multiple_signs(None) == () and figures.trend_signs(None) == ()


def test_a_single_round_is_drawn_without_a_change() -> None:
    course = gated(trends.course(past(wave("2022H2", answers(1)))))
    html = figures.multiples(course)
    assert "总体满意度" in texts(html) and not any(one.startswith(("+", "−")) for one in texts(html))
    assert "2022下" in texts(figures.summary_trend(course))


def test_the_leaders_line_names_every_round(risen: tuple[Protected, Protected]) -> None:
    html = figures.summary_trend(*risen)
    assert {"2021上", "2022上", "2022下"} <= set(texts(html))
    assert 'class="f344"' in html


def test_sure_departments_come_first_and_the_others_by_role() -> None:
    found = gated(trends.departments(two(rated(1, A=-0.8), rated(2))))
    html = figures.trend_departments(found)
    heads = [one for one in texts(html) if "可以认定的变化" in one or "尚不能认定：" in one]
    assert heads[0] == "可以认定的变化\u30001 个" and heads[1] == "尚不能认定：服务保障\u30002 个"
    assert "var(--dnW" in html and "上期：2022 上半年" in html
    assert {"family", "sure", "unsure", "tick"} <= set(figures.trend_signs(found))
    with pytest.raises(TypeError, match="disclosure gate"):
        trend_departments(trends.departments(two(rated(1), rated(2))))  # type: ignore[arg-type]


def test_a_department_that_is_only_listed_says_why() -> None:
    new, old = rated(7), rated(8)
    old["C"] = np.where(np.arange(500) < 20, old["C"], np.nan)
    found = gated(trends.departments(two(new, old)))
    assert "有一轮打分不足 30 家" in texts(figures.trend_departments(found))
    assert "有一轮打分不足 30 家" in tables.trend_departments(found)
    assert "listed" in figures.trend_signs(found)


def test_where_a_change_comes_from(risen: tuple[Protected, Protected]) -> None:
    row = risen[1].table.set_index("item").loc["F1"]
    html = figures.trend_parts(risen[1])
    assert {"评价本身", "样本构成", "合计", f"+{row['estimate']:.1f}", f"+{row['total']:.1f}"} <= set(
        texts(html)
    )


def test_more_of_a_difficulty_is_worse(risen: tuple[Protected, Protected]) -> None:
    course, changes = risen
    table = changes.table.copy()
    table.loc[table["item"] == "G1.FIN", "direction"] = "rising"
    html = figures.trend_shares(replace(changes, table=table), course)
    assert "var(--dnW" in html and "融资难" in texts(html)
    assert "▲" in (listed := tables.trends(replace(changes, table=table))) and "不足" not in texts(html)
    assert re.search(r'class="gt_right dn"[^>]*>▲', listed)


def test_tables_print_changes_limits_and_reasons(risen: tuple[Protected, Protected]) -> None:
    html = tables.trends(risen[1])
    row = risen[1].table.set_index("item").loc["F1"]
    assert (
        f"▲+{row['estimate']:.1f}" in html and f"{row['family_low']:.1f} 至 {row['family_high']:.1f}" in html
    )
    assert "有一轮不足 10 家" in html and "2022 上半年" in html and "Holm" in html
    assert tables.trends(None, folded="各项变化").startswith("<details><summary>各项变化")


def test_districts_benchmarks_and_series_have_tables() -> None:
    assert "没有一轮的县（区）可以比较" in tables.trend_districts(None)
    assert "benchmarks.csv" in tables.benchmarks(None)
    assert "各轮问卷没有登记过改动" in tables.comparability(None)
    old = [replace(i, title="旧") if i.code == "D1" else i for i in ITEMS]
    series = gated(trends.series(past(wave("2022H2", answers(1)), wave("2022H1", answers(2), items=old))))
    assert "题目改过" in tables.comparability(series) and "2022H2" in tables.comparability(series)
