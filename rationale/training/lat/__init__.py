"""LAT's recipe: fine-tune, learn to bear any lengths, search the configurations that serve best."""

from rationale.training.lat.options import LATOptions
from rationale.training.lat.train import train_lat

__all__ = ["LATOptions", "train_lat"]
