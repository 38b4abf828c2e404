"""Several annotators of one document: how much they agree, and what a random order of the words reaches.

Masks are bool (annotators, words), one row an annotator who was asked; a row without a marked word is one
who marked nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rationale.arrays import Bool, Float64, Int64
from rationale.metrics.ragged import ratio


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
