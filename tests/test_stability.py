"""stability: bootstrap Jaccard of groups and themes; what is noise is never stable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coded_demo import coded, mixed, of

from evalpkg import complaints, disclosure
from evalpkg.complaints.features import match_keys, weights
from evalpkg.complaints.others import others
from evalpkg.complaints.stability import (
    DRAWS,
    UNSTABLE,
    canonical,
    jaccard,
    shuffled,
    stability,
    steadiness,
)
from evalpkg.text import words

TOPICS = [
    ("贷款", "银行", "抵押", "利息", "担保", "征信", "续贷", "过桥"),
    ("招工", "技工", "培训", "社保", "流动", "工资", "年轻人", "留不住"),
    ("停车", "车位", "贴条", "泊位", "占道", "卸货", "围挡", "收费"),
]
FRAMES = ("我们企业{}问题突出", "这几年企业{}没人管", "小企业{}希望解决", "企业{}问题怎么办")


def remarks(each: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return remarks of three topics, four of its words each in a frame that all share, and the topic of each."""
    rng = np.random.default_rng(seed)
    topics = np.repeat(range(len(TOPICS)), each)
    said = ["".join(rng.choice(TOPICS[topic], 4, replace=False)) for topic in topics]
    return [str(rng.choice(FRAMES)).format(text) for text in said], topics


def random_characters(n: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    alphabet = [chr(0x4E00 + i) for i in range(400)]
    return ["".join(rng.choice(alphabet, rng.integers(6, 25))) for _ in range(n)]


# --- the bootstrap -------------------------------------------------------------------------------------


def test_jaccard_by_hand() -> None:
    """Sets of texts written out, for a regrouping that depends on the draw."""
    rng = np.random.default_rng(0)
    groups, people = rng.integers(0, 4, 60), np.sort(rng.integers(0, 25, 60))
    people = np.unique(people, return_inverse=True)[1]
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def regroup(rows: np.ndarray, draw: int) -> np.ndarray:
        again = (groups[rows] + (rows % (draw + 2) == 0)) % 5
        seen.append((rows, again))
        return again

    found = jaccard(groups, 4, people, regroup, seed=1)
    assert len(seen) == DRAWS
    for group in range(4):
        best = []
        for rows, again in seen:
            old = {row for row in rows.tolist() if groups[row] == group}
            new = [
                {r for r, a in zip(rows.tolist(), again, strict=True) if a == g} for g in set(again.tolist())
            ]
            best.append(max(len(old & one) / len(old | one) for one in new) if old else None)
        assert found[group] == pytest.approx(np.mean([b for b in best if b is not None]))


def test_respondents_are_drawn_not_remarks() -> None:
    people = np.repeat(np.arange(30), 3)
    counted = []

    def regroup(rows: np.ndarray, _: int) -> np.ndarray:
        counted.append(np.bincount(rows, minlength=90).reshape(30, 3))
        return np.zeros(len(rows), dtype=np.intp)

    jaccard(np.zeros(90, dtype=np.intp), 1, people, regroup)
    times = np.array(counted)
    assert (times == times[:, :, :1]).all()  # all remarks of a respondent, as often as the respondent
    assert (times[:, :, 0].sum(axis=1) == 30).all()
    assert times.max() > 1 and times.min() == 0


def test_a_group_that_comes_again_is_one_and_one_that_is_dissolved_is_not() -> None:
    groups, rng = np.repeat([0, 1], 40), np.random.default_rng(0)

    def half_kept(rows: np.ndarray, _: int) -> np.ndarray:
        return np.where(groups[rows] == 0, 0, rng.integers(1, 9, len(rows)))

    kept, dissolved = jaccard(groups, 2, np.arange(80), half_kept)
    assert kept == 1.0
    assert dissolved < UNSTABLE


def test_of_many_texts_a_resample_is_a_part() -> None:
    sizes = []

    def regroup(rows: np.ndarray, _: int) -> np.ndarray:
        sizes.append(len(rows))
        return np.zeros(len(rows), dtype=np.intp)

    jaccard(np.zeros(6_000, dtype=np.intp), 1, np.repeat(np.arange(3_000), 2), regroup)
    assert set(sizes) == {600}


def test_respondents_are_numbered_by_what_they_wrote() -> None:
    keys, owners = ["乙", "甲", "丙", "甲"], ["x", "y", "x", "z"]
    order, people = canonical(keys, owners)
    again, same = canonical(keys[::-1], ["renamed " + one for one in owners[::-1]])
    assert [keys[i] for i in order] == [keys[::-1][i] for i in again]
    assert people.tolist() == same.tolist()


# --- groups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_topics_are_stable(seed: int) -> None:
    texts, topics = remarks(40, seed)
    found = steadiness(texts, range(len(texts)), topics, least=10, seed=seed)
    assert found.jaccard.min() > 0.8
    assert found.stable.all()


@pytest.mark.parametrize("seed", range(10))
def test_random_characters_give_no_stable_group(seed: int) -> None:
    texts = random_characters(300, seed)
    groups = complaints.explore(texts, seed=seed)
    assert not steadiness(texts, range(300), groups, least=10, seed=seed).stable.any()


@pytest.mark.parametrize("n", [150, 400, 800])
@pytest.mark.parametrize("seed", range(4))
def test_shuffled_words_give_no_stable_group(demo_root: Path, seed: int, n: int) -> None:
    """The words of the demo's complaints, dealt out anew: the Jaccard alone believes in frequent words."""
    pieces = coded(demo_root).pieces
    said = sorted(set(pieces.loc[pieces["kind"] == "complaint", "text"]))
    rng = np.random.default_rng(1_000 + seed)
    texts = shuffled([words(said[i]) for i in rng.permutation(len(said))[:n]], rng)
    groups = complaints.explore(texts, seed=seed)
    assert not steadiness(texts, range(n), groups, least=10, seed=seed).stable.any()


def test_a_group_that_holds_nearly_all_is_none() -> None:
    """Random texts and twenty of another kind: the large group comes again every time, and is not held together."""
    texts = [*random_characters(200, 0), *["没人接班没人管"] * 20]
    found = steadiness(texts, range(220), np.repeat([0, 1], [200, 20]), least=10)
    assert found.jaccard[0] > UNSTABLE
    assert not found.stable[0]


def test_one_group_is_no_group() -> None:
    assert not steadiness(["贷款难"] * 30, range(30), np.zeros(30, dtype=np.intp)).stable.any()
    assert len(steadiness([], [], np.zeros(0, dtype=np.intp)).stable) == 0


def test_the_order_of_rows_changes_no_steadiness() -> None:
    texts, topics = remarks(20, 3)
    owners = [i // 2 for i in range(len(texts))]
    order = np.random.default_rng(0).permutation(len(texts))
    straight = steadiness(texts, owners, topics, seed=4)
    other = steadiness([texts[i] for i in order], [owners[i] for i in order], topics[order], seed=4)
    np.testing.assert_array_equal(straight.jaccard, other.jaccard)
    np.testing.assert_allclose(straight.binding, other.binding, rtol=1e-5)  # sums of single precision
    np.testing.assert_allclose(straight.chance, other.chance, rtol=1e-5)


def test_binding_by_hand() -> None:
    texts, topics = remarks(12, 5)
    rows = weights(match_keys(texts)).toarray()
    found = steadiness(texts, range(len(texts)), topics).binding

    def mean_cosine(part: np.ndarray) -> float:
        return float(np.mean([rows[i] @ rows[j] for i in part for j in part if i != j]))

    for topic in range(3):
        mine = np.flatnonzero(topics == topic)
        by_hand = 11 * (mean_cosine(mine) - mean_cosine(np.arange(len(texts))))
        assert found[topic] == pytest.approx(by_hand, rel=1e-4)  # single precision


# --- themes of a survey --------------------------------------------------------------------------------


def test_themes_of_the_demo_are_stable_and_counted(demo_root: Path) -> None:
    said = coded(demo_root)
    result = stability(said)
    assert result is not None
    table = result.table.set_index("id")
    by_hand = said.complaints(said.survey).query("theme == 'FIN'")["rid"].nunique()
    assert table.loc["FIN", "n"] == by_hand
    assert table["jaccard"].between(0, 100).all()
    assert table.loc[["FIN", "LAB", "UTIL"], "stable"].all()
    assert (table["stable"] <= (table["jaccard"] >= 100 * UNSTABLE)).all()
    assert (table["stable"] <= table["held"]).all()


def test_groups_of_the_rest_stand_beside_the_themes(demo_root: Path) -> None:
    said = coded(demo_root)
    found = others(said)
    assert found is not None
    result = stability(said, found)
    assert result is not None
    clusters = result.table[result.table["kind"] == "cluster"].set_index("id")
    assert clusters["jaccard"].to_dict() == found.table.set_index("cluster")["jaccard"].to_dict()
    gated = disclosure.gate(said.survey)(result)
    assert gated is not None
    few = result.table["n"] < said.survey.round.k
    assert gated.table.loc[few, "jaccard"].isna().all()
    assert (gated.table["shown"] == "hidden").tolist() == few.tolist()


def test_the_order_of_rows_changes_no_theme(demo_root: Path) -> None:
    said = coded(demo_root)
    straight, other = stability(said), stability(mixed(said))
    assert straight is not None and other is not None
    assert straight.table.drop(columns="jaccard").equals(other.table.drop(columns="jaccard"))
    np.testing.assert_allclose(straight.table["jaccard"], other.table["jaccard"])


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_words_give_no_stable_theme(demo_root: Path, seed: int) -> None:
    """A lexicon finds its words wherever they fall; what it finds is then held together by nothing else."""
    said = coded(demo_root)
    own = sorted(said.complaints(said.survey)["text"])
    texts = shuffled([words(text) for text in own], np.random.default_rng(seed))
    seeds = {code: theme.seeds for code, theme in said.lexicon.items()}
    themes = complaints.guided(texts, seeds)
    n, here = said.survey.n, said.survey.round.id
    rows = [
        (here, i % n, "OTHER" if theme == complaints.OTHER else theme, text)
        for i, (theme, text) in enumerate(zip(themes, texts, strict=True))
    ]
    result = stability(of(said, rows))
    assert result is not None
    assert not result.table["stable"].any()


def test_random_characters_have_no_theme(demo_root: Path) -> None:
    said = coded(demo_root)
    rows = [(said.survey.round.id, i, "OTHER", text) for i, text in enumerate(random_characters(200, 0))]
    result = stability(of(said, rows))
    assert result is not None
    assert result.table.empty


def test_nobody_who_complains_is_none(demo_root: Path) -> None:
    said = coded(demo_root)
    assert stability(of(said, [])) is None
