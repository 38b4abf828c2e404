"""Does a classifier do more than always give the most frequent label? What to say where it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rationale.metrics.classification import Classification

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
    from scipy.special import bdtrc  # the binomial tail, without the weight of scipy.stats

    return float(bdtrc(right - 1, n, share))


def at_chance(found: Classification) -> str:
    """What to say of a classifier that is not above the most frequent label, and what to do; else nothing.

    >>> from rationale.metrics.classification import classification
    >>> at_chance(classification(["NEG"] * 10 + ["POS"] * 10, ["POS"] * 20, ["NEG", "POS"]))[:66]
    'The accuracy of 0.500 is not significantly above always answering '
    """
    return majority_sentence(majority(found))


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
