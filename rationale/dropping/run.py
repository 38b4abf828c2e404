"""The one loop that runs every token-dropping system: full, hard, masked, or soft."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rationale.dropping.system import Decision, DecisionPoint, PruningContext, SoftState, System
from rationale.dropping.trace import DropTrace, traces_of
from rationale.encoder.attention import ReceivedAttention, attend_with_received, plain_attention
from rationale.encoder.base import MASKED_LOGIT, Attend, Encoder, Heads
from rationale.errors import ModelError
from rationale.tokens.packing import Packed


@dataclass(frozen=True)
class Run:
    """The results of one batch of B inputs, N rows, with the decisions that dropped tokens.

    Attributes:
        logits: (B, C), or (B, n, 2) of a model for question answering.
        tokens_kept: int64 (L, B), tokens that pass each layer's feed-forward, special tokens included.
        packed: The batch before layer 0.
        decisions: One a layer, on the rows kept so far (hard) or on all (mask); None for a skipped layer.
            Empty where nothing is dropped. They cost nothing until :meth:`traces` reads them.
        decision_point: Where the decisions were taken.
    """

    logits: Tensor
    tokens_kept: Tensor
    packed: Packed
    decisions: tuple[Decision | None, ...] = ()
    decision_point: DecisionPoint = "layer"

    def traces(self) -> list[DropTrace]:
        """The trace of each input; empty where nothing is dropped."""
        return traces_of(self.packed, self.decisions, self.decision_point) if self.decisions else []


def run_full(
    encoder: Encoder,
    packed: Packed,
    attend: Attend = plain_attention,
    hidden: Tensor | None = None,
    states: list[Tensor] | None = None,
) -> Run:
    """Runs the encoder without dropping.

    Args:
        encoder: The family's adapter.
        packed: The batch.
        attend: The attention to run.
        hidden: The input of layer 0, (N, d); None embeds the batch.
        states: A list that receives each layer's input, L tensors (N, d).
    """
    hidden = encoder.embed(packed) if hidden is None else hidden
    if states is None:
        logits = encoder.forward_from(0, hidden, packed, attend)
    else:
        entering, logits = encoder.hidden_states_and_logits(hidden, packed, attend)
        states += entering
    tokens_kept = torch.tensor(packed.lengths, device=logits.device).expand(encoder.layers, -1)
    return Run(logits, tokens_kept, packed)


class _PackedState:
    """The rows between two layers of a hard run: dropped rows are removed.

    Attributes:
        restored: (N, d), the last output of every row of the batch; None where it is not needed.
        decisions: The decisions so far, by layer.
    """

    def __init__(self, system: System, hidden: Tensor, packed: Packed, *, restore: bool) -> None:
        self.system, self.hidden, self.packed = system, hidden, packed
        self._sizes, self._carried = packed.sizes, None  # type: Tensor, Tensor | None
        self.restored = hidden if restore else None
        self._rows = torch.arange(len(packed.ids), device=packed.ids.device) if restore else None
        self.decisions: dict[int, Decision] = {}

    def decide(
        self, decision_point: DecisionPoint, layer: int, received: ReceivedAttention | None = None
    ) -> None:
        """Drops rows, where ``decision_point`` is the system's."""
        if self.system.decision_point != decision_point:
            return
        context = PruningContext(
            self.hidden, self.packed, self._sizes, received=received, carried=self._carried
        )
        decision = self.decisions[layer] = _finite(self.system.hard(layer, context), layer)
        if self._rows is not None:
            self._rows = self._rows[decision.keep]
        self._carried = decision.carry
        if not bool(decision.keep.all()):
            rows, self.packed = self.packed.select(decision.keep)
            self.hidden = self.hidden.index_select(0, rows)
            self._carried = None if decision.carry is None else decision.carry[rows]

    def remember(self) -> None:
        """Stores a layer's output, with which rows that are dropped later are restored (LAT, section 3.2)."""
        if self.restored is not None and self._rows is not None:
            self.restored = self.restored.index_copy(0, self._rows, self.hidden)


def hard(encoder: Encoder, system: System, packed: Packed, skipped: Container[int] = ()) -> Run:
    """Runs the encoder with hard dropping: dropped rows are removed, so shapes depend on values.

    Where the head needs all rows (question answering, or a system that may drop [CLS]), dropped rows are
    restored with their last output, or with their embedding where they passed no layer.

    Args:
        encoder: The family's adapter.
        system: The system that decides.
        packed: The batch.
        skipped: Layers to skip, with their attention, feed-forward and decision (LayerDrop).
    """
    restore = encoder.is_qa or system.restore_dropped
    state, tokens_kept = _PackedState(system, encoder.embed(packed), packed, restore=restore), []
    for layer in range(encoder.layers):
        if layer in skipped:
            tokens_kept.append(state.packed.lengths)
            continue
        state.decide("layer", layer)
        heads = encoder.project(layer, state.hidden, state.packed)
        context, received = _attend(system, layer, heads, state.packed)
        state.hidden = encoder.attention_output(layer, state.hidden, context)
        state.decide("feed-forward", layer, received)
        state.hidden = encoder.feed_forward(layer, state.hidden)
        state.remember()
        tokens_kept.append(state.packed.lengths)
    final, batch = (state.hidden, state.packed) if state.restored is None else (state.restored, packed)
    counts = torch.tensor(tokens_kept, device=final.device)
    return Run(
        encoder.head(final, batch), counts, packed, _by_layer(state.decisions, encoder), system.decision_point
    )


class _MaskedState:
    """The rows between two layers of a masked run: all of them, with dropped rows hidden from attention."""

    def __init__(self, system: System, packed: Packed) -> None:
        self.system, self._packed = system, packed
        self._carried: Tensor | None = None
        self.decisions: dict[int, Decision] = {}
        self.keep = torch.ones_like(packed.ids, dtype=torch.bool)

    @torch.no_grad()
    def decide(
        self, decision_point: DecisionPoint, layer: int, hidden: Tensor, heads: Heads | None = None
    ) -> None:
        """Updates ``keep``, where ``decision_point`` is the system's."""
        if self.system.decision_point != decision_point:
            return
        reads_attention = heads is not None and self.system.reads_attention
        received = (
            attend_with_received(heads, self._packed, self.keep)[1]
            if heads is not None and reads_attention
            else None
        )
        context = PruningContext(hidden, self._packed, self._packed.sizes, self.keep, received, self._carried)
        decision = self.decisions[layer] = _finite(self.system.hard(layer, context), layer)
        self.keep, self._carried = decision.keep, decision.carry

    def hidden_keys(self, heads: Heads) -> Heads:
        """Heads whose dropped keys receive no attention."""
        bias = torch.zeros(len(self.keep), device=self.keep.device)
        return replace(heads, bias=bias.masked_fill(~self.keep, MASKED_LOGIT))


def mask(
    encoder: Encoder,
    system: System,
    packed: Packed,
    attend: Attend = plain_attention,
    hidden: Tensor | None = None,
    states: list[Tensor] | None = None,
) -> Run:
    """Runs the encoder with the decisions of :func:`hard` as a mask: all rows stay, so gradients can flow.

    Args:
        encoder: The family's adapter.
        system: The system that decides.
        packed: The batch.
        attend: The attention to run, which respects a bias.
        hidden: The input of layer 0, (N, d); None embeds the batch.
        states: A list that receives each layer's input, L tensors (N, d).
    """
    hidden = encoder.embed(packed) if hidden is None else hidden
    state, tokens_kept, restored = _MaskedState(system, packed), [], hidden
    for layer in range(encoder.layers):
        if states is not None:
            states.append(hidden)
        state.decide("layer", layer, hidden)
        heads = state.hidden_keys(encoder.project(layer, hidden, packed))
        hidden = encoder.attention_output(layer, hidden, attend(layer, heads, packed))
        state.decide("feed-forward", layer, hidden, heads)
        hidden = encoder.feed_forward(layer, hidden)
        restored = torch.where(state.keep[:, None], hidden, restored)
        tokens_kept.append(packed.segment_sum(state.keep.long()))
    if encoder.is_qa or system.restore_dropped:
        logits = encoder.head(restored, packed)
    else:
        rows, kept = packed.select(state.keep)
        logits = encoder.head(hidden[rows], kept)
    return Run(
        logits, torch.stack(tokens_kept), packed, _by_layer(state.decisions, encoder), system.decision_point
    )


def soft(encoder: Encoder, system: System, packed: Packed, strength: float) -> tuple[Tensor, SoftState]:
    """Runs the encoder with soft dropping: logits (B, C) and the final state, differentiable throughout."""
    hidden = encoder.embed(packed)
    state = SoftState.start(hidden)
    for layer in range(encoder.layers):
        if system.decision_point == "layer":
            system.soft(layer, PruningContext(hidden, packed, packed.sizes), state, strength)
        heads = replace(encoder.project(layer, hidden, packed), bias=state.bias)
        context, received = _attend(system, layer, heads, packed)
        hidden = encoder.attention_output(layer, hidden, context)
        if system.decision_point == "feed-forward":
            system.soft(
                layer, PruningContext(hidden, packed, packed.sizes, received=received), state, strength
            )
        hidden = _times(encoder.feed_forward(layer, _times(hidden, state.before)), state.after)
    return encoder.head(hidden, replace(packed, keep_mass=state.keep)), state


def _by_layer(decisions: dict[int, Decision], encoder: Encoder) -> tuple[Decision | None, ...]:
    return tuple(decisions.get(layer) for layer in range(encoder.layers))


def _attend(
    system: System, layer: int, heads: Heads, packed: Packed
) -> tuple[Tensor, ReceivedAttention | None]:
    if system.reads_attention:
        return attend_with_received(heads, packed)
    return plain_attention(layer, heads, packed), None


def _times(hidden: Tensor, gate: Tensor | None) -> Tensor:
    return hidden if gate is None else hidden * gate[:, None].to(hidden.dtype)


def _finite(decision: Decision, layer: int) -> Decision:
    """The decision, checked: NaN compares False with any threshold, so all rows would be dropped.

    Raises:
        ModelError: Where a score or a threshold is NaN or infinite.
    """
    if not bool(torch.isfinite(decision.scores).all() & torch.isfinite(decision.thresholds).all()):
        raise ModelError(
            f"the model decides by NaN or infinite scores in layer {layer}",
            remedy="Its weights are damaged or its training diverged.",
        )
    return decision
