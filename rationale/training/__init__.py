"""Training on the Hugging Face Trainer: fine-tuning, and the systems that drop tokens."""

from rationale.training.classifier import TrainedClassifier, train_classifier
from rationale.training.options import TrainingOptions
from rationale.training.recipes import train_dropping

__all__ = ["TrainedClassifier", "TrainingOptions", "train_classifier", "train_dropping"]
