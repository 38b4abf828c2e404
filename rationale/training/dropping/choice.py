"""The checkpoint selection of token-dropping models, as in the papers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from transformers import EvalPrediction

from rationale.dropping.flops import Costs, speedup
from rationale.metrics.task import POINT
from rationale.training.encoding import Encoded
from rationale.training.trainer import dev_metrics

log = logging.getLogger(__name__)

_NEAR = 0.9  # share of the target speedup that is close enough


def within_a_point(value: float, best: float | None) -> bool:
    """Whether a dev metric loses at most one point against the best of the plain fine-tuning, if any."""
    return value >= (best or 0.0) - POINT - 1e-9


def dropping_metrics(
    costs: Costs, best: float | None, metric: str, rows: Encoded, *, target: float | None = None
) -> Callable[[EvalPrediction], dict[str, float]]:
    """The dev metrics of a hard run: those of the task, the FLOPs speedup, and ``choice`` for the selection.

    Args:
        costs: FLOPs of the model with its policy.
        best: The best metric of the plain fine-tuning, if there were dev documents. Epochs within one point
            of it rank by speedup, before all others, which rank by the metric.
        metric: The name of that metric.
        rows: The dev documents.
        target: The target speedup, if any. Epochs that reach 90 % of it rank by the metric, before all
            others, which rank by speedup.
    """

    def choice(metrics: Mapping[str, float], ratio: float) -> float:
        if target is not None:
            return 2 + metrics["choice"] if ratio >= _NEAR * target else ratio / target
        return 1 + ratio if within_a_point(metrics[metric], best) else metrics["choice"] / 2

    def compute(prediction: EvalPrediction) -> dict[str, float]:
        outputs: Any = prediction.predictions
        *logits, tokens_kept = outputs
        predictions = logits[0] if len(logits) == 1 else tuple(logits)
        metrics = dev_metrics(EvalPrediction(predictions, prediction.label_ids), metric, rows)
        tokens_kept = np.asarray(tokens_kept, np.int64).T
        plain = costs.plain(tokens_kept[0], len(tokens_kept) - 1)
        ratio = speedup(plain, costs.dropped(tokens_kept[1:], tokens_kept[0]))
        if len(tokens_kept) > 1 and tokens_kept[-1].max() <= 1:
            log.warning(
                "only [CLS] is kept of every dev document in the last layer: too many tokens are dropped"
            )
        return {**metrics, "speedup": ratio, "choice": choice(metrics, ratio)}

    return compute
