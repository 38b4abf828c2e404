"""Which words survive the dropping, over a corpus: by kind, by word, and what of the human rationale is lost.

A word is kept after a layer as long as one of its tokens is. Words the model never read count nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from string import punctuation

import numpy as np

from rationale.arrays import Bool, Int64
from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Document, Documents, Key
from rationale.errors import ScoresError
from rationale.evaluation.result import Share
from rationale.metrics.statistics import bootstrap_intervals, number_or_none, wilson_interval
from rationale.scores.scored import (
    KEPT,
    SCORE_AGAIN,
    ScoredDocument,
    Scores,
    drops_tokens,
    knows_kept,
)


@dataclass(frozen=True)
class KeptAlone:
    """How often the words a layer keeps, read alone, give the prediction of the whole document.

    Attributes:
        layer: The layer.
        same: Documents whose predicted class stays.
        n: Documents that were read so.
        low: Lower end of Wilson's 95 % interval of same / n.
        high: Upper end.
    """

    layer: int
    same: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Survival:
    """What survives in one corpus under one model.

    Attributes:
        layers: The layers.
        documents: How many documents were read.
        kinds: All words, then kinds of words, most kept in the last layer first; intervals are bootstraps
            over documents of the ratio of sums.
        words: Every word type that occurs often enough, case folded and bare of punctuation, most kept in
            the last layer first; intervals are Wilson's, over occurrences.
        lost: For each layer the documents of whose human rationale no word is kept.
        annotated: How many documents have a human rationale that the model read some of.
        alone: One a layer that was read so; empty where faithfulness of the kept words was not scored.
    """

    layers: tuple[int, ...]
    documents: int
    kinds: tuple[Share, ...]
    words: tuple[Share, ...]
    lost: tuple[tuple[Key, ...], ...]
    annotated: int
    alone: tuple[KeptAlone, ...] = ()


def survival(
    scores: Scores, documents: Documents, *, least: int = 5, resamples: int = 1000, seed: int = 0
) -> Survival:
    """Counts what every layer keeps.

    Args:
        scores: Scores of a dropping model.
        documents: Their documents.
        least: How often a word, or a kind, has to occur to be listed.
        resamples: Number of bootstrap resamples.
        seed: Number of bootstrap resamples.

    Raises:
        ScoresError: Where the scores do not say which words were dropped.
    """
    if not tells_survival(scores.recipe):
        raise ScoresError(
            "the scores do not say which words were dropped",
            remedy=f"It takes a model that drops tokens. {SCORE_AGAIN}",
        )
    alone = _Alone(scores.labels)

    def kept() -> Iterator[KeptWords]:
        for scored in scores:
            document = documents.get(scored.key)
            if document is not None:
                alone.add(scored)
                yield KeptWords(document, scored.kept_words, scored.covered)

    layers = scores.recipe.model.layers
    found = survival_of(kept(), layers, least=least, resamples=resamples, seed=seed)
    return replace(found, alone=alone.shares())


@dataclass(frozen=True)
class KeptWords:
    """What a model keeps of one document.

    Attributes:
        document: The document, of W words.
        kept: bool (L, W), the words of which each layer keeps a token.
        covered: bool (W,), the words that the model read.
    """

    document: Document
    kept: Bool
    covered: Bool


def survival_of(
    kept: Iterable[KeptWords], layers: int, *, least: int = 5, resamples: int = 1000, seed: int = 0
) -> Survival:
    """Counts what every layer keeps, of one document after the other.

    Args:
        kept: What is kept of each.
        layers: L.
        least: How often a word, or a kind, has to occur to be listed.
        resamples: Number of bootstrap resamples.
        seed: Number of bootstrap resamples.
    """
    tally = _Tally(layers)
    for one in kept:
        tally.add(one)
    return Survival(
        layers=tuple(range(layers)),
        documents=len(tally.kinds),
        kinds=_kinds(tally.kinds, layers, least, resamples, seed),
        words=_words(tally, least),
        lost=tuple(map(tuple, tally.lost)),
        annotated=tally.annotated,
    )


def tells_survival(recipe: Provenance) -> bool:
    """Whether scores are of a model that drops tokens and say which."""
    return drops_tokens(recipe) and knows_kept(recipe)


class _Alone:
    """Predictions from the kept words alone, a document at a time."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels
        self.same: Counter[int] = Counter()
        self.count: Counter[int] = Counter()

    def add(self, scored: ScoredDocument) -> None:
        for one in scored.perturbed:
            if one.method == KEPT and len(self.labels) > 1:
                self.count[one.layer] += 1
                self.same[one.layer] += self.labels[int(np.argmax(one.only))] == scored.predicted

    def shares(self) -> tuple[KeptAlone, ...]:
        found = []
        for layer, n in sorted(self.count.items()):
            low, high = wilson_interval(self.same[layer], n)
            found.append(KeptAlone(layer, self.same[layer], n, low, high))
        return tuple(found)


class _Tally:
    """Counts of words and of words kept, a document at a time."""

    def __init__(self, layers: int) -> None:
        self.kinds: list[Mapping[str, Int64]] = []  # kind -> (1 + L,): words, kept after each
        self.count: Counter[str] = Counter()
        self.survival: dict[str, Int64] = {}
        self.lost: list[list[Key]] = [[] for _ in range(layers)]
        self.annotated = 0

    def add(self, one: KeptWords) -> None:
        document, kept, covered = one.document, one.kept, one.covered
        bare = [bare_word(word) for word in document.words]
        masks = _masks(document, bare)
        self.kinds.append(
            {
                name: np.array([(mask & covered).sum(), *(kept & mask & covered).sum(axis=1)])
                for name, mask in masks.items()
            }
        )
        for place in np.flatnonzero(covered):
            word = bare[place]
            if word:
                self.count[word] += 1
                self.survival[word] = self.survival.get(word, 0) + kept[:, place].astype(np.int64)
        human = document.rationale & covered
        if document.annotated and human.any():
            self.annotated += 1
            for layer in np.flatnonzero(~(kept & human).any(axis=1)):
                self.lost[layer].append(document.key)


def bare_word(word: str) -> str:
    """A word as it is counted: case folded, without punctuation at its ends; empty where nothing is left.

    >>> bare_word("Dull,"), bare_word("--"), bare_word("don't")
    ('dull', '', "don't")
    """
    return word.casefold().strip(punctuation + "“”‘’…–—")


def _masks(document: Document, bare: Sequence[str]) -> dict[str, Bool]:
    """Which words are of which kind, bool (W,)."""
    frequent = _function_words()
    rules: dict[str, Callable[[str], bool]] = {
        "all words": lambda word: True,
        "content words": lambda word: bool(word) and not word[0].isdigit() and word not in frequent,
        "function words": lambda word: word in frequent,
        "numbers": lambda word: word[:1].isdigit(),
        "punctuation": lambda word: not word,
    }
    found = {name: np.array([rule(word) for word in bare], dtype=np.bool_) for name, rule in rules.items()}
    if document.annotated:
        found["human rationale"] = document.rationale
        found["not in the rationale"] = ~document.rationale
    return found


@cache
def _function_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # two seconds that `--help` need not pay

    return frozenset(ENGLISH_STOP_WORDS)


def _kinds(
    found: Sequence[Mapping[str, Int64]], layers: int, least: int, resamples: int, seed: int
) -> tuple[Share, ...]:
    names = dict.fromkeys(name for one in found for name in one)
    shares = []
    for name in names:
        counts = np.full((1 + layers, len(found)), np.nan)
        for place, one in enumerate(found):
            if name in one and one[name][0]:
                counts[:, place] = one[name]
        words = np.nansum(counts[0])
        if words < least:
            continue
        parts = np.stack([counts[1:], np.broadcast_to(counts[0], (layers, len(found)))])
        low, high = bootstrap_intervals(
            parts, resamples=resamples, seed=seed, combine=lambda means: means[0] / means[1]
        )
        survival = np.nansum(counts[1:], axis=1) / words
        ends = [tuple(map(number_or_none, end)) for end in (low, high)]
        shares.append(Share(name, int(words), tuple(survival.tolist()), *ends))
    return tuple(sorted(shares, key=lambda share: (share.name != "all words", -share.survival[-1])))


def _words(tally: _Tally, least: int) -> tuple[Share, ...]:
    shares = []
    for word, count in tally.count.items():
        if count < least:
            continue
        survival = tally.survival[word]
        ends = [wilson_interval(int(k), count) for k in survival]
        shares.append(
            Share(
                word,
                count,
                tuple((survival / count).tolist()),
                tuple(low for low, _ in ends),
                tuple(high for _, high in ends),
            )
        )
    return tuple(sorted(shares, key=lambda share: (-share.survival[-1], -share.words, share.name)))
