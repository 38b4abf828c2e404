"""Training on the Hugging Face Trainer: fine-tuning and the training of token-dropping models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.classifier import TrainedClassifier, train_classifier
    from rationale.training.options import TrainingOptions
    from rationale.training.recipes import train_dropping

__all__ = [
    "TrainedClassifier",
    "TrainingOptions",
    "train_classifier",
    "train_dropping",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "TrainedClassifier": "rationale.training.classifier",
        "TrainingOptions": "rationale.training.options",
        "train_classifier": "rationale.training.classifier",
        "train_dropping": "rationale.training.recipes",
    },
)
