"""Ragged arrays over the words of many documents: flat values, and the offset of each document."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rationale.arrays import Bool, Float64, Int64
from rationale.errors import DataError


def offsets_of(lengths: npt.ArrayLike) -> Int64:
    """Offsets, int64 (D + 1,), of D documents with these numbers of words.

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))]).astype(np.int64)


def ranges(starts: Int64, ends: Int64) -> Int64:
    """The numbers of the ranges ``[start, end)``, one range after another, int64 (N,).

    >>> ranges(np.array([4, 0, 2]), np.array([6, 0, 3])).tolist()
    [4, 5, 2]
    """
    lengths = ends - starts
    numbers: Int64 = np.repeat(starts + lengths - np.cumsum(lengths), lengths)
    numbers += np.arange(len(numbers))
    return numbers


def owners(offsets: Int64) -> Int64:
    """The document of each of N words, int64 (N,).

    >>> owners(offsets_of([2, 0, 3])).tolist()
    [0, 0, 2, 2, 2]
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def totals(values: npt.NDArray[np.generic], offsets: Int64) -> Int64:
    """Sum of each document's whole numbers or truth values; a document without words has 0.

    Args:
        values: Integers or bool, shape (..., N).
        offsets: int64 (D + 1,).

    Returns:
        int64 (..., D).

    >>> totals(np.array([True, True, False, True, True]), offsets_of([2, 0, 3])).tolist()
    [2, 0, 2]
    """
    cumulated = np.zeros((*values.shape[:-1], values.shape[-1] + 1), dtype=np.int64)
    np.cumsum(values, axis=-1, out=cumulated[..., 1:])
    return cumulated[..., offsets[1:]] - cumulated[..., offsets[:-1]]


def check_ragged(values: npt.NDArray[np.generic], truth: Bool, offsets: Int64) -> None:
    """Checks that values (..., N), truth (N,) and offsets (D + 1,) have the same number of words.

    Raises:
        DataError: Where a shape or dtype does not fit.
    """
    if truth.dtype != np.bool_ or truth.ndim != 1:
        raise DataError(f"the rationale is {truth.dtype} {truth.shape}, expected one bool a word, shape (N,)")
    if values.shape[-1:] != truth.shape:
        raise DataError(f"values of shape {values.shape} for {truth.shape[0]} words")
    if offsets[0] != 0 or offsets[-1] != truth.shape[0] or np.any(np.diff(offsets) < 0):
        raise DataError(
            f"the offsets do not run from 0 to {truth.shape[0]} words",
            remedy="Build them with offsets_of(lengths).",
        )


def ratio(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Float64:
    """``part / whole`` as float64, NaN where ``whole`` is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    quotient: Float64 = np.full(part.shape, np.nan)
    np.divide(part, whole, out=quotient, where=np.asarray(whole != 0))
    return quotient
