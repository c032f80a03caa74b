"""Reports: which notebooks, how they are run, what a page holds, what is refused, how pages replace pages."""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
import sample_pages
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from evalpkg import params, report
from evalpkg.disclosure import DisclosureRefused
from evalpkg.params import ParamsError
from evalpkg.report import (
    AnalysisFailed,
    DiskFull,
    NotWritable,
    RoundBusy,
    admission,
    errors,
    execute,
    export,
    fingerprint,
    index,
    inspection,
    layout,
    notebooks,
    publish,
    results,
    runner,
)
from evalpkg.report.notebooks import Notebook

ROUND = "2022H2"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with parameters, one raw file and the sample notebooks."""
    shutil.copytree(ROOT / "params", tmp_path / "params")
    raw = tmp_path / "data" / "raw" / ROUND
    raw.mkdir(parents=True)
    (raw / "answers.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    sample_pages.write_notebooks(tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def admitted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let every round in with 1,012 answers and one result: reading and weighting have their own tests."""
    table = pd.DataFrame(
        {"estimate": [73.1], "conf_low": [72.0], "conf_high": [74.2], "n": [1010], "shown": ["yes"]}
    )
    seen: dict[str, int] = {}

    def admit(round_id: str, root: Path) -> admission.Admission:
        seen[round_id] = seen.get(round_id, 0) + 1
        return admission.Admission(params.load(round_id, root), 1012, lambda: {"overall": table})

    monkeypatch.setattr(runner, "admit", admit)
    return seen


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the sample pages for notebooks that ran: what a kernel does has its own tests."""

    def run_all(found: Any, *arguments: Any, done: Callable[[Notebook], None], **options: Any) -> list[Any]:
        for item in found:
            done(item)
        return [execute.Executed(item, sample_pages.executed(item.stem)) for item in found]

    monkeypatch.setattr(execute, "run_all", run_all)


def frame(**changed: Any) -> export.Frame:
    values = {"survey": "评议", "label": "2022 年下半年", "number": 5, "theme": "回访", "notice": "合成数据　全部虚构",
              "population": "全市民营企业", "scale": "非常不满意＝0，非常满意＝100", "n": 1012, "fingerprint": "7c1e 90ab"}  # fmt: skip
    return export.Frame(**{**values, **changed})


def page(*cells: Any, stem: str = "03_departments", **changed: Any) -> str:
    """Render one page from cells that need not have been run."""
    found = [Notebook(Path("00_summary.ipynb")), Notebook(Path(f"{stem}.ipynb"))]
    return export.render(export.exporter(), sample_pages.notebook(*cells), found[1], found, frame(**changed))


def shown(html: str, *tags: str, **data: str) -> Any:
    return sample_pages.executed_cell("code", html, list(tags))


# --- layout: where cells stand -------------------------------------------------------------------------


def kinds(*cells: Any) -> list[dict[str, int]]:
    return [{name: len(run) for name, run in row.items()} for row in layout.place(layout.visible(cells))]


def test_notes_stand_beside_the_figures_before_them() -> None:
    note = new_markdown_cell("#### 怎么读\n正文", metadata={"tags": ["margin"]})
    figure, legend = shown("<figure></figure>"), shown("<p>读图</p>")
    assert kinds(figure, legend, note, note) == [{"main": 2, "note": 2}]
    assert kinds(figure, note, figure) == [{"main": 1, "note": 1}, {"main": 1}]
    assert kinds(shown("<h1>题</h1>"), note) == [{"wide": 1}, {"note": 1}]


def test_notes_on_what_was_not_asked_are_left_out() -> None:
    note = new_markdown_cell("#### 怎么读\n正文", metadata={"tags": ["margin"]})
    nothing = shown('<p class="none">本次问卷没有问困难，所以这里不列。</p>')
    figure = shown("<figure></figure>")
    assert kinds(nothing, note, figure) == [{"main": 1}, {"main": 1}]
    assert kinds(nothing, figure, note) == [{"main": 2, "note": 1}]
    assert kinds(shown('<h2>困难</h2><p class="none">没有问。</p>'), note) == [{"wide": 1}]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (shown("<h1 class='answer'>题</h1>"), "wide"),
        (shown("<section class='tiers'></section>"), "wide"),
        (shown("<h2>题</h2><figure></figure>"), "main"),
        (shown("<p>文</p>"), "main"),
        (shown("<p>文</p>", "wide"), "wide"),
        (new_markdown_cell("## 题\n文"), "wide"),
        (new_markdown_cell("文"), "main"),
    ],
)
def test_what_spans_the_page(cell: Any, kind: str) -> None:
    assert layout.kind(cell) == kind


def test_parameters_and_silent_cells_are_not_seen() -> None:
    silent = new_code_cell("import evalpkg as ev")
    injected = shown("<p>x</p>", "injected-parameters")
    assert (
        layout.visible([sample_pages.parameters(), injected, silent, shown("<p>x</p>")])[0].source == "show()"
    )
    assert len(layout.visible([sample_pages.parameters(), injected, silent, shown("<p>x</p>")])) == 1


def test_every_opened_part_of_a_page_is_closed() -> None:
    for stem in sample_pages.PAGES:
        cells = layout.marked(sample_pages.executed(stem).cells)
        opened = [part for cell in cells for part in cell.metadata["page"]["opens"]]
        closed = [part for cell in cells for part in cell.metadata["page"]["closes"]]
        assert sorted(opened) == sorted(closed) != []


# --- export: what a page holds -------------------------------------------------------------------------


def test_a_page_is_chinese_static_and_says_where_it_comes_from() -> None:
    html = page(shown("<h1>题</h1>"), shown("<p>答</p>"))
    assert '<html lang="zh-CN">' in html
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    assert "<title>部门 · 2022 年下半年 · 评议</title>" in html
    assert '<a aria-current="page" href="03_departments.html">部门</a>' in html
    assert '<a href="index.html">一页纸</a>' in html
    for words in (
        "2022 年下半年（第 5 轮）　主题：回访",
        "<b>合成数据</b>",
        "有效 1,012 份",
        "加权到全市民营企业",
        "数据指纹 7c1e 90ab",
    ):
        assert words in html
    assert "show()" not in html
    assert "round_id" not in html


def test_a_page_holds_no_script_and_no_address() -> None:
    html = page(shown("<p>答</p>"))
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_what_the_runner_knows_is_escaped() -> None:
    html = page(
        shown("<p>答</p>"), survey="<script>alert(1)</script>", theme='"><img src=x>', notice="<b>注</b>"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;b&gt;注" in html


def test_plain_text_and_streams_are_never_published() -> None:
    frame_output = new_output(
        "execute_result", {"text/plain": "   rid  text\n0  1  张三电话"}, execution_count=1
    )
    printed = new_output("stream", name="stdout", text="张三")
    warned = new_output("stream", name="stderr", text="警告")
    cell = new_code_cell("x", outputs=[frame_output, printed, warned], execution_count=1)
    html = page(cell, shown("<p>答</p>"))
    assert "张三" not in html
    assert "警告" not in html


def test_heading_ids_are_readable() -> None:
    assert 'id="表-1"' in page(new_markdown_cell("## 表 1"))


def test_margin_titles_are_not_headings() -> None:
    html = page(
        shown("<figure></figure>"), new_markdown_cell(sample_pages.NOTES, metadata={"tags": ["margin"]})
    )
    assert html.count('<div class="note">') == 2
    assert '<p class="h">不能说明什么</p>' in html
    assert "<h4" not in html


def test_the_masthead_is_the_heading_only_where_the_page_has_none() -> None:
    assert page(shown("<h1>题</h1>")).count("<h1") == 1
    assert page(shown("<p>答</p>")).count("<h1") == 1
    assert page(new_markdown_cell("# 题")).count("<h1") == 1


def test_an_unweighted_round_says_so() -> None:
    html = page(shown("<p>答</p>"), population="")
    assert "未加权" in html
    assert "加权到" not in html


def test_rendering_does_not_change_the_notebook() -> None:
    node = sample_pages.executed("03_departments")
    before = json.dumps(node)
    item = Notebook(Path("03_departments.ipynb"))
    export.render(export.exporter(), node, item, [item], frame())
    assert json.dumps(node) == before


# --- inspection: what may not be published -------------------------------------------------------------


def body(html: str) -> dict[str, str]:
    return {"index.html": f'<html xmlns="http://www.w3.org/1999/xhtml"><main>{html}</main></html>'}


@pytest.mark.parametrize(
    ("html", "kind", "exit_code"),
    [
        ("<p>答</p><script>1</script>", "脚本", 70),
        ('<p onclick="x()">答</p>', "脚本", 70),
        ('<a href="javascript:x()">答</a>', "脚本", 70),
        ('<p>答</p><img src="https://example.org/a.png">', "外部地址", 70),
        ('<p>答</p><img src="//example.org/a.png">', "外部地址", 70),
        ("<p>答</p><iframe></iframe>", "外部内容", 70),
        ('<table class="dataframe"><tr><td>答</td></tr></table>', "未经发布检查的数据表", 70),
        ("<p>来自 61.133.12.7</p>", "IP", 4),
        ("<p>打 13912345678</p>", "手机号", 4),
        ('<svg aria-label="打 13912345678"></svg>', "手机号", 4),
        ("<p>证号 41030519800101123X</p>", "身份证号", 4),
        ("<p>代码 91410300MA3X4Y5W6W</p>", "信用代码", 4),
        ("<p>写信 li.si@example.com</p>", "邮箱", 4),
        ('<a href="09_none.html">答</a>', "失效的链接", 70),
        ('<a href="#none">答</a>', "失效的链接", 70),
    ],
)
def test_an_unfit_page_is_refused_without_quoting_it(html: str, kind: str, exit_code: int) -> None:
    with pytest.raises(AnalysisFailed, match=kind) as refused:
        inspection.require_clean(body(html))
    assert refused.value.exit_code == exit_code
    assert "13912345678" not in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_a_page_without_content_is_refused() -> None:
    with pytest.raises(AnalysisFailed, match="没有内容"):
        inspection.require_clean(body("<p> </p>"))


@pytest.mark.parametrize(
    "html",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M13912345678 61.133.12.7 1.13912345678Z"/></svg><p>答</p>',
        "<p>得分 73.1，区间 72.0 至 74.2；1,012 份；2022-12-31；第 1 至 34 名</p>",
        '<p id="t">答</p><a href="#t">表</a><a href="index.html">一页纸</a><a href="../index.html">各轮</a>',
        "<p>比例 0.13912345678</p>",
    ],
)
def test_figures_and_numbers_are_not_taken_for_persons(html: str) -> None:
    assert inspection.require_clean(body(html)) is None  # it raises on anything it takes for a person


# --- publishing: all or nothing ------------------------------------------------------------------------


def published(folder: Path, text: str) -> Path:
    (folder / ROUND).mkdir(parents=True)
    (folder / ROUND / "index.html").write_text(text, encoding="utf-8")
    return folder


def test_a_swap_replaces_the_folder_as_a_whole(tmp_path: Path) -> None:
    out = published(tmp_path / "out", "old")
    (out / ROUND / "gone.html").write_text("old", encoding="utf-8")
    with publish.staging(ROUND, out) as stage:
        (stage / "index.html").write_text("new", encoding="utf-8")
        publish.swap(ROUND, {stage: out})
    assert [path.name for path in out.iterdir()] == [ROUND]
    assert [path.read_text(encoding="utf-8") for path in (out / ROUND).iterdir()] == ["new"]


def test_a_swap_that_fails_half_way_is_undone(tmp_path: Path) -> None:
    out, tables = published(tmp_path / "out", "old"), published(tmp_path / "tables", "old table")
    with publish.staging(ROUND, out) as stage:
        (stage / "index.html").write_text("new", encoding="utf-8")
        with pytest.raises(NotWritable):
            publish.swap(ROUND, {stage: out, tmp_path / "missing": tables})
    assert (out / ROUND / "index.html").read_text(encoding="utf-8") == "old"
    assert (tables / ROUND / "index.html").read_text(encoding="utf-8") == "old table"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.name.startswith(".")) == []


def test_a_killed_process_is_cleared_up_after(tmp_path: Path) -> None:
    (published(tmp_path, "old") / ROUND).rename(tmp_path / f".previous-{ROUND}")
    (tmp_path / f".staging-{ROUND}-1").mkdir()
    publish.restore(ROUND, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [ROUND]
    assert (tmp_path / ROUND / "index.html").read_text(encoding="utf-8") == "old"


def test_an_error_removes_the_staging_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), publish.staging(ROUND, tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


HOLD = "import filelock, sys; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); sys.stdin.read()"


def test_a_round_that_another_process_runs_is_busy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / f".lock-{ROUND}")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RoundBusy, match=ROUND) as busy, publish.locked(ROUND, tmp_path):
            pass
        other.communicate("")
    assert busy.value.exit_code == 75
    with publish.locked(ROUND, tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(NotWritable, match="--out") as refused,
        publish.locked(ROUND, tmp_path / "file" / "reports"),
    ):
        pass
    assert refused.value.exit_code == 73


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, NotWritable)]
)
def test_a_full_disk_is_told_from_a_closed_folder(code: int, kind: type) -> None:
    assert isinstance(errors.from_os_error(OSError(code, "x", "/a/b/reports")), kind)


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    publish.replace_file(tmp_path / "index.html", "旧")
    publish.replace_file(tmp_path / "index.html", "新")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["新"]


# --- fingerprint ---------------------------------------------------------------------------------------


def test_the_fingerprint_follows_content_alone(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = fingerprint.of(params.load(ROUND, workspace))
    raw = workspace / "data" / "raw" / ROUND
    os.utime(raw / "answers.csv", (1, 1))
    (raw / "~$answers.csv").write_text("open in a spreadsheet", encoding="utf-8")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(workspace, elsewhere)
    assert fingerprint.of(params.load(ROUND, elsewhere)) == first
    (raw / "answers.csv").write_text("a,b\n1,3\n", encoding="utf-8")
    changed = fingerprint.of(params.load(ROUND, workspace))
    assert changed.digest != first.digest
    assert [name for name in first.files if first.files[name] != changed.files[name]] == ["raw/answers.csv"]


def test_what_a_codebook_names_is_in_the_fingerprint(demo_root: Path) -> None:
    held = set(fingerprint.of(params.load("2022H2", demo_root)).files)
    files = ("departments.csv", "districts.csv", "size_rules_2017.csv", "codebooks/questionnaire.yaml")
    assert {f"reference/{name}" for name in files} < held


def test_the_fingerprint_is_read_in_two_groups() -> None:
    assert str(fingerprint.Fingerprint("7c1e90ab" + "0" * 56, {})) == "7c1e 90ab"


def test_parameters_and_version_are_in_the_fingerprint(workspace: Path) -> None:
    mark = fingerprint.of(params.load(ROUND, workspace))
    assert {"params/_defaults.yaml", f"params/{ROUND}.yaml"} < set(mark.files)
    assert fingerprint.digest_of(mark.files, "0.0.0") != mark.digest


# --- notebooks: which, and what they declare -----------------------------------------------------------


def test_a_workspace_runs_its_own_notebooks(workspace: Path) -> None:
    (workspace / "notebooks" / "department_card.ipynb").write_text("{}", encoding="utf-8")
    found = notebooks.find(workspace)
    assert [(item.page, item.title) for item in found] == [
        ("index.html", "一页纸"),
        ("03_departments.html", "部门"),
    ]


def test_a_workspace_without_notebooks_runs_those_of_the_package(tmp_path: Path) -> None:
    assert notebooks.find(tmp_path)[0].path.parent == params.bundle() / "notebooks"


def test_the_leaders_page_is_required(workspace: Path) -> None:
    (workspace / "notebooks" / "00_summary.ipynb").unlink()
    with pytest.raises(ParamsError, match="00_summary"):
        notebooks.find(workspace)


def test_an_unlisted_notebook_goes_by_its_first_heading(workspace: Path) -> None:
    path = workspace / "notebooks" / "10_lounge.ipynb"
    nbformat.write(sample_pages.notebook(new_markdown_cell("文\n\n## 候机楼")), path)
    assert Notebook(path).title == "候机楼"


def test_a_parameter_that_is_not_declared_is_refused(workspace: Path) -> None:
    found = notebooks.find(workspace)
    notebooks.require_declared(found, {"round_id": ROUND})
    with pytest.raises(ParamsError, match=r"00_summary\.ipynb 没有声明参数 department（它声明了：round_id）"):
        notebooks.require_declared(found, {"round_id": ROUND, "department": "D01"})


# --- execution: real kernels ---------------------------------------------------------------------------


def run_cells(root: Path, **books: Any) -> list[execute.Executed]:
    """Run notebooks made of these cells of code, two at a time."""
    found = []
    for stem, cells in books.items():
        nbformat.write(
            sample_pages.notebook(*(new_code_cell(cell) for cell in cells)), root / f"{stem}.ipynb"
        )
        found.append(Notebook(root / f"{stem}.ipynb"))
    return execute.run_all(found, {"round_id": ROUND}, root, jobs=2)


def test_kernels_get_parameters_root_and_one_thread(tmp_path: Path) -> None:
    look = "import os, sys; print(round_id, os.environ['EVALPKG_ROOT'], os.environ['OMP_NUM_THREADS'], os.getcwd())"
    who = (
        "print(sys.executable); print(os.environ['IPYTHONDIR'].startswith(os.environ['HOME'] + '/.ipython'))"
    )
    before = dict(os.environ)
    first, second = run_cells(tmp_path, a=[look, who], b=["import evalpkg"])
    assert first.node.cells[2].outputs[0].text == f"{ROUND} {tmp_path} 1 {tmp_path}\n"
    assert first.node.cells[3].outputs[0].text == f"{sys.executable}\nFalse\n"
    assert second.notebook.stem == "b"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "raise ValueError('张三 13912345678')"], "笔记本 a.ipynb 第 3 个代码格出错（ValueError）"),
        (["import sys", "sys.exit(0)", "1"], "第 3 个代码格出错（SystemExit）"),
        (["import os; os._exit(1)"], "第 2 个代码格内核中途退出（DeadKernelError）"),
    ],
    ids=["raises", "exits", "dies"],
)
def test_a_notebook_that_does_not_reach_its_end(
    tmp_path: Path, cells: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AnalysisFailed) as failed:
        run_cells(tmp_path, a=cells)
    assert message in str(failed.value)
    assert failed.value.exit_code == 70
    printed = "".join(capfd.readouterr()) + str(failed.value)
    assert "13912345678" not in printed
    assert "Traceback" not in printed
    assert str(failed.value).count("\n") == 0


def test_our_own_refusal_keeps_its_words_and_its_code(tmp_path: Path) -> None:
    cell = "from evalpkg.params import ParamsError; raise ParamsError('没有轮次 2030H1；现有轮次：2022H2')"
    with pytest.raises(AnalysisFailed, match="没有轮次 2030H1；现有轮次：2022H2") as failed:
        run_cells(tmp_path, a=[cell])
    assert failed.value.exit_code == 64


@pytest.mark.parametrize("name", sorted(errors.OWN_ERRORS))
def test_every_error_with_words_of_its_own_exists(name: str) -> None:
    names = "disclosure drivers estimate ingest ordinal params planner ranks scores synthetic weights".split()
    rooms = [importlib.import_module(f"evalpkg.{room}") for room in names]
    assert sum(isinstance(getattr(room, name, None), type) for room in rooms) >= 1


def test_a_cell_that_never_ran_is_found() -> None:
    ran = sample_pages.executed("03_departments")
    item = Notebook(Path("03_departments.ipynb"))
    with pytest.raises(AnalysisFailed, match="第 1 个代码格没有运行"):
        execute.require_complete(item, ran)  # the parameters cell has no execution count
    ran.cells[0].execution_count = 1
    execute.require_complete(item, ran)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_an_interrupt_kills_the_kernels(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    cells = [
        f"import os, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))",
        "import time; time.sleep(600)",
    ]
    nbformat.write(sample_pages.notebook(*map(new_code_cell, cells)), tmp_path / "a.ipynb")
    code = (
        "import signal, sys, pathlib; from evalpkg.report import execute; from evalpkg.report.notebooks import Notebook\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in what a shell started with "&"
        "root = pathlib.Path(sys.argv[1])\n"
        "execute.run_all([Notebook(root / 'a.ipynb')], {'round_id': '2022H2'}, root, jobs=1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as runner_:
        until = time.monotonic() + 60
        while not (note.exists() and note.read_text(encoding="utf-8")) and time.monotonic() < until:
            time.sleep(0.05)
        runner_.send_signal(signal.SIGINT)
        assert runner_.wait(30) != 0
    assert not alive(int(note.read_text(encoding="utf-8")))


# --- the whole run -------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_two_runs_give_the_same_bytes(workspace: Path, admitted: dict[str, int]) -> None:
    steps: list[report.Step] = []
    first = report.run([ROUND], root=workspace, listen=steps.append)[0]
    second = report.run(ROUND, root=workspace, out=workspace / "again", jobs=1)[0]
    assert first.pages == ("index.html", "03_departments.html")
    assert first.index == workspace / "reports" / ROUND / "index.html"
    assert sorted(contents(first.folder)) == ["03_departments.html", "bundle.json", "index.html"]
    assert contents(first.folder) == contents(second.folder)
    assert [step.done for step in steps] == [0, 1, 2]
    assert first.fingerprint in first.index.read_text(encoding="utf-8")


def test_a_run_leaves_pages_record_tables_and_list(
    workspace: Path, admitted: dict[str, int], fake_run: None
) -> None:
    bundle = report.run([ROUND, ROUND], root=workspace)[0]
    assert admitted == {ROUND: 1}
    about = json.loads((bundle.folder / "bundle.json").read_text(encoding="utf-8"))
    assert (about["round"], about["n"], about["fingerprint"]) == (ROUND, 1012, bundle.fingerprint)
    assert about["pages"][0]["sha256"] == fingerprint.sha256(bundle.index.read_bytes())
    table = (workspace / "data" / "results" / ROUND / "overall.csv").read_bytes()
    assert table.decode("utf-8-sig").startswith(
        "estimate,conf_low,conf_high,n,shown\n73.1,72.0,74.2,1010,yes"
    )
    assert table.startswith(b"\xef\xbb\xbf")
    listed = (workspace / "reports" / "index.html").read_text(encoding="utf-8")
    assert f'href="{ROUND}/index.html"' in listed
    assert "72.0 至 74.2" in listed


def test_a_failing_notebook_leaves_the_earlier_report(
    workspace: Path, admitted: dict[str, int], fake_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.run([ROUND], root=workspace)
    before = contents(workspace / "reports" / ROUND), contents(workspace / "data" / "results" / ROUND)

    def fail(*arguments: Any, **options: Any) -> None:
        raise AnalysisFailed("笔记本出错")

    monkeypatch.setattr(execute, "run_all", fail)
    with pytest.raises(AnalysisFailed):
        report.run([ROUND], root=workspace)
    assert (
        contents(workspace / "reports" / ROUND),
        contents(workspace / "data" / "results" / ROUND),
    ) == before
    left = [path.name for path in (workspace / "reports").iterdir() if not path.name.startswith(".lock")]
    assert sorted(left) == [ROUND, "index.html"]


def test_a_leak_is_not_published(
    workspace: Path, admitted: dict[str, int], fake_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sample_pages.PAGES, "03_departments", [("code", "<p>请打 13912345678</p>", [])])
    with pytest.raises(AnalysisFailed, match="手机号") as refused:
        report.run([ROUND], root=workspace)
    assert refused.value.exit_code == 4
    assert not (workspace / "reports" / ROUND).exists()
    assert not (workspace / "data" / "results" / ROUND).exists()


def test_a_round_is_refused_before_any_kernel_starts(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(round_id: str, root: Path) -> None:
        raise DisclosureRefused("只有 12 份有效答卷")

    def started(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a kernel started")

    monkeypatch.setattr(runner, "admit", refuse)
    monkeypatch.setattr(execute, "run_all", started)
    with pytest.raises(DisclosureRefused):
        report.run([ROUND], root=workspace)
    assert not (workspace / "reports").exists()


def test_admission_opens_the_round_and_the_gate(demo_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"estimate": [73.1]})
    monkeypatch.setattr(results, "publishable", lambda opened: {str(opened.n): table})
    admitted_round = admission.admit(ROUND, demo_root)
    assert admitted_round.round.id == ROUND
    assert admitted_round.n > 900
    assert admitted_round.results() == {str(admitted_round.n): table}


def test_a_round_that_is_too_small_is_not_admitted(demo_root: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_root / "params", tmp_path / "params")
    shutil.copytree(demo_root / "data" / "raw" / ROUND, tmp_path / "data" / "raw" / ROUND)
    with (tmp_path / "params" / f"{ROUND}.yaml").open("a", encoding="utf-8") as file:
        file.write("min_respondents: 5000\n")
    with pytest.raises(DisclosureRefused, match="5000"):
        admission.admit(ROUND, tmp_path)


# --- the list of rounds --------------------------------------------------------------------------------


def record(out: Path, round_id: str, results: Path, score: str | None) -> None:
    (out / round_id).mkdir(parents=True)
    about = {"round": round_id, "survey": "评议<b>", "label": f"{round_id[:4]} 年", "theme": "主题", "notice": "",
             "n": 1012, "fingerprint": "7c1e 90ab", "pages": [{"page": "index.html", "title": "一页纸"}]}  # fmt: skip
    (out / round_id / "bundle.json").write_text(json.dumps(about), encoding="utf-8")
    if score is not None:
        (results / round_id).mkdir(parents=True)
        head = "estimate,conf_low,conf_high,n\n"
        (results / round_id / "overall.csv").write_text(head + score, encoding="utf-8-sig")


def test_rounds_are_listed_latest_first_with_their_scores(tmp_path: Path) -> None:
    out, results = tmp_path / "out", tmp_path / "results"
    record(out, "2021H1", results, "70.6,69.3,71.9,941")
    record(out, "2022H1", results, None)
    record(out, "2022H2", results, "73.1,72.0,74.2,1010")
    (out / "2019H1").mkdir()
    (out / "2019H1" / "bundle.json").write_text("not ours", encoding="utf-8")
    index.write(out, results)
    html = (out / "index.html").read_text(encoding="utf-8")
    places = [html.index(f'<a href="{name}/index.html"><b>') for name in ("2022H2", "2022H1", "2021H1")]
    assert places == sorted(places)
    assert "2019H1" not in html
    assert "最近一轮总体满意度 73.1 分" in html
    assert "69.3 至 71.9" in html
    assert "没有可公布的总分" in html
    assert "评议&lt;b&gt;" in html


@pytest.mark.parametrize("row", ["", ",,,5", "NaN,NaN,NaN,5"])
def test_a_hidden_score_is_no_score(tmp_path: Path, row: str) -> None:
    path = tmp_path / "overall.csv"
    path.write_text("estimate,conf_low,conf_high,n\n" + row, encoding="utf-8-sig")
    assert index.read_score(path) is None


def test_a_survey_without_an_overall_score_is_listed(tmp_path: Path) -> None:
    record(tmp_path, "2022H2", tmp_path / "results", None)
    index.write(tmp_path, tmp_path / "results")
    assert "1 轮评议报告" in (tmp_path / "index.html").read_text(encoding="utf-8")
