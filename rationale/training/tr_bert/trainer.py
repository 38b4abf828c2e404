"""Both learning stages of TR-BERT on the Hugging Face Trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rationale.dropping.inputs import packed
from rationale.dropping.run import hard
from rationale.encoder.base import Encoder
from rationale.tokens.packing import Packed
from rationale.training.dropping.distil import teacher_targets
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.task import losses
from rationale.training.tr_bert.options import TRBERTOptions
from rationale.training.tr_bert.reward import SampledChoices, guide_scores, policy_loss, repeat_batch
from rationale.training.trainer import finite_loss


class PolicyTrainer(DroppingTrainer):
    """Trains by reward: only the policies, or with a teacher policies and model jointly.

    Args:
        tr_bert: Options: alpha, samples, guidance.
        teacher: The plain classifier whose probabilities replace the labels; None trains only the policies,
            over a frozen model.
        **settings: Arguments of :class:`DroppingTrainer`.
    """

    def __init__(self, *, tr_bert: TRBERTOptions, teacher: Encoder | None = None, **settings: Any) -> None:
        super().__init__(threshold_rate=lambda steps: tr_bert.policy_rate, **settings)
        self._options, self._teacher = tr_bert, teacher
        self._kept: list[float] = []
        joint = teacher is not None
        self.dropping.backbone.requires_grad_(joint)
        self._alpha = tr_bert.joint_alpha if joint and tr_bert.joint_alpha is not None else tr_bert.alpha

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Samples choices for every document, and runs one backward pass; returns the loss, shape ().

        Raises:
            ModelError: Where the loss is NaN or infinite, before the weights take the step.
        """
        positions = inputs.pop("position").tolist()
        inputs = self._prepare_inputs(inputs)
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        sampled = SampledChoices(self._guide(batch, inputs["labels"]))
        model.train()
        student, copies = self.dropping, self._options.samples
        with student.system.drawing(sampled), self.compute_loss_context_manager():
            logits = hard(student.encoder, student.system, repeat_batch(batch, copies)).logits
        targets = self._targets(batch, inputs["labels"], copies)
        copy_losses = losses(
            logits, targets, smoothing=0.0 if self._teacher else self._options.label_smoothing
        )
        loss = policy_loss(sampled, copy_losses, self._alpha, copies)
        if self._teacher is not None:
            loss = loss + copy_losses.mean()
        finite_loss(loss.detach(), self.state, [self._keys[p] for p in positions])
        share = 1 / self.current_gradient_accumulation_steps
        self.accelerator.backward(loss * share)
        self.average_over_processes()
        self._kept.append(torch.stack(sampled.kept).mean().item())
        return loss.detach() * share

    def _targets(self, batch: Packed, labels: Tensor, copies: int) -> Tensor:
        """The labels, or the teacher's targets, of every copy."""
        if self._teacher is None:
            return labels.repeat(copies, *[1] * (labels.dim() - 1))
        targets = teacher_targets(self._teacher, batch)
        return targets.repeat(copies, *[1] * (targets.dim() - 1))

    def _guide(self, batch: Packed, labels: Tensor) -> list[Tensor] | None:
        """Gradient scores of the tokens, in the first steps of the policy stage; None afterwards."""
        guided = self.state.global_step < self._options.guide_share * self.state.max_steps
        if self._teacher is not None or not guided:
            return None
        student = self.dropping
        student.eval()
        return guide_scores(student.encoder, batch, labels, student.system.points)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs the mean share of kept tokens too, which shows a policy that collapses."""
        if "loss" in logs and self._kept:
            logs["kept"] = float(np.mean(self._kept))
            self._kept.clear()
        super().log(logs, start_time)
