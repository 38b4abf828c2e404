"""DistilBERT: BERT's layer without token types, ReLU head over [CLS]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rationale.encoder.base import FAMILIES, Encoder, Heads, first_rows, split_heads
from rationale.tokens.packing import Packed


@FAMILIES.register("distilbert")
class DistilBert(Encoder):
    """DistilBERT over packed sequences."""

    def _blocks(self) -> Any:
        return self.model.distilbert.transformer.layer

    @property
    def inner_width(self) -> tuple[int, bool]:
        """The width inside the feed-forward."""
        return int(self.config.hidden_dim), False

    def embed(self, packed: Packed) -> Tensor:
        """The input of layer 0, (N, d)."""
        embedded: Tensor = self.model.distilbert.embeddings(
            packed.ids[None], position_ids=packed.positions[None]
        )
        return embedded[0]

    def project(self, layer: int, hidden: Tensor, packed: Packed) -> Heads:
        """Queries, keys and values of a layer from its input."""
        attention = self.blocks[layer].attention
        projections = attention.q_lin(hidden), attention.k_lin(hidden), attention.v_lin(hidden)
        return split_heads(attention.attention_head_size, *projections, dropout=self.attention_dropout)

    def attention_output(self, layer: int, hidden: Tensor, context: Tensor) -> Tensor:
        """Output projection, residual and norm."""
        block = self.blocks[layer]
        output: Tensor = block.sa_layer_norm(block.attention.out_lin(context) + hidden)
        return output

    def feed_forward(self, layer: int, hidden: Tensor) -> Tensor:
        """Feed-forward, residual and norm."""
        block = self.blocks[layer]
        output: Tensor = block.output_layer_norm(block.ffn.ff_chunk(hidden) + hidden)
        return output

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Pre-classifier, ReLU, dropout, classifier over [CLS]."""
        pooled = torch.relu(self.model.pre_classifier(first_rows(hidden, packed)))
        logits: Tensor = self.model.classifier(self.model.dropout(pooled))
        return logits
