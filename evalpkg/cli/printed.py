"""What verbs print as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalpkg.complaints.gaps import Gaps
    from evalpkg.disclosure import Protected


def print_plan(round_id: str, sizes: Protected) -> None:
    """Print what rounds of other sizes would tell apart, and how large one must be."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from evalpkg.disclosure import nearest

    extra = sizes.extra
    console = Console(highlight=False)
    console.print(
        f"{round_id}：{nearest(sizes.total):,} 家企业、{extra['departments']} 个部门；"
        f"照这样，名次区间平均宽 {extra['width_now']:.0f} 位",
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (
        "企业数",
        "名次区间\n（平均，位）",
        "指定两部门\n（分）",
        "任意两部门\n（分）",
        "与平均相比\n（分）",
    ):
        table.add_column(heading, justify="right")
    for row in sizes.table.to_dict("records"):
        points = [f"{row[name]:.1f}" for name in ("detectable_pair", "detectable", "detectable_mean")]
        table.add_row(f"{row['respondents']:,.0f}", f"{row['estimate']:.0f}", *points)
    console.print(table)
    for row in extra["needed"].to_dict("records"):
        console.print(f"{row['label']}：{_firms(row['respondents'])}", soft_wrap=True)
    console.print(extra["assumptions"], soft_wrap=True)


def print_gaps(round_id: str, name: str, missed: Gaps) -> None:
    """Print what a theme lexicon misses, and which words could be added."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from evalpkg.disclosure import nearest

    def firms(number: int) -> str:
        return f"{nearest(number):,}" if number >= missed.k else f"<{missed.k}"

    console = Console(highlight=False)
    console.print(
        f"{round_id} 的意见与词表 {name}：企业数取 5 的倍数，不足 {missed.k} 家用过的词不列；只提建议，不改词表",
        soft_wrap=True,
    )
    for title, columns, frame in missed.sections:
        console.print(f"\n{title}" if len(frame) else f"\n{title}：没有", soft_wrap=True)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns.values():
            table.add_column(column, overflow="fold")
        for row in frame[list(columns)].to_dict("records"):
            table.add_row(*(value if isinstance(value, str) else firms(value) for value in row.values()))
        if len(frame):
            console.print(table)


def _firms(number: float) -> str:
    return f"约需 {number:,.0f} 家" if number < float("inf") else "20 万家也达不到"
