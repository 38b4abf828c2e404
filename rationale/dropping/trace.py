"""Who was dropped where: read off the decisions of a run, hard or masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rationale.arrays import Bool, Float32, Int64
from rationale.dropping.system import Decision, DecisionPoint
from rationale.tokens.packing import Packed


@dataclass(frozen=True)
class DropTrace:
    """The way of one input's n tokens through L layers.

    Attributes:
        kept: bool (L, n), whether each token passes each layer's feed-forward.
        scores: float32 (L, n), what each token scored; NaN where no decision was taken on it.
        thresholds: float32 (L,), what it had to reach; NaN where none was taken.
        decision_point: Where decisions are taken: before a layer, or between its attention and its
            feed-forward, so that the attention still reads who is dropped there.
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
        gone = ~self.kept
        return np.where(gone.any(axis=0), gone.argmax(axis=0), self.layers)

    @property
    def lengths(self) -> Int64:
        """int64 (L,), tokens kept in each layer, special tokens included."""
        counts: Int64 = self.kept.sum(axis=1)
        return counts


def traces_of(
    packed: Packed, decisions: Sequence[Decision | None], decision_point: DecisionPoint
) -> list[DropTrace]:
    """One trace an input.

    Args:
        packed: The batch as it came in, N rows.
        decisions: One a layer, of all N rows or of those still there; None where a layer takes none.
        decision_point: Where they were taken.
    """
    rows, layers = len(packed.ids), len(decisions)
    kept = np.zeros((layers, rows), np.bool_)
    scores = np.full((layers, rows), np.nan, np.float32)
    thresholds = np.full((layers, len(packed.lengths)), np.nan, np.float32)
    batch_index, there = packed.batch_index.cpu().numpy(), np.arange(rows)
    for layer, decision in enumerate(decisions):
        if decision is not None:
            columns = (decision.scores.float(), decision.thresholds.float(), decision.keep)
            compared, needed, keep = (one.detach().cpu().numpy() for one in columns)
            if len(keep) > len(there):  # of all rows: those that are gone take no part
                compared, needed, keep = compared[there], needed[there], keep[there]
            scores[layer, there] = compared
            thresholds[layer, batch_index[there]] = needed
            there = there[keep]
        kept[layer, there] = True
    ends = np.cumsum(packed.lengths)
    parts = [slice(end - n, end) for end, n in zip(ends, packed.lengths, strict=True)]
    return [
        DropTrace(kept[:, part], scores[:, part], thresholds[:, number], decision_point)
        for number, part in enumerate(parts)
    ]
