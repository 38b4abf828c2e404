"""Task metrics of classifiers: accuracy, macro F1, Matthews' correlation, confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rationale.arrays import Array, Int64
from rationale.metrics.statistics import bootstrap_intervals, number_or_none


def classification_metrics(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Accuracy, macro F1 over the classes that occur, and Matthews' correlation (0 with a single class).

    Args:
        gold: (n,), n at least 1.
        predicted: (n,), classes with the same names.
    """
    gold, predicted = np.asarray(gold), np.asarray(predicted)
    return {name: metric(gold, predicted) for name, metric in CLASS_METRIC_FUNCTIONS.items()}


def accuracy(gold: Array, predicted: Array) -> float:
    """The share of equal labels."""
    return float((gold == predicted).mean())


def macro_f1(gold: Array, predicted: Array) -> float:
    """The mean F1 of the classes that occur."""
    hits, gold_counts, predicted_counts = _counts(gold, predicted)
    return float((2.0 * hits / (gold_counts + predicted_counts)).mean())


def mcc(gold: Array, predicted: Array) -> float:
    """Matthews' correlation, 0 where the gold or the predicted labels have a single class."""
    hits, gold_counts, predicted_counts = _counts(gold, predicted)
    n = gold_counts.sum()
    covariance = hits.sum() * n - gold_counts @ predicted_counts
    variances = (n**2 - gold_counts @ gold_counts) * (n**2 - predicted_counts @ predicted_counts)
    return float(covariance / np.sqrt(variances)) if variances else 0.0


def _counts(gold: Array, predicted: Array) -> tuple[Array, Array, Array]:
    """For each class that occurs, float64 (C,): counts of correct predictions, gold and predicted labels."""
    confusion = _confusion(gold, predicted, np.union1d(gold, predicted)).astype(np.float64)
    return confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)


def _confusion(gold: Array, predicted: Array, classes: Array) -> Int64:
    """The confusion matrix of a sorted array of classes, int64 (C, C): a row a gold class."""
    rows, columns = np.searchsorted(classes, gold), np.searchsorted(classes, predicted)
    counts = np.bincount(rows * len(classes) + columns, minlength=len(classes) ** 2)
    return counts.reshape(len(classes), -1)


CLASS_METRIC_FUNCTIONS: Mapping[str, Callable[[Array, Array], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "mcc": mcc,
}


@dataclass(frozen=True, kw_only=True)
class Classification:
    """How often a classifier is right; of C classes.

    Attributes:
        accuracy: None where no gold label is known, as all metrics are.
        macro_f1: The mean F1 of the classes that occur.
        mcc: Matthews' correlation, 0 where there is but one class.
        low: Lower end of the accuracy's 95 % interval; None for fewer than two documents.
        high: Upper end.
        n: Documents whose gold label is known.
        labels: The classes: the model's, then gold labels that it does not know.
        confusion: C rows of C counts: a row a gold label, a column a predicted one.
    """

    accuracy: float | None
    macro_f1: float | None
    mcc: float | None
    low: float | None
    high: float | None
    n: int
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


def classification(
    gold: Sequence[str | None],
    predicted: Sequence[str | None],
    labels: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Classification:
    """Accuracy with its interval, macro F1, Matthews' correlation and the confusion matrix.

    Args:
        gold: The gold labels; documents with None, an unknown label, are left out.
        predicted: The predicted labels, as many; documents with None are left out.
        labels: The classes, in the model's order.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
        confidence: Of the interval.
    """
    known = [(g, p) for g, p in zip(gold, predicted, strict=True) if g is not None and p is not None]
    names = (*labels, *sorted({g for g, _ in known} - set(labels)))
    if not known:
        nothing = dict.fromkeys(("accuracy", "macro_f1", "mcc", "low", "high"))
        return Classification(**nothing, n=0, labels=names, confusion=((0,) * len(names),) * len(names))
    gold, predicted = map(list, zip(*known, strict=True))
    order = np.argsort(names)
    confusion = np.zeros((len(names), len(names)), dtype=np.int64)
    confusion[np.ix_(order, order)] = _confusion(np.asarray(gold), np.asarray(predicted), np.sort(names))
    right = np.array([g == p for g, p in known], dtype=np.float64)
    low, high = bootstrap_intervals(right[None, None], resamples=resamples, seed=seed, confidence=confidence)
    return Classification(
        **classification_metrics(gold, predicted),
        low=number_or_none(low[0]),
        high=number_or_none(high[0]),
        n=len(known),
        labels=names,
        confusion=tuple(map(tuple, confusion.tolist())),
    )
