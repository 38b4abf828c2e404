"""Whether a fine-tuned model knows anything: its dev figures against those of a model that knows nothing."""

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
"""Dev documents from which on a training may be stopped: with 10, 8 right of 10 would not be above chance."""

_ASSOCIATIONS = {"macro_f1": "mcc", "mcc": "mcc", "pearson": "pearson", "spearman": "spearman"}


def warn_at_chance(best: Figures, labels: Sequence[Any], metric: str) -> str | None:
    """Says so where dev gives no evidence (one-sided test, 5 %) that a model is better than chance.

    Accuracy is held against the share of the most frequent label (binomial). A model chosen by macro F1 or
    MCC may be less accurate than that and know something: there, as where it says numbers, chance is a
    correlation of 0 (sqrt(n) times it is about standard normal).

    Args:
        best: The dev figures of the chosen epoch, as ``training.json`` has them.
        labels: Of the dev documents, n.
        metric: What the epoch was chosen by.

    Returns:
        A clause with figure, chance, n and p; None where the model is better than chance, where so few
        documents could not show it, or where nothing is known of chance (no dev set, answers).

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
        p, least = (p_above(k, n, share) for k in (round(value * n), n))
        against, test = f"the majority class, {share:.3f}", "binomial "
    else:
        p, least = (float(norm.sf(math.sqrt(n) * one)) for one in (value, 1.0))
        against, test = "0", ""
    if p < ALPHA or least >= ALPHA:
        return None
    about = f"n = {n}, one-sided {test}p = {p:.2f}".replace("p = 0.", "p = .")
    return f"dev {name.replace('_', ' ')} {value:.3f} is not above {against} ({about})"
