"""Fine-tuning with a fixed pruning rule: SpAtten and the uninformed baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.fixed.options import SpAttenOptions, UninformedOptions
    from rationale.training.fixed.train import train_spatten, train_uninformed

__all__ = [
    "SpAttenOptions",
    "UninformedOptions",
    "train_spatten",
    "train_uninformed",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "UninformedOptions": "rationale.training.fixed.options",
        "SpAttenOptions": "rationale.training.fixed.options",
        "train_uninformed": "rationale.training.fixed.train",
        "train_spatten": "rationale.training.fixed.train",
    },
)
