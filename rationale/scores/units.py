"""The units that NAOPC removes from a document: its words, or the sentences of a longer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rationale.arrays import Bool, Float32, Float64, Int64
from rationale.metrics.naopc import Unit
from rationale.scores.options import NaopcOptions


@dataclass(frozen=True)
class Units:
    """N units of a document of W words, each with at least one word that the model reads.

    Attributes:
        kind: ``word`` or ``sentence``.
        words: bool (N, W), the words of each.
    """

    kind: Unit
    words: Bool

    def __len__(self) -> int:
        return len(self.words)

    def removed(self, units: Bool) -> Bool:
        """The words of some of the units: bool (R, W) of R sets of units, bool (R, N)."""
        return units @ self.words

    def scores(self, words: Float32) -> Float64:
        """The score of each unit, float64 (N,): the mean of its words', of word scores (W,)."""
        return np.array([words[unit].mean(dtype=np.float64) for unit in self.words])

    def order(self, words: Float32) -> Int64:
        """The units by score, the highest first, int64 (N,); ties go to the earlier unit."""
        return np.argsort(-self.scores(words), kind="stable")


def by_word(covered: Bool) -> Units:
    """Every covered word as a unit.

    >>> by_word(np.array([True, False, True])).words.tolist()
    [[True, False, False], [False, False, True]]
    """
    places = np.flatnonzero(covered)
    units = np.zeros((places.size, covered.size), dtype=np.bool_)
    units[np.arange(places.size), places] = True
    return Units("word", units)


def by_sentence(covered: Bool, sentences: Sequence[tuple[int, int]]) -> Units:
    """Every sentence with a covered word as a unit of these words. Words outside of all sentences stay.

    >>> by_sentence(np.array([True, True, False]), [(0, 1), (1, 2), (2, 3)]).words.tolist()
    [[True, False, False], [False, True, False]]
    """
    units = np.zeros((len(sentences), covered.size), dtype=np.bool_)
    for unit, (start, end) in zip(units, sentences, strict=True):
        unit[start:end] = covered[start:end]
    return Units("sentence", units[units.any(axis=1)])


def units_of(covered: Bool, sentences: Sequence[tuple[int, int]], settings: NaopcOptions) -> Units | None:
    """The units of a document, or None where it is left out.

    A document is left out without words, and where it has too many words; over sentences, where it has too
    many of them, one, or no known ones.

    Args:
        covered: bool (W,), the words that the model reads.
        sentences: Word ranges ``[start, end)``; empty where unknown.
        settings: The limit, and whether longer documents are measured over sentences.
    """
    words = int(covered.sum())
    if words <= settings.words:
        return by_word(covered) if words else None
    if settings.units == "word":
        return None
    found = by_sentence(covered, sentences)
    return found if 1 < len(found) <= settings.words else None
