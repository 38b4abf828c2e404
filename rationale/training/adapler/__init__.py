"""AdapLeR's recipe in three phases: fine-tune, store saliency, train the predictors and thresholds."""

from rationale.training.adapler.options import PRESETS, AdapLeROptions

__all__ = ["PRESETS", "AdapLeROptions"]
