"""Sentences: scores and gold of whole sentences from those of their words, and the metrics over them.

A sentence is what a data set says it is. Only words that some window covers count; a sentence without any is
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from rationale.agreement.blocks import Block, document_label
from rationale.agreement.groups import evidence_groups
from rationale.agreement.metric import Source
from rationale.agreement.ranking import Ranking, rank
from rationale.agreement.selection import Selection, selection, top_k
from rationale.arrays import Bool, Float64, Floats, Int64
from rationale.errors import DataError
from rationale.metrics.ragged import offsets_of, owners, ranges, totals

SentenceScore = Literal["mean", "sum", "max"]
"""How a sentence's score comes from those of its words."""

SentenceGold = Literal["half", "any", "stated"]
"""Which sentences are evidence: at least half of their words are marked, or any; or the file states them."""


@dataclass(frozen=True)
class SentenceGroups:
    """G evidence groups of sentences, each with at least one.

    Attributes:
        document: int64 (G,), the document of each.
        sentences: int64 (P,), the sentences of each group in order, counted over all documents.
        bounds: int64 (G + 1,), where each group's sentences start among them.
    """

    document: Int64
    sentences: Int64
    bounds: Int64


@dataclass(frozen=True)
class Outline:
    """The S sentences with covered words of D documents with N covered words.

    Attributes:
        score: How a sentence's score comes from those of its words.
        words: int64 (M,), the words of each sentence in order, counted over all documents.
        bounds: int64 (S + 1,), where each sentence's words start among them.
        offsets: int64 (D + 1,), where each document's sentences start.
        evidence: bool (S,), the sentences that are evidence.
        groups: The evidence groups, by sentences.
    """

    score: SentenceScore
    words: Int64
    bounds: Int64
    offsets: Int64
    evidence: Bool
    groups: SentenceGroups

    source: ClassVar[Source] = "sentences"
    selected_source: ClassVar[Source] = "selected_sentences"

    def scores(self, words: Floats) -> Float64:
        """Sentence scores, float64 (L, S), from word scores (L, N)."""
        values = np.asarray(words, dtype=np.float64)[:, self.words]  # sums of float32 are exact: ties stay
        if not len(self.evidence):
            return np.zeros((len(values), 0))
        if self.score == "max":
            highest: Float64 = np.maximum.reduceat(values, self.bounds[:-1], axis=-1)
            return highest
        sums: Float64 = np.add.reduceat(values, self.bounds[:-1], axis=-1)
        return sums if self.score == "sum" else sums / np.diff(self.bounds)

    def ranked(self, words: Floats) -> Sentences:
        """Ranks the sentences by the scores of their words, (L, N)."""
        return self.of_scores(self.scores(words))

    def of_scores(self, scores: Floats) -> Sentences:
        """Ranks the sentences by scores of their own, (L, S): those of a method that gives one a sentence."""
        return Sentences(rank(scores, self.evidence, self.offsets), self.groups)

    def selected(self, words: Bool) -> Selection:
        """Selects each sentence of which at least half of the words are selected, bool (L, N)."""
        half = 2 * totals(words[:, self.words], self.bounds) >= np.diff(self.bounds)
        return selection(half, self.evidence, self.offsets)


@dataclass(frozen=True)
class Sentences:
    """The sentences of D documents by falling score, in L layers.

    Attributes:
        ranking: The ranking of the S sentences; its rationale "words" are the evidence sentences.
        groups: The evidence groups, by sentences.
    """

    ranking: Ranking
    groups: SentenceGroups

    def best(self, k: int) -> Bool:
        """The k best sentences of each document, or all where it has fewer, bool (L, S).

        Of equal scores the earlier sentence wins.
        """
        return top_k(self.ranking, np.minimum(self.ranking.lengths, k))


def sentences_of(
    block: Block,
    method: str,
    layers: Sequence[int],
    *,
    score: SentenceScore = "mean",
    gold: SentenceGold = "half",
    absolute: bool = False,
) -> Sentences:
    """Ranks the sentences of a block by a method's word scores.

    Args:
        block: Scored documents with sentences.
        method: The method.
        layers: Some of its layers.
        score: How a sentence's score comes from those of its words.
        gold: Which sentences are evidence.
        absolute: Whether signed methods count by absolute value.

    Raises:
        DataError: Where a document has no sentences.
    """
    return outline(block, score=score, gold=gold).ranked(word_scores(block, method, layers, absolute))


def word_scores(block: Block, method: str, layers: Sequence[int], absolute: bool = False) -> Floats:
    """Word scores of some layers of a method, float32 (L, N); absolute values of signed methods if asked."""
    values = block.words(method)[block.rows(method, layers)]
    return np.abs(values) if absolute and block.signed(method) else values


def outline(block: Block, *, score: SentenceScore = "mean", gold: SentenceGold = "half") -> Outline:
    """Finds the sentences of a block, and which of them are evidence.

    Args:
        block: Scored documents with sentences.
        score: How a sentence's score comes from those of its words.
        gold: Which sentences are evidence. ``stated`` takes the sentences that the file states, for parity
            with the benchmark's scorer, whatever words are marked.

    Raises:
        DataError: Where a document has no sentences.
    """
    unknown = next((document for document in block.documents if not document.sentences), None)
    if unknown is not None:
        raise DataError(
            "no sentences are known",
            where=document_label(unknown),
            remedy="Sentence metrics need an ERASER folder, whose documents have one sentence a line.",
        )
    parts = _flattened(block)
    groups = _stated_groups(block, parts) if gold == "stated" else _marked_groups(block, parts, gold)
    if gold == "stated":
        evidence = np.isin(np.arange(len(parts.bounds) - 1), groups.sentences)
    else:
        evidence = _evident(totals(block.truth[parts.words], parts.bounds), np.diff(parts.bounds), gold)
    return Outline(score, parts.words, parts.bounds, parts.offsets, evidence, groups)


@dataclass(frozen=True)
class _Flat:
    """The sentences of a block in flat arrays: those of :class:`Outline`, and where the others were.

    ``number`` int64 (A,) is the place of each of all A sentences among those with covered words, -1 for the
    others; ``origin`` int64 (D + 1,) is where each document's start among all.
    """

    words: Int64
    bounds: Int64
    offsets: Int64
    number: Int64
    origin: Int64


def _flattened(block: Block) -> _Flat:
    edges = []
    for number, (scored, document) in enumerate(zip(block.scored, block.documents, strict=True)):
        position = block.offsets[number] + offsets_of(scored.covered)
        edges.append(position[np.array(document.sentences)])
    start, end = np.concatenate(edges).T
    origin = offsets_of([len(edge) for edge in edges])
    covered = end > start
    return _Flat(
        words=ranges(start[covered], end[covered]),
        bounds=offsets_of((end - start)[covered]),
        offsets=offsets_of(totals(covered, origin)),
        number=np.where(covered, np.cumsum(covered) - 1, -1),
        origin=origin,
    )


def _marked_groups(block: Block, parts: _Flat, gold: SentenceGold) -> SentenceGroups:
    """The sentences of which a group marks at least half of the words, or any."""
    groups = evidence_groups(block)
    sentence = np.full(len(block.truth), -1)
    sentence[parts.words] = owners(parts.bounds)
    inside = sentence[groups.words]
    key, sentences, counts = _pairs(groups.number[owners(groups.bounds)], inside)
    kept = _evident(counts, np.diff(parts.bounds)[sentences], gold)
    return _grouped(key[kept], sentences[kept], groups.stride)


def _stated_groups(block: Block, parts: _Flat) -> SentenceGroups:
    """The sentences that the file states for each group."""
    rows = [
        (number, span.group, *(parts.origin[number] + np.array(span.stated)))
        for number, document in enumerate(block.documents)
        for span in document.spans
        if span.stated is not None
    ]
    document, group, start, end = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    stride = int(group.max(initial=0)) + 1
    stated = parts.number[ranges(start, end)]
    key, sentences, _ = _pairs(np.repeat(document * stride + group, end - start), stated)
    return _grouped(key, sentences, stride)


def _pairs(key: Int64, sentence: Int64) -> tuple[Int64, Int64, Int64]:
    """Each pair of key and sentence once, in order, and how often it occurs; sentence -1 is left out."""
    total = int(sentence.max(initial=0)) + 1
    known = sentence >= 0
    cells, counts = np.unique(key[known] * total + sentence[known], return_counts=True)
    return cells // total, cells % total, counts


def _grouped(key: Int64, sentences: Int64, stride: int) -> SentenceGroups:
    number, counts = np.unique(key, return_counts=True)
    return SentenceGroups(number // stride, sentences, offsets_of(counts))


def _evident(marked: Int64, words: Int64, gold: SentenceGold) -> Bool:
    """Whether sentences of so many words are evidence, of which so many are marked."""
    return marked > 0 if gold == "any" else 2 * marked >= words
