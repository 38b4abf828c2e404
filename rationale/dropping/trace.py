"""Drop traces: which tokens are dropped in which layer, from the decisions of a hard or masked run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rationale.arrays import Bool, Float32, Int64
from rationale.dropping.system import Decision, DecisionPoint
from rationale.tokens.packing import Packed


@dataclass(frozen=True)
class DropTrace:
    """Which of one input's n tokens pass which of L layers.

    Attributes:
        kept: bool (L, n), whether each token passes each layer's feed-forward.
        scores: float32 (L, n), the score of each token; NaN without a decision on it.
        thresholds: float32 (L,), the threshold of each layer; NaN without a decision.
        decision_point: Where decisions are taken: before a layer, or between its attention and its
            feed-forward, so that the attention still reads the tokens dropped there.
    """

    kept: Bool
    scores: Float32
    thresholds: Float32
    decision_point: DecisionPoint

    @property
    def layers(self) -> int:
        """L."""
        return len(self.thresholds)

    @property
    def dropped(self) -> Int64:
        """int64 (n,), the first layer whose feed-forward each token does not pass; L where it passes all."""
        dropped = ~self.kept
        return np.where(dropped.any(axis=0), dropped.argmax(axis=0), self.layers)

    @property
    def lengths(self) -> Int64:
        """int64 (L,), tokens kept in each layer, special tokens included."""
        counts: Int64 = self.kept.sum(axis=1)
        return counts


def traces_of(
    packed: Packed, decisions: Sequence[Decision | None], decision_point: DecisionPoint
) -> list[DropTrace]:
    """Builds one trace an input.

    Args:
        packed: The batch before layer 0, N rows.
        decisions: One a layer, on all N rows or on those kept so far; None for a skipped layer.
        decision_point: Where the decisions were taken.
    """
    rows, layers = len(packed.ids), len(decisions)
    kept = np.zeros((layers, rows), np.bool_)
    scores = np.full((layers, rows), np.nan, np.float32)
    thresholds = np.full((layers, len(packed.lengths)), np.nan, np.float32)
    batch_index, present = packed.batch_index.cpu().numpy(), np.arange(rows)
    for layer, decision in enumerate(decisions):
        if decision is not None:
            columns = (decision.scores.float(), decision.thresholds.float(), decision.keep)
            layer_scores, layer_thresholds, keep = (column.detach().cpu().numpy() for column in columns)
            if len(keep) > len(present):  # on all rows: ignore those dropped before
                layer_scores, layer_thresholds, keep = (
                    layer_scores[present],
                    layer_thresholds[present],
                    keep[present],
                )
            scores[layer, present] = layer_scores
            thresholds[layer, batch_index[present]] = layer_thresholds
            present = present[keep]
        kept[layer, present] = True
    ends = np.cumsum(packed.lengths)
    parts = [slice(end - n, end) for end, n in zip(ends, packed.lengths, strict=True)]
    return [
        DropTrace(kept[:, part], scores[:, part], thresholds[:, number], decision_point)
        for number, part in enumerate(parts)
    ]
