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
    """Keeps a fixed number of tokens in each layer: those that received most attention from the others.

    Inputs shorter than a layer's number lose none there: padding is neither kept nor counted.

    Attributes:
        weights: float32 (L, n), while the numbers are learnt: the factor of the token of each rank, in
            [0, 1]; None once they are fixed.

    Args:
        layers: L.
        width: d.
        retention: The number of tokens that pass each layer; None while they are learnt.
        longest: n, the longest input while they are learnt.

    Raises:
        ModelError: Where ``retention`` is no configuration of L layers.
    """

    name, title, decision_point, reads_attention = "power-bert", "PoWER-BERT", "feed-forward", True
    colour, symbol = "#0e4827", "triangle-up"
    drop_more = "raise --lambda"

    def __init__(
        self, layers: int, width: int, *, retention: Sequence[int] | None = None, longest: int = 512
    ) -> None:
        configuration = None if retention is None else list(retention)
        super().__init__(layers, width, {"retention": configuration, "longest": longest})
        self._retention = check_lengths(
            self.title, configuration or (), 0 if configuration is None else layers
        )
        self.weights = nn.Parameter(torch.ones(layers, longest)) if configuration is None else None

    @property
    def retention(self) -> tuple[int, ...]:
        """The tokens that pass each layer: the sum of its weights, rounded down, at least 1, not rising."""
        if self.weights is None:
            return self._retention
        masses = self.weights.detach().double().sum(dim=1)
        return tuple(accumulate((max(1, int(mass + 1e-6)) for mass in masses), min))

    def thresholds(self) -> list[nn.Parameter]:
        """The weights, while they are learnt."""
        return [] if self.weights is None else [self.weights]

    def clamp(self) -> None:
        """Clamps the weights to [0, 1]."""
        if self.weights is not None:
            with torch.no_grad():
                self.weights.clamp_(0.0, 1.0)

    def penalty(self, state: SoftState) -> Tensor:
        """The sum of the weights, layer l (from 1) counting l times; it does not depend on the inputs."""
        per_layer = self._learnt_weights.sum(dim=1)
        return (per_layer * torch.arange(1, self.layers + 1).to(per_layer)).sum()

    @property
    def _learnt_weights(self) -> nn.Parameter:
        if self.weights is None:
            raise TypeError("the retention configuration is fixed: it has no weights to learn")
        return self.weights

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Sums the columns of every head without the diagonal; the ranking is not counted."""
        counts: Int64 = heads * entering**2 + 2 * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the best other tokens."""
        return top(self._scores(context), torch.full_like(context.sizes, self.retention[layer]), context)

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Multiplies the feed-forward's input by the weight of each row's rank; [CLS] is ranked, too."""
        token_ranks = ranks(self._scores(context).detach(), context.packed)
        state.before = self._learnt_weights[layer][token_ranks]
        state.lengths.append(context.packed.segment_sum(state.before))

    @staticmethod
    def _scores(context: PruningContext) -> Tensor:
        return context.attention.total - context.attention.own
