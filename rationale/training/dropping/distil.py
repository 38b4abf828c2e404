"""Learning from the plain fine-tuning, and with rounded numbers (LTP, section 6)."""

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
from rationale.training.dropping.trainer import OwnPassTrainer
from rationale.training.task import losses, soft_targets

_CALIBRATED = 256  # documents that the ranges of activations are taken from
_BATCH = 32


class DistilTrainer(OwnPassTrainer):
    """Minimises (1 - share) x task + share x (teacher's outputs + teacher's embeddings) over hard runs.

    The outputs are learnt as :func:`rationale.training.task.losses` of what the teacher says, the embeddings
    by squared error.

    Args:
        teacher: The plain classifier, frozen.
        share: 0 to 1.
        smoothing: Probability mass spread evenly over all labels, in the task's part.
        **settings: What :class:`DroppingTrainer` takes.
    """

    def __init__(self, *, teacher: Encoder, share: float, smoothing: float, **settings: Any) -> None:
        super().__init__(threshold_rate=lambda steps: 0.0, **settings)
        self._teacher, self._share, self._smoothing = teacher, share, smoothing

    def loss(self, batch: Packed, labels: Tensor, total: Tensor | int) -> Tensor:
        """The mixed loss of a hard run."""
        own = self.dropping
        wanted = teacher_targets(self._teacher, batch)
        with torch.no_grad():
            embedded = self._teacher.embed(batch)
        logits = hard(own.encoder, own.system, batch).logits
        task = losses(logits, labels, smoothing=self._smoothing).sum()
        like = losses(logits, wanted).sum() + len(wanted) * mse_loss(own.encoder.embed(batch), embedded)
        mixed: Tensor = ((1 - self._share) * task + self._share * like) / total
        return mixed


def teacher_targets(teacher: Encoder, batch: Packed) -> Tensor:
    """What a frozen teacher tells a student of a batch, on the batch's device; as of :func:`soft_targets`."""
    teacher.model.to(batch.ids.device)
    with torch.no_grad():
        return soft_targets(run_full(teacher, batch).logits)


def rounded(model: DroppingModel, bits: int, windows: Sequence[Window]) -> DroppingModel:
    """``model`` in layers that simulate integers of so many bits, their ranges taken from documents."""
    made = model.rounding(bits)
    made.eval()  # type: ignore[no-untyped-call]
    some = windows[:_CALIBRATED]
    with calibrating(made.backbone), torch.no_grad():
        for start in range(0, len(some), _BATCH):
            hard(made.encoder, made.system, pack_windows(some[start : start + _BATCH], made.device))
    return made
