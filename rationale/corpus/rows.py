"""One row of a table, however it was stored, as a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rationale.corpus.columns import Columns, check_name, unread
from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.fields import check_size, identifier, label_name, original, short
from rationale.corpus.masks import same_text, word_spans
from rationale.corpus.offsets import character_spans, may_be_utf16
from rationale.corpus.readers import Notes, ReadOptions, UsedIds
from rationale.corpus.segment import split_words, word_bounds
from rationale.errors import DataError
from rationale.strict_json import Json

Row = tuple[str, Json]


def read_rows(rows: Iterable[Row], *, source: str, split: str, options: ReadOptions) -> Documents:
    """The documents of ``(where, row)`` pairs.

    Raises:
        DataError: On a row that cannot be read as it is; the message begins with its ``where``.
    """
    uses, notes = UsedIds(options.duplicate_ids), Notes()
    documents: list[Document] = []
    for number, (where, row) in enumerate(rows):
        for line in unread(list(map(str, row)), options.columns) if number == 0 else ():
            notes.say(line)
        with options.tolerating():
            documents.append(_document(_Row(row, where, options, notes), str(number), uses))
    options.tell(notes, source)
    return Documents(documents, source=source, split=split or None)


@dataclass(frozen=True)
class _Row:
    """A row and all that is needed to read it."""

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
    """The words of a row, and the text that character offsets count in, where it was given."""

    words: tuple[str, ...]
    text: str | None
    bounds: list[tuple[int, int]] | None  # of each word in the text; None: not looked up yet


def _document(row: _Row, number: str, uses: UsedIds) -> Document:
    for name in row.content:
        check_name(str(name), row.columns, row.where)
    text = _text(row)
    given = row.get(row.columns.id)
    if isinstance(given, float) and given.is_integer():  # how tables with gaps hold whole numbers
        given = int(given)
    missing = given is None or given == "" or given != given
    name = number if missing else identifier(given, row.columns.id, row.where)
    unique = uses.name(name, row.where)
    marks, characters = row.get(row.columns.rationale), row.get(row.columns.rationale_chars)
    return Document(
        id=unique,
        docid=unique,
        words=text.words,
        label=label_name(row.get(row.columns.label), row.columns.label, row.where),
        query=_query(row),
        spans=_spans(row, text, marks, characters),
        annotated=marks is not None or characters is not None,
        original_id=None if missing or unique != name else original(given),
    )


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
        raise DataError(f"character spans count in {columns.text!r}, which is missing", where=row.where)
    if may_be_utf16(characters, text.text):
        row.notes.add(
            "documents have signs beyond U+FFFF (emoji) before the end of a character span without its text: "
            "the offsets are taken as code points, and tools in browsers count UTF-16 code units",
            row.where,
        )
    bounds = text.bounds or word_bounds(text.text, row.options.segmentation)
    return character_spans(characters, text.text, bounds, row.where)


def _text(row: _Row) -> _Text:
    columns, where = row.columns, row.where
    given, text = row.get(columns.words), row.get(columns.text)
    if text is not None and not isinstance(text, str):
        raise DataError(f"{columns.text!r} must be text, got {type(text).__name__}", where=where)
    if given is not None:
        words = _word_list(given, columns.words, where)
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
    """Where each word stands in the text, after making sure that both say the same."""
    if not same_text(text, words):
        raise DataError(
            f"{columns.words!r} and {columns.text!r} say different things: {short(' '.join(words))} "
            f"and {short(text)}",
            where=where,
            remedy="Words that stand beside a text are that text, cut; remove one of the two.",
        )
    letters = (place for place, letter in enumerate(text) if not letter.isspace())
    places = [[next(letters) for letter in word if not letter.isspace()] for word in words]
    return [(place[0], place[-1] + 1) for place in places]


def _word_list(value: object, name: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise DataError(
            f"{name!r} must be a list of words, got {str(value)[:60]!r}",
            where=where,
            remedy="Give running text in a column for text.",
        )
    return tuple(value)


def _query(row: _Row) -> tuple[str, ...]:
    value = row.get(row.columns.query)
    if value is None or value != value:
        return ()
    if isinstance(value, str):
        return split_words(value, row.options.segmentation)
    return _word_list(value, row.columns.query, row.where)
