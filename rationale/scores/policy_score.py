"""The scores that a dropping model itself decides by, layer by layer, and the tokens it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rationale.arrays import Float32
from rationale.scores.methods import METHODS, DecisionMethod
from rationale.scores.scored import KEPT

if TYPE_CHECKING:
    from rationale.dropping.trace import DropTrace


class _PolicyScore(DecisionMethod):
    def reduce(self, trace: DropTrace) -> Float32:
        """What is compared with the threshold, or ranked; 0 for tokens that are dropped."""
        return np.nan_to_num(trace.scores)


class _Kept(DecisionMethod):
    def reduce(self, trace: DropTrace) -> Float32:
        """1 for each token that passes the layer, 0 for the others."""
        return trace.kept.astype(np.float32)


METHODS.register("policy_score")(
    _PolicyScore(
        "policy_score",
        "Policy score",
        "What the dropping model ranks a token by, or compares with its threshold (AdapLeR: its contribution "
        "predictor's score); 0 once the token is dropped",
    )
)
METHODS.register(KEPT)(
    _Kept(
        KEPT,
        "Kept tokens",
        "1 / n for each of the n tokens that pass the layer, 0 for those dropped",
        selects=True,
    )
)
