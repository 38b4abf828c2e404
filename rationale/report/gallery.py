"""Formats the best and worst documents of a method for the report: facts, words, who marked what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from rationale.report.annotators import Annotators
from rationale.report.examples import Example, Gallery
from rationale.report.prose import counted
from rationale.report.results import Results
from rationale.report.words import visible, words_html

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.corpus.annotators import Aggregate
    from rationale.corpus.document import Document
    from rationale.scores.scored import ScoredDocument


@dataclass(frozen=True)
class ShownDocument:
    """A document with its words coloured."""

    heading: str
    facts: str
    query: str
    words: Markup
    annotators: Markup


@dataclass(frozen=True)
class ShownGallery:
    """The documents of one method."""

    title: str
    where: str
    examples: tuple[ShownDocument, ...]


def shown_gallery(gallery: Gallery, agreement: Agreement, rule: Aggregate | None) -> ShownGallery:
    """Formats the documents of one method.

    Args:
        gallery: The method and its documents.
        agreement: The agreement that they were chosen from.
        rule: How the rationales were made of several annotators'.
    """
    results = Results(agreement)
    gold = agreement.recipe.agreement.gold
    annotators = partial(Annotators.of, rule=rule, gold=gold)
    where = f"layer {gallery.layer}" if results.layered(gallery.method) else ""
    examples = tuple(_example(example, annotators) for example in gallery.examples)
    return ShownGallery(results.title(gallery.method), where, examples)


def _prediction(document: Document, scored: ScoredDocument) -> str:
    """The prediction and the gold label, and whether the prediction is wrong."""
    gold = "" if document.label is None else f", gold label {document.label}"
    if scored.predicted is None:
        return f"no label predicted{gold}"
    sure = f" ({max(scored.probabilities):.2f})" if scored.probabilities else ""
    is_class = len(scored.probabilities) != 1  # a number is neither right nor wrong
    wrong = ": the prediction is wrong" if gold and is_class and scored.predicted != document.label else ""
    return f"predicted {scored.predicted}{sure}{gold}{wrong}"


def _example(example: Example, annotators_of: Callable[[Document], Annotators | None]) -> ShownDocument:
    document, scored = example.document, example.scored
    name = document.id if document.id == document.docid else f"{document.id}, {document.docid}"
    hits, misses, false_alarms = example.counts
    annotators = annotators_of(document)
    words = words_html(
        document.words,
        example.scores,
        document.rationale,
        example.selected,
        covered=scored.covered,
        annotators=annotators,
    )
    return ShownDocument(
        heading=f"{example.rank.capitalize()}: {visible(name)}",
        facts=f"AP {example.value:.3f}; {_prediction(document, scored)}; "
        f"{counted(len(document.words), 'word')}, {counted(hits, 'hit')}, {misses} missed, "
        f"{false_alarms} falsely selected",
        query=" ".join(map(visible, document.query)),
        words=Markup(words),  # noqa: S704
        annotators=Markup("" if annotators is None else annotators.legend_html()),  # noqa: S704
    )
