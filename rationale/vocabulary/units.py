"""The words and phrases of many documents, each beside the other words of its document.

A *unit* is a word, or a phrase of n adjacent words; it is counted under its form. Where punctuation is
stripped, a word of punctuation alone has no form: it is no unit, and no phrase goes across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rationale.arrays import Bool, Float64, Int64
from rationale.corpus.forms import bare_word
from rationale.metrics.ragged import ratio

MEASURES = ("selected", "score", "percentile")
"""What is known of each unit, in the order of :attr:`Units.values`."""


@dataclass(frozen=True)
class Units:
    """U units of n words of D documents.

    Attributes:
        document: int64 (U,), the document of each.
        form: int64 (U,), the number of its form.
        values: float64 (3, U): 1 where every word of it is selected, else 0; the mean of its words' shares of
            the document's score; the percentile of that share among the document's units, 0 to 1.
        base: float64 (3, D), the mean of ``values`` over the units of each document; NaN without units.
        selected: int64 (D,), selected units of each document.
        count: int64 (D,), units of each document.
    """

    document: Int64
    form: Int64
    values: Float64
    base: Float64
    selected: Int64
    count: Int64


class Forms:
    """Numbers the forms of words and phrases in the order in which they are met.

    Attributes:
        texts: The forms; the words of a phrase are joined by a blank.
        sizes: How many words each has.
        strip: Whether words are case-folded and lose the punctuation at their ends.
    """

    def __init__(self, *, strip: bool) -> None:
        self.strip = strip
        self.texts: list[str] = []
        self.sizes: list[int] = []
        self._words: dict[str, int] = {}
        self._numbers: dict[tuple[int, ...] | str, int] = {}

    def words(self, words: Sequence[str]) -> Int64:
        """The number of each word's form, int64 (N,); -1 for a word without one."""
        known = self._words
        for word in dict.fromkeys(words):
            if word not in known:
                form = bare_word(word) if self.strip else word.casefold()
                known[word] = self._number(form, form, 1) if form else -1
        return np.array([known[word] for word in words], dtype=np.int64)

    def phrases(self, rows: Int64) -> Int64:
        """The number of each phrase's form, int64 (U,), from the numbers of its words, (U, n)."""
        distinct, place = np.unique(rows, axis=0, return_inverse=True)
        numbers = [
            self._number(tuple(row), " ".join(self.texts[word] for word in row), len(row))
            for row in distinct.tolist()
        ]
        return np.array(numbers, dtype=np.int64)[place.reshape(-1)]

    def _number(self, key: tuple[int, ...] | str, text: str, size: int) -> int:
        number = self._numbers.setdefault(key, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
            self.sizes.append(size)
        return number


def units_of(
    forms: Forms, words: Int64, breaks: Bool, owner: Int64, selected: Bool, share: Float64, *, n: int
) -> Units:
    """Collects the units of n words.

    Args:
        forms: The forms so far; those of phrases are added.
        words: int64 (N,), the form of each word, -1 for none.
        breaks: bool (N,), words that do not follow the word before them.
        owner: int64 (N,), the document of each word; its last entry may be below D - 1.
        selected: bool (N,), the selected words.
        share: float64 (N,), each word's share of its document's score; NaN where there are no scores.
        n: Words of a unit.
    """
    starts = np.arange(max(0, len(words) - n + 1))
    window = starts[:, None] + np.arange(n)
    whole = (words[window] >= 0).all(axis=1) & ~breaks[window[:, 1:]].any(axis=1)
    window = window[whole]
    document = owner[window[:, 0]]
    numbers = words[window[:, 0]] if n == 1 else forms.phrases(words[window])
    chosen, mean = selected[window].all(axis=1), share[window].mean(axis=1)
    values = np.stack([chosen.astype(np.float64), mean, percentiles(mean, document)])
    documents = int(owner.max(initial=-1)) + 1
    count = np.bincount(document, minlength=documents)
    sums = np.stack([np.bincount(document, weights=row, minlength=documents) for row in values])
    hits = np.bincount(document[chosen], minlength=documents)
    return Units(document, numbers, values, ratio(sums, count), hits, count)


def percentiles(values: Float64, owner: Int64) -> Float64:
    """The share of its document's other units that each unit outranks, ties counting one half.

    Args:
        values: float64 (U,).
        owner: int64 (U,), the document of each, rising.

    Returns:
        float64 (U,), 0.5 for the only unit of a document; its mean over a document is 0.5. NaN where
        ``values`` is.

    >>> percentiles(np.array([3.0, 1.0, 1.0, 7.0]), np.array([0, 0, 0, 1])).tolist()
    [1.0, 0.25, 0.25, 0.5]
    """
    order = np.lexsort((values, owner))
    ranked, document = values[order], owner[order]
    new = np.ones(len(values), dtype=np.bool_)
    new[1:] = (ranked[1:] != ranked[:-1]) | (document[1:] != document[:-1])
    tie = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(values))
    middle = ((first + last - 1) / 2)[tie]
    size = np.bincount(owner)
    begins = (np.cumsum(size) - size)[document]
    others = size[document] - 1
    result = np.empty(len(values))
    result[order] = np.where(others > 0, (middle - begins) / np.maximum(others, 1), 0.5)
    return np.where(np.isnan(values), np.nan, result)
