"""Does a classifier do more than always give the most frequent label? What to say where it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, lgamma, log, log1p
from typing import Any

ALPHA = 0.05


@dataclass(frozen=True)
class Majority:
    """A classifier beside the rule that always gives the most frequent gold label.

    Attributes:
        label: That label.
        share: Its share of the documents: the rule's accuracy.
        accuracy: The classifier's.
        p: Of a one-sided exact binomial test that the accuracy is above the share.
        n: Documents.
    """

    label: str
    share: float
    accuracy: float
    p: float
    n: int

    @property
    def beaten(self) -> bool:
        """Whether the classifier is right significantly more often."""
        return self.accuracy > self.share and self.p < ALPHA


def majority(classification: Mapping[str, Any]) -> Majority | None:
    """The comparison; None where no label is known, or where the model gives numbers.

    Args:
        classification: ``labels``, ``confusion`` (a row a gold label) and ``n``, as in ``agreement.json`` and
            as the ``metrics`` of ``rationale evaluate``.

    >>> found = majority({"labels": ["NEG", "POS"], "confusion": [[2, 8], [1, 9]], "n": 20})
    >>> found.label, found.share, found.accuracy, round(found.p, 3), found.beaten
    ('NEG', 0.5, 0.55, 0.412, False)
    """
    confusion = classification.get("confusion")
    if not confusion or not classification.get("n"):
        return None
    counts = {label: sum(row) for label, row in zip(classification["labels"], confusion, strict=True)}
    return _against(counts, sum(row[place] for place, row in enumerate(confusion)))


def majority_of(gold: Sequence[str | None], predicted: Sequence[str]) -> Majority | None:
    """The same from the labels: gold ones, None where not known, and predicted ones."""
    known = [(g, p) for g, p in zip(gold, predicted, strict=True) if g is not None]
    return _against(Counter(g for g, _ in known), sum(g == p for g, p in known)) if known else None


def _against(counts: Mapping[str, int], right: int) -> Majority:
    """``right`` documents against the share of the most frequent of the gold labels."""
    n, most = sum(counts.values()), max(counts, key=counts.__getitem__)
    share = counts[most] / n
    return Majority(str(most), share, right / n, p_above(right, n, share), n)


def p_above(right: int, n: int, share: float) -> float:
    """The p-value of a one-sided exact binomial test that more than ``share`` of all answers are right.

    Args:
        right: Right answers.
        n: Answers.
        share: What is right by chance, 0 to 1.

    >>> round(p_above(15, 20, 0.5), 4)
    0.0207
    """
    if right <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    # The binomial tail, summed from its logarithms: SciPy takes a quarter of a second to import.
    ways = lgamma(n + 1) + n * log1p(-share)
    odds = log(share) - log1p(-share)
    tail = (exp(ways - lgamma(k + 1) - lgamma(n - k + 1) + k * odds) for k in range(right, n + 1))
    return min(1.0, fsum(tail))


def at_chance(classification: Mapping[str, Any]) -> str:
    """What to say of a classifier that is not above the most frequent label, and what to do; else nothing.

    >>> at_chance({"labels": ["NEG", "POS"], "confusion": [[2, 8], [1, 9]], "n": 20})[:66]
    'The accuracy of 0.550 is not significantly above always answering '
    """
    return majority_sentence(majority(classification))


def majority_sentence(found: Majority | None) -> str:
    """The sentence of :func:`at_chance`."""
    if found is None or found.beaten:
        return ""
    if found.share == 1:
        return (
            f"Every document (n = {found.n:,}) has the label {found.label}: whether the model has learned "
            "the task cannot be seen here. Use documents of every label."
        )
    return (
        f"The accuracy of {found.accuracy:.3f} is not significantly above always answering {found.label} "
        f"({found.share:.3f}; one-sided binomial p = {found.p:.2g}, n = {found.n:,}): do not read its scores "
        "as explanations. Train it longer or with another --learning-rate, or evaluate more documents."
    )
