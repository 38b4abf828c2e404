"""Softmax, shares and ranks within each input of a packed batch: no loop over inputs."""

from __future__ import annotations

import torch
from torch import Tensor

from rationale.tokens.packing import Packed


def cls_mask(packed: Packed) -> Tensor:
    """Bool (N,), True at the first row of every input: its [CLS]."""
    return torch.zeros_like(packed.ids, dtype=torch.bool).index_fill(0, packed.cls_index, value=True)


def best(scores: Tensor, packed: Packed, kept: Tensor | None = None) -> Tensor:
    """int64 (B,), the row of each input that scores highest among those kept; ties go to the earliest."""
    if kept is not None:
        scores = scores.masked_fill(~kept, -torch.inf)
    return (ranks(scores, packed) == 0).nonzero().squeeze(-1)


def softmax(logits: Tensor, packed: Packed, kept: Tensor | None = None) -> Tensor:
    """Softmax of float32 (N,) within each input, over the rows kept; dropped rows get 0."""
    if kept is not None:
        logits = logits.masked_fill(~kept, -torch.inf)
    if len(packed.lengths) == 1:
        return torch.softmax(logits, dim=0)
    highest = logits.new_full((len(packed.lengths),), -torch.inf)
    highest = highest.scatter_reduce(0, packed.batch_index, logits.detach(), "amax")
    powers = (logits - packed.broadcast(highest)).exp()
    return powers / packed.broadcast(packed.segment_sum(powers))


def renormalised(scores: Tensor, packed: Packed) -> Tensor:
    """Scores (N,) divided by their sum within each input."""
    return scores / packed.broadcast(packed.segment_sum(scores) + 1e-15)


def ranks(scores: Tensor, packed: Packed) -> Tensor:
    """int64 (N,), each row's rank within its input, 0 for the highest score; ties go to the earlier row."""
    order = torch.argsort(scores, descending=True, stable=True)
    if len(packed.lengths) > 1:
        order = order[torch.argsort(packed.batch_index[order], stable=True)]
    row_ranks = torch.empty_like(order)
    row_ranks[order] = torch.arange(len(order), device=order.device)
    return row_ranks - packed.broadcast(packed.cls_index)
