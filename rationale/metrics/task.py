"""A task metric of a model's predictions by name, its interval, and its difference from another model's."""

from __future__ import annotations

from collections.abc import Callable

from rationale.arrays import Array
from rationale.metrics.classification import CLASS_METRIC_FUNCTIONS
from rationale.metrics.names import NUMBER_METRICS
from rationale.metrics.regression import NUMBER_METRIC_FUNCTIONS

POINT = 0.01
"""The loss of a metric that the papers accept from a faster model."""

TITLES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "mcc": "Matthews' correlation",
    "pearson": "Pearson's r",
    "spearman": "Spearman's rho",
    "f1": "F1",
    "exact_match": "Exact match",
    "HasAns_f1": "F1, answerable",
    "NoAns_f1": "F1, unanswerable",
}
"""Titles of the metrics for readers."""


def task_metric(name: str, gold: Array, predicted: Array) -> float:
    """One of :data:`CLASS_METRICS` over labels (n,), or one of :data:`NUMBER_METRICS` over numbers (n,)."""
    return (NUMBER_METRIC_FUNCTIONS if name in NUMBER_METRICS else CLASS_METRIC_FUNCTIONS)[name](
        gold, predicted
    )


def interval(
    name: str, gold: Array, predicted: Array, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of :func:`task_metric` over the documents."""
    return _bootstrap(
        (gold, predicted),
        lambda gold_sample, predicted_sample: task_metric(name, gold_sample, predicted_sample),
        resamples,
        seed,
    )


def paired_difference(
    name: str, gold: Array, predicted: Array, other: Array, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """The metric of ``predicted`` minus that of ``other``, with the ends of its paired bootstrap interval."""

    def gap(gold_sample: Array, sample: Array, other_sample: Array) -> float:
        return task_metric(name, gold_sample, sample) - task_metric(name, gold_sample, other_sample)

    return gap(gold, predicted, other), *_bootstrap((gold, predicted, other), gap, resamples, seed)


def _bootstrap(
    data: tuple[Array, ...], statistic: Callable[..., float], resamples: int, seed: int
) -> tuple[float, float]:
    from scipy.stats import bootstrap  # a second that `rationale list` need not pay

    if len(data[0]) < 2:
        value = statistic(*data)
        return value, value
    ends = bootstrap(
        data,
        statistic,
        paired=True,
        vectorized=False,
        n_resamples=resamples,
        method="percentile",
        rng=seed,
    ).confidence_interval
    return float(ends.low), float(ends.high)
