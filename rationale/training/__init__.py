"""Training: fine-tuning on the Hugging Face Trainer."""

from rationale.training.classifier import TrainedClassifier, train_classifier
from rationale.training.options import TrainingOptions

__all__ = ["TrainedClassifier", "TrainingOptions", "train_classifier"]
