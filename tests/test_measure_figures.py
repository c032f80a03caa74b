"""What pages show of measures: ledger, differences, courses, the sentence for leaders; all from one protected table."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalpkg import figures, report, tables, words
from evalpkg.disclosure import Gate, Protected
from evalpkg.estimate import Result
from evalpkg.fragment import records
from evalpkg.measures import reading
from evalpkg.measures.judged import NUMBERS
from evalpkg.params import ParamsError
from evalpkg.words.finding import LONGEST_CLAUSE, PARTLY, SURE, UNSURE

GATE = Gate(10, 30)


def row(number: int, verdict: str, **more: Any) -> dict[str, Any]:
    """Return one measure of the table that `measures.judged` gives."""
    judged = verdict in ("A", "B")
    sure = verdict == "A"
    told = {
        "before": 78.7, "after": 84.3, "estimate": 4.17 if sure else 0.6, "std_error": 1.2, "conf_low": 1.51 if sure else -2.0,
        "conf_high": 6.82, "family_low": 1.1 if sure else -2.5, "family_high": 7.2, "p": 0.3, "p_family": 0.6,
        "p_permutation": 3.2, "df": 29, "controls": 30, "control_change": 1.5, "n": 700,
    }  # fmt: skip
    usual = {
        "measure": f"ME-{number:03d}", "label": f"措施{number}", "department": f"D{number:02d}", "department_label": f"局{number}",
        "effective": "2022-01-01", "ended": "", "source": "2021H1", "target": f"C_D{number:02d}",
        "target_label": f"局{number}得分", "main": True, "kind": "department", "unit": "分", "judge": "2022H1",
        "baseline": "2020H2;2021H2", "untreated": "", "together": "", "coverage": "",
        "reason": {"C": "baseline", "": "pending"}.get(verdict, ""), **dict.fromkeys(NUMBERS, np.nan), "n": 0,
        "verdict": verdict, "direction": "better" if sure else "",
    }  # fmt: skip
    return usual | (told if judged else {}) | more


def passed(*rows: dict[str, Any], **extra: Any) -> Protected:
    result = GATE(Result(pd.DataFrame(list(rows)), "measures", "分", "打过交道并打分的企业", 1000, extra))
    assert result is not None
    return result


def text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


EIGHT = passed(
    *(row(n, "C", naive=2.8, regression=1.9, source_score=76.4, n=300) for n in range(1, 5)),
    row(5, "A"), row(6, "B"), row(7, "B"), row(8, ""),
)  # fmt: skip


def test_the_headline_counts_what_the_table_shows() -> None:
    found = words.measures(EIGHT)
    said = "".join(found.clauses)
    assert said == "八项措施：一项见效，两项尚不能区分，四项还不能判断，一项待评估"
    assert found.tag == PARTLY
    cells = text(tables.measures(EIGHT))
    counted = {
        name: len(rows) for name, rows in reading.by_outcome(records(EIGHT.table, EIGHT.extra)).items()
    }
    assert counted == {"见效": 1, "尚不能区分": 2, "不能判断": 4, "待评估": 1}
    assert cells.count("不能判断") == 4
    assert (
        "局5“措施5”：得分 78.7 → 84.3，比没有措施的 30 个部门多升 4.2 分（95% 区间 1.5 至 6.8）。"
        in found.detail
    )
    assert all(len(clause) <= LONGEST_CLAUSE for clause in found.clauses)


@pytest.mark.parametrize(
    ("rows", "said", "tag"),
    [
        ([row(1, "A")], "一项措施：一项见效", SURE),
        (
            [row(1, "A", direction="worse", estimate=-4.2, conf_low=-6.8, conf_high=-1.5)],
            "一项措施：一项不如别的部门",
            SURE,
        ),
        ([row(1, "B")], "一项措施：一项尚不能区分", UNSURE),
        ([row(1, "C")], "一项措施：一项还不能判断", ""),
        ([row(1, "")], "一项措施：一项待评估", ""),
        ([row(n, "B") for n in range(1, 13)], "12 项措施：12 项尚不能区分", UNSURE),
    ],
)
def test_the_headline_says_how_sure(rows: list[dict[str, Any]], said: str, tag: str) -> None:
    found = words.measures(passed(*rows))
    assert ("".join(found.clauses), found.tag) == (said, tag)


def test_a_department_that_surely_got_worse_is_not_called_effective() -> None:
    worse = passed(
        row(
            1,
            "A",
            direction="worse",
            estimate=-4.2,
            conf_low=-6.8,
            conf_high=-1.5,
            family_low=-7,
            family_high=-1,
        )
    )
    found = words.measures(worse)
    assert "少升 4.2 分（差的 95% 区间 −6.8 至 −1.5）" in found.detail
    assert "见效" not in "".join(found.clauses) + text(tables.measures(worse))
    assert "不如别的部门" in text(tables.measures(worse)) and "不如别的部门" in figures.measures(worse)


def test_what_chance_alone_gives_is_said_of_refused_measures_only() -> None:
    said = text(words.measure_reasons(EIGHT))
    assert said.startswith("四项不能判断：基期不足两轮")
    assert (
        "局1从 2021 年上半年的 76.4 分起，比没有措施的部门多升 2.8 分，而什么都不做，低分自己也会回升约 1.9 分"
        in said
    )
    assert "局5" not in said
    assert words.measure_reasons(passed(row(1, "A"))) == ""


def test_every_reason_has_its_words() -> None:
    from evalpkg.words.measures import EXPLAINED

    assert set(EXPLAINED) == set(reading.REASONS) - {"pending"}
    for reason in EXPLAINED:
        result = passed(row(1, "C", reason=reason))
        assert EXPLAINED[reason] in text(words.measure_reasons(result))
        assert reading.REASONS[reason] in text(tables.measures(result))
        assert reading.REASONS[reason] in figures.measures(result)


def test_measures_judged_together_are_named_once() -> None:
    both = passed(row(1, "B", together="ME-002"), row(2, "B", together="ME-001", department_label="局1"))
    detail = words.measures(both).detail
    assert detail.count("ME-001、ME-002") == 1
    assert "与 ME-002 同时实施，合在一起判断" in text(tables.measures(both))


def test_targets_without_controls_say_so_and_share_their_measure_s_head() -> None:
    more = row(5, "B", main=False, kind="share", unit="个百分点", target="LOG", target_label="物流交通", controls=np.nan,
               control_change=np.nan, family_low=np.nan, family_high=np.nan, p=np.nan)  # fmt: skip
    shown = text(tables.measures(passed(row(5, "A"), more)))
    assert shown.count("ME-005") == 1
    assert "物流交通（%）" in shown and "无对照" in shown
    assert "".join(words.measures(passed(row(5, "A"), more)).clauses) == "一项措施：一项见效"


def test_nothing_is_drawn_of_a_measure_that_was_refused() -> None:
    drawn = figures.measures(passed(row(1, "C", naive=9.9, regression=3.3, n=300)))
    assert "9.9" not in drawn and "3.3" not in drawn
    assert "基期不足两轮" in drawn


def test_the_leaders_figure_shows_what_is_established_first_and_says_what_it_leaves_out() -> None:
    drawn = figures.summary_measures(EIGHT)
    assert drawn.index("措施5") < drawn.index("措施6") < drawn.index("措施1")
    assert "另有 3 项" in drawn
    assert "措施8" not in drawn
    assert "待评估" not in figures.summary_measures(passed(row(1, "B"), row(2, "")))


def test_signs_of_the_legend_are_those_of_the_figure() -> None:
    assert figures.measure_signs(EIGHT) == ("family", "sure", "unsure", "reference")
    assert figures.measure_signs(passed(row(1, "C"))) == ()
    assert figures.measure_signs(None) == ()


def test_permutation_is_told_with_its_floor() -> None:
    shown = text(tables.measure_tests(EIGHT))
    assert "30 个对照部门时最小也有 3.2%" in shown
    assert tables.measure_tests(passed(row(1, "C"))) == ""


def test_without_measures_every_page_part_says_so_plainly() -> None:
    assert words.measures(None).clauses == ("没有登记的措施",)
    for part in (figures.measures(None), figures.summary_measures(None), tables.measures(None),
                 figures.measure_events(None, None)):  # fmt: skip
        assert part.startswith('<p class="none">')
    assert words.measure_reasons(None) == tables.measure_tests(None) == ""
    assert figures.summary_measures(passed(row(1, ""))).startswith('<p class="none">')


@pytest.mark.parametrize("render", [figures.measures, figures.summary_measures, tables.measures])
def test_only_what_passed_the_gate_is_shown(render: Any) -> None:
    with pytest.raises(TypeError):
        render(Result(pd.DataFrame([row(1, "B")]), "measures", "分", "", 1000))


def test_few_raters_are_not_told() -> None:
    hidden = passed(row(1, "B", n=7))
    assert "0.6" not in text(tables.measures(hidden)) and "+0.6" not in figures.measures(hidden)


def test_names_from_the_ledger_cannot_break_the_page() -> None:
    bad = passed(row(1, "A", label="<script>x</script>$"), row(2, "C", label='"><i>'))
    for part in (
        figures.measures(bad),
        tables.measures(bad),
        words.headline(words.measures(bad)),
        words.measure_reasons(bad),
    ):
        assert "<script>" not in part and "<i>" not in part


def events(*names: str) -> Protected:
    rounds = ["2020H2", "2021H1", "2021H2", "2022H1"]
    phases = ["baseline", "source", "baseline", "judge"]
    rows = [
        {"measure": name, "label": "甲", "department_label": "局1", "effective": "2022-01-01", "judge": "2022H1",
         "round": round_id, "round_label": "", "phase": phase, "estimate": at, "std_error": 1.0, "conf_low": at - 2,
         "conf_high": at + 2, "band_low": -2.0, "band_high": 2.0, "n": 500}
        for name in names
        for at, (round_id, phase) in enumerate(zip(rounds, phases, strict=True))
    ]  # fmt: skip
    result = GATE(Result(pd.DataFrame(rows), "measures_panel", "分", "企业", 1000))
    assert result is not None
    return result


def test_the_course_marks_baseline_trigger_and_judging_round() -> None:
    drawn = figures.measure_events(events("ME-005"), EIGHT)
    assert all(
        drawn.count(f">{word}</text>") == 2 * many for word, many in (("起因", 1), ("评估", 1), ("实施", 1))
    )
    assert len(re.findall(">基期<", drawn)) == 4 or ">基期</text>" in drawn  # on the page and on the phone
    assert "局1在 2022 上半年比基期多升 +4.2 分，见效" in drawn


def test_courses_stand_three_in_a_row() -> None:
    drawn = figures.measure_events(events("ME-005", "ME-006", "ME-007", "ME-008"), EIGHT)
    assert drawn.count('<div class="part">') == 4  # two rows on the page, the same on the phone


def test_a_fault_in_the_ledger_is_told_before_any_notebook_runs(demo_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(demo_root, tmp_path / "w")
    path = root / "data/raw/measures.csv"
    path.write_text(path.read_text(encoding="utf-8-sig").replace("D12", "D99"), encoding="utf-8-sig")
    steps: list[Any] = []
    with pytest.raises(ParamsError, match=r"measures\.csv C4：不认识“D99”.*（E-MEASURE）"):
        report.run(["2022H2"], root=root, listen=steps.append)
    assert steps == []
    assert not (root / "reports/2022H2").exists() and not (root / "data/results/2022H2").exists()
