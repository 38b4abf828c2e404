"""How near a model that predicts a number comes to the numbers humans gave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def correlations(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Pearson's and Spearman's correlation, 0 where one side is constant, and the root mean squared error.

    Args:
        gold: float (n,), n at least 1.
        predicted: float (n,).
    """
    from scipy.stats import pearsonr, spearmanr  # a second that `rationale list` need not pay

    gold, predicted = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    varied = len(gold) > 1 and gold.std() > 0 and predicted.std() > 0
    return {
        "pearson": float(pearsonr(gold, predicted).statistic) if varied else 0.0,
        "spearman": float(spearmanr(gold, predicted).statistic) if varied else 0.0,
        "rmse": float(np.sqrt(((gold - predicted) ** 2).mean())),
    }
