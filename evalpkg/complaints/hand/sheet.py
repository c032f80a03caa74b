"""The coding workbook: remarks that people put into themes, written for them and read back."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.hand import workbook
from evalpkg.complaints.hand.filled import NO_PROBLEM, NONE, Marks, filled, framed, highest, listing, rows
from evalpkg.complaints.hand.record import drawn_once, keep, record_path, recorded
from evalpkg.complaints.hand.sampling import Drawn, SheetError, draw
from evalpkg.complaints.hand.workbook import CODERS, SETTLED, Grid
from evalpkg.ingest import InputRefused, Problem
from evalpkg.ingest.problems import stop_if_refused
from evalpkg.params import Round
from evalpkg.text import clean

N = 200  # respondents on a sheet: a day's work of two coders
REST_HOLDS, NONE_HOLDS = "写了具体问题，但以上各类都不合适", "无、表扬、口号、看不懂"
ONLY_BOTH = "一致系数只按两人都填的行算"
UNREADABLE = "（没有可读的文字）"
UNFINISHED = {"E-NONE", "E-BLANK"}  # faults of a workbook that coders are still filling in


@dataclass(frozen=True)
class Coding:
    """Hold what people coded.

    Attributes
    ----------
    round_id : str
    drawn : Drawn
        Who was drawn, with what probability.
    marks : DataFrame
        A row a respondent drawn (index rid), a column a sheet (编码员甲, 编码员乙, 复核): a frozenset of codes of themes, "OTHER" or
        "NONE"; None where the row was left blank.
    problems : tuple of Problem
        Warnings.
    """

    round_id: str
    drawn: Drawn
    marks: pd.DataFrame
    problems: tuple[Problem, ...] = ()

    def sets(self) -> list[list[Marks | None]]:
        """Codes by each coder who coded anything, rows in the order of the sheet: as `agreement.krippendorff` takes them."""
        coders = [self.marks[name].tolist() for name in CODERS]
        return [marks for marks in coders if any(mark is not None for mark in marks)]

    def values(self, codes: Sequence[str]) -> pd.DataFrame:
        """Tell whether each respondent names each theme, 0 to 1: as settled, else the mean of the coders."""
        found = [_mean(first, second, settled, codes) for first, second, settled in self._rows()]
        return pd.DataFrame(found, index=self.marks.index, columns=list(codes), dtype=float)

    @property
    def disputed(self) -> list[str]:
        """Numbers of rows on which the coders differ and that nobody settled."""
        pairs = zip(self.drawn.sample["id"], self._rows(), strict=True)
        return [str(number) for number, row in pairs if _is_disputed(*row)]

    def _rows(self) -> list[tuple[Marks | None, Marks | None, Marks | None]]:
        """By both coders, and as settled."""
        return list(self.marks[[*CODERS, SETTLED]].itertuples(index=False, name=None))


def default_path(round_: Round) -> Path:
    """Name the file in which the workbook of a round is kept."""
    return round_.root / "data" / "coding" / f"{round_.id}.xlsx"


# --- writing ----------------------------------------------------------------------------------------------


def write(said: Coded, path: Path | None = None, n: int = N) -> Drawn:
    """Write a workbook for two coders with the remarks of n respondents, and a record of the draw.

    Parameters
    ----------
    said
    path
        `default_path` where omitted.
    n
        Respondents, see `sampling.draw`.

    Raises
    ------
    SheetError
        The workbook is there already, the round was drawn with another n, nobody wrote, n is too small.
    """
    round_ = said.survey.round
    path = path or default_path(round_)
    if path.suffix.lower() != ".xlsx":
        raise SheetError(f"文件名 {path.name}：编码表只能是 .xlsx；请换一个以 .xlsx 结尾的文件名")
    if path.exists():
        raise SheetError(
            f"{path.name} 已经在那里，可能有人填过，没有覆盖；填好了就运行 evalpkg code-sheet {round_.id} --check，"
            "要再写一份先把旧文件改名"
        )
    drawn, texts = drawn_once(said, n), remarks(said)
    lines = [(number, texts[rid]) for rid, number in drawn.sample["id"].items()]
    made = workbook.compose(round_.id, lines, _described(said))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(made)
    keep(drawn, record_path(round_))
    return drawn


def told(drawn: Drawn, path: Path, round_: Round) -> list[str]:
    """Say what was written, what it holds and what comes next."""
    size, record = len(drawn.sample), record_path(round_)
    everybody = "，写了意见的企业全部列入" if size == len(drawn.table) else ""
    elsewhere = "" if path == default_path(round_) else f" --out {path}"
    return [
        f"编码表已写好：{path}（{size} 家企业的意见{everybody}）",
        f"表里是企业的原话：只在内部使用，不外传，不提交到 git；抽样记录 {record.name} 里有机器的归类，不要给编码员",
        f"下一步：两个人各填一张表，填好放回原处，再运行 evalpkg code-sheet {round_.id} --check{elsewhere}",
    ]


def require(said: Coded | None, round_id: str) -> Coded:
    """Refuse a round without remarks that could be coded."""
    if said is None:
        raise SheetError(
            f"{round_id}：没有人写意见，或没有一条意见用到词表里的词，没有可以编码的内容；请先核对问卷和词表"
        )
    return said


def remarks(said: Coded) -> dict[Hashable, str]:
    """Give all that each respondent wrote as one text, by rid; several remarks are numbered, personal data is masked."""
    written = said.survey.remarks
    texts = pd.DataFrame({"rid": written["rid"], "text": [clean(text) for text in written["text"]]})
    return {rid: workbook.shown(_joined(part)) for rid, part in texts.groupby("rid", sort=False)["text"]}


def _joined(texts: pd.Series) -> str:
    parts = [text for text in texts if text]
    if len(parts) > 1:
        parts = [f"（{number}）{text}" for number, text in enumerate(parts, start=1)]
    return "\n".join(parts) or UNREADABLE


def _described(said: Coded) -> list[tuple[str, str]]:
    themes = [(theme.label, "、".join(theme.seeds[:12])) for theme in said.lexicon.values()]
    return [*themes, (said.labels[REST], REST_HOLDS), (NO_PROBLEM, NONE_HOLDS)]


def _codes(said: Coded) -> dict[str, str]:
    """Code of every label that a coder may fill in."""
    labels = {label: code for code, label in said.labels.items()} | {NO_PROBLEM: NONE}
    return {"".join(unicodedata.normalize("NFKC", label).split()): code for label, code in labels.items()}


# --- reading ----------------------------------------------------------------------------------------------


def finished(said: Coded | None) -> Coding | None:
    """Read the workbook of the round; None where there is none, or coders have not yet filled it in.

    Raises
    ------
    InputRefused
        It is filled in, but faulty.
    """
    if said is None or not (path := default_path(said.survey.round)).is_file():
        return None
    try:
        return read(path, said)
    except InputRefused as refusal:
        if {problem.code for problem in refusal.problems if problem.refuses} <= UNFINISHED:
            return None
        raise


def read(path: Path, said: Coded) -> Coding:
    """Read a workbook that coders filled in.

    Parameters
    ----------
    path
    said
        Remarks of the same round; who was drawn comes from the record, or is drawn again where that is lost.

    Raises
    ------
    InputRefused
        With all faults at once: sheets or columns missing, rows added, lost, twice or of another round, a text that is not
        that of its number, a label that is not in the list, rows that nobody coded. No text is quoted.
    """
    grids = workbook.grids(path)
    if not any(name in grids for name in CODERS):
        raise _refused(
            "E-SHEETS", path, f"没有工作表“{CODERS[0]}”，也没有“{CODERS[1]}”；请放回编码表，工作表不要改名"
        )
    sheets = [grids[name] for name in (*CODERS, SETTLED) if name in grids]
    stop_if_refused([problem for grid in sheets for problem in framed(grid, said.survey.round.id)])
    texts, drawn = remarks(said), _recalled(sheets, path, said)
    _check_sample(sheets, texts, drawn, path)
    found = {grid.name: filled(grid, drawn, texts, _codes(said)) for grid in sheets}
    marks = _marked({name: sheet.marks for name, sheet in found.items()}, drawn)
    problems = [problem for sheet in found.values() for problem in sheet.problems]
    stop_if_refused([*problems, *_gaps(marks, drawn, path)])
    return Coding(said.survey.round.id, drawn, marks, tuple(_parts(marks, path)))


def _recalled(sheets: Sequence[Grid], path: Path, said: Coded) -> Drawn:
    """Who was drawn, from the record; drawn again, as many as the highest number says, where that is lost."""
    try:
        return recorded(said) or draw(said, max(highest(grid) for grid in sheets))
    except SheetError as error:
        raise _refused("E-DRAW", path, str(error)) from None


def _check_sample(sheets: Sequence[Grid], texts: Mapping[Hashable, str], drawn: Drawn, path: Path) -> None:
    """Refuse a workbook of another sample with one line, instead of a line a row."""
    expected = {number: texts[rid] for rid, number in drawn.sample["id"].items()}
    known = [row for grid in sheets for row in rows(grid) if row.id in expected]
    if sum(row.says(expected[row.id]) for row in known) < 0.5 * len(known) or not known:
        fault = "原文与编号大半对不上：抽样之后答卷、词表或加权改过，而抽样记录不在；请放回 data/coding 里以 .draw.csv 结尾的记录"
        raise _refused("E-DRAW", path, fault)


def _marked(found: Mapping[str, Mapping[Hashable, Marks]], drawn: Drawn) -> pd.DataFrame:
    index = drawn.sample.index
    columns = {name: [found.get(name, {}).get(rid) for rid in index] for name in (*CODERS, SETTLED)}
    return pd.DataFrame(columns, index=index, dtype=object)


def _gaps(marks: pd.DataFrame, drawn: Drawn, path: Path) -> list[Problem]:
    """List rows that nobody coded."""
    given = marks.notna().any(axis=1)
    if not given.any():
        return [Problem("E-NONE", path.name, "还没有人填；请两名编码员各填一张表，每一行的“问题一”都要填")]
    blank = drawn.sample["id"][~given].tolist()
    fault = (
        f"没有人归类的编号：{listing(blank)}；请填完“问题一”，没有具体问题的选“{NO_PROBLEM}”" if blank else ""
    )
    return [Problem("E-BLANK", path.name, fault)] if blank else []


def _parts(marks: pd.DataFrame, path: Path) -> list[Problem]:
    """Say where a coder did a part only."""
    return [
        Problem("W-PART", f"{path.name} 工作表 {name}", f"只填了 {done} 行，共 {len(marks)} 行；{ONLY_BOTH}")
        for name in CODERS
        if 0 < (done := int(marks[name].notna().sum())) < len(marks)
    ]


def _mean(
    first: Marks | None, second: Marks | None, settled: Marks | None, codes: Sequence[str]
) -> list[float]:
    given = [marks for marks in (first, second) if marks is not None]
    marks = given if settled is None else [settled]
    return [sum(code in one for one in marks) / len(marks) for code in codes]


def _is_disputed(first: Marks | None, second: Marks | None, settled: Marks | None) -> bool:
    return None not in (first, second) and first != second and settled is None


def _refused(code: str, path: Path, message: str) -> InputRefused:
    return InputRefused([Problem(code, path.name, message)])
