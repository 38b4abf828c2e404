"""Metrics of scores against a soft rationale: the share of annotators who marked each word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rationale.agreement import soft
from rationale.agreement.metric import metric
from rationale.arrays import Float32, Float64, Int64
from rationale.metrics.ragged import totals


@dataclass(frozen=True)
class SoftScores:
    """Scores of D documents in L layers, and the share of annotators who marked each of their N words.

    Attributes:
        scores: float32 (L, N); of a signed method the positive part counts.
        gold: float64 (N,), NaN in documents without annotators.
        offsets: int64 (D + 1,).
    """

    scores: Float32
    gold: Float64
    offsets: Int64

    def known(self, values: Float64) -> Float64:
        """The values (L, D), NaN where nobody is named who marked the document."""
        unknown = totals(np.isnan(self.gold), self.offsets) > 0
        return np.where(unknown, np.nan, values)

    @property
    def shares(self) -> Float64:
        """The gold with 0 for NaN."""
        return np.nan_to_num(self.gold)


@metric(
    "soft_jsd",
    title="Soft JSD",
    definition="Jensen-Shannon divergence in bits of the scores and the shares of annotators, each over its "
    "sum.",
    source="soft",
    higher_is_better=False,
)
def soft_jsd(given: SoftScores) -> Float64:
    """See :func:`rationale.agreement.soft.jensen_shannon`; float64 (L, D)."""
    return given.known(soft.jensen_shannon(given.scores, given.shares, given.offsets))


@metric(
    "soft_overlap",
    title="Soft overlap",
    definition="Sum over words of the smaller of score and share of annotators, each over its sum.",
    source="soft",
)
def soft_overlap(given: SoftScores) -> Float64:
    """See :func:`rationale.agreement.soft.overlap`; float64 (L, D)."""
    return given.known(soft.overlap(given.scores, given.shares, given.offsets))


@metric(
    "soft_spearman",
    title="Soft Spearman",
    definition="Spearman's correlation of scores and shares of annotators, ties at their mean rank.",
    source="soft",
    low=-1.0,
)
def soft_spearman(given: SoftScores) -> Float64:
    """See :func:`rationale.agreement.soft.rank_correlation`; float64 (L, D)."""
    return given.known(soft.rank_correlation(given.scores, given.shares, given.offsets))


@metric(
    "soft_ap",
    title="Soft AP",
    definition="Average precision with the share of annotators for a hit, over the ideal order's value.",
    source="soft",
)
def soft_ap(given: SoftScores) -> Float64:
    """See :func:`rationale.agreement.soft.average_precision`; float64 (L, D)."""
    return given.known(soft.average_precision(given.scores, given.shares, given.offsets))


@metric(
    "entropy",
    title="Entropy",
    definition="Complexity of the scores: the entropy of their shares over that of equal shares.",
    source="soft",
    higher_is_better=None,
)
def entropy(given: SoftScores) -> Float64:
    """See :func:`rationale.agreement.soft.entropy`; float64 (L, D)."""
    return soft.entropy(given.scores, given.offsets)
