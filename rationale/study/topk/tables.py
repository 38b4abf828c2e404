"""Tables of a study: accuracy by condition and seed, and paired differences between conditions."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from rationale.arrays import Float64
from rationale.metrics.statistics import bootstrap_intervals, holm, number_or_none, paired_p_values
from rationale.study.topk.names import PERMUTATIONS
from rationale.study.topk.results import ConditionPair, ConditionResult

_RESAMPLES = 10_000


def records(predictions: pa.Table) -> tuple[ConditionResult, ...]:
    """One record per condition and seed, in the order of the table.

    Args:
        predictions: One row per condition, seed and document.
    """
    return tuple(_record(condition, seed, rows) for (condition, seed), rows in _cells(predictions).items())


def _cells(predictions: pa.Table) -> dict[tuple[str, int], dict[str, list[Any]]]:
    """The columns of each cell, by condition and seed."""
    columns = predictions.to_pydict()
    cells: dict[tuple[str, int], dict[str, list[Any]]] = {}
    for row, key in enumerate(zip(columns["condition"], columns["seed"], strict=True)):
        rows = cells.setdefault(key, {name: [] for name in columns})
        for name, values in columns.items():
            rows[name].append(values[row])
    return cells


def _correct(rows: dict[str, list[Any]]) -> Float64:
    """1 for a correct prediction, 0 for another, float64 (D,)."""
    return np.array(
        [label == predicted for label, predicted in zip(rows["label"], rows["predicted"], strict=True)],
        np.float64,
    )


def _record(condition: str, seed: int, rows: dict[str, list[Any]]) -> ConditionResult:
    correct = _correct(rows)
    low, high = bootstrap_intervals(correct[None, None], resamples=_RESAMPLES, seed=0)
    shares = [len(kept) / words for kept, words in zip(rows["kept"], rows["words"], strict=True)]
    return ConditionResult(
        condition=condition,
        seed=seed,
        oracle=rows["oracle"][0],
        accuracy=float(correct.mean()),
        low=number_or_none(low[0]),
        high=number_or_none(high[0]),
        flops_speedup=sum(rows["operations_full"]) / sum(rows["operations"]),
        words_kept=float(np.mean(shares)),
        n=len(correct),
    )


def compared(predictions: pa.Table) -> tuple[ConditionPair, ...]:
    """The paired difference in accuracy of every pair of conditions that share a seed."""
    cells = _cells(predictions)
    conditions = list(dict.fromkeys(condition for condition, _ in cells))
    shared = {
        (first, second): [seed for condition, seed in cells if condition == first and (second, seed) in cells]
        for first, second in combinations(conditions, 2)
    }
    pairs = [pair for pair, seeds in shared.items() if seeds]
    if not pairs:
        return ()
    correct = {cell: _correct(rows) for cell, rows in cells.items()}
    differences = np.stack(
        [np.mean([correct[a, s] - correct[b, s] for s in shared[a, b]], axis=0) for a, b in pairs]
    )
    low, high = bootstrap_intervals(differences[None], resamples=_RESAMPLES, seed=0)
    uncorrected = paired_p_values(differences, permutations=PERMUTATIONS, seed=0)
    corrected = holm(uncorrected)
    return tuple(
        ConditionPair(
            condition=first,
            other=second,
            seeds=tuple(shared[first, second]),
            difference=float(differences[number].mean()),
            low=number_or_none(low[number]),
            high=number_or_none(high[number]),
            p=number_or_none(corrected[number]),
            p_single=number_or_none(uncorrected[number]),
            overlap=_overlap(cells, first, second, shared[first, second]),
            n=differences.shape[1],
        )
        for number, (first, second) in enumerate(pairs)
    )


def _overlap(
    cells: dict[tuple[str, int], dict[str, list[Any]]], first: str, second: str, seeds: list[int]
) -> float:
    """The mean Jaccard index of the words that two conditions keep."""
    values = [
        len(set(a) & set(b)) / len(set(a) | set(b)) if a or b else 1.0
        for seed in seeds
        for a, b in zip(cells[first, seed]["kept"], cells[second, seed]["kept"], strict=True)
    ]
    return float(np.mean(values))
