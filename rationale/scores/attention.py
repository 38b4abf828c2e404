"""Raw attention: what a token receives from all others, or from [CLS], in each layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rationale.scores.methods import METHODS, AttentionMethod, AttentionReader


class _Reader(AttentionReader):
    """Reduces each layer's attention as it arrives and stores (B, n) a layer."""

    def __init__(self, reduce: Callable[[Tensor], Tensor]) -> None:
        self._reduce, self._rows = reduce, list[Tensor]()

    def read(self, layer: int, attention: Tensor) -> None:
        """Reduces one layer."""
        self._rows.append(self._reduce(attention))

    def finish(self) -> Tensor:
        """Scores (L, B, n)."""
        return torch.stack(self._rows)


@dataclass(frozen=True)
class _Raw(AttentionMethod):
    reduce: Callable[[Tensor], Tensor] = field(kw_only=True)

    def reader(self) -> AttentionReader:
        """A fresh reader."""
        return _Reader(self.reduce)


def _received(attention: Tensor) -> Tensor:
    return attention.sum(dim=-2)


def _received_from_others(attention: Tensor) -> Tensor:
    return attention.sum(dim=-2) - attention.diagonal(dim1=-2, dim2=-1)


def _from_cls(attention: Tensor) -> Tensor:
    return attention[..., 0, :].clone()


for _method in (
    _Raw(
        "attention.all",
        "Attention (all)",
        "Column sum of the layer's head-mean attention, diagonal kept",
        default=True,
        reduce=_received,
    ),
    _Raw(
        "attention.cls",
        "Attention ([CLS])",
        "[CLS] row of the layer's head-mean attention",
        default=True,
        reduce=_from_cls,
    ),
    _Raw(
        "attention.others",
        "Attention (all others)",
        "Column sum of the layer's head-mean attention without the diagonal (PoWER-BERT's score)",
        reduce=_received_from_others,
    ),
):
    METHODS.register(_method.name)(_method)
