"""REINFORCE for token choices: sampled choices, their likelihood and their reward."""

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
    """Repeats the B inputs ``copies`` times; copy j of input i is at j B + i."""
    ids, types, positions = (rows.repeat(copies) for rows in (packed.ids, packed.types, packed.positions))
    return Packed(ids, types, positions, packed.lengths * copies)


@dataclass
class SampledChoices:
    """Samples choices and records them; the ``draw`` of :class:`rationale.dropping.tr_bert.TRBERT`.

    Attributes:
        guide: Scores of the tokens of the original batch at each point, float32 (N,); the first copy of each
            input keeps its top tokens, as many as its policy expects to keep. None samples all copies.
        nll: At each point, float32 (copies B,): mean negative log-likelihood of the choices of an input.
        kept: At each point, float32 (copies B,): share of the original tokens of an input that are kept.
    """

    guide: Sequence[Tensor] | None = None
    nll: list[Tensor] = field(default_factory=list)
    kept: list[Tensor] = field(default_factory=list)
    _rows: Tensor | None = None

    def __call__(self, point: int, keep_probabilities: Tensor, context: PruningContext) -> Tensor:
        """Samples which tokens to keep, bool (N,).

        Raises:
            ModelError: Where a probability is not finite.
        """
        if not bool(torch.isfinite(keep_probabilities).all()):
            raise ModelError(
                "a policy's keep probabilities are not finite", remedy="Lower --policy-rate, or --alpha."
            )
        packed = context.packed
        keep = torch.bernoulli(keep_probabilities.detach()).bool()
        rows = torch.arange(len(keep), device=keep.device) if self._rows is None else self._rows
        if self.guide is not None:
            keep = self._guided(self.guide[point], keep, keep_probabilities.detach(), rows, packed)
        keep = keep.index_fill(0, packed.cls_index, value=True)
        log_likelihood = torch.where(
            keep, (keep_probabilities + _LEAST).log(), (1 - keep_probabilities + _LEAST).log()
        )
        self.nll.append(packed.segment_sum(-log_likelihood) / packed.sizes)
        self.kept.append(packed.segment_sum(keep.to(keep_probabilities.dtype)) / context.sizes)
        self._rows = rows[keep]
        return keep

    def _guided(
        self, guide_scores: Tensor, keep: Tensor, keep_probabilities: Tensor, rows: Tensor, packed: Packed
    ) -> Tensor:
        """Replaces the choices of the first copies by their top tokens."""
        first_copy = rows < len(guide_scores)
        scores = torch.where(
            first_copy,
            guide_scores[rows.clamp(max=len(guide_scores) - 1)],
            torch.zeros_like(keep_probabilities),
        )
        counts = packed.broadcast(torch.floor(packed.segment_sum(keep_probabilities) + 0.5))
        return torch.where(first_copy, ranks(scores, packed) < counts, keep)

    @property
    def likelihood(self) -> Tensor:
        """The negative log-likelihood, summed over points, float32 (copies B,)."""
        return torch.stack(self.nll).sum(dim=0)


def policy_loss(sampled: SampledChoices, losses: Tensor, alpha: float, copies: int) -> Tensor:
    """REINFORCE, shape (): the mean of advantage x negative log likelihood.

    The reward of a copy is -loss - alpha x its mean share of kept tokens; the advantage is the reward minus
    its mean over the copies of the input, not divided by their standard deviation.

    Args:
        sampled: The choices.
        losses: Float32 (copies B,), the loss of each copy.
        alpha: Cost of a kept token.
        copies: Number of copies of each input.
    """
    reward = -losses.detach() - alpha * torch.stack(sampled.kept).mean(dim=0)
    reward = reward.view(copies, -1)
    advantage = (reward - reward.mean(dim=0)).flatten()
    return (advantage * sampled.likelihood).mean()


def guide_scores(encoder: Encoder, packed: Packed, labels: Tensor, points: Sequence[int]) -> list[Tensor]:
    """Scores of each token for the label between a point and a late layer, float32 (N,) per point.

    | sum_d dloss/dh^r (h^r - h^t) |, with r at three quarters of the layers: the guide of TR-BERT.
    """
    late_layer = encoder.layers - encoder.layers // 4
    with torch.enable_grad():
        states, logits = encoder.hidden_states_and_logits(
            encoder.embed(packed).detach().requires_grad_(), packed, plain_attention
        )
        loss = losses(logits, labels).sum()
        late_states = states[min(late_layer, encoder.layers - 1)]
        (gradient,) = torch.autograd.grad(loss, late_states)
    return [(gradient * (late_states - states[point])).sum(dim=-1).abs().detach().float() for point in points]
