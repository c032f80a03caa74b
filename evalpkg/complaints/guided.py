"""A theme for every remark, from a lexicon that a clerk can edit and a classifier that extends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from evalpkg.complaints.features import Embedding, Floats, match_keys, term_counts, unit
from evalpkg.text import affirmed, clean, fold

OTHER = "其他"
MARGIN = 0.3  # lead of the first theme over the second, relative, that makes the lexicon confident
DOUBT = 0.05  # what the lexicon grants a theme of which it finds no word
ROUNDS = 10  # of expectation and maximisation; the labels hardly move after four
# A text without any seed word is "other" if it is less like a theme than four of five texts of that theme would be if
# their seed words were taken away. One in six of those texts holds its seed word by accident, and is among the fifth.
TURNED_AWAY = 0.2
LEAST_TAUGHT = 20  # confident remarks needed to teach a classifier
MOST_TAUGHT = 20_000  # vectors of a language model; more teach nothing new and cost time
PENALTY = 20.0  # inverse ridge penalty of the logistic regression on unit vectors of a language model


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


@dataclass(frozen=True)
class Terms:
    """Characters and bigrams: `counts` (n, m) of the texts, `seeds` (k, m) of the seed words of each theme."""

    counts: sparse.csr_array
    seeds: sparse.csr_array


def guided(
    texts: Sequence[str],
    seeds: Mapping[str, Sequence[str]],
    *,
    embed: Embedding | None = None,
    seed: int = 0,
) -> list[str]:
    """Give every text the theme that its words and its neighbours speak for.

    The lexicon labels the texts it is sure of. Complement naive Bayes (Rennie et al. 2003) on characters and bigrams
    learns from them, and from all texts by expectation and maximisation (Nigam et al. 2000); in every round the
    lexicon's shares are the prior, so a seed word in the text is never forgotten. A text without any seed word keeps
    its theme only if it is enough like the texts of which the lexicon is sure: as much as four of five of them would
    be without their seed words (a conformal rule, Vovk et al. 2005). So there are more "others" where texts are long
    and many, and what is foreign stands out, than among a few short ones.

    Parameters
    ----------
    texts
        n remarks, each preferably one complaint (`evalpkg.text.split`).
    seeds
        Words of each theme.
    embed
        Optional: texts -> (n, d) vectors of a language model (`features.embedding`). A logistic regression on them is
        taught beside naive Bayes and its probabilities are multiplied in; what is "other" is decided without it.
    seed
        For drawing at most 20,000 texts to teach that regression; without `embed` nothing is drawn.

    Returns
    -------
    list of str
        A key of `seeds` per text, "其他" where no seed word occurs and nothing like it was seen. The same texts get the
        same themes in whatever order they come.

    Examples
    --------
    >>> guided(["贷款太难", "招不到工人", "！"], {"融资": ["贷款"], "用工": ["招不到", "工人"]})
    ['融资', '用工', '其他']
    """
    names, keys = list(seeds), match_keys(texts)
    order = sorted(range(len(keys)), key=lambda i: (keys[i], str(texts[i])))
    if not names or not order:
        return [OTHER] * len(keys)
    ordered, words = [keys[i] for i in order], [seed_keys(theme) for theme in seeds.values()]
    evidence = Evidence(lexicon_score(ordered, words))
    if not _teaches(evidence):
        theme = np.where(evidence.spoken, evidence.theme, -1)
    else:
        space = None if embed is None else unit(np.asarray(embed([texts[i] for i in order]), dtype=float))
        theme = _decided(evidence, _terms(ordered, words), space, np.random.default_rng(seed))
    labels = [OTHER] * len(keys)
    for place, chosen in zip(order, theme.tolist(), strict=True):
        labels[place] = names[chosen] if chosen >= 0 else OTHER
    return labels


def seed_keys(words: Sequence[str]) -> list[str]:
    """Reduce seed words to the keys that are looked for in match keys, each once.

    >>> seed_keys(["貸款", "贷款", " VOC"])
    ['voc', '贷款']
    """
    return sorted({fold(clean(word)) for word in words} - {""})


def lexicon_score(keys: Sequence[str], words: Sequence[Sequence[str]]) -> Floats:
    """Weigh the seed words in each text: sum of log(1 + min(tf, 3)) log((n + 1) / df) over the words of a theme.

    Parameters
    ----------
    keys
        n match keys; clauses that deny a difficulty are no evidence.
    words
        Seed words of each of k themes, as `seed_keys` gives them.

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
        for word in theme:
            at = _positions(whole, word)
            if not len(at):  # most words do not occur in a few hundred remarks
                continue
            found = np.searchsorted(starts, at, side="right") - 1
            holders, times = np.unique(found, return_counts=True)
            weight = np.log((len(keys) + 1) / len(holders))
            score[holders, column] += np.log1p(np.minimum(times, 3)) * weight
    return score


def _positions(whole: str, word: str) -> NDArray[np.intp]:
    at, found = whole.find(word), []
    while at >= 0:
        found.append(at)
        at = whole.find(word, at + len(word))
    return np.array(found, dtype=np.intp)


def _teaches(evidence: Evidence) -> bool:
    """Whether the lexicon is sure of enough texts, of two themes at least, to learn from them."""
    confident = evidence.confident
    return bool(confident.sum() >= LEAST_TAUGHT and len(np.unique(evidence.theme[confident])) > 1)


def _terms(keys: Sequence[str], words: Sequence[Sequence[str]]) -> Terms:
    counts = term_counts([*keys, *(" ".join(theme) for theme in words)])
    return Terms(counts[: len(keys)], counts[len(keys) :])


def _decided(
    evidence: Evidence, terms: Terms, space: Floats | None, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Theme number of every text, -1 for other."""
    share = np.zeros_like(evidence.score)
    sure = np.flatnonzero(evidence.confident)
    share[sure, evidence.theme[sure]] = 1
    kept = evidence.spoken | _familiar(terms, share)
    return np.where(kept, _self_taught(evidence.prior, terms, share, space, rng), -1)


def _self_taught(
    prior: Floats, terms: Terms, share: Floats, space: Floats | None, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Theme number of every text, (n,), by expectation and maximisation from the `share` (n, k) of sure texts."""
    labels = np.full(len(prior), -1)
    for _ in range(ROUNDS):
        chance = np.asarray(terms.counts @ _lift(terms, share))
        chance += prior
        if space is not None:
            chance += np.log(_second_opinion(space, share, rng) + 1e-12)
        before, labels = labels, chance.argmax(axis=1)
        chance -= np.logaddexp.reduce(chance, axis=1)[:, None]
        share = np.exp(chance, out=chance)  # in place: the largest arrays there are
        if (labels == before).all():
            break
    return np.asarray(labels, dtype=np.intp)


def _lift(terms: Terms, share: Floats) -> Floats:
    """Tell how far each term speaks for each theme, (m, k): log probability in all texts less that in other themes.

    The words of the lexicon count as one text of their theme.
    """
    every, others = _usage(terms, share)
    return _log_probability(every) - _log_probability(others)


def _usage(terms: Terms, share: Floats) -> tuple[Floats, Floats]:
    """Return how often each term is used, (m, 1), and how often in other themes than each, (m, k)."""
    used = np.asarray(terms.counts.T @ share + terms.seeds.T.toarray())
    every = used.sum(axis=1, keepdims=True)
    return every, every - used


def _log_probability(used: Floats) -> Floats:
    """Log probabilities of the terms (rows) with one more use of each (Laplace)."""
    return np.asarray(np.log(used + 1) - np.log((used + 1).sum(axis=0)))


def _familiar(terms: Terms, share: Floats) -> NDArray[np.bool_]:
    """Whether a text is as much like its best theme as most of the theme's texts are without their seed words, (n,)."""
    lift = _lift(terms, share)
    best = (terms.counts @ lift).max(axis=1)
    least = np.quantile(_without_seeds(terms, share, lift), TURNED_AWAY)
    return np.asarray((best >= least) & (best > 0))


def _without_seeds(terms: Terms, share: Floats, lift: Floats) -> Floats:
    """Tell how much each sure text is like its theme when all terms of the seed words are blanked, (sure texts,).

    Each is judged by the other texts, as a text without any seed word is: its own use of a term is taken out of the
    use by all. It never was in the use by other themes.
    """
    sure, theme = np.nonzero(share)
    counts = terms.counts[sure]
    row = np.repeat(np.arange(len(sure)), np.diff(counts.indptr))
    term, times, length = counts.indices, counts.data, np.asarray(counts.sum(axis=1))
    every = _usage(terms, share)[0][:, 0] + 1
    judged = lift[term, theme[row]] + np.log(1 - times / every[term]) - np.log(1 - length / every.sum())[row]
    judged[(terms.seeds.toarray() > 0)[theme[row], term]] = 0
    return np.asarray(np.bincount(row, times * judged, minlength=len(sure)), dtype=float)


def _second_opinion(space: Floats, share: Floats, rng: np.random.Generator) -> Floats:
    """Probabilities (n, k) by a class-balanced logistic regression on vectors, taught by the likeliest themes."""
    taught = np.flatnonzero(share.any(axis=1))
    if len(taught) > MOST_TAUGHT:
        taught = np.sort(rng.choice(taught, MOST_TAUGHT, replace=False))
    model = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=300)
    model.fit(space[taught], share[taught].argmax(axis=1), share[taught].max(axis=1))
    chance = np.zeros_like(share)
    chance[:, model.classes_] = model.predict_proba(space)
    return chance
