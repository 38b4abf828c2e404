"""The training procedure of LAT: fine-tune, train with random lengths, search lengths on dev."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.lat.options import LATOptions
    from rationale.training.lat.train import train_lat

__all__ = [
    "LATOptions",
    "train_lat",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "LATOptions": "rationale.training.lat.options",
        "train_lat": "rationale.training.lat.train",
    },
)
