"""Distillation from the plain fine-tuning, and quantization (LTP, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from rationale.dropping.model import DroppingModel
from rationale.dropping.run import hard, run_full
from rationale.encoder.base import Encoder
from rationale.encoder.quantization import calibrating
from rationale.tokens import Packed, Window, pack_windows
from rationale.training.dropping.trainer import PackedPassTrainer
from rationale.training.task import losses, soft_targets

_CALIBRATION = 256  # documents that calibrate the ranges of activations
_BATCH = 32


class DistilTrainer(PackedPassTrainer):
    """Minimises (1 - share) x task + share x (teacher's outputs + teacher's embeddings) over hard runs.

    The loss on outputs is :func:`rationale.training.task.losses` with the teacher's outputs as targets; the
    loss on embeddings is the squared error.

    Args:
        teacher: The plain classifier, frozen.
        share: Share of the loss that is distillation, 0 to 1.
        smoothing: Label smoothing of the task's loss.
        **settings: Arguments of :class:`DroppingTrainer`.
    """

    def __init__(self, *, teacher: Encoder, share: float, smoothing: float, **settings: Any) -> None:
        super().__init__(threshold_rate=lambda steps: 0.0, **settings)
        self._teacher, self._share, self._smoothing = teacher, share, smoothing

    def loss(self, batch: Packed, labels: Tensor, total: Tensor | int) -> Tensor:
        """The mixed loss of a hard run."""
        student = self.dropping
        targets = teacher_targets(self._teacher, batch)
        with torch.no_grad():
            teacher_embeddings = self._teacher.embed(batch)
        logits = hard(student.encoder, student.system, batch).logits
        task = losses(logits, labels, smoothing=self._smoothing).sum()
        imitation = losses(logits, targets).sum() + len(targets) * mse_loss(
            student.encoder.embed(batch), teacher_embeddings
        )
        mixed: Tensor = ((1 - self._share) * task + self._share * imitation) / total
        return mixed


def teacher_targets(teacher: Encoder, batch: Packed) -> Tensor:
    """The targets of a frozen teacher for a batch, on its device; see :func:`soft_targets`."""
    teacher.model.to(batch.ids.device)
    with torch.no_grad():
        return soft_targets(run_full(teacher, batch).logits)


def rounded(model: DroppingModel, bits: int, windows: Sequence[Window]) -> DroppingModel:
    """A copy of ``model`` whose layers simulate integers of ``bits`` bits, calibrated on documents."""
    quantized = model.rounding(bits)
    quantized.eval()  # type: ignore[no-untyped-call]
    calibration = windows[:_CALIBRATION]
    with calibrating(quantized.backbone), torch.no_grad():
        for start in range(0, len(calibration), _BATCH):
            hard(
                quantized.encoder,
                quantized.system,
                pack_windows(calibration[start : start + _BATCH], quantized.device),
            )
    return quantized
