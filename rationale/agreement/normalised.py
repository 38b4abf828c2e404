"""Faithfulness that compares across models: a share of what the whole text does, or of what AOPC can reach.

Normalised forms: Carton et al. (2020). Soft forms: Zhao and Aletras (2023). NAOPC: Edin et al. (2025).
"""

from __future__ import annotations

import numpy as np

from rationale.agreement.faithfulness import Perturbation
from rationale.agreement.metric import metric
from rationale.arrays import Float64

COMPARABLE = (
    "comprehensiveness_norm",
    "sufficiency_norm",
    "soft_comprehensiveness_norm",
    "soft_sufficiency_norm",
    "naopc_comprehensiveness",
    "naopc_sufficiency",
    "naopc_sentence_comprehensiveness",
    "naopc_sentence_sufficiency",
)
"""The metrics of this module."""


@metric(
    "comprehensiveness_norm",
    title="Normalised comprehensiveness",
    definition="max(0, p(all words) - p(without the selected words)) / max(0, p(all words) - p(no word)) "
    "of the predicted class, at most 1; left out where the denominator is at most 0.0001.",
    source="perturbation",
)
def comprehensiveness_norm(perturbed: Perturbation) -> Float64:
    """Comprehensiveness as a share of what the predicted class loses without any word.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where the probabilities were not computed, or the whole text makes a
        difference of at most 1e-4.

    >>> without, only, bins = np.array([[0.4]]), np.array([[0.8]]), np.array([[[0.4]]])
    >>> spec = Perturbation(np.array([0.9]), without, only, bins, bins, nothing=np.array([0.5]))
    >>> comprehensiveness_norm(spec).tolist()
    [[1.0]]
    """
    loss = np.maximum(0.0, perturbed.full - perturbed.without)
    return np.clip(perturbed.share_lost(loss), 0.0, 1.0)


@metric(
    "sufficiency_norm",
    title="Normalised sufficiency",
    definition="1 - max(0, p(all words) - p(only the selected words)) / max(0, p(all words) - p(no word)) of "
    "the predicted class, at least 0; left out where the denominator is at most 0.0001. Higher is better.",
    source="perturbation",
)
def sufficiency_norm(perturbed: Perturbation) -> Float64:
    """The share of what the words give to the predicted class that the selected words alone give.

    Unlike :func:`sufficiency`, higher is better.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN as in :func:`comprehensiveness_norm`.

    >>> without, only, bins = np.array([[0.4]]), np.array([[0.8]]), np.array([[[0.4]]])
    >>> spec = Perturbation(np.array([0.9]), without, only, bins, bins, nothing=np.array([0.5]))
    >>> sufficiency_norm(spec).round(4).tolist()
    [[0.75]]
    """
    loss = np.maximum(0.0, perturbed.full - perturbed.only)
    return np.clip(1 - perturbed.share_lost(loss), 0.0, 1.0)


@metric(
    "soft_comprehensiveness_norm",
    title="Soft normalised comprehensiveness",
    definition="Normalised comprehensiveness without a selection: each entry of a word's embedding stays "
    "with probability 1 - q, q the min-max of the document's scores; mean loss over random draws.",
    source="perturbation",
)
def soft_comprehensiveness_norm(perturbed: Perturbation) -> Float64:
    """Mean loss without the entries that the scores favour, as a share of the loss without any word.

    Args:
        perturbed: Losses of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where they were not measured, or as in :func:`comprehensiveness_norm`.
    """
    return np.clip(perturbed.share_lost(perturbed.soft_without), 0.0, 1.0)


@metric(
    "soft_sufficiency_norm",
    title="Soft normalised sufficiency",
    definition="Normalised sufficiency without a selection: each entry of a word's embedding stays with "
    "probability q, the min-max of the document's scores; mean loss over random draws. Higher is better.",
    source="perturbation",
)
def soft_sufficiency_norm(perturbed: Perturbation) -> Float64:
    """1 - the mean loss with the entries that the scores favour, as a share of the loss without any word.

    Args:
        perturbed: Losses of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where they were not measured, or as in :func:`comprehensiveness_norm`.
    """
    return np.clip(1 - perturbed.share_lost(perturbed.soft_only), 0.0, 1.0)


@metric(
    "naopc_comprehensiveness",
    title="NAOPC comprehensiveness",
    definition="(AOPC - lower) / (upper - lower): AOPC over all words, the best removed first; lower and "
    "upper are the least and the greatest AOPC of any order. Comparable between models.",
    source="perturbation",
    compared=True,
)
def naopc_comprehensiveness(perturbed: Perturbation) -> Float64:
    """NAOPC of the order with the best word first.

    Args:
        perturbed: Orders of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where they were not measured, or no order makes a difference.
    """
    return perturbed.naopc_of(0)


@metric(
    "naopc_sufficiency",
    title="NAOPC sufficiency",
    definition="(AOPC - lower) / (upper - lower): AOPC over all words, the best removed last; lower and "
    "upper are the least and the greatest AOPC of any order. Comparable between models.",
    source="perturbation",
    higher_is_better=False,
    compared=True,
)
def naopc_sufficiency(perturbed: Perturbation) -> Float64:
    """NAOPC of the order with the best word last.

    Args:
        perturbed: Orders of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where they were not measured, or no order makes a difference.
    """
    return perturbed.naopc_of(1)


@metric(
    "naopc_sentence_comprehensiveness",
    title="NAOPC comprehensiveness over sentences",
    definition="NAOPC comprehensiveness of longer documents, from which whole sentences are removed; a "
    "sentence's score is the mean of its words'. Comparable between models, not with NAOPC over words.",
    source="perturbation",
    compared=True,
)
def naopc_sentence_comprehensiveness(perturbed: Perturbation) -> Float64:
    """NAOPC of the order with the best sentence first.

    Args:
        perturbed: Orders of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN where they were not measured over sentences, or no order makes a
        difference.
    """
    return perturbed.naopc_of(0, "sentence")


@metric(
    "naopc_sentence_sufficiency",
    title="NAOPC sufficiency over sentences",
    definition="NAOPC sufficiency of longer documents, from which whole sentences are removed; a sentence's "
    "score is the mean of its words'. Comparable between models, not with NAOPC over words.",
    source="perturbation",
    higher_is_better=False,
    compared=True,
)
def naopc_sentence_sufficiency(perturbed: Perturbation) -> Float64:
    """NAOPC of the order with the best sentence last.

    Args:
        perturbed: Orders of D documents in L layers.

    Returns:
        float64 (L, D) in [0, 1]; NaN as in :func:`naopc_sentence_comprehensiveness`.
    """
    return perturbed.naopc_of(1, "sentence")
