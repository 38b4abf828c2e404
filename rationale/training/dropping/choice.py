"""Which epoch of a model that drops tokens is kept: the papers' rule."""

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

_NEAR = 0.9  # of the speedup asked for


def within_a_point(figure: float, best: float | None) -> bool:
    """Whether a dev figure loses at most a point of the plain fine-tuning's best, if there was a dev set."""
    return figure >= (best or 0.0) - POINT - 1e-9


def dropping_metrics(
    costs: Costs, best: float | None, metric: str, rows: Encoded, *, target: float | None = None
) -> Callable[[EvalPrediction], dict[str, float]]:
    """Dev figures of a hard run: a classifier's, FLOPs speedup, and what the epoch is chosen by.

    Args:
        costs: Of the model with its system.
        best: The plain fine-tuning's best figure, if there was a dev set. Epochs within a point of it are
            ranked by speedup and come before all others, which are ranked by the figure.
        metric: Which figure that is.
        rows: The dev documents.
        target: The speedup that was asked for, if one was. Epochs within a tenth of it or above come before
            all others and are ranked by the figure; the others are ranked by speedup.
    """

    def choice(figures: Mapping[str, float], ratio: float) -> float:
        if target is not None:
            return 2 + figures["choice"] if ratio >= _NEAR * target else ratio / target
        return 1 + ratio if within_a_point(figures[metric], best) else figures["choice"] / 2

    def compute(prediction: EvalPrediction) -> dict[str, float]:
        outputs: Any = prediction.predictions
        *logits, tokens_kept = outputs
        said = logits[0] if len(logits) == 1 else tuple(logits)
        figures = dev_metrics(EvalPrediction(said, prediction.label_ids), metric, rows)
        tokens_kept = np.asarray(tokens_kept, np.int64).T
        plain = costs.plain(tokens_kept[0], len(tokens_kept) - 1)
        ratio = speedup(plain, costs.dropped(tokens_kept[1:], tokens_kept[0]))
        if len(tokens_kept) > 1 and tokens_kept[-1].max() <= 1:
            log.warning(
                "nothing but [CLS] is left of any dev document in the last layer: too much is dropped"
            )
        return {**figures, "speedup": ratio, "choice": choice(figures, ratio)}

    return compute
