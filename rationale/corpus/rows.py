"""Converts a row of a table, from any format, to a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rationale.corpus.annotations import read_annotations, with_marks
from rationale.corpus.columns import Columns, check_name, unread
from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.fields import check_size, identifier, label_name, original, short
from rationale.corpus.marks import same_text
from rationale.corpus.masks import word_spans
from rationale.corpus.offsets import MAY_BE_UTF16, bounds_in, character_spans, may_be_utf16
from rationale.corpus.readers import Notes, ReadOptions, UsedIds
from rationale.corpus.segment import split_words, word_bounds
from rationale.errors import DataError
from rationale.strict_json import Json

Row = tuple[str, Json]


def read_rows(
    rows: Iterable[Row], *, source: str, split: str, options: ReadOptions, notes: Notes | None = None
) -> Documents:
    """Converts ``(where, row)`` pairs to documents, and reports notes on them beside ``notes``.

    Raises:
        DataError: On a row that cannot be read; the message begins with its ``where``.
    """
    used_ids, notes = UsedIds(options.duplicate_ids), Notes() if notes is None else notes
    documents: list[Document] = []
    for number, (where, row) in enumerate(rows):
        for note in unread(list(map(str, row)), options.columns) if number == 0 else ():
            notes.add_line(note)
        with options.tolerating():
            documents.append(_document(_Row(row, where, options, notes), str(number), used_ids))
    options.report(notes, source)
    return Documents(documents, source=source, split=split or None)


@dataclass(frozen=True)
class _Row:
    """A row, with everything needed to read it."""

    content: Json
    where: str
    options: ReadOptions
    notes: Notes

    def get(self, name: str) -> Any:
        return self.content.get(name)

    @property
    def columns(self) -> Columns:
        return self.options.columns


@dataclass(frozen=True)
class _Text:
    """The words of a row, and its text, which character offsets refer to; None where the row has none."""

    words: tuple[str, ...]
    text: str | None
    bounds: list[tuple[int, int]] | None  # of each word in the text; None: not computed yet


def _document(row: _Row, row_number: str, used_ids: UsedIds) -> Document:
    for name in row.content:
        check_name(str(name), row.columns, row.where)
    text = _text(row)
    raw_id = row.get(row.columns.id)
    if isinstance(raw_id, float) and raw_id.is_integer():  # tables with gaps store whole numbers as floats
        raw_id = int(raw_id)
    missing = raw_id is None or raw_id == "" or raw_id != raw_id
    name = row_number if missing else identifier(raw_id, row.columns.id, row.where)
    unique = used_ids.name(name, row.where)
    marks, characters = row.get(row.columns.rationale), row.get(row.columns.rationale_chars)
    document = Document(
        id=unique,
        docid=unique,
        words=text.words,
        label=label_name(row.get(row.columns.label), row.columns.label, row.where),
        query=_query(row),
        spans=_spans(row, text, marks, characters),
        annotated=marks is not None or characters is not None,
        original_id=None if missing or unique != name else original(raw_id),
    )
    said = row.get(row.columns.annotations)
    if said is None:
        return document
    annotators = read_annotations(said, text.words, row.columns.annotations, row.where)
    return replace(document, marks=annotators) if document.annotated else with_marks(document, annotators)


def _spans(row: _Row, text: _Text, marks: Any, characters: Any) -> tuple[Span, ...]:
    columns = row.columns
    if marks is not None and characters is not None:
        raise DataError(
            f"both {columns.rationale!r} and {columns.rationale_chars!r} are given", where=row.where
        )
    if marks is not None:
        return word_spans(marks, text.words, row.where)
    if characters is None:
        return ()
    if text.text is None:
        raise DataError(
            f"character spans refer to the column {columns.text!r}, which is missing", where=row.where
        )
    bounds = text.bounds or word_bounds(text.text, row.options.segmentation)
    spans = character_spans(characters, text.text, bounds, row.where)
    if may_be_utf16(characters, text.text):
        row.notes.add(MAY_BE_UTF16, row.where)
    return spans


def _text(row: _Row) -> _Text:
    columns, where = row.columns, row.where
    listed, text = row.get(columns.words), row.get(columns.text)
    if text is not None and not isinstance(text, str):
        raise DataError(f"{columns.text!r} must be text, got {type(text).__name__}", where=where)
    if listed is not None:
        words = _word_list(listed, columns.words, where)
        check_size(words, where)
        if not all(word.strip() for word in words):
            raise DataError(
                f"{columns.words!r} holds a word without a character",
                where=where,
                remedy="Remove it, and its entry in the mask.",
            )
        return _Text(words, text, None if text is None else _bounds(words, text, columns, where))
    if text is None:
        raise DataError(f"neither {columns.text!r} nor {columns.words!r} is given", where=where)
    words = split_words(text, row.options.segmentation)
    check_size(words, where)
    return _Text(words, text, None)


def _bounds(words: tuple[str, ...], text: str, columns: Columns, where: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each word in the text, after checking that words and text agree."""
    if not same_text(text, words):
        raise DataError(
            f"{columns.words!r} and {columns.text!r} differ: {short(' '.join(words))} and {short(text)}",
            where=where,
            remedy="Words beside a text must be that text, split; remove one of the two columns.",
        )
    return bounds_in(text, words)


def _word_list(value: object, name: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise DataError(
            f"{name!r} must be a list of words, got {str(value)[:60]!r}",
            where=where,
            remedy="Put running text into the column for text.",
        )
    return tuple(value)


def _query(row: _Row) -> tuple[str, ...]:
    value = row.get(row.columns.query)
    if value is None or value != value:
        return ()
    if isinstance(value, str):
        return split_words(value, row.options.segmentation)
    return _word_list(value, row.columns.query, row.where)
