"""The results of scoring: for each method and layer one float32 a word and a token, and the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Protocol

import numpy as np

from rationale.arrays import Bool, Float32, Int32
from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.metrics.naopc import Limits, Unit
from rationale.tokens.alignment import any_to_words

KEPT = "kept"
"""The method whose scores are the tokens that pass each layer of a dropping model."""

DROPPING = "token-dropping"
"""The family of models that drop tokens."""

SCORE_AGAIN = "Score this data again: `rationale score` now stores which tokens a dropping model keeps."


@dataclass(frozen=True)
class Perturbed:
    """Class probabilities of one document without its best words, and with only those.

    Attributes:
        method: The score method that ranked the words.
        layer: Its layer.
        share: The share of words selected; k = ceil(share x words).
        without: Probabilities without the selected words, in the order of ``recipe.labels``.
        only: Probabilities with only the selected words.
    """

    method: str
    layer: int
    share: float
    without: tuple[float, ...]
    only: tuple[float, ...]


Place = tuple[str, int]
"""A score method and its layer."""


@dataclass(frozen=True)
class Softened:
    """What the predicted class loses on average where entries of the embeddings are zeroed at random.

    Each entry of a word stays with a probability that follows its score. The loss of a draw is
    max(0, p(all words) - p).

    Attributes:
        without: Mean loss where words with high scores lose most entries (comprehensiveness).
        without_error: Its standard error over the draws.
        only: Mean loss where words with high scores keep most entries (sufficiency).
        only_error: Its standard error.
    """

    without: float
    without_error: float
    only: float
    only_error: float


@dataclass(frozen=True)
class OrderAopc:
    """AOPC over the full order of a document's words or sentences: after 1, 2, .. all of them were removed.

    Attributes:
        comprehensiveness: The word or sentence with the highest score is removed first.
        sufficiency: It is removed last: the same order, reversed.
    """

    comprehensiveness: float
    sufficiency: float


@dataclass(frozen=True)
class ScoredDocument:
    """One scored document; T tokens, W words, K windows, L layers.

    Attributes:
        id: The annotation's id.
        docid: The document's id.
        digest: ``Document.digest`` of the text that was scored.
        label: The gold label, or None.
        predicted: The predicted label; None where an imported prediction names none.
        probabilities: Class probabilities, in the order of ``recipe.labels``; empty where unknown.
        tokens: The tokens of all windows in order, special tokens and query included.
        token_word: int32 (T,), the word each token belongs to, or -1 for special tokens and the query.
        token_window: int32 (T,), the window of each token.
        window_tokens: int32 (K,), n of each window: all its tokens, special ones included.
        window_weight: float32 (K,), each window's share of the document's words; sums to 1.
        covered: bool (W,), the words in at least one window; the others are not evaluated.
        words: Per method, float32 (layers, W): sum over the word's tokens, weighted by window.
        token_scores: Per method, float32 (layers, T): normalised inside each window.
        layers: Per method, the layer of each row.
        perturbed: The faithfulness probabilities; empty where they were not requested.
        kept: bool (L, T), whether each token passes each layer of a dropping model; None for a plain model,
            and where scores of an earlier version do not store it.
        policy_scores: float32 (L, T), the scores that a dropping model's policy compares with its thresholds;
            NaN without a decision. None where ``kept`` is None, and in scores of an earlier version.
        policy_thresholds: float32 (L, K), the threshold of each window's tokens; NaN without a decision.
        given: Per imported method, bool (W,), the words that it selects: the selection ``given``.
        unmatched: Per imported method, the number of quoted words that are nowhere in the document.
        explained: The class that an imported rationale is for; None where it names none. What scores of a
            model explain is in their recipe.
        nothing: Class probabilities without any word: special tokens and the query alone; empty where they
            were not requested.
        softened: Per method and layer, the soft forms of faithfulness; empty where they were not requested.
        orders: Per method and layer, AOPC over the full order; empty where it was not requested, or the
            document is too long.
        limits: What AOPC can reach over all orders; None where it was not measured.
        order_units: Whether words were removed for ``orders`` and ``limits``, or sentences.
    """

    id: str
    docid: str
    digest: str
    label: str | None
    predicted: str | None
    probabilities: tuple[float, ...]
    tokens: tuple[str, ...]
    token_word: Int32
    token_window: Int32
    window_tokens: Int32
    window_weight: Float32
    covered: Bool
    words: Mapping[str, Float32]
    token_scores: Mapping[str, Float32]
    layers: Mapping[str, tuple[int, ...]]
    perturbed: tuple[Perturbed, ...] = ()
    kept: Bool | None = None
    policy_scores: Float32 | None = None
    policy_thresholds: Float32 | None = None
    given: Mapping[str, Bool] = field(default_factory=dict)
    unmatched: Mapping[str, int] = field(default_factory=dict)
    explained: str | None = None
    nothing: tuple[float, ...] = ()
    softened: Mapping[Place, Softened] = field(default_factory=dict)
    orders: Mapping[Place, OrderAopc] = field(default_factory=dict)
    limits: Limits | None = None
    order_units: Unit = "word"

    @property
    def key(self) -> Key:
        """``(id, docid)``."""
        return (self.id, self.docid)

    def row(self, method: str, layer: int) -> int:
        """The row of ``layer`` in this method's arrays.

        Raises:
            ScoresError: Where the method has no such layer.
        """
        layers = self.layers[method]
        if layer not in layers:
            raise ScoresError(
                f"{method} has no layer {layer}", remedy=f"Layers: {', '.join(map(str, layers))}."
            )
        return layers.index(layer)

    def entering(self, layers: Sequence[int]) -> Float32:
        """The number of tokens of each token's window that enter each layer, float32 (layers, T).

        This is the n of a threshold: all tokens of the window; of a dropping model those kept by the layer
        before, whatever the method.
        """
        window_sizes = self.window_tokens[self.token_window].astype(np.float32)
        counts = np.tile(window_sizes, (len(layers), 1))
        for row, layer in enumerate(layers):
            if self.kept is not None and layer > 0:
                kept = self.kept[layer - 1]
                sizes = np.bincount(self.token_window, weights=kept, minlength=len(self.window_tokens))
                counts[row] = sizes[self.token_window]
        return counts

    @property
    def known_kept(self) -> Bool:
        """:attr:`kept` of a dropping model.

        Raises:
            ScoresError: Where it is None.
        """
        if self.kept is None:
            raise ScoresError(
                "the scores do not say which tokens were kept",
                where=f"document {self.docid!r} of annotation {self.id!r}",
                remedy=SCORE_AGAIN,
            )
        return self.kept

    @cached_property
    def kept_words(self) -> Bool:
        """The words of which a dropping model keeps at least one token in each layer, bool (L, W).

        Raises:
            ScoresError: Where :attr:`kept` is None.
        """
        return any_to_words(self.known_kept, self.token_word, len(self.covered))

    @cached_property
    def partly_kept_words(self) -> Bool:
        """The words of which a dropping model keeps some tokens and drops others, by layer, bool (L, W)."""
        return self.kept_words & any_to_words(~self.known_kept, self.token_word, len(self.covered))


class Scores(Protocol):
    """Scored documents in corpus order, in memory or in a folder, with the recipe that made them."""

    @property
    def recipe(self) -> Provenance:
        """The provenance of the scores: model, data, methods, target, protocol, normalisation, versions."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[ScoredDocument]: ...

    def get(self, key: Key) -> ScoredDocument:
        """The document with the key ``(id, docid)``; ScoresError where it was not scored."""
        ...

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all scored documents, in corpus order."""
        ...

    @property
    def predicted(self) -> tuple[str | None, ...]:
        """The predicted label of each, in the order of the keys; None where a prediction names none."""
        ...

    @property
    def methods(self) -> tuple[str, ...]:
        """The score methods, in the order of the request."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        ...

    def layers(self, method: str) -> tuple[int, ...]:
        """The layers of a method's rows."""
        ...


def drops_tokens(recipe: Provenance) -> bool:
    """Whether the scored model drops tokens."""
    return bool(recipe.kept) or recipe.model.family == DROPPING or recipe.model.eta is not None


def knows_kept(recipe: Provenance) -> bool:
    """Whether the scores store how many tokens enter each layer: all but old ones of dropping models."""
    return not drops_tokens(recipe) or bool(recipe.kept) or KEPT in recipe.methods


def scores_html(scores: Scores) -> str:
    """A small table for notebooks: methods, layers, documents, and the recipe's main choices."""
    recipe = scores.recipe
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(entry.title or '')}</td><td>{len(entry.layers)}</td></tr>"
        for name, entry in recipe.methods.items()
    )
    return (
        f"<p>{len(scores)} documents of {escape(recipe.data.source)} scored with "
        f"{escape(recipe.model.name)}, target {escape(str(recipe.target))}, "
        f"protocol {escape(str(recipe.protocol))}</p>"
        f"<table><tr><th>method</th><th>what it is</th><th>layers</th></tr>{rows}</table>"
    )
