"""ModernBERT: pre-norm layers, rotary positions, local attention in most, [CLS] or mean pooling."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from rationale.encoder.base import FAMILIES, Encoder, Heads, first_rows, mean_rows
from rationale.tokens.packing import Packed

_CUTOFF = 3.0  # standard deviations, where the config names no cutoff


@FAMILIES.register("modernbert")
class ModernBert(Encoder):
    """ModernBERT over packed sequences; local attention counts positions, so dropped tokens leave gaps."""

    def _blocks(self) -> Any:
        return self.model.model.layers

    @property
    def inner_width(self) -> tuple[int, bool]:
        """The width inside the gated feed-forward."""
        return int(self.config.intermediate_size), True

    def embed(self, packed: Packed) -> Tensor:
        """The input of layer 0, (N, d), without positions, which attention applies."""
        embedded: Tensor = self.model.model.embeddings(input_ids=packed.ids)
        return embedded

    def project(self, layer: int, hidden: Tensor, packed: Packed) -> Heads:
        """Queries, keys and values of a layer, queries and keys rotated by position."""
        block = self.blocks[layer]
        is_local = block.attention_type == "sliding_attention"
        projected = block.attn.Wqkv(block.attn_norm(hidden)).view(hidden.shape[0], 3, -1, block.attn.head_dim)
        query, key, value = projected.unbind(dim=1)
        cos, sin = self.model.model.rotary_emb(query, packed.positions[None], block.attention_type)
        cos, sin = cos[0, :, None], sin[0, :, None]
        sliding_window = int(self.config.sliding_window) if is_local else None
        query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
        return Heads(query, key, value, sliding_window, dropout=self.attention_dropout)

    def attention_output(self, layer: int, hidden: Tensor, context: Tensor) -> Tensor:
        """Output projection and residual."""
        attention = self.blocks[layer].attn
        output: Tensor = hidden + attention.out_drop(attention.Wo(context))
        return output

    def feed_forward(self, layer: int, hidden: Tensor) -> Tensor:
        """Norm, gated feed-forward, residual."""
        block = self.blocks[layer]
        output: Tensor = hidden + block.mlp(block.mlp_norm(hidden))
        return output

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Final norm, the config's pooling, prediction head, classifier."""
        pool = first_rows if self.config.classifier_pooling == "cls" else mean_rows
        pooled = self.model.head(pool(self.model.model.final_norm(hidden), packed))
        logits: Tensor = self.model.classifier(self.model.drop(pooled))
        return logits

    def initialise(self, name: str, weights: Tensor, generator: Generator) -> None:
        """Fills a weight matrix from a truncated normal distribution, narrower in output projections."""
        std = float(self.config.initializer_range)
        if name.endswith(("Wo.weight", "head.dense.weight")):
            std /= math.sqrt(2.0 * self.layers)
        elif name == "classifier.weight":
            std = self.width**-0.5
        cutoff = std * float(self.config.initializer_cutoff_factor or _CUTOFF)
        nn.init.trunc_normal_(weights, std=std, a=-cutoff, b=cutoff, generator=generator)


def _rotate(rows: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of (N, heads, head width)."""
    first, second = rows.float().chunk(2, dim=-1)
    rotated = torch.cat((-second, first), dim=-1)
    return (rows.float() * cos + rotated * sin).to(rows.dtype)
