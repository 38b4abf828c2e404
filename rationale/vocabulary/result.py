"""The result: the words and phrases of each group of documents, the most selected first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from rationale.artifacts.artifact import Artifact
from rationale.artifacts.provenance import Provenance
from rationale.artifacts.record import Count, omitted
from rationale.artifacts.shape import among

Order = Literal["selected", "score", "percentile"]
Grouping = Annotated[str, among("predicted", "gold", "error", "all")]


@dataclass(frozen=True, kw_only=True)
class Lift:
    """A mean over the occurrences of a word, and its distance from the other words of the same documents.

    Attributes:
        value: The mean over the occurrences.
        difference: Mean over the occurrences of value - mean value of the document's units.
        low: Lower end of the 95 % bootstrap interval of the difference, over documents.
        high: Upper end.
    """

    value: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class WordRow:
    """One word or phrase in one group of documents.

    Attributes:
        word: Its form.
        size: Number of words.
        documents: Number of documents that hold it.
        occurrences: Number of occurrences.
        selected: The share of occurrences of which every word is selected.
        score: The share of the document's absolute score, signed where the method is; of a phrase the mean
            over its words. None for a method without scores.
        percentile: The share of the document's other units that it outranks, 0 to 1. None without scores.
        p: Probability that as many random units of the same documents hold as many selected ones or more,
            Holm-corrected over all words of all groups.
    """

    word: str
    size: Count
    documents: Count
    occurrences: Count
    selected: Lift
    score: Lift | None
    percentile: Lift | None
    p: float

    def lift(self, order: str) -> Lift:
        """The measure that orders the words: ``selected``, ``score`` or ``percentile``."""
        lift = {"score": self.score, "percentile": self.percentile}.get(order)
        return lift or self.selected


@dataclass(frozen=True, kw_only=True)
class WordGroup:
    """The words of one group of documents, best first.

    Attributes:
        label: The class of the documents; None for all documents.
        right: Whether the prediction is right; None where documents are not grouped by error.
        documents: Number of documents.
        occurrences: Number of words (not of phrases) in them.
        selected: The share of these words that is selected; None without words.
        rare: Number of words and phrases left out because too few documents hold them.
        words: The others.
    """

    label: str | None
    right: bool | None
    documents: Count
    occurrences: Count
    selected: float | None
    rare: Count
    words: tuple[WordRow, ...]

    @property
    def title(self) -> str:
        """The class, and whether the prediction is right.

        >>> counts = {"documents": 1, "occurrences": 0, "selected": None, "rare": 0}
        >>> WordGroup(label="POS", right=False, words=(), **counts).title
        'POS, wrong'
        """
        if self.label is None:
            return "all documents"
        return self.label if self.right is None else f"{self.label}, {'right' if self.right else 'wrong'}"


@dataclass(frozen=True, kw_only=True)
class CorpusWords:
    """Which words and phrases one method selects over a corpus.

    Attributes:
        recipe: The provenance of the scores.
        method: The method.
        layer: Its layer.
        rule: How words were selected.
        by: How documents were grouped.
        order: The measure whose difference orders the words.
        phrases: Words of the longest phrase.
        strip: Whether words lost the punctuation at their ends; they are case-folded in any case.
        min_documents: Fewest documents that hold a listed word.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
        ungrouped: Number of documents without the label that the grouping needs.
        compared: Number of words over which p was corrected.
        groups: The groups.
        command: The command that was typed, as shell text; None from Python.
    """

    recipe: Provenance
    method: str
    layer: Count
    rule: str
    by: Grouping
    order: Annotated[str, among("selected", "score", "percentile")]
    phrases: Count
    strip: bool
    min_documents: Count
    resamples: Count
    seed: Count
    ungrouped: Count
    compared: Count
    groups: tuple[WordGroup, ...]
    command: str | None = omitted(compare=False)


CORPUS_WORDS = Artifact(
    "corpus words", CorpusWords, remedy="Run `rationale words --overwrite` again.", what="no words as written"
)
"""The JSON file that ``rationale words --out words.json`` writes, sealed."""
