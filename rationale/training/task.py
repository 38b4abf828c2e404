"""Losses and metrics of the tasks: classification, regression (one logit) and question answering."""

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
"""The names of the outputs of a regression model."""


def losses(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """The loss of each input, (B,), in float32 or wider: cross-entropy, or the squared error in regression.

    Args:
        logits: (B, C), with C = 1 in regression; (B, n, 2) for the first and last token of an answer.
        targets: Classes, int64 (B,), or probabilities of a teacher, float (B, C); numbers, float (B,);
            tokens, int64 (B, 2), or probabilities of a teacher, float (B, n, 2).
        smoothing: Label smoothing: probability mass moved from the gold class to all classes evenly.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if logits.dim() == 3:  # question answering: classes are tokens
        token_losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
        return token_losses.mean(dim=-1)
    if logits.shape[-1] == 1:
        return (logits[:, 0] - targets.view(-1).to(logits.dtype)).square()
    return functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def soft_targets(logits: Tensor) -> Tensor:
    """The targets for a student from a teacher's logits (B, C): probabilities, or numbers in regression."""
    if logits.dim() == 3:
        return logits.float().softmax(dim=1)
    return logits if logits.shape[-1] == 1 else logits.float().softmax(dim=-1)


def task_metrics(gold: npt.ArrayLike, logits: npt.ArrayLike) -> dict[str, float]:
    """Computes metrics of logits (D, C): classification, or regression with C = 1."""
    logits = np.asarray(logits)
    if logits.shape[-1] == 1:
        return regression_metrics(gold, logits[:, 0])
    return classification_metrics(gold, logits.argmax(axis=-1))


def qa_logits(outputs: Any) -> Tensor:
    """Stacks ``start_logits`` and ``end_logits``, (B, n) each, to (B, n, 2)."""
    return torch.stack([outputs["start_logits"], outputs["end_logits"]], dim=-1)


def mean_loss(
    outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None, *, smoothing: float = 0.0
) -> Tensor:
    """The mean of :func:`losses` over all documents of an optimizer step, shape ().

    Args:
        outputs: Outputs of the model: ``logits`` (B, C), or those of question answering.
        labels: (B,) or (B, 2).
        num_items_in_batch: Number of documents in all batches of the step; None for this batch alone.
        smoothing: As for :func:`losses`.
    """
    logits = outputs["logits"] if "logits" in outputs else qa_logits(outputs)
    total = losses(logits, labels, smoothing=smoothing).sum()
    return total / (len(labels) if num_items_in_batch is None else num_items_in_batch)
