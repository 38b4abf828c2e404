"""Comparison of each cell with the best uninformed baseline of its seed that is no faster."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rationale.dropping.system import SYSTEMS, is_uninformed
from rationale.evaluation.result import Evaluation
from rationale.metrics.task import paired_difference
from rationale.study.comparison import AgainstBaseline, GridCell

_ALIKE = 1.02  # at equal lengths an uninformed cell saves slightly more: its decision costs nothing


def against_uninformed(
    record: GridCell, evaluation: Evaluation, others: Sequence[tuple[GridCell, Evaluation]], *, resamples: int
) -> AgainstBaseline | None:
    """The paired difference from the best uninformed cell of the seed that is at most 2 % faster in FLOPs.

    The best cell has the highest metric on the same documents, which favours the baseline.

    Args:
        record: The record of a cell.
        evaluation: Its evaluation.
        others: The record and evaluation of every cell.
        resamples: Number of bootstrap resamples.

    Returns:
        None for a plain or an uninformed cell, or where every uninformed cell is faster than that.
    """
    if record.system not in SYSTEMS or is_uninformed(record.system):
        return None
    uninformed = [
        (other, evaluated)
        for other, evaluated in others
        if is_uninformed(other.system)
        and other.seed == record.seed
        and other.flops_speedup <= _ALIKE * record.flops_speedup
    ]
    if not uninformed:
        return None
    baseline, evaluated = max(uninformed, key=lambda pair: _value(pair[0]))
    gold, predictions = evaluation.answers()
    gap, low, high = paired_difference(
        record.metric, gold, predictions, evaluated.answers()[1], resamples=resamples
    )
    return AgainstBaseline(baseline.cell, gap, low, high)


def _value(cell: GridCell) -> float:
    return -math.inf if cell.value is None else cell.value
