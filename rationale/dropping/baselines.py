"""Uninformed baselines: they drop as many tokens as a system, without the model's help."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from rationale.arrays import Int64
from rationale.dropping.ragged import cls_mask
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, System
from rationale.dropping.top_k import top
from rationale.errors import ModelError


class FixedShare(System):
    """Keeps a fixed share of the input's length in each layer.

    Args:
        layers: L.
        width: d.
        shares: The share of the input that passes each layer, L numbers in (0, 1], none above the one before.

    Raises:
        ModelError: On other ``shares``.
    """

    decision_point, baseline, colour = "layer", True, "#767c88"
    drop_more = "lower --shares"

    def __init__(self, layers: int, width: int, *, shares: Sequence[float], **more: int) -> None:
        super().__init__(layers, width, {"shares": list(shares), **more})
        falling = all(after <= before for before, after in pairwise(shares))
        if len(shares) != layers or not falling or not all(0 < share <= 1 for share in shares):
            raise ModelError(
                f"the shares are {list(shares)}",
                remedy=f"Give {layers} numbers above 0 and at most 1, none above the one before it.",
            )
        self.shares = tuple(shares)

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Counts 0: the choice needs no floating-point operations."""
        counts: Int64 = 0 * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and the preferred tokens, round(share n) of the input's n tokens before layer 0."""
        return top(self._preference(context), torch.round(self.shares[layer] * context.sizes).long(), context)

    def _preference(self, context: PruningContext) -> Tensor:
        """float32 (N,), in (0, 1]; independent of the other rows."""
        raise NotImplementedError


@SYSTEMS.register("random")
class RandomDropping(FixedShare):
    """Drops random tokens, the same ones in every run on an input.

    An integer hash of seed, token id and position decides. A model knows no document, so these are not the
    words that the score method ``random`` ranks first. No generator is read or written.

    Args:
        layers: L.
        width: d.
        shares: The share of the input that passes each layer, as in :class:`FixedShare`.
        seed: The random seed.

    Raises:
        ModelError: On other shares, or a seed that is no whole number of at least 0.
    """

    name, title, symbol = "random", "Random", "x"

    def __init__(self, layers: int, width: int, *, shares: Sequence[float], seed: int = 0) -> None:
        super().__init__(layers, width, shares=shares, seed=seed)
        if type(seed) is not int or not 0 <= seed < 1 << 31:
            raise ModelError(f"the random seed is {seed!r}", remedy="Give a whole number of at least 0.")
        self.seed = seed

    def _preference(self, context: PruningContext) -> Tensor:
        hashed = (
            context.packed.ids * 2_654_435_761
            + context.packed.positions * 40_503
            + self.seed * 97_531
            + 12_345
        )
        for factor in (0x45D9F3B, 0x45D9F3B):  # a small integer hash, within 32 bits
            hashed = ((hashed >> 16) ^ hashed) * factor & 0xFFFFFFFF
        return (((hashed >> 16) ^ hashed) & 0xFFFFFF).float() / 0x1000000 + 1e-6


@SYSTEMS.register("lead")
class FirstTokens(FixedShare):
    """Keeps the first tokens and the last one; with one share for all layers, this is truncation."""

    name, title, symbol = "lead", "Lead", "cross"

    def _preference(self, context: PruningContext) -> Tensor:
        packed = context.packed
        last = torch.roll(cls_mask(packed), -1)
        return (1 / (1.0 + packed.positions.float())).masked_fill(last, 1.0)
