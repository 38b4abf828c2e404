"""Checks a document read from disk against its recipe, and its arrays against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import get_args

import numpy as np

from rationale.artifacts.provenance import Provenance, ScoredMethod
from rationale.metrics.naopc import Unit
from rationale.scores.scored import ScoredDocument
from rationale.tokens.alignment import sum_to_words


def first_misfit(document: ScoredDocument, recipe: Provenance) -> str | None:
    """The first contradiction within a document, or between it and the recipe; None where all fits."""
    return next(_misfits(document, recipe), None)


def _misfits(document: ScoredDocument, recipe: Provenance) -> Iterator[str]:
    yield from _texts(document, list(recipe.labels))
    yield from _windows(document)
    yield from _methods(document, recipe.methods)
    yield from _kept(document, recipe)
    yield from _perturbed(document, len(recipe.labels))
    yield from _measured(document, len(recipe.labels))


def _texts(document: ScoredDocument, labels: list[str]) -> Iterator[str]:
    if document.predicted not in labels:
        yield f"its predicted label {document.predicted!r} is none of the recipe's labels"
    if len(document.probabilities) != len(labels):
        yield f"{len(document.probabilities)} probabilities for {len(labels)} labels"
    if not np.isfinite(document.probabilities).all():
        yield "a probability is not a finite number"


def _windows(document: ScoredDocument) -> Iterator[str]:
    tokens, words, windows = len(document.tokens), len(document.covered), len(document.window_tokens)
    if {len(document.token_word), len(document.token_window)} != {tokens}:
        yield (
            f"{tokens} tokens, but {len(document.token_word)} values of token_word and "
            f"{len(document.token_window)} of token_window"
        )
    if len(document.window_weight) != windows or not np.isfinite(document.window_weight).all():
        yield f"{windows} windows, but {len(document.window_weight)} weights, or one that is not finite"
    if tokens and not (-1 <= document.token_word.min() <= document.token_word.max() < words):
        yield f"a token belongs to a word outside the {words} of the document"
    if tokens and not (0 <= document.token_window.min() <= document.token_window.max() < windows):
        yield f"a token belongs to a window outside the {windows} of the document"
    elif (np.bincount(document.token_window, minlength=windows) != document.window_tokens).any():
        yield "window_tokens differs from the numbers of tokens in the windows"


def _methods(document: ScoredDocument, methods: Mapping[str, ScoredMethod]) -> Iterator[str]:
    if document.words.keys() != methods.keys():
        differing = min(document.words.keys() ^ methods.keys())
        yield f"only one of document and recipe has the method {differing!r}"
        return
    tokens, words = len(document.tokens), len(document.covered)
    for name, entry in methods.items():
        layers, expected = list(document.layers[name]), list(entry.layers)
        if layers != expected:
            yield f"its rows of {name!r} are of layers {layers}, and the recipe says {expected}"
        if document.words[name].shape != (len(layers), words):
            yield f"word scores of {name!r} have shape {document.words[name].shape}, {words} words expected"
        if document.token_scores[name].shape != (len(layers), tokens):
            yield f"{len(layers)} rows of {name!r}, not each of {tokens} token scores"


def _kept(document: ScoredDocument, recipe: Provenance) -> Iterator[str]:
    if document.kept is None:
        if recipe.kept:
            yield "its kept tokens are missing, and the recipe says that they are stored"
        return
    layers, tokens = recipe.model.layers, len(document.tokens)
    if document.kept.shape != (layers, tokens):
        yield f"kept has shape {document.kept.shape}, expected {(layers, tokens)}"
    windows = len(document.window_tokens)
    for name, width in (("policy_scores", tokens), ("policy_thresholds", windows)):
        array = getattr(document, name)
        if array is not None and array.shape != (layers, width):
            yield f"{name} has shape {array.shape}, expected {(layers, width)}"


def _perturbed(document: ScoredDocument, labels: int) -> Iterator[str]:
    for perturbed in document.perturbed:
        method = perturbed.method
        if perturbed.layer not in document.layers.get(method, ()):
            yield f"it was perturbed by {method!r} in layer {perturbed.layer}, which has no scores there"
        if {len(perturbed.without), len(perturbed.only)} != {labels} or not np.isfinite(perturbed.share):
            yield f"perturbed probabilities of {method!r} are not {labels}, one a label"


def _measured(document: ScoredDocument, labels: int) -> Iterator[str]:
    if document.nothing and (len(document.nothing) != labels or not np.isfinite(document.nothing).all()):
        yield f"probabilities without any word are not {labels} finite numbers, one a label"
    measured = [(place, astuple(one)) for place, one in document.softened.items()]
    measured += [(place, astuple(one)) for place, one in document.orders.items()]
    for (method, layer), values in measured:
        if not np.isfinite(values).all():
            yield f"faithfulness of {method!r} in layer {layer} has a value that is not a finite number"
    limits = document.limits
    if limits is None and document.orders:
        yield "it has AOPC over full orders, but not what AOPC can reach"
    if document.order_units not in get_args(Unit):
        yield f"NAOPC removed {document.order_units!r}, expected {' or '.join(get_args(Unit))}"
    if limits is not None and not (np.isfinite(limits.upper) and limits.lower <= limits.upper):
        yield f"AOPC can reach {limits.lower} to {limits.upper}, expected finite numbers in order"


def unsummed(document: ScoredDocument) -> str | None:
    """Describes the first method whose word scores are not the sums of their tokens' scores; None without.

    Sealed scores need no such check. In older ones it finds word scores that were changed after scoring.
    """
    weight = document.window_weight[document.token_window]
    for name, tokens in document.token_scores.items():
        expected = sum_to_words(tokens * weight, document.token_word, len(document.covered))
        scale = np.abs(tokens).max(initial=0.0) or 1.0
        stored = document.words[name]
        if not np.allclose(stored, expected, rtol=1e-4, atol=1e-5 * scale, equal_nan=True):
            return f"word scores of {name!r} are not the sums of its tokens' scores"
    return None
