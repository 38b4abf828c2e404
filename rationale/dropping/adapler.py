"""AdapLeR (Modarressi, Mohebbi and Pilehvar, ACL 2022): contribution predictors with learnt thresholds."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rationale.arrays import Int64
from rationale.dropping.ragged import cls_mask, renormalised, softmax
from rationale.dropping.system import SYSTEMS, Decision, PruningContext, SoftState, System
from rationale.encoder.base import MASKED_LOGIT
from rationale.tokens.packing import Packed

ETA_LEAST, THETA_LEAST = 0.01, 1e-3
_NEGLIGIBLE = 1e-6  # a mass below this stays as it is


@SYSTEMS.register("adapler")
class AdapLeR(System):
    """Before each layer a small predictor shares 1 among the kept tokens; those below eta / n are dropped.

    Attributes:
        eta: float32 (L,), threshold of each layer times its number of tokens (section 3.2).
        theta: float32 (L - 1,), weight of [CLS] in the target of layers 1 and up (Eq. 7).
        theta_dummy: float32 (L - 1,), 1; passes the gradient of the speed objective to theta. Not saved.

    Args:
        layers: L.
        width: d.
        inner: Width of the predictors' hidden layer.
        beta: Slope of soft removal above the threshold (Eq. 4).
        weigh_by_keep: Multiplies soft removal by the mass that entered, as the published system does; False
            is Eq. 4 as printed.
    """

    name, title, decision_point = "adapler", "AdapLeR", "layer"
    colour, symbol = "#e78a00", "circle"
    drop_more = "raise --phi or --predictor-rate, or pass --target-speedup"
    theta_dummy: Tensor

    def __init__(
        self, layers: int, width: int, *, inner: int = 32, beta: float = 0.1, weigh_by_keep: bool = True
    ) -> None:
        super().__init__(layers, width, {"inner": inner, "beta": beta, "weigh_by_keep": weigh_by_keep})
        self.beta, self.weigh_by_keep = beta, weigh_by_keep
        self.predictors = nn.ModuleList(
            nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, 1)) for _ in range(layers)
        )
        self.eta = nn.Parameter(torch.full((layers,), 0.25))
        self.theta = nn.Parameter(torch.ones(layers - 1))
        self.register_buffer("theta_dummy", torch.ones(layers - 1), persistent=False)

    def flops(self, entering: Int64, heads: int) -> Int64:
        """Counts the predictor, its GELU and the softmax."""
        inner = int(self.settings["inner"])
        counts: Int64 = (2 * self.width * inner + 2 * inner + 4 * inner + inner + 1 + 7) * entering
        return counts

    def reset_buffers(self) -> None:
        """Sets theta_dummy to 1."""
        with torch.no_grad():
            self.theta_dummy.fill_(1.0)

    def thresholds(self) -> list[nn.Parameter]:
        """Eta and theta."""
        return [self.eta, self.theta]

    def clamp(self) -> None:
        """Clamps eta to [0.01, 1] and theta to at least 0.001."""
        with torch.no_grad():
            self.eta.clamp_(ETA_LEAST, 1.0)
            self.theta.clamp_(min=THETA_LEAST)

    def hard(self, layer: int, context: PruningContext) -> Decision:
        """Keeps [CLS] and every token whose score reaches eta / n (section 3.2)."""
        packed = context.packed
        scores = softmax(self._logits(layer, context.hidden), packed, context.kept)
        thresholds = packed.broadcast(self.eta[layer].to(scores.dtype) / context.count)
        keep = scores >= thresholds
        if context.kept is not None:
            keep &= context.kept
        return Decision(scores, thresholds, keep.index_fill(0, packed.cls_index, value=True))

    def soft(self, layer: int, context: PruningContext, state: SoftState, strength: float) -> None:
        """Takes much mass from tokens below the threshold, and a little from all others (Eq. 4)."""
        packed = context.packed
        is_cls = cls_mask(packed)
        predicted = renormalised(softmax(self._logits(layer, context.hidden), packed) * state.keep, packed)
        state.predicted.append(predicted)
        state.entering.append(state.keep.detach())
        scores = self._with_theta(layer, predicted, packed)
        delta = packed.broadcast(self.eta[layer] / self._soft_length(state.keep, packed))
        removal = self._removal(scores, delta, strength).masked_fill(is_cls, 0.0)
        if self.weigh_by_keep:
            removal = removal * state.keep
        state.bias = (removal if state.bias is None else state.bias + removal).clamp(min=MASKED_LOGIT)
        state.keep = torch.where(state.keep > _NEGLIGIBLE, state.keep * removal.exp(), state.keep)
        state.lengths.append(self._soft_length(state.keep, packed))

    def _logits(self, layer: int, hidden: Tensor) -> Tensor:
        """The predictor's logits (N,), in float32, or in float64 where the encoder computes in that."""
        wide = torch.promote_types(hidden.dtype, torch.float32)
        predictor: Any = self.predictors[layer]
        first, gelu, second = predictor
        device_type = hidden.device.type
        with (
            torch.autocast(device_type, enabled=False)
            if torch.is_autocast_enabled(device_type)
            else nullcontext()
        ):
            activations = gelu(linear(hidden.to(wide), first.weight.to(wide), first.bias.to(wide)))
            logits: Tensor = linear(activations, second.weight.to(wide), second.bias.to(wide))
        return logits.squeeze(-1)

    def _with_theta(self, layer: int, predicted: Tensor, packed: Packed) -> Tensor:
        """Scales [CLS] by theta_dummy, which is 1: only the gradient changes."""
        if layer == 0:
            return predicted
        factor = torch.ones_like(predicted)
        factor[packed.cls_index] = self.theta_dummy[layer - 1].clamp(min=THETA_LEAST)
        return renormalised(predicted * factor, packed)

    def _removal(self, scores: Tensor, delta: Tensor, strength: float) -> Tensor:
        """Eq. 4, (N,), at most 0: the lower of two straight lines that meet at the threshold."""
        below = strength / (delta + 1e-30) * (scores - delta) - self.beta / strength
        above = (scores - 1) * self.beta / ((1 - delta + 1e-7) * strength)
        return torch.minimum(below, above).clamp(MASKED_LOGIT, 0.0)

    @staticmethod
    def _soft_length(keep: Tensor, packed: Packed) -> Tensor:
        """float32 (B,): the mass of all tokens but [CLS], plus 1."""
        return packed.segment_sum(keep) - keep[packed.cls_index] + 1
