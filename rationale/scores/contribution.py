"""The scores a dropping model itself goes by, layer by layer, and who passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rationale.scores.methods import METHODS, DecisionMethod, FloatArray
from rationale.scores.scored import KEPT

if TYPE_CHECKING:
    from rationale.dropping.system import System
    from rationale.dropping.trace import DropTrace


@dataclass(frozen=True)
class _Compared(DecisionMethod):
    by: Callable[[str], bool] = field(kw_only=True)

    def reduce(self, trace: DropTrace) -> FloatArray:
        """What is compared with the threshold; 0 for tokens that are gone."""
        return np.nan_to_num(trace.scores)

    def fits(self, policy: System | None) -> bool:
        """Whether the model drops tokens, by a policy that this score is of."""
        return policy is not None and self.by(policy.name)


class _Kept(DecisionMethod):
    def reduce(self, trace: DropTrace) -> FloatArray:
        """1 for each token that passes the layer, 0 for the others."""
        return trace.kept.astype(np.float32)


METHODS.register("policy_score")(
    _Compared(
        "policy_score",
        "Contribution predictor",
        "What AdapLeR's predictor gives a token that enters the layer; 0 once it is dropped",
        by=lambda system: system == "adapler",
    )
)
METHODS.register("policy_score")(
    _Compared(
        "policy_score",
        "Dropping score",
        "What a dropping system other than AdapLeR ranks or compares a token by; 0 once it is dropped",
        by=lambda system: system != "adapler",
    )
)
METHODS.register(KEPT)(
    _Kept(
        KEPT,
        "Alive",
        "1 / n for each of the n tokens that pass the layer, 0 for those dropped",
        selects=True,
    )
)
