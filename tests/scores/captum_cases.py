"""What the tests of captum's methods share: toy windows, methods with options, the plain model by hand."""

from dataclasses import replace

import numpy as np
import torch

from rationale.corpus.document import Document
from rationale.scores import METHODS
from rationale.tokens import Windower
from tests.toys import wordy

GRADIENT = ("integrated_gradients", "gradient_shap", "deep_lift")
WORDS = ("occlusion", "lime", "kernel_shap")
NAMES = GRADIENT + WORDS
TARGET = 1


def window_of(classifier, words=8, query=("dull", "plot"), seed=5):
    document = Document("a", "a", wordy(words, seed), query=query, annotated=False)
    return Windower(classifier.tokenizer, classifier.max_length)(document).windows[0]


def method(name, **options):
    found = METHODS.get(name)
    return replace(found, options=replace(found.options, **options))


def plain_logits(classifier, ids, positions=None, types=None):
    """Hugging Face's own forward of one input: logits (C,)."""
    family = classifier.encoder.config.model_type
    positions = np.arange(len(ids)) if positions is None else positions
    given = {"position_ids": positions + (2 if family == "roberta" else 0)}
    if types is not None and family in ("bert", "electra"):
        given["token_type_ids"] = types
    tensors = {name: torch.tensor(np.asarray(value)[None]).long() for name, value in given.items()}
    with torch.no_grad():
        return classifier.encoder.model(input_ids=torch.tensor(ids[None]).long(), **tensors).logits[0]


def without_words(classifier, window, removed):
    """The target's logit of the plain model after deleting tokens by hand."""
    keep = np.array([word not in removed for word in window.word])
    positions = np.flatnonzero(keep)
    return float(plain_logits(classifier, window.ids[keep], positions, window.types[keep])[TARGET])


def padded(classifier, window):
    return np.where(window.word >= 0, classifier.tokenizer.pad_token_id, window.ids).astype(np.int32)


def difference(classifier, window):
    """F(x) - F(x') of the plain model, x' with [PAD] for each document token."""
    values = [
        plain_logits(classifier, ids, types=window.types) for ids in (window.ids, padded(classifier, window))
    ]
    return float(values[0][TARGET] - values[1][TARGET])
