"""Attention rollout: the product of the attention of all layers up to each (Abnar and Zuidema, 2020)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rationale.scores.methods import METHODS, AttentionMethod, AttentionReader


class _Reader(AttentionReader):
    """Stores one (B, n, n) a layer, never the heads.

    Only one row of each R_l is needed, so no n x n product is formed: from the last layer down, the rows of
    all layers so far are multiplied by A_hat together, L products of (B, rows, n) with (B, n, n).
    """

    def __init__(self, *, from_cls: bool) -> None:
        self._from_cls, self._attention = from_cls, list[Tensor]()

    def read(self, layer: int, attention: Tensor) -> None:
        """Stores the attention of one layer."""
        self._attention.append(attention)

    def finish(self) -> Tensor:
        """Scores (L, B, n): the column sum, or the [CLS] row, of each R_l = A_hat_l ... A_hat_0."""
        examples, length, _ = self._attention[0].shape
        start = torch.zeros if self._from_cls else torch.ones
        row = start(examples, 1, length, device=self._attention[0].device, dtype=self._attention[0].dtype)
        row[..., 0] = 1.0
        rows = row[:, :0]
        for attention in reversed(self._attention):
            rows = torch.cat([row, rows], dim=1)
            rows = 0.5 * (rows @ attention + rows)
        return rows.transpose(0, 1)


@dataclass(frozen=True)
class _Rollout(AttentionMethod):
    from_cls: bool = field(kw_only=True)

    def reader(self) -> AttentionReader:
        """A fresh reader."""
        return _Reader(from_cls=self.from_cls)


_RULE = "R_l = A_hat_l R_(l-1), A_hat = 0.5 A + 0.5 I over head-mean attention"
METHODS.register("rollout.all")(
    _Rollout(
        "rollout.all", "Rollout (all)", f"Column sum of the rollout {_RULE}", default=True, from_cls=False
    )
)
METHODS.register("rollout.cls")(
    _Rollout(
        "rollout.cls", "Rollout ([CLS])", f"[CLS] row of the rollout {_RULE}", default=True, from_cls=True
    )
)
