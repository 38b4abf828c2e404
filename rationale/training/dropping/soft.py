"""Learning by degrees under one loss: the task's, and the system's penalty for what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from rationale.dropping.run import soft
from rationale.tokens.packing import Packed
from rationale.training.dropping.trainer import OwnPassTrainer
from rationale.training.task import mean_loss


class SoftTrainer(OwnPassTrainer):
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

    def loss(self, batch: Packed, labels: Tensor, total: Tensor | int) -> Tensor:
        """The task's loss over a soft run, and the penalty."""
        own = self.dropping
        logits, state = soft(own.encoder, own.system, batch, self._strength)
        task = mean_loss({"logits": logits}, labels, total, smoothing=self._smoothing)
        penalty = own.system.penalty(state)
        self._penalties.append(penalty.item())
        whole: Tensor = task + self._weight * penalty * (len(labels) / total)
        return whole

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the penalty and the mean threshold to what is logged."""
        if "loss" in logs and self._penalties:
            means = [t.detach().mean().item() for t in self.thresholds()]
            logs |= {"penalty": float(np.mean(self._penalties)), "threshold": float(np.mean(means))}
            self._penalties.clear()
        super().log(logs, start_time)
