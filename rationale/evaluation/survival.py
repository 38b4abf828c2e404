"""Survival of words in a dropping model, over a corpus: by kind, by word, and of the human rationale.

A layer keeps a word if it keeps one of its tokens. Words outside the window are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rationale.arrays import Bool, Int64
from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Document, Documents, Key
from rationale.corpus.forms import bare_word
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
    """How often the words that a layer keeps, as the only input, give the prediction of the whole document.

    Attributes:
        layer: The layer.
        same: Number of documents with the same predicted class.
        n: Number of documents that were predicted from their kept words.
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
    """The survival of words in one corpus under one model.

    Attributes:
        layers: The layers.
        documents: Number of documents.
        kinds: All words, then kinds of words, most kept in the last layer first; intervals are bootstrap
            intervals over documents of the ratio of sums.
        words: Every sufficiently frequent word type, case-folded and without punctuation, most kept in the
            last layer first; intervals are Wilson's, over occurrences.
        lost: Per layer, the documents without a kept word of the human rationale.
        annotated: Number of documents with a rationale word in the window.
        alone: Predictions from the kept words alone, per layer; empty without faithfulness of the kept words.
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
    """Counts the words that every layer keeps.

    Args:
        scores: Scores of a dropping model.
        documents: Their documents.
        least: Minimum number of occurrences of a listed word or kind.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.

    Raises:
        ScoresError: Where the scores do not record which words were dropped.
    """
    if not tells_survival(scores.recipe):
        raise ScoresError(
            "the scores do not record which words were dropped",
            remedy=f"Survival needs a model that drops tokens. {SCORE_AGAIN}",
        )
    alone = _KeptAloneTally(scores.labels)

    def kept() -> Iterator[KeptWords]:
        for scored in scores:
            document = documents.get(scored.key)
            if document is not None:
                alone.add(scored)
                yield KeptWords(document, scored.kept_words, scored.covered)

    layers = scores.recipe.model.layers
    result = survival_of(kept(), layers, least=least, resamples=resamples, seed=seed)
    return replace(result, alone=alone.shares())


@dataclass(frozen=True)
class KeptWords:
    """The words of one document that a model keeps.

    Attributes:
        document: The document, of W words.
        kept: Bool (L, W), the words that each layer keeps.
        covered: Bool (W,), the words in the window.
    """

    document: Document
    kept: Bool
    covered: Bool


def survival_of(
    kept: Iterable[KeptWords], layers: int, *, least: int = 5, resamples: int = 1000, seed: int = 0
) -> Survival:
    """Counts the words that every layer keeps, from a stream of documents.

    Args:
        kept: The kept words of each document.
        layers: Number of layers, L.
        least: Minimum number of occurrences of a listed word or kind.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
    """
    tally = _Tally(layers)
    for words in kept:
        tally.add(words)
    return Survival(
        layers=tuple(range(layers)),
        documents=len(tally.kinds),
        kinds=_kind_shares(tally.kinds, layers, least, resamples, seed),
        words=_word_shares(tally, least),
        lost=tuple(map(tuple, tally.lost)),
        annotated=tally.annotated,
    )


def tells_survival(recipe: Provenance) -> bool:
    """Whether scores are of a dropping model and record the kept tokens."""
    return drops_tokens(recipe) and knows_kept(recipe)


class _KeptAloneTally:
    """Counts predictions from the kept words alone, document by document."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels
        self.same: Counter[int] = Counter()
        self.count: Counter[int] = Counter()

    def add(self, scored: ScoredDocument) -> None:
        for removal in scored.perturbed:
            if removal.method == KEPT and len(self.labels) > 1:
                self.count[removal.layer] += 1
                self.same[removal.layer] += self.labels[int(np.argmax(removal.only))] == scored.predicted

    def shares(self) -> tuple[KeptAlone, ...]:
        shares = []
        for layer, n in sorted(self.count.items()):
            low, high = wilson_interval(self.same[layer], n)
            shares.append(KeptAlone(layer, self.same[layer], n, low, high))
        return tuple(shares)


class _Tally:
    """Counts words and kept words, document by document."""

    def __init__(self, layers: int) -> None:
        self.kinds: list[Mapping[str, Int64]] = []  # kind -> (1 + L,): words, and words that each layer keeps
        self.count: Counter[str] = Counter()
        self.survival: dict[str, Int64] = {}
        self.lost: list[list[Key]] = [[] for _ in range(layers)]
        self.annotated = 0

    def add(self, words: KeptWords) -> None:
        document, kept, covered = words.document, words.kept, words.covered
        bare = [bare_word(word) for word in document.words]
        masks = _masks(document, bare)
        self.kinds.append(
            {
                name: np.array([(mask & covered).sum(), *(kept & mask & covered).sum(axis=1)])
                for name, mask in masks.items()
            }
        )
        for index in np.flatnonzero(covered):
            word = bare[index]
            if word:
                self.count[word] += 1
                self.survival[word] = self.survival.get(word, 0) + kept[:, index].astype(np.int64)
        rationale = document.rationale & covered
        if document.annotated and rationale.any():
            self.annotated += 1
            for layer in np.flatnonzero(~(kept & rationale).any(axis=1)):
                self.lost[layer].append(document.key)


def _masks(document: Document, bare: Sequence[str]) -> dict[str, Bool]:
    """The words of each kind, bool (W,)."""
    frequent = _function_words()
    rules: dict[str, Callable[[str], bool]] = {
        "all words": lambda word: True,
        "content words": lambda word: bool(word) and not word[0].isdigit() and word not in frequent,
        "function words": lambda word: word in frequent,
        "numbers": lambda word: word[:1].isdigit(),
        "punctuation": lambda word: not word,
    }
    masks = {name: np.array([rule(word) for word in bare], dtype=np.bool_) for name, rule in rules.items()}
    if document.annotated:
        masks["human rationale"] = document.rationale
        masks["not in the rationale"] = ~document.rationale
    return masks


@cache
def _function_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # slow: imported on first use

    return frozenset(ENGLISH_STOP_WORDS)


def _kind_shares(
    tallies: Sequence[Mapping[str, Int64]], layers: int, least: int, resamples: int, seed: int
) -> tuple[Share, ...]:
    names = dict.fromkeys(name for tally in tallies for name in tally)
    shares = []
    for name in names:
        counts = np.full((1 + layers, len(tallies)), np.nan)
        for column, tally in enumerate(tallies):
            if name in tally and tally[name][0]:
                counts[:, column] = tally[name]
        words = np.nansum(counts[0])
        if words < least:
            continue
        parts = np.stack([counts[1:], np.broadcast_to(counts[0], (layers, len(tallies)))])
        low, high = bootstrap_intervals(
            parts, resamples=resamples, seed=seed, combine=lambda means: means[0] / means[1]
        )
        survival = np.nansum(counts[1:], axis=1) / words
        bounds = [tuple(map(number_or_none, end)) for end in (low, high)]
        shares.append(Share(name, int(words), tuple(survival.tolist()), *bounds))
    return tuple(sorted(shares, key=lambda share: (share.name != "all words", -share.survival[-1])))


def _word_shares(tally: _Tally, least: int) -> tuple[Share, ...]:
    shares = []
    for word, count in tally.count.items():
        if count < least:
            continue
        survival = tally.survival[word]
        intervals = [wilson_interval(int(k), count) for k in survival]
        shares.append(
            Share(
                word,
                count,
                tuple((survival / count).tolist()),
                tuple(low for low, _ in intervals),
                tuple(high for _, high in intervals),
            )
        )
    return tuple(sorted(shares, key=lambda share: (-share.survival[-1], -share.words, share.name)))
