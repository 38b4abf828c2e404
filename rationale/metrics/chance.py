"""Compares a classifier with always predicting the most frequent label, and words the warning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rationale.metrics.classification import Classification

ALPHA = 0.05


@dataclass(frozen=True)
class Majority:
    """A classifier compared with always predicting the most frequent gold label.

    Attributes:
        label: The most frequent gold label.
        share: Its share of the documents: the accuracy of always predicting it.
        accuracy: The classifier's accuracy.
        p: The p-value of a one-sided exact binomial test that the accuracy is above the share.
        n: The number of documents.
    """

    label: str
    share: float
    accuracy: float
    p: float
    n: int

    @property
    def beaten(self) -> bool:
        """Whether the classifier's accuracy is significantly above the share."""
        return self.accuracy > self.share and self.p < ALPHA


def majority(found: Classification) -> Majority | None:
    """The comparison; None where no label is known.

    >>> from rationale.metrics.classification import classification
    >>> found = majority(classification(["NEG"] * 10 + ["POS"] * 10, ["POS"] * 20, ["NEG", "POS"]))
    >>> found.label, found.share, found.accuracy, round(found.p, 3), found.beaten
    ('NEG', 0.5, 0.5, 0.588, False)
    """
    if not found.n:
        return None
    counts = {label: sum(row) for label, row in zip(found.labels, found.confusion, strict=True)}
    return _against(counts, sum(row[place] for place, row in enumerate(found.confusion)))


def majority_of(gold: Sequence[str | None], predicted: Sequence[str | None]) -> Majority | None:
    """The comparison from gold and predicted labels, None where unknown; None without any pair."""
    pairs = [
        (gold_label, predicted_label)
        for gold_label, predicted_label in zip(gold, predicted, strict=True)
        if gold_label is not None and predicted_label is not None
    ]
    return (
        _against(
            Counter(gold_label for gold_label, _ in pairs),
            sum(gold_label == predicted_label for gold_label, predicted_label in pairs),
        )
        if pairs
        else None
    )


def _against(counts: Mapping[str, int], correct: int) -> Majority:
    """Compares ``correct`` documents with the share of the most frequent gold label."""
    n, most = sum(counts.values()), max(counts, key=counts.__getitem__)
    share = counts[most] / n
    return Majority(str(most), share, correct / n, p_above(correct, n, share), n)


def p_above(right: int, n: int, share: float) -> float:
    """The p-value of a one-sided exact binomial test that more than ``share`` of all answers are right.

    Args:
        right: The number of right answers.
        n: The number of answers.
        share: The share that is right by chance, 0 to 1.

    >>> round(p_above(15, 20, 0.5), 4)
    0.0207
    """
    if right <= 0 or share == 1:
        return 1.0
    if share == 0:
        return 0.0
    k = np.arange(right, n + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    log_ways = log_factorials[n] - log_factorials[k] - log_factorials[n - k]
    return min(1.0, float(np.exp(log_ways + k * np.log(share) + (n - k) * np.log1p(-share)).sum()))


def at_chance(found: Classification) -> str:
    """The warning about a classifier that is not above the most frequent label; empty where it is.

    >>> from rationale.metrics.classification import classification
    >>> at_chance(classification(["NEG"] * 10 + ["POS"] * 10, ["POS"] * 20, ["NEG", "POS"]))[:66]
    'The accuracy of 0.500 is not significantly above always answering '
    """
    return majority_sentence(majority(found))


def majority_sentence(result: Majority | None) -> str:
    """The sentence of :func:`at_chance` for a result; empty where the classifier is above the share."""
    if result is None or result.beaten:
        return ""
    if result.share == 1:
        return (
            f"Every document (n = {result.n:,}) has the label {result.label}: whether the model has learned "
            "the task cannot be seen here. Use documents of every label."
        )
    return (
        f"The accuracy of {result.accuracy:.3f} is not significantly above always answering {result.label} "
        f"({result.share:.3f}; one-sided binomial p = {result.p:.2g}, n = {result.n:,}): do not read its "
        "scores as explanations. Train it longer or with another --learning-rate, or evaluate more documents."
    )
