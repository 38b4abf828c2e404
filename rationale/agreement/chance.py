"""Does a classifier do more than always give the most frequent label? What to say where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    from scipy.stats import binom  # a second that other commands need not pay

    rows = [sum(row) for row in confusion]
    n, right = sum(rows), sum(row[place] for place, row in enumerate(confusion))
    most = max(range(len(rows)), key=rows.__getitem__)
    p = float(binom.sf(right - 1, n, rows[most] / n))
    return Majority(str(classification["labels"][most]), rows[most] / n, right / n, p, n)


def at_chance(classification: Mapping[str, Any]) -> str:
    """What to say of a classifier that is not above the most frequent label, and what to do; else nothing.

    >>> at_chance({"labels": ["NEG", "POS"], "confusion": [[2, 8], [1, 9]], "n": 20})[:66]
    'The accuracy of 0.550 is not significantly above always answering '
    """
    found = majority(classification)
    if found is None or found.beaten:
        return ""
    if found.share == 1:
        return (
            f"Every document (n = {found.n:,}) has the label {found.label}: whether the model has learned the task "
            "cannot be seen here. Use documents of every label."
        )
    return (
        f"The accuracy of {found.accuracy:.3f} is not significantly above always answering {found.label} "
        f"({found.share:.3f}; one-sided binomial p = {found.p:.2g}, n = {found.n:,}): do not read its scores "
        "as explanations. Train it longer or with another --learning-rate, or evaluate more documents."
    )
