"""What the plain Hugging Face model reads of a document, window by window: the oracle of faithfulness."""

import numpy as np
import torch

from rationale.tokens.windows import Windower
from tests.toys import plain_model, toy_classifier


def read_plainly(name, document, max_length, *, remove=(), mask=None):
    """Probabilities of a document without some words, window by window, one input at a time."""
    classifier, model = toy_classifier(name, max_length=max_length), plain_model(name)
    total = np.zeros(len(classifier.labels))
    for window in Windower(classifier.tokenizer, max_length)(document).windows:
        gone = np.isin(window.word, list(remove))
        ids, places = window.ids.copy(), np.arange(window.ids.size)
        if mask is not None:
            ids[gone], gone = mask, np.zeros_like(gone)
        kept = {
            "input_ids": ids[~gone], "token_type_ids": window.types[~gone], "position_ids": places[~gone],
        }  # fmt: skip
        with torch.no_grad():
            logits = model(
                **{key: torch.from_numpy(v.astype(np.int64))[None] for key, v in kept.items()}
            ).logits
        total += window.weight * logits.double().softmax(-1)[0].numpy()
    return total
