"""Length-Adaptive Transformer (Kim and Cho, ACL 2021): one model for every choice of lengths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from rationale.arrays import Int64
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, System
from rationale.dropping.top_k import check_lengths, top


@SYSTEMS.register("lat")
class LAT(System):
    """Keeps a chosen number of tokens in each layer: those that received most attention.

    Trained with random lengths in every step, the model works with any configuration; a search finds good
    ones. Inputs shorter than a layer's length lose none there.

    Args:
        layers: L.
        width: d.
        lengths: The number of tokens that pass each layer; None drops nothing.
        protect_cls: Whether [CLS] is always kept. Off, as published for question answering, it may be
            dropped; a classifier then reads its last state.

    Raises:
        ModelError: Where ``lengths`` is no configuration of L layers.
    """

    name, title, decision_point, reads_attention = "lat", "LAT", "feed-forward", True
    colour, symbol = "#6b1be1", "diamond"
    drop_more = "raise --speedup or --length-drop"

    def __init__(
        self, layers: int, width: int, *, lengths: Sequence[int] | None = None, protect_cls: bool = True
    ) -> None:
        configuration = None if lengths is None else list(lengths)
        super().__init__(layers, width, {"lengths": configuration, "protect_cls": protect_cls})
        self.restore_dropped = not protect_cls
        self.lengths = None if lengths is None else check_lengths(self.title, lengths, layers)

    @contextmanager
    def using(self, lengths: Sequence[int] | None) -> Iterator[None]:
        """Uses other lengths inside the block."""
        previous, self.lengths = self.lengths, None if lengths is None else tuple(lengths)
        try:
            yield
        finally:
            self.lengths = previous

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Sums the columns of every head; the ranking is not counted."""
        counts: Int64 = heads * entering**2 + entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the best other tokens; or the best of all, without protection of [CLS]."""
        counts = (
            context.sizes if self.lengths is None else torch.full_like(context.sizes, self.lengths[layer])
        )
        return top(context.attention.total, counts, context, protect_cls=not self.restore_dropped)


def smallest(longest: int, layers: int, share: float) -> tuple[int, ...]:
    """The lengths of layers that each drop ``share`` of the tokens kept so far.

    >>> smallest(128, 12, 0.2)
    (103, 83, 67, 54, 44, 36, 29, 24, 20, 16, 13, 11)
    """
    lengths = [longest]
    for _ in range(layers):
        lengths.append(math.ceil(lengths[-1] * (1 - share)))
    return tuple(lengths[1:])
