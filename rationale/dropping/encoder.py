"""A dropping model among the encoder families: scored like any other, its dropped tokens out of sight."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rationale.dropping import run
from rationale.dropping.model import DroppingModel
from rationale.dropping.system import Decision, System
from rationale.encoder.attention import plain
from rationale.encoder.base import FAMILIES, Attend, Encoder, Heads
from rationale.errors import ModelError
from rationale.tokens.packing import Packed


@FAMILIES.register("token-dropping")
class Dropping(Encoder):
    """The backbone's adapter whose layers take the system's decisions, as a mask: gradients see what it sees.

    Args:
        model: A dropping model.
    """

    def __init__(self, model: DroppingModel) -> None:
        self.inner = model.encoder
        self.system: System = model.system
        super().__init__(model)
        self.config = self.inner.config

    def _blocks(self) -> Any:
        return self.inner.blocks

    @property
    def answers(self) -> bool:
        """As the backbone."""
        return self.inner.answers

    def read(self, hidden: Tensor, packed: Packed) -> Tensor:
        """The backbone's."""
        return self.inner.read(hidden, packed)

    @property
    def identity(self) -> dict[str, Any]:
        """The system's name, and eta where it has one: what its scores are compared with.

        Raises:
            ModelError: Where config.json tells of another eta than the weights hold.
        """
        eta = getattr(self.system, "eta", None)
        if eta is None:
            return {"system": self.system.name}
        held, told = eta.detach().float().tolist(), self.model.config.to_dict().get("eta", ())
        if not _alike(told, held):
            raise ModelError(
                f"config.json says eta is {told}, and the weights hold {[round(value, 4) for value in held]}",
                where=self.model.config.name_or_path,
                remedy="One of the two files was changed; take both from where the model was saved.",
            )
        return {"system": self.system.name, "eta": held}

    @property
    def inner_width(self) -> tuple[int, bool]:
        """The backbone's."""
        return self.inner.inner_width

    @staticmethod
    def max_length(config: Any) -> int:
        """The backbone's."""
        own = config.backbone_config()
        return FAMILIES.get(own.model_type).max_length(own)

    def embed(self, packed: Packed) -> Tensor:
        """The backbone's."""
        return self.inner.embed(packed)

    def project(self, layer: int, hidden: Tensor, packed: Packed) -> Heads:
        """The backbone's."""
        return self.inner.project(layer, hidden, packed)

    def merge(self, layer: int, hidden: Tensor, context: Tensor) -> Tensor:
        """The backbone's."""
        return self.inner.merge(layer, hidden, context)

    def feed_forward(self, layer: int, hidden: Tensor) -> Tensor:
        """The backbone's."""
        return self.inner.feed_forward(layer, hidden)

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """The backbone's."""
        return self.inner.classify(hidden, packed)

    def walk(
        self, hidden: Tensor, packed: Packed, attend: Attend, made: list[Decision] | None = None
    ) -> tuple[list[Tensor], Tensor]:
        """What enters each layer, dropped rows too, and the logits of the rows that are kept.

        Args:
            hidden: The embeddings, (N, d).
            packed: The batch.
            attend: The attention to run.
            made: Is given the decision of every layer.
        """
        states: list[Tensor] = []

        def watch(layer: int, rows: Tensor, decision: Decision) -> None:
            del layer, rows  # all layers in order, all rows
            if made is not None:
                made.append(decision)

        done = run.mask(self.inner, self.system, packed, watch, attend, hidden, states)
        return states, done.logits

    def tail(self, layer: int, hidden: Tensor, packed: Packed, attend: Attend) -> Tensor:
        """Logits from the embeddings on.

        Raises:
            ModelError: For a later layer: what was dropped before it is not known.
        """
        if layer > 0:
            raise ModelError(
                f"layer {layer} of a dropping model cannot run alone: who is left was decided before",
                remedy="Ask for layer 0, or for a one-pass method.",
            )
        return run.mask(self.inner, self.system, packed, attend=attend, hidden=hidden).logits

    def forward(self, packed: Packed, attend: Attend) -> Tensor:
        """Logits (B, C): dropped for real where nobody reads the attention."""
        if attend is plain and not torch.is_grad_enabled():
            return run.hard(self.inner, self.system, packed).logits
        return super().forward(packed, attend)


def _alike(told: Any, held: list[float]) -> bool:
    numbers = isinstance(told, list) and all(isinstance(value, int | float) for value in told)
    return numbers and len(told) == len(held) and bool(np.allclose(told, held, atol=1e-6))
