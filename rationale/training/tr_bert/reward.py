"""REINFORCE for token choices: what was drawn, how likely it was, and what it earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rationale.dropping.ragged import ranks
from rationale.dropping.system import PruningContext
from rationale.encoder.attention import plain_attention
from rationale.encoder.base import Encoder
from rationale.errors import ModelError
from rationale.tokens.packing import Packed
from rationale.training.task import losses

_LEAST = 1e-6


def repeat_batch(packed: Packed, copies: int) -> Packed:
    """The B inputs ``copies`` times over, copy j of input i at j B + i."""
    ids, types, positions = (rows.repeat(copies) for rows in (packed.ids, packed.types, packed.positions))
    return Packed(ids, types, positions, packed.lengths * copies)


@dataclass
class SampledChoices:
    """Draws choices and remembers them; the ``draw`` of :class:`rationale.dropping.tr_bert.TRBERT`.

    Attributes:
        guide: What the tokens of the untiled batch are worth at each point, float32 (N,); the first copy of
            each input follows it, as many tokens as its policy expects to keep. None guides nobody.
        nll: At each point, float32 (copies B,): the mean over an input's tokens of -log chance of its choice.
        kept: At each point, float32 (copies B,): the share of the input's first tokens that goes on.
    """

    guide: Sequence[Tensor] | None = None
    nll: list[Tensor] = field(default_factory=list)
    kept: list[Tensor] = field(default_factory=list)
    _rows: Tensor | None = None

    def __call__(self, point: int, chances: Tensor, context: PruningContext) -> Tensor:
        """Bool (N,).

        Raises:
            ModelError: Where a chance is NaN: nobody can draw by it.
        """
        if not bool(torch.isfinite(chances).all()):
            raise ModelError("a policy's chances are no numbers", remedy="Lower --policy-rate, or --alpha.")
        packed = context.packed
        keep = torch.bernoulli(chances.detach()).bool()
        rows = torch.arange(len(keep), device=keep.device) if self._rows is None else self._rows
        if self.guide is not None:
            keep = self._guided(self.guide[point], keep, chances.detach(), rows, packed)
        keep = keep.index_fill(0, packed.cls_index, value=True)
        likely = torch.where(keep, (chances + _LEAST).log(), (1 - chances + _LEAST).log())
        self.nll.append(packed.segment_sum(-likely) / packed.sizes)
        self.kept.append(packed.segment_sum(keep.to(chances.dtype)) / context.sizes)
        self._rows = rows[keep]
        return keep

    def _guided(
        self, guide_scores: Tensor, keep: Tensor, chances: Tensor, rows: Tensor, packed: Packed
    ) -> Tensor:
        """The first copies' tokens that are worth most."""
        first_copy = rows < len(guide_scores)
        scores = torch.where(
            first_copy, guide_scores[rows.clamp(max=len(guide_scores) - 1)], torch.zeros_like(chances)
        )
        wanted = packed.broadcast(torch.floor(packed.segment_sum(chances) + 0.5))
        return torch.where(first_copy, ranks(scores, packed) < wanted, keep)

    @property
    def likelihood(self) -> Tensor:
        """float32 (copies B,): the negative logarithms, summed over the points."""
        return torch.stack(self.nll).sum(dim=0)


def policy_loss(drawn: SampledChoices, losses: Tensor, alpha: float, copies: int) -> Tensor:
    """REINFORCE, shape (): the mean of advantage x negative log likelihood.

    An input's reward is -loss - alpha x the mean share kept; its advantage is that less the mean over its
    copies, not divided by their spread.

    Args:
        drawn: The choices.
        losses: float32 (copies B,), of each choice.
        alpha: What a kept token costs.
        copies: Of each input.
    """
    reward = -losses.detach() - alpha * torch.stack(drawn.kept).mean(dim=0)
    reward = reward.view(copies, -1)
    advantage = (reward - reward.mean(dim=0)).flatten()
    return (advantage * drawn.likelihood).mean()


def guide_scores(encoder: Encoder, packed: Packed, labels: Tensor, points: Sequence[int]) -> list[Tensor]:
    """What each token does for the label between a point and a late layer, float32 (N,) a point.

    | sum_d dloss/dh^r (h^r - h^t) |, r three quarters up the layers: how the guide of TR-BERT ranks tokens.
    """
    late = encoder.layers - encoder.layers // 4
    with torch.enable_grad():
        states, logits = encoder.hidden_states_and_logits(
            encoder.embed(packed).detach().requires_grad_(), packed, plain_attention
        )
        loss = losses(logits, labels).sum()
        at = states[min(late, encoder.layers - 1)]
        (gradient,) = torch.autograd.grad(loss, at)
    return [(gradient * (at - states[point])).sum(dim=-1).abs().detach().float() for point in points]
