"""One figure of a model's predictions by name, its interval, and its paired difference from another model."""

from __future__ import annotations

from collections.abc import Callable

from rationale.arrays import Array
from rationale.metrics.classification import CLASS_METRIC_FUNCTIONS
from rationale.metrics.names import NUMBER_METRICS
from rationale.metrics.regression import NUMBER_METRIC_FUNCTIONS

POINT = 0.01
"""What the papers let a faster model lose of a figure."""

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
"""What a reader calls them."""


def task_metric(name: str, gold: Array, said: Array) -> float:
    """One of :data:`CLASS_METRICS` over labels (n,), or one of :data:`NUMBER_METRICS` over numbers (n,)."""
    return (NUMBER_METRIC_FUNCTIONS if name in NUMBER_METRICS else CLASS_METRIC_FUNCTIONS)[name](gold, said)


def interval(
    name: str, gold: Array, said: Array, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of :func:`task_metric` over the documents."""
    return _bootstrap((gold, said), lambda g, s: task_metric(name, g, s), resamples, seed)


def paired_difference(
    name: str, gold: Array, said: Array, other: Array, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """By how much ``said`` beats ``other``, and the ends of its interval: both see equal resamples."""

    def gap(g: Array, s: Array, o: Array) -> float:
        return task_metric(name, g, s) - task_metric(name, g, o)

    return gap(gold, said, other), *_bootstrap((gold, said, other), gap, resamples, seed)


def _bootstrap(
    data: tuple[Array, ...], statistic: Callable[..., float], resamples: int, seed: int
) -> tuple[float, float]:
    from scipy.stats import bootstrap  # a second that `rationale list` need not pay

    if len(data[0]) < 2:
        whole = statistic(*data)
        return whole, whole
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
