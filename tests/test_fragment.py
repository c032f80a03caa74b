"""How numbers are written, and that no text of a respondent's world can become markup."""

from __future__ import annotations

import html
import math
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg import fragment

SCORES = st.floats(min_value=-100, max_value=100, allow_nan=False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (fragment.score(73.14), "73.1"),
        (fragment.share(29.6), "29.6%"),
        (fragment.share(0.0), "0.0%"),
        (fragment.interval(72.0, 74.2), "72.0 至 74.2"),
        (fragment.interval(-3.0, 1.5), "−3.0 至 1.5"),
        (fragment.signed(1.7), "+1.7"),
        (fragment.signed(-3.4), "−3.4"),
        (fragment.signed(-0.04), "0.0"),
        (fragment.whole(84.4), "84%"),
        (fragment.whole(0.2), "<1%"),
        (fragment.confidence(0.0), "<1%"),
        (fragment.confidence(99.7), ">99%"),
        (fragment.count(1012.0), "1,012"),
        (fragment.less(1.2), "<1.2%"),
        (fragment.places(28.0, 34.0), "第 28 至 34 名"),
        (fragment.places(1.0, 1.0), "第 1 至 1 名"),
        (fragment.places(math.nan, 34.0), "—"),
    ],
)
def test_each_kind_of_number_has_one_form(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    "write", [fragment.score, fragment.share, fragment.less, fragment.whole, fragment.confidence]
)
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(write: object, value: float | None) -> None:
    assert callable(write)
    assert write(value) == "—"


def test_an_interval_without_one_end_is_a_dash() -> None:
    assert fragment.interval(1.0, None) == "—"
    assert fragment.signed(None) == fragment.count(math.nan) == "—"


@given(SCORES)
def test_a_score_is_the_decimal_rounded_once_and_never_has_a_hyphen(value: float) -> None:
    plain = Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
    assert Decimal(fragment.score(value).replace("−", "-")) == plain
    assert "-" not in fragment.score(value)
    assert fragment.score(value) != "−0.0"


@given(SCORES)
def test_a_difference_has_a_sign_unless_it_is_printed_as_zero(value: float) -> None:
    text = fragment.signed(value)
    assert (text == "0.0") == (fragment.score(value) == "0.0")
    assert text == "0.0" or text[0] == ("+" if value > 0 else "−")


@given(st.text())
def test_escaped_text_reads_as_before_and_opens_nothing(text: str) -> None:
    safe = fragment.escape(text)
    assert not set('<>"') & set(safe)
    assert "'" not in safe
    assert html.unescape(safe) == html.unescape(html.escape(fragment.plain(text)))


def test_characters_that_turn_or_break_the_text_are_dropped() -> None:
    assert fragment.plain("税\u202e务\x00局\u200f") == "税务局"


def test_a_fragment_shows_itself_and_stays_a_string() -> None:
    one = fragment.join(fragment.Fragment("<p>1</p>"), None, "<p>2</p>")
    assert one._repr_html_() == one.__html__() == one == "<p>1</p><p>2</p>"


def test_a_question_that_was_not_asked_is_said_plainly() -> None:
    assert fragment.not_asked("<税>") == '<p class="none">本次问卷没有问&lt;税&gt;，所以这里不列。</p>'


def test_a_listing_says_how_many_it_leaves_out() -> None:
    assert fragment.listing(["甲", "乙"], 2) == "甲、乙"
    assert fragment.listing(["甲", "乙", "丙"], 2) == "甲、乙等 3 项"


@pytest.mark.parametrize("name", fragment.SHAPES)
def test_a_sign_says_its_words_or_is_silent(name: str) -> None:
    assert 'aria-hidden="true"' in fragment.sign(name)
    assert 'role="img" aria-label="&lt;高&gt;"' in fragment.sign(name, "<高>")


def test_departments_count_as_ranked_when_one_has_a_rank_set() -> None:
    assert fragment.ranked(pd.DataFrame({"rank_low": [math.nan, 1.0]}))
    assert not fragment.ranked(pd.DataFrame({"rank_low": [math.nan]}))
    assert not fragment.ranked(pd.DataFrame({"label": ["税务局"]}))
