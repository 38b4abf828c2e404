"""Whether a fine-tuned model is better than chance on dev documents."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from scipy.stats import norm

from rationale.metrics.chance import ALPHA, p_above
from rationale.metrics.names import QA_METRICS
from rationale.training.record import Figures

ENOUGH = 30
"""Minimum number of dev documents to stop a training: of 10, 8 correct would not be above chance."""

_ASSOCIATIONS = {"macro_f1": "mcc", "mcc": "mcc", "pearson": "pearson", "spearman": "spearman"}


def warn_at_chance(best: Figures, labels: Sequence[Any], metric: str) -> str | None:
    """Returns a warning where dev gives no evidence (one-sided test, 5 %) that a model is better than chance.

    Accuracy is compared with the share of the most frequent label (binomial test). A model chosen by macro
    F1 or MCC may be better than chance with a lower accuracy: there, and in regression, chance is a
    correlation of 0 (sqrt(n) times the correlation is about standard normal).

    Args:
        best: The dev metrics of the chosen epoch, from ``training.json``.
        labels: Labels of the n dev documents.
        metric: The metric that the epoch was chosen by.

    Returns:
        A clause with metric, chance, n and p; None where the model is better than chance, where n is too
        small to show it, or where chance is unknown (no dev documents, question answering).

    >>> warn_at_chance({"dev_accuracy": 0.5}, [0] * 61 + [1] * 59, "accuracy")
    'dev accuracy 0.500 is not above the majority class, 0.508 (n = 120, one-sided binomial p = .61)'
    >>> warn_at_chance({"dev_accuracy": 0.9}, [0] * 61 + [1] * 59, "accuracy")
    """
    n, name = len(labels), _ASSOCIATIONS.get(metric, metric)
    if f"dev_{name}" not in best or metric in QA_METRICS or not n:
        return None
    value = best[f"dev_{name}"]
    if name == "accuracy":
        share = max(Counter(labels).values()) / n
        p, best_p = (p_above(k, n, share) for k in (round(value * n), n))
        chance, test = f"the majority class, {share:.3f}", "binomial "
    else:
        p, best_p = (float(norm.sf(math.sqrt(n) * correlation)) for correlation in (value, 1.0))
        chance, test = "0", ""
    if p < ALPHA or best_p >= ALPHA:
        return None
    test_result = f"n = {n}, one-sided {test}p = {p:.2f}".replace("p = 0.", "p = .")
    return f"dev {name.replace('_', ' ')} {value:.3f} is not above {chance} ({test_result})"
