"""others: groups of the complaints without a theme, what of them may be told, and what never leaves the house."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coded_demo import ROUNDS, coded, mixed, of

from evalpkg import disclosure, privacy
from evalpkg.complaints import Coded, History
from evalpkg.complaints.coding import REST
from evalpkg.complaints.others import CENTRAL, grouped, others, pooled, rest

WAYS = {
    "平台": ("平台", "抽佣", "流量", "推广", "差评", "直播", "店铺", "骑手"),
    "接班": ("接班", "老板", "孩子", "年纪", "传承", "家族", "二代", "转让"),
    "物业": ("物业", "电梯", "垄断", "保洁", "门禁", "公摊", "园区", "水管"),
}
FRAMES = ("我们企业{}问题突出", "这几年企业{}没人管", "小企业{}希望解决", "企业{}问题怎么办")


def written(
    said: Coded, each: dict[str, int], round_id: str = "", start: int = 0
) -> list[tuple[str, int, str, str]]:
    """Return complaints without a theme, one a respondent, each topic by so many."""
    rng = np.random.default_rng(5)
    texts = [
        str(rng.choice(FRAMES)).format(topic + "".join(rng.choice(WAYS[topic][1:], 3, replace=False)))
        for topic, n in each.items()
        for _ in range(n)
    ]
    here = round_id or said.survey.round.id
    return [(here, start + place, REST, text) for place, text in enumerate(texts)]


@pytest.fixture
def said(demo_root: Path) -> Coded:
    return coded(demo_root)


def test_topics_of_the_rest_are_found_named_and_counted(said: Coded) -> None:
    sizes = {"平台": 40, "接班": 30, "物业": 25}
    result = others(of(said, written(said, sizes)))
    assert result is not None
    assert sorted(result.table["count"], reverse=True) == sorted(sizes.values(), reverse=True)
    assert result.table["stable"].all()
    for row in result.table.itertuples():
        assert row.name == "、".join(row.words.split("、")[:2])
        assert any(topic in row.words and sizes[topic] == row.count for topic in sizes)


def test_shares_are_of_all_respondents_and_weighted(said: Coded) -> None:
    result = others(said)
    assert result is not None
    weights, groups = said.survey.design.weights, result.extra["groups"]
    here = groups[groups["round"] == said.survey.round.id]
    for row in result.table.itertuples():
        rids = said.pieces.loc[here.index[here["cluster"] == row.cluster], "rid"].unique()
        inside = said.survey.responses.index.isin(rids)
        assert row.estimate == pytest.approx(100 * weights[inside].sum() / weights.sum())
        assert (row.count, row.n) == (inside.sum(), said.survey.n)
        assert row.conf_low < row.estimate < row.conf_high
    assert set(here.index) == set(rest(said, [said.survey]).index)


def test_words_are_used_by_k_respondents_and_the_loose_have_no_name(said: Coded) -> None:
    result = others(said)
    assert result is not None
    groups = result.extra["groups"]
    for row in result.table.itertuples():
        part = said.pieces.loc[groups.index[groups["cluster"] == row.cluster]]
        part = part[part["round"] == said.survey.round.id]
        for word in filter(None, row.words.split("、")):
            assert part[part["text"].str.contains(word, regex=False)]["rid"].nunique() >= said.survey.round.k
        assert row.stable or row.name == ""


def test_no_verbatim_passes_the_gate(said: Coded) -> None:
    result = others(said)
    assert result is not None and not result.extra["central"].empty
    gated = disclosure.gate(said.survey)(result)
    assert gated is not None
    assert not {"central", "groups"} & set(gated.extra)
    published = json.dumps([gated.table.to_dict("list"), dict(gated.extra)], default=str, ensure_ascii=False)
    for text in rest(said, [said.survey])["text"]:
        assert len(text) < 5 or text not in published
    few = result.table["count"] < said.survey.round.k
    assert gated.table.loc[few, "estimate"].isna().all()
    assert (result.table.loc[few, "words"] == "").all()


def test_a_group_of_few_is_not_told(said: Coded) -> None:
    result = others(of(said, written(said, {"平台": 60, "接班": 7})))
    assert result is not None
    gated = disclosure.gate(said.survey)(result)
    assert gated is not None
    small = result.table["count"] < said.survey.round.k
    assert (gated.table.loc[small, ["words", "name"]] == "").all(axis=None)


def test_central_remarks_are_masked_and_no_two_the_same(said: Coded) -> None:
    rows = written(said, {"平台": 40, "接班": 30})
    rows = [(*row[:3], f"{row[3]}，请打13938812345") for row in rows]
    central = others(of(said, rows)).extra["central"]  # type: ignore[union-attr]
    assert central.groupby("cluster").size().max() <= CENTRAL
    assert not central.duplicated().any()
    assert not central["text"].str.contains("13938812345").any()
    assert [privacy.redact(text).text for text in central["text"]] == central["text"].tolist()


def test_fewer_than_twice_k_respondents_are_not_divided(said: Coded) -> None:
    k = said.survey.round.k
    assert others(of(said, written(said, {"平台": 2 * k - 1}))) is None
    repeated = [(here, 0, theme, text) for here, _, theme, text in written(said, {"平台": 50})]
    assert others(of(said, repeated)) is None  # fifty complaints of one respondent
    assert others(of(said, written(said, {"平台": 2 * k}))) is not None
    assert others(of(said, [])) is None


def test_earlier_rounds_are_pooled_where_this_one_is_too_small(said: Coded) -> None:
    now = written(said, {"平台": 12, "接班": 12})
    before = written(said, {"平台": 30, "接班": 30}, ROUNDS[-2])
    long_ago = written(said, {"物业": 30}, ROUNDS[0])
    result = others(of(said, [*now, *before, *long_ago]))
    assert result is not None
    assert result.extra["rounds"] == (ROUNDS[-1], ROUNDS[-2])  # as many as are needed, the latest first
    assert sorted(result.table["count"]) == [12, 12]  # of this round
    assert result.extra["notes"] == ("本轮这类意见太少，与2022 年上半年的合在一起分组，占比只算本轮",)
    alone = others(of(said, [*written(said, {"平台": 30, "接班": 30}), *before]))
    assert alone is not None
    assert (alone.extra["rounds"], alone.extra["notes"]) == ((ROUNDS[-1],), ())


def test_there_is_a_group_for_every_twice_k_at_most(said: Coded) -> None:
    pool = pooled(said, said.surveys)
    for k in (10, 30, 60):
        survey = replace(said.survey, round=said.survey.round.model_copy(update={"k": k}))
        assert grouped(pool, survey).max() + 1 <= max(len(pool) // (2 * k), 1)


def test_noise_has_no_name(said: Coded) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        alphabet = [chr(0x4E00 + i) for i in range(400)]
        texts = ["".join(rng.choice(alphabet, rng.integers(6, 25))) for _ in range(200)]
        result = others(of(said, [(said.survey.round.id, i, REST, text) for i, text in enumerate(texts)]))
        assert result is not None
        assert not result.table["stable"].any()
        assert (result.table["name"] == "").all()


def test_the_order_of_rows_changes_nothing(said: Coded) -> None:
    straight, other = others(said), others(mixed(said))
    assert straight is not None and other is not None
    pd.testing.assert_frame_equal(straight.table, other.table)
    pd.testing.assert_frame_equal(straight.extra["central"], other.extra["central"])
    pd.testing.assert_frame_equal(
        straight.extra["groups"], other.extra["groups"].reindex(straight.extra["groups"].index)
    )


def test_without_earlier_rounds_it_works_as_well(said: Coded) -> None:
    alone = replace(said, history=History(), pieces=said.pieces[said.pieces["round"] == said.survey.round.id])
    result = others(alone)
    assert result is not None and result.extra["notes"] == ()
