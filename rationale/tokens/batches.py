"""Runs windows through a model in batches, which are halved when memory runs out."""

from __future__ import annotations

import ctypes
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import torch
from tqdm.auto import tqdm

from rationale.errors import ModelError
from rationale.tokens.packing import Input, Packed, buckets, pack_windows

R = TypeVar("R")
_SIGNS = ("not enough memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
_TRIM_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


def run_windows(
    windows: Sequence[Input],
    batch_size: int,
    run: Callable[[Packed, list[int]], Sequence[R]],
    *,
    device: torch.device | str = "cpu",
    part: int | None = None,
    title: str | None = None,
) -> Iterator[R]:
    """Runs every window once and yields one result a window, in order.

    Args:
        windows: The inputs of the model.
        batch_size: Windows a batch at first; halved automatically when memory runs out.
        run: Takes a packed batch and the indices of its windows in ``windows``, returns one result a window;
            gradients are off unless it turns them on.
        device: The device of the batches.
        part: Windows that are run before the first of them is yielded, batched by length among themselves;
            None for all.
        title: The title of a progress bar on a terminal; None for none.
    """
    size = part or max(len(windows), 1)
    with tqdm(total=len(windows), desc=title, leave=False, disable=None if title else True) as bar:
        for start in range(0, len(windows), size):
            part_windows = windows[start : start + size]

            def batch(
                numbers: list[int], start: int = start, part_windows: Sequence[Input] = part_windows
            ) -> Sequence[R]:
                packed = pack_windows([part_windows[i] for i in numbers], device)
                with torch.no_grad():
                    results = run(packed, [start + i for i in numbers])
                bar.update(len(numbers))
                return results

            yield from in_batches([len(window.ids) for window in part_windows], batch_size, batch)


def in_batches(lengths: Sequence[int], batch_size: int, run: Callable[[list[int]], Sequence[R]]) -> list[R]:
    """Runs every item once, in length-bucketed batches; halves a batch that does not fit in memory.

    Args:
        lengths: The length of each item.
        batch_size: Items a batch at first.
        run: Takes indices, returns one result an index.

    Returns:
        The results, in the order of ``lengths``.

    Raises:
        ModelError: Where a single item does not fit.
    """
    results: dict[int, R] = {}
    waiting = list(buckets(lengths, batch_size))[::-1]
    last_trim = time.monotonic()
    while waiting:
        batch = waiting.pop()
        batch_results = _attempt(run, batch)
        if batch_results is None:
            waiting += _halves(batch, lengths)
        else:
            results.update(zip(batch, batch_results, strict=True))
        if time.monotonic() - last_trim > _TRIM_SECONDS:
            _trim()
            last_trim = time.monotonic()
    return [results[position] for position in range(len(lengths))]


def _attempt(run: Callable[[list[int]], Sequence[R]], batch: list[int]) -> Sequence[R] | None:
    """The results, or None where memory ran out; the failed batch is freed on return."""
    try:
        return run(batch)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        return None


def _halves(batch: list[int], lengths: Sequence[int]) -> list[list[int]]:
    if len(batch) == 1:
        raise ModelError(
            f"one input of {lengths[batch[0]]} tokens does not fit in memory",
            remedy="Pass a smaller --max-length, or use a machine with more memory.",
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    _LOG.warning("out of memory: continuing with batches of %d", middle)
    return [batch[middle:], batch[:middle]]


def _out_of_memory(error: Exception) -> bool:
    is_memory_error = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return is_memory_error or any(sign in str(error) for sign in _SIGNS)


def _trim() -> None:
    """Returns the heap's free pages to the system.

    Batches differ in shape, so freed tensors leave holes that the next batch's tensors do not fit: without
    this the heap of a long run grows by hundreds of MiB of unused memory.
    """
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _libc() -> Any:
    """The C library if it can trim its heap (glibc), else None."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.malloc_trim  # noqa: B018  (looked up when named)
    except (OSError, AttributeError):
        return None
    return libc
