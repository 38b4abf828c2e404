"""What a model learns to say: one of several classes or, where it has one logit, a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from rationale.metrics.classification import classification_metrics
from rationale.metrics.regression import regression_metrics

NUMBER = ("value",)
"""The names of a regression's outputs."""


def losses(logits: Tensor, wanted: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """What each of B answers loses, (B,), in float32 or wider: cross entropy, or the squared error.

    Args:
        logits: (B, C); with C = 1 it is a number; (B, n, 2) for an answer's first and last token.
        wanted: Classes, int64 (B,), or a teacher's probabilities, float (B, C); numbers, float (B,); tokens,
            int64 (B, 2), or a teacher's probabilities, float (B, n, 2).
        smoothing: Probability mass taken from the right class and spread over all.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if logits.dim() == 3:  # over tokens, for the first and the last of an answer
        each = functional.cross_entropy(logits, wanted, reduction="none", label_smoothing=smoothing)
        return each.mean(dim=-1)
    if logits.shape[-1] == 1:
        return (logits[:, 0] - wanted.view(-1).to(logits.dtype)).square()
    return functional.cross_entropy(logits, wanted, reduction="none", label_smoothing=smoothing)


def soft_targets(logits: Tensor) -> Tensor:
    """What a teacher's logits (B, C) tell a student, for :func:`losses`: its probabilities, or its number."""
    if logits.dim() == 3:
        return logits.float().softmax(dim=1)
    return logits if logits.shape[-1] == 1 else logits.float().softmax(dim=-1)


def task_metrics(gold: npt.ArrayLike, logits: npt.ArrayLike) -> dict[str, float]:
    """Metrics of logits (D, C): :func:`classification_metrics`, or with C = 1 :func:`regression_metrics`."""
    logits = np.asarray(logits)
    if logits.shape[-1] == 1:
        return regression_metrics(gold, logits[:, 0])
    return classification_metrics(gold, logits.argmax(axis=-1))


def qa_logits(outputs: Any) -> Tensor:
    """(B, n, 2), from an answering model's ``start_logits`` and ``end_logits``, (B, n) each."""
    return torch.stack([outputs["start_logits"], outputs["end_logits"]], dim=-1)


def mean_loss(
    outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None, *, smoothing: float = 0.0
) -> Tensor:
    """:func:`losses`, the mean over all documents of an optimizer step, shape ().

    Args:
        outputs: The model's, with ``logits`` (B, C), or those of :func:`qa_logits`.
        labels: (B,) or (B, 2).
        num_items_in_batch: Documents in all batches of the step; None for this batch alone.
        smoothing: As for :func:`losses`.
    """
    logits = outputs["logits"] if "logits" in outputs else qa_logits(outputs)
    total = losses(logits, labels, smoothing=smoothing).sum()
    return total / (len(labels) if num_items_in_batch is None else num_items_in_batch)
