"""Phase 3 on the Hugging Face Trainer: two gradients per step, clamped thresholds, hard runs on dev."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rationale.arrays import Float32
from rationale.dropping.adapler import AdapLeR
from rationale.dropping.inputs import packed
from rationale.training.adapler.objectives import LengthTarget, Losses, accumulate, soft_losses, strength
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.trainer import finite_loss


class AdapLeRTrainer(DroppingTrainer):
    """Trains a :class:`DroppingModel` of AdapLeR.

    Args:
        importance: The stored map of each training document, float32 (n,), in the order of ``keys``.
        adapler: Options: gamma, phi and the learning rate of thresholds.
        **settings: Arguments of :class:`ClassifierTrainer`.
    """

    def __init__(self, *, importance: Sequence[Float32], adapler: AdapLeROptions, **settings: Any) -> None:
        super().__init__(threshold_rate=partial(threshold_rate, adapler), **settings)
        self._importance, self._options = importance, adapler
        self._logged: list[tuple[float, float]] = []
        self.system.theta.requires_grad_(adapler.learn_theta)
        self.system.theta_dummy.requires_grad_(adapler.learn_theta)

    @property
    def system(self) -> AdapLeR:
        """The policy of the model."""
        system: AdapLeR = self.dropping.system
        return system

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Adds the gradients of both objectives; returns CE + gamma KL, shape ().

        Raises:
            ModelError: Where a loss is NaN or infinite, before any parameter takes a step.
        """
        model.train()
        positions = inputs.pop("position").tolist()
        batch_losses = self._losses(inputs, np.concatenate([self._importance[p] for p in positions]))
        loss = (batch_losses.classification + self._options.gamma * batch_losses.predictors).detach()
        finite_loss(loss + batch_losses.length.detach(), self.state, [self._keys[p] for p in positions])
        share = 1 / self.current_gradient_accumulation_steps
        accumulate(
            batch_losses,
            self.system,
            self.weights(),
            gamma=self._options.gamma,
            phi=self._options.phi,
            length_target=self._length_target(inputs["attention_mask"]),
            share=share,
        )
        self.average_over_processes()
        self._logged.append((batch_losses.predictors.item(), batch_losses.length.item()))
        return loss * share

    def _length_target(self, mask: Tensor) -> LengthTarget | None:
        """The target length of a batch with ``mask`` (B, n): that of a plain model over the target speedup.

        Nearly all FLOPs of a layer are linear in its tokens, so the length approximates the FLOPs.
        """
        if self._options.target_speedup is None:
            return None
        tokens = mask.sum().item() / len(mask)
        return LengthTarget(self.system.layers * tokens / self._options.target_speedup, tokens)

    def _losses(self, inputs: dict[str, Any], importance: Float32) -> Losses:
        inputs = self._prepare_inputs(inputs)
        model = self.dropping
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        last = int(self.args.num_train_epochs) - 1
        epoch = last if self._options.removal == "steep" else min(int(self.state.epoch or 0), last)
        lambda_, smoothing = strength(epoch, last + 1), self._options.label_smoothing
        saliency = torch.from_numpy(importance).to(batch.ids.device)
        with self.compute_loss_context_manager():
            return soft_losses(
                model.encoder, model.system, batch, inputs["labels"], saliency, lambda_, smoothing=smoothing
            )

    def create_optimizer(self, model: Any = None) -> Any:
        """Creates AdamW; predictors and thresholds have learning rates of their own."""
        optimizer = super().create_optimizer(model)
        predictors = set(self.system.predictors.parameters())
        for group in list(optimizer.param_groups):
            predictor_weights = [p for p in group["params"] if p in predictors]
            group["params"] = [p for p in group["params"] if p not in predictors]
            rate = self._options.predictor_rate or group["lr"]
            optimizer.add_param_group({**group, "params": predictor_weights, "lr": rate})
        return optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs the loss of the predictors, the expected length and the mean eta too."""
        if "loss" in logs and self._logged:
            kl, length = np.mean(self._logged, axis=0)
            logs |= {"predictor_loss": float(kl), "expected_length": float(length)}
            logs["eta"] = self.system.eta.mean().item()
            self._logged.clear()
        super().log(logs, start_time)


def threshold_rate(options: AdapLeROptions, steps: int) -> float:
    """The learning rate of eta and theta in a run of ``steps``.

    >>> threshold_rate(AdapLeROptions(), 18750), threshold_rate(AdapLeROptions(), 500)
    (0.0005, 0.004)
    """
    return options.threshold_rate or min(max(2 / max(steps, 1), 5e-4), 1e-2)
