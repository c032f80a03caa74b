"""Themes, groups, copies and new matters of public messages, beside BERTopic where it is installed.

Run from the project's folder: `python -m benchmarks.messages FOLDER` (two minutes; one thread). The folder holds gov7.csv (title,
body, label), gov7_seeds.json (seed words by label) and messages2019.csv (time, title, body); they are not part of the project.
"""

# ruff: noqa: E402  (the number of threads must be set before numpy is imported)
from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read once, when numpy is first imported

import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    adjusted_rand_score,
    normalized_mutual_info_score,
    roc_auc_score,
)

from evalpkg import text
from evalpkg.complaints import OTHER, explore, guided
from evalpkg.complaints.copies import SHORTEST, copies
from evalpkg.complaints.features import match_keys, vectors, weights
from evalpkg.complaints.lineage.matching import likeness, match, space

SEEDS = range(4)  # of groups and of halves
GROUPS = 15  # groups of a year's messages that stand for its classes


def main(folder: Path) -> None:
    table = pd.read_csv(folder / "gov7.csv")
    seeds = json.loads((folder / "gov7_seeds.json").read_text(encoding="utf-8"))
    both = (table["title"] + "。" + table["body"].fillna("")).tolist()
    for name, texts in (("title and body", both), ("titles", table["title"].tolist())):
        themes(name, texts, table["label"].to_numpy(), seeds)
        withheld(name, texts, np.unique(table["label"], return_inverse=True)[1])
    year(pd.read_csv(folder / "messages2019.csv"))


def themes(name: str, texts: Sequence[str], labels: np.ndarray, seeds: dict[str, list[str]]) -> None:
    """Print how well themes and groups agree with the labels."""
    found = np.array(guided(texts, seeds))
    right = accuracy_score(labels, found)
    print(
        f"{name}: guided accuracy {right:.3f}, {_agreement(labels, found)}; 其他 {np.mean(found == OTHER):.0%}"
    )
    for seed in SEEDS:
        print(f"{name}: explore k = 7, seed {seed}: {_agreement(labels, explore(texts, k=7, seed=seed))}")
    if importlib.util.find_spec("bertopic"):
        _bertopic(name, texts, labels, seeds)


def _agreement(labels: np.ndarray, found: np.ndarray) -> str:
    nmi, ari = normalized_mutual_info_score(labels, found), adjusted_rand_score(labels, found)
    return f"NMI {nmi:.3f}, ARI {ari:.3f}"


def _bertopic(name: str, texts: Sequence[str], labels: np.ndarray, seeds: dict[str, list[str]]) -> None:
    """Print the same for BERTopic, guided by the same words, on the same vectors."""
    from bertopic import BERTopic

    space_ = vectors(weights(match_keys(texts)), drop=0).astype(float)
    model = BERTopic(
        seed_topic_list=list(seeds.values()), embedding_model=None, calculate_probabilities=False
    )
    found = np.array(model.fit_transform(list(texts), embeddings=space_)[0])
    left = float(np.mean(found == -1))
    print(
        f"{name}: BERTopic {_agreement(labels, found)}; {len(set(found)) - 1} topics, {left:.0%} left unassigned"
    )


def withheld(name: str, texts: Sequence[str], labels: np.ndarray) -> None:
    """Print how well classes are matched between random halves, and a class that one half lacks is told as new."""
    known, right, likest, is_new = space(texts), [], [], []
    for seed in SEEDS:
        half = np.random.default_rng(seed).permutation(len(labels)) < len(labels) // 2
        for label in range(labels.max() + 1):
            matched, score, new = _without(known, labels, half, label)
            right, likest, is_new = right + matched, likest + score, is_new + new
    area = roc_auc_score(is_new, -np.array(likest))
    print(f"{name}: {sum(right)} of {len(right)} matches right, AUC of what is new {area:.3f}")


def _without(
    known: object, labels: np.ndarray, first: np.ndarray, label: int
) -> tuple[list[bool], list[float], list[bool]]:
    """Match the classes of the second part with those of the first, out of which one is taken."""
    dense = np.where(labels > label, labels - 1, labels)  # without the one that is not there
    found = likeness(known, np.where(first & (labels != label), dense, -1), np.where(~first, labels, -1))
    partner = match(found).partner
    right = [p + (p >= label) == c for c, p in enumerate(partner) if p >= 0]
    return right, found.freed.max(axis=0).tolist(), [c == label for c in range(labels.max() + 1)]


def year(table: pd.DataFrame) -> None:
    """Print copies, splitting, and matching of the halves of a year's messages."""
    order = np.argsort(pd.to_datetime(table["time"], format="mixed").to_numpy(), kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    bodies = table["body"].fillna("").tolist()
    keys = match_keys(bodies)
    groups = copies(keys, range(len(keys)))
    long = [sum(map(str.isalnum, key)) >= SHORTEST for key in keys]
    twice = Counter(key for key, counts in zip(keys, long, strict=True) if counts)
    exact = np.array([counts and twice[key] > 1 for key, counts in zip(keys, long, strict=True)])
    print(f"year: {len(keys):,} messages, {sum(groups >= 0)} with a copy by somebody else in {groups.max() + 1} groups; "
          f"of {exact.sum()} that stand twice word for word {np.sum(exact & (groups >= 0))} are found")  # fmt: skip
    pieces = [len(text.split(body)) for body in bodies]
    print(
        f"year: {np.mean(np.array(pieces) > 1):.0%} are split, into {np.mean([p for p in pieces if p > 1]):.1f} pieces on average"
    )
    texts = (table["title"] + "。" + table["body"].fillna("")).tolist()
    labels, known = explore(texts, k=GROUPS), space(texts)
    first = np.arange(len(texts)) < len(texts) // 2
    right, likest, is_new = [], [], []
    for label in range(GROUPS):
        matched, score, new = _without(known, labels, first, label)
        right, likest, is_new = right + matched, likest + score, is_new + new
    area = roc_auc_score(is_new, -np.array(likest))
    print(
        f"year: groups of the whole year in its halves, {sum(right)} of {len(right)} matches right, AUC of a group withheld {area:.3f}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        print("skipped: name the folder that holds the messages")
