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
    """A chosen number of tokens stays in each layer: those that received most attention.

    Trained with lengths drawn anew for every step, the model serves any configuration; a search finds the
    good ones. Inputs shorter than a layer's length lose none there.

    Args:
        layers: L.
        width: d.
        lengths: How many tokens pass each layer; None drops nothing.
        protect_cls: Whether [CLS] stays whatever it receives. Off, as published for answers, it may leave; a
            classifier then reads its last state.

    Raises:
        ModelError: Where ``lengths`` is no configuration of L layers.
    """

    name, title, decision_point, reads_attention = "lat", "LAT", "feed-forward", True
    colour, symbol = "#6b1be1", "diamond"
    drop_more = "raise --speedup or --length-drop"

    def __init__(
        self, layers: int, width: int, *, lengths: Sequence[int] | None = None, protect_cls: bool = True
    ) -> None:
        told = None if lengths is None else list(lengths)
        super().__init__(layers, width, {"lengths": told, "protect_cls": protect_cls})
        self.restore_dropped = not protect_cls
        self.lengths = None if lengths is None else check_lengths(self.title, lengths, layers)

    @contextmanager
    def using(self, lengths: Sequence[int] | None) -> Iterator[None]:
        """Other lengths for a while."""
        own, self.lengths = self.lengths, None if lengths is None else tuple(lengths)
        try:
            yield
        finally:
            self.lengths = own

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Adding up the columns of every head; the ranking is not counted."""
        counts: Int64 = heads * entering**2 + entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the best of the others; the best of all, where it may leave."""
        counts = (
            context.sizes if self.lengths is None else torch.full_like(context.sizes, self.lengths[layer])
        )
        return top(context.attention.total, counts, context, protect_cls=not self.restore_dropped)


def smallest(longest: int, layers: int, share: float) -> tuple[int, ...]:
    """The lengths that drop ``share`` of what is left in every layer.

    >>> smallest(128, 12, 0.2)
    (103, 83, 67, 54, 44, 36, 29, 24, 20, 16, 13, 11)
    """
    lengths = [longest]
    for _ in range(layers):
        lengths.append(math.ceil(lengths[-1] * (1 - share)))
    return tuple(lengths[1:])
