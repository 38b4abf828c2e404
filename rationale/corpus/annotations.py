"""The ``annotations`` of a table's row: what each of several annotators said of its document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from rationale.corpus.annotators import aggregated
from rationale.corpus.document import Document, Mark, Span, State
from rationale.corpus.fields import identifier, label_name, listing, short
from rationale.corpus.masks import word_spans
from rationale.errors import DataError
from rationale.strict_json import Json

_KEYS = ("annotator", "state", "label", "spans")
_STATES: tuple[State, ...] = get_args(State)


def read_annotations(value: Any, words: Sequence[str], name: str, where: str) -> tuple[Mark, ...]:
    """What each annotator said, as the column has it.

    Args:
        value: A list of objects: ``annotator`` (text or a whole number; null where unknown), ``state``
            (``marked``, ``nothing`` or ``not_asked``), ``label``, and ``spans``: anything that `word_spans`
            reads. Without ``state``, null spans are ``not_asked`` and empty ones ``nothing``, as in the
            column ``rationale``.
        words: The document's words.
        name: What the column is called.
        where: The row, for messages.

    Raises:
        DataError: On anything else, and on a state that its spans contradict.

    >>> said = [{"annotator": "a", "spans": [[0, 1]]}]
    >>> read_annotations(said, ["good", "old", "film"], "annotations", "row 0")
    (Mark(annotator='a', spans=(Span(start=0, end=1, group=0),), label=None, state='marked'),)
    """
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise DataError(
            f"{name!r} must be a list of objects, got {short(value)}",
            where=where,
            remedy='One for each annotator: {"annotator": "a", "state": "marked", "label": "POS", '
            '"spans": [[0, 2]]}.',
        )
    return tuple(_mark(item, words, f"{where}, {name}[{number}]") for number, item in enumerate(value))


def _mark(item: Mapping[str, Any], words: Sequence[str], where: str) -> Mark:
    unknown = [key for key in item if key not in _KEYS]
    if unknown:
        raise DataError(
            f"an annotation has no field {short(unknown[0])}",
            where=where,
            remedy=f"Fields: {listing(_KEYS)}.",
        )
    annotator, given = item.get("annotator"), item.get("spans")
    spans = () if given is None else word_spans(given, words, where)
    expected: State = "not_asked" if given is None else "marked" if spans else "nothing"
    state = item.get("state") or expected
    if state not in _STATES:
        raise DataError(
            f"the state of an annotation is {short(state)}",
            where=where,
            remedy=f"States: {listing(_STATES)}.",
        )
    if (state == "marked") != bool(spans):
        raise DataError(
            f"the state of an annotation is {state!r}, with {len(spans)} spans",
            where=where,
            remedy="States: marked (with spans), nothing and not_asked (without).",
        )
    return Mark(
        annotator=None if annotator is None else identifier(annotator, "annotator", where),
        spans=spans,
        label=label_name(item.get("label"), "label", where),
        state=cast(State, state),
    )


def with_marks(document: Document, marks: Iterable[Mark]) -> Document:
    """The document with its annotators; its rationale is what they marked.

    With one annotator who was asked, these are that one's spans as they are; with several, the words that
    anyone marked, until `aggregate` makes another rationale of them. Where nobody was asked, the document is
    not annotated.
    """
    marked = replace(document, marks=tuple(marks))
    asked = marked.asked
    if len(asked) > 1:
        return aggregated(marked, "union")
    return replace(marked, spans=asked[0].spans if asked else (), annotated=bool(asked))


def row_of(document: Document) -> Json:
    """The row of a table that is read back as an equal document.

    Raises:
        DataError: Where a table has no place for what the document holds: a document id of its own, a query
            that is read last, sentences.
    """
    if document.docid != document.id or not document.query_first or document.sentences:
        raise DataError(
            "a row has no place for a document's own id, a query that is read last, or sentences",
            where=f"annotation {document.id!r}, document {document.docid!r}",
            remedy="Write an ERASER folder.",
        )
    row: dict[str, object] = {
        "id": document.exported_id,
        "words": list(document.words),
        "label": document.label,
        "query": list(document.query) or None,
    }
    if not document.marks or with_marks(document, document.marks) != document:
        row["rationale"] = _spans(document.spans) if document.annotated else None
    if document.marks:
        row["annotations"] = [
            {
                "annotator": mark.annotator,
                "state": mark.state,
                "label": mark.label,
                "spans": _spans(mark.spans),
            }
            for mark in document.marks
        ]
    return row


def _spans(spans: Iterable[Span]) -> list[Any]:
    """Pairs; objects where there are groups, or a pair ``[0, 1]``, which could be a mask of two words."""
    listed = list(spans)
    if any(span.group or (span.start, span.end) == (0, 1) for span in listed):
        return [{"start": span.start, "end": span.end, "group": span.group} for span in listed]
    return [[span.start, span.end] for span in listed]
