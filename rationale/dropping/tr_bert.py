"""TR-BERT (Ye et al., NAACL 2021): at two places a policy chooses, token by token, who goes on."""

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
"""``draw(point, chances, seen)``: bool (N,), who goes on where the chances, float32 (N,), are these."""


@SYSTEMS.register("tr-bert")
class TRBERT(System):
    """Before two of the layers each token goes on where its policy gives it an even chance at least.

    Args:
        layers: L.
        width: d.
        points: The layers before which policies choose; None takes 1 and L / 2.
        inner: Width of the policies' hidden layer.

    Raises:
        ModelError: Where ``points`` are no layers, or do not rise.
    """

    name, title, decision_point = "tr-bert", "TR-BERT", "layer"
    colour, symbol = "#0e7490", "hexagon"
    drop_more = "raise --alpha"

    def __init__(
        self, layers: int, width: int, *, points: Sequence[int] | None = None, inner: int = 32
    ) -> None:
        chosen = list(points) if points is not None else sorted({min(1, layers - 1), layers // 2})
        super().__init__(layers, width, {"points": chosen, "inner": inner})
        if chosen != sorted(set(chosen)) or not all(0 <= point < layers for point in chosen):
            raise ModelError(
                f"TR-BERT's points are {chosen}",
                remedy=f"Give rising layer numbers from 0 to {layers - 1}.",
            )
        self.points = tuple(chosen)
        self.policies = nn.ModuleList(
            nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, 1)) for _ in chosen
        )
        self._draw: Draw | None = None

    def thresholds(self) -> list[nn.Parameter]:
        """The policies' parameters."""
        return list(self.policies.parameters())

    @contextmanager
    def drawing(self, draw: Draw) -> Iterator[None]:
        """Leaves the choice to ``draw`` for a while, as training does."""
        self._draw = draw
        try:
            yield
        finally:
            self._draw = None

    def flops(self, entering: Int64, heads: int) -> Int64:
        """The policy and its GELU at its points, nothing elsewhere; ``entering`` is (L, B)."""
        inner = int(self.settings["inner"])
        each = 2 * self.width * inner + inner + 4 * inner + 2 * inner + 1 + 4
        at = np.zeros((self.layers, 1), dtype=np.int64)
        at[list(self.points)] = each
        counts: Int64 = at * entering
        return counts

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and, at a point, every token with a chance of a half; elsewhere all.

        Between points a token's score is still the chance it was last given; before the first one it is 0.
        """
        there = (
            torch.ones_like(context.packed.ids, dtype=torch.bool) if context.kept is None else context.kept
        )
        if layer not in self.points:
            nothing = torch.zeros(len(there), device=there.device)
            last = nothing if context.carried is None else context.carried * there
            return Decision(last, nothing, there, carry=last)
        point = self.points.index(layer)
        chances = self._chances(point, context.hidden) * there
        half = torch.full_like(chances, 0.5)
        keep = chances >= half if self._draw is None else self._draw(point, chances, context)
        keep = (keep & there).index_fill(0, context.packed.cls_index, value=True)
        return Decision(chances, half, keep, carry=chances * keep)

    def _chances(self, point: int, hidden: Tensor) -> Tensor:
        """float32 (N,), whatever the encoder computes in."""
        policy: Any = self.policies[point]
        wide = torch.promote_types(hidden.dtype, policy[0].weight.dtype)
        with torch.autocast(hidden.device.type, enabled=False):
            chances: Tensor = torch.sigmoid(policy(hidden.to(wide)).squeeze(-1))
        return chances
