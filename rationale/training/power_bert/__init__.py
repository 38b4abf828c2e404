"""The training procedure of PoWER-BERT: fine-tune, search a retention configuration, fine-tune with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.power_bert.options import PoWERBERTOptions
    from rationale.training.power_bert.train import train_power_bert

__all__ = [
    "PoWERBERTOptions",
    "train_power_bert",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "PoWERBERTOptions": "rationale.training.power_bert.options",
        "train_power_bert": "rationale.training.power_bert.train",
    },
)
