"""The ERASER scorer's F1 of spans that overlap the human spans by half."""

from __future__ import annotations

import numpy as np

from rationale.agreement.metric import metric
from rationale.agreement.selection import Selection
from rationale.agreement.spans import Spans, layer_runs
from rationale.arrays import Bool, Float64, Int64
from rationale.metrics.ragged import offsets_of, ratio


def _f1_of_means(means: Float64) -> Float64:
    """Computes F1 from mean precision and mean recall, (2, ...) to (...); 0 if one of them is 0 or NaN."""
    first, second = np.nan_to_num(means[0]), np.nan_to_num(means[1])
    return np.nan_to_num(ratio(2 * first * second, first + second))


@metric(
    "iou_f1",
    title="IOU F1",
    definition="A run of selected words is a hit where its intersection over union with a human span is at "
    "least 0.5; F1 of the mean precision (over pairs with a selected word) and the mean recall (over pairs "
    "with a span), as the ERASER scorer. Its interval resamples pairs and recomputes both means.",
    source="selection",
    combine=_f1_of_means,
)
def iou_precision_recall(selected: Selection, threshold: float = 0.5) -> Float64:
    """Span precision and recall of each pair, as the ERASER scorer's partial match.

    The predicted spans are the runs of selected words. Hits are counted over *predicted* spans in the
    recall, too: one run that overlaps two human spans by half recalls one of them, as in the scorer.

    Args:
        selected: Selected words of D documents in L layers.
        threshold: The intersection over union that makes a hit.

    Returns:
        float64 (2, L, D): precision, NaN where nothing is selected; recall, NaN where there is no span.

    >>> from rationale.agreement.selection import selection
    >>> picked = np.array([True, True, False, False, True, False])
    >>> truth = np.array([True, True, True, False, False, False])
    >>> iou_precision_recall(selection(picked, truth, np.array([0, 6]))).tolist()
    [[[0.5]], [[1.0]]]
    """
    layers, documents = selected.predicted.shape
    layer, start, end = layer_runs(selected.selected, selected.breaks)
    document = np.searchsorted(selected.offsets, start, side="right") - 1
    hit = _best_overlap(start, end, document, selected.spans) >= threshold
    cell = layer * documents + document
    hits = np.bincount(cell, weights=hit, minlength=layers * documents).reshape(layers, documents)
    runs = np.bincount(cell, minlength=layers * documents).reshape(layers, documents)
    return np.stack([ratio(hits, runs), ratio(hits, selected.spans.counts)])


def _best_overlap(start: Int64, end: Int64, document: Int64, spans: Spans) -> Float64:
    """The largest intersection over union of each run with a span of its document, float64 (runs,)."""
    best = np.zeros(start.shape)
    counts = np.where(_touched(start, end, spans), spans.counts[document], 0)
    for number in range(int(counts.max(initial=0))):
        run = np.nonzero(counts > number)[0]
        span = spans.offsets[document[run]] + number
        first, last = spans.start[span], spans.end[span]
        shared = np.clip(np.minimum(end[run], last) - np.maximum(start[run], first), 0, None)
        union = (end - start)[run] + (last - first) - shared
        best[run] = np.maximum(best[run], shared / union)
    return best


def _touched(start: Int64, end: Int64, spans: Spans) -> Bool:
    """Finds the runs that share a word with some span, bool (runs,); the others overlap none."""
    words = 1 + max(int(end.max(initial=0)), int(spans.end.max(initial=0)))
    depth = np.cumsum(np.bincount(spans.start, minlength=words) - np.bincount(spans.end, minlength=words))
    marked = offsets_of(depth > 0)
    return marked[end] > marked[start]
