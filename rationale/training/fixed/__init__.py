"""Fine-tuning with a fixed rule on: SpAtten, and the blind baselines that every system has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import loads

if TYPE_CHECKING:
    from rationale.training.fixed.options import BlindOptions, SpAttenOptions
    from rationale.training.fixed.train import train_blind, train_spatten

__all__ = [
    "BlindOptions",
    "SpAttenOptions",
    "train_blind",
    "train_spatten",
]

__getattr__ = loads(
    __name__,
    {
        "BlindOptions": "rationale.training.fixed.options",
        "SpAttenOptions": "rationale.training.fixed.options",
        "train_blind": "rationale.training.fixed.train",
        "train_spatten": "rationale.training.fixed.train",
    },
)
