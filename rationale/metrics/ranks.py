"""Rank correlation of many rows at once."""

from __future__ import annotations

import numpy as np

from rationale.arrays import Float64


def spearman(first: Float64, second: Float64) -> Float64:
    """Spearman's correlation along the last axis; ties have their mean rank; NaN where one side is constant.

    Args:
        first: float64 (..., D).
        second: float64 (..., D).

    Returns:
        float64 (...,): ``scipy.stats.spearmanr`` of each pair of rows, for many resamples at once.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(side, axis=-1) for side in (first, second)]
    a, b = (side - side.mean(axis=-1, keepdims=True) for side in ranks)
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        rho: Float64 = np.where(scale > 0, (a * b).sum(axis=-1) / scale, np.nan)
    return rho
