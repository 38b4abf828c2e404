"""Several annotators of one document: how much they agree, and the human ceiling of plausibility metrics.

Masks are bool (annotators, words), one row an annotator who was asked; a row without a marked word is one
who marked nothing. A *unit* is one annotator's mask of one document: every plausibility metric is computed
against the units, averaged inside the document and then over documents, so that a document counts once
however many annotators it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rationale.arrays import Array, Bool, Float64, Int64
from rationale.errors import DataError
from rationale.metrics.ragged import offsets_of, ratio


@dataclass(frozen=True)
class Units:
    """Documents repeated once for each of their annotators.

    Attributes:
        document: int64 (U,), the document of each unit.
        annotator: int64 (U,), the row of its mask.
        truth: bool (N,), the masks, one after another.
        offsets: int64 (U + 1,), where each unit's words start.
        words: int64 (N,), the place of each word among the words of all documents.
        documents: D.
    """

    document: Int64
    annotator: Int64
    truth: Bool
    offsets: Int64
    words: Int64
    documents: int

    def per_document(self, values: Float64) -> Float64:
        """The mean over each document's annotators, (..., U) to (..., D); NaN where all are NaN."""
        known = np.isfinite(values)
        return ratio(self._sums(np.where(known, values, 0.0)), self._sums(known.astype(np.float64)))

    def _sums(self, values: Float64) -> Float64:
        """The sum over each document's annotators, (..., U) to (..., D)."""
        sums = np.zeros((*values.shape[:-1], self.documents))
        for unit, document in enumerate(self.document):
            sums[..., document] += values[..., unit]
        return sums


def units_of(masks: Sequence[Bool]) -> Units:
    """Every annotator of every document as a unit of its own.

    Args:
        masks: Of each document bool (annotators, words); a document without annotators has no unit.

    Raises:
        DataError: Where a mask is not bool or not of two dimensions.
    """
    for number, mask in enumerate(masks):
        if mask.dtype != np.bool_ or mask.ndim != 2:
            raise DataError(
                f"the masks of document {number} are {mask.dtype} {mask.shape}, expected bool "
                "(annotators, words)"
            )
    counts = np.array([len(mask) for mask in masks], np.int64)
    lengths = np.array([mask.shape[1] for mask in masks], np.int64)
    document = np.repeat(np.arange(len(masks)), counts)
    starts = offsets_of(lengths)[:-1]
    return Units(
        document=document,
        annotator=_join([np.arange(count) for count in counts], np.int64),
        truth=_join([mask.ravel() for mask in masks], np.bool_),
        offsets=offsets_of(lengths[document]),
        words=_join([starts[d] + np.arange(lengths[d]) for d in document], np.int64),
        documents=len(masks),
    )


def _join(parts: Sequence[Array], kind: type[np.generic]) -> Array:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


def others_mean(masks: Sequence[Bool]) -> Float64:
    """The share of a unit's other annotators who marked each word, float64 (N,) in the order of the units.

    Raises:
        DataError: Where a document has fewer than two annotators.
    """
    if any(len(mask) < 2 for mask in masks):
        raise DataError("leave-one-out needs at least two annotators a document")
    shares = [((mask.sum(axis=0) - mask) / (len(mask) - 1)).ravel() for mask in masks]
    return np.concatenate([np.zeros(0), *shares])


def chance_ap(marked: Int64, words: Int64) -> Float64:
    """Expected average precision of a random order without ties, for ``marked`` of ``words`` words.

    H_n / n + (k - 1) / (n - 1) (1 - H_n / n), with H_n the harmonic number; NaN where none or all are marked.

    >>> chance_ap(np.array([2, 0]), np.array([6, 6])).round(4).tolist()
    [0.5267, nan]
    """
    marked, words = np.asarray(marked), np.asarray(words)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(words.max(initial=1)) + 1))])
    first = ratio(harmonic[words], words)
    expected = first + ratio(marked - 1, words - 1) * (1 - first)
    return np.where((marked > 0) & (marked < words), expected, np.nan)


def pairwise_f1(mask: Bool) -> float:
    """Mean F1 of the words that two annotators marked, over pairs; two empty masks are left out.

    >>> abc = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0]], dtype=bool)
    >>> round(pairwise_f1(abc), 4)
    0.5667
    """
    return _mean(
        [2 * int((a & b).sum()) / t for a, b in combinations(mask, 2) if (t := int(a.sum() + b.sum()))]
    )


def pairwise_kappa(mask: Bool) -> float:
    """Mean Cohen's kappa over pairs of annotators; pairs in which both masks are constant are left out."""
    return _mean([value for a, b in combinations(mask, 2) if np.isfinite(value := cohen_kappa(a, b))])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def cohen_kappa(one: Bool, other: Bool) -> float:
    """Cohen's kappa of two masks: (p_o - p_e) / (1 - p_e); NaN where both are constant or there is no word.

    >>> cohen_kappa(np.array([1, 1, 0, 0], bool), np.array([1, 0, 0, 0], bool))
    0.5
    """
    if not one.size:
        return float("nan")
    p, q = one.mean(), other.mean()
    observed, expected = (one == other).mean(), p * q + (1 - p) * (1 - q)
    return float("nan") if expected == 1 else float((observed - expected) / (1 - expected))


@dataclass(frozen=True)
class AlphaParts:
    """What Krippendorff's alpha is computed from, document by document, so that documents can be resampled.

    Attributes:
        disagreements: float64 (D,), the sum over words of marked x unmarked / (m - 1).
        unmarked: int64 (D,), n_0: non-marks of words with at least two annotators.
        marked: int64 (D,), n_1: marks of those words.
    """

    disagreements: Float64
    unmarked: Int64
    marked: Int64

    def alpha(self, documents: Int64 | None = None) -> float:
        """Alpha over all documents, or over a resample of them: 1 - (N - 1) o_01 / (n_0 n_1)."""
        chosen = slice(None) if documents is None else documents
        o, n0, n1 = (float(a[chosen].sum()) for a in (self.disagreements, self.unmarked, self.marked))
        return float("nan") if n0 == 0 or n1 == 0 else 1 - (n0 + n1 - 1) * o / (n0 * n1)


def krippendorff(masks: Sequence[Bool]) -> AlphaParts:
    """Parts of Krippendorff's alpha, nominal, units = the words of all documents pooled; equal weight a word.

    Args:
        masks: Of each document bool (annotators, words); documents with fewer than two annotators say
            nothing.
    """
    rows = [(len(mask), mask.sum(axis=0, dtype=np.int64)) for mask in masks]
    said = [(m, marks if m > 1 else marks[:0]) for m, marks in rows]
    return AlphaParts(
        np.array([float((marks * (m - marks)).sum()) / max(m - 1, 1) for m, marks in said]),
        np.array([int((m - marks).sum()) for m, marks in said], np.int64),
        np.array([int(marks.sum()) for _, marks in said], np.int64),
    )
