"""AdapLeR's recipe in three phases: fine-tune, store saliency, train the predictors and thresholds."""

from rationale.training.adapler.options import PRESETS, AdapLeROptions
from rationale.training.adapler.train import train_adapler

__all__ = ["PRESETS", "AdapLeROptions", "train_adapler"]
