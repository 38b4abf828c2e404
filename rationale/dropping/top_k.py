"""Keeping the k best: what systems share that fix how many tokens stay rather than how good they must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rationale.dropping.ragged import cls_mask, ranks
from rationale.dropping.system import Decision, PruningContext
from rationale.errors import ModelError

_MOST = 1 << 31


def top(scores: Tensor, counts: Tensor, context: PruningContext, *, protect_cls: bool = True) -> Decision:
    """[CLS] and the ``counts - 1`` best of the others; of equals the earlier stays; the dead score 0.

    The threshold is the lowest score kept, [CLS]'s own where it alone is.

    Args:
        scores: float32 (N,), finite.
        counts: int64 (B,), how many stay; less than 1 is 1, more than there are is all.
        context: What the rows are.
        protect_cls: Off, the ``counts`` best, whoever they are.
    """
    packed = context.packed
    preferred = scores.masked_fill(cls_mask(packed), torch.inf) if protect_cls else scores
    if context.kept is not None:
        preferred = preferred.masked_fill(~context.kept, -torch.inf)
        scores = scores * context.kept
    counts = torch.minimum(counts.clamp(min=1), context.count)
    places = ranks(preferred, packed)
    last = places == packed.broadcast(counts - 1)
    thresholds = scores.new_zeros(len(packed.lengths)).index_put((packed.batch_index[last],), scores[last])
    keep = places < packed.broadcast(counts)
    return Decision(scores, packed.broadcast(thresholds), keep)


def check_lengths(name: str, lengths: Sequence[Any], layers: int) -> tuple[int, ...]:
    """The lengths, where they are a configuration of ``layers`` layers.

    Raises:
        ModelError: Where there are more or fewer, one is below 1, or one is above the one before.
    """
    remedy = f"{name} wants {layers} whole numbers of at least 1, none above the one before it."
    if len(lengths) != layers:
        raise ModelError(
            f"the {name} configuration has {len(lengths)} lengths for {layers} layers", remedy=remedy
        )
    for layer, length in enumerate(lengths):
        if type(length) is not int or not 1 <= length < _MOST:
            raise ModelError(f"the {name} configuration says {length!r} in layer {layer}", remedy=remedy)
        if layer and length > lengths[layer - 1]:
            raise ModelError(
                f"the {name} configuration rises from {lengths[layer - 1]} to {length} in layer {layer}",
                remedy=remedy,
            )
    return tuple(lengths)
