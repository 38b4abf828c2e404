"""Predictions without the words a method selects, and with only those words (DeYoung et al., 2020)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from rationale.arrays import Bool, Float32
from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS
from rationale.scores.options import BINS, Faithfulness
from rationale.scores.removal import reduced_logits, without
from rationale.scores.scored import Perturbed, ScoredDocument
from rationale.tokens.windows import Windows


def top_words(scores: Float32, covered: Bool, share: float) -> Bool:
    """Selects the k = ceil(share x covered words) best words, bool (W,); ties go to the earlier word.

    >>> top_words(np.array([1, 3, 3, 2], np.float32), np.array([True, True, True, False]), 0.5)
    array([False,  True,  True, False])
    """
    positions = np.flatnonzero(covered)
    count = int(np.ceil(share * positions.size - 1e-9))
    best = positions[np.argsort(-scores[positions], kind="stable")[:count]]
    selected = np.zeros(covered.size, dtype=np.bool_)
    selected[best] = True
    return selected


def perturb(
    classifier: Classifier,
    document: ScoredDocument,
    windows: Windows,
    settings: Faithfulness,
    batch_size: int,
) -> tuple[Perturbed, ...]:
    """Runs the model without the selected words and with only those; windows are averaged by weight.

    Token ids are deleted and the others keep their position ids. Special tokens and the query always stay, so
    an empty window is its special tokens. Nothing is decoded or tokenized again.

    Args:
        classifier: The model.
        document: The document with its word scores.
        windows: Its windows.
        settings: Shares and layers.
        batch_size: Inputs a batch.
    """
    cases = list(_cases(document, settings))
    if not cases:
        return ()
    removals = [mask for _, _, _, selected in cases for mask in (selected, ~selected)]
    inputs = [without(window, mask) for mask in removals for window in windows.windows]
    logits = torch.from_numpy(reduced_logits(classifier, inputs, batch_size))
    outputs = classifier.probabilities(logits).numpy().reshape(len(removals), len(windows.windows), -1)
    weights = np.array([w.weight for w in windows.windows])
    probabilities = [tuple((weights @ of_case).tolist()) for of_case in outputs]
    return tuple(
        Perturbed(method, layer, share, probabilities[2 * number], probabilities[2 * number + 1])
        for number, (method, layer, share, _) in enumerate(cases)
    )


def _cases(document: ScoredDocument, settings: Faithfulness) -> Iterator[tuple[str, int, float, Bool]]:
    """Yields method, layer, share and the selected words, bool (W,).

    A method that selects words itself has one selection a layer, filed under ``settings.share``.
    """
    shares = dict.fromkeys((settings.share, *BINS))
    for method, layers in document.layers.items():
        selects = METHODS.get(method).selects
        default_layers = layers if selects else (layers[0], layers[-1])
        for layer in dict.fromkeys(default_layers if settings.layers is None else settings.layers):
            if layer not in layers:
                continue
            scores = document.words[method][layers.index(layer)]
            if selects:
                yield method, layer, settings.share, document.kept_words[layer] & document.covered
                continue
            for share in shares:
                yield method, layer, share, top_words(scores, document.covered, share)
