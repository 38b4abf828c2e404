"""Learned Token Pruning (Kim et al., KDD 2022): drops tokens that receive less attention than a threshold."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from rationale.arrays import Int64
from rationale.dropping.ragged import best, cls_mask
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, SoftState, System
from rationale.errors import ModelError

_LEAST = 1e-5  # the lowest threshold, so that rows with score 0 stay dropped


@SYSTEMS.register("ltp")
class LTP(System):
    """Keeps a token where the mean attention it receives, over heads and queries, reaches theta (Eq. 7, 8).

    The mean divides by a fixed ``reference`` length, as the published system divides by the padded length:
    the tokens of an input have a mean score of 1 / reference, whatever its length and in every layer.

    Attributes:
        theta: float32 (L,), the thresholds.

    Args:
        layers: L.
        width: d.
        final: The last layer's threshold before training; the others rise linearly to it.
        reference: The length the mean divides by.
        protect_cls: Whether [CLS] is always kept. Off, as published, it may be dropped: the classifier then
            reads its last state, and the best token of every input is kept.
        ramp: ``one-based``, theta_l = final l / L for l = 1 … L as published; ``zero-based``, as in the
            authors' code: l = 0 … L - 1, and the first layer drops nothing and learns nothing.

    Raises:
        ModelError: On another ``ramp``, a ``reference`` below 1, a ``final`` that is not finite.
    """

    name, title, decision_point, reads_attention = "ltp", "LTP", "feed-forward", True
    colour, symbol = "#1f5fbf", "square"
    drop_more = "raise --lambda"

    def __init__(
        self,
        layers: int,
        width: int,
        *,
        final: float = 0.01,
        reference: int = 128,
        ramp: Literal["one-based", "zero-based"] = "one-based",
        protect_cls: bool = True,
    ) -> None:
        settings = {"final": final, "reference": reference, "ramp": ramp, "protect_cls": protect_cls}
        super().__init__(layers, width, settings)
        if ramp not in ("one-based", "zero-based") or reference < 1 or not math.isfinite(final):
            raise ModelError(
                f"LTP has the settings {self.settings}",
                remedy="ramp is one-based or zero-based, reference at least 1, final a number.",
            )
        self.restore_dropped = not protect_cls
        self.reference, self.idle = reference, ramp == "zero-based"
        start = 0 if self.idle else 1
        self.theta = nn.Parameter(final * torch.arange(start, layers + start, dtype=torch.float32) / layers)

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Sums the columns of every head, and compares."""
        counts: Int64 = heads * entering**2 + 2 * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps every token whose score reaches theta (Eq. 8), and [CLS], or the best token without it."""
        scores = self._scores(context)
        threshold = self.theta[layer].detach().to(scores.dtype).clamp(min=_LEAST)
        if self._drops_nothing(layer):
            threshold = torch.zeros_like(threshold)
        keep = scores >= threshold
        if context.kept is not None:
            keep &= context.kept
        protected = (
            best(scores, context.packed, context.kept) if self.restore_dropped else context.packed.cls_index
        )
        keep = keep.index_fill(0, protected, value=True)
        return Decision(scores, threshold.expand_as(scores), keep)

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Multiplies the layer's output by sigmoid((score - theta) / T), T = 1 / strength (Eq. 9, 10).

        All queries count in the attention received, as published; a protected [CLS] has the factor 1.
        """
        if self._drops_nothing(layer):
            state.after = None
            return
        scores = self._scores(context)
        mask = torch.sigmoid((scores - self.theta[layer]) * strength)
        state.after = mask if self.restore_dropped else mask.masked_fill(cls_mask(context.packed), 1.0)
        state.lengths.append(context.packed.segment_sum(state.after))

    def thresholds(self) -> list[nn.Parameter]:
        """Theta."""
        return [self.theta]

    def penalty(self, state: SoftState) -> Tensor:
        """The sum over layers of the soft lengths over the reference, the mean over inputs (Eq. 12).

        This is the authors' code; the paper also divides by L. Padding does not count here.
        """
        return torch.stack(state.lengths).sum(dim=0).mean() / self.reference

    def _drops_nothing(self, layer: int) -> bool:
        return self.idle and layer == 0

    def _scores(self, context: PruningContext) -> Tensor:
        return context.attention.total.to(self.theta.dtype) / self.reference
