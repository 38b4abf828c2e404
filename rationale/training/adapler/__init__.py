"""The training procedure of AdapLeR: fine-tune, store saliency, train predictors and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.adapler.options import PRESETS, AdapLeROptions
    from rationale.training.adapler.train import train_adapler

__all__ = ["PRESETS", "AdapLeROptions", "train_adapler"]

__getattr__ = lazy_attributes(
    __name__,
    {
        "AdapLeROptions": "rationale.training.adapler.options",
        "PRESETS": "rationale.training.adapler.options",
        "train_adapler": "rationale.training.adapler.train",
    },
)
