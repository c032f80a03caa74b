"""The calls of `04_drivers` on surveys that leave some of them nothing to say: no page stops, no sentence is empty."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import evalpkg as ev
from evalpkg.complaints import History
from evalpkg.survey import Survey

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "04_drivers.ipynb"
OPENS = "survey = ev.survey.open(round_id)"
EMPTY = "nan|None|第 1 至 1 名|前两位|哪个第一|可能排第一"  # of a page on one driver


@pytest.fixture(scope="module")
def demo(demo_root: Path) -> Survey:
    survey = ev.survey.open("2022H2", demo_root)
    return replace(survey, round=survey.round.model_copy(update={"draws": 120}))


@pytest.fixture(autouse=True)
def _no_earlier_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remarks are coded alone: what this page says of them does not turn on earlier rounds, but they take seconds."""
    monkeypatch.setattr(ev.complaints, "history", lambda _: History())


def page(survey: Survey) -> str:
    """Run the notebook's cells on a survey and return the words of what its cells show, drawings left out."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {"round_id": "2022H2", "survey": survey}
    shown = []
    for source in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"):
        *lines, last = source.replace(OPENS, "").strip().splitlines()
        exec("\n".join(lines), names)
        if re.match(r"\w+ =|\w+, ", last):
            exec(last, names)
        else:
            shown.append(str(eval(last, names)))
    return re.sub(r"<svg.*?</svg>|<[^>]+>", " ", "".join(shown), flags=re.S)


def drivers_of(survey: Survey) -> list[str]:
    return [item.code for item in survey.codebook.by_role("driver")]


def test_an_outcome_of_one_level_is_said_and_the_rest_of_the_page_stands(demo: Survey) -> None:
    item = demo.codebook.one("outcome")
    assert item is not None
    said = page(replace(demo, responses=demo.responses.assign(**{item.code: 4.0})))
    assert "所有企业对“总体满意度”的回答都相同" in said
    assert "项政策里" in said and "nan" not in said


def test_one_driver_is_compared_with_nothing(demo: Survey) -> None:
    said = page(replace(demo, responses=demo.responses.drop(columns=drivers_of(demo)[1:])))
    assert "只有一个方面" in said
    assert not re.findall(EMPTY, said)


def test_of_two_drivers_nothing_is_said_of_the_first_two(demo: Survey) -> None:
    said = page(replace(demo, responses=demo.responses.drop(columns=drivers_of(demo)[2:])))
    assert "这 2 个方面" in said and "前两位" not in said and "nan" not in said


def test_answers_without_sizes_or_from_a_handful_have_a_page(demo: Survey) -> None:
    assert "没有“按规模看”" in page(replace(demo, responses=demo.responses.drop(columns="size")))
    few = demo.responses.where(np.arange(len(demo.responses))[:, None] < np.full(demo.responses.shape[1], 8))
    assert "不足 10" in page(replace(demo, responses=few))
