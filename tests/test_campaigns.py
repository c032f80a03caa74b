"""complaints.campaigns: who wrote nearly the same, and what the themes come to if that counts once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_complaints import ITEMS, coded, wave
from small_survey import item

from evalpkg import complaints, disclosure
from evalpkg import survey as surveys
from evalpkg.complaints import Coded
from evalpkg.complaints.campaigns import alike, campaigns
from evalpkg.complaints.coding import REST
from evalpkg.disclosure import Gate
from evalpkg.estimate import Design, Result

GATE = Gate(k=10, min_raters=30)
TEXT = "市政工程用了我们的材料已经一年多审计迟迟不出报告材料款一直拖着不给"
MORE = "请市里督促建设单位尽快按照当初说好的日子把所有款项付清我们垫不起"
CHAMBERS = item("chamber", "chamber", type="category", options={"C1": "建材商会", "C2": "餐饮商会"})


def own(rid: int) -> str:
    """Return a sentence that nobody else writes."""
    letters = np.random.default_rng(rid).choice(list("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"), 30)
    return "".join(letters)


def said_by(
    copied: Sequence[int],
    *,
    alone: Sequence[int] = (),
    second: Sequence[int] = (),
    n: int = 200,
    **more: object,
) -> Coded:
    """Return a round in which some copy a sentence on A, others write of A or of B in words of their own."""
    rows = [(rid, "A", TEXT + "啊" * (at % 2)) for at, rid in enumerate(copied)]
    rows += [(rid, "A", own(rid)) for rid in alone]
    rows += [(rid, "B", own(1_000 + rid)) for rid in second]
    one, _ = wave("2022H2", n=n, **more)  # type: ignore[arg-type]
    pieces = pd.DataFrame(
        [("2022H2", rid, "J1", text, "complaint", theme) for rid, theme, text in rows],
        columns=["round", "rid", "item", "text", "kind", "theme"],
    )
    return coded([(one, pieces)], ["A", "B", "C"])


def found(said: Coded) -> Result:
    result = campaigns(said)
    assert result is not None
    return result


def once(result: Result) -> pd.DataFrame:
    table = result.extra["sensitivity"]
    assert isinstance(table, pd.DataFrame)
    return table.set_index("theme")


# --- who belongs together --------------------------------------------------------------------------------


def test_sentences_copied_by_the_same_respondents_are_one_campaign() -> None:
    rows = [(rid, text) for rid in range(12) for text in (TEXT, MORE)]
    rows += [(rid, "".join(reversed(TEXT))) for rid in range(20, 24)] + [(30, own(30))]
    group = alike(pd.DataFrame(rows, columns=["rid", "text"]))
    assert len(set(group[:24])) == 1 and group[0] >= 0
    assert len(set(group[24:28])) == 1 and group[24] not in (group[0], -1)
    assert group[28] == -1


def test_a_respondent_who_signs_two_campaigns_does_not_make_them_one() -> None:
    rows = [(rid, TEXT) for rid in range(12)] + [(rid, MORE) for rid in range(11, 24)]
    group = alike(pd.DataFrame(rows, columns=["rid", "text"]))
    assert len(set(group)) == 2


def test_a_respondent_who_writes_the_same_twice_is_no_campaign() -> None:
    group = alike(pd.DataFrame({"rid": [1, 1, 2], "text": [TEXT, TEXT, own(2)]}))
    assert group.tolist() == [-1, -1, -1]


# --- counted once ----------------------------------------------------------------------------------------


def test_a_campaign_counts_as_much_as_its_members_do_on_average() -> None:
    weights = np.random.default_rng(1).uniform(0.5, 3, 200)
    copied, alone = range(1, 16), range(50, 80)
    result = found(said_by(copied, alone=alone, second=range(100, 140), design=Design(weights)))
    row = once(result).loc["A"]
    members, others = weights[0:15], weights[49:79]
    assert row["estimate"] == pytest.approx(100 * (members.sum() + others.sum()) / weights.sum())
    assert row["once"] == pytest.approx(100 * (members.mean() + others.sum()) / weights.sum())
    assert [row["count"], row["once_count"], row["once_n"]] == [45, 31, 200]
    assert once(result).loc["B", "once"] == pytest.approx(once(result).loc["B", "estimate"])


def test_who_also_writes_of_it_in_words_of_his_own_counts_in_full() -> None:
    row = once(found(said_by(range(1, 21), alone=range(11, 41)))).loc["A"]
    assert row["count"] == 40
    assert row["once"] == pytest.approx(100 * (30 + 1) / 200)
    assert row["once_count"] == 31


def test_smaller_groups_count_in_full_and_only_their_themes_are_said() -> None:
    result = found(said_by(range(1, 10), alone=range(50, 80)))
    assert result.table.empty and result.extra["few_themes"] == 1
    assert result.extra["notes"] == ("不足 10 家的近似意见另有一些，涉及 1 类问题，照常计数",)
    assert once(result).loc["A", "once"] == pytest.approx(once(result).loc["A", "estimate"])
    gated = GATE(result)
    assert gated is not None and gated.table.empty


@pytest.mark.parametrize(
    ("alone", "second", "note"),
    [
        (range(50, 90), range(100, 130), "每批只按一家计，前 2 类的先后不变"),
        (range(50, 60), range(100, 130), "每批只按一家计，前 2 类由题A、题B变为题B、题A"),
        (
            (),
            range(100, 130),
            "每批只按一家计，前 1 类的先后不变",
        ),  # one voice is left of A: it is not spoken of
    ],
)
def test_the_note_says_whether_the_order_changes(
    alone: Sequence[int], second: Sequence[int], note: str
) -> None:
    result = found(said_by(range(1, 31), alone=alone, second=second))
    assert result.extra["notes"] == (note,)


def test_a_share_that_rests_on_few_voices_is_not_told() -> None:
    gated = GATE(found(said_by(range(1, 31), alone=range(50, 55), second=range(100, 130))))
    assert gated is not None
    row = gated.extra["sensitivity"].set_index("theme").loc["A"]
    assert row["estimate"] > 0 and np.isnan(row["once"]) and row["once_count"] == 0


# --- the rows --------------------------------------------------------------------------------------------


def test_a_campaign_has_a_theme_a_size_and_a_chamber_but_no_words() -> None:
    chamber = np.where(np.arange(200) < 14, "C1", "C2")
    said = said_by(
        range(1, 17), second=range(100, 130), columns={"chamber": chamber}, items=[*ITEMS, CHAMBERS]
    )
    result = found(said)
    row = result.table.iloc[0]
    assert [row["campaign"], row["theme"], row["label"], row["n"], row["count"]] == [1, "A", "题A", 200, 16]
    assert [row["chamber"], row["from_one"], row["district"]] == ["建材商会", "yes", ""]
    texts = result.table.astype(str).to_numpy().ravel().tolist() + [
        str(value) for value in result.extra.values()
    ]
    assert not any(TEXT[:6] in text for text in texts)


@pytest.mark.parametrize("from_first", [9, 7])
def test_a_chamber_of_fewer_than_k_members_or_of_less_than_half_is_not_named(from_first: int) -> None:
    chamber = np.repeat(["C1", "C2", "C3", "C4"], [from_first, 8, 8, 200 - 16 - from_first])
    said = said_by(range(1, 26), columns={"chamber": chamber}, items=[*ITEMS, CHAMBERS])
    row = found(said).table.iloc[0]
    assert [row["chamber"], row["from_one"]] == ["", "no"]


def test_the_larger_campaign_comes_first() -> None:
    one, pieces = wave("2022H2")
    rows = [
        ("2022H2", rid, "J1", text, "complaint", theme)
        for theme, text, rids in (("B", MORE, range(50, 61)), ("A", TEXT, range(1, 21)))
        for rid in rids
    ]
    said = coded([(one, pd.DataFrame(rows, columns=pieces.columns))], ["A", "B"])
    assert found(said).table[["theme", "count"]].to_numpy().tolist() == [["A", 20], ["B", 11]]


# --- input that is odd -----------------------------------------------------------------------------------


def test_without_complaints_there_is_nothing_to_say() -> None:
    assert campaigns(None) is None
    assert campaigns(coded([wave("2022H2")], ["A"])) is None


def test_short_texts_all_alike_are_no_campaign() -> None:
    result = found(
        coded(
            [wave("2022H2", {"A": range(1, 61)}, texts={(rid, "A"): "融资难" for rid in range(1, 61)})], ["A"]
        )
    )
    assert result.table.empty and result.extra["few_themes"] == 0 and result.extra["notes"] == ()


def test_ten_remarks_all_alike() -> None:
    result = found(said_by(range(1, 11), n=10))
    assert result.table["count"].tolist() == [10]
    assert once(result).loc["A", ["estimate", "once", "once_count"]].tolist() == pytest.approx([100, 10, 1])
    assert GATE(result) is not None


def test_other_complaints_are_the_theme_only_where_there_is_no_other() -> None:
    one, pieces = wave("2022H2")
    rows = [
        ("2022H2", rid, "J1", text, "complaint", theme)
        for rid in range(1, 16)
        for theme, text in ((REST, TEXT), ("B", MORE))
    ]
    said = coded([(one, pd.DataFrame(rows, columns=pieces.columns))], ["A", "B"])
    assert found(said).table["theme"].tolist() == ["B"]


# --- the demo --------------------------------------------------------------------------------------------


def test_the_planted_campaign_is_found_with_its_chamber(demo_root: Path) -> None:
    opened = surveys.open("2022H1", demo_root)
    said = complaints.coded(opened)
    assert said is not None
    result = found(said)
    assert result.table[["theme", "count", "chamber"]].to_numpy().tolist() == [["ARR", 12, "建材行业商会"]]
    row = once(result).loc["ARR"]
    assert row["once"] < row["estimate"] and row["once_count"] == row["count"] - 11
    gated = disclosure.gate(opened)(result)
    assert gated is not None and gated.table["count"].tolist() == [10]
