"""TR-BERT's recipe: fine-tune, learn policies by reward over a frozen model, learn both with a teacher."""

from rationale.training.tr_bert.options import TRBERTOptions
from rationale.training.tr_bert.train import train_tr_bert

__all__ = ["TRBERTOptions", "train_tr_bert"]
