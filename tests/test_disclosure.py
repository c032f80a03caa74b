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
    assert table["count"].tolist() == [100, 10, 0, 0, 10, 0, 0, 0, 0, 35]
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
    assert protected["unhappy_count"].tolist() == [0, 30, 0]


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


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=8))
def test_two_shares_never_give_away_the_few_between_their_numerators(pairs: list[tuple[int, int]]) -> None:
    count, rest = np.array([max(pair) for pair in pairs]), np.array([min(pair) for pair in pairs])
    table = shares([400] * len(pairs), count.tolist())
    table = table.table.assign(without=50.0, difference=1.0, without_n=300, without_count=rest)
    protected = passed(Result(table, "headlines", "%", "全部答卷", 400)).table
    away = count - rest
    allowed = (rest >= 10) & ((away == 0) | (away >= 10))
    assert protected["estimate"].notna().tolist() == (count >= 10).tolist()
    assert (
        protected["without"].notna().tolist() == protected["difference"].notna().tolist() == allowed.tolist()
    )
    assert (protected.loc[~allowed, ["without_n", "without_count"]] == 0).all(axis=None)


@given(st.integers(10, 3000), st.integers(0, 3000))
def test_a_share_of_forms_tells_no_more_than_its_rounded_counts(n: int, count: int) -> None:
    """A per cent with one decimal of about a thousand is a count; it has no standard error, so nothing blurs it."""
    count = min(n, count)
    table = shares([n], [count]).table[["label", "estimate", "n", "count"]]
    row = passed(Result(table, "flags", "%", "全部答卷", n)).table.iloc[0]
    assert (row["shown"] == "below") == (count < 10)
    if count >= 10:
        assert row["estimate"] == pytest.approx(round(100 * nearest(count) / nearest(n), 1))
    else:
        assert np.isnan(row["estimate"]) and row["count"] == 0


@given(st.integers(10, 3000))
def test_a_bound_holds_and_tells_no_more_of_n_than_the_rounded_n(n: int) -> None:
    bounds = {
        passed(shares([m], [1])).table["bound"].iloc[0] for m in range(n // 5 * 5, n // 5 * 5 + 5) if m >= 10
    }
    assert len(bounds) == 1 and bounds.pop() >= round(100 * 10 / n, 1)


@given(st.integers(10, 3000), st.floats(0, 100))
def test_a_bound_holds_for_a_share_that_a_few_of_great_weight_make_up(n: int, share: float) -> None:
    """Nine of a hundred may be a fifth of the enterprises: below ten per cent would be false."""
    table = shares([n], [9]).table.assign(estimate=share)
    bound = passed(Result(table, "shares", "%", "企业", n)).table["bound"].iloc[0]
    assert bound >= min(round(share, 1), 100)
    assert bound - round(share, 1) <= round(100 * 10 / (n // 5 * 5), 1) + 0.2


def test_a_difference_does_not_give_away_the_row_that_may_not_be_seen() -> None:
    extra = {
        "net": 30.0,
        "net_low": 20.0,
        "net_high": 40.0,
        "difference_low": 1.0,
        "lead": 2.0,
        "lead_low": 1.0,
    }
    assert extra.keys() <= passed(shares([100] * 3, [50, 30, 20], **extra)).extra.keys()
    third = passed(shares([100] * 3, [50, 41, 9], **extra)).extra
    assert third.keys() & extra.keys() == {"lead", "lead_low"}
    assert not passed(shares([100] * 3, [88, 9, 3], **extra)).extra.keys() & extra.keys()


@pytest.mark.parametrize(("flagged", "told"), [(0, True), (3, False), (9, False), (10, True)])
def test_fewer_than_k_left_out_in_all_move_no_number_that_is_seen(flagged: int, told: bool) -> None:
    """None of the forty raters was left out, yet their department's score moves with the severity of all."""
    table = shares([40], [40]).table.drop(columns="count").assign(without=81.0, difference=0.7, without_n=40)
    result = Result(table, "headlines", "分", "全部答卷", 300, {"flagged_count": flagged})
    row = passed(result).table.iloc[0]
    assert (row[["without", "difference"]].notna() == told).all() and row["without_n"] == (40 if told else 0)


def test_a_count_beside_the_table_is_rounded_or_not_told() -> None:
    extra = passed(shares([50], [20], flagged_count=37, odd_count=9, departments=34)).extra
    assert extra["flagged_count"] == 35 and "odd_count" not in extra and extra["departments"] == 34


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
