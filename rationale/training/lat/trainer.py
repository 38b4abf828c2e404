"""LengthDrop and LayerDrop under the sandwich rule, on the Hugging Face Trainer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax

from rationale.dropping.inputs import packed
from rationale.dropping.run import hard
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.lat.evolution import Bounds, Lengths
from rationale.training.lat.options import LATOptions
from rationale.training.task import losses
from rationale.training.trainer import finite_loss


class LATTrainer(DroppingTrainer):
    """Trains with the sandwich rule: every step runs one batch with several length configurations.

    Args:
        bounds: Bounds of the random lengths.
        lat: Options: LengthDrop, LayerDrop, sandwich, direction of the distillation.
        **settings: Arguments of :class:`DroppingTrainer`.
    """

    def __init__(self, *, bounds: Bounds, lat: LATOptions, **settings: Any) -> None:
        super().__init__(threshold_rate=lambda steps: 0.0, **settings)
        self._bounds, self._lat = bounds, lat

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Trains the full run on labels, the others on its logits; returns the mean loss, shape ().

        Raises:
            ModelError: Where the loss is NaN or infinite, before the weights take the step.
        """
        model.train()
        positions = inputs.pop("position").tolist()
        inputs = self._prepare_inputs(inputs)
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        rng = np.random.default_rng([self.args.seed, self.state.global_step, positions[0]])
        plans = [None, self._bounds.lower, *(self._draw(rng) for _ in range(self._lat.sandwich))]
        share = 1 / (len(plans) * self.current_gradient_accumulation_steps)
        teacher, total = None, torch.zeros((), device=batch.ids.device)
        for lengths in plans:
            logits = self._run(batch, lengths, rng)
            if teacher is None:
                smoothing = self._lat.label_smoothing
                loss = losses(logits, inputs["labels"], smoothing=smoothing).mean()
                teacher = logits.detach()
            else:
                loss = distillation(logits, teacher, self._lat.distil)
            finite_loss(loss.detach(), self.state, [self._keys[p] for p in positions])
            self.accelerator.backward(loss * share)
            total = total + loss.detach() * share
        self.average_over_processes()
        return total

    def _run(self, batch: Any, lengths: Lengths | None, rng: np.random.Generator) -> Tensor:
        student, skip_probability = self.dropping, self._lat.layer_drop
        skipped = {layer for layer in range(self._bounds.layers) if rng.random() < skip_probability}
        with student.system.using(lengths), self.compute_loss_context_manager():
            return hard(student.encoder, student.system, batch, skipped=skipped).logits

    def _draw(self, rng: np.random.Generator) -> Lengths:
        lengths = [self._bounds.longest]
        for _ in range(self._bounds.layers):
            least = max(2, math.ceil(lengths[-1] * (1 - self._lat.length_drop)))
            lengths.append(int(rng.integers(min(least, lengths[-1]), lengths[-1], endpoint=True)))
        return tuple(lengths[1:])


def distillation(logits: Tensor, teacher: Tensor, direction: str) -> Tensor:
    """The loss of a smaller run against the logits of the full run, both (B, C), shape ().

    In regression (one logit) it is the squared error. In question answering, (B, n, 2), it is the mean over
    first and last token.
    """
    if logits.dim() == 3:
        flat = [part.transpose(1, 2).flatten(0, 1) for part in (logits, teacher)]
        return distillation(flat[0], flat[1], direction)
    if logits.shape[-1] == 1:
        return (logits.float() - teacher.float()).square().mean()
    smaller, full = log_softmax(logits.float(), dim=-1), log_softmax(teacher.float(), dim=-1)
    if direction == "forward-kl":
        return kl_div(smaller, full, reduction="batchmean", log_target=True)
    return kl_div(full, smaller, reduction="batchmean", log_target=True)
