"""Attention over packed batches: plain, with its head mean, or with the attention that rows receive."""

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

_BLOCK = {"cpu": 1 << 20}  # probabilities in memory at once: on a CPU 4 MB of float32, which fit its cache
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
    """Plain attention that also passes each layer's head-mean attention to ``read``.

    The context, and so every gradient, is that of :func:`plain_attention`. The probabilities are computed
    again without a graph, a block of rows at a time, and only their mean over heads is stored.
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
    for inputs, rows in _blocks(query):
        mean[inputs, rows] = _probabilities(query, key, bias, visible, inputs, rows).mean(dim=1)
    mask = packed.padding.mask
    return mean if mask is None else mean.mul_(mask[:, :, None])


@dataclass(frozen=True)
class ReceivedAttention:
    """The attention that each of N rows receives in one layer, the mean over heads.

    Attributes:
        total: (N,), from all voting queries: the column sum of the attention.
        own: (N,), from the row itself: the diagonal; 0 where the row does not vote.
    """

    total: Tensor
    own: Tensor


def attend_with_received(
    heads: Heads, packed: Packed, voters: Tensor | None = None
) -> tuple[Tensor, ReceivedAttention]:
    """Plain attention, context (N, heads x head width), and the attention that each row receives.

    Probabilities are computed a block at a time and not stored: with a graph, the backward pass computes them
    again. Context and sums are differentiable. With dropout the sums are of the dropped-out weights, as in
    the code of LTP's and LAT's authors.

    Args:
        heads: Queries, keys and values of the layer.
        packed: The batch.
        voters: bool (N,), the queries that count; None for all. Padding never counts.
    """
    query, key, value = (_split(packed, rows) for rows in (heads.query, heads.key, heads.value))
    bias, visible = _padded_bias(heads, packed), _visible(packed, heads.sliding_window)
    dtype = torch.promote_types(query.dtype, torch.float32)
    votes = torch.ones_like(packed.ids, dtype=dtype) if voters is None else voters.to(dtype)
    votes = packed.padding.pad(votes)

    def block(
        query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, inputs: slice, rows: slice
    ) -> Any:
        probabilities = _probabilities(query, key, bias, visible, inputs, rows)
        if heads.dropout:
            probabilities = dropout(probabilities, heads.dropout)
        weights = votes[inputs, rows]
        mean = probabilities.to(dtype).mean(dim=1)
        diagonal = mean.diagonal(offset=rows.start, dim1=1, dim2=2) * weights
        return probabilities @ value[inputs], (weights[:, None] @ mean).squeeze(1), diagonal

    blocks = list(_blocks(query))
    recompute = len(blocks) > 1 and torch.is_grad_enabled()
    run: Any = partial(checkpoint, block, use_reentrant=False) if recompute else block
    results = [run(query, key, value, bias, inputs, rows) for inputs, rows in blocks]
    groups = [
        list(group) for _, group in groupby(zip(blocks, results, strict=True), lambda pair: pair[0][0].start)
    ]
    context = torch.cat([torch.cat([part[0] for _, part in group], dim=2) for group in groups])
    total = torch.cat([torch.stack([part[1] for _, part in group]).sum(dim=0) for group in groups])
    diagonal = torch.cat([torch.cat([part[2] for _, part in group], dim=1) for group in groups])
    unpad = packed.padding.unpad
    return unpad(context.transpose(1, 2)).flatten(1), ReceivedAttention(unpad(total), unpad(diagonal))


def _probabilities(
    query: Tensor, key: Tensor, bias: Tensor | None, visible: Tensor | None, inputs: slice, rows: slice
) -> Tensor:
    """Attention of some rows of some inputs: (b, heads, r, n)."""
    logits = (query[inputs, :, rows] * query.shape[-1] ** -0.5) @ key[inputs].transpose(-1, -2)
    if bias is not None:
        logits = logits + bias[inputs, None, None]
    if visible is not None:
        allowed = visible[inputs] if visible.shape[-2] == 1 else visible[inputs, :, rows]
        logits = logits.masked_fill(~allowed, -torch.inf)
    return torch.softmax(logits, dim=-1)


def _padded_bias(heads: Heads, packed: Packed) -> Tensor | None:
    """The bias of each key, (B, n); None where there is none."""
    return None if heads.bias is None else packed.padding.pad(heads.bias.to(heads.query.dtype))


def _biased(heads: Heads, bias: Tensor) -> Heads:
    """Heads whose plain product includes the bias: one more column, 1 in queries, the bias in keys.

    SDPA leaves its fast kernels where a mask requires a gradient; a wider key costs little. Eight columns
    instead of one keep the kernels aligned.
    """
    zeros = heads.query.new_zeros(*heads.query.shape[:2], 8)
    query_columns, scaled_bias = zeros.clone(), bias.to(zeros.dtype) * heads.query.shape[-1] ** 0.5
    query_columns[..., 0] = 1
    key_columns = torch.cat(
        (scaled_bias[:, None, None].expand(-1, zeros.shape[1], 1), zeros[..., 1:]), dim=-1
    )
    query, key = torch.cat((heads.query, query_columns), dim=-1), torch.cat((heads.key, key_columns), dim=-1)
    value = torch.cat((heads.value, zeros), dim=-1)
    return replace(heads, query=query, key=key, value=value, bias=None)


def _split(packed: Packed, rows: Tensor) -> Tensor:
    """(N, heads, width) -> (B, heads, n, width)."""
    return packed.padding.pad(rows).transpose(1, 2)


def _blocks(query: Tensor) -> Iterator[tuple[slice, slice]]:
    """Yields the inputs and rows of (B, heads, n, width) to compute at once: whole inputs, or rows of one."""
    examples, heads, longest = query.shape[:3]
    rows_in_block = _BLOCK.get(query.device.type, _LARGE_BLOCK) // (heads * longest)
    inputs_at_once, rows_at_once = max(1, rows_in_block // longest), min(longest, max(1, rows_in_block))
    for first in range(0, examples, inputs_at_once):
        for start in range(0, longest, rows_at_once):
            yield slice(first, first + inputs_at_once), slice(start, start + rows_at_once)


def _visible(packed: Packed, sliding_window: int | None) -> Tensor | None:
    """Bool, broadcast to (B, 1, n, n): True where a query attends to a key; None where all do to all."""
    mask = packed.padding.mask
    if sliding_window is None:
        return None if mask is None else mask[:, None, None, :]
    positions = packed.padding.pad(packed.positions)
    near = (positions[:, None, :, None] - positions[:, None, None, :]).abs() <= sliding_window
    if mask is None:
        return near
    return near & mask[:, None, None, :] | ~mask[:, None, :, None]
