"""Floating-point operations of a forward pass, counted from shapes: one input, no padding.

Every multiplication and every addition counts one: projections, attention products, softmax, feed-forward and
norms of n tokens at width d. The totals equal AdapLeR's published ones (appendix A) within 1 % at every
length; LTP's count, 2 (12 d^2 n + 2 d n^2) a layer, is the part of the matrix products.
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
    """The operations of one forward pass, as polynomials in the number of tokens.

    Attributes:
        square: Operations per layer and pair of tokens in its attention.
        attention: Operations per layer and token in its attention.
        feed_forward: Operations per layer and token in its feed-forward.
        entering: Operations per token of the input before layer 0, without table look-ups.
        fixed: Operations per input: pooling and classifier.
        heads: Attention heads.
        system: The dropping system; None for a plain model.
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
        embedding_width = int(getattr(encoder.config, "embedding_size", d))
        entering = _NORM * embedding_width + (0 if embedding_width == d else 2 * embedding_width * d + d)
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
        """Operations of each input with dropping: int64 (B,).

        Args:
            tokens_kept: int64 (L, B), tokens in each layer's feed-forward, special tokens included.
            lengths: int64 (B,), tokens before layer 0.
        """
        entering = np.concatenate([lengths[None], tokens_kept[:-1]])
        counts: Int64 = self.layers(tokens_kept, entering).sum(axis=0) + self.entering * lengths + self.fixed
        return counts

    def plain(self, lengths: Int64, layers: int) -> Int64:
        """Operations of each input without dropping: int64 (B,)."""
        per_layer = self.square * lengths**2 + (self.attention + self.feed_forward) * lengths
        counts: Int64 = layers * per_layer + self.entering * lengths + self.fixed
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

    A multiplication of two numbers of b bits counts b x b (LTP, section 6).

    Args:
        encoder: An encoder of any family.
        tokens_kept: int64 (L, B), tokens in each layer's feed-forward.
        lengths: int64 (B,), tokens before layer 0.
        bits: Bits of weights and of their inputs; 16 is the published baseline. Attention's products of
            queries, keys and values always count 16.
        decision_point: Where tokens are dropped: attention reads those kept, or those that enter the layer.
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
