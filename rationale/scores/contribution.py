"""The scores a dropping model itself goes by: its contribution predictors, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rationale.scores.methods import METHODS, DecisionMethod
from rationale.scores.scored import ALIVE


class _Contribution(DecisionMethod):
    def reduce(self, scores: Sequence[Tensor], alive: Sequence[Tensor]) -> Tensor:
        """S^l as compared with the threshold; 0 for tokens that are gone."""
        del alive
        return torch.stack(list(scores))


class _Alive(DecisionMethod):
    def reduce(self, scores: Sequence[Tensor], alive: Sequence[Tensor]) -> Tensor:
        """1 for each token that passes the layer, 0 for the others."""
        del scores
        return torch.stack([one.float() for one in alive])


METHODS.register("contribution")(
    _Contribution(
        "contribution",
        "Contribution predictor",
        "What the dropping model's predictor gives a token that enters the layer; 0 once it is dropped",
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
