"""The training procedure of LTP: fine-tune, learn thresholds by soft pruning, fine-tune with hard pruning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.ltp.options import LTPOptions
    from rationale.training.ltp.train import train_ltp

__all__ = [
    "LTPOptions",
    "train_ltp",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "LTPOptions": "rationale.training.ltp.options",
        "train_ltp": "rationale.training.ltp.train",
    },
)
