"""Metrics of the ranking of the words by score: average precision, AUPRC, ROC-AUC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rationale.agreement.metric import metric
from rationale.arrays import Bool, Float64, Int64
from rationale.metrics.ragged import check_ragged, ratio, totals


@dataclass(frozen=True)
class Ranking:
    """The words of D documents by falling score, in L layers at once; made by :func:`rank`.

    A *threshold* is a distinct score of one document in one layer; there are E of them in all, ordered by
    layer, then document, then falling score. Words with equal scores share a threshold, as in
    scikit-learn's curves.

    Attributes:
        truth: bool (N,), the rationale words.
        offsets: int64 (D + 1,), where each document's words start.
        keys: uint32 (L, N), falls as the score rises; equal where scores are equal.
        ordered: uint64 (L, N), document, key and rationale bit packed in one number, sorted.
        cell: int64 (E,), ``layer * D + document`` of each threshold.
        words: int64 (E,), words that score at least the threshold.
        hits: int64 (E,), rationale words among them.
        first: bool (E,), whether it is its document's highest threshold.
    """

    truth: Bool
    offsets: Int64
    keys: npt.NDArray[np.uint32]
    ordered: npt.NDArray[np.uint64]
    cell: Int64
    words: Int64
    hits: Int64
    first: Bool

    @property
    def shape(self) -> tuple[int, int]:
        """(layers, documents)."""
        return (self.keys.shape[0], len(self.offsets) - 1)

    @property
    def lengths(self) -> Int64:
        """Words of each document, int64 (D,)."""
        return np.diff(self.offsets)

    @property
    def positives(self) -> Int64:
        """Rationale words of each document, int64 (D,)."""
        return totals(self.truth, self.offsets)

    @property
    def mixed(self) -> Bool:
        """Documents with rationale words and other words, bool (D,)."""
        return (self.positives > 0) & (self.positives < self.lengths)

    def sums(self, values: Float64) -> Float64:
        """Sums values of the thresholds, (E,), for each layer and document, (L, D)."""
        layers, documents = self.shape
        flat = np.bincount(self.cell, weights=values, minlength=layers * documents).astype(np.float64)
        return flat.reshape(layers, documents)


def rank(scores: npt.NDArray[np.generic], truth: Bool, offsets: Int64) -> Ranking:
    """Orders the words of each document by falling score, all documents and layers in one sort.

    Args:
        scores: Real numbers, shape (L, N) or (N,). float32 is fastest; other types are compared exactly.
        truth: bool (N,), the rationale words.
        offsets: int64 (D + 1,).

    Returns:
        The ranking that the metrics of this file and :func:`~rationale.agreement.selection.top_k` use.

    Raises:
        DataError: If the shapes do not fit.
    """
    scores = np.atleast_2d(scores)
    check_ragged(scores, truth, offsets)
    lengths = np.diff(offsets)
    document = np.repeat(np.arange(len(lengths), dtype=np.uint64) << np.uint64(33), lengths)
    keys = _falling_keys(scores)
    ordered = document | (keys.astype(np.uint64) << np.uint64(1)) | truth
    ordered.sort(axis=-1)
    return Ranking(truth, offsets, keys, ordered, *_thresholds(ordered, offsets))


def _falling_keys(scores: npt.NDArray[np.generic]) -> npt.NDArray[np.uint32]:
    """uint32 keys in the opposite order of the scores, equal exactly where scores are equal."""
    if scores.dtype != np.float32:
        dense: npt.NDArray[np.uint32] = np.unique(scores, return_inverse=True)[1].astype(np.uint32)
        return ~dense.reshape(scores.shape)
    bits = np.add(scores, np.float32(0.0)).view(np.uint32)  # + 0.0: -0.0 and 0.0 are one score
    keys: npt.NDArray[np.uint32] = np.where(bits >> np.uint32(31), bits, ~bits & np.uint32(0x7FFFFFFF))
    return keys


def _thresholds(ordered: npt.NDArray[np.uint64], offsets: Int64) -> tuple[Int64, Int64, Int64, Bool]:
    """Cell, words, hits and first of each threshold: the last of each run of equal scores."""
    layers, total = ordered.shape
    documents = len(offsets) - 1
    groups = ordered >> np.uint64(1)
    last = np.ones((layers, total), dtype=np.bool_)
    np.not_equal(groups[:, 1:], groups[:, :-1], out=last[:, :-1])
    layer, place = np.nonzero(last)
    document = (groups[layer, place] >> np.uint64(32)).astype(np.int64)
    hits = np.zeros((layers, total + 1), dtype=np.int64)
    np.cumsum(ordered & np.uint64(1), axis=-1, out=hits[:, 1:])
    cell = layer * documents + document
    first = np.ones(cell.shape, dtype=np.bool_)
    np.not_equal(cell[1:], cell[:-1], out=first[1:])
    start = offsets[document]
    return cell, place + 1 - start, hits[layer, place + 1] - hits[layer, start], first


def _before(values: npt.NDArray[np.generic], first: Bool, start: float) -> Float64:
    """Each threshold's value at the next higher threshold of its document; ``start`` above the highest."""
    before = np.empty(values.shape, dtype=np.float64)
    before[1:] = values[:-1]
    before[first] = start
    return before


@metric(
    "ap",
    title="AP",
    definition="Average precision: sum over distinct scores of (recall step) x precision; ties share a "
    "threshold.",
    source="ranking",
    compared=True,
)
def average_precision(ranking: Ranking) -> Float64:
    """Average precision with scikit-learn's definition and tie handling.

    Args:
        ranking: Scores of D documents in L layers.

    Returns:
        float64 (L, D); NaN for documents whose words are all or none rationale (the ERASER scorer skips
        them).

    >>> scores = np.array([[0.9, 0.8, 0.1, 0.5, 0.5]], dtype=np.float32)
    >>> truth = np.array([True, False, True, True, False])
    >>> average_precision(rank(scores, truth, np.array([0, 3, 5]))).round(4).tolist()
    [[0.8333, 0.5]]
    """
    step = ranking.hits - _before(ranking.hits, ranking.first, 0.0)
    area = ranking.sums(step * (ranking.hits / ranking.words))
    return np.where(ranking.mixed, ratio(area, ranking.positives), np.nan)


@metric(
    "auprc",
    title="AUPRC",
    definition="Trapezoid under the precision-recall curve, as the ERASER scorer: a pair whose words are all "
    "rationale counts 1, one without rationale counts 0.5.",
    source="ranking",
)
def auprc(ranking: Ranking) -> Float64:
    """Area under the precision-recall curve by the trapezoid rule, as the ERASER scorer computes it.

    The scorer keeps single-class pairs. With the scikit-learn versions that define recall as 1 where there is
    nothing to recall (1.0 and later), a pair without rationale words has the curve from (1, 0) to (0, 1)
    and counts 0.5, whatever the scores; a pair whose words are all rationale counts 1.

    Args:
        ranking: Scores of D documents in L layers.

    Returns:
        float64 (L, D); NaN only for documents without words.

    >>> scores = np.array([0.9, 0.8, 0.1, 0.5, 0.5], dtype=np.float32)
    >>> truth = np.array([True, False, True, False, False])
    >>> auprc(rank(scores, truth, np.array([0, 3, 5]))).round(4).tolist()
    [[0.7917, 0.5]]
    """
    precision = ranking.hits / ranking.words
    middle = (precision + _before(precision, ranking.first, 1.0)) / 2
    step = ranking.hits - _before(ranking.hits, ranking.first, 0.0)
    area = ratio(ranking.sums(step * middle), ranking.positives)
    nothing = np.where(ranking.lengths > 0, 0.5, np.nan)
    return np.where(ranking.positives > 0, area, nothing)


@metric(
    "roc_auc",
    title="ROC-AUC",
    definition="Chance that a rationale word scores above another word of its document, ties counting one "
    "half.",
    source="ranking",
)
def roc_auc(ranking: Ranking) -> Float64:
    """Area under the ROC curve, as scikit-learn's.

    Args:
        ranking: Scores of D documents in L layers.

    Returns:
        float64 (L, D); NaN for documents whose words are all or none rationale.

    >>> scores = np.array([0.9, 0.8, 0.1, 0.5, 0.5], dtype=np.float32)
    >>> truth = np.array([True, False, True, True, False])
    >>> roc_auc(rank(scores, truth, np.array([0, 3, 5]))).tolist()
    [[0.5, 0.5]]
    """
    misses = ranking.words - ranking.hits
    step = misses - _before(misses, ranking.first, 0.0)
    middle = (ranking.hits + _before(ranking.hits, ranking.first, 0.0)) / 2
    positives = ranking.positives
    area = ranking.sums(step * middle)
    return np.where(ranking.mixed, ratio(area, positives * (ranking.lengths - positives)), np.nan)
