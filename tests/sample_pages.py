"""Invented pages in the vocabulary of the template: what the tests of report and pages run and look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from evalpkg import figures, tables, words
from evalpkg.disclosure import Gate, Protected
from evalpkg.estimate import Result
from evalpkg.params import Selection

DOT = (
    '<svg class="m" aria-hidden="true" width="10" height="10" viewBox="0 0 10 10">'
    '<circle cx="5" cy="5" r="4.5" style="fill:var(--mid)"/></svg>'
)
NAMES = ("城管局", "自规局", "住建局", "法院", "供气企业")


def text(x: float, y: float, words: str, color: str = "ink", anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" style="fill:var(--{color});font-size:{size}px">{words}</text>'


def rows(width: int, step: int) -> str:
    """Return an SVG of five named intervals."""
    marks = "".join(
        text(20, step * place + 21, name, "dn")
        + text(width, step * place + 21, f"{63.9 + place:.1f}", anchor="end")
        + f'<line x1="{width * 0.4}" x2="{width * 0.6}" y1="{step * place + 16}" y2="{step * place + 16}" '
        'style="stroke:var(--dnI);stroke-width:3"/>'
        for place, name in enumerate(NAMES)
    )
    height = step * len(NAMES) + 12
    return (
        f'<svg role="img" aria-label="五个部门的得分" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{marks}</svg>'
    )


def answer(number: int, first: bool = False) -> str:
    sub = (
        '<p class="sub">95% 区间 72.0 至 74.2 分；各种算法都在 72.7 至 74.0 分之间，结论不变。</p>'
        if first
        else ""
    )
    return (
        f'<article class="a{" first" if first else ""}"><header><b class="no">{number}</b>'
        f'<span class="q">哪些部门最低，差在哪里</span><span class="tag">{DOT} 可以认定</span></header>'
        '<h2 class="s"><span class="c">34 个部门中 5 个明显低于平均，</span><span class="c">城管局最靠后</span></h2>'
        f'{sub}<figure class="f344"><div class="w344">{rows(344, 24)}</div></figure>'
        '<a class="more" href="03_departments.html">部门一页</a></article>'
    )


PROPOSALS = (
    '<article class="a all"><header><b class="no">8</b><span class="q">建议</span></header><div class="t">'
    '<table class="props"><thead><tr><th>建议</th><th>责任单位</th><th>下轮看什么</th></tr></thead><tbody>'
    + '<tr><td>清理拖欠账款，逐笔建账</td><td data-label="责任单位">财政局、住建局</td>'
    '<td data-label="下轮看什么">提到“拖欠”的企业由 29.6% 降到 25% 以下</td></tr>'
    * 3
    + "</tbody></table></div></article>"
)
READ = f'<p class="read"><b>读图</b><span class="k">{DOT}估计值与 95% 区间</span><span class="k">{DOT}空心：尚不能认定</span></p>'
SUMMARY = f'<section class="answers">{answer(1, first=True)}{"".join(answer(n) for n in range(2, 8))}{PROPOSALS}</section>'
HEADLINE = (
    '<h1 class="answer"><span class="c">34 个部门里，</span><span class="c">5 个明显高于平均，</span>'
    '<span class="c">其余 24 个分不出高下</span></h1><p class="lead">分不出高下，就不排先后。</p>'
)
TIERS = '<section class="tiers">' + "".join(
    f'<div class="tier {state}"><header>{DOT}{words}<b class="n">5</b></header><p><span>税务局</span> <span>供电公司</span></p></div>'
    for state, words in (("up", "明显高于平均"), ("mid", "与平均分不出高下"), ("dn", "明显低于平均"))
) + "</section>"  # fmt: skip
FIGURE = (
    '<figure class="f760" id="fig-departments"><figcaption><b>图 1　各部门得分</b> 按职能分组</figcaption>'
    f'<div class="w760"><div class="part">{rows(760, 24)}</div></div>'
    f'<div class="w358"><div class="part">{rows(358, 40)}</div></div>'
    '<p class="base">分母：打过交道并打分的企业。</p></figure>'
)
TABLE = (
    '<div class="t"><table class="gt_table" id="t-departments"><thead><tr class="gt_col_heading"><th scope="col">部门</th>'
    '<th scope="col" class="gt_right">得分</th><th scope="col" class="gt_right">95% 区间</th>'
    '<th scope="col" class="gt_right opt">打分家数</th></tr></thead><tbody>'
    '<tr class="gt_group_heading_row"><th class="gt_group_heading" colspan="4" scope="colgroup">监管执法</th></tr>'
    + "".join(
        f'<tr><td class="dn">{name}</td><td class="gt_right">66.2</td><td class="gt_right ci">64.0 至 68.4</td>'
        '<td class="gt_right opt">400</td></tr>'
        for name in NAMES
    )
    + "</tbody></table></div>"
)
DETAILS = f"<details><summary>明细表</summary>{TABLE.replace('t-departments', 't-all')}</details>"
NOTES = "#### 为什么分组看\n管人的部门和帮人的部门，尺度不同。\n\n#### 不能说明什么\n低于平均不等于不合格。"

# Name, score, half a 95% interval, contact in per cent, raters, first and last place, tier; all invented.
DEPARTMENTS: dict[str, list[tuple[str, float, float, float, int, float, float, str]]] = {
    "regulator": [
        ("公安局", 75.6, 1.9, 52, 535, 1, 14, "same"), ("税务局", 80.6, 1.5, 84, 865, 1, 4, "above"),
        ("林业局", 73.6, 4.0, 12, 125, 1, 17, "same"), ("城管局", 63.9, 2.1, 44, 455, 14, 17, "below"),
        ("生态环境局", 70.9, 2.0, 50, 515, 3, 17, "same"), ("市场监管局", 77.6, 1.6, 72, 745, 1, 11, "above"),
        ("海关", 71.0, 6.0, 3, 27, np.nan, np.nan, ""), ("住建局", 66.6, 2.3, 36, 370, 8, 17, "below"),
        ("银保监分局", 71.0, 3.3, 18, 185, 2, 17, "same"),
    ],
    "service": [
        ("政数局", 79.4, 1.9, 56, 580, 1, 7, "above"), ("农业农村局", 73.2, 3.0, 22, 225, 2, 16, "same"),
        ("金融局", 68.9, 2.7, 26, 270, 4, 17, "same"), ("教育局", 72.9, 3.7, 14, 145, 1, 17, "same"),
    ],
    "utility": [
        ("供水企业", 73.9, 1.9, 54, 555, 2, 15, "same"), ("供气企业", 67.9, 2.2, 40, 415, 7, 17, "below"),
        ("供电公司", 80.2, 1.7, 68, 700, 1, 5, "above"),
    ],
    "judiciary": [
        ("检察院", 74.2, 6.4, 5, 50, 1, 17, "same"), ("法院", 66.8, 2.9, 24, 250, 7, 17, "below"),
    ],
}  # fmt: skip
GATE = Gate(k=10, min_raters=30)


def departments() -> Result:
    """Return scores of departments as the analysis gives them; 海关 has too few raters to be ranked."""
    rows = [(role, *row) for role, group in DEPARTMENTS.items() for row in group]
    names = ("role", "label", "estimate", "half", "contact", "n", "rank_low", "rank_high", "tier")
    table = pd.DataFrame(rows, columns=names)
    middle, half = table["estimate"], table.pop("half")
    table = table.assign(
        department=[f"D{i}" for i in range(len(table))], std_error=half / 2,
        conf_low=middle - half, conf_high=middle + half,
        family_low=(middle - 1.6 * half).where(table["tier"] != ""),
        family_high=(middle + 1.6 * half).where(table["tier"] != ""),
        raw=middle - 1.2, raw_low=middle - 1.2 - half, raw_high=middle - 1.2 + half,
        contact_n=1000, contact_count=(10 * table["contact"]).astype(int), unhappy=26.0,
        unhappy_count=(0.26 * table["n"]).astype(int), tier_role=table["tier"],
        selection_low=middle - 0.05 * (100 - table["contact"]), selection_high=middle + 0.05 * (100 - table["contact"]),
    )  # fmt: skip
    roles = pd.DataFrame({
        "role": list(DEPARTMENTS), "departments": [8, 4, 3, 2], "n": [990, 900, 870, 260], "estimate": [71.6, 73.6, 74.0, 70.5],
        "conf_low": [70.4, 72.2, 72.1, 66.4], "conf_high": [72.8, 75.0, 75.9, 74.6], "tier": ["below", "same", "same", "same"],
    })  # fmt: skip
    mean = pd.DataFrame({"role": ["all"], "departments": [17], "n": [1000], "estimate": [72.7]})
    mean = mean.assign(conf_low=71.9, conf_high=73.5)
    extra = {
        "by_role": roles, "mean": mean, "ranked": 17, "rank_width": 12.4, "reliability": 0.71, "df": 37.0,
        "reliability_low": 0.62, "reliability_high": 0.8, "adjusted": True, "notes": (),
    }  # fmt: skip
    return Result(table, "departments", "分", "打过交道并打分的企业", 1012, extra)


def protected_departments(**columns: Any) -> Protected:
    """Return the scores as they pass the gate; `columns` replace some of the table."""
    result = departments()
    passed = GATE(
        Result(result.table.assign(**columns), result.name, result.unit, result.base, 1012, result.extra)
    )
    assert passed is not None
    return passed


def cells(groups: int = 15) -> Protected:
    """Return departments by district: every fifth cell borrows, a few surely differ; all invented."""
    table = departments().table[["department", "label", "role", "estimate"]]
    names = [f"某某{at}县" for at in range(groups - 1)] + ["瀍河回族区"]
    table = table.merge(pd.DataFrame({"group": range(groups), "group_label": names}), how="cross")
    at = np.arange(len(table))
    table = table.assign(
        estimate=table["estimate"] + at % 7 - 3, n=40, source=np.where(at % 5, "direct", "synthetic"),
        differs=np.select([at % 29 == 1, at % 31 == 2], ["above", "below"], "same"),
    )  # fmt: skip
    passed = GATE(
        Result(table, "cells_district", "分", "打过交道并打分的企业", 1012, {"notes": ("各格已扣除宽严",)})
    )
    assert passed is not None
    return passed


def ranked() -> list[tuple[str, str, list[str]]]:
    """Return the cells of a page on departments with tiers and rank sets, as the package renders them."""
    scores = protected_departments()
    heat = tables.heat(cells(), scores=scores, no=2, title="各县（区）企业看各部门", id="heat-district")
    folded = tables.heat(cells(6), title="按规模看各部门", id="heat-size", folded="按规模")
    return [
        ("code", words.headline(words.departments(scores)), []),
        ("code", tables.tiers(scores), []),
        ("code", figures.departments(scores), []),
        ("code", figures.legend(*figures.signs_of(scores)), []),
        ("markdown", NOTES, ["margin"]),
        ("code", tables.departments(scores, selection=Selection()), ["wide"]),
        ("code", heat + folded, ["wide"]),
    ]


# Stem -> cells as (kind, content, tags); code cells show a Fragment.
PAGES: dict[str, list[tuple[str, str, list[str]]]] = {
    "00_summary": [("code", SUMMARY, []), ("code", READ, ["wide"])],
    "03_departments": [
        ("code", HEADLINE, []),
        ("code", TIERS, []),
        ("code", FIGURE, []),
        ("code", READ, []),
        ("markdown", NOTES, ["margin"]),
        ("markdown", "## 表 1　部门得分明细\n\n区间单列一栏。", []),
        ("code", TABLE, []),
        ("code", DETAILS, ["wide"]),
    ],
}


def parameters() -> Any:
    return new_code_cell('round_id = "2020H2"', metadata={"tags": ["parameters"]})


def notebook(*cells: Any) -> Any:
    """Return a notebook as it lies in `notebooks/`: parameters first, kernelspec kept."""
    node = new_notebook(cells=[parameters(), *cells])
    node.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return node


def source_cell(kind: str, content: str, tags: list[str]) -> Any:
    if kind == "markdown":
        return new_markdown_cell(content, metadata={"tags": tags})
    return new_code_cell(f"Fragment({content!r})", metadata={"tags": tags})


def executed_cell(kind: str, content: str, tags: list[str]) -> Any:
    if kind == "markdown":
        return new_markdown_cell(content, metadata={"tags": tags})
    output = new_output(
        "execute_result", {"text/html": content, "text/plain": "Fragment(...)"}, execution_count=1
    )
    return new_code_cell("show()", metadata={"tags": tags}, outputs=[output], execution_count=1)


def executed(stem: str) -> Any:
    """Return the notebook of a sample page as if it had been run."""
    return notebook(*(executed_cell(*cell) for cell in PAGES[stem]))


def write_notebooks(folder: Path, **more: Any) -> Path:
    """Write the sample notebooks, and those given as stem=notebook, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    books = {stem: [new_code_cell("from evalpkg.fragment import Fragment"), *(source_cell(*c) for c in cells)]
             for stem, cells in PAGES.items()}  # fmt: skip
    for stem, node in {**{stem: notebook(*cells) for stem, cells in books.items()}, **more}.items():
        (folder / f"{stem}.ipynb").write_text(json.dumps(node), encoding="utf-8")
        nbformat.validate(node)
    return folder
