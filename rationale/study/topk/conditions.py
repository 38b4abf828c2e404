"""What a classifier of the study reads: all words, the human rationale, or the best k by some score."""

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
        text: As it is written, and the name of its folder.
        method: ``full``, ``human``, ``random``, ``lead``, or a score method.
        target: Of the method's gradient.
        layer: Whose scores; None for the usual (a gradient's first, others the last).
        complement: Whether everything but these words is kept.
    """

    text: str
    method: str
    target: Target = "predicted"
    layer: int | None = None
    complement: bool = False

    @classmethod
    def parse(cls, text: str) -> Condition:
        """From ``[not-]METHOD[:gold][@LAYER]``.

        Raises:
            RationaleError: Where it is none, or names a method nobody knows.

        >>> Condition.parse("not-lime:gold@2")
        Condition(text='not-lime:gold@2', method='lime', target='gold', layer=2, complement=True)
        """
        found = _TEXT.fullmatch(text)
        if not found:
            raise RationaleError(
                f"{text!r} is no condition", remedy="Write METHOD, METHOD:gold, METHOD@3, not-METHOD."
            )
        method, layer, gold = METHODS.canonical(found["method"]), found["layer"], found["target"]
        if method in UNSCORED and (layer or gold):
            raise RationaleError(f"{text!r}: {method} has no layer and no target")
        if method == FULL and found["not"]:
            raise RationaleError("`not-full` selects no words", remedy="Leave out not-full.")
        if gold == "gold" and not isinstance(METHODS.get(method), GradientMethod | WindowMethod):
            raise RationaleError(f"{text!r}: {method} knows no target", remedy=f"Write {method}.")
        if method not in UNSCORED and isinstance(METHODS.get(method), Baseline) and layer:
            raise RationaleError(f"{text!r}: {method} has no layer", remedy=f"Write {method}.")
        target: Target = "gold" if gold == "gold" else "predicted"
        number = None if layer is None else int(layer)
        parts = ("not-" * bool(found["not"]), method, ":gold" * (target == "gold"))
        name = "".join(parts) + ("" if number is None else f"@{number}")
        return cls(name, method, target, number, bool(found["not"]))

    def of(self, layers: int) -> tuple[str, Target, int, bool]:
        """What it keeps, whatever it is called: equal for two names of one condition, in a model of ``layers``."""
        layer = meant_layer(self.method, range(layers), self.layer)
        return self.method, self.target, layer, self.complement

    @property
    def scored(self) -> bool:
        """Whether it needs scores."""
        return self.method not in UNSCORED

    @property
    def oracle(self) -> bool:
        """Whether it reads what nobody has for a new document: the annotators, or the gold label."""
        return self.method == HUMAN or self.target == "gold"

    @property
    def dropping(self) -> bool:
        """Whether its scores are those of a dropping model."""
        return self.scored and isinstance(METHODS.get(self.method), DecisionMethod)

    @property
    def folder(self) -> str:
        """A name every file system takes."""
        return self.text.replace(":", "-")

    def words(
        self, document: Document, covered: Bool, k: int, scored: ScoredDocument | None, seed: int
    ) -> Bool:
        """The words that are kept, bool (W,), all of them covered.

        ``k`` of them: the best by score, of equals those that scored better in the layers before, the nearest
        first (for scores of a dropping model, whose dropped tokens all score 0), then the earlier.
        ``kept`` keeps its own number. A complement keeps the covered words that its condition does not.

        Args:
            document: Whose words.
            covered: bool (W,), the words of the window.
            k: The budget.
            scored: Its scores, where the condition needs them.
            seed: Of the random condition.

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
            raise ScoresError(f"condition {self.text!r} has no scores of {document.id!r}")
        rows, last = scored.words[self.method], self._row(scored)
        if self.method == KEPT:
            kept: Bool = covered & scored.kept_words[scored.layers[self.method][last]]
            return kept
        keys = [rows[row].astype(np.float64) for row in range(last, -1, -1)]
        return _best(keys if self.dropping else keys[:1], covered, k)

    def _row(self, scored: ScoredDocument) -> int:
        """The row of its layer."""
        return scored.row(self.method, meant_layer(self.method, scored.layers[self.method], self.layer))


def _random_scores(document: Document, seed: int) -> Float64:
    """The scores of the method ``random``, (W,): the study draws the words that every report ranks first."""
    method = METHODS.get(RANDOM)
    if not isinstance(method, Baseline):
        raise RationaleError(f"the score method {RANDOM!r} is no baseline")
    return method.words(document, seed).astype(np.float64)


def _best(keys: list[Float64], covered: Bool, k: int) -> Bool:
    """The k covered words that are greatest by the first key, of equals by the next, then the earliest."""
    places = np.arange(len(covered))
    order = np.lexsort((places, *(-key for key in reversed(keys)), ~covered))
    kept = np.zeros(len(covered), dtype=np.bool_)
    kept[order[: min(k, int(covered.sum()))]] = True
    return kept
