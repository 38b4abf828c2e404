"""The training procedure of TR-BERT: fine-tune, learn policies by reward, then both jointly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.training.tr_bert.options import TRBERTOptions
    from rationale.training.tr_bert.train import train_tr_bert

__all__ = [
    "TRBERTOptions",
    "train_tr_bert",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "TRBERTOptions": "rationale.training.tr_bert.options",
        "train_tr_bert": "rationale.training.tr_bert.train",
    },
)
