"""Scores against a soft rationale: the share of annotators who marked each word.

s are the scores of one document, g in [0, 1] its soft rationale; p = s / sum s and q = g / sum g. Of signed
methods the positive part counts. Values are NaN where the scores or the rationale sum to 0.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rationale.arrays import Float64, Floats, Int64
from rationale.metrics.ragged import owners, ratio
from rationale.metrics.ranks import spearman


def distributions(values: Floats, offsets: Int64) -> Float64:
    """Each document's positive parts over their sum, float64 (..., N); NaN where the sum is 0.

    Args:
        values: (..., N).
        offsets: int64 (D + 1,).
    """
    positive = np.maximum(np.asarray(values, np.float64), 0.0)
    return ratio(positive, _sums(positive, offsets)[..., owners(offsets)])


def _sums(values: Float64, offsets: Int64) -> Float64:
    """Each document's sum, (..., N) to (..., D); 0 of a document without words."""
    full = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
    sums = np.add.reduceat(full, offsets[:-1], axis=-1) if len(offsets) > 1 else values[..., :0]
    return np.where(np.diff(offsets) > 0, sums, 0.0)


def jensen_shannon(scores: Floats, gold: Floats, offsets: Int64) -> Float64:
    """Jensen-Shannon divergence in bits, float64 (..., D): (KL(p, m) + KL(q, m)) / 2 with m = (p + q) / 2.

    In [0, 1]; lower is better.
    """
    p, q = distributions(scores, offsets), distributions(gold, offsets)
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(one == 0, 0.0, one * np.log2(one / middle)) / 2 for one in (p, q + 0 * p)]
    return _sums(terms[0] + terms[1], offsets) + _undefined(p, q, offsets)


def overlap(scores: Floats, gold: Floats, offsets: Int64) -> Float64:
    """Sum of min(p, q), the soft F1 of two distributions, float64 (..., D); in [0, 1], higher is better."""
    p, q = distributions(scores, offsets), distributions(gold, offsets)
    return _sums(np.minimum(p, q), offsets) + _undefined(p, q, offsets)


def _undefined(p: Float64, q: Float64, offsets: Int64) -> Float64:
    """0, and NaN for documents without words."""
    return np.where(np.diff(offsets) > 0, 0.0, np.nan) + 0 * _sums(p * 0 + q * 0, offsets)


def entropy(scores: Floats, offsets: Int64) -> Float64:
    """Complexity: -sum p log2 p / log2 n, float64 (..., D); 0 of one word. In [0, 1], neither is better."""
    p, lengths = distributions(scores, offsets), np.diff(offsets)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -_sums(np.where(p == 0, 0.0, p * np.log2(p)), offsets)
    return np.where(lengths == 1, 0.0 * bits, ratio(bits, np.log2(np.maximum(lengths, 1))))


def rank_correlation(scores: Floats, gold: Floats, offsets: Int64) -> Float64:
    """Spearman's correlation of scores and soft rationale, ties at their mean rank, float64 (L, D).

    NaN where one of them is constant. In [-1, 1]; higher is better.
    """
    rows = np.atleast_2d(np.asarray(scores, np.float64))
    parts = [
        spearman(rows[:, a:b], np.broadcast_to(np.asarray(gold, np.float64)[a:b], (len(rows), b - a)))
        for a, b in pairwise(offsets)
    ]
    return np.stack(parts, axis=-1) if parts else np.zeros((len(rows), 0))


def average_precision(scores: Floats, gold: Floats, offsets: Int64) -> Float64:
    """Average precision with hits replaced by g, over its value for g in falling order, float64 (L, D).

    The sum over thresholds of (recall step) x (mean g of the words above); recall = sum of g above / sum g.
    The ideal order has one word a threshold. In (0, 1]; higher is better.
    """
    rows: Float64 = np.atleast_2d(np.asarray(scores, np.float64))
    hits: Float64 = np.asarray(gold, np.float64)
    values = np.full((len(rows), len(offsets) - 1), np.nan)
    for number, (a, b) in enumerate(pairwise(offsets)):
        if b > a and hits[a:b].sum() > 0:
            best = _average_precision(-np.arange(b - a, dtype=np.float64), -np.sort(-hits[a:b]))
            values[:, number] = [_average_precision(row[a:b], hits[a:b]) / best for row in rows]
    return values


def _average_precision(scores: Float64, gold: Float64) -> float:
    order = np.argsort(-scores, kind="stable")
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    above = np.cumsum(gold[order])[last]
    words = (np.arange(len(gold)) + 1)[last]
    return float((np.diff(above, prepend=0.0) / gold.sum() * above / words).sum())
