"""Predictions without the words a method selects, and with only those words (DeYoung et al., 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rationale.arrays import Bool, Float32
from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS
from rationale.scores.options import BINS, Faithfulness
from rationale.scores.removal import probabilities_without
from rationale.scores.scored import Perturbed, Place, ScoredDocument
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
    outputs = probabilities_without(classifier, windows, removals, batch_size)
    probabilities = [tuple(row) for row in outputs.tolist()]
    return tuple(
        Perturbed(method, layer, share, probabilities[2 * number], probabilities[2 * number + 1])
        for number, (method, layer, share, _) in enumerate(cases)
    )


def measured_places(layers: Mapping[str, Sequence[int]], settings: Faithfulness) -> Iterator[Place]:
    """Yields each method and layer whose faithfulness is measured.

    Args:
        layers: The layers of each method.
        settings: The layers to measure.
    """
    for method, of_method in layers.items():
        default = of_method if METHODS.get(method).selects else (of_method[0], of_method[-1])
        wanted = dict.fromkeys(default if settings.layers is None else settings.layers)
        yield from ((method, layer) for layer in wanted if layer in of_method)


def ranked_places(layers: Mapping[str, Sequence[int]], settings: Faithfulness) -> list[Place]:
    """The places of :func:`measured_places` whose scores rank words: not methods that select words."""
    return [place for place in measured_places(layers, settings) if not METHODS.get(place[0]).selects]


def _cases(document: ScoredDocument, settings: Faithfulness) -> Iterator[tuple[str, int, float, Bool]]:
    """Yields method, layer, share and the selected words, bool (W,).

    A method that selects words itself has one selection a layer, filed under ``settings.share``.
    """
    shares = dict.fromkeys((settings.share, *BINS))
    for method, layer in measured_places(document.layers, settings):
        if METHODS.get(method).selects:
            yield method, layer, settings.share, document.kept_words[layer] & document.covered
            continue
        scores = document.words[method][document.row(method, layer)]
        for share in shares:
            yield method, layer, share, top_words(scores, document.covered, share)
