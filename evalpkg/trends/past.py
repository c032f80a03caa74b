"""Rounds before this one: opened where their answers are still there, else the tables that were published of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from evalpkg import codebook as codebooks
from evalpkg import complaints, params
from evalpkg.codebook import Codebook
from evalpkg.params import ParamsError, Round

if TYPE_CHECKING:
    from evalpkg.survey import Survey

LEVELS = (
    "levels"  # data/results/<round>/levels.csv: every item that may be compared, as `report.results` keeps it
)
COLUMNS = ("item", "estimate", "std_error", "conf_low", "conf_high", "n", "shown")
LOST = "没有原始答卷，只有公布过的数：区间按两期互不相干计算，分不出样本构成的影响，部门和县（区）只能与有答卷的轮次比"


@dataclass(frozen=True, eq=False)
class Published:
    """A round of which only published tables are left: `table` has a row an item (`COLUMNS`), rounded as it was printed."""

    round: Round
    codebook: Codebook
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class History:
    """Rounds before `survey`, oldest first.

    Attributes
    ----------
    survey : Survey
        The round that looks back.
    opened : complaints.History
        Those whose answers are still there, and what could not be opened; themes are coded on it.
    published : tuple of Published
        Those of which only tables are left.
    notes : tuple of str
        Chinese sentences on rounds that are missing in the half-yearly sequence, unreadable, or known by tables alone.
    """

    survey: Survey
    opened: complaints.History
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def surveys(self) -> tuple[Survey, ...]:
        """Opened rounds before, oldest first, and this one last."""
        return (*self.opened.rounds, self.survey)

    @property
    def waves(self) -> tuple[Survey | Published, ...]:
        """All rounds before this one, oldest first."""
        return tuple(sorted((*self.opened.rounds, *self.published), key=lambda one: one.round.period.start))


def history(survey: Survey) -> History:
    """Open every round of the workspace before `survey`; of one whose answers are gone take what was published.

    Raises
    ------
    ParamsError
        Periods of rounds overlap, or their numbers do not rise with them.

    Examples
    --------
    >>> history(survey).notes  # doctest: +SKIP
    ('2021H1 没有资料：走势在这里断开',)
    """
    rounds = _in_order(survey)
    opened = complaints.history(survey)
    readable = {one.round.id for one in opened.rounds}
    gone = [round_ for round_ in rounds if round_.id not in readable]
    published = [found for round_ in gone if (found := _published(round_)) is not None]
    return History(survey, opened, tuple(published), _notes(survey, opened, published))


def _in_order(survey: Survey) -> list[Round]:
    """Load the parameters of all earlier rounds, oldest first; those of a round that cannot be loaded are told of elsewhere."""
    rounds = [survey.round]
    for round_id in params.list_rounds(survey.round.root):
        try:
            found = params.load(round_id, survey.round.root)
        except ParamsError:
            continue
        if found.id != survey.round.id:
            rounds.append(found)
    rounds.sort(key=lambda one: one.period.start)
    check_order(rounds)
    return [one for one in rounds if one.period.end < survey.round.period.start]


def check_order(rounds: Sequence[Round]) -> None:
    """Refuse rounds (sorted by the start of their periods) that overlap or are numbered out of order."""
    for one, other in pairwise(rounds):
        if other.period.start <= one.period.end:
            raise ParamsError(
                f"params：轮次 {one.id} 和 {other.id} 的评价期（period）重叠，分不清先后；请改正其中一个的起止日期"
            )
        if other.number <= one.number:
            raise ParamsError(
                f"params：{other.id} 在 {one.id} 之后，number 却是 {other.number}（{one.id} 是 {one.number}）；"
                "轮次的序号要随时间递增，请改正"
            )


def _published(round_: Round) -> Published | None:
    """Read what was published of a round; None where nothing usable is left."""
    path = round_.root / "data" / "results" / round_.id / f"{LEVELS}.csv"
    try:
        table = pd.read_csv(path, encoding="utf-8-sig")
        book = codebooks.load(round_.codebook, round_.root, round_.period.end)
    except (OSError, ValueError, ParamsError):
        return None
    if not set(COLUMNS) <= set(table.columns) or table["item"].duplicated().any():
        return None
    return Published(round_, book, table.astype({"item": str}).set_index("item", drop=False))


def _notes(survey: Survey, opened: complaints.History, published: Sequence[Published]) -> tuple[str, ...]:
    """Name what is missing: half-years without a round, rounds that cannot be read, rounds known by tables alone."""
    tables = {one.round.id for one in published}
    here = sorted({survey.round.id, *tables, *(one.round.id for one in opened.rounds)})
    unreadable = [said for said in opened.missing if not said.startswith(tuple(tables) or ("\0",))]
    told = "".join(unreadable)
    gaps = [name for name in between(here) if name not in told]
    return (
        *((f"{'、'.join(gaps)} 没有资料：走势在这里断开，变化与再前一轮比",) if gaps else ()),
        *unreadable,
        *(f"{name} {LOST}" for name in sorted(tables)),
    )


def between(rounds: Sequence[str]) -> list[str]:
    """Give the half-years between the first and the last of some rounds that have none.

    Examples
    --------
    >>> between(["2020H2", "2022H1"])
    ['2021H1', '2021H2']
    """
    numbers = [2 * int(name[:4]) + int(name[-1]) - 1 for name in rounds]
    missing = sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))
    return [f"{number // 2}H{number % 2 + 1}" for number in missing]
