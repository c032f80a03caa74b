"""groups: categories that stand together hold every respondent once, and none that is too small stands alone."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
import small_survey as small
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import groups
from evalpkg.groups import Group
from evalpkg.params import ParamsError
from evalpkg.survey import Survey

BOOK = small.codebook(
    [small.item("A2", "size", type="category", options={"L": "大型", "M": "中型", "S": "小型"})]
)


def survey(**columns: list[str]) -> Survey:
    return small.survey(BOOK, pd.DataFrame(columns))


def found(of: Survey, column: str, given: dict[str, str] | None = None) -> list[Group]:
    return groups.candidates(of.responses, of.codebook, of.round, column, given)


def test_classes_stand_in_the_order_of_the_questionnaire_and_unknown_ones_last() -> None:
    made = found(survey(size=["S", "Z", "L", "S"]), "size")
    assert [(group.code, group.label) for group in made] == [("L", "大型"), ("S", "小型"), ("Z", "Z")]


def test_who_is_inside() -> None:
    of = survey(mode=["web", "paper", "web"])
    web, paper = (Group(code, code, "mode", frozenset([code])) for code in ("web", "paper"))
    assert web.inside(of.responses).tolist() == [True, False, True]
    assert paper.inside(of.responses.drop(columns="mode")).sum() == 0  # the round did not ask
    assert groups.everybody().inside(of.responses).all()


def test_districts_are_grouped_as_told_or_by_their_kind() -> None:
    of = survey(district=["LC", "XG", "XA", "SX", "GX", "YC"])
    told = found(of, "district", {"LC": "城", "XG": "城", "SX": "乡"})
    assert [(group.label, int(group.inside(of.responses).sum())) for group in told] == [("城", 2), ("乡", 1)]
    kinds = {group.label: int(group.inside(of.responses).sum()) for group in found(of, "district")}
    assert kinds == {"市辖区": 2, "县": 3, "功能区": 1}


@pytest.mark.parametrize(
    ("column", "told", "says"),
    [
        ("colour", None, "没有“colour”这种分组：只能是 size、district、industry、mode"),
        ("district", {"qq": "城"}, "“qq”不是县（区）的类别"),
        ("district", None, "没有写明每个属于哪一类"),
    ],
)
def test_what_cannot_be_grouped_is_refused(column: str, told: dict[str, str] | None, says: str) -> None:
    with pytest.raises(ParamsError, match=says):
        found(survey(district=list("abcdef")), column, told)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_taken_together_nobody_is_lost_and_no_group_is_too_small(counts: list[int]) -> None:
    classes = [Group(str(at), str(at), "size", frozenset([str(at)])) for at in range(len(counts))]
    size = Counter({str(at): count for at, count in enumerate(counts)})

    def respondents(group: Group) -> int:
        return sum(size[code] for code in group.categories)

    merged, said = groups.together(classes, respondents, 100)
    held = [code for group in merged for code in sorted(group.categories)]
    assert held == [group.code for group in classes]  # each once, in order: neighbours only
    assert len(merged) <= groups.MOST
    assert len(merged) == 1 or min(map(respondents, merged)) >= 100
    assert len(said) == sum(len(group.categories) > 1 for group in merged)
