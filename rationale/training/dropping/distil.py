"""Learning from the plain fine-tuning, and with rounded numbers (LTP, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from rationale.dropping.model import DroppingModel, packed
from rationale.dropping.run import hard, undropped
from rationale.encoder.base import Encoder
from rationale.encoder.quantization import calibrating
from rationale.tokens import Window, pack_windows
from rationale.training.dropping.trainer import DroppingTrainer
from rationale.training.task import losses, taught

_CALIBRATED = 256  # documents that the ranges of activations are taken from
_BATCH = 32


class DistilTrainer(DroppingTrainer):
    """Minimises (1 - share) x task + share x (teacher's outputs + teacher's embeddings) over hard runs.

    The outputs are learnt as :func:`rationale.training.task.losses` of what the teacher says, the embeddings
    by squared error.

    Args:
        teacher: The plain classifier, frozen.
        share: 0 to 1.
        smoothing: Probability mass spread evenly over all labels, in the task's part.
        **settings: What :class:`ClassifierTrainer` takes.
    """

    def __init__(self, *, teacher: Encoder, share: float, smoothing: float, **settings: Any) -> None:
        super().__init__(threshold_rate=lambda steps: 0.0, **settings)
        self._teacher, self._share, self._smoothing = teacher, share, smoothing

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
        """The mixed loss while training; the plain one otherwise."""
        if not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        own = self.dropping
        batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
        self._teacher.model.to(batch.ids.device)
        with torch.no_grad():
            wanted = taught(undropped(self._teacher, batch).logits)
            embedded = self._teacher.embed(batch)
        logits = hard(own.encoder, own.system, batch).logits
        task = losses(logits, inputs["labels"], smoothing=self._smoothing).sum()
        like = losses(logits, wanted).sum() + len(wanted) * mse_loss(own.encoder.embed(batch), embedded)
        total = len(inputs["labels"]) if num_items_in_batch is None else num_items_in_batch
        return ((1 - self._share) * task + self._share * like) / total


def rounded(model: DroppingModel, bits: int, windows: Sequence[Window]) -> DroppingModel:
    """``model`` in layers that simulate integers of so many bits, their ranges taken from documents."""
    made = model.rounding(bits)
    made.eval()  # type: ignore[no-untyped-call]
    some = windows[:_CALIBRATED]
    with calibrating(made.backbone), torch.no_grad():
        for start in range(0, len(some), _BATCH):
            hard(made.encoder, made.system, pack_windows(some[start : start + _BATCH], made.device))
    return made
