"""What a token-dropping system is: at each layer, a score and a threshold for every token still kept."""

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
    """What a decision is taken on: N rows of B inputs.

    Attributes:
        hidden: (N, d), what is about to enter the layer, or its feed-forward.
        packed: What the rows are. In hard mode those still kept, in mask and soft mode all.
        sizes: int64 (B,), tokens each input began with.
        kept: None where all rows are kept, else bool (N,): dropped rows stay dropped.
        received: What each row is given in this layer's attention, by the rows kept; None for a system that
            does not ask for it.
        carried: float32 (N,), what the last layer's decision handed on; None in the first layer.
    """

    hidden: Tensor
    packed: Packed
    sizes: Tensor
    kept: Tensor | None = None
    received: ReceivedAttention | None = None
    carried: Tensor | None = None

    @property
    def attention(self) -> ReceivedAttention:
        """What each row receives, for a system that has asked for it.

        Raises:
            TypeError: For one that has not.
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
    """What a system says of N rows.

    Attributes:
        scores: float32 (N,), as compared.
        thresholds: float32 (N,), what each score has to reach.
        keep: bool (N,); of every input one row at least, its first unless the system restores it.
        carry: float32 (N,), handed to the next layer's decision; None for nothing.
    """

    scores: Tensor
    thresholds: Tensor
    keep: Tensor
    carry: Tensor | None = None


@dataclass
class SoftState:
    """The running state of dropping by degrees, while it is learnt.

    Attributes:
        keep: float32 (N,), the mass left of each row, 1 at the start.
        bias: float32 (N,), the logarithm of what is left of each key, at least the masked logit; None for 0.
        before: float32 (N,), what rows are multiplied by before this layer's feed-forward; None for 1.
        after: float32 (N,), what rows are multiplied by after it; None for 1.
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
        """Everything is there: one row each of (N, d) ``hidden``; never narrower than float32."""
        wide = torch.promote_types(hidden.dtype, torch.float32)
        return cls(torch.ones(len(hidden), device=hidden.device, dtype=wide))


class System(nn.Module, ABC):
    """A token-dropping system: its own parameters and its rules. It knows no encoder.

    Attributes:
        name: In :data:`SYSTEMS`.
        title: As people write it.
        decision_point: Where it decides: before the whole layer, or between attention and feed-forward.
        reads_attention: Whether it asks for what each row receives (only before the feed-forward).
        restore_dropped: Whether [CLS] too may leave, so that the classifier reads what was last made of it.
        baseline: Whether it drops without asking the model: what every other system has to beat.
        colour: In charts, a CSS colour of at least 3:1 on white.
        symbol: In charts, a plotly marker symbol; with the colour it tells the systems apart.
        drop_more: What a training that dropped next to nothing is told to do, after "...: ".

    Args:
        layers: L, the encoder's layers.
        width: d, the width of what enters a layer.
        settings: What its constructor was given; saved beside the weights.
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
        """Who passes ``layer``; the dead get score 0 and stay dropped."""

    def reset_buffers(self) -> None:
        """Fills what is not saved: transformers leaves it unset where it loads a model."""

    def thresholds(self) -> list[nn.Parameter]:
        """The parameters that decide how much is dropped, and learn at their own rate."""
        return []

    def clamp(self) -> None:
        """Brings them back into their ranges: after every step."""

    def penalty(self, state: SoftState) -> Tensor:
        """What dropping by degrees adds to the loss, shape (): a mean over the inputs.

        Raises:
            NotImplementedError: By a system that is not learnt by degrees, or not by one loss.
        """
        raise NotImplementedError(f"{self.name} adds no penalty")

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Moves ``state`` past ``layer``; ``strength`` is how close to hard the rule is.

        Raises:
            NotImplementedError: By a system that is not learnt by degrees.
        """
        raise NotImplementedError(f"{self.name} drops for real while it is learnt")


SYSTEMS: Registry[type[System]] = Registry(
    "token-dropping system",
    [
        f"rationale.dropping.{name}"
        for name in ("adapler", "baselines", "lat", "ltp", "power_bert", "spatten", "tr_bert")
    ],
)


def is_uninformed(system: str) -> bool:
    """Whether the system of a name drops without asking the model; a name that none has is no baseline."""
    return system in SYSTEMS and SYSTEMS.get(system).baseline
