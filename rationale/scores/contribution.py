"""The scores a dropping model itself goes by, layer by layer, and who passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rationale.encoder.base import Encoder
from rationale.scores.methods import METHODS, DecisionMethod
from rationale.scores.scored import ALIVE


@dataclass(frozen=True)
class _Compared(DecisionMethod):
    by: Callable[[str], bool] = field(kw_only=True)

    def reduce(self, scores: Sequence[Tensor], alive: Sequence[Tensor]) -> Tensor:
        """What is compared with the threshold; 0 for tokens that are gone."""
        del alive
        return torch.stack(list(scores))

    def fits(self, encoder: Encoder) -> bool:
        """Whether the encoder drops tokens, by a system that this score is of."""
        return super().fits(encoder) and self.by(encoder.system.name)  # type: ignore[attr-defined]


class _Alive(DecisionMethod):
    def reduce(self, scores: Sequence[Tensor], alive: Sequence[Tensor]) -> Tensor:
        """1 for each token that passes the layer, 0 for the others."""
        del scores
        return torch.stack([one.float() for one in alive])


METHODS.register("contribution")(
    _Compared(
        "contribution",
        "Contribution predictor",
        "What AdapLeR's predictor gives a token that enters the layer; 0 once it is dropped",
        by=lambda system: system == "adapler",
    )
)
METHODS.register("decision")(
    _Compared(
        "decision",
        "Dropping score",
        "What a dropping system other than AdapLeR ranks or compares a token by; 0 once it is dropped",
        by=lambda system: system != "adapler",
    )
)
METHODS.register(ALIVE)(
    _Alive(
        ALIVE,
        "Alive",
        "1 / n for each of the n tokens that pass the layer, 0 for those dropped",
        selects=True,
    )
)
