"""SpAtten's cascade token pruning (Wang, Zhang and Han, HPCA 2021): attention summed over the layers."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from rationale.arrays import Int64
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, System
from rationale.dropping.top_k import top
from rationale.errors import ModelError

_FULL_LAYERS, _LEAST_SHARE = 3, 0.01


@SYSTEMS.register("spatten")
class SpAtten(System):
    """Keeps a fixed share of the input's length in each layer: the tokens that received most attention.

    It has no parameters: a classifier is fine-tuned with dropping on. As in LTP's comparison, tokens are
    dropped between a layer's attention and its feed-forward, so that FLOPs compare.

    Args:
        layers: L.
        width: d.
        ratio: The share that the last layer keeps; the first max(3, 15 %) layers keep all, and from there
            the share falls linearly. Shares below 0.01 are 0.01.
        cumulative: Sums scores over layers, as in SpAtten; False uses each layer's scores alone, as in LTP's
            comparison.

    Raises:
        ModelError: Where ``ratio`` is above 1 or NaN, or there are 3 layers or fewer: none would drop.
    """

    name, title, decision_point, reads_attention = "spatten", "SpAtten", "feed-forward", True
    colour, symbol = "#be074d", "pentagon"
    drop_more = "lower --ratio"

    def __init__(self, layers: int, width: int, *, ratio: float = 0.5, cumulative: bool = True) -> None:
        super().__init__(layers, width, {"ratio": ratio, "cumulative": cumulative})
        if not ratio <= 1:
            raise ModelError(f"SpAtten's ratio is {ratio}", remedy="It is a share of the input, at most 1.")
        if layers <= _FULL_LAYERS:
            raise ModelError(
                f"SpAtten drops nothing in its first {_FULL_LAYERS} layers, and this model has {layers}",
                remedy="Use a deeper model, or another system.",
            )
        self.cumulative, self.shares = cumulative, shares(layers, ratio)

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Sums the columns of every head and adds earlier layers' sums; the ranking is not counted."""
        counts: Int64 = heads * entering**2 + 2 * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the best tokens, round(share n) of the input's n tokens before layer 0."""
        scores = context.attention.total
        if self.cumulative and context.carried is not None:
            scores = scores + context.carried
        decision = top(scores, torch.round(self.shares[layer] * context.sizes).long(), context)
        return replace(decision, carry=decision.scores)


def shares(layers: int, ratio: float) -> tuple[float, ...]:
    """The share of the input that passes each layer.

    >>> [round(share, 3) for share in shares(12, 0.2)]
    [1.0, 1.0, 1.0, 0.911, 0.822, 0.733, 0.644, 0.556, 0.467, 0.378, 0.289, 0.2]
    """
    full = min(layers, max(_FULL_LAYERS, math.ceil(0.15 * layers)))
    steps = layers - full
    falling_shares = (1 + (ratio - 1) * (step + 1) / steps for step in range(steps))
    return (*(1.0 for _ in range(full)), *(max(_LEAST_SHARE, share) for share in falling_shares))
