"""What the theme lexicon misses: words it lacks, words that never occur, matters that no theme covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import rjieba
from numpy.typing import NDArray

from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.departments import Aliases, without_names
from evalpkg.complaints.explore import explore
from evalpkg.complaints.features import match_keys
from evalpkg.complaints.guided import lexicon_score, seed_keys
from evalpkg.complaints.labels import COMMON, label_words
from evalpkg.complaints.lexicon import Theme
from evalpkg.text import affirmed, unmasked, words

INSIDE = 0.6  # of the respondents who use a word, so many in one theme make it a candidate for it
MOST = 30  # candidates and words that are listed
_NAMING = (
    "n",
    "v",
    "a",
    "i",
    "l",
    "j",
)  # nouns, verbs, adjectives, idioms, abbreviations; no numbers, times, pronouns


@dataclass(frozen=True)
class Gaps:
    """What a lexicon misses in one round; every word was used by at least k respondents.

    Attributes
    ----------
    found : DataFrame
        `theme`, `label`, `count` respondents of the theme, `by_word` of them with a seed word of the theme in a complaint of
        it, `alike`: the others, found by the likeness of their text. Other complaints last, without words.
    unused : DataFrame
        `theme`, `label`, `words`: seed words that occur in no complaint of any round.
    other : DataFrame
        `word`, `count` respondents who use it in a complaint without a theme; the most used first.
    additions : DataFrame
        `word`, `theme`, `label`, `count` respondents who use it, `inside` per cent of them in complaints of the theme: words
        that are no seed words and set apart what the theme holds without a seed word.
    groups : DataFrame
        `count` respondents, `words` used by k of them: groups of the complaints without a theme, a possible theme each.
    k : int
    """

    found: pd.DataFrame
    unused: pd.DataFrame
    other: pd.DataFrame
    additions: pd.DataFrame
    groups: pd.DataFrame
    k: int

    @property
    def sections(self) -> tuple[tuple[str, dict[str, str], pd.DataFrame], ...]:
        """What a clerk reads: Chinese title, Chinese headings of columns, table; whole numbers count respondents."""
        share = [f"约 {round(inside, -1):.0f}%" for inside in self.additions["inside"]]
        recognised = self.found[self.found["theme"] != REST]
        return (
            (
                "各类问题靠什么认出（企业数）",
                {"label": "问题", "count": "合计", "by_word": "有词表里的词", "alike": "只是说法相近"},
                recognised,
            ),
            (
                "可以补进词表的词（先想清楚意思是否单一）",
                {"word": "词", "label": "问题", "count": "企业数", "share": "其中属于该问题"},
                self.additions.assign(share=share),
            ),
            ("“其他”里常见的词", {"word": "词", "count": "企业数"}, self.other),
            ("“其他”里可能的新问题", {"words": "常用词", "count": "企业数"}, self.groups),
            (
                "各轮意见里都没有出现过的词（可以留着）",
                {"label": "问题", "words": "词"},
                self.unused[self.unused["words"] != ""],
            ),
        )


def gaps(said: Coded) -> Gaps:
    """Look for what the lexicon misses in the complaints of the survey.

    A proposal, for a person to judge: nothing is changed. The seed words that never occur are looked for in all rounds
    that were coded together, everything else in this one, so that k respondents are k different ones.
    """
    complaints = said.complaints(said.survey)
    keys = match_keys([*map(unmasked, complaints["text"])])
    told = pd.Series([_told(key, said.aliases) for key in keys], complaints.index)
    complaints = complaints.assign(key=keys, words=told)
    complaints["by_word"] = _by_word(complaints, said.lexicon)
    k = said.survey.round.k
    return Gaps(
        _found(complaints, said.labels),
        _unused(said),
        _other(complaints, k),
        _additions(complaints, said.lexicon, k),
        _groups(complaints[complaints["theme"] == REST], said.survey.round.seed_for("gaps"), k),
        k,
    )


def _told(key: str, known: Aliases) -> frozenset[str]:
    """Words of a complaint that can name a matter."""
    return frozenset(filter(_names, words(without_names(key, known)))) - COMMON


@lru_cache(maxsize=65_536)
def _names(word: str) -> bool:
    """Whether a word can name a matter."""
    return len(word) > 1 and word.isalpha() and rjieba.tag(word)[0][1].startswith(_NAMING)


def _by_word(complaints: pd.DataFrame, lexicon: Mapping[str, Theme]) -> NDArray[np.bool_]:
    """Whether each complaint holds a seed word of its own theme."""
    words = [seed_keys(theme.seeds) for theme in lexicon.values()]
    held = pd.DataFrame(lexicon_score(complaints["key"].tolist(), words) > 0, columns=list(lexicon))
    held[REST] = False
    return np.asarray(
        held.to_numpy()[np.arange(len(held)), held.columns.get_indexer(pd.Index(complaints["theme"]))]
    )


def _found(complaints: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    table = pd.DataFrame({"theme": list(labels), "label": list(labels.values())})
    for column, part in (("count", complaints), ("by_word", complaints[complaints["by_word"]])):
        respondents = part.groupby("theme")["rid"].nunique()
        table[column] = respondents.reindex(table["theme"], fill_value=0).to_numpy()
    return table.assign(alike=table["count"] - table["by_word"])


def _unused(said: Coded) -> pd.DataFrame:
    pieces = said.pieces[said.pieces["kind"] == "complaint"]
    whole = "\n".join(map(affirmed, match_keys([*map(unmasked, pieces["text"])])))
    rows = [
        (code, theme.label, "、".join(word for word in theme.seeds if not _occurs(word, whole)))
        for code, theme in said.lexicon.items()
    ]
    return pd.DataFrame(rows, columns=["theme", "label", "words"])


def _occurs(word: str, whole: str) -> bool:
    return all(key in whole for key in seed_keys([word]))


def _uses(complaints: pd.DataFrame) -> pd.DataFrame:
    """Columns theme, rid, word: who uses which word in a complaint of which theme, each once."""
    return complaints[["theme", "rid", "words"]].explode("words").dropna().drop_duplicates()


def _counted(words: pd.Series, k: int) -> pd.Series:
    """Count how often each word stands, those of at least k, the most frequent first and then by the word."""
    counts = words.value_counts()
    return counts[counts >= k].sort_index().sort_values(ascending=False, kind="stable")


def _other(complaints: pd.DataFrame, k: int) -> pd.DataFrame:
    counts = _counted(_uses(complaints[complaints["theme"] == REST])["words"], k)
    return pd.DataFrame({"word": counts.index, "count": counts.to_numpy()})[:MOST]


def _additions(complaints: pd.DataFrame, lexicon: Mapping[str, Theme], k: int) -> pd.DataFrame:
    seeds = {key for theme in lexicon.values() for key in seed_keys(theme.seeds)}
    uses = _uses(complaints)
    everybody = _counted(uses.drop_duplicates(["rid", "words"])["words"], k)
    silent = _uses(complaints[~complaints["by_word"] & (complaints["theme"] != REST)])
    within = uses.groupby(["theme", "words"])["rid"].nunique()
    table = silent.groupby(["theme", "words"])["rid"].nunique().rename("gained").reset_index()
    table = table.rename(columns={"words": "word"})[table["words"].isin(everybody.index)]
    related = [any(seed in word or word in seed for seed in seeds) for word in table["word"]]
    table = table[~np.array(related, dtype=bool)]
    table["label"] = [lexicon[theme].label for theme in table["theme"]]
    table["count"] = everybody.reindex(table["word"]).to_numpy()
    used_within = within.reindex(pd.MultiIndex.from_frame(table[["theme", "word"]])).to_numpy()
    table["inside"] = 100 * used_within / table["count"]
    table = table[table["inside"] >= 100 * INSIDE]
    table = table.sort_values(["gained", "inside", "word"], ascending=[False, False, True])
    return table[["word", "theme", "label", "count", "inside"]].reset_index(drop=True)[:MOST]


def _groups(other: pd.DataFrame, seed: int, k: int) -> pd.DataFrame:
    group = explore(other["key"].tolist(), seed=seed)
    used: Iterable[tuple[str, int, Iterable[str]]] = zip(
        map(str, group), other["rid"].tolist(), other["words"].tolist(), strict=True
    )
    told = label_words(used, k)
    sizes = other.groupby(group)["rid"].nunique()
    rows = [(size, "、".join(told[str(number)])) for number, size in sizes.items() if told[str(number)]]
    return pd.DataFrame(rows, columns=["count", "words"])
