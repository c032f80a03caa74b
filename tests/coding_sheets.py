"""What tests of hand coding share: the demo's remarks in a workspace of their own, true themes, sheets filled in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import xlsxwriter
from numbered import numbered

from evalpkg import complaints
from evalpkg import survey as surveys
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.hand import sheet, workbook
from evalpkg.complaints.hand.filled import NO_PROBLEM
from evalpkg.complaints.hand.sampling import Drawn
from evalpkg.complaints.hand.workbook import CODERS, SETTLED

Marks = Mapping[str, Mapping[str, Sequence[str]]]  # sheet -> number -> labels
Edit = Callable[[str, list[list[str]]], list[list[str]]]


@cache
def remarks_of(demo_root: Path, round_id: str = "2022H2") -> Coded:
    """Code the remarks of one demo round."""
    said = complaints.coded(surveys.open(round_id, demo_root))
    assert said is not None
    return said


def at(said: Coded, root: Path) -> Coded:
    """Move a round's workspace, so that what is written for it goes there."""
    round_ = said.survey.round.model_copy(update={"root": root})
    return replace(said, survey=replace(said.survey, round=round_))


def fill(path: Path, marks: Marks, edit: Edit | None = None) -> None:
    """Write the sheets anew as a coder leaves them: labels in the theme columns, and any other change."""
    grids = workbook.grids(path)
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        for name, grid in grids.items():
            rows = [list(row) for row in grid.rows]
            for row in rows[1:] if name in (*CODERS, SETTLED) else []:
                labels = marks.get(name, {}).get(row[0], ())
                row[2 : 2 + len(labels)] = labels
            if edit is not None:
                rows = edit(name, rows)
            if rows is None:
                continue
            page = book.add_worksheet(name)
            for line, row in enumerate(rows):
                for column, text in enumerate(row):
                    page.write_string(line, column, text)


def labels(said: Coded, drawn: Drawn, named: pd.DataFrame) -> dict[str, list[str]]:
    """Give the labels that a coder would choose, by number, for the themes (0/1, index rid) that each respondent names."""
    return {
        number: [said.labels[code] for code in named.columns if named.loc[rid, code]][:4] or [NO_PROBLEM]
        for rid, number in drawn.sample["id"].items()
    }


def by_machine(said: Coded) -> pd.DataFrame:
    """Give what the machine finds, respondents (index rid) x themes and other complaints."""
    codes = [*said.lexicon, REST]
    return pd.DataFrame(
        said.holds(said.survey, codes), index=said.survey.responses.index, columns=pd.Index(codes)
    )


def true_themes(demo_root: Path, said: Coded) -> pd.DataFrame:
    """Give what the demo's truth says each respondent names, in the form of `by_machine`."""
    round_id = said.survey.round.id
    opened, serial = numbered(demo_root, round_id)
    pd.testing.assert_frame_equal(
        opened.ratings, said.survey.ratings
    )  # the same respondents in the same rows
    held = json.loads((demo_root / "data/raw/truth.json").read_text(encoding="utf-8"))["rounds"][round_id][
        "remarks"
    ]
    named = pd.DataFrame(0.0, index=said.survey.responses.index, columns=pd.Index([*said.lexicon, REST]))
    for rid, number in serial.dropna().items():
        items = held.get(str(number), {}).values()
        themes = {theme for item in items for theme in item.get("themes", [])}
        known = [theme for theme in themes if theme in said.lexicon]
        named.loc[rid, known or ([REST] if themes else [])] = 1.0
    return named


def written(said: Coded, n: int = 200) -> tuple[Path, Drawn]:
    """Write the workbook at its usual place."""
    drawn = sheet.write(said, n=n)
    return sheet.default_path(said.survey.round), drawn
