"""Spans of words over many documents at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rationale.arrays import Bool, Int64
from rationale.metrics.ragged import offsets_of


@dataclass(frozen=True)
class Spans:
    """S distinct spans over the flat words of D documents, ordered by document.

    Attributes:
        start: int64 (S,), the first word, counted over all documents.
        end: int64 (S,), one past the last word.
        offsets: int64 (D + 1,), where each document's spans start.
    """

    start: Int64
    end: Int64
    offsets: Int64

    @property
    def counts(self) -> Int64:
        """Spans of each document, int64 (D,)."""
        return np.diff(self.offsets)


def spans_of(start: Int64, end: Int64, document: Int64, documents: int) -> Spans:
    """Sorts spans and leaves out empty and repeated ones (the ERASER scorer keeps a set).

    >>> spans_of(np.array([4, 0, 0, 2]), np.array([6, 2, 2, 2]), np.array([1, 0, 0, 0]), 2)
    Spans(start=array([0, 4]), end=array([2, 6]), offsets=array([0, 1, 2]))
    """
    rows = np.unique(np.stack([document, start, end])[:, end > start], axis=1)
    return Spans(rows[1], rows[2], offsets_of(np.bincount(rows[0], minlength=documents)))


def runs(mask: Bool, breaks: Bool, offsets: Int64) -> Spans:
    """Finds the longest spans of marked words; no span crosses a break.

    Args:
        mask: bool (N,).
        breaks: bool (N,), words that do not follow the word before them; each document's first word is one.
        offsets: int64 (D + 1,), where each document's words start.

    >>> mask = np.array([True, True, True, False, True])
    >>> breaks = np.array([True, False, True, False, False])
    >>> runs(mask, breaks, np.array([0, 2, 5]))
    Spans(start=array([0, 2, 4]), end=array([2, 3, 5]), offsets=array([0, 1, 3]))
    """
    _, start, end = layer_runs(mask[None], breaks)
    document = np.searchsorted(offsets, start, side="right") - 1
    return Spans(start, end, offsets_of(np.bincount(document, minlength=len(offsets) - 1)))


def layer_runs(mask: Bool, breaks: Bool) -> tuple[Int64, Int64, Int64]:
    """Returns layer, start and end of each run of a mask (L, N)."""
    begins, ends = mask.copy(), mask.copy()
    begins[:, 1:] &= ~mask[:, :-1] | breaks[1:]
    ends[:, :-1] &= ~mask[:, 1:] | breaks[1:]
    layer, start = np.nonzero(begins)
    return layer, start, np.nonzero(ends)[1] + 1
