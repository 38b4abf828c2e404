"""Floating-point operations of a forward pass, counted from shapes: one input, no padding.

Every multiplication and every addition counts one: projections, attention products, softmax, feed-forward and
norms of n tokens at width d. AdapLeR's published totals (appendix A) are met within 1 % at every length;
LTP's count, 2 (12 d^2 n + 2 d n^2) a layer, is the matrix part of this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rationale.arrays import Int64
from rationale.dropping.system import DecisionPoint, System
from rationale.encoder.base import Encoder

_SOFTMAX, _NORM, _GELU = 7, 9, 4  # operations an element: scale, mask, max, subtract, exp, sum, divide; …


@dataclass(frozen=True)
class Costs:
    """What one forward pass costs, as polynomials in the number of tokens.

    Attributes:
        square: Per layer, for each pair of tokens in its attention.
        attention: Per layer, for each token in its attention.
        feed_forward: Per layer, for each token in its feed-forward.
        entering: For each token of the input, once: what precedes the layers and is not a table look-up.
        fixed: For each input, once: pooling and classifier.
        heads: Attention heads.
        system: Who drops; None for a plain model.
    """

    square: int
    attention: int
    feed_forward: int
    entering: int
    fixed: int
    heads: int
    system: System | None

    @classmethod
    def of(cls, encoder: Encoder, system: System | None = None) -> Costs:
        """The costs of an encoder of any family, with the decisions of a system."""
        d, heads = encoder.width, int(encoder.config.num_attention_heads)
        inner, gated = encoder.inner_width
        add_and_norm = d + _NORM * d
        attention = 2 * 4 * d * d + 4 * d + add_and_norm
        feed_forward = 2 * (3 if gated else 2) * d * inner + inner + d + _GELU * inner + add_and_norm
        classes = int(encoder.config.num_labels)
        fixed = 2 * d * d + 2 * d + (2 * d + 1) * classes
        narrow = int(getattr(encoder.config, "embedding_size", d))
        entering = _NORM * narrow + (0 if narrow == d else 2 * narrow * d + d)
        return cls(4 * d + _SOFTMAX * heads, attention, feed_forward, entering, fixed, heads, system)

    def layers(self, tokens_kept: Int64, entering: Int64) -> Int64:
        """Operations of each layer: int64 (L, B).

        Args:
            tokens_kept: int64 (L, B), tokens in each layer's feed-forward, special tokens included.
            entering: int64 (L, B), tokens that enter the layer and its decision.
        """
        if self.system is None:
            decisions, attending = np.zeros_like(tokens_kept), tokens_kept
        else:
            decisions = self.system.flops(entering, self.heads)
            attending = tokens_kept if self.system.decision_point == "layer" else entering
        counts: Int64 = self.square * attending**2 + self.attention * attending
        return counts + self.feed_forward * tokens_kept + decisions

    def dropped(self, tokens_kept: Int64, lengths: Int64) -> Int64:
        """Operations of each input whose tokens leave: int64 (B,).

        Args:
            tokens_kept: int64 (L, B).
            lengths: int64 (B,), tokens at the start.
        """
        entering = np.concatenate([lengths[None], tokens_kept[:-1]])
        counts: Int64 = self.layers(tokens_kept, entering).sum(axis=0) + self.entering * lengths + self.fixed
        return counts

    def plain(self, lengths: Int64, layers: int) -> Int64:
        """Operations of each input where nothing leaves: int64 (B,)."""
        each = self.square * lengths**2 + (self.attention + self.feed_forward) * lengths
        counts: Int64 = layers * each + self.entering * lengths + self.fixed
        return counts


def bit_operations(
    encoder: Encoder,
    tokens_kept: Int64,
    lengths: Int64,
    *,
    bits: int = 16,
    decision_point: DecisionPoint = "layer",
) -> Int64:
    """Bit operations of the matrix products of each input: int64 (B,).

    A multiplication of two numbers of b bits counts b x b (LTP, section 6). ``bits`` are those of weights and
    of what they meet; attention's own products stay at 16.

    Args:
        encoder: Of any family.
        tokens_kept: int64 (L, B), tokens in each layer's feed-forward.
        lengths: int64 (B,), tokens at the start.
        bits: 16 is the published baseline.
        decision_point: Where tokens leave: attention sees those that enter, or those that stay.
    """
    d, (inner, gated) = encoder.width, encoder.inner_width
    entering = np.concatenate([lengths[None], tokens_kept[:-1]])
    attending = tokens_kept if decision_point == "layer" else entering
    weights = 4 * d * d * attending + (3 if gated else 2) * d * inner * tokens_kept
    counts: Int64 = (weights * bits**2 + 2 * d * attending**2 * 16**2).sum(axis=0)
    return counts


def speedup(plain: Int64, dropped: Int64) -> float:
    """The ratio of the sums over a set of inputs, not the mean of ratios."""
    return float(plain.sum() / dropped.sum())
