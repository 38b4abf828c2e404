"""TR-BERT (Ye et al., NAACL 2021): before two layers, a policy decides for each token whether to keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rationale.arrays import Int64
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, System
from rationale.errors import ModelError

Draw = Callable[[int, Tensor, PruningContext], Tensor]
"""``draw(point, chances, context)``: bool (N,), the tokens kept, from their chances, float32 (N,)."""


@SYSTEMS.register("tr-bert")
class TRBERT(System):
    """Before two of the layers, keeps each token whose chance under the policy is at least a half.

    Args:
        layers: L.
        width: d.
        points: The layers before which policies decide; None takes 1 and L / 2.
        inner: Width of the policies' hidden layer.

    Raises:
        ModelError: Where ``points`` are not rising layer numbers.
    """

    name, title, decision_point = "tr-bert", "TR-BERT", "layer"
    colour, symbol = "#0e7490", "hexagon"
    drop_more = "raise --alpha"

    def __init__(
        self, layers: int, width: int, *, points: Sequence[int] | None = None, inner: int = 32
    ) -> None:
        point_layers = list(points) if points is not None else sorted({min(1, layers - 1), layers // 2})
        super().__init__(layers, width, {"points": point_layers, "inner": inner})
        if point_layers != sorted(set(point_layers)) or not all(
            0 <= point < layers for point in point_layers
        ):
            raise ModelError(
                f"TR-BERT's points are {point_layers}",
                remedy=f"Give rising layer numbers from 0 to {layers - 1}.",
            )
        self.points = tuple(point_layers)
        self.policies = nn.ModuleList(
            nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, 1)) for _ in point_layers
        )
        self._draw: Draw | None = None

    def thresholds(self) -> list[nn.Parameter]:
        """The policies' parameters."""
        return list(self.policies.parameters())

    @contextmanager
    def drawing(self, draw: Draw) -> Iterator[None]:
        """Lets ``draw`` decide inside the block, as training does."""
        self._draw = draw
        try:
            yield
        finally:
            self._draw = None

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Counts the policy and its GELU at its points, 0 elsewhere; ``entering`` is (L, B)."""
        inner = int(self.settings["inner"])
        operations = 2 * self.width * inner + inner + 4 * inner + 2 * inner + 1 + 4
        per_layer = np.zeros((self.layers, 1), dtype=np.int64)
        per_layer[list(self.points)] = operations
        counts: Int64 = per_layer * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and, at a point, every token with a chance of at least a half; elsewhere all.

        Between points a token's score is its chance at the last point; before the first point it is 0.
        """
        kept = torch.ones_like(context.packed.ids, dtype=torch.bool) if context.kept is None else context.kept
        if layer not in self.points:
            zeros = torch.zeros(len(kept), device=kept.device)
            carried = zeros if context.carried is None else context.carried * kept
            return Decision(carried, zeros, kept, carry=carried)
        point = self.points.index(layer)
        chances = self._chances(point, context.hidden) * kept
        half = torch.full_like(chances, 0.5)
        keep = chances >= half if self._draw is None else self._draw(point, chances, context)
        keep = (keep & kept).index_fill(0, context.packed.cls_index, value=True)
        return Decision(chances, half, keep, carry=chances * keep)

    def _chances(self, point: int, hidden: Tensor) -> Tensor:
        """The chance of each token, float32 (N,), whatever dtype the encoder computes in."""
        policy: Any = self.policies[point]
        wide = torch.promote_types(hidden.dtype, policy[0].weight.dtype)
        with torch.autocast(hidden.device.type, enabled=False):
            chances: Tensor = torch.sigmoid(policy(hidden.to(wide)).squeeze(-1))
        return chances
