"""Metrics of imported selections of words, which no score and no threshold made."""

from __future__ import annotations

import numpy as np

from rationale.agreement.metric import metric
from rationale.agreement.selection import Selection
from rationale.arrays import Float64
from rationale.metrics.ragged import ratio


@metric(
    "strict_precision",
    title="Strict precision",
    definition="Precision that counts quoted words which are nowhere in the document as selected: they are "
    "false positives.",
    source="given",
)
def strict_precision(selected: Selection) -> Float64:
    """TP / (selected words + unmatched words) of each pair; 0 of an empty prediction, as precision.

    Args:
        selected: Selected words of D documents in L layers, with the unmatched words.

    Returns:
        float64 (L, D); NaN where there is no rationale word and nothing was selected or quoted.

    >>> from rationale.agreement.selection import selection
    >>> picked, truth = np.array([True, True, False, False]), np.array([True, False, False, False])
    >>> quoted = selection(picked, truth, np.array([0, 4]), unmatched=np.array([2]))
    >>> strict_precision(quoted).tolist()
    [[0.25]]
    """
    unmatched = np.zeros(len(selected.words), np.int64) if selected.unmatched is None else selected.unmatched
    precision = ratio(selected.true_positives, selected.predicted + unmatched)
    return np.where(selected.keyed | (unmatched > 0), np.nan_to_num(precision), np.nan)


@metric(
    "kappa",
    title="Cohen's kappa",
    definition="(p_o - p_e) / (1 - p_e) of the selected words and the human's, word by word; left out where "
    "both select all words or none.",
    source="given",
    low=-1.0,
)
def kappa(selected: Selection) -> Float64:
    """Cohen's kappa of each pair, as scikit-learn's ``cohen_kappa_score``.

    Args:
        selected: Selected words of D documents in L layers.

    Returns:
        float64 (L, D); NaN where both masks are constant and equal.

    >>> from rationale.agreement.selection import selection
    >>> picked, truth = np.array([True, True, False, False]), np.array([True, False, False, False])
    >>> kappa(selection(picked, truth, np.array([0, 4]))).tolist()
    [[0.5]]
    """
    words = selected.words.astype(np.float64)
    ours, theirs = ratio(selected.predicted, words), ratio(selected.positives, words)
    both = ratio(selected.true_positives, words)
    observed = 1 - ours - theirs + 2 * both
    expected = ours * theirs + (1 - ours) * (1 - theirs)
    return np.where(expected < 1, ratio(observed - expected, 1 - expected), np.nan)
