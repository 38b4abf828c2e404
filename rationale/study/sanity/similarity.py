"""How alike two scorings of one document are: rank correlation, and overlap of the best words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np

from rationale.arrays import Float32, Float64
from rationale.metrics.ragged import ratio
from rationale.metrics.ranks import spearman


@dataclass(frozen=True)
class Words:
    """What is compared of one document, of the W words that the model reads.

    Attributes:
        scores: Their scores, float32 (W,), by method and layer.
        tokens: The number of tokens of each, float32 (W,).
    """

    scores: Mapping[tuple[str, int], Float32]
    tokens: Float32


def rank_correlation(first: Float32, second: Float32) -> float:
    """Spearman's correlation of two scorings of W words, as they are signed; NaN where one is constant.

    >>> round(rank_correlation(np.array([0.4, 0.3, 0.15, 0.1]), np.array([0.4, 0.3, 0.1, 0.15])), 3)
    0.8
    """
    return float(spearman(first.astype(np.float64), second.astype(np.float64)))


def best_count(words: int, share: float) -> int:
    """The number k of best words of a document: ``share`` of its words, rounded, at least 1."""
    return max(1, round(share * words))


def overlap(first: Float32, second: Float32, k: int) -> float:
    """Intersection over union of the k best words of two scorings; ties go to the earlier word.

    >>> round(overlap(np.array([0.4, 0.3, 0.15]), np.array([0.4, 0.1, 0.15]), k=2), 3)
    0.333
    """
    best = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (first, second)]
    return len(best[0] & best[1]) / len(best[0] | best[1])


def random_overlap(words: int, k: int) -> float:
    """The expected intersection over union of k of W words with k drawn at random.

    With X words in common, hypergeometric, the overlap is X / (2 k - X).

    >>> random_overlap(2, 1), random_overlap(5, 5)
    (0.5, 1.0)
    """
    shared = range(max(0, 2 * k - words), k + 1)
    ways = [comb(k, common) * comb(words - k, k - common) for common in shared]
    return sum(n / comb(words, k) * common / (2 * k - common) for n, common in zip(ways, shared, strict=True))


def mean_over(values: Float64, axis: int) -> Float64:
    """The mean along an axis of the values that are defined; NaN where none is."""
    counted = ~np.isnan(values)
    return ratio(np.where(counted, values, 0.0).sum(axis=axis), counted.sum(axis=axis))
