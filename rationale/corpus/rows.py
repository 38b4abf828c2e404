"""One row of a table, however it was stored, as a document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from rationale.corpus.columns import Columns
from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.marks import character_spans, word_spans
from rationale.corpus.readers import ReadOptions, UsedIds
from rationale.errors import DataError

Row = tuple[str, Mapping[str, Any]]


def read_rows(rows: Iterable[Row], *, source: str, split: str, options: ReadOptions) -> Documents:
    """The documents of ``(where, row)`` pairs.

    Raises:
        DataError: On a row that cannot be read as it is; the message begins with its ``where``.
    """
    uses = UsedIds(options.duplicate_ids)
    documents: list[Document] = []
    for number, (where, row) in enumerate(islice(rows, options.limit)):
        with options.tolerating():
            documents.append(_document(row, options.columns, str(number), uses, where))
    return Documents(documents, source=source, split=split or None)


def _document(row: Mapping[str, Any], columns: Columns, number: str, uses: UsedIds, where: str) -> Document:
    text, words = _words(row, columns, where)
    identifier = uses.name(_name(row.get(columns.id), "id", where) or number, where)
    marks, characters = row.get(columns.rationale), row.get(columns.rationale_chars)
    if marks is not None and characters is not None:
        raise DataError(f"both {columns.rationale!r} and {columns.rationale_chars!r} are given", where=where)
    spans: tuple[Span, ...] = ()
    if characters is not None:
        if text is None:
            raise DataError(f"character spans count in {columns.text!r}, which is missing", where=where)
        spans = character_spans(characters, text, where)
    elif marks is not None:
        spans = word_spans(marks, words, where)
    return Document(
        id=identifier,
        docid=identifier,
        words=words,
        label=_name(row.get(columns.label), "label", where),
        query=_query(row.get(columns.query), where),
        spans=spans,
        annotated=marks is not None or characters is not None,
    )


def _words(row: Mapping[str, Any], columns: Columns, where: str) -> tuple[str | None, tuple[str, ...]]:
    """The text the words come from, None where they were given as words; and the words."""
    given, text = row.get(columns.words), row.get(columns.text)
    if given is not None:
        words, text = _word_list(given, columns.words, where), None
    elif isinstance(text, str):
        words = tuple(text.split())
    elif text is None:
        raise DataError(f"neither {columns.text!r} nor {columns.words!r} is given", where=where)
    else:
        raise DataError(f"{columns.text!r} must be text, got {type(text).__name__}", where=where)
    if not any(word.strip() for word in words):
        raise DataError(
            "the document is empty", where=where, remedy="Give it at least one word, or remove the row."
        )
    return text, words


def _word_list(value: object, name: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise DataError(
            f"{name!r} must be a list of words, got {str(value)[:60]!r}",
            where=where,
            remedy="Give running text in a column for text.",
        )
    return tuple(value)


def _query(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(value.split()) if isinstance(value, str) else _word_list(value, "query", where)


def _name(value: object, what: str, where: str) -> str | None:
    """A label, which may be a number, or an id as text; None where it is missing or empty."""
    if value is None or value == "" or value != value:  # NaN is how tables say that nothing is there
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fractions = what == "label"
    if isinstance(value, str | int) or (fractions and isinstance(value, float) and math.isfinite(value)):
        return str(value)
    number = "a finite number" if fractions else "a whole number"
    raise DataError(f"the {what} must be text or {number}, got {str(value)[:60]!r}", where=where)
