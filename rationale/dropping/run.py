"""The one loop that runs every token-dropping system: hard, as a mask, or by degrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rationale.dropping.system import FLOOR, Decision, Soft, System
from rationale.encoder.attention import plain
from rationale.encoder.base import Attend, Encoder
from rationale.errors import ModelError
from rationale.tokens.packing import Packed

Watch = Callable[[int, Tensor, Decision], None]
"""``watch(layer, rows, decision)``: a decision on the rows, int64 (N,), of the batch as it came in."""


@dataclass(frozen=True)
class Run:
    """What one batch of B inputs gave.

    Attributes:
        logits: (B, C).
        alive: int64 (L, B), tokens that pass each layer's feed-forward, special tokens included.
    """

    logits: Tensor
    alive: Tensor


def undropped(encoder: Encoder, packed: Packed) -> Run:
    """The encoder as it is, nothing dropped: what the others are compared with."""
    logits = encoder.forward(packed, plain)
    return Run(logits, torch.tensor(packed.lengths, device=logits.device).expand(encoder.layers, -1))


def hard(encoder: Encoder, system: System, packed: Packed, watch: Watch | None = None) -> Run:
    """Drops for real: rows that leave are in no later product. For inference: shapes depend on numbers."""
    hidden = encoder.embed(packed)
    rows = torch.arange(len(packed.ids), device=packed.ids.device) if watch else None
    alive = []
    for layer in range(encoder.layers):
        decision = _finite(system.hard(layer, hidden, packed, None), layer)
        if watch and rows is not None:
            watch(layer, rows, decision)
            rows = rows[decision.keep]
        if not bool(decision.keep.all()):
            kept, packed = packed.select(decision.keep)
            hidden = hidden.index_select(0, kept)
        alive.append(packed.lengths)
        hidden = encoder.layer(layer, hidden, packed, plain)
    return Run(encoder.classify(hidden, packed), torch.tensor(alive, device=hidden.device))


def mask(
    encoder: Encoder,
    system: System,
    packed: Packed,
    watch: Watch | None = None,
    attend: Attend = plain,
    hidden: Tensor | None = None,
    states: list[Tensor] | None = None,
) -> Run:
    """Takes the same decisions and hides the dropped from attention: all rows stay, so gradients can flow.

    Args:
        encoder: The family's adapter.
        system: Who decides.
        packed: The batch.
        watch: Called with each decision.
        attend: The attention to run, which respects a bias.
        hidden: What enters layer 0, (N, d); None embeds the batch.
        states: Is given what enters each layer, L tensors (N, d).
    """
    hidden = encoder.embed(packed) if hidden is None else hidden
    rows = torch.arange(len(packed.ids), device=packed.ids.device)
    keep, alive = torch.ones_like(packed.ids, dtype=torch.bool), []
    for layer in range(encoder.layers):
        if states is not None:
            states.append(hidden)
        with torch.no_grad():
            decision = _finite(system.hard(layer, hidden, packed, keep), layer)
        if watch:
            watch(layer, rows, decision)
        keep = decision.keep
        alive.append(packed.total(keep.long()))
        bias = torch.zeros_like(decision.scores).masked_fill(~keep, FLOOR)
        hidden = _layer(encoder, layer, hidden, packed, attend, bias)
    kept, packed = packed.select(keep)
    return Run(encoder.classify(hidden[kept], packed), torch.stack(alive))


def soft(encoder: Encoder, system: System, packed: Packed, strength: float) -> tuple[Tensor, Soft]:
    """Drops by degrees: logits (B, C) and the state after the last layer; differentiable throughout."""
    hidden = encoder.embed(packed)
    state = Soft.start(hidden)
    for layer in range(encoder.layers):
        system.soft(layer, hidden, packed, state, strength)
        hidden = _layer(encoder, layer, hidden, packed, plain, state.bias)
    return encoder.classify(hidden, replace(packed, mass=state.keep)), state


def _finite(decision: Decision, layer: int) -> Decision:
    """The decision, where it is one: a NaN is below no threshold and above none, so all would leave.

    Raises:
        ModelError: Where a score or a threshold is NaN or infinite.
    """
    if not bool(torch.isfinite(decision.scores).all() & torch.isfinite(decision.thresholds).all()):
        raise ModelError(
            f"the model decides by NaN or infinite scores in layer {layer}",
            remedy="Its weights are damaged or its training diverged.",
        )
    return decision


def _layer(
    encoder: Encoder, layer: int, hidden: Tensor, packed: Packed, attend: Attend, bias: Tensor
) -> Tensor:
    heads = replace(encoder.project(layer, hidden, packed), bias=bias)
    context = attend(layer, heads, packed)
    return encoder.feed_forward(layer, encoder.merge(layer, hidden, context))
