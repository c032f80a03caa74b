"""One department: its words, and the notebook that is run on demand."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest

from evalpkg import words
from evalpkg.disclosure import Protected

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "department_card.ipynb"
ROW = {
    "department": "D10", "label": "生态环境局", "role": "regulator", "estimate": 79.5, "conf_low": 77.6, "conf_high": 81.3,
    "n": 575, "contact": 50.9, "tier": "below", "rank_low": 20.0, "rank_high": 35.0, "shown": "yes", "support": "full",
}  # fmt: skip


def scores(**more: object) -> Protected:
    return Protected(
        "departments", pd.DataFrame([ROW | more]), "分", "打过交道的企业", 1000, {"k": 10, "min_raters": 30}
    )


def drawn(estimates: list[float], r2: float, **more: object) -> Protected:
    table = pd.DataFrame({"label": ["办事效率", "服务态度"], "estimate": estimates, "n": 200, "shown": "yes"})
    table = table.assign(rank_low=1.0, rank_high=2.0, support="full", **more)
    extra = {
        "r2": r2,
        "r2_low": r2 / 2,
        "r2_high": r2 * 2,
        "halo_share": 40.0,
        "notes": (),
        "k": 10,
        "min_raters": 30,
    }
    return Protected("department_drivers", table, "%", "给“生态环境局”打分的企业", 1000, extra)


def test_where_a_department_stands() -> None:
    finding = words.department(scores(), "D10")
    assert "".join(finding.clauses) == "生态环境局明显低于平均"
    assert finding.tag == words.SURE
    assert finding.detail == (
        "监管执法部门，575 家打分，得分 79.5（95% 区间 77.6 至 81.3），名次区间第 20 至 35 名；与它打过交道的企业占 50.9%。"
    )


def test_a_department_in_the_middle_is_not_sure_and_one_with_few_raters_only_listed() -> None:
    assert words.department(scores(tier="same"), "D10").tag == words.UNSURE
    few = words.department(scores(n=20, support="listed"), "D10")
    assert few.tag == words.LISTED
    assert "79.5" not in few.detail


def test_an_unknown_department_is_told_what_there_is() -> None:
    finding = words.department(scores(), "D99")
    assert finding.clauses == ("没有这个部门",)
    assert "可用的代码是 D10" in finding.detail
    assert words.department(None, "D10").tag == ""


def test_what_goes_with_its_ratings() -> None:
    close = words.department_drivers(drawn([12.0, 6.0], 18.0))
    assert "".join(close.clauses) == "办事效率、服务态度关系最密切，哪个第一还分不出"
    assert close.tag == words.UNSURE
    first = words.department_drivers(drawn([12.0, 2.0], 14.0).__class__(
        "department_drivers", drawn([12.0, 2.0], 14.0).table.assign(rank_high=[1.0, 2.0]), "%", "", 1000,
        drawn([12.0, 2.0], 14.0).extra,
    ))  # fmt: skip
    assert ("".join(first.clauses), first.tag) == ("办事效率关系最密切", words.SURE)
    little = words.department_drivers(drawn([0.9, 0.6], 1.5))
    assert little.clauses[0] == "看不出特别看重哪一面，"
    assert "扣除各家企业自己的松紧后" in little.detail and "1.5%" in little.detail


def test_a_level_that_was_left_in_is_not_said_to_be_taken_out() -> None:
    plain = drawn([0.9, 0.6], 1.5)
    plain = Protected(
        plain.name, plain.table, "%", plain.base, 1000, {**plain.extra, "halo_share": float("nan")}
    )
    finding = words.department_drivers(plain)
    assert "没有扣除各家企业自己的松紧" in finding.detail
    assert "主要是企业自己的松紧" not in finding.clauses


def test_nothing_to_judge_says_why() -> None:
    empty = Protected(
        "refused",
        pd.DataFrame({"label": [], "n": [], "estimate": []}),
        "%",
        "",
        9,
        {"notes": ("打分的企业不足 90 家",)},
    )
    assert words.department_drivers(empty).detail == "打分的企业不足 90 家。"
    assert words.department_drivers(None).clauses == ("本次问卷没有问服务的各个方面",)


@pytest.mark.parametrize("department", ["D26", "D30"])
def test_the_notebook_runs_for_a_department(
    department: str, demo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALPKG_ROOT", str(demo_root))
    done = tmp_path / "card.ipynb"
    papermill.execute_notebook(
        NOTEBOOK, done, {"department": department}, progress_bar=False, log_output=False
    )
    outputs = [
        output["data"]["text/html"]
        for cell in nbformat.read(done, as_version=4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output
    ]
    assert len(outputs) == 3
    assert re.search(r'<h1 class="answer">', outputs[0])
    assert "Traceback" not in "".join(outputs)
    assert np.all(["<script" not in html for html in outputs])
