"""Metrics of selected words, and the two rules that select words by score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rationale.agreement.metric import metric
from rationale.agreement.ranking import Ranking
from rationale.agreement.spans import Spans, runs
from rationale.arrays import Bool, Float32, Float64, Int64
from rationale.metrics.ragged import check_ragged, owners, ratio, totals


@dataclass(frozen=True)
class Selection:
    """Selected words against rationale words of D documents in L layers; made by :func:`selection`.

    Attributes:
        selected: bool (L, N).
        truth: bool (N,), the rationale words.
        offsets: int64 (D + 1,), where each document's words start.
        breaks: bool (N,), words that do not follow the word before them: a document starts, or words were
            left out.
        spans: The human spans.
        unmatched: int64 (D,), quoted words that are nowhere in the document.
    """

    selected: Bool
    truth: Bool
    offsets: Int64
    breaks: Bool
    spans: Spans
    unmatched: Int64 | None = None

    @cached_property
    def true_positives(self) -> Int64:
        """Selected rationale words, int64 (L, D)."""
        return totals(self.selected & self.truth, self.offsets)

    @cached_property
    def predicted(self) -> Int64:
        """Selected words, int64 (L, D)."""
        return totals(self.selected, self.offsets)

    @cached_property
    def positives(self) -> Int64:
        """Rationale words, int64 (D,)."""
        return totals(self.truth, self.offsets)

    @property
    def words(self) -> Int64:
        """Words, int64 (D,)."""
        return np.diff(self.offsets)

    @property
    def keyed(self) -> Bool:
        """Pairs that the ERASER scorer counts, bool (L, D): with a rationale word or a selected word."""
        return (self.predicted > 0) | (self.positives > 0)


def selection(
    selected: Bool,
    truth: Bool,
    offsets: Int64,
    *,
    breaks: Bool | None = None,
    spans: Spans | None = None,
    unmatched: Int64 | None = None,
) -> Selection:
    """Pairs selected words with the human rationale.

    Args:
        selected: bool (L, N) or (N,).
        truth: bool (N,), the rationale words.
        offsets: int64 (D + 1,).
        breaks: bool (N,), words before which words were left out; by default there are none.
        spans: The human spans; by default the runs of rationale words.
        unmatched: int64 (D,), quoted words that are nowhere in the document.

    Raises:
        DataError: If the shapes do not fit.
    """
    selected = np.atleast_2d(selected)
    check_ragged(selected, truth, offsets)
    starts = np.zeros(truth.shape, dtype=np.bool_)
    starts[offsets[:-1][np.diff(offsets) > 0]] = True
    breaks = starts if breaks is None else starts | breaks
    return Selection(selected, truth, offsets, breaks, spans or runs(truth, breaks, offsets), unmatched)


def top_k(ranking: Ranking, k: Int64) -> Bool:
    """Selects the k best words of each document; of equal scores the earlier word wins.

    Args:
        ranking: Scores of D documents in L layers.
        k: int64 (D,), at most the document's words.

    Returns:
        bool (L, N).

    >>> from rationale.agreement.ranking import rank
    >>> scores = np.array([0.5, 0.9, 0.5, 0.5, 0.1], dtype=np.float32)
    >>> ranked = rank(scores, np.zeros(5, dtype=bool), np.array([0, 4, 5]))
    >>> top_k(ranked, np.array([2, 0])).astype(int).tolist()
    [[1, 1, 0, 0, 0]]
    """
    offsets, document = ranking.offsets, owners(ranking.offsets)
    chosen = np.zeros(ranking.keys.shape, dtype=np.bool_)
    if not np.any(k > 0):
        return chosen
    place = np.maximum(offsets[:-1] + k - 1, 0)
    limit = ((ranking.ordered[:, place] >> np.uint64(1)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)[
        :, document
    ]
    better, equal = ranking.keys < limit, ranking.keys == limit
    room = (k - totals(better & (k > 0)[document], offsets))[:, document]
    counted = np.cumsum(equal, axis=-1)
    earlier = (counted - equal)[:, offsets[:-1].clip(max=ranking.keys.shape[1] - 1)][:, document]
    chosen[:] = (better | (equal & (counted - earlier <= room))) & (k > 0)[document]
    return chosen


def above_share(
    tokens: Float32,
    entering: npt.NDArray[np.number],
    word: npt.NDArray[np.integer],
    eta: Float32,
    words: int,
) -> Bool:
    """Selects words with a token that scores at least ``eta / n``, n = tokens that enter the layer (float32).

    Args:
        tokens: float32 (L, T), normalised inside each window.
        entering: (T,) or (L, T), n: how many tokens of its window enter the layer.
        word: (T,), the word each token belongs to; -1 where it belongs to none.
        eta: float32 (L,).
        words: N.

    Returns:
        bool (L, N).

    >>> tokens = np.array([[0.2, 0.25, 0.5, 0.05]], dtype=np.float32)
    >>> word, eta = np.array([-1, 0, 1, 1]), np.ones(1, dtype=np.float32)
    >>> above_share(tokens, np.full(4, 4), word, eta, 3).tolist()
    [[True, True, False]]
    """
    threshold = eta.astype(np.float32)[:, None] / entering.astype(np.float32)
    layer, token = np.nonzero((tokens >= threshold) & (word >= 0))
    selected = np.zeros((tokens.shape[0], words), dtype=np.bool_)
    selected[layer, word[token]] = True
    return selected


@metric(
    "fpr",
    title="FPR",
    definition="False positive rate: selected words among the words that are not rationale. Selecting "
    "nothing gives 0, so read it beside recall, precision and selected share.",
    source="selection",
    higher_is_better=False,
    compared=True,
)
def false_positive_rate(selected: Selection) -> Float64:
    """FP / (FP + TN) of each pair.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); NaN for documents whose words are all or none rationale.

    >>> picked, truth = np.array([True, True, False, False]), np.array([True, False, False, False])
    >>> false_positive_rate(selection(picked, truth, np.array([0, 4]))).round(4).tolist()
    [[0.3333]]
    """
    rate = ratio(selected.predicted - selected.true_positives, selected.words - selected.positives)
    return np.where(selected.positives > 0, rate, np.nan)


@metric(
    "precision",
    title="Precision",
    definition="Rationale words among the selected words, 0 where none is selected; mean over pairs with a "
    "rationale word or a selected word, as the ERASER scorer.",
    source="selection",
)
def precision(selected: Selection) -> Float64:
    """Precision of each pair, as the ERASER scorer's token-level instance macro.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); 0 where nothing is selected, NaN where there is no rationale word either.

    >>> picked = np.array([True, True, False, False, False, False])
    >>> truth = np.array([True, False, True, True, False, False])
    >>> precision(selection(picked, truth, np.array([0, 3, 4, 6]))).tolist()
    [[0.5, 0.0, nan]]
    """
    return np.where(selected.keyed, np.nan_to_num(ratio(selected.true_positives, selected.predicted)), np.nan)


@metric(
    "recall",
    title="Recall",
    definition="Selected words among the rationale words, 0 where there are none; mean over pairs with a "
    "rationale word or a selected word, as the ERASER scorer.",
    source="selection",
)
def recall(selected: Selection) -> Float64:
    """Recall of each pair, as the ERASER scorer's token-level instance macro.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); 0 where there is no rationale word, NaN where nothing is selected either.

    >>> picked = np.array([True, False, True, False, True])
    >>> truth = np.array([True, True, False, False, False])
    >>> recall(selection(picked, truth, np.array([0, 2, 4, 5]))).tolist()
    [[0.5, 0.0, 0.0]]
    """
    return np.where(selected.keyed, np.nan_to_num(ratio(selected.true_positives, selected.positives)), np.nan)


@metric(
    "selected_share",
    title="Selected share",
    definition="Selected words among all words.",
    source="selection",
    higher_is_better=None,
)
def selected_share(selected: Selection) -> Float64:
    """Share of the words that is selected.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); NaN only for documents without words.

    >>> picked = np.array([True, False, False, False])
    >>> selected_share(selection(picked, picked, np.array([0, 4]))).tolist()
    [[0.25]]
    """
    return ratio(selected.predicted, selected.words)


@metric(
    "token_f1",
    title="Token F1",
    definition="Harmonic mean of a pair's precision and recall, 0 where either is 0; mean over pairs with a "
    "rationale word or a selected word, as the ERASER scorer.",
    source="selection",
    compared=True,
)
def token_f1(selected: Selection) -> Float64:
    """F1 of each pair, as the ERASER scorer's token-level instance macro.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); NaN where there is neither a rationale word nor a selected word.

    >>> picked = np.array([True, True, False, False])
    >>> truth = np.array([True, False, True, True])
    >>> token_f1(selection(picked, truth, np.array([0, 4]))).tolist()
    [[0.4]]
    """
    return ratio(2 * selected.true_positives, selected.predicted + selected.positives)
