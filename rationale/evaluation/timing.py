"""Timing of two runners on the same batches, in turn: their ratio is a speedup."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from tqdm.auto import tqdm

from rationale.tokens import Packed

Runner = Callable[[Packed], object]


def ratios(
    baseline: Runner,
    candidate: Runner,
    batches: Sequence[Packed],
    rounds: int,
    *,
    title: str,
    progress: bool = True,
) -> dict[str, float]:
    """The time of ``baseline`` over that of ``candidate``: median, minimum and maximum over rounds, seconds.

    Args:
        baseline: Runs a batch.
        candidate: Runs a batch in another way; the two alternate in which goes first.
        batches: The batches of every round.
        rounds: Number of rounds, after a warm-up round that is discarded.
        title: Title of the progress bar.
        progress: Whether a terminal shows the bar.
    """
    seconds = []
    disable = None if progress else True
    for index in tqdm(range(rounds + 1), desc=title, leave=False, disable=disable):
        pair = [
            _seconds(runner, batches)
            for runner in ((baseline, candidate) if index % 2 else (candidate, baseline))
        ]
        seconds.append(tuple(pair if index % 2 else pair[::-1]))
    del seconds[0]
    values = [first / second for first, second in seconds]
    baseline_seconds, candidate_seconds = zip(*seconds, strict=True)
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "baseline_seconds": statistics.median(baseline_seconds),
        "candidate_seconds": statistics.median(candidate_seconds),
    }


def _seconds(runner: Runner, batches: Sequence[Packed]) -> float:
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in batches:
            runner(replace(batch))  # without the values that an earlier run cached
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
