"""Task metrics of regression: correlations and the root mean squared error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from rationale.arrays import Array


def regression_metrics(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Pearson's and Spearman's correlation, 0 where one side is constant, and the root mean squared error.

    Args:
        gold: float (n,), n at least 1.
        predicted: float (n,).
    """
    gold, predicted = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    return {
        **{name: metric(gold, predicted) for name, metric in NUMBER_METRIC_FUNCTIONS.items()},
        "rmse": float(np.sqrt(((gold - predicted) ** 2).mean())),
    }


def pearson(gold: Array, predicted: Array) -> float:
    """Pearson's correlation, 0 where one side is constant."""
    from scipy.stats import pearsonr  # a second that `rationale list` need not pay

    return float(pearsonr(gold, predicted).statistic) if _varied(gold, predicted) else 0.0


def spearman(gold: Array, predicted: Array) -> float:
    """Spearman's correlation, 0 where one side is constant."""
    from scipy.stats import spearmanr

    return float(spearmanr(gold, predicted).statistic) if _varied(gold, predicted) else 0.0


NUMBER_METRIC_FUNCTIONS: Mapping[str, Callable[[Array, Array], float]] = {
    "pearson": pearson,
    "spearman": spearman,
}


def _varied(gold: Array, predicted: Array) -> bool:
    return len(gold) > 1 and bool(gold.std() > 0 and predicted.std() > 0)
