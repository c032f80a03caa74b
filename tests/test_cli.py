"""The command line: what each verb prints, and one Chinese line and an exit code for every failure."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evalpkg
from evalpkg import (
    cli,
    disclosure,
    ingest,
    params,
    planner,
    report,
    scores,
    survey,
    synthetic,
    weights,
)
from evalpkg.estimate import Result

ROOT = Path(__file__).parents[1]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command in this process and gives its exit code, output and errors."""
    monkeypatch.delenv("EVALPKG_ROOT", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return int(left.value.code or 0), printed.out, printed.err

    return run


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise error

    return fail


def workspace(folder: Path) -> Path:
    """Make the smallest workspace: parameters alone."""
    (folder / "params").mkdir(parents=True)
    for path in (ROOT / "params").glob("*.yaml"):
        (folder / "params" / path.name).write_bytes(path.read_bytes())
    return folder


# --- usage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["plann"],
            "没有命令 plann，可用：demo、new、run、check、plan、themes、comparability、code-sheet、version",
        ),
        (
            ["nope"],
            "没有命令 nope，可用：demo、new、run、check、plan、themes、comparability、code-sheet、version",
        ),
        (["run"], "缺少轮次；"),
        (["run", "2022H2", "--nope"], "没有选项 --nope"),
        (["run", "2022H2", "--jobs"], "选项 --jobs 后面要写一个值"),
        (["run", "2022H2", "--jobs", "0"], "--jobs 的值不对"),
        (["run", "2022H2", "--jobs", "two"], "--jobs 的值不对"),
        (["check", "2022H2", "b", "c"], "多了参数：b c"),
        (["check"], "请写轮次（evalpkg check 2022H2），或同时写 --file 和 --codebook，二者选一"),
        (["check", "2022H2", "--file", "a.xlsx"], "二者选一"),
        (["check", "--file", "a.xlsx"], "二者选一"),
        (["plan"], "缺少轮次；"),
        (["plan", "2022H2", "--width", "ten"], "--width 的值不对"),
    ],
)
def test_a_wrong_call_is_one_chinese_line(command: Any, arguments: list[str], line: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (64, "")
    assert err.startswith(line) or line in err
    assert err.count("\n") == 1


def test_help_is_chinese_and_quick() -> None:
    code = "import sys; from evalpkg import cli\ntry:\n    cli.main(['--help'])\nexcept SystemExit as left:\n    assert not left.code\nfinally:\n    print(sorted({'numpy', 'pandas', 'papermill'} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "运行一轮或几轮" in done.stdout
    assert done.stderr == "[]\n"


def test_no_command_prints_the_help(command: Any) -> None:
    code, out, err = command()
    assert code == 64
    assert "写出五轮示例数据" in out
    assert err.startswith(
        "缺少命令，可用：demo、new、run、check、plan、themes、comparability、code-sheet、version"
    )


def test_the_version_is_that_of_the_package(command: Any) -> None:
    assert command("version") == (0, f"{evalpkg.__version__}\n", "")


def test_the_module_runs_as_a_script() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evalpkg.cli", "version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{evalpkg.__version__}\n"


# --- failures ------------------------------------------------------------------------------------------

PROBLEM = ingest.Problem("E-RANGE", "文件 a.xlsx 单元格 C5", "分数只能是 0 至 10，请改正")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (params.ParamsError("没有轮次 2030H1"), 64, "没有轮次 2030H1"),
        (synthetic.SyntheticError("没有示例轮次"), 64, "没有示例轮次"),
        (ingest.InputRefused([PROBLEM, PROBLEM]), 3, f"{PROBLEM}\n{PROBLEM}"),
        (weights.WeightsError("总体里没有这一格"), 3, "总体里没有这一格"),
        (disclosure.DisclosureRefused("只有 12 份有效答卷"), 4, "只有 12 份有效答卷"),
        (report.AnalysisFailed("笔记本出错"), 70, "笔记本出错"),
        (report.AnalysisFailed("没有轮次 2030H1", 64), 64, "没有轮次 2030H1"),
        (report.NotWritable("不能写入"), 73, "不能写入"),
        (report.DiskFull("磁盘已满"), 74, "磁盘已满"),
        (report.RoundBusy("正由另一个进程运行"), 75, "正由另一个进程运行"),
        (OSError(28, "No space left on device"), 74, "磁盘已满或超出配额"),
        (PermissionError(13, "Permission denied", "/a/reports"), 73, "“reports”不能读写"),
        (KeyboardInterrupt(), 130, "已中断，没有发布任何内容"),
        (ValueError("张三 13912345678"), 70, "程序内部出错（ValueError）"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_failure_has_its_line_and_its_code(
    command: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    monkeypatch.setattr(report, "run", raising(error))
    left, out, err = command("run", "2022H2")
    assert (left, out) == (code, "")
    assert err.startswith(line)
    assert err.count("\n") == line.count("\n") + 1
    assert "13912345678" not in err


def test_a_wrong_round_lists_those_there_are(command: Any, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    for verb in ("run", "check"):
        code, out, err = command(verb, "2030H1", "--root", root)
        assert (code, out) == (64, "")
        assert "2030H1" in err
        assert "2022H2" in err
        assert err.count("\n") == 1


# --- run -----------------------------------------------------------------------------------------------


def test_run_ends_with_the_path_of_the_page(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}

    def run(
        rounds: list[str], *, listen: Callable[[report.Step], None], **options: Any
    ) -> list[report.Bundle]:
        asked.update(rounds=rounds, **options)
        listen(report.Step("2022H2", "", 0, 2))
        listen(report.Step("2022H2", "01_sample", 1, 2))
        return [report.Bundle(name, tmp_path / name, ("index.html",), 1012, "7c1e 90ab") for name in rounds]

    monkeypatch.setattr(report, "run", run)
    code, out, err = command("run", "2022H1", "2022H2", "--root", tmp_path, "--jobs", 1)
    assert (code, out.splitlines()) == (
        0,
        [str(tmp_path / name / "index.html") for name in ("2022H1", "2022H2")],
    )
    assert err == "2022H2 0/2 开始\n2022H2 1/2 01_sample 完成\n"
    assert asked == {"rounds": ["2022H1", "2022H2"], "root": tmp_path, "out": None, "jobs": 1}


def test_a_terminal_gets_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with cli.progress() as listen:
        listen(report.Step("2022H2", "", 0, 2))
        listen(report.Step("2022H2", "01_sample", 2, 2))
    assert "2/2" in capsys.readouterr().err


# --- check ---------------------------------------------------------------------------------------------


def test_check_lists_warnings_and_writes_nothing(command: Any, demo_root: Path) -> None:
    before = sorted(demo_root.rglob("*"))
    code, out, err = command("check", "2022H2", "--root", demo_root)
    *warnings, summary = out.splitlines()
    assert (code, err) == (0, "")
    assert summary.startswith("可以使用：")
    assert all("（W-" in line for line in warnings)
    assert sorted(demo_root.rglob("*")) == before


def test_check_refuses_what_a_run_would_refuse(command: Any, demo_root: Path, tmp_path: Path) -> None:
    """Answers in order, but the register of enterprises counts no persons: the run would stop there."""
    shutil.copytree(demo_root / "params", tmp_path / "params")
    shutil.copytree(demo_root / "data" / "raw" / "2022H2", tmp_path / "data" / "raw" / "2022H2")
    register = tmp_path / "data" / "raw" / "2022H2" / "margins.csv"
    pd.read_csv(register, encoding="utf-8-sig").drop(columns="employment").to_csv(register, index=False)
    code, out, err = command("check", "2022H2", "--root", tmp_path)
    assert code == 64 and "可以使用" not in out
    assert (
        err
        == "总体结构文件 margins.csv：缺少列 employment；没有从业人员数就在参数里写 employment: null（E-PARAMS）\n"
    )


def test_check_lists_every_fault_with_its_code(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ingest, "read_file", raising(ingest.InputRefused([PROBLEM] * 3)))
    code, out, err = command("check", "--file", tmp_path / "a.xlsx", "--codebook", "short")
    assert (code, out.splitlines()) == (3, [str(PROBLEM)] * 3)
    assert err == "拒收：3 处必须改正，见上面各行\n"


def test_check_accounts_for_every_form(command: Any, demo_root: Path, tmp_path: Path) -> None:
    n = len(ingest.read(params.load("2022H2", demo_root)).responses)
    _, out, _ = command("check", "2022H2", "--root", demo_root)
    assert out.splitlines()[-1].endswith(f"；读到 {n:,} 份 = 采用 {n:,} + 另列 0 + 拒收 0")
    text = (ROOT / "tests/fixtures/tencent_text.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "a.csv").write_text(text.replace("孟津区", "火星区"), encoding="utf-8")
    code, out, err = command("check", "--file", tmp_path / "a.csv", "--codebook", "fixture")
    assert code == 3 and out.count("（E-OPTION）") == len(out.splitlines())
    assert err.endswith("处必须改正，见上面各行；读到 12 份 = 采用 0 + 另列 0 + 拒收 12\n")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_table_with_what_refuses_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    warning = ingest.Problem("W-GATE", "全部答卷 [bold]\x1b[2J", "请核对")
    screen = Terminal()
    ingest.show([warning] * 55 + [PROBLEM], screen)
    rows = [line for line in screen.getvalue().splitlines() if "E-" in line or "W-" in line or "位置" in line]
    assert [word in rows[0] for word in ("位置", "问题", "代码")] == [True] * 3
    assert "E-RANGE" in rows[1] and "单元格 C5" in rows[1] and "0 至 10" in rows[1]
    assert len(rows) == 51 and "[bold]" in rows[2] and "\x1b[2J" not in screen.getvalue()
    assert screen.getvalue().splitlines()[-1] == "……另有 6 处问题，先改上面的"


def test_elsewhere_each_problem_is_a_line_that_programs_read() -> None:
    page = io.StringIO()
    ingest.show([PROBLEM] * 60, page)
    assert page.getvalue().splitlines() == [str(PROBLEM)] * 50 + ["……另有 10 处问题，先改上面的"]
    ingest.show([], Terminal())


@pytest.mark.parametrize("verb", ["run", "new"])
def test_every_verb_shows_a_refusal_as_a_table_on_a_terminal(
    verb: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusal = ingest.InputRefused([PROBLEM])
    monkeypatch.setattr(report, "run", raising(refusal))
    monkeypatch.setattr(ingest, "begin", raising(refusal))
    monkeypatch.setattr(cli, "progress", lambda: contextlib.nullcontext(print))
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    more = ["--from", str(tmp_path / "a.csv"), "--root", str(workspace(tmp_path))] if verb == "new" else []
    with pytest.raises(SystemExit) as left:
        cli.main([verb, "2022H2", *more])
    assert left.value.code == 3
    assert "位置" in screen.getvalue() and "E-RANGE" in screen.getvalue()


def test_run_tells_what_became_of_the_forms(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts = {"read": 1012, "kept": 1012, "dropped": 2}
    warned = ingest.Problem("W-GATE", "全部答卷", "请核对")
    bundle = report.Bundle("2022H2", tmp_path, ("index.html",), 1012, "7c1e 90ab", counts, (warned,))
    monkeypatch.setattr(report, "run", lambda *arguments, **options: [bundle])
    code, out, err = command("run", "2022H2")
    assert (code, out) == (0, f"{tmp_path / 'index.html'}\n")
    assert err == f"{warned}\n2022H2：读到 1,012 份 = 采用 1,012 + 另列 0 + 拒收 0\n"


# --- plan ----------------------------------------------------------------------------------------------


def scored(total: int, ranked: int = 20) -> Result:
    """Return scores of 20 departments a point apart, of which some are ranked."""
    table = pd.DataFrame({"estimate": np.arange(70.0, 90.0), "n": 300})
    table["rank_low"] = np.where(np.arange(20) < ranked, 1.0, np.nan)
    extra = {"cov": np.eye(20), "df": 37.0, "reliability": 0.97}
    return Result(table, "departments", "分", "企业", total, extra)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, demo_root: Path) -> Path:
    """Give departments scores that do not depend on how they are computed, and the demo's root."""
    monkeypatch.setattr(scores, "departments", lambda opened: scored(opened.n))
    return demo_root


def test_plan_prints_sizes_needs_and_what_is_assumed(command: Any, planned: Path) -> None:
    code, out, err = command("plan", "2022H2", "--root", planned, "--width", 4, "--difference", 2.5)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith("2022H2：1,0")
    assert "家企业、20 个部门；照这样，名次区间平均宽" in lines[0]
    sizes = [line.split() for line in lines if line.strip()[:1].isdigit()][1:]
    assert [row[0] for row in sizes] == [f"{n:,}" for n in planner.SIZES]
    assert all(len(row) == 5 for row in sizes)
    needs = [line for line in lines if "：约需 " in line]
    assert needs[0].startswith("名次区间平均不超过 4 位：约需 ")
    assert needs[1].startswith("事先指定的一对部门相差 2.5 分：约需 ")
    assert len(needs) == 4
    assert lines[-1] == planner.ASSUMPTIONS


def test_plan_prints_what_the_planner_says(command: Any, planned: Path) -> None:
    opened = survey.open("2022H2", planned)
    _, out, _ = command("plan", "2022H2", "--root", planned)
    expected = planner.sample_size(scored(opened.n), seed=opened.round.seed_for("planner"))
    row = expected.table.iloc[2]
    cells = [row["detectable_pair"], row["detectable"], row["detectable_mean"]]
    assert ["1,500", f"{row['estimate']:.0f}", *(f"{x:.1f}" for x in cells)] in [
        line.split() for line in out.splitlines()
    ]
    for need in expected.extra["needed"].itertuples():
        assert f"{need.label}：约需 {need.respondents:,.0f} 家" in out.splitlines()


def test_plan_says_when_no_number_is_enough(command: Any, planned: Path) -> None:
    _, out, _ = command("plan", "2022H2", "--root", planned, "--difference", 0.01)
    assert "事先指定的一对部门相差 0.01 分：20 万家也达不到" in out.splitlines()


def test_plan_publishes_nothing_of_a_round_that_is_too_small(
    command: Any, monkeypatch: pytest.MonkeyPatch, planned: Path
) -> None:
    opened = survey.open("2022H2", planned)
    small = replace(opened, round=opened.round.model_copy(update={"min_respondents": 5000}))
    monkeypatch.setattr(survey, "open", lambda *arguments: small)
    code, out, err = command("plan", "2022H2", "--root", planned)
    assert (code, out) == (4, "")
    assert "不足公布所需的 5000 份" in err


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--width", 21], 64, "名次区间的平均宽度是 21：要在 1 与部门数 20 之间"),
        (["--difference", 0], 64, "要分清的分差是 0：必须大于 0"),
    ],
)
def test_plan_refuses_a_senseless_target(
    command: Any, planned: Path, options: list[object], code: int, line: str
) -> None:
    left, out, err = command("plan", "2022H2", "--root", planned, *options)
    assert (left, out) == (code, "")
    assert err.startswith(line) and err.count("\n") == 1


@pytest.mark.parametrize("result", [None, scored(1000, ranked=1)])
def test_plan_needs_ranked_departments(
    command: Any, monkeypatch: pytest.MonkeyPatch, planned: Path, result: Result | None
) -> None:
    monkeypatch.setattr(scores, "departments", lambda opened: result)
    code, out, err = command("plan", "2022H2", "--root", planned)
    assert (code, out) == (70, "")
    assert err.startswith(("本轮没有部门评分", "达到最低评分家数的部门少于 2 个"))


# --- demo ----------------------------------------------------------------------------------------------


def written(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let the demo write nothing, and return the folders it was asked for."""
    folders: list[Path] = []

    def write(root: Path, **options: Any) -> list[Path]:
        folders.append(root)
        return []

    monkeypatch.setattr(synthetic, "write", write)
    return folders


def test_the_demo_goes_to_the_folder_asked_for(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders = written(monkeypatch)
    assert command("demo", "--root", tmp_path)[0] == 0
    monkeypatch.setenv("EVALPKG_ROOT", str(tmp_path / "env"))
    command("demo")
    assert folders == [tmp_path, tmp_path / "env"]


def test_the_demo_goes_to_the_project_around_or_to_this_folder(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders = written(monkeypatch)
    inside = workspace(tmp_path / "project") / "a" / "b"
    inside.mkdir(parents=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (inside, empty):
        monkeypatch.chdir(folder)
        command("demo")
    assert folders == [tmp_path / "project", empty]


def test_blas_is_limited_before_numpy_comes() -> None:
    code = "import os; from evalpkg import cli\ntry:\n    cli.main(['version'])\nexcept SystemExit:\n    print(os.environ['OMP_NUM_THREADS'])"
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "1"
