"""What lies in the rest: complaints that belong to no theme, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate, privacy
from evalpkg.complaints.coding import REST, Coded
from evalpkg.complaints.departments import without_names
from evalpkg.complaints.explore import MOST_GROUPS, explore
from evalpkg.complaints.features import match_keys, vectors, weights
from evalpkg.complaints.labels import label_words
from evalpkg.complaints.stability import Steadiness, steadiness
from evalpkg.survey import Survey
from evalpkg.text import clean, fold, unmasked, words

CENTRAL = 3  # remarks that stand for a group
NAMED_BY = 2  # words in a proposed name
Ints = NDArray[np.intp]


def others(said: Coded | None) -> estimate.Result | None:
    """Break the complaints without a theme into groups.

    Where this round has too few for two groups, complaints of earlier rounds are pooled with them, the latest first;
    shares and counts are of this round in any case.

    Returns
    -------
    Result or None
        Key `cluster` (numbered by size, rounds pooled); the share of respondents with its interval, `count`;
        `jaccard` in per cent, `held` and `stable` (see `stability.Steadiness`); `words` that at least k respondents of this
        round use; `name`, the first two of them, "" where the group is not stable. Largest first; groups of which
        nobody spoke in this round are left out. `extra`: `rounds` pooled, `notes` in Chinese, `respondents_count`; and what the gate drops:
        `central` (cluster, text: remarks nearest the middle of each group, masked, for the researcher) and `groups`
        (round and cluster, indexed as `said.pieces`). None where fewer than 2k respondents of the round complain of
        something without a theme, or nothing is coded.
    """
    if said is None or (pool := divided(said, said.surveys)) is None:
        return None
    survey = said.survey
    steady = steadiness(
        [unmasked(text) for text in pool["text"]],
        list(zip(pool["round"], pool["rid"], strict=True)),
        pool["cluster"].to_numpy(),
        least=survey.round.k,
        seed=survey.round.seed_for("others"),
    )
    here = pool[pool["round"] == survey.round.id]
    extra = {
        "rounds": tuple(dict.fromkeys(pool["round"])),
        "notes": _notes(said, pool),
        "respondents_count": int(here["rid"].nunique()),
        "central": _central(pool, survey),
        "groups": pool[["round"]].assign(cluster=codes(pool["cluster"])),
    }
    return estimate.Result(_table(said, here, steady), "others", "%", "全部有效答卷的企业", survey.n, extra)


def rest(said: Coded, surveys: Sequence[Survey]) -> pd.DataFrame:
    """Complaints of some rounds that belong to no theme, as `said.pieces`."""
    pieces = said.pieces[(said.pieces["kind"] == "complaint") & (said.pieces["theme"] == REST)]
    return pieces[pieces["round"].isin([survey.round.id for survey in surveys])]


def divided(said: Coded, surveys: Sequence[Survey]) -> pd.DataFrame | None:
    """Group the rest of the last of some rounds, with what was pooled with it: `rest`, and `cluster` from 0.

    None where fewer than 2k respondents of that round complain of something without a theme.
    """
    last = surveys[-1]
    if rest(said, [last])["rid"].nunique() < 2 * last.round.k:
        return None
    pool = pooled(said, surveys)
    return pool.assign(cluster=grouped(pool, last))


def pooled(said: Coded, surveys: Sequence[Survey]) -> pd.DataFrame:
    """Complaints without a theme of the last of some rounds, with rounds before it where they are too few to divide.

    Two groups of 2k respondents are the least that can be told apart and told of. Earlier rounds are not pooled without
    need: among old complaints a new matter is a small part of a large group.
    """
    for first in reversed(range(len(surveys))):
        pieces = rest(said, surveys[first:])
        if _respondents(pieces) >= 2 * 2 * surveys[-1].round.k:
            break
    return pieces


def grouped(pool: pd.DataFrame, survey: Survey) -> Ints:
    """Group pooled complaints: at most one group for every 2k of them, (n,)."""
    texts, seed = [unmasked(text) for text in pool["text"]], survey.round.seed_for("others")
    most = max(min(MOST_GROUPS, len(texts) // (2 * survey.round.k)), 1)
    groups = explore(texts, seed=seed)
    return groups if groups.max() < most else explore(texts, k=most, seed=seed)


def used_words(pieces: pd.DataFrame, k: int, said: Coded) -> dict[str, list[str]]:
    """Words that set each `cluster` of some pieces apart and that k respondents of it use; no names of departments."""
    people = pieces.groupby(["round", "rid"]).ngroup()  # the same number in two rounds is two respondents
    told = [words(without_names(fold(clean(unmasked(text))), said.aliases)) for text in pieces["text"]]
    return label_words(zip(pieces["cluster"].astype(str), people, told, strict=True), k)


def codes(clusters: Iterable[int]) -> list[str]:
    """Name groups by their number from 1, as text: a key is no quantity."""
    return [str(cluster + 1) for cluster in clusters]


def _notes(said: Coded, pool: pd.DataFrame) -> tuple[str, ...]:
    labels = {survey.round.id: survey.round.label for survey in said.history.rounds}
    earlier = [labels[one] for one in dict.fromkeys(pool["round"]) if one in labels]
    return (f"本轮这类意见太少，与{'、'.join(earlier)}的合在一起分组，占比只算本轮",) if earlier else ()


def _respondents(pieces: pd.DataFrame) -> int:
    return len(pieces[["round", "rid"]].drop_duplicates())


def _table(said: Coded, here: pd.DataFrame, steady: Steadiness) -> pd.DataFrame:
    survey = said.survey
    present = np.unique(here["cluster"])
    names = pd.crosstab(here["rid"], here["cluster"]).gt(0)
    holds = names.reindex(index=survey.responses.index, columns=present, fill_value=False).to_numpy(
        dtype=float
    )
    shares = estimate.share(holds, survey.design)
    table = estimate.tidy(
        pd.DataFrame({"cluster": codes(present)}),
        shares,
        survey.round.level,
        factor=100.0,
        count=holds.sum(axis=0).astype(int),
    )
    told = used_words(here, survey.round.k, said)
    stable = steady.stable[present]
    table = table.assign(
        jaccard=100 * steady.jaccard[present],
        held=steady.held[present],
        stable=stable,
        words=["、".join(told[str(cluster)]) for cluster in present],
        name=[
            "、".join(told[str(c)][:NAMED_BY]) if sure else ""
            for c, sure in zip(present, stable, strict=True)
        ],
    )
    return table.sort_values("estimate", ascending=False, kind="stable").reset_index(drop=True)


def _central(pool: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Find the remarks of this round nearest the middle of each group, no two the same, personal data masked."""
    ordered = pool.assign(key=match_keys([unmasked(text) for text in pool["text"]])).sort_values(
        ["key", "text"]
    )
    space = vectors(weights(ordered["key"].tolist()), drop=1)
    clusters = ordered["cluster"].to_numpy()
    middle = np.stack([space[clusters == cluster].mean(axis=0) for cluster in range(clusters.max() + 1)])
    near = np.einsum("ij,ij->i", space, middle[clusters]).round(
        6
    )  # rounded: ties go by the text, not by rounding
    here = ordered.assign(near=near)[ordered["round"].to_numpy() == survey.round.id]
    best = here.sort_values("near", ascending=False, kind="stable").drop_duplicates(["cluster", "key"])
    chosen = best.groupby("cluster").head(CENTRAL).sort_values("cluster", kind="stable")
    masked = [privacy.redact(text).text for text in chosen["text"]]
    return pd.DataFrame({"cluster": codes(chosen["cluster"]), "text": masked})
