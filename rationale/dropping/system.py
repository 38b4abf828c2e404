"""What a token-dropping system is: at each layer, a score and a threshold for every token still alive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from rationale.registry import Registry
from rationale.tokens.packing import Packed

FLOOR = -10_000.0
"""The logit of a key that is gone."""


@dataclass(frozen=True)
class Decision:
    """What a system says of the N rows that enter a layer.

    Attributes:
        scores: float32 (N,), as compared.
        thresholds: float32 (N,), what each score has to reach.
        keep: bool (N,); the first row of every input is always kept.
    """

    scores: Tensor
    thresholds: Tensor
    keep: Tensor


@dataclass
class Soft:
    """The running state of dropping by degrees, while it is learnt.

    Attributes:
        bias: float32 (N,), the logarithm of what is left of each key, at least :data:`FLOOR`.
        keep: float32 (N,), the mass left of each row, 1 at the start.
        lengths: After each layer so far, the soft length of every input, float32 (B,).
        predicted: Each layer's scores over the mass that entered it, float32 (N,).
        entering: The mass that entered each layer, float32 (N,), detached.
    """

    bias: Tensor
    keep: Tensor
    lengths: list[Tensor]
    predicted: list[Tensor]
    entering: list[Tensor]

    @classmethod
    def start(cls, hidden: Tensor) -> Self:
        """Everything is there: one row each of (N, d) ``hidden``; never narrower than float32."""
        wide = torch.promote_types(hidden.dtype, torch.float32)
        ones = torch.ones(len(hidden), device=hidden.device, dtype=wide)
        return cls(torch.zeros_like(ones), ones, [], [], [])


class System(nn.Module, ABC):
    """A token-dropping system: its own parameters and its two rules. It knows no encoder.

    Args:
        layers: L, the encoder's layers.
        width: d, the width of what enters a layer.
        settings: What its constructor was given; saved beside the weights.
    """

    name: str

    def __init__(self, layers: int, width: int, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.layers, self.width, self.settings = layers, width, dict(settings)

    @property
    @abstractmethod
    def flops(self) -> int:
        """Operations of one layer's decision on one token."""

    @abstractmethod
    def hard(self, layer: int, hidden: Tensor, packed: Packed, alive: Tensor | None) -> Decision:
        """Who passes ``layer``, from what enters it, (N, d).

        Args:
            layer: The layer about to run.
            hidden: Its input; in hard mode of the rows still alive, in mask mode of all rows.
            packed: What the rows are.
            alive: None where all rows are alive, else bool (N,): the dead get score 0 and stay dropped.
        """

    @abstractmethod
    def soft(self, layer: int, hidden: Tensor, packed: Packed, state: Soft, strength: float) -> None:
        """Moves ``state`` past ``layer``; ``strength`` is how close to hard the rule is (lambda)."""


SYSTEMS: Registry[type[System]] = Registry("token-dropping system")


def first(packed: Packed) -> Tensor:
    """Bool (N,), True at the first row of every input: its [CLS]."""
    return torch.zeros_like(packed.ids, dtype=torch.bool).index_fill(0, packed.starts, value=True)


def softmax(logits: Tensor, packed: Packed, alive: Tensor | None = None) -> Tensor:
    """Softmax of float32 (N,) within each input, over the rows alive; the others get 0."""
    if alive is not None:
        logits = logits.masked_fill(~alive, -torch.inf)
    if len(packed.lengths) == 1:
        return torch.softmax(logits, dim=0)
    highest = logits.new_full((len(packed.lengths),), -torch.inf)
    highest = highest.scatter_reduce(0, packed.example, logits.detach(), "amax")
    powers = (logits - packed.spread(highest)).exp()
    return powers / packed.spread(packed.total(powers))


def renormalised(scores: Tensor, packed: Packed) -> Tensor:
    """Scores (N,) divided by their sum within each input."""
    return scores / packed.spread(packed.total(scores) + 1e-15)
