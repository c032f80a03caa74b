"""disclosure: nothing that fewer than k respondents stand behind gets through, and nothing else is lost."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg.disclosure import DisclosureRefused, Gate, Protected, admit, nearest
from evalpkg.estimate import Result

GATE = Gate(k=10, min_raters=30)


def shares(n: list[int], count: list[int], **extra: object) -> Result:
    base = np.maximum(n, 1)
    table = pd.DataFrame(
        {
            "label": [f"第{i}项" for i in range(len(n))],
            "estimate": 100 * np.array(count) / base,
            "std_error": 1.23456,
            "conf_low": 0.0,
            "conf_high": 99.0,
            "n": n,
            "count": count,
        }
    )
    return Result(table, "shares", "%", "全部企业", 300, extra)


def passed(result: Result) -> Protected:
    protected = GATE(result)
    assert protected is not None
    return protected


def test_ten_rows_by_hand() -> None:
    n = [200, 200, 200, 200, 12, 10, 9, 1, 0, 57]
    count = [100, 10, 9, 0, 11, 2, 9, 1, 0, 33]
    table = passed(shares(n, count)).table
    yes, below, hidden = "yes", "below", "hidden"
    assert table["shown"].tolist() == [yes, yes, below, below, yes, below, hidden, hidden, hidden, yes]
    assert table["n"].tolist() == [200, 200, 200, 200, 10, 10, 0, 0, 0, 55]
    assert table["count"].tolist() == [100, 10, 10, 0, 10, 0, 0, 0, 0, 35]
    assert table["bound"].dropna().tolist() == [5.0, 5.0, 100.0]
    assert table["estimate"].notna().tolist() == [s == yes for s in table["shown"]]
    assert table["support"].tolist() == ["full"] * 4 + ["listed"] * 5 + ["few"]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=12))
def test_no_number_with_fewer_than_k_behind_it_passes(pairs: list[tuple[int, int]]) -> None:
    n, count = [max(pair) for pair in pairs], [min(pair) for pair in pairs]
    table = passed(shares(n, count)).table
    small = (np.array(n) < 10) | (np.array(count) < 10)
    assert table.loc[small, ["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert table.loc[~small, ["estimate", "conf_low", "conf_high"]].notna().all(axis=None)
    assert (table[["n", "count"]].to_numpy() % 5 == 0).all()


def test_means_need_a_denominator_only() -> None:
    result = shares([40, 9], [20, 3])
    means = Result(result.table.drop(columns="count"), "means", "分", "打分的企业", 300)
    assert passed(means).table["shown"].tolist() == ["yes", "hidden"]


def test_a_second_share_of_the_row_has_its_own_numerator() -> None:
    table = shares([100, 100, 8], [50, 50, 4]).table.drop(columns="count")
    table = table.assign(unhappy=[4.0, 30.0, 50.0], unhappy_count=[4, 30, 4])
    protected = passed(Result(table, "scores", "分", "打分的企业", 300)).table
    assert protected["unhappy"].isna().tolist() == [True, False, True]
    assert protected["unhappy_bound"].fillna(-1).tolist() == [10.0, -1.0, -1.0]
    assert protected["unhappy_count"].tolist() == [5, 30, 0]


def test_a_second_share_may_have_another_denominator() -> None:
    table = shares([20, 20], [20, 20]).table.drop(columns="count")
    table = table.assign(contact=[50.0, 50.0], contact_count=[20, 20], contact_n=[400, 9])
    assert passed(Result(table, "scores", "分", "打分的企业", 300)).table["contact"].isna().tolist() == [
        False,
        True,
    ]


def test_a_bound_does_not_give_a_blanked_share_away() -> None:
    """selection_low and selection_high lie delta (1 - contact) from the score: contact could be reckoned back."""
    table = shares([20, 20], [20, 20]).table.drop(columns="count")
    table = table.assign(contact=[50.0, 2.0], contact_count=[200, 8], contact_n=[400, 400])
    table = table.assign(selection_low=60.0, selection_high=65.0)
    protected = passed(Result(table, "scores", "分", "打分的企业", 300)).table
    assert protected["contact"].isna().tolist() == [False, True]
    assert (
        protected["selection_low"].isna().tolist()
        == protected["selection_high"].isna().tolist()
        == [False, True]
    )


@given(st.lists(st.tuples(st.integers(10, 300), st.integers(0, 300)), min_size=1, max_size=8))
def test_two_numbers_never_give_away_the_few_between_them(pairs: list[tuple[int, int]]) -> None:
    n, left_out = [pair[0] for pair in pairs], [min(pair) for pair in pairs]
    rest = np.subtract(n, left_out)
    table = shares(n, n).table.drop(columns="count")
    table = table.assign(without=50.0, without_low=40.0, without_high=60.0, difference=1.0, without_n=rest)
    protected = passed(Result(table, "headlines", "分", "全部答卷", 300)).table
    seen = protected[["without", "without_low", "without_high", "difference"]].notna()
    allowed = (rest >= 10) & ((np.array(left_out) == 0) | (np.array(left_out) >= 10))
    assert (seen.to_numpy() == allowed[:, None]).all()
    assert (protected["without_n"] % 5 == 0).all()


def test_tiers_and_rank_sets_pass_and_those_of_a_hidden_row_do_not() -> None:
    table = shares([40, 9], [40, 9]).table.drop(columns="count")
    table = table.assign(rank_low=[1.0, 2.0], rank_high=[7.0, 9.0], tier=["above", ""], family_low=60.04)
    protected = passed(Result(table, "scores", "分", "打分的企业", 300)).table
    assert protected["tier"].tolist() == ["above", ""]
    assert protected["rank_low"].isna().tolist() == protected["family_low"].isna().tolist() == [False, True]


def test_only_numbers_words_and_counted_tables_pass_beside_the_table() -> None:
    frame = pd.DataFrame({"theme": ["融资"], "estimate": [50.0], "n": [4]})
    extra = {
        "r2": 74.04,
        "outcome": "总体满意度",
        "notes": ("甲", "乙"),
        "by_role": frame,
        "coded": pd.DataFrame({"rid": [1], "text": ["原话"]}),
        "cov": np.eye(2),
        "answers": ["原话"],
    }
    protected = passed(shares([50, 50], [20, 20], **extra))
    assert set(protected.extra) == {"r2", "outcome", "notes", "by_role", "k", "min_raters"}
    assert protected.extra["by_role"]["shown"].tolist() == ["hidden"]
    assert "原话" not in repr(protected.extra)


def test_what_was_not_asked_stays_none() -> None:
    assert GATE(None) is None


def test_the_result_itself_is_not_touched() -> None:
    result = shares([9], [3])
    before = result.table.copy()
    passed(result)
    pd.testing.assert_frame_equal(result.table, before)


def test_a_round_of_twelve_is_refused_with_the_reason() -> None:
    round_ = SimpleNamespace(id="2021H1", min_respondents=100, k=10, min_raters=30)
    with pytest.raises(DisclosureRefused, match="只有 12 份有效答卷，不足公布所需的 100 份，整轮不公布"):
        admit(round_, 12)  # type: ignore[arg-type]
    assert admit(round_, 100) == GATE  # type: ignore[arg-type]


@given(st.integers(0, 10**6))
def test_counts_are_rounded_to_the_nearest_five(count: int) -> None:
    assert nearest(count) % 5 == 0
    assert abs(nearest(count) - count) <= 2.5
