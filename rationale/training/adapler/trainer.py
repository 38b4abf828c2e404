"""Phase 3 on the Hugging Face Trainer: two gradients a step, thresholds kept in range, dev run hard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rationale.arrays import Float32
from rationale.dropping.adapler import AdapLeR
from rationale.dropping.model import packed
from rationale.training.adapler.objectives import Losses, Wanted, accumulate, soft_losses, strength
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.trainer import finite_loss


class AdapLeRTrainer(DroppingTrainer):
    """Trains a :class:`DroppingModel` of AdapLeR.

    Args:
        importance: The stored map of each training document, float32 (n,), in the order of ``keys``.
        adapler: Gamma, phi and the thresholds' learning rate.
        **settings: What :class:`ClassifierTrainer` takes.
    """

    def __init__(self, *, importance: Sequence[Float32], adapler: AdapLeROptions, **settings: Any) -> None:
        super().__init__(threshold_rate=partial(threshold_rate, adapler), **settings)
        self._importance, self._options = importance, adapler
        self._parts: list[tuple[float, float]] = []
        self.system.theta.requires_grad_(adapler.learn_theta)
        self.system.theta_dummy.requires_grad_(adapler.learn_theta)

    @property
    def system(self) -> AdapLeR:
        """The parameters that are AdapLeR's own."""
        system: AdapLeR = self.dropping.system
        return system

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Adds both objectives' gradients; returns CE + gamma KL, shape ().

        Raises:
            ModelError: Where a loss is NaN or infinite, before anything takes a step.
        """
        model.train()
        positions = inputs.pop("position").tolist()
        found = self._losses(inputs, np.concatenate([self._importance[p] for p in positions]))
        loss = (found.classification + self._options.gamma * found.predictors).detach()
        finite_loss(loss + found.length.detach(), self.state, [self._keys[p] for p in positions])
        share = 1 / self.current_gradient_accumulation_steps
        accumulate(
            found,
            self.system,
            self.weights(),
            gamma=self._options.gamma,
            phi=self._options.phi,
            wanted=self._wanted(inputs["attention_mask"]),
            share=share,
        )
        self.average_over_processes()
        self._parts.append((found.predictors.item(), found.length.item()))
        return loss * share

    def _wanted(self, mask: Tensor) -> Wanted | None:
        """The expected length to aim at for a batch, (B, n): a plain model's by the wanted speedup.

        Nearly all operations of a layer are linear in its tokens, so lengths stand for operations.
        """
        if self._options.target_speedup is None:
            return None
        tokens = mask.sum().item() / len(mask)
        return Wanted(self.system.layers * tokens / self._options.target_speedup, tokens)

    def _losses(self, inputs: dict[str, Any], importance: Float32) -> Losses:
        inputs = self._prepare_inputs(inputs)
        own = self.dropping
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        last = int(self.args.num_train_epochs) - 1
        epoch = last if self._options.removal == "steep" else min(int(self.state.epoch or 0), last)
        lambda_, smoothing = strength(epoch, last + 1), self._options.label_smoothing
        wanted = torch.from_numpy(importance).to(batch.ids.device)
        with self.compute_loss_context_manager():
            return soft_losses(
                own.encoder, own.system, batch, inputs["labels"], wanted, lambda_, smoothing=smoothing
            )

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW over the weights; predictors and thresholds at their own rates."""
        optimizer = super().create_optimizer(model)
        predictors = set(self.system.predictors.parameters())
        for group in list(optimizer.param_groups):
            own = [p for p in group["params"] if p in predictors]
            group["params"] = [p for p in group["params"] if p not in predictors]
            rate = self._options.predictor_rate or group["lr"]
            optimizer.add_param_group({**group, "params": own, "lr": rate})
        return optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the predictors' loss, the expected length and lambda to what is logged."""
        if "loss" in logs and self._parts:
            kl, length = np.mean(self._parts, axis=0)
            logs |= {"predictor_loss": float(kl), "expected_length": float(length)}
            logs["eta"] = self.system.eta.mean().item()
            self._parts.clear()
        super().log(logs, start_time)


def threshold_rate(options: AdapLeROptions, steps: int) -> float:
    """The learning rate of eta and theta for a run of so many steps.

    >>> threshold_rate(AdapLeROptions(), 18750), threshold_rate(AdapLeROptions(), 500)
    (0.0005, 0.004)
    """
    return options.threshold_rate or min(max(2 / max(steps, 1), 5e-4), 1e-2)
