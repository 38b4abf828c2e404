"""The one loop that runs every token-dropping system: undropped, hard, as a mask, or by degrees."""

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
    """What one batch of B inputs, N rows, gave, and who was dropped where.

    Attributes:
        logits: (B, C), or (B, n, 2) of a model that answers.
        tokens_kept: int64 (L, B), tokens that pass each layer's feed-forward, special tokens included.
        packed: The batch as it came in.
        decisions: One a layer, of the rows that were still there (hard) or of all (mask); None for a layer
            that was passed by. Empty where nothing is dropped. They are kept as they were made, and cost
            nothing until :meth:`traces` reads them.
        decision_point: Where the decisions were taken.
    """

    logits: Tensor
    tokens_kept: Tensor
    packed: Packed
    decisions: tuple[Decision | None, ...] = ()
    decision_point: DecisionPoint = "layer"

    def traces(self) -> list[DropTrace]:
        """The trace of each input; none where nothing is dropped."""
        return traces_of(self.packed, self.decisions, self.decision_point) if self.decisions else []


def run_full(
    encoder: Encoder,
    packed: Packed,
    attend: Attend = plain_attention,
    hidden: Tensor | None = None,
    states: list[Tensor] | None = None,
) -> Run:
    """The encoder as it is, nothing dropped: what the others are compared with.

    Args:
        encoder: The family's adapter.
        packed: The batch.
        attend: The attention to run.
        hidden: What enters layer 0, (N, d); None embeds the batch.
        states: Is given what enters each layer, L tensors (N, d).
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
    """Rows on their way through the layers, those that are dropped taken out.

    Attributes:
        restored: (N, d), what last left a layer of every row the batch came in with; None where nobody asks.
        decisions: Those taken so far, by layer.
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
        """Lets rows leave, where ``decision_point`` is the system's."""
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
            kept, self.packed = self.packed.select(decision.keep)
            self.hidden = self.hidden.index_select(0, kept)
            self._carried = None if decision.carry is None else decision.carry[kept]

    def remember(self) -> None:
        """Remembers what left a layer: who is dropped later is restored with it (LAT, section 3.2)."""
        if self.restored is not None and self._rows is not None:
            self.restored = self.restored.index_copy(0, self._rows, self.hidden)


def hard(encoder: Encoder, system: System, packed: Packed, skipped: Container[int] = ()) -> Run:
    """Drops for real: rows that leave are in no later product. Shapes depend on numbers.

    Where all rows are needed at the end, to answer or because [CLS] itself may leave, those that are gone
    come back as they last left a layer (as embeddings, where they never did).

    Args:
        encoder: The family's adapter.
        system: Who decides.
        packed: The batch.
        skipped: Layers that are passed by, with no attention, no feed-forward and no decision (LayerDrop).
    """
    restore = encoder.is_qa or system.restore_dropped
    going, tokens_kept = _PackedState(system, encoder.embed(packed), packed, restore=restore), []
    for layer in range(encoder.layers):
        if layer in skipped:
            tokens_kept.append(going.packed.lengths)
            continue
        going.decide("layer", layer)
        heads = encoder.project(layer, going.hidden, going.packed)
        context, received = _attend(system, layer, heads, going.packed)
        going.hidden = encoder.attention_output(layer, going.hidden, context)
        going.decide("feed-forward", layer, received)
        going.hidden = encoder.feed_forward(layer, going.hidden)
        going.remember()
        tokens_kept.append(going.packed.lengths)
    last, rows = (going.hidden, going.packed) if going.restored is None else (going.restored, packed)
    counts = torch.tensor(tokens_kept, device=last.device)
    return Run(
        encoder.head(last, rows), counts, packed, _by_layer(going.decisions, encoder), system.decision_point
    )


class _MaskedState:
    """Rows on their way through the layers, all of them; those that are dropped are hidden from attention."""

    def __init__(self, system: System, packed: Packed) -> None:
        self.system, self._packed = system, packed
        self._carried: Tensor | None = None
        self.decisions: dict[int, Decision] = {}
        self.keep = torch.ones_like(packed.ids, dtype=torch.bool)

    @torch.no_grad()
    def decide(
        self, decision_point: DecisionPoint, layer: int, hidden: Tensor, heads: Heads | None = None
    ) -> None:
        """Moves ``keep`` on, where ``decision_point`` is the system's."""
        if self.system.decision_point != decision_point:
            return
        asked = heads is not None and self.system.reads_attention
        received = (
            attend_with_received(heads, self._packed, self.keep)[1] if heads is not None and asked else None
        )
        context = PruningContext(hidden, self._packed, self._packed.sizes, self.keep, received, self._carried)
        decision = self.decisions[layer] = _finite(self.system.hard(layer, context), layer)
        self.keep, self._carried = decision.keep, decision.carry

    def hidden_keys(self, heads: Heads) -> Heads:
        """Heads whose dropped keys nobody sees."""
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
    """Takes the same decisions and hides the dropped from attention: all rows stay, so gradients can flow.

    Args:
        encoder: The family's adapter.
        system: Who decides.
        packed: The batch.
        attend: The attention to run, which respects a bias.
        hidden: What enters layer 0, (N, d); None embeds the batch.
        states: Is given what enters each layer, L tensors (N, d).
    """
    hidden = encoder.embed(packed) if hidden is None else hidden
    going, tokens_kept, restored = _MaskedState(system, packed), [], hidden
    for layer in range(encoder.layers):
        if states is not None:
            states.append(hidden)
        going.decide("layer", layer, hidden)
        heads = going.hidden_keys(encoder.project(layer, hidden, packed))
        hidden = encoder.attention_output(layer, hidden, attend(layer, heads, packed))
        going.decide("feed-forward", layer, hidden, heads)
        hidden = encoder.feed_forward(layer, hidden)
        restored = torch.where(going.keep[:, None], hidden, restored)
        tokens_kept.append(packed.segment_sum(going.keep.long()))
    if encoder.is_qa or system.restore_dropped:
        logits = encoder.head(restored, packed)
    else:
        rows, kept = packed.select(going.keep)
        logits = encoder.head(hidden[rows], kept)
    return Run(
        logits, torch.stack(tokens_kept), packed, _by_layer(going.decisions, encoder), system.decision_point
    )


def soft(encoder: Encoder, system: System, packed: Packed, strength: float) -> tuple[Tensor, SoftState]:
    """Drops by degrees: logits (B, C) and the state after the last layer; differentiable throughout."""
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
