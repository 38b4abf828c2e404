"""Attention over packed batches: plain, and with the head-mean attention read on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from rationale.encoder.base import Heads
from rationale.tokens.packing import Packed

Read = Callable[[int, Tensor], None]
"""``read(layer, attention)`` receives a layer's head-mean attention, (B, n, n), rows of padding zero."""

_BLOCK = {"cpu": 1 << 20}  # probabilities held at once: on a CPU 4 MB of float32, which stay in its cache
_LARGE_BLOCK = 1 << 27


def plain(layer: int, heads: Heads, packed: Packed) -> Tensor:
    """Scaled dot-product attention of every input with itself; context (N, heads x head width)."""
    width = heads.query.shape[-1]
    if heads.bias is not None:
        heads = _biased(heads, heads.bias)
    query, key, value = (_split(packed, rows) for rows in (heads.query, heads.key, heads.value))
    visible = _visible(packed, heads.reach)
    context = scaled_dot_product_attention(query, key, value, attn_mask=visible, scale=width**-0.5)
    return packed.padding.unpad(context[..., :width].transpose(1, 2)).flatten(1)


def reading(read: Read) -> Callable[[int, Heads, Packed], Tensor]:
    """Plain attention that also hands each layer's head-mean attention to ``read``.

    The context, and so every gradient, is that of :func:`plain`. The probabilities are computed again
    without a graph, a block of rows at a time, and only their mean over heads is ever kept.
    """

    def attend(layer: int, heads: Heads, packed: Packed) -> Tensor:
        with torch.no_grad():
            read(layer, head_mean(heads, packed))
        return plain(layer, heads, packed)

    return attend


def head_mean(heads: Heads, packed: Packed) -> Tensor:
    """Attention probabilities averaged over heads, (B, n, n); rows and columns of padding are 0."""
    query, key = _split(packed, heads.query), _split(packed, heads.key)
    examples, count, longest, width = query.shape
    bias = None if heads.bias is None else packed.padding.pad(heads.bias)
    visible = _visible(packed, heads.reach)
    mean = query.new_empty(examples, longest, longest)
    for example, rows in _blocks(query, count * longest):
        logits = (query[example, :, rows] * width**-0.5) @ key[example].transpose(-1, -2)
        if bias is not None:
            logits += bias[example]
        if visible is not None:
            seen = visible[example] if visible.shape[-2] == 1 else visible[example, :, rows]
            logits = logits.masked_fill_(~seen, -torch.inf)
        mean[example, rows] = torch.softmax(logits, dim=-1).mean(dim=-3)
    mask = packed.padding.mask
    return mean if mask is None else mean.mul_(mask[:, :, None])


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
    return Heads(query, key, torch.cat((heads.value, more), dim=-1), heads.reach)


def _split(packed: Packed, rows: Tensor) -> Tensor:
    """(N, heads, width) -> (B, heads, n, width)."""
    return packed.padding.pad(rows).transpose(1, 2)


def _blocks(query: Tensor, row: int) -> Iterator[tuple[int, slice]]:
    """Which (example, rows) to compute at once, where one row of all heads takes ``row`` numbers."""
    examples, longest = query.shape[0], query.shape[2]
    step = max(1, _BLOCK.get(query.device.type, _LARGE_BLOCK) // row)
    for example in range(examples):
        for start in range(0, longest, step):
            yield example, slice(start, start + step)


def _visible(packed: Packed, reach: int | None) -> Tensor | None:
    """bool, broadcast to (B, 1, n, n): True where a query may look; None where it may look everywhere."""
    mask = packed.padding.mask
    if reach is None:
        return None if mask is None else mask[:, None, None, :]
    positions = packed.padding.pad(packed.positions)
    near = (positions[:, None, :, None] - positions[:, None, None, :]).abs() <= reach
    if mask is None:
        return near
    return near & mask[:, None, None, :] | ~mask[:, None, :, None]
