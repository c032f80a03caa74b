"""A theme for every remark, from a lexicon that a clerk can edit and a classifier that extends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from evalpkg.complaints.features import Embedding, Floats, match_keys, unit, vectors, weights
from evalpkg.text import affirmed, clean, fold

OTHER = "其他"
MARGIN = 0.3  # lead of the first theme over the second, relative, that makes the lexicon confident
KEPT = 0.7  # share of each theme's remarks, the most certain, that teaches the next round
ROUNDS = 3
PENALTY = 20.0  # inverse ridge penalty of the logistic regression on unit vectors
DOUBT = 0.05  # what the lexicon grants a theme of which it finds no word
# A text without any seed word is "other" if its exact features give no theme this probability, or, with few themes,
# not this many times the probability of pure chance.
CERTAIN, ABOVE_CHANCE = 0.2, 1.25
LEAST_TAUGHT = 20  # confident remarks needed to teach a classifier
MOST_TAUGHT = 20_000  # more teach it nothing new and cost time


@dataclass(frozen=True)
class Evidence:
    """What the lexicon says: `score` (n, k) weight of seed words, 0 where none occurs."""

    score: Floats

    @property
    def theme(self) -> NDArray[np.intp]:
        """Theme of the highest score, (n,)."""
        return np.asarray(self.score.argmax(axis=1), dtype=np.intp)

    @property
    def spoken(self) -> NDArray[np.bool_]:
        """Whether any seed word occurs, (n,)."""
        return np.asarray(self.score.max(axis=1, initial=0) > 0)

    @property
    def confident(self) -> NDArray[np.bool_]:
        """Whether the first theme clearly leads the second, (n,)."""
        ordered = np.sort(np.pad(self.score, ((0, 0), (1, 0))), axis=1)
        first, second = ordered[:, -1], ordered[:, -2]
        return (first > 0) & (first - second > MARGIN * first)

    @property
    def prior(self) -> Floats:
        """Log share of each theme in the score, uniform where no seed word occurs, (n, k)."""
        total = self.score.sum(axis=1, keepdims=True)
        share = np.divide(
            self.score, total, out=np.full_like(self.score, 1 / self.score.shape[1]), where=total > 0
        )
        return np.asarray(np.log(DOUBT + share))


def guided(
    texts: Sequence[str],
    seeds: Mapping[str, Sequence[str]],
    *,
    embed: Embedding | None = None,
    seed: int = 0,
) -> list[str]:
    """Give every text the theme that its words and its neighbours speak for.

    The lexicon labels the texts it is sure of, a class-balanced logistic regression on character vectors learns
    from them, and is taught again with the most certain of its own answers (self-training, Yarowsky 1995). In every
    round the lexicon's shares are multiplied in, so a seed word in the text is never forgotten. A text without any
    seed word keeps its theme only if a second regression, on the exact characters and bigrams rather than on their
    50 dimensions, vouches for it: of a matter that no theme covers it has seen too little to be certain.

    Parameters
    ----------
    texts
        n remarks, each preferably one complaint (`evalpkg.text.split`).
    seeds
        Words of each theme.
    embed
        Optional: texts -> (n, d) vectors of a language model, used beside the character vectors.
    seed
        For the starting vector of the SVD and for drawing at most 20,000 teaching texts.

    Returns
    -------
    list of str
        A key of `seeds` per text, "其他" where no seed word occurs and the classifier is unsure. The same texts
        get the same themes in whatever order they come.

    Examples
    --------
    >>> guided(["贷款太难", "招不到工人", "！"], {"融资": ["贷款"], "用工": ["招不到", "工人"]})
    ['融资', '用工', '其他']
    """
    names, keys = list(seeds), match_keys(texts)
    order = sorted(range(len(keys)), key=lambda i: (keys[i], str(texts[i])))
    if not names or not order:
        return [OTHER] * len(keys)
    ordered = [keys[i] for i in order]
    evidence = Evidence(lexicon_score(ordered, list(seeds.values())))
    theme = _decided(evidence, ordered, [texts[i] for i in order], embed, seed)
    labels = [OTHER] * len(keys)
    for place, chosen in zip(order, theme.tolist(), strict=True):
        labels[place] = names[chosen] if chosen >= 0 else OTHER
    return labels


def lexicon_score(keys: Sequence[str], words: Sequence[Sequence[str]]) -> Floats:
    """Weigh the seed words in each text: sum of log(1 + min(tf, 3)) log((n + 1) / df) over the words of a theme.

    Parameters
    ----------
    keys
        n match keys; clauses that deny a difficulty are no evidence.
    words
        Seed words of each of k themes.

    Returns
    -------
    ndarray, shape (n, k)

    Examples
    --------
    >>> lexicon_score(["贷款贷款", "用工"], [["贷款"], ["没有的词"]]).round(2).tolist()
    [[1.21, 0.0], [0.0, 0.0]]
    """
    affirmative = [affirmed(key) for key in keys]
    starts = np.cumsum([0, *(len(key) + 1 for key in affirmative)])[:-1]
    whole = "\n".join(affirmative)
    score = np.zeros((len(keys), len(words)))
    for column, theme in enumerate(words):
        for word in sorted({fold(clean(word)) for word in theme} - {""}):
            found = np.searchsorted(starts, _positions(whole, word), side="right") - 1
            times = np.bincount(found, minlength=len(keys))
            documents = max(1, int((times > 0).sum()))
            score[:, column] += np.log1p(np.minimum(times, 3)) * np.log((len(keys) + 1) / documents)
    return score


def _positions(whole: str, word: str) -> list[int]:
    at, found = whole.find(word), []
    while at >= 0:
        found.append(at)
        at = whole.find(word, at + len(word))
    return found


def _decided(
    evidence: Evidence,
    keys: Sequence[str],
    texts: Sequence[str],
    embed: Embedding | None,
    seed: int,
) -> NDArray[np.intp]:
    """Theme number of every text, -1 for other; the lexicon alone where it is too silent to teach."""
    taught = np.flatnonzero(evidence.confident)
    if len(taught) < LEAST_TAUGHT or len(np.unique(evidence.theme[taught])) < 2:
        return np.where(evidence.spoken, evidence.theme, -1)
    exact, rng = weights(keys), np.random.default_rng(seed)
    space = vectors(exact, seed=seed)
    if embed is not None:
        space = np.hstack([space, unit(np.asarray(embed(texts), dtype=np.float32))])
    k = evidence.score.shape[1]
    chance = _classified(exact, taught, evidence.theme, k, rng).max(axis=1)
    vouched = chance >= max(CERTAIN, ABOVE_CHANCE / k)
    theme = _self_trained(space, evidence, taught, rng)
    return np.where(evidence.spoken | vouched, theme, -1)


def _self_trained(
    space: Floats, evidence: Evidence, taught: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Theme number of every text, (n,), after `ROUNDS` rounds of teaching."""
    labels, prior = evidence.theme, evidence.prior
    for _ in range(ROUNDS):
        chance = _combined(_classified(space, taught, labels, prior.shape[1], rng), prior)
        labels = chance.argmax(axis=1)
        taught = _most_certain(chance, labels)
        if len(np.unique(labels[taught])) < 2:
            break
    return labels


def _classified(
    space: Floats | sparse.csr_array,
    taught: NDArray[np.intp],
    labels: NDArray[np.intp],
    k: int,
    rng: np.random.Generator,
) -> Floats:
    """Learn from the taught rows, return probabilities of all rows, (n, k)."""
    if len(taught) > MOST_TAUGHT:
        taught = np.sort(rng.choice(taught, MOST_TAUGHT, replace=False))
    model = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=300)
    model.fit(space[taught], labels[taught])
    chance = np.zeros((space.shape[0], k))
    chance[:, model.classes_] = model.predict_proba(space)
    return chance


def _combined(chance: Floats, prior: Floats) -> Floats:
    """Multiply the classifier's probabilities with the lexicon's shares."""
    product = (chance + 1e-12) * np.exp(prior)
    return np.asarray(product / product.sum(axis=1, keepdims=True))


def _most_certain(chance: Floats, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows to teach with: the most certain of each theme, so that a small theme does not die out."""
    certainty = chance.max(axis=1)
    kept = []
    for theme in np.unique(labels):
        rows = np.flatnonzero(labels == theme)
        best = np.argsort(-certainty[rows], kind="stable")[: int(np.ceil(KEPT * len(rows)))]
        kept.append(rows[best])
    return np.sort(np.concatenate(kept))
