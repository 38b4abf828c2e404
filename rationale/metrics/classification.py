"""How often the classifier that is explained is right at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rationale.metrics.statistics import bootstrap_intervals, number_or_none

Array = npt.NDArray[Any]


def figures(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Accuracy, macro F1 over the classes that occur, and Matthews' correlation (0 where there is but one).

    Args:
        gold: (n,), n at least 1.
        predicted: (n,), classes named alike.
    """
    gold, predicted = np.asarray(gold), np.asarray(predicted)
    return {name: one(gold, predicted) for name, one in LABEL_FIGURES.items()}


def accuracy(gold: Array, predicted: Array) -> float:
    """The share of equal labels."""
    return float((gold == predicted).mean())


def macro_f1(gold: Array, predicted: Array) -> float:
    """The mean F1 of the classes that occur."""
    from sklearn.metrics import f1_score  # two seconds that `rationale list` need not pay

    return float(f1_score(gold, predicted, average="macro", zero_division=0.0))


def mcc(gold: Array, predicted: Array) -> float:
    """Matthews' correlation, 0 where there is but one class."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(gold, predicted)) if len(np.union1d(gold, predicted)) > 1 else 0.0


LABEL_FIGURES: Mapping[str, Callable[[Array, Array], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "mcc": mcc,
}


def classification(
    gold: Sequence[str | None],
    predicted: Sequence[str],
    labels: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Accuracy with its interval, macro F1, Matthews' correlation and the confusion matrix.

    Args:
        gold: A label each, or None where it is not known: left out.
        predicted: As many.
        labels: The classes, in the model's order.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
        confidence: Of the interval.

    Returns:
        ``accuracy``, ``low``, ``high``, ``macro_f1`` (over the classes that occur) and ``mcc`` (0 where there
        is but one): all None where no label is known; ``n``; ``labels`` (the model's, then gold labels it
        does not know) and ``confusion`` (a row a gold label, a column a predicted one).
    """
    from sklearn.metrics import confusion_matrix

    known = [(g, p) for g, p in zip(gold, predicted, strict=True) if g is not None]
    names = [*labels, *sorted({g for g, _ in known} - set(labels))]
    if not known:
        nothing = dict.fromkeys(("accuracy", "low", "high", "macro_f1", "mcc"))
        return {**nothing, "n": 0, "labels": names, "confusion": [[0] * len(names) for _ in names]}
    gold, predicted = map(list, zip(*known, strict=True))
    right = np.array([g == p for g, p in known], dtype=np.float64)
    low, high = bootstrap_intervals(right[None, None], resamples=resamples, seed=seed, confidence=confidence)
    return {
        **figures(gold, predicted),
        "low": number_or_none(low[0]),
        "high": number_or_none(high[0]),
        "n": len(known),
        "labels": names,
        "confusion": confusion_matrix(gold, predicted, labels=names).tolist(),
    }
