"""Learning by degrees under one loss: the task's, and the system's penalty for what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from rationale.dropping.model import packed
from rationale.dropping.run import soft
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.task import mean_loss


class SoftTrainer(DroppingTrainer):
    """Minimises task + weight x penalty over soft runs; the dev documents are run hard.

    Args:
        strength: How close to hard the soft rule is.
        weight: Of the penalty.
        smoothing: Probability mass spread evenly over all labels.
        **settings: What :class:`DroppingTrainer` takes.
    """

    def __init__(self, *, strength: float, weight: float, smoothing: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._strength, self._weight, self._smoothing = strength, weight, smoothing
        self._penalties: list[float] = []

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """One batch forward and backward; returns the loss, shape ()."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.average_over_processes()
        return loss

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The soft run's loss while training; the plain one of a hard run otherwise."""
        if not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        own, labels = self.dropping, inputs["labels"]
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        logits, state = soft(own.encoder, own.system, batch, self._strength)
        task = mean_loss({"logits": logits}, labels, num_items_in_batch, smoothing=self._smoothing)
        penalty = own.system.penalty(state)
        self._penalties.append(penalty.item())
        share = 1 if num_items_in_batch is None else len(labels) / num_items_in_batch
        return task + self._weight * penalty * share

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the penalty and the mean threshold to what is logged."""
        if "loss" in logs and self._penalties:
            means = [t.detach().mean().item() for t in self.thresholds()]
            logs |= {"penalty": float(np.mean(self._penalties)), "threshold": float(np.mean(means))}
            self._penalties.clear()
        super().log(logs, start_time)
