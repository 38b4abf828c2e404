"""Packed batches: inputs of different lengths end to end, without padding, bucketed by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from rationale.arrays import Int32


class Input(Protocol):
    """One model input of n tokens: a window, or a window without some of its words."""

    @property
    def ids(self) -> Int32:
        """int32 (n,), token ids."""

    @property
    def types(self) -> Int32:
        """int32 (n,), token type ids."""

    @property
    def positions(self) -> Int32:
        """int32 (n,), the position of each token in its full input."""


@dataclass(frozen=True)
class Packed:
    """B inputs end to end: N rows, the sum of their lengths.

    Attributes:
        ids: int64 (N,), token ids.
        types: int64 (N,), token type ids.
        positions: int64 (N,), each token's position in its full input: dropped tokens leave gaps.
        lengths: The B lengths.
        keep_mass: float (N,), the remaining mass of each row in soft dropping; None means 1.
    """

    ids: Tensor
    types: Tensor
    positions: Tensor
    lengths: tuple[int, ...]
    keep_mass: Tensor | None = None

    @cached_property
    def cls_index(self) -> Tensor:
        """int64 (B,), the first row of each input: its [CLS]."""
        return self.sizes.cumsum(0) - self.sizes

    @cached_property
    def batch_index(self) -> Tensor:
        """int64 (N,), the input of each row."""
        numbers = torch.arange(len(self.lengths), device=self.ids.device)
        return torch.repeat_interleave(numbers, self.sizes, output_size=self.ids.shape[0])

    @cached_property
    def sizes(self) -> Tensor:
        """int64 (B,), the lengths."""
        return torch.tensor(self.lengths, device=self.ids.device)

    def segment_sum(self, rows: Tensor) -> Tensor:
        """Sums the rows of each input: (N, …) -> (B, …)."""
        if len(self.lengths) == 1:
            return rows.sum(dim=0, keepdim=True)
        return rows.new_zeros(len(self.lengths), *rows.shape[1:]).index_add(0, self.batch_index, rows)

    def broadcast(self, values: Tensor) -> Tensor:
        """Repeats each input's value for all its rows: (B, …) -> (N, …)."""
        if len(self.lengths) == 1:
            return values.expand(self.ids.shape[0], *values.shape[1:])
        return values[self.batch_index]

    def select(self, keep: Tensor) -> tuple[Tensor, Packed]:
        """The rows, int64, where bool (N,) ``keep`` is True, and their batch; every input must keep one."""
        rows = keep.nonzero().squeeze(-1)
        if len(self.lengths) == 1:
            counts = [rows.shape[0]]
        else:
            counts = torch.bincount(self.batch_index[rows], minlength=len(self.lengths)).tolist()
        ids, types, positions = (
            values.index_select(0, rows) for values in (self.ids, self.types, self.positions)
        )
        return rows, Packed(ids, types, positions, tuple(counts))

    @cached_property
    def padding(self) -> Padding:
        """Converts the rows to a padded (B, longest) block, and back."""
        return Padding(self)


class Padding:
    """Moves rows between the packed layout (N, …) and a padded one (B, n, …), n the longest input.

    Attributes:
        mask: bool (B, n), True at real tokens, or None where all inputs have one length.
    """

    def __init__(self, packed: Packed) -> None:
        self.examples, self.longest = len(packed.lengths), max(packed.lengths)
        self.mask: Tensor | None = None
        if min(packed.lengths) < self.longest:
            column = torch.arange(packed.ids.shape[0], device=packed.ids.device)
            column = column - packed.cls_index[packed.batch_index]
            self._flat = packed.batch_index * self.longest + column
            filled = torch.zeros(self.examples * self.longest, dtype=torch.bool, device=packed.ids.device)
            filled[self._flat] = True
            self.mask = filled.view(self.examples, self.longest)

    def pad(self, rows: Tensor) -> Tensor:
        """(N, …) -> (B, n, …), zeros at padding."""
        if self.mask is None:
            return rows.view(self.examples, self.longest, *rows.shape[1:])
        block = rows.new_zeros(self.examples * self.longest, *rows.shape[1:])
        return block.index_copy(0, self._flat, rows).view(self.examples, self.longest, *rows.shape[1:])

    def unpad(self, block: Tensor) -> Tensor:
        """(B, n, …) -> (N, …)."""
        rows = block.reshape(self.examples * self.longest, *block.shape[2:])
        return rows if self.mask is None else rows.index_select(0, self._flat)


def pack(
    ids: Sequence[Int32],
    types: Sequence[Int32],
    positions: Sequence[Int32] | None = None,
    *,
    device: torch.device | str = "cpu",
) -> Packed:
    """Packs inputs end to end; positions default to 0 … n - 1."""
    all_positions = positions or [np.arange(len(row), dtype=np.int32) for row in ids]

    def join(parts: Sequence[Int32]) -> Tensor:
        return torch.from_numpy(np.concatenate(parts).astype(np.int64)).to(device)

    return Packed(join(ids), join(types), join(all_positions), tuple(len(row) for row in ids))


def pack_windows(windows: Sequence[Input], device: torch.device | str = "cpu") -> Packed:
    """Packs windows, whole or without some of their words, end to end."""
    ids, types, positions = zip(
        *((window.ids, window.types, window.positions) for window in windows), strict=True
    )
    return pack(ids, types, positions, device=device)


def buckets(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Yields batches of indices, sorted by length, the longest first; ties keep their order.

    >>> list(buckets([3, 9, 4, 8], 2))
    [[1, 3], [2, 0]]
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
