"""Evidence groups: alternatives, of which each alone suffices; the gold may be the one that fits best.

The benchmark's scorer takes the union of the groups. Here each group is the gold of its document in turn. The
words of the other groups are then left out: selecting them is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from rationale.agreement.blocks import Block
from rationale.agreement.metric import Source, metric
from rationale.agreement.ranking import Ranking, average_precision, rank
from rationale.agreement.selection import (
    Selection,
    false_positive_rate,
    precision,
    recall,
    selection,
    token_f1,
)
from rationale.arrays import Bool, Float64, Floats, Int64
from rationale.corpus.document import Document
from rationale.errors import ScoresError
from rationale.metrics.ragged import offsets_of, owners, ranges, totals

FEW = 0.05
"""The least share of documents with several groups for which the best group is reported."""


@dataclass(frozen=True)
class EvidenceGroups:
    """G evidence groups that mark at least one of the N covered words, by document, then group number.

    Attributes:
        number: int64 (G,), ``document * stride + group`` of each.
        stride: More than any group's number.
        words: int64 (P,), the words of each group in order, each once, counted over all documents.
        bounds: int64 (G + 1,), where each group's words start among them.
    """

    number: Int64
    stride: int
    words: Int64
    bounds: Int64

    @property
    def document(self) -> Int64:
        """The document of each group, int64 (G,)."""
        return self.number // self.stride


def evidence_groups(block: Block) -> EvidenceGroups:
    """Collects the words of each evidence group of a block; words that no window covers are left out."""
    rows: list[tuple[int, int, int, int]] = []
    for number, (scored, document) in enumerate(zip(block.scored, block.documents, strict=True)):
        position = block.offsets[number] + offsets_of(scored.covered)
        rows += [(number, s.group, position[s.start], position[s.end]) for s in document.spans]
    owner, group, start, end = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    stride, total = int(group.max(initial=0)) + 1, max(len(block.truth), 1)
    cells = np.repeat(owner * stride + group, end - start) * total + ranges(start, end)
    number_of_word, words = np.divmod(np.unique(cells), total)
    numbers, counts = np.unique(number_of_word, return_counts=True)
    return EvidenceGroups(numbers, stride, words, offsets_of(counts))


def share_with_alternatives(documents: Sequence[Document]) -> float:
    """The share of documents with more than one evidence group that marks a word; 0 of no documents."""
    several = sum(len({span.group for span in document.spans}) > 1 for document in documents)
    return several / len(documents) if documents else 0.0


def check_alternatives(documents: Sequence[Document]) -> None:
    """Checks that the best evidence group says something the union does not.

    Raises:
        ScoresError: Where fewer than 5 % of the documents have several groups.
    """
    share = share_with_alternatives(documents)
    if share < FEW:
        raise ScoresError(
            f"{share:.1%} of the documents have several evidence groups, and the best group is reported from "
            f"{FEW:.0%}",
            remedy="Leave the option out: with one group a document, the best group is the rationale.",
        )


@dataclass(frozen=True)
class Choices:
    """Every gold of every document: C choices, at least one a document, over M words in all.

    A document with several evidence groups has one choice a group, and a document with none has one choice
    without rationale words.

    Attributes:
        words: int64 (M,), the words that count for each choice: those of its document that belong to this
            group or to none.
        truth: bool (M,), the words of the group.
        offsets: int64 (C + 1,), where each choice's words start.
        first: int64 (D + 1,), where each document's choices start.
    """

    words: Int64
    truth: Bool
    offsets: Int64
    first: Int64

    source: ClassVar[Source] = "groups"
    selected_source: ClassVar[Source] = "selected_groups"

    def ranked(self, scores: Floats) -> RankedChoices:
        """Word scores (L, N), to be ranked against every choice."""
        return RankedChoices(self, scores)

    def selected(self, words: Bool) -> SelectedChoices:
        """Selected words, bool (L, N), to be compared with every choice."""
        return SelectedChoices(self, words)

    def best(self, values: Float64) -> Int64:
        """The choice with the highest value of each document, the first of equal ones: (L, C) to (L, D).

        A choice whose value is NaN loses to every other.
        """
        known = np.where(np.isnan(values), -np.inf, values)
        highest = np.maximum.reduceat(known, self.first[:-1], axis=-1)[:, owners(self.first)]
        number = np.arange(known.shape[-1])
        tied = np.where(known == highest, number, len(number))
        return np.minimum.reduceat(tied, self.first[:-1], axis=-1)


def choices(block: Block) -> Choices:
    """Makes every evidence group of a block the gold of its document in turn."""
    groups = evidence_groups(block)
    lengths = np.diff(block.offsets)
    counts = np.bincount(groups.document, minlength=len(lengths))
    first = offsets_of(np.maximum(counts, 1))
    document = owners(first)
    whole = offsets_of(lengths[document])
    words = ranges(block.offsets[document], block.offsets[document + 1])
    choice = np.flatnonzero(counts[document] > 0)[owners(groups.bounds)]
    truth = np.zeros(words.shape, dtype=np.bool_)
    truth[whole[choice] + groups.words - block.offsets[document[choice]]] = True
    marked = np.zeros(block.offsets[-1], dtype=np.bool_)
    marked[groups.words] = True
    counted = truth | ~marked[words]
    return Choices(words[counted], truth[counted], offsets_of(totals(counted, whole)), first)


@dataclass(frozen=True)
class RankedChoices:
    """Word scores, float (L, N), against every choice of gold."""

    choices: Choices
    scores: Floats

    @property
    def layers(self) -> Iterator[Ranking]:
        """The ranking of each layer over the choices; one at a time, as groups multiply the words."""
        gold = self.choices
        return (rank(row[gold.words], gold.truth, gold.offsets) for row in self.scores)


@dataclass(frozen=True)
class SelectedChoices:
    """Selected words, bool (L, N), against every choice of gold."""

    choices: Choices
    words: Bool

    @cached_property
    def layers(self) -> list[Selection]:
        """The selection of each layer over the choices."""
        gold = self.choices
        return [selection(row[gold.words], gold.truth, gold.offsets) for row in self.words]

    @cached_property
    def best(self) -> Int64:
        """The choice with the highest F1 of each document, int64 (L, D)."""
        return self.choices.best(np.concatenate([token_f1(layer) for layer in self.layers]))

    def of_best(self, compute: Callable[[Selection], Float64]) -> Float64:
        """A metric of selected words with the best choice as gold, float64 (L, D)."""
        values = np.concatenate([compute(layer) for layer in self.layers])
        return np.take_along_axis(values, self.best, axis=-1)


@metric(
    "best_group_ap",
    title="Best-group AP",
    definition="Average precision with the evidence group of the highest AP as the rationale; the words of "
    "the other groups are left out.",
    source="groups",
)
def best_group_ap(ranked: RankedChoices) -> Float64:
    """The highest average precision over the evidence groups of each pair, float64 (L, D).

    NaN where no group leaves both rationale words and others.
    """
    values = np.concatenate([average_precision(layer) for layer in ranked.layers])
    return np.take_along_axis(values, ranked.choices.best(values), axis=-1)


@metric(
    "best_group_f1",
    title="Best-group F1",
    definition="Token F1 with the evidence group of the highest F1 as the rationale (the first of equal "
    "ones); selected words of other groups are left out.",
    source="selected_groups",
)
def best_group_f1(selected: SelectedChoices) -> Float64:
    """The highest token F1 over the evidence groups of each pair, float64 (L, D); NaN as token F1."""
    return selected.of_best(token_f1)


@metric(
    "best_group_precision",
    title="Best-group precision",
    definition="Precision with the evidence group of the highest F1 as the rationale.",
    source="selected_groups",
)
def best_group_precision(selected: SelectedChoices) -> Float64:
    """Precision with the evidence group of the highest F1, float64 (L, D); NaN as precision."""
    return selected.of_best(precision)


@metric(
    "best_group_recall",
    title="Best-group recall",
    definition="Recall with the evidence group of the highest F1 as the rationale.",
    source="selected_groups",
)
def best_group_recall(selected: SelectedChoices) -> Float64:
    """Recall with the evidence group of the highest F1, float64 (L, D); NaN as recall."""
    return selected.of_best(recall)


@metric(
    "best_group_fpr",
    title="Best-group FPR",
    definition="False positive rate with the evidence group of the highest F1 as the rationale; the words of "
    "no group are the negatives.",
    source="selected_groups",
    higher_is_better=False,
)
def best_group_fpr(selected: SelectedChoices) -> Float64:
    """False positive rate with the evidence group of the highest F1, float64 (L, D); NaN as FPR."""
    return selected.of_best(false_positive_rate)
