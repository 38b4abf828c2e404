"""The Trainers of token-dropping models: thresholds have a learning rate of their own and stay in range."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rationale.dropping.inputs import packed
from rationale.dropping.model import DroppingModel
from rationale.dropping.system import System
from rationale.tokens.packing import Packed
from rationale.training.trainer import ClassifierTrainer


class DroppingTrainer(ClassifierTrainer):
    """Trains a :class:`DroppingModel`.

    Args:
        threshold_rate: Peak learning rate of the thresholds as a function of the number of steps.
        **settings: Arguments of :class:`ClassifierTrainer`.
    """

    def __init__(self, *, threshold_rate: Callable[[int], float], **settings: Any) -> None:
        super().__init__(**settings)
        self._threshold_rate = threshold_rate

    @property
    def dropping(self) -> Any:
        """The dropping model, unwrapped."""
        return self.accelerator.unwrap_model(self.model)

    @property
    def system(self) -> System:
        """The policy of the model."""
        system: System = self.dropping.system
        return system

    def thresholds(self) -> list[nn.Parameter]:
        """The trainable thresholds."""
        return [p for p in self.system.thresholds() if p.requires_grad]

    def weights(self) -> list[Tensor]:
        """All other trainable parameters."""
        thresholds = {id(p) for p in self.thresholds()}
        return [p for p in self.dropping.parameters() if p.requires_grad and id(p) not in thresholds]

    def create_optimizer(self, model: Any = None) -> Any:
        """Creates AdamW; thresholds have their own learning rate and no weight decay."""
        optimizer, thresholds = super().create_optimizer(model), self.thresholds()
        for group in optimizer.param_groups:
            group["params"] = [
                p for p in group["params"] if not any(p is threshold for threshold in thresholds)
            ]
        if thresholds:
            rate = self._threshold_rate(self.state.max_steps or self.args.max_steps)
            optimizer.add_param_group({"params": thresholds, "lr": rate, "weight_decay": 0.0})
        return optimizer

    def average_over_processes(self) -> None:
        """Averages gradients over processes; DDP does so only for a forward through its wrapper."""
        if self.args.world_size > 1 and self.accelerator.sync_gradients:
            for parameter in self.dropping.parameters():
                if parameter.grad is not None:
                    parameter.grad = self.accelerator.reduce(parameter.grad, reduction="mean")

    def _clip_grad_norm(self, model: nn.Module) -> Tensor:
        """Clips the gradients of thresholds and of weights separately to norm 1."""
        if self.thresholds():
            nn.utils.clip_grad_norm_(self.thresholds(), 1.0)
        return nn.utils.clip_grad_norm_(self.weights(), 1.0)


class PackedPassTrainer(DroppingTrainer, ABC):
    """Trains with a loss over packed inputs; runs dev documents hard."""

    @abstractmethod
    def loss(self, batch: Packed, labels: Tensor, total: Tensor | int) -> Tensor:
        """The contribution of a batch to the loss of its step, shape ().

        Args:
            batch: B inputs.
            labels: Their labels, (B, …).
            total: Number of inputs in all batches of the step.
        """

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Runs one batch forward and backward; returns the loss, shape ()."""
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
        """The loss of :meth:`loss` in training; that of a hard run in evaluation."""
        if not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"]
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        total = len(labels) if num_items_in_batch is None else num_items_in_batch
        return self.of_all(self.loss(batch, labels, total), num_items_in_batch)


class Clamp(TrainerCallback):
    """Clamps thresholds to their ranges after every step."""

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: DroppingModel | None = None,
        **_: Any,
    ) -> None:
        """Clamps the thresholds."""
        if model is not None:
            model.system.clamp()
