"""The verbs: each calls one function of the package and prints what it gives."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalpkg.cli.failures import fail
from evalpkg.cli.printed import print_gaps, print_plan
from evalpkg.cli.progress import progress

if TYPE_CHECKING:
    from evalpkg.ingest import Intake

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="把一轮不记名企业评议做成领导能看、经得起推敲的报告。",
)
Root = Annotated[
    Path | None, typer.Option("--root", help="项目文件夹（默认：EVALPKG_ROOT，或往上找 params/）")
]


@app.command(help="写出五轮示例数据（合成，真值已知）。")
def demo(
    root: Root = None, force: Annotated[bool, typer.Option("--force", help="覆盖内容不同的旧文件")] = False
) -> None:
    """Write the demo rounds under ``data/raw``."""
    from evalpkg import synthetic

    folder = _demo_root(root)
    files = synthetic.write(folder, force=force)
    print(f"示例数据已写好：{folder / 'data' / 'raw'}（{len(files)} 个文件）")


@app.command(help="运行一轮或几轮，发布 reports/<轮次>/index.html。")
def run(
    rounds: Annotated[list[str], typer.Argument(metavar="轮次...", help="例如 2022H2", show_default=False)],
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="报告放在哪个文件夹（默认：项目里的 reports/）")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="同时运行几本笔记本（默认 2）")] = None,
) -> None:
    """Run rounds and publish their pages."""
    from evalpkg import ingest, report

    with progress() as listen:
        bundles = report.run(rounds, root=root, out=out, jobs=jobs, listen=listen)
    for bundle in bundles:
        if bundle.counts:
            ingest.show(bundle.problems, sys.stderr)
            print(f"{bundle.round_id}：{ingest.accounted(bundle.counts)}", file=sys.stderr)
        print(bundle.index)


@app.command(help="检查一轮的答卷、参数和总体结构，或单独一个文件；什么也不写。")
def check(
    round_id: Annotated[str | None, typer.Argument(metavar="轮次", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option("--file", help="单独检查一个导出文件")] = None,
    codebook: Annotated[
        str | None, typer.Option("--codebook", help="配合 --file：问卷说明的名称或路径")
    ] = None,
    root: Root = None,
) -> None:
    """Read a round, or one file, and list what is wrong with it."""
    from evalpkg import params

    round_ = params.load(round_id, root) if round_id and not file and not codebook else None
    from evalpkg import appeals, ingest  # later: a wrong name is told before pandas is loaded

    try:
        intake = ingest.read(round_) if round_ else _read_file(round_id, file, codebook)
        beside = appeals.problems(round_) if round_ else []
    except ingest.InputRefused as refusal:
        ingest.show(refusal.problems, sys.stdout)
        said = f"拒收：{sum(problem.refuses for problem in refusal.problems)} 处必须改正，见上面各行"
        whole = f"；{ingest.accounted({'read': refusal.read, 'kept': 0})}" if refusal.read else ""
        fail(said + whole, 3)
    ingest.show([*intake.problems, *beside], sys.stdout)
    if round_:  # what `run` would refuse
        from evalpkg import disclosure, measures, survey

        disclosure.gate(survey.prepared(round_, intake))
        measures.registry(round_)
    told = ingest.accounted(intake.counts)
    print(f"可以使用：{len(intake.responses):,} 份答卷，{len(intake.problems) + len(beside)} 处提醒；{told}")


@app.command(help="从一个导出文件开始新的一轮：认平台、对列名，写出参数和列名对照表，由人确认。")
def new(
    round_id: Annotated[str, typer.Argument(metavar="轮次", help="例如 2026H2", show_default=False)],
    export: Annotated[Path, typer.Option("--from", help="平台导出的文件：.xlsx、.xls、.csv 或 .parquet")],
    codebook: Annotated[
        str, typer.Option("--codebook", help="data/reference/codebooks/ 里的问卷说明")
    ] = "questionnaire",
    root: Root = None,
) -> None:
    """Begin a round from an export."""
    from evalpkg import ingest

    print(*ingest.begin(round_id, export, root, codebook), sep="\n")


@app.command(help="按一轮的误差推算：要分清各部门，下一轮需要多少家企业。")
def plan(
    round_id: Annotated[str, typer.Argument(metavar="轮次", help="已经做完的一轮", show_default=False)],
    width: Annotated[
        float | None, typer.Option("--width", help="名次区间平均要窄到几位（默认 10，部门少时取一半）")
    ] = None,
    difference: Annotated[float, typer.Option("--difference", help="相差几分要能分清")] = 5.0,
    root: Root = None,
) -> None:
    """Print what rounds of other sizes would tell apart, and how large one must be."""
    from evalpkg import disclosure, planner, scores, survey

    opened = survey.open(round_id, root)
    gate = disclosure.gate(opened)
    sizes = planner.sample_size(
        scores.departments(opened),
        widths=None if width is None else [width],
        differences=[difference],
        level=opened.round.level,
        seed=opened.round.seed_for("planner"),
    )
    if (shown := gate(sizes)) is not None:
        print_plan(round_id, shown)


@app.command(help="检查问题词表漏了什么：哪些意见没有词认得，可以补哪些词；--register 登记本轮的各类问题。")
def themes(
    round_id: Annotated[str, typer.Argument(metavar="轮次", help="例如 2022H2", show_default=False)],
    register: Annotated[
        bool, typer.Option("--register", help="把各类问题的来历写进 data/reference/themes_registry.csv")
    ] = False,
    root: Root = None,
) -> None:
    """Print what the theme lexicon misses in the remarks of a round; keep the ids of its themes."""
    from evalpkg import complaints, disclosure, survey
    from evalpkg.complaints.gaps import gaps
    from evalpkg.complaints.lineage.registry import register as kept

    opened = survey.open(round_id, root)
    disclosure.gate(opened)
    said = complaints.coded(opened, complaints.history(opened))
    if said is None:
        print(f"{round_id}：没有人写意见，或者没有一条意见用到 {opened.round.lexicon} 里的词，没有可检查的")
        return
    if register:
        print(*kept(said), sep="\n")
        return
    print_gaps(round_id, opened.round.lexicon, gaps(said))


@app.command(help="登记本轮各题的写法（题干、刻度、打分条件），供前后比较：同一题改过写法，趋势就断开。")
def comparability(
    round_id: Annotated[str, typer.Argument(metavar="轮次", help="例如 2022H2", show_default=False)],
    root: Root = None,
) -> None:
    """Register how the items of a round are worded, in data/reference/comparability.csv."""
    from evalpkg import survey, trends

    print(*trends.register(trends.history(survey.open(round_id, root))), sep="\n")


@app.command(
    "code-sheet", help="写出人工编码表：企业原话，由两个人归类，用来校正机器的占比；--check 检查填好的表。"
)
def code_sheet(
    round_id: Annotated[str, typer.Argument(metavar="轮次", help="例如 2022H2", show_default=False)],
    n: Annotated[int, typer.Option("--n", min=1, help="要编码的企业数")] = 200,
    out: Annotated[
        Path | None, typer.Option("--out", help="编码表的文件（默认：data/coding/<轮次>.xlsx）")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="检查填好的编码表，什么也不写")] = False,
    root: Root = None,
) -> None:
    """Write the workbook in which people code remarks, or check one that is filled in."""
    from evalpkg import complaints, disclosure, survey
    from evalpkg.complaints.hand import calibration, sheet

    opened = survey.open(round_id, root)
    disclosure.gate(opened)
    said = sheet.require(complaints.coded(opened, complaints.history(opened)), round_id)
    path = out or sheet.default_path(opened.round)
    if check:
        print(*calibration.summary(said, sheet.read(path, said)), sep="\n")
        return
    print(*sheet.told(sheet.write(said, path, n), path, opened.round), sep="\n")


@app.command(help="显示版本号。")
def version() -> None:
    """Print the version."""
    import evalpkg

    print(evalpkg.__version__)


def _read_file(round_id: str | None, file: Path | None, codebook: str | None) -> Intake:
    from evalpkg import ingest, params
    from evalpkg.fragment import K

    if file and codebook and not round_id:
        return ingest.read_file(file, codebook, least=K)
    said = "请写轮次（evalpkg check 2022H2），或同时写 --file 和 --codebook，二者选一"
    raise params.ParamsError(said, code="")  # the call is wrong, no file is


def _demo_root(root: Path | None) -> Path:
    """Folder that the demo goes to: the one given, else the project around here, else this folder."""
    from evalpkg import params

    given = root or os.environ.get("EVALPKG_ROOT")
    if given:
        return Path(given).expanduser().resolve()
    try:
        return params.find_root()
    except params.ParamsError:
        return Path.cwd()
