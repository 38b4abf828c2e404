"""Two ways through the same batches, timed in turn: the ratio that a speedup is."""

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
    one: Runner, other: Runner, batches: Sequence[Packed], rounds: int, *, title: str, progress: bool = True
) -> dict[str, float]:
    """How many times as long ``one`` takes as ``other``: median, smallest and largest round, and seconds.

    Args:
        one: Runs a batch.
        other: Runs it otherwise; the two take turns in this process at being first.
        batches: All of them each time.
        rounds: How often, after a round that does not count: what a first run pays for, no later one does.
        title: Of the progress bar.
        progress: Whether a terminal shows it.
    """
    taken = []
    quiet = None if progress else True
    for number in tqdm(range(rounds + 1), desc=title, leave=False, disable=quiet):
        turns = [_seconds(way, batches) for way in ((one, other) if number % 2 else (other, one))]
        taken.append(tuple(turns if number % 2 else turns[::-1]))
    del taken[0]
    found = [first / second for first, second in taken]
    ones, others = zip(*taken, strict=True)
    return {
        "median": statistics.median(found),
        "min": min(found),
        "max": max(found),
        "one_seconds": statistics.median(ones),
        "other_seconds": statistics.median(others),
    }


def _seconds(way: Runner, batches: Sequence[Packed]) -> float:
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in batches:
            way(replace(batch))  # without what an earlier run has cached on it
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
