"""Which token left where: read off one hard run, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rationale.dropping.run import Run, hard
from rationale.dropping.system import Decision, System
from rationale.encoder.base import Encoder
from rationale.tokens.packing import Packed

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DropTrace:
    """The way of one input's n tokens through L layers.

    Attributes:
        dropped: int64 (n,), the first layer whose feed-forward each token does not pass; L where it was kept.
        scores: float32 (L, n), what each token scored; NaN once it is gone.
        thresholds: float32 (L,), what it had to reach.
    """

    dropped: npt.NDArray[np.int64]
    scores: FloatArray
    thresholds: FloatArray

    @property
    def layers(self) -> int:
        """L."""
        return len(self.thresholds)

    def alive(self, layer: int) -> npt.NDArray[np.bool_]:
        """Bool (n,): the tokens that pass ``layer``'s feed-forward."""
        return self.dropped > layer

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """int64 (L,), tokens alive in each layer, special tokens included."""
        return np.array([int(self.alive(layer).sum()) for layer in range(self.layers)])


def trace(encoder: Encoder, system: System, packed: Packed) -> tuple[Run, list[DropTrace]]:
    """Runs hard and keeps every decision: the run, and one trace an input."""
    rows, layers = len(packed.ids), encoder.layers
    dropped = torch.full((rows,), layers)
    scores = torch.full((layers, rows), torch.nan)
    thresholds = torch.full((layers, len(packed.lengths)), torch.nan)
    example = packed.example.cpu()

    def watch(layer: int, at: Tensor, decision: Decision) -> None:
        at = at.cpu()
        scores[layer, at] = decision.scores.float().cpu()
        dropped[at[~decision.keep.cpu()]] = layer
        thresholds[layer, example[at]] = decision.thresholds.float().cpu()

    with torch.no_grad():
        run = hard(encoder, system, packed, watch)
    ends = np.cumsum(packed.lengths)
    parts = [slice(end - n, end) for end, n in zip(ends, packed.lengths, strict=True)]
    return run, [
        DropTrace(dropped[part].numpy(), scores[:, part].numpy(), thresholds[:, i].numpy())
        for i, part in enumerate(parts)
    ]
