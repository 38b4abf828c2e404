"""PoWER-BERT (Goyal et al., ICML 2020): how many tokens a layer needs, learnt once for all inputs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn

from rationale.arrays import Int64
from rationale.dropping.ragged import ranks
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, SoftState, System
from rationale.dropping.top_k import check_lengths, top


@SYSTEMS.register("power-bert")
class PoWERBERT(System):
    """A fixed number of tokens stays in each layer: those that received most attention from the others.

    Inputs shorter than a layer's number lose none there: no padding is carried and none is credited.

    Attributes:
        weights: float32 (L, n), while the numbers are sought: what the token of each rank is multiplied by,
            in [0, 1]; None once they are found.

    Args:
        layers: L.
        width: d.
        retention: How many tokens pass each layer; None while they are sought.
        longest: n, the longest input while they are sought.

    Raises:
        ModelError: Where ``retention`` is no configuration of L layers.
    """

    name, title, decision_point, reads_attention = "power-bert", "PoWER-BERT", "feed-forward", True
    colour, symbol = "#0e4827", "triangle-up"
    drop_more = "raise --lambda"

    def __init__(
        self, layers: int, width: int, *, retention: Sequence[int] | None = None, longest: int = 512
    ) -> None:
        found = None if retention is None else list(retention)
        super().__init__(layers, width, {"retention": found, "longest": longest})
        self._found = check_lengths(self.title, found or (), 0 if found is None else layers)
        self.weights = nn.Parameter(torch.ones(layers, longest)) if found is None else None

    @property
    def retention(self) -> tuple[int, ...]:
        """How many tokens pass each layer: its weights' mass, rounded down, at least 1, never rising."""
        if self.weights is None:
            return self._found
        masses = self.weights.detach().double().sum(dim=1)
        return tuple(accumulate((max(1, int(mass + 1e-6)) for mass in masses), min))

    def thresholds(self) -> list[nn.Parameter]:
        """The weights, while they are sought."""
        return [] if self.weights is None else [self.weights]

    def clamp(self) -> None:
        """Brings the weights back into [0, 1]."""
        if self.weights is not None:
            with torch.no_grad():
                self.weights.clamp_(0.0, 1.0)

    def penalty(self, state: SoftState) -> Tensor:
        """The weights' sum, layer l (from 1) counting l times; no input's share in it."""
        per_layer = self._sought.sum(dim=1)
        return (per_layer * torch.arange(1, self.layers + 1).to(per_layer)).sum()

    @property
    def _sought(self) -> nn.Parameter:
        if self.weights is None:
            raise TypeError("the retention configuration is found: there is nothing to learn")
        return self.weights

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Adding up the columns of every head, less the diagonal; the ranking is not counted."""
        counts: Int64 = heads * entering**2 + 2 * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the best of the others."""
        return top(self._scores(context), torch.full_like(context.sizes, self.retention[layer]), context)

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Multiplies what enters the feed-forward by the weight of its rank; [CLS] is ranked like any."""
        places = ranks(self._scores(context).detach(), context.packed)
        state.before = self._sought[layer][places]
        state.lengths.append(context.packed.segment_sum(state.before))

    @staticmethod
    def _scores(context: PruningContext) -> Tensor:
        return context.attention.total - context.attention.own
