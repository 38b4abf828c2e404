"""Whether a document that was read from disk fits its own recipe: every array as long as the others say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rationale.artifacts.provenance import Provenance, ScoredMethod
from rationale.scores.scored import ScoredDocument
from rationale.tokens.alignment import sum_to_words


def first_misfit(document: ScoredDocument, recipe: Provenance) -> str | None:
    """The first thing of a document that cannot be, given the recipe; None where all fits."""
    return next(_misfits(document, recipe), None)


def _misfits(document: ScoredDocument, recipe: Provenance) -> Iterator[str]:
    yield from _texts(document, list(recipe.labels))
    yield from _windows(document)
    yield from _methods(document, recipe.methods)
    yield from _kept(document, recipe)
    yield from _perturbed(document, len(recipe.labels))


def _texts(document: ScoredDocument, labels: list[str]) -> Iterator[str]:
    if document.predicted not in labels:
        yield f"it was predicted as {document.predicted!r}, which is none of the labels"
    if len(document.probabilities) != len(labels):
        yield f"{len(document.probabilities)} probabilities for {len(labels)} labels"
    if not np.isfinite(document.probabilities).all():
        yield "a probability is not a finite number"


def _windows(document: ScoredDocument) -> Iterator[str]:
    tokens, words, windows = len(document.tokens), len(document.covered), len(document.window_tokens)
    if {len(document.token_word), len(document.token_window)} != {tokens}:
        yield f"{tokens} tokens, and another number of their words or windows"
    if len(document.window_weight) != windows or not np.isfinite(document.window_weight).all():
        yield f"{windows} windows, and weights that do not fit"
    if tokens and not (-1 <= document.token_word.min() <= document.token_word.max() < words):
        yield f"a token belongs to a word that is none of the {words}"
    if tokens and not (0 <= document.token_window.min() <= document.token_window.max() < windows):
        yield f"a token belongs to a window that is none of the {windows}"
    elif (np.bincount(document.token_window, minlength=windows) != document.window_tokens).any():
        yield "windows do not have as many tokens as they say"


def _methods(document: ScoredDocument, methods: Mapping[str, ScoredMethod]) -> Iterator[str]:
    if document.words.keys() != methods.keys():
        differing = min(document.words.keys() ^ methods.keys())
        yield f"it has scores or none of {differing!r}, and the recipe says the opposite"
        return
    tokens, words = len(document.tokens), len(document.covered)
    for name, entry in methods.items():
        layers, expected = list(document.layers[name]), list(entry.layers)
        if layers != expected:
            yield f"its rows of {name!r} are of layers {layers}, and the recipe says {expected}"
        if document.words[name].shape != (len(layers), words):
            yield f"scores of {name!r} for another number of words than {words}"
        if document.token_scores[name].shape != (len(layers), tokens):
            yield f"scores of {name!r} for another number of tokens than {tokens}"


def _kept(document: ScoredDocument, recipe: Provenance) -> Iterator[str]:
    if document.kept is None:
        if recipe.kept:
            yield "it does not say which tokens are kept, and the recipe says that it does"
        return
    layers, tokens = recipe.model.layers, len(document.tokens)
    if document.kept.shape != (layers, tokens):
        yield f"kept tokens of another number of layers or tokens than {layers} and {tokens}"
    windows = len(document.window_tokens)
    for name, width in (("policy_scores", tokens), ("policy_thresholds", windows)):
        found = getattr(document, name)
        if found is not None and found.shape != (layers, width):
            yield f"{name} of another number of layers or columns than {layers} and {width}"


def _perturbed(document: ScoredDocument, labels: int) -> Iterator[str]:
    for one in document.perturbed:
        if one.layer not in document.layers.get(one.method, ()):
            yield f"it was perturbed by {one.method!r} in layer {one.layer}, which has no scores"
        if {len(one.without), len(one.only)} != {labels} or not np.isfinite(one.share):
            yield f"perturbed probabilities of {one.method!r} do not fit the {labels} labels"


def unsummed(document: ScoredDocument) -> str | None:
    """Says where word scores are not the sums of their tokens' scores, which is how they are made.

    Sealed scores need no such check; in older ones it finds words that were changed after scoring.
    """
    weight = document.window_weight[document.token_window]
    for name, tokens in document.token_scores.items():
        expected = sum_to_words(tokens * weight, document.token_word, len(document.covered))
        scale = np.abs(tokens).max(initial=0.0) or 1.0
        found = document.words[name]
        if not np.allclose(found, expected, rtol=1e-4, atol=1e-5 * scale, equal_nan=True):
            return f"word scores of {name!r} are not the sums of its tokens' scores"
    return None
