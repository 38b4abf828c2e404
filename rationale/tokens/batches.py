"""Batches that shrink when memory runs out, and leave none of it behind."""

from __future__ import annotations

import ctypes
import logging
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import torch

from rationale.errors import ModelError
from rationale.tokens.packing import buckets

R = TypeVar("R")
_SIGNS = ("not enough memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
_TRIM_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


def in_batches(lengths: Sequence[int], batch_size: int, run: Callable[[list[int]], Sequence[R]]) -> list[R]:
    """Runs every item once, in length-bucketed batches, halving a batch that does not fit in memory.

    Args:
        lengths: The length of each item.
        batch_size: Items a batch, to begin with.
        run: Takes positions, gives one result a position.

    Returns:
        The results, in the order of ``lengths``.

    Raises:
        ModelError: Where not even one item fits.
    """
    results: dict[int, R] = {}
    waiting = list(buckets(lengths, batch_size))[::-1]
    trimmed = time.monotonic()
    while waiting:
        batch = waiting.pop()
        found = _attempt(run, batch)
        if found is None:
            waiting += _halves(batch, lengths)
        else:
            results.update(zip(batch, found, strict=True))
        if time.monotonic() - trimmed > _TRIM_SECONDS:
            _trim()
            trimmed = time.monotonic()
    return [results[position] for position in range(len(lengths))]


def _attempt(run: Callable[[list[int]], Sequence[R]], batch: list[int]) -> Sequence[R] | None:
    """The results, or None where memory ran out; nothing of the failed batch is held after that."""
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
            remedy="Pass a smaller --max-length, or a machine with more memory.",
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    _LOG.warning("out of memory: going on with batches of %d", middle)
    return [batch[middle:], batch[:middle]]


def _out_of_memory(error: Exception) -> bool:
    told = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return told or any(sign in str(error) for sign in _SIGNS)


def _trim() -> None:
    """Gives the heap's free pages back to the system.

    Batches differ in shape, so freed tensors leave holes that the next batch's do not fit: without this the
    heap of a long run grows by hundreds of MiB that nothing uses.
    """
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _libc() -> Any:
    """The C library where it can trim its heap (glibc), else None."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.malloc_trim  # noqa: B018  (looked up when named)
    except (OSError, AttributeError):
        return None
    return libc
