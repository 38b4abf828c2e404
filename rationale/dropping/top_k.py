"""Top-k selection for systems that fix how many tokens are kept instead of a threshold."""

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
    """Keeps [CLS] and the ``counts - 1`` best other rows; ties go to the earlier; dropped rows score 0.

    The threshold is the lowest score kept, that of [CLS] where only [CLS] is kept.

    Args:
        scores: float32 (N,), finite.
        counts: int64 (B,), the rows to keep of each input; clipped to between 1 and all of them.
        context: The rows.
        protect_cls: Off, keeps the ``counts`` best rows, [CLS] among them or not.
    """
    packed = context.packed
    preferred = scores.masked_fill(cls_mask(packed), torch.inf) if protect_cls else scores
    if context.kept is not None:
        preferred = preferred.masked_fill(~context.kept, -torch.inf)
        scores = scores * context.kept
    counts = torch.minimum(counts.clamp(min=1), context.count)
    row_ranks = ranks(preferred, packed)
    is_last = row_ranks == packed.broadcast(counts - 1)
    thresholds = scores.new_zeros(len(packed.lengths)).index_put(
        (packed.batch_index[is_last],), scores[is_last]
    )
    keep = row_ranks < packed.broadcast(counts)
    return Decision(scores, packed.broadcast(thresholds), keep)


def check_lengths(name: str, lengths: Sequence[Any], layers: int) -> tuple[int, ...]:
    """Checks a configuration of lengths for ``layers`` layers, and returns it as a tuple.

    Raises:
        ModelError: Where there are more or fewer, one is below 1, or one is above the one before.
    """
    remedy = f"{name} needs {layers} whole numbers of at least 1, none above the one before it."
    if len(lengths) != layers:
        raise ModelError(
            f"the {name} configuration has {len(lengths)} lengths for {layers} layers", remedy=remedy
        )
    for layer, length in enumerate(lengths):
        if type(length) is not int or not 1 <= length < _MOST:
            raise ModelError(f"the {name} configuration has {length!r} in layer {layer}", remedy=remedy)
        if layer and length > lengths[layer - 1]:
            raise ModelError(
                f"the {name} configuration rises from {lengths[layer - 1]} to {length} in layer {layer}",
                remedy=remedy,
            )
    return tuple(lengths)
