"""Invented pages in the vocabulary of the template: what the tests of report and pages run and look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

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
