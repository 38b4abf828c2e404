"""Metrics of sentences: those of words over sentences, the best sentences, and whole evidence groups.

All are in [0, 1], higher is better. Pairs without an evidence sentence are NaN and left out, but for F1.
"""

from __future__ import annotations

import numpy as np

from rationale.agreement.metric import metric
from rationale.agreement.ranking import auprc, average_precision, roc_auc
from rationale.agreement.selection import Selection, token_f1
from rationale.agreement.sentences import Sentences
from rationale.arrays import Float64
from rationale.metrics.ragged import ratio, totals

_MIXED = "Pairs whose sentences are all evidence, or none, are left out."


@metric(
    "sentence_ap",
    title="Sentence AP",
    definition=f"AP of the sentences by score against the evidence sentences. {_MIXED}",
    source="sentences",
    compared=True,
)
def sentence_ap(sentences: Sentences) -> Float64:
    """Average precision over sentences, float64 (L, D); NaN where all or none are evidence."""
    return average_precision(sentences.ranking)


@metric(
    "sentence_auprc",
    title="Sentence AUPRC",
    definition=f"AUPRC of the sentences by score against the evidence sentences. {_MIXED}",
    source="sentences",
)
def sentence_auprc(sentences: Sentences) -> Float64:
    """Trapezoid under the precision-recall curve over sentences, float64 (L, D).

    NaN where all or none are evidence; the ERASER scorer counts 1 and 0.5 there, as for words.
    """
    return np.where(sentences.ranking.mixed, auprc(sentences.ranking), np.nan)


@metric(
    "sentence_roc_auc",
    title="Sentence ROC-AUC",
    definition=f"Chance that an evidence sentence scores above another one, ties counting one half. {_MIXED}",
    source="sentences",
)
def sentence_roc_auc(sentences: Sentences) -> Float64:
    """Area under the ROC curve over sentences, float64 (L, D); NaN where all or none are evidence."""
    return roc_auc(sentences.ranking)


@metric(
    "sentence_hit",
    title="Sentence hit",
    definition="Whether the best sentence is evidence; of equal scores the earlier sentence is the best.",
    source="sentences",
)
def sentence_hit(sentences: Sentences) -> Float64:
    """1 where the best sentence is evidence, 0 where it is not, float64 (L, D); NaN without evidence."""
    return np.where(sentences.ranking.positives > 0, _found(sentences, 1), np.nan)


@metric(
    "sentence_recall_at_1",
    title="Sentence recall@1",
    definition="Share of the evidence sentences that the best sentence is: 1 / evidence sentences, or 0.",
    source="sentences",
)
def sentence_recall_at_1(sentences: Sentences) -> Float64:
    """Recall of the best sentence, float64 (L, D); NaN without evidence."""
    return ratio(_found(sentences, 1), sentences.ranking.positives)


@metric(
    "sentence_recall_at_5",
    title="Sentence recall@5",
    definition="Share of the evidence sentences that are among the 5 best sentences.",
    source="sentences",
)
def sentence_recall_at_5(sentences: Sentences) -> Float64:
    """Recall of the five best sentences, float64 (L, D); NaN without evidence."""
    return ratio(_found(sentences, 5), sentences.ranking.positives)


def _found(sentences: Sentences, k: int) -> Float64:
    """Evidence sentences among the k best, float64 (L, D)."""
    ranking = sentences.ranking
    return totals(sentences.best(k) & ranking.truth, ranking.offsets).astype(np.float64)


@metric(
    "group_success_at_5",
    title="Group success@5",
    definition="Whether all sentences of some evidence group are among the 5 best sentences; FEVER's recall.",
    source="sentences",
)
def group_success_at_5(sentences: Sentences) -> Float64:
    """1 where an evidence group lies wholly in the five best sentences, else 0, float64 (L, D).

    NaN where no group has a sentence.
    """
    groups, documents = sentences.groups, sentences.ranking.shape[1]
    chosen = totals(sentences.best(5)[:, groups.sentences], groups.bounds)
    layer, group = np.nonzero(chosen == np.diff(groups.bounds))
    success = np.where(np.bincount(groups.document, minlength=documents) > 0, 0.0, np.nan)
    values = np.tile(success, (len(chosen), 1))
    values[layer, groups.document[group]] = 1.0
    return values


@metric(
    "sentence_f1",
    title="Sentence F1",
    definition="Token F1 over sentences: a sentence is selected where at least half of its words are.",
    source="selected_sentences",
)
def sentence_f1(selected: Selection) -> Float64:
    """F1 of the selected sentences of each pair, float64 (L, D).

    NaN where no sentence is evidence and none is selected, 0 where one of the two holds, as for words.
    """
    return token_f1(selected)
