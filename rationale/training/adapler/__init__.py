"""AdapLeR's recipe in three phases: fine-tune, store saliency, train the predictors and thresholds."""

from rationale.training.adapler.options import PRESETS, AdapLeROptions
from rationale.training.adapler.phases import FineTuned, fine_tune
from rationale.training.adapler.train import TrainedAdapLeR, train_adapler

__all__ = ["PRESETS", "AdapLeROptions", "FineTuned", "TrainedAdapLeR", "fine_tune", "train_adapler"]
