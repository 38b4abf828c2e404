"""FairRationales: sentences of SST and questions of CoS-E, each labelled and marked by six annotators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rationale.corpus.document import Document, Mark
from rationale.corpus.fields import identifier, short
from rationale.corpus.named.cells import csv_rows, files_named, literal, mask_spans, whole_number
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader, document_of
from rationale.corpus.named.votes import majority
from rationale.errors import DataError

SST, COSE = "SST", "cose"
_FILES = r"(SST|cose)_annot_after_processing\.csv"
_COLUMNS = (
    "text_id",
    "sentence",
    "original_label",
    "label",
    "label_index",
    "rationale_binary",
    "annotator_ID",
)
_LETTERS = "ABCDE"


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a text, its words those between white space; every annotator was asked for a rationale.

    SST: labels are ``positive``, ``negative`` and ``no sentiment``; the document's is that of most
    annotators, and where two are as frequent the one that comes first in the file (six texts).

    CoS-E: the labels are letters, the document's the original answer's. The file has no list of the answers,
    only those that somebody chose, so there is no query, and with ``true_false`` each answer that somebody
    chose is a document: its id ends in ``_`` and the letter, its query is the answer, its label whether it is
    the original one. Those who chose it marked why (label ``True``); the others are ``not_asked``
    (``False``). Questions whose right answer nobody chose have no ``True`` row and are counted.
    """
    path = files_named(source, _FILES)[split]
    texts: dict[str, list[_Row]] = {}
    for where, row in csv_rows(path, _COLUMNS):
        one = _row(row, where)
        texts.setdefault(one.text_id, []).append(one)
    documents: list[Document] = []
    for name, rows in texts.items():
        _check_same(rows)
        if options.true_false:
            documents += _true_false(name, rows, options)
        else:
            documents.append(_document(name, rows, is_sst=not rows[0].has_letters))
    return documents


@dataclass(frozen=True, slots=True)
class _Row:
    """One annotator's answer to one text."""

    text_id: str
    words: list[str]
    original: str
    answer: str
    number: int
    mark: Mark
    where: str

    @property
    def has_letters(self) -> bool:
        return self.original in _LETTERS


def _row(row: Mapping[str, str], where: str) -> _Row:
    words, original = row["sentence"].split(), row["original_label"]
    spans = mask_spans(
        literal(row["rationale_binary"], "rationale_binary", where), words, "rationale_binary", where
    )
    number, label = whole_number(row["label_index"], "label_index", where), row["label"]
    if original and original in _LETTERS:
        if not 1 <= number <= len(_LETTERS):
            raise DataError(
                f"'label_index' is {number}", where=where, remedy=f"The answers are 1 to {len(_LETTERS)}."
            )
        label = _LETTERS[number - 1]
    elif not original or not label:
        raise DataError("the label is empty", where=where, remedy="Every row has one.")
    mark = Mark(
        identifier(row["annotator_ID"], "annotator_ID", where), spans, label, "marked" if spans else "nothing"
    )
    return _Row(
        identifier(row["text_id"], "text_id", where), words, original, row["label"], number, mark, where
    )


def _check_same(rows: list[_Row]) -> None:
    """Makes sure that the rows of a text are about one text, each by another annotator."""
    first, seen = rows[0], set[str | None]()
    for row in rows:
        if (row.words, row.original) != (first.words, first.original):
            raise DataError(
                f"text {short(row.text_id)} is another text, or has another original label, in {first.where}",
                where=row.where,
                remedy="Rows of one text_id are about one sentence.",
            )
        if row.mark.annotator in seen:
            raise DataError(
                f"annotator {row.mark.annotator!r} has two rows on text {short(row.text_id)}",
                where=row.where,
                remedy="Remove one.",
            )
        seen.add(row.mark.annotator)


def _document(name: str, rows: list[_Row], *, is_sst: bool) -> Document:
    marks = [row.mark for row in rows]
    common = majority((mark.label for mark in marks), first_of_ties=True)
    return document_of(
        name, rows[0].words, marks, rows[0].where, label=common if is_sst else rows[0].original
    )


def _true_false(name: str, rows: list[_Row], options: NamedOptions) -> Iterator[Document]:
    first = rows[0]
    if not first.has_letters:
        raise DataError(
            "the texts have no answers to choose from",
            where=first.where,
            remedy=f"Leave --true-false out, or name the split {COSE}.",
        )
    chosen = {str(row.mark.label): row.answer for row in sorted(rows, key=lambda row: row.number)}
    if first.original not in chosen:
        options.notes.add(
            "questions have a right answer that nobody chose: they have no True row", first.where
        )
    for letter, answer in chosen.items():
        marks = [
            Mark(row.mark.annotator, row.mark.spans, "True", row.mark.state)
            if row.mark.label == letter
            else Mark(row.mark.annotator, (), "False", "not_asked")
            for row in rows
        ]
        label = str(letter == first.original)
        yield document_of(
            f"{name}_{letter}", first.words, marks, first.where, label=label, query=answer.split()
        )


NAMED.register("fair-rationales")(
    NamedReader(
        reads="SST_annot_after_processing.csv or cose_annot_after_processing.csv",
        splits=lambda source: list(files_named(source, _FILES)),
        read=read,
        asks=True,
    )
)
