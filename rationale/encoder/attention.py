"""Attention over packed batches: plain, with its head mean read on the way, or with what rows receive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout, scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from rationale.encoder.base import Heads
from rationale.tokens.packing import Packed

Read = Callable[[int, Tensor], None]
"""``read(layer, attention)`` receives a layer's head-mean attention, (B, n, n), rows of padding zero."""

_BLOCK = {"cpu": 1 << 20}  # probabilities held at once: on a CPU 4 MB of float32, which stay in its cache
_LARGE_BLOCK = 1 << 27


def plain_attention(layer: int, heads: Heads, packed: Packed) -> Tensor:
    """Scaled dot-product attention of every input with itself; context (N, heads x head width)."""
    width = heads.query.shape[-1]
    if heads.bias is not None:
        heads = _biased(heads, heads.bias)
    query, key, value = (_split(packed, rows) for rows in (heads.query, heads.key, heads.value))
    visible = _visible(packed, heads.sliding_window)
    context = scaled_dot_product_attention(
        query, key, value, attn_mask=visible, dropout_p=heads.dropout, scale=width**-0.5
    )
    return packed.padding.unpad(context[..., :width].transpose(1, 2)).flatten(1)


def attend_and_report(read: Read) -> Callable[[int, Heads, Packed], Tensor]:
    """Plain attention that also hands each layer's head-mean attention to ``read``.

    The context, and so every gradient, is that of :func:`plain_attention`. The probabilities are computed
    again without a graph, a block of rows at a time, and only their mean over heads is ever kept.
    """

    def attend(layer: int, heads: Heads, packed: Packed) -> Tensor:
        with torch.no_grad():
            read(layer, head_mean(heads, packed))
        return plain_attention(layer, heads, packed)

    return attend


def head_mean(heads: Heads, packed: Packed) -> Tensor:
    """Attention probabilities averaged over heads, (B, n, n); rows and columns of padding are 0."""
    query, key = _split(packed, heads.query), _split(packed, heads.key)
    bias = _padded_bias(heads, packed)
    visible = _visible(packed, heads.sliding_window)
    longest = query.shape[2]
    mean = query.new_empty(len(query), longest, longest)
    for some, rows in _blocks(query):
        mean[some, rows] = _probabilities(query, key, bias, visible, some, rows).mean(dim=1)
    mask = packed.padding.mask
    return mean if mask is None else mean.mul_(mask[:, :, None])


@dataclass(frozen=True)
class ReceivedAttention:
    """What each of N rows is given in one layer, the mean over heads.

    Attributes:
        total: (N,), from all queries that vote: the column sum of the attention.
        own: (N,), from itself: the diagonal; 0 where the row does not vote.
    """

    total: Tensor
    own: Tensor


def attend_with_received(
    heads: Heads, packed: Packed, voters: Tensor | None = None
) -> tuple[Tensor, ReceivedAttention]:
    """Plain attention and what each row receives: context (N, heads x head width), and sums over queries.

    Probabilities are made a block at a time and never kept, with a graph neither: the way back makes them
    again. Differentiable in context and sums alike. Under dropout what is received is what is left, as in the
    code of LTP's and LAT's authors.

    Args:
        heads: The layer's.
        packed: The batch.
        voters: bool (N,), the queries that count; None for all. Padding never counts.
    """
    query, key, value = (_split(packed, rows) for rows in (heads.query, heads.key, heads.value))
    bias, visible = _padded_bias(heads, packed), _visible(packed, heads.sliding_window)
    wide = torch.promote_types(query.dtype, torch.float32)
    votes = torch.ones_like(packed.ids, dtype=wide) if voters is None else voters.to(wide)
    votes = packed.padding.pad(votes)

    def block(
        query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, some: slice, rows: slice
    ) -> Any:
        chances = _probabilities(query, key, bias, visible, some, rows)
        if heads.dropout:
            chances = dropout(chances, heads.dropout)
        weights = votes[some, rows]
        mean = chances.to(wide).mean(dim=1)
        own = mean.diagonal(offset=rows.start, dim1=1, dim2=2) * weights
        return chances @ value[some], (weights[:, None] @ mean).squeeze(1), own

    blocks = list(_blocks(query))
    again = len(blocks) > 1 and torch.is_grad_enabled()
    run: Any = partial(checkpoint, block, use_reentrant=False) if again else block
    done = [run(query, key, value, bias, some, rows) for some, rows in blocks]
    groups = [
        list(group) for _, group in groupby(zip(blocks, done, strict=True), lambda one: one[0][0].start)
    ]
    context = torch.cat([torch.cat([part[0] for _, part in group], dim=2) for group in groups])
    total = torch.cat([torch.stack([part[1] for _, part in group]).sum(dim=0) for group in groups])
    own = torch.cat([torch.cat([part[2] for _, part in group], dim=1) for group in groups])
    unpad = packed.padding.unpad
    return unpad(context.transpose(1, 2)).flatten(1), ReceivedAttention(unpad(total), unpad(own))


def _probabilities(
    query: Tensor, key: Tensor, bias: Tensor | None, visible: Tensor | None, some: slice, rows: slice
) -> Tensor:
    """Attention of some rows of some inputs: (b, heads, r, n)."""
    logits = (query[some, :, rows] * query.shape[-1] ** -0.5) @ key[some].transpose(-1, -2)
    if bias is not None:
        logits = logits + bias[some, None, None]
    if visible is not None:
        seen = visible[some] if visible.shape[-2] == 1 else visible[some, :, rows]
        logits = logits.masked_fill(~seen, -torch.inf)
    return torch.softmax(logits, dim=-1)


def _padded_bias(heads: Heads, packed: Packed) -> Tensor | None:
    """(B, n)."""
    return None if heads.bias is None else packed.padding.pad(heads.bias.to(heads.query.dtype))


def _biased(heads: Heads, bias: Tensor) -> Heads:
    """Heads whose plain product carries the bias: one more column, 1 in queries, the bias in keys.

    SDPA leaves its fast paths where a mask asks for a gradient; a wider key costs little. Eight columns
    instead of one keep the kernels aligned.
    """
    more = heads.query.new_zeros(*heads.query.shape[:2], 8)
    one, scaled = more.clone(), bias.to(more.dtype) * heads.query.shape[-1] ** 0.5
    one[..., 0] = 1
    carried = torch.cat((scaled[:, None, None].expand(-1, more.shape[1], 1), more[..., 1:]), dim=-1)
    query, key = torch.cat((heads.query, one), dim=-1), torch.cat((heads.key, carried), dim=-1)
    value = torch.cat((heads.value, more), dim=-1)
    return replace(heads, query=query, key=key, value=value, bias=None)


def _split(packed: Packed, rows: Tensor) -> Tensor:
    """(N, heads, width) -> (B, heads, n, width)."""
    return packed.padding.pad(rows).transpose(1, 2)


def _blocks(query: Tensor) -> Iterator[tuple[slice, slice]]:
    """Which inputs and rows of (B, heads, n, width) to compute at once: whole inputs, or rows of one."""
    examples, count, longest = query.shape[:3]
    room = _BLOCK.get(query.device.type, _LARGE_BLOCK) // (count * longest)
    together, step = max(1, room // longest), min(longest, max(1, room))
    for first in range(0, examples, together):
        for start in range(0, longest, step):
            yield slice(first, first + together), slice(start, start + step)


def _visible(packed: Packed, sliding_window: int | None) -> Tensor | None:
    """bool, broadcast to (B, 1, n, n): True where a query may look; None where it may look everywhere."""
    mask = packed.padding.mask
    if sliding_window is None:
        return None if mask is None else mask[:, None, None, :]
    positions = packed.padding.pad(packed.positions)
    near = (positions[:, None, :, None] - positions[:, None, None, :]).abs() <= sliding_window
    if mask is None:
        return near
    return near & mask[:, None, None, :] | ~mask[:, None, :, None]
