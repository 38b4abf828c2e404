"""How probable it is that random words of the same documents are selected as often as a word is."""

from __future__ import annotations

import math

import numpy as np

from rationale.arrays import Float64, Int64

EXACT = 64
"""Most documents of which the probability is exact; of more it is the normal one, which is as close."""


def chance(hits: Int64, drawn: Int64, selected: Int64, units: Int64) -> Float64:
    """P(X >= hits) where X counts the selected ones among random units of each document.

    X is a sum over documents of hypergeometric counts: ``drawn`` of the document's ``units`` are chosen at
    random, without replacement, and ``selected`` of the units are selected.

    Args:
        hits: int64 (R,), selected occurrences of each word.
        drawn: int64 (R, n), its occurrences in each of its n documents.
        selected: int64 (R, n), selected units of the document.
        units: int64 (R, n), units of the document; at least ``drawn``.

    Returns:
        float64 (R,).

    >>> one = np.ones((1, 2), dtype=np.int64)
    >>> chance(np.array([2]), one, one, 4 * one).tolist()
    [0.0625]
    """
    if drawn.shape[1] > EXACT:
        return _normal(hits, drawn, selected, units)
    return np.array([_exact(*row) for row in zip(hits, drawn, selected, units, strict=True)])


def _exact(hits: int, drawn: Int64, selected: Int64, units: Int64) -> float:
    """The upper tail of the convolution of the documents' hypergeometric counts."""
    total = np.ones(1)
    for document in zip(drawn.tolist(), selected.tolist(), units.tolist(), strict=True):
        total = np.convolve(total, _hypergeometric(*document))
    return float(min(1.0, total[int(hits) :].sum()))


def _hypergeometric(drawn: int, selected: int, units: int) -> Float64:
    """P(0), ..., P(drawn) selected ones among ``drawn`` of ``units``."""
    if drawn == 1:
        share = selected / units
        return np.array([1 - share, share])
    k = np.arange(drawn + 1)
    inside = (k <= selected) & (drawn - k <= units - selected)
    k_inside = k[inside]
    logs = _log_choose(selected, k_inside) + _log_choose(units - selected, drawn - k_inside)
    probability = np.zeros(drawn + 1)
    probability[inside] = np.exp(logs - _log_choose(units, np.array(drawn)))
    return probability


def _log_choose(n: int, k: Int64) -> Float64:
    from scipy.special import gammaln

    logs: Float64 = math.lgamma(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return logs


def _normal(hits: Int64, drawn: Int64, selected: Int64, units: Int64) -> Float64:
    """The upper tail of the normal distribution with the same mean and variance, continuity-corrected."""
    from scipy.special import ndtr

    share = selected / units
    mean = (drawn * share).sum(axis=1)
    left = (units - drawn) / np.maximum(units - 1, 1)
    variance = (drawn * share * (1 - share) * left).sum(axis=1)
    distance = hits - 0.5 - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        tail: Float64 = ndtr(-distance / np.sqrt(variance))
    return np.where(variance > 0, tail, np.where(distance > 0, 0.0, 1.0))
