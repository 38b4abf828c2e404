"""Training with soft pruning under one loss: that of the task, and a penalty on kept tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from rationale.dropping.run import soft
from rationale.tokens.packing import Packed
from rationale.training.dropping.trainer import PackedPassTrainer
from rationale.training.task import mean_loss


class SoftTrainer(PackedPassTrainer):
    """Minimises task + weight x penalty over soft runs; the dev documents are run hard.

    Args:
        strength: Steepness of the soft rule; larger is closer to hard.
        weight: Weight of the penalty.
        smoothing: Label smoothing.
        **settings: Arguments of :class:`DroppingTrainer`.
    """

    def __init__(self, *, strength: float, weight: float, smoothing: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._strength, self._weight, self._smoothing = strength, weight, smoothing
        self._penalties: list[float] = []

    def loss(self, batch: Packed, labels: Tensor, total: Tensor | int) -> Tensor:
        """The loss of the task in a soft run, plus the weighted penalty."""
        model = self.dropping
        logits, state = soft(model.encoder, model.system, batch, self._strength)
        task = mean_loss({"logits": logits}, labels, total, smoothing=self._smoothing)
        penalty = model.system.penalty(state)
        self._penalties.append(penalty.item())
        loss: Tensor = task + self._weight * penalty * (len(labels) / total)
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs the penalty and the mean threshold too."""
        if "loss" in logs and self._penalties:
            means = [t.detach().mean().item() for t in self.thresholds()]
            logs |= {"penalty": float(np.mean(self._penalties)), "threshold": float(np.mean(means))}
            self._penalties.clear()
        super().log(logs, start_time)
