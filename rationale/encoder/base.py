"""The interface of encoder families over packed sequences: embed, attend, feed forward, classify."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Generator, Tensor, nn

from rationale.registry import Registry
from rationale.tokens.packing import Packed


@dataclass(frozen=True)
class Heads:
    """Queries, keys and values of one layer, each (N, heads, head width), positions already applied.

    Attributes:
        sliding_window: The greatest distance, in positions, over which tokens attend; None means all.
        bias: float (N,), added to every logit of each key; None means 0. It may require a gradient.
        dropout: The share of attention weights that are set to 0, the others scaled up; 0 outside training.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    sliding_window: int | None = None
    bias: Tensor | None = None
    dropout: float = 0.0


ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")
"""The names of the dropout on attention weights in the families' configs."""

MASKED_LOGIT = -10_000.0
"""The logit of a masked key, and of a position that cannot begin or end an answer."""

Attend = Callable[[int, Heads, Packed], Tensor]
"""``attend(layer, heads, packed)`` returns the context of every row, (N, heads x head width)."""


class Encoder(ABC):
    """The adapter of a family: names the parts of its Hugging Face model; has no weights of its own.

    N rows are the tokens of a packed batch; d is the width. With plain attention, :meth:`forward_from` from
    the embeddings equals the Hugging Face model run on each input alone.

    Args:
        model: A ``…ForSequenceClassification`` model of the family.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model: Any = model
        self.config: Any = model.config
        self.blocks: Any = self._blocks()

    @property
    def layers(self) -> int:
        """The number of layers, L."""
        return len(self.blocks)

    @property
    def width(self) -> int:
        """The width of a layer's input, d."""
        return int(self.config.hidden_size)

    @property
    def attention_dropout(self) -> float:
        """The share of attention weights to drop: the config's in training mode, else 0."""
        rates = (getattr(self.config, name) for name in ATTENTION_DROPOUT if hasattr(self.config, name))
        return float(next(rates, 0.0)) if self.model.training else 0.0

    @property
    def inner_width(self) -> tuple[int, bool]:
        """The width inside the feed-forward, and whether a gate doubles its first projection."""
        return int(self.config.intermediate_size), False

    @abstractmethod
    def _blocks(self) -> Any:
        """The layers, in order."""

    @abstractmethod
    def embed(self, packed: Packed) -> Tensor:
        """The input of layer 0, (N, d)."""

    @abstractmethod
    def project(self, layer: int, hidden: Tensor, packed: Packed) -> Heads:
        """Queries, keys and values of a layer from its input, (N, d)."""

    @abstractmethod
    def attention_output(self, layer: int, hidden: Tensor, context: Tensor) -> Tensor:
        """The input of the feed-forward, (N, d), from the layer's input (N, d) and context (N, d)."""

    @abstractmethod
    def feed_forward(self, layer: int, hidden: Tensor) -> Tensor:
        """The output of the layer, (N, d)."""

    @abstractmethod
    def classify(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Logits (B, C) from the output of the last layer, (N, d)."""

    @property
    def is_qa(self) -> bool:
        """Whether the model answers questions by the start and end of a span, not by a class."""
        return hasattr(self.model, "qa_outputs")

    def head(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Applies the model's head to the output of the last layer, (N, d).

        Returns:
            Logits (B, C) of a classifier. For question answering (B, n, 2), n the longest input: whether each
            token begins and ends the answer, :data:`MASKED_LOGIT` at padding.
        """
        if not self.is_qa:
            return self.classify(hidden, packed)
        logits = packed.padding.pad(self.model.qa_outputs(hidden))
        mask = packed.padding.mask
        return logits if mask is None else logits.masked_fill(~mask[..., None], MASKED_LOGIT)

    def initialise(self, name: str, weights: Tensor, generator: Generator) -> None:
        """Fills a weight matrix in place, as the family does before training.

        Vectors need no such rule: those of norms start at 1, biases at 0.

        Args:
            name: The parameter's name in the model.
            weights: Numbers of its shape, on the CPU.
            generator: The source of random numbers.
        """
        nn.init.normal_(weights, std=float(self.config.initializer_range), generator=generator)
        padding = getattr(self.model.get_submodule(name.rpartition(".")[0]), "padding_idx", None)
        if padding is not None:
            weights[padding] = 0.0

    @staticmethod
    def max_length(config: Any) -> int:
        """The longest input the positions allow, special tokens included."""
        return int(config.max_position_embeddings)

    def layer(self, layer: int, hidden: Tensor, packed: Packed, attend: Attend) -> Tensor:
        """One whole layer, (N, d) -> (N, d)."""
        context = attend(layer, self.project(layer, hidden, packed), packed)
        return self.feed_forward(layer, self.attention_output(layer, hidden, context))

    def hidden_states_and_logits(
        self, hidden: Tensor, packed: Packed, attend: Attend
    ) -> tuple[list[Tensor], Tensor]:
        """The input of each layer, L tensors (N, d), and the logits (B, C), from the embeddings (N, d)."""
        states = []
        for number in range(self.layers):
            states.append(hidden)
            hidden = self.layer(number, hidden, packed, attend)
        return states, self.head(hidden, packed)

    def forward_from(self, layer: int, hidden: Tensor, packed: Packed, attend: Attend) -> Tensor:
        """Logits (B, C) from the input of ``layer``, (N, d)."""
        for number in range(layer, self.layers):
            hidden = self.layer(number, hidden, packed, attend)
        return self.head(hidden, packed)


FAMILIES: Registry[type[Encoder]] = Registry("encoder family")


def split_heads(width: int, query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Heads:
    """Queries, keys and values (N, d) as heads (N, heads, head width)."""
    query, key, value = (rows.view(rows.shape[0], -1, width) for rows in (query, key, value))
    return Heads(query, key, value, dropout=dropout)


def first_rows(hidden: Tensor, packed: Packed) -> Tensor:
    """The [CLS] row of every input, (B, d)."""
    return hidden.index_select(0, packed.cls_index)


def mean_rows(hidden: Tensor, packed: Packed) -> Tensor:
    """The mean row of every input, (B, d), weighted by the rows' mass."""
    if packed.keep_mass is None:
        return packed.segment_sum(hidden) / hidden.new_tensor(packed.lengths)[:, None]
    keep_mass = packed.keep_mass.to(hidden.dtype)
    return packed.segment_sum(hidden * keep_mass[:, None]) / packed.segment_sum(keep_mass)[:, None]
