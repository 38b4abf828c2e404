"""The interface of token-dropping systems: in each layer, a score and a threshold for every token kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import torch
from torch import Tensor, nn

from rationale.arrays import Int64
from rationale.encoder.attention import ReceivedAttention
from rationale.registry import Registry
from rationale.tokens.packing import Packed

if TYPE_CHECKING:
    from rationale.dropping_config import Keywords

DecisionPoint = Literal["layer", "feed-forward"]


@dataclass(frozen=True)
class PruningContext:
    """What a decision may depend on: N rows of B inputs.

    Attributes:
        hidden: (N, d), the input of the layer, or of its feed-forward.
        packed: The batch of the rows: in hard mode those still kept, in mask and soft mode all.
        sizes: int64 (B,), the tokens of each input before layer 0.
        kept: None where all rows are kept, else bool (N,): dropped rows stay dropped.
        received: The attention that each row receives in this layer from the rows kept; None for a system
            that does not read attention.
        carried: float32 (N,), the ``carry`` of the previous layer's decision; None in the first layer.
    """

    hidden: Tensor
    packed: Packed
    sizes: Tensor
    kept: Tensor | None = None
    received: ReceivedAttention | None = None
    carried: Tensor | None = None

    @property
    def attention(self) -> ReceivedAttention:
        """The attention that each row receives.

        Raises:
            TypeError: For a system that does not set ``reads_attention``.
        """
        if self.received is None:
            raise TypeError("a system that reads attention sets `reads_attention`")
        return self.received

    @property
    def count(self) -> Tensor:
        """int64 (B,), the tokens kept."""
        return self.packed.sizes if self.kept is None else self.packed.segment_sum(self.kept.long())


@dataclass(frozen=True)
class Decision:
    """A system's decision on N rows.

    Attributes:
        scores: float32 (N,), the scores that are compared.
        thresholds: float32 (N,), the threshold of each score.
        keep: bool (N,), True for at least one row of every input: the first, unless the system restores it.
        carry: float32 (N,), passed to the next layer's decision; None for nothing.
    """

    scores: Tensor
    thresholds: Tensor
    keep: Tensor
    carry: Tensor | None = None


@dataclass
class SoftState:
    """The running state of soft dropping, in training.

    Attributes:
        keep: float32 (N,), the remaining mass of each row, 1 before layer 0.
        bias: float32 (N,), the log of each key's remaining mass, at least the masked logit; None for 0.
        before: float32 (N,), factors of the rows before this layer's feed-forward; None for 1.
        after: float32 (N,), factors of the rows after it; None for 1.
        lengths: After each layer so far, the soft length of every input, float32 (B,).
        predicted: Each layer's scores over the mass that entered it, float32 (N,).
        entering: The mass that entered each layer, float32 (N,), detached.
    """

    keep: Tensor
    bias: Tensor | None = None
    before: Tensor | None = None
    after: Tensor | None = None
    lengths: list[Tensor] = field(default_factory=list)
    predicted: list[Tensor] = field(default_factory=list)
    entering: list[Tensor] = field(default_factory=list)

    @classmethod
    def start(cls, hidden: Tensor) -> Self:
        """The state before layer 0: mass 1 for each row of (N, d) ``hidden``, in float32 or wider."""
        wide = torch.promote_types(hidden.dtype, torch.float32)
        return cls(torch.ones(len(hidden), device=hidden.device, dtype=wide))


class System(nn.Module, ABC):
    """A token-dropping system: parameters and rules. It does not depend on an encoder.

    Attributes:
        name: The key in :data:`SYSTEMS`.
        title: The name in texts and tables.
        decision_point: Where it decides: before the whole layer, or between attention and feed-forward.
        reads_attention: Whether it needs the attention that rows receive (only before the feed-forward).
        restore_dropped: Whether [CLS] may be dropped, too; the classifier then reads its last state.
        baseline: Whether it is an uninformed baseline, with which every other system is compared.
        colour: In charts, a CSS colour of at least 3:1 on white.
        symbol: In charts, a plotly marker symbol; with the colour it identifies the system.
        drop_more: Advice after a training that dropped next to nothing; ends a sentence after a colon.

    Args:
        layers: L, the encoder's layers.
        width: d, the width of a layer's input.
        settings: The arguments of its constructor; saved beside the weights.
    """

    name: str
    title: str
    decision_point: DecisionPoint
    reads_attention: bool = False
    restore_dropped: bool = False
    baseline: bool = False
    colour: str = "#5b6270"
    symbol: str = "circle-open"
    drop_more: str = "train it to drop more"

    def __init__(self, layers: int, width: int, settings: Keywords) -> None:
        super().__init__()
        self.layers, self.width, self.settings = layers, width, dict(settings)

    @abstractmethod
    def flops(self, entering: Int64, heads: int) -> Int64:
        """Operations of each layer's decision, int64 (L, B), on inputs of ``entering`` tokens, (L, B)."""

    @abstractmethod
    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Decides which rows pass ``layer``; dropped rows get score 0 and stay dropped."""

    def reset_buffers(self) -> None:
        """Fills buffers that are not saved: transformers leaves them unset when it loads a model."""

    def thresholds(self) -> list[nn.Parameter]:
        """The parameters that decide how much is dropped; they have their own learning rate."""
        return []

    def clamp(self) -> None:
        """Clamps the thresholds to their ranges; called after every step."""

    def penalty(self, state: SoftState) -> Tensor:
        """The loss term of soft dropping, shape (): a mean over the inputs.

        Raises:
            NotImplementedError: For a system that is not trained softly, or not with one loss.
        """
        raise NotImplementedError(f"{self.name} adds no penalty")

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Updates ``state`` for ``layer``; ``strength`` is how close to hard the rule is.

        Raises:
            NotImplementedError: For a system that is not trained softly.
        """
        raise NotImplementedError(f"{self.name} has no soft form: it drops hard in training")


SYSTEMS: Registry[type[System]] = Registry(
    "token-dropping system",
    [
        f"rationale.dropping.{name}"
        for name in ("adapler", "baselines", "lat", "ltp", "power_bert", "spatten", "tr_bert")
    ],
)


def is_uninformed(system: str) -> bool:
    """Whether ``system`` names an uninformed baseline; False for an unknown name."""
    return system in SYSTEMS and SYSTEMS.get(system).baseline
