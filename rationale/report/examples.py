"""Selects the documents on which a method agrees best and worst with the human."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rationale.agreement import Agreement, agree
from rationale.agreement.select import Select, rule_of, select_words
from rationale.arrays import Bool, Float32
from rationale.errors import ScoresError
from rationale.report.results import Results
from rationale.scores.families import family_of
from rationale.scores.methods import METHODS
from rationale.scores.sources import Sources

if TYPE_CHECKING:
    from rationale.corpus.document import Document, Documents, Key
    from rationale.scores.scored import ScoredDocument, Scores


@dataclass(frozen=True)
class Example:
    """One document with the scores of one method and layer.

    Attributes:
        rank: ``best`` or ``worst``.
        value: The document's AP.
        document: The document.
        scored: Its scores.
        scores: float32 (W,), the word scores shown.
        selected: bool (W,), the words selected.
        select: The selection.
    """

    rank: str
    value: float
    document: Document
    scored: ScoredDocument
    scores: Float32
    selected: Bool
    select: str

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of hits, misses and false alarms among the words that the model read."""
        human = self.document.rationale & self.scored.covered
        return (
            int((human & self.selected).sum()),
            int((human & ~self.selected).sum()),
            int((self.selected & ~human).sum()),
        )


@dataclass(frozen=True)
class Gallery:
    """The examples of one method.

    Attributes:
        method: The method.
        layer: The layer shown: the one with the best AP on these documents.
        examples: The best ones, then the worst.
    """

    method: str
    layer: int
    examples: tuple[Example, ...]


def galleries(
    scores: Scores | Sources,
    documents: Documents,
    agreement: Agreement,
    *,
    methods: Sequence[str] | None = None,
    count: int = 1,
) -> list[Gallery]:
    """Finds the documents with the highest and the lowest AP for some methods, each in its best layer.

    Args:
        scores: The scores.
        documents: The documents they belong to.
        agreement: Their agreement.
        methods: Which methods; None takes the best of each of the four best families.
        count: Number of best, and of worst, documents for each method.

    Raises:
        ScoresError: If a method was not scored.
    """
    results, sources = Results(agreement), Sources.of(scores)
    held = sources.recipe.methods
    if methods is None:
        chosen = [name for name in leading(agreement) if name in held]
    else:
        chosen = [METHODS.canonical(name) for name in methods]
    unknown = [method for method in chosen if method not in results.methods]
    if unknown:
        raise ScoresError(
            f"there are no scores of {unknown[0]!r}", remedy=f"There are: {', '.join(results.methods)}."
        )
    whole = _with_documents(sources, documents, agreement) if chosen and count else agreement
    best = {method: results.best_layer(method) for method in chosen}
    return [
        Gallery(
            method, layer, tuple(_examples(sources.holding(method), documents, whole, method, layer, count))
        )
        for method, layer in best.items()
        if layer is not None and count
    ]


def leading(agreement: Agreement, limit: int = 4) -> list[str]:
    """Returns the best method of each family by AP, for at most ``limit`` families."""
    first: dict[str, str] = {}
    for method, _ in Results(agreement).ranked():
        first.setdefault(family_of(method, agreement.recipe), method)
    return list(first.values())[:limit]


def _with_documents(scores: Sources, documents: Documents, agreement: Agreement) -> Agreement:
    """Returns the agreement with the values of its documents, computed again if they were not kept."""
    if agreement.per_document is not None:
        return agreement
    settings = agreement.recipe.agreement
    return agree(
        scores,
        documents,
        select="top_k_gold",
        absolute=settings.absolute,
        gold=settings.gold,
        same_label=settings.same_label is not None,
        resamples=1,
    )


def _examples(
    scores: Scores, documents: Documents, agreement: Agreement, method: str, layer: int, count: int
) -> Iterator[Example]:
    values = agreement.document_values("ap", method, layer)
    order = sorted(values, key=lambda key: -values[key])
    best = order[: min(count, len(order))]
    worst = [key for key in order[::-1][:count] if key not in best]
    select: Select = "top_k_gold" if "top_k_gold" in Results(agreement).selections else "threshold"
    for word, keys in (("best", best), ("worst", worst)):
        for key in keys:
            yield _example(scores, documents, agreement, (method, layer, select), word, key, values[key])


def _example(
    scores: Scores,
    documents: Documents,
    agreement: Agreement,
    place: tuple[str, int, Select],
    word: str,
    key: Key,
    value: float,
) -> Example:
    method, layer, select = place
    scored, document = scores.get(key), documents.get(key)
    if document is None:
        raise ScoresError(
            f"document {key[1]!r} of annotation {key[0]!r} is not in the data",
            where=documents.source,
            remedy="Give the data and the split the scores were computed from.",
        )
    row = scored.row(method, layer)
    chosen = select_words(scored, document, agreement.recipe, method, rule_of(agreement.recipe, select))
    shown, selected = scored.words[method][row], chosen.words[row]
    return Example(word, value, document, scored, shown, selected, select)
