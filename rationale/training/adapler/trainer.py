"""Phase 3 on the Hugging Face Trainer: two gradients a step, thresholds kept in range, dev run hard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EvalPrediction, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rationale.dropping.adapler import AdapLeR
from rationale.dropping.flops import Costs, speedup
from rationale.dropping.model import DroppingForSequenceClassification, packed
from rationale.training.adapler.importance import FloatArray
from rationale.training.adapler.objectives import Losses, accumulate, losses, strength
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.trainer import ClassifierTrainer, dev_metrics, finite_loss

_MARGIN = 0.01  # of the dev figure, that may be lost for speed


class AdapLeRTrainer(ClassifierTrainer):
    """Trains a :class:`DroppingForSequenceClassification` of AdapLeR.

    Args:
        importance: The stored map of each training document, float32 (n,), in the order of ``keys``.
        adapler: Gamma, phi and the thresholds' learning rate.
        **settings: What :class:`ClassifierTrainer` takes.
    """

    def __init__(self, *, importance: Sequence[FloatArray], adapler: AdapLeROptions, **settings: Any) -> None:
        super().__init__(**settings)
        self._importance, self._options = importance, adapler
        self._parts: list[tuple[float, float]] = []
        self.system.theta.requires_grad_(adapler.learn_theta)
        self.system.theta_dummy.requires_grad_(adapler.learn_theta)

    @property
    def system(self) -> AdapLeR:
        """The parameters that are AdapLeR's own."""
        model: Any = self.accelerator.unwrap_model(self.model)
        system: AdapLeR = model.system
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
            found, self.system, self._weights(), gamma=self._options.gamma, phi=self._options.phi, share=share
        )
        self._average_over_processes()
        self._parts.append((found.predictors.item(), found.length.item()))
        return loss * share

    def _losses(self, inputs: dict[str, Any], importance: FloatArray) -> Losses:
        inputs = self._prepare_inputs(inputs)
        own: Any = self.accelerator.unwrap_model(self.model)
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        last = int(self.args.num_train_epochs) - 1
        epoch = last if self._options.removal == "steep" else min(int(self.state.epoch or 0), last)
        lam, smoothing = strength(epoch, last + 1), self._options.label_smoothing
        wanted = torch.from_numpy(importance).to(batch.ids.device)
        with self.compute_loss_context_manager():
            return losses(own.encoder, own.system, batch, inputs["labels"], wanted, lam, smoothing=smoothing)

    def _thresholds(self) -> list[nn.Parameter]:
        return [p for p in (self.system.eta, self.system.theta) if p.requires_grad]

    def _weights(self) -> list[Tensor]:
        thresholds = {id(p) for p in self._thresholds()}
        return [p for p in self.model.parameters() if p.requires_grad and id(p) not in thresholds]  # type: ignore[union-attr]

    def _average_over_processes(self) -> None:
        """What DDP's hooks do for a plain backward, which this is not."""
        if self.args.world_size > 1 and self.accelerator.sync_gradients:
            for parameter in self.model.parameters():  # type: ignore[union-attr]
                if parameter.grad is not None:
                    parameter.grad = self.accelerator.reduce(parameter.grad, reduction="mean")

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW over the weights; predictors and thresholds at their own rates, thresholds without decay."""
        optimizer = super().create_optimizer(model)
        predictors, thresholds = set(self.system.predictors.parameters()), self._thresholds()
        for group in list(optimizer.param_groups):
            own = [p for p in group["params"] if p in predictors]
            group["params"] = [p for p in group["params"] if p not in predictors.union(thresholds)]
            rate = self._options.predictor_rate or group["lr"]
            optimizer.add_param_group({**group, "params": own, "lr": rate})
        rate = threshold_rate(self._options, self.state.max_steps or self.args.max_steps)
        optimizer.add_param_group({"params": thresholds, "lr": rate, "weight_decay": 0.0})
        return optimizer

    def _clip_grad_norm(self, model: nn.Module) -> Tensor:
        """Each objective's parameters are clipped to norm 1 on their own."""
        nn.utils.clip_grad_norm_(self._thresholds(), 1.0)
        return nn.utils.clip_grad_norm_(self._weights(), 1.0)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the predictors' loss, the expected length and lambda to what is logged."""
        if "loss" in logs and self._parts:
            kl, length = np.mean(self._parts, axis=0)
            logs |= {"predictor_loss": float(kl), "expected_length": float(length)}
            logs["eta"] = self.system.eta.mean().item()
            self._parts.clear()
        super().log(logs, start_time)


class Clamp(TrainerCallback):
    """Brings eta and theta back into their ranges after every step."""

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: DroppingForSequenceClassification | None = None,
        **_: Any,
    ) -> None:
        """Clamps."""
        if model is not None:
            model.system.clamp()  # type: ignore[operator]


def threshold_rate(options: AdapLeROptions, steps: int) -> float:
    """The learning rate of eta and theta for a run of so many steps.

    >>> threshold_rate(AdapLeROptions(), 18750), threshold_rate(AdapLeROptions(), 500)
    (0.0005, 0.004)
    """
    return options.threshold_rate or min(max(2 / max(steps, 1), 5e-4), 1e-2)


def dropping_metrics(
    costs: Costs, best: float | None, metric: str
) -> Callable[[EvalPrediction], dict[str, float]]:
    """Dev figures of a hard run: a classifier's, FLOPs speedup, and what the epoch is chosen by.

    Args:
        costs: Of the model with its system.
        best: Phase 1's best figure, if there was a dev set. Epochs within a point of it are ranked by
            speedup and come before all others, which are ranked by the figure.
        metric: Which figure that is.
    """

    def compute(prediction: EvalPrediction) -> dict[str, float]:
        outputs: Any = prediction.predictions
        logits, alive = outputs
        figures = dev_metrics(EvalPrediction(logits, prediction.label_ids), metric)
        alive = np.asarray(alive, np.int64).T
        plain = costs.plain(alive[0], len(alive) - 1)
        ratio = speedup(plain, costs.dropped(alive[1:], alive[0]))
        within = figures[metric] >= (best or 0.0) - _MARGIN - 1e-9
        return {**figures, "speedup": ratio, "choice": 1 + ratio if within else figures["choice"] / 2}

    return compute
