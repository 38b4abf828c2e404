"""Conditions of the study: a classifier reads all words, the human rationale, or the top k by a score."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.corpus.document import Document
from rationale.errors import RationaleError, ScoresError
from rationale.scores.families import meant_layer
from rationale.scores.methods import (
    METHODS,
    Baseline,
    DecisionMethod,
    GradientMethod,
    WindowMethod,
)
from rationale.scores.scored import KEPT, ScoredDocument
from rationale.study.topk.names import FIRST, FULL

Target = Literal["predicted", "gold"]

HUMAN, RANDOM = "human", "random"
UNSCORED = (FULL, HUMAN, RANDOM, FIRST)
"""Conditions that need no scores."""

_TEXT = re.compile(
    r"(?P<not>not-)?(?P<method>[\w.]+)(?::(?P<target>gold|predicted))?(?:@(?P<layer>[0-9]{1,3}))?"
)


@dataclass(frozen=True)
class Condition:
    """One condition of the study.

    Attributes:
        text: Its text in canonical form.
        method: ``full``, ``human``, ``random``, ``lead``, or a score method.
        target: The logit that the method explains.
        layer: The layer of the scores; None for the default (first for gradients, last for others).
        complement: Whether all covered words but these are kept.
    """

    text: str
    method: str
    target: Target = "predicted"
    layer: int | None = None
    complement: bool = False

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Parses ``[not-]METHOD[:gold][@LAYER]``.

        Raises:
            RationaleError: On another syntax, an unknown method, or a target or layer that it does not have.

        >>> Condition.parse("not-lime:gold@2")
        Condition(text='not-lime:gold@2', method='lime', target='gold', layer=2, complement=True)
        """
        match = _TEXT.fullmatch(text)
        if not match:
            raise RationaleError(
                f"{text!r} is no condition", remedy="Write METHOD, METHOD:gold, METHOD@3, not-METHOD."
            )
        method, layer, gold = METHODS.canonical(match["method"]), match["layer"], match["target"]
        if method in UNSCORED and (layer or gold):
            raise RationaleError(f"{text!r}: {method} has no layer and no target")
        if method == FULL and match["not"]:
            raise RationaleError("`not-full` selects no words", remedy="Leave out not-full.")
        if gold == "gold" and not isinstance(METHODS.get(method), GradientMethod | WindowMethod):
            raise RationaleError(f"{text!r}: {method} does not depend on a target", remedy=f"Write {method}.")
        if method not in UNSCORED and isinstance(METHODS.get(method), Baseline) and layer:
            raise RationaleError(f"{text!r}: {method} has no layer", remedy=f"Write {method}.")
        target: Target = "gold" if gold == "gold" else "predicted"
        number = None if layer is None else int(layer)
        parts = ("not-" * bool(match["not"]), method, ":gold" * (target == "gold"))
        name = "".join(parts) + ("" if number is None else f"@{number}")
        return cls(name, method, target, number, bool(match["not"]))

    def of(self, layers: int) -> tuple[str, Target, int, bool]:
        """Its method, target, layer and complement in a model of ``layers``; equal for synonyms."""
        layer = meant_layer(self.method, range(layers), self.layer)
        return self.method, self.target, layer, self.complement

    @property
    def scored(self) -> bool:
        """Whether its words are chosen by scores."""
        return self.method not in UNSCORED

    @property
    def oracle(self) -> bool:
        """Whether it uses the human rationale or the gold label, which a new document does not have."""
        return self.method == HUMAN or self.target == "gold"

    @property
    def dropping(self) -> bool:
        """Whether its scores come from a dropping model."""
        return self.scored and isinstance(METHODS.get(self.method), DecisionMethod)

    @property
    def folder(self) -> str:
        """Its name as part of a folder name, valid on every file system."""
        return self.text.replace(":", "-")

    def words(
        self, document: Document, covered: Bool, k: int, scored: ScoredDocument | None, seed: int
    ) -> Bool:
        """Selects the words that are kept, all of them covered.

        Selects the ``k`` words with the highest scores. Ties of a dropping model, whose dropped tokens all
        score 0, are broken by the scores of the preceding layers, the nearest first; other ties by position.
        The method ``kept`` keeps as many words as the model does. A complement keeps the covered words that
        its condition does not keep.

        Args:
            document: The document.
            covered: Bool (W,), the words in the window.
            k: The number of words to keep.
            scored: Scores of the document, where the condition needs them.
            seed: Random seed of the random condition.

        Returns:
            Bool (W,).

        Raises:
            ScoresError: Where scores are missing.
        """
        kept = self._kept(document, covered, k, scored, seed)
        return covered & ~kept if self.complement else kept

    def _kept(
        self, document: Document, covered: Bool, k: int, scored: ScoredDocument | None, seed: int
    ) -> Bool:
        if self.method == FULL:
            return covered.copy()
        if self.method == HUMAN:
            return covered & document.rationale
        if self.method == FIRST:
            return _best([-np.arange(len(covered), dtype=np.float64)], covered, k)
        if self.method == RANDOM:
            return _best([_random_scores(document, seed)], covered, k)
        if scored is None:
            raise ScoresError(f"condition {self.text!r} has no scores of document {document.id!r}")
        rows, last = scored.words[self.method], self._row(scored)
        if self.method == KEPT:
            kept: Bool = covered & scored.kept_words[scored.layers[self.method][last]]
            return kept
        keys = [rows[row].astype(np.float64) for row in range(last, -1, -1)]
        return _best(keys if self.dropping else keys[:1], covered, k)

    def _row(self, scored: ScoredDocument) -> int:
        """The row of its layer in the scores of its method."""
        return scored.row(self.method, meant_layer(self.method, scored.layers[self.method], self.layer))


def _random_scores(document: Document, seed: int) -> Float64:
    """Scores of the method ``random``, (W,), so that study and reports rank the same words first."""
    method = METHODS.get(RANDOM)
    if not isinstance(method, Baseline):
        raise RationaleError(f"expected a baseline as score method {RANDOM!r}, found another method")
    return method.words(document, seed).astype(np.float64)


def _best(keys: list[Float64], covered: Bool, k: int) -> Bool:
    """Bool (W,): the top k covered words by the first key, ties by the next keys, then by position."""
    positions = np.arange(len(covered))
    order = np.lexsort((positions, *(-key for key in reversed(keys)), ~covered))
    kept = np.zeros(len(covered), dtype=np.bool_)
    kept[order[: min(k, int(covered.sum()))]] = True
    return kept
