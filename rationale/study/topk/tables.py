"""What follows from the predictions of a study: accuracy by condition and seed, and conditions beside each other."""

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
    """One record a condition and seed, in the order of the table.

    Args:
        predictions: One row a condition, seed and document.
    """
    return tuple(_record(condition, seed, rows) for (condition, seed), rows in _cells(predictions).items())


def _cells(predictions: pa.Table) -> dict[tuple[str, int], dict[str, list[Any]]]:
    columns = predictions.to_pydict()
    found: dict[tuple[str, int], dict[str, list[Any]]] = {}
    for place, key in enumerate(zip(columns["condition"], columns["seed"], strict=True)):
        rows = found.setdefault(key, {name: [] for name in columns})
        for name, values in columns.items():
            rows[name].append(values[place])
    return found


def _right(rows: dict[str, list[Any]]) -> Float64:
    return np.array([a == b for a, b in zip(rows["label"], rows["predicted"], strict=True)], np.float64)


def _record(condition: str, seed: int, rows: dict[str, list[Any]]) -> ConditionResult:
    right = _right(rows)
    low, high = bootstrap_intervals(right[None, None], resamples=_RESAMPLES, seed=0)
    shares = [len(kept) / words for kept, words in zip(rows["kept"], rows["words"], strict=True)]
    return ConditionResult(
        condition=condition,
        seed=seed,
        oracle=rows["oracle"][0],
        accuracy=float(right.mean()),
        low=number_or_none(low[0]),
        high=number_or_none(high[0]),
        flops_speedup=sum(rows["operations_full"]) / sum(rows["operations"]),
        words_kept=float(np.mean(shares)),
        n=len(right),
    )


def compared(predictions: pa.Table) -> tuple[ConditionPair, ...]:
    """Every two conditions that share a seed: which is right more often on the same documents."""
    cells = _cells(predictions)
    conditions = list(dict.fromkeys(condition for condition, _ in cells))
    shared = {
        (one, other): [seed for condition, seed in cells if condition == one and (other, seed) in cells]
        for one, other in combinations(conditions, 2)
    }
    pairs = [pair for pair, seeds in shared.items() if seeds]
    if not pairs:
        return ()
    right = {cell: _right(rows) for cell, rows in cells.items()}
    gaps = np.stack([np.mean([right[a, s] - right[b, s] for s in shared[a, b]], axis=0) for a, b in pairs])
    low, high = bootstrap_intervals(gaps[None], resamples=_RESAMPLES, seed=0)
    single = paired_p_values(gaps, permutations=PERMUTATIONS, seed=0)
    corrected = holm(single)
    return tuple(
        ConditionPair(
            condition=one,
            other=other,
            seeds=tuple(shared[one, other]),
            difference=float(gaps[number].mean()),
            low=number_or_none(low[number]),
            high=number_or_none(high[number]),
            p=number_or_none(corrected[number]),
            p_single=number_or_none(single[number]),
            overlap=_overlap(cells, one, other, shared[one, other]),
            n=gaps.shape[1],
        )
        for number, (one, other) in enumerate(pairs)
    )


def _overlap(
    cells: dict[tuple[str, int], dict[str, list[Any]]], one: str, other: str, seeds: list[int]
) -> float:
    values = [
        len(set(a) & set(b)) / len(set(a) | set(b)) if a or b else 1.0
        for seed in seeds
        for a, b in zip(cells[one, seed]["kept"], cells[other, seed]["kept"], strict=True)
    ]
    return float(np.mean(values))
