"""One label out of several annotators', and one annotator out of several rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from rationale.corpus.document import Mark, State


def majority(labels: Iterable[str | None], *, first_of_ties: bool = False) -> str | None:
    """The most frequent label; None where there is none, or two are as frequent.

    Args:
        labels: Of each annotator; None where one gave none.
        first_of_ties: Whether of two that are as frequent the one that came first is taken.

    >>> majority(["POS", "NEG", "NEG"]), majority(["POS", "NEG"])
    ('NEG', None)
    """
    counts = Counter(label for label in labels if label is not None).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1] and not first_of_ties):
        return None
    return counts[0][0]


def one_each(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks of one annotator united: their spans together, and the label where all say the same.

    Marks without an annotator stay as they are. States: ``marked`` where any is, else ``nothing`` where any
    is.
    """
    found: dict[str | int, Mark] = {}
    for number, mark in enumerate(marks):
        key = number if mark.annotator is None else mark.annotator
        found[key] = _united(found[key], mark) if key in found else mark
    return tuple(found.values())


def _united(one: Mark, other: Mark) -> Mark:
    order: tuple[State, ...] = ("marked", "nothing", "not_asked")
    return replace(
        one,
        spans=tuple(dict.fromkeys((*one.spans, *other.spans))),
        label=one.label if one.label == other.label else None,
        state=min(one.state, other.state, key=order.index),
    )
