"""One rationale out of several annotators': union, majority, at least two, intersection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.corpus.document import Document, Documents, Span
from rationale.errors import DataError

Aggregate = Literal["union", "majority", "any2", "intersection"]

_RULES: Mapping[Aggregate, Callable[[Float64, int], Bool]] = {
    "union": lambda marks, asked: marks >= 1,
    "majority": lambda marks, asked: marks > asked / 2,
    "any2": lambda marks, asked: marks >= 2,
    "intersection": lambda marks, asked: (marks == asked) & (asked > 0),
}


def aggregated(document: Document, rule: Aggregate) -> Document:
    """The document with one rationale made of its annotators'; as it is where it has none.

    Annotators who marked nothing count, those who were not asked do not.

    Args:
        document: With marks.
        rule: ``union`` (anyone), ``majority`` (more than half), ``any2`` (two or more), ``intersection``
            (all).

    >>> from rationale.corpus.document import Mark
    >>> marks = [Mark("a", (Span(0, 2),)), Mark("b", (Span(0, 3),)), Mark("c", (Span(1, 2), Span(4, 5)))]
    >>> six = Document("1", "1", tuple("abcdef"), marks=tuple(marks))
    >>> [(s.start, s.end) for s in aggregated(six, "majority").spans]
    [(0, 2)]
    """
    if not document.marks:
        return document
    asked = document.masks
    chosen = _RULES[rule](asked.sum(axis=0).astype(np.float64), len(asked))
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    spans = tuple(
        Span(int(start), int(end), min(group, 9_999))
        for group, (start, end) in enumerate(zip(edges[::2], edges[1::2], strict=True))
    )
    return replace(document, spans=spans, annotated=bool(len(asked)))


def soft_rationale(document: Document) -> Float64:
    """The share of asked annotators who marked each word, float64 (words,); NaN where nobody was asked."""
    masks = document.masks
    return masks.mean(axis=0) if len(masks) else np.full(len(document.words), np.nan)


def aggregate(documents: Documents, rule: Aggregate) -> Documents:
    """Every document with the rationale that ``rule`` makes of its annotators'.

    Raises:
        DataError: Where no document has annotators.
    """
    check_marked(documents, "--gold")
    chosen = [aggregated(document, rule) for document in documents]
    return Documents(
        chosen, source=documents.source, split=documents.split, sampled_from=documents.sampled_from
    )


def check_marked(documents: Documents, option: str) -> None:
    """Checks that some document says who marked what, which an option needs.

    Raises:
        DataError: Where none does.
    """
    if not any(document.marks for document in documents):
        raise DataError(
            "no document says who marked what",
            where=documents.source,
            remedy=f"Leave {option} out: the data has one rationale a document.",
        )


def aggregate_in_use(documents: Iterable[Document]) -> Aggregate | None:
    """The first rule that makes the rationales of all these documents; None where none does.

    Documents without annotators say nothing. The rationale is the data's own where no rule makes it.

    >>> from rationale.corpus.document import Mark
    >>> marks = (Mark("a", (Span(0, 2),)), Mark("b", (Span(1, 3),)))
    >>> aggregate_in_use([Document("1", "1", tuple("abc"), spans=(Span(1, 2),), marks=marks)])
    'majority'
    """
    said = [document for document in documents if document.marks]
    for rule in _RULES:
        if said and all(_made_by(rule, document) for document in said):
            return rule
    return None


def _made_by(rule: Aggregate, document: Document) -> bool:
    made = aggregated(document, rule)
    return made.annotated == document.annotated and bool((made.rationale == document.rationale).all())
