"""How often the classifier that is explained is right at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rationale.agreement.evaluate import Measured, Settings
from rationale.agreement.statistics import bootstrap_intervals, number_or_none


def classification(measured: Measured, labels: Sequence[str], settings: Settings) -> dict[str, Any]:
    """Accuracy with its interval, macro F1 and the confusion matrix, over the pairs with a known label.

    Args:
        measured: Gold and predicted labels.
        labels: The classes, in the model's order.
        settings: Of the bootstrap.

    Returns:
        ``accuracy``, ``low``, ``high``, ``macro_f1`` (over the classes that occur; None where no label is
        known), ``n``, ``labels`` (the model's, then gold labels it does not know) and ``confusion`` (a row a
        gold label, a column a predicted one).
    """
    from sklearn.metrics import confusion_matrix, f1_score  # two seconds that `rationale list` need not pay

    known = [(g, p) for g, p in zip(measured.gold, measured.predicted, strict=True) if g is not None]
    names = [*labels, *sorted({g for g, _ in known} - set(labels))]
    out: dict[str, Any] = {"accuracy": None, "low": None, "high": None, "macro_f1": None, "n": len(known)}
    if not known:
        return {**out, "labels": names, "confusion": [[0] * len(names) for _ in names]}
    gold, predicted = zip(*known, strict=True)
    right = np.array([g == p for g, p in known], dtype=np.float64)
    low, high = bootstrap_intervals(
        right[None, None], resamples=settings.resamples, seed=settings.seed, confidence=settings.confidence
    )
    return {
        "accuracy": float(right.mean()),
        "low": number_or_none(low[0]),
        "high": number_or_none(high[0]),
        "macro_f1": float(f1_score(gold, predicted, average="macro", zero_division=0.0)),
        "n": len(known),
        "labels": names,
        "confusion": confusion_matrix(gold, predicted, labels=names).tolist(),
    }
