"""BERT, and the families built from its layer: RoBERTa and ELECTRA."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rationale.encoder.base import FAMILIES, Encoder, Heads, first_rows, split_heads
from rationale.tokens.packing import Packed


class _BertLayers(Encoder):
    """Embeddings and post-norm layers as BERT has them; ``base`` names the encoder inside the classifier."""

    base: str

    def _blocks(self) -> Any:
        return getattr(self.model, self.base).encoder.layer

    def embed(self, packed: Packed) -> Tensor:
        """The input of layer 0, (N, d)."""
        embedded: Tensor = getattr(self.model, self.base).embeddings(
            input_ids=packed.ids[None],
            token_type_ids=packed.types[None],
            position_ids=self._positions(packed)[None],
        )
        return embedded[0]

    def _positions(self, packed: Packed) -> Tensor:
        return packed.positions

    def project(self, layer: int, hidden: Tensor, packed: Packed) -> Heads:
        """Queries, keys and values of a layer from its input."""
        attention = self.blocks[layer].attention.self
        projections = attention.query(hidden), attention.key(hidden), attention.value(hidden)
        return split_heads(attention.attention_head_size, *projections, dropout=self.attention_dropout)

    def attention_output(self, layer: int, hidden: Tensor, context: Tensor) -> Tensor:
        """Output projection, residual and norm."""
        output: Tensor = self.blocks[layer].attention.output(context, hidden)
        return output

    def feed_forward(self, layer: int, hidden: Tensor) -> Tensor:
        """Feed-forward, residual and norm."""
        block = self.blocks[layer]
        output: Tensor = block.output(block.intermediate(hidden), hidden)
        return output


@FAMILIES.register("bert")
class Bert(_BertLayers):
    """BERT: pooler over [CLS], then a linear classifier."""

    base = "bert"

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Pooler, dropout, classifier."""
        pooled = self.model.bert.pooler(first_rows(hidden, packed)[:, None])
        logits: Tensor = self.model.classifier(self.model.dropout(pooled))
        return logits


@FAMILIES.register("electra")
class Electra(_BertLayers):
    """ELECTRA: narrow embeddings projected to the width, GELU head over [CLS]."""

    base = "electra"

    def embed(self, packed: Packed) -> Tensor:
        """Embeddings, projected where they are narrower than the layers."""
        embedded = super().embed(packed)
        project = getattr(self.model.electra, "embeddings_project", None)
        return embedded if project is None else project(embedded)

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """The classification head over [CLS]."""
        logits: Tensor = self.model.classifier(first_rows(hidden, packed)[:, None])
        return logits


@FAMILIES.register("roberta")
class Roberta(_BertLayers):
    """RoBERTa: positions start after the padding index, tanh head over <s>."""

    base = "roberta"

    @staticmethod
    def max_length(config: Any) -> int:
        """The number of positions after the padding index: RoBERTa does not use those up to it."""
        return int(config.max_position_embeddings) - int(config.pad_token_id) - 1

    def _positions(self, packed: Packed) -> Tensor:
        return packed.positions + (int(self.config.pad_token_id) + 1)

    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """The classification head over <s>."""
        logits: Tensor = self.model.classifier(first_rows(hidden, packed)[:, None])
        return logits
