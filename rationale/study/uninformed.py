"""Does a system beat what nobody chose? Each cell against the best uninformed one that is no faster."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rationale.dropping.system import SYSTEMS, is_uninformed
from rationale.evaluation.result import Evaluation
from rationale.metrics.task import paired_difference
from rationale.study.comparison import AgainstBaseline, GridCell

_ALIKE = 1.02  # at equal lengths a uninformed cell saves a little more: deciding costs it nothing


def against_uninformed(
    record: GridCell, found: Evaluation, others: Sequence[tuple[GridCell, Evaluation]], *, resamples: int
) -> AgainstBaseline | None:
    """The paired difference from the best uninformed cell of the seed that saves no more (2 %), with its interval.

    The best is that of the highest figure on these very documents, which favours it.

    Args:
        record: A cell's, of a comparison.
        found: Its evaluation.
        others: Record and evaluation of every cell.
        resamples: Number of bootstrap resamples.

    Returns:
        None for a plain or uninformed cell, or where every uninformed one saves more than that.
    """
    if record.system not in SYSTEMS or is_uninformed(record.system):
        return None
    uninformed = [
        (other, said)
        for other, said in others
        if is_uninformed(other.system)
        and other.seed == record.seed
        and other.flops_speedup <= _ALIKE * record.flops_speedup
    ]
    if not uninformed:
        return None
    best, said = max(uninformed, key=lambda pair: _value(pair[0]))
    gold, own = found.answers()
    gap, low, high = paired_difference(record.metric, gold, own, said.answers()[1], resamples=resamples)
    return AgainstBaseline(best.cell, gap, low, high)


def _value(cell: GridCell) -> float:
    return -math.inf if cell.value is None else cell.value
