"""What a person said of the columns of an export: which item each is, and what its cells mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from evalpkg.codebook import Codebook, match_key, token_key
from evalpkg.ingest.headers import Target
from evalpkg.ingest.spreadsheet import grid
from evalpkg.params import ParamsError

COLUMNS = ("column", "item", "values")
OUT = "-"  # in place of an item: the column is left out
UNSURE = "?"  # in place of an item: a person has yet to say


@dataclass(frozen=True)
class Mapped:
    """A mapping file.

    Attributes
    ----------
    targets : dict
        By `match_key` of the column's title; None leaves the column out.
    cells : dict
        By target: what a cell stands for, by `token_key`.
    """

    targets: dict[str, Target | None] = field(default_factory=dict)
    cells: dict[Target, dict[str, str]] = field(default_factory=dict)


def read_mapping(path: Path, codebook: Codebook) -> Mapped:
    """Read a mapping file: UTF-8 or GB18030, columns `column`, `item` and `values`, others are passed over.

    `item` is the code of an item (F1), of the row of a matrix (C_D26), of an option of a multiple choice (G1.FIN), or "-".
    `values` lists what cells stand for, ``AO01=LC; AO02=XG``, the right side as in the codebook: an option code, a label, a
    number, or the token of a missing answer.

    Raises
    ------
    ParamsError
        The file is missing or cannot be decoded; a column of it is missing; a row is not settled; an unknown code; a
        column, or a cell, that stands twice; a value without "=".
    """
    rows = _rows(path)
    open_ = [f"第 {line} 行" for line, row in rows if row["item"].strip() in ("", UNSURE)]
    if open_:
        raise ParamsError(
            f"{path.name}：还有 {len(open_)} 列没有确认是哪道题（{'、'.join(open_[:10])}）；请把 item 填成题目代码，不用的列填 {OUT}"
        )
    targets: dict[str, Target | None] = {}
    cells: dict[Target, dict[str, str]] = {}
    for line, row in rows:
        where = f"{path.name} 第 {line} 行"
        key = match_key(row["column"])
        if key in targets:
            raise ParamsError(f"{where}：这一列写了两次；每列只写一行，请删去一行")
        target = _target(row["item"].strip(), codebook, where)
        targets[key] = target
        if target and row["values"].strip():
            cells[target] = _values(row["values"], target, codebook, where)
    return Mapped(targets, cells)


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise ParamsError(f"找不到列名对照表 {path.name}；请放回这个文件，或改正参数里的文件名")
    filled = grid(path, path.name)
    if not filled:
        raise ParamsError(f"{path.name} 是空的；应有列 {'、'.join(COLUMNS)}")
    header = [cell.strip().lower() for cell in filled[0][1]]
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise ParamsError(f"{path.name}：缺少列 {'、'.join(absent)}；应有 {'、'.join(COLUMNS)}")
    return [(line, dict(zip(header, [*row, *[""] * len(header)], strict=False))) for line, row in filled[1:]]


def _target(text: str, codebook: Codebook, where: str) -> Target | None:
    if text == OUT:
        return None
    code, _, option = text.partition(".")
    item = codebook.items.get(code)
    if item is None:
        raise ParamsError(f"{where}：item “{text}”不是问卷说明里的代码；请对照问卷说明改正，不用的列写 {OUT}")
    if option and option not in item.options:
        raise ParamsError(f"{where}：{code} 没有选项 {option}；可用的是 {'、'.join(item.options)}")
    return Target(code, option)


def _values(text: str, target: Target, codebook: Codebook, where: str) -> dict[str, str]:
    item, found = codebook.items[target.item], {}
    for part in filter(str.strip, text.replace("；", ";").split(";")):
        cell, equals, meaning = (piece.strip() for piece in part.partition("="))
        if not equals or not meaning:
            raise ParamsError(
                f"{where}：values 里的“{part.strip()}”应写成 原来的写法=含义，几个之间用分号隔开"
            )
        if token_key(cell) in found:
            raise ParamsError(f"{where}：values 里“{cell}”写了两次；请删去一个")
        found[token_key(cell)] = item.options.get(meaning, meaning)
    return found
